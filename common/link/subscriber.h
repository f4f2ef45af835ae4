/* SPDX-License-Identifier: MIT */
/* The inside of a link's subscribing side: listener.c is what listeners call and are told,
 * feed.c a connection, subscriber.c what joins the two. */
#ifndef SIO_COMMON_LINK_SUBSCRIBER_H
#define SIO_COMMON_LINK_SUBSCRIBER_H

#include "link/asker.h"
#include "link/feed.h"
#include "link/impl.h"
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
    uint32_t shard_names;     /* of what it wants; */
    uint32_t names;           /* and all of it */
    uint32_t turn;            /* of the subscriber, in which it was made */
    uint32_t denied;          /* names, on this connection; */
    sio_status denied_status; /* why the last one was */
    int64_t gap_from_ms;      /* 0: none */
};

struct sio__subscriber {
    sio_link *link;
    struct sio__subscriptions subs;
    struct sio__feed home;   /* channels and patterns; outside of a cluster, all there is */
    struct sio__feed *feeds; /* a list that ends with it */
    uint64_t messages, losses;
    struct sio__listener *listeners;
    struct sio__listener *walk;    /* where somebody is walking them */
    struct sio__listener *telling; /* is being told something; NULL: it has been freed */
    uint32_t turn;                 /* of the loop: a number */
    char lost_text[SIO__REASON_MAX];
};

/* -- subscriber.c -- */

sio_status sio__subscriber_get(sio_link *link, struct sio__subscriber **out);
/* Which feed's a new name is. */
struct sio__asker *sio__subscriber_asker(struct sio__subscriber *subscriber,
                                         enum sio__subscribe_kind kind, sio_str name);
/* The server has ended the subscription to a shard channel by itself. */
void sio__subscriber_ended(struct sio__feed *feed, sio_str name);
/* An error, which may be the answer about `name` (NULL: none is awaited): whether it was one
 * that sends elsewhere, and has been seen to. */
bool sio__subscriber_redirected(struct sio__feed *feed, const struct sio__name *name,
                                const char *error);

/* -- listener.c -- */

/* A feed is up: all that is wanted now is asked for, then its listeners are ready. */
void sio__listeners_up(struct sio__subscriber *subscriber);
void sio__listeners_confirmed(struct sio__subscriber *subscriber, struct sio__name *name);
void sio__listeners_denied(struct sio__subscriber *subscriber, struct sio__name *name,
                           const char *error);
/* A feed was lost; since when, for those who may have missed something. */
void sio__listeners_lost(struct sio__subscriber *subscriber, const struct sio__feed *feed,
                         int64_t from_ms);
/* A name's subscription has ended while its feed has not. */
void sio__listeners_moved(struct sio__subscriber *subscriber, struct sio__name *name,
                          const char *text);
void sio__listeners_run_syncs(struct sio__subscriber *subscriber); /* and tell who is ready */
void sio__listeners_close(struct sio__subscriber *subscriber);     /* the link is closed for good */
void sio__listeners_forget(struct sio__subscriber *subscriber);    /* it is being freed */

#endif
