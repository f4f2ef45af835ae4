/* SPDX-License-Identifier: MIT */
/* Random choices that a seed decides: the same seed, the same choices. */

export function generator(seed) {
    let state = seed >>> 0;
    /* mulberry32 */
    const next = () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let x = Math.imul(state ^ (state >>> 15), state | 1);
        x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
        return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
    };
    const below = (n) => Math.floor(next() * n);
    const pick = (list) => list[below(list.length)];
    const many = (max, make) => Array.from({ length: below(max + 1) }, make);
    return { next, below, pick, many };
}
