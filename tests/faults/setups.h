/* SPDX-License-Identifier: MIT */
/* What most fault tests stand on: a ledger on a Redis of its own, or a counting client on
 * a Redis that answers as the test says. */
#ifndef SIO_TESTS_SETUPS_H
#define SIO_TESTS_SETUPS_H

#include "fake.h"
#include "ledger.h"

struct on_redis {
    struct redis_fixture *redis;
    sio_link_opts opts;
    struct ledger l;
};

/* Prepare, change what differs in opts, open; begin does both. */
void on_redis_prepare(struct on_redis *t, enum client_mode mode, enum redis_topology topology,
                      const char *const *args, int size);
void on_redis_open(struct on_redis *t);
void on_redis_begin(struct on_redis *t, enum client_mode mode, enum redis_topology topology,
                    const char *const *args, int size);
/* Everything has ended once and in order, and is freed. */
void on_redis_end(struct on_redis *t);

struct on_fake {
    struct fake_redis *fake;
    sio_link_opts opts;
    struct client client;
};

/* Up when it returns. ttl_ms: outbox_ttl_ms; 0: the default. */
void on_fake_begin(struct on_fake *t, enum client_mode mode, fake_redis_answer *answer, void *arg,
                   unsigned ttl_ms);
/* Publish so many, and wait until they have ended. */
void on_fake_publish(struct on_fake *t, int count);
void on_fake_end(struct on_fake *t);

#endif
