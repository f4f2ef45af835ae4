/* SPDX-License-Identifier: MIT */
/* A cluster of Node and C servers under load whose servers come and go: what it does all
 * the time, and the books of it. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '../lib/scope.mjs';
import { Ledger, MAY, Member, MUST, MUST_NOT } from './ledger.mjs';
import { startNode } from './nodes.mjs';

const DEADLINE = 10_000;
const TIMEOUT = 4000;  /* of the servers' questions */
const LATENESS = 1000; /* that two pipes and a busy machine may add to it */
const TICK = 10;
const MAX_DUE = 500;  /* messages that are emitted at once, after a wait */
const MAX_LAG = 500;  /* ms that a message may be under way before fewer are sent */
const CHANGING = ['changing-0', 'changing-1', 'changing-2'];
/* Where the messages of a server go, in turn. */
const TARGETS = [
    { rooms: ['even'] },
    {},
    { rooms: ['odd'] },
    { rooms: ['both'], except: ['odd'] },
    { rooms: [CHANGING[0]] },
    { rooms: ['even', 'odd'] },
    { rooms: [CHANGING[1]], except: [CHANGING[2]] },
    { rooms: ['both'] },
    { except: ['even'] },
    { rooms: ['odd', CHANGING[2]] },
    { rooms: ['both'], flags: { local: true } },
    { rooms: ['even'], except: [CHANGING[0]] },
];

/** One life of a server, with its two clients. */
class Peer {
    ready = false;   /* its clients are there */
    leaving = false; /* it was killed, or told to quit */
    sent = 0;
    samples = []; /* of its memory and descriptors */

    constructor(place, life) {
        Object.assign(this, { place, life, name: `${place.name}, life ${life}` });
        this.members = ['even', 'odd'].map((room) => {
            const member = new Member(this, `${place.name}-${room}`);
            member.fixed = [room, 'both'];
            for (const each of member.fixed)
                member.rooms.set(each, MAY);
            return member;
        });
    }

    member(sid) {
        return this.members.find((each) => each.sid === sid);
    }

    /** Its resident memory in KiB and number of descriptors, and the CPU time in ms. */
    async sample() {
        const proc = `/proc/${this.node.pid}`;
        const [statm, stat, fds] = await Promise.all([readFile(`${proc}/statm`, 'utf8'),
            readFile(`${proc}/stat`, 'utf8'), readdir(`${proc}/fd`)]);
        const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return {
            at: performance.now(), kib: Number(statm.split(' ')[1]) * 4, fds: fds.length,
            cpu: (Number(ticks[11]) + Number(ticks[12])) * 10,
        };
    }
}

export class MixedCluster {
    ledger = new Ledger();
    peers; /* the latest life at each place */
    sources = new Map(); /* "place life" -> Peer */
    changes = 0; /* of the cluster: a restart begins or ends */
    questions = { asked: 0, whole: 0, longest: { c: 0, node: 0 } };
    restarts = [];
    heldBack = new Map(); /* what was waited for -> messages that were not sent */
    #running = true;
    #loops = [];

    /** @param places  [{name, kind, options}], the options as of startNode() */
    constructor(scope, redis, places) {
        Object.assign(this, { scope, redis, places });
        this.peers = places.map(() => null);
        scope.after(() => { this.#running = false; });
    }

    get whole() {
        return this.peers.every((peer) => peer?.ready);
    }

    get faults() {
        return this.ledger.faults;
    }

    /** Start a server, the first of its place or the next. */
    async start(place) {
        const i = this.places.indexOf(place);
        const peer = new Peer(place, (this.peers[i]?.life ?? 0) + 1);
        this.sources.set(`${i} ${peer.life}`, peer);
        peer.node = await startNode(this.scope, this.redis, place.kind,
            { requestsTimeout: TIMEOUT, ...place.options });
        this.#listen(peer);
        peer.members.forEach((member) => this.ledger.members.add(member));
        await Promise.all(peer.members.map(async (member) => {
            const { sid } = member;
            await peer.node.call('connect', { sid, data: { at: place.name } });
            await peer.node.call('join', { sid, rooms: member.fixed });
            member.present = MUST;
            member.fixed.forEach((room) => member.rooms.set(room, MUST));
        }));
        peer.ready = true;
        this.peers[i] = peer;
        this.changes++;
        for (const loop of [this.#ask, this.#change, this.#watch])
            this.#loops.push(loop.call(this, peer).catch((err) => {
                if (!peer.leaving)
                    this.faults.push(`${peer.name}: ${err.stack}`);
            }));
    }

    #listen(peer) {
        peer.node.watch((event) => {
            peer.node.events.length = 0; /* they are millions */
            if (event.event === 'packet')
                this.#packet(peer, event);
            else if (event.event === 'serverSideEmit' && event.token !== undefined)
                this.#answer(peer, 'serverSideAck', { token: event.token, value: peer.place.name });
            else if (event.event === 'gap' || event.event === 'denied')
                this.faults.push(`${peer.name}: ${JSON.stringify(event)}`);
        });
    }

    #packet(peer, { sid, packet: { data: [event, place, life, n], id } }) {
        if (event === 'load')
            this.ledger.receive(peer.member(sid), this.sources.get(`${place} ${life}`), n);
        else
            this.#answer(peer, 'ack', { sid, packetId: id, args: [sid] });
    }

    /* An answer may come too late for who has asked while the cluster changes. */
    #answer(peer, op, fields) {
        const { changes, whole } = this;
        peer.node.call(op, fields).catch((err) => {
            if (whole && changes === this.changes)
                this.faults.push(`${peer.name}: ${op}: ${err.message}`);
        });
    }

    /* -- load -- */

    /** Emit `rate` messages a second, by all servers that are there in turn, until the end;
     *  less while what was sent waits: no queue may grow. */
    async load(rate) {
        let due = 0;
        let last = performance.now();
        this.since = last;
        for (let turn = 0; this.#running;) {
            await delay(TICK);
            const now = performance.now();
            due += (now - last) / 1000 * rate;
            last = now;
            const waited = this.#waitsFor();
            const count = waited ? 0 : Math.min(Math.floor(due), MAX_DUE);
            for (let i = 0; i < count; i++)
                turn = this.#emit(turn);
            due -= count;
            if (due > MAX_DUE)
                this.#hold(waited ?? 'the test itself', due - MAX_DUE);
            due = Math.min(due, MAX_DUE);
        }
        this.until = performance.now();
    }

    #hold(what, messages) {
        this.heldBack.set(what, (this.heldBack.get(what) ?? 0) + messages);
    }

    /* What keeps the rate from being reached; null: nothing does. */
    #waitsFor() {
        const { oldest } = this.ledger;
        return oldest && performance.now() - oldest.message.at > MAX_LAG
            ? `${oldest.member.peer.place.name} to have what ${oldest.message.source.place.name} sent`
            : null;
    }

    #emit(turn) {
        while (!this.peers[turn % this.peers.length].ready)
            turn++;
        const peer = this.peers[turn % this.peers.length];
        const n = ++peer.sent;
        const target = TARGETS[n % TARGETS.length];
        const message = this.ledger.send(peer, n, target);
        peer.node.call('emit', { ...target, args: ['load', this.peers.indexOf(peer), peer.life, n] })
            .then(() => { message.accepted = true; })
            .catch((err) => {
                if (!peer.leaving)
                    this.faults.push(`${peer.name}: emit ${n}: ${err.message}`);
            });
        return turn + 1;
    }

    /* The clients join and leave rooms all the time. */
    async #change(peer) {
        for (let i = 0; this.#running && peer.ready; i++) {
            const member = peer.members[i % 2];
            const room = CHANGING[i % CHANGING.length];
            const isIn = member.rooms.get(room) === MUST;
            member.movesIn(room);
            await peer.node.call(isIn ? 'leave' : 'join', { sid: member.sid, rooms: [room] });
            if (peer.ready)
                member.rooms.set(room, isIn ? MUST_NOT : MUST);
            await delay(20);
        }
    }

    /* -- questions -- */

    #kinds = {
        fetchSockets: (peer, sockets) => assert.deepEqual(
            sockets.map(({ id, data }) => `${id} of ${data.at}`).sort(),
            this.#sids().map((sid) => `${sid} of ${sid.split('-')[0]}`)),
        serverSideEmitWithAck: (peer, { responses }) => assert.deepEqual(responses.sort(),
            this.places.filter((place) => place !== peer.place).map(({ name }) => name).sort()),
        emitWithAck: (peer, { responses, clientCount, timedOut }) => assert.deepEqual(
            { responses: responses.sort(), clientCount, timedOut },
            { responses: this.#sids(), clientCount: 2 * this.places.length, timedOut: false }),
        allRooms: (peer, rooms) => assert.deepEqual(
            rooms.filter((room) => !CHANGING.includes(room)).sort(),
            [...this.#sids(), 'both', 'even', 'odd'].sort()),
        serverCount: (peer, count) => assert.equal(count, this.places.length),
    };

    #sids() {
        return this.places.flatMap(({ name }) => [`${name}-even`, `${name}-odd`]).sort();
    }

    /* One question after the other: each ends in time, and right while the cluster is whole. */
    async #ask(peer) {
        const kinds = Object.keys(this.#kinds);
        for (let i = 0; this.#running && peer.ready; i++) {
            const kind = kinds[i % kinds.length];
            const { changes, whole } = this;
            const start = performance.now();
            const answer = await peer.node.call(kind, { args: ['question'] })
                .then((result) => ({ result }), (err) => ({ err }));
            const ms = performance.now() - start;
            if (peer.leaving)
                return;
            this.questions.asked++;
            this.questions.longest[peer.place.kind] =
                Math.max(this.questions.longest[peer.place.kind], ms);
            if (ms > TIMEOUT + LATENESS)
                this.faults.push(`${peer.name}: ${kind} took ${ms.toFixed()} ms`);
            if (whole && changes === this.changes)
                this.#judge(peer, kind, answer);
            await delay(50);
        }
    }

    #judge(peer, kind, { result, err }) {
        this.questions.whole++;
        try {
            assert.equal(err, undefined);
            this.#kinds[kind](peer, result);
        } catch (wrong) {
            this.faults.push(`${peer.name}: ${kind}: ${wrong.message}`);
        }
    }

    /* -- what a server costs -- */

    async #watch(peer) {
        while (this.#running && peer.ready) {
            const sample = await peer.sample();
            if (peer.ready)
                peer.samples.push(sample);
            await delay(250);
        }
    }

    /** A C server drops nothing, misses nothing, and has no more pending than it asks at once. */
    async #inspect(peer) {
        if (peer.place.kind !== 'c')
            return;
        const { gaps, dropped, requests, ackRequests } = await peer.node.call('stats');
        const drops = Object.values(dropped).reduce((a, b) => a + b);
        if (gaps > 0 || drops > 0 || requests + ackRequests > 1)
            this.faults.push(`${peer.name}: ${gaps} gaps, ${drops} messages dropped, `
                + `${requests} + ${ackRequests} requests pending`);
    }

    /* -- restarts -- */

    /** End a server and start it again, once all that was sent so far has arrived.
     *  @param how  'SIGKILL', or 'quit' */
    async restart(place, how) {
        await this.settle();
        this.ledger.forget();
        const peer = this.peers[this.places.indexOf(place)];
        await this.#inspect(peer);
        const start = performance.now();
        peer.ready = false;
        peer.leaving = true;
        this.changes++;
        peer.members.forEach((member) => member.moves());
        const { code } = await (how === 'quit' ? peer.node.quit() : peer.node.kill(how));
        if (how === 'quit' && code !== 0)
            this.faults.push(`${peer.name}: status ${code}`);
        this.ledger.end(peer);
        await this.start(place);
        this.restarts.push({ place, how, ms: performance.now() - start, peer });
    }

    /** Wait until all that is owed by now has arrived. */
    async settle() {
        const now = performance.now();
        const wait = async () => {
            while (this.ledger.oldest?.message.at <= now && this.faults.length === 0)
                await delay(TICK);
        };
        await within(DEADLINE, wait(), () => 'end of what was sent').catch((err) => {
            this.ledger.writeOff(now);
            this.faults.push(err.message);
        });
    }

    /** No more load; wait until all has come, and until nothing is pending. */
    async stop() {
        this.#running = false;
        await Promise.all(this.#loops);
        await this.settle();
        const pending = async () => {
            const all = await Promise.all(this.peers.map(({ node }) => node.call('stats')));
            return all.some(({ requests, ackRequests, acksAwaited = 0 }) =>
                requests + ackRequests + acksAwaited > 0);
        };
        /* in Node an acknowledged emit is pending until its timeout */
        await within(TIMEOUT + LATENESS, (async () => {
            while (await pending())
                await delay(TICK);
        })(), () => 'end of what is pending');
        await Promise.all(this.peers.map((peer) => this.#inspect(peer)));
    }
}
