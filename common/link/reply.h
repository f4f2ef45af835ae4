/* SPDX-License-Identifier: MIT */
/* RESP2 answers out of received bytes: hiredis's reader with reply functions that
 * allocate nothing. */
#ifndef SIO_COMMON_LINK_REPLY_H
#define SIO_COMMON_LINK_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>

enum sio__reply_type {
    SIO__REPLY_INTEGER,
    SIO__REPLY_STATUS,
    SIO__REPLY_ERROR,
    SIO__REPLY_STRING,
    SIO__REPLY_ARRAY,
    SIO__REPLY_NIL,
    SIO__REPLY_OTHER /* of RESP3, never asked for */
};

struct sio__reply {
    enum sio__reply_type type;
    int64_t integer; /* INTEGER; ARRAY: the number of elements */
    int64_t second;  /* ARRAY: its second element if that is an integer; else -1 */
    char text[256];  /* STATUS, ERROR, STRING; ARRAY: its first element if that is text. Cut
                        if longer, terminated, without control characters */
};

struct sio__reply_reader;

/* Called for each answer in turn. false: stop, the rest is not wanted. */
typedef bool sio__reply_cb(void *arg, const struct sio__reply *reply);

/* max_frame: more bytes than this in one unfinished answer are an error. */
SIO_API struct sio__reply_reader *sio__reply_reader_new(size_t max_frame);
SIO_API void sio__reply_reader_free(struct sio__reply_reader *reader); /* NULL allowed */

/* Take received bytes, best at most 16 KiB at a time (hiredis moves the rest around).
 * SIO_OK; SIO_ECLOSED: the callback stopped it; SIO_EREDIS: not RESP, the connection is
 * of no use any more, see sio__reply_reader_error(); SIO_ENOMEM: neither. */
SIO_API sio_status sio__reply_feed(struct sio__reply_reader *reader, const char *bytes, size_t len,
                                   sio__reply_cb *cb, void *arg);
SIO_API const char *sio__reply_reader_error(const struct sio__reply_reader *reader);

#endif
