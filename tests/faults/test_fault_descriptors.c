/* SPDX-License-Identifier: MIT */
/* No descriptor is left (row 41): at the first attempt, and at a later one. */
#include "ledger.h"

#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include <hiredis/hiredis.h>

static struct rlimit limit;

/* What is open stays open, and no number from `from` on can be opened. */
static void take_descriptors_away(rlim_t from)
{
    struct rlimit none;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = from;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

static void give_descriptors_back(void)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* It says what is missing, waits between its attempts, and comes up once there is one. */
static void starve(struct ledger *l, enum client_mode mode, const char *word)
{
    int64_t begin_ms = fixture_now_ms(), begin_turns = turns_count();
    int downs = l->client.downs;

    CLIENT_WAIT(&l->client, l->client.downs >= downs + 6);
    assert_true(ledger_says(&l->client, word));
    if (mode == THREADED)
        assert_true(turns_count() - begin_turns < 100);
    assert_true(fixture_now_ms() - begin_ms > 50);
    give_descriptors_back();
    ledger_run_to(l, l->size, l->size);
    assert_int_equal(ledger_count(l, SIO_OK), l->size);
    ledger_end(l);
}

static void at_connect(enum client_mode mode, enum redis_topology topology, const char *host,
                       const char *word)
{
    struct redis_fixture *redis = redis_fixture_new(topology, NULL);
    const char *url = redis_fixture_url(redis);
    char named[64];
    struct ledger l;
    sio_link_opts opts;

    if (host != NULL) {
        snprintf(named, sizeof named, "redis://%s%s", host, strrchr(url, ':'));
        url = named;
    }
    ledger_init(&l, mode, &opts, url, 100);
    ledger_open(&l, &opts);
    take_descriptors_away(STDERR_FILENO + 1);
    ledger_emit_to(&l, 50);
    starve(&l, mode, word);
    redis_fixture_free(redis);
}

/* On a loop alone: on a thread of its own, the first attempt races with the limit. */
static void fault_41_no_descriptor_to_connect_with(void **state)
{
    (void)state;
    at_connect(ON_LOOP, REDIS_UNIX, NULL, "Too many open files");
    at_connect(ON_LOOP, REDIS_TCP, NULL, "no descriptor");
    at_connect(ON_LOOP, REDIS_TCP, "localhost", "no descriptor");
}

static void at_reconnect(enum client_mode mode, enum redis_topology topology, const char *word)
{
    struct redis_fixture *redis = redis_fixture_new(topology, NULL);
    redisContext *admin = redis_fixture_connect(redis);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 100);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 50, 50);
    take_descriptors_away(STDERR_FILENO + 1);
    freeReplyObject(redisCommand(admin, "CLIENT KILL TYPE normal SKIPME yes"));
    CLIENT_WAIT(&l.client, client_stats(&l.client).disconnects == 1);
    starve(&l, mode, word);
    redisFree(admin);
    redis_fixture_free(redis);
}

static void fault_41_no_descriptor_to_come_back_with(enum client_mode mode)
{
    at_reconnect(mode, REDIS_UNIX, "Too many open files");
    at_reconnect(mode, REDIS_TCP, "no descriptor");
}

static void fault_41_no_descriptor_for_a_new_link(void **state)
{
    struct client client;
    sio_link_opts opts;
    char err[100];

    (void)state;
    client_init(&client, THREADED, &opts, "unix:///nonexistent");
    take_descriptors_away(STDERR_FILENO + 1);
    assert_int_equal(sio_link_new(&opts, &client.link, err, sizeof err), SIO_ESYS);
    assert_string_equal(err, sio_status_text(SIO_ESYS));
    assert_null(client.link);
    give_descriptors_back();
    client_open(&client, &opts);
    client_free(&client);
}

static void quiet(int severity, const char *text)
{
    (void)severity;
    (void)text;
}

/* With a limit below the number of descriptors that are waited for, poll() itself is
 * refused: the link's thread must not spin, and goes on afterwards. */
static void fault_41_not_even_poll(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    int64_t begin_ms, begin_turns;
    struct ledger l;
    sio_link_opts opts;

    (void)state;
    event_set_log_callback(quiet);
    ledger_init(&l, THREADED, &opts, redis_fixture_url(redis), 100);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 50, 50);
    take_descriptors_away(0);
    ledger_emit_to(&l, 60); /* wakes it up */
    begin_ms = fixture_now_ms();
    begin_turns = turns_count();
    while (fixture_now_ms() < begin_ms + 500)
        client_turn(&l.client);
    assert_true(turns_count() - begin_turns < 50);
    give_descriptors_back();
    ledger_run_to(&l, 100, 100);
    assert_int_equal(ledger_count(&l, SIO_OK), 100);
    ledger_end(&l);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_41_no_descriptor_to_come_back_with)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_41_no_descriptor_to_connect_with, turns_check),
    cmocka_unit_test_teardown(fault_41_no_descriptor_for_a_new_link, turns_check),
    cmocka_unit_test_teardown(fault_41_not_even_poll, turns_check),
    cmocka_unit_test_teardown(fault_41_no_descriptor_to_come_back_with_thread, turns_check),
    cmocka_unit_test_teardown(fault_41_no_descriptor_to_come_back_with_loop, turns_check),
};

SIO_TEST_MAIN(tests)
