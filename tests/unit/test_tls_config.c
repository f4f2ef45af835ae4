/* SPDX-License-Identifier: MIT */
/* Which TLS settings go together, and what a peer seems to speak. */
#include "link/tls_config.h"

#include <string.h>

#include "link/speaks.h"
#include "link/tls.h"
#include "link/url.h"
#include "unit.h"

/* What becomes of opts with this URL: NULL, or the refusal. */
static const char *refusal(const char *text, const sio_tls_opts *opts, bool *on)
{
    static char err[160];
    struct sio__tls_config *config = NULL;
    struct sio__url url;
    sio_status status;

    assert_int_equal(sio__url_parse(text, &url, err, sizeof err), SIO_OK);
    err[0] = '\0';
    status = sio__tls_config_new(opts, &url, &config, err, sizeof err);
    *on = config != NULL;
    sio__tls_config_close(config);
    sio__url_fini(&url);
    assert_true(status == SIO_OK || (status == SIO_EINVAL && !*on));
    return status == SIO_OK ? NULL : err;
}

static void who_asks_for_tls(void **state)
{
    static const struct {
        const char *url;
        sio_tls_opts opts;
        bool on;
    } cases[] = {
        {"redis://h", {0}, false},
        {"unix:///s", {0}, false},
        {"redis://h", {.on = true}, true},
        {"rediss://h", {0}, true},
        {"valkeys://h", {0}, true},
        {"rediss://h", {.on = true, .insecure = true}, true},
        {"redis://h", {.on = true, .cert_file = "c", .key_file = "k"}, true},
        {"rediss://h", {.ca_file = "f", .ca_dir = "d", .server_name = "n"}, true},
        {"rediss-cluster://h,i", {.ciphers = "c", .ciphersuites = "s"}, true},
    };
    bool on;

    (void)state;
    if (!sio__tls_built_in)
        SIO_SKIP("built without TLS");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_null(refusal(cases[i].url, &cases[i].opts, &on));
        assert_int_equal(on, cases[i].on);
    }
}

/* Nobody is to believe in encryption that is not there. */
static void settings_that_contradict(void **state)
{
    static const struct {
        const char *url;
        sio_tls_opts opts;
        const char *word;
    } cases[] = {
        {"unix:///s", {.on = true}, "unix sockets"},
        {"redis://h", {.insecure = true}, "neither rediss:// nor tls.on"},
        {"rediss://h", {.server_name = ""}, "no host name"},
        {"rediss://h", {.server_name = "."}, "no host name"},
        {"rediss://h", {.server_name = "%lo"}, "no host name"},
        {"redis://h", {.ca_file = "f"}, "neither rediss:// nor tls.on"},
        {"redis://h", {.ca_dir = "d"}, "neither rediss:// nor tls.on"},
        {"redis://h", {.cert_file = "c", .key_file = "k"}, "neither rediss:// nor tls.on"},
        {"redis://h", {.server_name = "n"}, "neither rediss:// nor tls.on"},
        {"redis://h", {.ciphers = "c"}, "neither rediss:// nor tls.on"},
        {"redis://h", {.ciphersuites = "c"}, "neither rediss:// nor tls.on"},
        {"rediss://h", {.cert_file = "c"}, "given together"},
        {"rediss://h", {.key_file = "k"}, "given together"},
    };
    bool on;

    (void)state;
    if (!sio__tls_built_in)
        SIO_SKIP("built without TLS");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = refusal(cases[i].url, &cases[i].opts, &on);

        assert_non_null(text);
        if (strstr(text, cases[i].word) == NULL)
            fail_msg("%zu: %s", i, text);
    }
}

/* The stage `clang` of scripts/test builds it without TLS, too. */
static void what_was_built(void **state)
{
    static const sio_tls_opts none;
    const char *text;
    bool on;

    (void)state;
    text = refusal("rediss://h", &none, &on);
    assert_int_equal(on, sio__tls_built_in);
    if (sio__tls_built_in)
        assert_null(text);
    else
        assert_string_equal(text, "TLS: this library was built without it");
    assert_null(refusal("redis://h", &none, &on));
    assert_false(on);
}

static void what_a_peer_speaks(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        enum sio__speaks speaks;
    } cases[] = {
        {"", 0, SIO__SPEAKS_UNKNOWN},
        {"H", 1, SIO__SPEAKS_UNKNOWN},
        {"HTTP/", 5, SIO__SPEAKS_HTTP},
        {"HTTQ/", 5, SIO__SPEAKS_UNKNOWN},
        {"<html", 5, SIO__SPEAKS_HTTP},
        {"+OK\r\n", 5, SIO__SPEAKS_RESP},
        {"-", 1, SIO__SPEAKS_RESP},
        {"*1\r\n$", 5, SIO__SPEAKS_RESP},
        {":1", 2, SIO__SPEAKS_RESP},
        {"\x15", 1, SIO__SPEAKS_UNKNOWN},
        {"\x15\x03", 2, SIO__SPEAKS_TLS},
        {"\x16\x03\x01", 3, SIO__SPEAKS_TLS},
        {"\x16\x02\x01", 3, SIO__SPEAKS_UNKNOWN},
        {"\x18\x03", 2, SIO__SPEAKS_UNKNOWN},
        {"SSH-2", 5, SIO__SPEAKS_UNKNOWN},
        {"\0\0\0\0\0", 5, SIO__SPEAKS_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sio__speaks(cases[i].bytes, cases[i].len), cases[i].speaks);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(who_asks_for_tls),
    cmocka_unit_test(settings_that_contradict),
    cmocka_unit_test(what_was_built),
    cmocka_unit_test(what_a_peer_speaks),
};

SIO_TEST_MAIN(tests)
