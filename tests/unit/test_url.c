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
    {"rediss://h", 0, "TLS is not supported by this version"},
    {"valkeys://h", 0, "TLS"},
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
    {"redis://h?db=1", 9, "query"},
    {"redis://h/1?x", 11, "query"},
    {"redis://h#1", 9, "query"},
    {"redis://::1", 8, "brackets"},
    {"redis://[::1", 8, "'['"},
    {"redis://[]", 8, "'['"},
    {"redis://[::1]x", 13, "']'"},
    {"redis://h%", 9, "hexadecimal"},
    {"redis://h%2", 9, "hexadecimal"},
    {"redis://h%zz", 9, "hexadecimal"},
    {"redis://h%00", 9, "hexadecimal"},
    {"redis://:sec/ret@h", 12, "%2F"},
    {"redis://:sec@ret@h", 12, "%40"},
    {"redis://u:secret%@h", 16, "hexadecimal"},
    {"unix://", 7, "'/'"},
    {"unix://run/s", 7, "'/'"},
    {"unix:///s?x=1", 9, "query"},
    {"unix:///s?db=x", 13, "database"},
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(accepts),
    cmocka_unit_test(refuses),
    cmocka_unit_test(bounds_socket_paths),
};

SIO_TEST_MAIN(tests)
