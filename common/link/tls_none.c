/* SPDX-License-Identifier: MIT */
/* In the place of tls.c and its kin where the library is built without TLS: no link gets as
 * far as to these. */
#include "link/tls.h"
#include "link/tls_files.h"

const bool sio__tls_built_in = false;

sio_status sio__tls_files_read(struct sio__tls_config *config, struct sio__tls_files **out)
{
    (void)config;
    (void)out;
    return SIO_ESYS;
}

int sio__tls_files_fd(const struct sio__tls_files *files)
{
    (void)files;
    return -1;
}

bool sio__tls_files_done(struct sio__tls_files *files)
{
    (void)files;
    return false;
}

struct ssl_ctx_st *sio__tls_files_take(struct sio__tls_files *files, const char **error)
{
    (void)files;
    *error = "";
    return NULL;
}

void sio__tls_files_drop(struct sio__tls_files *files)
{
    (void)files;
}

sio_status sio__tls_new(struct ssl_ctx_st *context, const struct sio__tls_config *config,
                        const char *host, struct sio__tls **out)
{
    (void)context;
    (void)config;
    (void)host;
    (void)out;
    return SIO_ENOMEM;
}

void sio__tls_free(struct sio__tls *tls)
{
    (void)tls;
}

void sio__tls_attach(struct sio__tls *tls, int fd)
{
    (void)tls;
    (void)fd;
}

sio_status sio__tls_handshake(struct sio__tls *tls)
{
    (void)tls;
    return SIO_ECONN;
}

bool sio__tls_is_up(const struct sio__tls *tls)
{
    (void)tls;
    return false;
}

sio_status sio__tls_receive(struct sio__tls *tls, char *at, size_t room, size_t *len, bool *more)
{
    (void)tls;
    (void)at;
    (void)room;
    *len = 0;
    *more = false;
    return SIO_ECONN;
}

sio_status sio__tls_encrypt(struct sio__tls *tls, const struct iovec *iov, int pieces,
                            size_t *taken)
{
    (void)tls;
    (void)iov;
    (void)pieces;
    *taken = 0;
    return SIO_ECONN;
}

bool sio__tls_unsent(const struct sio__tls *tls)
{
    (void)tls;
    return false;
}

ssize_t sio__tls_send(struct sio__tls *tls)
{
    (void)tls;
    return -1;
}

void sio__tls_goodbye(struct sio__tls *tls)
{
    (void)tls;
}

const char *sio__tls_text(const struct sio__tls *tls)
{
    (void)tls;
    return "";
}

bool sio__tls_ended(const struct sio__tls *tls)
{
    (void)tls;
    return false;
}

bool sio__tls_silent(const struct sio__tls *tls)
{
    (void)tls;
    return true;
}

uint64_t sio__tls_bytes_in(const struct sio__tls *tls)
{
    (void)tls;
    return 0;
}

void sio__tls_before_fork(void)
{
}

void sio__tls_after_fork(void)
{
}
