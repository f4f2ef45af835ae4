/* SPDX-License-Identifier: MIT */
/* TLS of one connection: OpenSSL between a socket and who reads and writes. OpenSSL never
 * gets to see the socket, as it would raise SIGPIPE. */
#ifndef SIO_COMMON_LINK_TLS_H
#define SIO_COMMON_LINK_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <sio/export.h>
#include <sio/status.h>

struct sio__tls;
struct sio__tls_config;
struct ssl_ctx_st;

extern SIO_API const bool sio__tls_built_in;

/* For a connection to `host`, a name or an address, which its certificate must be for (or for
 * the settings' server_name). Takes context over, also on failure. SIO_OK or SIO_ENOMEM. */
sio_status sio__tls_new(struct ssl_ctx_st *context, const struct sio__tls_config *config,
                        const char *host, struct sio__tls **out);
void sio__tls_free(struct sio__tls *tls); /* sends nothing; NULL allowed */

void sio__tls_attach(struct sio__tls *tls, int fd); /* borrowed */

/* Go on with the handshake, as far as what has arrived allows. SIO_OK: see
 * sio__tls_is_up(); SIO_ECONN: see sio__tls_text(). */
sio_status sio__tls_handshake(struct sio__tls *tls);
bool sio__tls_is_up(const struct sio__tls *tls);

/* Fill `at`, as far as there are bytes. *more: there may be some in here, of which the socket
 * knows nothing any more. SIO_OK, or SIO_ECONN: see sio__tls_text(). */
sio_status sio__tls_receive(struct sio__tls *tls, char *at, size_t room, size_t *len, bool *more);

/* Once it is up: encrypt what fits into one go, of it *taken bytes. SIO_OK or SIO_ECONN. */
sio_status sio__tls_encrypt(struct sio__tls *tls, const struct iovec *iov, int pieces,
                            size_t *taken);

/* What is to be sent first, before anything is encrypted again: handshake, alerts, records. */
bool sio__tls_unsent(const struct sio__tls *tls);
ssize_t sio__tls_send(struct sio__tls *tls); /* as sendmsg() */

void sio__tls_goodbye(struct sio__tls *tls); /* say that no more will come */

/* Why it failed. */
const char *sio__tls_text(const struct sio__tls *tls);
bool sio__tls_ended(const struct sio__tls *tls); /* ... which was the peer's regular end */

bool sio__tls_silent(const struct sio__tls *tls);       /* nothing at all has come */
uint64_t sio__tls_bytes_in(const struct sio__tls *tls); /* from the socket */

/* Around fork(): nobody is loading OpenSSL meanwhile. */
void sio__tls_before_fork(void);
void sio__tls_after_fork(void);

#endif
