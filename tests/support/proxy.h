/* SPDX-License-Identifier: MIT */
/* A byte proxy on loopback TCP before a Redis: it passes everything on, late, in small
 * pieces, up to a byte, or not at all, as a test says. Rules may change at any time. */
#ifndef SIO_TESTS_PROXY_H
#define SIO_TESTS_PROXY_H

#include <stdbool.h>
#include <stddef.h>

struct proxy;

enum proxy_way { PROXY_UP /* to Redis */, PROXY_DOWN /* from it */ };

/* upstream: unix:///path, redis://127.0.0.1:port or rediss://, which it does not understand. */
struct proxy *proxy_new(const char *upstream);
const char *proxy_url(const struct proxy *proxy);
void proxy_free(struct proxy *proxy); /* NULL allowed */

void proxy_delay(struct proxy *proxy, int ms);      /* each byte comes so much later */
void proxy_chunk(struct proxy *proxy, size_t most); /* bytes of one send(); 0: all */

/* Both sides are reset (RST) once so many bytes of a connection have passed; once. */
void proxy_reset_at(struct proxy *proxy, enum proxy_way way, size_t offset);
bool proxy_has_reset(struct proxy *proxy); /* the last proxy_reset_at() has been obeyed */

/* Connections on which nothing has come for so long are closed, as by HAProxy; 0: none. */
void proxy_idle_timeout(struct proxy *proxy, int ms);

/* Nothing is read or passed on any more, on connections that are there and on new ones:
 * what a cut cable looks like, but for the kernel's own acknowledgements. */
void proxy_hole(struct proxy *proxy, bool on);

int proxy_connections(struct proxy *proxy); /* accepted so far */

#endif
