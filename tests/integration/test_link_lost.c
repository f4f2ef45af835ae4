/* SPDX-License-Identifier: MIT */
/* The link refused, lost and found again: what is promised beside the faults of
 * tests/faults. */
#include "client.h"

#include "fake.h"
#include "link/publish.h"

static void wait_up_tells_why_not(void **state)
{
    struct client client;
    sio_link_opts opts;
    sio_status why;
    char err[256];

    (void)state;
    client_init(&client, THREADED, &opts, "unix:///nonexistent/socket");
    client_open(&client, &opts);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sio_link_wait_up(client.link, 10000, &why, err, sizeof err), SIO_ECONN);
        assert_int_equal(why, SIO_ECONN);
        assert_non_null(strstr(err, "No such file"));
    }
    assert_true(client_stats(&client).attempts_failed >= 3);
    client_free(&client);
}

static void a_ping_finds_a_dead_peer(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    sio_link_opts opts;
    uint64_t in;

    (void)state;
    client_init_on(&client, ON_LOOP, &opts, redis);
    opts.ping_interval_ms = 50;
    opts.command_timeout_ms = 100;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    in = client_stats(&client).bytes_in;
    CLIENT_WAIT(&client, client_stats(&client).bytes_in >= in + 3 * strlen("+PONG\r\n"));
    client_publish(&client, "ch", 1); /* answers are still told apart */
    CLIENT_WAIT(&client, client.ended == 1);
    assert_int_equal(client.ends[SIO_OK], 1);
    assert_int_equal(client.downs, 0);
    redis_fixture_stop(redis); /* nothing is published, and yet */
    CLIENT_WAIT(&client, client.downs > 0);
    assert_non_null(strstr(client.down_text, "no answer for 100 ms"));
    client_free(&client);
    redis_fixture_free(redis);
}

static void at_most_once_does_not_repeat(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init_on(&client, THREADED, &opts, redis);
    opts.at_most_once = true;
    client_open(&client, &opts);
    assert_int_equal(sio_link_wait_up(client.link, 5000, NULL, NULL, 0), SIO_OK);
    redis_fixture_stop(redis);
    for (int i = 0; i < 10; i++)
        client_publish(&client, "ch", i);
    CLIENT_WAIT(&client, client_stats(&client).bytes_out >=
                             10 * sio__publish_size(SIO__PUBLISH, SIO_STR("ch"), SIO_STR("0")));
    redis_fixture_kill(redis);
    CLIENT_WAIT(&client, client.ended == 10);
    assert_int_equal(client.ends[SIO_ECONN], 10);
    for (int i = 10; i < 20; i++) /* not sent yet, so they can wait */
        client_publish(&client, "ch", i);
    redis_fixture_start(redis);
    assert_int_equal(sio_link_flush(client.link, 10000), SIO_OK);
    assert_int_equal(client.ends[SIO_OK], 10);
    assert_int_equal(client_stats(&client).resent, 0);
    client_free(&client);
    redis_fixture_free(redis);
}

static const char *garbage(void *arg, const char *command, int n)
{
    (void)arg;
    return strcmp(command, "PUBLISH") == 0 && n == 0 ? ":1\r\n?!\r\n" : FAKE_USUAL;
}

static void garbage_drops_the_connection(void **state)
{
    struct fake_redis *fake = fake_redis_new(garbage, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, fake_redis_url(fake));
    client_open(&client, &opts);
    client_publish(&client, "ch", 0);
    CLIENT_WAIT(&client, client.downs == 1);
    client_publish(&client, "ch", 1);
    CLIENT_WAIT(&client, client.ended == 2);
    assert_int_equal(client.ends[SIO_OK], 2);
    client_free(&client);
    fake_redis_free(fake);
}

static void bad_options_are_refused(void **state)
{
    sio_link *link = (sio_link *)1;
    sio_link_opts opts;
    char err[200];

    (void)state;
    sio_link_opts_init(&opts);
    opts.url = "redis://h:x";
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    assert_null(link);
    assert_non_null(strstr(err, "port"));
    assert_int_equal(sio_link_new(&opts, &link, NULL, 0), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.client_name = "a b";
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.outbox_bytes = 0;
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.command_timeout_ms = 0;
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.username = "u";
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(wait_up_tells_why_not),
    cmocka_unit_test_any_topology(a_ping_finds_a_dead_peer),
    cmocka_unit_test_any_topology(at_most_once_does_not_repeat),
    cmocka_unit_test(garbage_drops_the_connection),
    cmocka_unit_test(bad_options_are_refused),
};

SIO_TEST_MAIN(tests)
