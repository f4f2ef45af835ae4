/* SPDX-License-Identifier: MIT */
/* The bytes that the npm emitter sends, by sio-emit: every recorded vector whose inputs
 * can be typed. The others are counted by their reason, so that none is lost unseen. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { canBeTyped, commandLine, jsonText, plainText } from '../interop/lib/fixture.mjs';
import { dryRun, useScope } from './lib.mjs';

const vectors = readFileSync(new URL('../fixtures/vectors/classic.jsonl', import.meta.url), 'utf8')
    .split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .filter(({ source }) => source.startsWith('@socket.io/redis-emitter@'));

function callOf({ inputs: { op, args, ...rest } }) {
    const rooms = [args].flat(2);
    switch (op) {
    case 'socketsJoin':
    case 'socketsLeave':
        return { op, ...rest, target: rooms };
    case 'disconnectSockets':
        return { op, ...rest, close: args[0] === true };
    case 'serverSideEmit':
        return { op, ...rest, event: args[0], args: args.slice(1) };
    default:
        return { op, ...rest, args };
    }
}

/* Why the command line cannot say it, or null. */
function untypable(call) {
    const text = JSON.stringify(call);
    if (typeof (call.event ?? '') !== 'string')
        return 'an event that is no string';
    if ([call.rooms, call.except, call.target].flat()
        .some((room) => room !== undefined && plainText(room) === undefined))
        return 'a room that is no string';
    if (/"\$(function|tojson)"/.test(text))
        return 'a function or a toJSON()';
    if (/"kind":"(\w+(16|32|64)Array|DataView)"/.test(text))
        return 'a view that the npm emitter truncates';
    if (text.includes('"$utf16"'))
        return 'a lone surrogate, which the npm emitter mangles';
    if (!canBeTyped(call) && (call.args ?? []).every((arg) => jsonText(arg) !== undefined)
        && !text.includes('\\u0000') && Object.keys(call.flags).length === 0)
        return 'an argument longer than the system takes';
    if (!canBeTyped(call))
        return 'a value that JSON cannot say, U+0000, or a flag without effect';
    if (/"\$num":"\d{21,}"/.test(text))
        return 'integers from 2^64 up, which go as float64';
    return null;
}

/* How many vectors cannot be typed, by their reason. */
const LEFT_OUT = {
    'a value that JSON cannot say, U+0000, or a flag without effect': 18, /* undefined, NaN, dates, nested binary, ... */
    'an event that is no string': 1,
    'a room that is no string': 1,
    'a function or a toJSON()': 3,
    'a view that the npm emitter truncates': 3,
    'a lone surrogate, which the npm emitter mangles': 3,
    'an argument longer than the system takes': 1,
    'integers from 2^64 up, which go as float64': 1,
};

const at = useScope();
const reasons = new Map();
let typed = 0;

describe('vectors', () => {
    for (const vector of vectors) {
        const call = callOf(vector);
        const reason = untypable(call);
        if (reason !== null) {
            reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
            continue;
        }
        typed++;
        it(vector.name, async () => {
            const { code, stderr, shown } = await dryRun(await commandLine(call, at.scope));
            assert.deepEqual([code, stderr], [0, '']);
            assert.deepEqual(shown.map(({ channel, hex }) => [channel, hex]),
                [[vector.channel, vector.payload_hex]]);
        });
    }
    it('those left out are these', () => {
        assert.deepEqual(Object.fromEntries(reasons), LEFT_OUT);
        assert.equal(typed, 81);
    });
});
