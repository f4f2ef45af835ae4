/* SPDX-License-Identifier: MIT */
/* Nodes of a cluster, each a process that speaks sio-node's line protocol: `c`, sio-node
 * itself, or `node`, the npm packages behind the same protocol (node-host.mjs). */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { programPath } from '../lib/programs.mjs';
import { within } from '../lib/scope.mjs';

const DEADLINE = 10_000;
const HOST = fileURLToPath(new URL('node-host.mjs', import.meta.url));
const PROGRAMS = {
    c: () => [programPath('SIO_NODE'), []],
    node: () => [process.execPath, [HOST]],
};

/** A request's refusal, with all that its answer says. */
export class Refusal extends Error {
    constructor({ error, ...answer }) {
        super(error);
        Object.assign(this, answer);
    }
}

class Node {
    #child;
    #exited;
    #waiting = new Map();
    #watchers = new Set();
    #last = 0;
    #gone = null;
    events = []; /* all so far, in their order */

    constructor(kind, argv, env) {
        const [program, args] = PROGRAMS[kind]();
        this.kind = kind;
        this.#child = spawn(program, [...args, ...argv], {
            stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env },
        });
        this.#child.stdin.on('error', () => {}); /* it ended first: see 'close' */
        this.#exited = new Promise((resolve) => {
            this.#child.once('error', (err) => this.#fail(err.message));
            this.#child.once('close', (code, signal) => {
                this.#fail(`ended by ${signal ?? `status ${code}`}`);
                resolve({ code, signal });
            });
        });
        createInterface({ input: this.#child.stdout }).on('line', (line) => this.#read(line));
    }

    #fail(why) {
        this.#gone = new Error(`${this.kind} node: ${why}`);
        this.#waiting.forEach(({ reject }) => reject(this.#gone));
        this.#waiting.clear();
    }

    #read(line) {
        const message = JSON.parse(line);
        if ('event' in message) {
            this.events.push(message);
            this.#watchers.forEach((look) => look(message));
            return;
        }
        const { id, ok, ...answer } = message;
        const { resolve, reject } = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (ok)
            resolve(answer);
        else
            reject(new Refusal(answer));
    }

    get pid() {
        return this.#child.pid;
    }

    /** A request. @return its result; rejects with a Refusal */
    async call(op, fields) {
        return (await this.answer(op, fields)).result;
    }

    /** A request. @return all that its answer says; rejects with a Refusal */
    answer(op, fields = {}) {
        if (this.#gone)
            return Promise.reject(this.#gone);
        const id = ++this.#last;
        const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
        this.#child.stdin.write(`${JSON.stringify({ id, op, ...fields })}\n`);
        return within(DEADLINE, answer,
            () => `answer of the ${this.kind} node to ${op} ${JSON.stringify(fields).slice(0, 200)}`);
    }

    /** Call `look` with each event from now on. @return how to end it */
    watch(look) {
        this.#watchers.add(look);
        return () => this.#watchers.delete(look);
    }

    /** The first event that matches, of those so far and to come, beginning with the
     *  `from`th. */
    async event(matches, what = 'such event', from = 0) {
        const earlier = this.events.slice(from).find(matches);
        if (earlier)
            return earlier;
        let end;
        const later = new Promise((resolve) => {
            end = this.watch((event) => matches(event) && resolve(event));
        });
        try {
            return await within(DEADLINE, later, () => `${what} of the ${this.kind} node`);
        } finally {
            end();
        }
    }

    /** Orderly. @return {code, signal} */
    async quit() {
        if (!this.#gone)
            await this.call('quit');
        return within(DEADLINE, this.#exited, () => `end of the ${this.kind} node`);
    }

    kill(signal = 'SIGKILL') {
        this.#child.kill(signal);
        return this.#exited;
    }

    /** Unless it has ended already: then that was the test's wish. */
    async close() {
        if (this.#gone)
            return;
        const { code, signal } = await this.quit().finally(() => this.kill());
        if (code !== 0) /* a sanitizer's or Node's word about it is on stderr */
            throw new Error(`${this.kind} node: ended by ${signal ?? `status ${code}`}`);
    }
}

/** A running node, ready in '/'.
 *  @param kind  'c' or 'node'
 *  @param opts  sio-node's options, as {prefix, requestsTimeout, specific, subscription};
 *               client: of a 'node', 'redis' or 'ioredis' */
export async function startNode(scope, redis, kind, {
    prefix, requestsTimeout, specific = false, subscription, client,
} = {}) {
    const node = new Node(kind, [
        '--url', redis.url,
        ...(prefix ? ['--prefix', prefix] : []),
        ...(requestsTimeout ? ['--requests-timeout', String(requestsTimeout)] : []),
        ...(specific ? ['--specific-response-channel'] : []),
        ...(subscription ? ['--subscription', subscription] : []),
        ...(kind === 'node' && client ? ['--client', client] : []),
    ], redis.env);
    scope.after(() => node.close());
    await node.event(({ event, nsp }) => event === 'ready' && nsp === '/', 'readiness');
    return node;
}
