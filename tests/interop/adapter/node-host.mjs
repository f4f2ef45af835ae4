/* SPDX-License-Identifier: MIT */
/* node-host.mjs: a real Socket.IO server with the npm adapter and real clients, behind
 * sio-node's options and line protocol, so that each test is written once for both. What
 * Node does not offer is missing: the events `state` and `gap`, and a packet's flags. */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import { Manager } from 'socket.io-client';
import { connectPeer } from '../lib/clients.mjs';
import { fromTagged, toTagged } from '../lib/values.mjs';

const EVENT = 2;
const ACK = 3;
const { values: options } = parseArgs({
    options: {
        url: { type: 'string', default: 'redis://127.0.0.1:6379' },
        mode: { type: 'string', default: 'classic' },
        prefix: { type: 'string', default: 'socket.io' },
        'requests-timeout': { type: 'string', default: '5000' },
        'specific-response-channel': { type: 'boolean', default: false },
        subscription: { type: 'string', default: 'pattern' },
        client: { type: 'string' }, /* 'redis' or 'ioredis' */
    },
});

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/* -- Redis -- */

const how = { ca: process.env.SSL_CERT_FILE, client: options.client };
const pub = await connectPeer(options.url, how);
const sub = await connectPeer(options.url, how);

/* The adapter does not wait for Redis; what answers "once Redis has accepted it" does. */
const { publish } = pub;
let accepted = Promise.resolve(0);
pub.publish = (...args) => {
    accepted = publish.apply(pub, args);
    return accepted;
};

/* -- the server -- */

const http = createServer();
const io = new Server(http, {
    adapter: createAdapter(pub, sub, {
        key: options.prefix,
        requestsTimeout: Number(options['requests-timeout']),
        publishOnSpecificResponseChannel: options['specific-response-channel'],
    }),
});
await new Promise((resolve) => { http.listen(0, '127.0.0.1', resolve); });
const url = `http://127.0.0.1:${http.address().port}`;
const spaces = new Map();
let tokens = 0;

/* Server-side events with all names, and what is told of rooms. */
function listen(space) {
    const { nsp, name } = space;
    nsp._onServerSideEmit = (args) => {
        const event = { event: 'serverSideEmit', nsp: name };
        if (typeof args.at(-1) === 'function') {
            event.token = ++tokens;
            space.tokens.set(event.token, args.at(-1));
            args = args.slice(0, -1);
        }
        say({ ...event, args: toTagged(args) });
    };
    for (const kind of ['create', 'join', 'leave', 'delete'])
        nsp.adapter.on(`${kind}-room`, (room, sid) =>
            say({ event: 'room', nsp: name, kind, room, sid }));
}

/* Sockets with the ids that the test has chosen. */
function chooseIds(space) {
    const { nsp } = space;
    const { _createSocket } = nsp;
    nsp._createSocket = async (client, auth) => {
        const socket = await _createSocket.call(nsp, client, auth);
        const wanted = space.wanted.get(auth.sid);
        socket.id = auth.sid;
        if ('data' in wanted)
            socket.data = fromTagged(wanted.data);
        if ('handshake' in wanted)
            socket.handshake = fromTagged(wanted.handshake);
        const { disconnect } = socket;
        wanted.close = false;
        socket.disconnect = (close) => {
            wanted.close ||= Boolean(close); /* the connection's end calls it again */
            return disconnect.call(socket, close);
        };
        return socket;
    };
}

/* The number of clients that the servers have told of; Node does not offer it. */
function countClients(space) {
    const { adapter } = space.nsp;
    const { broadcastWithAck } = adapter;
    adapter.broadcastWithAck = (packet, opts, counted, ack) => {
        const { counter } = space;
        broadcastWithAck.call(adapter, packet, opts, (n) => {
            counter.clients += n;
            counted(n);
        }, ack);
    };
}

function open(wanted = '/') {
    const name = wanted.startsWith('/') ? wanted : `/${wanted}`;
    if (!spaces.has(name)) {
        const nsp = io.of(name);
        const space = {
            name, nsp, wanted: new Map(), clients: new Map(), tokens: new Map(), counter: null,
        };
        spaces.set(name, space);
        listen(space);
        chooseIds(space);
        countClients(space);
        /* Redis answers in order: then the adapter's own subscriptions are there, too */
        space.ready = sub.subscribe('sio-node-host-ready', () => {})
            .then(() => say({ event: 'ready', nsp: name }));
    }
    return spaces.get(name);
}

/* -- clients -- */

function follow(space, sid, client, wanted) {
    client.onevent = ({ data, id }) => say({
        event: 'packet', nsp: space.name, sid, packet: { type: EVENT, data: toTagged(data), id },
    });
    client.on('disconnect', (reason) => {
        space.clients.delete(sid);
        if (reason === 'io server disconnect')
            say({ event: 'disconnect', nsp: space.name, sid, close: wanted.close });
    });
}

async function addClient(space, { sid, ...wanted }) {
    if (space.clients.has(sid))
        throw new Error('this sid is connected already');
    const manager = new Manager(url, {
        transports: ['websocket'], reconnection: false, autoConnect: false,
    });
    const client = manager.socket(space.name, { auth: { sid } });
    space.wanted.set(sid, wanted);
    space.clients.set(sid, client);
    follow(space, sid, client, wanted);
    await space.ready;
    await new Promise((resolve, reject) => {
        client.once('connect', resolve);
        client.once('connect_error', reject);
        client.connect();
    });
    space.wanted.delete(sid);
}

function socketOf(space, sid) {
    const socket = space.nsp.sockets.get(sid);
    if (!socket)
        throw new Error(`no socket "${sid}"`);
    return socket;
}

async function closeClient(space, sid) {
    const socket = socketOf(space, sid);
    const gone = new Promise((resolve) => { socket.once('disconnect', resolve); });
    space.clients.get(sid).io.engine.close();
    await gone;
}

/* -- operations -- */

function operatorOf({ nsp }, { rooms = [], except = [], flags = {} }) {
    const operator = nsp.to(rooms).except(except);
    operator.flags = { ...flags };
    return operator;
}

const argsOf = ({ args }) => args.map(fromTagged);
const receivers = async () => ({ receivers: await accepted });

function emitWithAck(space, request) {
    const operator = operatorOf(space, request);
    const [event, ...args] = argsOf(request);
    const counter = { clients: 0 };
    operator.flags.timeout = request.timeout ?? operator.flags.timeout
        ?? Number(options['requests-timeout']);
    space.counter = counter;
    return new Promise((resolve) => {
        operator.emit(event, ...args, (err, values) => {
            const responses = operator.flags.expectSingleResponse
                ? (err ? [] : [values]) : values;
            resolve({
                responses: toTagged(responses), clientCount: counter.clients,
                timedOut: err !== null,
            });
        });
    });
}

async function fetchSockets(space, request) {
    const sockets = await operatorOf(space, request).fetchSockets();
    return sockets.map(({ id, handshake, rooms, data }) =>
        ({ id, handshake: toTagged(handshake), rooms: [...rooms], data: toTagged(data) }));
}

function serverSideEmitWithAck({ nsp }, request) {
    return new Promise((resolve, reject) => {
        nsp.serverSideEmit(...argsOf(request), (err, values) => {
            const result = { responses: toTagged(values) };
            if (err)
                reject(Object.assign(err, { result }));
            else
                resolve(result);
        });
    });
}

const OPERATIONS = {
    connect: addClient,
    data: (space, { sid, data }) => { socketOf(space, sid).data = fromTagged(data); },
    join: (space, { sid, rooms }) => socketOf(space, sid).join(rooms),
    leave: (space, { sid, rooms }) => rooms.forEach((room) => socketOf(space, sid).leave(room)),
    close: (space, { sid }) => closeClient(space, sid),
    socketRooms: (space, { sid }) => [...socketOf(space, sid).rooms],
    emit(space, request) {
        operatorOf(space, request).emit(...argsOf(request));
        return receivers();
    },
    emitWithAck,
    ack(space, { sid, packetId, args = [] }) {
        socketOf(space, sid);
        space.clients.get(sid).packet({ type: ACK, id: packetId, data: args.map(fromTagged) });
    },
    fetchSockets,
    sockets: async (space, request) => (await fetchSockets(space, request)).map(({ id }) => id),
    allRooms: async ({ nsp }) => [...(await nsp.adapter.allRooms())],
    serverCount: ({ nsp }) => nsp.adapter.serverCount(),
    socketsJoin(space, request) {
        operatorOf(space, request).socketsJoin(request.target);
        return receivers();
    },
    socketsLeave(space, request) {
        operatorOf(space, request).socketsLeave(request.target);
        return receivers();
    },
    disconnectSockets(space, request) {
        operatorOf(space, request).disconnectSockets(request.close);
        return receivers();
    },
    serverSideEmit(space, request) {
        space.nsp.serverSideEmit(...argsOf(request));
        return receivers();
    },
    serverSideEmitWithAck,
    async serverSideAck(space, request) {
        const answer = space.tokens.get(request.token);
        if (!answer)
            throw new Error('no such token, or it was used');
        space.tokens.delete(request.token);
        answer(...('value' in request ? [fromTagged(request.value)] : []));
        await accepted;
    },
    stats: ({ nsp: { adapter } }) =>
        ({ requests: adapter.requests.size, ackRequests: adapter.ackRequests.size }),
};

async function quit() {
    await new Promise((resolve) => { io.close(resolve); });
    await sub.quit(); /* the npm adapter answers what still comes, and dies without `pub` */
    await pub.quit();
}

async function answer(line) {
    const { id = null, op, nsp, ...request } = JSON.parse(line);
    try {
        if (op === 'quit') {
            await quit();
            process.stdout.write(`${JSON.stringify({ id, ok: true, result: null })}\n`,
                () => process.exit(0));
            return;
        }
        if (!Object.hasOwn(OPERATIONS, op))
            throw new Error(`no such operation: "${op}"`);
        const result = await OPERATIONS[op](open(nsp), request);
        say({ id, ok: true, result: result ?? null });
    } catch (err) {
        say({ id, ok: false, error: err.message, result: err.result });
    }
}

open('/');
createInterface({ input: process.stdin }).on('line', answer)
    .on('close', () => quit().finally(() => process.exit(0)));
