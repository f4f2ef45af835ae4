/* SPDX-License-Identifier: MIT */
/* What may go wrong around sio-emit. Each test names its row of the list of faults that the
 * toolkit has to live through; rows 47 and 48 have more in streams, volume, signals, cron. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
    chmodSync, closeSync, existsSync, openSync, readFileSync, truncateSync, writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Scope, sioEmit, startRedis } from '../interop/lib/fixture.mjs';
import {
    assertFails, directory, dryRun, EXIT, file, freePort, listen, listener, peakOf, SANITIZED, start,
    until, useRedis, useScope,
} from './lib.mjs';

const MiB = 1024 * 1024;
const isRoot = process.getuid() === 0;
const NOWHERE = { env: { SIO_EMIT_URL: 'unix:///nonexistent/redis.sock' } };
const lines = (from, to) =>
    Array.from({ length: to - from }, (_, i) => `["tick",${from + i}]\n`).join('');

describe('fault 2: an outage longer than the time to live', () => {
    const at = useRedis();

    it('exit 7 with counts; every emit ends once, in order; memory stays', async () => {
        const [FIRST, ALL] = [500, 20_000];
        const emit = start(at, ['--lines-json', '--json', '--timeout', '0.7']);
        await emit.write(lines(0, FIRST));
        await until(() => emit.lines().length === FIRST, 'first answers');
        await at.redis.kill();
        await emit.write(lines(FIRST, ALL));
        await until(() => emit.lines().length > FIRST, 'the first to expire');
        const peak = peakOf(emit.child.pid);
        emit.child.stdin.end();
        assert.equal((await emit.ended).code, EXIT.partial, emit.stderr);
        assert.match(emit.stderr, new RegExp(`^sio-emit: ${ALL - FIRST} of ${ALL} emits failed; [^\n]+\n$`));
        const ends = emit.lines().map((line) => JSON.parse(line));
        assert.deepEqual(ends.map(({ number }) => number),
            Array.from({ length: ALL }, (_, i) => i + 1));
        assert.ok(ends.every(({ status }, i) =>
            status === (i < FIRST ? 'SIO_OK' : 'SIO_EXPIRED')));
        if (!SANITIZED)
            assert.ok(peak < 32 * 1024, `${peak} KiB`);
    });
});

describe('fault 3: Redis is not there at the start', () => {
    const at = useScope();
    const rest = (args) => {
        const began = Date.now();
        const text = execFileSync('sh',
            ['-c', '"$SIO_EMIT" "$@" 2>&1; echo "status $?"; cat', 'sh', ...args],
            { input: 'one\ntwo\n', encoding: 'utf8' });
        return { text, ms: Date.now() - began };
    };

    for (const mode of [['-l', 'ev'], ['--lines-json'], ['ev', '-x']])
        it(`${mode.join(' ')}: exit 3 at once, stdin not eaten`, async () => {
            const { text } = rest(['-p', String(await freePort()), ...mode]);
            assert.match(text, /^sio-emit: [^\n]*refused[^\n]*\nstatus 3\none\ntwo\n$/);
        });

    it('nobody answers: exit 3 within --timeout-connect, stdin not eaten', () => {
        /* in a process of its own: this one is held up by execFileSync */
        const script = 'require("net").createServer().listen(0, "127.0.0.1", function () {'
            + 'require("fs").writeSync(1, this.address().port + "\\n") })';
        const text = execFileSync('bash', ['--norc', '-c', `
            exec 3< <(exec "$1" -e '${script}'); node=$!; read -r port <&3
            "$SIO_EMIT" -p "$port" --timeout-connect 0.5 -l ev 2>&1; echo "status $?"; cat
            kill $node`, 'bash', process.execPath],
        { input: 'one\ntwo\n', encoding: 'utf8', timeout: 20_000 });
        assert.match(text, /^sio-emit: [^\n]*no answer for 500 ms[^\n]*\nstatus 3\none\ntwo\n$/);
    });
});

describe('fault 9: payloads over the bound', () => {
    const at = useScope();

    for (const [name, bytes] of [['8 MiB + 1', 8 * MiB + 1], ['30 MiB', 30 * MiB],
        ['512 MiB + 1', 512 * MiB + 1]])
        for (const option of ['-b', '-f'])
            it(`${option} of ${name}: exit 8 before connecting`, async () => {
                const path = await file(at.scope, '');
                truncateSync(path, bytes);
                assertFails(await sioEmit(['ev', option, path], NOWHERE), EXIT.toobig,
                    /larger than 8388608 bytes/);
            });

    it('a word that fits, in a packet that does not', async () => {
        const path = await file(at.scope, Buffer.alloc(8 * MiB));
        assertFails(await sioEmit(['ev', '-b', path], NOWHERE), EXIT.toobig, /8388608 bytes/);
    });

    it('a line: named, skipped, exit 7', async () => {
        const big = `["big","${'x'.repeat(8 * MiB)}"]`;
        const { code, stderr, shown } = await dryRun(['--lines-json'],
            { stdin: `["a"]\n${big}\n["b"]\n` });
        assert.equal(code, EXIT.partial);
        assert.match(stderr, /^sio-emit: line 2 is refused: the packet is larger than 8388608 bytes/);
        assert.deepEqual(shown.map(({ packet }) => packet[1].data[0]), ['a', 'b']);
    });
});

/* How often PUBLISH was called, refused calls included. */
async function publishes(admin) {
    const stats = await admin.sendCommand(['INFO', 'commandstats']);
    const [, calls, rejected] =
        /cmdstat_publish:calls=(\d+),.*rejected_calls=(\d+)/.exec(stats) ?? [0, 0, 0];
    return Number(calls) + Number(rejected);
}

describe('fault 20: Redis refuses who we are: exit 4, nothing published', () => {
    const at = useRedis();

    it('wrong password, user off, unknown user, no password', async () => {
        const admin = await at.redis.client(at.scope);
        await admin.sendCommand(['ACL', 'SETUSER', 'off', 'off', '>pw', '+@all', 'allchannels']);
        await admin.sendCommand(['ACL', 'SETUSER', 'on', 'on', '>pw', '+@all', 'allchannels']);
        await admin.sendCommand(['CONFIG', 'SET', 'requirepass', 'secret']);
        const CASES = [['-a', 'wrong'], ['--user', 'off', '-a', 'pw'], ['--user', 'on', '-a', 'wrong'],
            ['--user', 'nobody', '-a', 'pw'], []];
        for (const words of CASES)
            for (const mode of [['ev'], ['-l', 'ev'], ['-r', '3', 'ev']])
                assertFails(await at.emit([...words, ...mode], { stdin: 'one\n' }), EXIT.auth,
                    /WRONGPASS|NOAUTH/);
        assert.equal(await publishes(admin), 0);
        assert.equal((await at.emit(['--user', 'on', '-a', 'pw', 'ev'])).code, EXIT.ok);
        assert.equal(await publishes(admin), 1);
        await admin.sendCommand(['CONFIG', 'SET', 'requirepass', '']);
    });

    it('the password is changed while connected: exit 4 with counts', async () => {
        const admin = await at.redis.client(at.scope);
        await admin.sendCommand(['ACL', 'SETUSER', 'carol', 'on', '>pw', '+@all', 'allchannels']);
        const emit = start(at, ['--user', 'carol', '-a', 'pw', '-l', 'ev', '--json']);
        await emit.write('1\n');
        await until(() => emit.lines().length === 1, 'answer');
        await admin.sendCommand(['ACL', 'SETUSER', 'carol', 'resetpass', '>other']);
        await admin.sendCommand(['CLIENT', 'KILL', 'USER', 'carol']);
        await emit.write('2\n');
        assert.equal((await emit.ended).code, EXIT.auth, emit.stderr);
        assert.match(emit.stderr, /^sio-emit: WRONGPASS[^\n]* of \d+ emits were not accepted\n$/);
    });
});

describe('fault 21: the ACL denies: exit 4, and the rest goes on', () => {
    const at = useRedis();
    const acl = async (...words) =>
        (await at.redis.client(at.scope)).sendCommand(['ACL', 'SETUSER', 'eve', 'reset', 'on', '>pw', ...words]);
    const eve = ['--user', 'eve', '-a', 'pw'];

    it('the channel, the command', async () => {
        await acl('+@all', '&socket.io#/open#*');
        assertFails(await at.emit([...eve, 'ev']), EXIT.auth, /NOPERM.*ACL SETUSER/);
        assert.equal((await at.emit([...eve, '--of', '/open', 'ev'])).code, EXIT.ok);
        await acl('+@all', '-publish', 'allchannels');
        assertFails(await at.emit([...eve, 'ev']), EXIT.auth, /NOPERM/);
        await acl('+publish', 'allchannels'); /* no PING, ROLE or CLIENT: they are asked for in vain */
        assert.equal((await at.emit([...eve, 'ev'])).code, EXIT.ok);
    });

    it('some of a stream: exit 7, on one connection', async () => {
        await acl('+@all', '&socket.io#/open#*');
        const { code, stdout, stderr } = await at.emit([...eve, '--lines-json', '--json'], {
            stdin: '{"event":"e","of":"/open"}\n["e"]\n{"event":"e","of":"/open"}\n',
        });
        assert.equal(code, EXIT.partial);
        assert.match(stderr, /^sio-emit: 1 of 3 emits failed; [^\n]*NOPERM[^\n]*\n$/);
        assert.deepEqual(stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line).status),
            ['SIO_OK', 'SIO_ENOPERM', 'SIO_OK']);
    });
});

describe('faults 27 and 28: lines as JSON.parse would read them', () => {
    const LINES = [
        ['brackets, a million deep', `["e",${'['.repeat(1e6)}`],
        ['a value a million deep', `["e",${'['.repeat(1e6)}${']'.repeat(1e6)}]`, 'deep'],
        ['a value 1,000 deep', `["e",${'['.repeat(1000)}${']'.repeat(1000)}]`],
        ['\\u0000', '["e","a\\u0000b"]'],
        ['a lone surrogate', '["e","\\ud83d"]', { value: '\ufffd' }],
        ['a pair of surrogates', '["e","\\ud83d\\ude00"]'],
        ['invalid UTF-8', Buffer.from('["e","\xff"]', 'latin1')],
        ['UTF-8 of a surrogate', Buffer.from('["e","\xed\xa0\x80"]', 'latin1')],
        ['an over-long form', Buffer.from('["e","\xc0\x80"]', 'latin1')],
        ['1e400', '["e",1e400]', { value: null }],
        ['2^64', '["e",18446744073709551616]'],
        ['2^53 + 1', '["e",9007199254740993]'],
        ['-0', '["e",-0]', { value: 0 }],
        ['a duplicate key', '["e",{"a":1,"b":2,"a":3}]'],
        ['__proto__', '["e",{"__proto__":1}]'],
        ['a byte order mark', '\ufeff["e"]'],
        ['something behind it', '["e"] x'],
        ['NaN', '["e",NaN]'],
        ['Infinity', '["e",-Infinity]'],
        ['a comment', '["e"] // x'],
        ['single quotes', "['e']"],
        ['a control character', '["e","\t"]'],
        ['a cut escape', '["e","\\u00'],
        ['leading zeros', '["e",01]'],
        ['no digits', '["e",.5]'],
        ['white space', ' \t[ "e" , 1 ]\r'],
    ];
    const parse = (line) => {
        try {
            return { value: JSON.parse(Buffer.from(line).toString())[1] };
        } catch {
            return undefined;
        }
    };

    for (const [name, line, expected] of LINES)
        it(name, async () => {
            const { code, stderr, shown } = await dryRun(['--lines-json'],
                { stdin: Buffer.concat([Buffer.from(line), Buffer.from('\n["ok"]\n')]) });
            const data = shown.map(({ packet }) => packet[1].data);
            const known = expected === 'deep' ? undefined : parse(line);
            assert.deepEqual(data.at(-1), ['ok']);
            if (known === undefined) {
                assert.equal(code, EXIT.partial);
                assert.match(stderr, /^sio-emit: line 1 is not valid JSON at column \d+: [^\n]+\n$/);
                assert.equal(data.length, 1);
            } else {
                assert.deepEqual([code, stderr], [EXIT.ok, '']);
                assert.deepEqual(data[0][1], (expected ?? known).value);
            }
        });

    for (const [name, max, message] of [
        ['longer than a line may be', [], /line 1 is longer than 16777216 bytes/],
        ['longer than a packet may be', ['--max-line', '200000000'], /line 1 is refused: the packet/],
    ])
        it(`a string of 100 MB, ${name}`, async () => {
            const stdin = Buffer.concat([Buffer.from('["e","'), Buffer.alloc(100_000_000, 'x'),
                Buffer.from('"]\n["ok"]\n')]);
            const { code, stderr, shown } = await dryRun(['--lines-json', ...max], { stdin });
            assert.equal(code, EXIT.partial);
            assert.match(stderr, message);
            assert.equal(shown.length, 1);
        });

    it('-l takes the same rule to lines that begin as JSON', async () => {
        const { code, stderr, shown } = await dryRun(['-l', 'e'], {
            stdin: `{"a":1,"a":2}\n${'['.repeat(1e6)}\n1e400\n"\\ud83d"\n\ufeff{}\n`,
        });
        assert.equal(code, EXIT.partial);
        assert.match(stderr, /^sio-emit: line 2 is not valid JSON at column \d+[^\n]*\n$/);
        assert.deepEqual(shown.map(({ packet }) => packet[1].data[1]),
            [{ a: 2 }, null, '\ufffd', '\ufeff{}']);
    });
});

describe('fault 40: the wall clock jumps by an hour, to and fro', () => {
    const at = useRedis();
    const skip = SANITIZED && 'a sanitizer\'s runtime has to be loaded first';
    const env = { LD_PRELOAD: process.env.SIO_CLOCK_SHIM };

    it('the shim works', { skip }, () => {
        const now = () => Number(spawnSync('date', ['+%s'], { env: { ...process.env, ...env } }).stdout);
        assert.ok(Math.abs(now() - Date.now() / 1000) > 3000);
    });

    it('pace, deadlines and counts do not notice', { skip }, async () => {
        let began = Date.now();
        const paced = await at.emit(['-r', '10', '-i', '0.05', '-v', 'ev'], { env });
        assert.deepEqual([paced.code, paced.stdout], [EXIT.ok, '10 emits reached 0 servers each\n']);
        assert.ok(Date.now() - began >= 450 && Date.now() - began < 10_000);

        const port = await listener(at.scope);
        began = Date.now();
        assertFails(await sioEmit(['-p', String(port), '--timeout-connect', '0.4', 'ev'], { env }),
            EXIT.connect, /no answer for 400 ms/);
        assert.ok(Date.now() - began >= 350 && Date.now() - began < 10_000);
    });
});

describe('fault 41: no descriptors left', () => {
    const at = useRedis();

    it('at the start: said, without a hang; enough is enough', () => {
        const codes = [];
        for (let limit = 3; limit <= 24; limit++) {
            const { status, stdout, stderr } = spawnSync('sh',
                ['-c', 'ulimit -n "$1"; exec "$SIO_EMIT" ev', 'sh', String(limit)],
                { env: { ...process.env, SIO_EMIT_URL: at.redis.url }, encoding: 'utf8', timeout: 15_000 });
            codes.push(status);
            assert.equal(stdout, '');
            if (status === 127 || /error while loading/.test(stderr))
                continue; /* not even the libraries could be opened */
            assert.ok([EXIT.ok, EXIT.internal, EXIT.connect].includes(status), `${status} ${stderr}`);
            assert.match(stderr, status === EXIT.ok ? /^$/ : /^sio-emit: [^\n]+\n$/);
        }
        assert.equal(codes.at(-1), EXIT.ok);
        assert.ok(codes.some((code) => code === EXIT.internal || code === EXIT.connect), String(codes));
    });

    it('at a reconnection: it waits without spinning, and recovers', async (t) => {
        if (spawnSync('prlimit', ['--version']).error)
            return t.skip('prlimit(1) is not installed');
        const emit = start(at, ['-l', 'ev', '--json']);
        const { pid } = emit.child;
        const ticks = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
            .slice(11, 13).reduce((sum, n) => sum + Number(n), 0);
        await emit.write('1\n');
        await until(() => emit.lines().length === 1, 'answer');
        const before = /Max open files +(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))[1];
        execFileSync('prlimit', ['--pid', String(pid), '--nofile=3:']);
        await at.redis.kill();
        await at.redis.start();
        await emit.write('2\n');
        const spent = ticks();
        await delay(1000);
        assert.ok(ticks() - spent < 20, `${ticks() - spent} ticks of 10 ms in a second`);
        assert.equal(emit.lines().length, 1);
        execFileSync('prlimit', ['--pid', String(pid), `--nofile=${before}:`]);
        await until(() => emit.lines().length === 2, 'the second answer');
        emit.child.stdin.end();
        assert.equal((await emit.ended).code, EXIT.ok, emit.stderr);
    });
});

/* A Redis that listens on IPv6 only, behind which the real one is. */
async function onIpv6(scope, redis) {
    const { connect } = await import('node:net');
    const server = createServer((socket) => {
        const inner = connect(decodeURIComponent(new URL(redis.url).pathname));
        socket.pipe(inner).pipe(socket);
        for (const end of [socket, inner])
            end.on('error', () => {});
        socket.on('close', () => inner.destroy());
        inner.on('close', () => socket.destroy());
    });
    await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: '::1', port: 0, ipv6Only: true }, resolve);
    });
    scope.after(() => new Promise((resolve) => server.close(resolve)));
    return String(server.address().port);
}

describe('fault 45: addresses', () => {
    const at = useRedis();

    const LOOPBACK = 1; /* getaddrinfo knows lo by its name for link-local addresses only */

    it('IPv6: bare, in a URL, with a scope, by option', async () => {
        const port = await onIpv6(at.scope, at.redis);
        for (const words of [['-h', '::1', '-p', port], ['-u', `redis://[::1]:${port}`],
            ['-u', `valkey://[::1]:${port}/0`], ['-h', `::1%${LOOPBACK}`, '-p', port],
            ['-u', `redis://[::1%25${LOOPBACK}]:${port}`], ['--ipv6', '-h', '::1', '-p', port]]) {
            const { code, stderr } = await sioEmit([...words, 'ev']);
            assert.deepEqual([words.join(' '), code, stderr], [words.join(' '), EXIT.ok, '']);
        }
        assertFails(await sioEmit(['-h', '127.0.0.1', '-p', port, 'ev']), EXIT.connect, /refused/);
        assertFails(await sioEmit(['-h', 'fe80::1%lo', '-p', port, '--timeout-connect', '2', 'ev']),
            EXIT.connect, /fe80::1%lo/);
        assertFails(await sioEmit(['--ipv4', '-h', '::1', '-p', port, 'ev']), EXIT.connect, /::1/);
    });

    it('a unix socket: found, missing, no socket, too long, forbidden', async () => {
        const path = decodeURIComponent(new URL(at.redis.url).pathname);
        for (const words of [['-s', path], ['-u', `unix://${path}`]])
            assert.equal((await sioEmit([...words, 'ev'])).code, EXIT.ok);
        const dir = await directory(at.scope);
        writeFileSync(join(dir, 'file'), '');
        assertFails(await sioEmit(['-s', join(dir, 'none'), 'ev']), EXIT.connect, /none: No such file/);
        assertFails(await sioEmit(['-s', join(dir, 'file'), 'ev']), EXIT.connect, /refused/);
        const long = `/${'x'.repeat(107)}`;
        assertFails(await sioEmit(['-s', long, 'ev']), EXIT.usage, /more than 107 bytes/);
        assertFails(await sioEmit(['-u', `unix://${long}`, 'ev']), EXIT.usage, /more than 107 bytes/);
        assertFails(await sioEmit(['-s', long.slice(0, -1), 'ev']), EXIT.connect, /No such file/);
    });

    it('a unix socket that we may not use', { skip: !isRoot && 'needs root' }, async () => {
        const path = decodeURIComponent(new URL(at.redis.url).pathname);
        chmodSync(path, 0o600);
        const { status, stderr } = spawnSync(process.env.SIO_EMIT, ['-s', path, 'ev'],
            { uid: 65534, gid: 65534, env: {}, encoding: 'utf8', cwd: '/' });
        assert.equal(status, EXIT.connect, stderr);
        assert.match(stderr, /^sio-emit: [^\n]*Permission denied[^\n]*\n$/);
    });
});

describe('fault 46: URLs', () => {
    const at = useRedis({ args: ['--requirepass', 'p@:/w#%?'] });
    const SECRET = 'S3CRET';

    const BAD = [
        [`redis://:${SECRET}@host:port`, /port.*at byte 21/],
        [`redis://:${SECRET}@host:0`, /port.*at byte 21/],
        [`redis://:${SECRET}@host:65536`, /port.*at byte 21/],
        [`redis://:${SECRET}@host:1x`, /port.*at byte 21/],
        [`redis://:${SECRET}%4@host`, /'%' must be followed.*at byte 15/],
        [`redis://:${SECRET}%zz@host`, /'%' must be followed.*at byte 15/],
        [`redis://:${SECRET}%00@host`, /'%' must be followed.*at byte 15/],
        [`redis://:${SECRET}@x@host`, /'@' in a user or password.*at byte 15/],
        [`redis://:${SECRET}/x@host`, /'\/' in a user or password.*at byte 15/],
        [`redis://:${SECRET}@host/x`, /database.*at byte 21/],
        [`redis://:${SECRET}@host/-1`, /database.*at byte 21/],
        [`redis://:${SECRET}@host?x=1`, /only query known here is db=N.*at byte 21/],
        [`redis://:${SECRET}@::1:6379`, /brackets/],
        [`redis://:${SECRET}@[::1`, /'\['/],
        [`redis://:${SECRET}@[::1]x`, /only a port may follow/],
        [`http://:${SECRET}@host`, /must start with.*at byte 0/],
        [`redis-sentinel://:${SECRET}@host`, /master/],
        [`redis-cluster://:${SECRET}@host/1`, /database/],
        [`unix://:${SECRET}@path`, /must start with '\/'/],
        [`unix://:${SECRET}@/path?x=1`, /only query known here is db=N/],
        ['', /must start with/],
        [SECRET, /must start with/],
    ];
    for (const [url, message] of BAD)
        it(`${url || 'none'}: exit 2, and where`, async () => {
            for (const [args, env] of [[['-u', url], {}], [[], { SIO_EMIT_URL: url }]]) {
                if (url === '' && args.length === 0)
                    continue; /* an empty variable is none */
                const result = await sioEmit([...args, 'ev'], { env });
                assertFails(result, EXIT.usage, message);
                assert.ok(!result.stderr.includes(SECRET), result.stderr);
            }
        });

    it('a password of any characters, percent-encoded; without a colon; for a user', async () => {
        const password = encodeURIComponent('p@:/w#%?');
        for (const info of [`:${password}`, password, `default:${password}`]) {
            const { code, stderr } = await sioEmit(['-u', at.redis.url.replace('unix://', `unix://${info}@`), 'ev']);
            assert.deepEqual([code, stderr], [EXIT.ok, '']);
        }
    });

    it('an empty host is this one', async () => {
        const scope = new Scope();
        try {
            const redis = await startRedis(scope, { tcp: true });
            const { port } = new URL(redis.url);
            assert.equal((await sioEmit(['-u', `redis://:${port}`, 'ev'])).code, EXIT.ok);
        } finally {
            await scope.close();
        }
    });
});

describe('fault 47: standard input and output', () => {
    const at = useRedis();

    it('no final newline: the last line is sent', async () => {
        const { code, stdout } = await at.emit(['-l', '-v', 'ev'], { stdin: 'a\nb' });
        assert.deepEqual([code, stdout], [EXIT.ok, '2 emits reached 0 servers each\n']);
    });

    it('empty: exit 0, nothing sent', async () => {
        const admin = await at.redis.client(at.scope);
        const before = await publishes(admin);
        for (const mode of [['-l', 'ev'], ['--lines-json'], ['-l', '--null', 'ev']])
            assert.deepEqual(await at.emit(mode, { stdin: '' }),
                { code: EXIT.ok, signal: null, stdout: '', stderr: '' });
        assert.equal(await publishes(admin), before);
    });

    it('binary: bad lines are named, -x refuses it, -b - takes it', async () => {
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
        const { code, stderr, shown } = await dryRun(['-l', '--text', 'ev'], { stdin: bytes });
        assert.equal(code, EXIT.partial);
        assert.match(stderr, /^sio-emit: line 2 is not UTF-8[^\n]*\n$/);
        assert.equal(shown.length, 1);
        assertFails(await sioEmit(['--dry-run', 'ev', '-x'], { stdin: bytes }), EXIT.usage, /UTF-8/);
        const taken = await dryRun(['ev', '-b', '-'], { stdin: bytes });
        assert.deepEqual(taken.shown[0].packet[1].data[1], { $bin: bytes.toString('hex') });
    });

    it('a slow producer: each line is sent when it comes', async () => {
        const seen = await listen(at);
        const emit = start(at, ['-l', 'ev']);
        for (const [n, text] of ['a', 'b', 'c'].entries()) {
            await emit.write(text);
            assert.equal(seen.length, n);
            await emit.write('\n');
            await until(() => seen.length === n + 1, `line ${n + 1}`);
        }
        emit.child.stdin.end();
        assert.equal((await emit.ended).code, EXIT.ok);
    });

    it('a terminal: lines until end of file', async (t) => {
        if (!existsSync('/usr/bin/script'))
            return t.skip('script(1) is not installed');
        const seen = await listen(at);
        const emit = start(at, ['-qec', '"$SIO_EMIT" -l ev', '/dev/null'],
            { program: '/usr/bin/script', env: { SIO_EMIT: process.env.SIO_EMIT } });
        await emit.write('typed\n');
        await until(() => seen.length === 1, 'published');
        await emit.write('\x04');
        assert.equal((await emit.ended).code, EXIT.ok, emit.stdout);
    });

    it('stdout closed in the middle: exit 1, no signal, one line', async () => {
        const emit = start(at, ['--norc', '-c', '"$SIO_EMIT" -r -1 --json ev | head -n 1; exit ${PIPESTATUS[0]}'],
            { program: '/bin/bash', env: { SIO_EMIT: process.env.SIO_EMIT } });
        assert.deepEqual(await emit.ended, { code: EXIT.internal, signal: null });
        assert.match(emit.stderr, /^sio-emit: cannot write to standard output: Broken pipe\n$/);
        assert.equal(emit.lines().length, 1);
    });

    it('stdin cannot be read: exit 2', () => {
        const fd = openSync('/', 'r');
        try {
            const { status, stderr } = spawnSync(process.env.SIO_EMIT, ['-l', 'ev'],
                { env: { SIO_EMIT_URL: at.redis.url }, stdio: [fd, 'pipe', 'pipe'], encoding: 'utf8' });
            assert.equal(status, EXIT.usage);
            assert.match(stderr, /^sio-emit: cannot read standard input: [^\n]+\n$/);
        } finally {
            closeSync(fd);
        }
    });

    it('an outage holds the producer back, in bounded memory, and loses nothing', async () => {
        const [COUNT, LINE] = [12_000, 4000];
        const admin = await at.redis.client(at.scope);
        const before = await publishes(admin);
        const emit = start(at, ['-l', '--text', '-v', 'ev']);
        await emit.write('first\n');
        await until(async () => await publishes(admin) > before, 'first emit');
        await at.redis.kill();
        let written = 0;
        const line = `${'x'.repeat(LINE - 1)}\n`;
        const feeding = (async () => {
            for (; written < COUNT; written++)
                await emit.write(line);
            emit.child.stdin.end();
        })();
        await until(async () => {
            const last = written;
            await delay(300);
            return last > 1000 && written === last;
        }, 'held back');
        assert.ok(written * LINE < 24 * MiB, `${written * LINE} bytes taken; ${emit.stderr}`);
        if (!SANITIZED)
            assert.ok(peakOf(emit.child.pid) < 32 * 1024, `${peakOf(emit.child.pid)} KiB`);
        await at.redis.start();
        await feeding;
        assert.equal((await emit.ended).code, EXIT.ok, emit.stderr);
        assert.equal(emit.stdout, `${COUNT + 1} emits reached 0 servers each\n`);
    });
});
