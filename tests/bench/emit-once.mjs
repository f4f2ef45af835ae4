/* SPDX-License-Identifier: MIT */
/* emit-once.mjs PORT: one emit and out, loading nothing that it does not need. */
import { require } from './cases.mjs';

const { Emitter } = require('@socket.io/redis-emitter');
const { createClient } = require('redis');

const client = createClient({ socket: { host: '127.0.0.1', port: Number(process.argv[2]) } });
await client.connect();
new Emitter(client).to('room1').emit('msg', 'hello', 42);
await client.quit();
