/* SPDX-License-Identifier: MIT */
/* --help and the man page come from the option table: neither may miss an option. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { sioEmit } from '../interop/lib/fixture.mjs';
import { EXIT, optionsOf } from './lib.mjs';

const man = () => readFileSync(process.env.SIO_EMIT_MAN, 'utf8');

function exitCodesOf(help) {
    return [...help.split('Exit status:')[1].matchAll(/^ {2}(\d\S*) /gm)].map(([, code]) => code);
}

it('--help is printed on stdout and is all that happens', async () => {
    const { code, stdout, stderr } = await sioEmit(['--help']);
    assert.equal(code, EXIT.ok);
    assert.equal(stderr, '');
    assert.match(stdout, /^Usage: sio-emit /);
    assert.ok(stdout.split('\n').every((line) => line.length <= 80));
});

it('--help names every option and exit code of the specification', async () => {
    const { stdout } = await sioEmit(['--help']);
    const letters = optionsOf(stdout).map(({ letter }) => letter).filter(Boolean).sort().join('');
    const names = optionsOf(stdout).flatMap((option) => option.names);
    assert.equal(letters, 'abcfhilnprsuvx');
    for (const name of ['sentinel', 'master', 'cluster', 'user', 'pass', 'askpass', 'pass-file',
        'timeout-connect', 'ipv4', 'ipv6', 'client-name', 'of', 'namespace', 'to', 'in', 'room', 'except', 'volatile', 'compress',
        'no-compress', 'prefix', 'server-emit', 'join', 'leave', 'disconnect', 'string', 'json-arg',
        'lines-json', 'null', 'delimiter', 'rate', 'max-line', 'strict', 'json', 'dry-run',
        'min-receivers', 'flush-timeout', 'config', 'no-config', 'progress', 'help', 'version'])
        assert.ok(names.includes(`--${name}`), name);
    assert.deepEqual(exitCodesOf(stdout), ['0', '1', '2', '3', '4', '5', '6', '7', '8', '128+N']);
});

it('the man page has every option and exit code that --help has', async () => {
    const { stdout } = await sioEmit(['--help']);
    const options = optionsOf(stdout);
    const page = man();
    assert.ok(options.length > 40);
    for (const { letter, names } of options) {
        const typed = [...(letter ? [`-${letter}`] : []), ...names];
        const head = typed.map((name) => `\\fB${name.replaceAll('-', '\\-')}\\fR`).join(', ');
        assert.ok(page.includes(`.TP\n${head}`), `${names[0]} is missing`);
    }
    for (const setting of ['host', 'port', 'socket', 'url', 'sentinel', 'master', 'cluster',
        'user', 'pass', 'pass-file',
        'client-name', 'prefix', 'of', 'timeout-connect', 'flush-timeout'])
        assert.ok(page.split('.SH FILES')[1].includes(`\n\\fB${setting.replaceAll('-', '\\-')}\\fR`),
            `setting ${setting} is missing`);
    for (const code of exitCodesOf(stdout))
        assert.ok(page.includes(`.TP\n\\fB${code}\\fR`), `exit code ${code} is missing`);
    assert.doesNotMatch(page, /@[A-Z_]+@/);
});

for (const page of ['sio-emit.1', 'sio_emitter.3', 'sio_adapter.3'])
    it(`${page} renders without a warning`, (t) => {
        if (spawnSync('groff', ['--version']).status !== 0)
            return t.skip('groff is not installed');
        const { stdout, stderr, status } = spawnSync('groff',
            ['-man', '-Tutf8', '-ww', '-z', join(dirname(process.env.SIO_EMIT_MAN), page)],
            { encoding: 'utf8' });
        assert.deepEqual([status, stdout, stderr], [0, '', '']);
    });

it('--version prints the version', async () => {
    const { code, stdout } = await sioEmit(['--version']);
    assert.equal(code, EXIT.ok);
    assert.match(stdout, /^sio-emit \d+\.\d+\.\d+\n$/);
    assert.ok(man().includes(stdout.trim()));
});

it('--help into a full disk fails', () => {
    assert.throws(
        () => execFileSync('sh', ['-c', '"$SIO_EMIT" --help > /dev/full'], { stdio: 'pipe' }),
        { status: EXIT.internal },
    );
});
