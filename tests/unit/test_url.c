/* SPDX-License-Identifier: MIT */
/* Redis URLs: what each part becomes, and where and why the bad ones are refused. */
#include "unit.h"

#include "link/url.h"

struct good {
    const char *text, *host, *path, *user, *password;
    unsigned port, db;
};

static const struct good good[] = {
    {"redis://", "127.0.0.1", NULL, NULL, NULL, 6379, 0},
    {"redis:///", "127.0.0.1", NULL, NULL, NULL, 6379, 0},
    {"redis:///2", "127.0.0.1", NULL, NULL, NULL, 6379, 2},
    {"redis://:7000", "127.0.0.1", NULL, NULL, NULL, 7000, 0},
    {"redis://h", "h", NULL, NULL, NULL, 6379, 0},
    {"REDIS://h", "h", NULL, NULL, NULL, 6379, 0},
    {"redis://h:1/15", "h", NULL, NULL, NULL, 1, 15},
    {"valkey://h:65535/", "h", NULL, NULL, NULL, 65535, 0},
    {"redis://u:p@h", "h", NULL, "u", "p", 6379, 0},
    {"redis://:p@h", "h", NULL, NULL, "p", 6379, 0},
    {"redis://p@h", "h", NULL, NULL, "p", 6379, 0}, /* as redis-cli */
    {"redis://u:@h", "h", NULL, "u", "", 6379, 0},
    {"redis://u:a:b@h", "h", NULL, "u", "a:b", 6379, 0},
    {"redis://%75:%40%3a%2F%25@h", "h", NULL, "u", "@:/%", 6379, 0},
    {"redis://[::1]", "::1", NULL, NULL, NULL, 6379, 0},
    {"redis://u:p@[fe80::1%25lo]:7000/3", "fe80::1%lo", NULL, "u", "p", 7000, 3},
    {"unix:///run/redis.sock", NULL, "/run/redis.sock", NULL, NULL, 0, 0},
    {"unix:///a@b%20c%3f?db=7", NULL, "/a@b c?", NULL, NULL, 0, 7},
    {"unix://u:p@/s", NULL, "/s", "u", "p", 0, 0},
    {"unix://:p@/s?db=0", NULL, "/s", NULL, "p", 0, 0},
    {"redis://h?db=3", "h", NULL, NULL, NULL, 6379, 3},
    {"redis://h/?db=3", "h", NULL, NULL, NULL, 6379, 3},
};

static void assert_text(const char *is, const char *should)
{
    if (should == NULL)
        assert_null(is);
    else
        assert_string_equal(is, should);
}

static void accepts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct sio__url url;
        char err[100] = "";

        if (sio__url_parse(good[i].text, &url, err, sizeof err) != SIO_OK)
            fail_msg("%s: %s", good[i].text, err);
        assert_text(url.host, good[i].host);
        assert_text(url.path, good[i].path);
        assert_text(url.user, good[i].user);
        assert_text(url.password, good[i].password);
        assert_int_equal(url.port, good[i].port);
        assert_int_equal(url.db, good[i].db);
        sio__url_fini(&url);
    }
}

struct bad {
    const char *text;
    size_t at;
    const char *word; /* of the error */
};

static const struct bad bad[] = {
    {"", 0, "start with"},
    {"127.0.0.1:6379", 0, "start with"},
    {"http://h", 0, "start with"},
    {"redis:/h", 0, "start with"},
    {"redis://h:", 10, "port"},
    {"redis://h:0", 10, "port"},
    {"redis://h:65536", 10, "port"},
    {"redis://h:99999999999", 10, "port"},
    {"redis://h:6379x", 10, "port"},
    {"redis://h:-1", 10, "port"},
    {"redis://h/x", 10, "database"},
    {"redis://h/1x", 10, "database"},
    {"redis://h/-1", 10, "database"},
    {"redis://h/2147483648", 10, "database"},
    {"redis://h?", 10, "the only query"},
    {"redis://h/1?x", 12, "the only query"},
    {"redis://h?db=", 13, "database"},
    {"redis://h?db=1&", 15, "the only query"},
    {"redis://h/1?db=1", 15, "twice"},
    {"redis://h?db=1&db=1", 18, "twice"},
    {"redis://h?master=m", 10, "the only query"},
    {"redis://h?DB=1", 10, "the only query"},
    {"redis://h#1", 9, "%23"},
    {"redis://h/1#1", 11, "%23"},
    {"redis://:sec#ret@h", 12, "%23"},
    {"redis://:sec?ret@h", 12, "%3F"},
    {"redis://a,b", 9, "more than one host"},
    {"redis://::1", 8, "brackets"},
    {"redis://[::1", 8, "'['"},
    {"redis://[]", 8, "'['"},
    {"redis://[::1]x", 13, "']'"},
    {"redis://[h]", 9, "not an IPv6 address"},
    {"redis://[1.2.3.4]", 9, "not an IPv6 address"},
    {"redis://[fe80::1%25]", 9, "not an IPv6 address"},
    {"redis://[fe80::1%lo]", 16, "hexadecimal"},
    {"redis://[::1]:", 14, "port"},
    {"redis://h%", 9, "hexadecimal"},
    {"redis://h%2", 9, "hexadecimal"},
    {"redis://h%zz", 9, "hexadecimal"},
    {"redis://h%00", 9, "hexadecimal"},
    {"redis://:sec/ret@h", 12, "%2F"},
    {"redis://:sec@ret@h", 12, "%40"},
    {"redis://u:secret%@h", 16, "hexadecimal"},
    {"unix://", 7, "'/'"},
    {"unix://run/s", 7, "'/'"},
    {"unix:///s?x=1", 10, "query"},
    {"unix:///s?db=x", 13, "database"},
    {"redis-sentinel://h", 18, "master=NAME"},
    {"redis-sentinel://h/?master=", 27, "nothing follows"},
    {"redis-sentinel://h/?master=a&master=b", 29, "twice"},
    {"redis-sentinel://h/?master=a&x=b", 29, "sentinel_password"},
    {"redis-sentinel://h/?sentinel_user=sec&master=a", 46, "sentinel_user without"},
    {"redis-sentinel://h/?master=a&sentinel_password=sec@ret", 19, "%40"},
    {"redis-sentinel://h/?master=a&sentinel_password=sec%zret", 50, "hexadecimal"},
    {"redis-sentinel://h/m?master=a", 19, "database"},
    {"redis-sentinel://a,,b/?master=m", 19, "missing"},
    {"redis-sentinel://a,b,/?master=m", 21, "missing"},
    {"redis-sentinel://a,b:x/?master=m", 21, "port"},
    {"redis-sentinel://a,[::1/?master=m", 19, "'['"},
    {"redis-cluster://a,b/1", 20, "no database but 0"},
    {"redis-cluster://a?db=1", 21, "no database but 0"},
    {"redis-cluster://a?master=m", 18, "the only query"},
};

static void refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sio__url url;
        char err[200] = "", at[32];

        if (sio__url_parse(bad[i].text, &url, err, sizeof err) != SIO_EINVAL)
            fail_msg("accepted: %s", bad[i].text);
        snprintf(at, sizeof at, "(at byte %zu)", bad[i].at);
        if (strstr(err, at) == NULL || strstr(err, bad[i].word) == NULL)
            fail_msg("%s: %s", bad[i].text, err);
        assert_null(strstr(err, "sec"));
        assert_null(strstr(err, "ret"));
    }
}

static void bounds_socket_paths(void **state)
{
    char text[200] = "unix://";
    struct sio__url url;
    char err[200];

    (void)state;
    memset(text + 7, '/', 107);
    assert_int_equal(sio__url_parse(text, &url, err, sizeof err), SIO_OK);
    assert_int_equal(strlen(url.path), 107);
    sio__url_fini(&url);
    text[7 + 107] = '/';
    assert_int_equal(sio__url_parse(text, &url, err, sizeof err), SIO_EINVAL);
    assert_non_null(strstr(err, "107"));
}

struct deployment {
    const char *text;
    enum sio__topology topology;
    bool tls;
    const char *hosts; /* as they come out, with ports */
    const char *user, *password, *master, *sentinel_user, *sentinel_password;
    unsigned db;
};

static const struct deployment deployments[] = {
    {"rediss://h", SIO__STANDALONE, true, "h:6379 ", NULL, NULL, NULL, NULL, NULL, 0},
    {"valkeys://u:p@h:1/2", SIO__STANDALONE, true, "h:1 ", "u", "p", NULL, NULL, NULL, 2},
    {"redis-sentinel://a,b:1,[::1]:2,[::2]/?master=m", SIO__SENTINEL, false,
     "a:26379 b:1 ::1:2 ::2:26379 ", NULL, NULL, "m", NULL, NULL, 0},
    {"redis-sentinel://?master=m", SIO__SENTINEL, false, "127.0.0.1:26379 ", NULL, NULL, "m", NULL,
     NULL, 0},
    {"redis-sentinel://:1,:2?master=m", SIO__SENTINEL, false, "127.0.0.1:1 127.0.0.1:2 ", NULL,
     NULL, "m", NULL, NULL, 0},
    {"rediss-sentinel://u:p@a:1/3?sentinel_user=%75%26&sentinel_password=%40%3d=%3f&master=m%20n",
     SIO__SENTINEL, true, "a:1 ", "u", "p", "m n", "u&", "@==?", 3},
    {"redis-sentinel://a/?db=4&master=m&sentinel_password=/p/?", SIO__SENTINEL, false, "a:26379 ",
     NULL, NULL, "m", NULL, "/p/?", 4},
    {"redis-cluster://p@a,b:7000,c", SIO__CLUSTER, false, "a:6379 b:7000 c:6379 ", NULL, "p", NULL,
     NULL, NULL, 0},
    {"REDISS-CLUSTER://a/0", SIO__CLUSTER, true, "a:6379 ", NULL, NULL, NULL, NULL, NULL, 0},
    {"redis-cluster://a/?db=0", SIO__CLUSTER, false, "a:6379 ", NULL, NULL, NULL, NULL, NULL, 0},
};

static void print_hosts(const struct sio__url *url, char *out, size_t size)
{
    size_t len = 0;

    out[0] = '\0';
    if (url->topology == SIO__STANDALONE) {
        assert_int_equal(url->nhosts, 0);
        snprintf(out, size, "%s:%u ", url->host, url->port);
        return;
    }
    assert_null(url->host);
    for (unsigned i = 0; i < url->nhosts; i++)
        len += (size_t)snprintf(out + len, size - len, "%s:%u ", url->hosts[i].host,
                                url->hosts[i].port);
}

static void knows_deployments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof deployments / sizeof deployments[0]; i++) {
        const struct deployment *expected = &deployments[i];
        struct sio__url url;
        char err[200] = "", hosts[200];

        if (sio__url_parse(expected->text, &url, err, sizeof err) != SIO_OK)
            fail_msg("%s: %s", expected->text, err);
        assert_int_equal(url.topology, expected->topology);
        assert_int_equal(url.tls, expected->tls);
        print_hosts(&url, hosts, sizeof hosts);
        assert_string_equal(hosts, expected->hosts);
        assert_null(url.path);
        assert_text(url.user, expected->user);
        assert_text(url.password, expected->password);
        assert_text(url.master, expected->master);
        assert_text(url.sentinel_user, expected->sentinel_user);
        assert_text(url.sentinel_password, expected->sentinel_password);
        assert_int_equal(url.db, expected->db);
        sio__url_fini(&url);
    }
}

static void bounds_lists(void **state)
{
    char text[200] = "redis-cluster://";
    size_t len = strlen(text);
    struct sio__url url;
    char err[200];

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, i == 0 ? "h" : ",h");
    assert_int_equal(sio__url_parse(text, &url, err, sizeof err), SIO_OK);
    assert_int_equal(url.nhosts, 64);
    sio__url_fini(&url);
    snprintf(text + len, sizeof text - len, ",h");
    assert_int_equal(sio__url_parse(text, &url, err, sizeof err), SIO_EINVAL);
    assert_non_null(strstr(err, "64 hosts"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(accepts),
    cmocka_unit_test(refuses),
    cmocka_unit_test(bounds_socket_paths),
    cmocka_unit_test(knows_deployments),
    cmocka_unit_test(bounds_lists),
};

SIO_TEST_MAIN(tests)
