/* SPDX-License-Identifier: MIT */
/* Every recorded message that a server receives leads to what was recorded. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startRedis } from '../lib/redis.mjs';
import { Scope } from '../lib/scope.mjs';
import { asClientSees, fromTagged } from '../lib/values.mjs';
import { startNode } from './nodes.mjs';
import { Stage } from './stage.mjs';
import { KINDS, listen, roomName, vector, vectors } from './vectors.mjs';

const SOCKET = 'CLIENT-ON-B-00000001';
const broadcasts = vectors.filter(({ delivery }) => delivery);
const requests = vectors.filter(({ name }) => /^(emitter|server)\/request\//.test(name));
const answers = vectors.filter(({ name }) => /^rpc\/.*\/(response|client-count|ack)$/.test(name));
const legacy = vectors.filter(({ name }) => /^legacy\/adapter6\/.*\/response$/.test(name));

/** One node for each key prefix, and clients of each test. */
function useNodes(kind, keys, options = {}) {
    const whole = new Scope();
    const nodes = new Map();
    const at = {};
    before(async () => {
        at.redis = await startRedis(whole);
        for (const key of keys)
            nodes.set(key, await startNode(whole, at.redis, kind, { prefix: key, ...options }));
        at.answers = await listen(whole, at.redis, '*-response#*');
    });
    after(() => whole.close());
    afterEach(() => at.stage?.close());
    at.stageOf = (key = keys[0]) => {
        at.stage = new Stage(at.redis, [nodes.get(key)], 0, key);
        return at.stage;
    };
    return at;
}

/* What very old senders mean by it is plain: a C server delivers it. Node's clients take it
 * for an error and disconnect. */
async function isBinaryEvent(stage, client, { decoded: [, { data }] }) {
    if (client.node.kind === 'c') {
        await stage.settle();
        assert.deepEqual(client.packets, [data.map(asClientSees)]);
        return;
    }
    await client.left();
    client.connected = false;
}

async function delivers(at, kind, each) {
    const { key, nsp, channel, payload, delivery } = each;
    const stage = at.stageOf(key);
    const rooms = delivery.client_in_rooms.map((room) => roomName(kind, room));
    const client = await stage.client(0, { nsp, rooms });
    await at.redis.publish(channel, payload);
    if (delivery.result !== 'received') {
        await isBinaryEvent(stage, client, each);
        return;
    }
    await stage.settle(nsp);
    assert.deepEqual(client.packets, [delivery.event_and_args.map(asClientSees)]);
    assert.equal(client.packetEvents[0].packet.id !== undefined, delivery.ack_requested === true);
}

describe('recorded broadcasts are delivered', () => {
    for (const kind of KINDS)
        describe(`to a ${kind} server's clients`, () => {
            const at = useNodes(kind, [...new Set(broadcasts.map(({ key }) => key))]);
            for (const each of broadcasts)
                it(each.name, () => delivers(at, kind, each));
        });
});

/* Three clients: in the target, in it and in an exception, in neither. */
async function clientsFor(stage, nsp, { rooms, except }, held) {
    const options = [[...rooms, ...held], [...rooms, ...except, ...held], held];
    return Promise.all(options.map((own) => stage.client(0, { nsp, rooms: own })));
}

const isReached = ({ rooms, except }, i) =>
    [true, except.length === 0, rooms.length === 0][i];

async function changesRooms(stage, { nsp, decoded: { type, opts, rooms } }, publish) {
    const join = type === 2;
    const clients = await clientsFor(stage, nsp, opts, join ? [] : rooms);
    await publish();
    const after = await stage.rooms(clients);
    for (const [i, own] of after.entries())
        assert.equal(rooms.every((room) => own.includes(room)), isReached(opts, i) === join, `${i}`);
}

async function disconnects(stage, { nsp, decoded: { opts, close } }, publish) {
    const clients = await clientsFor(stage, nsp, opts, []);
    await publish();
    for (const [i, client] of clients.entries())
        if (isReached(opts, i))
            assert.equal((await client.disconnected()).close, close);
    await stage.settle(nsp);
    assert.deepEqual(clients.map((client) => client.disconnects.length),
        [0, 1, 2].map((i) => Number(isReached(opts, i))));
}

async function firesEvent(stage, { nsp, decoded: { data } }, publish) {
    await stage.act('stats', { nsp });
    await stage.settle(nsp);
    const [node] = stage.nodes;
    const from = node.events.length;
    await publish();
    await stage.settle(nsp);
    const fired = node.events.slice(from).filter(({ event }) => event === 'serverSideEmit');
    assert.deepEqual(fired.map(({ args }) => args.map(fromTagged)), [data.map(fromTagged)]);
    assert.equal('token' in fired[0], false);
}

async function actsOn(at, each) {
    const stage = at.stageOf(each.key);
    const publish = () => at.redis.publish(each.channel, each.payload);
    const act = { 2: changesRooms, 3: changesRooms, 4: disconnects, 6: firesEvent };
    await act[each.decoded.type](stage, each, publish);
    assert.deepEqual(at.answers.messages, []);
}

describe('recorded requests are carried out', () => {
    for (const kind of KINDS)
        describe(`by a ${kind} server`, () => {
            const at = useNodes(kind, [...new Set(requests.map(({ key }) => key))]);
            for (const each of requests)
                it(each.name, () => actsOn(at, each));
        });
});

/* The request that was answered. Some were recorded once for several answers. */
function requestOf({ name, inputs }) {
    const base = name.replace('-specific/', '/').replace(/[^/]+$/, 'request');
    const written = {
        'rpc/sockets-type0/request': { uid: 'SrvZZZ', requestId: 'ReqIDZ', type: 0, rooms: ['room1'] },
        'rpc/fetch-sockets-none/request': {
            uid: 'SrvAAA', requestId: 'ReqID1', type: 5,
            opts: { rooms: inputs.rooms, except: inputs.except },
        },
    }[base];
    return written ? Buffer.from(JSON.stringify(written)) : vector(base).payload;
}

/* The clients of the server that answered, as they were then. */
async function recordedClients(stage) {
    const { sockets } = vector('rpc/fetch-sockets-all/response').decoded;
    const clients = [];
    for (const { id: sid, handshake, rooms, data } of sockets)
        clients.push(await stage.client(0, {
            sid, handshake, data, rooms: rooms.filter((room) => room !== sid),
        }));
    return clients;
}

async function acknowledges(client, { name, decoded }) {
    const values = 'packet' in decoded ? [decoded.packet] : [];
    const { packet } = await client.packet();
    const further = name.startsWith('rpc/broadcast-ack-multi/') ? [2, 3] : [];
    await client.call('ack', { packetId: packet.id, args: [...values, ...further] });
}

async function answersWith(at, each) {
    const stage = at.stageOf();
    const clients = await recordedClients(stage);
    const [{ node, from }] = clients;
    at.answers.forget();
    await at.redis.publish('socket.io-request#/#', requestOf(each));
    const { decoded } = each;
    if (decoded.type === 6) {
        const { token } = await node.event(({ event }) => event === 'serverSideEmit',
            'server-side event', from);
        const args = each.inputs.args.slice(1);
        await stage.act('serverSideAck', { token, ...(args.length > 0 ? { value: args[0] } : {}) });
    }
    if (decoded.type === 9) {
        await acknowledges(clients[0], each);
        await at.answers.next(each.channel); /* the client count */
    }
    assert.equal((await at.answers.next(each.channel)).toString('latin1'),
        each.payload.toString('latin1'));
}

describe('recorded questions are answered with the recorded bytes', () => {
    for (const kind of KINDS)
        for (const specific of [false, true])
            describe(`by a ${kind} server, ${specific ? 'specific' : 'shared'} response channel`, () => {
                const at = useNodes(kind, ['socket.io'], { specific });
                for (const each of answers.filter(({ name }) => name.includes('-specific/') === specific))
                    it(each.name, () => answersWith(at, each));
            });
});

async function answersLegacy(at, { name, channel, payload }) {
    const stage = at.stageOf();
    const rooms = name.includes('/remote-leave/') ? ['room1', 'room7'] : ['room1'];
    const client = await stage.client(0, { sid: SOCKET, rooms });
    at.answers.forget();
    await at.redis.publish('socket.io-request#/#',
        vector(name.replace('/response', '/request')).payload);
    assert.equal((await at.answers.next(channel)).toString(), payload.toString());
    if (name.includes('/remote-disconnect/'))
        assert.equal((await client.disconnected()).close, true);
    else
        assert.deepEqual(await stage.rooms([client]),
            [name.includes('/remote-join/') ? ['room1', 'room7'] : ['room1']]);
}

describe('requests of old servers are answered with the recorded bytes', () => {
    for (const kind of KINDS)
        describe(`by a ${kind} server`, () => {
            const at = useNodes(kind, ['socket.io']);
            for (const each of legacy)
                it(each.name, () => answersLegacy(at, each));
        });
});

/* They number their requests otherwise, one of which ends a Node server. */
describe('requests of much older servers harm nobody', () => {
    const at = useNodes('c', ['socket.io']);
    for (const { name, channel, payload } of vectors.filter((each) =>
        each.name.startsWith('legacy/adapter5/request-')))
        it(name, async () => {
            const stage = at.stageOf();
            const client = await stage.client(0, { rooms: ['room1'] });
            await at.redis.publish(channel, payload);
            assert.deepEqual(await stage.rooms([client]), [['room1']]);
        });
});
