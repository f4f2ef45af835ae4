/* SPDX-License-Identifier: MIT */
/* Where a server is, as a value that can be copied. */
#ifndef SIO_COMMON_LINK_PLACE_H
#define SIO_COMMON_LINK_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>

enum { SIO__HOST_MAX = 256, SIO__PLACE_TEXT = SIO__HOST_MAX + 10 };

struct sio__place {
    char name[SIO__HOST_MAX]; /* a host; or the path of a unix socket */
    uint16_t port;            /* 0: a unix socket, or, without a name, no place at all */
};

/* false: the host is empty or too long, or the port none. */
SIO_API bool sio__place_set(struct sio__place *place, const char *host, int64_t port);

SIO_API bool sio__place_same(const struct sio__place *a, const struct sio__place *b);

/* "127.0.0.1:6379", "[::1]:6379", "/path"; cut if it is too long. */
SIO_API void sio__place_print(const struct sio__place *place, char *out, size_t size);

#endif
