/* SPDX-License-Identifier: MIT */
/* The examples do what they say, seen by the clients of live servers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { received, run, useCluster, within } from './lib/fixture.mjs';

const EXAMPLES = process.env.SIO_EXAMPLES;
const CRON = fileURLToPath(new URL('../../examples/cron.sh', import.meta.url));
const example = (name) => join(EXAMPLES, `example_${name}`);

describe('examples', () => {
    const at = useCluster();

    async function play(name, ...args) {
        const result = await run(example(name), [at.redis.url, ...args]);
        assert.deepEqual([result.code, result.stderr], [0, '']);
        return result.stdout;
    }

    /* A host that all the servers have heard of. */
    async function startHost(...names) {
        const child = spawn(example('host'), [at.redis.url, ...names],
            { stdio: ['pipe', 'pipe', 'inherit'] });
        const host = { child, lines: [], wake: () => {} };
        at.scope.after(() => child.kill('SIGKILL'));
        createInterface({ input: child.stdout }).on('line', (line) => {
            host.lines.push(line);
            host.wake();
        });
        host.ended = new Promise((resolve) => child.once('close', resolve));
        host.line = (wanted) => within(10_000, new Promise((resolve) => {
            host.wake = () => host.lines.includes(wanted) && resolve();
            host.wake();
        }), () => `line: ${wanted}`);
        const deadline = Date.now() + 10_000;
        while (await at.servers[0].io.of('/').adapter.serverCount() !== at.servers.length + 1)
            assert.ok(Date.now() < deadline, 'example_host is not among the servers');
        return host;
    }

    it('blocking: one event to a room', async () => {
        const clients = await at.clients({ rooms: ['news'] }, {}, { on: 1, rooms: ['news'] });
        assert.equal(await play('blocking'), 'reached 2 server(s)\n');
        assert.deepEqual(await at.logs(clients), [[['news', { n: 1 }]], [], [['news', { n: 1 }]]]);
    });

    it('threads: each in its own order', async () => {
        const clients = await at.clients({ rooms: ['news'] }, { rooms: ['news'] });
        assert.equal(await play('threads', '100'), 'accepted 400, failed 0\n');
        const counted = Array.from({ length: 100 }, (_, n) => n);
        for (const log of await at.logs(clients)) {
            assert.equal(log.length, 400);
            for (const thread of [0, 1, 2, 3])
                assert.deepEqual(
                    log.filter(([, number]) => number === thread).map(([, , n]) => n), counted);
        }
    });

    it('event_loop: one event a turn of its timer', async () => {
        const clients = await at.clients({}, {});
        assert.match(await play('event_loop', '3'), /^sent 3: /);
        const ticks = [['tick', 1], ['tick', 2], ['tick', 3]];
        assert.deepEqual(await at.logs(clients), [ticks, ticks]);
    });

    it('event_loop: drains when it is told to end', async () => {
        const clients = await at.clients({}, {});
        const child = spawn(example('event_loop'), [at.redis.url, '1000000'], { stdio: 'pipe' });
        at.scope.after(() => child.kill('SIGKILL'));
        let out = '';
        child.stdout.on('data', (text) => { out += text; });
        const ended = new Promise((resolve) => child.once('close', resolve));
        await received(clients[0], 'tick', 2);
        child.kill('SIGINT');
        assert.equal(await within(10_000, ended, () => 'end of example_event_loop'), 0);
        const [, sent] = /^sent (\d+): /.exec(out);
        for (const log of await at.logs(clients))
            assert.equal(log.length, Number(sent));
    });

    it('binary: bytes within an object', async () => {
        const clients = await at.clients({}, {});
        assert.match(await play('binary'), /^sent \d+ bytes\n$/);
        await play('binary', CRON);
        for (const [[event, pixel], [, file]] of await at.logs(clients)) {
            assert.deepEqual([event, pixel.name, file.name], ['image', 'pixel.gif', CRON]);
            assert.deepEqual([pixel.size, file.size], [pixel.data.length, file.data.length]);
            assert.equal(pixel.data.subarray(0, 6).toString(), 'GIF89a');
            assert.match(file.data.toString(), /^#!\/bin\/sh/);
        }
    });

    it('join_notify: all sockets of the user', async () => {
        const clients = await at.clients(
            { rooms: ['user:ann'] }, { rooms: ['user:ann'] }, { rooms: ['user:bob'] },
        );
        assert.match(await play('join_notify', 'ann', '7'), /join: .*2 .*\nnotify: .*2 /);
        const packet = ['order', '7', { state: 'shipped', parcels: [1, 2] }];
        assert.deepEqual(await at.logs(clients), [[packet], [packet], []]);
        assert.deepEqual(clients.map(({ peer }) => peer.rooms.has('order:7')), [true, true, false]);
    });

    it('host: alone, its clients hear what is said', async () => {
        const { code, stdout, stderr } = await run(example('host'), ['-', 'ann', 'bob'],
            { stdin: 'hello\n"quoted"\n' });
        assert.deepEqual([code, stderr], [0, '']);
        assert.equal(stdout, ['hello', '\\"quoted\\"'].flatMap((text) =>
            ['ann', 'bob'].map((name) => `${name} gets "say" "${text}"\n`)).join(''));
    });

    it('host: its clients share a room with those of Node servers', async () => {
        const clients = await at.clients({ rooms: ['lobby'] }, {}, { on: 1, rooms: ['lobby'] });
        const host = await startHost('ann', 'bob');
        host.child.stdin.write('hello\n');
        for (const client of [clients[0], clients[2]])
            await received(client, 'say', 1);
        at.servers[0].io.to('lobby').except('bob').emit('news', { n: 1 }, null);
        await host.line('ann gets "news" {"n":1} null');
        at.servers[1].io.in('ann').socketsLeave('lobby');
        at.servers[1].io.to('lobby').emit('news', 2);
        await host.line('bob gets "news" 2');
        host.child.stdin.end('bye\n');
        assert.equal(await within(10_000, host.ended, () => 'end of example_host'), 0);
        assert.deepEqual(host.lines, [
            'ann gets "say" "hello"', 'bob gets "say" "hello"', 'ann gets "news" {"n":1} null',
            'bob gets "news" 2', 'bob gets "say" "bye"',
        ]);
        const said = [['say', 'hello'], ['news', { n: 1 }, null], ['news', 2], ['say', 'bye']];
        assert.deepEqual(await at.logs(clients), [said, [], said]);
    });

    it('cron.sh: a packet for each file system', async () => {
        const clients = await at.clients({ rooms: ['ops'] }, {});
        const env = {
            PATH: `${dirname(process.env.SIO_EMIT)}:${process.env.PATH}`, REDIS_URL: at.redis.url,
        };
        const result = await run('/bin/sh', [CRON, '/'], { env });
        assert.deepEqual([result.code, result.stderr], [0, '']);
        const [[[event, disk], ...more], none] = await at.logs(clients);
        assert.deepEqual([event, more, none], ['disk', [], []]);
        assert.equal(disk.mount, '/');
        assert.equal(typeof disk.used, 'number');
    });

    it('cron.sh tells of a failure by its status', async () => {
        const env = { PATH: `${dirname(process.env.SIO_EMIT)}:${process.env.PATH}` };
        const url = 'unix:///nonexistent/redis.sock';
        const result = await run('/bin/sh', [CRON, '/'], { env: { ...env, REDIS_URL: url } });
        assert.equal(result.code, 3);
        assert.notEqual(result.stderr, '');
    });

    for (const name of ['blocking', 'threads', 'event_loop', 'binary', 'join_notify', 'host'])
        it(`${name}: says what is wrong with its URL`, async () => {
            const result = await run(example(name), ['nonsense://x']);
            assert.equal(result.code, 1);
            assert.match(result.stderr, /^link: ./);
        });

    it('blocking: says at once that Redis is away', async () => {
        /* root alone could have something listen on port 1 */
        const result = await run(example('blocking'), ['redis://127.0.0.1:1']);
        assert.equal(result.code, 1);
        assert.match(result.stderr, /^Redis: .*refused/);
    });

    it('each is under 100 lines', async () => {
        const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
        const files = (await readdir(examples)).filter((name) => /\.(c|sh)$/.test(name));
        assert.equal(files.length, 7);
        for (const name of files) {
            const lines = (await readFile(join(examples, name), 'utf8')).trimEnd().split('\n');
            assert.ok(lines.length < 100, `${name}: ${lines.length}`);
        }
    });
});
