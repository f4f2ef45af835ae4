/* SPDX-License-Identifier: MIT */
/* Both wires' encoding and decoding, without Redis. */
import { join } from 'node:path';
import { bar, interleave, median, runLines, shown, spread, table } from './measure.mjs';

/* of CPU us, for the small message on the sharded wire, which is JSON there */
const LIMITS = { encode: 0.4, decode: 0.5 };
const SIZE = 262;
const STEPS = ['encode', 'decode', 'sender'];

/** @return Markdown; the bars are appended to `bars`. */
export async function measureCodecs(scene, bars) {
    const program = join(scene.build, 'tests/bench/bench_codec');
    const contestant = { n: Math.round(300_000 * scene.scale) };
    const results = await interleave([contestant], Math.max(3, scene.rounds),
        ({ n }) => runLines(program, ['--n', n]));
    const rounds = results.get(contestant);
    const messages = new Map();
    rounds[0].forEach(({ wire, message, bytes, step }, i) => {
        const key = `${wire} ${message} ${bytes}`;
        if (!messages.has(key))
            messages.set(key, { wire, message, bytes, steps: {} });
        messages.get(key).steps[step] = rounds.map((lines) => lines[i].ns / 1e3);
    });
    const small = messages.get(`sharded small ${SIZE}`);
    if (small === undefined)
        throw new Error(`bench_codec has no small message of ${SIZE} bytes`);
    for (const [step, limit] of Object.entries(LIMITS))
        bars.push(bar(`sharded wire, JSON of ${SIZE} bytes: CPU us to ${step}`, limit, median(small.steps[step])));
    const rows = [...messages.values()].map(({ wire, message, bytes, steps }) => [
        wire, message, shown(bytes), ...STEPS.map((step) => (steps[step] ? spread(steps[step]) : '-')),
    ]);
    console.error('bench: codecs done');
    return `### Codecs, CPU us a message\n\n${table(
        ['wire', 'message', 'bytes', 'encode', 'decode', 'tell the sender'], rows)}\n`;
}
