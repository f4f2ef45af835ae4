/* SPDX-License-Identifier: MIT */
/* Where sio-emit finds Redis and its password, and how it keeps the latter to itself. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { sioEmit } from '../interop/lib/fixture.mjs';
import { EXIT, file, freePort, listen, start, until, useRedis } from './lib.mjs';

const PASSWORD = 'top-secret-1';
const NOWHERE = 'unix:///nonexistent/redis.sock';

describe('one Redis over TCP, on a unix socket too', () => {
    const at = useRedis({ tcp: true });
    const port = () => new URL(at.redis.url).port;
    const here = () => ['-h', '127.0.0.1', '-p', port()];

    const WAYS = [
        ['-h and -p', () => [here(), {}]],
        ['-p', () => [['-p', port()], {}]],
        ['-h localhost', () => [['-h', 'localhost', '-p', port()], {}]],
        ['--ipv4', () => [['--ipv4', '-h', 'localhost', '-p', port()], {}]],
        ['--ipv6', () => [['--ipv6', '-h', '::1', '-p', port()], {}]],
        ['-u', () => [['-u', at.redis.url], {}]],
        ['-u with valkey://', () => [['-u', `valkey://127.0.0.1:${port()}/0`], {}]],
        ['-n', () => [[...here(), '-n', '3'], {}]],
        ['SIO_EMIT_URL', () => [[], { SIO_EMIT_URL: at.redis.url, REDIS_URL: NOWHERE }]],
        ['REDIS_URL', () => [[], { REDIS_URL: at.redis.url }]],
        ['an empty SIO_EMIT_URL', () => [[], { SIO_EMIT_URL: '', REDIS_URL: at.redis.url }]],
        ['options before the environment', () => [here(), { SIO_EMIT_URL: NOWHERE }]],
        ['-u before the environment', () => [['-u', at.redis.url], { REDIS_URL: NOWHERE }]],
        ['--client-name', () => [[...here(), '--client-name', 'cron'], {}]],
    ];
    for (const [name, way] of WAYS)
        it(name, async () => {
            const seen = await listen({ redis: at.redis, scope: at.scope });
            const [args, env] = way();
            const { code, stdout, stderr } = await sioEmit([...args, '--to', 'r', 'ev'], { env });
            assert.deepEqual([code, stdout, stderr], [EXIT.ok, '', '']);
            await until(() => seen.length > 0, 'published');
            assert.deepEqual(seen.map(({ channel }) => channel), ['socket.io#/#r#']);
        });

    it('--client-name is what CLIENT LIST shows', async () => {
        const client = await at.redis.client(at.scope);
        const emit = start(at, ['-l', 'ev', '--json', '--client-name', 'from-cron']);
        await emit.write('1\n');
        await until(() => emit.lines().length === 1, 'answer');
        assert.match(await client.sendCommand(['CLIENT', 'LIST']), / name=from-cron /);
    });
});

describe('passwords', () => {
    const at = useRedis({ args: ['--requirepass', PASSWORD] });
    const withPassword = () => at.redis.url.replace('unix://', `unix://:${PASSWORD}@`);

    const GOOD = [
        ['-a', () => [['-a', PASSWORD], {}]],
        ['--pass', () => [[`--pass=${PASSWORD}`], {}]],
        ['--user and -a', () => [['--user', 'default', '-a', PASSWORD], {}]],
        ['--pass-file', async () => [['--pass-file', await file(at.scope, `${PASSWORD}\n`)], {}]],
        ['SIO_EMIT_AUTH', () => [[], { SIO_EMIT_AUTH: PASSWORD, REDISCLI_AUTH: 'wrong' }]],
        ['REDISCLI_AUTH', () => [[], { REDISCLI_AUTH: PASSWORD }]],
        ['in the URL', () => [['-u', withPassword()], {}]],
        ['the URL before the environment', () => [['-u', withPassword()], { REDISCLI_AUTH: 'no' }]],
        ['-a before the environment', () => [['-a', PASSWORD], { SIO_EMIT_AUTH: 'wrong' }]],
    ];
    for (const [name, way] of GOOD)
        it(name, async () => {
            const [args, env] = await way();
            const result = await at.emit([...args, 'ev'], { env });
            assert.deepEqual([result.code, result.stderr], [EXIT.ok, '']);
        });

    it('--askpass reads from the terminal, without echo', async (t) => {
        if (!existsSync('/usr/bin/script'))
            return t.skip('script(1) is not installed');
        const emit = start(at, ['-qec', '"$SIO_EMIT" --askpass ev', '/dev/null'],
            { program: '/usr/bin/script', env: { SIO_EMIT: process.env.SIO_EMIT } });
        await until(() => emit.stdout.includes('password:'), 'prompt');
        await emit.write(`${PASSWORD}\n`);
        assert.equal((await emit.ended).code, EXIT.ok, emit.stdout);
        assert.ok(!emit.stdout.includes(PASSWORD), 'shown');
    });

    it('--askpass without a terminal is refused', async () => {
        const child = spawn('setsid', ['-w', process.env.SIO_EMIT, '--askpass', 'ev'],
            { stdio: 'ignore' });
        const code = await new Promise((resolve) => child.once('close', resolve));
        assert.equal(code, EXIT.usage);
    });

    it('a password does not stay in the process list', async () => {
        const emit = start(at, ['-u', withPassword(), '-l', 'ev', '--json']);
        await emit.write('1\n');
        await until(() => emit.lines().length === 1, 'answer');
        const words = readFileSync(`/proc/${emit.child.pid}/cmdline`, 'latin1');
        assert.ok(words.includes('-l'));
        assert.ok(!words.includes(PASSWORD), words);
    });

    const BAD = [
        ['a wrong -a', ['-a', 'wrong-pw'], {}],
        ['a wrong user', ['--user', 'nobody', '-a', 'wrong-pw'], {}],
        ['no password', [], {}],
        ['a wrong REDISCLI_AUTH', [], { REDISCLI_AUTH: 'wrong-pw' }],
    ];
    for (const [name, args, env] of BAD)
        it(`${name} is fatal at once`, async () => {
            const began = Date.now();
            const words = [...args, '--timeout-connect', '30', 'ev'];
            const { code, stdout, stderr } = await at.emit(words, { env });
            assert.equal(code, EXIT.auth, stderr);
            assert.equal(stdout, '');
            assert.match(stderr, /^sio-emit: .*(WRONGPASS|NOAUTH).*\n$/);
            assert.ok(!stderr.includes('wrong-pw'), stderr);
            assert.ok(Date.now() - began < 10_000);
        });

    it('a bad URL is refused without showing its password', async () => {
        for (const url of [`redis://:${PASSWORD}@host:bad`, `http://:${PASSWORD}@host`]) {
            const { code, stderr } = await sioEmit(['-u', url, 'ev']);
            assert.equal(code, EXIT.usage, stderr);
            assert.ok(!stderr.includes(PASSWORD), stderr);
        }
    });

    it('an unreadable or empty --pass-file is refused', async () => {
        const empty = await file(at.scope, '\n');
        for (const path of ['/nonexistent/file', empty]) {
            const { code, stderr } = await at.emit(['--pass-file', path, 'ev']);
            assert.equal(code, EXIT.usage);
            assert.match(stderr, /^sio-emit: /);
        }
    });
});

it('another server than the environment names does not get its password', async () => {
    const port = await freePort();
    const { code, stderr } = await sioEmit(['-p', String(port), 'ev'],
        { env: { REDIS_URL: 'redis://:secret@127.0.0.1:1' } });
    assert.equal(code, EXIT.connect);
    assert.ok(stderr.includes(`127.0.0.1:${port}`), stderr);
});
