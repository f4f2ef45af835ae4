/* SPDX-License-Identifier: MIT */
/* INT, TERM and HUP: what was read is flushed, what was not sent is said, 128+N. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { listen, listener, start, until, useRedis } from './lib.mjs';

const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const at = useRedis();

/* A stream that has sent one line and waits for the next. */
async function streaming(...args) {
    const emit = start(at, ['-l', 'ev', '--json', ...args]);
    await emit.write('first\n');
    await until(() => emit.lines().length === 1, 'answer');
    return emit;
}

describe('a stream that waits for input', () => {
    for (const [signal, number] of Object.entries(NUMBERS))
        it(`${signal} ends it with ${128 + number}`, async () => {
            const emit = await streaming();
            emit.child.kill(signal);
            assert.deepEqual(await emit.ended, { code: 128 + number, signal: null });
            assert.match(emit.stderr,
                /^sio-emit: stopped by .*: 1 emit accepted by Redis, 0 not\n$/);
        });
});

it('what was read is sent before the end', async () => {
    const COUNT = 5000;
    const seen = await listen(at);
    const emit = start(at, ['-l', 'ev', '--rate', '1000000']);
    await emit.write(Array.from({ length: COUNT }, (_, i) => `${i}\n`).join(''));
    await until(() => seen.length > 0, 'first emit');
    emit.child.kill('SIGTERM');
    assert.equal((await emit.ended).code, 128 + NUMBERS.SIGTERM);
    const accepted = Number(/: (\d+) emits? accepted by Redis, 0 not/.exec(emit.stderr)[1]);
    await until(() => seen.length >= accepted, 'all that was accepted');
    assert.equal(seen.length, accepted);
});

describe('while Redis does not answer', () => {
    it('it flushes for --flush-timeout and counts what was not sent', async () => {
        const emit = await streaming('--flush-timeout', '0.3');
        const began = Date.now();
        await at.redis.stop();
        try {
            await emit.write('second\nthird\n');
            emit.child.kill('SIGINT');
            assert.deepEqual(await emit.ended, { code: 128 + NUMBERS.SIGINT, signal: null });
            assert.ok(Date.now() - began < 10_000);
        } finally {
            await at.redis.cont();
        }
        const [, accepted, not] = /: (\d+) emits? accepted by Redis, (\d+) not/.exec(emit.stderr);
        assert.equal(Number(accepted), 1);
        assert.ok(Number(not) <= 2);
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

it('before there is a connection it ends at once', async () => {
    let connected = false;
    const port = await listener(at.scope, () => { connected = true; });
    const emit = start({ scope: at.scope }, ['-p', String(port), '--timeout-connect', '600', 'ev']);
    await until(() => connected, 'connecting');
    emit.child.kill('SIGINT');
    assert.deepEqual(await emit.ended, { code: 128 + NUMBERS.SIGINT, signal: null });
});

it('a pause between emits is cut short', async () => {
    const emit = start(at, ['-r', '-1', '-i', '600', '--json', 'ev']);
    await until(() => emit.lines().length === 1, 'first emit');
    emit.child.kill('SIGTERM');
    assert.equal((await emit.ended).code, 128 + NUMBERS.SIGTERM);
});
