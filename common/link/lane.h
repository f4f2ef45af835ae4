/* SPDX-License-Identifier: MIT */
/* A publishing connection with what waits for it. */
#ifndef SIO_COMMON_LINK_LANE_H
#define SIO_COMMON_LINK_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "link/latency.h"
#include "link/outbox.h"
#include "link/session.h"

struct sio__lane {
    struct sio__session session; /* the first, so that its handlers find the lane */
    struct sio__lane *next;      /* of the link */
    struct sio__outbox *outbox;  /* its [shared] calls are under the link's lock, and: */
    size_t wake_at;              /* staged bytes at which a caller wakes the I/O thread */

    bool holding;    /* Redis said "not now": nothing is written until hold_until_ms */
    bool hold_waits; /* ... which is set once everything is answered */
    bool hold_moved; /* some of it is another lane's, see cluster.h */
    uint32_t hold_until_ms, hold_delay_ms;
    char late_text[SIO__REASON_MAX]; /* why publishes wait, for those that expire */
    uint64_t peek_bytes_in;          /* read when the next look was set */
    struct sio__round_trip trip;
};

/* -- lane.c -- */

/* ops: see sio__lane_ops. After a failure fini() is allowed. */
sio_status sio__lane_init(struct sio__lane *lane, sio_link *link,
                          const struct sio__session_ops *ops);
void sio__lane_fini(struct sio__lane *lane); /* ends nothing */

static inline bool sio__lane_is_up(const struct sio__lane *lane)
{
    return lane->session.state == SIO__SESSION_UP;
}

/* What a lane's session is told and asks; its owner adds where it goes, and who hears of its
 * states. */
void sio__lane_on_up(struct sio__session *session);
bool sio__lane_on_answer(struct sio__session *session, const struct sio__reply *reply);
void sio__lane_on_ping(struct sio__session *session);
bool sio__lane_awaits(const struct sio__session *session);
void sio__lane_on_lost(struct sio__session *session);
void sio__lane_on_down(struct sio__session *session, bool was_up, sio_status status,
                       const char *text, uint32_t retry_in_ms);

/* -- publisher.c -- */

bool sio__publisher_on_reply(struct sio__lane *lane, const struct sio__reply *reply);
sio_status sio__publisher_write(struct sio__lane *lane);
void sio__publisher_expire(struct sio__lane *lane, uint32_t now_ms);
void sio__publisher_disconnected(struct sio__lane *lane);
void sio__publisher_fail_all(struct sio__lane *lane);
/* Write nothing new until everything is answered. moved: then have the cluster look at it. */
void sio__publisher_start_holding(struct sio__lane *lane, const char *why, bool moved);
void sio__publisher_hold(struct sio__lane *lane, uint32_t now_ms);
/* The one end of a publish: counted, and told. */
void sio__publisher_end(sio_link *link, const struct sio__completion *completion,
                        const struct sio__publish_result *result);

#endif
