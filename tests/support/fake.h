/* SPDX-License-Identifier: MIT */
/* A Redis that answers what a test tells it to, for what a real one will not do on
 * demand. It greets like a master. */
#ifndef SIO_TESTS_FAKE_H
#define SIO_TESTS_FAKE_H

#include <stddef.h>

struct fake_redis;

/* The answer, RESP text, to the n-th (from 0) command of this name. "": none; NULL: close
 * the connection. Called on the fake's thread. FAKE_USUAL: as a Redis would. */
#define FAKE_USUAL ((const char *)1)
typedef const char *fake_redis_answer(void *arg, const char *command, int n);

struct fake_redis *fake_redis_new(fake_redis_answer *answer, void *arg); /* on a unix socket */
struct fake_redis *fake_redis_new_tcp(fake_redis_answer *answer, void *arg);
int fake_redis_port(const struct fake_redis *fake);
const char *fake_redis_url(const struct fake_redis *fake);
int fake_redis_publishes(struct fake_redis *fake);       /* numbers it was sent so far */
int fake_redis_publish(struct fake_redis *fake, int at); /* the at-th of them */
/* Send these bytes to every connection that has asked to subscribe. */
void fake_redis_push(struct fake_redis *fake, const char *bytes, size_t len);
int fake_redis_connections(struct fake_redis *fake);
void fake_redis_free(struct fake_redis *fake);

#endif
