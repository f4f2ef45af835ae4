/* SPDX-License-Identifier: MIT */
/* What a client receives: every kind of argument, over every way into the library. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
    asClientSees, bin, date, num, undef, useCluster, waysOf,
} from './lib/fixture.mjs';

const numbers = (count) => Array.from({ length: count }, (_, i) => i);
const keys = (count) => Object.fromEntries(numbers(count).map((i) => [`k${i}`, i]));

const CASES = {
    'no argument': [],
    'one of each kind': [1, '2', [3], bin(0x61, 0x73, 0x64, 0x66), bin(1, 2, 3, 4)],
    'strings that look like other values': ['1', 'true', 'null', '{"a":1}', '[1]', ''],
    'null and booleans': [null, true, false],
    'undefined between arguments': [1, undef, 2],
    'undefined in an object and an array': [{ a: undef, b: 1, c: [undef] }],
    'small integers': [0, 1, 127, 128, 255, 256, 65535, 65536, -1, -32, -33, -128, -129, -32769],
    'integers of 32 bits and more': [2147483648, 4294967295, 4294967296, 9007199254740991],
    'negative integers of 32 bits and more': [-2147483648, -2147483649, -9007199254740991],
    'integers beyond 2^53': [
        num('9007199254740992'), num('9007199254740994'), num('18446744073709549568'),
        num('-9007199254740992'), num('-9223372036854775808'),
    ],
    'numbers beyond 2^64': [num('100000000000000000000'), num('1e300'), 1.7976931348623157e308],
    fractions: [0.1, 1.5, -2.75, 5e-324, 1e-7],
    'numbers that JSON has not': [num('NaN'), num('Infinity'), num('-Infinity'), num('-0')],
    'text beyond ASCII': ['héllo €uro Привет 你好', '👩‍👩‍👧‍👦 🇫🇷', 'a😀b', '\u2028\u2029'],
    'control characters': ['\b\t\n\f\r\u0001\u001f\u007f"\\/'],
    'U+0000': ['a\0b'],
    'strings at the edges of their headers': [31, 32, 255, 256, 65535, 65536].map((n) => ({
        $repeat: ['x', n],
    })),
    'nested containers': [{ a: { b: { c: [1, { d: null }], e: 'f' } }, list: [[], {}, [[1]]] }],
    'keys beyond ASCII, empty, and like integers': [
        { 10: 'ten', 2: 'two', ключ: 1, '😀': 2, '': 3 },
    ],
    'objects of 15, 16 and 300 keys': [keys(15), keys(16), keys(300)],
    'arrays of 15, 16 and 70000 elements': [numbers(15), numbers(16), { $fill: [7, 70000] }],
    'binary of every header': [bin(), { $bin_fill: [0xab, 256] }, { $bin_fill: [0xcd, 65536] }],
    'binary within objects and arrays': [
        { name: 'file', data: bin(0xde, 0xad), parts: [bin(1), { last: bin(2, 3) }] },
    ],
    'ten attachments, the most that clients take': [
        ...numbers(5).map((i) => bin(i)), { nested: numbers(5).map((i) => bin(i, i)) },
    ],
    'one binary argument': [bin(0, 1, 2, 0xff)],
    dates: [date(0), date(1700000000000), date(1700000000123), date(-1), date(17179869184000)],
    'dates within objects': [{ at: date(1234567890000), list: [date(5000000000123)] }],
    '15 arguments': numbers(15),
    '16 arguments': numbers(16),
    '4096 arguments': numbers(4096), /* the most that is let through */
    '20 arguments': numbers(20).map((i) => `arg${i}`),
};

describe('arguments', () => {
    const at = useCluster();

    for (const [name, args] of Object.entries(CASES))
        it(name, async () => {
            const clients = await at.clients({}, {});
            const call = { event: 'payload', args };
            const expected = [['payload', ...args.map(asClientSees)]];
            for (const way of waysOf(call)) {
                clients.forEach((client) => { client.log = []; });
                await at.send(call, way, 2);
                assert.deepEqual(await at.logs(clients), [expected, expected], way);
            }
        });
});

describe('event names', () => {
    const at = useCluster();
    const NAMES = [
        'e', 'broadcast event', '😀', 'event-name-of-more-than-thirty-one-bytes', 'connection',
        'error', 'a\0b', '', '$undef', '__proto__', 'x'.repeat(300),
    ];

    for (const event of NAMES)
        it(JSON.stringify(event.slice(0, 50)), async () => {
            const clients = await at.clients({}, {});
            for (const way of waysOf({ event })) {
                clients.forEach((client) => { client.log = []; });
                await at.send({ event, args: ['x'] }, way, 2);
                assert.deepEqual(await at.logs(clients), [[[event, 'x']], [[event, 'x']]], way);
            }
        });
});
