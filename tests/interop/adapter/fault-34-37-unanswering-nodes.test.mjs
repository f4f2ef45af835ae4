/* SPDX-License-Identifier: MIT */
/* Faults 34 and 37, with real processes: a server is stopped, is counted among those that are
 * asked, and then stays silent, or is killed before it can answer. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, describe, it } from 'node:test';
import { startRedis } from '../lib/redis.mjs';
import { Scope, within } from '../lib/scope.mjs';
import { startNode } from './nodes.mjs';
import { listen } from './vectors.mjs';

const DEADLINE = 10_000;
const LATENESS = 1000; /* that a busy machine may add */

/* Its client acknowledges, and it answers server-side events. */
function cooperate(node, name) {
    node.watch(({ event, sid, packet, token }) => {
        if (event === 'packet')
            node.call('ack', { sid, packetId: packet.id, args: [sid] });
        else if (event === 'serverSideEmit')
            node.call('serverSideAck', { token, value: name });
    });
}

async function stop(node) {
    node.kill('SIGSTOP');
    await within(DEADLINE, (async () => {
        while (!(await readFile(`/proc/${node.pid}/stat`, 'utf8')).includes(') T '));
    })(), () => 'stop');
}

/* All questions at once. @return {op: {result, err, at}} */
async function ask(node) {
    const ops = ['fetchSockets', 'sockets', 'allRooms', 'serverSideEmitWithAck', 'emitWithAck'];
    return Object.fromEntries(await Promise.all(ops.map(async (op) => {
        const answer = await node.call(op, { args: ['question'] })
            .then((result) => ({ result }), (err) => ({ err, result: err.result }));
        return [op, { ...answer, at: performance.now() }];
    })));
}

/* What they found, in an order. */
function found({ fetchSockets, sockets, allRooms, serverSideEmitWithAck, emitWithAck }) {
    return {
        fetchSockets: fetchSockets.result.map(({ id }) => id).sort(),
        sockets: sockets.result.sort(),
        allRooms: allRooms.result.sort(),
        serverSideEmitWithAck: serverSideEmitWithAck.result.responses.sort(),
        emitWithAck: emitWithAck.result.responses.sort(),
    };
}

const all = (sids, names) => ({
    fetchSockets: sids, sockets: sids, allRooms: sids, emitWithAck: sids,
    serverSideEmitWithAck: names,
});

function useNodes() {
    const whole = new Scope();
    const at = { test: new Scope() };
    before(async () => { at.redis = await startRedis(whole); });
    afterEach(() => at.test.close());
    after(() => whole.close());
    /* The C node that asks, two that answer, and the victim. */
    at.nodes = async (victim, subscription, requestsTimeout) => {
        const kinds = ['c', 'c', 'node', victim];
        const nodes = await Promise.all(kinds.map((kind) =>
            startNode(at.test, at.redis, kind, { subscription, requestsTimeout })));
        await Promise.all(nodes.map(async (node, i) => {
            cooperate(node, `n${i}`);
            await node.call('connect', { sid: `s${i}` });
        }));
        return nodes;
    };
    return at;
}

const SCENES = ['c', 'node'].flatMap((victim) =>
    ['pattern', 'rooms'].map((subscription) => ({ victim, subscription })));

describe('fault 34: a server that does not answer', () => {
    const at = useNodes();

    for (const { victim, subscription } of SCENES)
        it(`${victim}, ${subscription} mode`, async () => {
            const timeout = 700; /* of the loop's clock, which is read once a turn */
            const nodes = await at.nodes(victim, subscription, timeout);
            await stop(nodes[3]);
            const start = performance.now();
            const answers = await ask(nodes[0]);
            assert.deepEqual(found(answers), all(['s0', 's1', 's2'], ['n1', 'n2']));
            for (const [op, { err, result, at: end }] of Object.entries(answers)) {
                const ms = end - start;
                assert.equal(ms > timeout - 20 && ms < timeout + LATENESS, true, `${op}: ${ms} ms`);
                if (op === 'emitWithAck')
                    assert.deepEqual([result.clientCount, result.timedOut], [3, true]);
                else
                    assert.deepEqual([err.status, err.answered, err.expected],
                        ['SIO_ETIMEDOUT', 2, 3], op);
            }
            /* its answers come now, and too late */
            nodes[3].kill('SIGCONT');
            await nodes[3].call('stats');
            assert.deepEqual(found(await ask(nodes[0])),
                all(['s0', 's1', 's2', 's3'], ['n1', 'n2', 'n3']));
            const { requests, ackRequests } = await nodes[0].call('stats');
            assert.deepEqual([requests, ackRequests], [0, 0]);
        });
});

describe('fault 37: a server that is killed between the count and its answer', () => {
    const at = useNodes();

    for (const { victim, subscription } of SCENES)
        it(`${victim}, ${subscription} mode`, async (t) => {
            const nodes = await at.nodes(victim, subscription, 8000);
            const heard = await listen(at.test, at.redis, 'socket.io-response#*');
            await stop(nodes[3]);
            const asked = ask(nodes[0]);
            /* of two servers: four answers, a count of clients, and an acknowledgement */
            for (let i = 0; i < 2 * 6; i++)
                await heard.next('socket.io-response#/#');
            const start = performance.now();
            await nodes[3].kill();
            const answers = await asked;
            assert.deepEqual(found(answers), all(['s0', 's1', 's2'], ['n1', 'n2']));
            assert.equal(answers.emitWithAck.result.timedOut, false);
            const longest = Math.max(...Object.values(answers).map(({ at: end }) => end - start));
            t.diagnostic(`${longest.toFixed()} ms after its death`);
            assert.equal(longest < 500 + LATENESS, true, `${longest} ms`);
            for (const [op, { err }] of Object.entries(answers))
                assert.equal(err, undefined, op);
        });
});
