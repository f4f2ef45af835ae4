/* SPDX-License-Identifier: MIT */
/* Settings come from the option, then the environment, then the configuration file (which
 * config.c has put among the options by now), then the default. The address is one setting:
 * any of -u, -h, -p and -s sets the environment's URL aside, with the password in it, which
 * is another server's. */
#include "connect.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sio/buf.h>

#include "exit_codes.h"
#include "report.h"
#include "signals.h"

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

static sio_status append(sio_buf *url, const char *text)
{
    return sio_buf_append(url, text, strlen(text));
}

/* Percent-encode all but what never means anything in a URL. */
static sio_status append_encoded(sio_buf *url, const char *text, const char *keep)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    sio_status status = SIO_OK;

    for (; *text != '\0' && status == SIO_OK; text++) {
        char code[4];
        if (strchr(plain, *text) != NULL || strchr(keep, *text) != NULL)
            snprintf(code, sizeof(code), "%c", *text);
        else
            snprintf(code, sizeof(code), "%%%02X", (unsigned char)*text);
        status = append(url, code);
    }
    return status;
}

static sio_status append_host(sio_buf *url, const struct options *opts)
{
    const char *host = opts->host != NULL ? opts->host : "127.0.0.1";
    bool v6 = strchr(host, ':') != NULL;
    char text[16];

    sio_status status = append(url, v6 ? "redis://[" : "redis://");
    if (status == SIO_OK)
        status = append_encoded(url, host, ":");
    if (status == SIO_OK && v6)
        status = append(url, "]");
    if (status == SIO_OK && opts->port >= 0) {
        snprintf(text, sizeof(text), ":%d", (int)opts->port);
        status = append(url, text);
    }
    return status;
}

static sio_status append_socket(sio_buf *url, const char *path)
{
    sio_status status = append(url, "unix://");

    if (status == SIO_OK && path[0] != '/') {
        char *dir = getcwd(NULL, 0);
        if (dir != NULL)
            status = append_encoded(url, dir, "/");
        free(dir);
        if (status == SIO_OK)
            status = append(url, "/");
    }
    return status == SIO_OK ? append_encoded(url, path, "/") : status;
}

/* A URL with another database in it. */
static sio_status append_with_db(sio_buf *url, const char *base, int64_t db)
{
    const char *rest = strstr(base, "://");
    bool is_unix = strncmp(base, "unix://", 7) == 0;
    char text[32];

    if (db < 0)
        return append(url, base);
    rest = rest != NULL ? rest + 3 : base;
    rest += strcspn(rest, is_unix ? "?" : "/");
    snprintf(text, sizeof(text), is_unix ? "?db=%d" : "/%d", (int)db);
    sio_status status = sio_buf_append(url, base, (size_t)(rest - base));
    return status == SIO_OK ? append(url, text) : status;
}

bool connect_url(const struct options *opts, const char *env, char **out)
{
    sio_buf base, url;
    sio_status status = SIO_OK;

    bool named = true;

    *out = NULL;
    sio_buf_init(&base);
    sio_buf_init(&url);
    if (opts->url != NULL)
        status = append(&base, opts->url);
    else if (opts->socket != NULL)
        status = append_socket(&base, opts->socket);
    else if (opts->host != NULL || opts->port >= 0 || (env == NULL && opts->db >= 0))
        status = append_host(&base, opts);
    else if (env != NULL)
        status = append(&base, env);
    else
        named = false;
    if (status == SIO_OK && named) {
        status = sio_buf_append(&base, "", 1);
        if (status == SIO_OK)
            status = append_with_db(&url, base.ptr, opts->db);
        if (status == SIO_OK)
            status = sio_buf_append(&url, "", 1);
        if (status == SIO_OK)
            *out = strdup(url.ptr);
        if (*out == NULL)
            status = SIO_ENOMEM;
    }
    if (base.ptr != NULL)
        explicit_bzero(base.ptr, base.len);
    if (url.ptr != NULL)
        explicit_bzero(url.ptr, url.len);
    sio_buf_fini(&base);
    sio_buf_fini(&url);
    return status == SIO_OK;
}

void connect_url_free(char *url)
{
    if (url != NULL)
        explicit_bzero(url, strlen(url));
    free(url);
}

bool connect_url_has_password(const char *url)
{
    const char *authority = strstr(url, "://");

    authority = authority != NULL ? authority + 3 : url;
    return memchr(authority, '@', strcspn(authority, "/?#")) != NULL;
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
    signals_block(true);
    sio_status status = sio_link_new(&link_opts, out, err, sizeof(err));
    signals_block(false);
    connect_url_free(url);
    if (status != SIO_OK)
        return report_exit(exit_code_of(status), "%s",
                           err[0] != '\0' ? err : sio_status_text(status));
    return wait_up(opts, *out);
}
