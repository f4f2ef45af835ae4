/* SPDX-License-Identifier: MIT */
/** @file sio/host.h
 *  What an adapter asks of its host: the server that holds the clients'
 *  connections. A host fills in the calls that it serves; the others stay NULL.
 *
 *  Threads: all of them run on the loop's thread. Whatever they are given is
 *  borrowed until they return. Inside them everything may be called, also
 *  sio_socket_free() and sio_adapter_free(). */
#ifndef SIO_HOST_H
#define SIO_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/args.h>
#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The adapter of one namespace; see sio/adapter.h. */
typedef struct sio_adapter sio_adapter;
/** A socket of one namespace; see sio/rooms.h. */
typedef struct sio_socket sio_socket;
/** A server-side event's way back; see sio_answer_send(). */
typedef struct sio_answer sio_answer;

/** A packet for clients: an event with its arguments. */
typedef struct sio_broadcast {
    sio_str data;     /**< packed values in a row: the event's name, then its arguments */
    uint32_t count;   /**< how many they are, the name included */
    int64_t id;       /**< the packet id when clients shall acknowledge; else -1 */
    sio_str flags;    /**< packed map, as it was sent; len 0: none */
    bool is_volatile; /**< may be dropped for a client that cannot take it at once */
    int compress;     /**< 1: compress, 0: do not, -1: not said */
    void *encoded;    /**< yours: what `broadcast` made of it */
} sio_broadcast;

/** What became of a room. */
typedef enum sio_room_event {
    SIO_ROOM_CREATE, /**< its first socket is about to join */
    SIO_ROOM_JOIN,   /**< a socket has joined */
    SIO_ROOM_LEAVE,  /**< a socket has left */
    SIO_ROOM_DELETE  /**< its last socket has left */
} sio_room_event;

/** A time in which messages of other nodes may have been missed: Redis keeps
 *  nothing for a subscriber that is away. */
typedef struct sio_gap {
    int64_t from_ms;  /**< the subscription was lost, since 1970-01-01T00:00:00Z */
    int64_t to_ms;    /**< all of it is confirmed again */
    const char *text; /**< why it was lost, for people; never NULL */
} sio_gap;

/** Why a message from Redis was dropped. */
typedef enum sio_drop {
    SIO_DROP_NOT_OURS,      /**< another namespace, or a channel that is none of ours */
    SIO_DROP_MALFORMED,     /**< neither JSON nor MessagePack, or cut */
    SIO_DROP_MISSING_FIELD, /**< a field that it needs is absent, of a wrong type or beyond its bound */
    SIO_DROP_UNKNOWN_TYPE,  /**< a type that is none of this protocol's */
    SIO_DROP_RESERVED,      /**< an event whose name clients disconnect at */
    SIO_DROP_UNEXPECTED,    /**< an answer of another kind than was asked for */
    SIO_DROP_NO_MEMORY,     /**< there was no memory to handle it */
    SIO_DROP_COUNT          /**< how many reasons there are */
} sio_drop;

/** The host's side. `user` is the one of the options. */
typedef struct sio_host {
    /** Once per broadcast that has a recipient, before the first delivery: the
     *  place to encode it once for all; keep the result in b->encoded. */
    void (*broadcast)(sio_adapter *adapter, sio_broadcast *b, void *user);

    /** Once per socket. `socket_user` is what sio_socket_new() was given. */
    void (*deliver)(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                    const sio_broadcast *b, void *user);

    /** After the last delivery, whenever `broadcast` was called: release b->encoded.
     *  @param recipients  deliveries made */
    void (*delivered)(sio_adapter *adapter, const sio_broadcast *b, size_t recipients,
                      void *user);

    /** The packet id for a broadcast that clients acknowledge. Draw it from the counter
     *  that the namespace's own packets use, as Node does, so that none is taken twice.
     *  NULL: the adapter counts by itself. */
    uint64_t (*packet_id)(sio_adapter *adapter, void *user);

    /** Another node fetches this socket: add exactly two values, its handshake and its
     *  data. What fails, or is not added, is sent as an empty object. NULL: both are. */
    void (*describe)(sio_adapter *adapter, sio_socket *socket, void *socket_user, sio_args *out,
                     void *user);

    /** Disconnect the socket from the namespace and call sio_socket_free(), now or later.
     *  @param close  its connection too, with all its namespaces */
    void (*disconnect)(sio_adapter *adapter, sio_socket *socket, void *socket_user, bool close,
                       void *user);

    /** Another node's server-side event.
     *  @param data    packed values in a row: the event's name, then its arguments
     *  @param count   how many they are, the name included
     *  @param answer  NULL: none is wanted. Else yours until sio_answer_send() or
     *                 sio_answer_drop() */
    void (*server_side_emit)(sio_adapter *adapter, sio_str data, uint32_t count,
                             sio_answer *answer, void *user);

    /** A room changed, by whomever. @param socket  NULL for create and delete */
    void (*room)(sio_adapter *adapter, sio_room_event event, sio_str room, sio_socket *socket,
                 void *user);

    /** What was subscribed to when the connection came up is confirmed: from now on nothing is
     *  missed, but in rooms that are joined later, see sio_adapter_sync(). Again after each gap. */
    void (*ready)(sio_adapter *adapter, void *user);

    /** Messages may have been missed. Comes when the subscription is whole again, before `ready`. */
    void (*gap)(sio_adapter *adapter, const sio_gap *gap, void *user);

    /** Redis refuses a subscription: what it would have brought is missing.
     *  @param status  SIO_ENOPERM, or SIO_EREDIS
     *  @param text    Redis's words and the channel; never NULL */
    void (*denied)(sio_adapter *adapter, sio_status status, const char *text, void *user);

    /** A message was dropped. Counted too, see sio_adapter_get_stats(). */
    void (*dropped)(sio_adapter *adapter, sio_drop why, sio_str channel, void *user);
} sio_host;

/** Answer a server-side event. The first value counts, as in Node; further ones are not sent.
 *  @param answer  gone afterwards, whatever is returned
 *  @param value   NULL or empty: undefined
 *  @return SIO_OK, SIO_EINVAL, SIO_ETOOBIG, SIO_ENOMEM, SIO_EFULL, SIO_ECLOSED or SIO_EFORK. */
SIO_API sio_status sio_answer_send(sio_answer *answer, const sio_args *value);

/** Do not answer: the asking node waits until its deadline. NULL allowed. */
SIO_API void sio_answer_drop(sio_answer *answer);

#ifdef __cplusplus
}
#endif

#endif
