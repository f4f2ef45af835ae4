/* SPDX-License-Identifier: MIT */
/* Measures every turn of every event loop of the process: the time between libevent's
 * waiting and waiting again, in which nothing may take long or block. */
#ifndef SIO_TESTS_TURNS_H
#define SIO_TESTS_TURNS_H

#include <stdint.h>

int64_t turns_count(void); /* so far; 0 under a sanitizer, where they are not seen */

/* A teardown. It fails if a turn took more than 5 ms of its thread's CPU time, or if turns
 * of a borrowed loop slept (a thread of the link's own may, for the lock that callers
 * hold while they copy). */
int turns_check(void **state);

#endif
