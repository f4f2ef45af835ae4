/* SPDX-License-Identifier: MIT */
/* receive-node.mjs PORT SOCKETS MEMBERS TAG SPECIFIC: what bench_node is, with
 * @socket.io/redis-adapter on `redis` 4.7. Its sockets have no network either. */
import { createInterface } from 'node:readline';
import { require } from './cases.mjs';

const { Server, Socket } = require('socket.io');
const { createAdapter } = require('@socket.io/redis-adapter');
const { createClient } = require('redis');
const [port, sockets, members, tag, specific] = process.argv.slice(2);

const client = () => createClient({ socket: { host: '127.0.0.1', port: Number(port) } });
const [publisher, subscriber] = [client(), client()];
await Promise.all([publisher.connect(), subscriber.connect()]);
const io = new Server({
    adapter: createAdapter(publisher, subscriber, {
        publishOnSpecificResponseChannel: specific === '1',
    }),
    serveClient: false,
});
const nsp = io.of('/');

const handshake = (i) => ({
    headers: {
        host: 'chat.example.com', connection: 'Upgrade', pragma: 'no-cache',
        'cache-control': 'no-cache', upgrade: 'websocket', origin: 'https://chat.example.com',
        'sec-websocket-version': '13',
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) '
            + 'Chrome/122.0.0.0 Safari/537.36',
        'accept-encoding': 'gzip, deflate, br', 'accept-language': 'en-US,en;q=0.9',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits',
    },
    time: 'Fri Mar 01 2024 12:34:56 GMT+0000 (Coordinated Universal Time)', address: '127.0.0.1',
    xdomain: true, secure: true, issued: 1709296496789 + i,
    url: '/socket.io/?EIO=4&transport=websocket', query: { EIO: '4', transport: 'websocket' },
    auth: {},
});

let deliveries = 0;
for (let i = 0; i < Number(sockets); i++) {
    const id = tag + String(i).padStart(19, '0');
    const socket = Object.create(Socket.prototype);
    Object.assign(socket, {
        id, server: io, nsp, adapter: nsp.adapter, handshake: handshake(i), data: { user: id },
        client: { writeToEngine() { deliveries++; } }, notifyOutgoingListeners() {},
    });
    nsp.sockets.set(id, socket);
    nsp.adapter.addAll(id, new Set(i < Number(members) ? [id, 'room1'] : [id]));
}

const say = (object) => console.log(JSON.stringify(object));
let start;
nsp.on('begin', () => {
    deliveries = 0;
    start = { wall: process.hrtime.bigint(), cpu: process.cpuUsage() };
});
nsp.on('end', () => {
    const cpu = process.cpuUsage(start.cpu);
    say({ ev: 'done', deliveries });
    say({
        n: 1, wall_s: Number(process.hrtime.bigint() - start.wall) / 1e9,
        cpu_s: (cpu.user + cpu.system) / 1e6, redis_s: 0,
    });
});

/* The adapter does not say when its subscriptions are live: Redis does. */
const probe = client();
await probe.connect();
while ((await probe.pubSubNumSub(['socket.io-request#/#']))['socket.io-request#/#'] < 1)
    await new Promise((resolve) => { setTimeout(resolve, 10); });
await probe.quit();
say({ ev: 'ready' });

for await (const line of createInterface({ input: process.stdin })) {
    const ms = [];
    let count = 0;
    for (let i = Number(line.split(' ')[1]); i > 0; i--) {
        const at = process.hrtime.bigint();
        count = (await nsp.fetchSockets()).length;
        ms.push(Number(process.hrtime.bigint() - at) / 1e6);
    }
    say({ ev: 'fetched', ms, count });
}
process.exit(0);
