/* SPDX-License-Identifier: MIT */
/* Which names are wanted by whom, and which of these wishes Redis has not settled yet. Knows no
 * socket, clock or listener's business.
 *
 * A name is known from when somebody wants it until nobody does and Redis has confirmed that it
 * is no longer subscribed to. It belongs to an asker, one for each connection (asker.h), which
 * asks Redis for it; in a cluster it may pass from one to another.
 *
 * It stands in one of two rings: among all that is unsettled, in the order of the wishes, or
 * among those that its asker has settled. A sync is put behind what is unsettled, and is done
 * when it has come to the front: so it waits for what was wished before it, on whatever
 * connection that may be, and for nothing else. */
#ifndef SIO_COMMON_LINK_SUBSCRIPTIONS_H
#define SIO_COMMON_LINK_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#include "link/subscribe.h"
#include "table.h"

struct sio__asker;
struct sio__name;

struct sio__queued {
    struct sio__queued *next, *prev; /* a ring with the queue itself */
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

struct sio__unsettled {
    struct sio__queued queued;
    bool is_sync; /* part of a struct sio__sync, else of a struct sio__name */
};

struct sio__name {
    struct sio__queued queued;       /* of its asker: due, asked or unsorted */
    struct sio__unsettled unsettled; /* or settled by its asker */
    struct sio__asker *asker;
    uint32_t hash;
    uint32_t asked_on;   /* a connection; another than this one: it is in the queue "due" */
    uint32_t connection; /* for which the next three hold; another one: nothing was asked */
    uint16_t unanswered; /* commands */
    bool subscribed;     /* once those are answered */
    bool denied;
    bool held;           /* not to be forgotten */
    uint8_t kind;        /* enum sio__subscribe_kind */
    uint16_t slot;       /* SIO__SHARD_CHANNEL */
    uint32_t settled_on; /* a connection; another than this one: it is unsettled */
    uint32_t subscriptions;
    struct sio__subscription first; /* of a list; it may be unused while others are not */
    uint32_t len;
    char text[];
};

struct sio__sync {
    struct sio__unsettled unsettled;
    void *listener;
    struct sio__sync *later, **before; /* of the same listener */
    sio__sync_cb *done;
    void *user;
};

struct sio__subscriptions {
    struct sio__table tables[SIO__SUBSCRIBE_KINDS];
    struct sio__name *last[SIO__SUBSCRIBE_KINDS]; /* found by find() */
    struct sio__queued unsettled;                 /* names and syncs */
    uint32_t connections;                         /* of all askers: gives them their numbers */
    struct sio__subscription *cursor; /* where somebody is walking a name's subscriptions */
};

/* SIO_OK or SIO_ESYS. After a failure fini() is allowed; it frees the syncs that are queued.
 * Names are freed with their askers, before. */
SIO_API sio_status sio__subscriptions_init(struct sio__subscriptions *subs);
SIO_API void sio__subscriptions_fini(struct sio__subscriptions *subs);

/* asker: whose the name will be if it is new. SIO_OK, or SIO_ENOMEM and nothing has changed. */
SIO_API sio_status sio__subscriptions_add(struct sio__subscriptions *subs, struct sio__asker *asker,
                                          enum sio__subscribe_kind kind, sio_str text,
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

/* A name that was held while its listeners were told is not held any more. */
SIO_API void sio__subscriptions_release(struct sio__subscriptions *subs, struct sio__name *name);

/* -- for asker.c -- */

void sio__name_settle(struct sio__name *name);
/* Not by a wish: everything waits for it. */
void sio__name_unsettle(struct sio__subscriptions *subs, struct sio__name *name);
/* What was noted for an earlier connection holds no more. */
void sio__name_refresh(struct sio__name *name);
/* Forget it, if there is no more to it. */
void sio__name_release(struct sio__subscriptions *subs, struct sio__name *name);
void sio__name_free(struct sio__name *name);

static inline sio_str sio__name_text(const struct sio__name *name)
{
    return (sio_str){name->text, name->len};
}

static inline void sio__queue_init(struct sio__queued *queue)
{
    queue->next = queue->prev = queue;
}

static inline bool sio__queue_is_empty(const struct sio__queued *queue)
{
    return queue->next == queue;
}

static inline void sio__queue_take_out(struct sio__queued *queued)
{
    queued->prev->next = queued->next;
    queued->next->prev = queued->prev;
}

static inline void sio__queue_put_last(struct sio__queued *queue, struct sio__queued *queued)
{
    queued->next = queue;
    queued->prev = queue->prev;
    queue->prev->next = queued;
    queue->prev = queued;
}

/* All of `from`, in order, before what is in `queue`. */
static inline void sio__queue_put_all_first(struct sio__queued *queue, struct sio__queued *from)
{
    if (sio__queue_is_empty(from))
        return;
    from->prev->next = queue->next;
    queue->next->prev = from->prev;
    from->next->prev = queue;
    queue->next = from->next;
    sio__queue_init(from);
}

#endif
