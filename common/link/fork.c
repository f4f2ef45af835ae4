/* SPDX-License-Identifier: MIT */
/* What a link means in the child of a fork(): nothing, but that it can be told and that
 * its memory can be given back.
 *
 * The locks are held across fork(), so that what is under them is whole in the child.
 * What belongs to the I/O thread may have been in the middle of a change: the child
 * only closes its descriptors and leaves that memory alone. */
#include "link/impl.h"

#include <event2/event.h>
#include <stdlib.h>
#include <unistd.h>

#include "link/cluster.h"
#include "link/helper.h"
#include "link/sentinel.h"
#include "link/tls.h"

_Atomic unsigned sio__fork_generation;

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static sio_link *list;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool watching;
static sio_link *abandoned; /* in a child: what it cannot free, not to be taken for a leak */

static void before_fork(void)
{
    pthread_mutex_lock(&list_lock);
    for (sio_link *link = list; link != NULL; link = link->next)
        pthread_mutex_lock(&link->lock);
    sio__helpers_before_fork();
    sio__tls_before_fork();
}

static void unlock_links(void)
{
    for (sio_link *link = list; link != NULL; link = link->next)
        pthread_mutex_unlock(&link->lock);
    pthread_mutex_unlock(&list_lock);
}

static void in_parent(void)
{
    sio__tls_after_fork();
    sio__helpers_in_parent();
    unlock_links();
}

static void in_child(void)
{
    sio__tls_after_fork();
    sio__helpers_in_child();
    unlock_links();
    atomic_fetch_add(&sio__fork_generation, 1);
}

static void watch_forks(void)
{
    watching = pthread_atfork(before_fork, in_parent, in_child) == 0;
}

sio_status sio__fork_watch(sio_link *link)
{
    pthread_once(&once, watch_forks);
    if (!watching)
        return SIO_ENOMEM;
    pthread_mutex_lock(&list_lock);
    link->generation = sio__fork_generation;
    link->next = list;
    link->before = &list;
    if (list != NULL)
        list->before = &link->next;
    list = link;
    pthread_mutex_unlock(&list_lock);
    return SIO_OK;
}

void sio__fork_unwatch(sio_link *link)
{
    pthread_mutex_lock(&list_lock);
    if (link->before != NULL) {
        *link->before = link->next;
        if (link->next != NULL)
            link->next->before = link->before;
    }
    link->before = NULL;
    pthread_mutex_unlock(&list_lock);
}

/* On a loop: nothing was in the middle of a change, and event_reinit() gives the child's
 * base a descriptor of its own, so that taking events out of it leaves the parent's in. */
static void free_on_loop(sio_link *link)
{
    if (event_reinit(link->base) < 0)
        return; /* the base may still point to the events: better lost than dangling */
    sio__link_destroy(link);
}

static void free_threaded(sio_link *link)
{
    struct sio__drain *drain;

    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next)
        sio__session_after_fork(&lane->session);
    sio__sentinels_after_fork(link->sentinels);
    sio__cluster_after_fork(link->cluster);
    close(link->wake_fd);
    sio__fork_unwatch(link);
    while ((drain = link->drains) != NULL) {
        link->drains = drain->next;
        free(drain);
    }
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next) {
        sio__outbox_free(lane->outbox);
        lane->outbox = NULL;
    }
    sio__link_config_fini(&link->config);
    pthread_mutex_lock(&list_lock);
    link->next = abandoned;
    abandoned = link;
    pthread_mutex_unlock(&list_lock);
}

void sio__fork_free_in_child(sio_link *link)
{
    if (link->threaded)
        free_threaded(link);
    else
        free_on_loop(link);
}
