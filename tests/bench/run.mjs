/* SPDX-License-Identifier: MIT */
/* run.mjs --build DIR [--quick] [--only PART[,PART...]] [--case small|object|binary]
 *         [--rounds N] [--document FILE]
 * Runs the benchmarks against a private redis-server on a loopback port and prints Markdown,
 * into FILE as well, between its two markers; scripts/bench builds what it needs. What is
 * not ours is measured in the same rounds. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Scope } from '../interop/lib/scope.mjs';
import { measureLines, measureOneShot } from './command.mjs';
import { require, writeInputs } from './cases.mjs';
import { measureCodecs } from './codecs.mjs';
import { measureEmits } from './emits.mjs';
import { measureLinks } from './links.mjs';
import { measureMembership } from './membership.mjs';
import { table } from './measure.mjs';
import { measureReceives, measureRooms } from './receives.mjs';
import { measureTls } from './tls.mjs';

/* In the order of the document; by the names that --only takes. */
const PARTS = {
    emits: measureEmits, tls: measureTls, once: measureOneShot, lines: measureLines,
    links: measureLinks, codecs: measureCodecs, receives: measureReceives, rooms: measureRooms,
    membership: measureMembership,
};

const { values: options } = parseArgs({
    options: {
        build: { type: 'string' }, quick: { type: 'boolean' }, only: { type: 'string' },
        case: { type: 'string' }, rounds: { type: 'string' }, document: { type: 'string' },
    },
});

const chosen = options.only?.split(',') ?? Object.keys(PARTS);
for (const name of chosen)
    if (!Object.hasOwn(PARTS, name))
        throw new Error(`--only ${name}: no such part, but ${Object.keys(PARTS).join(', ')}`);

const output = (program, ...args) => execFileSync(program, args, {
    encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
}).trim();

async function machine() {
    const version = (...names) => {
        for (const name of names)
            try {
                return output('pkg-config', '--modversion', name);
            } catch {
                /* the other name, then */
            }
        return '?';
    };
    const system = /^PRETTY_NAME="(.*)"$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
    const redis = /v=(\S+)/.exec(output('redis-server', '--version'))[1];
    const emitter = require('@socket.io/redis-emitter/package.json').version;
    const client = require('redis/package.json').version;
    return `${cpus().length} x ${cpus()[0].model}, ${system}, Linux ${release()}; redis-server ${redis}, `
        + `hiredis ${version('hiredis')}, msgpack-c ${version('msgpack-c', 'msgpack')}, `
        + `libevent ${version('libevent_core')}, Node ${process.versions.node}, `
        + `@socket.io/redis-emitter ${emitter}, redis ${client}. Loopback TCP. `
        + 'Cells are median (least-most) of the rounds; ratios are taken round by round.';
}

async function bench(scope) {
    process.env.SIO_REDISD ??= join(options.build, 'tests/support/sio-redisd');
    const { startRedis } = await import('../interop/lib/redis.mjs');
    /* A subscriber that is slower than Redis must not be cut off in the middle. */
    const redis = await startRedis(scope, {
        tcp: true, args: ['--client-output-buffer-limit', 'pubsub 0 0 0'],
    });
    const dir = await mkdtemp(join(tmpdir(), 'sio-bench-'));
    scope.after(() => rm(dir, { recursive: true, force: true }));
    await writeInputs(dir);
    const scene = {
        scope, redis, dir, port: Number(new URL(redis.url).port), pid: redis.pid,
        build: options.build,
        rounds: Number(options.rounds ?? (options.quick ? 2 : 5)),
        scale: options.quick ? 0.2 : 1,
        cases: options.case ? [options.case] : ['small', 'object', 'binary'],
    };
    const bars = [];
    const parts = [`${await machine()}\n`];
    for (const name of chosen)
        parts.push(await PARTS[name](scene, bars));
    parts.push(`### Bars\n\n${table(['what', 'bar', 'median', ''], bars)}`);
    return parts.join('\n');
}

/* Put the tables where the last ones are. */
async function update(document, tables) {
    const [begin, end] = ['<!-- tables -->\n', '<!-- end of tables -->\n'];
    const text = await readFile(document, 'utf8');
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from)
        throw new Error(`${document} has no markers for the tables`);
    await writeFile(document, `${text.slice(0, from)}${begin}\n${tables}\n\n${text.slice(to)}`);
}

const scope = new Scope();
try {
    const tables = await bench(scope);
    console.log(tables);
    if (options.document)
        await update(options.document, tables);
} finally {
    await scope.close();
}
