/* SPDX-License-Identifier: MIT */
/* The time that waits are measured by: steps of the wall clock do not touch it. */
#ifndef SIO_CLI_CLOCK_H
#define SIO_CLI_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_MS     INT64_C(1000000)
#define CLOCK_SECOND (1000 * CLOCK_MS)

static inline int64_t clock_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * CLOCK_SECOND + ts.tv_nsec;
}

#endif
