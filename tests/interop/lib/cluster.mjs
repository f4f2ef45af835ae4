/* SPDX-License-Identifier: MIT */
/* The scene of most tests: one Redis, two live servers, clients that come and go with
 * each test, and every way in which a call can reach the C code. */
import assert from 'node:assert/strict';
import { after, afterEach, before } from 'node:test';
import { connectClient, logs, startServer } from './peers.mjs';
import { canBeTyped, commandLine, sioEmit, startDriver } from './programs.mjs';
import { startRedis } from './redis.mjs';
import { Scope } from './scope.mjs';
import { isPlainJson } from './values.mjs';

/** @return The ways in which this call can be made. */
export function waysOf(call) {
    const ways = ['builder', 'msgpack'];
    if ((call.args ?? []).every(isPlainJson))
        ways.push('json');
    if (canBeTyped(call))
        ways.push('sio-emit');
    return ways;
}

/** Inside describe(): start it before the tests and end it after them.
 *  @param opts.servers  one startServer() options object a server; default two plain ones
 *  @param opts.redis    of startRedis() */
export function useCluster({ servers = [{}, {}], redis = {} } = {}) {
    const whole = new Scope();
    const test = new Scope();
    const at = {
        scope: test,

        /** Connected clients, each on the next server unless `on` says which. */
        clients: (...wanted) => Promise.all(wanted.map(({ on, ...options }, i) =>
            connectClient(test, at.servers[on ?? i % at.servers.length], options))),

        /** Make the call; it must succeed and reach `receivers` servers, if given. */
        async send(call, way = 'builder', receivers = undefined) {
            if (way === 'sio-emit') {
                const argv = [...(await commandLine(call, test))];
                const result = await sioEmit(argv, { redis: at.redis });
                assert.deepEqual([result.code, result.stderr], [0, ''], argv.join(' '));
                return;
            }
            const answer = await at.driver.call(call, way);
            assert.equal(answer.ok, true, JSON.stringify(answer));
            /* a node of a cluster counts those that it has reached itself */
            if (receivers !== undefined && at.redis.kind === 'redis-cluster')
                assert.ok(answer.receivers <= receivers, `${answer.receivers}`);
            else if (receivers !== undefined)
                assert.equal(answer.receivers, receivers);
        },

        /** Everything that the clients have received, once nothing can be under way. */
        logs: (clients) => logs(at.redis, clients),
    };
    before(async () => {
        at.redis = await startRedis(whole, redis);
        at.servers = await Promise.all(servers.map((options) =>
            startServer(whole, at.redis, options)));
        at.driver = await startDriver(whole, at.redis);
    });
    afterEach(() => test.close());
    after(() => whole.close());
    return at;
}
