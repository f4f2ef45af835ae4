/* SPDX-License-Identifier: MIT */
/* The calls that wait, and drain, which does so without a thread. */
#include "link/impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct timespec deadline_in(unsigned ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(ms / 1000);
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

/* SIO_OK: may wait, and the lock is taken. */
static sio_status begin_wait(sio_link *link)
{
    if (sio__link_forked(link))
        return SIO_EFORK;
    if (!link->threaded || sio__link_on_io_thread(link))
        return SIO_EDEADLK;
    pthread_mutex_lock(&link->lock);
    if (link->phase == SIO__CLOSED) {
        pthread_mutex_unlock(&link->lock);
        return SIO_ECLOSED;
    }
    link->waiters++;
    return SIO_OK;
}

static sio_status end_wait(sio_link *link, sio_status status)
{
    link->waiters--;
    if (link->phase == SIO__CLOSED) {
        if (status != SIO_OK)
            status = SIO_ECLOSED;
        pthread_cond_broadcast(&link->changed); /* sio_link_free() waits for the last one */
    }
    pthread_mutex_unlock(&link->lock);
    return status;
}

void sio__link_await_waiters(sio_link *link)
{
    pthread_mutex_lock(&link->lock);
    while (link->waiters > 0)
        pthread_cond_wait(&link->changed, &link->lock);
    pthread_mutex_unlock(&link->lock);
}

static bool wait_on(sio_link *link, pthread_cond_t *cond, const struct timespec *until)
{
    return pthread_cond_timedwait(cond, &link->lock, until) != ETIMEDOUT;
}

sio_status sio_link_flush(sio_link *link, unsigned timeout_ms)
{
    struct timespec until = deadline_in(timeout_ms);
    sio_status status = begin_wait(link);
    uint64_t target;
    bool in_time = true;

    if (status != SIO_OK)
        return status;
    target = link->stats.published;
    while (link->ended_publishes < target && link->phase != SIO__CLOSED && in_time) {
        if (target < link->flush_next)
            link->flush_next = target;
        in_time = wait_on(link, &link->ended, &until);
    }
    /* What ended by the close itself was not answered. */
    if (link->phase == SIO__CLOSED)
        status = SIO_ECLOSED;
    else if (link->ended_publishes < target)
        status = SIO_ETIMEDOUT;
    return end_wait(link, status);
}

sio_status sio_link_wait_writable(sio_link *link, size_t bytes, unsigned timeout_ms)
{
    struct timespec until = deadline_in(timeout_ms);
    sio_status status = begin_wait(link);
    bool in_time = true;

    if (status != SIO_OK)
        return status;
    if (bytes > link->config.bounds.bytes)
        return end_wait(link, SIO_ETOOBIG);
    while (!sio__outbox_fits(&link->space, bytes) && link->phase == SIO__OPEN && in_time)
        in_time = wait_on(link, &link->room, &until);
    if (link->phase != SIO__OPEN)
        status = SIO_ECLOSED;
    else if (!sio__outbox_fits(&link->space, bytes))
        status = SIO_ETIMEDOUT;
    return end_wait(link, status);
}

sio_status sio_link_wait_up(sio_link *link, unsigned timeout_ms, sio_status *event_status,
                            char *err, size_t errlen)
{
    struct timespec until = deadline_in(timeout_ms);
    sio_status status = begin_wait(link);
    uint64_t told; /* when this call began: several may wait for the same failure */
    bool in_time = true;

    if (event_status != NULL)
        *event_status = SIO_OK;
    if (err != NULL && errlen > 0)
        err[0] = '\0';
    if (status != SIO_OK)
        return status;
    /* One that failed before this call counts, too, or a fast refusal would be missed. */
    told = link->failures_told;
    while (link->stats.state != SIO_LINK_UP && link->phase == SIO__OPEN && in_time &&
           link->failures == told)
        in_time = wait_on(link, &link->changed, &until);
    if (link->phase != SIO__OPEN) {
        status = SIO_ECLOSED;
    } else if (link->stats.state == SIO_LINK_UP) {
        status = SIO_OK;
    } else if (link->failures != told) {
        status = SIO_ECONN;
        if (event_status != NULL)
            *event_status = link->failure;
        if (err != NULL && errlen > 0)
            snprintf(err, errlen, "%s", link->failure_text);
    } else {
        status = SIO_ETIMEDOUT;
    }
    link->failures_told = link->failures;
    return end_wait(link, status);
}

sio_status sio_link_drain(sio_link *link, sio_link_drain_cb *done, void *user)
{
    struct sio__drain *drain;
    bool now;

    if (sio__link_forked(link))
        return SIO_EFORK;
    drain = malloc(sizeof *drain);
    if (drain == NULL)
        return SIO_ENOMEM;
    sio__link_lock(link);
    if (link->phase == SIO__CLOSED) {
        sio__link_unlock(link);
        free(drain);
        return SIO_ECLOSED;
    }
    now = link->ended_publishes + (link->threaded ? 0 : link->tally.ended) == link->stats.published;
    if (!now) {
        *drain = (struct sio__drain){.target = link->stats.published, .done = done, .user = user};
        *link->drains_end = drain;
        link->drains_end = &drain->next;
    }
    sio__link_unlock(link);
    if (!now)
        return SIO_OK;
    free(drain);
    if (link->threaded && !sio__link_on_io_thread(link)) {
        done(link, SIO_OK, user); /* which may free the link */
        return SIO_OK;
    }
    sio__link_enter(link);
    done(link, SIO_OK, user);
    sio__link_leave(link);
    return SIO_OK;
}

static struct sio__drain *pop_drain(sio_link *link, sio_status status)
{
    struct sio__drain *drain;

    sio__link_lock(link);
    drain = link->drains;
    if (drain != NULL && status == SIO_OK && drain->target > link->ended_publishes)
        drain = NULL;
    if (drain != NULL) {
        link->drains = drain->next;
        if (link->drains == NULL)
            link->drains_end = &link->drains;
    }
    sio__link_unlock(link);
    return drain;
}

/* status SIO_OK: those that are due; else all. */
void sio__link_run_drains(sio_link *link, sio_status status)
{
    struct sio__drain *drain;

    while ((drain = pop_drain(link, status)) != NULL) {
        drain->done(link, status, drain->user);
        free(drain);
    }
}
