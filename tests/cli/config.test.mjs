/* SPDX-License-Identifier: MIT */
/* The configuration file: where it is looked for, what comes before it, who may read it. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sioEmit } from '../interop/lib/fixture.mjs';
import {
    assertFails, directory, dryRun, EXIT, file, freePort, listen, until, useRedis, useScope,
} from './lib.mjs';

const isRoot = process.getuid() === 0;

/* The channel tells which prefix and namespace were taken. */
async function channelOf(args, env = {}) {
    const { code, stderr, shown } = await dryRun([...args, 'ev'], { env });
    assert.deepEqual([code, stderr], [EXIT.ok, '']);
    return shown[0].channel;
}

async function home(scope, below, content) {
    const dir = await directory(scope);
    mkdirSync(join(dir, below, 'sio-emit'), { recursive: true });
    writeFileSync(join(dir, below, 'sio-emit', 'config'), content, { mode: 0o600 });
    return dir;
}

describe('where it is', () => {
    const at = useScope();

    it('--config names it', async () => {
        const path = await file(at.scope, 'prefix = p\nof = /n\n');
        assert.equal(await channelOf(['--config', path]), 'p#/n#');
    });

    it('else it is in $XDG_CONFIG_HOME, else in ~/.config', async () => {
        const xdg = await home(at.scope, '', 'prefix = xdg\n');
        const own = await home(at.scope, '.config', 'prefix = own\n');
        assert.equal(await channelOf([], { HOME: own, XDG_CONFIG_HOME: xdg }), 'xdg#/#');
        assert.equal(await channelOf([], { HOME: own }), 'own#/#');
        assert.equal(await channelOf([], { HOME: own, XDG_CONFIG_HOME: '' }), 'own#/#');
        assert.equal(await channelOf([], { HOME: own, XDG_CONFIG_HOME: 'relative' }), 'own#/#');
        assert.equal(await channelOf([], { XDG_CONFIG_HOME: xdg }), 'xdg#/#');
    });

    it('--config comes instead of the own one, --no-config reads none', async () => {
        const own = await home(at.scope, '.config', 'prefix = own\n');
        const named = await file(at.scope, 'of = /n\n');
        assert.equal(await channelOf(['--config', named], { HOME: own }), 'socket.io#/n#');
        assert.equal(await channelOf(['--no-config'], { HOME: own }), 'socket.io#/#');
        assertFails(await sioEmit(['--no-config', '--config', named, 'ev']), EXIT.usage,
            /only one of --config and --no-config/);
    });

    it('none is needed, unless it was named', async () => {
        const empty = await directory(at.scope);
        for (const env of [{}, { HOME: '' }, { HOME: 'x' }, { HOME: empty }, { HOME: '/dev/null' }])
            assert.equal(await channelOf([], env), 'socket.io#/#');
        assertFails(await sioEmit(['--config', join(empty, 'x'), 'ev']), EXIT.usage,
            /cannot open .*x: No such file/);
    });

    it('HOME may still be that of another user', { skip: !isRoot && 'needs root' }, async () => {
        const own = await home(at.scope, '.config', 'prefix = own\n');
        chmodSync(own, 0o700);
        const { status, stderr } = spawnSync(process.env.SIO_EMIT, ['--dry-run', 'ev'],
            { env: { HOME: own }, uid: 65534, gid: 65534, cwd: '/', encoding: 'utf8' });
        assert.deepEqual([status, stderr], [EXIT.ok, '']);
    });
});

describe('mistakes are named by file and line', () => {
    const at = useScope();
    const CASES = [
        ['host = a\nnosuch = 1\n', /file:2: no setting is called "nosuch"/],
        ['# x\n\nport = http\n', /file:3: port wants a whole number from 1 to 65535/],
        ['just words\n', /file:1: a setting is written NAME = VALUE/],
        ['to = room\n', /file:1: to can be given on the command line only/],
        ['of = a\nof = b\n', /file:2: of is set a second time/],
        ['client-name = "a\n', /file:1: client-name has no closing quote/],
        ['url = redis://a\nport = 1\n', /file: url says where Redis is: leave out host, port/],
        ['\0', /file:1: there is a zero byte/],
        ['pass = s3cret\npass = s3cret\n', /file:2: pass is set a second time/],
        ['pass = "s3cret\n', /file:1: pass has no closing quote/],
    ];
    for (const [content, message] of CASES)
        it(JSON.stringify(content), async () => {
            const path = await file(at.scope, content);
            const result = await sioEmit(['--config', path, 'ev']);
            assertFails(result, EXIT.usage, message);
            assert.ok(!result.stderr.includes('s3cret'));
        });

    it('--help works nevertheless', async () => {
        const path = await file(at.scope, 'nosuch\n');
        assert.equal((await sioEmit(['--config', path, '--help'])).code, EXIT.ok);
    });

    for (const path of ['/', '/dev/zero'])
        it(`${path} is no configuration file`, async () => {
            assertFails(await sioEmit(['--config', path, 'ev']), EXIT.usage, /\//);
        });
});

describe('a file with a password', () => {
    const at = useScope();

    for (const mode of [0o640, 0o620, 0o604, 0o602])
        it(`is refused with mode ${mode.toString(8)}`, async () => {
            const config = await file(at.scope, 'pass = s3cret\n', mode);
            const url = await file(at.scope, 'url = redis://:s3cret@host\n', mode);
            const passFile = await file(at.scope, 's3cret\n', mode);
            for (const args of [['--config', config], ['--config', url], ['--pass-file', passFile]])
                assertFails(await sioEmit([...args, '--dry-run', 'ev']), EXIT.usage,
                    /holds a password but group or others can read or write it.*chmod 600/);
        });

    it('is taken when it is private', async () => {
        const config = await file(at.scope, 'pass = s3cret\n', 0o400);
        await channelOf(['--config', config]);
        await channelOf(['--pass-file', await file(at.scope, 's3cret\n', 0o600)]);
    });

    it('is refused when it is somebody else\'s', { skip: !isRoot && 'needs root' }, async () => {
        for (const option of ['--config', '--pass-file']) {
            const path = await file(at.scope, 'pass = s3cret\n');
            chownSync(path, 12345, 12345);
            assertFails(await sioEmit([option, path, '--dry-run', 'ev']), EXIT.usage,
                /holds a password but belongs to user 12345, neither you nor root/);
        }
    });

    it('may be read by all if it holds none', async () => {
        const config = await file(at.scope, 'url = redis://host\npass-file = x\n', 0o644);
        assertFails(await sioEmit(['--config', config, 'ev']), EXIT.usage, /--pass-file: cannot open x/);
        assert.equal(await channelOf(['--config', await file(at.scope, 'prefix = p\n', 0o666)]),
            'p#/#');
    });
});

describe('with a Redis: option, then environment, then file', () => {
    const at = useRedis({ tcp: true });
    const port = () => new URL(at.redis.url).port;
    const config = (content) => file(at.scope, content);

    it('the file says where Redis is', async () => {
        const seen = await listen(at);
        const path = await config(`port = ${port()}\nprefix = p\n`);
        const { code, stderr } = await sioEmit(['--config', path, 'ev']);
        assert.deepEqual([code, stderr], [EXIT.ok, '']);
        await until(() => seen.length > 0, 'published');
        assert.equal(seen[0].channel, 'p#/#');
    });

    it('the environment and options come before it', async () => {
        const path = await config('socket = /nonexistent/redis.sock\ntimeout-connect = 2\n');
        const env = { SIO_EMIT_URL: at.redis.url };
        assert.equal((await sioEmit(['--config', path, 'ev'])).code, EXIT.connect);
        assert.equal((await sioEmit(['--config', path, 'ev'], { env })).code, EXIT.ok);
        assert.equal((await sioEmit(['--config', path, '-p', port(), 'ev'])).code, EXIT.ok);
    });

    it('its user and password stay with its server', async () => {
        const admin = await at.redis.client(at.scope);
        await admin.sendCommand(['ACL', 'SETUSER', 'fil', 'on', '>pw', '+@all', 'allchannels']);
        const good = await config(`port = ${port()}\nuser = fil\npass = pw\n`);
        assert.equal((await sioEmit(['--config', good, 'ev'])).code, EXIT.ok);
        const bad = await config(`port = ${port()}\nuser = fil\npass = wrong\n`);
        assertFails(await sioEmit(['--config', bad, 'ev']), EXIT.auth, /WRONGPASS/);
        /* the default user has no password here: the file's are not sent */
        assert.equal((await sioEmit(['--config', bad, '-u', at.redis.url, 'ev'])).code, EXIT.ok);
        const env = { SIO_EMIT_AUTH: 'pw' };
        assert.equal((await sioEmit(['--config', bad, 'ev'], { env })).code, EXIT.ok);
        assert.equal((await sioEmit(['--config', bad, '-a', 'pw', 'ev'])).code, EXIT.ok);
    });

    it('a timeout from it holds', async () => {
        const path = await config(`port = ${await freePort()}\ntimeout-connect = 0.5\n`);
        assert.equal((await sioEmit(['--config', path, 'ev'])).code, EXIT.connect);
    });
});
