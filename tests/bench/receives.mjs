/* SPDX-License-Identifier: MIT */
/* Messages that arrive at a node: CPU of the receiving process, for rooms that nobody is in
 * here, rooms with one and with a thousand sockets, and the whole namespace; the cost on a
 * node that holds a million sockets; fetching sockets over three nodes. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EVENTS, require } from './cases.mjs';
import { bar, interleave, median, runJson, shown, spread, table } from './measure.mjs';

const NODE = fileURLToPath(new URL('receive-node.mjs', import.meta.url));
const REQUESTS = 'socket.io-request#/#';

/* limit: of CPU us a message, by case */
const SCENES = [
    { name: 'miss', what: 'one room, nobody here is in it', sockets: 10, members: 0, rooms: ['room1'], n: 400_000, nodeN: 120_000, limit: { small: 0.30, object: 0.85 } },
    { name: 'miss2', what: 'two rooms, nobody here is in them', sockets: 10, members: 0, rooms: ['room1', 'room2'], n: 300_000, nodeN: 60_000, limit: { small: 0.60 } },
    { name: 'hit1', what: 'a room with one socket', sockets: 10, members: 1, rooms: ['room1'], n: 300_000, nodeN: 60_000, limit: { small: 0.75, object: 1.4 } },
    { name: 'nsp10', what: 'the namespace, ten sockets', sockets: 10, members: 0, rooms: [], n: 300_000, nodeN: 60_000, limit: { small: 0.85 } },
    { name: 'hit1000', what: 'a room with a thousand sockets', sockets: 1000, members: 1000, rooms: ['room1'], n: 60_000, nodeN: 2_400, limit: { small: 5 } },
];

/* What the npm emitter publishes. */
function messageTo(rooms, name) {
    const { Emitter } = require('@socket.io/redis-emitter');
    let published;
    let io = new Emitter({ publish: (channel, payload) => { published = [channel, payload]; } });
    for (const room of rooms)
        io = io.to(room);
    io.emit(...EVENTS[name]);
    return { channel: published[0], payload: Buffer.from(published[1]) };
}

/* A process that says what happens to it, one JSON object a line. */
class Daemon {
    #lines;

    constructor(program, args) {
        this.child = spawn(program, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
        this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    }

    async next(event) {
        const { value, done } = await this.#lines.next();
        if (done)
            throw new Error(`${this.child.spawnfile} has ended`);
        const object = JSON.parse(value);
        if (event !== undefined && object.ev !== event)
            throw new Error(`${this.child.spawnfile} said ${value} instead of ${event}`);
        return object;
    }

    order(line) {
        this.child.stdin.write(`${line}\n`);
    }

    async stop() {
        this.child.stdin.end();
        if (this.child.exitCode === null)
            await new Promise((resolve) => { this.child.once('exit', resolve); });
    }

    /** CPU seconds of the process so far. */
    cpu() {
        const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
        return (Number(fields[11]) + Number(fields[12])) / 100;
    }
}

const ours = ({ build, redis }, { sockets, members = 0 }, more = []) => new Daemon(
    join(build, 'tests/bench/bench_node'),
    ['--url', redis.url, '--sockets', sockets, '--members', members, ...more]);
const nodes = ({ port }, { sockets, members = 0 }, tag = 's', specific = 0) =>
    new Daemon(process.execPath, [NODE, port, sockets, members, tag, specific]);

/* Publish n messages as fast as Redis takes them; the receiver measures from `begin` to `end`. */
async function stream(scene, daemon, { channel, payload }, n) {
    const file = join(scene.dir, 'received.payload');
    await writeFile(file, payload);
    const event = (name) => scene.redis.publish(REQUESTS,
        JSON.stringify({ uid: 'emitter', type: 6, data: [name] }));
    await daemon.next('ready');
    await event('begin');
    await runJson(join(scene.build, 'tests/bench/bench_hiredis'), [
        '--port', scene.port, '--mode', 'const', '-n', n, '--warm', 0, '--redis-pid', scene.pid,
        '--channel', channel, '--payload', file, '--args', join(scene.dir, 'small.args'),
    ]);
    await event('end');
    const { deliveries } = await daemon.next('done');
    const result = await daemon.next();
    await daemon.stop();
    return { ...result, n, deliveries };
}

async function read(scene, message, n) {
    const daemon = new Daemon(join(scene.build, 'tests/bench/bench_reader'),
        [scene.port, 'socket.io#/#*', n]);
    const file = join(scene.dir, 'received.payload');
    await writeFile(file, message.payload);
    await daemon.next('ready');
    await runJson(join(scene.build, 'tests/bench/bench_hiredis'), [
        '--port', scene.port, '--mode', 'const', '-n', n, '--warm', 0, '--redis-pid', scene.pid,
        '--channel', message.channel, '--payload', file, '--args', join(scene.dir, 'small.args'),
    ]);
    await daemon.next('done');
    const result = await daemon.next();
    await daemon.stop();
    return { ...result, n, deliveries: 0 };
}

const cpu = (r) => (r.cpu_s / r.n) * 1e6;

async function measureScene(scene, one, name, bars) {
    const message = messageTo(one.rooms, name);
    const wanted = (n) => n * (one.rooms.length > 0 ? one.members : one.sockets);
    const list = [
        { name: 'sio-adapter', n: one.n, run: (n) => stream(scene, ours(scene, one), message, n), ours: true },
        { name: '@socket.io/redis-adapter, redis 4.7', n: one.nodeN, run: (n) => stream(scene, nodes(scene, one), message, n) },
        { name: 'hiredis\'s reader, no allocation', n: one.n, run: (n) => read(scene, message, n), bare: true },
    ];
    const results = await interleave(list, scene.rounds, async (x) => {
        const result = await x.run(Math.max(1000, Math.round(x.n * scene.scale)));
        if (!x.bare && result.deliveries !== wanted(result.n))
            throw new Error(`${x.name}, ${one.name}: ${result.deliveries} deliveries of ${wanted(result.n)}`);
        return result;
    });
    const of = (i) => results.get(list[i]).map(cpu);
    if (one.limit[name] !== undefined)
        bars.push(bar(`receiving, ${name}, ${one.what}: CPU us a message`, one.limit[name], median(of(0))));
    return [one.what, name, spread(of(0)), spread(of(1)), spread(of(2)),
        spread(of(0).map((x, i) => of(1)[i] / x))];
}

/* Redis compares each publish with every pattern of 10,000 namespaces, and so brings fewer
 * messages at a time. The node that holds little gets its messages from a Redis that is as
 * slow: another process has the namespaces. */
const MANY = 50_000, NAMESPACES = 10_000;

/* A node that holds much, and one that holds little. */
async function measureScale(scene, bars) {
    const message = messageTo(['room1'], 'small');
    const kinds = [
        { name: 'ten sockets and rooms, one namespace', sockets: 10, more: ['--rooms', 10] },
        {
            name: 'a million sockets and rooms, 10,000 namespaces', sockets: 1_000_000,
            more: ['--rooms', 1_000_000, '--namespaces', NAMESPACES],
        },
    ];
    const others = async ({ more }) => {
        const daemon = more.includes(NAMESPACES) ? undefined
            : ours(scene, { sockets: 0 }, ['--nsp', '/apart', '--namespaces', NAMESPACES]);
        await daemon?.next('ready');
        return daemon;
    };
    const rows = [];
    for (const [what, members, limit] of [['nobody is in it', 0, 1.5], ['one socket', 1, 1.5]]) {
        const results = await interleave(kinds, Math.min(3, scene.rounds), async (kind) => {
            const apart = await others(kind);
            const result = await stream(scene,
                ours(scene, { sockets: kind.sockets, members }, kind.more), message,
                Math.max(20_000, Math.round(MANY * scene.scale)));
            await apart?.stop();
            return result;
        });
        const [few, many] = kinds.map((kind) => results.get(kind).map(cpu));
        const times = many.map((x, i) => x / few[i]);
        rows.push([what, spread(few), spread(many), spread(times)]);
        bars.push(bar(`receiving, ${what}, with a million sockets: times the cost with ten`, limit, median(times)));
    }
    return `### Cost of a message on a large node\n\n${table(
        ['a room', kinds[0].name, kinds[1].name, 'times'], rows)}\n`;
}

async function fetchOnce(start, calls) {
    const daemons = ['a', 'b', 'c'].map(start);
    for (const daemon of daemons)
        await daemon.next('ready');
    daemons[0].order('fetch 5');
    await daemons[0].next('fetched');
    const before = daemons.map((daemon) => daemon.cpu());
    daemons[0].order(`fetch ${calls}`);
    const { ms, count } = await daemons[0].next('fetched');
    if (count !== 3000)
        throw new Error(`fetched ${count} sockets of 3000`);
    const used = daemons.map((daemon, i) => ((daemon.cpu() - before[i]) / calls) * 1e3);
    for (const daemon of daemons)
        await daemon.stop();
    return { asking: used[0], answering: (used[1] + used[2]) / 2, p50: median(ms) };
}

async function measureFetch(scene, bars) {
    const size = { sockets: 1000 };
    const list = [
        { name: 'sio-adapter', calls: 200, start: (tag) => ours(scene, size, ['--tag', tag]) },
        { name: 'sio-adapter, specific response channel', calls: 200, start: (tag) => ours(scene, size, ['--tag', tag, '--specific', 1]) },
        { name: '@socket.io/redis-adapter', calls: 40, start: (tag) => nodes(scene, size, tag) },
        { name: '@socket.io/redis-adapter, specific response channel', calls: 40, start: (tag) => nodes(scene, size, tag, 1) },
    ];
    const results = await interleave(list, scene.rounds,
        ({ start, calls }) => fetchOnce(start, Math.max(20, Math.round(calls * scene.scale))));
    const of = (i, key) => results.get(list[i]).map((r) => r[key]);
    const rows = list.map(({ name }, i) => [name, ...['p50', 'asking', 'answering'].map((key) => spread(of(i, key)))]);
    for (const [key, limit, what] of [['asking', 0.2, 'CPU of the asking node'], ['answering', 0.2, 'CPU of an answering node'], ['p50', 0.333, 'median latency']])
        bars.push(bar(`fetchSockets, 3 x 1000: ${what} / Node's`, limit,
            median(of(0, key).map((x, i) => x / of(2, key)[i]))));
    return `### fetchSockets over three nodes of 1,000 sockets each\n\n${table(
        ['adapter', 'median ms', 'CPU ms, asking', 'CPU ms, each answering'], rows)}\n`;
}

/** @return Markdown; the bars are appended to `bars`. */
export async function measureReceives(scene, bars) {
    const rows = [];
    for (const name of scene.cases.filter((x) => x !== 'binary'))
        for (const one of SCENES) {
            rows.push(await measureScene(scene, one, name, bars));
            console.error(`bench: receiving, ${name}, ${one.name} done`);
        }
    return `### Receiving, CPU us a message\n\n${table(
        ['recipients', 'event', 'sio-adapter', 'Node', "hiredis's reader", 'times less than Node'], rows)}\n\n`
        + `${await measureScale(scene, bars)}\n${await measureFetch(scene, bars)}`;
}

/* ---- per-room subscription ---- */

/** What Redis sends, with the pattern and with a subscription per room: 8 nodes, 1,000 rooms
 *  of one member each. @return Markdown */
export async function measureRooms(scene, bars) {
    const client = await scene.redis.client(scene.scope);
    const output = async () => Number(/total_net_output_bytes:(\d+)/.exec(await client.info('stats'))[1]);
    const message = messageTo(['x'], 'small').payload.length;
    const sent = {};
    for (const mode of ['pattern', 'rooms']) {
        const daemons = Array.from({ length: 8 }, (_, i) => ours(scene, { sockets: 125 },
            ['--tag', `${mode}${i}`, '--subscription', mode]));
        for (const daemon of daemons)
            await daemon.next('ready');
        await waitForSubscriptions(client, mode === 'rooms' ? 1000 : 0);
        const before = await output();
        const batch = [];
        for (let i = 0; i < 8; i++)
            for (let k = 0; k < 125; k++)
                batch.push(`${mode}${i}${String(k).padStart(19, '0')}`);
        for (const room of batch) {
            const { channel, payload } = messageTo([room], 'small');
            await client.publish(channel, payload);
        }
        sent[mode] = (await output() - before) / batch.length;
        for (const daemon of daemons)
            await daemon.stop();
    }
    await client.quit();
    bars.push(bar("per-room subscription: Redis's output / with the pattern", 0.167, sent.rooms / sent.pattern));
    return `### Bytes that Redis sends for a broadcast to one room (${message} bytes), 8 nodes, 1,000 rooms\n\n${table(
        ['subscription', 'bytes'], [['pattern', shown(sent.pattern)], ['rooms', shown(sent.rooms)]])}\n`;
}

async function waitForSubscriptions(client, rooms) {
    for (;;) {
        const channels = await client.sendCommand(['PUBSUB', 'CHANNELS', 'socket.io#/#*']);
        if (channels.length >= rooms)
            return;
        await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
}
