/* SPDX-License-Identifier: MIT */
/* What Redis's errors mean, in the words of each version. */
#include "unit.h"

#include "link/errors.h"

static void assert_explained(const char *error, const char *what, sio_str name, const char *wanted)
{
    char text[SIO__ERROR_TEXT_MAX];

    sio__error_explain(error, what, name, text);
    assert_string_equal(text, wanted);
}

static void names_a_denied_command(void **state)
{
    sio_str none = {NULL, 0};

    (void)state;
    assert_explained("NOPERM this user has no permissions to run the 'publish' command or its "
                     "subcommand", /* Redis 6 */
                     "channel", SIO_STR("a#/#"),
                     "NOPERM this user has no permissions to run the 'publish' command or its "
                     "subcommand (channel a#/#); missing right: +publish");
    assert_explained("NOPERM this user has no permissions to run the 'pubsub|numsub' command",
                     "channel", SIO_STR("a"),
                     "NOPERM this user has no permissions to run the 'pubsub|numsub' command "
                     "(channel a); missing right: +pubsub|numsub");
    assert_explained("NOPERM User web has no permissions to run the 'role' command", /* 7.2 */
                     "", none,
                     "NOPERM User web has no permissions to run the 'role' command; missing "
                     "right: +role");
}

static void names_a_denied_channel(void **state)
{
    (void)state;
    assert_explained("NOPERM this user has no permissions to access one of the channels used as "
                     "arguments",
                     "channel", SIO_STR("socket.io#/#a room#"),
                     "NOPERM this user has no permissions to access one of the channels used as "
                     "arguments (channel socket.io#/#a room#); missing right: "
                     "&socket.io#/#a room#");
    assert_explained("NOPERM No permissions to access a channel", /* 7.2 */
                     "channel", SIO_STR("a[1]*?\\"),
                     "NOPERM No permissions to access a channel (channel a[1]*?\\); missing right: "
                     "&a\\[1\\]\\*\\?\\\\");
}

/* Redis compares a pattern with the rule, character by character. */
static void a_pattern_is_its_own_right(void **state)
{
    (void)state;
    assert_explained("NOPERM No permissions to access a channel", "pattern", SIO_STR("a\\[#*"),
                     "NOPERM No permissions to access a channel (pattern a\\[#*); missing right: "
                     "&a\\[#*");
}

static void long_names_are_cut_to_a_right_that_works(void **state)
{
    char name[1000], wanted[1000], text[SIO__ERROR_TEXT_MAX];

    (void)state;
    memset(name, '*', sizeof name);
    sio__error_explain("NOPERM No permissions to access a channel", "channel",
                       sio_str_of(name, sizeof name), text);
    for (int i = 0; i < 200; i++)
        memcpy(wanted + 2 * i, "\\*", 2);
    memcpy(wanted + 400, "*", 2);
    assert_string_equal(strchr(text, '&') + 1, wanted);
}

static void says_nothing_of_others(void **state)
{
    (void)state;
    assert_explained("ERR no", "channel", SIO_STR("a"), "ERR no");
    assert_explained("NOPERM of another kind", "channel", SIO_STR("a\nb"),
                     "NOPERM of another kind (channel a?b)");
    assert_explained("NOPERM channel", "channel", SIO_STR("a\n*"),
                     "NOPERM channel (channel a?*); missing right: &a?\\*");
    assert_explained("NOPERM of another kind", "", sio_str_of(NULL, 0), "NOPERM of another kind");
    assert_explained("NOPERM channel", "", sio_str_of(NULL, 0), "NOPERM channel");
}

static void a_proxy_is_guessed(void **state)
{
    static const char *const errors[] = {
        "ERR unknown command `PUBLISH`, with args beginning with: `a`, `b`, ", /* renamed */
        "ERR unsupported command 'publish'", "ERR invalid request"};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        char wanted[256];

        snprintf(wanted, sizeof wanted, "%s; a proxy without pub/sub, or a renamed command?",
                 errors[i]);
        assert_explained(errors[i], "channel", SIO_STR("a"), wanted);
    }
}

static void a_long_error_is_cut(void **state)
{
    char error[4000], text[SIO__ERROR_TEXT_MAX];

    (void)state;
    memset(error, 'x', sizeof error);
    memcpy(error, "NOPERM run the '", strlen("NOPERM run the '"));
    error[sizeof error - 1] = '\0';
    sio__error_explain(error, "channel", SIO_STR("a"), text);
    assert_memory_equal(text, error, 255);
    assert_non_null(strstr(text, "(channel a); missing right: +xxx"));
    assert_true(strlen(text) < SIO__ERROR_TEXT_MAX);
}

static void knows_what_passes(void **state)
{
    static const char *const passing[] = {"LOADING x",  "BUSY x",       "MASTERDOWN x",
                                          "MISCONF x",  "OOM x",        "NOREPLICAS x",
                                          "TRYAGAIN x", "CLUSTERDOWN x"};

    (void)state;
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        assert_true(sio__error_is_passing(passing[i]));
    assert_false(sio__error_is_passing("BUSYGROUP x"));
    assert_false(sio__error_is_passing("ERR LOADING"));
    assert_int_equal(sio__error_status("NOPERM x"), SIO_ENOPERM);
    assert_int_equal(sio__error_status("NOAUTH x"), SIO_EAUTH);
    assert_int_equal(sio__error_status("ERR x"), SIO_EREDIS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_a_denied_command),
    cmocka_unit_test(names_a_denied_channel),
    cmocka_unit_test(a_pattern_is_its_own_right),
    cmocka_unit_test(long_names_are_cut_to_a_right_that_works),
    cmocka_unit_test(says_nothing_of_others),
    cmocka_unit_test(a_proxy_is_guessed),
    cmocka_unit_test(a_long_error_is_cut),
    cmocka_unit_test(knows_what_passes),
};

SIO_TEST_MAIN(tests)
