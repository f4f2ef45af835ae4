/* SPDX-License-Identifier: MIT */
/* Values as Node's codec writes them, on the wires that use it. */
#ifndef SIO_COMMON_WIRE_NOTEPACK_H
#define SIO_COMMON_WIRE_NOTEPACK_H

#include <sio/buf.h>
#include <sio/status.h>

/* Append packed values in a row as notepack.io 3 writes them: undefined becomes nil, in a map
 * its key is left out; lone surrogates become U+FFFD. has: SIO__HAS_* of value/normal.h.
 * SIO_OK, SIO_EINVAL (not packed values) or SIO_ENOMEM. */
sio_status sio__notepack_values(sio_str packed, unsigned has, sio_buf *out);

#endif
