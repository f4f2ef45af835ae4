/* SPDX-License-Identifier: MIT */
/* Broadcasts: who receives them. */
import assert from 'node:assert/strict';
import { bin, date, undef } from '../lib/values.mjs';
import { fresh } from './stage.mjs';

/* The clients' own rooms, the target, and which of them receive it; the first client is on
 * the acting node. r, s, t: rooms of the case's own. */
const TARGETS = [
    { name: 'to all clients', rooms: [[], [], []], to: () => ({}), reach: [0, 1, 2] },
    {
        name: 'to a room', rooms: [[], ['r'], []],
        to: ({ r }) => ({ rooms: [r] }), reach: [1],
    },
    {
        name: 'to a room that is on every node', rooms: [['r'], ['r'], ['r']],
        to: ({ r }) => ({ rooms: [r] }), reach: [0, 1, 2],
    },
    {
        name: 'to a room of the acting node only', rooms: [['r'], [], []],
        to: ({ r }) => ({ rooms: [r] }), reach: [0],
    },
    {
        name: 'to a room that nobody is in', rooms: [[], [], []],
        to: ({ r }) => ({ rooms: [r] }), reach: [],
    },
    {
        name: 'to several rooms, each client once', rooms: [['r', 's'], ['r', 's'], ['t']],
        to: ({ r, s }) => ({ rooms: [r, s] }), reach: [0, 1],
    },
    {
        name: 'except a room', rooms: [[], ['r'], []],
        to: ({ r }) => ({ except: [r] }), reach: [0, 2],
    },
    {
        name: 'to rooms except another', rooms: [['r', 's'], ['r', 's', 't'], ['r']],
        to: ({ r, s, t }) => ({ rooms: [r, s], except: [t] }), reach: [0, 2],
    },
    {
        name: 'to a room except another', rooms: [['r', 't'], ['r'], ['r', 't']],
        to: ({ r, t }) => ({ rooms: [r], except: [t] }), reach: [1],
    },
    {
        name: 'to one remote client', rooms: [[], [], []],
        to: (_, [, b]) => ({ rooms: [b.sid] }), reach: [1],
    },
    {
        name: 'to all but one client, as a socket broadcasts', rooms: [[], [], []],
        to: (_, [a]) => ({ except: [a.sid] }), reach: [1, 2],
    },
    {
        name: 'to local clients only', rooms: [[], [], []],
        to: () => ({ flags: { local: true } }), reach: [0],
    },
    {
        name: 'to local clients of a room only', rooms: [['r'], ['r'], []],
        to: ({ r }) => ({ rooms: [r], flags: { local: true } }), reach: [0],
    },
    {
        name: 'with all flags', rooms: [['r'], ['r'], []],
        to: ({ r }) => ({
            rooms: [r], flags: { volatile: true, compress: false, timeout: 1000 },
        }),
        reach: [0, 1],
    },
];

const named = (names, wanted) => wanted.map((name) => names[name]);

async function reaches(stage, { rooms, to, reach }) {
    const names = { r: fresh('r'), s: fresh('s'), t: fresh('t') };
    const clients = await stage.clients(rooms.map((wanted) => ({ rooms: named(names, wanted) })));
    await stage.act('emit', { ...to(names, clients), args: ['test', 1, '2'] });
    assert.deepEqual(await stage.packets(clients),
        [0, 1, 2].map((i) => (reach.includes(i) ? [['test', 1, '2']] : [])));
}

async function withinNamespace(stage) {
    const nsp = '/custom';
    const inside = await stage.clients([{ nsp }, { nsp }, { nsp }]);
    const outside = await stage.clients();
    await stage.act('emit', { nsp, args: ['test'] });
    assert.deepEqual(await stage.packets(inside), [[['test']], [['test']], [['test']]]);
    assert.deepEqual(await stage.packets(outside), [[], [], []]);
}

async function values(stage) {
    const clients = await stage.clients();
    const args = [
        'test', 1, '2', bin(3, 4), { deep: [bin()], none: null }, true, 0.1, 1e-7, -1, 'é😀\0',
        date(1700000000123), [undef], [],
    ];
    const expected = [
        'test', 1, '2', Buffer.of(3, 4), { deep: [Buffer.of()], none: null }, true, 0.1, 1e-7, -1,
        'é😀\0', '2023-11-14T22:13:20.123Z', [null], [],
    ];
    await stage.act('emit', { args });
    assert.deepEqual(await stage.packets(clients), [[expected], [expected], [expected]]);
}

/* Node's rooms may be numbers, on the wire too. */
async function numericRoom(stage) {
    const clients = await stage.clients([{}, { rooms: [123] }, { rooms: [-4, 123] }]);
    await stage.act('emit', { rooms: [123], args: ['one'] });
    await stage.act('emit', { rooms: [123, 7], except: [-4], args: ['two'] });
    assert.deepEqual(await stage.packets(clients), [[], [['one'], ['two']], [['one']]]);
}

async function leftRooms(stage) {
    const room = fresh('r');
    const clients = await stage.clients([{}, { rooms: [room] }, { rooms: [room] }]);
    await clients[1].call('leave', { rooms: [room] });
    await stage.act('emit', { rooms: [room], args: ['test'] });
    assert.deepEqual(await stage.packets(clients), [[], [], [['test']]]);
}

async function awkwardNames(stage) {
    const rooms = ['#', 'a#b', '*', '[x]?\\', 'é😀', ' ', 'a\0b', 'socket.io#/#r#']
        .map((name) => fresh(name) + name);
    const clients = await stage.clients([{}, { rooms }, {}]);
    for (const room of rooms)
        await stage.act('emit', { rooms: [room], args: [room] });
    assert.deepEqual(await stage.packets(clients), [[], rooms.map((room) => [room]), []]);
}

async function inOrder(stage) {
    const room = fresh('r');
    const clients = await stage.clients([{ rooms: [room] }, { rooms: [room] }, { rooms: [room] }]);
    const all = Array.from({ length: 50 }, (_, i) => i);
    await Promise.all(all.map((i) =>
        stage.act('emit', { rooms: i % 2 ? [room] : [room, 'other'], args: ['test', i] })));
    assert.deepEqual(await stage.packets(clients),
        clients.map(() => all.map((i) => ['test', i])));
}

async function flagsArrive(stage) {
    const clients = await stage.clients();
    const flags = { compress: false, volatile: true };
    await stage.act('emit', { flags, args: ['test'] });
    await stage.packets(clients);
    for (const client of clients.filter(({ node }) => node.kind === 'c'))
        assert.deepEqual((await client.packet('test')).flags, flags);
}

async function reserved(stage) {
    const clients = await stage.clients();
    for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener',
        'removeListener'])
        await assert.rejects(stage.act('emit', { args: [name] }),
            { message: `"${name}" is a reserved event name` });
    assert.deepEqual(await stage.packets(clients), [[], [], []]);
}

export default [
    ...TARGETS.map((target) => ({
        name: `broadcasts ${target.name}`, run: (stage) => reaches(stage, target),
    })),
    { name: 'broadcasts within a namespace', run: withinNamespace },
    { name: 'broadcasts all kinds of values', run: values },
    { name: 'broadcasts to a numeric room', run: numericRoom },
    { name: 'does not broadcast to rooms that were left', run: leftRooms },
    { name: 'broadcasts to rooms of any name', run: awkwardNames },
    { name: 'broadcasts in order', run: inOrder },
    { name: 'hands on the flags', run: flagsArrive },
    { name: 'refuses reserved event names', run: reserved },
];
