/* SPDX-License-Identifier: MIT */
/* Channel names of the classic wire, and the wire's table. */
#include "wire/classic.h"

static sio_str infix_of(enum sio__classic_channel kind)
{
    switch (kind) {
    case CLASSIC_CHANNEL_REQUEST:
        return SIO_STR("-request#");
    case CLASSIC_CHANNEL_RESPONSE:
        return SIO_STR("-response#");
    case CLASSIC_CHANNEL_BROADCAST:
    case CLASSIC_CHANNEL_NONE:
        break;
    }
    return SIO_STR("#");
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

static bool eat(sio_str *text, sio_str prefix)
{
    if (text->len < prefix.len || !sio_str_eq(sio_str_of(text->ptr, prefix.len), prefix))
        return false;
    text->ptr += prefix.len;
    text->len -= prefix.len;
    return true;
}

enum sio__classic_channel sio__classic_channel_read(const struct sio__peer *peer, sio_str channel,
                                                    sio_str *suffix)
{
    static const enum sio__classic_channel kinds[] = {
        CLASSIC_CHANNEL_BROADCAST, CLASSIC_CHANNEL_REQUEST, CLASSIC_CHANNEL_RESPONSE};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        sio_str rest = channel;
        if (!eat(&rest, peer->key) || !eat(&rest, infix_of(kinds[i])) || !eat(&rest, peer->nsp) ||
            !eat(&rest, SIO_STR("#")))
            continue;
        *suffix = sio_str_of(NULL, 0);
        if (rest.len > 0 && kinds[i] == CLASSIC_CHANNEL_REQUEST)
            continue;
        if (rest.len > 0) /* the last character is cut blindly, as the Node adapter does */
            *suffix = sio_str_of(rest.ptr, rest.len - 1);
        return kinds[i];
    }
    return CLASSIC_CHANNEL_NONE;
}

const struct sio__wire sio__wire_classic = {
    .name = "classic",
    .encode = sio__classic_encode,
    .decode = sio__classic_decode,
};
