/* SPDX-License-Identifier: MIT */
/* Settings come from the option, then the environment, then the configuration file (which
 * config.c has put among the options by now), then the default. */
#include "connect.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_codes.h"
#include "report.h"
#include "signals.h"
#include "tls.h"

#define ERROR_TEXT    256
#define WAIT_GRACE_MS 1000

static const char *env_of(const char *first, const char *second)
{
    const char *value = getenv(first);

    if (value == NULL || value[0] == '\0')
        value = getenv(second);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

const char *connect_env_url(void)
{
    return env_of("SIO_EMIT_URL", "REDIS_URL");
}

const char *connect_env_password(void)
{
    return env_of("SIO_EMIT_AUTH", "REDISCLI_AUTH");
}

static int report_connect(sio_status status, const char *text, const struct options *opts)
{
    switch (status) {
    case SIO_EAUTH:
        return report_exit(EXIT_AUTH, "%s; check --user and the password", text);
    case SIO_ENOPERM:
        return report_exit(EXIT_AUTH, "%s; grant it with ACL SETUSER", text);
    case SIO_EREDIS:
        return report_exit(EXIT_REDIS, "Redis refused the connection: %s", text);
    case SIO_ENOMEM:
    case SIO_ESYS:
        return report_exit(EXIT_INTERNAL, "%s", text);
    case SIO_ETIMEDOUT:
        return report_exit(EXIT_CONNECT,
                           "not connected within %g s: %s; check that Redis is running, or -h, -p, "
                           "-s and -u",
                           (double)opts->connect_timeout / 1000, text);
    default:
        if (strncmp(text, "TLS", 3) == 0) /* it is there, and the text says what to change */
            return report_exit(EXIT_CONNECT, "%s", text);
        return report_exit(EXIT_CONNECT, "%s; check that Redis is running, or -h, -p, -s and -u",
                           text);
    }
}

static int wait_up(const struct options *opts, sio_link *link)
{
    char err[ERROR_TEXT] = "";
    sio_status reason = SIO_OK;
    /* The attempt ends by its own timeout, and knows what it was waiting for. */
    unsigned limit = (unsigned)opts->connect_timeout + WAIT_GRACE_MS;
    sio_status status = sio_link_wait_up(link, limit, &reason, err, sizeof(err));

    if (status == SIO_OK)
        return EXIT_ACCEPTED;
    if (status == SIO_ECONN && reason != SIO_OK)
        status = reason;
    return report_connect(status, err[0] != '\0' ? err : sio_status_text(status), opts);
}

static void fill(const struct options *opts, struct results *results, const char *url,
                 sio_link_opts *out)
{
    sio_link_opts_init(out);
    if (url != NULL)
        out->url = url;
    out->username = opts->user;
    out->password = opts->password;
    if (out->password == NULL && (url == NULL || !connect_url_has_password(url)))
        out->password = connect_env_password();
    out->client_name = opts->client_name;
    out->family = (sio_link_family)opts->family;
    out->connect_timeout_ms = (unsigned)opts->connect_timeout;
    out->outbox_ttl_ms = (unsigned)opts->answer_timeout;
    out->close_timeout_ms = 0; /* sender_wait() has waited by then */
    out->on_state = results_on_state;
    out->user = results;
}

int connect_open(const struct options *opts, struct results *results, sio_link **out)
{
    sio_link_opts link_opts;
    char err[ERROR_TEXT] = "";
    char *url;

    *out = NULL;
    if (!connect_url(opts, connect_env_url(), &url))
        return report_exit(EXIT_INTERNAL, "out of memory");
    fill(opts, results, url, &link_opts);
    int code = tls_fill(opts, url, &link_opts.tls);
    if (code != EXIT_ACCEPTED) {
        connect_url_free(url);
        return code;
    }
    signals_block(true);
    sio_status status = sio_link_new(&link_opts, out, err, sizeof(err));
    signals_block(false);
    connect_url_free(url);
    if (status != SIO_OK)
        return report_exit(exit_code_of(status), "%s",
                           err[0] != '\0' ? err : sio_status_text(status));
    return wait_up(opts, *out);
}
