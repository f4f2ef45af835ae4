/* SPDX-License-Identifier: MIT */
/* Broadcasts that clients acknowledge. */
import assert from 'node:assert/strict';
import { bin, fromTagged } from '../lib/values.mjs';
import { fresh } from './stage.mjs';

const TIMEOUT = 8000; /* none is waited for */
const SHORT = 500;    /* one is */

const byText = (values) => values.map((value) => JSON.stringify(value)).sort();

async function ask(stage, { timeout = TIMEOUT, ...fields }) {
    const { responses, clientCount, timedOut } =
        await stage.act('emitWithAck', { args: ['test', 'question'], timeout, ...fields });
    return { responses: byText(responses), clientCount, timedOut };
}

async function all(stage) {
    const clients = await stage.clients();
    clients.forEach((client, i) => client.acknowledge(i + 1));
    assert.deepEqual(await ask(stage, {}),
        { responses: ['1', '2', '3'], clientCount: 3, timedOut: false });
    assert.deepEqual(await stage.packets(clients),
        clients.map(() => [['test', 'question']]));
}

async function toRoom(stage) {
    const room = fresh('r');
    const other = fresh('x');
    const clients = await stage.clients([{}, { rooms: [room] }, { rooms: [room, other] }]);
    clients.forEach((client, i) => client.acknowledge(i + 1));
    assert.deepEqual(await ask(stage, { rooms: [room], except: [other] }),
        { responses: ['2'], clientCount: 1, timedOut: false });
}

async function binary(stage) {
    const clients = await stage.clients();
    clients.forEach((client, i) => client.acknowledge(bin(i)));
    const { responses } = await stage.act('emitWithAck', { args: ['test'], timeout: TIMEOUT });
    assert.deepEqual(byText(responses.map(fromTagged).map((value) => [...value])),
        ['[0]', '[1]', '[2]']);
}

async function anyValue(stage) {
    const clients = await stage.clients();
    clients[0].acknowledge();
    clients[1].acknowledge(null);
    clients[2].acknowledge({ a: [1, 'é'] }, 'the second is dropped');
    assert.deepEqual(await ask(stage, {}), {
        responses: byText([{ $undef: true }, null, { a: [1, 'é'] }]), clientCount: 3,
        timedOut: false,
    });
}

async function nobody(stage) {
    await stage.clients();
    assert.deepEqual(await ask(stage, { rooms: [fresh('nobody')] }),
        { responses: [], clientCount: 0, timedOut: false });
}

async function timesOut(stage) {
    const clients = await stage.clients();
    clients[0].acknowledge(1);
    clients[1].acknowledge(2);
    assert.deepEqual(await ask(stage, { timeout: SHORT }),
        { responses: ['1', '2'], clientCount: 3, timedOut: true });
    await stage.idle();
}

async function single(stage, i) {
    const clients = await stage.clients();
    const { sid } = clients[i].acknowledge('mine');
    assert.deepEqual(await ask(stage, { rooms: [sid], flags: { expectSingleResponse: true } }),
        { responses: ['"mine"'], clientCount: 1, timedOut: false });
}

async function many(stage) {
    const clients = await stage.clients();
    clients.forEach((client, i) => client.acknowledge(i));
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(stage, {})));
    for (const answer of answers)
        assert.deepEqual(answer, { responses: ['0', '1', '2'], clientCount: 3, timedOut: false });
}

/* Several packets under different ids, acknowledged in the other order. */
async function outOfOrder(stage) {
    const clients = await stage.clients();
    const room = fresh('r');
    await clients[1].call('join', { rooms: [room] });
    const asked = ['a', 'b'].map((name) =>
        stage.act('emitWithAck', { rooms: [room], args: [name], timeout: TIMEOUT }));
    await Promise.all(['a', 'b'].map((name) => clients[1].packet(name)));
    for (const { packet } of [...clients[1].packetEvents].reverse())
        await clients[1].call('ack', { packetId: packet.id, args: [packet.data[0]] });
    assert.deepEqual((await Promise.all(asked)).map(({ responses }) => responses), [['a'], ['b']]);
}

export default [
    { name: 'gathers the acknowledgements of all clients', run: all },
    { name: 'gathers the acknowledgements of a room', run: toRoom },
    { name: 'gathers binary acknowledgements', run: binary },
    { name: 'gathers acknowledgements of any value, the first one of each', run: anyValue },
    { name: 'needs no acknowledgement when nobody is there', run: nobody },
    { name: 'ends with some acknowledgements at the timeout', run: timesOut },
    { name: 'gets the acknowledgement of a single client (local)', run: (at) => single(at, 0) },
    { name: 'gets the acknowledgement of a single client (remote)', run: (at) => single(at, 1) },
    { name: 'gathers many at once', run: many },
    { name: 'tells packets apart by their ids', run: outOfOrder },
];
