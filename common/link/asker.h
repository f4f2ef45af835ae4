/* SPDX-License-Identifier: MIT */
/* What one connection has been asked for: the commands that bring what Redis has subscribed it
 * to, to what is wanted (subscriptions.h), in order, and what their answers settle.
 *
 * A name stands in one of two queues: "due" (something may have to be asked of Redis) or
 * "asked". When the connection is lost, all of them are due again, at once, however many they
 * are: what was noted about the old connection is told by its number. When it may be that names
 * belong elsewhere, all of them are "unsorted", and are looked at piece by piece. */
#ifndef SIO_COMMON_LINK_ASKER_H
#define SIO_COMMON_LINK_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>

#include "link/subscriptions.h"

enum { SIO__UNANSWERED_MAX = 8192 /* commands */ };

struct sio__asker {
    struct sio__subscriptions *subs;
    struct sio__queued due, asked, unsorted; /* names */
    struct sio__queued settled;              /* names, by what they are unsettled with */
    uint32_t connection;
    struct sio__name **unanswered; /* a ring of so many */
    size_t unanswered_max;
    uint64_t written, answered; /* commands of this connection */
    sio_buf commands;           /* has room for a piece of them, whatever the names */
};

/* SIO_OK or SIO_ENOMEM; after a failure fini() is allowed. */
SIO_API sio_status sio__asker_init(struct sio__asker *asker, struct sio__subscriptions *subs);
SIO_API void sio__asker_fini(struct sio__asker *asker); /* with its names */

/* Room for the commands of a name of this length. SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio__asker_reserve(struct sio__asker *asker, size_t len);
/* The name is its own, and due. It must be in no queue. */
void sio__asker_take(struct sio__asker *asker, struct sio__name *name);
/* The name's wish has changed. */
void sio__asker_make_due(struct sio__asker *asker, struct sio__name *name);

/* Put the next commands into asker->commands: a bounded piece of work, after which there may
 * be more to write even if it came to nothing. */
SIO_API void sio__asker_write(struct sio__asker *asker);
SIO_API bool sio__asker_can_write(const struct sio__asker *asker);

/* Which name's command the next answer is for, and whether it asked to subscribe; NULL: none. */
SIO_API struct sio__name *sio__asker_awaited(const struct sio__asker *asker, bool *subscribe);
enum sio__asker_answer {
    SIO__ASKER_OBEYED,
    SIO__ASKER_DENIED, /* and will be on this connection */
    SIO__ASKER_AGAIN   /* not done; to be asked again, here or elsewhere */
};
/* It has come. The name, if its subscriptions are settled by that, to be released when they
 * have been told; else NULL. */
SIO_API struct sio__name *sio__asker_answer(struct sio__asker *asker,
                                            enum sio__asker_answer answer);
/* Redis has ended a subscription by itself: the name is due again. */
SIO_API void sio__asker_ended(struct sio__asker *asker, struct sio__name *name);

/* The connection is gone: all is due. */
SIO_API void sio__asker_disconnected(struct sio__asker *asker);

/* -- from one connection to another -- */

/* Have all names looked at. */
SIO_API void sio__asker_unsort(struct sio__asker *asker);
/* The next name that is to be looked at, now among what is due or asked as it was; NULL: none. */
SIO_API struct sio__name *sio__asker_next_unsorted(struct sio__asker *asker);
/* Pass a name on. false: not now (commands for it are unanswered), or there is no memory. */
SIO_API bool sio__asker_pass(struct sio__name *name, struct sio__asker *to);

#endif
