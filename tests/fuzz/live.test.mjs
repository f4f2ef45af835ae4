/* SPDX-License-Identifier: MIT */
/* Whatever the emitter accepts, live Node servers and their clients survive (fault 30).
 * Generated calls, as strange as the API lets through, go to a cluster; after every few the
 * clients must still be connected and get a marker, and nothing may have been thrown. The
 * seed is fixed; SIO_SEED tries another, SIO_LONG=1 takes minutes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settle, useCluster } from '../interop/lib/fixture.mjs';
import { generator } from '../interop/lib/random.mjs';

const SEED = Number(process.env.SIO_SEED ?? 30);
const SECONDS = process.env.SIO_LONG ? 240 : 12;
const BATCH = 20;

const NAMES = [
    '', ' ', '\u0000', 'message', 'error', 'close', 'open', 'ping', 'pong', 'data', 'end',
    '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'then',
    'length', 'connection', 'connect', 'disconnect', 'disconnecting', 'newListener',
    'removeListener', 'connect_error', 'new_namespace', 'uncaughtException', 'drain', '0', '-1',
    '1e9', '#', '#/#', '*', 'socket.io#/#', '你好', '😀', '\ufeff', '\ud83d', '\udc00x', 'x'.repeat(255),
    'é'.repeat(500), 'reconnect', 'leave-room', 'join-room', 'create-room', 'delete-room',
];

/* Keys that mean something to what handles the values on their way. */
const KEYS = [
    '__proto__', '__proto__', 'toJSON', 'then', 'constructor', 'hasOwnProperty', 'length', 'type',
    'data', '_placeholder', 'num', 'buffer', 'byteLength', 'valueOf', 'toString', 'nsp', 'id',
    'attachments', '', '0', '1', '-1', '4294967295', '\u0000', '\ud800', 'a', 'b',
];

const NUMBERS = [
    'NaN', 'Infinity', '-Infinity', '-0', '9007199254740993', '18446744073709551615',
    '-9223372036854775808', '1e308', '5e-324',
];
const DATES = [
    0, -1, 8640000000000000, 8640000000000001, -8640000000000001, 17179869184000, 9007199254740991,
    -9007199254740991, 4294967295999,
];

function calls(seed) {
    const { next, below, pick, many } = generator(seed);
    const bytes = () => ({ $bin: Buffer.from(many(40, () => below(256))).toString('hex') });
    const leaf = () => pick([
        () => null, () => true, () => below(100000) - 50000, () => next() * 10 ** (below(60) - 30),
        () => ({ $num: pick(NUMBERS) }), () => ({ $undef: true }), () => ({ $date: pick(DATES) }),
        () => ({ $date: below(2 ** 41) }), bytes, () => pick(NAMES), () => pick(NAMES),
        () => ({ $repeat: ['x', pick([31, 32, 255, 256, 65535, 65536])] }),
    ])();
    const placeholder = () => ({
        _placeholder: pick([true, true, false, 1]), num: pick([0, 0, 1, 5, -1, 1.5, 'x', null]),
    });
    const deep = () => {
        let value = leaf();
        const levels = pick([10, 100, 500, 1000]);
        for (let i = 0; i < levels; i++)
            value = next() < 0.5 ? [value] : { $obj: [[pick(['a', '__proto__', '0']), value]] };
        return value;
    };
    const value = (depth) => {
        if (depth > 4 || next() < 0.45)
            return leaf();
        return pick([
            () => many(5, () => value(depth + 1)),
            () => many(pick([15, 16, 40]), leaf),
            () => ({ $obj: many(5, () => [pick(KEYS), value(depth + 1)]) }),
            () => ({ $obj: many(3, () => [pick(KEYS), value(depth + 1)]) }),
            placeholder,
            deep,
            () => ({ $fill: [below(9), pick([16, 65535, 65536])] }),
        ])();
    };
    const room = () => pick([...NAMES, 'here', 'safe']);
    const op = () => pick(['emit', 'emit', 'emit', 'emit', 'emit', 'serverSideEmit', 'socketsJoin',
        'socketsLeave', 'disconnectSockets']);

    return () => {
        const call = { op: op(), nsp: pick(['/', '/', '/', '/chat', '/nobody', '/a*[b]', '']) };
        if (call.op === 'emit' || call.op === 'serverSideEmit')
            Object.assign(call, { event: pick(NAMES), args: many(4, () => value(0)) });
        if (call.op === 'emit')
            Object.assign(call, {
                rooms: many(2, room), except: next() < 0.2 ? [room()] : [],
                flags: pick([{}, {}, { volatile: true }, { compress: true }, { compress: false }]),
            });
        if (call.op === 'socketsJoin' || call.op === 'socketsLeave')
            Object.assign(call, { rooms: many(2, room), target: [pick(NAMES), ...many(2, () => pick(NAMES))] });
        if (call.op === 'disconnectSockets') /* all but those who are watched */
            Object.assign(call, { rooms: many(2, room), except: ['safe'], close: next() < 0.5 });
        return { call, via: pick(['builder', 'msgpack']) };
    };
}

/* What has been thrown past everyone; node:test alone would not say after which call. */
function watchErrors(scope) {
    const thrown = [];
    const note = (err) => thrown.push(err);
    process.on('uncaughtException', note);
    scope.after(() => process.off('uncaughtException', note));
    return thrown;
}

describe(`servers survive what the emitter accepts, seed ${SEED}`, () => {
    const at = useCluster({ servers: [{ nsps: ['/chat', '/a*[b]'] }, { nsps: ['/chat', '/a*[b]'] }] });

    async function check(watched, thrown, batch) {
        const about = () => batch.map((call) => JSON.stringify(call).slice(0, 300)).join('\n');
        try {
            await settle(at.redis, watched);
        } catch (err) {
            const ends = watched.map(({ disconnected }) => disconnected).join();
            const stacks = thrown.map(({ stack }) => stack).join('\n');
            assert.fail(`${err.message.slice(0, 60)} (${ends})\n${stacks}\n${about()}`);
        }
        assert.deepEqual(thrown.map((err) => err.stack), [], about());
        for (const client of watched) {
            assert.equal(client.disconnected, null, about());
            client.log = [];
        }
    }

    async function watch() {
        const rooms = ['safe', 'here'];
        return at.clients(...[0, 1].flatMap((on) => ['/', '/chat'].map((nsp) => ({ on, nsp, rooms }))));
    }

    it(`for ${SECONDS} s of generated calls`, { timeout: (SECONDS + 40) * 1000 }, async () => {
        const watched = await watch();
        const thrown = watchErrors(at.scope);
        const make = calls(SEED);
        const count = { ok: 0, refused: 0 };
        for (const end = Date.now() + SECONDS * 1000; Date.now() < end;) {
            const batch = Array.from({ length: BATCH }, make);
            for (const { call, via } of batch) {
                const answer = await at.driver.call(call, via);
                count[answer.ok ? 'ok' : 'refused']++;
            }
            await check(watched, thrown, batch);
        }
        assert.ok(count.ok > count.refused, JSON.stringify(count));
    });
});
