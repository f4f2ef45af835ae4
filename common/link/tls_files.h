/* SPDX-License-Identifier: MIT */
/* What a connection is encrypted and verified with, read from the files of a link's TLS
 * settings on a helper thread. */
#ifndef SIO_COMMON_LINK_TLS_FILES_H
#define SIO_COMMON_LINK_TLS_FILES_H

#include <stdbool.h>

#include <sio/status.h>

struct sio__tls_config;
struct sio__tls_files;
struct ssl_ctx_st;

/* SIO_OK, SIO_ENOMEM or SIO_ESYS. */
sio_status sio__tls_files_read(struct sio__tls_config *config, struct sio__tls_files **out);

/* Becomes readable once they have been read. */
int sio__tls_files_fd(const struct sio__tls_files *files);
bool sio__tls_files_done(struct sio__tls_files *files);

/* Once done: what they came to, the caller's from now on; NULL: *error says what is wrong
 * with them, until they are dropped. */
struct ssl_ctx_st *sio__tls_files_take(struct sio__tls_files *files, const char **error);

void sio__tls_files_drop(struct sio__tls_files *files); /* never waits; NULL allowed */

#endif
