/* SPDX-License-Identifier: MIT */
/* The browsers' side of the chat: a Socket.IO server that shares rooms, through Redis, with
 * the C servers of this example. Nothing in it knows of C.
 *   node server.mjs [--listen HOST:PORT] [--redis URL] */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const NAME_BYTES = 64; /* a nick or a room */
const TEXT_BYTES = 1024;
const ROOMS = 16; /* that a client may be in */
const { values: options } = parseArgs({
    options: {
        listen: { type: 'string', default: '127.0.0.1:3000' },
        redis: { type: 'string', default: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' },
    },
});

const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(options.listen) ?? [];
if (port === undefined) {
    console.error(`--listen ${options.listen}: not HOST:PORT`);
    process.exit(2);
}
/* -- the cluster -- */

const pub = createClient({ url: options.redis });
const sub = pub.duplicate();
for (const client of [pub, sub])
    client.on('error', (err) => console.error(`Redis: ${err.message || err.code}`)); /* it reconnects */
await Promise.all([pub.connect(), sub.connect()]);

const page = await readFile(new URL('index.html', import.meta.url));
const http = createServer((request, response) => {
    if (request.url.split('?')[0] === '/')
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
    else
        response.writeHead(404).end();
});
const io = new Server(http, {
    adapter: createAdapter(pub, sub), maxHttpBufferSize: 16 * TEXT_BYTES,
});

/* -- rooms -- */

/* A chat room is a Socket.IO room with a prefix: nobody can listen in by joining the room
 * that is named by another client's id. */
const roomOf = (name) => `room:${name}`;
const nameOf = (room) => (room.startsWith('room:') ? room.slice('room:'.length) : null);
const roomsOf = (socket) => [...socket.rooms].filter((room) => nameOf(room) !== null);

/* By an event of its own, by its end, or by another server: all joins and leaves are told
 * here. The data is what the other servers see of a socket, too. */
function announce(event, room, id) {
    const socket = io.of('/').sockets.get(id);
    if (socket && nameOf(room) !== null)
        io.to(room).except(id).emit(event, { room: nameOf(room), ...socket.data });
}
io.of('/').adapter.on('join-room', (room, id) => announce('joined', room, id));
io.of('/').adapter.on('leave-room', (room, id) => announce('left', room, id));

/* -- what a browser can ask -- */

function check(good, what) {
    if (!good)
        throw new Error(what);
}

function checkName(name) {
    check(typeof name === 'string' && /^[^ \p{Cc}]+$/u.test(name)
        && Buffer.byteLength(name) <= NAME_BYTES,
    `a name has up to ${NAME_BYTES} bytes and no spaces`);
}

const REQUESTS = {
    nick(socket, { nick }) {
        checkName(nick);
        const was = socket.data.nick;
        socket.data.nick = nick;
        if (was !== nick && roomsOf(socket).length > 0) /* to() no room would be everybody */
            socket.to(roomsOf(socket)).emit('renamed', { was, ...socket.data });
    },
    async join(socket, { room }) {
        checkName(room);
        check(roomsOf(socket).length < ROOMS, `nobody can be in more than ${ROOMS} rooms`);
        await socket.join(roomOf(room));
    },
    async leave(socket, { room }) {
        await socket.leave(roomOf(String(room)));
    },
    message(socket, { room, text }) {
        check(socket.rooms.has(roomOf(room)), 'you are not in that room');
        check(typeof text === 'string' && Buffer.byteLength(text) <= TEXT_BYTES,
            `a text has up to ${TEXT_BYTES} bytes`);
        io.to(roomOf(room)).emit('message', { room, ...socket.data, text });
    },
    async who(socket, { room }) {
        checkName(room);
        const members = await io.in(roomOf(room)).fetchSockets();
        return members.map(({ data }) => ({ nick: data.nick, via: data.via }));
    },
};

io.on('connection', (socket) => {
    socket.data = { nick: `guest-${socket.id.slice(0, 4)}`, via: 'browser' };
    for (const [event, run] of Object.entries(REQUESTS))
        socket.on(event, async (request, answer) => {
            const reply = typeof answer === 'function' ? answer : () => {};
            try {
                reply({ result: await run(socket, Object(request)) });
            } catch (err) {
                reply({ error: err.message });
            }
        });
});

/* -- start and stop -- */

http.listen(Number(port), host, () => {
    console.log(`listening on http://${host}:${http.address().port}/`);
});

/* quit() would wait for a Redis that is away, close() for connections that a browser keeps
 * for later. */
const end = (client) => (client.isReady ? client.quit() : client.disconnect());
function stop() {
    http.close();
    http.closeAllConnections();
    io.close(() => Promise.all([end(pub), end(sub)]));
}
for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, stop);
