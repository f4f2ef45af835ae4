/* SPDX-License-Identifier: MIT */
/* How long to wait before the next attempt to connect. Time and random numbers are
 * passed in. */
#ifndef SIO_COMMON_LINK_BACKOFF_H
#define SIO_COMMON_LINK_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/export.h>

struct sio__backoff {
    bool out;            /* an outage lasts */
    uint32_t since_ms;   /* its begin */
    uint32_t up_ms;      /* when the link last came up */
    uint32_t ceiling_ms; /* the longest the next delay may be; 0: not failed yet */
};

/* The link came up. */
SIO_API void sio__backoff_up(struct sio__backoff *backoff, uint32_t now_ms);

/* It went down, or an attempt failed: the delay until the next attempt in
 * milliseconds. final: trying again soon is pointless or harmful (a refused
 * password), so wait for about the longest delay. */
SIO_API uint32_t sio__backoff_down(struct sio__backoff *backoff, uint32_t now_ms, uint32_t random,
                                   bool final);

#endif
