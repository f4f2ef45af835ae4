/* SPDX-License-Identifier: MIT */
/* Where Redis is, as a URL. The address is one setting: any of -u, -h, -p, -s and --sentinel
 * sets the environment's URL aside, with the password in it, which is another server's; -c
 * says what kind of address it is, whoever gave it. */
#include "connect.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <sio/buf.h>

enum { ADDED = 64 /* to a URL: a scheme, a database, the end */ };

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

static sio_status append_port(sio_buf *url, int64_t port)
{
    char text[16];

    if (port < 0)
        return SIO_OK;
    snprintf(text, sizeof(text), ":%d", (int)port);
    return append(url, text);
}

static sio_status append_host(sio_buf *url, const struct options *opts)
{
    const char *host = opts->host != NULL ? opts->host : "127.0.0.1";
    bool v6 = strchr(host, ':') != NULL;

    sio_status status = append(url, v6 ? "redis://[" : "redis://");
    if (status == SIO_OK)
        status = append_encoded(url, host, ":");
    if (status == SIO_OK && v6)
        status = append(url, "]");
    return status == SIO_OK ? append_port(url, opts->port) : status;
}

static sio_status append_sentinels(sio_buf *url, const struct options *opts)
{
    sio_status status = append(url, "redis-sentinel://");

    if (status == SIO_OK)
        status = append_encoded(url, opts->sentinels, ",:[]");
    if (status == SIO_OK)
        status = append(url, "/?master=");
    return status == SIO_OK ? append_encoded(url, opts->master, "") : status;
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

/* The URL of one server as that of a cluster's first one. What cannot be meant so, as a unix
 * socket, is refused as a URL. */
static sio_status append_as_cluster(sio_buf *url, const char *base)
{
    const char *rest = strstr(base, "://");
    size_t len = rest != NULL ? (size_t)(rest - base) : 0;
    bool tls = (len == 6 && strncasecmp(base, "rediss", len) == 0) ||
               (len == 7 && strncasecmp(base, "valkeys", len) == 0) ||
               (len > 7 && strncasecmp(base, "rediss-", 7) == 0);
    sio_status status;

    if (rest == NULL)
        return append(url, base); /* no URL at all: the link says so */
    status = append(url, tls ? "rediss-cluster" : "redis-cluster");
    return status == SIO_OK ? append(url, rest) : status;
}

/* The query without its database: "?a=b&c=d" */
static sio_status append_query(sio_buf *url, const char *query, char before)
{
    sio_status status = SIO_OK;

    while (*query != '\0' && status == SIO_OK) {
        size_t len = 1 + strcspn(query + 1, "&");
        if (strncmp(query + 1, "db=", 3) != 0) {
            status = sio_buf_append(url, &before, 1);
            if (status == SIO_OK)
                status = sio_buf_append(url, query + 1, len - 1);
            before = '&';
        }
        query += len;
    }
    return status;
}

/* A URL with another database in it. */
static sio_status append_with_db(sio_buf *url, const char *base, int64_t db)
{
    const char *rest = strstr(base, "://");
    bool is_unix = strncasecmp(base, "unix://", 7) == 0;
    char text[32];

    if (db < 0)
        return append(url, base);
    rest = rest != NULL ? rest + 3 : base;
    rest += strcspn(rest, is_unix ? "?" : "/?");
    snprintf(text, sizeof(text), is_unix ? "?db=%d" : "/%d", (int)db);
    sio_status status = sio_buf_append(url, base, (size_t)(rest - base));
    if (status == SIO_OK)
        status = append(url, text);
    rest += strcspn(rest, "?");
    return status == SIO_OK ? append_query(url, rest, is_unix ? '&' : '?') : status;
}

/* At once, as memory that the buffer grew out of would keep the password. */
static sio_status append_secret(sio_buf *url, const char *text)
{
    sio_status status = sio_buf_reserve(url, strlen(text) + ADDED);

    return status == SIO_OK ? append(url, text) : status;
}

/* What the options or the environment name, terminated; nothing: *named is false. */
static sio_status append_named(sio_buf *base, const struct options *opts, const char *env,
                               bool *named)
{
    sio_status status = SIO_OK;

    *named = true;
    if (opts->url != NULL)
        status = append_secret(base, opts->url);
    else if (opts->sentinels != NULL)
        status = append_sentinels(base, opts);
    else if (opts->socket != NULL)
        status = append_socket(base, opts->socket);
    else if (opts->host != NULL || opts->port >= 0 ||
             (env == NULL && (opts->db >= 0 || opts->cluster != 0)))
        status = append_host(base, opts);
    else if (env != NULL)
        status = append_secret(base, env);
    else
        *named = false;
    return status == SIO_OK ? sio_buf_append(base, "", 1) : status;
}

static void wipe(sio_buf *buf)
{
    if (buf->ptr != NULL)
        explicit_bzero(buf->ptr, buf->len);
    sio_buf_fini(buf);
}

bool connect_url(const struct options *opts, const char *env, char **out)
{
    sio_buf named, kind, url;
    bool is_named;

    *out = NULL;
    sio_buf_init(&named);
    sio_buf_init(&kind);
    sio_buf_init(&url);
    sio_status status = append_named(&named, opts, env, &is_named);
    if (status == SIO_OK && is_named) {
        status = sio_buf_reserve(&kind, named.len + ADDED);
        if (status == SIO_OK)
            status = opts->cluster ? append_as_cluster(&kind, named.ptr) : append(&kind, named.ptr);
        if (status == SIO_OK)
            status = sio_buf_append(&kind, "", 1);
        if (status == SIO_OK)
            status = sio_buf_reserve(&url, kind.len + ADDED);
        if (status == SIO_OK)
            status = append_with_db(&url, kind.ptr, opts->db);
        if (status == SIO_OK)
            status = sio_buf_append(&url, "", 1);
        if (status == SIO_OK)
            *out = strdup(url.ptr);
        if (*out == NULL)
            status = SIO_ENOMEM;
    }
    wipe(&named);
    wipe(&kind);
    wipe(&url);
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

bool connect_url_has_secret(const char *url)
{
    return connect_url_has_password(url) || strstr(url, "sentinel_password=") != NULL;
}
