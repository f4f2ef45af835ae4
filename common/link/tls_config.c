/* SPDX-License-Identifier: MIT */
#include "link/tls_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/impl.h"
#include "link/tls.h"

enum { LONGEST_NAME = 253 /* RFC 1035, as text */ };

/* What OpenSSL takes as one; an empty one would stand for any. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= LONGEST_NAME && name[0] != '.' && name[0] != '%';
}

static const char *contradiction(const sio_tls_opts *opts, const struct sio__url *url)
{
    bool on = opts->on || url->tls;
    bool any = opts->insecure || opts->ca_file != NULL || opts->ca_dir != NULL ||
               opts->cert_file != NULL || opts->key_file != NULL || opts->server_name != NULL ||
               opts->ciphers != NULL || opts->ciphersuites != NULL;

    if (on && !sio__tls_built_in)
        return "TLS: this library was built without it";
    if (on && url->path != NULL)
        return "TLS: Redis does not speak it on unix sockets";
    if (any && !on)
        return "TLS: there are settings for it, but neither rediss:// nor tls.on asks for it";
    if ((opts->cert_file == NULL) != (opts->key_file == NULL))
        return "TLS: a certificate and its key are given together";
    if (opts->server_name != NULL && !is_name(opts->server_name))
        return "TLS: the server's name is no host name";
    return NULL;
}

static sio_status copy(char **to, const char *from)
{
    if (from == NULL)
        return SIO_OK;
    *to = strdup(from);
    return *to != NULL ? SIO_OK : SIO_ENOMEM;
}

static sio_status fill(struct sio__tls_config *config, const sio_tls_opts *opts)
{
    const struct {
        char **to;
        const char *from;
    } texts[] = {
        {&config->ca_file, opts->ca_file},           {&config->ca_dir, opts->ca_dir},
        {&config->cert_file, opts->cert_file},       {&config->key_file, opts->key_file},
        {&config->server_name, opts->server_name},   {&config->ciphers, opts->ciphers},
        {&config->ciphersuites, opts->ciphersuites},
    };
    sio_status status = SIO_OK;

    config->insecure = opts->insecure;
    config->passphrase = opts->passphrase;
    config->passphrase_user = opts->passphrase_user;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == SIO_OK; i++)
        status = copy(texts[i].to, texts[i].from);
    return status;
}

sio_status sio__tls_config_new(const sio_tls_opts *opts, const struct sio__url *url,
                               struct sio__tls_config **out, char *err, size_t errlen)
{
    const char *wrong = contradiction(opts, url);
    struct sio__tls_config *config;
    sio_status status;

    *out = NULL;
    if (wrong != NULL) {
        if (errlen > 0)
            snprintf(err, errlen, "%s", wrong);
        return SIO_EINVAL;
    }
    if (!opts->on && !url->tls)
        return SIO_OK;
    config = calloc(1, sizeof *config);
    if (config == NULL)
        return SIO_ENOMEM;
    pthread_mutex_init(&config->asking, NULL);
    config->users = 1;
    config->generation = atomic_load(&sio__fork_generation);
    status = fill(config, opts);
    if (status == SIO_OK)
        *out = config;
    else
        sio__tls_config_release(config);
    return status;
}

struct sio__tls_config *sio__tls_config_share(struct sio__tls_config *config)
{
    atomic_fetch_add(&config->users, 1);
    return config;
}

void sio__tls_config_release(struct sio__tls_config *config)
{
    if (atomic_fetch_sub(&config->users, 1) > 1)
        return;
    pthread_mutex_destroy(&config->asking);
    free(config->ca_file);
    free(config->ca_dir);
    free(config->cert_file);
    free(config->key_file);
    free(config->server_name);
    free(config->ciphers);
    free(config->ciphersuites);
    free(config);
}

void sio__tls_config_close(struct sio__tls_config *config)
{
    if (config == NULL)
        return;
    /* In the child of a fork() a helper that is no more may hold it. */
    if (config->generation == atomic_load(&sio__fork_generation)) {
        pthread_mutex_lock(&config->asking);
        config->closed = true;
        pthread_mutex_unlock(&config->asking);
    }
    sio__tls_config_release(config);
}

int sio__tls_config_ask(struct sio__tls_config *config, char *out, size_t size)
{
    int len = -1;

    if (config->passphrase == NULL)
        return -1;
    pthread_mutex_lock(&config->asking);
    if (!config->closed)
        len = config->passphrase(out, size, config->passphrase_user);
    pthread_mutex_unlock(&config->asking);
    return len;
}
