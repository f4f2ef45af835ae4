/* SPDX-License-Identifier: MIT */
/* Packed values from outside, validated and brought to the one form that the rest
 * of the toolkit relies on (sio/value.h): what a JavaScript value packs to. */
#ifndef SIO_COMMON_VALUE_NORMAL_H
#define SIO_COMMON_VALUE_NORMAL_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>
#include <sio/value.h>

#define SIO__SAFE_INTEGER 9007199254740991 /* JavaScript's Number.MAX_SAFE_INTEGER */

/* What packed values contain that not every wire can copy as it is, or needs a closer look. */
enum {
    SIO__HAS_UNDEFINED = 1,  /* d4 00 00 */
    SIO__HAS_SURROGATES = 2, /* a string with lone surrogates */
    SIO__HAS_BIG_INTS = 4,   /* integers beyond +-SIO__SAFE_INTEGER */
    SIO__HAS_DATES = 8,
    SIO__HAS_BINARY = 16 /* of messages being made: a scan counts its pieces instead */
};

/* What one validating pass learns. */
struct sio__scan {
    size_t values;      /* values at the top level */
    size_t attachments; /* pieces of binary, at any depth */
    unsigned has;       /* SIO__HAS_* */
    bool normal;        /* every token is in the form that notepack.io 3 writes */
};

/* Validate packed values in a row: whole tokens to the last byte, known extensions,
 * string keys, text in UTF-8 (lone surrogates allowed), at most max_depth deep.
 * SIO_OK or SIO_EINVAL. */
SIO_API sio_status sio__scan(sio_str packed, unsigned max_depth, struct sio__scan *out);

/* Append scanned values, each token in its normal form. SIO_OK or SIO_ENOMEM (out
 * unchanged). */
SIO_API sio_status sio__normalise(sio_str packed, const struct sio__scan *scan, sio_buf *out);

/* Append one scalar token in its normal form. SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio__pack_token(const sio_value *token, sio_buf *out);

#endif
