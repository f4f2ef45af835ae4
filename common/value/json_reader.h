/* SPDX-License-Identifier: MIT */
/* The state of reading a JSON text, and the smallest steps. For json_read.c alone. */
#ifndef SIO_COMMON_VALUE_JSON_READER_H
#define SIO_COMMON_VALUE_JSON_READER_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/status.h>

#include "value/json_order.h"
#include "value/json_scan.h"

enum { FIRST_FRAMES = 32 };

/* An open container. */
struct frame {
    struct sio__json_object keys;
    uint32_t at; /* its header, from the start of the document */
    uint32_t count;
    bool object;
};

struct reader {
    const char *start;
    const char *end;
    sio_buf out; /* the caller's, while it is written */
    unsigned depth_left;
    unsigned noted;   /* what depth_left is in containers whose extents are noted */
    unsigned has;     /* SIO__HAS_* */
    bool first;       /* only the first value is wanted, whatever follows it */
    const char *stop; /* where the reading ended */
    sio_status status;
    const char *where; /* of a mistake in the text */
    const char *what;
    struct frame *top; /* the innermost of the open containers, or NULL */
    sio_buf frames;
    struct sio__json_order order;
    struct frame frame_memory[FIRST_FRAMES];
};

/* Steps take a place in the text and return the one behind what they read, or NULL when they
 * have failed. */
static inline const char *fail(struct reader *r, const char *where, const char *what)
{
    r->status = SIO_EINVAL;
    r->where = where;
    r->what = what;
    return NULL;
}

static inline const char *fail_memory(struct reader *r)
{
    r->status = SIO_ENOMEM;
    return NULL;
}

static inline const char *packed(struct reader *r, sio_status status, const char *at)
{
    return status == SIO_OK ? at : fail_memory(r);
}

static inline const char *skip_spaces(const struct reader *r, const char *at)
{
    while (at < r->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

static inline const char *skip_space(const struct reader *r, const char *at)
{
    if (at != r->end && *at > ' ') /* mostly */
        return at;
    return skip_spaces(r, at);
}

/* Step over a character that may follow white space. False: it does not come; *at is what
 * comes instead. */
static inline bool take(const struct reader *r, const char **at, char c)
{
    if (*at == r->end || **at != c)
        *at = skip_spaces(r, *at);
    if (*at == r->end || **at != c)
        return false;
    ++*at;
    return true;
}

static inline bool is_digit(const struct reader *r, const char *at)
{
    return at < r->end && *at >= '0' && *at <= '9';
}

static inline const char *put_byte(struct reader *r, unsigned byte, const char *at)
{
    if (!sio__json_room(&r->out, 1))
        return fail_memory(r);
    r->out.ptr[r->out.len++] = (char)byte;
    return at;
}

#endif
