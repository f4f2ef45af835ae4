/* SPDX-License-Identifier: MIT */
/* Links that do nothing: CPU time of one, memory and descriptors of a thousand. */
import { join } from 'node:path';
import { bar, median, runJson, shown, spread, table } from './measure.mjs';

const IDLE_S = 20;
const MANY = 1000;
const LIMITS = { percent: 0.05, kib: 24 };

/* Who subscribes has a loop. */
const PUBLISHING = { use: 'publishing', mode: 'loop', where: 'a loop', subscribes: 0 };
const SUBSCRIBING = { ...PUBLISHING, use: 'publishing and subscribing', subscribes: 1 };
const THREADED = { ...PUBLISHING, mode: 'thread', where: 'its own thread' };

const run = ({ build, port }, { links, mode, subscribes }) =>
    runJson(join(build, 'tests/bench/bench_links'), [
        '--url', `redis://127.0.0.1:${port}`, '--links', links, '--mode', mode,
        '--subscribe', subscribes, '--idle', IDLE_S,
    ]);

const KINDS = [
    { ...THREADED, links: 1 }, { ...PUBLISHING, links: 1 }, { ...SUBSCRIBING, links: 1 },
    { ...PUBLISHING, links: MANY }, { ...SUBSCRIBING, links: MANY },
];

function judge({ links, use, mode }, all, kib, bars) {
    if (links === 1) {
        bars.push(bar(`an idle link, ${mode}, ${use}: CPU, %`, LIMITS.percent,
            median(all.map((r) => r.idle_cpu_percent))));
        return;
    }
    for (const [key, what] of [['idle_bytes', 'allocated'], ['idle_resident', 'resident']])
        bars.push(bar(`${links} idle links on a loop, ${use}: KiB ${what}, each`, LIMITS.kib,
            median(kib(key))));
}

/** Each is a process; all at a time, for none of them does anything.
 *  @return Markdown; the bars are appended to `bars`. */
export async function measureLinks(scene, bars) {
    const rounds = [];
    for (let round = 0; round < Math.min(3, scene.rounds); round++)
        rounds.push(await Promise.all(KINDS.map((kind) => run(scene, kind))));
    const rows = KINDS.map((kind, i) => {
        const all = rounds.map((round) => round[i]);
        const kib = (key) => all.map((r) => r[key] / 1024);
        judge(kind, all, kib, bars);
        return [String(kind.links), kind.use, kind.where, shown(median(all.map(({ fds }) => fds))),
            ...['idle_bytes', 'idle_resident'].map((key) => (kind.links > 1 ? spread(kib(key)) : '-')),
            spread(all.map((r) => r.idle_cpu_percent))];
    });
    console.error('bench: idle links done');
    return `### Idle links\n\n${table(['links', 'for', 'on', 'descriptors, each', 'KiB allocated, each',
        'KiB resident, each', 'CPU of all, %'], rows)}\n`;
}
