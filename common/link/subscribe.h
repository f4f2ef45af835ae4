/* SPDX-License-Identifier: MIT */
/* What the adapter asks of a link's subscribing connection, which is made when the first
 * listener comes. All on the loop's thread. Subscriptions outlive the connection: after a
 * loss all of them are made again. */
#ifndef SIO_COMMON_LINK_SUBSCRIBE_H
#define SIO_COMMON_LINK_SUBSCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/link.h>
#include <sio/status.h>
#include <sio/str.h>

#include "link/publish.h"

struct event_base;
struct sio__listener;

enum sio__subscribe_kind {
    SIO__CHANNEL,
    SIO__PATTERN,
    SIO__SHARD_CHANNEL, /* Redis 7; in a cluster its slot's master has it */
    SIO__SUBSCRIBE_KINDS
};

/* Where messages and news go; each may subscribe, unsubscribe, publish, free its listener
 * or the link. Strings are borrowed until they return. */
struct sio__listener_ops {
    /* One message. tag: as given to sio__listener_subscribe(). A name that several
     * listeners subscribed to brings it to each of them once. */
    void (*message)(void *owner, int tag, sio_str channel, sio_str payload);
    /* What this listener had subscribed to when the connection came up is confirmed, or denied:
     * once for each connection. A listener made while there is one: what it has subscribed to
     * before the loop goes on. Later subscriptions are not waited for, see sync. */
    void (*ready)(void *owner);
    /* The subscribing connection was lost after ready: answers that were awaited may not come. */
    void (*lost)(void *owner, const char *text);
    /* The subscribing connection was lost after ready, and ready is again; comes right before
     * that. Times are of CLOCK_REALTIME in ms. */
    void (*gap)(void *owner, int64_t from_ms, int64_t to_ms, const char *text);
    /* Redis refused a name. It is not tried again before the next connection. */
    void (*denied)(void *owner, sio_str name, sio_status status, const char *text);
    /* The link is closed for good; after the listener's syncs have ended. Once, and nothing
     * else is called any more. NULL: does not care. */
    void (*closed)(void *owner);
};

/* SIO_OK, SIO_EINVAL (the link has its own thread), SIO_ENOMEM, SIO_ECLOSED or SIO_EFORK.
 * ops and owner are borrowed. */
SIO_API sio_status sio__listener_new(sio_link *link, const struct sio__listener_ops *ops,
                                     void *owner, struct sio__listener **out);

/* Unsubscribe from everything; pending syncs end with SIO_ECLOSED before this returns; no
 * other call of its ops is made any more. NULL allowed. A link that is freed or closed
 * before its listeners: they are told that it is closed, and stay valid. */
SIO_API void sio__listener_free(struct sio__listener *listener);

/* Want a channel, or a pattern (Redis's glob). The name is
 * copied. The same kind and name twice by one listener is a fault of the caller's (assert).
 * SIO_OK, SIO_ENOMEM (nothing changed), SIO_ECLOSED or SIO_EFORK. */
SIO_API sio_status sio__listener_subscribe(struct sio__listener *listener,
                                           enum sio__subscribe_kind kind, sio_str name, int tag);
/* Not wanted any more; not called back for it from now on. No effect if it was not wanted. */
SIO_API void sio__listener_unsubscribe(struct sio__listener *listener,
                                       enum sio__subscribe_kind kind, sio_str name);

/* Once, when Redis has answered all that this link has subscribed to and unsubscribed from
 * so far (after a reconnection if need be): SIO_OK; SIO_ENOPERM or SIO_EREDIS if a name that
 * this listener wants is denied then (as the last one was); or SIO_ECLOSED. From the loop,
 * never before this returns. SIO_OK, SIO_ENOMEM, SIO_ECLOSED or SIO_EFORK. */
typedef void sio__sync_cb(void *owner, sio_status status, void *user);
SIO_API sio_status sio__listener_sync(struct sio__listener *listener, sio__sync_cb *done,
                                      void *user);

/* Ask for a number, which will be the result's `receivers`: how many connections subscribe to a
 * channel (patterns do not count), or how many such channels a pattern matches. In order with
 * the publishes before and after it; but in a cluster all nodes are asked that can be reached,
 * and their numbers added up. Returns and ends as sio__link_publish(). */
SIO_API sio_status sio__link_count(sio_link *link, enum sio__count_kind kind, sio_str name,
                                   const struct sio__completion *completion);

/* Whether a listener of this link wants a name. */
SIO_API bool sio__link_wants(const sio_link *link, enum sio__subscribe_kind kind, sio_str name);

/* The loop that the link runs on. */
SIO_API struct event_base *sio__link_base(const sio_link *link);
/* Whether it is the host's, rather than the link's own thread's. */
SIO_API bool sio__link_on_loop(const sio_link *link);

#endif
