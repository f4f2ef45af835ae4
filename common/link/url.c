/* SPDX-License-Identifier: MIT */
/* Takes Redis URLs apart. Where redis-cli (7.0, src/cli_common.c) has a rule it is
 * followed: user information without a colon is a password. Where redis-cli guesses
 * (atoi of a port, '@' inside a password), the URL is refused. */
#include "link/url.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

enum { DEFAULT_PORT = 6379 };

static const char default_host[] = "127.0.0.1";

struct parser {
    const char *text; /* the whole URL */
    struct sio__url *url;
    char *err;
    size_t errlen;
};

static sio_status refuse(const struct parser *p, const char *at, const char *what)
{
    if (p->errlen > 0)
        snprintf(p->err, p->errlen, "URL: %s (at byte %zu)", what, (size_t)(at - p->text));
    return SIO_EINVAL;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Percent-decode [from, to) into a new string. */
static sio_status decode(const struct parser *p, const char *from, const char *to, char **out)
{
    char *text = malloc((size_t)(to - from) + 1), *end = text;
    const char *at = from;

    if (text == NULL)
        return SIO_ENOMEM;
    while (at < to) {
        int high, low;

        if (*at != '%') {
            *end++ = *at++;
            continue;
        }
        high = to - at > 2 ? hex(at[1]) : -1;
        low = to - at > 2 ? hex(at[2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
            *end = '\0';
            sio__secret_free(text);
            return refuse(p, at, "'%' must be followed by two hexadecimal digits, not 00");
        }
        *end++ = (char)(high * 16 + low);
        at += 3;
    }
    *end = '\0';
    *out = text;
    return SIO_OK;
}

static bool number(const char *from, const char *to, unsigned max, unsigned *out)
{
    unsigned long long value = 0;

    if (from == to || to - from > 10)
        return false;
    for (; from < to; from++) {
        if (*from < '0' || *from > '9')
            return false;
        value = value * 10 + (unsigned)(*from - '0');
    }
    *out = (unsigned)value;
    return value <= max;
}

/* [user:]password in [from, to) */
static sio_status parse_userinfo(struct parser *p, const char *from, const char *to)
{
    const char *colon = memchr(from, ':', (size_t)(to - from));
    sio_status status = SIO_OK;

    if (colon != NULL && colon > from)
        status = decode(p, from, colon, &p->url->user);
    if (status == SIO_OK)
        status = decode(p, colon != NULL ? colon + 1 : from, to, &p->url->password);
    return status;
}

/* host[:port] in [from, to), the host in brackets if it is an IPv6 address. */
static sio_status parse_host(struct parser *p, const char *from, const char *to)
{
    const char *end, *host = from;
    unsigned port = DEFAULT_PORT;

    if (from < to && *from == '[') {
        host = from + 1;
        end = memchr(from, ']', (size_t)(to - from));
        if (end == NULL || end == host)
            return refuse(p, from, "'[' must be followed by an IPv6 address and ']'");
        from = end + 1;
        if (from < to && *from != ':')
            return refuse(p, from, "only a port may follow ']'");
    } else {
        const char *colon = memchr(from, ':', (size_t)(to - from));

        end = colon != NULL ? colon : to;
        from = end;
        if (from < to && memchr(from + 1, ':', (size_t)(to - from - 1)) != NULL)
            return refuse(p, from, "an IPv6 address must stand in brackets");
    }
    if (from < to && (!number(from + 1, to, 65535, &port) || port == 0))
        return refuse(p, from + 1, "the port must be a number from 1 to 65535");
    p->url->port = (uint16_t)port;
    if (host == end)
        return decode(p, default_host, default_host + strlen(default_host), &p->url->host);
    return decode(p, host, end, &p->url->host);
}

static sio_status parse_db(struct parser *p, const char *from)
{
    /* SELECT takes a C int. */
    if (!number(from, from + strlen(from), 0x7fffffff, &p->url->db))
        return refuse(p, from, "the database must be a number");
    return SIO_OK;
}

/* What follows redis:// */
static sio_status parse_tcp(struct parser *p, const char *at)
{
    const char *end = at + strcspn(at, "/?#");
    const char *user_end = memchr(at, '@', (size_t)(end - at));
    sio_status status = SIO_OK;

    if (*end == '/' && strchr(end, '@') != NULL)
        return refuse(p, end, "'/' in a user or password must be written as %2F");
    if (*end == '?' || *end == '#' || strpbrk(end, "?#") != NULL)
        return refuse(p, strpbrk(end, "?#"), "no query or fragment is known here");
    if (user_end != NULL) {
        if (memchr(user_end + 1, '@', (size_t)(end - user_end - 1)) != NULL)
            return refuse(p, user_end, "'@' in a user or password must be written as %40");
        status = parse_userinfo(p, at, user_end);
        at = user_end + 1;
    }
    if (status == SIO_OK)
        status = parse_host(p, at, end);
    if (status == SIO_OK && *end == '/' && end[1] != '\0')
        status = parse_db(p, end + 1);
    return status;
}

/* What follows unix:// */
static sio_status parse_unix(struct parser *p, const char *at)
{
    const char *path = strchr(at, '/');
    const char *end;
    sio_status status = SIO_OK;

    if (path == NULL || (path > at && path[-1] != '@'))
        return refuse(p, at, "the path of a unix socket must start with '/'");
    if (path > at)
        status = parse_userinfo(p, at, path - 1);
    end = path + strcspn(path, "?");
    if (status == SIO_OK)
        status = decode(p, path, end, &p->url->path);
    if (status != SIO_OK)
        return status;
    if (strlen(p->url->path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return refuse(p, path, "the path of a unix socket has more than 107 bytes");
    if (*end == '\0')
        return SIO_OK;
    if (strncmp(end, "?db=", 4) != 0)
        return refuse(p, end, "the only query known is ?db=N");
    return parse_db(p, end + 4);
}

static const struct scheme {
    const char *name;
    sio_status (*parse)(struct parser *p, const char *at);
} schemes[] = {
    {"redis://", parse_tcp}, {"valkey://", parse_tcp}, {"unix://", parse_unix},
    {"rediss://", NULL},     {"valkeys://", NULL},
};

static sio_status parse(struct parser *p)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].name);

        if (strncasecmp(p->text, schemes[i].name, len) != 0)
            continue;
        if (schemes[i].parse == NULL)
            return refuse(p, p->text, "TLS is not supported by this version");
        return schemes[i].parse(p, p->text + len);
    }
    return refuse(p, p->text, "it must start with redis://, valkey:// or unix://");
}

sio_status sio__url_parse(const char *text, struct sio__url *url, char *err, size_t errlen)
{
    struct parser p = {.text = text, .url = url, .err = err, .errlen = errlen};
    sio_status status;

    memset(url, 0, sizeof *url);
    status = parse(&p);
    if (status != SIO_OK)
        sio__url_fini(url);
    return status;
}

void sio__url_fini(struct sio__url *url)
{
    free(url->host);
    free(url->path);
    sio__secret_free(url->user);
    sio__secret_free(url->password);
    memset(url, 0, sizeof *url);
}

void sio__secret_free(char *text)
{
    if (text == NULL)
        return;
    explicit_bzero(text, strlen(text));
    free(text);
}
