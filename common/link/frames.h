/* SPDX-License-Identifier: MIT */
/* One RESP2 frame, read by hiredis: whatever a subscribing connection receives that our own
 * scan (pushes.c) does not know. */
#ifndef SIO_COMMON_LINK_FRAMES_H
#define SIO_COMMON_LINK_FRAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <sio/buf.h>
#include <sio/status.h>
#include <sio/str.h>

#include "link/reader.h"

enum { SIO__ELEMENTS = 4 /* of an array that are looked at */ };

/* An element of an array: text, or if ptr is NULL a number, an array or nothing. */
struct sio__frame {
    int type; /* REDIS_REPLY_ARRAY, _ERROR, _STATUS, ...; the latter two have one element */
    size_t elements;
    sio_str element[SIO__ELEMENTS];
};

struct sio__frame_reader {
    redisReader *redis; /* NULL: not within a frame */
    const char *error;
    int type;
    size_t elements, fed; /* fed: bytes of the frame so far */
    bool is_text[SIO__ELEMENTS];
    size_t ends[SIO__ELEMENTS]; /* in kept */
    sio_buf kept;
    bool no_memory;
};

/* Read on in these bytes; *used of them are of the frame. *done: it is complete; what it
 * holds is valid until end(). SIO_OK, SIO_ENOMEM or SIO_EREDIS, then reader->error says why. */
sio_status sio__frame_read(struct sio__frame_reader *reader, const char *at, size_t len,
                           size_t *used, struct sio__frame *frame, bool *done);
void sio__frame_end(struct sio__frame_reader *reader);

#endif
