/* SPDX-License-Identifier: MIT */
/* URLs: what is accepted, written with every byte percent-encoded, means the same; what is
 * refused says where, and nothing of the URL. */
#include "fuzz.h"

#include "link/url.h"

static void check_refused(const char *text, const char *err)
{
    const char *at = strstr(err, "(at byte ");
    CHECK(strncmp(err, "URL: ", 5) == 0 && at != NULL);
    CHECK(strtoul(at + strlen("(at byte "), NULL, 10) <= strlen(text));
    for (const char *p = err; *p != '\0'; p++)
        CHECK(*p >= ' ' && *p <= '~');
}

static char *escape(char *at, const char *text)
{
    for (; *text != '\0'; text++)
        at += sprintf(at, "%%%02X", (unsigned)(unsigned char)*text);
    return at;
}

/* host:port; brackets only where there must be some. */
static char *write_host(char *at, const char *host, unsigned port)
{
    bool v6 = strchr(host, ':') != NULL;
    if (v6)
        *at++ = '[';
    at = escape(at, host);
    if (v6)
        *at++ = ']';
    return at + sprintf(at, ":%u", port);
}

static char *write_pair(char *at, const char *key, const char *text)
{
    if (text == NULL)
        return at;
    at += sprintf(at, "&%s=", key);
    return escape(at, text);
}

static char *write_authority(char *at, const struct sio__url *url)
{
    if (url->user != NULL)
        at = escape(at, url->user);
    if (url->password != NULL) {
        *at++ = ':';
        at = escape(at, url->password);
    }
    if (url->user != NULL || url->password != NULL)
        *at++ = '@';
    if (url->path != NULL) {
        *at++ = '/'; /* of an absolute path */
        return escape(at, url->path + 1);
    }
    if (url->host != NULL)
        at = write_host(at, url->host, url->port);
    for (unsigned i = 0; i < url->nhosts; i++) {
        if (i > 0)
            *at++ = ',';
        at = write_host(at, url->hosts[i].host, url->hosts[i].port);
    }
    return at;
}

static const char *scheme_of(const struct sio__url *url)
{
    if (url->topology == SIO__SENTINEL)
        return url->tls ? "rediss-sentinel://" : "redis-sentinel://";
    if (url->topology == SIO__CLUSTER)
        return url->tls ? "rediss-cluster://" : "redis-cluster://";
    if (url->path != NULL)
        return "unix://";
    return url->tls ? "valkeys://" : "valkey://";
}

static size_t length(const char *text)
{
    return text != NULL ? 3 * strlen(text) : 0;
}

static char *compose(const struct sio__url *url)
{
    size_t room = 200 + length(url->host) + length(url->path) + length(url->user) +
                  length(url->password) + length(url->master) + length(url->sentinel_user) +
                  length(url->sentinel_password);
    for (unsigned i = 0; i < url->nhosts; i++)
        room += length(url->hosts[i].host) + 10;
    char *text = malloc(room), *at = text;
    CHECK(text != NULL);
    at += sprintf(at, "%s", scheme_of(url));
    at = write_authority(at, url);
    at += sprintf(at, "?db=%u", url->db);
    at = write_pair(at, "sentinel_password", url->sentinel_password);
    at = write_pair(at, "sentinel_user", url->sentinel_user);
    write_pair(at, "master", url->master);
    return text;
}

static bool same(const char *a, const char *b)
{
    return a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0;
}

static bool same_hosts(const struct sio__url *a, const struct sio__url *b)
{
    if (a->nhosts != b->nhosts)
        return false;
    for (unsigned i = 0; i < a->nhosts; i++) {
        if (!same(a->hosts[i].host, b->hosts[i].host) || a->hosts[i].port != b->hosts[i].port)
            return false;
    }
    return true;
}

static bool same_url(const struct sio__url *a, const struct sio__url *b)
{
    return a->topology == b->topology && a->tls == b->tls && a->db == b->db && a->port == b->port &&
           same(a->host, b->host) && same(a->path, b->path) && same_hosts(a, b) &&
           same(a->user, b->user) && same(a->password, b->password) && same(a->master, b->master) &&
           same(a->sentinel_user, b->sentinel_user) &&
           same(a->sentinel_password, b->sentinel_password);
}

static void check_whole(const struct sio__url *url)
{
    bool standalone = url->topology == SIO__STANDALONE, sentinel = url->topology == SIO__SENTINEL;
    CHECK(((url->host != NULL) + (url->path != NULL)) == standalone);
    CHECK((url->nhosts == 0) == standalone);
    CHECK((url->master != NULL) == sentinel);
    CHECK(sentinel || url->sentinel_password == NULL);
    CHECK(url->sentinel_user == NULL || url->sentinel_password != NULL);
    CHECK(url->topology != SIO__CLUSTER || url->db == 0);
    CHECK(url->path == NULL || url->path[0] == '/');
    CHECK(url->host == NULL || (url->host[0] != '\0' && url->port > 0));
    for (unsigned i = 0; i < url->nhosts; i++)
        CHECK(url->hosts[i].host[0] != '\0' && url->hosts[i].port > 0);
}

static void check_accepted(const struct sio__url *url)
{
    struct sio__url again;
    char err[256];
    check_whole(url);
    char *text = compose(url);
    if (sio__url_parse(text, &again, err, sizeof err) != SIO_OK) {
        fprintf(stderr, "%s: %s\n", text, err);
        abort();
    }
    CHECK(same_url(url, &again));
    sio__url_fini(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio__url url;
    char err[256] = "", cut[8] = "";
    char *text = malloc(size + 1);
    CHECK(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    sio_status status = sio__url_parse(text, &url, err, sizeof err);
    CHECK(status == SIO_OK || status == SIO_EINVAL);
    if (status == SIO_OK) {
        check_accepted(&url);
        sio__url_fini(&url);
    } else {
        check_refused(text, err);
        CHECK(sio__url_parse(text, &url, cut, sizeof cut) == status);
        CHECK(strncmp(cut, err, sizeof cut - 1) == 0 && strlen(cut) == sizeof cut - 1);
        CHECK(sio__url_parse(text, &url, NULL, 0) == status);
    }
    free(text);
    return 0;
}
