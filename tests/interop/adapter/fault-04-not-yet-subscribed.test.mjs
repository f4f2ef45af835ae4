/* SPDX-License-Identifier: MIT */
/* Fault 4: Redis is back, and a server has not subscribed yet: who emits is told how many
 * servers were reached, none included, and the one that was away is told that it was. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startRedis } from '../lib/redis.mjs';
import { Scope } from '../lib/scope.mjs';
import { startNode } from './nodes.mjs';

describe('fault 4: Redis is back, a server has not subscribed yet', () => {
    const scope = new Scope();
    let redis;
    before(async () => { redis = await startRedis(scope); });
    after(() => scope.close());

    /* in pattern mode Redis reaches the one that emits, too */
    for (const [subscription, own] of [['rooms', 0], ['pattern', 1]])
        it(`${own} receivers in ${subscription} mode`, async () => {
            const test = new Scope();
            try {
                const [awake, asleep] = await Promise.all([0, 1].map(() =>
                    startNode(test, redis, 'c', { subscription })));
                const emit = (text) => awake.call('emit', { rooms: ['r'], args: [text] });
                const gap = ({ event }) => event === 'gap';
                await asleep.call('connect', { sid: 'a' });
                await asleep.call('join', { sid: 'a', rooms: ['r'] });
                assert.deepEqual(await emit('before'), { receivers: own + 1 });
                await asleep.event(({ event }) => event === 'packet');
                asleep.kill('SIGSTOP');
                await redis.kill();
                await redis.start();
                await awake.event(gap);
                assert.deepEqual(await emit('meanwhile'), { receivers: own });
                asleep.kill('SIGCONT');
                await asleep.event(gap);
                assert.deepEqual(await emit('after'), { receivers: own + 1 });
                const packets = () => asleep.events.filter(({ event }) => event === 'packet');
                await asleep.event(({ packet }) => packet?.data[0] === 'after');
                assert.deepEqual(packets().map(({ packet }) => packet.data[0]), ['before', 'after']);
            } finally {
                await test.close();
            }
        });
});
