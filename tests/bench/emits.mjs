/* SPDX-License-Identifier: MIT */
/* First experiment: many emits from one process. CPU of the emitting process, rate, and how
 * busy Redis is kept, with 0 and with 1 subscriber. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHANNEL, payloadOf } from './cases.mjs';
import { bar, interleave, median, runJson, shown, spread, table } from './measure.mjs';
import { within } from '../interop/lib/scope.mjs';

const PATTERN = 'socket.io#/#*'; /* what a server subscribes to */
const NODE = fileURLToPath(new URL('emit-node.mjs', import.meta.url));
const CONSTANT = 'hiredis, a constant command';

/* input: --case of bench_emit and its data; limit: of CPU us a message */
const CASES = [
    {
        name: 'small', title: 'a small event: `emit("msg", "hello", 42)`', n: 1_000_000, nodeN: 200_000,
        inputs: [{ input: 'small', limit: 0.45 }],
    },
    {
        name: 'object', title: 'an object of 20 keys, nested, about 900 bytes', n: 400_000, nodeN: 60_000,
        inputs: [
            { input: 'packed', data: 'object.args', as: ', given packed', limit: 1.2 },
            { input: 'json', data: 'object.json', as: ', given as JSON text', limit: 3.0 },
        ],
    },
    {
        name: 'binary', title: '1 KiB of binary', n: 400_000, nodeN: 100_000,
        inputs: [{ input: 'bin', data: 'binary.bytes', limit: 1.1 }],
    },
];

function contestants({ name, n, nodeN, inputs }, { build, dir, port, pid }) {
    const bench = (program) => join(build, 'tests/bench', program);
    const ours = (mode) => ({ input, data, as = '', limit }) => ({
        name: `sio-emitter, ${mode === 'thread' ? "the link's own thread" : 'event loop'}${as}`,
        n, limit, what: `${name}${as}, ${mode}`,
        run: (count, warm) => runJson(bench('bench_emit'), [
            '--url', `redis://127.0.0.1:${port}`, '--mode', mode, '--case', input, '-n', count,
            '--warm', warm, '--redis-pid', pid, ...(data ? ['--data', join(dir, data)] : []),
        ]),
    });
    const hiredis = (title, mode) => ({
        name: title, n,
        run: (count, warm) => runJson(bench('bench_hiredis'), [
            '--port', port, '--mode', mode, '-n', count, '--warm', warm, '--redis-pid', pid,
            '--channel', CHANNEL, '--payload', join(dir, `${name}.payload`),
            '--args', join(dir, `${name}.args`),
        ]),
    });
    return [
        ...inputs.map(ours('thread')),
        ...inputs.map(ours('loop')),
        hiredis('hiredis and msgpack-c, no library around them', 'pack'),
        hiredis(CONSTANT, 'const'),
        {
            name: '@socket.io/redis-emitter, redis 4.7', n: nodeN,
            run: (count, warm) => runJson(process.execPath, [NODE, port, name, count, warm, pid]),
        },
    ];
}

/** Timing means nothing unless everyone publishes the right bytes, and all of them. */
async function verify(scene) {
    const n = 300;
    const subscriber = await scene.redis.client(scene.scope);
    let seen = [];
    let look = () => {};
    await subscriber.pSubscribe('*', (payload, channel) => {
        seen.push([channel.toString(), payload]);
        look();
    }, true);
    for (const one of CASES) {
        const wanted = payloadOf(one.name);
        for (const { name, run } of contestants(one, scene)) {
            seen = [];
            await run(n - 50, 50);
            await scene.redis.publish('end', name);
            await within(10_000, new Promise((resolve) => {
                look = () => { if (seen.at(-1)?.[0] === 'end') resolve(); };
                look();
            }), () => `message of ${name}`);
            const wrong = seen.slice(0, -1).find(([channel, payload]) =>
                channel !== CHANNEL || !payload.equals(wanted));
            if (wrong || seen.length !== n + 1)
                throw new Error(`${name}, ${one.name}: ${seen.length - 1} messages instead of ${n}, `
                    + `wrong: ${wrong?.[0]} ${wrong?.[1].toString('hex')}, not ${wanted.toString('hex')}`);
        }
    }
    await subscriber.pUnsubscribe();
    await subscriber.quit();
}

async function subscribe({ build, port }) {
    const child = spawn(join(build, 'tests/bench/bench_sub'), [String(port), PATTERN],
        { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    return async () => {
        const exited = once(child, 'exit');
        child.stdin.end();
        await exited;
    };
}

const cpu = (r) => (r.cpu_s / r.n) * 1e6;
const rate = (r) => r.n / r.wall_s;
const redisBusy = (r) => (r.redis_s / r.wall_s) * 100;

function report(title, subscribers, results, bars) {
    const of = (start) => [...results].find(([{ name }]) => name.startsWith(start))[1];
    const constant = of(CONSTANT);
    const node = of('@socket.io');
    const rows = [];
    for (const [{ name, what, limit }, list] of results) {
        const share = list.map((r, i) => rate(r) / rate(constant[i]));
        rows.push([
            name, spread(list.map(cpu)), spread(list.map((r, i) => cpu(node[i]) / cpu(r))),
            spread(list.map(rate)), spread(share), spread(list.map(redisBusy)),
            shown(median(list.map((r) => (r.redis_s / r.n) * 1e6))),
        ]);
        if (!what)
            continue;
        const where = `${what}, ${subscribers} subscriber(s)`;
        bars.push(bar(`${where}: CPU us a message`, limit, median(list.map(cpu))));
        if (what.startsWith('small')) {
            bars.push(bar(`${where}: Redis busy, %`, 95, median(list.map(redisBusy)), { least: true }));
            bars.push(bar(`${where}: rate / constant command`, 0.9, median(share), { least: true }));
        }
    }
    return `### ${title}, ${subscribers} subscriber(s)\n\n${table([
        'emitter', 'CPU us a message', 'times less than Node', 'messages/s', 'rate / constant',
        'Redis busy, %', 'Redis CPU us',
    ], rows)}\n`;
}

/** @return Markdown; the bars are appended to `bars`. */
export async function measureEmits(scene, bars) {
    await verify(scene);
    const parts = [];
    for (const subscribers of [0, 1])
        for (const one of CASES) {
            if (!scene.cases.includes(one.name))
                continue;
            const unsubscribe = subscribers > 0 ? await subscribe(scene) : async () => {};
            const results = await interleave(contestants(one, scene), scene.rounds,
                ({ run, n }) => run(Math.round(n * scene.scale), Math.round(n * scene.scale / 10)));
            await unsubscribe();
            parts.push(report(one.title, subscribers, results, bars));
            console.error(`bench: ${one.name} with ${subscribers} subscriber(s) done`);
        }
    return parts.join('\n');
}
