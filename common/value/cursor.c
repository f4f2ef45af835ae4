/* SPDX-License-Identifier: MIT */
/* Read packed MessagePack token by token: no tree, no allocation, no recursion.
 * Every length and count is compared with the bytes that are left before it is
 * believed. */
#include "value/cursor.h"

/* Extension types: -1 is MessagePack's timestamp; 0 is notepack.io 2's, one byte
 * for undefined, eight for a Date in milliseconds, any other form a typed array. */
enum { EXT_TIMESTAMP = -1, EXT_NOTEPACK2 = 0 };

sio_cursor sio_cursor_at(sio_str packed)
{
    const unsigned char *start = (const unsigned char *)(packed.ptr != NULL ? packed.ptr : "");
    sio_cursor cursor = {.at = start, .end = start + packed.len};
    return cursor;
}

static uint64_t big_endian(const unsigned char *p, unsigned bytes)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < bytes; i++)
        n = n << 8 | p[i];
    return n;
}

static sio_status take_text(sio_cursor *c, const unsigned char *body, uint64_t len, sio_type type,
                            sio_value *out)
{
    if (len > (uint64_t)(c->end - body))
        return SIO_EINVAL;
    out->type = type;
    out->v.text = sio_str_of(body, (size_t)len);
    c->at = body + len;
    return SIO_OK;
}

static sio_status take_count(sio_cursor *c, const unsigned char *body, uint64_t count,
                             sio_type type, sio_value *out)
{
    uint64_t least = type == SIO_MAP ? count * 2 : count; /* a value takes a byte at least */
    if (least > (uint64_t)(c->end - body))
        return SIO_EINVAL;
    out->type = type;
    out->v.count = (uint32_t)count;
    c->at = body;
    return SIO_OK;
}

static int64_t sign_extend(uint64_t raw, unsigned bytes)
{
    switch (bytes) {
    case 1:
        return (int8_t)raw;
    case 2:
        return (int16_t)raw;
    case 4:
        return (int32_t)raw;
    default:
        return (int64_t)raw;
    }
}

static sio_status take_signed(sio_cursor *c, unsigned bytes, sio_value *out)
{
    int64_t number = sign_extend(big_endian(c->at + 1, bytes), bytes);
    if (number < 0) {
        out->type = SIO_INT;
        out->v.integer = number;
    } else {
        out->type = SIO_UINT;
        out->v.natural = (uint64_t)number;
    }
    c->at += 1 + bytes;
    return SIO_OK;
}

static sio_status take_unsigned(sio_cursor *c, unsigned bytes, sio_value *out)
{
    out->type = SIO_UINT;
    out->v.natural = big_endian(c->at + 1, bytes);
    c->at += 1 + bytes;
    return SIO_OK;
}

static sio_status take_real(sio_cursor *c, unsigned bytes, sio_value *out)
{
    uint64_t raw = big_endian(c->at + 1, bytes);
    out->type = SIO_DOUBLE;
    if (bytes == 4) {
        uint32_t raw32 = (uint32_t)raw;
        float narrow;
        memcpy(&narrow, &raw32, sizeof narrow);
        out->v.real = (double)narrow;
    } else {
        memcpy(&out->v.real, &raw, sizeof raw);
    }
    c->at += 1 + bytes;
    return SIO_OK;
}

static void date_from_ms(int64_t ms, sio_value *out)
{
    int64_t rest = ms % 1000;
    if (rest < 0)
        rest += 1000;
    out->type = SIO_DATE;
    out->v.date.seconds = ms / 1000 - (ms % 1000 < 0);
    out->v.date.nanoseconds = (uint32_t)rest * 1000000;
}

/* The three timestamp layouts; false for another length or a fraction beyond a second. */
static bool date_from_timestamp(const unsigned char *p, uint64_t len, sio_value *out)
{
    uint64_t nanoseconds = 0;
    int64_t seconds;
    if (len == 4) {
        seconds = (int64_t)big_endian(p, 4);
    } else if (len == 8) {
        uint64_t both = big_endian(p, 8);
        nanoseconds = both >> 34;
        seconds = (int64_t)(both & 0x3ffffffffULL);
    } else if (len == 12) {
        nanoseconds = big_endian(p, 4);
        seconds = (int64_t)big_endian(p + 4, 8);
    } else {
        return false;
    }
    if (nanoseconds > 999999999)
        return false;
    out->type = SIO_DATE;
    out->v.date.seconds = seconds;
    out->v.date.nanoseconds = (uint32_t)nanoseconds;
    return true;
}

/* at: the extension's type byte; fixed: it came by a fixext token. */
static sio_status take_ext(sio_cursor *c, const unsigned char *at, uint64_t len, bool fixed,
                           sio_value *out)
{
    if (len + 1 > (uint64_t)(c->end - at))
        return SIO_EINVAL;
    int8_t type = (int8_t)at[0];
    const unsigned char *body = at + 1;
    c->at = body + len;
    if (type == EXT_TIMESTAMP && date_from_timestamp(body, len, out))
        return SIO_OK;
    if (type == EXT_NOTEPACK2) {
        if (fixed && len == 1) {
            out->type = SIO_UNDEFINED;
            return SIO_OK;
        }
        if (fixed && len == 8) {
            date_from_ms((int64_t)big_endian(body, 8), out);
            return SIO_OK;
        }
        if (!fixed) {
            out->type = SIO_BINARY;
            out->v.text = sio_str_of(body, (size_t)len);
            return SIO_OK;
        }
    }
    out->type = SIO_EXT;
    out->v.ext.type = type;
    out->v.ext.data = sio_str_of(body, (size_t)len);
    return SIO_OK;
}

/* Bytes of length, count or number behind the lead bytes c0 to df. */
static const unsigned char head_bytes[32] = {
    0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, /* c0-cf */
    1, 2, 4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4, /* d0-df */
};

static sio_status read_wide(sio_cursor *c, sio_value *out)
{
    unsigned lead = c->at[0];
    unsigned bytes = head_bytes[lead - 0xc0];
    if (bytes >= (size_t)(c->end - c->at))
        return SIO_EINVAL;
    const unsigned char *body = c->at + 1 + bytes;
    switch (lead) {
    case 0xc0:
        out->type = SIO_NULL;
        c->at++;
        return SIO_OK;
    case 0xc2:
    case 0xc3:
        out->type = SIO_BOOL;
        out->v.boolean = lead == 0xc3;
        c->at++;
        return SIO_OK;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return take_text(c, body, big_endian(c->at + 1, bytes), SIO_BINARY, out);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return take_ext(c, body, big_endian(c->at + 1, bytes), false, out);
    case 0xca:
    case 0xcb:
        return take_real(c, bytes, out);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_unsigned(c, bytes, out);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_signed(c, bytes, out);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return take_ext(c, body, 1ULL << (lead - 0xd4), true, out);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_text(c, body, big_endian(c->at + 1, bytes), SIO_STRING, out);
    case 0xdc:
    case 0xdd:
        return take_count(c, body, big_endian(c->at + 1, bytes), SIO_ARRAY, out);
    case 0xde:
    case 0xdf:
        return take_count(c, body, big_endian(c->at + 1, bytes), SIO_MAP, out);
    default: /* c1 is no token */
        return SIO_EINVAL;
    }
}

sio_status sio_cursor_read(sio_cursor *c, sio_value *out)
{
    if (c->at == c->end)
        return SIO_EINVAL;
    unsigned lead = c->at[0];
    if (lead < 0x80) {
        out->type = SIO_UINT;
        out->v.natural = lead;
        c->at++;
        return SIO_OK;
    }
    if (lead >= 0xe0) {
        out->type = SIO_INT;
        out->v.integer = (int8_t)lead;
        c->at++;
        return SIO_OK;
    }
    if (lead >= 0xc0) {
        sio_cursor before = *c;
        sio_status status = read_wide(c, out);
        if (status != SIO_OK)
            *c = before;
        return status;
    }
    if (lead >= 0xa0)
        return take_text(c, c->at + 1, lead & 0x1f, SIO_STRING, out);
    return take_count(c, c->at + 1, lead & 0x0f, lead >= 0x90 ? SIO_ARRAY : SIO_MAP, out);
}

/* Bytes of the tokens c0 to df; 0: it is not the lead byte that says it. */
static const unsigned char whole_bytes[32] = {
    1, 0, 1, 1, 0, 0, 0, 0,  0,  0, 5, 9, 2, 3, 5, 9, /* c0-cf */
    2, 3, 5, 9, 3, 4, 6, 10, 18, 0, 0, 0, 0, 0, 0, 0, /* d0-df */
};

static inline bool is_fixstr(unsigned lead)
{
    return (lead & 0xe0) == 0xa0;
}

static bool is_container(const sio_value *v)
{
    return v->type == SIO_ARRAY || v->type == SIO_MAP;
}

/* Values that a container holds, keys included. */
static uint64_t inside(const sio_value *v)
{
    return v->type == SIO_MAP ? 2 * (uint64_t)v->v.count : v->v.count;
}

/* Step over a value and count its containers. No stack is needed: each container adds what
 * it holds. Where the next token starts depends on this one's first byte, so that the time is
 * that of a chain of loads: branches, which are foretold, keep it short. `at` may run past
 * the end by a token, and is compared before the next one is read. */
static inline sio_status skip(sio_cursor *c, uint64_t *containers)
{
    const unsigned char *bytes = c->at;
    size_t len = (size_t)(c->end - c->at), at = 0;
    uint64_t left = 1, met = 0;
    while (left > 0 && at < len) {
        unsigned lead = bytes[at];
        left--;
        if (is_fixstr(lead)) {
            at += lead - 0x9f;
            if (left == 0 || at >= len || !is_fixstr(bytes[at]))
                continue;
            at += bytes[at] - 0x9f; /* often the value of a key is one, too: foretold apart */
            left--;
        } else if (lead < 0x80 || lead >= 0xe0) {
            at++;
        } else if (lead < 0xa0) {
            at++;
            left += (uint64_t)(lead & 0x0f) << (lead < 0x90);
            met++;
        } else if (lead == 0xcb) {
            at += 9;
        } else if (lead == 0xd9 && len - at > 1) {
            at += 2 + (size_t)bytes[at + 1];
        } else if (whole_bytes[lead - 0xc0] != 0) {
            at += whole_bytes[lead - 0xc0];
        } else {
            sio_cursor walk = {.at = bytes + at, .end = c->end};
            sio_value v;
            if (sio_cursor_read(&walk, &v) != SIO_OK)
                return SIO_EINVAL;
            at = (size_t)(walk.at - bytes);
            if (is_container(&v)) {
                left += inside(&v);
                met++;
            }
        }
    }
    if (left > 0 || at > len)
        return SIO_EINVAL;
    c->at += at;
    *containers = met;
    return SIO_OK;
}

sio_status sio_cursor_skip(sio_cursor *c)
{
    uint64_t containers;
    return skip(c, &containers);
}

enum { DEPTH_MAX = SIO_MAX_DEPTH + 8 }; /* what is around values takes some levels */

/* Whether the value at the cursor, known to be whole, is nested so deep at most. */
static bool is_within(sio_cursor c, unsigned max_depth)
{
    uint64_t left[DEPTH_MAX + 1];
    unsigned depth = 0;
    left[0] = 1;
    for (;;) {
        sio_value v = {.type = SIO_NULL};
        while (left[depth] == 0) {
            if (depth == 0)
                return true;
            depth--;
        }
        left[depth]--;
        (void)sio_cursor_read(&c, &v);
        if (!is_container(&v))
            continue;
        if (depth == max_depth)
            return false;
        left[++depth] = inside(&v);
    }
}

/* Few values have more containers than they may have levels: only those are walked again. */
sio_status sio__cursor_skip_within(sio_cursor *c, unsigned max_depth)
{
    uint64_t containers;
    sio_cursor before = *c;
    if (skip(c, &containers) != SIO_OK)
        return SIO_EINVAL;
    if (max_depth > DEPTH_MAX)
        max_depth = DEPTH_MAX;
    if (containers <= max_depth || is_within(before, max_depth))
        return SIO_OK;
    *c = before;
    return SIO_EINVAL;
}
