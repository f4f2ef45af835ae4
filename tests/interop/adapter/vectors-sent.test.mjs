/* SPDX-License-Identifier: MIT */
/* Every recorded message that a server sends by itself is sent with the same bytes but for
 * the ids; and the recorded answers to it lead to the result. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startRedis } from '../lib/redis.mjs';
import { Scope } from '../lib/scope.mjs';
import { fromTagged } from '../lib/values.mjs';
import { startNode } from './nodes.mjs';
import { answering, KINDS, listen, normalised, vectors } from './vectors.mjs';

const REQUEST_CHANNEL = 'socket.io-request#/#';
/* server/csr/socket-emit-ack, with a packet id, needs connection state recovery, which this
 * wire does not have. */
const sent = vectors.filter(({ name }) =>
    /^server\/(broadcast|request)\//.test(name) || name === 'server/csr/socket-emit');
const questions = vectors.filter(({ name }) => /^rpc\/.*\/request$/.test(name));

/** The operation that sends it. */
function callOf({ inputs, decoded }) {
    const { nsp, rooms, except, flags, event, args = [] } = inputs;
    const target = { nsp, rooms, except };
    switch (inputs.request_type) {
    case undefined:
        return ['emit', { ...target, flags, args: [event, ...args] }];
    case 1:
        return ['allRooms', { nsp }];
    case 2:
        return ['socketsJoin', { ...target, target: args }];
    case 3:
        return ['socketsLeave', { ...target, target: args }];
    case 4:
        return ['disconnectSockets', { ...target, close: inputs.close }];
    case 5:
        return ['fetchSockets', target];
    case 6:
        return ['requestId' in decoded ? 'serverSideEmitWithAck' : 'serverSideEmit', { nsp, args }];
    default:
        return ['emitWithAck', { ...target, flags, args: [event, ...args] }];
    }
}

/** A node, a listener to all that is published, and a silent server beside it. */
function useNode(kind, options) {
    const whole = new Scope();
    const at = { ids: {} };
    before(async () => {
        at.redis = await startRedis(whole);
        at.node = await startNode(whole, at.redis, kind, options);
        const silent = await at.redis.client(whole);
        await silent.subscribe(REQUEST_CHANNEL, () => {});
        at.heard = await listen(whole, at.redis, '*');
    });
    after(() => whole.close());
    afterEach(() => at.heard.forget());
    return at;
}

/* The bytes, and that they carry the node's one uid. @return the request's id */
async function isSent(at, each) {
    const seen = {};
    const actual = await at.heard.next(each.channel);
    assert.equal(normalised(each, actual, seen).toString('latin1'), each.payload.toString('latin1'));
    at.uid ??= seen.uid;
    if (each.nsp === '/')
        assert.equal(seen.uid, at.uid);
    return seen.requestId;
}

/* The recorded answers, and what comes of them. */
const answersTo = ({ name }) => ['response', 'client-count', 'ack']
    .map((what) => vectors.find((each) => each.name === name.replace(/request$/, what)))
    .filter(Boolean);

const RESULTS = {
    1: ([{ decoded }]) => decoded.rooms,
    5: ([{ decoded }]) => decoded.sockets,
    6: ([{ decoded }]) => ({ responses: ['data' in decoded ? decoded.data : { $undef: true }] }),
    7: ([count, ack]) => ({
        responses: ack ? ['packet' in ack.decoded ? ack.decoded.packet : { $undef: true }] : [],
        clientCount: count.decoded.clientCount, timedOut: false,
    }),
};

const plain = ({ text: _, ...result }) => result;

async function isAsked(at, each, specific) {
    const [op, fields] = callOf(each);
    const result = at.node.call(op, fields);
    result.catch(() => {}); /* of a question whose answer was not recorded: it times out */
    const requestId = await isSent(at, each);
    const answers = answersTo(each);
    for (const answer of answers)
        await at.redis.publish(
            answer.channel + (specific ? `${at.uid}#` : ''), answering(answer, requestId));
    if (answers.length === 0)
        return;
    const actual = await result;
    const expected = RESULTS[each.inputs.request_type](answers);
    assert.deepEqual(fromTagged(Array.isArray(actual) ? actual : plain(actual)), fromTagged(expected));
}

for (const kind of KINDS) {
    describe(`a ${kind} server sends the recorded bytes`, () => {
        const at = useNode(kind);
        for (const each of sent)
            it(each.name, async () => {
                await at.node.call(...callOf(each));
                await isSent(at, each);
            });
    });

    for (const specific of [false, true])
        describe(`a ${kind} server asks with the recorded bytes and understands the recorded `
            + `answers, ${specific ? 'specific' : 'shared'} response channel`, () => {
            const at = useNode(kind, { specific, requestsTimeout: 2000 });
            for (const each of questions)
                it(each.name, () => isAsked(at, each, specific));
        });
}
