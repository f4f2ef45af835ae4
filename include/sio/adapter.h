/* SPDX-License-Identifier: MIT */
/** @file sio/adapter.h
 *  Share rooms with the other servers of a Socket.IO cluster, through Redis: the
 *  equal of `@socket.io/redis-adapter`, for a server that holds client connections
 *  of its own. Its sockets and rooms are registered with sio/rooms.h; what it is
 *  told is in sio/host.h.
 *
 *  One adapter serves one namespace; any number may share a link. Without a link
 *  it works for this process alone, at once, and calls back before a call returns.
 *
 *  Threads: the loop's own. A link that is given must run on the host's loop too. */
#ifndef SIO_ADAPTER_H
#define SIO_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/args.h>
#include <sio/buf.h>
#include <sio/export.h>
#include <sio/host.h>
#include <sio/link.h>
#include <sio/result.h>
#include <sio/rooms.h>
#include <sio/status.h>
#include <sio/str.h>
#include <sio/target.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;

/** How a node hears of broadcasts to rooms. */
typedef enum sio_subscription {
    SIO_SUBSCRIBE_PATTERN, /**< all of the namespace's, by one pattern, as Node does: Redis sends
                                every room's messages, and a join is live at once */
    SIO_SUBSCRIBE_ROOMS    /**< the namespace's channel and one for each room that has a socket
                                here: Redis sends only what this node can use, and a join is
                                live once Redis has confirmed it, see sio_adapter_sync() */
} sio_subscription;

/** A custom parser's halves, as the npm adapter's `parser`; every node and emitter of the
 *  cluster must use it. They replace the codec of broadcasts, and of acknowledged broadcasts
 *  and their acks.
 *  @param in    MessagePack to encode, or the payload to decode
 *  @param out   append the payload, or the MessagePack
 *  @param user  parser_user of the options
 *  @return SIO_OK; a failure is passed on, or the message is dropped as malformed. */
typedef sio_status sio_parser_cb(sio_str in, sio_buf *out, void *user);

/** Fill with sio_adapter_opts_init(), then change what differs. Strings are copied. */
typedef struct sio_adapter_opts {
    const char *key;         /**< channel prefix; default "socket.io" */
    sio_str nsp;             /**< namespace, UTF-8; default "/"; a missing leading '/' is added */
    sio_host host;           /**< the host's calls; default: none */
    void *user;              /**< for them */
    struct event_base *base; /**< without a link: runs the timeouts of acknowledgements;
                                  NULL: those cannot be asked for. With a link: its own counts */
    sio_subscription subscription;  /**< default SIO_SUBSCRIBE_PATTERN */
    bool specific_response_channel; /**< answer on the asking node's own channel; default false,
                                         as Node; nodes older than redis-adapter 7.1 do not listen
                                       there */
    unsigned requests_timeout_ms;   /**< longest wait for other nodes' answers; default 5000, at
                                         most a day, as a target's timeout */
    unsigned max_requests;          /**< pending ones of each kind; default 1024; 0: no limit */
    unsigned max_acks;              /**< clients' acks awaited at a time, for whichever node;
                                         default 1,048,576, nine bytes each; 0: no limit */
    size_t max_packet_bytes;        /**< larger payloads are refused; default 8 MiB; 0: no limit */
    size_t max_name_bytes; /**< of event, room, sid and namespace each; default 4096; 0: no limit */
    unsigned max_rooms; /**< rooms and exceptions of one call together; default 4096; 0: no limit */
    unsigned max_args;  /**< arguments of one event; default 4096; 0: no limit */
    unsigned max_attachments; /**< binary arguments, nested ones included; default 10: more
                                   disconnects current clients; 0: no limit */
    sio_parser_cb *encode;    /**< custom parser; NULL: the standard codec */
    sio_parser_cb *decode;    /**< its other half; both or none */
    void *parser_user;        /**< for both */
} sio_adapter_opts;

/** Set every default. */
SIO_API void sio_adapter_opts_init(sio_adapter_opts *opts);

/** Open a namespace. Its subscriptions are made at once; the host's `ready` says when they
 *  are live.
 *  @param link  Borrowed, must outlive the adapter and run on the host's loop; NULL: this
 *               process only.
 *  @param opts  Copied; NULL takes every default.
 *  @param out   Yours to sio_adapter_free(); NULL on failure.
 *  @return SIO_OK, SIO_EINVAL (key or nsp not UTF-8; this namespace is open on this link
 *          already; a link with its own thread; half a parser), SIO_ETOOBIG, SIO_ENOMEM,
 *          SIO_ECLOSED, SIO_EFORK or SIO_ESYS (no random numbers). */
SIO_API sio_status sio_adapter_new(sio_link *link, const sio_adapter_opts *opts, sio_adapter **out);

/** Close the namespace: its sockets are freed (the room hooks tell), its subscriptions end,
 *  what is pending ends with SIO_ECLOSED before this returns or, inside a callback, before
 *  the loop is left. What was published stays queued, and its completions still come (their
 *  handle stays valid inside them). NULL allowed. */
SIO_API void sio_adapter_free(sio_adapter *adapter);

SIO_API sio_str sio_adapter_nsp(const sio_adapter *adapter);    /**< its namespace */
SIO_API sio_str sio_adapter_uid(const sio_adapter *adapter);    /**< its id in the cluster */
SIO_API sio_link *sio_adapter_link(const sio_adapter *adapter); /**< as given; or NULL */

/** The one end of a successful call. Nothing to publish: SIO_OK and 0 receivers. */
typedef void sio_adapter_done_cb(sio_adapter *adapter, const sio_emit_result *result, void *user);

/** Broadcast one event packet: to the sockets here before this returns, to those of the other
 *  nodes through Redis.
 *  @param adapter,to,event,args  as for sio_emitter_emit()
 *  @param done  what Redis made of it; NULL: nobody is told
 *  @param user  for `done`
 *  @return As sio_emitter_emit(). On failure nothing is sent, here neither. */
SIO_API sio_status sio_adapter_emit(sio_adapter *adapter, const sio_target *to, sio_str event,
                                    const sio_args *args, sio_adapter_done_cb *done, void *user);

/** How far a question to the cluster came. */
typedef struct sio_answers {
    sio_status status; /**< SIO_OK: all have answered, or those that have not are gone (then
                            answered < expected, and the text says so); SIO_ETIMEDOUT: what
                            came in time; SIO_ECLOSED; or why it could not be asked or answered
                            (SIO_ECONN, SIO_ENOPERM, SIO_EXPIRED, ...) */
    const char *text;  /**< the reason for people; never NULL */
    const char *hint;  /**< why it may have come to a timeout: that others than servers subscribe
                            to the servers' channel, so that they are counted, and never
                            answer; else empty, never NULL */
    unsigned answered; /**< other servers that answered */
    unsigned expected; /**< other servers that were asked */
} sio_answers;

/** A client's acknowledgement.
 *  @param adapter,user  as given
 *  @param value  packed, its first argument; len 0: none */
typedef void sio_ack_cb(sio_adapter *adapter, sio_str value, void *user);
/** The end of an acknowledged emit.
 *  @param adapter,user  as given
 *  @param answers  how it ended
 *  @param clients  clients that were asked, as far as the servers have told
 *  @param acks     those that have answered */
typedef void sio_acked_cb(sio_adapter *adapter, const sio_answers *answers, uint64_t clients,
                          uint64_t acks, void *user);

/** Broadcast an event that every client acknowledges. Waits for the target's timeout, else
 *  requests_timeout_ms.
 *  @param adapter,to,event,args  as for sio_adapter_emit()
 *  @param ack   each acknowledgement as it comes; NULL: not told
 *  @param done  then once the end: SIO_OK when all have answered
 *  @param user  for both
 *  @return As sio_adapter_emit(), or SIO_EFULL: max_requests or max_acks are pending; or SIO_EINVAL:
 *          there is neither link nor base. On failure nothing is sent, and neither is called. */
SIO_API sio_status sio_adapter_emit_with_ack(sio_adapter *adapter, const sio_target *to,
                                             sio_str event, const sio_args *args, sio_ack_cb *ack,
                                             sio_acked_cb *done, void *user);

/** The host hands back a client's acknowledgement of a packet that had an id.
 *  @param socket  the client's
 *  @param id      the packet's
 *  @param value   packed values in a row; the first counts; empty: undefined
 *  @return SIO_OK, or SIO_EINVAL: nothing is awaited from this socket under this id (also:
 *          no longer), or not packed; else why it could not be passed on. */
SIO_API sio_status sio_socket_ack(sio_socket *socket, uint64_t id, sio_str value);

/** Make the target's sockets join rooms, everywhere. With a link they do, here too, when the
 *  request comes back from Redis, as in Node; with none, or the target's `local`, at once.
 *  @param adapter,to  as for sio_adapter_emit()
 *  @param rooms   at least one
 *  @param nrooms  how many
 *  @param done,user  as for sio_adapter_emit()
 *  @return As sio_adapter_emit(). */
SIO_API sio_status sio_adapter_sockets_join(sio_adapter *adapter, const sio_target *to,
                                            const sio_str *rooms, size_t nrooms,
                                            sio_adapter_done_cb *done, void *user);

/** Make the target's sockets leave rooms. As sio_adapter_sockets_join(). */
SIO_API sio_status sio_adapter_sockets_leave(sio_adapter *adapter, const sio_target *to,
                                             const sio_str *rooms, size_t nrooms,
                                             sio_adapter_done_cb *done, void *user);

/** Disconnect the target's sockets. As sio_adapter_sockets_join().
 *  @param adapter,to,done,user  as there
 *  @param close  their connections too, with all their namespaces */
SIO_API sio_status sio_adapter_disconnect_sockets(sio_adapter *adapter, const sio_target *to,
                                                  bool close, sio_adapter_done_cb *done,
                                                  void *user);

/** Fire an event on every other server of the namespace.
 *  @param adapter,event,args,done,user  as for sio_emitter_server_side_emit()
 *  @return As sio_adapter_emit(). */
SIO_API sio_status sio_adapter_server_side_emit(sio_adapter *adapter, sio_str event,
                                                const sio_args *args, sio_adapter_done_cb *done,
                                                void *user);

/** The answers of the other servers.
 *  @param adapter,user  as given
 *  @param answers    how it ended
 *  @param responses  packed values in a row, one for each server that answered; undefined
 *                    where it answered with nothing
 *  @param count      how many */
typedef void sio_responses_cb(sio_adapter *adapter, const sio_answers *answers, sio_str responses,
                              size_t count, void *user);

/** Fire an event on every other server and gather their answers, for requests_timeout_ms at
 *  most.
 *  @param adapter,event,args  as for sio_emitter_server_side_emit()
 *  @param done  once: what came, complete or not
 *  @param user  for `done`
 *  @return As sio_adapter_emit_with_ack(). */
SIO_API sio_status sio_adapter_server_side_emit_with_ack(sio_adapter *adapter, sio_str event,
                                                         const sio_args *args,
                                                         sio_responses_cb *done, void *user);

/** A socket of this node or another. All packed but the id. */
typedef struct sio_remote_socket {
    sio_str sid;       /**< its id */
    sio_str rooms;     /**< an array of names */
    sio_str handshake; /**< a value */
    sio_str data;      /**< a value; len 0: undefined */
    bool is_local;     /**< of this node */
} sio_remote_socket;

/** What fetching came to; read with sio_fetched_next(). */
typedef struct sio_fetched sio_fetched;
/** Step through the sockets; those of this node come first.
 *  @return false: there are no more. */
SIO_API bool sio_fetched_next(sio_fetched *fetched, sio_remote_socket *out);

/** The sockets found.
 *  @param adapter,user  as given
 *  @param answers  how it ended
 *  @param fetched  borrowed until the callback returns */
typedef void sio_fetched_cb(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                            void *user);

/** Fetch the target's sockets from every server. Waits for requests_timeout_ms at most.
 *  @param adapter,to  as for sio_adapter_emit()
 *  @param done  once: what came, complete or not
 *  @param user  for `done`
 *  @return As sio_adapter_emit_with_ack(). */
SIO_API sio_status sio_adapter_fetch_sockets(sio_adapter *adapter, const sio_target *to,
                                             sio_fetched_cb *done, void *user);

/** Names, each once.
 *  @param adapter,user  as given
 *  @param answers  how it ended
 *  @param names    packed array of strings
 *  @param count    how many */
typedef void sio_names_cb(sio_adapter *adapter, const sio_answers *answers, sio_str names,
                          size_t count, void *user);

/** The ids of the target's sockets on every server; cheaper than fetching them.
 *  @param adapter,to  as for sio_adapter_emit()
 *  @param done  once: what came, complete or not
 *  @param user  for `done`
 *  @return As sio_adapter_emit_with_ack(). */
SIO_API sio_status sio_adapter_sockets(sio_adapter *adapter, const sio_target *to,
                                       sio_names_cb *done, void *user);

/** The rooms of every server, own-id rooms included. As sio_adapter_sockets(). */
SIO_API sio_status sio_adapter_all_rooms(sio_adapter *adapter, sio_names_cb *done, void *user);

/** The number of servers.
 *  @param adapter,user  as given
 *  @param status  SIO_OK, or why they could not be counted
 *  @param count   this one included; 1 without a link; 0 on failure */
typedef void sio_count_cb(sio_adapter *adapter, sio_status status, uint64_t count, void *user);
/** Ask Redis how many servers the namespace has. @return As sio_adapter_emit_with_ack(). */
SIO_API sio_status sio_adapter_server_count(sio_adapter *adapter, sio_count_cb *done, void *user);

/** All is live: SIO_OK; SIO_ENOPERM or SIO_EREDIS if Redis denies a subscription that is
 *  needed (see the host's denied); or SIO_ECLOSED. */
typedef void sio_sync_cb(sio_adapter *adapter, sio_status status, void *user);
/** Call back once when all subscriptions that are needed by now are live: what joined is
 *  reached by other nodes. Without a link, before the call returns.
 *  @return SIO_OK, SIO_ENOMEM, SIO_ECLOSED or SIO_EFORK. */
SIO_API sio_status sio_adapter_sync(sio_adapter *adapter, sio_sync_cb *done, void *user);

/** Counters since the adapter was made, and gauges. */
typedef struct sio_adapter_stats {
    uint64_t received; /**< messages from Redis */
    uint64_t ignored;  /**< of them: own ones, and for rooms that nobody is in here */
    uint64_t dropped[SIO_DROP_COUNT]; /**< of them: dropped, by reason */
    uint64_t broadcasts;              /**< of them: broadcasts that were delivered */
    uint64_t deliveries;              /**< packets handed to sockets, own broadcasts' too */
    uint64_t answered;                /**< requests of other nodes that were answered */
    uint64_t unanswered;              /**< those that could not be: too large, no memory, outbox full */
    uint64_t gaps;                    /**< times that the subscription was lost */
    uint64_t sockets;                 /**< now */
    uint64_t rooms;                   /**< now, own-id rooms included */
    uint64_t requests;                /**< pending now: own questions to the cluster */
    uint64_t ack_requests;            /**< pending now: own acknowledged emits */
    uint64_t acks_awaited;            /**< now: clients whose ack is awaited, for any node */
} sio_adapter_stats;

/** Copy the counters. */
SIO_API void sio_adapter_get_stats(const sio_adapter *adapter, sio_adapter_stats *out);

#ifdef __cplusplus
}
#endif

#endif
