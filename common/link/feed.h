/* SPDX-License-Identifier: MIT */
/* A subscribing connection: asks for the names that are its own, hands on what it is brought. */
#ifndef SIO_COMMON_LINK_FEED_H
#define SIO_COMMON_LINK_FEED_H

#include "link/asker.h"
#include "link/pushes.h"
#include "link/session.h"

struct sio__subscriber;

struct sio__feed {
    struct sio__session session; /* the first, so that its handlers find the feed */
    struct sio__subscriber *subscriber;
    struct sio__feed *next; /* of the subscriber */
    struct sio__asker asker;
    struct sio__pushes *pushes;
    size_t commands_sent; /* bytes of asker.commands */
    size_t burst;         /* bytes received while there was more to be had, */
    uint32_t burst_ms;    /* until when */
    bool more;            /* there was at the last time */
};

/* After a failure fini() is allowed. */
sio_status sio__feed_init(struct sio__feed *feed, struct sio__subscriber *subscriber,
                          const struct sio__session_ops *ops);
void sio__feed_fini(struct sio__feed *feed);

void sio__feed_service(struct sio__feed *feed, uint32_t now_ms);

/* What a feed's session is told and asks; its owner adds where it goes. */
void sio__feed_on_connecting(struct sio__session *session);
void sio__feed_on_up(struct sio__session *session);
sio_status sio__feed_on_read(struct sio__session *session);
bool sio__feed_on_answer(struct sio__session *session, const struct sio__reply *reply);
bool sio__feed_awaits(const struct sio__session *session);
void sio__feed_on_lost(struct sio__session *session);
void sio__feed_on_down(struct sio__session *session, bool was_up, sio_status status,
                       const char *text, uint32_t retry_in_ms);

#endif
