/* SPDX-License-Identifier: MIT */
/* The link's clock: milliseconds, monotonic, wrapping after 49 days (compare
 * differences only). The coarse clock costs a quarter of the fine one in a publish,
 * and a few milliseconds do not matter to any of the link's deadlines. */
#ifndef SIO_COMMON_LINK_CLOCK_H
#define SIO_COMMON_LINK_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint32_t sio__now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
    return (uint32_t)((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

/* Microseconds, exact, for what is measured. */
static inline int64_t sio__now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* Milliseconds from `now` until `when`; negative: since then. */
static inline int32_t sio__ms_until(uint32_t when, uint32_t now)
{
    return (int32_t)(when - now);
}

/* The time of day, in milliseconds, for people. */
static inline int64_t sio__wall_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

#endif
