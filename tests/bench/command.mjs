/* SPDX-License-Identifier: MIT */
/* Second experiment: the command sio-emit, for one emit and for a stream of them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHANNEL } from './cases.mjs';
import { bar, interleave, median, runJson, spread, table } from './measure.mjs';
import { secured } from './tls.mjs';

const script = (name) => fileURLToPath(new URL(name, import.meta.url));

const times = (scene, runs, input, argv) =>
    runJson(join(scene.build, 'tests/bench/bench_exec'), [runs, input, ...argv]);

/** One emit, from exec to exit. */
export async function measureOneShot(scene, bars) {
    const { build, dir, port } = scene;
    const emit = join(build, 'emitter/cli/sio-emit');
    const event = ['--to', 'room1', 'msg', 'hello', '42'];
    const { port: tlsPort, ca } = await secured(scene);
    const tls = ['-p', tlsPort, '--tls', '--cacert', ca];
    const contestants = [
        { name: 'sio-emit --to room1 msg hello 42', runs: 40, argv: [emit, '-p', port, ...event] },
        {
            name: 'redis-cli PUBLISH', runs: 40,
            argv: ['redis-cli', '-p', port, 'PUBLISH', CHANNEL, 'hello'],
        },
        {
            name: 'a bare hiredis program', runs: 40,
            argv: [join(build, 'tests/bench/bench_hiredis'), '--port', port, '--mode', 'pack', '-n', 1,
                '--warm', 0, '--payload', join(dir, 'small.payload'), '--args', join(dir, 'small.args')],
        },
        {
            name: '@socket.io/redis-emitter, redis 4.7', runs: 3,
            argv: [process.execPath, script('emit-once.mjs'), port],
        },
        {
            name: 'sio-emit --tls --cacert ca.crt', runs: 20, throughTls: true,
            argv: [emit, ...tls, ...event],
        },
        {
            name: 'redis-cli --tls --cacert ca.crt PUBLISH', runs: 20, throughTls: true,
            argv: ['redis-cli', ...tls, 'PUBLISH', CHANNEL, 'hello'],
        },
    ];
    const results = await interleave(contestants, scene.rounds, async ({ argv, runs }) => {
        const all = await times(scene, runs, '/dev/null', argv);
        return { ms: median(all.ms), cpu: median(all.cpu_ms), rss: Math.max(...all.rss_kib) / 1024 };
    });
    const [ours, cli] = [...results.values()];
    bars.push(bar('sio-emit, exec to exit / redis-cli', 0.5,
        median(ours.map(({ ms }, i) => ms / cli[i].ms))));
    bars.push(bar('sio-emit, peak RSS / redis-cli', 1,
        median(ours.map(({ rss }, i) => rss / cli[i].rss))));
    const cliThroughTls = [...results.values()].at(-1);
    const rows = [...results].map(([{ name, throughTls }, list]) => [
        `\`${name}\``, spread(list.map(({ ms }) => ms)),
        spread(list.map(({ ms }, i) => ms / (throughTls ? cliThroughTls : cli)[i].ms)),
        spread(list.map(({ cpu }) => cpu)), spread(list.map(({ rss }) => rss)),
    ]);
    console.error('bench: one emit done');
    return `### One emit, exec to exit\n\n${table(
        ['command', 'ms', 'ms / redis-cli', 'CPU ms', 'peak RSS, MiB'], rows)}\n`;
}

/** Many lines of JSON. */
export async function measureLines(scene, bars) {
    const { build, dir, port } = scene;
    const n = 300_000;
    const input = join(dir, 'lines');
    await writeFile(input, Array.from({ length: n }, (_, i) =>
        `${JSON.stringify({ event: 'msg', args: ['hello', i], to: 'room1' })}\n`).join(''));
    const contestants = [
        {
            name: 'sio-emit --lines-json',
            argv: [join(build, 'emitter/cli/sio-emit'), '-p', port, '--lines-json'],
        },
        { name: 'node lines.mjs', argv: [process.execPath, script('lines.mjs'), port] },
    ];
    const results = await interleave(contestants, scene.rounds, async ({ argv }) => {
        const { ms: [ms], cpu_ms: [cpu], rss_kib: [rss] } = await times(scene, 1, input, argv);
        return { rate: n / ms * 1e3, us: cpu / n * 1e3, rss: rss / 1024 };
    });
    const [ours, node] = [...results.values()];
    const share = ours.map(({ rate }, i) => rate / node[i].rate);
    bars.push(bar('sio-emit --lines-json, CPU us a line', 1.0, median(ours.map(({ us }) => us))));
    bars.push(bar('sio-emit --lines-json, rate / Node', 5, median(share), { least: true }));
    const rows = [...results].map(([{ name }, list]) => [
        `\`${name}\``, spread(list.map(({ rate }) => rate)),
        spread(list.map(({ rate }, i) => rate / node[i].rate)), spread(list.map(({ us }) => us)),
        spread(list.map(({ rss }) => rss)),
    ]);
    console.error('bench: lines done');
    return `### ${n} lines of JSON, exec to exit\n\n${table(
        ['command', 'lines/s', 'rate / Node', 'CPU us a line', 'peak RSS, MiB'], rows)}\n`;
}
