/* SPDX-License-Identifier: MIT */
/* The cluster message format: messages {type, data, uid, nsp}, which the sharded wire sends
 * whole. Here are the numbers of the types and their `data`.
 * Source: socket.io-adapter 2.5, lib/cluster-adapter.ts; see docs/protocol.md. */
#ifndef SIO_COMMON_WIRE_CLUSTER_H
#define SIO_COMMON_WIRE_CLUSTER_H

#include <sio/value.h>

#include "wire/wire.h"

enum sio__cluster_type {
    CLUSTER_NONE = 0, /* no number is */
    CLUSTER_INITIAL_HEARTBEAT = 1,
    CLUSTER_HEARTBEAT = 2,
    CLUSTER_BROADCAST = 3,
    CLUSTER_SOCKETS_JOIN = 4,
    CLUSTER_SOCKETS_LEAVE = 5,
    CLUSTER_DISCONNECT_SOCKETS = 6,
    CLUSTER_FETCH_SOCKETS = 7,
    CLUSTER_FETCH_SOCKETS_RESPONSE = 8,
    CLUSTER_SERVER_SIDE_EMIT = 9,
    CLUSTER_SERVER_SIDE_EMIT_RESPONSE = 10,
    CLUSTER_BROADCAST_CLIENT_COUNT = 11,
    CLUSTER_BROADCAST_ACK = 12,
    CLUSTER_ADAPTER_CLOSE = 13
};

enum { CLUSTER_EVENT = 2 }; /* packet.type of an event, socket.io-parser */

/* How many arrays and maps stand around arguments in a message, at most: what it may be nested
 * in beyond the depth that readers of values accept. */
enum { SIO__CLUSTER_AROUND = 4, SIO__CLUSTER_DEPTH = SIO_MAX_DEPTH + SIO__CLUSTER_AROUND };

/* CLUSTER_NONE: there is no such message. */
enum sio__cluster_type sio__cluster_type(enum sio_message_type type);

static inline bool sio__cluster_has_data(enum sio__cluster_type type)
{
    return type > CLUSTER_HEARTBEAT && type < CLUSTER_ADAPTER_CLOSE;
}

/* What has to be known before a message is written: SIO__HAS_* of its values. SIO_OK, or
 * SIO_EINVAL: they are not packed, or nested too deep; or a field that receivers rely on is
 * missing, the request's id. */
sio_status sio__cluster_look(const struct sio_message *msg, enum sio__cluster_type type,
                             unsigned *has);

/* Append `data`. SIO_OK, SIO_ENOMEM, or SIO_EINVAL: JSON has no form for it. */
sio_status sio__cluster_json_data(const struct sio_message *msg, enum sio__cluster_type type,
                                  sio_buf *out);
sio_status sio__cluster_pack_data(const struct sio_message *msg, enum sio__cluster_type type,
                                  unsigned has, sio_buf *out);

/* Take `data`, known to be whole, of a message of this number. SIO__DECODED,
 * SIO__MISSING_FIELD or SIO__UNKNOWN_TYPE. */
enum sio__verdict sio__cluster_take(uint64_t type, sio_str data, struct sio_message *out);

#endif
