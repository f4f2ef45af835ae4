/* SPDX-License-Identifier: MIT */
/* From an address to a connected socket and, if it is to be encrypted, its TLS: dials, and
 * has the files read meanwhile. */
#ifndef SIO_COMMON_LINK_CONNECT_H
#define SIO_COMMON_LINK_CONNECT_H

#include <sio/status.h>

#include "link/dial.h"

struct event;
struct event_base;
struct sio__tls;
struct sio__tls_config;
struct sio__tls_files;

/* fd: connected, non-blocking; tls: for sio__conn_open(), NULL: plaintext; both the callee's.
 * Or fd is -1, and text says why. Otherwise text is the peer's address. */
typedef void sio__connect_cb(void *arg, int fd, struct sio__tls *tls, const char *text);

struct sio__connect {
    struct sio__dial dial;
    struct sio__tls_config *config; /* NULL: plaintext; borrowed */
    struct sio__tls_files *files;
    struct event *read; /* the files */
    struct sio__tls *tls;
    int fd; /* connected, and waits for the files; else -1 */
    sio__connect_cb *cb;
    void *arg;
    char host[256];
    char peer[SIO__PEER_MAX];
};

void sio__connect_init(struct sio__connect *connect);

/* The callback comes once, later, from the loop. The address's strings are borrowed until
 * then; tls NULL: plaintext. SIO_OK, SIO_ENOMEM or SIO_ESYS. */
sio_status sio__connect_start(struct sio__connect *connect, struct event_base *base,
                              const struct sio__address *to, struct sio__tls_config *tls,
                              sio__connect_cb *cb, void *arg);

/* Give up, if it is not over already; there will be no callback. */
void sio__connect_stop(struct sio__connect *connect);

/* In the child of a fork(): close what is open, touch nothing else. */
void sio__connect_after_fork(struct sio__connect *connect);

#endif
