/* SPDX-License-Identifier: MIT */
/* Which names are wanted, and what Redis has been asked for: the commands that bring the one
 * to the other, in order, and what their answers settle. Knows no socket, clock or listener's
 * business.
 *
 * A name is known from when somebody wants it until nobody does and Redis has confirmed that
 * it is no longer subscribed to. It stands in one of two queues: "due" (something may have to
 * be asked of Redis) or "asked". When the connection is lost, all of them are due again, at
 * once, however many they are: what was noted about the old connection is told by its number. */
#ifndef SIO_COMMON_LINK_SUBSCRIPTIONS_H
#define SIO_COMMON_LINK_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#include "link/subscribe.h"
#include "table.h"

struct sio__name;

struct sio__queued {
    struct sio__queued *next, *prev; /* a ring with the queue itself */
    bool is_sync;                    /* a struct sio__sync, else a struct sio__name */
};

/* One listener's wish for a name. */
struct sio__subscription {
    void *listener; /* NULL: this one is not in use */
    struct sio__name *name;
    struct sio__subscription *next;            /* of the same name */
    struct sio__subscription *later, **before; /* of the same listener */
    int tag;
    uint32_t denied_on; /* number of the connection on which Redis denied it; 0: none */
};

struct sio__name {
    struct sio__queued queued;
    uint32_t hash;
    uint32_t asked_on;   /* a connection; another than this one: it is in the queue "due" */
    uint32_t connection; /* for which the next three hold; another one: nothing was asked */
    uint16_t unanswered; /* commands */
    bool subscribed;     /* once those are answered */
    bool denied;
    bool is_pattern;
    bool held; /* not to be forgotten */
    uint32_t subscriptions;
    struct sio__subscription first; /* of a list; it may be unused while others are not */
    uint32_t len;
    char text[];
};

/* Done once all is answered that was due when it was asked for. */
struct sio__sync {
    struct sio__queued queued;
    void *listener;
    struct sio__sync *later, **before; /* of the same listener */
    uint64_t target; /* in the queue of syncs: done when so many answers have come */
    sio__sync_cb *done;
    void *user;
};

enum { SIO__UNANSWERED_MAX = 8192 /* commands; a fixed ring */ };

struct sio__subscriptions {
    struct sio__table tables[2];          /* by kind */
    struct sio__name *last[2];            /* found by find() */
    struct sio__queued due, asked, syncs; /* syncs: those for which all has been asked */
    uint32_t connection;
    struct sio__name **unanswered;    /* a ring */
    uint64_t written, answered;       /* commands of this connection */
    sio_buf commands;                 /* has room for a piece of them, whatever the names */
    struct sio__subscription *cursor; /* where somebody is walking a name's subscriptions */
};

/* SIO_OK, SIO_ENOMEM or SIO_ESYS. After a failure fini() is allowed; it frees names and syncs
 * that are queued. */
SIO_API sio_status sio__subscriptions_init(struct sio__subscriptions *subs);
SIO_API void sio__subscriptions_fini(struct sio__subscriptions *subs);

/* Somebody wants a name. SIO_OK, or SIO_ENOMEM and nothing has changed. */
SIO_API sio_status sio__subscriptions_add(struct sio__subscriptions *subs,
                                          enum sio__subscribe_kind kind, sio_str name,
                                          void *listener, int tag, struct sio__subscription **out);
SIO_API void sio__subscriptions_remove(struct sio__subscriptions *subs,
                                       struct sio__subscription *sub);
/* The subscriptions of a name, while any of them may be removed. */
SIO_API struct sio__subscription *sio__subscriptions_first(struct sio__subscriptions *subs,
                                                           struct sio__name *name);
SIO_API struct sio__subscription *sio__subscriptions_next(struct sio__subscriptions *subs);

/* NULL: not known. Quick when it is the one of the last time. */
SIO_API struct sio__name *sio__subscriptions_find(struct sio__subscriptions *subs,
                                                  enum sio__subscribe_kind kind, sio_str name);
/* A listener's subscription to it; NULL: none. */
SIO_API struct sio__subscription *sio__subscriptions_of(struct sio__name *name,
                                                        const void *listener);

SIO_API void sio__subscriptions_sync(struct sio__subscriptions *subs, struct sio__sync *sync);
/* Take it back. */
SIO_API void sio__subscriptions_unsync(struct sio__sync *sync);
/* The next one that is done, taken out; NULL: none. */
SIO_API struct sio__sync *sio__subscriptions_synced(struct sio__subscriptions *subs);

/* Put the next commands into subs->commands: a bounded piece of work, after which there may
 * be more to write even if it came to nothing. */
SIO_API void sio__subscriptions_write(struct sio__subscriptions *subs);
SIO_API bool sio__subscriptions_can_write(const struct sio__subscriptions *subs);

/* Which name's command the next answer is for, and whether it asked to subscribe; NULL: none. */
SIO_API struct sio__name *sio__subscriptions_awaited(const struct sio__subscriptions *subs,
                                                     bool *subscribe);
/* It has come. The name, if its subscriptions are settled by that, to be released when they
 * have been told; else NULL. */
SIO_API struct sio__name *sio__subscriptions_answer(struct sio__subscriptions *subs, bool denied);
SIO_API void sio__subscriptions_release(struct sio__subscriptions *subs, struct sio__name *name);

/* The connection is gone: all is due. */
SIO_API void sio__subscriptions_disconnected(struct sio__subscriptions *subs);

#endif
