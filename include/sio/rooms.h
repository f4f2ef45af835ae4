/* SPDX-License-Identifier: MIT */
/** @file sio/rooms.h
 *  The sockets of this process and the rooms they are in. All of it is local and
 *  needs no Redis.
 *
 *  A socket may join rooms before it is connected; broadcasts and queries skip it
 *  until then. Connecting puts it into the room named by its own id, as Node does.
 *  Threads: the loop's. */
#ifndef SIO_ROOMS_H
#define SIO_ROOMS_H

#include <sio/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Register a socket: not connected yet, in no room.
 *  @param adapter  the namespace's
 *  @param sid      its id, UTF-8, unique in the cluster; copied
 *  @param user     yours, handed to the host's calls
 *  @param out      sio_socket_free() ends it, as does sio_adapter_free(); NULL on failure
 *  @return SIO_OK, SIO_EINVAL (not UTF-8, empty, or there is one of this id), SIO_ETOOBIG,
 *          SIO_ENOMEM, or SIO_ECLOSED (the adapter is being freed). */
SIO_API sio_status sio_socket_new(sio_adapter *adapter, sio_str sid, void *user,
                                  sio_socket **out);

/** It is connected: joins the room of its own id and receives from now on. A second
 *  call has no effect. @return SIO_OK, SIO_ENOMEM, or SIO_ECLOSED (it is being freed). */
SIO_API sio_status sio_socket_connect(sio_socket *socket);

/** Leave all rooms, in the order they were joined, and be forgotten. The handle is gone
 *  afterwards. NULL allowed. */
SIO_API void sio_socket_free(sio_socket *socket);

/** Join a room; no effect if it is in there. Local at once; in per-room subscription mode
 *  other nodes reach it there once Redis has confirmed, see sio_adapter_sync().
 *  @return SIO_OK, SIO_EINVAL (not UTF-8), SIO_ETOOBIG (over max_name_bytes), SIO_ENOMEM,
 *          or SIO_ECLOSED (it is being freed). */
SIO_API sio_status sio_socket_join(sio_socket *socket, sio_str room);

/** Join rooms, in this order, as sio_socket_join() does; on a node with many rooms faster than
 *  one by one. @return As that; if not SIO_OK, it is in the rooms before the one that failed. */
SIO_API sio_status sio_socket_join_all(sio_socket *socket, const sio_str *rooms, size_t count);

/** Leave a room. @return SIO_OK, or SIO_EINVAL: it is not in there. */
SIO_API sio_status sio_socket_leave(sio_socket *socket, sio_str room);

SIO_API sio_str sio_socket_sid(const sio_socket *socket);            /**< its id */
SIO_API void *sio_socket_user(const sio_socket *socket);             /**< what it was given */
SIO_API sio_adapter *sio_socket_adapter(const sio_socket *socket);   /**< whose it is */
SIO_API bool sio_socket_is_connected(const sio_socket *socket);      /**< whether it receives */
SIO_API bool sio_socket_is_in(const sio_socket *socket, sio_str room); /**< whether it is in there */

/** @return The socket of this id, connected or not; or NULL. */
SIO_API sio_socket *sio_adapter_find(const sio_adapter *adapter, sio_str sid);

/** Called for one room; must not join, leave or free. @return Whether to go on. */
typedef bool sio_room_cb(sio_str room, void *user);
/** Called for one socket; must not join, leave or free. @return Whether to go on. */
typedef bool sio_socket_cb(sio_socket *socket, void *user);

/** The rooms of a socket, in the order it joined them. */
SIO_API void sio_socket_each_room(const sio_socket *socket, sio_room_cb *cb, void *user);
/** Every room of the namespace here, own-id rooms included, in no order. */
SIO_API void sio_adapter_each_room(const sio_adapter *adapter, sio_room_cb *cb, void *user);
/** The sockets of a room here, connected or not. They come in the order they joined until
 *  one leaves, then in no order. */
SIO_API void sio_adapter_each_socket_in(const sio_adapter *adapter, sio_str room,
                                        sio_socket_cb *cb, void *user);
/** Every socket here, connected or not, in no order once one was freed. */
SIO_API void sio_adapter_each_socket(const sio_adapter *adapter, sio_socket_cb *cb, void *user);

#ifdef __cplusplus
}
#endif

#endif
