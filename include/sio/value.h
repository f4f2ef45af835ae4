/* SPDX-License-Identifier: MIT */
/** @file sio/value.h
 *  JavaScript values as packed MessagePack, and their JSON text.
 *
 *  Event arguments stay packed from one end to the other; this header reads
 *  them (a cursor), makes them from JSON text and prints them as JSON text.
 *  Nothing here builds a tree.
 *
 *  The packed form is MessagePack as notepack.io 3 writes it, with two
 *  additions that MessagePack has no token for: undefined is the three bytes
 *  d4 00 00 (notepack.io 2 wrote it so), and a string may hold lone surrogates
 *  as three bytes each (WTF-8), because JSON text can name them.
 *  Threads: any; nothing is shared. */
#ifndef SIO_VALUE_H
#define SIO_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Nesting that readers and builders accept unless told otherwise. */
#define SIO_MAX_DEPTH 1024

/** What a packed value is. */
typedef enum sio_type {
    SIO_UNDEFINED, /**< ext type 0 of one byte */
    SIO_NULL,
    SIO_BOOL,   /**< v.boolean */
    SIO_INT,    /**< v.integer: any integer below 0 */
    SIO_UINT,   /**< v.natural: any integer from 0 up */
    SIO_DOUBLE, /**< v.real; float32 is widened */
    SIO_STRING, /**< v.text: UTF-8 as the sender wrote it, not validated */
    SIO_BINARY, /**< v.text: bytes; also ext type 0, the old codec's typed arrays */
    SIO_DATE,   /**< v.date: the timestamp extension, or the old codec's milliseconds */
    SIO_ARRAY,  /**< v.count elements follow */
    SIO_MAP,    /**< v.count pairs of key and value follow */
    SIO_EXT     /**< v.ext: any other extension */
} sio_type;

/** One token. Views point into the packed bytes. */
typedef struct sio_value {
    sio_type type; /**< which member of v counts */
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural;
        double real;
        sio_str text;
        struct {
            int64_t seconds;      /**< since 1970-01-01T00:00:00Z, floored */
            uint32_t nanoseconds; /**< 0 to 999,999,999 */
        } date;
        uint32_t count;
        struct {
            int8_t type;
            sio_str data;
        } ext;
    } v; /**< see sio_type */
} sio_value;

/** A place in packed bytes. Copy it to come back. */
typedef struct sio_cursor {
    const unsigned char *at;  /**< the next token */
    const unsigned char *end; /**< behind the last one */
} sio_cursor;

/** @return A cursor at the start of the packed bytes, which it borrows. */
SIO_API sio_cursor sio_cursor_at(sio_str packed);

/** @return Whether all bytes have been read. */
static inline bool sio_cursor_done(const sio_cursor *cursor)
{
    return cursor->at == cursor->end;
}

/** Read one token and stand behind it: behind a whole scalar, or before the
 *  first element or key of a container. A container's count never exceeds the
 *  bytes left.
 *  @return SIO_OK, or SIO_EINVAL: nothing left, a cut token, the byte c1, or
 *          a count that cannot be true; the cursor stays. */
SIO_API sio_status sio_cursor_read(sio_cursor *cursor, sio_value *out);

/** Step over one whole value, containers with all they hold. Iterative, no
 *  allocation, any depth.
 *  @return SIO_OK or SIO_EINVAL (the cursor stays). */
SIO_API sio_status sio_cursor_skip(sio_cursor *cursor);

/** Where and why JSON text was refused. */
typedef struct sio_json_error {
    size_t offset;    /**< bytes from the start */
    unsigned line;    /**< from 1 */
    unsigned column;  /**< from 1, in bytes */
    const char *what; /**< static text; NULL when there was no error */
} sio_json_error;

/** Append the packed form of one JSON text, as JSON.parse and then notepack.io
 *  would make it: integral numbers in [-2^63, 2^64) as the smallest integer,
 *  other numbers as float64, -0 as 0, integer-like keys first and ascending, a
 *  repeated key at its first place with its last value, a lone \\uD8xx escape
 *  kept as a lone surrogate, bytes that are no UTF-8 as U+FFFD.
 *  @param text       UTF-8, one JSON text and white space around it
 *  @param max_depth  nesting accepted; 0: SIO_MAX_DEPTH
 *  @param out        unchanged on failure
 *  @param err        filled on SIO_EINVAL; NULL allowed
 *  @return SIO_OK, SIO_EINVAL (not JSON, or nested too deep) or SIO_ENOMEM. */
SIO_API sio_status sio_json_read(sio_str text, unsigned max_depth, sio_buf *out,
                                 sio_json_error *err);

/** Append JSON text for one piece of binary; called where it stands in the text.
 *  A Socket.IO server writes {"_placeholder":true,"num":N} and keeps the bytes.
 *  @return SIO_OK, or a failure that sio_json_write() passes on. */
typedef sio_status sio_json_binary_cb(sio_str bytes, sio_buf *out, void *user);

/** Append the JSON text of one packed value, as JSON.stringify prints it:
 *  shortest numbers that read back the same (0.1, 1e+21, 5e-324), -0 as 0, NaN
 *  and infinities as null, undefined as null in an array and left out of an
 *  object (alone: null), dates as ISO 8601 text, lone surrogates as \\udxxx,
 *  bytes that are no UTF-8 as U+FFFD, integers beyond 2^53 as the double that
 *  JavaScript would hold. Map keys that are no strings are printed as
 *  JavaScript names them.
 *  @param packed  exactly one value
 *  @param binary  NULL: {"type":"Buffer","data":[...]} as Node's Buffer prints
 *  @param user    for `binary`
 *  @param out     unchanged on failure
 *  @return SIO_OK, SIO_EINVAL (not packed, nested deeper than SIO_MAX_DEPTH, or
 *          a container as a key), SIO_ENOMEM, or what `binary` returned. */
SIO_API sio_status sio_json_write(sio_str packed, sio_json_binary_cb *binary, void *user,
                                  sio_buf *out);

#ifdef __cplusplus
}
#endif

#endif
