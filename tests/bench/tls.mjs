/* SPDX-License-Identifier: MIT */
/* Emitting through TLS: what a small event costs more, beside plaintext in the same rounds.
 * Both ports are of one redis-server. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bar, interleave, median, runJson, shown, spread, table } from './measure.mjs';

const MAKE_CERTS = fileURLToPath(new URL('../support/make-certs', import.meta.url));
const LIMIT_US = 0.25; /* more than plaintext */
const N = 1_000_000;

async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

async function openPort({ scope, dir, redis }) {
    const certificates = join(dir, 'certificates');
    await mkdir(certificates);
    await promisify(execFile)(MAKE_CERTS, [certificates]);
    const ca = join(certificates, 'ca.crt');
    const port = await freePort();
    const client = await redis.client(scope);
    for (const [name, value] of [
        ['tls-ca-cert-file', ca], ['tls-cert-file', join(certificates, 'server.crt')],
        ['tls-key-file', join(certificates, 'server.key')], ['tls-auth-clients', 'no'],
        ['tls-port', String(port)],
    ])
        await client.sendCommand(['CONFIG', 'SET', name, value]);
    return { port, ca };
}

/** The port at which the scene's Redis speaks TLS, and whom to trust: {port, ca}. It is opened
 *  by the first who asks. */
export function secured(scene) {
    scene.secured ??= openPort(scene);
    return scene.secured;
}

/** @return Markdown; the bars are appended to `bars`. */
export async function measureTls(scene, bars) {
    const { port, ca } = await secured(scene);
    const modes = [['thread', "the link's own thread"], ['loop', 'event loop']].map(([mode, what]) => ({
        mode, what,
        plain: ['--url', `redis://127.0.0.1:${scene.port}`, '--mode', mode],
        tls: ['--url', `rediss://127.0.0.1:${port}`, '--cacert', ca, '--mode', mode],
    }));
    const n = Math.round(N * scene.scale);
    const contestants = modes.flatMap(({ plain, tls }) => [plain, tls]);
    const results = await interleave(contestants, Math.max(3, scene.rounds), (args) =>
        runJson(join(scene.build, 'tests/bench/bench_emit'), [
            ...args, '--case', 'small', '-n', n, '--warm', Math.round(n / 10), '--redis-pid', scene.pid,
        ]));
    const of = (one, value) => results.get(one).map(value);
    const us = (r) => (r.cpu_s / r.n) * 1e6;
    const rate = (r) => r.n / r.wall_s;
    const rows = modes.map(({ mode, what, plain, tls }) => {
        const without = of(plain, us);
        const more = of(tls, us).map((x, i) => x - without[i]);
        bars.push(bar(`small through TLS, ${mode}: CPU us a message more than plaintext`, LIMIT_US, median(more)));
        return [what, spread(without), spread(of(tls, us)), spread(more),
            shown(median(of(plain, rate))), shown(median(of(tls, rate)))];
    });
    console.error('bench: TLS done');
    return `### TLS: a small event, 0 subscriber(s)\n\n${table(
        ['sio-emitter', 'CPU us, plaintext', 'CPU us, TLS', 'CPU us more',
            'messages/s, plaintext', 'messages/s, TLS'], rows)}\n`;
}
