/* SPDX-License-Identifier: MIT */
/* Steps over MessagePack in the form that peers usually write it: constant tokens at their
 * places, short names, few of them. Each step is taken whole, or the cursor's place does not
 * count any more: then the message is read in the general way. Inline, because nearly every
 * message comes this way and the steps are a few instructions each. */
#ifndef SIO_COMMON_WIRE_USUAL_H
#define SIO_COMMON_WIRE_USUAL_H

#include <stdbool.h>
#include <string.h>

#include <sio/value.h>

#include "value/cursor.h"
#include "wire/message.h"

/* Bytes that are expected; of a constant length, so that no call is made. */
static inline bool sio__eat(sio_cursor *c, const char *bytes, size_t len)
{
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, bytes, len) != 0)
        return false;
    c->at += len;
    return true;
}

#define SIO__EAT(c, literal) sio__eat(c, "" literal, sizeof(literal) - 1)

/* A text of up to 31 bytes. */
static inline bool sio__eat_text(sio_cursor *c, sio_str *text)
{
    size_t left = (size_t)(c->end - c->at), len = left > 0 ? c->at[0] & 0x1f : 0;
    if (len >= left || (c->at[0] & 0xe0) != 0xa0)
        return false;
    *text = sio_str_of(c->at + 1, len);
    c->at += 1 + len;
    return true;
}

/* An array of up to 15 such texts. */
static inline bool sio__eat_names(sio_cursor *c, sio_str *packed)
{
    const unsigned char *start = c->at;
    sio_str name;
    if (start == c->end || (start[0] & 0xf0) != 0x90)
        return false;
    c->at++;
    for (unsigned n = start[0] & 0x0f; n > 0; n--)
        if (!sio__eat_text(c, &name))
            return false;
    *packed = sio_str_of(start, (size_t)(c->at - start));
    return true;
}

/* An array of 1 to 15 values, nested at most so deep, that begins with such a text: event and
 * arguments. */
static inline bool sio__eat_event(sio_cursor *c, unsigned max_depth, struct sio_message *out)
{
    const unsigned char *start = c->at;
    sio_str event;
    if (start == c->end || start[0] < 0x91 || start[0] > 0x9f)
        return false;
    sio_cursor first = {.at = start + 1, .end = c->end};
    if (!sio__eat_text(&first, &event) || sio__cursor_skip_within(c, max_depth) != SIO_OK)
        return false;
    out->nargs = start[0] & 0x0f;
    out->args = sio_str_of(start + 1, (size_t)(c->at - start) - 1);
    return true;
}

/* A map of up to 15 pairs, nested at most so deep. */
static inline bool sio__eat_flags(sio_cursor *c, unsigned max_depth, sio_str *packed)
{
    const unsigned char *start = c->at;
    if (start == c->end || (start[0] & 0xf0) != 0x80)
        return false;
    if (start[0] == 0x80)
        c->at++;
    else if (sio__cursor_skip_within(c, max_depth) != SIO_OK)
        return false;
    *packed = sio_str_of(start, (size_t)(c->at - start));
    return true;
}

#endif
