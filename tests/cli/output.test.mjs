/* SPDX-License-Identifier: MIT */
/* What is printed when something is asked for. */
import assert from 'node:assert/strict';
import { existsSync, readlinkSync } from 'node:fs';
import { describe, it } from 'node:test';
import { sioEmit } from '../interop/lib/fixture.mjs';
import { dryRun, EXIT, listen, start, until, useRedis } from './lib.mjs';

const at = useRedis();
const objects = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));

describe('-v', () => {
    it('says how many servers one emit reached', async () => {
        assert.equal((await at.emit(['-v', 'ev'])).stdout, 'reached 0 servers\n');
        await listen(at);
        assert.equal((await at.emit(['-v', 'ev'])).stdout, 'reached 1 server\n');
    });

    it('sums a stream up in one line', async () => {
        assert.equal((await at.emit(['-v', '-r', '3', 'ev'])).stdout,
            '3 emits reached 0 servers each\n');
        const client = await at.redis.client(at.scope);
        await client.pSubscribe('*#a#', () => {});
        const { stdout } = await at.emit(['-v', '--lines-json'],
            { stdin: '{"event":"e","to":"a"}\n{"event":"e","to":"b"}\n' });
        assert.equal(stdout, '2 emits reached 0 to 1 servers each\n');
        assert.equal((await at.emit(['-v', '-l', 'ev'])).stdout, 'nothing was sent\n');
    });
});

describe('--json', () => {
    it('is one object an emit', async () => {
        await listen(at);
        assert.deepEqual(objects((await at.emit(['--json', 'ev'])).stdout),
            [{ number: 1, status: 'SIO_OK', receivers: 1 }]);
        const { stdout } = await at.emit(['--json', '-v', '-r', '3', 'ev']);
        assert.deepEqual(objects(stdout).map(({ number }) => number), [1, 2, 3]);
    });

    it('numbers lines, bad ones included', async () => {
        const { code, stdout } = await at.emit(['--json', '--lines-json'],
            { stdin: '["a"]\n\n[]\n["connect"]\n["b"]\n' });
        assert.equal(code, EXIT.partial);
        const lines = objects(stdout).sort((a, b) => a.number - b.number);
        assert.deepEqual(lines.map(({ number, status }) => [number, status]),
            [[1, 'SIO_OK'], [3, 'SIO_EINVAL'], [4, 'SIO_EINVAL'], [5, 'SIO_OK']]);
        assert.match(lines[1].error, /event/);
    });

    it('has the error of one that failed', async () => {
        const client = await at.redis.client(at.scope);
        await client.sendCommand(['ACL', 'SETUSER', 'eve', 'on', '>pw', '+@all', 'resetchannels']);
        const { code, stdout } = await at.emit(['--json', '--user', 'eve', '-a', 'pw', 'ev']);
        assert.equal(code, EXIT.auth);
        const [line] = objects(stdout);
        assert.equal(line.status, 'SIO_ENOPERM');
        assert.match(line.error, /NOPERM/);
    });

    it('fault 47: comes as Redis answers, not at the end', async () => {
        const emit = start(at, ['--json', '-l', 'ev']);
        for (let n = 1; n <= 3; n++) {
            await emit.write('x\n');
            await until(() => emit.lines().length === n, `line ${n}`);
        }
        emit.child.stdin.end();
        assert.equal((await emit.ended).code, EXIT.ok);
    });

    it('fault 47: never goes to Redis because stdout and stderr were closed', async () => {
        const seen = await listen(at);
        const emit = start(at, ['-c', 'exec "$SIO_EMIT" -l ev >&- 2>&-'],
            { program: '/bin/sh', env: { SIO_EMIT: process.env.SIO_EMIT } });
        await emit.write('1\n');
        await until(() => seen.length === 1, 'published');
        for (const fd of [1, 2])
            assert.equal(readlinkSync(`/proc/${emit.child.pid}/fd/${fd}`), '/dev/null');
        emit.child.stdin.end();
        assert.equal((await emit.ended).code, EXIT.ok);
    });

    it('fault 47: into a stdout that was never open ends with 1', async () => {
        const emit = start(at, ['-c', 'exec "$SIO_EMIT" --json ev >&-'],
            { program: '/bin/sh', env: { SIO_EMIT: process.env.SIO_EMIT } });
        assert.equal((await emit.ended).code, EXIT.internal);
        assert.match(emit.stderr, /cannot write to standard output/);
    });

    it('fault 47: into a closed pipe ends with 1', async () => {
        const emit = start(at, ['--json', '-l', 'ev']);
        await emit.write('x\n');
        await until(() => emit.lines().length === 1, 'answer');
        emit.child.stdout.destroy();
        await emit.write('y\n'.repeat(3));
        assert.deepEqual(await emit.ended, { code: EXIT.internal, signal: null });
        assert.match(emit.stderr, /cannot write to standard output/);
    });
});

describe('the progress line', () => {
    const work = ['-r', '-1', '-i', '0.02', 'ev'];

    it('is shown on a terminal when the work takes longer than a second', async (t) => {
        if (!existsSync('/usr/bin/script'))
            return t.skip('script(1) is not installed');
        const emit = start(at, ['-qec', `"$SIO_EMIT" ${work.join(' ')}`, '/dev/null'],
            { program: '/usr/bin/script', env: { SIO_EMIT: process.env.SIO_EMIT } });
        await until(() => /\r\d+ emits: \d+ accepted, 0 failed, \d+ waiting/.test(emit.stdout),
            'progress');
    });

    it('is not shown elsewhere', async () => {
        const { code, stdout, stderr } = await at.emit(['-r', '60', ...work.slice(2)]);
        assert.deepEqual([code, stdout, stderr], [EXIT.ok, '', '']);
    });

    it('--progress shows it everywhere, a line at a time', async () => {
        const emit = start(at, ['--progress', ...work]);
        await until(() => emit.stderr.split('\n').length > 2, 'two lines');
        emit.child.kill('SIGTERM');
        await emit.ended;
        for (const line of emit.stderr.split('\n').slice(0, 2))
            assert.match(line, /^sio-emit: \d+ emits: \d+ accepted, 0 failed, \d+ waiting$/);
    });

    it('--progress says nothing about work that is soon done', async () => {
        const { code, stdout, stderr } = await at.emit(['--progress', '-r', '5', 'ev']);
        assert.deepEqual([code, stdout, stderr], [EXIT.ok, '', '']);
    });
});

describe('--dry-run', () => {
    it('shows channel, packet and bytes', async () => {
        const words = ['--dry-run', '--to', 'news', 'hi', '{"a":1}'];
        const { code, stdout, stderr } = await sioEmit(words);
        assert.deepEqual([code, stderr], [EXIT.ok, '']);
        assert.match(stdout, /^channel: .*\npacket: .*\nhex: .*\n$/);
        const [channel, packet, hex] = stdout.split('\n').map((l) => l.replace(/^\w+: +/, ''));
        assert.equal(channel, 'socket.io#/#news#');
        assert.deepEqual(JSON.parse(packet), ['emitter',
            { type: 2, data: ['hi', { a: 1 }], nsp: '/' },
            { rooms: ['news'], flags: {}, except: [] }]);
        assert.match(hex, /^93a7656d6974746572[0-9a-f]+$/);
    });

    it('shows requests as their JSON', async () => {
        const { shown } = await dryRun(['--of', 'chat', '--to', 'a', '--join', 'b', '--join', 'c']);
        assert.deepEqual(shown.map(({ channel, packet }) => [channel, packet]), [
            ['socket.io-request#/chat#',
                { type: 2, opts: { rooms: ['a'], except: [] }, rooms: ['b', 'c'] }]]);
        assert.equal(Buffer.from(shown[0].hex, 'hex').toString(), JSON.stringify(shown[0].packet));
    });

    it('shows binary, and names that would break a line', async () => {
        const { shown } = await dryRun(['ev', '-b', '-'], { stdin: '\x01\x02' });
        assert.deepEqual(shown[0].packet[1].data[1], { $bin: '0102' });
        const { stdout } = await sioEmit(['--dry-run', '--to', 'a\nb', 'ev']);
        assert.match(stdout, /^channel: "socket\.io#\/#a\\nb#"\n/);
    });

    it('connects to nothing', async () => {
        const { code } = await sioEmit(['--dry-run', '-u', 'unix:///nonexistent', 'ev']);
        assert.equal(code, EXIT.ok);
    });
});
