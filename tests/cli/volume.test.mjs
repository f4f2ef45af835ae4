/* SPDX-License-Identifier: MIT */
/* Fault 47: any amount of input in constant memory. 10 GB with SIO_LONG=1, else 1 GB. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXIT, peakOf, SANITIZED, start, until, useRedis } from './lib.mjs';

const LONG = process.env.SIO_LONG === '1';
const MB = 1_000_000;
const TOTAL = LONG ? 10_000 * MB : (SANITIZED ? 100 : 1000) * MB;
const BOUND = 48 * 1024; /* KiB: an outbox of 16 MiB, a line of 16 MiB and its room, the program */

const at = useRedis({ args: ['--save', ''] });

/* `yes` makes the input, so that nothing here has to. @return exit code, stderr, peak in KiB */
async function pour(line, bytes, args) {
    const emit = start(at, ['--norc', '-c',
        'yes "$1" | head -c "$2" | { shift 2; echo $BASHPID; exec "$SIO_EMIT" "$@"; }', 'bash', line,
        String(bytes), ...args],
    { program: '/bin/bash', env: { SIO_EMIT: process.env.SIO_EMIT }, stdin: 'ignore' });
    await until(() => emit.lines().length > 0, 'its process id');
    const pid = emit.lines()[0];
    let peak = 0, ended = false;
    emit.ended.then(() => { ended = true; });
    const deadline = Date.now() + (LONG ? 1_500_000 : 50_000);
    while (!ended) {
        assert.ok(Date.now() < deadline, 'in time');
        peak = Math.max(peak, peakOf(pid) || 0);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return { ...(await emit.ended), stderr: emit.stderr, stdout: emit.stdout, peak };
}

function assertBounded(peak) {
    assert.ok(peak > 0);
    if (!SANITIZED)
        assert.ok(peak < BOUND, `${peak} KiB`);
}

describe(`fault 47: ${TOTAL / MB} MB of standard input`, () => {
    it('-l', async () => {
        const LINE = 4000;
        const { code, stderr, stdout, peak } =
            await pour('x'.repeat(LINE - 1), TOTAL, ['-l', '--text', '-v', 'ev']);
        assert.deepEqual([code, stderr], [EXIT.ok, '']);
        assert.match(stdout, new RegExp(`\n${Math.ceil(TOTAL / LINE)} emits reached 0 servers each\n$`));
        assertBounded(peak);
    });

    it('--lines-json', async () => {
        const line = `{"event":"tick","args":[{"text":"${'y'.repeat(3900)}"}],"to":"room"}`;
        const { code, stderr, peak } =
            await pour(line, Math.floor(TOTAL / 4 / (line.length + 1)) * (line.length + 1), ['--lines-json']);
        assert.deepEqual([code, stderr], [EXIT.ok, '']);
        assertBounded(peak);
    });

    it('one line without an end', async () => {
        const emit = await pour('', 0, ['-l', 'ev']);
        assert.deepEqual([emit.code, emit.stderr], [EXIT.ok, '']);
        const { code, stderr, peak } = await pour('z'.repeat(4095), TOTAL / 4,
            ['-l', '--null', 'ev']);
        assert.equal(code, EXIT.partial);
        assert.match(stderr, /^sio-emit: line 1 is longer than 16777216 bytes \(--max-line\)\n$/);
        assertBounded(peak);
    });
});
