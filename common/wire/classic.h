/* SPDX-License-Identifier: MIT */
/* Names shared by the halves of the classic wire: channels, request types, fields.
 * Source: @socket.io/redis-adapter 8.3, lib/index.ts, and @socket.io/redis-emitter
 * 5.1, lib/index.ts; see docs/protocol.md. */
#ifndef SIO_COMMON_WIRE_CLASSIC_H
#define SIO_COMMON_WIRE_CLASSIC_H

#include "wire/wire.h"

enum sio__classic_type {
    CLASSIC_SOCKETS = 0,
    CLASSIC_ALL_ROOMS = 1,
    CLASSIC_REMOTE_JOIN = 2,
    CLASSIC_REMOTE_LEAVE = 3,
    CLASSIC_REMOTE_DISCONNECT = 4,
    CLASSIC_REMOTE_FETCH = 5,
    CLASSIC_SERVER_SIDE_EMIT = 6,
    CLASSIC_BROADCAST = 7,
    CLASSIC_BROADCAST_CLIENT_COUNT = 8,
    CLASSIC_BROADCAST_ACK = 9
};

enum { CLASSIC_EVENT = 2 }; /* packet.type of an event, socket.io-parser */

enum sio__classic_channel {
    CLASSIC_CHANNEL_NONE,
    CLASSIC_CHANNEL_BROADCAST, /* KEY#nsp#  or KEY#nsp#ROOM# */
    CLASSIC_CHANNEL_REQUEST,   /* KEY-request#nsp# */
    CLASSIC_CHANNEL_RESPONSE   /* KEY-response#nsp# or KEY-response#nsp#UID# */
};

/* Append "KEY<infix>#nsp#", and with a suffix (ptr not NULL) "suffix#" behind it. */
sio_status sio__classic_channel_write(const struct sio__peer *peer, enum sio__classic_channel kind,
                                      sio_str suffix, sio_buf *out);

/* Tell whose channel this is: compares whole names, never splits at '#', which rooms and
 * namespaces may contain. The suffix (room or uid) is what stands between the prefix and
 * the last character; ptr NULL: none. */
enum sio__classic_channel sio__classic_channel_read(const struct sio__peer *peer, sio_str channel,
                                                    sio_str *suffix);

sio_status sio__classic_encode(const struct sio__peer *peer, const struct sio_message *msg,
                               sio_str to_uid, struct sio__frame *frame);

enum sio__verdict sio__classic_decode(const struct sio__peer *peer, sio_str channel,
                                      sio_str payload, sio_buf *scratch, struct sio_message *out);

#endif
