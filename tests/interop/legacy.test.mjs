/* SPDX-License-Identifier: MIT */
/* Older servers: socket.io-redis 6.1, alone and in one cluster with adapter 8. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { asClientSees, bin, num, received, undef, useCluster, waysOf } from './lib/fixture.mjs';

const NSPS = ['/a'];
const VALUES = [
    1, -70000, 0.1, num('9007199254740994'), 'text', 'é😀 你好', null, true, undef,
    { a: [1, { b: undef, c: {} }] }, bin(1, 2, 0xff), { deep: [bin()] },
    'x'.repeat(300), Array.from({ length: 20 }, (_, i) => i),
];

/* clients: one on each server in turn, the first of which is the old one */
const CASES = [
    { name: 'everyone', clients: [{}, {}], call: () => ({}), reaches: [0, 1] },
    {
        name: 'one room',
        clients: [{ rooms: ['a'] }, { rooms: ['a'] }, { rooms: ['b'] }, {}],
        call: () => ({ rooms: ['a'] }),
        reaches: [0, 1],
    },
    {
        name: 'many rooms',
        clients: [{ rooms: ['a', 'b'] }, { rooms: ['b'] }, { rooms: ['c'] }, {}],
        call: () => ({ rooms: ['a', 'b'] }),
        reaches: [0, 1],
    },
    {
        name: 'a socket id',
        clients: [{}, {}, {}],
        call: ([a]) => ({ rooms: [a.id] }),
        reaches: [0],
    },
    {
        name: 'except',
        clients: [{ rooms: ['x'] }, { rooms: ['x'] }, {}, {}],
        call: () => ({ except: ['x'] }),
        reaches: [2, 3],
    },
    {
        name: 'a namespace',
        clients: [{ nsp: '/a' }, { nsp: '/a' }, {}, {}],
        call: () => ({ nsp: '/a' }),
        reaches: [0, 1],
    },
    {
        name: 'volatile and compress',
        clients: [{}, {}],
        call: () => ({ flags: { volatile: true, compress: true } }),
        reaches: [0, 1],
    },
    {
        name: 'every kind of value',
        clients: [{}, {}],
        call: () => ({ args: VALUES }),
        reaches: [0, 1],
    },
];

for (const [title, second] of [['two old servers', '6'], ['an old server beside a new one', '8']])
    describe(title, () => {
        const at = useCluster({
            servers: [{ adapter: '6', nsps: NSPS }, { adapter: second, nsps: NSPS }],
        });

        for (const { name, clients: wanted, call: of, reaches } of CASES)
            it(name, async () => {
                const clients = await at.clients(...wanted);
                const call = { event: 'e', args: [1], ...of(clients) };
                const packet = ['e', ...call.args.map(asClientSees)];
                for (const way of waysOf(call)) {
                    clients.forEach((client) => { client.log = []; });
                    await at.send(call, way, 2);
                    await Promise.all(reaches.map((i) => received(clients[i], 'e')));
                    assert.deepEqual(await at.logs(clients),
                        clients.map((_, i) => (reaches.includes(i) ? [packet] : [])), way);
                }
            });

        it('join and leave', async () => {
            const clients = await at.clients({ rooms: ['a'] }, { rooms: ['a'] }, {});
            await at.send({ op: 'socketsJoin', rooms: ['a'], target: ['b', 'c'] });
            await at.send({ op: 'socketsLeave', target: ['b'] });
            await at.logs(clients);
            assert.deepEqual(clients.map(({ peer }) => [peer.rooms.has('b'), peer.rooms.has('c')]),
                [[false, true], [false, true], [false, false]]);
        });
    });
