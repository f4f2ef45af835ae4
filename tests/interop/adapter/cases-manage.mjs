/* SPDX-License-Identifier: MIT */
/* What is done to sockets wherever they are. */
import assert from 'node:assert/strict';
import { fresh } from './stage.mjs';

/* The clients' rooms before and after; the first client is on the acting node. */
const CHANGES = [
    {
        name: 'makes all sockets join a room', op: 'socketsJoin',
        before: [[], [], []], call: ({ r }) => ({ target: [r] }), after: [['r'], ['r'], ['r']],
    },
    {
        name: 'makes the sockets of a room join another', op: 'socketsJoin',
        before: [['r'], [], ['r']], call: ({ r, s }) => ({ rooms: [r], target: [s] }),
        after: [['r', 's'], [], ['r', 's']],
    },
    {
        name: 'makes one socket join', op: 'socketsJoin',
        before: [[], [], []], call: ({ r, s }, [, b]) => ({ rooms: [b.sid], target: [r, s] }),
        after: [[], ['r', 's'], []],
    },
    {
        name: 'makes the sockets join that are not in a room', op: 'socketsJoin',
        before: [['r'], ['r', 's'], []],
        call: ({ r, s, t }) => ({ rooms: [r], except: [s], target: [t] }),
        after: [['r', 't'], ['r', 's'], []],
    },
    {
        name: 'makes local sockets join', op: 'socketsJoin',
        before: [[], [], []], call: ({ r }) => ({ flags: { local: true }, target: [r] }),
        after: [['r'], [], []],
    },
    {
        name: 'makes all sockets leave a room', op: 'socketsLeave',
        before: [['r'], ['s'], ['r', 's']], call: ({ r }) => ({ target: [r] }),
        after: [[], ['s'], ['s']],
    },
    {
        name: 'makes the sockets of a room leave another', op: 'socketsLeave',
        before: [['r', 's'], ['r', 's'], ['s']], call: ({ r, s }) => ({ rooms: [r], target: [s] }),
        after: [['r'], ['r'], ['s']],
    },
    {
        name: 'makes one socket leave', op: 'socketsLeave',
        before: [['r'], ['r'], ['r']], call: ({ r }, [, b]) => ({ rooms: [b.sid], target: [r] }),
        after: [['r'], [], ['r']],
    },
    {
        name: 'makes local sockets leave', op: 'socketsLeave',
        before: [['r'], ['r'], ['r']],
        call: ({ r }) => ({ flags: { local: true }, target: [r] }),
        after: [[], ['r'], ['r']],
    },
];

async function changes(stage, { op, before, call, after }) {
    const names = { r: fresh('r'), s: fresh('s'), t: fresh('t') };
    const named = (lists) => lists.map((list) => list.map((name) => names[name]));
    const clients = await stage.clients(named(before).map((rooms) => ({ rooms })));
    await stage.act(op, call(names, clients));
    assert.deepEqual(await stage.rooms(clients), named(after).map((rooms) => rooms.sort()));
}

async function joinedReceive(stage) {
    const room = fresh('r');
    const clients = await stage.clients();
    await stage.act('socketsJoin', { rooms: clients.slice(1).map(({ sid }) => sid), target: [room] });
    await stage.rooms(clients);
    /* in rooms mode a join is live once Redis has confirmed it, which a second one tells */
    await Promise.all(clients.slice(1).map((client) => client.call('join', { rooms: [room] })));
    await stage.act('emit', { rooms: [room], args: ['test'] });
    assert.deepEqual(await stage.packets(clients), [[], [['test']], [['test']]]);
}

async function disconnectAll(stage, close) {
    const clients = await stage.clients();
    await stage.act('disconnectSockets', { close });
    for (const client of clients) {
        assert.equal((await client.disconnected()).close, close);
        await assert.rejects(client.rooms(), /no socket/);
    }
}

async function disconnectRoom(stage) {
    const room = fresh('r');
    const clients = await stage.clients([{ rooms: [room] }, { rooms: [room] }, {}]);
    await stage.act('disconnectSockets', { rooms: [room], except: [clients[0].sid], close: true });
    await clients[1].disconnected();
    await stage.settle();
    assert.deepEqual(clients.map(({ disconnects }) => disconnects.length), [0, 1, 0]);
}

async function disconnectLocal(stage) {
    const clients = await stage.clients();
    await stage.act('disconnectSockets', { flags: { local: true }, close: false });
    await clients[0].disconnected();
    await stage.settle();
    assert.deepEqual(clients.map(({ disconnects }) => disconnects.length), [1, 0, 0]);
}

async function sidAgain(stage) {
    const room = fresh('r');
    const [client] = await stage.clients([{ rooms: [room] }]);
    await stage.act('disconnectSockets', { rooms: [client.sid], close: false });
    await client.disconnected();
    const again = await stage.client(0, { sid: client.sid });
    assert.deepEqual(await again.rooms(), [client.sid]);
}

async function roomEvents(stage) {
    const room = fresh('r');
    for (const [i, node] of stage.nodes.entries()) {
        const from = node.events.length;
        const a = await stage.client(i, { rooms: [room] });
        const b = await stage.client(i, { rooms: [room] });
        await a.call('leave', { rooms: [room] });
        await b.close();
        const ours = node.events.slice(from).filter(({ event, room: name }) =>
            event === 'room' && (name === room || name === b.sid));
        const event = (kind, name, sid) =>
            ({ event: 'room', nsp: '/', kind, room: name, ...(sid ? { sid } : {}) });
        assert.deepEqual(ours, [
            event('create', room), event('join', room, a.sid),
            event('create', b.sid), event('join', b.sid, b.sid),
            event('join', room, b.sid), event('leave', room, a.sid),
            event('leave', b.sid, b.sid), event('delete', b.sid),
            event('leave', room, b.sid), event('delete', room),
        ], node.kind);
    }
}

export default [
    ...CHANGES.map((change) => ({ name: change.name, run: (stage) => changes(stage, change) })),
    { name: 'broadcasts to those that were made to join', run: joinedReceive },
    { name: 'disconnects all sockets', run: (stage) => disconnectAll(stage, false) },
    { name: 'disconnects all sockets with their connections', run: (at) => disconnectAll(at, true) },
    { name: 'disconnects the sockets of a room except one', run: disconnectRoom },
    { name: 'disconnects local sockets', run: disconnectLocal },
    { name: 'takes the sid of a disconnected socket again', run: sidAgain },
    { name: 'tells of rooms in one order', run: roomEvents },
];
