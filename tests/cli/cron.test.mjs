/* SPDX-License-Identifier: MIT */
/* What a cron job meets: no output when well, one line on stderr when not, whatever little
 * the environment has. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { EXIT, file, listen, until, useRedis } from './lib.mjs';

const at = useRedis();

/* Through env -i: not even what a shell would add. */
function bare(shell, args = [], env = []) {
    const child = spawn('/usr/bin/env', ['-i', ...env, '/bin/sh', '-c',
        `unset PWD OLDPWD _ SHLVL; ${shell}`, process.env.SIO_EMIT, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] });
    const out = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'])
        child[stream].setEncoding('utf8').on('data', (text) => { out[stream] += text; });
    return new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, ...out }));
    });
}

const QUIET = { code: EXIT.ok, stdout: '', stderr: '' };

describe('fault 48: well: no output', () => {
    const CASES = [
        ['an empty environment', 'exec "$0" -u "$1" ev 1'],
        ['stdin closed', 'exec "$0" -u "$1" ev 1 <&-'],
        ['stdout closed', 'exec "$0" -u "$1" ev 1 >&-'],
        ['stderr closed', 'exec "$0" -u "$1" ev 1 2>&-'],
        ['all of them closed', 'exec "$0" -u "$1" ev 1 <&- >&- 2>&-'],
        ['a stream', 'printf "a\\nb\\n" | "$0" -u "$1" -l ev'],
        ['a stream from a closed stdin is empty', 'exec "$0" -u "$1" -l ev <&-'],
        ['a working directory that has gone',
            'd=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$0" -u "$1" ev'],
    ];
    for (const [name, shell] of CASES)
        it(name, async () => {
            assert.deepEqual(await bare(shell, [at.redis.url]), QUIET);
        });

    it('HOME and TERM that lead nowhere', async () => {
        assert.deepEqual(await bare('exec "$0" -u "$1" ev', [at.redis.url],
            ['HOME=/nonexistent', 'TERM=nonexistent', 'LC_ALL=nonexistent', 'TZ=nonexistent']), QUIET);
    });

    it('what a crontab has: the address above, a password file', async () => {
        const seen = await listen(at);
        const password = await file(at.scope, 'pw\n');
        const admin = await at.redis.client(at.scope);
        await admin.sendCommand(['ACL', 'SETUSER', 'cron', 'on', '>pw', '+@all', 'allchannels']);
        assert.deepEqual(await bare(
            'exec "$0" --user cron --pass-file "$1" --min-receivers 1 market:open', [password],
            [`SIO_EMIT_URL=${at.redis.url}`, 'HOME=/', 'SHELL=/bin/sh', 'LOGNAME=nobody']), QUIET);
        await until(() => seen.length === 1, 'published');
    });
});

describe('fault 48: not well: one line on stderr', () => {
    const CASES = [
        ['usage', EXIT.usage, 'exec "$0" --nope ev'],
        ['nobody there', EXIT.connect, 'exec "$0" -s /nonexistent/x.sock ev'],
        ['a stream, and nobody there', EXIT.connect, 'echo a | "$0" -s /nonexistent/x.sock -l ev'],
        ['a wrong password', EXIT.auth, 'exec "$0" -u "$1" --user no -a no ev'],
        ['nobody listens', EXIT.partial, 'exec "$0" -u "$1" --min-receivers 1 ev'],
        ['nobody listens to a stream', EXIT.partial,
            'printf "a\\nb\\n" | "$0" -u "$1" --min-receivers 1 -l ev'],
        ['a bad line', EXIT.partial, 'printf "a\\n{\\n" | "$0" -u "$1" -l ev'],
        ['a bad line, strictly', EXIT.usage, 'printf "a\\n{\\n" | "$0" -u "$1" -l --strict ev'],
        ['no configuration file', EXIT.usage, 'exec "$0" -u "$1" --config /nonexistent/file ev'],
        ['stdout full', EXIT.internal, 'exec "$0" -u "$1" --json ev > /dev/full'],
        ['stdin of no use', EXIT.usage, 'exec "$0" -u "$1" -l ev < /'],
    ];
    for (const [name, expected, shell] of CASES)
        it(name, async () => {
            const { code, stdout, stderr } = await bare(shell, [at.redis.url]);
            assert.equal(code, expected, stderr);
            assert.equal(stdout, '');
            assert.match(stderr, /^sio-emit: [^\n]+\n$/, 'one line');
        });

    it('stderr closed: the status tells', async () => {
        assert.deepEqual(await bare('exec "$0" --nope 2>&-'),
            { code: EXIT.usage, stdout: '', stderr: '' });
    });

    it('stdin closed for -x: an empty string', async () => {
        assert.deepEqual(await bare('exec "$0" -u "$1" ev -x <&-', [at.redis.url]), QUIET);
    });
});
