/* SPDX-License-Identifier: MIT */
/* sio-emit over TLS: its options, what they refuse, and what a refusal says. */
import assert from 'node:assert/strict';
import { chmod, chown, copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { sioEmit } from '../interop/lib/fixture.mjs';
import { EXIT, directory, file, useRedis, useScope } from './lib.mjs';

/** What make-certs has put beside the authority's certificate. */
const beside = (at) => (name) => join(dirname(at.redis.ca), name);

async function emits(args, env = {}) {
    const { code, stdout, stderr } = await sioEmit([...args, 'ev'], { env });
    assert.deepEqual([code, stdout, stderr], [EXIT.ok, '', '']);
}

async function fails(args, code, text, env = {}) {
    const result = await sioEmit([...args, 'ev'], { env });
    assert.deepEqual([result.code, result.stdout], [code, '']);
    assert.match(result.stderr, text);
    assert.equal(result.stderr.trimEnd().split('\n').length, 1);
}

describe('a Redis that speaks TLS alone', () => {
    const at = useRedis({ topology: 'tls' });
    const cert = beside(at);
    const port = () => new URL(at.redis.url).port;
    const url = (host = '127.0.0.1') => `rediss://${host}:${port()}`;

    const WAYS = [
        ['--tls', () => [['-p', port(), '--tls', '--cacert', at.redis.ca]]],
        ['--tls and a name', () => [['-h', 'localhost', '-p', port(), '--tls', '--cacert', at.redis.ca]]],
        ['--tls and a URL', () => [['-u', `redis://127.0.0.1:${port()}`, '--tls', '--cacert', at.redis.ca]]],
        ['a URL of rediss://', () => [['-u', url(), '--cacert', at.redis.ca]]],
        ['a URL of valkeys://', () => [['-u', `valkeys://127.0.0.1:${port()}`, '--cacert', at.redis.ca]]],
        ['a URL in the environment', () => [['--cacert', at.redis.ca], { SIO_EMIT_URL: url() }]],
        ['SSL_CERT_FILE', () => [['-u', url()], { SSL_CERT_FILE: at.redis.ca }]],
        ['--cacertdir', () => [['-u', url(), '--cacertdir', cert('hashed')]]],
        ['--sni', () => [['-u', url(), '--cacert', at.redis.ca, '--sni', 'localhost']]],
        ['--insecure', () => [['-u', url(), '--insecure']]],
        ['ciphers', () => [['-u', url(), '--cacert', at.redis.ca, '--tls-ciphers', 'HIGH',
            '--tls-ciphersuites', 'TLS_AES_128_GCM_SHA256']]],
        ['a certificate that nobody asks for', () => [['-u', url(), '--cacert', at.redis.ca,
            '--cert', cert('client.crt'), '--key', cert('client.key')]]],
    ];
    for (const [name, way] of WAYS)
        it(name, () => emits(...way()));

    it('settings of the configuration file', async () => {
        const config = await file(at.scope, `url = ${url()}\ncacert = ${at.redis.ca}\nsni = localhost\n`);
        await emits(['--config', config]);
        await emits(['--config', await file(at.scope, `tls = yes\ninsecure = yes\nport = ${port()}\n`)]);
        /* They are for the file's server: another one is not encrypted because of them, */
        await fails(['--config', config, '-p', port()], EXIT.connect, /does this port want TLS/);
        /* and a file without an address says nothing to a Redis without TLS. */
        await fails(['--config', await file(at.scope, `cacert = ${at.redis.ca}\n`), '-p', port()],
            EXIT.connect, /does this port want TLS/);
    });

    const REFUSALS = [
        ['an authority that is not trusted', () => ['-u', url()],
            /^sio-emit: TLS: the server's certificate is from "sio test authority", which is not trusted \(127\.0\.0\.1:\d+\)$/m],
        ['another name', () => ['-u', url(), '--cacert', at.redis.ca, '--sni', 'redis.example.com'],
            /^sio-emit: TLS: the server's certificate is not for redis\.example\.com, but for localhost, 127\.0\.0\.1, ::1 \(/],
        ['no TLS', () => ['-p', port()], /does this port want TLS \(rediss:\/\/\)/],
        ['unknown ciphers', () => ['-u', url(), '--insecure', '--tls-ciphers', 'ROT13'],
            /^sio-emit: TLS: no cipher is known of "ROT13"$/m],
    ];
    for (const [name, args, text] of REFUSALS)
        it(`refused: ${name}`, () => fails(args(), EXIT.connect, text, { SSL_CERT_FILE: '/dev/null', SSL_CERT_DIR: '/' }));
});

describe('a Redis that wants certificates', () => {
    const at = useRedis({ topology: 'tls', args: ['--tls-auth-clients', 'yes'] });
    const cert = beside(at);
    const here = () => ['-u', at.redis.url, '--cacert', at.redis.ca];
    const mine = (key) => [...here(), '--cert', cert('client.crt'), '--key', key];

    it('--cert and --key', () => emits(mine(cert('client.key'))));
    it('none', () => fails(here(), EXIT.connect, /^sio-emit: TLS: the server wants a client certificate \(/));
    it('--key-pass-file', async () => {
        const passphrase = (text) => file(at.scope, `${text}\n`);
        const locked = mine(cert('client-locked.key'));
        await emits([...locked, '--key-pass-file', await passphrase('open sesame')]);
        await fails(locked, EXIT.connect, /client-locked\.key is encrypted, and there is no passphrase$/m);
        await fails([...locked, '--key-pass-file', await passphrase('close sesame')],
            EXIT.connect, /the passphrase is not that of key /);
    });
    it('a key that others can read', async () => {
        const dir = await directory(at.scope);
        const key = join(dir, 'key');
        await copyFile(cert('client.key'), key);
        for (const [mode, code] of [[0o600, EXIT.ok], [0o400, EXIT.ok], [0o604, EXIT.usage],
            [0o644, EXIT.usage], [0o620, EXIT.usage]]) {
            await chmod(key, mode);
            if (code === EXIT.ok)
                await emits(mine(key));
            else
                await fails(mine(key), code, /holds a private key but group or others can read or write it/);
        }
        await chmod(key, 0o640); /* root may let a group read */
        if (process.getuid() === 0)
            await emits(mine(key));
        else
            await fails(mine(key), EXIT.usage, /holds a private key but group/);
        if (process.getuid() === 0) {
            await chmod(key, 0o600);
            await chown(key, 12345, 12345);
            await fails(mine(key), EXIT.usage, /holds a private key but belongs to user 12345/);
        }
    });
});

describe('wrong usage', () => {
    const at = useScope();
    const TLS = ['-u', 'rediss://127.0.0.1:1'];
    const WRONG = [
        [['-p', '1', '--cacert', '/dev/null'], /^sio-emit: --cacert is about TLS: add --tls, or let the URL be rediss:\/\/$/m],
        [['-p', '1', '--insecure'], /--insecure is about TLS/],
        [['--tls', '-s', '/tmp/x'], /no TLS on unix sockets/],
        [['--tls', '-u', 'unix:///tmp/x'], /does not speak it on unix sockets/],
        [[...TLS, '--insecure', '--cacert', '/dev/null'], /--insecure trusts everybody/],
        [[...TLS, '--cert', '/dev/null'], /given together/],
        [[...TLS, '--cacert', '/nonexistent'], /^sio-emit: --cacert: cannot open \/nonexistent: No such file/],
        [[...TLS, '--cacertdir', '/nonexistent'], /--cacertdir: cannot open/],
        [[...TLS, '--cert', '/nonexistent', '--key', '/nonexistent'], /--cert: cannot open/],
        [[...TLS, '--cert', '/dev/null', '--key', '/nonexistent'], /--key: cannot open/],
        [[...TLS, '--cert', '/dev/null', '--key', '/dev/null', '--key-pass-file', '/nonexistent'], /--key-pass-file: cannot open/],
    ];
    for (const [args, text] of WRONG)
        it(args.slice(args[0] === '-u' ? 2 : 0).join(' '), () => fails(args, EXIT.usage, text));

    it('no secret is shown', async () => {
        const secret = await file(at.scope, 'my passphrase\n');
        const { stderr } = await sioEmit([...TLS, '--cert', '/dev/null', '--key', secret, '--key-pass-file', secret, 'ev']);
        assert.doesNotMatch(stderr, /my passphrase/);
    });
});
