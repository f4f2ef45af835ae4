/* SPDX-License-Identifier: MIT */
/* What emitter and adapter ask of the link, beside the public calls. */
#ifndef SIO_COMMON_LINK_PUBLISH_H
#define SIO_COMMON_LINK_PUBLISH_H

#include <stdint.h>

#include <sio/export.h>
#include <sio/link.h>
#include <sio/status.h>
#include <sio/str.h>

/* The one end of a publish. `text` is borrowed and never NULL. */
struct sio__publish_result {
    sio_status status;
    int64_t receivers; /* -1 unless SIO_OK */
    const char *text;
};

/* Runs on the link's thread with no lock held; may publish, flush (refused), close
 * or free the link. */
typedef void sio__publish_cb(const struct sio__publish_result *result, void *owner,
                             void (*fn)(void), void *user);

/* Who is told of the end. A copy is kept with the publish; done NULL: the end is
 * counted only. `done` gets the other three back: the object that published, and the
 * function (cast to its own type by `done`) and pointer that its caller gave. */
struct sio__completion {
    sio__publish_cb *done;
    void *owner;
    void (*fn)(void);
    void *user;
};

enum sio__publish_kind {
    SIO__PUBLISH,
    SIO__SPUBLISH /* to a shard channel; Redis 7. In a cluster it goes to its slot's master */
};

/* What can be counted. */
enum sio__count_kind {
    SIO__COUNT_SUBSCRIBERS,       /* of a channel: PUBSUB NUMSUB */
    SIO__COUNT_SHARD_SUBSCRIBERS, /* of a shard channel: PUBSUB SHARDNUMSUB */
    SIO__COUNT_CHANNELS           /* that a pattern matches and somebody subscribes to */
};

/* Queue one. Channel and payload are copied; completion NULL: as one with done NULL. What is
 * published to a channel arrives there in order; in a cluster that holds for shard channels
 * each by itself, and for all others together.
 * SIO_OK, SIO_EFULL, SIO_ETOOBIG (can never fit the outbox), SIO_ENOMEM, SIO_ECLOSED
 * or SIO_EFORK; on failure `done` is not called. */
SIO_API sio_status sio__link_publish(sio_link *link, enum sio__publish_kind kind, sio_str channel,
                                     sio_str payload, const struct sio__completion *completion);

/* Bytes that a publish takes in the outbox. */
SIO_API size_t sio__publish_size(enum sio__publish_kind kind, sio_str channel, sio_str payload);

/* SIO_OK, SIO_EFORK or SIO_ECLOSED: whether the link can still be used. */
SIO_API sio_status sio__link_check(const sio_link *link);

#endif
