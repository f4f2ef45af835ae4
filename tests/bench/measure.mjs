/* SPDX-License-Identifier: MIT */
/* Running contestants in rounds, and tables of what came out. */
import { spawn } from 'node:child_process';

/** Run a program to its end. @return the JSON objects that are the lines of its stdout */
export function runLines(program, args, deadline = 120_000) {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
        const timer = setTimeout(() => child.kill('SIGKILL'), deadline);
        let out = '';
        child.stdout.on('data', (text) => { out += text; });
        child.once('error', reject);
        child.once('close', (code, signal) => {
            clearTimeout(timer);
            if (code !== 0)
                reject(new Error(`${program} ${args.join(' ')}: ${signal ?? code}`));
            else
                resolve(out.trim().split('\n').map((line) => JSON.parse(line)));
        });
    });
}

/** The same of a program that prints one. */
export async function runJson(program, args, deadline) {
    return (await runLines(program, args, deadline)).pop();
}

/** Run everyone once a round, each round beginning with another one, so that whatever
 *  drifts on this machine hits all alike. @return Map of contestant to its results */
export async function interleave(contestants, rounds, run) {
    const results = new Map(contestants.map((one) => [one, []]));
    for (let round = 0; round < rounds; round++)
        for (let i = 0; i < contestants.length; i++) {
            const one = contestants[(i + round) % contestants.length];
            results.get(one).push(await run(one));
        }
    return results;
}

export function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function shown(x) {
    if (x >= 1e6)
        return `${(x / 1e6).toFixed(2)}M`;
    if (x >= 1e4)
        return `${(x / 1e3).toFixed(0)}k`;
    if (x !== 0 && Math.abs(x) < 0.01)
        return x.toPrecision(1);
    return x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2);
}

/** median (least-most) */
export function spread(values) {
    return `${shown(median(values))} (${shown(Math.min(...values))}-${shown(Math.max(...values))})`;
}

export function table(head, rows) {
    const width = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i].length)));
    const line = (row) => `| ${row.map((cell, i) => cell.padEnd(width[i])).join(' | ')} |`;
    return [line(head), `|${width.map((n) => '-'.repeat(n + 2)).join('|')}|`, ...rows.map(line)]
        .join('\n');
}

/** A line of the table of bars. least: the bar is a lower bound. */
export function bar(what, limit, value, { least = false } = {}) {
    const met = least ? value >= limit : value <= limit;
    return [what, `${least ? '>=' : '<='} ${limit}`, shown(value), met ? 'pass' : 'miss'];
}
