/* SPDX-License-Identifier: MIT */
/* The argument builder: packed values grow in one buffer, each in its normal form.
 * A container's count is known when it closes; one byte is kept for its header, and
 * a count over 15 moves the content once. */
#include "value/args.h"

#include <math.h>
#include <stdlib.h>

#include "value/json.h"
#include "value/normal.h"
#include "value/pack.h"
#include "value/utf8.h"

enum { FIX_COUNT = 15 }; /* the largest count in a one-byte header */

struct frame {
    size_t at;      /* where the header is */
    uint32_t count; /* elements or whole pairs so far */
    bool map;
    bool key_given; /* a key waits for its value */
};

struct sio_args {
    sio_buf packed;
    size_t count;
    size_t first; /* bytes of the first value, if it came alone */
    size_t attachments;
    unsigned has;
    sio_status failed; /* the first failure since the last clear */
    struct frame *open;
    unsigned depth, room; /* open containers, and frames there is memory for */
};

sio_status sio_args_new(sio_args **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? SIO_ENOMEM : SIO_OK;
}

void sio_args_free(sio_args *args)
{
    if (args == NULL)
        return;
    sio_buf_fini(&args->packed);
    free(args->open);
    free(args);
}

void sio_args_clear(sio_args *args)
{
    sio_buf_clear(&args->packed);
    args->count = 0;
    args->first = 0;
    args->attachments = 0;
    args->has = 0;
    args->failed = SIO_OK;
    args->depth = 0;
}

sio_status sio_args_status(const sio_args *args)
{
    if (args->failed != SIO_OK)
        return args->failed;
    return args->depth > 0 ? SIO_EINVAL : SIO_OK;
}

size_t sio_args_count(const sio_args *args)
{
    return args->count;
}

sio_str sio_args_packed(const sio_args *args)
{
    return sio_args_status(args) == SIO_OK ? sio_buf_str(&args->packed) : sio_str_of(NULL, 0);
}

sio_status sio__args_view(const sio_args *args, struct sio__args_view *out)
{
    memset(out, 0, sizeof *out);
    if (args == NULL)
        return SIO_OK;
    if (sio_args_status(args) != SIO_OK)
        return sio_args_status(args);
    out->packed = sio_buf_str(&args->packed);
    out->count = args->count;
    out->first = args->first;
    out->attachments = args->attachments;
    out->has = args->has;
    return SIO_OK;
}

/* Remember a failure, the first one for good. */
static sio_status fail(sio_args *args, sio_status status)
{
    if (args->failed == SIO_OK)
        args->failed = status;
    return status;
}

/* Whether a value may come now. */
static sio_status expect_value(sio_args *args)
{
    if (args->failed != SIO_OK)
        return args->failed;
    if (args->depth == 0)
        return args->count < UINT32_MAX - 1 ? SIO_OK : fail(args, SIO_EINVAL);
    const struct frame *top = &args->open[args->depth - 1];
    if ((top->map && !top->key_given) || top->count == UINT32_MAX)
        return fail(args, SIO_EINVAL);
    return SIO_OK;
}

/* Count `values` values just written where the builder stands. */
static void count_values(sio_args *args, size_t values)
{
    if (args->depth == 0) {
        if (args->count == 0 && values == 1)
            args->first = args->packed.len;
        args->count += values;
        return;
    }
    struct frame *top = &args->open[args->depth - 1];
    top->count += (uint32_t)values;
    top->key_given = false;
}

static sio_status added(sio_args *args, sio_status status)
{
    if (status != SIO_OK)
        return fail(args, status);
    count_values(args, 1);
    return SIO_OK;
}

/* Write one value with `expression` and count it. */
#define ADD(args, expression)                                                                      \
    do {                                                                                           \
        sio_status expected = expect_value(args);                                                  \
        return expected != SIO_OK ? expected : added((args), (expression));                        \
    } while (0)

static sio_status check_text(sio_args *args, sio_str text)
{
    enum sio__utf8 kind = text.len > UINT32_MAX ? SIO__UTF8_INVALID : sio__utf8_check(text);
    if (kind == SIO__UTF8_INVALID)
        return fail(args, SIO_EINVAL);
    if (kind == SIO__UTF8_SURROGATES)
        args->has |= SIO__HAS_SURROGATES;
    return SIO_OK;
}

sio_status sio_args_string(sio_args *args, sio_str text)
{
    sio_status status = check_text(args, text);
    if (status != SIO_OK)
        return status;
    ADD(args, sio__pack_str(&args->packed, text));
}

sio_status sio_args_int(sio_args *args, int64_t number)
{
    if (number > SIO__SAFE_INTEGER || number < -SIO__SAFE_INTEGER)
        args->has |= SIO__HAS_BIG_INTS;
    ADD(args, sio__pack_int(&args->packed, number));
}

sio_status sio_args_uint(sio_args *args, uint64_t number)
{
    if (number > SIO__SAFE_INTEGER)
        args->has |= SIO__HAS_BIG_INTS;
    ADD(args, sio__pack_uint(&args->packed, number));
}

sio_status sio_args_double(sio_args *args, double number)
{
    /* every double this large is integral; beyond 64 bits it goes as a double */
    if (fabs(number) > SIO__SAFE_INTEGER && number >= -0x1p63 && number < 0x1p64)
        args->has |= SIO__HAS_BIG_INTS;
    ADD(args, sio__pack_number(&args->packed, number));
}

sio_status sio_args_bool(sio_args *args, bool flag)
{
    ADD(args, sio__pack_bool(&args->packed, flag));
}

sio_status sio_args_null(sio_args *args)
{
    ADD(args, sio__pack_null(&args->packed));
}

sio_status sio_args_undefined(sio_args *args)
{
    args->has |= SIO__HAS_UNDEFINED;
    ADD(args, sio__pack_undefined(&args->packed));
}

sio_status sio_args_binary(sio_args *args, const void *bytes, size_t len)
{
    if (len > UINT32_MAX)
        return fail(args, SIO_EINVAL);
    args->attachments++;
    ADD(args, sio__pack_bin(&args->packed, sio_str_of(bytes, len)));
}

sio_status sio_args_date(sio_args *args, int64_t ms)
{
    int64_t seconds = ms / 1000 - (ms % 1000 < 0);
    uint32_t rest = (uint32_t)(ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000);
    args->has |= SIO__HAS_DATES;
    ADD(args, sio__pack_date(&args->packed, seconds, rest * 1000000));
}

static sio_status begin(sio_args *args, bool map)
{
    sio_status status = expect_value(args);
    if (status != SIO_OK)
        return status;
    if (args->depth == SIO_MAX_DEPTH)
        return fail(args, SIO_EINVAL);
    if (args->depth == args->room) {
        unsigned room = args->room == 0 ? 8 : args->room * 2;
        struct frame *open = realloc(args->open, room * sizeof *open);
        if (open == NULL)
            return fail(args, SIO_ENOMEM);
        args->open = open;
        args->room = room;
    }
    struct frame frame = {.at = args->packed.len, .map = map};
    status = map ? sio__pack_map(&args->packed, 0) : sio__pack_array(&args->packed, 0);
    if (status != SIO_OK)
        return fail(args, status);
    args->open[args->depth++] = frame;
    return SIO_OK;
}

static sio_status end(sio_args *args, bool map)
{
    if (args->failed != SIO_OK)
        return args->failed;
    if (args->depth == 0 || args->open[args->depth - 1].map != map ||
        args->open[args->depth - 1].key_given)
        return fail(args, SIO_EINVAL);
    const struct frame *top = &args->open[args->depth - 1];
    char memory[8];
    sio_buf header;
    sio_buf_init_on(&header, memory, sizeof memory);
    sio_status status =
        map ? sio__pack_map(&header, top->count) : sio__pack_array(&header, top->count);
    if (status == SIO_OK)
        status = sio_buf_reserve(&args->packed, header.len - 1);
    if (status != SIO_OK)
        return fail(args, status);
    char *at = args->packed.ptr + top->at;
    if (top->count > FIX_COUNT)
        memmove(at + header.len, at + 1, args->packed.len - top->at - 1);
    memcpy(at, header.ptr, header.len);
    args->packed.len += header.len - 1;
    args->depth--;
    count_values(args, 1);
    return SIO_OK;
}

sio_status sio_args_array_begin(sio_args *args)
{
    return begin(args, false);
}

sio_status sio_args_array_end(sio_args *args)
{
    return end(args, false);
}

sio_status sio_args_map_begin(sio_args *args)
{
    return begin(args, true);
}

sio_status sio_args_map_end(sio_args *args)
{
    return end(args, true);
}

sio_status sio_args_key(sio_args *args, sio_str key)
{
    if (args->failed != SIO_OK)
        return args->failed;
    if (args->depth == 0 || !args->open[args->depth - 1].map ||
        args->open[args->depth - 1].key_given)
        return fail(args, SIO_EINVAL);
    sio_status status = check_text(args, key);
    if (status == SIO_OK)
        status = sio__pack_str(&args->packed, key);
    if (status != SIO_OK)
        return fail(args, status);
    args->open[args->depth - 1].key_given = true;
    return SIO_OK;
}

/* Levels that a value may nest where the builder stands. */
static unsigned levels_left(const sio_args *args)
{
    return SIO_MAX_DEPTH - args->depth;
}

sio_status sio_args_json(sio_args *args, sio_str text, sio_json_error *err)
{
    if (err != NULL)
        memset(err, 0, sizeof *err);
    sio_status status = expect_value(args);
    if (status != SIO_OK)
        return status;
    status = sio__json_read(text, levels_left(args), &args->packed, err, &args->has);
    return added(args, status);
}

sio_status sio_args_msgpack(sio_args *args, sio_str packed)
{
    struct sio__scan scan;
    if (args->failed != SIO_OK)
        return args->failed;
    sio_status status = packed.len == 0 ? SIO_EINVAL : sio__scan(packed, levels_left(args), &scan);
    if (status != SIO_OK)
        return fail(args, status);
    if ((status = expect_value(args)) != SIO_OK)
        return status;
    bool one = args->depth > 0 && args->open[args->depth - 1].map;
    if ((one && scan.values != 1) || scan.values > UINT32_MAX - 1 - args->count)
        return fail(args, SIO_EINVAL);
    status = sio__normalise(packed, &scan, &args->packed);
    if (status != SIO_OK)
        return fail(args, status);
    args->attachments += scan.attachments;
    args->has |= scan.has;
    count_values(args, scan.values);
    return SIO_OK;
}
