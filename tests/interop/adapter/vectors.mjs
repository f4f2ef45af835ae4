/* SPDX-License-Identifier: MIT */
/* The recorded classic vectors, and a node of either kind that is fed with them. */
import { readFileSync } from 'node:fs';
import { fromTagged } from '../lib/values.mjs';
import { within } from '../lib/scope.mjs';

const DEADLINE = 10_000;
const ID = /^[\w-]{6}$/;

/** Node's own server is held to the vectors, too: that shows that the tests ask for the
 *  right thing. */
export const KINDS = ['c', 'node'];

export const vectors = readFileSync(
    new URL('../../fixtures/vectors/classic.jsonl', import.meta.url), 'utf8')
    .split('\n').filter(Boolean).map((line) => JSON.parse(line))
    .map((vector) => ({
        ...vector,
        payload: Buffer.from(vector.payload_hex, 'hex'),
        nsp: vector.inputs.nsp ?? vector.decoded[1]?.nsp ?? '/',
        key: vector.inputs.key,
    }));

const byName = new Map(vectors.map((vector) => [vector.name, vector]));

/** The vector of that name; an error if there is none. */
export function vector(name) {
    if (!byName.has(name))
        throw new Error(`no vector ${name}`);
    return byName.get(name);
}

/** A name of a room: tags resolved, and a number as that kind of node has it. */
export function roomName(kind, tagged) {
    const room = fromTagged(tagged);
    return kind === 'c' ? String(room) : room;
}

/** The bytes with the recorded ids in the place of this run's own. `seen` collects the ids.
 *  The recorded ones are as long as real ones. */
export function normalised({ payload, ids = {} }, actual, seen = {}) {
    const bytes = Buffer.from(actual);
    for (const [name, id] of Object.entries(ids)) {
        const at = payload.indexOf(id);
        const own = actual.subarray(at, at + id.length).toString('latin1');
        if (!ID.test(own))
            continue; /* which the comparison will show */
        seen[name] = own;
        bytes.write(id, at, 'latin1');
    }
    return bytes;
}

/** The recorded bytes with this request's id in the place of the recorded one. */
export function answering({ payload, ids }, requestId) {
    const bytes = Buffer.from(payload);
    bytes.write(requestId, payload.indexOf(ids.requestId), 'latin1');
    return bytes;
}

/** All messages from now on, as [channel, payload]; next() waits for one on that channel. */
export async function listen(scope, redis, pattern) {
    const sub = await redis.client(scope);
    const messages = [];
    const waiters = [];
    await sub.pSubscribe(pattern, (payload, name) => {
        messages.push([name.toString(), payload]);
        waiters.splice(0).forEach((wake) => wake());
    }, true);
    return {
        messages,
        next(channel) {
            const look = async () => {
                for (;;) {
                    const i = messages.findIndex(([name]) => name === channel);
                    if (i >= 0)
                        return messages.splice(i, 1)[0][1];
                    await new Promise((resolve) => { waiters.push(resolve); });
                }
            };
            return within(DEADLINE, look(), () => `message on ${channel}`);
        },
        forget() {
            messages.length = 0;
        },
    };
}
