/* SPDX-License-Identifier: MIT */
/* Write MessagePack tokens into a sio_buf, by msgpack-c's packer, in the forms that
 * notepack.io 3 chooses (the smallest one that holds the value). */
#ifndef SIO_COMMON_VALUE_PACK_H
#define SIO_COMMON_VALUE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>

/* Each: SIO_OK or SIO_ENOMEM (out unchanged). */
SIO_API sio_status sio__pack_null(sio_buf *out);
SIO_API sio_status sio__pack_undefined(sio_buf *out); /* d4 00 00, see sio/value.h */
SIO_API sio_status sio__pack_bool(sio_buf *out, bool flag);
SIO_API sio_status sio__pack_int(sio_buf *out, int64_t number);
SIO_API sio_status sio__pack_uint(sio_buf *out, uint64_t number);
/* As JavaScript numbers go: integral in [-2^63, 2^64) as an integer, -0 as 0. */
SIO_API sio_status sio__pack_number(sio_buf *out, double number);
SIO_API sio_status sio__pack_str(sio_buf *out, sio_str text);
SIO_API sio_status sio__pack_bin(sio_buf *out, sio_str bytes);
SIO_API sio_status sio__pack_date(sio_buf *out, int64_t seconds, uint32_t nanoseconds);
SIO_API sio_status sio__pack_array(sio_buf *out, uint32_t count); /* header only */
SIO_API sio_status sio__pack_map(sio_buf *out, uint32_t count);   /* header only */

#endif
