/* SPDX-License-Identifier: MIT */
/* Fault 52: a cluster of two Node and two C servers, of these one in each way of subscribing,
 * lives through a restart of each in turn, under load: nothing is lost, doubled, or out of
 * order but what was under way to or from the one that ended, and nothing grows. SIO_LONG=1:
 * ten minutes; SIO_SECONDS: as many. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startRedis } from '../lib/redis.mjs';
import { Scope } from '../lib/scope.mjs';
import { Ledger, MAY, Member, MUST } from './ledger.mjs';
import { MixedCluster } from './mixed-cluster.mjs';

const LONG = process.env.SIO_LONG === '1';
const SECONDS = Number(process.env.SIO_SECONDS ?? (LONG ? 600 : 34)); /* of load */
const RATE = 2000;
const LIFE = LONG ? 12_000 : 2000; /* of the cluster between two restarts */
const WARM_UP = 2000;
const GROWTH_KIB = process.env.SIO_SANITIZE ? Infinity : 1024; /* they keep what was freed */
const PLACES = [
    { name: 'node1', kind: 'node', options: {} },
    { name: 'c1', kind: 'c', options: { subscription: 'pattern' } },
    { name: 'node2', kind: 'node', options: {} },
    { name: 'c2', kind: 'c', options: { subscription: 'rooms' } },
];
const HOW = ['SIGKILL', 'quit'];

const cpuOf = (pid) => {
    const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return (Number(ticks[11]) + Number(ticks[12])) * 10;
};
const percent = (cpu, ms) => `${(100 * cpu / ms).toFixed()} %`;
const lives = (cluster, kind) => [...cluster.sources.values()]
    .filter(({ place, samples }) => place.kind === kind && samples.length > 0);

/* Each in turn, killed and told to quit by turns, until the time is over. */
async function restartAll(cluster, end) {
    const goesOn = (i) => i < PLACES.length || performance.now() < end;
    for (let i = 0; goesOn(i) && cluster.faults.length === 0; i++) {
        await delay(LIFE);
        const round = Math.floor(i / PLACES.length);
        await cluster.restart(PLACES[i % PLACES.length], HOW[(i + round) % HOW.length]);
    }
    await delay(LIFE);
}

/* From when a server has warmed up to its end. */
function growth({ samples }) {
    const warm = samples.filter(({ at }) => at >= samples[0].at + WARM_UP);
    return warm.length === 0 ? { kib: 0, fds: 0 } : {
        kib: warm.at(-1).kib - warm[0].kib,
        fds: Math.max(...warm.map(({ fds }) => fds)) - Math.min(...warm.map(({ fds }) => fds)),
    };
}

function cpuShare(cluster, kind) {
    const all = lives(cluster, kind).map(({ samples }) =>
        ({ cpu: samples.at(-1).cpu - samples[0].cpu, ms: samples.at(-1).at - samples[0].at }));
    return percent(all.reduce((sum, { cpu }) => sum + cpu, 0),
        all.reduce((sum, { ms }) => sum + ms, 0));
}

function report(cluster, cpu, say) {
    const { ledger: { counts, lags }, questions, restarts } = cluster;
    const ms = cluster.until - cluster.since;
    const sorted = lags.sort((a, b) => a - b);
    const at = (part) => sorted[Math.floor((sorted.length - 1) * part)].toFixed(1);
    const worst = Math.max(...lives(cluster, 'c').map((peer) => growth(peer).kib));
    say(`${counts.sent} messages in ${(ms / 1000).toFixed(1)} s, ${(counts.sent / ms * 1000)
        .toFixed()} a second; ${counts.delivered} deliveries, ${counts.excused} excused`);
    say(`from order to client: median ${at(0.5)} ms, 99 of 100 ${at(0.99)} ms, all ${at(1)} ms`);
    say(`${restarts.length} restarts, of ${restarts.map((each) => each.ms.toFixed()).join(', ')} ms`);
    say(`${questions.asked} questions, ${questions.whole} of them while no server was away; the `
        + `longest took ${questions.longest.c.toFixed()} ms in C, `
        + `${questions.longest.node.toFixed()} ms in Node`);
    say(`a C server grew by ${worst} KiB at most after its warm-up; they are of `
        + `${Math.max(...lives(cluster, 'c').map(({ samples }) => samples.at(-1).kib))} KiB`);
    say(`CPU: a C server ${cpuShare(cluster, 'c')}, a Node server with its clients `
        + `${cpuShare(cluster, 'node')}, Redis ${percent(cpu.redis, ms)}, the test `
        + `${percent(cpu.own, ms)} of a core`);
    if (cluster.heldBack.size > 0)
        say(`fewer than ${RATE} a second, for waiting for: ${[...cluster.heldBack]
            .map(([what, messages]) => `${what} (${messages.toFixed()})`).join(', ')}`);
}

describe('fault 52: each server of a mixed cluster is restarted under load', () => {
    it('loses, doubles, reorders and keeps nothing', async (t) => {
        const scope = new Scope();
        try {
            const redis = await startRedis(scope);
            const cluster = new MixedCluster(scope, redis, PLACES);
            await Promise.all(PLACES.map((place) => cluster.start(place)));
            const before = { own: cpuOf(process.pid), redis: cpuOf(redis.pid) };
            const loaded = cluster.load(RATE);
            await restartAll(cluster, performance.now() + SECONDS * 1000 - LIFE);
            await cluster.stop();
            await loaded;
            report(cluster, {
                own: cpuOf(process.pid) - before.own, redis: cpuOf(redis.pid) - before.redis,
            }, (line) => t.diagnostic(line));
            assert.deepEqual(cluster.faults.slice(0, 20), []);
            assert.equal(cluster.restarts.length >= PLACES.length, true, 'each was restarted');
            for (const peer of lives(cluster, 'c')) {
                const { kib, fds } = growth(peer);
                assert.equal(kib <= GROWTH_KIB, true, `${peer.name} grew by ${kib} KiB`);
                assert.equal(fds, 0, `descriptors of ${peer.name}`);
            }
        } finally {
            await scope.close();
        }
    });
});

describe('the ledger', () => {
    const source = { name: 'source' };

    /* Three messages to a client in room r, of which it receives those. */
    function faultsOf(received, {
        rooms = ['r'], prepare = () => {}, then = () => {}, first = 1,
    } = {}) {
        const ledger = new Ledger();
        const member = new Member({ name: 'peer' }, 'sid');
        member.present = MUST;
        member.rooms.set('r', MUST);
        prepare(member, ledger);
        ledger.members.add(member);
        for (let n = first; n < first + 3; n++)
            ledger.send(source, n, { rooms }).accepted = n < 3;
        then(member, ledger);
        for (const n of received)
            ledger.receive(member, source, n);
        return [ledger.faults.map((fault) => fault.split(':')[0]), ledger.oldest?.message.n];
    }

    it('notices what is lost, doubled, out of order, or not for the client', () => {
        assert.deepEqual(faultsOf([1, 2, 3]), [[], undefined]);
        assert.deepEqual(faultsOf([1, 2]), [[], 3]);
        assert.deepEqual(faultsOf([1, 3]), [['lost'], undefined]);
        assert.deepEqual(faultsOf([1, 2, 2, 3]), [['twice, or too late'], undefined]);
        assert.deepEqual(faultsOf([1, 3, 2]), [['lost', 'twice, or too late'], undefined]);
        assert.deepEqual(faultsOf([4]), [['lost', 'lost', 'lost', 'twice, or too late'], undefined]);
        assert.deepEqual(faultsOf([2], { rooms: ['s'] }), [['not for this client'], undefined]);
    });

    it('excuses only what a change may explain', () => {
        assert.deepEqual(faultsOf([2], { then: (member) => member.movesIn('r') }), [[], undefined]);
        assert.deepEqual(faultsOf([2], { then: (member) => member.movesIn('s') }), [['lost'], 3]);
        const absent = { prepare: (member) => { member.present = MAY; } };
        assert.deepEqual(faultsOf([2], absent), [[], undefined]);
        assert.deepEqual(faultsOf([1], { then: (_, ledger) => ledger.end(source) }), [[], 2]);
    });

    it('takes what was sent before a client came, in its order', () => {
        const sentBefore = { prepare: (_, ledger) => ledger.send(source, 1, {}), first: 2 };
        assert.deepEqual(faultsOf([1, 2, 3, 4], sentBefore), [[], undefined]);
        assert.deepEqual(faultsOf([2, 3, 4], sentBefore), [[], undefined]);
        assert.deepEqual(faultsOf([1, 1], sentBefore), [['twice, or too late'], 2]);
        assert.deepEqual(faultsOf([2, 1], sentBefore), [['twice, or too late'], 3]);
    });
});
