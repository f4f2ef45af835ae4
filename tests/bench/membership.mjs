/* SPDX-License-Identifier: MIT */
/* Sockets in rooms: what a membership takes to add, to keep and to remove, beside socket.io's
 * in-memory adapter and bare arrays, from a thousand sockets to a million. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bar, interleave, median, runJson, shown, spread, table } from './measure.mjs';

const NODE = fileURLToPath(new URL('membership-node.mjs', import.meta.url));
const PER = 5; /* rooms of each socket */
const ROUNDS = 5; /* at most: one takes half a minute */

/* 10,000 rooms, and as many sockets as there may be: `grows`. Then ten sockets a room. What
 * takes milliseconds is repeated; processes of 1,000 sockets in 100 rooms would measure the
 * first pages of a heap: there are as many namespaces of that size. */
const SIZES = [
    { what: '1,000 in 10,000 rooms', sockets: 1000, rooms: 10_000, repeat: 100, grows: true },
    { what: '10,000 in 10,000 rooms', sockets: 10_000, rooms: 10_000, repeat: 10, grows: true },
    { what: '100,000 in 10,000 rooms', sockets: 100_000, rooms: 10_000, grows: true, dense: true, node: true },
    { what: '1,000,000 in 10,000 rooms', sockets: 1_000_000, rooms: 10_000, grows: true, dense: true },
    { what: '1,000 in 100 rooms (100 namespaces)', namespaces: 100, sockets: 1000, rooms: 100, node: true },
    { what: '1,000,000 in 100,000 rooms', sockets: 1_000_000, rooms: 100_000, worst: true },
];
/* of a membership, all included; bytes where the rooms are not nearly empty */
const LIMITS = { bytes: 56, add_us: 0.30, remove_us: 0.18 };
const WORST_US = 1000;
const GROWTH = 1.5; /* or that of bare arrays, which is what the machine's caches make of it */
const KEYS = { add_us: 'CPU us to add', remove_us: 'CPU us to remove' };

function contestants({ build }, size) {
    const program = join(build, 'tests/bench/bench_membership');
    const { namespaces = 1, sockets, rooms, repeat = 1, node } = size;
    const options = ['--namespaces', namespaces, '--sockets', sockets, '--rooms', rooms,
        '--per', PER, '--repeat', repeat];
    const list = [
        { size, kind: 'ours', name: 'sio-adapter', program, args: options, worst: [...options, '--worst', 1] },
        { size, kind: 'arrays', name: 'two bare arrays', program, args: [...options, '--bare', 1] },
    ];
    if (node) /* it takes a gigabyte and a minute for a million */
        list.push({
            size, kind: 'node', name: 'socket.io-adapter', program: process.execPath,
            args: ['--expose-gc', NODE, namespaces, sockets, rooms, PER],
        });
    return list;
}

function judgeSize(size, of, bars) {
    const name = `membership, ${size.what}`;
    if (size.dense)
        bars.push(bar(`${name}: bytes`, LIMITS.bytes, median(of(size, 'ours', 'bytes'))));
    if (size.grows)
        for (const [key, what] of Object.entries(KEYS))
            bars.push(bar(`${name}: ${what}`, LIMITS[key], median(of(size, 'ours', key))));
    if (size.worst) /* the least, since whatever disturbs the process counts as well */
        bars.push(bar(`${name}: longest connect and five joins, us`, WORST_US,
            Math.min(...of(size, 'ours', 'worst_us'))));
}

/* Round by round, a million sockets to a thousand. @return Markdown */
function judgeGrowth(of, bars) {
    const growing = SIZES.filter(({ grows }) => grows);
    const [small, big] = [growing[0], growing.at(-1)];
    const rows = Object.entries(KEYS).map(([key, what]) => {
        const times = (kind) => of(big, kind, key).map((x, i) => x / of(small, kind, key)[i]);
        const arrays = median(times('arrays'));
        bars.push(bar(`membership, ${what}, times from 1,000 to 1,000,000 sockets in 10,000 rooms: not more than `
            + `the arrays' own growth (${shown(arrays)}) or ${GROWTH}`,
        Number(shown(Math.max(GROWTH, arrays))), median(times('ours'))));
        return [what, spread(times('ours')), spread(times('arrays'))];
    });
    return `### Memberships, growth from 1,000 to 1,000,000 sockets in 10,000 rooms\n\n${table(
        ['', 'sio-adapter, times', 'two bare arrays, times'], rows)}\n`;
}

/** @return Markdown; the bars are appended to `bars`. */
export async function measureMembership(scene, bars) {
    const list = SIZES.flatMap((size) => contestants(scene, size));
    const results = await interleave(list, Math.max(3, Math.min(ROUNDS, scene.rounds)),
        async ({ program, args, worst }) => ({
            ...await runJson(program, args),
            ...worst ? await runJson(program, worst) : {},
        }));
    const of = (size, kind, key) =>
        results.get(list.find((one) => one.size === size && one.kind === kind)).map((r) => r[key]);
    for (const size of SIZES)
        judgeSize(size, of, bars);
    const growth = judgeGrowth(of, bars);
    const rows = list.map((one) => [one.size.what, one.name,
        ...['bytes', 'add_us', 'remove_us'].map((key) => spread(of(one.size, one.kind, key))),
        one.worst ? spread(of(one.size, one.kind, 'worst_us')) : '-']);
    console.error('bench: memberships done');
    return `### Memberships\n\n${table(['sockets', 'adapter', 'bytes', 'CPU us to add',
        'CPU us to remove', 'longest connect and five joins, us'], rows)}\n\n${growth}`;
}
