/* SPDX-License-Identifier: MIT */
/* sio-node itself: its line protocol, as any other language's test relies on it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, afterEach, before, describe, it } from 'node:test';
import { programPath, run } from '../lib/programs.mjs';
import { startRedis } from '../lib/redis.mjs';
import { Scope } from '../lib/scope.mjs';
import { bin, num, undef } from '../lib/values.mjs';
import { startNode } from './nodes.mjs';
import { fresh } from './stage.mjs';

const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const text = (requests) => requests.map((each) => `${JSON.stringify(each)}\n`).join('');

describe('sio-node', () => {
    const whole = new Scope();
    const test = new Scope();
    let redis;
    before(async () => { redis = await startRedis(whole); });
    after(() => whole.close());
    afterEach(() => test.close());

    /* Its whole life on these lines. */
    const live = (stdin, args = []) =>
        run(programPath('SIO_NODE'), ['--url', redis.url, ...args], { stdin, env: redis.env });

    it('ends with status 0 when it is told to, and says so last', async () => {
        const { code, stdout, stderr } = await live(text([{ id: 7, op: 'quit' }]));
        assert.deepEqual([code, stderr], [0, '']);
        assert.deepEqual(lines(stdout).at(-1), { id: 7, ok: true, result: null });
    });

    it('ends with status 0 at the end of its input', async () => {
        const { code, stdout } = await live('');
        assert.deepEqual([code, lines(stdout).filter(({ id }) => id !== undefined)], [0, []]);
    });

    it('carries out requests in their order and answers under their ids', async () => {
        const { stdout } = await live(text([
            { id: 1, op: 'connect', sid: 'a' },
            { id: 'two', op: 'join', sid: 'a', rooms: ['r', 42] },
            { id: 3, op: 'socketRooms', sid: 'a' },
            { id: 4, op: 'close', sid: 'a' },
            { id: 5, op: 'quit' },
        ]));
        const answers = new Map(lines(stdout).filter(({ id }) => id !== undefined)
            .map(({ id, ...answer }) => [id, answer]));
        assert.deepEqual(answers.get(3), { ok: true, result: ['a', 'r', '42'] });
        assert.deepEqual([...answers.keys()].sort(), [1, 3, 4, 5, 'two']);
        assert.equal(answers.get(4).ok, true);
        assert.equal(answers.get(5).ok, true);
    });

    it('refuses what it does not understand and goes on', async () => {
        const bad = ['', 'nonsense', '[]', '{"id":1}', '{"id":2,"op":"fly"}', '{"id":3,"op":"join"}',
            '{"id":4,"op":"emit","args":[]}', '{"id":5,"op":"emit","args":["x"],"rooms":[{}]}',
            '{"id":6,"op":"emit","args":["x"],"rooms":["a","b"],"flags":{"expectSingleResponse":true}}',
            '{"id":7,"op":"connect","sid":{}}', '{"id":8,"op":"ack","sid":"a","packetId":1}',
            '{"id":9,"op":"emit","args":[5]}', '{"id":10,"op":"serverSideEmit","args":[5]}',
            '{"id":11,"op":"socketsJoin"}', '{"id":12,"op":"socketsLeave","target":null}',
            '{"id":13,"op":"join","sid":"b","rooms":[]}'];
        const { code, stdout } = await live(`${bad.join('\n')}\n${text([{ id: 99, op: 'stats' }])}`);
        const answers = lines(stdout).filter(({ ok }) => ok !== undefined);
        assert.equal(code, 0);
        assert.deepEqual(answers.map(({ id, ok }) => [id, ok]), [
            [null, false], [null, false], [1, false], [2, false], [3, false], [4, false],
            [5, false], [6, false], [7, false], [8, false], [9, false], [10, false], [11, false],
            [12, false], [13, false], [99, true],
        ]);
        assert.match(answers.find(({ id }) => id === 9).error, /name, must be a string/);
        assert.equal(answers.every(({ ok, error }) => ok || typeof error === 'string'), true);
    });

    it('takes null for absent, and no room for nothing to do', async () => {
        const node = await startNode(test, redis, 'c');
        await node.call('connect', { sid: 'a' });
        assert.equal(await node.call('join', { sid: 'a', rooms: [] }), null);
        assert.equal(await node.call('leave', { sid: 'a', rooms: [] }), null);
        for (const op of ['join', 'leave'])
            for (const rooms of [undefined, null])
                await assert.rejects(node.call(op, { sid: 'a', rooms }), /rooms is an array/);
        const all = { rooms: null, except: null, flags: null };
        const nothing = { receivers: 0 };
        assert.deepEqual(await node.call('socketsJoin', { ...all, target: [] }), nothing);
        assert.deepEqual(await node.call('socketsLeave', { rooms: ['a'], target: [] }), nothing);
        assert.deepEqual(await node.call('socketRooms', { sid: 'a' }), ['a']);
        assert.deepEqual(await node.call('sockets', all), ['a']);
        assert.equal((await node.call('fetchSockets', all)).length, 1);
        await node.call('emit', { ...all, args: ['x', null] });
        const { packet } = await node.event(({ event }) => event === 'packet');
        assert.deepEqual(packet, { type: 2, data: ['x', null] });
    });

    it('says how many servers have answered, and why not all', async () => {
        const [node, other] = await Promise.all([
            startNode(test, redis, 'c', { requestsTimeout: 8000 }),
            startNode(test, redis, 'c'),
        ]);
        const questions = [['fetchSockets'], ['sockets'], ['allRooms'],
            ['serverSideEmitWithAck', { args: ['x'] }], ['emitWithAck', { args: ['x'] }]];
        const ask = () => Promise.all(questions.map(async ([op, fields]) => {
            const { answered, expected, text } = await node.answer(op, fields);
            return [op, answered, expected, text];
        }));
        const come = () => other.event(({ event }) => event === 'serverSideEmit');
        const told = (answered, expected, text) =>
            questions.map(([op]) => [op, answered, expected, text]);
        const asked = ask();
        const { token } = await come();
        await other.call('serverSideAck', { token });
        assert.deepEqual(await asked, told(1, 1, undefined));
        other.kill('SIGSTOP'); /* resolves at its end */
        const partly = ask();
        await node.call('stats'); /* all are under way */
        await other.kill();
        assert.deepEqual(await partly, told(0, 1, 'a server has gone without an answer'));
    });

    it('takes times of any length', async () => {
        const node = await startNode(test, redis, 'c');
        await node.call('connect', { sid: 'a' });
        const waits = [2 ** 31, 2 ** 32 + 1, 1e20, 1e300];
        const asked = waits.flatMap((timeout) => [
            node.call('emitWithAck', { args: ['x'], timeout }),
            node.call('emitWithAck', { args: ['x'], flags: { timeout } }),
        ]);
        for (const [i] of asked.entries()) {
            const { packet: { id } } = await node.event(({ event, packet }) =>
                event === 'packet' && packet.id === i);
            await node.call('ack', { sid: 'a', packetId: id, args: [i] });
        }
        const answers = await Promise.all(asked);
        assert.deepEqual(answers.map(({ timedOut, responses }) => [timedOut, ...responses]),
            asked.map((_, i) => [false, i]));
        const short = await Promise.all([0, 0.5, 20].map((timeout) =>
            node.call('emitWithAck', { args: ['x'], timeout })));
        assert.deepEqual(short.map(({ timedOut }) => timedOut), [true, true, true]);
    });

    it('refuses options that it does not know', async () => {
        for (const args of [['--mode', 'sharded'], ['--nonsense'], ['--subscription', 'x'],
            ['--requests-timeout', '0'], ['word']]) {
            const { code, stderr } = await live('', args);
            assert.equal(code, 2, args.join(' '));
            assert.match(stderr, /^sio-node: .*\nusage: /);
        }
    });

    it('writes everything for a reader that comes late', async () => {
        const child = spawn(programPath('SIO_NODE'), ['--url', redis.url],
            { env: { ...process.env, ...redis.env } });
        test.after(() => child.kill('SIGKILL'));
        const count = 20_000;
        child.stdin.write(text(Array.from({ length: count }, (_, id) => ({ id, op: 'stats' }))));
        child.stdin.end();
        let out = '';
        child.stdout.setEncoding('utf8').on('data', (piece) => { out += piece; });
        const [code] = await new Promise((resolve) => {
            child.once('close', (...how) => resolve(how));
        });
        assert.equal(code, 0);
        assert.equal(lines(out).filter(({ ok }) => ok).length, count);
    });

    it('hands every tagged value through', async () => {
        const node = await startNode(test, redis, 'c');
        const values = [
            undef, null, true, false, 0, -1, 1.5, -1e-7, '', 'é😀\0', [], {}, [[1], { a: [undef] }],
            num('NaN'), num('-Infinity'), num('18014398509481984'), num('-9007199254740994'),
            bin(), bin(0, 255), { $date: 1700000000123, iso: '2023-11-14T22:13:20.123Z' },
            { $date: -1, iso: '1969-12-31T23:59:59.999Z' }, { $utf16: 'd83d' },
            { $obj: [['$bin', 1], ['a', { $obj: [['$', []]] }]] },
        ];
        const sid = fresh('sid');
        await node.call('connect', { sid, data: values });
        const [{ data }] = await node.call('fetchSockets', { rooms: [sid] });
        assert.deepEqual(data, values);
        await node.call('emit', { rooms: [sid], args: ['x', ...values], flags: { local: true } });
        const { packet } = await node.event(({ event }) => event === 'packet');
        assert.deepEqual(packet, { type: 2, data: ['x', ...values] });
    });

    it('has "/" from the start, and opens a namespace when it is first named', async () => {
        const node = await startNode(test, redis, 'c');
        await node.call('stats', { nsp: 'chat' });
        await node.event(({ event, nsp }) => event === 'ready' && nsp === '/chat');
        await node.call('connect', { nsp: '/chat', sid: 'a' });
        assert.deepEqual(await node.call('socketRooms', { nsp: 'chat', sid: 'a' }), ['a']);
        await assert.rejects(node.call('socketRooms', { sid: 'a' }), { message: 'no socket "a"' });
    });

    it('refuses a sid that is connected, and takes it again when it is not', async () => {
        const node = await startNode(test, redis, 'c');
        await node.call('connect', { sid: 'a' });
        await assert.rejects(node.call('connect', { sid: 'a' }), /connected already/);
        await node.call('close', { sid: 'a' });
        await node.call('connect', { sid: 'a' });
    });

    it('tells of a lost Redis, of the gap, and of being ready again', async () => {
        const own = await startRedis(test);
        const node = await startNode(test, own, 'c');
        const told = (from) => node.events.slice(from).map(({ event }) => event);
        await own.kill();
        await node.event(({ event, connected }) => event === 'state' && connected === false);
        const from = node.events.length;
        await own.start();
        const gap = await node.event(({ event }) => event === 'gap', 'gap', from);
        await node.event(({ event }) => event === 'ready', 'readiness', from);
        assert.equal(gap.from <= gap.to && gap.nsp === '/' && gap.why.length > 0, true);
        assert.equal(told(from).indexOf('gap') < told(from).indexOf('ready'), true);
        await node.event(({ event, connected }) => event === 'state' && connected, 'state', from);
    });
});
