/* SPDX-License-Identifier: MIT */
/* The I/O thread of a link that was given no loop. */
#include "link/impl.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

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
    sio_link *link = arg;

    sio__link_enter(link);
    sio__session_start(link);
    sio__link_service(link);
    sio__link_leave(link);
    while (link->phase != SIO__CLOSED)
        event_base_loop(link->base, EVLOOP_NO_EXIT_ON_EMPTY);
    if (link->free_requested) {
        pthread_detach(pthread_self());
        sio__link_destroy(link);
    }
    return NULL;
}

sio_status sio__link_thread_prepare(sio_link *link)
{
    link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (link->wake_fd < 0)
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
