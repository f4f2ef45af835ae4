/* SPDX-License-Identifier: MIT */
/** @file sio/emitter.h
 *  Send packets to the clients of a Socket.IO cluster, through Redis, from a
 *  process that holds no client connection of its own: the equal of
 *  `@socket.io/redis-emitter`.
 *
 *  Threads: any thread if the link owns its I/O thread, else the loop's own
 *  thread only. Callbacks run where the link's do. */
#ifndef SIO_EMITTER_H
#define SIO_EMITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/args.h>
#include <sio/export.h>
#include <sio/link.h>
#include <sio/result.h>
#include <sio/status.h>
#include <sio/str.h>
#include <sio/target.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Emits to one namespace over one link. */
typedef struct sio_emitter sio_emitter;

/** Replaces the codec of broadcasts, as the npm emitter's `parser`; the servers
 *  must use its counterpart. Called on the emitting thread, several at once.
 *  @param packed  the message as MessagePack: [uid, packet, opts]
 *  @param out     append the payload here
 *  @param user    encode_user of the options
 *  @return SIO_OK, or the failure that the emit shall return. */
typedef sio_status sio_encode_cb(sio_str packed, sio_buf *out, void *user);

/** Fill with sio_emitter_opts_init(), then change what differs. Strings are copied. */
typedef struct sio_emitter_opts {
    const char *key;           /**< channel prefix; default "socket.io" */
    const char *nsp;           /**< namespace; default "/"; a missing leading '/' is added */
    size_t max_packet_bytes;   /**< larger payloads are refused; default 8 MiB; 0: no limit */
    size_t max_name_bytes;     /**< of event, room and namespace each; default 4096; 0: no limit */
    unsigned max_rooms;        /**< rooms and exceptions of one call together; default 4096;
                                    0: no limit */
    unsigned max_args;         /**< arguments of one event; default 4096: JavaScript receivers pass
                                    them on as a call's arguments and die of too many;
                                    0: no limit */
    unsigned max_attachments;  /**< binary arguments, nested ones included; default 10: more
                                    disconnects current clients; 0: no limit */
    sio_encode_cb *encode;     /**< custom parser; NULL: the standard codec */
    void *encode_user;         /**< for `encode` */
} sio_emitter_opts;

/** Set every default. */
SIO_API void sio_emitter_opts_init(sio_emitter_opts *opts);

/** @param link  Borrowed: must outlive the emitter. With NULL every emit returns
 *               SIO_ECLOSED.
 *  @param opts  Copied; NULL takes every default.
 *  @param out   Yours to sio_emitter_free(); NULL on failure.
 *  @return SIO_OK, SIO_EINVAL (key or nsp not UTF-8), SIO_ETOOBIG (over
 *          max_name_bytes), SIO_ENOMEM, SIO_ECLOSED or SIO_EFORK. */
SIO_API sio_status sio_emitter_new(sio_link *link, const sio_emitter_opts *opts,
                                   sio_emitter **out);

/** Another namespace with the same link and options. Independent of `em` afterwards.
 *  @param em   whose link, key and bounds are taken
 *  @param nsp  a missing leading '/' is added
 *  @param out  Yours to sio_emitter_free(); NULL on failure.
 *  @return As sio_emitter_new(). */
SIO_API sio_status sio_emitter_of(const sio_emitter *em, sio_str nsp, sio_emitter **out);

/** The link stays open, what was emitted stays queued and its completions still
 *  come (their handle stays valid inside them). NULL allowed. */
SIO_API void sio_emitter_free(sio_emitter *em);

/** The one end of a successful call: accepted, or failed with the reason. */
typedef void sio_emit_cb(sio_emitter *em, const sio_emit_result *result, void *user);

/** Broadcast one event packet. SIO_OK means the packet is on its way: what Redis
 *  made of it reaches `done`, exactly once; sio_link_flush() waits.
 *  @param em    the emitter
 *  @param to    rooms, except and flags; NULL reaches the whole namespace
 *  @param event UTF-8, not a reserved name (connect, connect_error, disconnect,
 *               disconnecting, newListener, removeListener)
 *  @param args  Borrowed for the call; NULL sends no argument. Refused are two things
 *               that JavaScript receivers die of: an object's key "__proto__" with a
 *               date or binary, and, beside binary, an object with "_placeholder": true.
 *  @param done  NULL: nobody is told
 *  @param user  for `done`
 *  @return SIO_OK, SIO_EINVAL (event or args, or a target that only servers can send to),
 *          SIO_ETOOBIG (a bound of the options), SIO_ENOMEM, SIO_EFULL (the outbox is at its
 *          bound), SIO_ECLOSED or SIO_EFORK. On failure nothing is sent and `done` is not
 *          called. */
SIO_API sio_status sio_emitter_emit(sio_emitter *em, const sio_target *to, sio_str event,
                                    const sio_args *args, sio_emit_cb *done, void *user);

/** As sio_emitter_emit(), but waits for the outbox to have room; the link's own
 *  thread only. @return also SIO_ETIMEDOUT and SIO_EDEADLK. */
SIO_API sio_status sio_emitter_emit_wait(sio_emitter *em, const sio_target *to, sio_str event,
                                         const sio_args *args, unsigned timeout_ms,
                                         sio_emit_cb *done, void *user);

/** Make the target's sockets join rooms, beside those they are in. Flags have no effect.
 *  @param em,to,done,user  as for sio_emitter_emit()
 *  @param rooms   at least one
 *  @param nrooms  how many
 *  @return As sio_emitter_emit(). */
SIO_API sio_status sio_emitter_sockets_join(sio_emitter *em, const sio_target *to,
                                            const sio_str *rooms, size_t nrooms,
                                            sio_emit_cb *done, void *user);

/** Make the target's sockets leave rooms. As sio_emitter_sockets_join(). */
SIO_API sio_status sio_emitter_sockets_leave(sio_emitter *em, const sio_target *to,
                                             const sio_str *rooms, size_t nrooms,
                                             sio_emit_cb *done, void *user);

/** Disconnect the target's sockets from the namespace.
 *  @param em,to,done,user  as for sio_emitter_emit()
 *  @param close  close the clients' connections as well (all their namespaces) */
SIO_API sio_status sio_emitter_disconnect_sockets(sio_emitter *em, const sio_target *to,
                                                  bool close, sio_emit_cb *done, void *user);

/** Fire an event on every server of the namespace (its clients see nothing).
 *  @param em,done,user  as for sio_emitter_emit()
 *  @param event  not one that a server reserves for itself or dies of: connect,
 *                connection, new_namespace, error
 *  @param args   sent as JSON: binary becomes {"type":"Buffer","data":[...]}, a
 *                date its ISO 8601 text. */
SIO_API sio_status sio_emitter_server_side_emit(sio_emitter *em, sio_str event,
                                                const sio_args *args, sio_emit_cb *done,
                                                void *user);

/** @return The link that was given to sio_emitter_new(). */
SIO_API sio_link *sio_emitter_link(const sio_emitter *em);

#ifdef __cplusplus
}
#endif

#endif
