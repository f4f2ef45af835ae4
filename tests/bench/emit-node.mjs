/* SPDX-License-Identifier: MIT */
/* emit-node.mjs PORT CASE N WARM REDIS-PID: N emits through @socket.io/redis-emitter on
 * `redis` 4.7, the fastest of the npm clients. Tuned for it: emits are not awaited, 128 of
 * them a turn of the event loop, and the answer to a PING is awaited every 2048 (512 of the
 * large ones) to bound the queue. */
import { readFileSync } from 'node:fs';
import { CHANNEL, EVENTS, require } from './cases.mjs';

const { Emitter } = require('@socket.io/redis-emitter');
const { createClient } = require('redis');
const A_TURN = 128;
const [port, name, n, warm, redisPid] = process.argv.slice(2);
const SYNC = name === 'small' ? 2048 : 512;

const client = createClient({ socket: { host: '127.0.0.1', port: Number(port) } });
await client.connect();
const io = new Emitter(client);
const room = CHANNEL.split('#')[2];
const event = EVENTS[name];
const turn = () => new Promise((resolve) => { setImmediate(resolve); });

async function emit(count) {
    for (let i = 1; i <= count; i++) {
        io.to(room).emit(...event);
        if (i % SYNC === 0)
            await client.ping();
        else if (i % A_TURN === 0)
            await turn();
    }
    await client.ping();
}

const redisSeconds = () =>
    Number(readFileSync(`/proc/${redisPid}/schedstat`, 'utf8').split(' ')[0]) / 1e9;

await emit(Number(warm));
const start = { wall: process.hrtime.bigint(), cpu: process.cpuUsage(), redis: redisSeconds() };
await emit(Number(n));
const cpu = process.cpuUsage(start.cpu);
console.log(JSON.stringify({
    n: Number(n),
    wall_s: Number(process.hrtime.bigint() - start.wall) / 1e9,
    cpu_s: (cpu.user + cpu.system) / 1e6,
    redis_s: redisSeconds() - start.redis,
}));
await client.disconnect();
