/* SPDX-License-Identifier: MIT */
/* What a subscribing connection receives, taken out of its buffer in place: messages and
 * confirmations by a scan of our own, whatever else there is by hiredis. */
#ifndef SIO_COMMON_LINK_PUSHES_H
#define SIO_COMMON_LINK_PUSHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

enum sio__push_type {
    SIO__PUSH_MESSAGE,   /* name: the channel */
    SIO__PUSH_PMESSAGE,  /* name: the pattern */
    SIO__PUSH_SMESSAGE,  /* name: the shard channel */
    SIO__PUSH_SUBSCRIBE, /* this and the next five confirm; name: of what */
    SIO__PUSH_PSUBSCRIBE,
    SIO__PUSH_SSUBSCRIBE,
    SIO__PUSH_UNSUBSCRIBE,
    SIO__PUSH_PUNSUBSCRIBE,
    SIO__PUSH_SUNSUBSCRIBE, /* also when the slot has been given to another node */
    SIO__PUSH_PONG,
    SIO__PUSH_ERROR, /* text */
    SIO__PUSH_OTHER
};

/* Views into the buffer. */
struct sio__push {
    enum sio__push_type type;
    sio_str name, channel, payload, text;
};

struct sio__pushes;

/* false: stop, the rest is not wanted. */
typedef bool sio__push_cb(void *arg, const struct sio__push *push);

/* max_frame: of one frame; a longer one is an error. */
SIO_API struct sio__pushes *sio__pushes_new(size_t max_frame);
SIO_API void sio__pushes_free(struct sio__pushes *pushes);  /* NULL allowed */
SIO_API void sio__pushes_clear(struct sio__pushes *pushes); /* for a new connection */
/* Give the buffer back while nothing is in it. */
SIO_API void sio__pushes_trim(struct sio__pushes *pushes);
/* For tests: leave everything to hiredis. */
SIO_API void sio__pushes_scan(struct sio__pushes *pushes, bool on);

/* Where to put what is received next, and how much of it. SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio__pushes_room(struct sio__pushes *pushes, char **at, size_t *room);

/* So many bytes have been put there: hand on what is complete. SIO_OK; SIO_ECLOSED: cb has
 * stopped it; SIO_EREDIS: not RESP, or too long; SIO_ENOMEM. After a failure only clear()
 * and free() are of use. */
SIO_API sio_status sio__pushes_take(struct sio__pushes *pushes, size_t len, sio__push_cb *cb,
                                    void *arg);
SIO_API const char *sio__pushes_error(const struct sio__pushes *pushes);

#endif
