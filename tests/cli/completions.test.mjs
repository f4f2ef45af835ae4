/* SPDX-License-Identifier: MIT */
/* The shells' completions: made from the option table, none may miss an option. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sioEmit } from '../interop/lib/fixture.mjs';
import { directory, optionsOf, start, until, useScope } from './lib.mjs';

const at = useScope();
const path = (shell) => join(process.env.SIO_EMIT_COMPLETIONS, `sio-emit.${shell}`);
const text = (shell) => readFileSync(path(shell), 'utf8');
const missing = (shell) => spawnSync(shell, ['--version']).error && `${shell} is not installed`;

async function typed() {
    return optionsOf((await sioEmit(['--help'])).stdout)
        .flatMap(({ letter, names }) => [...(letter ? [`-${letter}`] : []), ...names]);
}

describe('every option of the table is in it', () => {
    it('bash', async () => {
        const [, words] = /compgen -W '([^']*)'[^\n]*\n}/.exec(text('bash'));
        assert.deepEqual(words.split(' '), await typed());
    });

    it('zsh', async () => {
        const names = [...text('zsh').matchAll(/^ {4}'(?:\*|\([^)]*\))(--?[\w-]+?)(?:\+|=-?)?\[/gm)];
        assert.deepEqual(names.map(([, name]) => name), await typed());
    });

    it('fish', async () => {
        const names = text('fish').split('\n').flatMap((line) => [
            ...(/ -s (\w) /.exec(line) ? [`-${/ -s (\w) /.exec(line)[1]}`] : []),
            ...(/ -l ([\w-]+) /.exec(line) ? [`--${/ -l ([\w-]+) /.exec(line)[1]}`] : []),
        ]);
        assert.deepEqual(names, await typed());
    });
});

describe('bash', () => {
    const bash = (script, args = [], options = {}) => {
        const { status, stdout, stderr } = spawnSync('bash',
            ['--norc', '--noprofile', '-c', `source "$0"; ${script}`, path('bash'), ...args],
            { encoding: 'utf8', ...options });
        assert.deepEqual([status, stderr], [0, '']);
        return stdout.split('\n').filter(Boolean);
    };
    /* What is offered for the last of the words, as readline has cut them. */
    const offered = (words, options) => bash(
        'COMP_WORDS=(sio-emit "$@") COMP_CWORD=$#; _sio_emit; printf "%s\\n" "${COMPREPLY[@]}"',
        words, options);

    it('is registered for the command', () => {
        assert.deepEqual(bash('complete -p sio-emit'), ['complete -F _sio_emit sio-emit']);
    });

    it('completes options', async () => {
        assert.deepEqual(offered(['--vol']), ['--volatile']);
        assert.deepEqual(offered(['ev', '--to', 'r', '--no']), ['--no-config', '--no-compress']);
        assert.deepEqual(offered(['-']), await typed());
        assert.deepEqual(offered(['wo']), []);
    });

    it('completes files where an option names one', async () => {
        const cwd = await directory(at.scope);
        writeFileSync(join(cwd, 'a b'), '');
        mkdirSync(join(cwd, 'abc'));
        for (const words of [['-f', 'a'], ['--file', 'a'], ['--pass-file', '=', 'a'],
            ['--config', 'a'], ['-s', 'a'], ['-b', 'a']])
            assert.deepEqual(offered(words, { cwd }).sort(), ['a b', 'abc'], words.join(' '));
        assert.deepEqual(offered(['--config', '='], { cwd }).sort(), ['a b', 'abc']);
    });

    it('offers nothing for a text of the user\'s own, nor behind --', () => {
        for (const words of [['--to', '-'], ['-a', '-'], ['--of', '='], ['--', '-']])
            assert.deepEqual(offered(words), [], words.join(' '));
    });

    it('--disconnect takes =close, or nothing', () => {
        assert.deepEqual(offered(['--disconnect', '=']), ['close']);
        assert.deepEqual(offered(['--disconnect', '=', 'cl']), ['close']);
        assert.deepEqual(offered(['--disconnect', '--vol']), ['--volatile']);
    });

    it('works in a shell that somebody types into', async (t) => {
        if (!existsSync('/usr/bin/script'))
            return t.skip('script(1) is not installed');
        const shell = start({ scope: at.scope }, ['-qec', 'bash --norc --noprofile -i', '/dev/null'],
            { program: '/usr/bin/script', env: { PS1: '> ', TERM: 'dumb' } });
        await shell.write(`source ${path('bash')}; echo "load""ed"\n`);
        await until(() => shell.stdout.includes('loaded'), 'loaded');
        await shell.write('sio-emit --vola\t');
        await until(() => shell.stdout.includes('sio-emit --volatile '), 'completed');
        await shell.write('--disconnect=c\t');
        await until(() => shell.stdout.includes('--disconnect=close '), 'completed behind =');
    });
});

describe('syntax', () => {
    for (const shell of ['bash', 'zsh', 'fish'])
        it(shell, { skip: missing(shell) }, () => {
            const { status, stdout, stderr } = spawnSync(shell, ['-n', path(shell)],
                { encoding: 'utf8' });
            assert.deepEqual([status, stdout, stderr], [0, '', '']);
        });

    it('fish knows the options', { skip: missing('fish') }, () => {
        const { stdout } = spawnSync('fish', ['--no-config', '-c',
            `source ${path('fish')}; complete -C 'sio-emit --vol'`], { encoding: 'utf8' });
        assert.match(stdout, /^--volatile\t/);
    });
});
