/* SPDX-License-Identifier: MIT */
/* MessagePack tokens by msgpack-c's packer. Each call packs into a local packer
 * whose callback the compiler sees, so the inline functions of msgpack-c end as
 * plain stores. */
#include "value/pack.h"

#include <math.h>
#include <msgpack/pack.h>
#include <msgpack/timestamp.h>

#include "value/put.h"

static int write_cb(void *data, const char *bytes, size_t len)
{
    return sio__put(data, bytes, len) == SIO_OK ? 0 : -1;
}

/* Run one packing expression on `pk`; all or nothing. */
#define PACK(out, expression)                                                                      \
    do {                                                                                           \
        msgpack_packer packer = {(out), write_cb};                                                 \
        msgpack_packer *pk = &packer;                                                              \
        size_t before = (out)->len;                                                                \
        if ((expression) != 0) {                                                                   \
            (out)->len = before;                                                                   \
            return SIO_ENOMEM;                                                                     \
        }                                                                                          \
        return SIO_OK;                                                                             \
    } while (0)

sio_status sio__pack_null(sio_buf *out)
{
    PACK(out, msgpack_pack_nil(pk));
}

sio_status sio__pack_undefined(sio_buf *out)
{
    PACK(out, msgpack_pack_ext(pk, 1, 0) != 0 || msgpack_pack_ext_body(pk, "", 1) != 0);
}

sio_status sio__pack_bool(sio_buf *out, bool flag)
{
    PACK(out, flag ? msgpack_pack_true(pk) : msgpack_pack_false(pk));
}

sio_status sio__pack_int(sio_buf *out, int64_t number)
{
    PACK(out, msgpack_pack_int64(pk, number));
}

sio_status sio__pack_uint(sio_buf *out, uint64_t number)
{
    PACK(out, msgpack_pack_uint64(pk, number));
}

static sio_status pack_double(sio_buf *out, double number)
{
    PACK(out, msgpack_pack_double(pk, number));
}

/* Conversions there and back tell integers: floor() is a call without SSE 4.1. */
sio_status sio__pack_number(sio_buf *out, double number)
{
    if (number >= -0x1p63 && number < 0x1p63) {
        int64_t whole = (int64_t)number;
        if ((double)whole == number)
            return whole < 0 ? sio__pack_int(out, whole) : sio__pack_uint(out, (uint64_t)whole);
    } else if (number >= 0x1p63 && number < 0x1p64) {
        return sio__pack_uint(out, (uint64_t)number); /* a double so large has no fraction */
    }
    return pack_double(out, isnan(number) ? NAN : number); /* JavaScript has but one NaN */
}

sio_status sio__pack_str(sio_buf *out, sio_str text)
{
    PACK(out,
         msgpack_pack_str(pk, text.len) != 0 || msgpack_pack_str_body(pk, text.ptr, text.len) != 0);
}

sio_status sio__pack_bin(sio_buf *out, sio_str bytes)
{
    PACK(out, msgpack_pack_bin(pk, bytes.len) != 0 ||
                  msgpack_pack_bin_body(pk, bytes.ptr, bytes.len) != 0);
}

sio_status sio__pack_date(sio_buf *out, int64_t seconds, uint32_t nanoseconds)
{
    enum { LONGEST = 15 };
    msgpack_timestamp stamp = {.tv_sec = seconds, .tv_nsec = nanoseconds};
    /* msgpack-c looks at the last of its writes only: a header could be lost */
    if (sio_buf_reserve(out, LONGEST) != SIO_OK)
        return SIO_ENOMEM;
    PACK(out, msgpack_pack_timestamp(pk, &stamp));
}

sio_status sio__pack_array(sio_buf *out, uint32_t count)
{
    PACK(out, msgpack_pack_array(pk, count));
}

sio_status sio__pack_map(sio_buf *out, uint32_t count)
{
    PACK(out, msgpack_pack_map(pk, count));
}
