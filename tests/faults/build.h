/* SPDX-License-Identifier: MIT */
/* How the tests were built, where it changes what they can see, and how long they may run. */
#ifndef SIO_TESTS_FAULTS_BUILD_H
#define SIO_TESTS_FAULTS_BUILD_H

#include <stdbool.h>
#include <stdlib.h>

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

/* Times that are measured are allowed so many times more. */
static inline int slowness(void)
{
#if defined(SANITIZED)
    return 10;
#elif defined(__OPTIMIZE__)
    return 1;
#else
    return 3;
#endif
}

#endif
