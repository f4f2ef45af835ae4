/* SPDX-License-Identifier: MIT */
/* What is done to sockets wherever they are: join, leave, disconnect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { disconnected, settle, useCluster, waysOf } from './lib/fixture.mjs';

const NSPS = ['/a', '/a#b'];
const roomsOf = ({ peer, id }) => [...peer.rooms].filter((room) => room !== id).sort();

/* clients: as in broadcast.test.mjs; after: their rooms in the end */
const CASES = [
    {
        name: 'everyone joins',
        clients: [{}, {}, { rooms: ['x'] }],
        call: () => ({ op: 'socketsJoin', target: ['a'] }),
        after: [['a'], ['a'], ['a', 'x']],
    },
    {
        name: 'a room joins another',
        clients: [{ rooms: ['a', 'b'] }, { rooms: ['a'] }, { rooms: ['b'] }],
        call: () => ({ op: 'socketsJoin', rooms: ['a'], target: ['c'] }),
        after: [['a', 'b', 'c'], ['a', 'c'], ['b']],
    },
    {
        name: 'one socket joins several rooms',
        clients: [{}, {}],
        call: ([, b]) => ({ op: 'socketsJoin', rooms: [b.id], target: ['c', 'd#', 'é😀'] }),
        after: [[], ['c', 'd#', 'é😀']],
    },
    {
        name: 'a room except another joins',
        clients: [{ rooms: ['a'] }, { rooms: ['a', 'x'] }, { rooms: ['a', 'y'] }],
        call: () => ({ op: 'socketsJoin', rooms: ['a'], except: ['x', 'y'], target: ['c'] }),
        after: [['a', 'c'], ['a', 'x'], ['a', 'y']],
    },
    {
        name: 'a namespace joins and the one that begins like it does not',
        clients: [{ nsp: '/a' }, { nsp: '/a#b' }, {}],
        call: () => ({ op: 'socketsJoin', nsp: '/a', target: ['c'] }),
        after: [['c'], [], []],
    },
    {
        name: 'flags change nothing',
        clients: [{}, {}],
        call: () => ({
            op: 'socketsJoin', flags: { volatile: true, compress: true }, target: ['c'],
        }),
        after: [['c'], ['c']],
    },
    {
        name: 'a room with U+0000',
        clients: [{ rooms: ['a\0b'] }, { rooms: ['a'] }],
        call: () => ({ op: 'socketsJoin', rooms: ['a\0b'], target: ['\0'] }),
        after: [['\0', 'a\0b'], ['a']],
    },
    {
        name: 'everyone leaves',
        clients: [{ rooms: ['a', 'b'] }, { rooms: ['a'] }, { rooms: ['b'] }],
        call: () => ({ op: 'socketsLeave', target: ['a'] }),
        after: [['b'], [], ['b']],
    },
    {
        name: 'a room leaves another',
        clients: [{ rooms: ['a', 'b'] }, { rooms: ['a'] }, { rooms: ['b'] }],
        call: () => ({ op: 'socketsLeave', rooms: ['b'], target: ['a'] }),
        after: [['b'], ['a'], ['b']],
    },
    {
        name: 'several rooms leave several',
        clients: [{ rooms: ['a', 'b', 'c'] }, { rooms: ['b', 'c', 'd'] }, { rooms: ['c', 'd'] }],
        call: () => ({ op: 'socketsLeave', rooms: ['a', 'b'], target: ['c', 'd'] }),
        after: [['a', 'b'], ['b'], ['c', 'd']],
    },
    {
        name: 'leaving a room that one is not in',
        clients: [{ rooms: ['a'] }, {}],
        call: () => ({ op: 'socketsLeave', target: ['nowhere'] }),
        after: [['a'], []],
    },
];

describe('rooms of sockets', () => {
    const at = useCluster({ servers: [{ nsps: NSPS }, { nsps: NSPS }] });

    for (const { name, clients: wanted, call: of, after } of CASES)
        it(name, async () => {
            const ways = waysOf(of([{}, {}, {}].map(() => ({ id: '' }))));
            for (const way of ways.filter((w) => w === 'builder' || w === 'sio-emit')) {
                const clients = await at.clients(...wanted);
                await at.send(of(clients), way, 2);
                await settle(at.redis, clients);
                assert.deepEqual(clients.map(roomsOf), after.map((rooms) => rooms.sort()), way);
                await at.scope.close();
            }
        });

    it('join, then emit to the room: the joiner receives it', async () => {
        const clients = await at.clients({}, {}, {});
        const [a] = clients;
        await Promise.all([
            at.send({ op: 'socketsJoin', rooms: [a.id], target: ['new'] }),
            at.send({ rooms: ['new'], event: 'welcome' }),
            at.send({ op: 'socketsLeave', rooms: [a.id], target: ['new'] }),
            at.send({ rooms: ['new'], event: 'too late' }),
        ]);
        assert.deepEqual(await at.logs(clients), [[['welcome']], [], []]);
    });
});

describe('disconnecting', () => {
    const at = useCluster({ servers: [{ nsps: NSPS }, { nsps: NSPS }] });
    const WAYS = ['builder', 'sio-emit'];

    for (const way of WAYS) {
        it(`everyone, by ${way}`, async () => {
            const clients = await at.clients({}, {}, {});
            const [other] = await at.clients({ nsp: '/a' });
            await at.send({ op: 'disconnectSockets', close: true }, way, 2);
            for (const client of clients)
                assert.equal(await disconnected(client), 'io server disconnect');
            await settle(at.redis, [other]);
            assert.equal(other.disconnected, null);
        });

        it(`a room except another, by ${way}`, async () => {
            const clients = await at.clients(
                { rooms: ['a', 'b'] }, { rooms: ['a'] }, { rooms: ['b'] }, { rooms: ['b', 'x'] },
            );
            await at.send({
                op: 'disconnectSockets', rooms: ['b'], except: ['x'], close: true,
            }, way, 2);
            await Promise.all([disconnected(clients[0]), disconnected(clients[2])]);
            await settle(at.redis, [clients[1], clients[3]]);
            assert.deepEqual(clients.map((client) => client.disconnected !== null),
                [true, false, true, false]);
        });

        it(`one socket by its id, by ${way}`, async () => {
            const clients = await at.clients({}, {}, {});
            await at.send({ op: 'disconnectSockets', rooms: [clients[1].id] }, way, 2);
            await disconnected(clients[1]);
            await settle(at.redis, [clients[0], clients[2]]);
            assert.deepEqual(clients.map((client) => client.disconnected !== null),
                [false, true, false]);
        });

        it(`without close the client keeps its other namespaces, by ${way}`, async () => {
            const [chat] = await at.clients({ nsp: '/a' });
            const [main] = await at.clients({ manager: chat });
            await at.send({ op: 'disconnectSockets', nsp: '/a', close: false }, way, 2);
            assert.equal(await disconnected(chat), 'io server disconnect');
            await settle(at.redis, [main]);
            assert.equal(main.disconnected, null);
        });

        it(`with close the client loses its other namespaces too, by ${way}`, async () => {
            const [chat] = await at.clients({ nsp: '/a' });
            const [main] = await at.clients({ manager: chat });
            await at.send({ op: 'disconnectSockets', nsp: '/a', close: true }, way, 2);
            await Promise.all([disconnected(chat), disconnected(main)]);
        });
    }
});
