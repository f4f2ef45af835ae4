/* SPDX-License-Identifier: MIT */
/* docker-compose.yml without Docker and without its profiles: each service's command and
 * environment, run as processes on loopback, on the files that its Dockerfile copies. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Manager } from 'socket.io-client';
import { argvOf, copyStage, readCompose, readDockerfile, ROOT } from './lib/docker.mjs';
import { run, Scope, startRedis, within } from './lib/fixture.mjs';

const scope = new Scope();
const services = Object.fromEntries(Object.entries(await readCompose())
    .filter(([, { profiles }]) => profiles === undefined));
const dir = await mkdtemp(join(tmpdir(), 'sio-compose-'));
scope.after(() => rm(dir, { recursive: true, force: true }));
let redis;

/* What the service's containers would see: service names become the fixture's address. */
function environmentOf({ environment = {} }) {
    return Object.fromEntries(Object.entries(environment).map(([name, value]) =>
        [name, String(value).replaceAll('redis://redis:6379', redis.url)]));
}

/* The port is free to choose on loopback, so that the two servers differ. */
async function startChat(name) {
    const { build, command } = services[name];
    const stages = await readDockerfile(build.dockerfile);
    const app = join(dir, name);
    await copyStage(stages[0], app);
    await symlink(join(ROOT, 'tests/interop/node_modules'), join(app, 'node_modules'));
    const [program, ...args] = argvOf(stages, command);
    assert.equal(program, 'node');
    const env = { ...environmentOf(services[name]), HOST: '127.0.0.1', PORT: '0' };
    const stdio = ['ignore', 'pipe', 'inherit'];
    const child = spawn(process.execPath, args, { cwd: app, env, stdio });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    scope.after(() => { child.kill('SIGKILL'); return exited; });
    const line = new Promise((resolve) =>
        createInterface({ input: child.stdout }).once('line', resolve));
    const [, port] = /port (\d+)$/.exec(await within(20_000, line, () => `port of ${name}`));
    return { name, child, exited, port, url: `http://127.0.0.1:${port}` };
}

async function startClient({ url }) {
    const socket = new Manager(url, { transports: ['websocket'], reconnection: false }).socket('/');
    scope.after(() => socket.disconnect());
    const next = (event) => within(10_000,
        new Promise((resolve) => socket.once(event, resolve)), () => `"${event}" from ${url}`);
    return { welcome: await next('welcome'), next, socket };
}

describe('docker-compose.yml', () => {
    let chats;
    let clients;

    before(async () => {
        const [program, ...args] = services.redis.command;
        assert.equal(program, 'redis-server');
        redis = await startRedis(scope, { tcp: true, args });
        chats = await Promise.all(['chat1', 'chat2'].map(startChat));
        clients = await Promise.all(chats.map(startClient));
    });
    after(() => scope.close());

    it('has Redis, two chat servers and sio-emit, each with what it waits for', () => {
        assert.deepEqual(Object.keys(services).sort(), ['chat1', 'chat2', 'redis', 'sio-emit']);
        for (const { depends_on: needs = {} } of Object.values(services))
            for (const name of Object.keys(needs))
                assert.ok(services[name].healthcheck, `${name} has no health to wait for`);
    });

    it('the chat servers report their health', async () => {
        for (const { name, port } of chats) {
            const [kind, program, ...args] = services[name].healthcheck.test;
            assert.deepEqual([kind, program], ['CMD', 'node']);
            assert.equal((await run(process.execPath, args, { env: { PORT: port } })).code, 0);
        }
        const page = await fetch(chats[0].url);
        assert.match(await page.text(), /socket\.io\.js/);
    });

    it('puts a client of each server into the room news', () => {
        assert.deepEqual(clients.map(({ welcome }) => welcome.server), ['chat1', 'chat2']);
        for (const { welcome, socket } of clients)
            assert.deepEqual(welcome.rooms, [socket.id, 'news']);
    });

    it("sio-emit's command reaches a client on each server", async () => {
        const service = services['sio-emit'];
        const [program, ...args] =
            argvOf(await readDockerfile(service.build.dockerfile), service.command);
        assert.equal(program, 'sio-emit');
        const messages = Promise.all(clients.map(({ next }) => next('message')));
        const result = await run(process.env.SIO_EMIT, args, { env: environmentOf(service) });
        assert.equal(result.code, 0, result.stderr);
        const sent = { from: 'sio-emit', text: 'hello from C' };
        assert.deepEqual(await messages, [sent, sent]);
    });

    it('a client of one server reaches the other', async () => {
        const message = clients[1].next('message');
        clients[0].socket.emit('message', 'hi');
        assert.deepEqual(await message, { from: 'chat1', text: 'hi' });
    });

    it('the chat servers end when they are told to', async () => {
        clients.forEach(({ socket }) => socket.disconnect());
        for (const { child, exited, name } of chats) {
            child.kill('SIGTERM');
            await within(10_000, exited, () => `end of ${name}`);
            assert.equal(child.exitCode, 0);
        }
    });

    it("sio-emit's image gets all the files that its build needs", async () => {
        const [build] = await readDockerfile(services['sio-emit'].build.dockerfile);
        const source = join(dir, 'sio-emit');
        await mkdir(source);
        await copyStage(build, source);
        const [, configure] = build.find(([instruction, rest]) =>
            instruction === 'RUN' && rest.startsWith('cmake -S'));
        const script = `cd '${source}' && ${configure}`;
        const env = { PATH: process.env.PATH };
        const result = await run('/bin/sh', ['-c', script], { env, deadline: 40_000 });
        assert.equal(result.code, 0, result.stdout + result.stderr);
    });

    it('the chat image pins the packages that the interop tests run', async () => {
        const lock = async (path) =>
            JSON.parse(await readFile(join(ROOT, path, 'package-lock.json'), 'utf8')).packages;
        const tested = await lock('tests/interop');
        for (const [path, { version, integrity }] of Object.entries(await lock('docker/chat')))
            if (path !== '')
                assert.deepEqual([version, integrity],
                    [tested[path]?.version, tested[path]?.integrity], path);
    });
});
