/* SPDX-License-Identifier: MIT */
/* The subscribing connection: asks for the names that are wanted, hands messages on. */
#include "link/subscriber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/errors.h"

enum {
    MAX_FRAME = 64 * 1024 * 1024,
    /* Redis closes a connection whose reader is behind by more than its limit. Then at least
     * what the socket's buffers hold comes in one go before the end. */
    BURST = 128 * 1024,
    BURST_MS = 1000
};

/* -- what arrives -- */

static bool on_message(struct sio__subscriber *subscriber, enum sio__subscribe_kind kind,
                       const struct sio__push *push)
{
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
        if (subscriber->session.link->free_requested)
            return false;
    }
    return true;
}

static bool answered(struct sio__subscriber *subscriber, const char *error)
{
    struct sio__name *name = sio__subscriptions_answer(&subscriber->subs, error != NULL);

    if (name != NULL) {
        if (error != NULL)
            sio__listeners_denied(subscriber, name, error);
        else
            sio__listeners_confirmed(subscriber, name);
        sio__subscriptions_release(&subscriber->subs, name);
    }
    sio__listeners_run_syncs(subscriber);
    return !subscriber->session.link->free_requested;
}

static bool on_confirmation(struct sio__subscriber *subscriber, const struct sio__push *push)
{
    bool subscribe = false;
    const struct sio__name *name = sio__subscriptions_awaited(&subscriber->subs, &subscribe);
    enum sio__push_type type;

    if (name == NULL)
        return sio__session_drop(&subscriber->session, SIO_EREDIS, "an answer to nothing");
    if (name->is_pattern)
        type = subscribe ? SIO__PUSH_PSUBSCRIBE : SIO__PUSH_PUNSUBSCRIBE;
    else
        type = subscribe ? SIO__PUSH_SUBSCRIBE : SIO__PUSH_UNSUBSCRIBE;
    if (push->type != type || !sio_str_eq(push->name, sio_str_of(name->text, name->len)))
        return sio__session_drop(&subscriber->session, SIO_EREDIS,
                                 "an answer to another command than the one sent");
    return answered(subscriber, NULL);
}

static bool on_pong(struct sio__subscriber *subscriber)
{
    struct sio__session *session = &subscriber->session;

    if (!session->ping_unanswered)
        return sio__session_drop(session, SIO_EREDIS, "an answer to nothing");
    session->ping_unanswered = false;
    return true;
}

static bool on_error(struct sio__subscriber *subscriber, const struct sio__push *push)
{
    struct sio__session *session = &subscriber->session;
    char error[SIO__REASON_MAX];
    bool subscribe;

    sio__printable(error, sizeof error, push->text);
    if (session->ping_unanswered) /* sent when nothing else was: any error is its answer */
        return on_pong(subscriber);
    if (sio__subscriptions_awaited(&subscriber->subs, &subscribe) == NULL ||
        sio__error_status(error) == SIO_EAUTH || sio__error_is_passing(error))
        return sio__session_drop(session, sio__error_status(error), error);
    return answered(subscriber, error);
}

static bool on_push(void *arg, const struct sio__push *push)
{
    struct sio__subscriber *subscriber = arg;

    switch (push->type) {
    case SIO__PUSH_MESSAGE:
        return on_message(subscriber, SIO__CHANNEL, push);
    case SIO__PUSH_PMESSAGE:
        return on_message(subscriber, SIO__PATTERN, push);
    case SIO__PUSH_SUBSCRIBE:
    case SIO__PUSH_PSUBSCRIBE:
    case SIO__PUSH_UNSUBSCRIBE:
    case SIO__PUSH_PUNSUBSCRIBE:
        return on_confirmation(subscriber, push);
    case SIO__PUSH_PONG:
        return on_pong(subscriber);
    case SIO__PUSH_ERROR:
        return on_error(subscriber, push);
    case SIO__PUSH_OTHER:
        break;
    }
    return sio__session_drop(&subscriber->session, SIO_EREDIS, "not what a subscriber is sent");
}

static struct sio__subscriber *of(const struct sio__session *session)
{
    return (struct sio__subscriber *)session; /* it comes first */
}

static void explain_end(struct sio__subscriber *subscriber)
{
    struct sio__conn *conn = &subscriber->session.conn;
    size_t len = strlen(conn->text);

    if (subscriber->burst >= BURST && sio__now_ms() - subscriber->burst_ms < BURST_MS)
        snprintf(conn->text + len, sizeof conn->text - len,
                 ", much of it unread: client-output-buffer-limit pubsub?");
}

/* One read an event: then others have their turn. */
static sio_status on_read(struct sio__session *session)
{
    struct sio__subscriber *subscriber = of(session);
    struct sio__conn *conn = &session->conn;
    size_t room, len = 0;
    char *at;
    sio_status status = sio__pushes_room(subscriber->pushes, &at, &room);

    if (status == SIO_OK) {
        status = sio__conn_receive(conn, at, room, &len);
        if (status != SIO_OK) {
            explain_end(subscriber);
            return status;
        }
        /* A burst goes on as long as there is more than is asked for. */
        subscriber->burst = subscriber->more ? subscriber->burst + len : len;
        subscriber->more = len == room;
        subscriber->burst_ms = sio__now_ms();
        status = sio__pushes_take(subscriber->pushes, len, on_push, subscriber);
    }
    if (status == SIO_ECLOSED && session->link->free_requested)
        return SIO_OK;
    if (status == SIO_EREDIS)
        snprintf(conn->text, sizeof conn->text, "not a Redis server's answer: %s",
                 sio__pushes_error(subscriber->pushes));
    else if (status == SIO_ENOMEM)
        snprintf(conn->text, sizeof conn->text, "out of memory");
    return status;
}

/* -- what is sent -- */

static int gather(void *arg, struct iovec *iov, int max)
{
    struct sio__subscriber *subscriber = arg;
    sio_buf *commands = &subscriber->subs.commands;

    (void)max;
    if (subscriber->commands_sent == commands->len) {
        sio__subscriptions_write(&subscriber->subs);
        subscriber->commands_sent = 0;
    }
    if (commands->len == 0)
        return 0;
    iov[0].iov_base = commands->ptr + subscriber->commands_sent;
    iov[0].iov_len = commands->len - subscriber->commands_sent;
    return 1;
}

static void wrote(void *arg, size_t bytes)
{
    struct sio__subscriber *subscriber = arg;

    subscriber->commands_sent += bytes;
}

static bool awaits(const struct sio__session *session)
{
    const struct sio__subscriber *subscriber = of(session);
    const struct sio__subscriptions *subs = &subscriber->subs;

    return subs->written != subs->answered || subscriber->commands_sent < subs->commands.len;
}

void sio__subscriber_service(struct sio__subscriber *subscriber, uint32_t now_ms)
{
    struct sio__session *session = &subscriber->session;
    struct sio__conn_source source = {gather, wrote, subscriber};

    subscriber->turn++;
    if (session->state == SIO__SESSION_UP) {
        sio__session_begin_write(session, now_ms);
        if (sio__conn_write(&session->conn, &source) != SIO_OK)
            sio__session_write_failed(session);
    }
    sio__listeners_run_syncs(subscriber);
    if (session->state == SIO__SESSION_UP && !session->conn.blocked &&
        sio__subscriptions_can_write(&subscriber->subs))
        sio__link_wake(session->link); /* a piece each turn */
}

/* -- the session -- */

static void on_connecting(struct sio__session *session)
{
    sio__link_log(session->link, SIO__LOG_SUBSCRIBER, SIO_LOG_DEBUG, "subscriber: %s",
                  session->peer);
}

static void on_up(struct sio__session *session)
{
    sio__pushes_clear(of(session)->pushes);
    of(session)->more = false;
    sio__listeners_up(of(session));
    sio__link_log(session->link, SIO__LOG_SUBSCRIBER, SIO_LOG_INFO, "subscriber connected to %s",
                  session->peer);
}

static bool on_answer(struct sio__session *session, const struct sio__reply *reply)
{
    (void)reply;
    return sio__session_drop(session, SIO_EREDIS, "an answer to nothing");
}

static void on_lost(struct sio__session *session)
{
    struct sio__subscriber *subscriber = of(session);

    sio__pushes_clear(subscriber->pushes);
    sio__subscriptions_disconnected(&subscriber->subs);
    subscriber->commands_sent = 0;
}

static void on_down(struct sio__session *session, bool was_up, sio_status status, const char *text,
                    uint32_t retry_in_ms)
{
    struct sio__subscriber *subscriber = of(session);
    int64_t from_ms = sio__wall_ms();

    sio__link_log(session->link, SIO__LOG_SUBSCRIBER,
                  status == SIO_EAUTH ? SIO_LOG_ERROR : SIO_LOG_WARNING,
                  "subscriber: %s; attempt %u in %u ms", text, session->attempt + 1, retry_in_ms);
    if (!was_up)
        return;
    subscriber->losses++;
    snprintf(subscriber->lost_text, sizeof subscriber->lost_text, "%s", text);
    /* What Redis sent before it closed has arrived; before a silence, who knows. */
    if (!session->conn.ended)
        from_ms -= sio__now_ms() - session->heard_ms;
    sio__listeners_lost(subscriber, from_ms);
}

static const struct sio__session_ops ops = {.connecting = on_connecting,
                                            .up = on_up,
                                            .read = on_read,
                                            .answer = on_answer,
                                            .awaits = awaits,
                                            .lost = on_lost,
                                            .down = on_down};

/* -- begin and end -- */

static struct sio__subscriber *new_subscriber(sio_link *link)
{
    struct sio__subscriber *subscriber = calloc(1, sizeof *subscriber);
    bool ok;

    if (subscriber == NULL)
        return NULL;
    sio__session_init(&subscriber->session, link, &ops);
    ok = sio__subscriptions_init(&subscriber->subs) == SIO_OK &&
         sio__session_make_timer(&subscriber->session) == SIO_OK &&
         (subscriber->pushes = sio__pushes_new(MAX_FRAME)) != NULL;
    if (ok)
        return subscriber;
    sio__subscriber_free(subscriber);
    return NULL;
}

sio_status sio__subscriber_get(sio_link *link, struct sio__subscriber **out)
{
    if (link->subscriber == NULL) {
        link->subscriber = new_subscriber(link);
        if (link->subscriber == NULL)
            return SIO_ENOMEM;
        sio__link_wake(link); /* connects from there */
    }
    *out = link->subscriber;
    return SIO_OK;
}

void sio__subscriber_add_stats(const struct sio__subscriber *subscriber, sio_link_stats *stats)
{
    stats->bytes_in += subscriber->session.conn.bytes_in;
    stats->bytes_out += subscriber->session.conn.bytes_out;
    stats->messages = subscriber->messages;
    stats->subscriber_disconnects = subscriber->losses;
}

struct sio__session *sio__subscriber_session(struct sio__subscriber *subscriber)
{
    return &subscriber->session;
}

void sio__subscriber_end(struct sio__subscriber *subscriber)
{
    sio__session_end(&subscriber->session);
    sio__listeners_close(subscriber);
}

void sio__subscriber_free(struct sio__subscriber *subscriber)
{
    if (subscriber == NULL)
        return;
    sio__listeners_forget(subscriber);
    sio__session_fini(&subscriber->session);
    sio__pushes_free(subscriber->pushes);
    sio__subscriptions_fini(&subscriber->subs);
    free(subscriber);
}
