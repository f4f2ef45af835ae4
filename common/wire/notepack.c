/* SPDX-License-Identifier: MIT */
/* Packed values as notepack.io 3 puts them on the wires. */
#include "wire/notepack.h"

#include <sio/value.h>

#include "value/normal.h"
#include "value/pack.h"
#include "value/utf8.h"

/* Write text with each lone surrogate as U+FFFD. Both take three bytes, so that no length
 * changes. (notepack.io itself makes other characters of short strings and cuts some: never
 * reproduced.) */
static sio_status write_text(sio_str text, sio_buf *out)
{
    size_t header_and_before = out->len;
    sio_status status = sio__pack_str(out, text);
    if (status != SIO_OK || sio__utf8_check(text) == SIO__UTF8_VALID)
        return status;
    char *p = out->ptr + out->len - text.len;
    for (size_t i = 0; i < text.len;) {
        uint32_t cp;
        int len = sio__utf8_decode(p + i, text.len - i, &cp);
        if (len < 0) {
            out->len = header_and_before;
            return SIO_EINVAL;
        }
        if (cp >= 0xd800 && cp <= 0xdfff)
            memcpy(p + i, "\xef\xbf\xbd", 3);
        i += (size_t)len;
    }
    return SIO_OK;
}

/* An open container on the way: a map's entries with an undefined value are left out, so
 * that its count is known only when they have been seen. */
struct level {
    uint64_t left; /* tokens still to come at this level; even in a map: a key is next */
    size_t slot;   /* which of the counts is this container's */
    bool map;
};

struct walk {
    struct level stack[SIO_MAX_DEPTH];
    unsigned depth;
    sio_buf counts; /* uint32_t per container, in the order they open: what will be written */
};

static uint32_t *count_at(struct walk *w, size_t slot)
{
    return (uint32_t *)(void *)w->counts.ptr + slot;
}

static sio_status open_level(struct walk *w, const sio_value *v, size_t slot)
{
    if (w->depth == SIO_MAX_DEPTH)
        return SIO_EINVAL;
    struct level *level = &w->stack[w->depth++];
    level->map = v->type == SIO_MAP;
    level->left = level->map ? 2 * (uint64_t)v->v.count : v->v.count;
    level->slot = slot;
    return SIO_OK;
}

static void close_levels(struct walk *w)
{
    while (w->depth > 0 && w->stack[w->depth - 1].left == 0)
        w->depth--;
}

/* First pass: the count of each container without its undefined entries. */
static sio_status count_values(struct walk *w, sio_cursor c)
{
    while (!sio_cursor_done(&c)) {
        sio_value v;
        sio_status status = sio_cursor_read(&c, &v);
        if (status != SIO_OK)
            return status;
        if (w->depth > 0) {
            struct level *top = &w->stack[w->depth - 1];
            if (top->map && top->left % 2 == 1 && v.type == SIO_UNDEFINED)
                (*count_at(w, top->slot))--;
            top->left--;
        }
        if (v.type == SIO_ARRAY || v.type == SIO_MAP) {
            size_t slot = w->counts.len / sizeof(uint32_t);
            status = sio_buf_append(&w->counts, &v.v.count, sizeof v.v.count);
            if (status == SIO_OK)
                status = open_level(w, &v, slot);
            if (status != SIO_OK)
                return status;
        }
        close_levels(w);
    }
    return SIO_OK;
}

static bool undefined_next(sio_cursor c)
{
    sio_value v;
    return sio_cursor_read(&c, &v) == SIO_OK && v.type == SIO_UNDEFINED;
}

static sio_status write_token(struct walk *w, const sio_value *v, size_t *slot, sio_buf *out)
{
    switch (v->type) {
    case SIO_UNDEFINED:
        return sio__pack_null(out);
    case SIO_STRING:
        return write_text(v->v.text, out);
    case SIO_ARRAY:
    case SIO_MAP: {
        uint32_t count = *count_at(w, *slot);
        sio_status status =
            v->type == SIO_MAP ? sio__pack_map(out, count) : sio__pack_array(out, count);
        return status != SIO_OK ? status : open_level(w, v, (*slot)++);
    }
    default:
        return sio__pack_token(v, out);
    }
}

/* Second pass: the values themselves. */
static sio_status write_values(struct walk *w, sio_cursor c, sio_buf *out)
{
    size_t slot = 0;
    while (!sio_cursor_done(&c)) {
        sio_value v;
        sio_status status = sio_cursor_read(&c, &v);
        struct level *top = w->depth > 0 ? &w->stack[w->depth - 1] : NULL;
        if (status == SIO_OK && top != NULL && top->map && top->left % 2 == 0 &&
            undefined_next(c)) {
            status = sio_cursor_skip(&c);
            top->left -= 2;
        } else if (status == SIO_OK) {
            if (top != NULL)
                top->left--;
            status = write_token(w, &v, &slot, out);
        }
        if (status != SIO_OK)
            return status;
        close_levels(w);
    }
    return SIO_OK;
}

sio_status sio__notepack_values(sio_str packed, unsigned has, sio_buf *out)
{
    if ((has & (SIO__HAS_UNDEFINED | SIO__HAS_SURROGATES)) == 0)
        return sio_buf_append(out, packed.ptr, packed.len);
    struct walk w;
    size_t before = out->len;
    w.depth = 0;
    sio_buf_init(&w.counts);
    sio_status status = count_values(&w, sio_cursor_at(packed));
    if (status == SIO_OK)
        status = write_values(&w, sio_cursor_at(packed), out);
    if (status != SIO_OK)
        out->len = before;
    sio_buf_fini(&w.counts);
    return status;
}
