/* SPDX-License-Identifier: MIT */
/* The events that the contestants emit to the room "room1", and the bytes that
 * @socket.io/redis-emitter publishes for them: everybody has to publish those. */
import { createRequire } from 'node:module';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/* The npm packages are those of the interop tests. */
export const require = createRequire(new URL('../interop/package.json', import.meta.url));

/* 20 keys, some of them nested, 1024 bytes of JSON: what a shop's backend might tell. */
function order() {
    const item = (sku, name, qty, price, color, size) =>
        ({ sku, name, qty, price, attrs: { color, size } });
    const object = {
        id: 7654321, uuid: '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', type: 'order.changed',
        revision: 4, created: '2025-02-03T04:05:06.789Z', updated: 1738555506789, open: true,
        gift: false, parent: null, amount: 249.95, currency: 'EUR', pieces: 12,
        labels: ['north', 'south', 'east', 'west'],
        customer: {
            id: 45678, name: 'John Q. Customer', email: 'john@example.com', vip: true,
            address: {
                street: '12 High Street', city: 'Sometown', zip: '54321',
                geo: { lat: 52.5163, lon: 13.3777 },
            },
        },
        items: [
            item('K-100', 'Keyboard', 2, 49.95, 'black', 'L'),
            item('M-200', 'Mouse', 1, 29.5, 'white', 'M'),
            item('C-300', 'Cable', 9, 4.25, 'green', 'S'),
        ],
        totals: { net: 210.05, vat: 39.9, gross: 249.95 }, state: 'packed',
        history: [1, 2, 3, 5, 8, 13, 21, 34], balance: -17.25, note: '',
    };
    const missing = 1024 - JSON.stringify(object).length;
    object.note = 'please ring the bell twice '.repeat(40).slice(0, missing);
    return object;
}

/** Event and arguments of each case. */
export const EVENTS = {
    small: ['msg', 'hello', 42],
    object: ['msg', order()],
    binary: ['msg', Buffer.alloc(1024, 0xa5)],
};

export const CHANNEL = 'socket.io#/#room1#';

/** What the npm emitter publishes, taken from itself. */
export function payloadOf(name) {
    const { Emitter } = require('@socket.io/redis-emitter');
    let published;
    new Emitter({ publish: (channel, payload) => { published = [channel, payload]; } })
        .to('room1').emit(...EVENTS[name]);
    if (published[0] !== CHANNEL)
        throw new Error(`the npm emitter publishes to ${published[0]}`);
    return Buffer.from(published[1]);
}

/** The inputs of the C programs, as files in `dir`. */
export async function writeInputs(dir) {
    const { encode } = require('notepack.io');
    for (const [name, [, ...args]] of Object.entries(EVENTS)) {
        await writeFile(join(dir, `${name}.payload`), payloadOf(name));
        await writeFile(join(dir, `${name}.args`), Buffer.concat(args.map((arg) => encode(arg))));
    }
    await writeFile(join(dir, 'object.json'), JSON.stringify(EVENTS.object[1]));
    await writeFile(join(dir, 'binary.bytes'), EVENTS.binary[1]);
}
