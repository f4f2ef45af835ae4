/* SPDX-License-Identifier: MIT */
/* Listeners: what they want, and what they are told. Any callback may free any listener, or
 * the link (which then lasts until the event has been seen to). */
#include "link/subscriber.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/errors.h"

/* -- ready -- */

/* What is due by now counts; what comes later does not hold it up. */
static void await_ready(struct sio__listener *listener)
{
    sio__subscriptions_sync(&listener->subscriber->subs, &listener->settling);
}

static void await_ready_anew(struct sio__listener *listener)
{
    sio__subscriptions_unsync(&listener->settling);
    await_ready(listener);
}

void sio__listeners_up(struct sio__subscriber *subscriber)
{
    for (struct sio__listener *at = subscriber->listeners; at != NULL; at = at->next) {
        if (!at->ready)
            await_ready_anew(at);
    }
}

static void tell_ready(struct sio__subscriber *subscriber, struct sio__listener *listener)
{
    const struct sio__listener_ops *ops = listener->ops;
    int64_t from_ms = listener->gap_from_ms;

    listener->ready = true;
    listener->gap_from_ms = 0;
    subscriber->telling = listener;
    if (from_ms != 0)
        ops->gap(listener->owner, from_ms, sio__wall_ms(), subscriber->lost_text);
    if (subscriber->telling != NULL && !subscriber->link->free_requested)
        ops->ready(listener->owner);
    subscriber->telling = NULL;
}

/* -- what Redis brings -- */

static bool is_denied(const struct sio__subscription *sub)
{
    return sub->denied_on == sub->name->asker->connection;
}

static void allow(struct sio__subscription *sub)
{
    struct sio__listener *listener = sub->listener;

    if (!is_denied(sub))
        return;
    sub->denied_on = 0;
    listener->denied--;
}

void sio__listeners_confirmed(struct sio__subscriber *subscriber, struct sio__name *name)
{
    struct sio__subscriptions *subs = &subscriber->subs;

    for (struct sio__subscription *sub = sio__subscriptions_first(subs, name); sub != NULL;
         sub = sio__subscriptions_next(subs))
        allow(sub);
}

void sio__listeners_denied(struct sio__subscriber *subscriber, struct sio__name *name,
                           const char *error)
{
    struct sio__subscriptions *subs = &subscriber->subs;
    sio_str str = {name->text, name->len};
    char text[SIO__ERROR_TEXT_MAX];

    sio__error_explain(error,
                       name->kind == SIO__PATTERN         ? "pattern"
                       : name->kind == SIO__SHARD_CHANNEL ? "shard channel"
                                                          : "channel",
                       str, text);
    sio__link_log(subscriber->link, SIO__LOG_ANSWER, SIO_LOG_WARNING,
                  "Redis refused a subscription: %s", text);
    for (struct sio__subscription *sub = sio__subscriptions_first(subs, name);
         sub != NULL && !subscriber->link->free_requested; sub = sio__subscriptions_next(subs)) {
        struct sio__listener *listener = sub->listener;

        if (is_denied(sub)) /* it was tried once more, for another */
            continue;
        sub->denied_on = name->asker->connection;
        listener->denied++;
        listener->denied_status = sio__error_status(error);
        listener->ops->denied(listener->owner, str, listener->denied_status, text);
    }
    subs->cursor = NULL;
}

/* Whether a feed brings it something. */
static bool listens_to(const struct sio__listener *listener, const struct sio__feed *feed)
{
    const struct sio__subscriber *subscriber = listener->subscriber;

    if (subscriber->link->cluster == NULL)
        return true;
    if (feed == &subscriber->home)
        return listener->names > listener->shard_names || listener->names == 0;
    return listener->shard_names > 0;
}

static void count_denied(struct sio__listener *listener)
{
    const struct sio__subscription *sub = listener->subscriptions;

    if (listener->denied == 0)
        return;
    listener->denied = 0;
    for (; sub != NULL && listener->subscriber->link->cluster != NULL; sub = sub->later)
        listener->denied += is_denied(sub);
}

void sio__listeners_lost(struct sio__subscriber *subscriber, const struct sio__feed *feed,
                         int64_t from_ms)
{
    struct sio__listener *listener = subscriber->listeners;

    for (; listener != NULL && !subscriber->link->free_requested; listener = subscriber->walk) {
        subscriber->walk = listener->next;
        count_denied(listener);
        if (!listener->ready || !listens_to(listener, feed))
            continue;
        listener->ready = false;
        listener->gap_from_ms = from_ms;
        await_ready(listener);
        listener->ops->lost(listener->owner, subscriber->lost_text);
    }
    subscriber->walk = NULL;
}

void sio__listeners_moved(struct sio__subscriber *subscriber, struct sio__name *name,
                          const char *text)
{
    struct sio__subscriptions *subs = &subscriber->subs;

    snprintf(subscriber->lost_text, sizeof subscriber->lost_text, "%s", text);
    for (struct sio__subscription *sub = sio__subscriptions_first(subs, name); sub != NULL;
         sub = sio__subscriptions_next(subs)) {
        struct sio__listener *listener = sub->listener;

        allow(sub);
        if (!listener->ready) {
            await_ready_anew(listener); /* behind this one, too */
        } else if (name->subscribed) {
            listener->ready = false;
            listener->gap_from_ms = sio__wall_ms();
            await_ready(listener);
        }
    }
}

/* -- syncs -- */

/* It is no longer among its listener's. */
static void end_sync(struct sio__sync *sync, sio_status status)
{
    struct sio__listener *listener = sync->listener;

    sync->done(listener->owner, status, sync->user);
    free(sync);
}

static void answer_sync(struct sio__listener *listener, struct sio__sync *sync)
{
    *sync->before = sync->later;
    if (sync->later != NULL)
        sync->later->before = sync->before;
    end_sync(sync, listener->denied > 0 ? listener->denied_status : SIO_OK);
}

void sio__listeners_run_syncs(struct sio__subscriber *subscriber)
{
    struct sio__sync *sync;

    /* Without a connection nothing is settled, not even that nothing is wanted. */
    while (!subscriber->link->free_requested && subscriber->home.session.state == SIO__SESSION_UP &&
           (sync = sio__subscriptions_synced(&subscriber->subs)) != NULL) {
        struct sio__listener *listener = sync->listener;

        if (sync == &listener->settling)
            tell_ready(subscriber, listener);
        else
            answer_sync(listener, sync);
    }
}

static void close_first_sync(struct sio__listener *listener)
{
    struct sio__sync *sync = listener->syncs;

    listener->syncs = sync->later;
    if (sync->later != NULL)
        sync->later->before = &listener->syncs;
    sio__subscriptions_unsync(sync);
    end_sync(sync, SIO_ECLOSED);
}

/* Any callback may free any listener, also the one that is being told. */
void sio__listeners_close(struct sio__subscriber *subscriber)
{
    struct sio__listener *listener = subscriber->listeners;

    for (; listener != NULL; listener = subscriber->walk) {
        subscriber->walk = listener->next;
        subscriber->telling = listener;
        while (subscriber->telling != NULL && listener->syncs != NULL)
            close_first_sync(listener);
        if (subscriber->telling != NULL && listener->ops->closed != NULL)
            listener->ops->closed(listener->owner);
    }
    subscriber->walk = subscriber->telling = NULL;
}

void sio__listeners_forget(struct sio__subscriber *subscriber)
{
    for (struct sio__listener *at = subscriber->listeners; at != NULL; at = at->next) {
        if (!at->ready)
            sio__subscriptions_unsync(&at->settling);
        at->subscriber = NULL;
        at->subscriptions = NULL;
        at->syncs = NULL;
    }
}

/* -- what listeners call -- */

sio_status sio__listener_new(sio_link *link, const struct sio__listener_ops *ops, void *owner,
                             struct sio__listener **out)
{
    struct sio__subscriber *subscriber;
    struct sio__listener *listener;
    sio_status status = sio__link_check(link);

    *out = NULL;
    if (status == SIO_OK && link->threaded)
        status = SIO_EINVAL;
    if (status == SIO_OK)
        status = sio__subscriber_get(link, &subscriber);
    if (status != SIO_OK)
        return status;
    listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return SIO_ENOMEM;
    listener->subscriber = subscriber;
    listener->ops = ops;
    listener->owner = owner;
    listener->next = subscriber->listeners;
    listener->before = &subscriber->listeners;
    if (listener->next != NULL)
        listener->next->before = &listener->next;
    subscriber->listeners = listener;
    listener->settling.listener = listener;
    listener->turn = subscriber->turn;
    await_ready(listener);
    sio__link_wake(link);
    *out = listener;
    return SIO_OK;
}

static sio_status check(const struct sio__listener *listener)
{
    if (listener->subscriber == NULL)
        return SIO_ECLOSED;
    return sio__link_check(listener->subscriber->link);
}

static void wake(const struct sio__listener *listener)
{
    if (check(listener) == SIO_OK)
        sio__link_wake(listener->subscriber->link);
}

static void unsubscribe(struct sio__listener *listener, struct sio__subscription *sub)
{
    struct sio__subscriptions *subs = &listener->subscriber->subs;

    allow(sub);
    listener->names--;
    listener->shard_names -= sub->name->kind == SIO__SHARD_CHANNEL;
    *sub->before = sub->later;
    if (sub->later != NULL)
        sub->later->before = sub->before;
    sio__subscriptions_remove(subs, sub);
}

static void leave_subscriber(struct sio__listener *listener)
{
    struct sio__subscriber *subscriber = listener->subscriber;

    while (listener->subscriptions != NULL)
        unsubscribe(listener, listener->subscriptions);
    while (listener->syncs != NULL)
        close_first_sync(listener);
    if (!listener->ready)
        sio__subscriptions_unsync(&listener->settling);
    if (subscriber->walk == listener)
        subscriber->walk = listener->next;
    if (subscriber->telling == listener)
        subscriber->telling = NULL;
    *listener->before = listener->next;
    if (listener->next != NULL)
        listener->next->before = listener->before;
    wake(listener);
}

void sio__listener_free(struct sio__listener *listener)
{
    sio_link *link;

    if (listener == NULL)
        return;
    if (listener->subscriber != NULL) {
        link = listener->subscriber->link;
        sio__link_enter(link);
        leave_subscriber(listener);
        sio__link_leave(link);
    }
    free(listener);
}

sio_status sio__listener_subscribe(struct sio__listener *listener, enum sio__subscribe_kind kind,
                                   sio_str str, int tag)
{
    struct sio__subscriber *subscriber = listener->subscriber;
    struct sio__subscription *sub;
    struct sio__name *name;
    sio_status status = check(listener);

    if (status != SIO_OK)
        return status;
    name = sio__subscriptions_find(&subscriber->subs, kind, str);
    if (name != NULL && (sub = sio__subscriptions_of(name, listener)) != NULL) {
        sub->tag = tag;
        return SIO_OK;
    }
    status = sio__subscriptions_add(&subscriber->subs, sio__subscriber_asker(subscriber, kind, str),
                                    kind, str, listener, tag, &sub);
    if (status != SIO_OK)
        return status;
    listener->names++;
    listener->shard_names += kind == SIO__SHARD_CHANNEL;
    sub->later = listener->subscriptions;
    sub->before = &listener->subscriptions;
    if (sub->later != NULL)
        sub->later->before = &sub->later;
    listener->subscriptions = sub;
    if (listener->turn == subscriber->turn && !listener->ready)
        await_ready_anew(listener);
    wake(listener);
    return SIO_OK;
}

void sio__listener_unsubscribe(struct sio__listener *listener, enum sio__subscribe_kind kind,
                               sio_str str)
{
    struct sio__subscription *sub = NULL;
    struct sio__name *name;

    if (listener->subscriber == NULL)
        return;
    name = sio__subscriptions_find(&listener->subscriber->subs, kind, str);
    if (name != NULL)
        sub = sio__subscriptions_of(name, listener);
    if (sub == NULL)
        return;
    unsubscribe(listener, sub);
    wake(listener);
}

sio_status sio__listener_sync(struct sio__listener *listener, sio__sync_cb *done, void *user)
{
    struct sio__sync *sync;
    sio_status status = check(listener);

    if (status != SIO_OK)
        return status;
    sync = calloc(1, sizeof *sync);
    if (sync == NULL)
        return SIO_ENOMEM;
    sync->listener = listener;
    sync->done = done;
    sync->user = user;
    sync->later = listener->syncs;
    sync->before = &listener->syncs;
    if (sync->later != NULL)
        sync->later->before = &sync->later;
    listener->syncs = sync;
    sio__subscriptions_sync(&listener->subscriber->subs, sync);
    wake(listener);
    return SIO_OK;
}

bool sio__link_wants(const sio_link *link, enum sio__subscribe_kind kind, sio_str str)
{
    struct sio__name *name = NULL;

    if (link->subscriber != NULL)
        name = sio__subscriptions_find(&link->subscriber->subs, kind, str);
    return name != NULL && name->subscriptions > 0;
}

struct event_base *sio__link_base(const sio_link *link)
{
    return link->base;
}

bool sio__link_on_loop(const sio_link *link)
{
    return !link->threaded;
}
