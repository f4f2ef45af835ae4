/* SPDX-License-Identifier: MIT */
/* Channel names of the classic wire. */
#include "wire/classic.h"

#include "wire/channel_name.h"

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

sio_status sio__classic_channel_write(const struct sio__peer *peer, enum sio__classic_channel kind,
                                      sio_str suffix, sio_buf *out)
{
    return sio__channel_write(peer, infix_of(kind), suffix, out);
}

enum sio__classic_channel sio__classic_channel_read(const struct sio__peer *peer, sio_str channel,
                                                    sio_str *suffix)
{
    enum sio__classic_channel kind = CLASSIC_CHANNEL_NONE;
    sio_str rest = channel;
    *suffix = sio_str_of(NULL, 0);
    if (!sio__channel_eat(&rest, peer->key))
        return CLASSIC_CHANNEL_NONE;
    if (sio__channel_eat(&rest, BROADCAST_INFIX))
        kind = CLASSIC_CHANNEL_BROADCAST;
    else if (sio__channel_eat(&rest, REQUEST_INFIX))
        kind = CLASSIC_CHANNEL_REQUEST;
    else if (sio__channel_eat(&rest, RESPONSE_INFIX))
        kind = CLASSIC_CHANNEL_RESPONSE;
    if (!sio__channel_suffix(peer, rest, suffix))
        return CLASSIC_CHANNEL_NONE;
    if (kind != CLASSIC_CHANNEL_REQUEST || suffix->ptr == NULL)
        return kind;
    *suffix = sio_str_of(NULL, 0); /* requests have none */
    return CLASSIC_CHANNEL_NONE;
}
