/* SPDX-License-Identifier: MIT */
/* What the sessions of publishing connections tell the link, and the first of them its host. */
#include "link/lane.h"

#include <stdio.h>

#include "link/impl.h"

static struct sio__lane *of(const struct sio__session *session)
{
    return (struct sio__lane *)session; /* it comes first */
}

/* -- any lane -- */

void sio__lane_on_up(struct sio__session *session)
{
    struct sio__lane *lane = of(session);
    sio_link *link = session->link;

    lane->late_text[0] = '\0';
    link->tally.resent += sio__outbox_resent(lane->outbox);
    sio__link_lock(link);
    link->stats.connections++;
    sio__link_unlock(link);
}

bool sio__lane_on_answer(struct sio__session *session, const struct sio__reply *reply)
{
    return sio__publisher_on_reply(of(session), reply);
}

void sio__lane_on_ping(struct sio__session *session)
{
    struct sio__lane *lane = of(session);

    if (sio__round_trip_idle(&lane->trip))
        sio__round_trip_begin(&lane->trip, sio__outbox_bytes_written(lane->outbox), sio__now_us());
}

bool sio__lane_awaits(const struct sio__session *session)
{
    return sio__outbox_unanswered(of(session)->outbox);
}

void sio__lane_on_lost(struct sio__session *session)
{
    sio__publisher_disconnected(of(session));
}

void sio__lane_on_down(struct sio__session *session, bool was_up, sio_status status,
                       const char *text, uint32_t retry_in_ms)
{
    struct sio__lane *lane = of(session);
    sio_link *link = session->link;

    (void)status;
    (void)retry_in_ms;
    snprintf(lane->late_text, sizeof lane->late_text, "%s", text);
    sio__link_lock(link);
    if (was_up) {
        link->stats.disconnects++;
        link->stats.connections--;
    } else {
        link->stats.attempts_failed++;
    }
    sio__link_unlock(link);
}

sio_status sio__lane_init(struct sio__lane *lane, sio_link *link,
                          const struct sio__session_ops *ops)
{
    sio__session_init(&lane->session, link, ops);
    lane->wake_at = 1;
    lane->outbox = sio__outbox_new(&link->space);
    return lane->outbox != NULL ? SIO_OK : SIO_ENOMEM;
}

void sio__lane_fini(struct sio__lane *lane)
{
    sio__session_fini(&lane->session);
    sio__outbox_free(lane->outbox);
    lane->outbox = NULL;
}

/* -- the home lane: its states are the link's -- */

static void on_connecting(struct sio__session *session)
{
    sio__link_report(session->link, SIO_LINK_CONNECTING, SIO_OK, session->peer, 0);
}

static void on_up(struct sio__session *session)
{
    sio_link *link = session->link;

    sio__lane_on_up(session);
    sio__link_lock(link);
    link->stats.connects++;
    sio__link_unlock(link);
    sio__link_report(link, SIO_LINK_UP, SIO_OK, session->peer, 0);
}

static void on_down(struct sio__session *session, bool was_up, sio_status status, const char *text,
                    uint32_t retry_in_ms)
{
    sio__lane_on_down(session, was_up, status, text, retry_in_ms);
    sio__link_report(session->link, SIO_LINK_DOWN, status, text, retry_in_ms);
}

const struct sio__session_ops sio__home_lane_ops = {.locate = sio__session_locate,
                                                    .connecting = on_connecting,
                                                    .up = on_up,
                                                    .answer = sio__lane_on_answer,
                                                    .pings = sio__lane_on_ping,
                                                    .awaits = sio__lane_awaits,
                                                    .lost = sio__lane_on_lost,
                                                    .down = on_down};
