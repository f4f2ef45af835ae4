/* SPDX-License-Identifier: MIT */
/* A private Redis for a C test, run by the program sio-redisd (whose path is in the
 * environment variable SIO_REDISD). Everything that fails fails the test; Redis ends with
 * the test's process at the latest.
 *
 * A test that does not depend on what kind of Redis it meets asks for REDIS_ANY and opens
 * its links by redis_fixture_link_opts(), or client_init_on(): then SIO_TOPOLOGY in the
 * environment decides (docs/testing.md). */
#ifndef SIO_TESTS_FIXTURE_H
#define SIO_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redisContext;
struct redis_fixture;
struct sio_link_opts;

enum redis_topology {
    REDIS_ANY,      /* as SIO_TOPOLOGY says; a unix socket if it says nothing */
    REDIS_UNIX,     /* on a unix socket, as the following on TCP */
    REDIS_TCP,      /* the server is called "server" in these */
    REDIS_TLS,      /* the port speaks TLS alone; see make-certs */
    REDIS_SENTINEL, /* master "server1", "server2", "server3"; "sentinel1" to "sentinel3" */
    REDIS_CLUSTER   /* masters "node1", "node2", "node3", and their replicas "node4" ... "node6" */
};

struct redis_fixture_opts {
    enum redis_topology topology;
    const char *const *args; /* more arguments of each redis-server, NULL at the end */
    int failure_ms;          /* silence after which a server is taken for dead; 0: 5000 */
};

struct redis_fixture *redis_fixture_new_with(const struct redis_fixture_opts *opts);
/* args: NULL allowed. */
struct redis_fixture *redis_fixture_new(enum redis_topology topology, const char *const *args);
void redis_fixture_free(struct redis_fixture *redis); /* NULL allowed */

/* What a link is told: the URL, and whom TLS trusts. Borrowed from the fixture. */
void redis_fixture_link_opts(const struct redis_fixture *redis, struct sio_link_opts *opts);
const char *redis_fixture_url(const struct redis_fixture *redis);
const char *redis_fixture_ca(const struct redis_fixture *redis); /* NULL: no TLS */
enum redis_topology redis_fixture_topology(const struct redis_fixture *redis);

/* All servers of it. */
void redis_fixture_kill(struct redis_fixture *redis);
void redis_fixture_start(struct redis_fixture *redis); /* after kill, on the same addresses */
void redis_fixture_stop(struct redis_fixture *redis);
void redis_fixture_cont(struct redis_fixture *redis);

/* "kill", "start", "stop" or "cont", and the name of a server, its port, or "master":
 * the one that takes writes now (REDIS_SENTINEL). */
void redis_fixture_order(struct redis_fixture *redis, const char *order);

/* The name of the master, as the sentinels have it now; else of the first server. Borrowed. */
const char *redis_fixture_master(const struct redis_fixture *redis);
/* How many servers it has that are no sentinels: the first of all. */
size_t redis_fixture_count(const struct redis_fixture *redis);
const char *redis_fixture_name(const struct redis_fixture *redis, size_t i);
int redis_fixture_port(const struct redis_fixture *redis, const char *name); /* 0: none */

/* A blocking hiredis connection, in plaintext over the server's unix socket: to the master,
 * or to the server that is named. Yours to redisFree(). */
struct redisContext *redis_fixture_connect(const struct redis_fixture *redis);
struct redisContext *redis_fixture_connect_to(const struct redis_fixture *redis, const char *name);

/* Run one command (split at spaces) there and return the integer it answers; 0 for any
 * other answer that is no error. */
long long redis_fixture_command(const struct redis_fixture *redis, const char *command);
/* The same on each of redis_fixture_count() servers; the sum of the integers. */
long long redis_fixture_each(const struct redis_fixture *redis, const char *command);

/* PUBLISH has answered `actual` where `expected` subscribe: a node of a cluster counts only
 * those that are its own. */
#define assert_receivers(redis, actual, expected)                                                  \
    do {                                                                                           \
        long long fixture_actual = (actual);                                                       \
        if (redis_fixture_topology(redis) == REDIS_CLUSTER && fixture_actual < (expected))         \
            assert_true(fixture_actual >= 0);                                                      \
        else                                                                                       \
            assert_int_equal(fixture_actual, expected);                                            \
    } while (0)

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
