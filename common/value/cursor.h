/* SPDX-License-Identifier: MIT */
/* What readers of foreign bytes ask of a cursor, beside the calls of sio/value.h. */
#ifndef SIO_COMMON_VALUE_CURSOR_H
#define SIO_COMMON_VALUE_CURSOR_H

#include <sio/export.h>
#include <sio/value.h>

/* sio_cursor_skip() for a value that is nested at most max_depth deep (a scalar: 0; an empty
 * container: 1); at most SIO_MAX_DEPTH + 8. SIO_OK, or SIO_EINVAL, for a deeper one too (the
 * cursor stays). */
SIO_API sio_status sio__cursor_skip_within(sio_cursor *cursor, unsigned max_depth);

#endif
