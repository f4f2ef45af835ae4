/* SPDX-License-Identifier: MIT */
/* What the tests of TLS stand on: the certificates of make-certs, and a Redis that has one of
 * them. */
#ifndef SIO_TESTS_FAULTS_SECURE_H
#define SIO_TESTS_FAULTS_SECURE_H

#include "client.h"

#define CERT(name) SIO_CERTS "/" name

/* Redis on a TLS port with the certificate of this name ("server", "expired", ...).
 * clients: "no", "optional" or "yes": whether it wants a certificate of them. */
struct redis_fixture *secure_redis(const char *certificate, const char *clients);

/* The URL with another host in it; static memory. */
const char *secure_url(const struct redis_fixture *redis, const char *host);

/* Defaults for a link to it that trusts CERT("ca.crt"); then client_open(). */
void secure_client(struct client *client, enum client_mode mode, sio_link_opts *opts,
                   const char *url);

/* It comes up, and Redis accepts a publish; then it is freed. */
void secure_accepts(struct client *client, const sio_link_opts *opts);

/* It fails again and again, each time for this reason and no other, and is freed. */
void secure_refuses(struct client *client, const sio_link_opts *opts, const char *text);

#endif
