/* SPDX-License-Identifier: MIT */
/* docs/acl.md: its users, as written, can do what it says, and with one right less are
 * told which one it is. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { createClient } from 'redis';
import { startNode } from './adapter/nodes.mjs';
import { ROOT } from './lib/docker.mjs';
import { Scope, sioEmit, startRedis } from './lib/fixture.mjs';

const PASSWORD = 'secret';
const DENIED = 4; /* sio-emit's exit status */

const EVENTS = [['ev', '1'], ['--to', 'a', 'ev'], ['--to', 'a', '--to', 'b', '--except', 'c', 'ev']];
const ACTIONS = [['--join', 'r'], ['--leave', 'r', '--to', 'a'], ['--disconnect'],
    ['--disconnect=close', '--to', 'a'], ['--server-emit', 'ev', '1']];
const inNamespace = (lines) => lines.map((line) => ['--of', '/admin', ...line]);
const withPrefix = (lines) => lines.map((line) => ['--prefix', 'acme', ...line]);

/* What each user of the document does. */
const EMITTERS = {
    news: EVENTS,
    ops: ACTIONS,
    backend: [...EVENTS, ...ACTIONS, ...inNamespace(EVENTS), ...inNamespace(ACTIONS)],
    acme: withPrefix([...EVENTS, ...ACTIONS]),
};
const ADAPTERS = { chat: 'pattern', rooms: 'rooms' };
const SENTINELS = ['watcher'];
const CLUSTERS = ['fleet'];

/** The document's users: name to rules. */
async function readUsers() {
    const text = await readFile(join(ROOT, 'docs/acl.md'), 'utf8');
    const lines = text.split('\n').filter((line) => /^ {4}ACL SETUSER /.test(line));
    return Object.fromEntries(lines.map((line) => {
        const [, , name, ...rules] = line.trim().split(' ');
        return [name, rules];
    }));
}

const users = await readUsers();
const isRight = (rule) => rule.startsWith('+') || rule.startsWith('&');
/* Without these it works, less well. */
const OPTIONAL = ['+role', '+unsubscribe'];
const needed = (name) => users[name].filter((rule) => isRight(rule) && !OPTIONAL.includes(rule));

/** Does a text name this right, or one that it includes? */
function names(text, right) {
    const found = /missing right: (.*)$/m.exec(text)?.[1];
    if (found === undefined || !right.startsWith('&'))
        return found === right;
    const glob = right.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    return new RegExp(`^${glob}$`).test(found);
}

describe('docs/acl.md', () => {
    const whole = new Scope();
    const test = new Scope();
    let redis;
    let admin;

    before(async () => {
        redis = await startRedis(whole, { tcp: true });
        admin = await redis.client(whole);
    });
    afterEach(() => test.close());
    after(() => whole.close());

    /* The user, without some of its rights. @return Redis as this user reaches it */
    async function login(name, ...without) {
        const rules = users[name].filter((rule) => !without.includes(rule));
        await admin.sendCommand(['ACL', 'SETUSER', name, ...rules]);
        return { url: redis.url.replace('redis://', `redis://${name}:${PASSWORD}@`) };
    }

    const connectionsOf = async (name) =>
        (await admin.sendCommand(['CLIENT', 'LIST'])).split('\n')
            .filter((line) => line.includes(` user=${name} `))
            .map((line) => /^id=(\d+)/.exec(line)[1]).sort();

    it('has these users, and no other', () => {
        assert.deepEqual(Object.keys(users).sort(),
            [...Object.keys(EMITTERS), ...Object.keys(ADAPTERS), ...SENTINELS,
                ...CLUSTERS].sort());
        for (const rules of Object.values(users)) {
            assert.deepEqual(rules.slice(0, 4), ['reset', 'on', `>${PASSWORD}`, 'resetchannels']);
            assert.ok(rules.slice(4).every(isRight));
        }
    });

    for (const [name, lines] of Object.entries(EMITTERS)) {
        it(`${name}: all that it is for`, async () => {
            const as = await login(name);
            for (const line of lines)
                assert.deepEqual(await sioEmit(line, { redis: as }),
                    { code: 0, signal: null, stdout: '', stderr: '' }, line.join(' '));
        });

        it(`${name}: works without ROLE`, async () => {
            const as = await login(name, '+role');
            assert.equal((await sioEmit(lines[0], { redis: as })).code, 0);
        });

        for (const right of needed(name))
            it(`${name} without ${right}: is told so`, async () => {
                const as = await login(name, right);
                let denied = 0;
                for (const line of lines) {
                    const { code, stderr } = await sioEmit(line, { redis: as });
                    if (code === 0)
                        continue;
                    assert.equal(code, DENIED, stderr);
                    assert.ok(names(stderr.replace(/; ACL SETUSER.*/, ''), right), stderr);
                    denied++;
                }
                assert.ok(denied > 0);
            });
    }

    /* Two servers of this user do all that servers do. @return what was denied, as text */
    async function playServers(name, ...without) {
        const as = await login(name, ...without);
        const options = { subscription: ADAPTERS[name], requestsTimeout: 500 };
        const [one, two] = [await startNode(test, as, 'c', options),
            await startNode(test, as, 'c', { ...options, specific: true })];
        const denied = [];
        const attempt = (node, op, fields) => node.answer(op, fields).catch(
            ({ message, status, text }) => denied.push(`${status}: ${text ?? message}`));
        const before = await connectionsOf(name);
        await attempt(one, 'connect', { sid: 'a' });
        await attempt(two, 'connect', { sid: 'b' });
        for (const [node, sid] of [[one, 'a'], [two, 'b']])
            await attempt(node, 'join', { sid, rooms: ['r'] });
        await attempt(one, 'emit', { rooms: ['r'], args: ['hi', 1] });
        await attempt(one, 'emitWithAck', { args: ['ack'], timeout: 100 });
        await attempt(one, 'serverCount');
        const sockets = await attempt(one, 'fetchSockets');
        await attempt(two, 'allRooms');
        await attempt(two, 'serverSideEmit', { args: ['x'] });
        await attempt(one, 'socketsJoin', { rooms: ['r'], target: ['s'] });
        await attempt(two, 'leave', { sid: 'b', rooms: ['r'] });
        await attempt(one, 'disconnectSockets', { rooms: ['r'] });
        for (const node of [one, two])
            node.events.filter(({ event }) => event === 'denied')
                .forEach(({ status, text }) => denied.push(`${status}: ${text}`));
        assert.deepEqual(await connectionsOf(name), before); /* all are kept */
        const heard = two.events.some(({ event, sid }) => event === 'packet' && sid === 'b');
        return { denied, heard, sockets: sockets.result?.length };
    }

    for (const name of Object.keys(ADAPTERS)) {
        it(`${name}: all that it is for`, async () => {
            const { denied, heard, sockets } = await playServers(name);
            assert.deepEqual(denied, []);
            assert.ok(heard);
            assert.equal(sockets, 2);
        });

        for (const right of OPTIONAL)
            it(`${name}: works without ${right}`, async () => {
                const { denied, heard, sockets } = await playServers(name, right);
                assert.deepEqual([denied, heard, sockets], [[], true, 2]);
            });

        for (const right of needed(name))
            it(`${name} without ${right}: is told so`, async () => {
                const { denied } = await playServers(name, right);
                const [text] = denied.filter((each) => names(each, right));
                assert.match(text ?? denied.join('\n'), /^SIO_ENOPERM: NOPERM.*missing right/);
                assert.ok(text, denied.join('\n'));
            });
    }
});

describe('docs/acl.md: sentinels', () => {
    const scope = new Scope();
    const [name] = SENTINELS;
    const essential = '+sentinel|get-master-addr-by-name';
    let redis;
    let sentinels;

    before(async () => {
        redis = await startRedis(scope, { topology: 'sentinel' });
        const servers = redis.servers.filter((server) => server.name.startsWith('sentinel'));
        sentinels = await Promise.all(servers.map(async ({ path }) => {
            const client = createClient({ socket: { path } });
            scope.after(() => client.disconnect());
            await client.connect();
            return client;
        }));
    });
    after(() => scope.close());

    async function emitAs(...without) {
        const rules = users[name].filter((rule) => !without.includes(rule));
        await Promise.all(sentinels.map((each) =>
            each.sendCommand(['ACL', 'SETUSER', name, ...rules])));
        const url = `${redis.url}&sentinel_user=${name}&sentinel_password=${PASSWORD}`;
        return sioEmit(['ev'], { redis: { url }, env: redis.env });
    }

    const denials = async () => (await Promise.all(sentinels.map((each) =>
        each.sendCommand(['ACL', 'LOG'])))).flat().map((entry) => String(entry));

    it(`${name}: finds the master, and is denied nothing`, async () => {
        await Promise.all(sentinels.map((each) => each.sendCommand(['ACL', 'LOG', 'RESET'])));
        assert.deepEqual(await emitAs(), { code: 0, signal: null, stdout: '', stderr: '' });
        assert.deepEqual(await denials(), []);
    });

    it(`${name}: ${essential} and +ping are enough`, async () => {
        const without = users[name].filter((rule) =>
            isRight(rule) && rule !== essential && rule !== '+ping');
        assert.equal((await emitAs(...without)).code, 0);
    });

    it(`${name} without ${essential}: is told so`, async () => {
        const { code, stderr } = await emitAs(essential);
        assert.equal(code, DENIED, stderr);
        assert.match(stderr, /NOPERM.*get-master-addr-by-name/);
    });
});

describe('docs/acl.md: a cluster', () => {
    const scope = new Scope();
    const test = new Scope();
    const [name] = CLUSTERS;
    const maps = ['+cluster|slots', '+cluster|shards'];
    let redis;
    let nodes;

    before(async () => {
        redis = await startRedis(scope, { topology: 'cluster' });
        nodes = await Promise.all(redis.servers.map(async ({ path }) => {
            const client = createClient({ socket: { path } });
            scope.after(() => client.disconnect());
            await client.connect();
            return client;
        }));
    });
    afterEach(() => test.close());
    after(() => scope.close());

    async function login(...without) {
        const rules = users[name].filter((rule) => !without.includes(rule));
        await Promise.all(nodes.map((node) => node.sendCommand(['ACL', 'SETUSER', name, ...rules])));
        await Promise.all(nodes.map((node) => node.sendCommand(['ACL', 'LOG', 'RESET'])));
        return { url: redis.url.replace('://', `://${name}:${PASSWORD}@`), env: redis.env };
    }

    /* What each node has denied: the command or channel. */
    const denials = async () => [...new Set((await Promise.all(nodes.map((node) =>
        node.sendCommand(['ACL', 'LOG'])))).flat().map((entry) => entry[7]))].sort();

    /* Two servers and an emit of this user. */
    async function play(...without) {
        const as = await login(...without);
        const [one, two] = [await startNode(test, as, 'c'), await startNode(test, as, 'c')];
        await two.call('connect', { sid: 'b' });
        await one.call('emit', { args: ['hi'] });
        await two.event(({ event, packet }) => event === 'packet' && packet.data[0] === 'hi', 'hi');
        assert.equal(await one.call('serverCount'), 2);
        assert.equal((await one.call('fetchSockets')).length, 1);
        assert.equal((await sioEmit(EVENTS[0], { redis: as, env: as.env })).code, 0);
        await two.event(({ event, packet }) => event === 'packet' && packet.data[0] === 'ev', 'ev');
        return denials();
    }

    it(`${name}: all that it is for, and is denied nothing`, async () => {
        assert.deepEqual(await play(), []);
    });

    for (const right of maps)
        it(`${name} without ${right}: works by the other`, async () => {
            assert.deepEqual(await play(right), [right.slice(1)]);
        });

    it(`${name} without +publish: is told so`, async () => {
        const as = await login('+publish');
        const { code, stderr } = await sioEmit(EVENTS[0], { redis: as, env: as.env });
        assert.equal(code, DENIED, stderr);
        assert.ok(names(stderr.replace(/; ACL SETUSER.*/, ''), '+publish'), stderr);
    });
});
