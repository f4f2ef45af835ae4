/* SPDX-License-Identifier: MIT */
/* Sockets in rooms: what a membership takes to add, to keep and to remove, beside socket.io's
 * in-memory adapter and bare arrays, from a thousand sockets to a million. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bar, interleave, median, runJson, spread, table } from './measure.mjs';

const NODE = fileURLToPath(new URL('membership-node.mjs', import.meta.url));
const PER = 5; /* rooms of each socket */

/* 10,000 rooms, and as many sockets as there may be; then ten sockets a room. What takes
 * milliseconds is repeated; processes of 1,000 sockets in 100 rooms would measure the first
 * pages of a heap: there are as many namespaces of that size. */
const SIZES = [
    { what: '1,000 in 10,000 rooms', sockets: 1000, rooms: 10_000, repeat: 100, small: true },
    { what: '10,000 in 10,000 rooms', sockets: 10_000, rooms: 10_000, repeat: 10 },
    { what: '100,000 in 10,000 rooms', sockets: 100_000, rooms: 10_000, bars: true },
    { what: '1,000,000 in 10,000 rooms', sockets: 1_000_000, rooms: 10_000, big: true },
    { what: '1,000 in 100 rooms (100 namespaces)', namespaces: 100, sockets: 1000, rooms: 100 },
    { what: '1,000,000 in 100,000 rooms', sockets: 1_000_000, rooms: 100_000, large: true },
];
const LIMITS = { bytes: 56, add_us: 0.30, remove_us: 0.18 };
const WORST_US = 1000;

function contestants({ build }, size) {
    const program = join(build, 'tests/bench/bench_membership');
    const { namespaces = 1, sockets, rooms, repeat = 1, big, large } = size;
    const options = ['--namespaces', namespaces, '--sockets', sockets, '--rooms', rooms,
        '--per', PER, '--repeat', repeat];
    const list = [
        { name: 'sio-adapter', program, args: options, worst: [...options, '--worst', 1] },
        { name: 'two arrays of pointers', program, args: [...options, '--bare', 1] },
    ];
    if (!big && !large && repeat === 1) /* Node takes a gigabyte and a minute for a million */
        list.push({
            name: 'socket.io-adapter', program: process.execPath,
            args: ['--expose-gc', NODE, namespaces, sockets, rooms, PER],
        });
    return list;
}

async function measureSize(scene, size, bars) {
    const list = contestants(scene, size);
    const results = await interleave(list, size.big || size.large ? Math.min(3, scene.rounds) : scene.rounds,
        async ({ program, args, worst }) => ({
            ...await runJson(program, args),
            ...worst ? await runJson(program, worst) : {},
        }));
    const of = (one, key) => results.get(one).map((r) => r[key]);
    const [ours, arrays] = list;
    if (size.bars) {
        bars.push(bar('membership, 100,000 sockets: bytes', LIMITS.bytes, median(of(ours, 'bytes'))));
        bars.push(bar('membership, 100,000 sockets: CPU us to add', LIMITS.add_us, median(of(ours, 'add_us'))));
        bars.push(bar('membership, 100,000 sockets: CPU us to remove', LIMITS.remove_us, median(of(ours, 'remove_us'))));
    }
    if (size.big)
        bars.push(bar('membership, 1,000,000 sockets: bytes', LIMITS.bytes, median(of(ours, 'bytes'))));
    if (size.large) /* the least, since whatever disturbs the process counts as well */
        bars.push(bar('membership, 1,000,000 sockets: longest connect and five joins, us', WORST_US,
            Math.min(...of(ours, 'worst_us'))));
    const rows = list.map((one) => [size.what, one.name,
        ...['bytes', 'add_us', 'remove_us'].map((key) => spread(of(one, key))),
        one.worst ? spread(of(one, 'worst_us')) : '-']);
    const costs = (one) => ({
        add: median(of(one, 'add_us')), remove: median(of(one, 'remove_us')),
        bytes: median(of(one, 'bytes')),
    });
    return { rows, size, ours: costs(ours), arrays: costs(arrays) };
}

/* Nothing may grow but what the machine's caches make of it, which is what arrays grow by. */
function measureGrowth(measured, bars) {
    const small = measured.find(({ size }) => size.small), big = measured.find(({ size }) => size.big);
    for (const key of ['bytes', 'add', 'remove']) {
        const times = (which) => big[which][key] / small[which][key];
        bars.push(bar(`membership in 10,000 rooms: ${key}, a million sockets / a thousand (bar: as arrays)`,
            Number(Math.max(1, times('arrays')).toFixed(2)), times('ours')));
    }
}

/** @return Markdown; the bars are appended to `bars`. */
export async function measureMembership(scene, bars) {
    const measured = [];
    for (const size of SIZES)
        measured.push(await measureSize(scene, size, bars));
    measureGrowth(measured, bars);
    const rows = measured.flatMap((one) => one.rows);
    return `### Memberships\n\n${table(['sockets', 'adapter', 'bytes', 'CPU us to add',
        'CPU us to remove', 'longest connect and five joins, us'], rows)}\n`;
}
