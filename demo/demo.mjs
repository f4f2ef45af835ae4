/* SPDX-License-Identifier: MIT */
/* What the toolkit is for, in a few seconds: a private Redis, a Node Socket.IO server
 * with its Redis adapter, two clients in different rooms, and C programs that reach
 * them. It says who received what, and fails if that is not what it should be.
 * With --keep everything stays for your own commands, until Ctrl-C. */
import { isDeepStrictEqual } from 'node:util';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
    connectClient, run, Scope, settle, startRedis, startServer,
} from '../tests/interop/lib/fixture.mjs';

const { SIO_EMIT, SIO_EXAMPLES } = process.env;
const shown = (args) => args.map((arg) => JSON.stringify(arg)).join(' ');
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`);

/* expected: what Ann and Bob receive; a function judges instead of comparing */
function scenes(report) {
    const emit = (title, args, ann, bob) => ({ title, args, expected: [ann, bob] });
    return [
        emit('To everyone in the room news', ['--to', 'news', 'headline', '{"n":1}'],
            [['headline', { n: 1 }]], []),
        emit('To everyone in the room sport', ['--to', 'sport', 'score', '3', '1'],
            [], [['score', 3, 1]]),
        emit('To everyone', ['notice', 'maintenance at noon'],
            [['notice', 'maintenance at noon']], [['notice', 'maintenance at noon']]),
        emit('To everyone but the room sport, a file as the argument',
            ['--except', 'sport', '-f', report, 'report'], [['report', 'one\ntwo\n']], []),
        emit('Whoever is in sport joins news as well', ['--to', 'sport', '--join', 'news'], [], []),
        emit('... so that news is now two', ['--to', 'news', 'headline', '{"n":2}'],
            [['headline', { n: 2 }]], [['headline', { n: 2 }]]),
        {
            title: 'The same from C: examples/blocking.c sends to the room news',
            program: join(SIO_EXAMPLES, 'example_blocking'),
            expected: [1, 2].map(() => (log) => log.length > 0 && log.every(([e]) => e === 'news')),
        },
    ];
}

async function play({ title, program = SIO_EMIT, args, expected }, redis, people) {
    const argv = args ?? [redis.url];
    const env = { SIO_EMIT_URL: redis.url };
    console.log(`\n${title}:\n  $ ${relative('.', program)} ${argv.map(quoted).join(' ')}`);
    people.forEach(({ client }) => { client.log = []; });
    const result = await run(program, argv, { env, deadline: 20_000 });
    if (result.code !== 0)
        throw new Error(`${program} ended with ${result.signal ?? result.code}: ${result.stderr}`);
    await settle(redis, people.map(({ client }) => client));
    people.forEach(({ name, client }, i) => {
        const got = client.log.map(([event, ...values]) => `${event} ${shown(values)}`);
        console.log(`    ${name} received ${got.length > 0 ? got.join(', ') : 'nothing'}`);
        const want = expected[i];
        if (!(typeof want === 'function' ? want(client.log) : isDeepStrictEqual(client.log, want)))
            throw new Error(`${name} should have received ${
                typeof want === 'function' ? 'something else' : JSON.stringify(want)}`);
    });
}

async function keep(redis, people) {
    console.log(`\nYours, until Ctrl-C:\n  export SIO_EMIT_URL=${redis.url}`);
    for (const { name, client } of people)
        client.socket.onAny((event, ...args) => {
            console.log(`    ${name} received ${event} ${shown(args)}`);
        });
    await new Promise((resolve) => process.once('SIGINT', resolve));
}

async function demo(scope) {
    const redis = await startRedis(scope);
    const server = await startServer(scope, redis);
    const enter = async (name, room) =>
        ({ name, client: await connectClient(scope, server, { rooms: [room] }) });
    const people = [
        await enter('Ann (room news)', 'news'), await enter('Bob (room sport)', 'sport'),
    ];
    const dir = await mkdtemp(join(tmpdir(), 'sio-demo-'));
    scope.after(() => rm(dir, { recursive: true, force: true }));
    const report = join(dir, 'report.txt');
    await writeFile(report, 'one\ntwo\n');
    console.log(`Redis on ${redis.url}, a Node Socket.IO server on ${server.url},`);
    console.log('two clients: Ann is in the room news, Bob in the room sport.');
    for (const scene of scenes(report))
        await play(scene, redis, people);
    console.log('\nEverybody received what they should, and nothing else.');
    if (process.argv.includes('--keep'))
        await keep(redis, people);
}

const scope = new Scope();
try {
    await demo(scope);
} catch (err) {
    console.error(`\nThe demo failed: ${err.message}`);
    process.exitCode = 1;
}
await scope.close();
