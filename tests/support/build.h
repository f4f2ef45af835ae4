/* SPDX-License-Identifier: MIT */
/* How the tests were built, where it changes what they can see, and how long they may run. */
#ifndef SIO_TESTS_BUILD_H
#define SIO_TESTS_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <sio/export.h>

#if defined(__SANITIZE_THREAD__)
#define SANITIZED_THREADS
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SANITIZED_THREADS
#elif __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#ifdef SANITIZED_THREADS
#define SANITIZED
#endif

/* SIO_LONG=1 in the environment: full length. */
static inline bool at_full_length(void)
{
    const char *value = getenv("SIO_LONG");

    return value != NULL && *value != '\0' && *value != '0';
}

/* How much later than due something may be noticed. By no means a promise: a loaded machine
 * can leave a process waiting for a CPU for so long. */
enum { LATE_MS = 2000 };

/* CPU time of this thread, in milliseconds: what a call costs, however busy the machine is. */
static inline int64_t cpu_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Times that are measured are allowed so many times more. */
static inline int slowness(void)
{
#if defined(SANITIZED)
    return 10;
#elif defined(__OPTIMIZE__) && !defined(SIO_COVERAGE)
    return 1;
#else
    return 3;
#endif
}

#endif
