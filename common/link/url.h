/* SPDX-License-Identifier: MIT */
/* URLs of Redis deployments, as sio/link.h describes them. */
#ifndef SIO_COMMON_LINK_URL_H
#define SIO_COMMON_LINK_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>

enum sio__topology {
    SIO__STANDALONE, /* redis, rediss, valkey, valkeys, unix: one server */
    SIO__SENTINEL,   /* redis-sentinel, rediss-sentinel: the sentinels' addresses */
    SIO__CLUSTER     /* redis-cluster, rediss-cluster: some nodes' addresses */
};

struct sio__url_host {
    char *host;
    uint16_t port;
};

/* Decoded, terminated strings; NULL where the URL says nothing. */
struct sio__url {
    enum sio__topology topology;
    bool tls;   /* the scheme has an s for it */
    char *host; /* STANDALONE; NULL: a unix socket */
    char *path; /* the unix socket; NULL: TCP */
    uint16_t port;
    struct sio__url_host *hosts; /* SENTINEL, CLUSTER: all that are named, nhosts >= 1 */
    unsigned nhosts;
    char *user;     /* the data nodes' */
    char *password; /* wiped by sio__url_fini() */
    unsigned db;
    char *master;                            /* SENTINEL: the name of the group, never NULL there */
    char *sentinel_user, *sentinel_password; /* SENTINEL: wiped, too */
};

/* SIO_OK, SIO_ENOMEM or SIO_EINVAL; then `err` says what is wrong and at which byte, and
 * never repeats any of the URL. On failure there is nothing to release. */
SIO_API sio_status sio__url_parse(const char *text, struct sio__url *url, char *err, size_t errlen);

SIO_API void sio__url_fini(struct sio__url *url);

/* Wipe and release a string that may be NULL. */
SIO_API void sio__secret_free(char *text);

#endif
