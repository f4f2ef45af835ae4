/* SPDX-License-Identifier: MIT */
/* Every exit code, how one gets it, and the line that says why. 128+N: signals.test.mjs. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Scope, sioEmit, startRedis } from '../interop/lib/fixture.mjs';
import {
    assertFails, dryRun, EXIT, file, freePort, listen, listener, start, until, useRedis, useScope,
} from './lib.mjs';

const MiB = 1024 * 1024;

describe('without a Redis', () => {
    const at = useScope();
    const nowhere = { env: { SIO_EMIT_URL: 'unix:///nonexistent/redis.sock' } };

    it('1: stdout cannot be written', () => {
        assert.throws(
            () => execFileSync('sh', ['-c', '"$SIO_EMIT" --dry-run ev > /dev/full'],
                { stdio: 'pipe' }),
            { status: EXIT.internal },
        );
    });

    const USAGE = [
        ['no event', [], /EVENT is missing.*--help/],
        ['an unknown option', ['--nope', 'ev'], /unknown option --nope.*--help/],
        ['an abbreviated option', ['--vola', 'ev'], /unknown option --vola/],
        ['a missing argument', ['ev', '--to'], /--to needs an argument/],
        ['an unwanted argument', ['--volatile=x', 'ev'], /--volatile takes no argument/],
        ['bad JSON', ['ev', '{"a"'], /argument 1 is not valid JSON at column 5/],
        ['a reserved event', ['connect'], /the event name is reserved/],
        ['a reserved event for servers', ['--server-emit', 'connection'],
            /the event name is reserved/],
        ['an unreadable file', ['ev', '-f', '/nonexistent'], /cannot open \/nonexistent/],
        ['a directory', ['ev', '-b', '/'], /cannot read \//],
        ['a bad URL', ['-u', 'ftp://x', 'ev'], /URL/],
        ['a bad port', ['-p', 'http', 'ev'], /-p wants a whole number from 1 to 65535/],
        ['an action with an event', ['--join', 'a', 'ev'], /leave out EVENT/],
        ['two actions', ['--join', 'a', '--leave', 'b'], /only one of/],
    ];
    for (const [name, args, message] of USAGE)
        it(`2: ${name}`, async () => {
            assertFails(await sioEmit(args, nowhere), EXIT.usage, message);
        });

    it('2 comes before 3: what is wrong anyhow is found without a connection', async () => {
        const { code } = await sioEmit(['-l', 'disconnect'], nowhere);
        assert.equal(code, EXIT.usage);
    });

    it('3: nobody listens', async () => {
        const port = await freePort();
        assertFails(await sioEmit(['-p', String(port), 'ev']), EXIT.connect,
            new RegExp(`127\\.0\\.0\\.1:${port}.*refused.*check that Redis`));
    });

    it('3: no such unix socket', async () => {
        assertFails(await sioEmit(['-s', '/nonexistent/x.sock', 'ev']), EXIT.connect,
            /\/nonexistent\/x\.sock/);
    });

    /* A machine whose name server is out of reach gets no answer in time instead. */
    it('3: an unknown host', async () => {
        assertFails(await sioEmit(['-h', 'no-such-host.invalid', '--timeout-connect', '10', 'ev']),
            EXIT.connect, /no-such-host\.invalid|10000 ms|within/);
    });

    it('3: someone listens who does not answer', async () => {
        const port = await listener(at.scope);
        const began = Date.now();
        assertFails(await sioEmit(['-p', String(port), '--timeout-connect', '0.2', 'ev']),
            EXIT.connect, /no answer for 200 ms/);
        assert.ok(Date.now() - began < 5000);
    });

    it('3: who listens is no Redis', async () => {
        const port = await listener(at.scope, (s) => s.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
        const { code, stderr } = await sioEmit(['-p', String(port), 'ev']);
        assert.equal(code, EXIT.connect, stderr);
    });

    it('3: stdin is left alone', () => {
        const rest = execFileSync('sh', ['-c', '"$SIO_EMIT" -s /nonexistent -l ev 2>&1; cat'],
            { input: 'one\ntwo\n', encoding: 'utf8' });
        assert.match(rest, /^sio-emit: .*\none\ntwo\n$/);
    });

    const LONG = 'x'.repeat(4097);
    const TOOBIG = [
        ['the event', [LONG], /event name has 4097 bytes, more than 4096/],
        ['a room', ['--to', LONG, 'ev'], /room x+\.\.\. has 4097 bytes/],
        ['an exception', ['--except', LONG, 'ev'], /room x+\.\.\. has 4097 bytes/],
        ['a joined room', ['--join', LONG], /room x+\.\.\. has 4097 bytes/],
        ['the namespace', ['--of', `/${LONG}`, 'ev'], /namespace or prefix/],
        ['the prefix', ['--prefix', LONG, 'ev'], /namespace or prefix/],
        ['the rooms together', [...Array.from({ length: 4097 }, (_, i) => ['--to', `r${i}`]).flat(),
            'ev'], /4097 rooms, more than 4096/],
        ['the attachments', ['ev', ...Array(11).fill(['-b', '/dev/null']).flat()],
            /11 binary arguments; more than 10/],
        ['a file without an end', ['ev', '-b', '/dev/zero'],
            /-b: \/dev\/zero is larger than 8388608/],
    ];
    for (const [name, args, message] of TOOBIG)
        it(`8: ${name}`, async () => {
            assertFails(await sioEmit(args, nowhere), EXIT.toobig, message);
        });

    it('8: the packet, by a byte', async () => {
        const overhead = (await dryRun(['ev', '-b', await file(at.scope, Buffer.alloc(MiB))]))
            .shown[0].hex.length / 2 - MiB;
        const fits = await file(at.scope, Buffer.alloc(8 * MiB - overhead));
        const more = await file(at.scope, Buffer.alloc(8 * MiB - overhead + 1));
        assert.equal((await sioEmit(['--dry-run', 'ev', '-b', fits])).code, EXIT.ok);
        assertFails(await sioEmit(['ev', '-b', more], nowhere), EXIT.toobig, /8388608 bytes/);
    });
});

describe('with a Redis', () => {
    const at = useRedis();
    const admin = async (...words) => (await at.redis.client(at.scope)).sendCommand(words);

    it('0: silent when all is well', async () => {
        assert.deepEqual(await at.emit(['ev', '1']), {
            code: EXIT.ok, signal: null, stdout: '', stderr: '',
        });
    });

    it('0: with an empty environment and a closed stdin', () => {
        const out = execFileSync('env', ['-i', process.env.SIO_EMIT, '-u', at.redis.url, 'ev'],
            { stdio: ['ignore', 'pipe', 'pipe'] });
        assert.equal(String(out), '');
        execFileSync('sh', ['-c', '"$SIO_EMIT" -u "$1" ev <&- >&- 2>&-', 'sh', at.redis.url]);
    });

    it('4: the user may not use the channel', async () => {
        await admin('ACL', 'SETUSER', 'alice', 'on', '>pw', '+@all', 'resetchannels', '&other*');
        const seen = await listen(at);
        assertFails(await at.emit(['--user', 'alice', '-a', 'pw', 'ev']), EXIT.auth,
            /NOPERM.*ACL SETUSER/);
        const other = await at.emit(['--user', 'alice', '-a', 'pw', '--prefix', 'other', 'ev']);
        assert.equal(other.code, EXIT.ok);
        await until(() => seen.length > 0, 'published');
        assert.deepEqual(seen.map(({ channel }) => channel), ['other#/#']);
    });

    it('4: the user may not PUBLISH', async () => {
        await admin('ACL', 'SETUSER', 'bob', 'on', '>pw', '+@all', '-publish', 'allchannels');
        assertFails(await at.emit(['--user', 'bob', '-a', 'pw', 'ev']), EXIT.auth, /NOPERM/);
        /* a stream of which nothing at all went through has the same code, not 7 */
        assertFails(await at.emit(['--user', 'bob', '-a', 'pw', '-r', '3', 'ev']), EXIT.auth,
            /3 of 3 emits failed.*NOPERM/);
    });

    it('4: the password is changed in the middle of a stream', async () => {
        await admin('ACL', 'SETUSER', 'carol', 'on', '>pw', '+@all', 'allchannels');
        const emit = start(at, ['--user', 'carol', '-a', 'pw', '-l', 'ev', '--json']);
        await emit.write('1\n');
        await until(() => emit.lines().length === 1, 'answer');
        await admin('ACL', 'SETUSER', 'carol', 'resetpass', '>other');
        await admin('CLIENT', 'KILL', 'USER', 'carol');
        await emit.write('2\n');
        assert.equal((await emit.ended).code, EXIT.auth, emit.stderr);
        assert.match(emit.stderr, /WRONGPASS.* emits? were not accepted/);
    });

    it('6: Redis does not answer', async () => {
        await admin('CLIENT', 'PAUSE', '60000', 'WRITE');
        try {
            assertFails(await at.emit(['--timeout', '0.3', 'ev']), EXIT.timeout,
                /did not answer within 0\.3 s/);
        } finally {
            await admin('CLIENT', 'UNPAUSE');
        }
    });

    it('7: a bad line', async () => {
        const { code, stderr } = await at.emit(['--lines-json'], { stdin: '["a"]\nnope\n["b"]\n' });
        assert.equal(code, EXIT.partial);
        assert.match(stderr, /^sio-emit: line 2 is not valid JSON/);
    });

    it('7: --min-receivers not met, and met', async () => {
        assertFails(await at.emit(['--min-receivers', '1', 'ev']), EXIT.partial,
            /reached 0 servers, fewer than the 1 of --min-receivers/);
        await listen(at);
        assert.equal((await at.emit(['--min-receivers', '1', 'ev'])).code, EXIT.ok);
        assert.equal((await at.emit(['--min-receivers', '2', 'ev'])).code, EXIT.partial);
    });

    it('8: too large, from stdin: nothing is published', async () => {
        const seen = await listen(at);
        assertFails(await at.emit(['ev', '-x'], { stdin: 'x'.repeat(8 * MiB + 1) }), EXIT.toobig,
            /-x: standard input is larger/);
        assert.equal((await at.emit(['ev'])).code, EXIT.ok);
        await until(() => seen.length > 0, 'published');
        assert.equal(seen.length, 1);
    });
});

it('5: Redis answers with another error', async () => {
    const scope = new Scope();
    try {
        const args = ['--rename-command', 'PUBLISH', 'NOPUBLISH'];
        const redis = await startRedis(scope, { args });
        assertFails(await sioEmit(['ev'], { redis }), EXIT.redis,
            /Redis answered: .*unknown command/);
    } finally {
        await scope.close();
    }
});
