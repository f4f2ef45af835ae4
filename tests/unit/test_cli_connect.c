/* SPDX-License-Identifier: MIT */
/* Where sio-emit finds Redis: option, then environment, then default. */
#include "unit.h"

#include <unistd.h>

#include "connect.h"

#define NOTHING                                                                                    \
    {                                                                                              \
        .port = -1, .db = -1                                                                       \
    }

static void expect(const struct options *opts, const char *env, const char *expected)
{
    char *url;

    assert_true(connect_url(opts, env, &url));
    if (expected == NULL)
        assert_null(url);
    else
        assert_string_equal(url, expected);
    connect_url_free(url);
}

static void nothing_given_is_the_default(void **state)
{
    struct options opts = NOTHING;

    (void)state;
    expect(&opts, NULL, NULL);
    opts.db = 4;
    expect(&opts, NULL, "redis://127.0.0.1/4");
}

static void host_and_port(void **state)
{
    struct options opts = NOTHING;

    (void)state;
    opts.host = "redis.example";
    expect(&opts, NULL, "redis://redis.example");
    opts.port = 7000;
    opts.db = 2;
    expect(&opts, NULL, "redis://redis.example:7000/2");
    opts.host = "fe80::1%lo";
    expect(&opts, NULL, "redis://[fe80::1%25lo]:7000/2");
    opts.host = NULL;
    expect(&opts, NULL, "redis://127.0.0.1:7000/2");
}

static void a_host_cannot_smuggle(void **state)
{
    struct options opts = NOTHING;

    (void)state;
    opts.host = "a@b/c?d#e";
    expect(&opts, NULL, "redis://a%40b%2Fc%3Fd%23e");
}

static void unix_sockets(void **state)
{
    struct options opts = NOTHING;
    char *dir = getcwd(NULL, 0);
    char *url;

    (void)state;
    assert_non_null(dir);
    opts.socket = "/run/a b?.sock";
    expect(&opts, NULL, "unix:///run/a%20b%3F.sock");
    opts.db = 1;
    expect(&opts, NULL, "unix:///run/a%20b%3F.sock?db=1");
    opts.socket = "redis.sock";
    assert_true(connect_url(&opts, NULL, &url));
    assert_memory_equal(url, "unix:///", 8);
    assert_non_null(strstr(url, "/redis.sock?db=1"));
    connect_url_free(url);
    free(dir);
}

static void the_environment_comes_after_options(void **state)
{
    struct options opts = NOTHING;
    char given[] = "redis://given/7";

    (void)state;
    expect(&opts, "redis://env", "redis://env");
    opts.db = 3;
    expect(&opts, "redis://u:p@env:1/9", "redis://u:p@env:1/3");
    expect(&opts, "unix:///s?db=9", "unix:///s?db=3");
    opts.port = 5;
    expect(&opts, "redis://u:p@env:1/9", "redis://127.0.0.1:5/3");
    opts.port = opts.db = -1;
    opts.url = given;
    expect(&opts, "redis://env", "redis://given/7");
}

static void sentinels(void **state)
{
    struct options opts = NOTHING;
    char given[] = "redis-sentinel://u:p@a,b?master=m&db=1&sentinel_password=x";

    (void)state;
    opts.sentinels = "a:1,b,[::1]:3,[fe80::1%lo]:4";
    opts.master = "my master&co";
    expect(&opts, "redis://env",
           "redis-sentinel://a:1,b,[::1]:3,[fe80::1%25lo]:4/?master=my%20master%26co");
    opts.db = 2;
    expect(&opts, NULL,
           "redis-sentinel://a:1,b,[::1]:3,[fe80::1%25lo]:4/2?master=my%20master%26co");
    opts.sentinels = "a@b/?#";
    opts.master = "m";
    opts.db = -1;
    expect(&opts, NULL, "redis-sentinel://a%40b%2F%3F%23/?master=m");
    opts.sentinels = NULL;
    opts.url = given;
    expect(&opts, NULL, given);
    opts.db = 7;
    expect(&opts, NULL, "redis-sentinel://u:p@a,b/7?master=m&sentinel_password=x");
}

static void clusters(void **state)
{
    static const struct {
        const char *env, *url;
    } cases[] = {
        {NULL, "redis-cluster://127.0.0.1"},
        {"redis://u:p@h:1/0", "redis-cluster://u:p@h:1/0"},
        {"valkey://h", "redis-cluster://h"},
        {"rediss://h", "rediss-cluster://h"},
        {"valkeys://h", "rediss-cluster://h"},
        {"redis-cluster://a,b", "redis-cluster://a,b"},
        {"rediss-cluster://a,b", "rediss-cluster://a,b"},
        {"REDISS://u:p@h", "rediss-cluster://u:p@h"},
        {"Valkeys://h", "rediss-cluster://h"},
        {"Rediss-Sentinel://a/?master=m", "rediss-cluster://a/?master=m"},
        {"nothing", "nothing"},
    };
    struct options opts = NOTHING;

    (void)state;
    opts.cluster = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(&opts, cases[i].env, cases[i].url);
    opts.host = "h";
    opts.port = 7000;
    opts.db = 0;
    expect(&opts, "redis://env", "redis-cluster://h:7000/0");
}

static void a_database_replaces_that_of_the_url(void **state)
{
    static const struct {
        const char *env, *url;
    } cases[] = {
        {"redis://h", "redis://h/5"},
        {"redis://h?db=1", "redis://h/5"},
        {"redis://h/?db=1", "redis://h/5"},
        {"unix:///s?db=1", "unix:///s?db=5"},
        {"redis-sentinel://a?master=m", "redis-sentinel://a/5?master=m"},
        {"redis-sentinel://a/1?db=2&master=m&db=3", "redis-sentinel://a/5?master=m"},
        {"redis://h?x", "redis://h/5?x"}, /* to be refused by the link */
    };
    struct options opts = NOTHING;

    (void)state;
    opts.db = 5;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(&opts, cases[i].env, cases[i].url);
}

static void urls_are_wiped(void **state)
{
    static const char *const cases[][2] = {
        {"redis://u:p@h/1", "redis://***@h/1"},
        {"redis://h/1", "redis://h/1"},
        {"redis-sentinel://a?sentinel_password=abc&master=m",
         "redis-sentinel://a?sentinel_password=***&master=m"},
        {"redis-sentinel://p@a?master=m&sentinel_password=abc",
         "redis-sentinel://*@a?master=m&sentinel_password=***"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[100];

        snprintf(url, sizeof url, "%s", cases[i][0]);
        options_wipe_url(url);
        assert_string_equal(url, cases[i][1]);
    }
}

static void passwords_of_urls(void **state)
{
    (void)state;
    assert_true(connect_url_has_password("redis://:p@host"));
    assert_true(connect_url_has_password("redis://p@host/1"));
    assert_true(connect_url_has_password("unix://u:p@/path"));
    assert_false(connect_url_has_password("redis://host/1"));
    assert_false(connect_url_has_password("unix:///a@b"));
    assert_false(connect_url_has_password("redis-sentinel://a?sentinel_password=p&master=m"));
    assert_true(connect_url_has_secret("redis-sentinel://a?sentinel_password=p&master=m"));
    assert_true(connect_url_has_secret("redis://:p@host"));
    assert_false(connect_url_has_secret("redis-sentinel://a?master=m"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_given_is_the_default),
    cmocka_unit_test(host_and_port),
    cmocka_unit_test(a_host_cannot_smuggle),
    cmocka_unit_test(unix_sockets),
    cmocka_unit_test(the_environment_comes_after_options),
    cmocka_unit_test(sentinels),
    cmocka_unit_test(clusters),
    cmocka_unit_test(a_database_replaces_that_of_the_url),
    cmocka_unit_test(urls_are_wiped),
    cmocka_unit_test(passwords_of_urls),
};

SIO_TEST_MAIN(tests)
