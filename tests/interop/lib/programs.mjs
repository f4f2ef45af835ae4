/* SPDX-License-Identifier: MIT */
/* The C side: the command `sio-emit`, and the library through `sio-emit-driver`,
 * a program that makes one library call per line of tagged JSON on its stdin.
 *
 * Both are given a call the same way:
 *   {op, key, nsp, rooms, except, flags, event, args, target, close}
 * with op "emit" (the default), "socketsJoin" or "socketsLeave" (of `target` rooms),
 * "disconnectSockets" (`close`) or "serverSideEmit" (`event`, `args`). */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { within } from './scope.mjs';
import { jsonText, plainText } from './values.mjs';

const DEADLINE = 20_000;
const ARG_BYTES = 100_000; /* Linux takes 128 KiB in one argument */

/** The program that an environment variable names. */
export function programPath(variable) {
    if (!process.env[variable])
        throw new Error(`${variable} is not set: run the tests through ctest, or set it by hand`);
    return process.env[variable];
}

/** Run a program to its end. @return {code, signal, stdout, stderr} */
export async function run(program, args, { stdin = '', env = {}, deadline = DEADLINE } = {}) {
    const child = spawn(program, args, { env, stdio: 'pipe' });
    const out = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'])
        child[stream].setEncoding('utf8').on('data', (text) => { out[stream] += text; });
    child.stdin.on('error', () => {}); /* it need not read its input */
    child.stdin.end(stdin);
    const ended = new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code, signal) => resolve({ code, signal, ...out }));
    });
    try {
        return await within(deadline, ended, () => `end of ${program} ${args.join(' ')}`);
    } finally {
        child.kill('SIGKILL');
    }
}

/** Run sio-emit; it finds Redis through `redis`, or through what `args` and `env` say. */
export function sioEmit(args, { redis, env = {}, ...options } = {}) {
    const where = redis ? { SIO_EMIT_URL: redis.url, ...redis.env } : {};
    return run(programPath('SIO_EMIT'), args, { env: { ...where, ...env }, ...options });
}

function optionsOf({ key, nsp, rooms = [], except = [], flags = {} }) {
    return [
        ...(key ? ['--prefix', key] : []),
        ...(nsp ? ['--of', nsp] : []),
        ...rooms.flatMap((room) => ['--to', plainText(room)]),
        ...except.flatMap((room) => ['--except', plainText(room)]),
        ...Object.entries(flags).flatMap(([flag, on]) =>
            (flag === 'compress' && !on ? ['--no-compress'] : [`--${flag}`])),
    ];
}

const wholeFile = (arg) => typeof arg === 'object' && arg !== null && '$bin' in arg;

/** Can the command line say this call? Not U+0000, nor a value that neither is short JSON nor
 *  comes from a file, nor a flag where it would have no effect. */
export function canBeTyped(call) {
    const flagged = Object.keys(call.flags ?? {}).length > 0;
    return !(flagged && (call.op ?? 'emit') !== 'emit')
        && !JSON.stringify(call).includes('\\u0000')
        && (call.args ?? []).every((arg) => wholeFile(arg) || (jsonText(arg)?.length ?? Infinity) < ARG_BYTES)
        && !(call.event ?? '').startsWith('-');
}

/* Strings go as they are: --string keeps "1" from being read as a number. */
async function argumentsOf(args, scope) {
    const argv = [];
    for (const arg of args) {
        if (wholeFile(arg)) {
            const dir = await mkdtemp(join(tmpdir(), 'sio-interop-'));
            scope.after(() => rm(dir, { recursive: true, force: true }));
            await writeFile(join(dir, 'bytes'), Buffer.from(arg.$bin, 'hex'));
            argv.push('-b', join(dir, 'bytes'));
        } else if (plainText(arg) !== undefined) {
            argv.push('--string', plainText(arg));
        } else {
            argv.push(jsonText(arg));
        }
    }
    return argv;
}

/** The command line of a call. */
export async function commandLine(call, scope) {
    const options = optionsOf(call);
    switch (call.op ?? 'emit') {
    case 'socketsJoin':
        return [...options, ...call.target.flatMap((room) => ['--join', room])];
    case 'socketsLeave':
        return [...options, ...call.target.flatMap((room) => ['--leave', room])];
    case 'disconnectSockets':
        return [...options, call.close ? '--disconnect=close' : '--disconnect'];
    case 'serverSideEmit':
        options.push('--server-emit');
        break;
    }
    return [...options, call.event, ...(await argumentsOf(call.args ?? [], scope))];
}

/** sio-emit-driver on that Redis: `call(call, via)` waits until Redis has answered and
 *  resolves to {ok: true, receivers} or {ok: false, error: "SIO_...", text}. `via` is how
 *  the arguments reach the library: "json", "msgpack" or "builder". */
export async function startDriver(scope, redis) {
    const child = spawn(programPath('SIO_EMIT_DRIVER'), [redis.url], {
        stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...redis.env },
    });
    const exited = new Promise((resolve) => child.once('close', resolve));
    const waiting = new Map();
    let gone = null;
    const fail = (why) => {
        gone = new Error(`sio-emit-driver: ${why}`);
        waiting.forEach(({ reject }) => reject(gone));
        waiting.clear();
    };
    child.once('error', (err) => fail(err.message));
    child.once('close', (code, signal) => fail(`ended by ${signal ?? `status ${code}`}`));
    child.stdin.on('error', () => {});
    createInterface({ input: child.stdout }).on('line', (line) => {
        const { id, ...answer } = JSON.parse(line);
        waiting.get(id)?.resolve(answer);
        waiting.delete(id);
    });
    scope.after(async () => {
        child.stdin.end(`${JSON.stringify({ id: 0, op: 'quit' })}\n`);
        await within(DEADLINE, exited, () => 'end of sio-emit-driver')
            .finally(() => child.kill('SIGKILL'));
    });
    let last = 0;
    return {
        call(call, via = 'builder') {
            if (gone)
                return Promise.reject(gone);
            const id = ++last;
            const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
            child.stdin.write(`${JSON.stringify({ id, op: 'emit', via, ...call })}\n`);
            return within(DEADLINE, answer,
                () => `answer to ${JSON.stringify(call).slice(0, 200)}`);
        },
    };
}
