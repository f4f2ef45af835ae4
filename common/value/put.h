/* SPDX-License-Identifier: MIT */
/* sio_buf_append() with its usual case inline: the encoders append a few bytes very often. */
#ifndef SIO_COMMON_VALUE_PUT_H
#define SIO_COMMON_VALUE_PUT_H

#include <sio/buf.h>

static inline sio_status sio__put(sio_buf *out, const void *bytes, size_t len)
{
    if (len == 0 || len > out->cap - out->len)
        return sio_buf_append(out, bytes, len);
    memcpy(out->ptr + out->len, bytes, len);
    out->len += len;
    return SIO_OK;
}

static inline sio_status sio__put_str(sio_buf *out, sio_str bytes)
{
    return sio__put(out, bytes.ptr, bytes.len);
}

#endif
