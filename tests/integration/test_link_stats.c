/* SPDX-License-Identifier: MIT */
/* A link's counters on a real Redis: what is open, what came back, and how long answers took. */
#include <sio/link.h>

#include "client.h"
#include "link/subscribe.h"

static struct redis_fixture *redis;

static void open_client(struct client *client, enum client_mode mode, unsigned ping_interval_ms)
{
    sio_link_opts opts;

    redis = redis_fixture_new(REDIS_UNIX, NULL);
    client_init(client, mode, &opts, redis_fixture_url(redis));
    if (ping_interval_ms > 0)
        opts.ping_interval_ms = ping_interval_ms;
    client_open(client, &opts);
    CLIENT_WAIT(client, client_up(client));
}

static void close_client(struct client *client)
{
    client_free(client);
    redis_fixture_free(redis);
}

static void connections_are_counted(enum client_mode mode)
{
    struct client client;
    sio_link_stats stats;

    open_client(&client, mode, 0);
    stats = client_stats(&client);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.connects, 1);
    assert_int_equal(stats.reconnects, 0);
    assert_int_equal(stats.outbox_publishes_bound, 65536);
    assert_int_equal(stats.outbox_bytes_bound, 16 * 1024 * 1024);
    redis_fixture_kill(redis);
    CLIENT_WAIT(&client, client_stats(&client).state != SIO_LINK_UP);
    assert_int_equal(client_stats(&client).connections, 0);
    redis_fixture_start(redis);
    CLIENT_WAIT(&client, client_up(&client));
    stats = client_stats(&client);
    assert_int_equal(stats.connections, 1);
    assert_int_equal(stats.connects, 2);
    assert_int_equal(stats.reconnects, 1);
    assert_int_equal(stats.disconnects, 1);
    close_client(&client);
}

static void connections_are_counted_thread(void **state)
{
    (void)state;
    connections_are_counted(THREADED);
}

static void connections_are_counted_loop(void **state)
{
    (void)state;
    connections_are_counted(ON_LOOP);
}

static void on_ready(void *owner)
{
    *(bool *)owner = true;
}

static void ignore_lost(void *owner, const char *text)
{
    (void)owner;
    (void)text;
}

static void subscribers_are_counted(void **state)
{
    static const struct sio__listener_ops ops = {.ready = on_ready, .lost = ignore_lost};
    struct sio__listener *listener;
    struct client client;
    bool ready = false;

    (void)state;
    open_client(&client, ON_LOOP, 0);
    assert_int_equal(sio__listener_new(client.link, &ops, &ready, &listener), SIO_OK);
    assert_int_equal(sio__listener_subscribe(listener, SIO__CHANNEL, SIO_STR("a"), 0), SIO_OK);
    CLIENT_WAIT(&client, ready);
    assert_int_equal(client_stats(&client).connections, 2);
    sio__listener_free(listener);
    close_client(&client);
}

static void assert_sane(const sio_round_trips *trips)
{
    assert_true(trips->count > 0 && trips->recent > 0 && trips->recent <= trips->count);
    assert_true(trips->p50_us <= trips->p90_us && trips->p90_us <= trips->p99_us);
    assert_true(trips->p99_us <= trips->max_us && trips->max_us <= trips->sum_us);
}

static void round_trips_are_measured(enum client_mode mode)
{
    struct client client;
    sio_round_trips trips;

    open_client(&client, mode, 0);
    assert_int_equal(client_stats(&client).round_trips.count, 0);
    for (int i = 1; i <= 50; i++) {
        client_publish(&client, "ch", i);
        CLIENT_WAIT(&client, client.ended == i);
    }
    CLIENT_WAIT(&client, client_stats(&client).round_trips.count == 50); /* one after the other */
    trips = client_stats(&client).round_trips;
    assert_sane(&trips);
    assert_true(trips.max_us < 5 * 1000 * 1000);
    close_client(&client);
}

static void round_trips_are_measured_thread(void **state)
{
    (void)state;
    round_trips_are_measured(THREADED);
}

static void round_trips_are_measured_loop(void **state)
{
    (void)state;
    round_trips_are_measured(ON_LOOP);
}

/* A Redis that pauses for 300 ms shows, and so does it if much is on its way. */
static void a_slow_redis_shows(enum client_mode mode)
{
    struct client client;
    sio_round_trips trips;

    open_client(&client, mode, 0);
    redis_fixture_command(redis, "CLIENT PAUSE 300 ALL");
    for (int i = 1; i <= 1000; i++)
        client_publish(&client, "ch", i);
    CLIENT_WAIT(&client, client.ended == 1000);
    CLIENT_WAIT(&client, client_stats(&client).round_trips.count > 0);
    trips = client_stats(&client).round_trips;
    assert_sane(&trips);
    assert_in_range(trips.max_us, 100 * 1000, 5 * 1000 * 1000);
    assert_true(trips.count < 1000); /* not each of them */
    close_client(&client);
}

static void a_slow_redis_shows_thread(void **state)
{
    (void)state;
    a_slow_redis_shows(THREADED);
}

static void a_slow_redis_shows_loop(void **state)
{
    (void)state;
    a_slow_redis_shows(ON_LOOP);
}

static void an_idle_link_measures_its_pings(enum client_mode mode)
{
    struct client client;
    sio_round_trips trips;

    open_client(&client, mode, 30);
    CLIENT_WAIT(&client, client_stats(&client).round_trips.count >= 3);
    trips = client_stats(&client).round_trips;
    assert_sane(&trips);
    assert_int_equal(client_stats(&client).published, 0);
    close_client(&client);
}

static void an_idle_link_measures_its_pings_thread(void **state)
{
    (void)state;
    an_idle_link_measures_its_pings(THREADED);
}

static void an_idle_link_measures_its_pings_loop(void **state)
{
    (void)state;
    an_idle_link_measures_its_pings(ON_LOOP);
}

/* What was on its way when the connection broke has no round trip, the next one has. */
static void a_lost_connection_is_no_round_trip(void **state)
{
    struct client client;
    sio_round_trips trips;
    int64_t began;

    (void)state;
    open_client(&client, THREADED, 0);
    redis_fixture_stop(redis);
    client_publish(&client, "ch", 1);
    CLIENT_WAIT(&client, client_stats(&client).bytes_out > 60); /* it has been written */
    redis_fixture_kill(redis);
    CLIENT_WAIT(&client, client_stats(&client).disconnects == 1);
    began = fixture_now_ms();
    CLIENT_WAIT(&client, fixture_now_ms() - began > 500);
    redis_fixture_start(redis);
    began = fixture_now_ms();
    CLIENT_WAIT(&client, client.ended == 1);
    CLIENT_WAIT(&client, client_stats(&client).round_trips.count == 1);
    trips = client_stats(&client).round_trips;
    assert_true(trips.max_us < 500 * 1000 + 1000 * (uint32_t)(fixture_now_ms() - began));
    close_client(&client);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(connections_are_counted_thread),
    cmocka_unit_test(connections_are_counted_loop),
    cmocka_unit_test(subscribers_are_counted),
    cmocka_unit_test(round_trips_are_measured_thread),
    cmocka_unit_test(round_trips_are_measured_loop),
    cmocka_unit_test(a_slow_redis_shows_thread),
    cmocka_unit_test(a_slow_redis_shows_loop),
    cmocka_unit_test(an_idle_link_measures_its_pings_thread),
    cmocka_unit_test(an_idle_link_measures_its_pings_loop),
    cmocka_unit_test(a_lost_connection_is_no_round_trip),
};

SIO_TEST_MAIN(tests)
