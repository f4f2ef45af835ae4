/* SPDX-License-Identifier: MIT */
/* The publishing connection: what its session tells the link, and the link its host. */
#include "link/impl.h"

#include <stdio.h>

static void on_connecting(struct sio__session *session)
{
    sio__link_report(session->link, SIO_LINK_CONNECTING, SIO_OK, session->peer, 0);
}

static void on_up(struct sio__session *session)
{
    sio_link *link = session->link;

    link->late_text[0] = '\0';
    link->tally.resent += sio__outbox_resent(link->outbox);
    sio__link_lock(link);
    link->stats.connects++;
    sio__link_unlock(link);
    sio__link_report(link, SIO_LINK_UP, SIO_OK, session->peer, 0);
}

static bool on_answer(struct sio__session *session, const struct sio__reply *reply)
{
    return sio__publisher_on_reply(session->link, reply);
}

static bool awaits(const struct sio__session *session)
{
    return sio__outbox_unanswered(session->link->outbox);
}

static void on_lost(struct sio__session *session)
{
    sio__publisher_disconnected(session->link);
}

static void on_down(struct sio__session *session, bool was_up, sio_status status, const char *text,
                    uint32_t retry_in_ms)
{
    sio_link *link = session->link;

    snprintf(link->late_text, sizeof link->late_text, "%s", text);
    sio__link_lock(link);
    if (was_up)
        link->stats.disconnects++;
    else
        link->stats.attempts_failed++;
    sio__link_unlock(link);
    sio__link_report(link, SIO_LINK_DOWN, status, text, retry_in_ms);
}

static const struct sio__session_ops ops = {.connecting = on_connecting,
                                            .up = on_up,
                                            .answer = on_answer,
                                            .awaits = awaits,
                                            .lost = on_lost,
                                            .down = on_down};

void sio__publishing_init(sio_link *link)
{
    sio__session_init(&link->publishing, link, &ops);
}
