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

/* Called for each publish that expire() and its like end, oldest first. May add. */
typedef void sio__outbox_end_cb(void *arg, const struct sio__completion *completion);

SIO_API struct sio__outbox *sio__outbox_new(const struct sio__outbox_bounds *bounds);
SIO_API void sio__outbox_free(struct sio__outbox *box); /* [shared] ends nothing, NULL allowed */

/* [shared] SIO_OK, SIO_EFULL, SIO_ETOOBIG (more than the bound) or SIO_ENOMEM. */
SIO_API sio_status sio__outbox_add(struct sio__outbox *box, sio_str channel, sio_str payload,
                                   const struct sio__completion *completion, uint32_t now_ms);
/* The same for a PUBSUB NUMSUB of one channel. */
SIO_API sio_status sio__outbox_add_count(struct sio__outbox *box, sio_str channel,
                                         const struct sio__completion *completion,
                                         uint32_t now_ms);
SIO_API bool sio__outbox_fits(const struct sio__outbox *box, size_t bytes); /* [shared] */
/* [shared] What is in it, ended publishes included until their room is released. */
SIO_API size_t sio__outbox_bytes(const struct sio__outbox *box);
SIO_API uint32_t sio__outbox_publishes(const struct sio__outbox *box);
/* [shared] Bytes added since the last take(). */
SIO_API size_t sio__outbox_staged(const struct sio__outbox *box);

/* [shared] Give back the room of ended publishes, and let the consumer see what was
 * added. */
SIO_API void sio__outbox_take(struct sio__outbox *box);
/* [shared] Give unused memory back. */
SIO_API void sio__outbox_trim(struct sio__outbox *box);
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

/* The channel of the command that the next answer is for; empty: it is for none. */
SIO_API sio_str sio__outbox_answered_channel(struct sio__outbox *box);
/* Whether that is a count. */
SIO_API bool sio__outbox_answers_count(struct sio__outbox *box);

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
/* End all that were written whole and not answered. */
SIO_API void sio__outbox_give_up(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg);
/* End all; call it after rewind(). */
SIO_API void sio__outbox_fail(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg);
/* How many of those to be written had been written before the last rewind(); resets to 0. */
SIO_API uint64_t sio__outbox_resent(struct sio__outbox *box);

/* The consumer has nothing more to do: all it saw has ended. */
SIO_API bool sio__outbox_empty(const struct sio__outbox *box);

#endif
