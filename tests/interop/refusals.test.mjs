/* SPDX-License-Identifier: MIT */
/* What must not be sent: each call is refused by its name, nothing reaches Redis, and
 * the servers, which bad frames would kill, go on. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bin, commandLine, record, run, sioEmit, useCluster } from './lib/fixture.mjs';

const RESERVED = [
    'connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener',
];
const LONE = '\ud800'; /* no UTF-8 can say it */
const USAGE = 2;
const TOO_LARGE = 8;

/* status: of sio-emit, undefined where the call cannot be typed */
const CASES = [
    ...RESERVED.map((event) => ({
        name: `the reserved event "${event}"`, call: { event }, error: 'SIO_EINVAL', status: USAGE,
    })),
    ...['connect', 'connection', 'new_namespace', 'error'].map((event) => ({
        name: `the servers' own event "${event}"`,
        call: { op: 'serverSideEmit', event },
        error: 'SIO_EINVAL',
        status: USAGE,
    })),
    {
        name: 'eleven attachments',
        call: { event: 'e', args: Array.from({ length: 11 }, (_, i) => bin(i)) },
        error: 'SIO_ETOOBIG',
        status: TOO_LARGE,
    },
    {
        name: 'eleven attachments, nested',
        call: { event: 'e', args: [bin(0), { a: Array.from({ length: 10 }, (_, i) => bin(i)) }] },
        error: 'SIO_ETOOBIG',
    },
    {
        name: '4097 arguments',
        call: { event: 'e', args: Array(4097).fill(0) },
        error: 'SIO_ETOOBIG',
        status: TOO_LARGE,
    },
    {
        name: '4097 arguments for the servers',
        call: { op: 'serverSideEmit', event: 'e', args: Array(4097).fill(0) },
        error: 'SIO_ETOOBIG',
        status: TOO_LARGE,
    },
    {
        name: 'a payload over 8 MiB',
        call: { event: 'e', args: [{ $repeat: ['x', 8 * 1024 * 1024] }] },
        error: 'SIO_ETOOBIG',
    },
    {
        name: 'an event name over 4 KiB',
        call: { event: 'e'.repeat(4097) }, error: 'SIO_ETOOBIG', status: TOO_LARGE,
    },
    {
        name: 'a room name over 4 KiB',
        call: { event: 'e', rooms: ['r'.repeat(4097)] }, error: 'SIO_ETOOBIG', status: TOO_LARGE,
    },
    {
        name: 'an exception over 4 KiB',
        call: { event: 'e', except: ['r'.repeat(4097)] }, error: 'SIO_ETOOBIG', status: TOO_LARGE,
    },
    {
        name: 'a namespace over 4 KiB',
        call: { event: 'e', nsp: `/${'n'.repeat(4096)}` }, error: 'SIO_ETOOBIG', status: TOO_LARGE,
    },
    {
        name: 'more than 4096 rooms',
        call: { event: 'e', rooms: Array.from({ length: 4097 }, (_, i) => `r${i}`) },
        error: 'SIO_ETOOBIG',
        status: TOO_LARGE,
    },
    { name: 'an event that is not UTF-8', call: { event: LONE }, error: 'SIO_EINVAL' },
    { name: 'a room that is not UTF-8', call: { event: 'e', rooms: [LONE] }, error: 'SIO_EINVAL' },
    {
        name: 'an exception that is not UTF-8',
        call: { event: 'e', except: [LONE] },
        error: 'SIO_EINVAL',
    },
    {
        name: 'a namespace that is not UTF-8',
        call: { event: 'e', nsp: `/${LONE}` },
        error: 'SIO_EINVAL',
    },
    { name: 'joining no room', call: { op: 'socketsJoin', target: [] }, error: 'SIO_EINVAL' },
    { name: 'leaving no room', call: { op: 'socketsLeave', target: [] }, error: 'SIO_EINVAL' },
    {
        name: 'joining a room over 4 KiB',
        call: { op: 'socketsJoin', target: ['r'.repeat(4097)] },
        error: 'SIO_ETOOBIG',
        status: TOO_LARGE,
    },
];

describe('refusals', () => {
    const at = useCluster();

    async function stillWell(clients) {
        await at.send({ event: 'still here' });
        assert.deepEqual(await at.logs(clients), clients.map(() => [['still here']]));
    }

    for (const { name, call, error, status } of CASES)
        it(name, async () => {
            const clients = await at.clients({}, {});
            const published = await record(at.scope, at.redis);
            const answer = await at.driver.call(call);
            assert.equal(answer.ok, false, JSON.stringify(answer));
            assert.equal(answer.error, error);
            assert.notEqual(answer.text, '');
            if (status !== undefined) {
                const argv = await commandLine(call, at.scope);
                const result = await sioEmit(argv, { redis: at.redis });
                assert.equal(result.code, status, result.stderr);
                assert.match(result.stderr, /^sio-emit: ./);
                assert.equal(result.stdout, '');
            }
            assert.deepEqual(await published.take(), []);
            await stillWell(clients);
        });

    for (const option of ['--to', '--except', '--of', '--string'])
        it(`bytes that are not UTF-8 after ${option}`, async () => {
            const clients = await at.clients({}, {});
            const published = await record(at.scope, at.redis);
            const script = `exec "$0" ${option} "$(printf 'a\\377')" e`;
            const result = await run('/bin/sh', ['-c', script, process.env.SIO_EMIT],
                { env: { SIO_EMIT_URL: at.redis.url } });
            assert.equal(result.code, USAGE, result.stderr);
            assert.match(result.stderr, /^sio-emit: .*UTF-8/);
            assert.deepEqual(await published.take(), []);
            await stillWell(clients);
        });
});
