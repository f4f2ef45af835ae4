/* SPDX-License-Identifier: MIT */
/* membership-node.mjs NAMESPACES SOCKETS ROOMS PER (node --expose-gc): what bench_membership
 * is, with socket.io's in-memory adapter. */
import { readFileSync } from 'node:fs';
import { require } from './cases.mjs';

/* A dependency of socket.io's, not of ours. */
const { Adapter } = require(
    require.resolve('socket.io-adapter', { paths: [require.resolve('socket.io')] }));
const [namespaces, sockets, rooms, per] = process.argv.slice(2).map(Number);

const PAGE = 4096;
const resident = () => {
    global.gc();
    global.gc();
    return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * PAGE;
};

let seed = 12345;
const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed >>> 8;
};
const flat = (text) => Buffer.from(text).toString('latin1'); /* no rope of pieces */
const ids = Array.from({ length: sockets }, (_, i) => flat(`id${String(i * 7919).padStart(18, '0')}`));
const names = Array.from({ length: rooms }, (_, i) => flat(`room:${i}`));
const picks = Int32Array.from({ length: sockets * per }, () => random() % rooms);

const measured = (run) => {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    return user + system;
};

const adapters = [];
const before = resident();
const added = measured(() => {
    for (let n = 0; n < namespaces; n++) {
        const adapter = new Adapter({ name: '/', server: { encoder: {} }, sockets: new Map() });
        adapters.push(adapter);
        for (let i = 0; i < sockets; i++) {
            adapter.addAll(ids[i], new Set([ids[i]]));
            for (let j = 0; j < per; j++)
                adapter.addAll(ids[i], new Set([names[picks[i * per + j]]]));
        }
    }
});
const bytes = resident() - before;
let memberships = -namespaces * sockets; /* the own rooms are not counted */
for (const { sids } of adapters)
    for (const joined of sids.values())
        memberships += joined.size;
const removed = measured(() => {
    for (const adapter of adapters)
        for (const id of ids)
            adapter.delAll(id);
});
console.log(JSON.stringify({
    memberships, add_us: added / memberships, remove_us: removed / memberships,
    bytes: bytes / memberships,
}));
