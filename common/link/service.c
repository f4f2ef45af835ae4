/* SPDX-License-Identifier: MIT */
/* The heart of the I/O side: after every event, do what is due and set the timer for
 * what is due next. */
#include "link/impl.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link/cluster.h"
#include "link/sentinel.h"

enum {
    WAKE_BYTES = 128 * 1024, /* staged while answers are awaited: wake for so many at once, */
    BUSY_BYTES = 512 * 1024, /* for so many if Redis is busy for longer than PEEK_MS anyway, */
    WAKE_SHARE = 4,          /* but for no larger part of what the outbox can hold */
    PEEK_MS = 1,             /* while answers are awaited, look at least so often, */
    PAUSE_PUBLISHES = 4096,  /* and with so many, which keep Redis busy for longer, not more
                                often: a Redis that answers in small lots costs a switch of
                                threads for each; */
    PEEK_MAX_MS = 32,        /* and less and less often while none come */
    IDLE_MS = 1000,          /* unused for so long: spare memory is given back */
    FAR_MS = 3600 * 1000
};

/* -- entering and leaving -- */

void sio__link_enter(sio_link *link)
{
    link->depth++;
}

static void finish(sio_link *link);

void sio__link_leave(sio_link *link)
{
    if (link->depth == 1 && link->free_requested && link->phase != SIO__CLOSED)
        finish(link);
    link->depth--;
    if (link->depth == 0 && link->free_requested && !link->threaded)
        sio__link_destroy(link);
}

/* -- the end -- */

/* With the lock: room and counters for new publishes, and what was added. */
static void take_all(sio_link *link)
{
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        sio__outbox_take(lane->outbox);
}

static bool is_empty(const sio_link *link)
{
    for (const struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next) {
        if (!sio__outbox_empty(lane->outbox))
            return false;
    }
    return link->cluster == NULL || link->cluster->counting == 0;
}

static void finish(sio_link *link)
{
    bool dropped;

    sio__link_lock(link);
    if (link->phase == SIO__OPEN)
        link->phase = SIO__CLOSING;
    dropped = link->space.publishes > 0;
    sio__link_unlock(link);
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        sio__session_end(&lane->session);
    sio__sentinels_end(link->sentinels);
    sio__cluster_end(link->cluster);
    evtimer_del(link->tick_event);
    evtimer_del(link->peek_event);
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        sio__publisher_fail_all(lane);
    sio__link_lock(link);
    link->phase = SIO__CLOSED;
    link->close_dropped = dropped;
    link->stats.connections = 0;
    sio__publisher_fold(link);
    take_all(link);
    if (link->threaded) {
        pthread_cond_broadcast(&link->ended);
        pthread_cond_broadcast(&link->room);
    }
    sio__link_unlock(link);
    if (link->subscriber != NULL)
        sio__subscriber_end(link->subscriber);
    sio__link_run_drains(link, SIO_ECLOSED);
    sio__link_report(link, SIO_LINK_CLOSED, SIO_OK, "closed", 0);
    if (link->threaded)
        event_base_loopbreak(link->base);
}

static bool close_is_due(sio_link *link, uint32_t now_ms)
{
    return link->phase == SIO__CLOSING &&
           (is_empty(link) || sio__ms_until(link->close_at_ms, now_ms) <= 0);
}

/* -- timers -- */

static void set_event(struct event *event, uint32_t ms)
{
    struct timeval after = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};

    evtimer_add(event, &after);
}

static void earliest(uint32_t *next_ms, int64_t ms)
{
    if (ms < 1) /* the coarse clock lags: never spin */
        ms = 1;
    if (ms < *next_ms)
        *next_ms = (uint32_t)ms;
}

static void lane_due(struct sio__lane *lane, uint32_t now_ms, uint32_t *next)
{
    int64_t expiry = sio__outbox_expiry(lane->outbox, now_ms);

    if (expiry >= 0)
        earliest(next, expiry);
    if (!sio__lane_is_up(lane))
        return;
    earliest(next, sio__session_check_due(&lane->session, now_ms));
    if (lane->holding && !lane->hold_waits)
        earliest(next, sio__ms_until(lane->hold_until_ms, now_ms));
}

/* Milliseconds until something is due. */
static uint32_t next_due(sio_link *link, uint32_t now_ms)
{
    uint32_t next = FAR_MS;

    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        lane_due(lane, now_ms, &next);
    if (link->cluster != NULL)
        earliest(&next, sio__cluster_due(link->cluster, now_ms));
    if (link->subscriber != NULL)
        earliest(&next, sio__subscriber_check_due(link->subscriber, now_ms));
    if (link->phase == SIO__CLOSING)
        earliest(&next, sio__ms_until(link->close_at_ms, now_ms));
    if (link->active)
        earliest(&next, sio__ms_until(link->active_ms + IDLE_MS, now_ms));
    return next;
}

/* Whether a lane's answers are to be looked for; *heard: some have come since the last time. */
static bool peeks(sio_link *link, bool *heard)
{
    bool peek = false;

    *heard = false;
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next) {
        if (!sio__lane_is_up(lane) || !(link->threaded || lane->session.conn.paused) ||
            !sio__outbox_unanswered(lane->outbox))
            continue;
        peek = true;
        *heard |= lane->session.conn.bytes_in != lane->peek_bytes_in;
    }
    return peek;
}

static void set_peek(sio_link *link)
{
    bool heard;

    if (!peeks(link, &heard) || (link->peek_armed && (!heard || link->peek_ms == PEEK_MS)))
        return;
    if (heard || link->peek_ms == 0)
        link->peek_ms = PEEK_MS;
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        lane->peek_bytes_in = lane->session.conn.bytes_in;
    set_event(link->peek_event, link->peek_ms);
    link->peek_armed = true;
}

static void set_timers(sio_link *link, uint32_t now_ms)
{
    uint32_t next = next_due(link, now_ms);

    if (!link->tick_armed || sio__ms_until(link->tick_at_ms, now_ms + next) > 0) {
        set_event(link->tick_event, next);
        link->tick_at_ms = now_ms + next;
        link->tick_armed = true;
    }
    set_peek(link);
}

/* -- service -- */

/* Under the lock: tell those who wait for what has changed. */
static bool announce(sio_link *link)
{
    bool half = link->space.bytes <= link->config.bounds.bytes / 2 &&
                link->space.publishes <= link->config.bounds.publishes / 2;
    bool writable = link->want_writable && half;

    if (writable)
        link->want_writable = false;
    if (link->waiters > 0) {
        if (link->ended_publishes >= link->flush_next) {
            link->flush_next = UINT64_MAX; /* who goes on waiting says so again */
            pthread_cond_broadcast(&link->ended);
        }
        if (half)
            pthread_cond_broadcast(&link->room);
    }
    return writable;
}

static size_t wake_at(const sio_link *link, const struct sio__lane *lane)
{
    const struct sio__conn *conn = &lane->session.conn;
    size_t bytes = conn->paused ? BUSY_BYTES : WAKE_BYTES;

    if (sio__outbox_empty(lane->outbox))
        return 1;
    /* Not up, or the socket is full: an event sees to what is there, and more of it changes
     * nothing. */
    if (!sio__lane_is_up(lane) || conn->blocked)
        return SIZE_MAX;
    if (bytes > link->config.bounds.bytes / WAKE_SHARE)
        bytes = link->config.bounds.bytes / WAKE_SHARE;
    return bytes > 0 ? bytes : 1;
}

/* Exchange with the callers: room and counters for new publishes. */
static void exchange(sio_link *link)
{
    bool writable;

    sio__link_lock(link);
    sio__publisher_fold(link);
    take_all(link);
    link->wake_pending = false;
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        lane->wake_at = wake_at(link, lane);
    writable = announce(link);
    link->load = link->space.publishes;
    sio__link_unlock(link);
    if (writable && link->config.on_writable != NULL)
        link->config.on_writable(link, link->config.user);
    sio__link_run_drains(link, SIO_OK);
}

static void write_publishes(struct sio__lane *lane, uint32_t now_ms)
{
    sio__session_begin_write(&lane->session, now_ms);
    if (sio__publisher_write(lane) != SIO_OK)
        sio__session_write_failed(&lane->session);
}

static void pace_reading(const sio_link *link, struct sio__lane *lane)
{
    if (link->load >= PAUSE_PUBLISHES && sio__outbox_unanswered(lane->outbox))
        sio__conn_pause(&lane->session.conn);
    else
        sio__conn_resume(&lane->session.conn);
}

static void service_lane(sio_link *link, struct sio__lane *lane, uint32_t now_ms)
{
    if (!sio__outbox_empty(lane->outbox)) {
        link->active = true;
        link->active_ms = now_ms;
    }
    sio__publisher_hold(lane, now_ms);
    if (sio__lane_is_up(lane))
        write_publishes(lane, now_ms);
    if (sio__lane_is_up(lane))
        pace_reading(link, lane);
}

void sio__link_push(sio_link *link, struct sio__lane *lane)
{
    if (!sio__lane_is_up(lane) || lane->session.conn.blocked || link->iterating)
        return;
    sio__publisher_fold(link);
    sio__outbox_take(lane->outbox);
    sio__session_begin_write(&lane->session, sio__now_ms());
    /* A failure is sticky: service, which may call back, will see it again. */
    (void)sio__publisher_write(lane);
}

void sio__link_service(sio_link *link)
{
    uint32_t now_ms = sio__now_ms();

    if (link->phase == SIO__CLOSED)
        return;
    exchange(link);
    if (link->cluster != NULL)
        sio__cluster_service(link->cluster, now_ms);
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        service_lane(link, lane, now_ms);
    if (link->subscriber != NULL)
        sio__subscriber_service(link->subscriber, now_ms);
    if (close_is_due(link, now_ms) || link->free_requested)
        finish(link);
    else
        set_timers(link, now_ms);
}

/* -- events -- */

static void give_back_memory(sio_link *link, uint32_t now_ms)
{
    if (!link->active || !is_empty(link) || now_ms - link->active_ms < IDLE_MS)
        return;
    link->active = false;
    sio__link_lock(link);
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        sio__outbox_trim(lane->outbox);
    sio__link_unlock(link);
    if (link->subscriber != NULL)
        sio__subscriber_trim(link->subscriber);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    sio_link *link = arg;
    uint32_t now_ms = sio__now_ms();

    (void)fd;
    (void)what;
    sio__link_enter(link);
    link->tick_armed = false;
    exchange(link);
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        sio__session_check_peer(&lane->session, now_ms);
    if (link->subscriber != NULL)
        sio__subscriber_check_peers(link->subscriber, now_ms);
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        sio__publisher_expire(lane, now_ms);
    give_back_memory(link, now_ms);
    sio__link_service(link);
    sio__link_leave(link);
}

static void on_peek(evutil_socket_t fd, short what, void *arg)
{
    sio_link *link = arg;

    (void)fd;
    (void)what;
    link->peek_armed = false;
    link->peek_ms = link->peek_ms < PEEK_MAX_MS ? link->peek_ms * 2 : PEEK_MAX_MS;
    sio__link_enter(link);
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next) {
        if (lane->session.conn.paused)
            sio__session_read(&lane->session);
    }
    sio__link_service(link);
    sio__link_leave(link);
}

/* Threaded: the eventfd is readable. On a loop: a timer of no length. */
static void on_due(evutil_socket_t fd, short what, void *arg)
{
    sio_link *link = arg;
    uint64_t count;

    (void)what;
    if (link->threaded && read(fd, &count, sizeof count) < 0)
        return;
    link->due_pending = false;
    sio__link_enter(link);
    sio__session_start(&link->home.session);
    if (link->subscriber != NULL)
        sio__subscriber_start(link->subscriber);
    sio__link_service(link);
    sio__link_leave(link);
}

void sio__link_wake(sio_link *link)
{
    uint64_t one = 1;

    if (link->threaded) {
        /* Fails only when the counter is at its maximum, and then it wakes anyway. */
        if (write(link->wake_fd, &one, sizeof one) < 0)
            return;
    } else if (!link->due_pending) {
        link->due_pending = true;
        set_event(link->due_event, 0);
    }
}

sio_status sio__link_make_events(sio_link *link)
{
    static const struct timeval far = {FAR_MS / 1000, 0};
    struct event_base *base = link->base;

    link->due_event = link->threaded
                          ? event_new(base, link->wake_fd, EV_READ | EV_PERSIST, on_due, link)
                          : evtimer_new(base, on_due, link);
    link->tick_event = evtimer_new(base, on_tick, link);
    link->peek_event = evtimer_new(base, on_peek, link);
    if (link->due_event == NULL || link->tick_event == NULL || link->peek_event == NULL ||
        sio__session_make_timer(&link->home.session) != SIO_OK)
        return SIO_ENOMEM;
    /* The first timer has the loop reserve memory for all of ours. */
    if (evtimer_add(link->tick_event, &far) < 0)
        return SIO_ENOMEM;
    if (link->threaded)
        return event_add(link->due_event, NULL) < 0 ? SIO_ENOMEM : SIO_OK;
    sio__link_wake(link); /* the first attempt begins on the loop */
    return SIO_OK;
}

void sio__link_free_events(sio_link *link)
{
    struct event *events[] = {link->due_event, link->tick_event, link->peek_event};

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL)
            event_free(events[i]);
    }
}
