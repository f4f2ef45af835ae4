/* SPDX-License-Identifier: MIT */
/* Which sockets are in which rooms, of one namespace in one process. Knows no Redis, no
 * clock, no host: its owner is told of changes through one callback.
 *
 * The room of a socket's own id needs no storage while the socket alone is in it. */
#ifndef SIO_ADAPTER_REGISTRY_H
#define SIO_ADAPTER_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/host.h>
#include <sio/rooms.h>
#include <sio/status.h>
#include <sio/str.h>

struct sio__registry;

/* A change, in Node's order (socket.io-adapter, in-memory-adapter.ts): create before join,
 * delete after leave. May call anything of this header except sio__registry_free(), also
 * for the socket and room it is told of. */
typedef void sio__registry_cb(void *owner, sio_room_event event, sio_str room, sio_socket *socket);

/* NULL: no memory, or no random key for the hashes. cb may be NULL. */
SIO_API struct sio__registry *sio__registry_new(sio__registry_cb *cb, void *owner);
/* All sockets as by sio__registry_remove(), then the rest. NULL allowed. */
SIO_API void sio__registry_free(struct sio__registry *registry);

/* Not connected, in no room. The sid is copied. SIO_OK, SIO_EINVAL (exists), SIO_ENOMEM. */
SIO_API sio_status sio__registry_add(struct sio__registry *registry, sio_str sid, void *user,
                                     sio_socket **out);
/* Connected from now on, and in the room of its own id. SIO_OK, SIO_ENOMEM, SIO_ECLOSED. */
SIO_API sio_status sio__registry_connect(struct sio__registry *registry, sio_socket *socket);
/* Leaves its rooms in the order it joined them; found by its sid until the last is left;
 * then forgotten. During that it cannot join. Called again meanwhile: no effect. */
SIO_API void sio__registry_remove(struct sio__registry *registry, sio_socket *socket);

/* SIO_OK (also: is in there already), SIO_ENOMEM, SIO_ECLOSED (being removed). */
SIO_API sio_status sio__registry_join(struct sio__registry *registry, sio_socket *socket,
                                      sio_str room);
/* Joins of these rooms follow: have the memory at hand that they will touch, for what belongs to
 * a room is anywhere. Of more than SIO__REGISTRY_AHEAD the first ones. */
enum { SIO__REGISTRY_AHEAD = 16 };
SIO_API void sio__registry_prefetch(const struct sio__registry *registry, const sio_str *rooms,
                                    size_t count);
/* Whether it was in there. */
SIO_API bool sio__registry_leave(struct sio__registry *registry, sio_socket *socket, sio_str room);

SIO_API sio_socket *sio__registry_find(const struct sio__registry *registry, sio_str sid);
SIO_API bool sio__registry_has_room(const struct sio__registry *registry, sio_str room);
SIO_API bool sio__registry_is_in(const struct sio__registry *registry, const sio_socket *socket,
                                 sio_str room);
SIO_API size_t sio__registry_sockets(const struct sio__registry *registry);
SIO_API size_t sio__registry_rooms(const struct sio__registry *registry); /* own-id ones too */

/* As the calls of sio/rooms.h. */
SIO_API void sio__registry_each_room_of(const struct sio__registry *registry,
                                        const sio_socket *socket, sio_room_cb *cb, void *user);
SIO_API void sio__registry_each_room(const struct sio__registry *registry, sio_room_cb *cb,
                                     void *user);
SIO_API void sio__registry_each_in(const struct sio__registry *registry, sio_str room,
                                   sio_socket_cb *cb, void *user);
SIO_API void sio__registry_each(const struct sio__registry *registry, sio_socket_cb *cb,
                                void *user);

/* -- sockets -- */

SIO_API void *sio__socket_owner(const sio_socket *socket); /* sio__registry_new()'s */
SIO_API sio_str sio__socket_sid(const sio_socket *socket);
SIO_API void *sio__socket_user(const sio_socket *socket);
/* Registered, connected, and not being removed: it receives. */
SIO_API bool sio__socket_connected(const sio_socket *socket);
/* The owner's own word about each socket: how many acks are awaited from it, say. */
SIO_API void **sio__socket_slot(sio_socket *socket);

/* -- recipients -- */

/* Sockets gathered for a broadcast. Reused memory; one for each nesting depth. */
struct sio__recipients {
    sio_socket **sockets;
    size_t count, room;
};

/* Gather the connected sockets of `rooms`, walked in order, members in join order, each
 * once; no room given (packed empty array, or len 0): every connected socket, in connection
 * order until one was removed. Sockets in one of the `except` rooms are left out. Rooms are
 * packed arrays of names; a number stands for its decimal text as JavaScript prints it.
 * Marks sockets with the number of the selection; no allocation in the steady state.
 * SIO_OK, or SIO_ENOMEM (nothing gathered). */
SIO_API sio_status sio__registry_select(struct sio__registry *registry, sio_str rooms,
                                        sio_str except, struct sio__recipients *out);
SIO_API void sio__recipients_fini(struct sio__recipients *recipients);

/* Between these two no removed socket's memory is used for another: sio__socket_connected()
 * may be asked of all that were gathered. They nest. */
SIO_API void sio__registry_hold(struct sio__registry *registry);
SIO_API void sio__registry_release(struct sio__registry *registry);

/* For tests and fuzzers: whether all of it fits together; else what does not. */
SIO_API const char *sio__registry_flaw(const struct sio__registry *registry);

#endif
