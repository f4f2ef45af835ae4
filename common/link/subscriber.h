/* SPDX-License-Identifier: MIT */
/* The inside of a link's subscribing side: listener.c is what listeners call and are told,
 * subscriber.c the connection. */
#ifndef SIO_COMMON_LINK_SUBSCRIBER_H
#define SIO_COMMON_LINK_SUBSCRIBER_H

#include "link/impl.h"
#include "link/pushes.h"
#include "link/subscribe.h"
#include "link/subscriptions.h"

struct sio__listener {
    struct sio__subscriber *subscriber; /* NULL: the link is gone */
    const struct sio__listener_ops *ops;
    void *owner;
    struct sio__listener *next, **before; /* of the subscriber */
    struct sio__subscription *subscriptions;
    struct sio__sync *syncs;
    struct sio__sync settling; /* unless it is ready, in a queue: then it will be */
    bool ready;
    uint32_t turn;            /* of the subscriber, in which it was made */
    uint32_t denied;          /* names, on this connection; */
    sio_status denied_status; /* why the last one was */
    int64_t gap_from_ms;      /* 0: none */
};

struct sio__subscriber {
    struct sio__session session;
    struct sio__subscriptions subs;
    struct sio__pushes *pushes;
    size_t commands_sent; /* bytes of subs.commands */
    uint64_t messages, losses;
    struct sio__listener *listeners;
    struct sio__listener *walk;    /* where somebody is walking them */
    struct sio__listener *telling; /* is being told something; NULL: it has been freed */
    uint32_t turn;                 /* of the loop: a number */
    char lost_text[SIO__REASON_MAX];
    size_t burst;      /* bytes received while there was more to be had, */
    uint32_t burst_ms; /* until when */
    bool more;         /* there was at the last time */
};

/* -- subscriber.c -- */

sio_status sio__subscriber_get(sio_link *link, struct sio__subscriber **out);

/* -- listener.c -- */

/* The connection is up: all that is wanted now is asked for, then its listeners are ready. */
void sio__listeners_up(struct sio__subscriber *subscriber);
void sio__listeners_confirmed(struct sio__subscriber *subscriber, struct sio__name *name);
void sio__listeners_denied(struct sio__subscriber *subscriber, struct sio__name *name,
                           const char *error);
void sio__listeners_lost(struct sio__subscriber *subscriber, int64_t from_ms);
void sio__listeners_run_syncs(struct sio__subscriber *subscriber); /* and tell who is ready */
void sio__listeners_close(struct sio__subscriber *subscriber);     /* the link is closed for good */
void sio__listeners_forget(struct sio__subscriber *subscriber);    /* it is being freed */

#endif
