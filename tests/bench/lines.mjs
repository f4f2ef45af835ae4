/* SPDX-License-Identifier: MIT */
/* lines.mjs PORT < FILE: what one would write in Node in place of `sio-emit --lines-json`.
 * Tuned: the input is split by hand, which is faster than readline, and a PING is awaited
 * once a piece of it to bound the queue. */
import { require } from './cases.mjs';

const { Emitter } = require('@socket.io/redis-emitter');
const { createClient } = require('redis');

const client = createClient({ socket: { host: '127.0.0.1', port: Number(process.argv[2]) } });
await client.connect();
const io = new Emitter(client);

function emit(line) {
    const { event, args, to } = JSON.parse(line);
    io.to(to).emit(event, ...args);
}

let rest = '';
process.stdin.setEncoding('utf8');
for await (const piece of process.stdin) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    lines.forEach(emit);
    await client.ping();
}
if (rest !== '')
    emit(rest);
await client.quit();
