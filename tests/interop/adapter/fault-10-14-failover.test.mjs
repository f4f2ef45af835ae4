/* SPDX-License-Identifier: MIT */
/* Faults 10 and 14: the server that a C emitter publishes at is killed while it emits 5,000
 * times a second, and another is promoted, by sentinels or by a cluster. Two C servers and a
 * Node one listen. Every emit ends once, none fails, order is kept, only what was unanswered
 * comes twice, and the C servers hear again within three seconds of the promotion. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { programPath } from '../lib/programs.mjs';
import { startRedis } from '../lib/redis.mjs';
import { Scope, within } from '../lib/scope.mjs';
import { startNode } from './nodes.mjs';

const RATE = 5000;
const TICK = 10;
const BEFORE = 1500; /* ms of load before the kill, and after all hear again */
const BACK = 3000;
const DEADLINE = 30_000;
const FAILURE = 500;

/** sio-emit with numbers on its input and a line for the end of each. */
class Emitter {
    sent = 0;
    ends = new Map(); /* number -> status */
    endedTwice = 0;
    #child;
    #running = true;
    #stopped;

    constructor(scope, redis) {
        this.#child = spawn(programPath('SIO_EMIT'),
            ['-u', redis.url, '--to', 'room', '-l', '--json', 'load'],
            { env: redis.env, stdio: ['pipe', 'pipe', 'inherit'] });
        this.#child.stdin.on('error', () => {});
        createInterface({ input: this.#child.stdout }).on('line', (line) => {
            const { number, status } = JSON.parse(line);
            this.endedTwice += this.ends.has(number);
            this.ends.set(number, status);
        });
        this.exited = new Promise((resolve) => { this.#child.once('close', resolve); });
        this.#stopped = this.#load();
        scope.after(async () => {
            this.#running = false;
            this.#child.kill('SIGKILL');
            await this.#stopped;
        });
    }

    async #load() {
        const begin = performance.now();
        while (this.#running) {
            const due = Math.floor((performance.now() - begin) / 1000 * RATE);
            let lines = '';
            while (this.sent < due)
                lines += `${++this.sent}\n`;
            this.#child.stdin.write(lines);
            await delay(TICK);
        }
    }

    /** Nothing more. @return its exit status, once all has ended */
    async finish() {
        this.#running = false;
        await this.#stopped;
        this.#child.stdin.end();
        return within(DEADLINE, this.exited, () => 'end of sio-emit');
    }
}

/** A server's client, with what it has heard and when. */
class Listener {
    numbers = [];
    at = [];
    gaps = 0;

    constructor(node) {
        Object.assign(this, { node });
        node.watch((event) => {
            node.events.length = 0; /* they are many */
            this.gaps += event.event === 'gap';
            if (event.event === 'packet') {
                this.numbers.push(event.packet.data[1]);
                this.at.push(performance.now());
            }
        });
    }

    /** Wait for a number that was not emitted before now. */
    async hearsNew(emitter) {
        const after = emitter.sent;
        while (!(this.numbers.at(-1) > after))
            await delay(2);
        return performance.now();
    }

    /** How many came again, in one row each time something was sent again. */
    repeated() {
        let highest = 0;
        let again = 0;
        let rows = 0;
        for (const [i, n] of this.numbers.entries()) {
            if (i > 0 && n <= this.numbers[i - 1])
                rows++; /* a step back; from there on it goes up */
            again += n <= highest;
            highest = Math.max(highest, n);
        }
        return { again, rows };
    }
}

/* The server at which the emitter publishes: in a cluster that at which most is published. */
const VICTIM = {
    sentinel: (scope, redis) => redis.master(),
    async cluster(scope, redis) {
        const calls = await Promise.all(redis.servers.map(async ({ name }) => {
            const client = await redis.clientOf(scope, name);
            const [, n = 0] = /cmdstat_publish:calls=(\d+)/.exec(await client.info('commandstats')) ?? [];
            return { name, n: Number(n) };
        }));
        return calls.sort((a, b) => b.n - a.n)[0].name;
    },
};

/* Until another is the master: of the group, or of the killed one's slots. */
const PROMOTION = {
    async sentinel(scope, redis, killed) {
        while ((await redis.master()) === killed)
            await delay(5);
    },
    async cluster(scope, redis, killed) {
        const replica = killed.replace(/\d/, (n) => String(Number(n) + 3));
        const client = await redis.clientOf(scope, replica);
        while ((await client.sendCommand(['ROLE']))[0] !== 'master')
            await delay(5);
    },
};

describe('the server that is published at is killed under load', () => {
    const scope = new Scope();
    afterEach(() => scope.close());

    for (const [fault, topology] of [[10, 'sentinel'], [14, 'cluster']])
        it(`fault ${fault}: ${topology}`, async (t) => {
            const redis = await startRedis(scope, { topology, failureMs: FAILURE });
            const nodes = await Promise.all([
                startNode(scope, redis, 'c', { subscription: 'pattern' }),
                startNode(scope, redis, 'c', { subscription: 'rooms' }),
                startNode(scope, redis, 'node', { client: 'ioredis' }),
            ]);
            await Promise.all(nodes.map(async (node, i) => {
                await node.call('connect', { sid: `s${i}` });
                await node.call('join', { sid: `s${i}`, rooms: ['room'] });
            }));
            const listeners = nodes.map((node) => new Listener(node));
            const emitter = new Emitter(scope, redis);
            await delay(BEFORE);
            await Promise.all(listeners.map((listener) => listener.hearsNew(emitter)));

            const killed = await VICTIM[topology](scope, redis);
            const accepted = emitter.ends.size;
            await redis.kill(killed);
            const unanswered = emitter.sent - accepted;
            const died = performance.now();
            await within(DEADLINE, PROMOTION[topology](scope, redis, killed), () => 'promotion');
            const promoted = performance.now();
            const back = await within(DEADLINE, Promise.all(listeners.map((listener) =>
                listener.hearsNew(emitter))), () => 'message after the promotion');
            await delay(BEFORE);

            assert.equal(await emitter.finish(), 0);
            const last = emitter.sent;
            assert.equal(emitter.ends.size, last);
            assert.equal(emitter.endedTwice, 0);
            assert.deepEqual([...new Set(emitter.ends.values())], ['SIO_OK']);
            for (const [i, listener] of listeners.entries()) {
                const { again, rows } = listener.repeated();
                const lost = last - new Set(listener.numbers).size;
                t.diagnostic(`${nodes[i].kind}: ${(back[i] - promoted).toFixed()} ms after the promotion, `
                    + `${again} of ${unanswered} again, ${lost} of ${last} in ${listener.gaps} gaps`);
                assert.equal(listener.numbers.at(-1), last);
                assert.equal(rows <= 1, true, `${rows} steps back`);
                assert.equal(again <= unanswered, true);
            }
            t.diagnostic(`${killed} was killed; promotion after ${(promoted - died).toFixed()} ms`);
            for (const ms of back.slice(0, 2))
                assert.equal(ms - promoted < BACK, true, `${ms - promoted} ms`);
        });
});
