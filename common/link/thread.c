/* SPDX-License-Identifier: MIT */
/* The I/O thread of a link that was given no loop. */
#include "link/impl.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* libevent 2.1 ends the process when it gets no pair of descriptors for its signals
 * (signal.c, evsig_init_). */
static bool has_descriptors(void)
{
    int pair[2];

    if (pipe2(pair, O_CLOEXEC) != 0)
        return false;
    close(pair[0]);
    close(pair[1]);
    return true;
}

/* Not epoll: its descriptor would be shared with a fork()ed child, which could then
 * disturb the parent; for the few descriptors here poll() is as fast. No locks: only
 * this thread uses it, whatever the host has told libevent about threads. */
static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL)
        return NULL;
    if (event_config_avoid_method(config, "epoll") == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static void *run(void *arg)
{
    /* poll() is refused where the limit on descriptors is below what it waits for. */
    static const struct timespec not_to_spin = {.tv_nsec = 50000000};
    sio_link *link = arg;

    sio__link_enter(link);
    sio__session_start(&link->home.session);
    sio__link_service(link);
    sio__link_leave(link);
    while (link->phase != SIO__CLOSED) {
        if (event_base_loop(link->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0)
            nanosleep(&not_to_spin, NULL);
    }
    if (link->free_requested) {
        pthread_detach(pthread_self());
        sio__link_await_waiters(link);
        sio__link_destroy(link);
    }
    return NULL;
}

sio_status sio__link_thread_prepare(sio_link *link)
{
    link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (link->wake_fd < 0 || !has_descriptors())
        return SIO_ESYS;
    link->base = new_base();
    return link->base != NULL ? SIO_OK : SIO_ENOMEM;
}

/* The host's signals are not for this thread. */
sio_status sio__link_thread_start(sio_link *link)
{
    sigset_t all, old;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&link->thread, NULL, run, link);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return error == 0 ? SIO_OK : SIO_ESYS;
}

bool sio__link_on_io_thread(const sio_link *link)
{
    return pthread_equal(pthread_self(), link->thread) != 0;
}
