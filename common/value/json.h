/* SPDX-License-Identifier: MIT */
/* JSON inside the toolkit: what sio/value.h offers, and what only the codecs need. */
#ifndef SIO_COMMON_VALUE_JSON_H
#define SIO_COMMON_VALUE_JSON_H

#include <sio/export.h>
#include <sio/value.h>

/* sio_json_read() with max_depth taken literally (0: a scalar only); adds to *has the
 * SIO__HAS_* of value/normal.h that apply to what was read. */
SIO_API sio_status sio__json_read(sio_str text, unsigned max_depth, sio_buf *out,
                                  sio_json_error *err, unsigned *has);

/* Append text as a JSON string, quotes included, as JSON.stringify escapes it.
 * SIO_OK or SIO_ENOMEM (out unchanged). */
SIO_API sio_status sio__json_string(sio_str text, sio_buf *out);

#endif
