/* SPDX-License-Identifier: MIT */
/* Several emits: -l, --lines-json, -r; pace, bad lines, memory, and an outage in the middle. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dryRun, EXIT, listen, peakOf, SANITIZED, start, until, useRedis } from './lib.mjs';

const at = useRedis();
const dataOf = (shown) => shown.map(({ packet }) => packet[1].data);

async function lines(args, stdin) {
    const { code, stderr, shown } = await dryRun(args, { stdin });
    return { code, stderr, shown, data: dataOf(shown) };
}

describe('-l', () => {
    it('makes each line the last argument', async () => {
        const { code, data } = await lines(['-l', 'ev', 'first'], 'a\n7\n{"b":1}\n\nlast');
        assert.equal(code, EXIT.ok);
        assert.deepEqual(data, [['ev', 'first', 'a'], ['ev', 'first', 7], ['ev', 'first', { b: 1 }],
            ['ev', 'first', ''], ['ev', 'first', 'last']]);
    });

    it('--text takes every line as a string', async () => {
        const { data } = await lines(['-l', '--text', 'ev'], '7\n[info] x\nnull\n');
        assert.deepEqual(data, [['ev', '7'], ['ev', '[info] x'], ['ev', 'null']]);
    });

    it('fault 47: an empty input sends nothing', async () => {
        assert.deepEqual(await at.emit(['-l', 'ev'], { stdin: '' }),
            { code: EXIT.ok, signal: null, stdout: '', stderr: '' });
    });

    it('names bad lines and goes on', async () => {
        const { code, stderr, data } = await lines(['-l', 'ev'], Buffer.concat(
            ['ok\n{bad\n', Buffer.from([0xff]), '\nok\n'].map((part) => Buffer.from(part))));
        assert.equal(code, EXIT.partial);
        assert.deepEqual(data, [['ev', 'ok'], ['ev', 'ok']]);
        assert.match(stderr, /line 2 is not valid JSON.*\n.*line 3 is not UTF-8/);
    });

    it('--strict stops at the first', async () => {
        const { code, data } = await lines(['-l', '--strict', 'ev'], 'ok\n{bad\nok\n');
        assert.equal(code, EXIT.usage);
        assert.deepEqual(data, [['ev', 'ok']]);
    });

    it('--null and --delimiter', async () => {
        assert.deepEqual((await lines(['-l', '--null', 'ev'], 'a\nb\0c')).data,
            [['ev', 'a\nb'], ['ev', 'c']]);
        assert.deepEqual((await lines(['-l', '--delimiter', ';', 'ev'], 'a;b;')).data,
            [['ev', 'a'], ['ev', 'b']]);
        assert.deepEqual((await lines(['-l', '--delimiter', '\\x1e', 'ev'], 'a\x1eb')).data,
            [['ev', 'a'], ['ev', 'b']]);
    });

    it('--max-line skips what is longer', async () => {
        const { code, stderr, data } = await lines(['-l', '--max-line', '3', 'ev'],
            'abc\nabcd\nab\n');
        assert.equal(code, EXIT.partial);
        assert.deepEqual(data, [['ev', 'abc'], ['ev', 'ab']]);
        assert.match(stderr, /line 2 is longer than 3 bytes/);
    });
});

describe('--lines-json', () => {
    it('takes objects and arrays', async () => {
        const { code, shown } = await lines(['--lines-json'], [
            '{"event":"a"}',
            '{"args":[1,{"x":[]}],"event":"b","to":"r","of":"chat"}',
            '{"event":"c","to":["r","s"],"except":["t"],"compress":false,"volatile":true}',
            '["d",null,"x"]', '  ', '["e"]',
        ].join('\n'));
        assert.equal(code, EXIT.ok);
        assert.deepEqual(shown.map(({ channel }) => channel), ['socket.io#/#', 'socket.io#/chat#r#',
            'socket.io#/#', 'socket.io#/#', 'socket.io#/#']);
        assert.deepEqual(dataOf(shown),
            [['a'], ['b', 1, { x: [] }], ['c'], ['d', null, 'x'], ['e']]);
        assert.deepEqual(shown[2].packet[2],
            { rooms: ['r', 's'], flags: { compress: false, volatile: true }, except: ['t'] });
        assert.deepEqual(Object.keys(shown[2].packet[2].flags), ['compress', 'volatile']);
    });

    it('takes what a line leaves out from the command line', async () => {
        const { shown } = await lines(['--lines-json', '--of', '/n', '--to', 'r', '--except', 'x',
            '--volatile'], ['["a"]', '{"event":"b","to":"s"}',
            '{"event":"c","of":"/m","volatile":false}', '{"event":"d","to":[]}',
            '{"event":"e","except":[]}'].join('\n'));
        assert.deepEqual(shown.map(({ packet }) => packet[2]), [
            { rooms: ['r'], flags: { volatile: true }, except: ['x'] },
            { rooms: ['s'], flags: { volatile: true }, except: ['x'] },
            { rooms: ['r'], flags: {}, except: ['x'] },
            { rooms: [], flags: { volatile: true }, except: ['x'] },
            { rooms: ['r'], flags: { volatile: true }, except: [] },
        ]);
        assert.deepEqual(shown.map(({ packet }) => packet[1].nsp), ['/n', '/n', '/m', '/n', '/n']);
    });

    const BAD = [
        ['nope', /line 1 is not valid JSON at column 1/],
        ['7', /neither an object nor an array/],
        ['[]', /event's name/],
        ['[1]', /event's name/],
        ['{}', /no "event"/],
        ['{"event":1}', /"event" has to be a string/],
        ['{"event":"a","args":1}', /"args" has to be an array/],
        ['{"event":"a","to":1}', /"to" has to be a room/],
        ['{"event":"a","to":null}', /"to" has to be a room/],
        ['{"event":"a","to":[["a"]]}', /"to" has to be a room/],
        ['{"event":"a","except":[1]}', /"except" has to be a room/],
        ['{"event":"a","of":[]}', /"of" has to be a string/],
        ['{"event":"a","volatile":1}', /"volatile" has to be true or false/],
        ['{"event":"a","compress":"no"}', /"compress" has to be true or false/],
        ['{"event":"a","rooms":[]}', /has the field "rooms"/],
        ['{"event":"a","to":"\\ud800"}', /lone surrogate/],
        ['{"event":"connect"}', /refused: the event name is reserved/],
        ['["\\ud800"]', /refused: the event name is not UTF-8/],
        [`["${'x'.repeat(4097)}"]`, /refused: the event name has 4097 bytes/],
        [`{"event":"a","to":"${'x'.repeat(4097)}"}`, /a room of 4097 bytes, more than 4096: xxx/],
        [`{"event":"a","except":["a","${'y'.repeat(4097)}"]}`, /a room of 4097 bytes.*: yyy/],
        [`{"event":"a","of":"/${'x'.repeat(4096)}"}`, /a namespace of 4097 bytes/],
    ];
    for (const [line, message] of BAD)
        it(`refuses ${line.slice(0, 40)}`, async () => {
            const { code, stderr, data } = await lines(['--lines-json'], `${line}\n["ok"]\n`);
            assert.equal(code, EXIT.partial);
            assert.match(stderr, message);
            assert.deepEqual(data, [['ok']]);
        });

    it('--server-emit sends lines to the servers', async () => {
        const { code, shown } = await dryRun(['--lines-json', '--server-emit'],
            { stdin: '["a",1]\n{"event":"b","to":"x"}\n' });
        assert.equal(code, EXIT.partial);
        assert.deepEqual(shown.map(({ packet }) => packet),
            [{ uid: 'emitter', type: 6, data: ['a', 1] }]);
    });

    it('keeps many namespaces apart', async () => {
        const nsps = Array.from({ length: 60 }, (_, i) => `/n${(i * 7) % 20}`);
        const { shown } = await lines(['--lines-json'],
            nsps.map((of) => JSON.stringify({ event: 'e', of })).join('\n'));
        assert.deepEqual(shown.map(({ channel }) => channel), nsps.map((n) => `socket.io#${n}#`));
    });
});

describe('-r, -i and --rate', () => {
    it('-r repeats', async () => {
        const { stdout } = await at.emit(['-r', '5', '-v', 'ev']);
        assert.equal(stdout, '5 emits reached 0 servers each\n');
    });

    it('-r repeats actions too', async () => {
        const { shown } = await dryRun(['-r', '2', '--join', 'a']);
        assert.equal(shown.length, 2);
    });

    for (const [name, args] of [['-i', ['-i', '0.1']], ['--rate', ['--rate', '10']]])
        it(`${name} keeps the pace`, async () => {
            const began = process.hrtime.bigint();
            assert.equal((await at.emit(['-r', '4', ...args, 'ev'])).code, EXIT.ok);
            const ms = Number(process.hrtime.bigint() - began) / 1e6;
            assert.ok(ms >= 300, `${ms} ms`);
        });
});

describe('fault 47: long streams', () => {
    const room = (i) => `{"event":"tick","args":[${i}],"to":"r${i}"}\n`;
    const input = (from, to) =>
        Array.from({ length: to - from }, (_, i) => room(from + i)).join('');

    it('20,000 lines arrive, in order', async () => {
        const COUNT = 20_000;
        const seen = await listen(at);
        const { code, stderr } = await at.emit(['--lines-json'], { stdin: input(0, COUNT) });
        assert.deepEqual([code, stderr], [EXIT.ok, '']);
        await until(() => seen.length >= COUNT, 'all published');
        assert.ok(seen.every(({ channel }, i) => channel === `socket.io#/#r${i}#`));
    });

    it('a line longer than --max-line is named and skipped, and takes no memory', async () => {
        const block = 'x'.repeat(1 << 20);
        const emit = start(at, ['-l', 'ev', '--max-line', '100000']);
        for (let i = 0; i < 100; i++)
            await emit.write(block);
        await emit.write('\nshort\n');
        const peak = peakOf(emit.child.pid);
        emit.child.stdin.end();
        assert.equal((await emit.ended).code, EXIT.partial);
        assert.match(emit.stderr, /line 1 is longer than 100000 bytes/);
        if (!SANITIZED)
            assert.ok(peak < 64 * 1024, `${peak} KiB`);
    });

    it('fault 1: Redis goes and comes back: every emit ends once, in order', async () => {
        const COUNT = 30_000;
        const emit = start(at, ['--lines-json', '--json']);
        await emit.write(input(0, 1000));
        await until(() => emit.lines().length >= 1000, 'first answers');
        await at.redis.kill();
        const written = emit.write(input(1000, COUNT)).then(() => emit.child.stdin.end());
        await at.redis.start();
        await written;
        assert.equal((await emit.ended).code, EXIT.ok, emit.stderr);
        const numbers = emit.lines().map((line) => JSON.parse(line)).map(({ number, status }) => {
            assert.equal(status, 'SIO_OK');
            return number;
        });
        assert.deepEqual(numbers, Array.from({ length: COUNT }, (_, i) => i + 1));
    });

    it('fault 2: Redis does not come back: what was lost is counted', async () => {
        const emit = start(at, ['-l', 'ev', '--timeout', '0.5']);
        await emit.write('1\n');
        const nodes = await Promise.all(at.redis.servers.map(({ name }) =>
            at.redis.clientOf(at.scope, name)));
        const lists = () => Promise.all(nodes.map((node) => node.sendCommand(['CLIENT', 'LIST'])));
        await until(async () => /cmd=publish/.test(await lists()), 'published');
        await at.redis.kill();
        await emit.write('2\n3\n');
        emit.child.stdin.end();
        assert.equal((await emit.ended).code, EXIT.partial, emit.stderr);
        assert.match(emit.stderr, /2 of 3 emits failed/);
        await at.redis.start();
    });
});
