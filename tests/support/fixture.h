/* SPDX-License-Identifier: MIT */
/* A private redis-server for a C test, run by the program sio-redisd (whose path is
 * in the environment variable SIO_REDISD). Everything that fails fails the test;
 * Redis ends with the test's process at the latest. */
#ifndef SIO_TESTS_FIXTURE_H
#define SIO_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

struct redisContext;
struct redis_fixture;

enum redis_transport { REDIS_UNIX, REDIS_TCP };

/* args: more arguments of redis-server, NULL at the end; NULL: none. */
struct redis_fixture *redis_fixture_new(enum redis_transport transport, const char *const *args);
void redis_fixture_free(struct redis_fixture *redis); /* NULL allowed */

const char *redis_fixture_url(const struct redis_fixture *redis); /* unix://... or redis://... */
void redis_fixture_kill(struct redis_fixture *redis);
void redis_fixture_start(struct redis_fixture *redis); /* after kill, on the same address */
void redis_fixture_stop(struct redis_fixture *redis);
void redis_fixture_cont(struct redis_fixture *redis);

/* A blocking hiredis connection; yours to redisFree(). */
struct redisContext *redis_fixture_connect(const struct redis_fixture *redis);

/* Run one command (split at spaces) and return the integer it answers; 0 for any
 * other answer that is no error. */
long long redis_fixture_command(const struct redis_fixture *redis, const char *command);

/* Milliseconds of the monotonic clock. */
int64_t fixture_now_ms(void);

/* Wait until `condition` is true, for at most ten seconds; then the test fails. */
#define FIXTURE_WAIT(condition)                                                                    \
    do {                                                                                           \
        int64_t fixture_limit = fixture_now_ms() + 10000;                                          \
        while (!(condition)) {                                                                     \
            assert_true(fixture_now_ms() < fixture_limit);                                         \
            fixture_nap();                                                                         \
        }                                                                                          \
    } while (0)

void fixture_nap(void); /* a millisecond, between two looks at a condition */

#endif
