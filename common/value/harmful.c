/* SPDX-License-Identifier: MIT */
/* Looks for keys that mean more to a JavaScript receiver than their values may bear. */
#include "value/harmful.h"

#include <stdint.h>

#include <sio/value.h>

/* A container being read: tokens it still expects, in a map keys and values in turn. */
struct level {
    uint64_t left;
    bool map;
};

enum key { OTHER_KEY, PROTO, PLACEHOLDER };

static enum key key_of(const sio_value *v)
{
    if (v->type == SIO_STRING && sio_str_eq(v->v.text, SIO_STR("__proto__")))
        return PROTO;
    if (v->type == SIO_STRING && sio_str_eq(v->v.text, SIO_STR("_placeholder")))
        return PLACEHOLDER;
    return OTHER_KEY;
}

static bool is_harmful(enum key key, const sio_value *v, bool has_binary)
{
    if (key == PROTO)
        return v->type == SIO_DATE || v->type == SIO_BINARY;
    return key == PLACEHOLDER && has_binary && v->type == SIO_BOOL && v->v.boolean;
}

bool sio__harms_javascript(sio_str packed, bool has_binary)
{
    struct level stack[SIO_MAX_DEPTH];
    sio_cursor c = sio_cursor_at(packed);
    unsigned depth = 0;
    enum key key = OTHER_KEY;
    while (!sio_cursor_done(&c)) {
        sio_value v;
        if (sio_cursor_read(&c, &v) != SIO_OK || is_harmful(key, &v, has_binary))
            return true;
        struct level *top = depth > 0 ? &stack[depth - 1] : NULL;
        bool is_key = top != NULL && top->map && top->left % 2 == 0;
        key = is_key ? key_of(&v) : OTHER_KEY;
        if (top != NULL)
            top->left--;
        if (v.type == SIO_ARRAY || v.type == SIO_MAP) {
            if (depth == SIO_MAX_DEPTH)
                return true;
            bool map = v.type == SIO_MAP;
            stack[depth++] =
                (struct level){.left = map ? 2 * (uint64_t)v.v.count : v.v.count, .map = map};
        }
        while (depth > 0 && stack[depth - 1].left == 0)
            depth--;
    }
    return false;
}
