/* SPDX-License-Identifier: MIT */
/* Proxies between the link and Redis (row 24): those that know no pub/sub are named, one that
 * cuts idle connections is not noticed. */
#include "ledger.h"
#include "setups.h"

#include <strings.h>

#include "fake_script.h"
#include "proxy.h"

static const char hint[] = "a proxy without pub/sub?";

/* Twemproxy closes the connection at a command that it does not know. */
static const char *closes_at_publish(void *arg, const char *command, int n)
{
    (void)arg;
    (void)n;
    return strcasecmp(command, "PUBLISH") == 0 ? NULL : FAKE_USUAL;
}

static void fault_24_closes_at_publish_are_named(enum client_mode mode)
{
    struct on_fake t;

    on_fake_begin(&t, mode, closes_at_publish, NULL, 3000);
    client_publish(&t.client, "ch", 1);
    CLIENT_WAIT(&t.client, client_stats(&t.client).disconnects >= 2);
    if (client_stats(&t.client).disconnects == 2)
        assert_null(strstr(t.client.log, hint)); /* that may happen to any connection */
    CLIENT_WAIT(&t.client, client_stats(&t.client).disconnects >= 3);
    CLIENT_WAIT(&t.client, strstr(t.client.log, hint) != NULL);
    CLIENT_WAIT(&t.client, t.client.ended == 1);
    assert_int_equal(t.client.last_down, SIO_ECONN);
    assert_int_equal(t.client.ends[SIO_EXPIRED], 1);
    assert_non_null(strstr(t.client.end_text, hint)); /* the emit says why it waited */
    on_fake_end(&t);
}

/* Connections that break after an answer do not look like that. */
static const char *closes_at_each_other(void *arg, const char *command, int n)
{
    (void)arg;
    return strcasecmp(command, "PUBLISH") == 0 && n % 2 == 1 ? NULL : FAKE_USUAL;
}

static void fault_24_ends_after_an_answer_are_not(enum client_mode mode)
{
    struct on_fake t;

    on_fake_begin(&t, mode, closes_at_each_other, NULL, 0);
    for (int i = 1; i <= 6; i++) {
        client_publish(&t.client, "ch", i);
        CLIENT_WAIT(&t.client, t.client.ended == i);
    }
    assert_int_equal(client_stats(&t.client).disconnects, 5);
    assert_null(strstr(t.client.log, hint));
    on_fake_end(&t);
}

/* Envoy answers, and so the emit fails with its words; the connection stays. */
static const char *answers_unsupported(void *arg, const char *command, int n)
{
    (void)arg;
    (void)n;
    return strcasecmp(command, "PUBLISH") == 0 ? "-ERR unsupported command 'publish'\r\n"
           : strcasecmp(command, "ROLE") == 0  ? "-ERR unsupported command 'role'\r\n"
                                               : FAKE_USUAL;
}

static void fault_24_unsupported_is_named(enum client_mode mode)
{
    struct on_fake t;

    on_fake_begin(&t, mode, answers_unsupported, NULL, 0);
    on_fake_publish(&t, 3);
    assert_int_equal(t.client.ends[SIO_EREDIS], 3);
    assert_non_null(strstr(t.client.end_text, "unsupported command 'publish'"));
    assert_non_null(strstr(t.client.end_text, "a proxy without pub/sub, or a renamed command?"));
    assert_int_equal(fake_redis_connections(t.fake), 1);
    on_fake_end(&t);
}

/* HAProxy's `timeout client 30s`, scaled: the proxy cuts what was idle for 600 ms. The PING
 * comes first; without it the cut would be a disconnection in each of these periods. */
static void fault_24_pings_outlast_an_idle_timeout(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    struct client client;
    sio_link_opts opts;
    int64_t until;

    proxy_idle_timeout(proxy, 600);
    client_init(&client, mode, &opts, proxy_url(proxy));
    opts.ping_interval_ms = 200;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    until = fixture_now_ms() + 2500;
    CLIENT_WAIT(&client, fixture_now_ms() > until);
    assert_int_equal(client_stats(&client).disconnects, 0);
    assert_int_equal(proxy_connections(proxy), 1);
    client_free(&client);
    proxy_free(proxy);
    redis_fixture_free(redis);
}

/* With pings too far apart it is a clean reconnection each time, and nothing is lost. */
static void fault_24_an_idle_cut_is_a_clean_reconnection(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    struct client client;
    sio_link_opts opts;

    proxy_idle_timeout(proxy, 200);
    client_init(&client, mode, &opts, proxy_url(proxy));
    client_open(&client, &opts);
    for (int i = 1; i <= 5; i++) {
        CLIENT_WAIT(&client, client.ups >= i);
        client_publish(&client, "ch", i);
        CLIENT_WAIT(&client, client.ended == i && client.downs >= i);
        assert_null(strstr(client.down_text, hint));
    }
    assert_int_equal(client.ends[SIO_OK], 5);
    assert_int_equal(client_stats(&client).resent, 0);
    client_free(&client);
    proxy_free(proxy);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_24_closes_at_publish_are_named)
IN_BOTH_MODES(fault_24_ends_after_an_answer_are_not)
IN_BOTH_MODES(fault_24_unsupported_is_named)
IN_BOTH_MODES(fault_24_pings_outlast_an_idle_timeout)
IN_BOTH_MODES(fault_24_an_idle_cut_is_a_clean_reconnection)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_24_closes_at_publish_are_named_thread, turns_check),
    cmocka_unit_test_teardown(fault_24_closes_at_publish_are_named_loop, turns_check),
    cmocka_unit_test_teardown(fault_24_ends_after_an_answer_are_not_thread, turns_check),
    cmocka_unit_test_teardown(fault_24_ends_after_an_answer_are_not_loop, turns_check),
    cmocka_unit_test_teardown(fault_24_unsupported_is_named_thread, turns_check),
    cmocka_unit_test_teardown(fault_24_unsupported_is_named_loop, turns_check),
    cmocka_unit_test_teardown(fault_24_pings_outlast_an_idle_timeout_thread, turns_check),
    cmocka_unit_test_teardown(fault_24_pings_outlast_an_idle_timeout_loop, turns_check),
    cmocka_unit_test_teardown(fault_24_an_idle_cut_is_a_clean_reconnection_thread, turns_check),
    cmocka_unit_test_teardown(fault_24_an_idle_cut_is_a_clean_reconnection_loop, turns_check),
};

SIO_TEST_MAIN(tests)
