/* SPDX-License-Identifier: MIT */
/* The profiles of docker-compose.yml without Docker: what each service would run, run as
 * processes on loopback, one after the other as they wait for each other. Of the commands only
 * names, ports and the volume are changed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { tcpUser } from './lib/chat.mjs';
import { argvOf, copyStage, readCompose, readDockerfile, ROOT } from './lib/docker.mjs';
import { programPath, run, Scope, within } from './lib/fixture.mjs';

const START = 30_000; /* ms, for a service to be as its dependents want it */
const BUS = 10_000; /* a cluster node listens there, too, above its port */
const PORTS = /\b(6379|26379|7000)\b/g;
const PROGRAMS = {
    'sio-emit': () => programPath('SIO_EMIT'),
    example_chat: () => programPath('SIO_CHAT'),
    'make-certs': () => join(ROOT, 'docker/certs/make-certs'),
};

const all = await readCompose();
const profileOf = (name) => (all[name].profiles ?? [])[0];
const inProfile = (profile) => Object.keys(all).filter((name) => profileOf(name) === profile);

/** Is nobody there? If so, nobody is likely to come. */
function isFree(port) {
    return new Promise((resolve) => {
        const probe = createServer();
        probe.once('error', () => resolve(false));
        probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
    });
}

/** A port for a server and one for a bus, below those that the kernel gives to clients. */
async function freePort(taken) {
    for (;;) {
        const port = 10_000 + Math.floor(Math.random() * 12_000);
        if (!taken.has(port) && await isFree(port) && await isFree(port + BUS)) {
            taken.add(port);
            return port;
        }
    }
}

/** A profile's services as processes. */
class Deployment {
    #names;
    #ports = new Map(); /* "service:port" to the port on loopback */
    #running = new Map();
    #scope;

    static async make(scope, profile) {
        const deployment = new Deployment();
        const taken = new Set();
        deployment.#scope = scope;
        deployment.#names = inProfile(profile).sort((a, b) => b.length - a.length);
        for (const name of deployment.#names)
            for (const port of ['6379', '26379', '7000'])
                deployment.#ports.set(`${name}:${port}`, await freePort(taken));
        deployment.dir = await mkdtemp(join(tmpdir(), 'sio-compose-'));
        scope.after(() => rm(deployment.dir, { recursive: true, force: true }));
        await mkdir(join(deployment.dir, 'certs'));
        return deployment;
    }

    /* What a container of `own` sees, on loopback. */
    #here(own, text) {
        const names = this.#names.join('|');
        return text
            .replaceAll(new RegExp(`(?<![-\\w])(${names})([: ])(\\d+)`, 'g'), (_, name, sign, port) =>
                `127.0.0.1${sign}<${this.#ports.get(`${name}:${port}`)}>`)
            .replaceAll(new RegExp(`(?<![-\\w])(${names})(?![-\\w])`, 'g'), '127.0.0.1')
            .replaceAll('0.0.0.0', '127.0.0.1')
            .replaceAll(PORTS, (port) => this.#ports.get(`${own}:${port}`))
            .replaceAll(/<(\d+)>/g, '$1')
            .replaceAll(/(?<!\S)\/certs/g, join(this.dir, 'certs'));
    }

    portOf(name, port) {
        return this.#ports.get(`${name}:${port}`);
    }

    environmentOf(name) {
        return {
            PATH: process.env.PATH,
            ...Object.fromEntries(Object.entries(all[name].environment ?? {})
                .map(([key, value]) => [key, this.#here(name, String(value))])),
        };
    }

    async argvOf(name) {
        const { build, command } = all[name];
        const [program, ...args] = build
            ? argvOf(await readDockerfile(build.dockerfile), command) : command;
        return [PROGRAMS[program]?.() ?? program, ...args.map((arg) => this.#here(name, arg))];
    }

    async #spawn(name) {
        const [program, ...args] = await this.argvOf(name);
        const cwd = join(this.dir, name);
        await mkdir(cwd);
        const child = spawn(program, args, { cwd, env: this.environmentOf(name), stdio: 'pipe' });
        const out = { text: '' };
        for (const stream of [child.stdout, child.stderr])
            stream.setEncoding('utf8').on('data', (text) => { out.text += text; });
        const ended = new Promise((resolve, reject) => {
            child.once('error', reject);
            child.once('close', (code) => resolve(code));
        });
        this.#scope.after(() => { child.kill('SIGKILL'); return ended; });
        return { child, ended, out };
    }

    async #until(name, condition) {
        const { ended, out } = this.#running.get(name);
        if (condition === 'service_completed_successfully') {
            assert.equal(await within(START, ended, () => `end of ${name}: ${out.text}`), 0, out.text);
            return;
        }
        assert.equal(condition, 'service_healthy');
        const [kind, program, ...args] = all[name].healthcheck.test;
        const limit = Date.now() + START;
        assert.equal(kind, 'CMD');
        while ((await run(program, args.map((arg) => this.#here(name, arg)),
            { env: this.environmentOf(name) })).code !== 0) {
            assert.ok(Date.now() < limit, `${name} is not healthy: ${out.text}`);
            await delay(50);
        }
    }

    /** A service that runs, after those that it depends on. */
    async start(name) {
        if (this.#running.has(name))
            return;
        for (const [other, { condition }] of Object.entries(all[name].depends_on ?? {})) {
            await this.start(other);
            await this.#until(other, condition);
        }
        this.#running.set(name, await this.#spawn(name));
    }

    async kill(name) {
        const { child, ended } = this.#running.get(name);
        child.kill('SIGKILL');
        await ended;
    }

    /** A service that ends. */
    async runToEnd(name, more = []) {
        const [program, ...args] = await this.argvOf(name);
        return run(program, [...args, ...more], { env: this.environmentOf(name), deadline: START });
    }
}

/* What may be stopped, as the file's first lines say; none: there is no other. */
const STOPPED = { sentinel: 'sentinel-master', cluster: 'cluster-1', tls: undefined };

describe('the profiles of docker-compose.yml', () => {
    it('are these', () => {
        const named = new Set(Object.keys(all).map(profileOf).filter(Boolean));
        assert.deepEqual([...named].sort(), Object.keys(STOPPED).sort());
    });

    it('wait for what is there and has a health to wait for', () => {
        for (const [name, { depends_on: needs = {} }] of Object.entries(all))
            for (const [other, { condition }] of Object.entries(needs)) {
                assert.equal(profileOf(other), profileOf(name), `${name} waits for ${other}`);
                if (condition === 'service_healthy')
                    assert.ok(all[other].healthcheck, `${other} has no health to wait for`);
            }
    });

    it('publish ports of their own', () => {
        const ports = Object.values(all).flatMap(({ ports: own = [] }) => own)
            .map((port) => port.split(':')[0]);
        assert.equal(new Set(ports).size, ports.length);
    });

    it("the images get all the files that their builds need", async () => {
        const dir = await mkdtemp(join(tmpdir(), 'sio-compose-'));
        try {
            const [build] = await readDockerfile('docker/c-chat/Dockerfile');
            await copyStage(build, dir);
            const [, configure] = build.find(([instruction, rest]) =>
                instruction === 'RUN' && rest.startsWith('cmake -S'));
            const { code, stdout, stderr } = await run('/bin/sh', ['-c', `cd '${dir}' && ${configure}`],
                { env: { PATH: process.env.PATH }, deadline: 60_000 });
            assert.equal(code, 0, stdout + stderr);
            await copyStage((await readDockerfile('docker/certs/Dockerfile'))[0], join(dir, 'certs'));
        } finally {
            await rm(dir, { recursive: true, force: true });
        }
    });
});

for (const [profile, stopped] of Object.entries(STOPPED))
    describe(`profile ${profile}`, () => {
        const scope = new Scope();
        let deployment;
        let user;

        before(async () => {
            deployment = await Deployment.make(scope, profile);
            await deployment.start(`emit-${profile}`);
            const port = deployment.portOf(`chat-${profile}`, '7000');
            user = await tcpUser(scope, { address: { host: '127.0.0.1', port } }, 'ann', 'lobby');
        });
        after(() => scope.close());

        it("sio-emit's command reaches a user of the chat", async () => {
            const { code, stdout, stderr } = await deployment.runToEnd(`emit-${profile}`);
            assert.equal(code, 0, stderr);
            if (profile !== 'cluster') /* there the number is that of one node */
                assert.match(stdout, /reached 1 server/);
            await user.reads(/hello from C$/);
        });

        if (stopped)
            it(`talks on when ${stopped} has been stopped`, async () => {
                await deployment.kill(stopped);
                const limit = Date.now() + START;
                let heard;
                /* the chat's own subscription comes back when it does */
                for (let n = 1; heard === undefined; n++) {
                    const { code } = await deployment.runToEnd(`emit-${profile}`,
                        ['--timeout-connect', '1', '--timeout', '1']);
                    assert.ok(Date.now() < limit, `after ${n} attempts, the last ended with ${code}`);
                    heard = await user.reads(/hello from C$/, 500).catch(() => undefined);
                }
            });
    });
