/* SPDX-License-Identifier: MIT */
/* The inside of a link, shared by the files that make it up:
 *
 *   link.c     the public calls           wait.c      calls that wait: flush, drain, ...
 *   options.c  what it was made with      thread.c    its own I/O thread
 *   service.c  what is due, and when      session.c   connecting, losing, coming back
 *   lane.c     a publishing connection    publisher.c   outbox <-> connection
 *   report.c   states and log lines       fork.c      what fork() needs
 *   listener.c, subscriber.c, feed.c, asker.c, subscriptions.c, pushes.c   subscribing
 *   sentinel.c, sentinel_peer.c, sentinel_view.c   where the master is
 *   cluster*.c  the nodes of a cluster     inquiry.c   questions on a connection of their own
 *
 * Two sides: callers (any thread if the link has its own) and the I/O side (that thread,
 * or the host's loop). Fields are grouped by side; what both use is under `lock`, which
 * is never held while a callback runs. */
#ifndef SIO_COMMON_LINK_IMPL_H
#define SIO_COMMON_LINK_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sio/link.h>

#include "link/clock.h"
#include "link/lane.h"
#include "link/latency.h"
#include "link/outbox.h"
#include "link/publish.h"
#include "link/session.h"
#include "link/tls_config.h"
#include "link/url.h"

struct event;
struct event_base;
struct sio__cluster;
struct sio__sentinels;
struct sio__subscriber;

/* What the options came to. */
struct sio__link_config {
    struct sio__url url;         /* the options' user and password are in it */
    struct sio__tls_config *tls; /* NULL: plaintext */
    char *client_name;
    sio_link_family family;
    unsigned connect_timeout_ms, command_timeout_ms, ping_interval_ms, close_timeout_ms;
    struct sio__outbox_bounds bounds;
    bool at_most_once;
    sio_link_state_cb *on_state;
    sio_link_writable_cb *on_writable;
    sio_link_log_cb *on_log;
    void *user;
};

sio_status sio__link_config_init(struct sio__link_config *config, const sio_link_opts *opts,
                                 char *err, size_t errlen);
void sio__link_config_fini(struct sio__link_config *config);

enum sio__link_phase { SIO__OPEN, SIO__CLOSING, SIO__CLOSED };

/* Kinds of log lines, each limited by itself. */
enum sio__log_kind {
    SIO__LOG_STATE,
    SIO__LOG_GREETING,
    SIO__LOG_ANSWER,
    SIO__LOG_SUBSCRIBER,
    SIO__LOG_SENTINEL,
    SIO__LOG_KINDS
};

struct sio__log_limit {
    uint32_t since_ms;
    unsigned lines, dropped;
};

struct sio__drain {
    struct sio__drain *next;
    uint64_t target; /* stats.published when it was asked for */
    sio_link_drain_cb *done;
    void *user;
};

/* Ends of publishes that are not in the shared counters yet. */
struct sio__tally {
    uint64_t ended, accepted, receivers, resent;
    uint64_t failed[SIO_STATUS_COUNT];
};

struct sio_link {
    /* constant */
    struct sio__link_config config;
    unsigned generation; /* of processes, see fork.c */
    bool threaded;
    struct event_base *base;
    int wake_fd; /* threaded: an eventfd; else -1 */
    pthread_t thread;
    sio_link *next, **before; /* in fork.c's list */

    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t ended, room, changed; /* publishes ended; room in the outbox; the rest */
    struct sio__outbox_room space;       /* of the lanes' outboxes */
    struct sio__latency latency;
    sio_link_stats stats;
    uint64_t ended_publishes;
    bool wake_pending;
    bool want_writable; /* a publish was refused with SIO_EFULL */
    _Atomic int phase;  /* enum sio__link_phase; changes under lock, read anywhere */
    uint32_t close_at_ms;
    bool close_dropped; /* the close had to fail something */
    struct sio__drain *drains, **drains_end;
    unsigned waiters;       /* calls that wait on a condition, or are about to wake the thread */
    uint64_t flush_next;    /* the lowest count of ended publishes that a flush waits for */
    uint64_t failures;      /* times it went down, for sio_link_wait_up() */
    uint64_t failures_told; /* those of them that it has returned */
    sio_status failure;
    char failure_text[256];

    /* the I/O side */
    unsigned depth; /* of entered handlers, see sio__link_enter() */
    bool free_requested;
    bool iterating; /* no outbox must be taken */
    struct event *due_event, *tick_event, *peek_event;
    bool due_pending, tick_armed, peek_armed;
    uint32_t peek_ms; /* until the next look */
    uint32_t tick_at_ms;
    struct sio__lane home;              /* channels; outside of a cluster, all there is */
    struct sio__lane *lanes;            /* a list that ends with it */
    struct sio__subscriber *subscriber; /* NULL: nobody has listened yet */
    struct sio__sentinels *sentinels;   /* NULL: the URL names none */
    struct sio__cluster *cluster;       /* NULL: the URL names none */
    struct sio__tally tally;
    uint32_t load; /* publishes in the outboxes at the last exchange */
    bool active;   /* they were in use, last at: */
    uint32_t active_ms;
    struct sio__log_limit logs[SIO__LOG_KINDS];
    unsigned remarked; /* bits of sio__link_remark() */
};

/* -- service.c -- */

static inline void sio__link_lock(sio_link *link)
{
    if (link->threaded)
        pthread_mutex_lock(&link->lock);
}

static inline void sio__link_unlock(sio_link *link)
{
    if (link->threaded)
        pthread_mutex_unlock(&link->lock);
}

/* Every handler on the I/O side, and every call that may call back there, runs between
 * these two: a link that a callback frees lives until the outermost leave(). */
void sio__link_enter(sio_link *link);
void sio__link_leave(sio_link *link); /* link may be gone afterwards */

void sio__link_service(sio_link *link); /* do what is due; runs callbacks */
void sio__link_wake(sio_link *link);    /* from callers: have service run soon */
/* On a loop: write now, if that is possible. */
void sio__link_push(sio_link *link, struct sio__lane *lane);
sio_status sio__link_make_events(sio_link *link);
void sio__link_free_events(sio_link *link);
void sio__link_destroy(sio_link *link); /* memory and descriptors; no callback */

/* -- lane.c -- */

extern const struct sio__session_ops sio__home_lane_ops;

/* -- publisher.c -- */

void sio__publisher_fold(sio_link *link); /* with the lock: into the shared counters */

/* -- subscriber.c -- */

void sio__subscriber_start(struct sio__subscriber *subscriber);
void sio__subscriber_service(struct sio__subscriber *subscriber, uint32_t now_ms);
/* Whether the servers are still there; and the milliseconds until that is to be looked at. */
void sio__subscriber_check_peers(struct sio__subscriber *subscriber, uint32_t now_ms);
void sio__subscriber_trim(struct sio__subscriber *subscriber); /* give unused memory back */
int64_t sio__subscriber_check_due(const struct sio__subscriber *subscriber, uint32_t now_ms);
void sio__subscriber_add_stats(const struct sio__subscriber *subscriber, sio_link_stats *stats);
void sio__subscriber_end(struct sio__subscriber *subscriber);  /* runs callbacks */
void sio__subscriber_free(struct sio__subscriber *subscriber); /* NULL allowed */

/* -- wait.c -- */

void sio__link_run_drains(sio_link *link, sio_status status);
void sio__link_await_waiters(sio_link *link); /* before it is destroyed */

/* -- thread.c -- */

sio_status sio__link_thread_prepare(sio_link *link); /* its loop and eventfd */
sio_status sio__link_thread_start(sio_link *link);
bool sio__link_on_io_thread(const sio_link *link);

/* -- report.c -- */

void sio__link_report(sio_link *link, sio_link_state state, sio_status status, const char *text,
                      unsigned retry_in_ms);
void sio__link_log(sio_link *link, enum sio__log_kind kind, sio_log_level level, const char *format,
                   ...) SIO_PRINTF(4, 5);
/* A line about the greeting, of each kind (a bit) once for the link. */
void sio__link_remark(sio_link *link, unsigned kind, const char *text);

/* -- fork.c -- */

extern _Atomic unsigned sio__fork_generation;

static inline bool sio__link_forked(const sio_link *link)
{
    return link->generation != atomic_load_explicit(&sio__fork_generation, memory_order_relaxed);
}

sio_status sio__fork_watch(sio_link *link);
void sio__fork_unwatch(sio_link *link);
void sio__fork_free_in_child(sio_link *link);

#endif
