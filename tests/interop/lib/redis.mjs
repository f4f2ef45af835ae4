/* SPDX-License-Identifier: MIT */
/* A private Redis, started through `sio-redisd`, and the clients with which the tests and
 * the Node peers reach it: nothing else in the tests knows where Redis is, of which kind it
 * is, or how one connects to it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import { createClient } from 'redis';
import { connectPeer, disconnectPeer, readUrl } from './clients.mjs';
import { programPath } from './programs.mjs';

/* socket.io-redis 6 needs the `redis` 3 of its own dependencies. */
const legacy = createRequire(createRequire(import.meta.url).resolve('socket.io-redis'))('redis');

/** The channel on which sentinels talk to each other. */
export const SENTINELS = '__sentinel__:hello';

class Redis {
    #child;
    #lines;
    #origins = null;
    #ends = [];

    constructor(child) {
        this.#child = child;
        this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    }

    async ready() {
        const line = await this.#line();
        const [word, url, pid, ...fields] = line.split(' ');
        if (word !== 'ready')
            throw new Error(`sio-redisd said "${line}"`);
        const all = (name) => fields.filter((field) => field.startsWith(`${name}=`))
            .map((field) => field.slice(name.length + 1));
        this.url = url;
        this.pid = Number(pid);
        [this.ca] = all('ca');
        this.servers = all('server').map((text) => {
            const [name, port, own, path] = text.split(',');
            return { name, port: Number(port), pid: Number(own), path };
        });
        this.kind = readUrl(url).scheme; /* 'unix', 'redis', 'redis-sentinel', 'redis-cluster' */
        return this;
    }

    async #line() {
        const { value, done } = await this.#lines.next();
        if (done)
            throw new Error('sio-redisd has ended');
        return value;
    }

    async #order(word, who, answer) {
        this.#child.stdin.write(`${word} ${who}\n`);
        const line = await this.#line();
        if (line.split(' ')[0] !== answer)
            throw new Error(`sio-redisd said "${line}" to "${word} ${who}"`);
        return line.slice(answer.length + 1);
    }

    /** `who`, in these: a server's name, its port, or 'master'; all servers by default. */
    kill(who = '') {
        return this.#order('kill', who, 'killed');
    }

    stop(who = '') {
        return this.#order('stop', who, 'stopped');
    }

    cont(who = '') {
        return this.#order('cont', who, 'continued');
    }

    /** Again on the same address. */
    start(who = '') {
        this.#child.stdin.write(`start ${who}\n`);
        return this.ready();
    }

    /** The name of the server that the sentinels have for the master now; else of the first. */
    master() {
        return this.#order('master', '', 'master');
    }

    /** What a program needs in its environment to reach it, beside the URL: whom to trust, as
     *  OpenSSL wants to be told. */
    get env() {
        return this.ca ? { SSL_CERT_FILE: this.ca } : {};
    }

    /** An observer of the server of that name, as client(). */
    clientOf(scope, server) {
        return this.#connect(scope, this.servers.find(({ name }) => name === server));
    }

    /** The servers that can be published at: with sentinels the master, in a cluster each. */
    async #nodes() {
        const data = this.servers.filter(({ name }) => !name.startsWith('sentinel'));
        if (this.kind !== 'redis-sentinel')
            return data;
        const master = await this.master();
        return data.filter(({ name }) => name === master);
    }

    async #connect(scope, { path }) {
        const client = createClient({ socket: { path } });
        client.on('error', () => {}); /* it reconnects; what matters shows in the test */
        await client.connect();
        scope.after(() => disconnectPeer(client));
        return client;
    }

    /** An observer: a connected client of `redis` 4, closed with the scope, of the master or
     *  of the first node, over its unix socket. */
    async client(scope) {
        return this.#connect(scope, (await this.#nodes())[0]);
    }

    /** A client for a Node peer, as `redis` 4 or `ioredis` reach that kind of Redis. */
    async peer(scope) {
        const client = await connectPeer(this.url, { ca: this.ca });
        scope.after(() => disconnectPeer(client));
        return client;
    }

    /** The same with `redis` 3, for socket.io-redis 6. It knows neither sentinels nor clusters:
     *  there it goes to a node directly. */
    async legacyClient(scope) {
        const [{ path, port }] = await this.#nodes();
        const client = legacy.createClient(this.kind === 'unix' ? { path } : {
            host: '127.0.0.1', port, ...(this.ca ? { tls: { ca: readFileSync(this.ca) } } : {}),
        });
        client.on('error', () => {});
        await new Promise((resolve) => client.once('ready', resolve));
        scope.after(() => (client.connected
            ? new Promise((resolve) => client.quit(resolve))
            : client.end(false)));
        return client;
    }

    /** Observers of all nodes that can be published at. What is published through one of them
     *  is not overtaken by what is published through it later; in a cluster that says nothing
     *  of the others. */
    origins() {
        this.#origins ??= this.#nodes().then((nodes) => Promise.all(nodes.map((node) =>
            this.#connect({ after: (end) => this.#ends.push(end) }, node))));
        return this.#origins;
    }

    /** Publish on the fixture's own connection.
     *  @return how many subscribers Redis reached; in a cluster: of that node */
    async publish(channel, payload) {
        return (await this.origins())[0].publish(channel, payload);
    }

    /** Publish through each of the origins. @return how many there are */
    async publishFromAll(channel, payloadOf) {
        const origins = await this.origins();
        await Promise.all(origins.map((origin, i) => origin.publish(channel, payloadOf(i))));
        return origins.length;
    }

    /** The channels that have subscribers anywhere, sorted. */
    async channels() {
        const each = await Promise.all((await this.origins()).map((node) => node.pubSubChannels()));
        return [...new Set(each.flat())].sort();
    }

    /** The number of patterns that are subscribed to. */
    async patterns() {
        const each = await Promise.all((await this.origins()).map((node) => node.pubSubNumPat()));
        return each.reduce((sum, n) => sum + n, 0);
    }

    async close() {
        await Promise.all(this.#ends.map((end) => end()));
        const exited = this.#child.exitCode !== null || this.#child.signalCode !== null
            ? Promise.resolve()
            : new Promise((resolve) => this.#child.once('exit', resolve));
        this.#child.stdin.end(); /* which is how sio-redisd is told to clean up */
        await exited;
    }
}

/** @param scope  ends Redis with it
 *  @param opts.topology  'unix', 'tcp', 'tls', 'sentinel' or 'cluster'; by default what
 *                        SIO_TOPOLOGY in the environment says, or else a unix socket
 *  @param opts.tcp   short for topology: 'tcp'
 *  @param opts.failureMs  silence after which a server is taken for dead by the others
 *  @param opts.args  further arguments of redis-server */
export async function startRedis(scope, {
    tcp = false, topology = tcp ? 'tcp' : undefined, failureMs, args = [],
} = {}) {
    const argv = [
        ...(topology ? ['--topology', topology] : []),
        ...(failureMs ? ['--failure-ms', String(failureMs)] : []),
        ...(args.length > 0 ? ['--', ...args] : []),
    ];
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
