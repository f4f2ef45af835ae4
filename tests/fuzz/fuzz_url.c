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

/* Brackets are only needed for an IPv6 address, and never wrong. */
static char *write_host(char *at, const char *host)
{
    *at++ = '[';
    at = escape(at, host);
    *at++ = ']';
    return at;
}

static char *compose(const struct sio__url *url)
{
    const char *const parts[] = {url->host, url->path, url->user, url->password};
    size_t room = 64;
    for (size_t i = 0; i < 4; i++)
        room += parts[i] != NULL ? 3 * strlen(parts[i]) : 0;
    char *text = malloc(room), *at = text;
    CHECK(text != NULL);
    at += sprintf(at, url->path != NULL ? "unix://" : "redis://");
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
        at = escape(at, url->path + 1);
        sprintf(at, "?db=%u", url->db);
    } else {
        at = write_host(at, url->host);
        sprintf(at, ":%u/%u", (unsigned)url->port, url->db);
    }
    return text;
}

static bool same(const char *a, const char *b)
{
    return a == NULL ? b == NULL : b != NULL && strcmp(a, b) == 0;
}

static void check_accepted(const struct sio__url *url)
{
    struct sio__url again;
    char err[256];
    CHECK((url->host == NULL) != (url->path == NULL));
    CHECK(url->path != NULL ? url->path[0] == '/' : url->host[0] != '\0' && url->port > 0);
    char *text = compose(url);
    if (sio__url_parse(text, &again, err, sizeof err) != SIO_OK) {
        fprintf(stderr, "%s: %s\n", text, err);
        abort();
    }
    CHECK(same(url->host, again.host) && same(url->path, again.path));
    CHECK(same(url->user, again.user) && same(url->password, again.password));
    CHECK(url->port == again.port && url->db == again.db);
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
