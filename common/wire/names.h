/* SPDX-License-Identifier: MIT */
/* A growing list of room names, packed as an array at any time. */
#ifndef SIO_COMMON_WIRE_NAMES_H
#define SIO_COMMON_WIRE_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>

/* The header of a packed array is 1, 3 or 5 bytes long: it stands right before the
 * elements, in the 5 bytes that the buffer keeps free in front of them. */
struct sio__names {
    sio_buf buf;
    uint32_t count;
    unsigned header; /* bytes of the header */
    size_t longest;  /* bytes of the longest name */
    void *index;     /* of many names, to find repeated ones; see names.c */
};

SIO_API void sio__names_init(struct sio__names *names);
SIO_API void sio__names_fini(struct sio__names *names);
SIO_API void sio__names_clear(struct sio__names *names);

/* Append a name; sio__names_add() only if it is not there yet. SIO_OK, SIO_EINVAL (not
 * UTF-8), SIO_ETOOBIG or SIO_ENOMEM; unchanged on failure. */
SIO_API sio_status sio__names_append(struct sio__names *names, sio_str name);
SIO_API sio_status sio__names_add(struct sio__names *names, sio_str name);

/* A number for a name, if it is not there yet; its text is another name. SIO_OK, SIO_ETOOBIG
 * or SIO_ENOMEM. */
SIO_API sio_status sio__names_add_number(struct sio__names *names, int64_t number);

/* A packed array of strings and numbers; borrowed until the next change. */
SIO_API sio_str sio__names_packed(const struct sio__names *names);

#endif
