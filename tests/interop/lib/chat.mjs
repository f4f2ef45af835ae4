/* SPDX-License-Identifier: MIT */
/* examples/chat: its servers, in C and in Node, and people who use them by TCP or by a
 * Socket.IO client. */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Manager } from 'socket.io-client';
import { programPath } from './programs.mjs';
import { within } from './scope.mjs';

const DEADLINE = 10_000;
const EXAMPLE = fileURLToPath(new URL('../../../examples/chat/node', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../node_modules', import.meta.url));

/** Things that come one after the other, waited for in their order. */
class Log {
    #waiters = new Set();
    #from = 0;
    all = [];

    add(item) {
        this.all.push(item);
        this.#waiters.forEach((look) => look());
    }

    /** The next one, behind the last one waited for, that matches. */
    async next(matches, what, deadline = DEADLINE) {
        let look;
        const found = new Promise((resolve) => {
            look = () => {
                const i = this.all.findIndex((item, n) => n >= this.#from && matches(item));
                if (i < 0)
                    return;
                this.#waiters.delete(look);
                this.#from = i + 1;
                resolve(this.all[i]);
            };
        });
        this.#waiters.add(look);
        look();
        try {
            return await within(deadline, found,
                () => `${what} in ${JSON.stringify(this.all.slice(-20))}`);
        } finally {
            this.#waiters.delete(look);
        }
    }
}

const matcher = (wanted) =>
    (typeof wanted === 'string' ? (line) => line === wanted : (line) => wanted.test(line));

/* -- servers -- */

class Server {
    stdout = new Log();
    stderr = '';

    constructor(scope, program, argv, options) {
        this.child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
        this.exited = new Promise((resolve) => {
            this.child.once('close', (code, signal) => resolve({ code, signal }));
            this.child.once('error', (err) => resolve({ signal: err.message }));
        });
        this.exited.then(({ code, signal }) =>
            this.stdout.add(`ended by ${signal ?? `status ${code}`}: ${this.stderr}`));
        createInterface({ input: this.child.stdout }).on('line', (line) => this.stdout.add(line));
        this.child.stderr.setEncoding('utf8').on('data', (text) => { this.stderr += text; });
        scope.after(() => { this.child.kill('SIGKILL'); return this.exited; });
    }

    /** Wait for a line on its stdout. */
    says(wanted) {
        return this.stdout.next(matcher(wanted), `${wanted}`);
    }

    async end(signal = 'SIGTERM') {
        this.child.kill(signal);
        return within(DEADLINE, this.exited, () => `end of ${this.child.spawnfile}`);
    }
}

/** A chat server in C, ready.
 *  @param redis  null: it is alone
 *  @param opts.listen  its address; default: a free port
 *  @param opts.under   a command that runs it */
export async function startChat(scope, redis, { listen = '127.0.0.1:0', under = [] } = {}) {
    const [program, ...argv] = [
        ...under, programPath('SIO_CHAT'), '--listen', listen,
        ...(redis ? ['--redis', redis.url] : []),
    ];
    const server = new Server(scope, program, argv, { env: { PATH: process.env.PATH } });
    const [, address] = /^listening on (.*)$/.exec(await server.says(/^listening on /));
    server.address = address.startsWith('/') ? { path: address }
        : { host: '127.0.0.1', port: Number(address.split(':').at(-1)) };
    if (redis)
        await server.says('sharing rooms');
    return server;
}

/** The one in Node, with the packages of these tests. */
export async function startChatNode(scope, redis, { listen = '127.0.0.1:0' } = {}) {
    const dir = await mkdtemp(join(tmpdir(), 'sio-chat-'));
    scope.after(() => rm(dir, { recursive: true, force: true }));
    await cp(EXAMPLE, dir, { recursive: true });
    await rm(join(dir, 'node_modules'), { recursive: true, force: true });
    await symlink(PACKAGES, join(dir, 'node_modules'));
    const argv = [join(dir, 'server.mjs'), '--listen', listen, '--redis', redis.url];
    const server = new Server(scope, process.execPath, argv, { cwd: dir });
    [, server.url] = /^listening on (.*)\/$/.exec(await server.says(/^listening on /));
    return server;
}

/* -- people -- */

/** A user of a C server. `lines` are what it has read. */
class TcpUser {
    log = new Log();
    ended = false;

    constructor(scope, { address }) {
        this.socket = connect(address);
        this.socket.on('error', () => {}); /* the server may end it at any time */
        this.closed = once(this.socket, 'close').then(() => { this.ended = true; });
        createInterface({ input: this.socket, crlfDelay: Infinity })
            .on('line', (line) => this.log.add(line));
        scope.after(() => { this.socket.destroy(); });
    }

    get lines() {
        return this.log.all;
    }

    send(...lines) {
        this.socket.write(lines.map((line) => `${line}\n`).join(''));
    }

    /** Wait for a line. */
    reads(wanted, deadline) {
        return this.log.next(matcher(wanted), `${wanted}`, deadline);
    }

    /** Send a line and wait for another. */
    async ask(line, wanted) {
        this.send(line);
        return this.reads(wanted);
    }

    /** The members of a room, as "nick (via)", sorted. */
    async who(room) {
        const start = this.lines.length;
        await this.ask(`/who ${room}`, (/^\* \d+ in /));
        return this.lines.slice(start).filter((line) => line.startsWith('*   '))
            .map((line) => line.slice(4)).sort();
    }

    close() {
        this.socket.destroy();
        return this.closed;
    }
}

/** A user with that nick, in the rooms, talking in the last. */
export async function tcpUser(scope, server, nick, ...rooms) {
    const user = new TcpUser(scope, server);
    await user.reads(/^\* you are guest-/);
    await user.ask(`/nick ${nick}`, `* you are ${nick}`);
    for (const room of rooms)
        await user.ask(`/join ${room}`, `* you have joined ${room} and talk in ${room}`);
    return user;
}

/** What the page does, without a browser. */
class SocketUser {
    log = new Log();

    constructor(scope, { url }) {
        this.socket = new Manager(url, { transports: ['websocket'] }).socket('/');
        this.socket.onAny((event, data) => this.log.add({ event, ...data }));
        scope.after(() => { this.socket.disconnect(); });
    }

    async ask(event, request) {
        const { error, result } = await this.socket.timeout(DEADLINE).emitWithAck(event, request);
        if (error)
            throw new Error(error);
        return result;
    }

    /** Wait for an event that has these fields. */
    hears(event, fields) {
        const wanted = Object.entries({ event, ...fields });
        return this.log.next((item) => wanted.every(([key, value]) => item[key] === value),
            JSON.stringify(wanted));
    }

    say(room, text) {
        return this.ask('message', { room, text });
    }

    async who(room) {
        return (await this.ask('who', { room })).map(({ nick, via }) => `${nick} (${via})`).sort();
    }
}

/** A user of the Node server with that nick, in the rooms. */
export async function socketUser(scope, server, nick, ...rooms) {
    const user = new SocketUser(scope, server);
    await user.ask('nick', { nick });
    for (const room of rooms)
        await user.ask('join', { room });
    return user;
}
