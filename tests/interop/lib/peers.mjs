/* SPDX-License-Identifier: MIT */
/* The Node side of a cluster: live Socket.IO servers with the Redis adapter, and
 * clients that write down everything they receive. */
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createAdapter } from '@socket.io/redis-adapter';
import { Emitter } from '@socket.io/redis-emitter';
import { Server } from 'socket.io';
import { Manager } from 'socket.io-client';
import { SENTINELS } from './redis.mjs';
import { within } from './scope.mjs';

const { createAdapter: createAdapter6 } = createRequire(import.meta.url)('socket.io-redis');
const DEADLINE = 10_000;

/* SUBSCRIBE answers come in order: once this one is there, all earlier ones are. */
async function subscribed(sub, adapter) {
    const name = 'sio-test-ready';
    if (adapter === '6')
        await new Promise((resolve, reject) =>
            sub.subscribe(name, (err) => (err ? reject(err) : resolve())));
    else
        await sub.subscribe(name, () => {});
}

/** A server on a free loopback port.
 *  @param opts.nsps     namespaces to open beside '/'
 *  @param opts.adapter  '8': @socket.io/redis-adapter 8, '6': socket.io-redis 6
 *  @param opts.key      channel prefix
 *  @param opts.middleware  run for every client of every namespace
 *  @param opts.adapterOptions, opts.options  of the adapter and of the Server */
export async function startServer(scope, redis, {
    nsps = [], adapter = '8', key = 'socket.io', middleware, adapterOptions = {}, options = {},
} = {}) {
    const client = () => (adapter === '6' ? redis.legacyClient(scope) : redis.peer(scope));
    const pub = await client();
    const sub = await client();
    const http = createServer();
    const io = new Server(http, {
        adapter: adapter === '6'
            ? createAdapter6({ pubClient: pub, subClient: sub, key })
            : createAdapter(pub, sub, { key, ...adapterOptions }),
        ...options,
    });
    for (const nsp of ['/', ...nsps])
        if (middleware)
            io.of(nsp).use(middleware);
        else
            io.of(nsp);
    await subscribed(sub, adapter);
    await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
    scope.after(() => new Promise((resolve) => io.close(resolve)));
    return { io, key, adapter, url: `http://127.0.0.1:${http.address().port}` };
}

/** Collect the selections that a server's adapter is asked for: {rooms, except, flags}. */
export function spySelections(scope, server, nsp = '/') {
    const adapter = server.io.of(nsp).adapter;
    const seen = [];
    const { apply } = adapter;
    adapter.apply = (opts, callback) => {
        seen.push({ rooms: [...opts.rooms], except: [...(opts.except ?? [])], flags: opts.flags });
        return apply.call(adapter, opts, callback);
    };
    scope.after(() => { adapter.apply = apply; });
    return seen;
}

/** A connected client, a member of `rooms`. `log` grows by [event, ...args].
 *  @param opts.manager  another client: share its connection */
export async function connectClient(scope, server, { nsp = '/', rooms = [], manager, query } = {}) {
    /* not connect(url + nsp): in an URL '#' would begin a fragment */
    const shared = manager?.socket.io ?? new Manager(server.url, {
        transports: ['websocket'], reconnection: false, autoConnect: false, query,
    });
    const socket = shared.socket(nsp);
    const client = { socket, server, nsp, log: [], waiters: new Set(), disconnected: null };
    socket.onAny((...packet) => {
        client.log.push(packet);
        client.waiters.forEach((wake) => wake());
    });
    socket.on('disconnect', (reason) => {
        client.disconnected = reason;
        client.waiters.forEach((wake) => wake());
    });
    scope.after(() => { socket.disconnect(); });
    const connected = new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', reject);
    });
    socket.connect();
    await within(DEADLINE, connected, () => `connection to ${server.url}${nsp}`);
    client.id = socket.id;
    client.peer = server.io.of(nsp).sockets.get(socket.id);
    client.peer.join(rooms);
    return client;
}

function until(client, condition, what) {
    const reached = new Promise((resolve) => {
        const look = () => {
            if (!condition())
                return;
            client.waiters.delete(look);
            resolve();
        };
        client.waiters.add(look);
        look();
    });
    return within(DEADLINE, reached, what);
}

/** Wait for the n-th packet of that event. @return its arguments */
export async function received(client, event, n = 1) {
    const all = () => client.log.filter(([name]) => name === event);
    await until(client, () => all().length >= n,
        () => `packet ${n} "${event}" in ${JSON.stringify(client.log)}`);
    return all()[n - 1].slice(1);
}

/** Wait for the end of the client's connection. @return the reason */
export async function disconnected(client) {
    await until(client, () => client.disconnected, () => 'disconnection');
    return client.disconnected;
}

const MARKER = 'sio-test-marker-';
let markers = 0;

/** Wait until everything that Redis has accepted so far has reached the clients: a
 *  marker is sent to all of them from wherever that can have come, and neither Redis nor a
 *  server lets it overtake. No marker is left in the logs. */
export async function settle(redis, clients) {
    const marker = `${MARKER}${++markers}`;
    const targets = new Set(clients.map(({ server, nsp }) => JSON.stringify([server.key, nsp])));
    const origins = await redis.origins();
    for (const [key, nsp] of [...targets].map(JSON.parse))
        origins.forEach((origin) => new Emitter(origin, { key }, nsp).emit(marker));
    for (const client of clients) {
        await received(client, marker, origins.length);
        /* those for others may have come late */
        client.log = client.log.filter(([name]) => !String(name).startsWith(MARKER));
    }
}

/** The clients' logs so far, complete and without doubt: see settle(). */
export async function logs(redis, clients) {
    await settle(redis, clients);
    return clients.map(({ log }) => log);
}

/** Every message that is published from now on: `take()` gives the [channel, payload]s
 *  since the last one. */
export async function record(scope, redis) {
    const sub = await redis.client(scope);
    const end = 'sio-test-record-end';
    const { length: origins } = await redis.origins();
    let messages = [];
    let ended = () => {};
    let ends = 0;
    await sub.pSubscribe('*', (payload, bytes) => {
        const channel = bytes.toString();
        if (channel === end) {
            if (++ends % origins === 0)
                ended();
        } else if (channel !== SENTINELS) {
            messages.push([channel, payload]);
        }
    }, true);
    const take = async () => {
        const done = new Promise((resolve) => { ended = resolve; });
        await redis.publishFromAll(end, () => '');
        await within(DEADLINE, done, () => 'end of the record');
        return messages.splice(0);
    };
    await take(); /* what was published before may still be under way in a cluster */
    return { take };
}
