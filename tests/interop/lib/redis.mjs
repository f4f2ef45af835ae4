/* SPDX-License-Identifier: MIT */
/* A private Redis, started through `sio-redisd`, and the clients with which the
 * Node peers reach it: nothing else in the tests knows where Redis is or how one
 * connects to it. */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { createClient } from 'redis';
import { programPath } from './programs.mjs';

/* socket.io-redis 6 needs the `redis` 3 of its own dependencies. */
const legacy = createRequire(createRequire(import.meta.url).resolve('socket.io-redis'))('redis');

class Redis {
    #child;
    #lines;
    #publisher;
    #quit = () => {};

    constructor(child) {
        this.#child = child;
        this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    }

    async ready() {
        const line = await this.#line();
        const [word, url, pid] = line.split(' ');
        if (word !== 'ready')
            throw new Error(`sio-redisd said "${line}"`);
        this.url = url;
        this.pid = Number(pid);
        return this;
    }

    async #line() {
        const { value, done } = await this.#lines.next();
        if (done)
            throw new Error('sio-redisd has ended');
        return value;
    }

    async #order(word, answer) {
        this.#child.stdin.write(`${word}\n`);
        const line = await this.#line();
        if (line !== answer)
            throw new Error(`sio-redisd said "${line}" to "${word}"`);
    }

    kill() {
        return this.#order('kill', 'killed');
    }

    stop() {
        return this.#order('stop', 'stopped');
    }

    cont() {
        return this.#order('cont', 'continued');
    }

    /** Again on the same address. */
    start() {
        this.#child.stdin.write('start\n');
        return this.ready();
    }

    async #socket() {
        const url = new URL(this.url);
        return url.protocol === 'unix:'
            ? { path: decodeURIComponent(url.pathname) }
            : { host: url.hostname, port: Number(url.port) };
    }

    /** A connected client of `redis` 4, closed with the scope. */
    async client(scope) {
        const client = createClient({ socket: await this.#socket() });
        client.on('error', () => {}); /* it reconnects; what matters shows in the test */
        await client.connect();
        /* QUIT would wait for a Redis that is down */
        scope.after(() => (client.isReady ? client.quit() : client.disconnect()).catch(() => {}));
        return client;
    }

    /** Publish on the fixture's own connection. @return how many subscribers Redis reached */
    async publish(channel, payload) {
        this.#publisher ??= this.client({ after: (end) => { this.#quit = end; } });
        return (await this.#publisher).publish(channel, payload);
    }

    /** The same with `redis` 3, for socket.io-redis 6. */
    async legacyClient(scope) {
        const client = legacy.createClient({ ...(await this.#socket()) });
        client.on('error', () => {});
        await new Promise((resolve) => client.once('ready', resolve));
        scope.after(() => (client.connected
            ? new Promise((resolve) => client.quit(resolve))
            : client.end(false)));
        return client;
    }

    async close() {
        await this.#quit();
        const exited = this.#child.exitCode !== null || this.#child.signalCode !== null
            ? Promise.resolve()
            : new Promise((resolve) => this.#child.once('exit', resolve));
        this.#child.stdin.end(); /* which is how sio-redisd is told to clean up */
        await exited;
    }
}

/** @param scope  ends Redis with it
 *  @param opts.tcp   a loopback port instead of a unix socket
 *  @param opts.args  further arguments of redis-server */
export async function startRedis(scope, { tcp = false, args = [] } = {}) {
    const argv = [...(tcp ? ['--tcp'] : []), ...(args.length > 0 ? ['--', ...args] : [])];
    const child = spawn(programPath('SIO_REDISD'), argv, {
        stdio: ['pipe', 'pipe', 'inherit'],
        detached: true, /* a Ctrl-C is for us: we end it when its clients have gone */
    });
    child.stdin.on('error', () => {}); /* it ended first: the answer's absence tells */
    const failed = new Promise((_, reject) => child.once('error', reject));
    const redis = new Redis(child);
    scope.after(() => redis.close());
    return Promise.race([redis.ready(), failed]);
}
