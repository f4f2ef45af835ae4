/* SPDX-License-Identifier: MIT */
/* What the nodes of a cluster say to each other, whatever wire carries it.
 *
 * Everything that has structure stays packed (see sio/value.h): rooms, exceptions
 * and flags are views of packed arrays and maps, arguments are packed values in a
 * row. An encoder copies them behind its headers; a decoder points them into the
 * received bytes (or its scratch buffer), so they live as long as those. */
#ifndef SIO_COMMON_WIRE_MESSAGE_H
#define SIO_COMMON_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/str.h>

#include "value/extents.h"

enum sio_message_type {
    SIO_MSG_BROADCAST,          /* packet, opts; request_id present: acks are wanted */
    SIO_MSG_SOCKETS_JOIN,       /* opts, rooms; or sid and rooms (one), the old form */
    SIO_MSG_SOCKETS_LEAVE,      /* as join */
    SIO_MSG_DISCONNECT_SOCKETS, /* opts, close; or sid and close, the old form */
    SIO_MSG_FETCH_SOCKETS,      /* opts, request_id */
    SIO_MSG_SOCKETS,            /* rooms in opts, request_id: ids only, sent by old servers */
    SIO_MSG_ALL_ROOMS,          /* request_id */
    SIO_MSG_SERVER_SIDE_EMIT,   /* data; request_id present: an answer is wanted */
    /* signs of life of the servers of some wires; nothing but the sender */
    SIO_MSG_INITIAL_HEARTBEAT, /* asks for everybody's */
    SIO_MSG_HEARTBEAT,
    SIO_MSG_ADAPTER_CLOSE, /* the last one */
    /* answers, each with the request_id it belongs to */
    SIO_MSG_SOCKETS_RESPONSE,          /* list: ids (SOCKETS) or descriptions (FETCH_SOCKETS) */
    SIO_MSG_ROOMS_RESPONSE,            /* list: room names */
    SIO_MSG_SERVER_SIDE_EMIT_RESPONSE, /* value */
    SIO_MSG_CLIENT_COUNT,              /* client_count */
    SIO_MSG_BROADCAST_ACK,             /* value */
    SIO_MSG_DONE                       /* nothing else: a per-socket request was executed */
};

/* Whether it belongs to a request of this node's. */
static inline bool sio__is_answer(enum sio_message_type type)
{
    return type >= SIO_MSG_SOCKETS_RESPONSE;
}

struct sio_message {
    enum sio_message_type type;
    sio_str uid;        /* the sender's; ptr NULL: absent */
    sio_str nsp;        /* always there; decoders fill in "/" where the wire may omit it */
    sio_str request_id; /* ptr NULL: absent */

    /* BROADCAST and SERVER_SIDE_EMIT: `data`, the event and its arguments */
    sio_str event;       /* text; ptr NULL (decoded messages): the first of args is the event */
    sio_str args;        /* packed values, one after the other */
    uint32_t nargs;      /* how many */
    unsigned args_has;   /* SIO__HAS_* of value/normal.h: what in args or value a wire may have to
                            rewrite or heed; decoders leave it 0 */
    int64_t packet_type; /* decoders: as received, 2 is EVENT; encoders write 2 */
    int64_t packet_id;   /* BROADCAST: the packet's own id; -1: none */

    /* opts */
    sio_str rooms;  /* packed array; len 0: none given */
    sio_str except; /* packed array; len 0: none given */
    sio_str flags;  /* packed map; len 0: none given */

    sio_str target_rooms; /* SOCKETS_JOIN, SOCKETS_LEAVE: packed array; old form: one string */
    sio_str sid;          /* the old per-socket form; ptr NULL: absent */
    bool close;           /* DISCONNECT_SOCKETS */

    sio_str list;                /* packed array of an answer; len 0: absent */
    struct sio__extents extents; /* of values in the list's elements, as far as they are known */
    sio_str value;               /* packed value of an answer; len 0: absent (undefined) */
    uint32_t client_count;       /* CLIENT_COUNT */
};

#endif
