/* SPDX-License-Identifier: MIT */
/* What the tests of the command need beside the shared fixture: channels as Redis sees
 * them, and processes that are watched while they run. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Scope, SENTINELS, sioEmit, startRedis } from '../interop/lib/fixture.mjs';

export const EXIT = {
    ok: 0, internal: 1, usage: 2, connect: 3, auth: 4, redis: 5, timeout: 6, partial: 7, toobig: 8,
};

/** Redis for a describe() block, and a scope for each test in it. */
export function useRedis(options) {
    const whole = new Scope();
    const at = { scope: new Scope() };
    before(async () => { at.redis = await startRedis(whole, options); });
    afterEach(() => at.scope.close());
    after(() => whole.close());
    at.emit = (args, more = {}) => sioEmit(args, { redis: at.redis, ...more });
    return at;
}

/** A scope for each test, without a Redis. */
export function useScope() {
    const at = { scope: new Scope() };
    afterEach(() => at.scope.close());
    return at;
}

/** Wait for a condition to come true. */
export async function until(condition, what) {
    const limit = Date.now() + 15_000;
    while (!(await condition())) {
        if (Date.now() > limit)
            throw new Error(`still not: ${what}`);
        await delay(5);
    }
}

/** Everything published from now on, in order: {channel, message (a Buffer)}. */
export async function listen({ redis, scope }) {
    const client = await redis.client(scope);
    const begin = 'sio-test-listen';
    const seen = [];
    let begun = 0;
    await client.pSubscribe('*', (message, name) => {
        const channel = String(name);
        if (channel === begin)
            begun++;
        else if (channel !== SENTINELS)
            seen.push({ channel, message });
    }, true);
    /* what was published before may still be under way in a cluster */
    const origins = await redis.publishFromAll(begin, () => '');
    await until(() => begun === origins, 'begin');
    seen.length = 0;
    return seen;
}

/** What --dry-run --json shows: one object an emit; bad lines are left out. */
export async function dryRun(args, more) {
    const result = await sioEmit(['--dry-run', '--json', ...args], more);
    return {
        ...result,
        shown: result.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line))
            .filter(({ channel }) => channel !== undefined),
    };
}

/** The arguments of the event as a dry run shows them. */
export async function argsOf(args, more) {
    const { code, stderr, shown } = await dryRun(args, more);
    if (code !== 0)
        throw new Error(stderr);
    return shown[0].packet[1].data.slice(1);
}

/** sio-emit with its ends in the test's hands. */
export function start({ redis, scope }, args,
    { env = {}, program = process.env.SIO_EMIT, stdin = 'pipe' } = {}) {
    const where = redis ? { SIO_EMIT_URL: redis.url, ...redis.env } : {};
    const child = spawn(program, args,
        { env: { ...where, ...env }, stdio: [stdin, 'pipe', 'pipe'] });
    const at = { child, stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'])
        child[stream].setEncoding('utf8').on('data', (text) => { at[stream] += text; });
    child.stdin?.on('error', () => {});
    at.ended = new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code, signal) => resolve({ code, signal }));
    });
    at.write = (text) => new Promise((resolve) => child.stdin.write(text, resolve));
    at.lines = () => at.stdout.split('\n').slice(0, -1);
    scope.after(async () => {
        child.kill('SIGKILL');
        await at.ended;
    });
    return at;
}

/** A directory that lives as long as the test. */
export async function directory(scope) {
    const dir = await mkdtemp(join(tmpdir(), 'sio-cli-'));
    scope.after(() => rm(dir, { recursive: true, force: true }));
    return dir;
}

/** A file that lives as long as the test and only we can read. */
export async function file(scope, content, mode = 0o600) {
    const path = join(await directory(scope), 'file');
    await writeFile(path, content);
    await chmod(path, mode);
    return path;
}

/** The largest resident size so far, in KiB; undefined once the process has ended. */
export function peakOf(pid) {
    try {
        return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    } catch {
        return undefined;
    }
}

/** Sanitizers have memory and start-up costs of their own. */
export const SANITIZED = Boolean(process.env.SIO_SANITIZE);

/** The rows of --help: their letters and long names. */
export function optionsOf(help) {
    const rows = help.matchAll(/^ {2}(?:-(\w), | {4})((?:--[\w-]+(?:, )?)+)/gm);
    return [...rows].map(([, letter, names]) => ({ letter, names: names.split(', ') }));
}

/** What a failure looks like: its status, nothing on stdout, one line on stderr. */
export function assertFails(result, code, message) {
    assert.equal(result.code, code, result.stderr);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, message);
    assert.match(result.stderr, /^sio-emit: [^\n]+\n$/, 'one line');
}

/** A server on a free loopback port that hands connections to `answer`. @return the port */
export async function listener(scope, answer = () => {}) {
    const sockets = new Set();
    const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        answer(socket);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    scope.after(() => new Promise((resolve) => {
        sockets.forEach((socket) => socket.destroy());
        server.close(resolve);
    }));
    return server.address().port;
}

/** A loopback port on which nobody listens. */
export async function freePort() {
    const scope = new Scope();
    const port = await listener(scope);
    await scope.close();
    return port;
}
