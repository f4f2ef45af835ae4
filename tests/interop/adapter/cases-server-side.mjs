/* SPDX-License-Identifier: MIT */
/* Events between servers. */
import assert from 'node:assert/strict';
import { fresh } from './stage.mjs';

const sortedText = (values) => values.map((value) => JSON.stringify(value)).sort();

async function sends(stage) {
    const name = fresh('hello');
    const args = [name, 'world', 1, '2', { a: [null, true] }];
    await stage.act('serverSideEmit', { args });
    for (const i of [1, 2]) {
        const event = await stage.heard(i, name);
        assert.deepEqual([event.args, 'token' in event], [args, false]);
    }
    await stage.settle();
    assert.deepEqual([0, 1, 2].map((i) => stage.serverSide(i, name).length), [0, 1, 1]);
}

async function withoutArguments(stage) {
    const name = fresh('hello');
    await stage.act('serverSideEmit', { args: [name] });
    assert.deepEqual((await stage.heard(1, name)).args, [name]);
}

async function withinNamespace(stage) {
    const name = fresh('hello');
    const nsp = '/custom';
    await stage.clients([{ nsp }, { nsp }, { nsp }]);
    await stage.act('serverSideEmit', { nsp, args: [name] });
    await Promise.all([1, 2].map((i) => stage.heard(i, name, nsp)));
    await stage.settle();
    assert.deepEqual([0, 1, 2].map((i) => stage.serverSide(i, name).length), [0, 0, 0]);
}

const answer = async (stage, i, name, fields) => {
    const { token } = await stage.heard(i, name);
    await stage.nodes[i].call('serverSideAck', { token, ...fields });
};

async function gathers(stage, first, second) {
    const name = fresh('hello');
    const asked = stage.act('serverSideEmitWithAck', { args: [name, 'world'] });
    await Promise.all([answer(stage, 1, name, first), answer(stage, 2, name, second)]);
    assert.deepEqual(sortedText((await asked).responses),
        sortedText([first, second].map(({ value = { $undef: true } }) => value)));
    assert.deepEqual(stage.serverSide(0, name), []);
    await stage.idle();
}

async function timesOut(stage) {
    const name = fresh('hello');
    const asked = stage.act('serverSideEmitWithAck', { args: [name] });
    await Promise.all([
        answer(stage, 1, name, { value: 2 }),
        stage.heard(2, name),
        assert.rejects(asked, {
            message: 'timeout reached: only 1 responses received out of 2',
            result: { responses: [2] },
        }),
    ]);
    await stage.idle();
}

async function answersOnce(stage) {
    const name = fresh('hello');
    const asked = stage.act('serverSideEmitWithAck', { args: [name] });
    const { token } = await stage.heard(1, name);
    await stage.nodes[1].call('serverSideAck', { token, value: 1 });
    await assert.rejects(stage.nodes[1].call('serverSideAck', { token, value: 2 }), /token/);
    await answer(stage, 2, name, { value: 3 });
    assert.deepEqual(sortedText((await asked).responses), ['1', '3']);
}

async function reserved(stage) {
    for (const name of ['connect', 'connection', 'new_namespace'])
        await assert.rejects(stage.act('serverSideEmit', { args: [name] }),
            { message: `"${name}" is a reserved event name` });
}

export default [
    { name: 'sends an event to the other servers', run: sends },
    { name: 'sends an event without arguments', run: withoutArguments },
    { name: 'sends an event within a namespace', run: withinNamespace },
    {
        name: 'gathers the answers of the other servers',
        run: (stage) => gathers(stage, { value: 2 }, { value: '3' }),
    },
    {
        name: 'gathers answers of any value',
        run: (stage) => gathers(stage, { value: { a: [1, null] } }, { value: null }),
    },
    { name: 'gathers answers without a value', run: (stage) => gathers(stage, {}, { value: 1 }) },
    { name: 'ends with some answers at the timeout', run: timesOut },
    { name: 'takes one answer of each server', run: answersOnce },
    { name: 'refuses reserved server events', run: reserved },
];
