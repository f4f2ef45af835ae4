/* SPDX-License-Identifier: MIT */
#include "link/feed.h"

#include <stdio.h>
#include <string.h>

#include "link/cluster.h"
#include "link/errors.h"
#include "link/subscriber.h"

enum {
    MAX_FRAME = 64 * 1024 * 1024,
    /* Redis closes a connection whose reader is behind by more than its limit. Then at least
     * what the socket's buffers hold comes in one go before the end. */
    BURST = 128 * 1024,
    BURST_MS = 1000
};

static struct sio__feed *of(const struct sio__session *session)
{
    return (struct sio__feed *)session; /* it comes first */
}

/* -- what arrives -- */

static bool on_message(struct sio__feed *feed, enum sio__subscribe_kind kind,
                       const struct sio__push *push)
{
    struct sio__subscriber *subscriber = feed->subscriber;
    struct sio__subscriptions *subs = &subscriber->subs;
    struct sio__name *name = sio__subscriptions_find(subs, kind, push->name);
    struct sio__subscription *sub;

    if (name == NULL)
        return true; /* not wanted any more, as when nobody is in the list */
    for (sub = sio__subscriptions_first(subs, name); sub != NULL;
         sub = sio__subscriptions_next(subs)) {
        struct sio__listener *listener = sub->listener;

        subscriber->messages++;
        listener->ops->message(listener->owner, sub->tag, push->channel, push->payload);
        if (feed->session.link->free_requested)
            return false;
    }
    return true;
}

static bool answered(struct sio__feed *feed, const char *error)
{
    struct sio__subscriber *subscriber = feed->subscriber;
    struct sio__name *name =
        sio__asker_answer(&feed->asker, error != NULL ? SIO__ASKER_DENIED : SIO__ASKER_OBEYED);

    if (feed->session.link->cluster != NULL && error == NULL)
        sio__cluster_subscribed(feed->session.link->cluster);
    if (name != NULL) {
        if (error != NULL)
            sio__listeners_denied(subscriber, name, error);
        else
            sio__listeners_confirmed(subscriber, name);
        sio__subscriptions_release(&subscriber->subs, name);
    }
    sio__listeners_run_syncs(subscriber);
    return !feed->session.link->free_requested;
}

static bool on_confirmation(struct sio__feed *feed, const struct sio__push *push)
{
    static const enum sio__push_type types[SIO__SUBSCRIBE_KINDS][2] = {
        [SIO__CHANNEL] = {SIO__PUSH_UNSUBSCRIBE, SIO__PUSH_SUBSCRIBE},
        [SIO__PATTERN] = {SIO__PUSH_PUNSUBSCRIBE, SIO__PUSH_PSUBSCRIBE},
        [SIO__SHARD_CHANNEL] = {SIO__PUSH_SUNSUBSCRIBE, SIO__PUSH_SSUBSCRIBE}};
    bool subscribe = false;
    const struct sio__name *name = sio__asker_awaited(&feed->asker, &subscribe);

    if (name != NULL && push->type == types[name->kind][subscribe] &&
        sio_str_eq(push->name, sio__name_text(name)))
        return answered(feed, NULL);
    if (push->type == SIO__PUSH_SUNSUBSCRIBE) { /* the slot is another node's now */
        sio__subscriber_ended(feed, push->name);
        return true;
    }
    return sio__session_drop(&feed->session, SIO_EREDIS,
                             name == NULL ? "an answer to nothing"
                                          : "an answer to another command than the one sent");
}

static bool on_pong(struct sio__feed *feed)
{
    struct sio__session *session = &feed->session;

    if (!session->ping_unanswered)
        return sio__session_drop(session, SIO_EREDIS, "an answer to nothing");
    session->ping_unanswered = false;
    return true;
}

static bool on_error(struct sio__feed *feed, const struct sio__push *push)
{
    struct sio__session *session = &feed->session;
    char error[SIO__REASON_MAX];
    bool subscribe;
    const struct sio__name *name = sio__asker_awaited(&feed->asker, &subscribe);

    sio__printable(error, sizeof error, push->text);
    if (session->ping_unanswered) /* sent when nothing else was: any error is its answer */
        return on_pong(feed);
    if (sio__subscriber_redirected(feed, name, error))
        return true;
    if (name == NULL || sio__error_status(error) == SIO_EAUTH || sio__error_is_passing(error))
        return sio__session_drop(session, sio__error_status(error), error);
    return answered(feed, error);
}

static bool on_push(void *arg, const struct sio__push *push)
{
    struct sio__feed *feed = arg;

    switch (push->type) {
    case SIO__PUSH_MESSAGE:
        return on_message(feed, SIO__CHANNEL, push);
    case SIO__PUSH_PMESSAGE:
        return on_message(feed, SIO__PATTERN, push);
    case SIO__PUSH_SMESSAGE:
        return on_message(feed, SIO__SHARD_CHANNEL, push);
    case SIO__PUSH_SUBSCRIBE:
    case SIO__PUSH_PSUBSCRIBE:
    case SIO__PUSH_SSUBSCRIBE:
    case SIO__PUSH_UNSUBSCRIBE:
    case SIO__PUSH_PUNSUBSCRIBE:
    case SIO__PUSH_SUNSUBSCRIBE:
        return on_confirmation(feed, push);
    case SIO__PUSH_PONG:
        return on_pong(feed);
    case SIO__PUSH_ERROR:
        return on_error(feed, push);
    case SIO__PUSH_OTHER:
        break;
    }
    return sio__session_drop(&feed->session, SIO_EREDIS, "not what a subscriber is sent");
}

static void explain_end(struct sio__feed *feed)
{
    struct sio__conn *conn = &feed->session.conn;
    size_t len = strlen(conn->text);

    if (feed->burst >= BURST && sio__now_ms() - feed->burst_ms < BURST_MS)
        snprintf(conn->text + len, sizeof conn->text - len,
                 ", much of it unread: client-output-buffer-limit pubsub?");
}

/* One read an event: then others have their turn. */
sio_status sio__feed_on_read(struct sio__session *session)
{
    struct sio__feed *feed = of(session);
    struct sio__conn *conn = &session->conn;
    size_t room, len = 0;
    char *at;
    sio_status status = sio__pushes_room(feed->pushes, &at, &room);

    if (status == SIO_OK) {
        status = sio__conn_receive(conn, at, room, &len);
        if (status != SIO_OK) {
            explain_end(feed);
            return status;
        }
        /* A burst goes on as long as there is more than is asked for. */
        feed->burst = feed->more ? feed->burst + len : len;
        feed->more = len == room;
        feed->burst_ms = session->link->active_ms = sio__now_ms();
        session->link->active = true; /* the buffer has memory now */
        status = sio__pushes_take(feed->pushes, len, on_push, feed);
    }
    if (status == SIO_ECLOSED && session->link->free_requested)
        return SIO_OK;
    if (status == SIO_EREDIS)
        snprintf(conn->text, sizeof conn->text, "not a Redis server's answer: %s",
                 sio__pushes_error(feed->pushes));
    else if (status == SIO_ENOMEM)
        snprintf(conn->text, sizeof conn->text, "out of memory");
    return status;
}

/* -- what is sent -- */

static int gather(void *arg, struct iovec *iov, int max)
{
    struct sio__feed *feed = arg;
    sio_buf *commands = &feed->asker.commands;

    (void)max;
    if (feed->commands_sent == commands->len) {
        sio__asker_write(&feed->asker);
        feed->commands_sent = 0;
    }
    if (commands->len == 0)
        return 0;
    iov[0].iov_base = commands->ptr + feed->commands_sent;
    iov[0].iov_len = commands->len - feed->commands_sent;
    return 1;
}

static void wrote(void *arg, size_t bytes)
{
    struct sio__feed *feed = arg;

    feed->commands_sent += bytes;
}

bool sio__feed_awaits(const struct sio__session *session)
{
    const struct sio__feed *feed = of(session);
    const struct sio__asker *asker = &feed->asker;

    return asker->written != asker->answered || feed->commands_sent < asker->commands.len;
}

void sio__feed_service(struct sio__feed *feed, uint32_t now_ms)
{
    struct sio__session *session = &feed->session;
    struct sio__conn_source source = {gather, wrote, feed};

    if (session->state != SIO__SESSION_UP)
        return;
    sio__session_begin_write(session, now_ms);
    if (sio__conn_write(&session->conn, &source) != SIO_OK)
        sio__session_write_failed(session);
    else if (!session->conn.blocked && sio__asker_can_write(&feed->asker))
        sio__link_wake(session->link); /* a piece each turn */
}

/* -- the session -- */

void sio__feed_on_connecting(struct sio__session *session)
{
    sio__link_log(session->link, SIO__LOG_SUBSCRIBER, SIO_LOG_DEBUG, "subscriber: %s",
                  session->peer);
}

void sio__feed_on_up(struct sio__session *session)
{
    struct sio__feed *feed = of(session);

    session->link->stats.connections++;
    sio__pushes_clear(feed->pushes);
    feed->more = false;
    sio__listeners_up(feed->subscriber);
    sio__link_log(session->link, SIO__LOG_SUBSCRIBER, SIO_LOG_INFO, "subscriber connected to %s",
                  session->peer);
}

bool sio__feed_on_answer(struct sio__session *session, const struct sio__reply *reply)
{
    (void)reply;
    return sio__session_drop(session, SIO_EREDIS, "an answer to nothing");
}

void sio__feed_on_lost(struct sio__session *session)
{
    struct sio__feed *feed = of(session);

    sio__pushes_clear(feed->pushes);
    sio__asker_disconnected(&feed->asker);
    feed->commands_sent = 0;
}

void sio__feed_on_down(struct sio__session *session, bool was_up, sio_status status,
                       const char *text, uint32_t retry_in_ms)
{
    struct sio__feed *feed = of(session);
    struct sio__subscriber *subscriber = feed->subscriber;
    int64_t from_ms = sio__wall_ms();

    sio__link_log(session->link, SIO__LOG_SUBSCRIBER,
                  status == SIO_EAUTH ? SIO_LOG_ERROR : SIO_LOG_WARNING,
                  "subscriber: %s; attempt %u in %u ms", text, session->attempt + 1, retry_in_ms);
    if (!was_up)
        return;
    session->link->stats.connections--;
    subscriber->losses++;
    snprintf(subscriber->lost_text, sizeof subscriber->lost_text, "%s", text);
    /* What Redis sent before it closed has arrived; before a silence, who knows. */
    if (!session->conn.ended)
        from_ms -= sio__now_ms() - session->heard_ms;
    sio__listeners_lost(subscriber, feed, from_ms);
}

/* -- begin and end -- */

sio_status sio__feed_init(struct sio__feed *feed, struct sio__subscriber *subscriber,
                          const struct sio__session_ops *ops)
{
    sio_status status;

    feed->subscriber = subscriber;
    sio__session_init(&feed->session, subscriber->link, ops);
    status = sio__asker_init(&feed->asker, &subscriber->subs);
    if (status == SIO_OK)
        status = sio__session_make_timer(&feed->session);
    if (status != SIO_OK)
        return status;
    feed->pushes = sio__pushes_new(MAX_FRAME);
    return feed->pushes != NULL ? SIO_OK : SIO_ENOMEM;
}

void sio__feed_fini(struct sio__feed *feed)
{
    sio__session_fini(&feed->session);
    sio__pushes_free(feed->pushes);
    feed->pushes = NULL;
    sio__asker_fini(&feed->asker);
}
