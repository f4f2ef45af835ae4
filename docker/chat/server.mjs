/* SPDX-License-Identifier: MIT */
/* A chat server that knows nothing of C: Socket.IO with its Redis adapter. Run several;
 * what `sio-emit` or any of them sends to a room reaches its members on all of them.
 *   REDIS_URL, HOST (default: all addresses), PORT (0: a free one), SERVER_NAME */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';

const {
    REDIS_URL = 'redis://127.0.0.1:6379', HOST, PORT = '3000', SERVER_NAME = 'chat',
} = process.env;
const page = await readFile(new URL('index.html', import.meta.url));

const pub = createClient({ url: REDIS_URL });
const sub = pub.duplicate();
for (const client of [pub, sub])
    client.on('error', (err) => console.error(`redis: ${err.message}`)); /* it reconnects */
await Promise.all([pub.connect(), sub.connect()]);

const http = createServer((request, response) => {
    if (request.url === '/health') {
        response.writeHead(pub.isReady && sub.isReady ? 200 : 503).end();
    } else if (request.url.split('?')[0] === '/') {
        response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(page);
    } else {
        response.writeHead(404).end();
    }
});
const io = new Server(http, { adapter: createAdapter(pub, sub) });

io.on('connection', (socket) => {
    socket.join(String(socket.handshake.query.room ?? 'news'));
    socket.emit('welcome', { server: SERVER_NAME, rooms: [...socket.rooms] });
    socket.on('message', (text) => {
        const rooms = [...socket.rooms].filter((room) => room !== socket.id);
        io.to(rooms).emit('message', { from: SERVER_NAME, text: String(text) });
    });
});

http.listen(Number(PORT), HOST, () => {
    console.log(`${SERVER_NAME} listens on port ${http.address().port}`);
});

/* A browser keeps connections for later, for which close() alone would wait. */
function stop() {
    http.close();
    http.closeAllConnections();
    io.close(() => Promise.all([pub.quit(), sub.quit()]));
}
for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, stop);
