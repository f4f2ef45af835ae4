/* SPDX-License-Identifier: MIT */
/* Who receives a broadcast: rooms, socket ids, exceptions, namespaces, prefixes, flags. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { received, spySelections, useCluster, waysOf } from './lib/fixture.mjs';

/* clients: one on each of the two servers in turn; call: of the clients; reaches: which
 * of them receive the packet, once, and no other. */
const CASES = [
    { name: 'everyone', clients: [{}, {}, { rooms: ['a'] }], call: () => ({}), reaches: [0, 1, 2] },
    {
        name: 'one room',
        clients: [{ rooms: ['a'] }, { rooms: ['a', 'b'] }, { rooms: ['b'] }, {}],
        call: () => ({ rooms: ['a'] }),
        reaches: [0, 1],
    },
    {
        name: 'many rooms, each socket once',
        clients: [{ rooms: ['a', 'b'] }, { rooms: ['b'] }, { rooms: ['c'] }, { rooms: ['d'] }],
        call: () => ({ rooms: ['a', 'b', 'c'] }),
        reaches: [0, 1, 2],
    },
    {
        name: 'a room named twice',
        clients: [{ rooms: ['a'] }, {}],
        call: () => ({ rooms: ['a', 'a'] }),
        reaches: [0],
    },
    {
        name: 'a room that nobody is in',
        clients: [{ rooms: ['a'] }, {}],
        call: () => ({ rooms: ['nobody'] }),
        reaches: [],
    },
    {
        name: 'one socket by its id',
        clients: [{}, {}, {}],
        call: ([, b]) => ({ rooms: [b.id] }),
        reaches: [1],
    },
    {
        name: 'a room and a socket id',
        clients: [{ rooms: ['a'] }, {}, {}],
        call: ([, b]) => ({ rooms: ['a', b.id] }),
        reaches: [0, 1],
    },
    {
        name: 'everyone except a room',
        clients: [{ rooms: ['a'] }, { rooms: ['a'] }, { rooms: ['b'] }, {}],
        call: () => ({ except: ['a'] }),
        reaches: [2, 3],
    },
    {
        name: 'everyone except two rooms',
        clients: [{ rooms: ['a'] }, { rooms: ['b'] }, { rooms: ['c'] }],
        call: () => ({ except: ['a', 'b'] }),
        reaches: [2],
    },
    {
        name: 'everyone except a socket',
        clients: [{}, {}, {}],
        call: ([, , c]) => ({ except: [c.id] }),
        reaches: [0, 1],
    },
    {
        name: 'a room except another',
        clients: [{ rooms: ['a'] }, { rooms: ['a', 'b'] }, { rooms: ['b'] }],
        call: () => ({ rooms: ['a'], except: ['b'] }),
        reaches: [0],
    },
    {
        name: 'two rooms except two others',
        clients: [{ rooms: ['a', 'x'] }, { rooms: ['a'] }, { rooms: ['b', 'y'] }, { rooms: ['b'] }],
        call: () => ({ rooms: ['a', 'b'], except: ['x', 'y'] }),
        reaches: [1, 3],
    },
    {
        name: "rooms with '#', at the end as well",
        clients: [{ rooms: ['a#b#'] }, { rooms: ['a'] }, { rooms: ['a#b'] }, { rooms: ['#'] }],
        call: () => ({ rooms: ['a#b#'] }),
        reaches: [0],
    },
    {
        name: "a room that is just '#'",
        clients: [{ rooms: ['#'] }, { rooms: ['##'] }, {}],
        call: () => ({ rooms: ['#'] }),
        reaches: [0],
    },
    {
        name: 'a room with U+0000',
        clients: [{ rooms: ['a\0b'] }, { rooms: ['a'] }],
        call: () => ({ rooms: ['a\0b'] }),
        reaches: [0],
    },
    {
        name: 'the room with the empty name',
        clients: [{ rooms: [''] }, {}],
        call: () => ({ rooms: [''] }),
        reaches: [0],
    },
    {
        name: 'rooms that are glob patterns',
        clients: [{ rooms: ['news.*'] }, { rooms: ['news.x'] }, { rooms: ['[a]?\\'] }],
        call: () => ({ rooms: ['news.*'] }),
        reaches: [0],
    },
    {
        name: 'rooms and exceptions beyond ASCII',
        clients: [{ rooms: ['salón 😀'] }, { rooms: ['salón 😀', 'Привет'] }, { rooms: ['salon'] }],
        call: () => ({ rooms: ['salón 😀'], except: ['Привет'] }),
        reaches: [0],
    },
    {
        name: 'a room of digits is text',
        clients: [{ rooms: ['42'] }, {}],
        call: () => ({ rooms: ['42'] }),
        reaches: [0],
    },
    {
        name: 'sixteen rooms',
        clients: [{ rooms: ['r15'] }, { rooms: ['r0'] }, { rooms: ['r16'] }],
        call: () => ({ rooms: Array.from({ length: 16 }, (_, i) => `r${i}`) }),
        reaches: [0, 1],
    },
    {
        name: 'a namespace',
        clients: [{ nsp: '/a' }, {}, { nsp: '/a#b' }, { nsp: '/a' }],
        call: () => ({ nsp: '/a' }),
        reaches: [0, 3],
    },
    {
        name: 'a namespace whose missing slash is added',
        clients: [{ nsp: '/a' }, {}],
        call: () => ({ nsp: 'a' }),
        reaches: [0],
    },
    {
        name: "a namespace that begins like another's channel",
        clients: [{ nsp: '/a' }, { nsp: '/a#b' }, { nsp: '/a', rooms: ['b'] }, {}],
        call: () => ({ nsp: '/a#b' }),
        reaches: [1],
        receivers: 4, /* on each server the patterns of both namespaces match */
    },
    {
        name: 'a room of a namespace',
        clients: [{ nsp: '/a', rooms: ['r'] }, { rooms: ['r'] }, { nsp: '/a' }],
        call: () => ({ nsp: '/a', rooms: ['r'] }),
        reaches: [0],
    },
    {
        name: 'a namespace beyond ASCII',
        clients: [{ nsp: '/ñandú' }, {}],
        call: () => ({ nsp: '/ñandú' }),
        reaches: [0],
    },
    {
        name: 'compress',
        clients: [{}, {}],
        call: () => ({ flags: { compress: true } }),
        reaches: [0, 1],
    },
    {
        name: 'no compress',
        clients: [{}],
        call: () => ({ flags: { compress: false } }),
        reaches: [0],
    },
    {
        name: 'volatile',
        clients: [{}, {}],
        call: () => ({ flags: { volatile: true } }),
        reaches: [0, 1],
    },
];

const NSPS = ['/a', '/a#b', '/ñandú'];

/* A server drops a volatile packet for a client that it is just writing to: nothing else may be
 * on its way to these then, as a marker of the test before. */
const quiet = (at, clients, { flags }) => (flags?.volatile ? at.logs(clients) : undefined);

describe('who receives', () => {
    const at = useCluster({ servers: [{ nsps: NSPS }, { nsps: NSPS }] });

    for (const { name, clients: wanted, call: of, reaches, receivers = 2 } of CASES)
        it(name, async () => {
            const clients = await at.clients(...wanted);
            const call = { event: 'hello', args: ['world', 1], ...of(clients) };
            await quiet(at, clients, call);
            for (const way of waysOf(call)) {
                clients.forEach((client) => { client.log = []; });
                await at.send(call, way, receivers);
                await Promise.all(reaches.map((i) => received(clients[i], 'hello')));
                const expected = clients.map((_, i) =>
                    (reaches.includes(i) ? [['hello', 'world', 1]] : []));
                assert.deepEqual(await at.logs(clients), expected, way);
            }
        });

    it('packets arrive in the order of the calls', async () => {
        const clients = await at.clients({ rooms: ['a'] }, { rooms: ['a'] });
        const calls = Array.from({ length: 500 }, (_, n) => ({
            event: 'n', args: [n], rooms: n % 2 ? ['a'] : [],
        }));
        await Promise.all(calls.map((call) => at.send(call)));
        const expected = calls.map(({ args }) => ['n', ...args]);
        assert.deepEqual(await at.logs(clients), [expected, expected]);
    });
});

describe('flags, rooms and exceptions reach the adapter as they were given', () => {
    const at = useCluster();
    const FLAGS = [
        {}, { volatile: true }, { compress: true }, { compress: false },
        { volatile: true, compress: false },
    ];

    for (const flags of FLAGS)
        it(JSON.stringify(flags), async () => {
            const clients = await at.clients({ rooms: ['a'] }, { rooms: ['a'] });
            const call = { event: 'e', rooms: ['a', 'b'], except: ['c'], flags };
            await quiet(at, clients, call);
            for (const way of waysOf(call)) {
                const selections = at.servers.map((server) => spySelections(at.scope, server));
                clients.forEach((client) => { client.log = []; });
                await at.send(call, way, 2);
                await Promise.all(clients.map((client) => received(client, 'e')));
                await at.logs(clients);
                for (const [first] of selections)
                    assert.deepEqual(first, { rooms: ['a', 'b'], except: ['c'], flags }, way);
            }
        });
});

describe('a channel prefix', () => {
    const at = useCluster({ servers: [{}, { key: 'my:app' }, { key: 'my:app', nsps: ['/chat'] }] });

    it('reaches the servers that share it and no others', async () => {
        const clients = await at.clients({ on: 0 }, { on: 1 }, { on: 2, rooms: ['a'] });
        const key = 'my:app';
        for (const call of [{ key, event: 'e' }, { key, event: 'f', rooms: ['a'] }]) {
            for (const way of waysOf(call))
                await at.send(call, way, 2);
            await at.logs(clients); /* the ways are two processes */
        }
        const e = waysOf({ event: 'e' }).map(() => ['e']);
        const f = e.map(() => ['f']);
        assert.deepEqual(await at.logs(clients), [[], e, [...e, ...f]]);
    });

    it('goes with namespace, room, exception and flag', async () => {
        const clients = await at.clients(
            { on: 2, nsp: '/chat', rooms: ['r'] }, { on: 2, nsp: '/chat', rooms: ['r', 'x'] },
        );
        const call = {
            key: 'my:app', nsp: '/chat', rooms: ['r'], except: ['x'], flags: { volatile: true },
            event: 'e', args: [{ n: 1 }],
        };
        await quiet(at, clients, call);
        for (const way of waysOf(call)) {
            clients.forEach((client) => { client.log = []; });
            await at.send(call, way, 1);
            await received(clients[0], 'e'); /* or what follows could be in its way: it is volatile */
            assert.deepEqual(await at.logs(clients), [[['e', { n: 1 }]], []], way);
        }
    });
});

describe('a middleware of the server', () => {
    const seen = [];
    const middleware = (socket, next) => {
        seen.push(socket.handshake.query.user);
        socket.join(`user:${socket.handshake.query.user}`);
        next();
    };
    const at = useCluster({ servers: [{ middleware }, { middleware }] });

    it('puts users in rooms of their own, which an emit then reaches on every server', async () => {
        const clients = await at.clients(
            { query: { user: 'ann' } },
            { query: { user: 'bob' } },
            { on: 1, query: { user: 'ann' } },
        );
        assert.deepEqual(seen.sort(), ['ann', 'ann', 'bob']);
        await at.send({ rooms: ['user:ann'], event: 'hi' });
        assert.deepEqual(await at.logs(clients), [[['hi']], [], [['hi']]]);
    });
});
