/* SPDX-License-Identifier: MIT */
/* No step of a work that can be done again takes long. On a virtual machine the CPU time of a
 * thread includes what the hypervisor gave to others, so that any one step may seem long by
 * chance: a step that is long by itself is so in every round. */
#ifndef SIO_TESTS_STEPS_H
#define SIO_TESTS_STEPS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "build.h"

enum { STEPS_ROUNDS = 5 };

struct steps {
    int64_t begin_us, longest_us; /* of this round */
};

static inline int64_t steps_cpu_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static inline void steps_begin(struct steps *steps)
{
    steps->begin_us = steps_cpu_us();
}

static inline void steps_end(struct steps *steps)
{
    int64_t took_us = steps_cpu_us() - steps->begin_us;

    if (took_us > steps->longest_us)
        steps->longest_us = took_us;
}

/* The end of a round: whether none of its steps took as long. */
static inline bool steps_within(struct steps *steps, int64_t limit_us)
{
    int64_t longest_us = steps->longest_us;

    steps->longest_us = 0;
    printf("longest step: %lld us\n", (long long)longest_us);
    return longest_us < limit_us * slowness();
}

#endif
