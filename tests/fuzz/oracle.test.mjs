/* SPDX-License-Identifier: MIT */
/* The value codec against JavaScript's own: JSON.parse and JSON.stringify, and notepack.io; the
 * sharded wire against the npm adapter.
 * Generated and damaged texts and values, thousands a second. The seed is fixed; SIO_SEED
 * tries another, SIO_LONG=1 takes minutes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { programPath, within } from '../interop/lib/fixture.mjs';
import { generator } from '../interop/lib/random.mjs';

const requireNpm = createRequire(new URL('../interop/lib/', import.meta.url));
const notepack = requireNpm('notepack.io');
const { createShardedAdapter } = requireNpm('@socket.io/redis-adapter');
const SEED = Number(process.env.SIO_SEED ?? 27);
const SECONDS = process.env.SIO_LONG ? 90 : 4;
const BATCH = 200;

/* ---- texts ---- */

const CHARS = [
    'a', 'b', 'Z', '0', '9', ' ', '"', '\\', '/', '\b', '\n', '\t', '\u0000', '\u001f', '\u007f',
    '\u0080', 'é', '\u2028', '你', '\ufeff', '\ufffd', '\uffff', '😀', '\ud800', '\udfff',
];
const KEYS = ['a', 'b', 'a', '0', '1', '01', '4294967294', '4294967295', '-1', '__proto__', '', 'é'];
const NUMBERS = [
    '0', '-0', '0.1', '1e21', '1e-7', '5e-324', '2.2250738585072014e-308', '1.7976931348623157e308',
    '9007199254740991', '9007199254740993', '18446744073709551615', '-9223372036854775808', '1e400',
    '123456789012345678901234567890', '0.30000000000000004', '1E+2', '4.35', '1e0', '-1e-400',
];

function texts({ next, below, pick, many }) {
    const space = () => (next() < 0.8 ? '' : pick([' ', '\n', '\t ', '\r\n']));
    const escaped = (char) => {
        const unit = [...Array(char.length)].map((_, i) =>
            `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
        return next() < 0.5 ? unit : unit.toUpperCase().replaceAll('\\U', '\\u');
    };
    const string = (content) => {
        const inside = Array.from(content, (char) => {
            const plain = JSON.stringify(char).slice(1, -1);
            return next() < 0.2 ? escaped(char) : char === '/' && next() < 0.5 ? '\\/' : plain;
        });
        return `"${inside.join('')}"`;
    };
    const content = () => Array.from({ length: pick([0, 1, 3, 8, 20, 40]) }, () => pick(CHARS)).join('');
    const number = () => pick([
        () => pick(NUMBERS), () => String(below(2 ** 31) - 2 ** 30), () => String(next() * 1000 - 500),
        () => String((next() - 0.5) * 10 ** (below(620) - 310)),
        () => `${below(2) ? '-' : ''}${below(10 ** 9)}${below(10 ** 9)}.${below(10 ** 9)}e${below(40) - 20}`,
        () => String(2 ** below(70)), () => String(-(2 ** below(70))),
    ])();
    const text = (depth) => {
        const kind = depth > 4 ? below(4) : below(7);
        const inner = () => `${space()}${text(depth + 1)}${space()}`;
        switch (kind) {
        case 0: return pick(['null', 'true', 'false']);
        case 1: case 2: return number();
        case 3: return string(content());
        case 4: return `[${many(pick([3, 18]), inner).join()}]`;
        default: return `{${many(pick([3, 18]), () =>
            `${space()}${string(next() < 0.6 ? pick(KEYS) : content())}${space()}:${inner()}`).join()}}`;
        }
    };
    const damaged = (bytes) => {
        const out = Buffer.from(bytes);
        for (let i = below(3); i >= 0 && out.length > 0; i--)
            out[below(out.length)] = pick([below(256), ...Buffer.from('{}[]",:\\u0eE+-. ntf')]);
        return next() < 0.3 ? out.subarray(0, below(out.length + 1)) : out;
    };
    return () => {
        const bytes = Buffer.from(`${space()}${text(0)}${space()}`);
        return next() < 0.5 ? bytes : damaged(bytes);
    };
}

function parsed(bytes) {
    try {
        return { value: JSON.parse(bytes.toString()) };
    } catch {
        return null;
    }
}

const isContainer = (value) => typeof value === 'object' && value !== null &&
    !Buffer.isBuffer(value);
const some = (value, test) => test(value) || (isContainer(value) && Object.entries(value)
    .some(([key, inner]) => (!Array.isArray(value) && test(key)) || some(inner, test)));

/* Where notepack.io itself goes wrong, and we do not follow: it breaks lone surrogates, and
 * writes integers of more than 64 bits modulo 2^64. */
const LONE = /[\ud800-\udfff]/u;
const isBeyondNotepack = (value) => some(value, (v) => (typeof v === 'string' ? LONE.test(v)
    : typeof v === 'number' && Number.isInteger(v) && (v >= 2 ** 64 || v < -(2 ** 63))));

/* ---- packed values ---- */

/* Any valid MessagePack that a Node peer could mean, in forms that notepack.io would not
 * choose as well. */
function packings({ next, below, pick, many }) {
    const uint = (bytes, n) => {
        const out = Buffer.alloc(8);
        out.writeBigUInt64BE(BigInt.asUintN(64, BigInt(n)));
        return out.subarray(8 - bytes);
    };
    const head = (lead, bytes, n) => Buffer.concat([Buffer.from([lead]), uint(bytes, n)]);
    const sized = (n, fix, leads) => {
        const fits = [
            ...(fix && n <= fix.most ? [() => Buffer.from([fix.lead | n])] : []),
            ...leads.flatMap(([lead, bytes]) =>
                (n < 2 ** (8 * bytes) ? [() => head(lead, bytes, n)] : [])),
        ];
        return pick(next() < 0.7 ? fits.slice(0, 1) : fits)();
    };
    const str = (content) => {
        const bytes = Buffer.from(content);
        return Buffer.concat([sized(bytes.length, { lead: 0xa0, most: 31 },
            [[0xd9, 1], [0xda, 2], [0xdb, 4]]), bytes]);
    };
    const bin = (bytes) => Buffer.concat([sized(bytes.length, null, [[0xc4, 1], [0xc5, 2], [0xc6, 4]]), bytes]);
    const word = () => Array.from({ length: pick([1, 2, 8, 31, 32, 100]) }, () =>
        pick(['a', 'b', '"', '\n', 'é', '你', '😀'])).join('');
    const random = (n) => Buffer.from(Array.from({ length: n }, () => below(256)));
    const real = () => {
        const out = Buffer.alloc(9, 0xcb);
        out.writeDoubleBE(pick([0.1, -1.5, 1e300, 3, -0, NaN, Infinity, (next() - 0.5) * 2 ** below(80)]), 1);
        return out;
    };
    const float = () => {
        const out = Buffer.alloc(5, 0xca);
        out.writeFloatBE(pick([0.1, 1.5, 3, next()]), 1);
        return out;
    };
    const date = () => pick([
        () => Buffer.concat([Buffer.from([0xd6, 0xff]), random(4)]),
        () => Buffer.concat([Buffer.from([0xd7, 0xff]), uint(8, (BigInt(below(1000)) * 1000000n << 34n) | BigInt(below(2 ** 34)))]),
        () => Buffer.concat([Buffer.from([0xc7, 12, 0xff]), uint(4, below(1000) * 1e6), uint(8, below(2 ** 33) - 2 ** 32)]),
    ])();
    const leaf = () => pick([
        () => Buffer.from([pick([0xc0, 0xc2, 0xc3, below(128), 0xe0 + below(32)])]),
        () => head(0xcc, 1, below(256)), () => head(0xcd, 2, below(65536)), () => head(0xce, 4, below(2 ** 32)),
        () => head(0xcf, 8, below(2 ** 53)), () => head(0xd0, 1, below(256)), () => head(0xd1, 2, below(65536)),
        () => head(0xd2, 4, below(2 ** 32)), () => head(0xd3, 8, below(2 ** 53) - 2 ** 52),
        real, float, () => str(word()), () => str(''), () => bin(random(below(40))), date,
    ])();
    const value = (depth) => {
        const kind = depth > 3 ? 0 : below(4);
        const count = pick([0, 1, 2, 3, 15, 16, 17]);
        if (kind < 2)
            return leaf();
        if (kind === 2)
            return Buffer.concat([sized(count, { lead: 0x90, most: 15 }, [[0xdc, 2], [0xdd, 4]]),
                ...Array.from({ length: count }, () => value(depth + 1))]);
        return Buffer.concat([sized(count, { lead: 0x80, most: 15 }, [[0xde, 2], [0xdf, 4]]),
            ...Array.from({ length: count }, (_, i) =>
                Buffer.concat([str(`${word()}${i}`), value(depth + 1)]))]);
    };
    const cut = (bytes) => bytes.subarray(0, below(bytes.length));
    return () => (next() < 0.9 ? value(0) : cut(value(0)));
}

function unpacked(bytes) {
    try {
        return { value: notepack.decode(bytes) };
    } catch {
        return null;
    }
}

/* By the place of the first difference: what differs may be long, and node's own diff slow. */
function assertSame(got, wanted, about) {
    if (got === wanted)
        return;
    const at = [...wanted].findIndex((char, i) => got?.[i] !== char);
    const near = (text) => text?.slice(Math.max(0, at - 20), at + 20);
    assert.fail(`at ${at} ${near(got)} instead of ${near(wanted)}: ${about.slice(0, 2000)}`);
}

/* ---- the npm adapter ---- */

const MODES = ['static', 'dynamic', 'dynamic-private'];

/** What a server with this subscription mode publishes for an event "e": {channel, payload}. */
function nodePublisher(subscriptionMode) {
    const published = [];
    const client = {
        sSubscribe: () => {},
        sPublish: (channel, payload) => {
            published.push({ channel, payload: Buffer.from(payload) });
            return Promise.resolve();
        },
    };
    const namespace = { name: '/', server: { encoder: null, opts: {} } };
    const adapter = createShardedAdapter(client, client, { subscriptionMode })(namespace);
    return (args, rooms = []) => {
        adapter.doPublish({
            type: 3, data: { packet: { type: 2, data: ['e', ...args] }, opts: { rooms, except: [], flags: {} } },
            uid: 'aaaaaaaaaaaaaaaa', nsp: '/',
        });
        return published.pop();
    };
}

const hasBinary = (value) => some(value, (v) => Buffer.isBuffer(v));

/* ---- the C side ---- */

class Codec {
    #child = spawn(programPath('SIO_ORACLE_DRIVER'), { stdio: ['pipe', 'pipe', 'inherit'] });
    #lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    #exited = new Promise((resolve) => this.#child.once('close', (code) => resolve(code)));

    /** Each answer a Buffer, or null where the bytes were refused. */
    async all(call, inputs) {
        this.#child.stdin.write(`${inputs.map((bytes) => `${call} ${bytes.toString('hex')}\n`).join('')}\n`);
        const answers = [];
        while (answers.length < inputs.length) {
            const { value: line, done } = await this.#lines.next();
            assert.ok(!done, 'sio-oracle-driver has ended');
            answers.push(line === '!' ? null : Buffer.from(line, 'hex'));
        }
        return answers;
    }

    async end() {
        this.#child.stdin.end();
        assert.equal(await within(10_000, this.#exited, () => 'end of sio-oracle-driver'), 0);
    }
}

describe(`the codec and JavaScript agree, seed ${SEED}`, () => {
    let codec;
    before(() => { codec = new Codec(); });
    after(() => codec.end());

    /* Every batch is judged: what is generated is said where it differs. */
    async function repeat(make, judge) {
        let count = 0;
        for (const end = Date.now() + SECONDS * 1000; Date.now() < end; count += BATCH)
            await judge(Array.from({ length: BATCH }, make));
        assert.ok(count > 0);
    }

    it('on JSON text: JSON.parse, JSON.stringify, notepack.encode', async () => {
        await repeat(texts(generator(SEED)), async (inputs) => {
            const packed = await codec.all('read', inputs);
            const wanted = inputs.map(parsed);
            for (const [i, input] of inputs.entries())
                assert.equal(packed[i] !== null, wanted[i] !== null,
                    `${packed[i] ? 'accepted' : 'refused'}: ${input.toString('hex')} ${input}`);
            const valid = inputs.map((_, i) => i).filter((i) => wanted[i]);
            const printed = await codec.all('write', valid.map((i) => packed[i]));
            const wire = await codec.all('wire', valid.map((i) => packed[i]));
            for (const [n, i] of valid.entries()) {
                const { value } = wanted[i];
                assertSame(printed[n]?.toString(), JSON.stringify(value), `text ${inputs[i]}`);
                if (!isBeyondNotepack(value))
                    assertSame(wire[n]?.toString('hex'), notepack.encode(value).toString('hex'),
                        `packed ${inputs[i]}`);
            }
        });
    });

    it('on packed values: notepack.decode and encode, JSON.stringify', async () => {
        await repeat(packings(generator(SEED + 1)), async (inputs) => {
            const wire = await codec.all('wire', inputs);
            const printed = await codec.all('write', inputs);
            for (const [i, input] of inputs.entries()) {
                const wanted = input.length > 0 ? unpacked(input) : null;
                const about = input.toString('hex');
                assert.equal(wire[i] !== null, wanted !== null, about);
                if (wanted === null)
                    continue;
                if (!isBeyondNotepack(wanted.value))
                    assertSame(wire[i].toString('hex'), notepack.encode(wanted.value).toString('hex'), about);
                assertSame(printed[i]?.toString(), JSON.stringify(wanted.value), about);
            }
        });
    });

    /* Bytes of messages both ways; values of either generator. */
    async function judgeMessages(publish, packed, values) {
        const shards = await codec.all('shard', packed);
        const wanted = values.map((value) => publish([value]).payload);
        for (const [i, value] of values.entries())
            if (!hasBinary(value) || !isBeyondNotepack(value))
                assertSame(shards[i]?.toString('latin1'), wanted[i].toString('latin1'), packed[i].toString('hex'));
        const args = await codec.all('unshard', wanted);
        const printed = await codec.all('write', args.map((arg, i) => arg ?? assert.fail(`refused: ${wanted[i]}`)));
        for (const [i, message] of wanted.entries()) {
            const { data } = (message[0] === 0x7b ? JSON.parse(message) : notepack.decode(message)).data.packet;
            assertSame(printed[i]?.toString(), JSON.stringify(data[1]), `${message.toString('hex')}`);
        }
    }

    it('on the sharded wire, of JSON values: createShardedAdapter', async () => {
        const publish = nodePublisher('dynamic');
        await repeat(texts(generator(SEED + 2)), async (inputs) => {
            const valid = inputs.filter((input) => parsed(input));
            await judgeMessages(publish, await codec.all('read', valid), valid.map((input) => parsed(input).value));
        });
    });

    it('on the sharded wire, of packed values', async () => {
        const publish = nodePublisher('dynamic');
        await repeat(packings(generator(SEED + 3)), async (inputs) => {
            const valid = inputs.filter((input) => input.length > 0 && unpacked(input));
            await judgeMessages(publish, valid, valid.map((input) => unpacked(input).value));
        });
    });

    it('on the channels of rooms', async () => {
        const publishers = MODES.map(nodePublisher);
        const { below, pick } = generator(SEED + 4);
        const room = () => Array.from({ length: pick([0, 1, 8, 10, 16, 18, 19, 20, 20, 20, 21, 60]) }, () =>
            pick(['a', 'b', '7', '#', '{', '}', '*', ' ', '\0', 'é', '你', '\ufffd', '😀'])).join('');
        await repeat(() => ({ mode: below(MODES.length), name: room() }), async (inputs) => {
            const got = await codec.all('channel', inputs.map(({ mode, name }) =>
                Buffer.concat([Buffer.from([mode]), Buffer.from(name)])));
            for (const [i, { mode, name }] of inputs.entries())
                assertSame(got[i]?.toString(), publishers[mode]([], [name]).channel, `${MODES[mode]} ${name}`);
        });
    });
});
