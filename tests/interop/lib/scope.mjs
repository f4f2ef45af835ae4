/* SPDX-License-Identifier: MIT */
/* What a test starts, it ends: last started, first ended, whatever happened. */
import { setTimeout as delay } from 'node:timers/promises';

export class Scope {
    #ends = [];

    after(end) {
        this.#ends.push(end);
    }

    /** Everything is ended even if one of the ends fails; the first failure is thrown. */
    async close() {
        const failures = [];
        for (const end of this.#ends.splice(0).reverse())
            await Promise.resolve().then(end).catch((err) => failures.push(err));
        if (failures.length > 0)
            throw failures[0];
    }
}

/** Fail with `what` unless the promise settles in time. */
export async function within(ms, promise, what) {
    const timer = new AbortController();
    const late = delay(ms, undefined, { signal: timer.signal }).then(
        () => { throw new Error(`after ${ms} ms still no ${what()}`); },
        () => {},
    );
    try {
        return await Promise.race([promise, late]);
    } finally {
        timer.abort();
    }
}
