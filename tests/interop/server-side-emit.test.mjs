/* SPDX-License-Identifier: MIT */
/* serverSideEmit: an event on every server, none for the clients. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
    bin, connectClient, date, num, settle, undef, useCluster, waysOf,
} from './lib/fixture.mjs';

const NSPS = ['/a', '/a#b'];

/* JSON all the way: binary and dates arrive as JSON.stringify shows them. */
const CASES = [
    { name: 'no argument', args: [], expected: [] },
    {
        name: 'scalars',
        args: ['world', 1, '2', null, true],
        expected: ['world', 1, '2', null, true],
    },
    {
        name: 'numbers',
        args: [0.1, 1e21, -1e-7, 4294967296, num('9007199254740994'), num('NaN'), num('-0')],
        expected: [0.1, 1e21, -1e-7, 4294967296, 9007199254740994, null, 0],
    },
    {
        name: 'containers',
        args: [{ a: [1, { b: {} }] }, []],
        expected: [{ a: [1, { b: {} }] }, []],
    },
    {
        name: 'undefined',
        args: [undef, { a: undef, b: [undef] }],
        expected: [null, { b: [null] }],
    },
    {
        name: 'binary',
        args: [bin(1, 2), { deep: bin() }],
        expected: [{ type: 'Buffer', data: [1, 2] }, { deep: { type: 'Buffer', data: [] } }],
    },
    { name: 'a date', args: [date(1700000000123)], expected: ['2023-11-14T22:13:20.123Z'] },
    {
        name: 'text beyond ASCII and control characters',
        args: ['é😀 你好', '\0\u0001\b\t\n\f\r"\\\u007f\u2028'],
        expected: ['é😀 你好', '\0\u0001\b\t\n\f\r"\\\u007f\u2028'],
    },
    {
        name: 'twenty arguments',
        args: Array.from({ length: 20 }, (_, i) => i),
        expected: Array.from({ length: 20 }, (_, i) => i),
    },
];

describe('server-side events', () => {
    const at = useCluster({ servers: [{ nsps: NSPS }, { nsps: NSPS }] });

    function listen(server, nsp, event, log) {
        const listener = (...args) => log.push(args);
        server.io.of(nsp).on(event, listener);
        at.scope.after(() => server.io.of(nsp).off(event, listener));
    }

    for (const { name, args, expected } of CASES)
        it(name, async () => {
            const clients = await at.clients({}, {});
            const call = { op: 'serverSideEmit', event: 'hello', args };
            for (const way of waysOf(call)) {
                const heard = at.servers.map((server) => {
                    const log = [];
                    listen(server, '/', 'hello', log);
                    return log;
                });
                await at.send(call, way, 2);
                assert.deepEqual(await at.logs(clients), [[], []], way);
                assert.deepEqual(heard, [[expected], [expected]], way);
            }
        });

    it('stays within its namespace', async () => {
        const heard = { '/': [], '/a': [], '/a#b': [] };
        for (const nsp of Object.keys(heard))
            listen(at.servers[1], nsp, 'hello', heard[nsp]);
        const clients = await Promise.all(Object.keys(heard).map((nsp) =>
            connectClient(at.scope, at.servers[1], { nsp })));
        const call = { op: 'serverSideEmit', nsp: '/a', event: 'hello', args: ['x'] };
        await at.send(call, 'builder', 2);
        await settle(at.redis, clients);
        assert.deepEqual(heard, { '/': [], '/a': [['x']], '/a#b': [] });
    });

    it('an event that nobody listens to harms nobody', async () => {
        const clients = await at.clients({}, {});
        await at.send({ op: 'serverSideEmit', event: 'unheard of', args: [1] }, 'builder', 2);
        await at.send({ event: 'still here' });
        assert.deepEqual(await at.logs(clients), [[['still here']], [['still here']]]);
    });
});

describe('server-side events under a prefix', () => {
    const at = useCluster({ servers: [{}, { key: 'my:app' }] });

    it('reach the servers that share it', async () => {
        const heard = at.servers.map((server) => {
            const log = [];
            server.io.on('hello', (...args) => log.push(args));
            return log;
        });
        const clients = await at.clients({}, {});
        const call = { op: 'serverSideEmit', key: 'my:app', event: 'hello', args: [1] };
        await at.send(call, 'builder', 1);
        await settle(at.redis, clients);
        assert.deepEqual(heard, [[], [[1]]]);
    });
});
