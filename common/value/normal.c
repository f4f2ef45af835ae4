/* SPDX-License-Identifier: MIT */
/* One pass says whether packed values may be copied as they are (the common case);
 * a second one rewrites those that may not. */
#include "value/normal.h"

#include <math.h>
#include <string.h>

#include "value/pack.h"
#include "value/utf8.h"

static bool is_normal_double(double number)
{
    bool integral = number == floor(number) && number >= -0x1p63 && number < 0x1p64;
    return !integral;
}

/* Whether a token took the lead byte that notepack.io gives its value. The smallest
 * form that holds a value is the only one with its lead byte and the right length, so
 * the lead byte decides. */
static bool is_normal(unsigned lead, const sio_value *v, size_t size)
{
    switch (v->type) {
    case SIO_UINT:
        if (v->v.natural < 0x80)
            return size == 1;
        if (v->v.natural <= 0xff)
            return lead == 0xcc;
        if (v->v.natural <= 0xffff)
            return lead == 0xcd;
        return v->v.natural <= 0xffffffff ? lead == 0xce : lead == 0xcf;
    case SIO_INT:
        if (v->v.integer >= -0x20)
            return size == 1;
        if (v->v.integer >= -0x80)
            return lead == 0xd0;
        if (v->v.integer >= -0x8000)
            return lead == 0xd1;
        return v->v.integer >= -0x80000000LL ? lead == 0xd2 : lead == 0xd3;
    case SIO_DOUBLE:
        return lead == 0xcb && is_normal_double(v->v.real);
    case SIO_STRING:
        if (v->v.text.len < 32)
            return lead < 0xc0;
        if (v->v.text.len <= 0xff)
            return lead == 0xd9;
        return v->v.text.len <= 0xffff ? lead == 0xda : lead == 0xdb;
    case SIO_BINARY:
        if (v->v.text.len <= 0xff)
            return lead == 0xc4;
        return v->v.text.len <= 0xffff ? lead == 0xc5 : lead == 0xc6;
    case SIO_ARRAY:
    case SIO_MAP:
        if (v->v.count < 16)
            return lead < 0xc0;
        return v->v.count <= 0xffff ? (lead == 0xdc || lead == 0xde) : true;
    case SIO_UNDEFINED:
    case SIO_DATE:
        return false; /* rare: decided by writing them again */
    case SIO_NULL:
    case SIO_BOOL:
    case SIO_EXT:
        break;
    }
    return true;
}

/* Undefined and dates have few bytes: their normal form is made and compared. */
static bool is_normal_ext(const sio_value *v, const unsigned char *bytes, size_t size)
{
    char memory[32];
    sio_buf again;
    sio_buf_init_on(&again, memory, sizeof memory);
    sio_status status = sio__pack_token(v, &again);
    bool same = status == SIO_OK && again.len == size && memcmp(again.ptr, bytes, size) == 0;
    sio_buf_fini(&again);
    return same;
}

static sio_status scan_text(sio_str text, unsigned *has)
{
    switch (sio__utf8_check(text)) {
    case SIO__UTF8_VALID:
        return SIO_OK;
    case SIO__UTF8_SURROGATES:
        *has |= SIO__HAS_SURROGATES;
        return SIO_OK;
    case SIO__UTF8_INVALID:
        break;
    }
    return SIO_EINVAL;
}

static sio_status scan_token(const sio_value *v, struct sio__scan *scan)
{
    switch (v->type) {
    case SIO_EXT:
        return SIO_EINVAL;
    case SIO_STRING:
        return scan_text(v->v.text, &scan->has);
    case SIO_BINARY:
        scan->attachments++;
        break;
    case SIO_UNDEFINED:
        scan->has |= SIO__HAS_UNDEFINED;
        break;
    case SIO_UINT:
        if (v->v.natural > SIO__SAFE_INTEGER)
            scan->has |= SIO__HAS_BIG_INTS;
        break;
    case SIO_INT:
        if (v->v.integer < -SIO__SAFE_INTEGER)
            scan->has |= SIO__HAS_BIG_INTS;
        break;
    case SIO_DOUBLE:
        if (v->v.real == floor(v->v.real) && fabs(v->v.real) > SIO__SAFE_INTEGER &&
            !is_normal_double(v->v.real))
            scan->has |= SIO__HAS_BIG_INTS;
        break;
    case SIO_NULL:
    case SIO_BOOL:
    case SIO_DATE:
    case SIO_ARRAY:
    case SIO_MAP:
        break;
    }
    return SIO_OK;
}

/* An open container: tokens it still waits for, twice that number for maps with the
 * parity telling keys from values. */
struct open {
    uint64_t left;
    bool map;
};

static bool is_key(const struct open *o)
{
    return o->map && o->left % 2 == 0;
}

static sio_status scan_value(sio_cursor *c, struct open *stack, unsigned max_depth,
                             struct sio__scan *scan)
{
    unsigned depth = 0;
    do {
        sio_value v;
        const unsigned char *start = c->at;
        if (sio_cursor_read(c, &v) != SIO_OK || scan_token(&v, scan) != SIO_OK)
            return SIO_EINVAL;
        size_t size = (size_t)(c->at - start);
        if (scan->normal && !is_normal(start[0], &v, size))
            scan->normal =
                (v.type == SIO_UNDEFINED || v.type == SIO_DATE) && is_normal_ext(&v, start, size);
        if (depth > 0) {
            if (is_key(&stack[depth - 1]) && v.type != SIO_STRING)
                return SIO_EINVAL;
            stack[depth - 1].left--;
        }
        if (v.type == SIO_ARRAY || v.type == SIO_MAP) {
            if (depth == max_depth)
                return SIO_EINVAL;
            stack[depth].map = v.type == SIO_MAP;
            stack[depth].left = v.type == SIO_MAP ? 2 * (uint64_t)v.v.count : v.v.count;
            depth++;
        }
        while (depth > 0 && stack[depth - 1].left == 0)
            depth--;
    } while (depth > 0);
    return SIO_OK;
}

sio_status sio__scan(sio_str packed, unsigned max_depth, struct sio__scan *out)
{
    struct open stack[SIO_MAX_DEPTH];
    sio_cursor c = sio_cursor_at(packed);
    memset(out, 0, sizeof *out);
    out->normal = true;
    if (max_depth > SIO_MAX_DEPTH)
        max_depth = SIO_MAX_DEPTH;
    while (!sio_cursor_done(&c)) {
        if (scan_value(&c, stack, max_depth, out) != SIO_OK)
            return SIO_EINVAL;
        out->values++;
    }
    return SIO_OK;
}

sio_status sio__pack_token(const sio_value *v, sio_buf *out)
{
    switch (v->type) {
    case SIO_UNDEFINED:
        return sio__pack_undefined(out);
    case SIO_NULL:
        return sio__pack_null(out);
    case SIO_BOOL:
        return sio__pack_bool(out, v->v.boolean);
    case SIO_INT:
        return sio__pack_int(out, v->v.integer);
    case SIO_UINT:
        return sio__pack_uint(out, v->v.natural);
    case SIO_DOUBLE:
        return sio__pack_number(out, v->v.real);
    case SIO_STRING:
        return sio__pack_str(out, v->v.text);
    case SIO_BINARY:
        return sio__pack_bin(out, v->v.text);
    case SIO_DATE:
        return sio__pack_date(out, v->v.date.seconds, v->v.date.nanoseconds);
    case SIO_ARRAY:
        return sio__pack_array(out, v->v.count);
    case SIO_MAP:
        return sio__pack_map(out, v->v.count);
    case SIO_EXT:
        break; /* sio__scan() lets none through */
    }
    return SIO_EINVAL;
}

sio_status sio__normalise(sio_str packed, const struct sio__scan *scan, sio_buf *out)
{
    if (scan->normal)
        return sio_buf_append(out, packed.ptr, packed.len);
    size_t before = out->len;
    sio_cursor c = sio_cursor_at(packed);
    while (!sio_cursor_done(&c)) {
        sio_value v;
        sio_status status = sio_cursor_read(&c, &v);
        if (status == SIO_OK)
            status = sio__pack_token(&v, out);
        if (status != SIO_OK) {
            out->len = before;
            return status;
        }
    }
    return SIO_OK;
}
