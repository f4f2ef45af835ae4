/* SPDX-License-Identifier: MIT */
/* Loaded before libc: a wall clock that is an hour early and an hour late by turns. The
 * monotonic clock is left alone, as the kernel leaves it when the time is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

typedef int gettime(clockid_t clock, struct timespec *now);

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static _Atomic(gettime *) real;
    static atomic_uint turn;

    if (atomic_load(&real) == NULL)
        atomic_store(&real, (gettime *)dlsym(RTLD_NEXT, "clock_gettime"));
    int result = atomic_load(&real)(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += atomic_fetch_add(&turn, 1) % 2 == 0 ? 3600 : -3600;
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    now->tv_sec = ts.tv_sec;
    now->tv_usec = ts.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    if (now != NULL)
        *now = ts.tv_sec;
    return ts.tv_sec;
}
