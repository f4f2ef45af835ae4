/* SPDX-License-Identifier: MIT */
/* A link under test, in either mode, that counts what it is told; and a subscriber
 * that keeps what reaches it. */
#ifndef SIO_TESTS_CLIENT_H
#define SIO_TESTS_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sio/link.h>

#include "fixture.h"
#include "unit.h"

enum client_mode { THREADED, ON_LOOP };

struct client {
    sio_link *link;
    struct event_base *base; /* ON_LOOP */
    _Atomic int ups, downs, closeds, writables, drained;
    _Atomic int last_down;    /* sio_status */
    _Atomic int drain_status; /* sio_status of the last drain */
    _Atomic int ends[SIO_STATUS_COUNT];
    _Atomic int ended, receivers;
    _Atomic int last_end;  /* the number of the publish that ended last */
    _Atomic int unordered; /* ends that came before that of an earlier publish */
    _Atomic int log_lines;
    char down_text[256]; /* valid once downs > 0 and while no more come */
    char end_text[256];  /* of the last failure */
    char log[4096];
    pthread_mutex_t lock; /* for the texts */
};

/* Defaults with the callbacks set; change what differs, then client_open(). */
void client_init(struct client *client, enum client_mode mode, sio_link_opts *opts,
                 const char *url);
/* The same on whatever kind of Redis the fixture is. */
void client_init_on(struct client *client, enum client_mode mode, sio_link_opts *opts,
                    const struct redis_fixture *redis);
void client_open(struct client *client, const sio_link_opts *opts);
void client_free(struct client *client); /* the link, if it is still set, and the loop */

/* Publish `number` as text; its end is counted. */
sio_status client_publish(struct client *client, const char *channel, int number);

void client_turn(struct client *client); /* let a moment pass; ON_LOOP: run the loop */

sio_link_stats client_stats(struct client *client);
bool client_up(struct client *client);

/* Wait until `condition` is true, running the loop; for twenty seconds at most. */
#define CLIENT_WAIT(client, condition)                                                             \
    do {                                                                                           \
        int64_t client_limit = fixture_now_ms() + 20000;                                           \
        while (!(condition)) {                                                                     \
            assert_true(fixture_now_ms() < client_limit);                                          \
            client_turn(client);                                                                   \
        }                                                                                          \
    } while (0)

struct subscriber {
    struct redisContext *redis;
    pthread_t thread;
    _Atomic int count; /* numbers received */
    int *numbers;
    int size;
};

/* Subscribed when it returns. */
void subscriber_start(struct subscriber *sub, const struct redis_fixture *redis,
                      const char *channel, int size);
/* Numbers stay until free()d by the caller. */
void subscriber_stop(struct subscriber *sub);
void subscriber_join(struct subscriber *sub); /* once Redis has closed the connection */

#endif
