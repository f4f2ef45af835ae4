/* SPDX-License-Identifier: MIT */
/** @file sio/target.h
 *  Who receives: rooms, exceptions and flags. A target is a value: build it
 *  once, use it for any number of emits. A socket id is a room like any other.
 *
 *  No room at all means the whole namespace. Several rooms mean their union,
 *  each socket once; `except` takes its rooms' sockets away again.
 *  Threads: one at a time while building; any number may emit to a finished one. */
#ifndef SIO_TARGET_H
#define SIO_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Rooms, exceptions and flags. */
typedef struct sio_target sio_target;

/** The whole namespace, no flags.
 *  @param out  Yours to sio_target_free(). @return SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio_target_new(sio_target **out);
SIO_API void sio_target_free(sio_target *target);  /**< NULL allowed */
SIO_API void sio_target_clear(sio_target *target); /**< the whole namespace, no flags */

/** Add a room or socket id. One that is there already is not added again.
 *  @return SIO_OK, SIO_ENOMEM, SIO_EINVAL (not UTF-8) or SIO_ETOOBIG (over
 *          4 GiB in all). An emitter's own bounds apply when it emits. */
SIO_API sio_status sio_target_to(sio_target *target, sio_str room);

/** Leave out the sockets of a room, or a socket id. Returns as sio_target_to(). */
SIO_API sio_status sio_target_except(sio_target *target, sio_str room);

/** Add a room that sockets of a Node server joined as a number, which JavaScript tells from
 *  its text. C servers take the number for its decimal text. @return SIO_OK, SIO_ENOMEM or
 *  SIO_ETOOBIG. */
SIO_API sio_status sio_target_to_number(sio_target *target, int64_t room);

/** Leave out such a room's sockets. Returns as sio_target_to_number(). */
SIO_API sio_status sio_target_except_number(sio_target *target, int64_t room);

/** Allow the servers to drop the packet for a client that cannot take it at once. */
SIO_API void sio_target_volatile(sio_target *target);

/** Ask the servers to compress this packet, or not to, for the clients that
 *  negotiated compression. */
SIO_API void sio_target_compress(sio_target *target, bool compress);

/** @name What only servers can say
 *  An emitter refuses a target with one of these. @{ */

/** The sockets of this process only; nothing is published. */
SIO_API void sio_target_local(sio_target *target);

/** How long acknowledgements are waited for.
 *  @param target  of sio_adapter_emit_with_ack()
 *  @param ms      milliseconds; 0 counts as 1 */
SIO_API void sio_target_timeout(sio_target *target, unsigned ms);

/** One socket of this process or another, as Node's RemoteSocket: an acknowledged emit
 *  ends with the first acknowledgement.
 *  @param target  without rooms so far
 *  @param sid     the socket's id
 *  @return SIO_OK, SIO_ENOMEM, SIO_ETOOBIG or SIO_EINVAL (not UTF-8, or there are rooms). */
SIO_API sio_status sio_target_socket(sio_target *target, sio_str sid);
/** @} */

SIO_API size_t sio_target_rooms(const sio_target *target);   /**< how many rooms */
SIO_API size_t sio_target_excepts(const sio_target *target); /**< how many exceptions */

#ifdef __cplusplus
}
#endif

#endif
