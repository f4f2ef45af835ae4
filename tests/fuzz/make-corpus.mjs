/* SPDX-License-Identifier: MIT */
/* node make-corpus.mjs: write the seed corpus of every fuzz target anew from the recorded
 * vectors, and for what they do not hold from the lists below. Inputs that once failed
 * (found-*) stay. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const HERE = new URL('./', import.meta.url);
const LARGEST = 1024; /* of an input: fuzzing is slow with more, and the tree stays small */

const vectorsOf = (file) =>
    readFileSync(new URL(`../fixtures/vectors/${file}.jsonl`, HERE), 'utf8')
        .trimEnd().split('\n').map((line) => JSON.parse(line));
const CLASSIC = vectorsOf('classic');
const SHARDED = vectorsOf('sharded');
const VECTORS = [...CLASSIC, ...SHARDED, ...vectorsOf('streams')];
const bytes = (hex) => Buffer.from(hex, 'hex');

/* One seed per distinct input. */
const seeds = new Map();
function seed(target, name, input) {
    const content = Buffer.from(input);
    const key = `${target} ${createHash('sha256').update(content).digest('hex')}`;
    if (content.length <= LARGEST && ![...seeds.values()].some((s) => s.key === key))
        seeds.set(`${target}/${name.replaceAll(/[^A-Za-z0-9._-]/g, '-')}`, { key, content });
}

/* ---- messages ---- */

const IS_SERVER = 1, ANSWERS_TO_UID = 2, OTHER_NSP = 4; /* of fuzz_classic.c */

/* The channel is brought to the prefix and a namespace that the target knows. */
function classicSeed({ name, sender, inputs, channel, payload_hex }) {
    const options = (sender === 'server' ? IS_SERVER : 0) |
        (name.includes('-specific') ? ANSWERS_TO_UID : 0) | (inputs.nsp === '/a#b' ? OTHER_NSP : 0);
    const known = channel.startsWith(inputs.key) ? `socket.io${channel.slice(inputs.key.length)}`
        : channel;
    seed('classic', name, Buffer.concat([
        Buffer.from([options]), Buffer.from(`${known}\n`), bytes(payload_hex),
    ]));
}

for (const vector of CLASSIC)
    classicSeed(vector);

/* of fuzz_sharded.c */
const MODES = ['static', 'dynamic', 'dynamic-private'], IS_NAMED = 8;

SHARDED.forEach(({ name, inputs, channel, payload_hex }, i) => {
    const options = MODES.indexOf(inputs.subscriptionMode) |
        (inputs.nsp === '/' ? 0 : OTHER_NSP) | (i % 2 === 0 ? IS_NAMED : 0);
    const known = channel.replace(inputs.channelPrefix, 'socket.io')
        .replace(`#${inputs.nsp}#`, inputs.nsp === '/' ? '#/#' : '#/a#b#');
    seed('sharded', name, Buffer.concat([
        Buffer.from([options]), Buffer.from(`${known}\n`), bytes(payload_hex),
    ]));
});
[
    '{"type":1,"uid":"u","nsp":"/"}', '{"nsp":"/","uid":"u","type":13}', '{"type":14,"data":{},"uid":"u","nsp":"/"}',
    '{"type":3,"data":{"packet":{"type":2,"data":["e"],"id":7},"opts":{"rooms":["12345678901234567890"]}},"uid":"u","nsp":"/"}',
    '{"type":3,"type":4,"data":{"opts":{},"rooms":[1]},"uid":"u","uid":"v","nsp":"/"}', '{"type":8,"data":{"requestId":"r"}}',
    '{"type":3,"data":{"packet":{"type":2,"data":["e"]},"opts":{"rooms":["a"],"except":[],"flags":{}}},"uid":"\\"","nsp":"/"}',
    '{"type":9,"data":{"packet":["e",{"uid":"u","nsp":"/"}]},"uid":"u","nsp":"/" }', '\x84\xa4type\x03\xa4data\xc0\xa3uid\xa1u\xa3nsp\xa1/',
].forEach((text, i) => seed('sharded', `made-${i}`, Buffer.from(`\x01socket.io#/#\n${text}`, 'latin1')));

/* of fuzz_adapter.c: the first byte's bits, and the ids of its questions */
const ROUTE = { broadcasts: 0, room: 1, requests: 2, responses: 3 }, ACKS = 4, ASKS = 8;

function adapterSeed({ name, inputs, ids, channel, payload_hex }) {
    const route = channel.startsWith(`${inputs.key}-request`) ? ROUTE.requests
        : channel.startsWith(`${inputs.key}-response`) ? ROUTE.responses : ROUTE.broadcasts;
    const known = channel.replace(inputs.key, 'socket.io').replace(inputs.nsp, '/');
    const payload = Buffer.from(bytes(payload_hex).toString('latin1')
        .replaceAll(ids?.requestId ?? '\xff', '000001'), 'latin1');
    seed('adapter', name, Buffer.concat([
        Buffer.from([route | ACKS | (route === ROUTE.responses ? ASKS : 0)]),
        Buffer.from(`${known}\n`), payload,
    ]));
}

for (const vector of CLASSIC)
    adapterSeed(vector);
for (const { name, encoding, payload_hex } of VECTORS) {
    if (encoding === 'msgpack')
        seed('msgpack', name, bytes(payload_hex));
    if (encoding === 'base64(msgpack)')
        seed('msgpack', name, Buffer.from(bytes(payload_hex).toString(), 'base64'));
    if (encoding === 'json')
        seed('json', name, bytes(payload_hex));
}

/* ---- calls of the argument builder, as fuzz_args.c numbers them ---- */

const CALL = Object.fromEntries([
    'STRING', 'INT', 'UINT', 'DOUBLE', 'BOOL', 'NOTHING', 'UNDEFINED', 'BINARY', 'DATE',
    'ARRAY_BEGIN', 'ARRAY_END', 'MAP_BEGIN', 'KEY', 'MAP_END', 'JSON', 'MSGPACK', 'CLEAR',
].map((name, number) => [name, number]));

const withBytes = (call, content) => {
    const all = Buffer.from(content).subarray(0, 255);
    return [call, all.length, ...all];
};
const withNumber = (call, number) => {
    const eight = Buffer.alloc(8);
    if (call === CALL.DOUBLE)
        eight.writeDoubleLE(number);
    else
        eight.writeBigInt64LE(BigInt.asIntN(64, BigInt(number)));
    return [call, ...eight];
};

function callsFor(value) {
    if (value === null)
        return [CALL.NOTHING];
    if (typeof value === 'boolean')
        return [CALL.BOOL];
    if (typeof value === 'string')
        return withBytes(CALL.STRING, value);
    if (typeof value === 'number')
        return Number.isInteger(value) ? withNumber(value < 0 ? CALL.INT : CALL.UINT, value)
            : withNumber(CALL.DOUBLE, value);
    if (Array.isArray(value))
        return [CALL.ARRAY_BEGIN, ...value.flatMap(callsFor), CALL.ARRAY_END];
    if (value.$undef)
        return [CALL.UNDEFINED];
    if (value.$bin !== undefined)
        return withBytes(CALL.BINARY, bytes(value.$bin));
    if (value.$date !== undefined)
        return withNumber(CALL.DATE, Math.trunc(Number(value.$date)) || 0);
    if (value.$num !== undefined)
        return withNumber(CALL.DOUBLE, Number(value.$num));
    return [
        CALL.MAP_BEGIN,
        ...Object.entries(value).flatMap(([k, v]) => [...withBytes(CALL.KEY, k), ...callsFor(v)]),
        CALL.MAP_END,
    ];
}

for (const { name, inputs: { args } } of CLASSIC) {
    if (!args)
        continue;
    seed('args', name, Buffer.from(args.flatMap(callsFor)));
    const text = JSON.stringify(args);
    seed('args', `${name}-json`, Buffer.from(withBytes(CALL.JSON, text)));
    seed('args', `${name}-mixed`, Buffer.from([
        CALL.MAP_BEGIN, ...withBytes(CALL.KEY, 'k'), ...withBytes(CALL.JSON, text), CALL.MAP_END,
        ...withBytes(CALL.MSGPACK, [0x93, 1, 0xd4, 0, 0, 0xc4, 1, 7]), CALL.ARRAY_END, CALL.CLEAR,
        CALL.BOOL,
    ]));
}
VECTORS.filter(({ encoding }) => encoding === 'msgpack').forEach(({ name, payload_hex }) =>
    seed('args', `${name}-packed`, Buffer.from(withBytes(CALL.MSGPACK, bytes(payload_hex)))));
const PACKED = [
    'd40000', '92d40000c0', '82a161d40000a16201', 'a3eda080', 'd6ff00000001', 'd7ff00000001ffffffff', 'c70cff',
    'c70cff3b9aca0000000000ffffffff', 'd7000000000000000001', 'c700', 'c70100ff', 'd5010203', 'cf0020000000000001',
    'd3ffdfffffffffffff', 'ca7fc00000', 'cb7ff8000000000000', '81', '82a161', '8201', 'df00000001c0', 'dd00000002c0',
    'ddffffffff', 'dfffffffff', 'dbffffffff61', 'c6ffffffff', 'c9ffffffff00', 'c1', 'dc', '91'.repeat(40), '81a161'.repeat(33),
    '91'.repeat(400) + 'c0', 'd9016f', 'cc01', 'd0ff', 'c403616263', '8101c0', '8190c0',
];
PACKED.forEach((packed, i) => seed('msgpack', `made-${i}`, bytes(packed)));
for (const [name, packed] of [['undefined', 'd40000'], ['date', 'd6ff00000001'], ['big', 'cf0020000000000001'],
    ['surrogate', 'a3eda080'], ['old-date', 'd7000000000000000001'], ['long', 'dd00000001c0']])
    seed('args', `made-${name}`, Buffer.from(withBytes(CALL.MSGPACK, bytes(packed))));

/* ---- lines and words of sio-emit ---- */

const lines = CLASSIC.filter(({ inputs }) => inputs.op === 'emit').map(({ name, inputs }) => {
    const { event, args, rooms, except, flags, nsp } = inputs;
    return { name, line: JSON.stringify({ event, args, to: rooms, except, of: nsp, ...flags }) };
});
for (const { name, line } of lines) {
    const { event, args } = JSON.parse(line);
    seed('record', name, `\u0000${line}\n${line}\n`);
    seed('record', `${name}-array`, `\u0006${JSON.stringify([event, ...args])}\n`);
    for (const arg of args)
        seed('word', `${name}`, JSON.stringify(arg));
}
for (let i = 0; i + 8 < lines.length; i += 8)
    seed('record', `eight-lines-${i}`,
        `\u0000${lines.slice(i, i + 8).map(({ line }) => line).join('\n')}`);
[
    '{"event":"e","to":"r","volatile":true,"compress":false}',
    '{"event":"e","to":["r"],"except":"x","compress":true,"volatile":false}',
    '["e"]\n["e",1]\n[]\n{}\n5\nnull', '{"event":1}\n{"event":"e","args":{}}\n{"event":"e","to":5}',
    '{"event":"connect"}\n["disconnect"]\n{"event":"error"}', '{"event":"e","of":"\\ud800"}',
    '{"event":"e","to":["\\ud800"]}\n{"event":"e","to":["a"]}', '{"event":"e","unknown":1}',
    '{"event":"e","to":"a"}\n{"event":"e","to":"b"}\n{"event":"e","to":"b"}',
    '{"event":"e","except":"a"}\n{"event":"e","except":"b"}\n{"event":"e","except":["b"],"volatile":true}',
    '{"event":"e","of":"/n"}\n{"event":"e","of":"n"}\n{"event":"e"}',
].forEach((text, i) => {
    seed('record', `made-${i}`, `\u0000${text}`);
    seed('record', `made-${i}-server`, `\u0001${text}`);
});
[
    '0', '-0', '007', '+1', '-4', '1e5', '1E+400', '-0.5', '.5', '5.', '1e', '0x10', 'true', 'True',
    'null', 'nul', 'hello', '', ' 1', '1 ', '{', '{}', '[1,2]', '"a"', '"a', '{"a":1}x', '\ufeff1',
    '9007199254740993', '18446744073709551616', 'NaN', '-', '--', '"\\ud800"',
].forEach((word, i) => seed('word', `made-${i}`, word));

/* ---- what Redis answers, and its URLs ---- */

const SEED = '\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008';
[
    '+OK\r\n+OK\r\n*3\r\n$6\r\nmaster\r\n:12\r\n*0\r\n:1\r\n:0\r\n:2\r\n',
    '-NOAUTH Authentication required.\r\n-ERR unknown command\r\n', ':1\r\n'.repeat(50),
    '*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:3129659\r\n',
    '$-1\r\n*-1\r\n$0\r\n\r\n*0\r\n', ':-1\r\n:9223372036854775807\r\n:-9223372036854775808\r\n',
    '*2\r\n*2\r\n*2\r\n*1\r\n:1\r\n+x\r\n:2\r\n$3\r\nabc\r\n', '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n',
    '-LOADING Redis is loading the dataset in memory\r\n:0\r\n+PONG\r\n:5\r\n', ':007\r\n', '+PONG\r\n:007\r\n',
    `$300\r\n${'x'.repeat(300)}\r\n:3\r\n`, 'HTTP/1.1 400 Bad Request\r\n', '*1048577\r\n', '*2147483647\r\n',
    '*1\r\n'.repeat(9), ':\r\n', '$5\r\nab\u0000\r\n\r\n', '*1\r\n$1\r\n\u0007\r\n', '%1\r\n+a\r\n:1\r\n', '_\r\n',
    '#t\r\n,1.5\r\n(123\r\n=7\r\ntxt:abc\r\n~1\r\n:1\r\n>2\r\n+a\r\n+b\r\n',
].forEach((stream, i) => seed('reply', `made-${i}`, SEED + stream));
const resp = (...parts) => `*${parts.length}\r\n` + parts.map((part) =>
    (typeof part === 'number' ? `:${part}\r\n` : `$${Buffer.byteLength(part)}\r\n${part}\r\n`)).join('');
const MESSAGE = resp('message', 'socket.io#/#room#', 'payload');
const PMESSAGE = resp('pmessage', 'socket.io#/#*', 'socket.io#/#room#', '\x93\r\n*3\r\n$7\r\n');
[
    MESSAGE + PMESSAGE + MESSAGE, resp('subscribe', 'a', 1) + resp('psubscribe', 'a*', 2),
    resp('unsubscribe', 'a', 0) + resp('punsubscribe', 'a*', 0), resp('pong', ''), '+PONG\r\n', '+OK\r\n',
    '-NOPERM this user has no permissions\r\n' + MESSAGE, ':1\r\n', '$-1\r\n', '*-1\r\n', '*0\r\n',
    '*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n', resp('message', '', ''), resp('message', 'a', 1),
    resp('subscribe', 'a', 'b'), resp('subscribe', 1, 1), resp(1, 'a', 'b'), resp('smessage', 'a', 'b'),
    resp('message', 'a'), resp('message', 'a', 'b', 'c', 'd'), resp('pmessage', 'a', 'b', 1), '*1\r\n$4\r\npong\r\n',
    '*03\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n', '*3\r\n$07\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n',
    '*3\r\n$7\r\nmessage\r\n$1\r\naXY$1\r\nb\r\n', '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nbXY' + MESSAGE,
    '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n*1\r\n:1\r\n' + MESSAGE, '*3\r\n$7\r\nmessage\r\n+a\r\n$1\r\nb\r\n',
    '*3\r\n$7\r\nmessage\r\n$999999999\r\n', '*3\r\n$7\r\nmessage\r\n$9999999999\r\n', '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:x\r\n',
    '*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:-1\r\n', '*3\n$7\nmessage\n', MESSAGE + 'garbage\r\n', '*3\r\n$7\r\nmes',
    resp('message', 'a'.repeat(40), 'b'.repeat(100)), '*1048577\r\n', '*2\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n',
].forEach((stream, i) => seed('pushes', `made-${i}`, SEED + stream));
[
    'redis://127.0.0.1:6379', 'redis://:secret@host:1/2', 'redis://user:p%40ss@[::1]:6380/15', 'valkey://h',
    'unix:///run/redis.sock', 'unix://u:p@/run/r.sock?db=3', 'redis://', 'redis:///', 'redis://h:0', 'redis://h/x',
    'redis://h:65536', 'redis://a:b@c@d', 'redis://[::1', 'redis://[]', 'redis://::1', 'redis://h%', 'redis://h%00',
    'redis://%zz', 'redis://h?x', 'redis://p@h', 'rediss://h', 'http://h', '', 'REDIS://H', 'unix://relative',
    `unix:///${'a'.repeat(200)}`, 'redis://u:p/x@h', 'redis://:@h', 'unix://?@/', 'redis://[a%3Ab%5D]:1',
    'rediss://u:p@[fe80::1%25lo]:1/2', 'redis://a%3Ab', 'redis://a,b', 'redis://h?db=3', 'redis://h/3?db=3&',
    'redis-sentinel://u:p@a:1,b,[::1]:3/?master=m', 'redis-cluster://p@a:1,b', 'rediss-cluster://a,b/1', 'valkeys://h',
    'rediss-sentinel://:1,:2/4?sentinel_user=su&sentinel_password=%40&master=m%26', 'redis-sentinel://a,,b',
    'redis-sentinel://a?master=m&sentinel_password=a@b', 'redis-sentinel://a?sentinel_user=u&master=m',
].forEach((url, i) => seed('url', `made-${i}`, url));

const SENTINEL = ['name', 'm', 'ip', '127.0.0.1', 'port', '6379', 'runid', 'f'.repeat(40), 'config-epoch', '3'];
const list = (...lists) => `*${lists.length}\r\n${lists.join('')}`;
[
    resp('127.0.0.1', '6380'), resp('::1', '65535'), '*-1\r\n', '$-1\r\n', resp('h', '0'), resp('h', '65536'), resp('', '1'),
    resp(...SENTINEL), list(resp(...SENTINEL), resp('port', '1', 'ip', 'a'), ':1\r\n', resp('ip', 'b')), '*0\r\n', '+OK\r\n',
    '-ERR No such master with that name\r\n', resp('message', '+switch-master', 'm 127.0.0.1 1 127.0.0.1 2'),
    resp('message', '+promoted-slave', 'slave a:1 a 1 @ m b 2'), resp('h', '1') + resp(...SENTINEL) + '$2\r\nid\r\n*0\r\n',
    '*2\r\n*2\r\n*2\r\n*1\r\n:1\r\n+x\r\n:2\r\n$3\r\nabc\r\n', '*1\r\n'.repeat(9), '*1048577\r\n', '$999999999\r\n',
    resp('config-epoch', 7), resp('a'.repeat(300), '1'), ':9223372036854775807\r\n', resp('config-epoch'),
].forEach((stream, i) => seed('answer', `made-${i}`, String.fromCharCode(i % 16) + stream));

/* ---- onto the disk ---- */

const targets = new Set([...seeds.keys()].map((path) => path.split('/')[0]));
for (const target of targets) {
    const folder = new URL(`corpus/${target}/`, HERE);
    mkdirSync(folder, { recursive: true });
    for (const old of readdirSync(folder).filter((name) => !name.startsWith('found-')))
        rmSync(new URL(old, folder));
}
let total = 0;
for (const [path, { content }] of seeds) {
    writeFileSync(new URL(`corpus/${path}`, HERE), content);
    total += content.length;
}
console.log(`${seeds.size} inputs, ${total} bytes`);
