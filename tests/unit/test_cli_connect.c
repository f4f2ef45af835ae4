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

static void passwords_of_urls(void **state)
{
    (void)state;
    assert_true(connect_url_has_password("redis://:p@host"));
    assert_true(connect_url_has_password("redis://p@host/1"));
    assert_true(connect_url_has_password("unix://u:p@/path"));
    assert_false(connect_url_has_password("redis://host/1"));
    assert_false(connect_url_has_password("unix:///a@b"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_given_is_the_default),
    cmocka_unit_test(host_and_port),
    cmocka_unit_test(a_host_cannot_smuggle),
    cmocka_unit_test(unix_sockets),
    cmocka_unit_test(the_environment_comes_after_options),
    cmocka_unit_test(passwords_of_urls),
};

SIO_TEST_MAIN(tests)
