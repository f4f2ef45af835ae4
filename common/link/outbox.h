/* SPDX-License-Identifier: MIT */
/* The publishes that Redis has not answered: encoded, in order, bounded. Knows no
 * socket, clock or lock.
 *
 * Two parties use it. The producer adds; the consumer writes the bytes to Redis and
 * matches the answers. Calls marked [shared] touch what both use and must exclude each
 * other (the link's lock); the others belong to the consumer alone and may run while
 * the producer adds: the consumer sees only what was there at its last take(). */
#ifndef SIO_COMMON_LINK_OUTBOX_H
#define SIO_COMMON_LINK_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#include "link/publish.h"

struct sio__outbox;

struct sio__outbox_bounds {
    size_t bytes;       /* of encoded commands */
    uint32_t publishes; /* their number */
    uint32_t ttl_ms;    /* 0: they never expire */
};

/* What some outboxes share: bounds, and what is in them all, ended publishes included until
 * their room is released. [shared] */
struct sio__outbox_room {
    struct sio__outbox_bounds bounds; /* constant */
    size_t bytes;
    uint32_t publishes;
};

/* Called for each publish that expire() and its like end, oldest first. May add. */
typedef void sio__outbox_end_cb(void *arg, const struct sio__completion *completion);

/* room: borrowed. NULL: out of memory. */
SIO_API struct sio__outbox *sio__outbox_new(struct sio__outbox_room *room);
SIO_API void sio__outbox_free(struct sio__outbox *box); /* [shared] ends nothing, NULL allowed */

/* [shared] SIO_OK, SIO_EFULL, SIO_ETOOBIG (more than the bound) or SIO_ENOMEM. */
SIO_API sio_status sio__outbox_add(struct sio__outbox *box, enum sio__publish_kind kind,
                                   sio_str channel, sio_str payload,
                                   const struct sio__completion *completion, uint32_t now_ms);
/* The same for a question. */
SIO_API sio_status sio__outbox_add_count(struct sio__outbox *box, enum sio__count_kind kind,
                                         sio_str name, const struct sio__completion *completion,
                                         uint32_t now_ms);
SIO_API bool sio__outbox_fits(const struct sio__outbox_room *room, size_t bytes); /* [shared] */
/* [shared] Bytes added since the last take(). */
SIO_API size_t sio__outbox_staged(const struct sio__outbox *box);

/* [shared] Give back the room of ended publishes, and let the consumer see what was
 * added. */
SIO_API void sio__outbox_take(struct sio__outbox *box);
/* [shared] Give unused memory back. */
SIO_API void sio__outbox_trim(struct sio__outbox *box);
/* The shard channels of what is in it, in order. */
typedef void sio__outbox_visit(void *arg, sio_str channel);
SIO_API void sio__outbox_each_shard(const struct sio__outbox *box, sio__outbox_visit *visit,
                                    void *arg);
/* [shared] After rewind(): pass on to other outboxes of the same room, in order and as old as
 * they are, what is published to shard channels. to: where; NULL: it stays. *sent: how many of
 * them had been written before the last rewind(). false: out of memory, and what could not be
 * passed on is still here, with all that follows it. */
typedef struct sio__outbox *sio__outbox_route(void *arg, sio_str channel);
SIO_API bool sio__outbox_pass(struct sio__outbox *box, sio__outbox_route *to, void *arg,
                              uint64_t *sent);
/* [shared] The connection is gone or answered everything: what is left will be written
 * from its beginning. Then resent() is how many of those had been written before. */
SIO_API void sio__outbox_rewind(struct sio__outbox *box);

/* The next bytes to be written, up to max pieces and about limit bytes; 0: none. */
SIO_API int sio__outbox_gather(struct sio__outbox *box, struct iovec *iov, int max, size_t limit);
SIO_API void sio__outbox_wrote(struct sio__outbox *box, size_t bytes);
/* Whether something (part of a command) was written whose answer is awaited. */
SIO_API bool sio__outbox_unanswered(const struct sio__outbox *box);
/* How many bytes are missing of a command that was written in part; 0: of none. */
SIO_API size_t sio__outbox_cut(const struct sio__outbox *box);

/* Bytes of commands on this connection: written, and answered. */
SIO_API uint64_t sio__outbox_bytes_written(const struct sio__outbox *box);
SIO_API uint64_t sio__outbox_bytes_answered(const struct sio__outbox *box);

/* What the next answer is for; NONE: for nothing. channel: of that command. */
enum sio__answered {
    SIO__ANSWERED_NONE,
    SIO__ANSWERED_PUBLISH,
    SIO__ANSWERED_NUMBER, /* a count: [channel, number] */
    SIO__ANSWERED_NAMES   /* a count: as many names as the answer has */
};
SIO_API enum sio__answered sio__outbox_answered(struct sio__outbox *box);
SIO_API sio_str sio__outbox_answered_channel(struct sio__outbox *box, bool *is_shard);

/* An answer has come. With keep the publish stays, to be written again after rewind(). */
enum sio__answer {
    SIO__ANSWER_TAKEN,
    SIO__ANSWER_LATE,  /* to a publish that had ended */
    SIO__ANSWER_EARLY, /* before its command was written whole: the rest cannot be sent now */
    SIO__ANSWER_STRAY  /* to nothing */
};
SIO_API enum sio__answer sio__outbox_answer(struct sio__outbox *box, bool keep,
                                            struct sio__completion *completion);

/* End what is older than the TTL. The first that was written only in part holds up
 * those behind it until it is written. */
SIO_API void sio__outbox_expire(struct sio__outbox *box, uint32_t now_ms, sio__outbox_end_cb *end,
                                void *arg);
/* Milliseconds until the next one expires, at least 0; -1: none will. */
SIO_API int64_t sio__outbox_expiry(struct sio__outbox *box, uint32_t now_ms);
/* End the counts that are not written. */
SIO_API void sio__outbox_end_counts(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg);
/* End all that were written whole and not answered. */
SIO_API void sio__outbox_give_up(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg);
/* End all; call it after rewind(). */
SIO_API void sio__outbox_fail(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg);
/* How many of those to be written had been written before the last rewind(); resets to 0. */
SIO_API uint64_t sio__outbox_resent(struct sio__outbox *box);

/* The consumer has nothing more to do: all it saw has ended. */
SIO_API bool sio__outbox_empty(const struct sio__outbox *box);

#endif
