/* SPDX-License-Identifier: MIT */
/* examples/chat: two servers in C and one in Node are one chat. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { socketUser, startChat, startChatNode, tcpUser } from './lib/chat.mjs';
import { programPath, run, Scope, sioEmit, startRedis, within } from './lib/fixture.mjs';

const DEADLINE = 10_000;
const whole = new Scope();
const test = new Scope();
let redis;
let one;
let two;
let node;
let serial = 0;

const room = () => `room${++serial}`; /* that no other test uses */

/* Until the answer is this one. */
async function whoIs(user, name, expected) {
    const look = async () => {
        while (JSON.stringify(await user.who(name)) !== JSON.stringify(expected));
    };
    await within(DEADLINE, look(), () => `answer ${expected} to /who ${name}`);
}

before(async () => {
    redis = await startRedis(whole, { tcp: true });
    [one, two, node] = await Promise.all([
        startChat(whole, redis), startChat(whole, redis), startChatNode(whole, redis),
    ]);
});
afterEach(() => test.close());
after(() => whole.close());

/* Ann on one C server, Bob on the other, Cat in a browser; each has seen the next one join. */
async function company(name) {
    const ann = await tcpUser(test, one, 'ann', name);
    const bob = await tcpUser(test, two, 'bob', name);
    await ann.reads(`[${name}] * bob (tcp) has joined`);
    const cat = await socketUser(test, node, 'cat', name);
    for (const user of [ann, bob])
        await user.reads(`[${name}] * cat (browser) has joined`);
    return { ann, bob, cat };
}

describe('one room on three servers', () => {
    it('what one says, the others read', async () => {
        const name = room();
        const { ann, bob, cat } = await company(name);
        ann.send('hello from ann');
        await bob.reads(`[${name}] ann (tcp): hello from ann`);
        await cat.hears('message', { room: name, nick: 'ann', via: 'tcp', text: 'hello from ann' });
        bob.send('grüße 🎉');
        await ann.reads(`[${name}] bob (tcp): grüße 🎉`);
        await cat.hears('message', { room: name, nick: 'bob', via: 'tcp', text: 'grüße 🎉' });
        await cat.say(name, 'hello from cat');
        for (const user of [ann, bob])
            await user.reads(`[${name}] cat (browser): hello from cat`);
    });

    it('nobody hears themselves, nobody hears twice, order is kept', async () => {
        const name = room();
        const { ann, bob, cat } = await company(name);
        const texts = Array.from({ length: 200 }, (_, i) => `text ${i}`);
        ann.send(...texts);
        await bob.reads(`[${name}] ann (tcp): text 199`);
        await cat.hears('message', { text: 'text 199' });
        assert.deepEqual(bob.lines.filter((line) => line.includes('text ')),
            texts.map((text) => `[${name}] ann (tcp): ${text}`));
        assert.deepEqual(cat.log.all.filter(({ event }) => event === 'message')
            .map(({ text }) => text), texts);
        bob.send('and now');
        await ann.reads(`[${name}] bob (tcp): and now`);
        assert.ok(!ann.lines.some((line) => line.includes('text ')));
    });

    it('joins, leaves and new nicks are told to the others', async () => {
        const name = room();
        const { ann, bob, cat } = await company(name);
        await ann.ask('/nick anna', '* you are anna');
        await bob.reads('* ann (tcp) is now anna');
        await cat.hears('renamed', { was: 'ann', nick: 'anna', via: 'tcp' });
        await cat.ask('nick', { nick: 'kate' });
        for (const user of [ann, bob])
            await user.reads('* cat (browser) is now kate');
        await ann.ask('/leave', `* you have left ${name} and talk in no room`);
        await bob.reads(`[${name}] * anna (tcp) has left`);
        await cat.hears('left', { room: name, nick: 'anna', via: 'tcp' });
        await cat.ask('leave', { room: name });
        await bob.reads(`[${name}] * kate (browser) has left`);
        assert.ok(!ann.lines.includes(`[${name}] * kate (browser) has left`));
    });

    it('who leaves by ending the connection is told, too', async () => {
        const name = room();
        const { ann, bob, cat } = await company(name);
        await bob.ask('/quit', '* bye');
        await within(DEADLINE, bob.closed, () => 'end of the connection');
        await ann.reads(`[${name}] * bob (tcp) has left`);
        await cat.hears('left', { room: name, nick: 'bob' });
        cat.socket.disconnect();
        await ann.reads(`[${name}] * cat (browser) has left`);
        const dan = await tcpUser(test, two, 'dan', name);
        await dan.close();
        await ann.reads(`[${name}] * dan (tcp) has left`);
    });

    it('/who tells the members on all servers, to each of them', async () => {
        const name = room();
        const { ann, bob, cat } = await company(name);
        const members = ['ann (tcp)', 'bob (tcp)', 'cat (browser)'];
        for (const user of [ann, bob, cat])
            assert.deepEqual(await user.who(name), members);
        assert.deepEqual(await ann.who('nowhere'), []);
        const start = ann.lines.length;
        await ann.ask('/who', `* 3 in ${name}`);
        assert.deepEqual(ann.lines.slice(start, -1).sort(), members.map((who) => `*   ${who}`));
    });

    it('another process can move and disconnect a user', async () => {
        const name = room();
        const other = room();
        const { ann, bob } = await company(name);
        const emit = async (...args) => {
            const { code, stderr } = await sioEmit(['--to', `room:${name}`, ...args], { redis });
            assert.deepEqual([code, stderr], [0, '']);
        };
        await emit('--join', `room:${other}`);
        for (const user of [ann, bob])
            await user.reads(`* you have joined ${other} and talk in ${other}`);
        await emit('--leave', `room:${other}`);
        for (const user of [ann, bob])
            await user.reads(`* you have left ${other} and talk in ${name}`);
        await emit('--disconnect');
        for (const user of [ann, bob]) {
            await user.reads('* another server has disconnected you');
            await within(DEADLINE, user.closed, () => 'end of the connection');
        }
    });
});

describe('what a TCP user can do', () => {
    it('talks in one of several rooms', async () => {
        const [tea, coffee] = [room(), room()];
        const ann = await tcpUser(test, one, 'ann', tea, coffee);
        const bob = await tcpUser(test, two, 'bob', tea);
        const cat = await tcpUser(test, two, 'cat', coffee);
        await ann.reads(`[${coffee}] * cat (tcp) has joined`);
        ann.send('black, please');
        await cat.reads(`[${coffee}] ann (tcp): black, please`);
        await ann.ask(`/join ${tea}`, `* you talk in ${tea}`);
        ann.send('green, please');
        await bob.reads(`[${tea}] ann (tcp): green, please`);
        const water = room();
        await ann.ask(`/join ${water}`, `* you have joined ${water} and talk in ${water}`);
        await ann.ask(`/join ${tea}`, `* you talk in ${tea}`);
        await ann.ask(`/leave ${water}`, `* you have left ${water} and talk in ${tea}`);
        await ann.ask(`/leave ${tea}`, `* you have left ${tea} and talk in ${coffee}`);
        ann.send('once more');
        await cat.reads(`[${coffee}] ann (tcp): once more`);
        assert.ok(!cat.lines.some((line) => line.includes('green')));
        assert.ok(!bob.lines.some((line) => line.includes('black') || line.includes('more')));
    });

    it('is told what was wrong', async () => {
        const ann = await tcpUser(test, one, 'ann');
        await ann.ask('hello?', '* nobody hears you: /join a room first');
        await ann.ask('/dance', '* no such command; /help tells them');
        await ann.ask('/nick', /^\* \/nick NAME: .*; a name has up to 64 bytes and no spaces$/);
        await ann.ask('/nick two words', /no spaces$/);
        await ann.ask(`/nick ${'ä'.repeat(33)}`, /no spaces$/);
        await ann.ask('/nick \u0007bell', /no spaces$/);
        await ann.ask('/join', /^\* \/join ROOM: /);
        await ann.ask('/leave', /^\* \/leave \[ROOM\]: /);
        await ann.ask('/leave elsewhere', '* you are not in elsewhere');
        await ann.ask('/quit now', /^\* \/quit: /);
        ann.socket.write(Buffer.from([0x68, 0xff, 0x0a]));
        await ann.reads('* that is not UTF-8 text');
        await ann.ask('a\0b', '* that is not UTF-8 text');
        await ann.ask('/help', /^\* \/nick /);
        await ann.reads(/^\* \/help/);
    });

    it('is in 16 rooms at most', async () => {
        const rooms = Array.from({ length: 16 }, room);
        const ann = await tcpUser(test, one, 'ann', ...rooms);
        await ann.ask(`/join ${room()}`, '* nobody can be in more than 16 rooms');
        await ann.ask(`/join ${rooms[0]}`, `* you talk in ${rooms[0]}`);
        await ann.ask('/leave', `* you have left ${rooms[0]} and talk in ${rooms[15]}`);
    });

    it('cannot listen in on another one', async () => {
        const name = room();
        const { ann, cat } = await company(name);
        await ann.ask(`/join ${cat.socket.id}`, /^\* you have joined/);
        const { code } = await sioEmit(['--to', cat.socket.id, 'message', '{"text":"private"}'],
            { redis });
        assert.equal(code, 0);
        await cat.hears('message', { text: 'private' });
        await cat.say(name, 'public');
        await ann.reads(/public$/);
        assert.ok(!ann.lines.some((line) => line.includes('private')));
    });

    it('sends lines in any pieces, with either end', async () => {
        const name = room();
        const { ann, bob } = await company(name);
        for (const byte of Buffer.from('piece by piece\r\n'))
            await new Promise((resolve) => ann.socket.write(Buffer.from([byte]), resolve));
        await bob.reads(`[${name}] ann (tcp): piece by piece`);
        ann.socket.write(`${'y'.repeat(1024)}\r\nnext\n\n\nlast\n`);
        await bob.reads(`[${name}] ann (tcp): ${'y'.repeat(1024)}`);
        await bob.reads(`[${name}] ann (tcp): next`);
        await bob.reads(`[${name}] ann (tcp): last`);
    });

    it('is told that a line is too long, once, and goes on', async () => {
        const name = room();
        const { ann, bob } = await company(name);
        for (const length of [1025, 1026, 1027, 5000, 1_000_000])
            ann.send('z'.repeat(length), `after ${length}`);
        for (const length of [1025, 1026, 1027, 5000, 1_000_000]) {
            await ann.reads('* that line is longer than 1024 bytes');
            await bob.reads(`[${name}] ann (tcp): after ${length}`);
        }
        assert.equal(ann.lines.filter((line) => line.includes('longer')).length, 5);
        assert.ok(!bob.lines.some((line) => line.includes('zz')));
    });

    it('reads no control characters of others', async () => {
        const name = room();
        const { ann, cat } = await company(name);
        await cat.say(name, 'a\n[x] bob (tcp): forged\u001b[2J\u009b\u007f!');
        await ann.reads(`[${name}] cat (browser): a [x] bob (tcp): forged [2J   !`);
        await assert.rejects(cat.ask('nick', { nick: 'a\nb' }), /no spaces/);
    });

    it('ends the input and reads the rest', async () => {
        const ann = await tcpUser(test, one, 'ann', room());
        ann.socket.end('/help\n');
        await ann.reads(/^\* \/help/);
        await ann.reads('* bye');
        await within(DEADLINE, ann.closed, () => 'end of the connection');
    });
});

describe('what goes wrong', () => {
    it('a slow reader is disconnected, the others go on', async () => {
        const name = room();
        const dir = await mkdtemp(join(tmpdir(), 'sio-chat-'));
        test.after(() => rm(dir, { recursive: true, force: true }));
        /* the kernel keeps little for a reader on a path */
        const local = await startChat(test, redis, { listen: join(dir, 'chat') });
        const ann = await tcpUser(test, one, 'ann', name);
        const slow = await tcpUser(test, local, 'slow', name);
        const quick = await tcpUser(test, local, 'quick', name);
        await ann.reads(`[${name}] * quick (tcp) has joined`);
        slow.socket.pause();
        const text = 'w'.repeat(1000);
        for (let i = 0; i < 100 && !ann.lines.includes(`[${name}] * slow (tcp) has left`); i++) {
            ann.send(...Array.from({ length: 20 }, () => text), `round ${i}`);
            await quick.reads(`[${name}] ann (tcp): round ${i}`);
        }
        await ann.reads(`[${name}] * slow (tcp) has left`);
        assert.deepEqual(await ann.who(name), ['ann (tcp)', 'quick (tcp)']);
        slow.socket.resume();
        await within(DEADLINE, slow.closed, () => 'end of the slow connection');
    });

    it('the users of a killed server vanish from /who', async () => {
        const name = room();
        const { ann, cat } = await company(name);
        const third = await startChat(test, redis);
        const dan = await tcpUser(test, third, 'dan', name);
        await ann.reads(`[${name}] * dan (tcp) has joined`);
        assert.deepEqual(await ann.who(name),
            ['ann (tcp)', 'bob (tcp)', 'cat (browser)', 'dan (tcp)']);
        await third.end('SIGKILL');
        await within(DEADLINE, dan.closed, () => 'end of the connection');
        for (const user of [ann, cat])
            await whoIs(user, name, ['ann (tcp)', 'bob (tcp)', 'cat (browser)']);
        ann.send('still here');
        await cat.hears('message', { text: 'still here' });
    });

    it('a server that ends says so to its users and to the others', async () => {
        const name = room();
        const dir = await mkdtemp(join(tmpdir(), 'sio-chat-'));
        test.after(() => rm(dir, { recursive: true, force: true }));
        const { ann, cat } = await company(name);
        for (const signal of ['SIGTERM', 'SIGINT']) {
            const path = join(dir, signal);
            const third = await startChat(test, redis, { listen: path });
            const dan = await tcpUser(test, third, 'dan', name);
            const eve = await tcpUser(test, third, 'eve', name);
            await ann.reads(`[${name}] * eve (tcp) has joined`);
            assert.deepEqual(await third.end(signal), { code: 0, signal: null });
            assert.equal(third.stderr, '');
            for (const user of [dan, eve]) {
                await user.reads('* the server ends');
                assert.ok(!user.lines.some((line) => line.includes('has left')));
            }
            await ann.reads(/has left$/);
            await ann.reads(/has left$/);
            await cat.hears('left', { room: name, nick: 'dan' });
            assert.equal(existsSync(path), false);
        }
    });

    it('a server ends although a user does not read', async () => {
        const dir = await mkdtemp(join(tmpdir(), 'sio-chat-'));
        test.after(() => rm(dir, { recursive: true, force: true }));
        const local = await startChat(test, redis, { listen: join(dir, 'chat') });
        const slow = await tcpUser(test, local, 'slow');
        slow.socket.pause();
        slow.send(...Array.from({ length: 500 }, () => '/help'));
        await tcpUser(test, local, 'quick'); /* the loop has been at the lines of both */
        assert.deepEqual(await local.end(), { code: 0, signal: null });
    });

    it('who is not heard on other servers is told so', async () => {
        const own = await startRedis(test, { tcp: true });
        const server = await startChat(test, own);
        const ann = await tcpUser(test, server, 'ann', 'tea');
        const client = await own.client(test);
        await client.sendCommand(['ACL', 'SETUSER', 'default', '-publish']);
        await ann.ask('anybody here?', /^\* other servers have missed what you said: NOPERM/);
    });

    it('more clients than descriptors: the others wait for their turn', async () => {
        const alone = await startChat(test, null, { under: ['prlimit', '--nofile=32'] });
        const first = await tcpUser(test, alone, 'first');
        const enough = await Promise.all(
            Array.from({ length: 15 }, (_, i) => tcpUser(test, alone, `user${i}`)));
        const late = Array.from({ length: 15 }, (_, i) => tcpUser(test, alone, `late${i}`));
        await within(DEADLINE, (async () => {
            while (!alone.stderr.includes('accept: Too many open files\n'))
                await first.ask('/help', /^\* \/help/);
        })(), () => 'lack of descriptors');
        await Promise.all(enough.map((user) => user.close()));
        await Promise.all(late);
    });

    it('the chat goes on after a restart of Redis', async () => {
        const scope = test;
        const own = await startRedis(scope, { tcp: true });
        const [first, second, third] = await Promise.all([
            startChat(scope, own), startChat(scope, own), startChatNode(scope, own),
        ]);
        const ann = await tcpUser(scope, first, 'ann', 'tea');
        const amy = await tcpUser(scope, first, 'amy', 'tea');
        const bob = await tcpUser(scope, second, 'bob', 'tea');
        const cat = await socketUser(scope, third, 'cat', 'tea');
        await ann.reads('[tea] * cat (browser) has joined');
        await own.kill();
        await ann.reads('* the other servers are out of reach for now');
        ann.send('anybody here?');
        await amy.reads('[tea] ann (tcp): anybody here?');
        await own.start();
        for (const server of [first, second])
            await server.says('sharing rooms');
        await ann.reads(/^\* you may have missed \d+ s of what was said on other servers$/);
        await whoIs(ann, 'tea', ['amy (tcp)', 'ann (tcp)', 'bob (tcp)', 'cat (browser)']);
        ann.send('back again');
        await bob.reads('[tea] ann (tcp): back again');
        await cat.hears('message', { text: 'back again' });
        await cat.say('tea', 'me too');
        await bob.reads('[tea] cat (browser): me too');
        assert.match(first.stderr, /^Redis: .*\ngap of \d+ ms: /);
    });
});

describe('the programs', () => {
    const chat = (...args) => run(programPath('SIO_CHAT'), args);

    it('says what is wrong with its options', async () => {
        for (const args of [['--what'], ['more'], ['--listen']]) {
            const { code, stderr } = await chat(...args);
            assert.equal(code, 2);
            assert.match(stderr, /usage: /);
        }
        const cases = [
            [['--listen', 'nonsense'], /^--listen nonsense: not IPV4:PORT, /],
            [['--listen', '127.0.0.1:65536'], /: not IPV4:PORT, /],
            [['--listen', '127.0.0.1:080808'], /: not IPV4:PORT, /],
            [['--listen', `/${'x'.repeat(200)}`], /: not IPV4:PORT, /],
            [['--listen', `127.0.0.1:${one.address.port}`], /^--listen .*: Address already in use$/],
            [['--listen', '/nonexistent/chat'], /^--listen .*: No such file or directory$/],
            [['--redis', 'nonsense://x'], /^--redis: /],
        ];
        for (const [args, message] of cases) {
            const { code, stdout, stderr } = await chat('--listen', '127.0.0.1:0', ...args);
            assert.equal(code, 1, args.join(' '));
            assert.equal(stdout, '');
            assert.match(stderr.trimEnd(), message);
        }
    });

    it('listens on IPv6, too', async () => {
        const { address } = await startChat(test, null, { listen: '[::1]:0' });
        const ann = await tcpUser(test, { address: { ...address, host: '::1' } }, 'ann', 'tea');
        assert.deepEqual(await ann.who('tea'), ['ann (tcp)']);
    });

    it('a C server works alone, without Redis', async () => {
        const alone = await startChat(test, null);
        const ann = await tcpUser(test, alone, 'ann', 'tea');
        const bob = await tcpUser(test, alone, 'bob', 'tea');
        await ann.reads('[tea] * bob (tcp) has joined');
        bob.send('just us');
        await ann.reads('[tea] bob (tcp): just us');
        assert.deepEqual(await bob.who('tea'), ['ann (tcp)', 'bob (tcp)']);
        assert.deepEqual(await alone.end(), { code: 0, signal: null });
    });

    it('the Node server refuses what it does not know', async () => {
        const cat = await socketUser(test, node, 'cat', room());
        await assert.rejects(cat.say('elsewhere', 'x'), /not in that room/);
        await assert.rejects(cat.say(`room${serial}`, 'x'.repeat(1025)), /1024 bytes/);
        await assert.rejects(cat.ask('join', { room: 7 }), /no spaces/);
        await assert.rejects(cat.ask('join', null), /no spaces/);
        await assert.rejects(cat.ask('who', {}), /no spaces/);
        cat.socket.emit('message');
        cat.socket.emit('nick', { nick: 'kate' }, 'no function');
        assert.deepEqual(await cat.who(`room${serial}`), ['kate (browser)']);
        assert.equal((await fetch(`${node.url}/server.mjs`)).status, 404);
        assert.equal(node.stderr, '');
    });

    it('the Node server ends although a browser keeps a connection for later', async () => {
        const server = await startChatNode(test, redis);
        const spare = connect(Number(new URL(server.url).port), '127.0.0.1');
        test.after(() => { spare.destroy(); });
        await once(spare, 'connect');
        await socketUser(test, server, 'cat', room()); /* the server knows the spare one, too */
        assert.deepEqual(await server.end(), { code: 0, signal: null });
    });

    it('the Node server has the packages that these tests run', async () => {
        const lock = async (path) =>
            JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')).packages;
        const tested = await lock('package-lock.json');
        const own = await lock('../../examples/chat/node/package-lock.json');
        for (const [path, { version, integrity, resolved }] of Object.entries(own))
            if (path !== '')
                assert.deepEqual([version, integrity, resolved],
                    [tested[path]?.version, tested[path]?.integrity, undefined], path);
    });
});
