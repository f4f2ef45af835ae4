/* SPDX-License-Identifier: MIT */
/* JSON inside the toolkit: what sio/value.h offers, and what only the codecs need. */
#ifndef SIO_COMMON_VALUE_JSON_H
#define SIO_COMMON_VALUE_JSON_H

#include <sio/export.h>
#include <sio/value.h>

#include "value/extents.h"

/* sio_json_read() with max_depth taken literally (0: a scalar only); adds to *has the
 * SIO__HAS_* of value/normal.h that apply to what was read. */
SIO_API sio_status sio__json_read(sio_str text, unsigned max_depth, sio_buf *out,
                                  sio_json_error *err, unsigned *has);

/* Append the packed form of the JSON value at the start of a text, as sio__json_read(); what
 * follows it is not looked at. *size: its bytes, up to its last. SIO_OK, SIO_EINVAL or
 * SIO_ENOMEM (out unchanged). */
sio_status sio__json_read_first(sio_str text, unsigned max_depth, sio_buf *out, size_t *size);

/* Put the packed form of a JSON text into out, which is cleared; behind it, the extents of
 * containers that are in `level` others, unless members had to be reordered: then of none.
 * *packed and *extents are views of out. SIO_OK, SIO_EINVAL or SIO_ENOMEM (out is empty). */
SIO_API sio_status sio__json_read_noting(sio_str text, unsigned max_depth, unsigned level,
                                         sio_buf *out, sio_str *packed,
                                         struct sio__extents *extents);

/* Append the JSON text of packed values in a row, with commas between them, each as
 * sio_json_write() without a function for binary. SIO_OK, SIO_EINVAL or SIO_ENOMEM (out
 * unchanged). */
sio_status sio__json_row(sio_str packed, sio_buf *out);

/* Append text as a JSON string, quotes included, as JSON.stringify escapes it.
 * SIO_OK or SIO_ENOMEM (out unchanged). */
SIO_API sio_status sio__json_string(sio_str text, sio_buf *out);

#endif
