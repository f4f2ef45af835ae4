/* SPDX-License-Identifier: MIT */
/* The books of a cluster under load: what each client is owed of each server's messages,
 * decided when a message is sent, and crossed off when it comes. Time plays no part in it.
 * A message is owed (MUST) if the client was there and in its rooms before it was sent, and
 * stays there; it is not owed (MUST_NOT) if the client was in none; and it may come (MAY)
 * if anything of that is just changing, or if its server died before Redis had accepted it. */

/** How sure a membership is, or a delivery. */
export const MUST_NOT = 0;
export const MAY = 1;
export const MUST = 2;

const strongest = (values) => values.reduce((a, b) => Math.max(a, b), MUST_NOT);

/** A client: whether it is `present`, and in which rooms. One that is about to come is MAY
 *  in all respects. */
export class Member {
    present = MAY;
    rooms = new Map();
    queues = new Map(); /* source -> messages with this member's verdict, in their order */
    #last = new Map();  /* source -> its last message that has come */

    constructor(peer, sid) {
        Object.assign(this, { peer, sid });
    }

    #verdict({ source, target: { rooms = [], except = [], flags = {} } }) {
        if (flags.local && source !== this.peer)
            return MUST_NOT;
        const sure = (room) => this.rooms.get(room) ?? MUST_NOT;
        return Math.min(this.present, rooms.length ? strongest(rooms.map(sure)) : MUST,
            MUST - strongest(except.map(sure)));
    }

    owe(message) {
        const { source } = message;
        if (!this.queues.has(source))
            this.queues.set(source, Object.assign([], { first: message.n }));
        this.queues.get(source).push({ message, verdict: this.#verdict(message) });
    }

    /** Note that a message has come. @return whether it was under way already when the books
     *  were opened, and in order */
    early(source, n) {
        const last = this.#last.get(source) ?? 0;
        this.#last.set(source, Math.max(n, last));
        return n > last && n < (this.queues.get(source)?.first ?? Infinity);
    }

    /* What is under way is no surer than what it depends on. */
    #review() {
        for (const queue of this.queues.values())
            for (const entry of queue)
                if (this.#verdict(entry.message) === MAY)
                    entry.verdict = MAY;
    }

    /** It is about to come or go. */
    moves() {
        this.present = MAY;
        this.#review();
    }

    /** It is about to join or leave the room. */
    movesIn(room) {
        this.rooms.set(room, MAY);
        this.#review();
    }
}

/** All books. A source is an object of the test's own, one for each life of a server. */
export class Ledger {
    members = new Set();
    faults = []; /* whatever went wrong, for people */
    counts = { sent: 0, delivered: 0, excused: 0 };
    lags = []; /* ms from the order to emit until a client had it, of some */
    #ended = new Set();

    #fault(what, member, { source, n, target }) {
        this.faults.push(`${what}: message ${n} of ${source.name} to ${JSON.stringify(target)}`
            + ` at ${member.sid} of ${member.peer.name}`);
    }

    /** A message is about to be emitted, the n-th of its source. */
    send(source, n, target) {
        const message = { source, n, target, at: performance.now(), accepted: false };
        for (const member of this.members)
            member.owe(message);
        this.counts.sent++;
        return message;
    }

    /** A client has received a message: those before it will not come any more. */
    receive(member, source, n) {
        if (member.early(source, n))
            return;
        const queue = member.queues.get(source) ?? [];
        while (queue.length > 0 && queue[0].message.n < n)
            this.#missed(member, queue.shift());
        if (queue[0]?.message.n !== n) {
            this.faults.push(`twice, or too late: message ${n} of ${source.name} at ${member.sid} of `
                + `${member.peer.name}`);
            return;
        }
        const { message, verdict } = queue.shift();
        if (verdict === MUST_NOT)
            this.#fault('not for this client', member, message);
        if (++this.counts.delivered % 16 === 0)
            this.lags.push(performance.now() - message.at);
    }

    #missed(member, { message, verdict }) {
        if (verdict === MUST)
            this.#fault('lost', member, message);
        else if (verdict === MAY)
            this.counts.excused++;
    }

    /** A server has ended: what Redis had not accepted of it may be lost, and nobody waits
     *  for what its own clients had not received. */
    end(peer) {
        this.#ended.add(peer);
        for (const member of this.members)
            if (member.peer === peer)
                this.members.delete(member);
        for (const { queues } of this.members)
            for (const entry of queues.get(peer) ?? [])
                if (!entry.message.accepted)
                    entry.verdict = Math.min(entry.verdict, MAY);
    }

    /** What has been owed the longest: {member, message}; null: nothing is. */
    get oldest() {
        let oldest = null;
        for (const member of this.members)
            for (const queue of member.queues.values()) {
                const { message } = queue.find(({ verdict }) => verdict === MUST) ?? {};
                if (message && !(message.at >= oldest?.message.at))
                    oldest = { member, message };
            }
        return oldest;
    }

    /** Close the books of servers that have ended, if nothing of theirs is owed. */
    forget() {
        for (const { queues } of this.members)
            for (const [source, queue] of queues)
                if (this.#ended.has(source) && !queue.some(({ verdict }) => verdict === MUST))
                    queues.delete(source);
    }

    /** Write off what has been owed for too long. */
    writeOff(before) {
        for (const member of this.members)
            for (const queue of member.queues.values())
                while (queue.length > 0 && queue[0].message.at <= before)
                    this.#missed(member, queue.shift());
    }
}
