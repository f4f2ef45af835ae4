/* SPDX-License-Identifier: MIT */
/* Sockets in rooms: what a membership takes to add, to keep and to remove, beside socket.io's
 * in-memory adapter, from a thousand sockets to a million. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bar, interleave, median, runJson, spread, table } from './measure.mjs';

const NODE = fileURLToPath(new URL('membership-node.mjs', import.meta.url));
const PER = 5; /* rooms of each socket; ten times as many sockets as rooms */

/* Processes of 1,000 sockets would measure the first pages of a heap: there are as many
 * namespaces of that size. */
const SIZES = [
    { what: '1,000 (100 namespaces)', namespaces: 100, sockets: 1000, rooms: 100 },
    { what: '100,000', namespaces: 1, sockets: 100_000, rooms: 10_000, bars: true },
    { what: '1,000,000', namespaces: 1, sockets: 1_000_000, rooms: 100_000, big: true },
];
const LIMITS = { bytes: 56, add_us: 0.30, remove_us: 0.18 };
const WORST_US = 1000;

function contestants({ build }, size) {
    const program = join(build, 'tests/bench/bench_membership');
    const options = ['--namespaces', size.namespaces, '--sockets', size.sockets, '--rooms',
        size.rooms, '--per', PER];
    const values = [size.namespaces, size.sockets, size.rooms, PER];
    const list = [{ name: 'sio-adapter', program, args: options, worst: [...options, '--worst', 1] }];
    if (!size.big) /* Node takes a gigabyte and a minute for that */
        list.push({ name: 'socket.io-adapter', program: process.execPath, args: ['--expose-gc', NODE, ...values] });
    return list;
}

async function measureSize(scene, size, bars) {
    const list = contestants(scene, size);
    const results = await interleave(list, size.big ? Math.min(3, scene.rounds) : scene.rounds,
        async ({ program, args, worst }) => ({
            ...await runJson(program, args),
            ...worst ? await runJson(program, worst) : {},
        }));
    const of = (one, key) => results.get(one).map((r) => r[key]);
    const [ours] = list;
    if (size.bars) {
        bars.push(bar('membership, 100,000 sockets: bytes', LIMITS.bytes, median(of(ours, 'bytes'))));
        bars.push(bar('membership, 100,000 sockets: CPU us to add', LIMITS.add_us, median(of(ours, 'add_us'))));
        bars.push(bar('membership, 100,000 sockets: CPU us to remove', LIMITS.remove_us, median(of(ours, 'remove_us'))));
    }
    if (size.big) { /* the least, since whatever disturbs the process counts as well */
        bars.push(bar('membership, 1,000,000 sockets: bytes', LIMITS.bytes, median(of(ours, 'bytes'))));
        bars.push(bar('membership, 1,000,000 sockets: longest connect and five joins, us', WORST_US,
            Math.min(...of(ours, 'worst_us'))));
    }
    return list.map((one) => [size.what, one.name,
        ...['bytes', 'add_us', 'remove_us'].map((key) => spread(of(one, key))),
        one.worst ? spread(of(one, 'worst_us')) : '-']);
}

/** @return Markdown; the bars are appended to `bars`. */
export async function measureMembership(scene, bars) {
    const rows = [];
    for (const size of SIZES)
        rows.push(...await measureSize(scene, size, bars));
    return `### Memberships\n\n${table(['sockets', 'adapter', 'bytes', 'CPU us to add',
        'CPU us to remove', 'longest connect and five joins, us'], rows)}\n`;
}
