/* SPDX-License-Identifier: MIT */
/* Takes Redis URLs apart. Where redis-cli (7.0, src/cli_common.c) has a rule it is
 * followed: user information without a colon is a password. Where redis-cli guesses
 * (atoi of a port, '@' inside a password), the URL is refused. */
#include "link/url.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "link/place.h"

enum {
    DEFAULT_PORT = 6379,
    SENTINEL_PORT = 26379,
    MAX_HOSTS = 64 /* all of them are asked at once, so their number is bounded */
};

static const char default_host[] = "127.0.0.1";

struct parser {
    const char *text; /* the whole URL */
    struct sio__url *url;
    bool db_given;
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

static bool is_ipv6(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    size_t len = strcspn(host, "%"); /* a scope may follow, which only the system knows */

    if (len >= sizeof address || (host[len] == '%' && host[len + 1] == '\0'))
        return false;
    memcpy(address, host, len);
    address[len] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

/* [address] in [from, to); *end is what follows. */
static sio_status parse_ipv6(struct parser *p, const char *from, const char *to, char **host,
                             const char **end)
{
    const char *bracket = memchr(from, ']', (size_t)(to - from));
    sio_status status;

    if (bracket == NULL || bracket == from + 1)
        return refuse(p, from, "'[' must be followed by an IPv6 address and ']'");
    status = decode(p, from + 1, bracket, host);
    if (status != SIO_OK)
        return status;
    if (!is_ipv6(*host))
        return refuse(p, from + 1, "not an IPv6 address (a scope follows %25)");
    if (bracket + 1 < to && bracket[1] != ':')
        return refuse(p, bracket + 1, "only a port may follow ']'");
    *end = bracket + 1;
    return SIO_OK;
}

/* host[:port] in [from, to), the host in brackets if it is an IPv6 address. */
static sio_status parse_host(struct parser *p, const char *from, const char *to, char **host,
                             uint16_t *port)
{
    unsigned number_of = p->url->topology == SIO__SENTINEL ? SENTINEL_PORT : DEFAULT_PORT;
    const char *end = from;
    sio_status status = SIO_OK;

    if (from < to && *from == '[') {
        status = parse_ipv6(p, from, to, host, &end);
    } else {
        end = memchr(from, ':', (size_t)(to - from));
        if (end == NULL)
            end = to;
        if (end < to && memchr(end + 1, ':', (size_t)(to - end - 1)) != NULL)
            return refuse(p, from, "an IPv6 address must stand in brackets");
        if (end == from)
            status = decode(p, default_host, default_host + strlen(default_host), host);
        else
            status = decode(p, from, end, host);
        if (status == SIO_OK && strchr(*host, ':') != NULL)
            return refuse(p, from, "an IPv6 address must stand in brackets");
    }
    if (status != SIO_OK)
        return status;
    assert(*host != NULL);
    if (strlen(*host) >= SIO__HOST_MAX)
        return refuse(p, from, "a host has at most 255 bytes");
    if (end < to && (!number(end + 1, to, 65535, &number_of) || number_of == 0))
        return refuse(p, end + 1, "the port must be a number from 1 to 65535");
    *port = (uint16_t)number_of;
    return SIO_OK;
}

/* host[:port],... in [from, to) */
static sio_status parse_hosts(struct parser *p, const char *from, const char *to)
{
    struct sio__url *url = p->url;
    unsigned n = 1;

    for (const char *at = from; at < to; at++)
        n += *at == ',';
    if (n > MAX_HOSTS)
        return refuse(p, from, "more than 64 hosts");
    url->hosts = calloc(n, sizeof *url->hosts);
    if (url->hosts == NULL)
        return SIO_ENOMEM;
    while (url->nhosts < n) {
        struct sio__url_host *host = &url->hosts[url->nhosts++];
        const char *comma = memchr(from, ',', (size_t)(to - from));
        const char *end = comma != NULL ? comma : to;
        sio_status status;

        if (from == end && n > 1)
            return refuse(p, from, "a host is missing in the list");
        status = parse_host(p, from, end, &host->host, &host->port);
        if (status != SIO_OK)
            return status;
        from = end + 1;
    }
    return SIO_OK;
}

static sio_status parse_host_or_hosts(struct parser *p, const char *from, const char *to)
{
    const char *comma = memchr(from, ',', (size_t)(to - from));

    if (p->url->topology != SIO__STANDALONE)
        return parse_hosts(p, from, to);
    if (comma != NULL)
        return refuse(p, comma,
                      "only redis-sentinel:// and redis-cluster:// have more than one host");
    return parse_host(p, from, to, &p->url->host, &p->url->port);
}

static sio_status parse_db(struct parser *p, const char *from, const char *to)
{
    if (p->db_given)
        return refuse(p, from, "the database is given twice");
    p->db_given = true;
    /* SELECT takes a C int. */
    if (!number(from, to, 0x7fffffff, &p->url->db))
        return refuse(p, from, "the database must be a number");
    if (p->url->topology == SIO__CLUSTER && p->url->db != 0)
        return refuse(p, from, "a cluster has no database but 0");
    return SIO_OK;
}

static const struct text_key {
    const char *name; /* with its '=' */
    size_t offset;    /* of the string it fills, in struct sio__url */
} sentinel_keys[] = {
    {"master=", offsetof(struct sio__url, master)},
    {"sentinel_user=", offsetof(struct sio__url, sentinel_user)},
    {"sentinel_password=", offsetof(struct sio__url, sentinel_password)},
};

/* key=value in [from, to) */
static sio_status parse_pair(struct parser *p, const char *from, const char *to)
{
    static const size_t count = sizeof sentinel_keys / sizeof sentinel_keys[0];
    bool sentinel = p->url->topology == SIO__SENTINEL;

    if (strncmp(from, "db=", 3) == 0)
        return parse_db(p, from + 3, to);
    for (size_t i = 0; i < count && sentinel; i++) {
        const struct text_key *key = &sentinel_keys[i];
        char **text = (char **)((char *)p->url + key->offset);
        size_t len = strlen(key->name);

        if (strncmp(from, key->name, len) != 0)
            continue;
        if (*text != NULL)
            return refuse(p, from, "this is given twice");
        if (from + len == to)
            return refuse(p, to, "nothing follows '='");
        return decode(p, from + len, to, text);
    }
    return refuse(p, from,
                  sentinel ? "the queries known here are master, sentinel_user, "
                             "sentinel_password and db"
                           : "the only query known here is db=N");
}

/* What follows '?', if anything does. */
static sio_status parse_query(struct parser *p, const char *at)
{
    sio_status status = SIO_OK;

    while (*at != '\0' && status == SIO_OK) {
        const char *end;

        at++;
        end = at + strcspn(at, "&");
        status = parse_pair(p, at, end);
        at = end;
    }
    return status;
}

/* What is complete must be consistent. */
static sio_status check(struct parser *p, const char *end)
{
    const struct sio__url *url = p->url;

    if (url->topology == SIO__SENTINEL && url->master == NULL)
        return refuse(p, end, "?master=NAME is missing, the name that the sentinels know it by");
    if (url->sentinel_user != NULL && url->sentinel_password == NULL)
        return refuse(p, end, "sentinel_user without sentinel_password");
    return SIO_OK;
}

/* Characters that separate, where they seem to be meant as text. */
static sio_status check_separators(struct parser *p, const char *at, const char *end)
{
    const char *query = end + strcspn(end, "?"), *hash = strchr(at, '#');
    const char *user_end = memchr(at, '@', (size_t)(end - at)), *stray = strchr(end, '@');

    if (*end == '/' && stray != NULL && stray < query)
        return refuse(p, end, "'/' in a user or password must be written as %2F");
    if (hash != NULL)
        return refuse(p, hash, "'#' must be written as %23");
    if (stray != NULL)
        return refuse(p, query,
                      "from '?' on it is the query, where '@' must be written as %40; "
                      "'?' in a user or password as %3F");
    if (user_end != NULL && memchr(user_end + 1, '@', (size_t)(end - user_end - 1)) != NULL)
        return refuse(p, user_end, "'@' in a user or password must be written as %40");
    return SIO_OK;
}

/* What follows redis:// and all the others but unix:// */
static sio_status parse_tcp(struct parser *p, const char *at)
{
    const char *end = at + strcspn(at, "/?#");
    const char *user_end = memchr(at, '@', (size_t)(end - at));
    sio_status status = check_separators(p, at, end);

    if (status == SIO_OK && user_end != NULL) {
        status = parse_userinfo(p, at, user_end);
        at = user_end + 1;
    }
    if (status == SIO_OK)
        status = parse_host_or_hosts(p, at, end);
    if (status == SIO_OK && *end == '/') {
        const char *path = end + 1;

        end = path + strcspn(path, "?");
        if (end > path)
            status = parse_db(p, path, end);
    }
    if (status == SIO_OK)
        status = parse_query(p, end);
    return status == SIO_OK ? check(p, end + strlen(end)) : status;
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
    return parse_query(p, end);
}

static const struct scheme {
    const char *name;
    enum sio__topology topology;
    bool tls;
    sio_status (*parse)(struct parser *p, const char *at);
} schemes[] = {
    {"redis://", SIO__STANDALONE, false, parse_tcp},
    {"rediss://", SIO__STANDALONE, true, parse_tcp},
    {"valkey://", SIO__STANDALONE, false, parse_tcp},
    {"valkeys://", SIO__STANDALONE, true, parse_tcp},
    {"unix://", SIO__STANDALONE, false, parse_unix},
    {"redis-sentinel://", SIO__SENTINEL, false, parse_tcp},
    {"rediss-sentinel://", SIO__SENTINEL, true, parse_tcp},
    {"redis-cluster://", SIO__CLUSTER, false, parse_tcp},
    {"rediss-cluster://", SIO__CLUSTER, true, parse_tcp},
};

static sio_status parse(struct parser *p)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].name);

        if (strncasecmp(p->text, schemes[i].name, len) != 0)
            continue;
        p->url->topology = schemes[i].topology;
        p->url->tls = schemes[i].tls;
        return schemes[i].parse(p, p->text + len);
    }
    return refuse(p, p->text,
                  "it must start with redis://, rediss://, valkey://, valkeys://, unix://, "
                  "redis-sentinel://, rediss-sentinel://, redis-cluster:// or rediss-cluster://");
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
    for (unsigned i = 0; i < url->nhosts; i++)
        free(url->hosts[i].host);
    free(url->hosts);
    free(url->host);
    free(url->path);
    free(url->master);
    sio__secret_free(url->user);
    sio__secret_free(url->password);
    sio__secret_free(url->sentinel_user);
    sio__secret_free(url->sentinel_password);
    memset(url, 0, sizeof *url);
}

void sio__secret_free(char *text)
{
    if (text == NULL)
        return;
    explicit_bzero(text, strlen(text));
    free(text);
}
