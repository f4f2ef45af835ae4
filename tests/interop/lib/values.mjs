/* SPDX-License-Identifier: MIT */
/* Tagged JSON: values that JSON cannot say, for the driver and the expectations.
 *   {"$undef":true}  {"$num":"NaN"}  {"$bin":"hex"}  {"$date":ms}  {"$obj":[[key,value]...]}
 *   {"$bin_fill":[byte,n]}  {"$repeat":["unit",n]}  {"$fill":[value,n]}  {"$utf16":"hex"} */
export const undef = { $undef: true };
export const num = (text) => ({ $num: text });
export const bin = (...bytes) => ({ $bin: Buffer.from(bytes).toString('hex') });
export const date = (ms) => ({ $date: ms });

const TAGS = {
    $undef: () => undefined,
    $num: (text) => Number(text),
    $bin: (hex) => Buffer.from(hex, 'hex'),
    $bin_fill: ([byte, count]) => Buffer.alloc(count, byte),
    $date: (ms) => new Date(ms),
    $repeat: ([unit, count]) => unit.repeat(count),
    $fill: ([value, count]) => new Array(count).fill(fromTagged(value)),
    $obj: (entries) => Object.fromEntries(entries.map(([k, v]) => [k, fromTagged(v)])),
    $utf16: (hex) => String.fromCharCode(...hex.match(/.{4}/g).map((unit) => parseInt(unit, 16))),
};

/** The JavaScript value. */
export function fromTagged(value) {
    if (value === null || typeof value !== 'object')
        return value;
    if (Array.isArray(value))
        return value.map(fromTagged);
    for (const [tag, make] of Object.entries(TAGS))
        if (Object.hasOwn(value, tag))
            return make(value[tag]);
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, fromTagged(v)]));
}

function taggedNumber(value) {
    if (Object.is(value, -0))
        return num('-0');
    if (Number.isInteger(value))
        return Number.isSafeInteger(value) ? value : num(BigInt(value).toString());
    return Number.isFinite(value) ? value : num(String(value));
}

function taggedBinary(value) {
    const bytes = ArrayBuffer.isView(value)
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value);
    return { $bin: bytes.toString('hex') };
}

/** The value as tagged JSON. */
export function toTagged(value) {
    if (value === undefined)
        return undef;
    if (typeof value === 'number')
        return taggedNumber(value);
    if (typeof value === 'string' || value === null || typeof value !== 'object')
        return value;
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
        return taggedBinary(value);
    if (value instanceof Date)
        return { $date: value.getTime(), iso: value.toJSON() };
    if (Array.isArray(value))
        return value.map(toTagged);
    const entries = Object.entries(value).map(([k, v]) => [k, toTagged(v)]);
    return entries.some(([k]) => k.startsWith('$'))
        ? { $obj: entries } : Object.fromEntries(entries);
}

/* What a Socket.IO client makes of it: everything but binary travels as JSON. */
function overJson(value) {
    if (Buffer.isBuffer(value))
        return value;
    if (value instanceof Date)
        return value.toISOString();
    if (value === undefined || (typeof value === 'number' && !Number.isFinite(value)))
        return null;
    if (Object.is(value, -0))
        return 0;
    if (value === null || typeof value !== 'object')
        return value;
    if (Array.isArray(value))
        return value.map(overJson);
    return Object.fromEntries(Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([k, v]) => [k, overJson(v)]));
}

/** What a client receives for it. */
export const asClientSees = (value) => overJson(fromTagged(value));

/** Can JSON text say the value, and mean the same? */
export function isPlainJson(value) {
    if (value === null || typeof value !== 'object')
        return true;
    if (Array.isArray(value))
        return value.every(isPlainJson);
    return Object.entries(value).every(([k, v]) => !Object.hasOwn(TAGS, k) && isPlainJson(v));
}

/** A string, plain or as {"$repeat":[unit, n]}; undefined for anything else. */
export function plainText(value) {
    if (typeof value === 'string')
        return value;
    return value?.$repeat ? value.$repeat[0].repeat(value.$repeat[1]) : undefined;
}

function objectText(entries) {
    const texts = entries.map(([key, value]) => [JSON.stringify(key), jsonText(value)]);
    return texts.some(([, text]) => text === undefined)
        ? undefined : `{${texts.map((pair) => pair.join(':')).join(',')}}`;
}

function arrayText(values) {
    const texts = values.map(jsonText);
    return texts.includes(undefined) ? undefined : `[${texts.join(',')}]`;
}

/** The JSON text of a tagged value; undefined if JSON cannot say it. */
export function jsonText(value) {
    if (plainText(value) !== undefined)
        return JSON.stringify(plainText(value));
    if (value === null || typeof value !== 'object')
        return JSON.stringify(value);
    if (Array.isArray(value))
        return arrayText(value);
    if ('$num' in value)
        return /^-?\d+$/.test(value.$num) ? value.$num : undefined;
    if ('$fill' in value)
        return arrayText(Array(value.$fill[1]).fill(value.$fill[0]));
    if ('$obj' in value)
        return objectText(value.$obj);
    return Object.keys(value).some((key) => Object.hasOwn(TAGS, key))
        ? undefined : objectText(Object.entries(value));
}
