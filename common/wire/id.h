/* SPDX-License-Identifier: MIT */
/* The random names by which nodes and their requests are known in a cluster. */
#ifndef SIO_COMMON_WIRE_ID_H
#define SIO_COMMON_WIRE_ID_H

#include <stddef.h>

#include <sio/export.h>
#include <sio/status.h>

/* Random bytes drawn ahead, so that an id is not a system call. Zeroed: none yet. Belongs
 * to one object of one process: after fork() two copies would draw the same ids. */
struct sio__ids {
    unsigned char bytes[256];
    size_t left; /* the last so many are unused */
};

/* Draw `len` characters, each of `alphabet` (1 to 256 of them) equally likely; no terminator.
 * SIO_OK, or SIO_ESYS: the system has no random numbers. */
SIO_API sio_status sio__ids_draw(struct sio__ids *ids, const char *alphabet, size_t len, char *out);

#endif
