/* SPDX-License-Identifier: MIT */
/* Redis URLs: redis://, valkey:// and unix://, as sio/link.h describes them. */
#ifndef SIO_COMMON_LINK_URL_H
#define SIO_COMMON_LINK_URL_H

#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>

/* Decoded, terminated strings; NULL where the URL says nothing. */
struct sio__url {
    char *host; /* NULL: a unix socket */
    char *path; /* the unix socket; NULL: TCP */
    char *user;
    char *password; /* wiped by sio__url_fini() */
    uint16_t port;
    unsigned db;
};

/* SIO_OK, SIO_ENOMEM or SIO_EINVAL; then `err` says what is wrong and at which byte, and
 * never repeats any of the URL. On failure there is nothing to release. */
SIO_API sio_status sio__url_parse(const char *text, struct sio__url *url, char *err, size_t errlen);

SIO_API void sio__url_fini(struct sio__url *url);

/* Wipe and release a string that may be NULL. */
SIO_API void sio__secret_free(char *text);

#endif
