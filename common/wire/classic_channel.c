/* SPDX-License-Identifier: MIT */
/* Channel names of the classic wire. */
#include "wire/classic.h"

#define BROADCAST_INFIX SIO_STR("#")
#define REQUEST_INFIX   SIO_STR("-request#")
#define RESPONSE_INFIX  SIO_STR("-response#")

static sio_str infix_of(enum sio__classic_channel kind)
{
    switch (kind) {
    case CLASSIC_CHANNEL_REQUEST:
        return REQUEST_INFIX;
    case CLASSIC_CHANNEL_RESPONSE:
        return RESPONSE_INFIX;
    case CLASSIC_CHANNEL_BROADCAST:
    case CLASSIC_CHANNEL_NONE:
        break;
    }
    return BROADCAST_INFIX;
}

static char *put(char *at, sio_str text)
{
    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    return at + text.len;
}

sio_status sio__classic_channel_write(const struct sio__peer *peer, enum sio__classic_channel kind,
                                      sio_str suffix, sio_buf *out)
{
    sio_str infix = infix_of(kind);
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

static inline bool eat(sio_str *text, sio_str prefix)
{
    if (text->len < prefix.len ||
        (prefix.len > 0 && memcmp(text->ptr, prefix.ptr, prefix.len) != 0))
        return false;
    text->ptr += prefix.len;
    text->len -= prefix.len;
    return true;
}

enum sio__classic_channel sio__classic_channel_read(const struct sio__peer *peer, sio_str channel,
                                                    sio_str *suffix)
{
    enum sio__classic_channel kind = CLASSIC_CHANNEL_NONE;
    sio_str rest = channel;
    *suffix = sio_str_of(NULL, 0);
    if (!eat(&rest, peer->key))
        return CLASSIC_CHANNEL_NONE;
    if (eat(&rest, BROADCAST_INFIX))
        kind = CLASSIC_CHANNEL_BROADCAST;
    else if (eat(&rest, REQUEST_INFIX))
        kind = CLASSIC_CHANNEL_REQUEST;
    else if (eat(&rest, RESPONSE_INFIX))
        kind = CLASSIC_CHANNEL_RESPONSE;
    if (!eat(&rest, peer->nsp) || !eat(&rest, SIO_STR("#")))
        return CLASSIC_CHANNEL_NONE;
    if (rest.len > 0 && kind == CLASSIC_CHANNEL_REQUEST)
        return CLASSIC_CHANNEL_NONE;
    if (rest.len > 0) /* the last character is cut blindly, as the Node adapter does */
        *suffix = sio_str_of(rest.ptr, rest.len - 1);
    return kind;
}
