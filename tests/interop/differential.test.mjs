/* SPDX-License-Identifier: MIT */
/* For the same generated calls the library and @socket.io/redis-emitter publish the
 * same bytes on the same channels. The seed is fixed; SIO_SEED tries another. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Emitter } from '@socket.io/redis-emitter';
import { canBeTyped, fromTagged, record, useCluster, waysOf } from './lib/fixture.mjs';
import { generator } from './lib/random.mjs';

const SEED = Number(process.env.SIO_SEED ?? 20230914);
const CALLS = 160;

const ALPHABET = [
    'a', 'Z', '0', ' ', '#', '"', '\\', '/', '\n', '\u0000', '\u001f', '\u007f', 'é', '你', '😀',
    '\u2028', '\ufeff', '\ufffd', '*', '[', '-', ':',
];
const LENGTHS = [0, 1, 2, 3, 7, 15, 16, 31, 32, 33, 60, 255, 256, 1000];

function values({ next, below, pick, many }) {
    const text = () => Array.from({ length: pick(LENGTHS) }, () => pick(ALPHABET)).join('');
    const word = () => Array.from({ length: 1 + below(12) }, () => pick(ALPHABET)).join('');
    /* Not beyond 64 bits: there notepack.io writes another number (modulo 2^64). */
    const integer = () => {
        const edge = 2 ** pick([5, 7, 8, 15, 16, 31, 32, 40, 52, 53, 60, 62]);
        const n = edge + pick([-1, 0, 1]) * (edge >= 2 ** 53 ? edge / 2 ** 52 : 1);
        return next() < 0.5 ? n : -n;
    };
    const number = () => {
        const n = pick([
            integer, integer, () => below(300) - 150, () => next() * 10 ** (below(30) - 15),
            () => pick([-0, NaN, Infinity, -Infinity, 5e-324, 1e-7, 0.1, 2 ** -44]),
        ])();
        const tagged = !Number.isFinite(n) || Object.is(n, -0) || Math.abs(n) > 2 ** 53 - 1;
        return tagged && (!Number.isFinite(n) || Number.isInteger(n))
            ? { $num: Object.is(n, -0) ? '-0' : Number.isFinite(n) ? String(BigInt(n)) : String(n) }
            : n;
    };
    const date = () => ({
        $date: pick([
            () => below(2 ** 31) * 1000, () => below(2 ** 42), () => -below(2 ** 42),
            () => 17179869184000 + below(1e6), () => pick([0, -1, 1, 999, 1000, 4294967296000]),
        ])(),
    });
    const leaf = () => pick([
        () => null, () => true, () => false, () => ({ $undef: true }), number, number, number,
        text, text, date,
    ])();
    const key = () => pick([
        word, word, () => String(below(50)), () => pick(['constructor', '', '01', '-1']),
    ])();
    const object = (depth) =>
        Object.fromEntries(many(pick([3, 20]), () => [key(), value(depth + 1)]));
    const value = (depth) => {
        if (depth > 4 || next() < 0.6)
            return leaf();
        return next() < 0.5 ? many(pick([3, 20]), () => value(depth + 1)) : object(depth);
    };
    return { text, word, value };
}

function calls(seed) {
    const random = generator(seed);
    const { below, pick, many, next } = random;
    const { text, word, value } = values(random);
    const room = () => pick([word, word, text, () => 'ojIckSD2jqNzOqIrAGzL', () => '42'])();
    const flags = () => pick([
        {}, {}, { volatile: true }, { compress: true }, { compress: false },
        { volatile: true, compress: false }, { compress: true, volatile: true },
    ]);
    const bytes = () => ({
        $bin: Buffer.from(many(pick([4, 300]), () => below(256))).toString('hex'),
    });
    const op = () => pick(['emit', 'emit', 'emit', 'emit', 'socketsJoin', 'socketsLeave',
        'disconnectSockets', 'serverSideEmit']);

    return Array.from({ length: CALLS }, () => {
        const call = {
            op: op(),
            key: pick(['socket.io', 'my:app', 'é#']),
            nsp: pick(['/', '/chat', '/a#b', '/ñ']),
        };
        if (call.op !== 'serverSideEmit')
            Object.assign(call, { rooms: many(3, room), except: many(2, room), flags: flags() });
        if (call.op === 'socketsJoin' || call.op === 'socketsLeave')
            call.target = [room(), ...many(2, room)];
        if (call.op === 'disconnectSockets')
            call.close = next() < 0.5;
        if (call.op === 'emit' || call.op === 'serverSideEmit') {
            call.event = pick([word, text])();
            call.args = [...many(pick([4, 18]), () => value(0)), ...many(2, bytes)];
        }
        return call;
    });
}

/* `target` goes as an array, as all of Node's own callers could have written it. */
function callNode(publisher, call) {
    const { op, key, nsp, rooms, except, flags, event, args = [], target, close } = call;
    const emitter = new Emitter(publisher, { key }).of(nsp);
    if (op === 'serverSideEmit')
        return emitter.serverSideEmit(event, ...args.map(fromTagged));
    let to = emitter.to(rooms).except(except);
    for (const [flag, on] of Object.entries(flags))
        to = flag === 'volatile' ? to.volatile : to.compress(on);
    switch (op) {
    case 'emit':
        return to.emit(event, ...args.map(fromTagged));
    case 'disconnectSockets':
        return to.disconnectSockets(close);
    default:
        return to[op](target);
    }
}

/* The call without what no command line can say. */
function typeable(call) {
    const { flags, args, ...rest } = JSON.parse(JSON.stringify(call).replaceAll('\\u0000', '~'));
    return {
        ...rest,
        flags: call.op === 'emit' ? flags : {},
        ...(args && { args: args.filter((arg) => canBeTyped({ args: [arg] })) }),
    };
}

/* A difference is shown by its place: the payloads themselves can be long. */
function assertSame(actual, expected, call) {
    const about = JSON.stringify(call).slice(0, 300);
    const channels = (messages) => messages.map(([channel]) => channel);
    assert.deepEqual(channels(actual), channels(expected), about);
    for (const [i, [, payload]] of expected.entries()) {
        const at = payload.findIndex((byte, n) => actual[i][1][n] !== byte);
        const from = Math.max(0, (at < 0 ? payload.length : at) - 16);
        const near = (bytes) => bytes.subarray(from, from + 32).toString('hex');
        assert.ok(payload.equals(actual[i][1]),
            `from byte ${from} on ${near(actual[i][1])} instead of ${near(payload)}: ${about}`);
    }
}

describe(`the bytes of ${CALLS} calls, seed ${SEED}`, () => {
    const at = useCluster({ servers: [] });

    it('are those of @socket.io/redis-emitter', async () => {
        const published = await record(at.scope, at.redis);
        for (const [i, call] of calls(SEED).entries()) {
            callNode(at.redis, call);
            const expected = await published.take();
            assert.equal(expected.length, 1);
            for (const way of waysOf(call).filter((w) => w !== 'sio-emit')) {
                await at.send(call, way, 1);
                assertSame(await published.take(), expected, { i, way, ...call });
            }
        }
    });

    it('are the same from sio-emit', async () => {
        const published = await record(at.scope, at.redis);
        const typed = calls(SEED).map(typeable);
        assert.ok(typed.filter(canBeTyped).length > 0.9 * CALLS);
        for (const [i, call] of typed.filter(canBeTyped).entries()) {
            callNode(at.redis, call);
            const expected = await published.take();
            await at.send(call, 'sio-emit');
            assertSame(await published.take(), expected, { i, ...call });
        }
    });
});
