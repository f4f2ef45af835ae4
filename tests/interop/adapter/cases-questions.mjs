/* SPDX-License-Identifier: MIT */
/* Questions to the cluster: sockets, rooms, servers. */
import assert from 'node:assert/strict';
import { fresh } from './stage.mjs';

const HANDSHAKE = {
    headers: { host: '127.0.0.1', 'user-agent': 'é' }, time: 'now', address: '::1', xdomain: false,
    secure: false, issued: 1700000000123, url: '/?a=1', query: { EIO: '4' }, auth: { token: null },
};
const sorted = (names) => [...names].sort();
const sids = (clients) => sorted(clients.map(({ sid }) => sid));

async function fetchAll(stage) {
    const clients = await stage.clients();
    const sockets = await stage.act('fetchSockets');
    assert.deepEqual(sorted(sockets.map(({ id }) => id)), sids(clients));
    await stage.idle();
}

async function fetchOne(stage, i) {
    const data = { user: 'bob', n: 7, deep: [1.5, null, true] };
    const room = fresh('r');
    const [client] = await Promise.all([
        stage.client(i, { data, handshake: HANDSHAKE, rooms: [room] }), stage.client(2),
    ]);
    assert.deepEqual(await stage.act('fetchSockets', { rooms: [client.sid] }),
        [{ id: client.sid, handshake: HANDSHAKE, rooms: [client.sid, room], data }]);
}

async function fetchChanged(stage) {
    const client = await stage.client(1, { data: 'before' });
    await client.call('data', { data: ['after'] });
    const [{ data }] = await stage.act('fetchSockets', { rooms: [client.sid] });
    assert.deepEqual(data, ['after']);
}

async function fetchRoom(stage) {
    const [r, s] = [fresh('r'), fresh('s')];
    const clients = await stage.clients([{ rooms: [r] }, { rooms: [r, s] }, { rooms: [r] }]);
    const sockets = await stage.act('fetchSockets', { rooms: [r], except: [s] });
    assert.deepEqual(sorted(sockets.map(({ id }) => id)), sids([clients[0], clients[2]]));
}

async function fetchLocal(stage) {
    const [client] = await stage.clients();
    const sockets = await stage.act('fetchSockets', { flags: { local: true } });
    assert.deepEqual(sockets.map(({ id }) => id), [client.sid]);
}

async function fetchNone(stage) {
    await stage.clients();
    assert.deepEqual(await stage.act('fetchSockets', { rooms: [fresh('nobody')] }), []);
}

async function onlySids(stage) {
    const room = fresh('r');
    const clients = await stage.clients([{ rooms: [room] }, {}, { rooms: [room] }]);
    assert.deepEqual(sorted(await stage.act('sockets', { rooms: [room] })),
        sids([clients[0], clients[2]]));
    assert.deepEqual(sorted(await stage.act('sockets')), sids(clients));
}

async function allRooms(stage) {
    const [r, s] = [fresh('r'), fresh('s')];
    const clients = await stage.clients([{ rooms: [r] }, { rooms: [s] }, { rooms: [r] }]);
    assert.deepEqual(sorted(await stage.act('allRooms')), sorted([r, s, ...sids(clients)]));
    await stage.idle();
}

async function serverCount(stage) {
    assert.equal(await stage.act('serverCount'), 3);
    const nsp = `/${fresh('alone')}`;
    await stage.client(0, { nsp });
    assert.equal(await stage.act('serverCount', { nsp }), 1);
}

/* Nobody to ask: answered from here. */
async function alone(stage) {
    const nsp = `/${fresh('alone')}`;
    const client = await stage.client(0, { nsp });
    client.acknowledge('here');
    const { sid } = client;
    assert.deepEqual(await stage.act('allRooms', { nsp }), [sid]);
    assert.deepEqual((await stage.act('fetchSockets', { nsp })).map(({ id }) => id), [sid]);
    assert.deepEqual((await stage.act('serverSideEmitWithAck', { nsp, args: ['x'] })).responses, []);
    assert.deepEqual((await stage.act('emitWithAck', { nsp, args: ['x'], timeout: 8000 })).responses,
        ['here']);
}

async function many(stage) {
    const clients = await stage.clients();
    const answers = await Promise.all(Array.from({ length: 20 }, () => stage.act('fetchSockets')));
    for (const sockets of answers)
        assert.deepEqual(sorted(sockets.map(({ id }) => id)), sids(clients));
    await stage.idle();
}

export default [
    { name: 'fetches all sockets', run: fetchAll },
    { name: 'fetches a local socket', run: (stage) => fetchOne(stage, 0) },
    { name: 'fetches a remote socket', run: (stage) => fetchOne(stage, 1) },
    { name: 'fetches the data as it is now', run: fetchChanged },
    { name: 'fetches the sockets of a room except another', run: fetchRoom },
    { name: 'fetches local sockets only', run: fetchLocal },
    { name: 'fetches nothing', run: fetchNone },
    { name: 'fetches many times at once', run: many },
    { name: 'names the sockets', run: onlySids },
    { name: 'names all rooms', run: allRooms },
    { name: 'counts the servers', run: serverCount },
    { name: 'asks nobody when it is alone', run: alone },
];
