/* SPDX-License-Identifier: MIT */
/* What the classic adapter does beside the common suite, and where the C one does more. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { encode } from 'notepack.io';
import { startRedis } from '../lib/redis.mjs';
import { Scope, within } from '../lib/scope.mjs';
import { startNode } from './nodes.mjs';
import { fresh, Stage } from './stage.mjs';
import { listen } from './vectors.mjs';

const DEADLINE = 10_000;
const REQUESTS = 'socket.io-request#/#';

/** A Redis, a client of it, and nodes of the test's own or of all tests. */
function useRedis() {
    const whole = new Scope();
    const at = { test: new Scope() };
    before(async () => {
        at.redis = await startRedis(whole);
    });
    afterEach(() => at.test.close());
    after(() => whole.close());
    at.nodes = (kinds, options) => Promise.all(kinds.map((kind, i) =>
        startNode(at.test, at.redis, kind, options?.[i] ?? options)));
    at.channels = async () => (await at.redis.channels())
        .filter((name) => name.startsWith('socket.io'));
    at.until = (condition, what) => within(DEADLINE, (async () => {
        while (!(await condition()));
    })(), () => what);
    /* A server that counts and never answers. */
    at.silent = async () => {
        const silent = await at.redis.client(at.test);
        await silent.subscribe(REQUESTS, () => {});
        return silent;
    };
    return at;
}

/* sent as Node sends it */
const packet = (data, { uid = 'someid', nsp = '/', rooms = [], except = [], flags = {} } = {}) =>
    encode([uid, { type: 2, data, nsp }, { rooms, except, flags }]);

describe('subscriptions', () => {
    const at = useRedis();

    for (const kind of ['c', 'node'])
        it(`end with a ${kind} node`, async () => {
            const nodes = await at.nodes([kind, kind, 'c']);
            await nodes[0].call('connect', { nsp: '/chat', sid: 'a' });
            assert.equal(await nodes[2].call('serverCount'), 3);
            await nodes[0].quit();
            await at.until(async () => (await nodes[2].call('serverCount')) === 2, 'server less');
            await nodes[1].quit();
            await nodes[2].quit();
            await at.until(async () => (await at.channels()).length === 0
                && (await at.redis.patterns()) === 0, 'end of the subscriptions');
        });

    it('are one pattern and three channels for each namespace', async () => {
        const [node] = await at.nodes(['c']);
        await node.call('connect', { sid: 'a' });
        await node.call('join', { sid: 'a', rooms: ['r'] });
        assert.equal(await at.redis.patterns(), 1);
        assert.deepEqual((await at.channels()).map((name) => name.replace(/#[\w-]{6}#$/, '#UID#')),
            ['socket.io-request#/#', 'socket.io-response#/#', 'socket.io-response#/#UID#']);
    });

    it('are of the rooms that have sockets, in rooms mode', async () => {
        const [node] = await at.nodes(['c'], { subscription: 'rooms' });
        const rooms = async () => (await at.channels())
            .filter((name) => name.startsWith('socket.io#')).sort();
        assert.deepEqual(await rooms(), ['socket.io#/#']);
        await node.call('connect', { sid: 'a' });
        await node.call('connect', { sid: 'b' });
        await node.call('join', { sid: 'a', rooms: ['r', 's'] });
        await node.call('join', { sid: 'b', rooms: ['r'] });
        assert.deepEqual(await rooms(), ['socket.io#/#', 'socket.io#/#a#', 'socket.io#/#b#',
            'socket.io#/#r#', 'socket.io#/#s#']);
        await node.call('leave', { sid: 'a', rooms: ['r', 's'] });
        assert.deepEqual(await rooms(), ['socket.io#/#', 'socket.io#/#a#', 'socket.io#/#b#',
            'socket.io#/#r#']);
        await node.call('close', { sid: 'b' });
        await at.until(async () => (await rooms()).length === 2, 'end of the rooms');
        assert.equal(await at.redis.patterns(), 0);
    });

    it('follow a room that is left and joined at once, in rooms mode', async () => {
        const [node] = await at.nodes(['c'], { subscription: 'rooms' });
        await node.call('connect', { sid: 'a' });
        await Promise.all(Array.from({ length: 100 }, (_, i) =>
            node.call(i % 2 ? 'leave' : 'join', { sid: 'a', rooms: ['r'] })));
        await node.call('join', { sid: 'a', rooms: ['r'] });
        const from = node.events.length;
        await at.redis.publish('socket.io#/#r#', packet(['here'], { rooms: ['r'] }));
        await node.event(({ event }) => event === 'packet', 'packet', from);
    });

    for (const subscription of ['pattern', 'rooms'])
        it(`take a namespace with glob characters, ${subscription} mode`, async () => {
            const nodes = await at.nodes(['c', 'c'], { subscription });
            const stage = new Stage(at.redis, nodes, 0);
            at.test.after(() => stage.close());
            for (const nsp of ['/a[b]', '/*', '/a?b', '/a\\b', '/a#b', '/é\0']) {
                const clients = await stage.clients([{ nsp }, { nsp, rooms: ['r'] }]);
                await stage.act('emit', { nsp, args: ['all'] });
                await stage.act('emit', { nsp, rooms: ['r'], args: ['room'] });
                assert.deepEqual(await stage.packets(clients, nsp),
                    [[['all']], [['all'], ['room']]], nsp);
            }
        });

    it('keep namespaces apart whose channels are equal', async () => {
        const nodes = await at.nodes(['c', 'c', 'node']);
        const stage = new Stage(at.redis, nodes, 0);
        at.test.after(() => stage.close());
        const longer = await stage.clients([{ nsp: '/x#y' }, { nsp: '/x#y', rooms: ['z'] }]);
        const shorter = await stage.clients([{ nsp: '/x' }, { nsp: '/x', rooms: ['y#z'] }]);
        await stage.act('emit', { nsp: '/x#y', rooms: ['z'], args: ['longer'] });
        await stage.act('emit', { nsp: '/x', rooms: ['y#z'], args: ['shorter'] });
        assert.deepEqual(await stage.packets(longer), [[], [['longer']]]);
        assert.deepEqual(await stage.packets(shorter), [[], [['shorter']]]);
    });
});

describe('messages that are not for a node', () => {
    const at = useRedis();

    for (const kinds of [['c', 'c'], ['node', 'c']])
        for (const subscription of ['pattern', 'rooms'])
            it(`are passed over, ${kinds.join(' ')}, ${subscription} mode`, async () => {
                const nodes = await at.nodes(kinds, { subscription });
                const stage = new Stage(at.redis, nodes, 0);
                at.test.after(() => stage.close());
                const clients = await stage.clients([{ rooms: ['r'] }, { rooms: ['r'] }]);
                const say = (channel, payload) => at.redis.publish(channel, payload);
                await say('foo', 'bar');
                await say('socket.io#/other#', packet(['x'], { nsp: '/other' }));
                await say('other#/#', packet(['x']));
                await say('socket.io#/#', packet(['x'], { nsp: '/other' }));
                await say('socket.io#/#nobody#', packet(['x'], { rooms: ['nobody'] }));
                await say('socket.io#/#nobody#', 'no msgpack either');
                await say(REQUESTS, '{"type":99}');
                await say(REQUESTS, 'nonsense');
                await say(REQUESTS, '');
                await say('socket.io-response#/#', '{"requestId":"unknown","rooms":["x"]}');
                await say('socket.io-response#/#', 'nonsense');
                await stage.act('emit', { rooms: ['r'], args: ['still here'] });
                assert.deepEqual(await stage.packets(clients),
                    [[['still here']], [['still here']]]);
            });

    it('that are malformed are counted by their reason, where Node would end', async () => {
        const [node] = await at.nodes(['c']);
        const stage = new Stage(at.redis, [node], 0);
        at.test.after(() => stage.close());
        const [client] = await stage.clients([{ rooms: ['r'] }]);
        const bodies = [
            'text', Buffer.of(0xc1), Buffer.of(0xc0), encode({}), encode(['u', { type: 2 }]),
            encode(['u', { type: 2, data: ['x'], nsp: '/' }]),
            encode(['u', { type: 2, data: ['x'], nsp: '/' }, { rooms: 1 }]),
            encode(['u', { type: 1, data: ['x'], nsp: '/' }, {}]),
            encode(['u', { type: 2, data: 'x', nsp: '/' }, {}]),
            encode(['u', { type: 2, nsp: '/' }, {}]),
            Buffer.concat([packet(['x']), Buffer.of(0)]), packet(['x']).subarray(0, -1),
        ];
        const requests = [
            Buffer.of(0xc0), '{"type":5,"requestId":"a","uid":"b"}', '{"type":7,"requestId":"a"}',
            '{"type":3,"opts":{"rooms":[],"except":[]}}', '{"type":6,"data":"x"}', '{', '[]',
            '{"type":99}',
        ];
        const sum = async () => Object.values((await node.call('stats')).dropped)
            .reduce((all, n) => all + n, 0);
        let expected = await sum();
        const drops = async (channel, body) => {
            await at.redis.publish(channel, body);
            await stage.settle();
            assert.equal(await sum(), ++expected, `${channel} ${Buffer.from(body).toString('hex')}`);
        };
        for (const body of bodies)
            await drops('socket.io#/#', body);
        for (const body of requests)
            await drops(REQUESTS, body);
        await drops('socket.io-response#/#', Buffer.of(0xc0));
        assert.deepEqual(client.packets, []);
    });
});

describe('answers', () => {
    const at = useRedis();

    it('go to the asking node alone when it is so configured', async () => {
        const nodes = await at.nodes(['c', 'c', 'node'], { specific: true });
        const heard = await listen(at.test, at.redis, '*-response#*');
        await nodes[1].call('connect', { sid: 'b' });
        assert.equal((await nodes[0].call('fetchSockets')).length, 1);
        assert.equal((await nodes[2].call('fetchSockets')).length, 1);
        assert.equal(heard.messages.length, 4);
        for (const [channel] of heard.messages)
            assert.match(channel, /^socket\.io-response#\/#[\w-]{6}#$/);
    });

    it('come in part when a server is silent, and say so', async () => {
        const nodes = await at.nodes(['c', 'c', 'node'], { requestsTimeout: 400 });
        await Promise.all(nodes.map((node, i) => node.call('connect', { sid: `s${i}` })));
        await at.silent();
        const partial = { answered: 2, expected: 3, status: 'SIO_ETIMEDOUT' };
        const ids = ['s0', 's1', 's2'];
        const part = (op, result) => assert.rejects(nodes[0].call(op), (err) => {
            assert.equal(err.message, `timeout reached while waiting for ${op} response`);
            assert.deepEqual(err.result.map((each) => each.id ?? each).sort(), result);
            assert.deepEqual({ answered: err.answered, expected: err.expected, status: err.status },
                partial);
            return true;
        });
        await Promise.all([part('fetchSockets', ids), part('allRooms', ids), part('sockets', ids)]);
        assert.deepEqual((await nodes[0].call('stats')).requests, 0);
    });

    it('are not waited for when the server that owes them ends', async () => {
        const nodes = await at.nodes(['c', 'c', 'c'], { requestsTimeout: 8000 });
        const name = fresh('hello');
        const asked = nodes[0].call('serverSideEmitWithAck', { args: [name] });
        const heard = await Promise.all(nodes.slice(1).map((node) =>
            node.event(({ event, args }) => event === 'serverSideEmit' && args[0] === name)));
        await nodes[1].call('serverSideAck', { token: heard[0].token, value: 1 });
        const start = process.hrtime.bigint();
        await nodes[2].kill();
        const result = await asked.catch((err) => err.result);
        const ms = Number(process.hrtime.bigint() - start) / 1e6;
        assert.deepEqual(result, { responses: [1] });
        assert.equal(ms < 2000, true, `${ms} ms`); /* 500 on a machine that is not busy */
    });

    it('to nobody, doubled or late, do no harm', async () => {
        const [node] = await at.nodes(['c'], { requestsTimeout: 400 });
        await at.silent();
        const heard = await listen(at.test, at.redis, REQUESTS);
        const asked = node.call('allRooms');
        const { requestId } = JSON.parse(await heard.next(REQUESTS));
        const answer = JSON.stringify({ requestId, rooms: ['x'] });
        for (let i = 0; i < 3; i++)
            await at.redis.publish('socket.io-response#/#', answer);
        assert.deepEqual(await asked, ['x']);
        await at.redis.publish('socket.io-response#/#', answer);
        assert.equal(await node.call('serverCount'), 2);
    });
});

describe('prefixes and namespaces', () => {
    const at = useRedis();

    it('keep clusters apart', async () => {
        const nodes = await at.nodes(['c', 'c', 'node'], [{ prefix: 'one' }, { prefix: 'two' },
            { prefix: 'two' }]);
        await Promise.all(nodes.map((node, i) => node.call('connect', { sid: `s${i}` })));
        assert.deepEqual(await Promise.all(nodes.map((node) => node.call('serverCount'))), [1, 2, 2]);
        assert.deepEqual((await nodes[1].call('allRooms')).sort(), ['s1', 's2']);
        assert.deepEqual(await nodes[0].call('allRooms'), ['s0']);
    });

    it('are many over one link', async () => {
        const nodes = await at.nodes(['c', 'c', 'node']);
        const stage = new Stage(at.redis, nodes, 0);
        at.test.after(() => stage.close());
        const nsps = Array.from({ length: 20 }, (_, i) => `/n${i}`);
        const all = await Promise.all(nsps.map((nsp) => stage.clients([{ nsp }, { nsp }, { nsp }])));
        await Promise.all(nsps.map((nsp) => stage.act('emit', { nsp, args: [nsp] })));
        for (const [i, nsp] of nsps.entries())
            assert.deepEqual(await stage.packets(all[i]), [[[nsp]], [[nsp]], [[nsp]]]);
    });
});
