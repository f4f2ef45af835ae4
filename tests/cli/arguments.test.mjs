/* SPDX-License-Identifier: MIT */
/* How the words of a command line become the event and its arguments. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { argsOf, dryRun, EXIT, file, useScope } from './lib.mjs';

const at = useScope();
const bin = (hex) => ({ $bin: hex });

describe('values', () => {
    const CASES = [
        [['1', '-4', '-0.5', '1e3'], [1, -4, -0.5, 1000]],
        [['true', 'false', 'null'], [true, false, null]],
        [['{"a":[1]}', '[]', '"x"'], [{ a: [1] }, [], 'x']],
        [['007', '+1', 'hello', '', '1.', 'True'], ['007', '+1', 'hello', '', '1.', 'True']],
        [['--string', '1', '--string', '{', '--string', '--to'], ['1', '{', '--to']],
        [['--json-arg', ' [1, 2] ', '--json-arg', '"s"'], [[1, 2], 's']],
        [['a', '--', '-x', '--', '-4'], ['a', '-x', '--', -4]],
        [['a', '--string', '2', 'c', '--json-arg', '4', 'e'], ['a', '2', 'c', 4, 'e']],
        [['-'], ['-']],
        [['😀', 'grüß'], ['😀', 'grüß']],
    ];
    for (const [words, values] of CASES)
        it(words.join(' '), async () => assert.deepEqual(await argsOf(['ev', ...words]), values));
});

describe('files and standard input', () => {
    it('-f is text, its newline included', async () => {
        const path = await file(at.scope, '{"a":1}\n');
        assert.deepEqual(await argsOf(['ev', '-f', path]), ['{"a":1}\n']);
    });

    it('-b is binary', async () => {
        const path = await file(at.scope, Buffer.from([0, 255, 10]));
        assert.deepEqual(await argsOf(['-b', path, 'ev', 'x']), [bin('00ff0a'), 'x']);
    });

    it('-x is all of stdin, in its place', async () => {
        const words = ['ev', '1', '-x', '2', '--string', '3'];
        assert.deepEqual(await argsOf(words, { stdin: 'in\nput' }), [1, 'in\nput', 2, '3']);
    });

    it('-f - and -b - are stdin too', async () => {
        assert.deepEqual(await argsOf(['ev', '-f', '-'], { stdin: 'text' }), ['text']);
        assert.deepEqual(await argsOf(['ev', '-b', '-', '1'], { stdin: 'text' }),
            [bin('74657874'), 1]);
    });

    it('an empty stdin is an empty string', async () => {
        assert.deepEqual(await argsOf(['ev', '-x']), ['']);
    });

    it('text that is not UTF-8 is refused', async () => {
        const path = await file(at.scope, Buffer.from([0x61, 0xff]));
        const { code, stderr } = await dryRun(['ev', '-f', path]);
        assert.equal(code, EXIT.usage);
        assert.match(stderr, /-f: .* not UTF-8.*-b/);
    });
});

describe('any word can be an event', () => {
    for (const event of ['join', 'leave', 'help', 'null', '1', '[]', 'a b', '$', '-4'])
        it(event, async () => {
            const { shown } = await dryRun([event, '1']);
            assert.deepEqual(shown[0].packet[1].data, [event, 1]);
        });
});

describe('refusals say where', () => {
    const CASES = [
        [['ev', '1', '{"a":}'], /^sio-emit: argument 2 is not valid JSON at column 6: .+--string/],
        [['ev', '[1,\n2,]'], /line 2, column 3/],
        [['ev', '--json-arg', 'hello'], /argument 1 is not valid JSON at column 1/],
        [['ev', '"open'], /argument 1 is not valid JSON/],
        [['ev', '[1] 2'], /column 5/],
    ];
    for (const [words, message] of CASES)
        it(words.join(' '), async () => {
            const { code, stdout, stderr } = await dryRun(words);
            assert.equal(code, EXIT.usage);
            assert.equal(stdout, '');
            assert.match(stderr, message);
            assert.equal(stderr.split('\n').length, 2, 'one line');
        });
});
