/* SPDX-License-Identifier: MIT */
/* The demo ends by itself, with success, and would not if somebody missed a packet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from './lib/fixture.mjs';

const DEMO = fileURLToPath(new URL('../../demo/demo.mjs', import.meta.url));
const demo = (env) =>
    run(process.execPath, [DEMO], { env: { ...process.env, ...env }, deadline: 30_000 });

describe('the demo', () => {
    it('shows who receives what, and ends with success', async () => {
        const result = await demo({});
        assert.equal(result.code, 0, result.stdout + result.stderr);
        assert.match(result.stdout, /Ann \(room news\) received headline \{"n":1\}/);
        assert.match(result.stdout, /Everybody received what they should/);
    });

    it('fails when a packet does not arrive', async () => {
        const result = await demo({ SIO_EMIT: '/bin/true' });
        assert.equal(result.code, 1);
        assert.match(result.stderr, /The demo failed: Ann \(room news\) should have received/);
    });
});
