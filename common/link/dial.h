/* SPDX-License-Identifier: MIT */
/* From an address to a connected socket, on an event loop. */
#ifndef SIO_COMMON_LINK_DIAL_H
#define SIO_COMMON_LINK_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/link.h>
#include <sio/status.h>

struct addrinfo;
struct event;
struct event_base;
struct sio__resolve;

struct sio__address {
    const char *path; /* a unix socket; or */
    const char *host;
    uint16_t port;
    sio_link_family family;
};

enum { SIO__DIAL_ADDRESSES = 32, SIO__PEER_MAX = 160 };

/* fd: connected, non-blocking, the callee's to close; or -1, and text says why not.
 * Otherwise text is the peer's address. */
typedef void sio__dial_cb(void *arg, int fd, const char *text);

struct sio__dial {
    struct event_base *base;
    struct sio__address to;
    sio__dial_cb *cb;
    void *arg;
    struct sio__resolve *resolve;
    struct event *resolved, *next; /* next: time to try one more address */
    const struct addrinfo *order[SIO__DIAL_ADDRESSES];
    unsigned addresses, tried;
    struct sio__dial_attempt {
        struct sio__dial *dial;
        const struct addrinfo *address;
        struct event *writable;
        int fd; /* -1: none */
    } attempts[SIO__DIAL_ADDRESSES];
    char error[SIO__PEER_MAX + 64];
};

void sio__dial_init(struct sio__dial *dial);

/* The callback comes once, later, from the loop. The address's strings are borrowed
 * until then. SIO_OK, SIO_ENOMEM or SIO_ESYS. */
sio_status sio__dial_start(struct sio__dial *dial, struct event_base *base,
                           const struct sio__address *to, sio__dial_cb *cb, void *arg);

/* Give up, if it is not over already; there will be no callback. */
void sio__dial_stop(struct sio__dial *dial);

/* In the child of a fork(): close what is open, touch nothing else. */
void sio__dial_after_fork(struct sio__dial *dial);

#endif
