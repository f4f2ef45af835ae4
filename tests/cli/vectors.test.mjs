/* SPDX-License-Identifier: MIT */
/* The bytes that the npm emitter sends, by sio-emit: every recorded vector whose inputs
 * can be typed. The others are counted by their reason, so that none is lost unseen. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { canBeTyped, commandLine } from '../interop/lib/fixture.mjs';
import { dryRun, useScope } from './lib.mjs';

const ARG_BYTES = 100_000; /* Linux takes 128 KiB in one argument */

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
    if ([call.rooms, call.except, call.target].flat().some((r) => r && typeof r !== 'string'))
        return 'a room that is no string';
    if (/"\$(function|tojson)"/.test(text))
        return 'a function or a toJSON()';
    if (/"kind":"(\w+(16|32|64)Array|DataView)"/.test(text))
        return 'a view that the npm emitter truncates';
    if (text.includes('"$utf16"'))
        return 'a lone surrogate, which the npm emitter mangles';
    if (text.length > ARG_BYTES)
        return 'an argument longer than the system takes';
    if (!canBeTyped(call))
        return 'a value that JSON cannot say, or U+0000';
    return null;
}

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
    it('most vectors can be typed', (t) => {
        for (const [reason, count] of reasons)
            t.diagnostic(`${count} left out: ${reason}`);
        t.diagnostic(`${typed} of ${vectors.length} typed`);
        assert.ok(typed >= vectors.length * 0.6);
    });
});
