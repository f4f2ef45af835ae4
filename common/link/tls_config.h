/* SPDX-License-Identifier: MIT */
/* A link's copy of its sio_tls_opts. Helper threads read it, so it is counted who does. */
#ifndef SIO_COMMON_LINK_TLS_CONFIG_H
#define SIO_COMMON_LINK_TLS_CONFIG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/tls.h>

struct sio__url;

/* NULL where the options say nothing; constant but for what is said otherwise. */
struct sio__tls_config {
    atomic_uint users;
    bool insecure;
    bool warned; /* of it; the I/O side's */
    char *ca_file, *ca_dir, *cert_file, *key_file;
    char *server_name;
    char *ciphers, *ciphersuites;
    sio_tls_passphrase_cb *passphrase;
    void *passphrase_user;
    unsigned generation;    /* of processes, see fork.c */
    pthread_mutex_t asking; /* held while the passphrase is asked for */
    bool closed;            /* its link is gone: do not ask; under `asking` */
};

/* *out NULL: neither the options nor the URL ask for TLS. SIO_OK, SIO_ENOMEM or SIO_EINVAL,
 * and then `err` says what does not go together. */
SIO_API sio_status sio__tls_config_new(const sio_tls_opts *opts, const struct sio__url *url,
                                       struct sio__tls_config **out, char *err, size_t errlen);

/* The link's end of it: from now on nobody asks for a passphrase; waits while somebody does.
 * NULL allowed. */
SIO_API void sio__tls_config_close(struct sio__tls_config *config);

struct sio__tls_config *sio__tls_config_share(struct sio__tls_config *config);
void sio__tls_config_release(struct sio__tls_config *config); /* of a share */

/* As sio_tls_passphrase_cb(). */
int sio__tls_config_ask(struct sio__tls_config *config, char *out, size_t size);

#endif
