/* SPDX-License-Identifier: MIT */
#include "wire/channel_name.h"

static char *put(char *at, sio_str text)
{
    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    return at + text.len;
}

sio_status sio__channel_write(const struct sio__peer *peer, sio_str infix, sio_str suffix,
                              sio_buf *out)
{
    size_t len = peer->key.len + infix.len + peer->nsp.len + 1;
    if (suffix.ptr != NULL)
        len += suffix.len + 1;
    sio_status status = sio_buf_reserve(out, len);
    if (status != SIO_OK)
        return status;
    char *at = put(out->ptr + out->len, peer->key);
    at = put(at, infix);
    at = put(at, peer->nsp);
    *at++ = '#';
    if (suffix.ptr != NULL) {
        at = put(at, suffix);
        *at = '#';
    }
    out->len += len;
    return SIO_OK;
}
