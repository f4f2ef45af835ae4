/* SPDX-License-Identifier: MIT */
/* The heart of the I/O side: after every event, do what is due and set the timer for
 * what is due next. */
#include "link/impl.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    WAKE_BYTES = 256 * 1024,  /* staged while answers are awaited: wake for so many at once, */
    BUSY_BYTES = 1024 * 1024, /* for so many if Redis is busy for longer than PEEK_MS anyway, */
    WAKE_SHARE = 4,           /* but for no larger part of what the outbox can hold */
    PEEK_MS = 1,              /* while answers are awaited, look at least so often, */
    PAUSE_PUBLISHES = 4096,   /* and with so many, which keep Redis busy for longer, not more
                                 often: a Redis that answers in small lots costs a switch of
                                 threads for each; */
    PEEK_MAX_MS = 32,         /* and less and less often while none come */
    IDLE_MS = 1000,           /* unused for so long: spare memory is given back */
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

static void finish(sio_link *link)
{
    bool dropped;

    sio__link_lock(link);
    if (link->phase == SIO__OPEN)
        link->phase = SIO__CLOSING;
    dropped = sio__outbox_publishes(link->outbox) > 0;
    sio__link_unlock(link);
    sio__session_end(&link->publishing);
    evtimer_del(link->tick_event);
    evtimer_del(link->peek_event);
    sio__publisher_fail_all(link);
    sio__link_lock(link);
    link->phase = SIO__CLOSED;
    link->close_dropped = dropped;
    sio__publisher_fold(link);
    sio__outbox_take(link->outbox);
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
           (sio__outbox_empty(link->outbox) || sio__ms_until(link->close_at_ms, now_ms) <= 0);
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

static bool is_up(const sio_link *link)
{
    return link->publishing.state == SIO__SESSION_UP;
}

/* Milliseconds until something is due. */
static uint32_t next_due(sio_link *link, uint32_t now_ms)
{
    uint32_t next = FAR_MS;
    int64_t expiry = sio__outbox_expiry(link->outbox, now_ms);

    if (expiry >= 0)
        earliest(&next, expiry);
    if (is_up(link)) {
        earliest(&next, sio__session_check_due(&link->publishing, now_ms));
        if (link->holding && !link->hold_waits)
            earliest(&next, sio__ms_until(link->hold_until_ms, now_ms));
    }
    if (link->subscriber != NULL) {
        const struct sio__session *session = sio__subscriber_session(link->subscriber);

        if (session->state == SIO__SESSION_UP)
            earliest(&next, sio__session_check_due(session, now_ms));
    }
    if (link->phase == SIO__CLOSING)
        earliest(&next, sio__ms_until(link->close_at_ms, now_ms));
    if (link->active)
        earliest(&next, sio__ms_until(link->active_ms + IDLE_MS, now_ms));
    return next;
}

static void set_peek(sio_link *link)
{
    bool heard = link->publishing.conn.bytes_in != link->peek_bytes_in;

    if (link->peek_armed && (!heard || link->peek_ms == PEEK_MS))
        return;
    if (heard || link->peek_ms == 0)
        link->peek_ms = PEEK_MS;
    link->peek_bytes_in = link->publishing.conn.bytes_in;
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
    if ((link->threaded || link->publishing.conn.paused) && is_up(link) &&
        sio__outbox_unanswered(link->outbox))
        set_peek(link);
}

/* -- service -- */

/* Under the lock: tell those who wait for what has changed. */
static bool announce(sio_link *link)
{
    bool half = sio__outbox_bytes(link->outbox) <= link->config.bounds.bytes / 2 &&
                sio__outbox_publishes(link->outbox) <= link->config.bounds.publishes / 2;
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

static size_t wake_at(const sio_link *link)
{
    const struct sio__conn *conn = &link->publishing.conn;
    size_t bytes = conn->paused ? BUSY_BYTES : WAKE_BYTES;

    if (sio__outbox_empty(link->outbox))
        return 1;
    /* Not up, or the socket is full: an event sees to what is there, and more of it changes
     * nothing. */
    if (!is_up(link) || conn->blocked)
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
    sio__outbox_take(link->outbox);
    link->wake_pending = false;
    link->wake_at = wake_at(link);
    writable = announce(link);
    link->load = sio__outbox_publishes(link->outbox);
    sio__link_unlock(link);
    if (writable && link->config.on_writable != NULL)
        link->config.on_writable(link, link->config.user);
    sio__link_run_drains(link, SIO_OK);
}

static void write_publishes(sio_link *link, uint32_t now_ms)
{
    if (!is_up(link))
        return;
    sio__session_begin_write(&link->publishing, now_ms);
    if (sio__publisher_write(link) != SIO_OK)
        sio__session_write_failed(&link->publishing);
}

static void pace_reading(sio_link *link)
{
    if (!is_up(link))
        return;
    if (link->load >= PAUSE_PUBLISHES && sio__outbox_unanswered(link->outbox))
        sio__conn_pause(&link->publishing.conn);
    else
        sio__conn_resume(&link->publishing.conn);
}

void sio__link_push(sio_link *link)
{
    if (!is_up(link) || link->publishing.conn.blocked || link->iterating)
        return;
    sio__publisher_fold(link);
    sio__outbox_take(link->outbox);
    sio__session_begin_write(&link->publishing, sio__now_ms());
    /* A failure is sticky: service, which may call back, will see it again. */
    (void)sio__publisher_write(link);
}

void sio__link_service(sio_link *link)
{
    uint32_t now_ms = sio__now_ms();

    if (link->phase == SIO__CLOSED)
        return;
    exchange(link);
    if (!sio__outbox_empty(link->outbox)) {
        link->active = true;
        link->active_ms = now_ms;
    }
    sio__publisher_hold(link, now_ms);
    write_publishes(link, now_ms);
    pace_reading(link);
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
    if (!link->active || !sio__outbox_empty(link->outbox) || now_ms - link->active_ms < IDLE_MS)
        return;
    link->active = false;
    sio__link_lock(link);
    sio__outbox_trim(link->outbox);
    sio__link_unlock(link);
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
    sio__session_check_peer(&link->publishing, now_ms);
    if (link->subscriber != NULL)
        sio__session_check_peer(sio__subscriber_session(link->subscriber), now_ms);
    sio__publisher_expire(link, now_ms);
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
    if (link->publishing.conn.paused)
        sio__session_read(&link->publishing);
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
    sio__session_start(&link->publishing);
    if (link->subscriber != NULL)
        sio__session_start(sio__subscriber_session(link->subscriber));
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
        sio__session_make_timer(&link->publishing) != SIO_OK)
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
