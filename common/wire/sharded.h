/* SPDX-License-Identifier: MIT */
/* Names shared by the halves of the sharded wire. Source: @socket.io/redis-adapter 8.3,
 * lib/sharded-adapter.ts; see docs/protocol.md. */
#ifndef SIO_COMMON_WIRE_SHARDED_H
#define SIO_COMMON_WIRE_SHARDED_H

#include "wire/cluster.h"

/* Append "KEY#nsp#", and with a suffix (ptr not NULL) "suffix#" behind it. */
sio_status sio__sharded_channel_write(const struct sio__peer *peer, sio_str suffix, sio_buf *out);

/* Whether it is this namespace's. The suffix (room or uid) is what stands between the prefix
 * and the last character; ptr NULL: none. */
bool sio__sharded_channel_read(const struct sio__peer *peer, sio_str channel, sio_str *suffix);

/* Whether broadcasts to a room alone travel on its own channel. */
bool sio__sharded_has_channel(const struct sio__peer *peer, sio_str room);

/* What stands behind `data` in JSON as Node writes it, ,"uid":"...","nsp":"..."}, read backwards,
 * so that the data, which may be long, need not be looked at. In a valid text the last '}' closes
 * the message, the quotes before it have no backslash before them, and nothing comes after these
 * two: reading all of it would find the same. False: in another form. */
bool sio__sharded_json_end(sio_str payload, sio_str *uid, sio_str *nsp);

sio_status sio__sharded_encode(const struct sio__peer *peer, const struct sio_message *msg,
                               sio_str to_uid, struct sio__frame *frame);

enum sio__verdict sio__sharded_decode(const struct sio__peer *peer, sio_str channel,
                                      sio_str payload, sio_buf *scratch, struct sio_message *out);

#endif
