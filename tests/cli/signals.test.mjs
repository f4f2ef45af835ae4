/* SPDX-License-Identifier: MIT */
/* INT, TERM and HUP: what was read is flushed, what was not sent is said, 128+N. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { directory, EXIT, file, listen, listener, start, until, useRedis } from './lib.mjs';

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const at = useRedis();

/* Bytes that a process has read so far. */
function readBy(pid) {
    return Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))[1]);
}

/* A stream that has sent one line and waits for the next. */
async function streaming(...args) {
    const emit = start(at, ['-l', 'ev', '--json', ...args]);
    await emit.write('first\n');
    await until(() => emit.lines().length === 1, 'answer');
    return emit;
}

describe('fault 48: a stream that waits for input', () => {
    for (const [signal, number] of Object.entries(NUMBERS))
        it(`${signal} ends it with ${128 + number}`, async () => {
            const emit = await streaming();
            emit.child.kill(signal);
            assert.deepEqual(await emit.ended, { code: 128 + number, signal: null });
            assert.match(emit.stderr,
                /^sio-emit: stopped by .*: 1 emit accepted by Redis, 0 not\n$/);
        });
});

describe('fault 48: nothing that was read is forgotten', () => {
    /* The offset of a file is shared: what is behind it has not been read. */
    async function stopped(signal, args) {
        const COUNT = 500_000; /* more than it sends until the signal comes */
        const seen = await listen(at);
        const path = await file(at.scope,
            Array.from({ length: COUNT }, (_, i) => `${i} ${'x'.repeat(80)}\n`).join(''));
        const fd = openSync(path, 'r');
        try {
            const emit = start(at, ['-l', 'ev', ...args], { stdin: fd });
            await until(() => seen.length > 0, 'first emit');
            emit.child.kill(signal);
            assert.equal((await emit.ended).code, 128 + NUMBERS[signal], emit.stderr);
            const rest = Buffer.alloc(COUNT * 100);
            const read = readFileSync(path, 'latin1').length - readSync(fd, rest);
            const lines = readFileSync(path, 'latin1').slice(0, read).split('\n');
            const [, accepted, not] =
                /^sio-emit: stopped by .*: (\d+) emits? accepted by Redis, (\d+) not.*\n$/
                    .exec(emit.stderr).map(Number);
            await until(() => seen.length >= accepted, 'all that was accepted');
            assert.equal(seen.length, accepted);
            /* a line that was read in part counts */
            assert.equal(accepted + not, lines.length - (lines.at(-1) === '' ? 1 : 0));
            return { accepted, not, part: lines.at(-1) !== '' ? 1 : 0 };
        } finally {
            closeSync(fd);
        }
    }

    it('lines that were read are sent before the end', async () => {
        const { not, part } = await stopped('SIGTERM', []);
        assert.equal(not, part);
    });

    it('lines that a pace holds back are counted', async () => {
        const { accepted, not } = await stopped('SIGINT', ['-i', '600']);
        assert.equal(accepted, 1);
        assert.ok(not > 100);
    });
});

describe('fault 48: while Redis does not answer', () => {
    it('it flushes for --flush-timeout and counts what was not sent', async () => {
        const emit = await streaming('--flush-timeout', '0.3');
        const began = Date.now();
        await at.redis.stop();
        try {
            const before = readBy(emit.child.pid);
            await emit.write('second\nthird\n');
            await until(() => readBy(emit.child.pid) >= before + 'second\nthird\n'.length, 'read');
            emit.child.kill('SIGINT');
            assert.deepEqual(await emit.ended, { code: 128 + NUMBERS.SIGINT, signal: null });
            assert.ok(Date.now() - began < 10_000);
        } finally {
            await at.redis.cont();
        }
        const [, accepted, not] = /: (\d+) emits? accepted by Redis, (\d+) not/.exec(emit.stderr);
        assert.equal(Number(accepted), 1);
        assert.equal(Number(not), 2);
    });

    it('a second signal ends it at once', async () => {
        const emit = await streaming('--flush-timeout', '600', '--timeout', '600');
        await at.redis.stop();
        try {
            await emit.write('second\n');
            emit.child.stdin.end();
            let ended = false;
            emit.ended.then(() => { ended = true; });
            while (!ended) {
                emit.child.kill('SIGTERM');
                await delay(5);
            }
            assert.deepEqual(await emit.ended, { code: 128 + NUMBERS.SIGTERM, signal: null });
        } finally {
            await at.redis.cont();
        }
    });
});

it('fault 48: before there is a connection it ends at once', async () => {
    let connected = false;
    const port = await listener(at.scope, () => { connected = true; });
    const emit = start({ scope: at.scope }, ['-p', String(port), '--timeout-connect', '600', 'ev']);
    await until(() => connected, 'connecting');
    emit.child.kill('SIGINT');
    assert.deepEqual(await emit.ended, { code: 128 + NUMBERS.SIGINT, signal: null });
});

it('fault 48: a pause between emits is cut short', async () => {
    const emit = start(at, ['-r', '-1', '-i', '600', '--json', 'ev']);
    await until(() => emit.lines().length === 1, 'first emit');
    emit.child.kill('SIGTERM');
    assert.equal((await emit.ended).code, 128 + NUMBERS.SIGTERM);
});

it('fault 48: a reader of stdout that does not read costs --flush-timeout at most', async () => {
    const nodes = await at.redis.origins();
    const published = async () => (await Promise.all(nodes.map(async (node) =>
        Number(/cmdstat_publish:calls=(\d+)/.exec(await node.info('commandstats'))?.[1] ?? 0))))
        .reduce((sum, n) => sum + n);
    const emit = start(at, ['-r', '-1', '--json', '--flush-timeout', '0.3', 'ev']);
    emit.child.stdout.pause();
    await until(async () => {
        const before = await published();
        await delay(200);
        return before > 1000 && before === await published();
    }, 'held up by its stdout');
    emit.child.kill('SIGTERM');
    assert.equal(await new Promise((resolve) => emit.child.once('exit', resolve)),
        128 + NUMBERS.SIGTERM);
    emit.child.stdout.resume();
    await emit.ended;
    assert.match(emit.stderr, /stopped by Terminated: \d+ emits accepted by Redis, \d+ not/);
});

describe('fault 48: the parent ends first', () => {
    it('the terminal hangs up: 128 + 1, after a flush', async (t) => {
        if (!existsSync('/usr/bin/script'))
            return t.skip('script(1) is not installed');
        const dir = await directory(at.scope);
        const [errors, pid] = [join(dir, 'stderr'), join(dir, 'pid')];
        const seen = await listen(at);
        const terminal = start(at, ['-qec',
            `echo $$ > ${pid}; exec "$SIO_EMIT" -r -1 --rate 1000 ev 2> ${errors}`, '/dev/null'],
        { program: '/usr/bin/script', env: { SIO_EMIT: process.env.SIO_EMIT } });
        await until(() => seen.length > 0, 'first emit');
        terminal.child.kill('SIGKILL');
        await until(() => !existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`), 'its end');
        const text = readFileSync(errors, 'utf8');
        const [, accepted] =
            /^sio-emit: stopped by Hangup: (\d+) emits? accepted by Redis, 0 not\n$/.exec(text);
        await until(() => seen.length >= Number(accepted), 'all that was accepted');
        assert.equal(seen.length, Number(accepted));
    });

    it('the producer is killed: its lines are sent, 0', async () => {
        const seen = await listen(at);
        const emit = start(at, ['--norc', '-c',
            '(echo one; echo two; kill -KILL $BASHPID) | exec "$SIO_EMIT" -l ev'],
        { program: '/bin/bash', env: { SIO_EMIT: process.env.SIO_EMIT } });
        assert.equal((await emit.ended).code, EXIT.ok, emit.stderr);
        await until(() => seen.length === 2, 'published');
    });

    it('SIGHUP that was ignored stays ignored, as nohup wants', async () => {
        const emit = start(at, ['-c', 'trap "" HUP; exec "$SIO_EMIT" -l ev --json'],
            { program: '/bin/sh', env: { SIO_EMIT: process.env.SIO_EMIT } });
        await emit.write('one\n');
        await until(() => emit.lines().length === 1, 'answer');
        emit.child.kill('SIGHUP');
        await emit.write('two\n');
        await until(() => emit.lines().length === 2, 'answer');
        emit.child.stdin.end();
        assert.deepEqual(await emit.ended, { code: EXIT.ok, signal: null });
    });
});
