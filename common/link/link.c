/* SPDX-License-Identifier: MIT */
/* A link's public calls: making and ending one, publishing, looking at it. */
#include "link/cluster.h"
#include "link/impl.h"
#include "link/sentinel.h"
#include "link/subscribe.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PUSH_BYTES = 64 * 1024 /* on a loop: write when so much is staged */ };

static sio_status init_sync(sio_link *link)
{
    pthread_condattr_t attr;
    bool ok;

    if (pthread_condattr_init(&attr) != 0)
        return SIO_ENOMEM;
    /* On Linux none of these fails after a successful init of the attribute. */
    ok =
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
        pthread_mutex_init(&link->lock, NULL) == 0 && pthread_cond_init(&link->ended, &attr) == 0 &&
        pthread_cond_init(&link->room, &attr) == 0 && pthread_cond_init(&link->changed, &attr) == 0;
    pthread_condattr_destroy(&attr);
    return ok ? SIO_OK : SIO_ENOMEM;
}

static void init_fields(sio_link *link, struct event_base *base)
{
    link->base = base;
    link->threaded = base == NULL;
    link->wake_fd = -1;
    link->drains_end = &link->drains;
    link->flush_next = UINT64_MAX;
    link->space.bounds = link->config.bounds;
    link->lanes = &link->home;
}

static sio_status build(sio_link *link)
{
    sio_status status = sio__lane_init(&link->home, link, &sio__home_lane_ops);

    if (status == SIO_OK)
        status = init_sync(link);
    if (status == SIO_OK)
        status = sio__fork_watch(link);
    if (status == SIO_OK && link->threaded)
        status = sio__link_thread_prepare(link);
    if (status == SIO_OK)
        status = sio__link_make_events(link);
    if (status == SIO_OK && link->config.url.topology == SIO__SENTINEL)
        status = sio__sentinels_new(link, &link->sentinels);
    if (status == SIO_OK && link->config.url.topology == SIO__CLUSTER)
        status = sio__cluster_new(link, &link->cluster);
    if (status == SIO_OK && link->threaded)
        status = sio__link_thread_start(link);
    return status;
}

sio_status sio_link_new(const sio_link_opts *opts, sio_link **out, char *err, size_t errlen)
{
    sio_link_opts defaults;
    sio_link *link;
    sio_status status;

    *out = NULL;
    if (err == NULL)
        errlen = 0;
    if (errlen > 0)
        err[0] = '\0';
    if (opts == NULL) {
        sio_link_opts_init(&defaults);
        opts = &defaults;
    }
    link = calloc(1, sizeof *link);
    if (link == NULL)
        return SIO_ENOMEM;
    status = sio__link_config_init(&link->config, opts, err, errlen);
    if (status != SIO_OK) {
        free(link);
        return status;
    }
    init_fields(link, opts->base);
    status = build(link);
    if (status != SIO_OK) {
        if (errlen > 0)
            snprintf(err, errlen, "%s", sio_status_text(status));
        sio__link_destroy(link);
        return status;
    }
    *out = link;
    return SIO_OK;
}

void sio__link_destroy(sio_link *link)
{
    sio__fork_unwatch(link);
    sio__lane_fini(&link->home);
    sio__subscriber_free(link->subscriber);
    sio__sentinels_free(link->sentinels);
    sio__cluster_free(link->cluster);
    sio__link_free_events(link);
    if (link->threaded && link->base != NULL)
        event_base_free(link->base);
    if (link->wake_fd >= 0)
        close(link->wake_fd);
    while (link->drains != NULL) {
        struct sio__drain *next = link->drains->next;

        free(link->drains);
        link->drains = next;
    }
    pthread_cond_destroy(&link->changed);
    pthread_cond_destroy(&link->room);
    pthread_cond_destroy(&link->ended);
    pthread_mutex_destroy(&link->lock);
    sio__link_config_fini(&link->config);
    free(link);
}

/* Begin to close, if nobody has; the earlier deadline holds. */
static void begin_close(sio_link *link, unsigned timeout_ms)
{
    uint32_t at_ms = sio__now_ms() + timeout_ms;

    sio__link_lock(link);
    if (link->phase == SIO__OPEN || sio__ms_until(link->close_at_ms, at_ms) > 0)
        link->close_at_ms = at_ms;
    if (link->phase == SIO__OPEN)
        link->phase = SIO__CLOSING;
    sio__link_unlock(link);
}

static void free_threaded(sio_link *link)
{
    if (sio__link_on_io_thread(link)) {
        begin_close(link, 0);
        link->free_requested = true;
        return;
    }
    begin_close(link, link->config.close_timeout_ms);
    sio__link_wake(link);
    pthread_join(link->thread, NULL);
    sio__link_await_waiters(link);
    sio__link_destroy(link);
}

void sio_link_free(sio_link *link)
{
    if (link == NULL)
        return;
    if (sio__link_forked(link)) {
        sio__fork_free_in_child(link);
    } else if (link->threaded) {
        free_threaded(link);
    } else {
        sio__link_enter(link);
        begin_close(link, 0);
        link->free_requested = true;
        sio__link_leave(link);
    }
}

sio_status sio_link_close(sio_link *link, unsigned timeout_ms)
{
    sio_status status = SIO_OK;

    if (sio__link_forked(link))
        return SIO_EFORK;
    begin_close(link, timeout_ms);
    sio__link_wake(link);
    if (!link->threaded || sio__link_on_io_thread(link))
        return SIO_OK;
    pthread_mutex_lock(&link->lock);
    link->waiters++;
    while (link->phase != SIO__CLOSED)
        pthread_cond_wait(&link->changed, &link->lock);
    if (link->close_dropped)
        status = SIO_ETIMEDOUT;
    link->waiters--;
    pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
    return status;
}

sio_status sio__link_check(const sio_link *link)
{
    if (sio__link_forked(link))
        return SIO_EFORK;
    return link->phase == SIO__OPEN ? SIO_OK : SIO_ECLOSED;
}

/* Something that is to go to Redis. */
struct task {
    bool is_count;
    enum sio__publish_kind publish;
    enum sio__count_kind count;
    sio_str channel, payload;
    const struct sio__completion *completion;
};

static sio_status add_to(sio_link *link, struct sio__lane *lane, const struct task *task,
                         const struct sio__completion *completion, uint32_t now_ms)
{
    if (!task->is_count)
        return sio__outbox_add(lane->outbox, task->publish, task->channel, task->payload,
                               completion, now_ms);
    if (link->cluster != NULL)
        return sio__cluster_count(link->cluster, task->count, task->channel, completion, now_ms);
    return sio__outbox_add_count(lane->outbox, task->count, task->channel, completion, now_ms);
}

/* Under the lock. */
static sio_status add(sio_link *link, struct sio__lane *lane, const struct task *task,
                      uint32_t now_ms)
{
    static const struct sio__completion nobody;
    const struct sio__completion *completion =
        task->completion != NULL ? task->completion : &nobody;
    sio_status status = SIO_ECLOSED;

    if (link->phase == SIO__OPEN)
        status = add_to(link, lane, task, completion, now_ms);
    if (status == SIO_OK)
        link->stats.published++;
    else
        link->stats.refused[status]++;
    if (status == SIO_EFULL)
        link->want_writable = true;
    return status;
}

/* The I/O thread is woken once the lock is released, or it would wait for it first. By then
 * the publish may have ended, and its completion have freed the link: so the caller counts as
 * one that waits. */
static void begin_wake(sio_link *link)
{
    link->wake_pending = true;
    link->waiters++;
}

static void end_wake(sio_link *link)
{
    sio__link_wake(link);
    pthread_mutex_lock(&link->lock);
    link->waiters--;
    if (link->phase == SIO__CLOSED)
        pthread_cond_broadcast(&link->changed);
    pthread_mutex_unlock(&link->lock);
}

/* Under the lock. */
static struct sio__lane *lane_for(sio_link *link, const struct task *task)
{
    bool is_shard = !task->is_count && task->publish == SIO__SPUBLISH;

    return is_shard && link->cluster != NULL ? sio__cluster_lane(link->cluster, task->channel)
                                             : &link->home;
}

static sio_status take(sio_link *link, const struct task *task)
{
    struct sio__lane *lane;
    uint32_t now_ms = sio__now_ms();
    sio_status status;
    bool wakes;

    if (sio__link_forked(link))
        return SIO_EFORK;
    if (link->threaded) {
        pthread_mutex_lock(&link->lock);
        lane = lane_for(link, task);
        status = add(link, lane, task, now_ms);
        wakes = !link->wake_pending && (sio__outbox_staged(lane->outbox) >= lane->wake_at ||
                                        (task->is_count && link->cluster != NULL));
        if (wakes)
            begin_wake(link);
        pthread_mutex_unlock(&link->lock);
        if (wakes)
            end_wake(link);
        return status;
    }
    lane = lane_for(link, task);
    status = add(link, lane, task, now_ms);
    if (status == SIO_OK) {
        if (sio__outbox_staged(lane->outbox) >= PUSH_BYTES)
            sio__link_push(link, lane);
        sio__link_wake(link);
    }
    return status;
}

sio_status sio__link_publish(sio_link *link, enum sio__publish_kind kind, sio_str channel,
                             sio_str payload, const struct sio__completion *completion)
{
    struct task task = {
        .publish = kind, .channel = channel, .payload = payload, .completion = completion};

    return take(link, &task);
}

sio_status sio__link_count(sio_link *link, enum sio__count_kind kind, sio_str name,
                           const struct sio__completion *completion)
{
    struct task task = {.is_count = true, .count = kind, .channel = name, .completion = completion};

    return take(link, &task);
}

sio_status sio_link_get_stats(sio_link *link, sio_link_stats *out)
{
    if (sio__link_forked(link))
        return SIO_EFORK;
    sio__link_lock(link);
    *out = link->stats;
    out->outbox_publishes = link->space.publishes;
    out->outbox_bytes = link->space.bytes;
    out->outbox_publishes_bound = link->config.bounds.publishes;
    out->outbox_bytes_bound = link->config.bounds.bytes;
    out->reconnects = out->connects > 0 ? out->connects - 1 : 0;
    sio__latency_read(&link->latency, sio__now_ms(), &out->round_trips);
    if (link->subscriber != NULL)
        sio__subscriber_add_stats(link->subscriber, out);
    sio__link_unlock(link);
    return SIO_OK;
}
