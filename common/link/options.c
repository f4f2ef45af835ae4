/* SPDX-License-Identifier: MIT */
/* Checks and copies what a link is made with. */
#include "link/impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sio_link_opts_init(sio_link_opts *opts)
{
    memset(opts, 0, sizeof *opts);
    opts->url = "redis://127.0.0.1:6379";
    opts->connect_timeout_ms = 5000;
    opts->command_timeout_ms = 5000;
    opts->ping_interval_ms = 10000;
    opts->close_timeout_ms = 1000;
    opts->outbox_bytes = 16 * 1024 * 1024;
    opts->outbox_publishes = 65536;
    opts->outbox_ttl_ms = 30000;
}

static sio_status refuse(char *err, size_t errlen, const char *what)
{
    if (errlen > 0)
        snprintf(err, errlen, "%s", what);
    return SIO_EINVAL;
}

static sio_status replace(char **text, const char *with)
{
    char *copy;

    if (with == NULL)
        return SIO_OK;
    copy = strdup(with);
    if (copy == NULL)
        return SIO_ENOMEM;
    sio__secret_free(*text);
    *text = copy;
    return SIO_OK;
}

/* Redis refuses these in a client's name, too (networking.c, clientSetName()). */
static bool is_client_name(const char *name)
{
    for (; *name != '\0'; name++) {
        if (*name < '!' || *name > '~')
            return false;
    }
    return true;
}

/* A duration that the link's wrapping clock can compare. */
static bool is_duration(unsigned ms, bool may_be_zero)
{
    return ms <= INT32_MAX && (ms > 0 || may_be_zero);
}

static sio_status check(const sio_link_opts *opts, char *err, size_t errlen)
{
    if (!is_duration(opts->connect_timeout_ms, false) ||
        !is_duration(opts->command_timeout_ms, false) ||
        !is_duration(opts->ping_interval_ms, false))
        return refuse(err, errlen,
                      "timeouts and the ping interval must be from 1 to 2147483647 ms");
    if (!is_duration(opts->close_timeout_ms, true) || !is_duration(opts->outbox_ttl_ms, true))
        return refuse(err, errlen, "the close timeout and outbox_ttl_ms are at most 2147483647 ms");
    if (opts->outbox_bytes == 0 || opts->outbox_publishes == 0)
        return refuse(err, errlen, "outbox_bytes and outbox_publishes must not be 0");
    if (opts->client_name != NULL && !is_client_name(opts->client_name))
        return refuse(err, errlen, "the client name may have printable ASCII only, and no space");
    if ((unsigned)opts->family > SIO_FAMILY_IPV6)
        return refuse(err, errlen, "unknown address family");
    return SIO_OK;
}

static void copy_values(struct sio__link_config *config, const sio_link_opts *opts)
{
    config->family = opts->family;
    config->connect_timeout_ms = opts->connect_timeout_ms;
    config->command_timeout_ms = opts->command_timeout_ms;
    config->ping_interval_ms = opts->ping_interval_ms;
    config->close_timeout_ms = opts->close_timeout_ms;
    config->bounds.bytes = opts->outbox_bytes;
    config->bounds.publishes = opts->outbox_publishes;
    config->bounds.ttl_ms = opts->outbox_ttl_ms;
    config->at_most_once = opts->at_most_once;
    config->on_state = opts->on_state;
    config->on_writable = opts->on_writable;
    config->on_log = opts->on_log;
    config->user = opts->user;
}

sio_status sio__link_config_init(struct sio__link_config *config, const sio_link_opts *opts,
                                 char *err, size_t errlen)
{
    sio_status status = check(opts, err, errlen);

    memset(config, 0, sizeof *config);
    if (status != SIO_OK)
        return status;
    status = sio__url_parse(opts->url != NULL ? opts->url : "redis://", &config->url, err, errlen);
    if (status == SIO_OK)
        status = sio__tls_config_new(&opts->tls, &config->url, &config->tls, err, errlen);
    if (status == SIO_OK)
        status = replace(&config->url.user, opts->username);
    if (status == SIO_OK)
        status = replace(&config->url.password, opts->password);
    if (status == SIO_OK && config->url.user != NULL && config->url.password == NULL)
        status = refuse(err, errlen, "a user without a password");
    if (status == SIO_OK)
        status = replace(&config->client_name, opts->client_name);
    if (status != SIO_OK) {
        sio__link_config_fini(config);
        return status;
    }
    copy_values(config, opts);
    return SIO_OK;
}

void sio__link_config_fini(struct sio__link_config *config)
{
    sio__url_fini(&config->url);
    free(config->client_name);
    sio__tls_config_close(config->tls);
    config->tls = NULL;
    config->client_name = NULL;
}
