/* SPDX-License-Identifier: MIT */
/* sio-emit finds the master by its sentinels, however it is told of them, and goes on with a
 * stream when another one becomes the master. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { sioEmit } from '../interop/lib/fixture.mjs';
import { assertFails, EXIT, file, freePort, listen, start, until, useRedis } from './lib.mjs';

const NOWHERE = 'unix:///nonexistent/redis.sock';

describe('sentinels', () => {
    const at = useRedis({ topology: 'sentinel', failureMs: 1000 });
    const hosts = () => at.redis.url.match(/:\/\/([^/]*)\//)[1];
    const configured = (text) => file(at.scope, text);

    const WAYS = [
        ['--sentinel and --master', () => [['--sentinel', hosts(), '--master', 'mymaster'], {}]],
        ['one of them', () => [['--sentinel', hosts().split(',')[1], '--master', 'mymaster'], {}]],
        ['the last of them', async () => [['--sentinel', `127.0.0.1:${await freePort()},`
            + hosts().split(',')[2], '--master=mymaster'], {}]],
        ['-u', () => [['-u', at.redis.url], {}]],
        ['SIO_EMIT_URL', () => [[], { SIO_EMIT_URL: at.redis.url }]],
        ['-n', () => [['-u', at.redis.url, '-n', '2'], {}]],
        ['before the environment', () => [['--sentinel', hosts(), '--master', 'mymaster'],
            { SIO_EMIT_URL: NOWHERE }]],
        ['the configuration file', async () => [['--config',
            await configured(`sentinel = ${hosts()}\nmaster = mymaster\n`)], {}]],
        ['a URL there', async () => [['--config', await configured(`url = ${at.redis.url}\n`)], {}]],
    ];
    for (const [name, way] of WAYS)
        it(name, async () => {
            const seen = await listen({ redis: at.redis, scope: at.scope });
            const [args, env] = await way();
            const { code, stdout, stderr } = await sioEmit([...args, '--to', 'r', 'ev'], { env });
            assert.deepEqual([code, stdout, stderr], [EXIT.ok, '', '']);
            await until(() => seen.some(({ channel }) => channel === 'socket.io#/#r#'), 'published');
        });

    it('3: no sentinel is there', async () => {
        const ports = [await freePort(), await freePort()];
        assertFails(await sioEmit(['--sentinel', ports.map((port) => `127.0.0.1:${port}`).join(),
            '--master', 'mymaster', 'ev']), EXIT.connect,
        new RegExp(`no sentinel answers: .*:${ports[0]}: .*refused; .*:${ports[1]}: .*refused`));
    });

    it('5: they know no such master', async () => {
        assertFails(await sioEmit(['--sentinel', hosts(), '--master', 'other', 'ev']), EXIT.redis,
            /no sentinel knows a master named 'other'/);
    });

    const USAGE = [
        ['--sentinel alone', ['--sentinel', 'h'], /--sentinel and --master belong together/],
        ['--master alone', ['--master', 'm'], /--sentinel and --master belong together/],
        ['--sentinel with -h', ['--sentinel', 'h', '--master', 'm', '-h', 'h'], /leave out -u, -h/],
        ['--sentinel with -c', ['--sentinel', 'h', '--master', 'm', '-c'], /leave out .* and -c/],
        ['--sentinel with a bad port', ['--sentinel', 'h:x', '--master', 'm'], /port must be/],
        ['-c with -s', ['-c', '-s', '/x'], /leave out -c or -s/],
        ['-c with sentinels', ['-c', '-u', 'redis-sentinel://h?master=m'], /names none of its nodes/],
        ['-c with -n', ['-c', '-n', '1'], /no database but 0/],
    ];
    for (const [name, args, message] of USAGE)
        it(`2: ${name}`, async () => {
            assertFails(await sioEmit([...args, 'ev']), EXIT.usage, message);
        });

    /* Last, as the master is another one then. */
    it('a stream goes on when the master dies', async () => {
        const emit = start(at, ['-l', 'ev', '--json', '--sentinel', hosts(), '--master', 'mymaster']);
        for (let n = 0; n < 100; n++)
            await emit.write(`${n}\n`);
        await until(() => emit.lines().length === 100, 'answers');
        await at.redis.kill('master');
        for (let n = 100; n < 300; n++) {
            await emit.write(`${n}\n`);
            await delay(1);
        }
        emit.child.stdin.end();
        const { code } = await emit.ended;
        assert.equal(code, EXIT.ok, emit.stderr);
        assert.equal(emit.lines().length, 300);
        assert.ok(emit.lines().every((line) => JSON.parse(line).status === 'SIO_OK'), emit.stdout);
    });
});
