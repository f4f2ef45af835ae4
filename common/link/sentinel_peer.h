/* SPDX-License-Identifier: MIT */
/* One sentinel: a connection that stays, on which it is asked, and announces switches. */
#ifndef SIO_COMMON_LINK_SENTINEL_PEER_H
#define SIO_COMMON_LINK_SENTINEL_PEER_H

#include "link/impl.h"

#include "link/answer.h"
#include "link/sentinel_view.h"
#include "link/session.h"

struct sio__sentinels;

enum sio__sentinel_step {                            /* whose answer is awaited, in this order */
                          SIO__SENTINEL_UNSUBSCRIBE, /* two channels, one after the other */
                          SIO__SENTINEL_UNSUBSCRIBE_2,
                          SIO__SENTINEL_ADDRESS,
                          SIO__SENTINEL_EPOCH,
                          SIO__SENTINEL_ID,
                          SIO__SENTINEL_OTHERS,
                          SIO__SENTINEL_SUBSCRIBE,
                          SIO__SENTINEL_SUBSCRIBE_2,
                          SIO__SENTINEL_IDLE /* none */
};

struct sio__sentinel_peer {
    struct sio__session session;
    struct sio__sentinels *sentinels;
    struct sio__place place;
    bool learned; /* from others, not from the URL */
    bool named;   /* by another one, in the last round */
    struct sio__answer_reader *reader;
    enum sio__sentinel_step step;
    uint32_t asked_ms;
    bool subscribed;
    bool told_down;                 /* that it is down has been logged */
    bool settled;                   /* in this round: it has answered, or failed */
    struct sio__sentinel_view view; /* the last one, of this connection */
    char id[SIO__SENTINEL_ID_MAX];
    struct sio__listing others; /* the answer to be looked through */
    sio_status status;          /* why there is no view; SIO_OK: not asked yet */
    char text[160];
};

/* SIO_OK or SIO_ENOMEM. */
sio_status sio__sentinel_peer_new(struct sio__sentinels *sentinels, sio_link *link,
                                  const struct sio__place *place, struct sio__sentinel_peer **out);
/* Not from its own handlers. NULL allowed. */
void sio__sentinel_peer_free(struct sio__sentinel_peer *peer);

/* Have it asked, connecting if need be: it will be settled, perhaps before this returns. */
void sio__sentinel_peer_ask(struct sio__sentinel_peer *peer, uint32_t now_ms);

/* After a round in which none had a view: why, and the status that goes with it. */
sio_status sio__sentinel_peers_explain(struct sio__sentinel_peer *const *peers, unsigned count,
                                       const char *master, char *text, size_t size);

/* -- sentinel.c -- */

const sio_buf *sio__sentinels_question(const struct sio__sentinels *sentinels);
void sio__sentinels_settled(struct sio__sentinels *sentinels); /* one of them has */
/* over: it is the end of a failover, not its middle */
void sio__sentinels_announced(struct sio__sentinels *sentinels, bool over, const char *message);

#endif
