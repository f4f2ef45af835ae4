/* SPDX-License-Identifier: MIT */
/* Clocks that jump (row 40): clock_gettime() and gettimeofday() are replaced for the whole
 * program, libevent included. */
#include "ledger.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "proxy.h"

static _Atomic int64_t wall_offset, monotonic_offset; /* seconds */

SIO_API int clock_gettime(clockid_t clock, struct timespec *ts)
{
    int result = (int)syscall(SYS_clock_gettime, clock, ts);

    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        ts->tv_sec += wall_offset;
    else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_BOOTTIME)
        ts->tv_sec += monotonic_offset;
    return result;
}

SIO_API int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}

enum { HOUR = 3600 };

/* NTP sets the time of day: nobody here looks at it. */
static void fault_40_the_time_of_day_is_set(enum client_mode mode)
{
    static const int64_t steps[] = {HOUR, -HOUR, 0, -2 * HOUR};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 10000);
    ledger_open(&l, &opts);
    for (size_t i = 0; i < 4; i++) {
        ledger_run_to(&l, l.sent + 500, l.ended);
        redis_fixture_stop(redis);
        ledger_run_to(&l, l.sent + 500, l.ended); /* with some unanswered */
        wall_offset = steps[i];
        redis_fixture_cont(redis);
        ledger_run_to(&l, l.sent, l.sent);
    }
    assert_int_equal(ledger_count(&l, SIO_OK), 4000);
    assert_int_equal(client_stats(&l.client).disconnects, 0);
    redis_fixture_kill(redis);
    ledger_emit_to(&l, l.sent + 100);
    CLIENT_WAIT(&l.client, l.client.downs > 0);
    wall_offset = 10 * HOUR; /* far beyond any TTL */
    CLIENT_WAIT(&l.client, l.client.downs > 5);
    wall_offset = -10 * HOUR;
    CLIENT_WAIT(&l.client, l.client.downs > 7);
    redis_fixture_start(redis);
    ledger_run_to(&l, l.sent, l.sent);
    assert_int_equal(ledger_count(&l, SIO_OK), 4100);
    wall_offset = 0;
    ledger_end(&l);
    redis_fixture_free(redis);
}

/* A machine wakes after an hour in which its clocks went on (CLOCK_MONOTONIC stands still
 * while Linux sleeps, but not while a virtual machine is stopped): the peer is still
 * there, and nothing is lost but, at most, one connection. */
static void fault_40_an_hour_passes_at_once(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 4000);
    opts.ping_interval_ms = 300;
    ledger_open(&l, &opts);
    for (int hour = 1; hour <= 4; hour++) {
        uint64_t in;

        ledger_run_to(&l, hour * 1000, hour * 1000);
        CLIENT_WAIT(&l.client, client_stats(&l.client).outbox_publishes == 0);
        in = client_stats(&l.client).bytes_in;
        monotonic_offset += HOUR;
        if (hour % 2 == 0) /* idle, it asks whether the peer is there; else it is busy at once */
            CLIENT_WAIT(&l.client, client_stats(&l.client).bytes_in > in);
    }
    assert_int_equal(ledger_count(&l, SIO_OK), 4000);
    assert_true(client_stats(&l.client).disconnects <= 1);
    assert_int_equal(client_stats(&l.client).attempts_failed, 0);
    ledger_end(&l);
    redis_fixture_free(redis);
}

/* The same, and the connection died meanwhile, without a word: found by one PING. */
static void fault_40_an_hour_later_the_peer_is_gone(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    struct ledger l;
    sio_link_opts opts;
    int64_t turns;

    ledger_init(&l, mode, &opts, proxy_url(proxy), 300);
    opts.ping_interval_ms = 500;
    opts.command_timeout_ms = 300;
    ledger_open(&l, &opts);
    ledger_run_to(&l, 100, 100);
    proxy_hole(proxy, true);
    turns = turns_count();
    monotonic_offset += HOUR;
    CLIENT_WAIT(&l.client, l.client.downs == 1);
    if (mode == THREADED)
        assert_true(turns_count() - turns < 100); /* no storm of timers */
    proxy_hole(proxy, false);
    ledger_run_to(&l, 300, 300);
    assert_int_equal(ledger_count(&l, SIO_OK), 300);
    assert_int_equal(client_stats(&l.client).disconnects, 1);
    ledger_end(&l);
    proxy_free(proxy);
    redis_fixture_free(redis);
}

/* While Redis is away: what waits is an hour old now, ends so, once, and in order; and
 * the attempts go on at their pace. */
static void fault_40_an_hour_passes_in_an_outage(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;
    uint64_t attempts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 2000);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 100, 100);
    redis_fixture_kill(redis);
    CLIENT_WAIT(&l.client, l.client.downs > 2);
    ledger_emit_to(&l, 1000);
    attempts = client_stats(&l.client).attempts_failed;
    monotonic_offset += HOUR;
    ledger_run_to(&l, 1000, 1000);
    assert_int_equal(ledger_count(&l, SIO_EXPIRED), 900);
    assert_true(client_stats(&l.client).attempts_failed - attempts < 20);
    redis_fixture_start(redis);
    ledger_run_to(&l, 1100, 1100);
    assert_int_equal(ledger_count(&l, SIO_OK), 200);
    ledger_end(&l);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_40_the_time_of_day_is_set)
IN_BOTH_MODES(fault_40_an_hour_passes_at_once)
IN_BOTH_MODES(fault_40_an_hour_later_the_peer_is_gone)
IN_BOTH_MODES(fault_40_an_hour_passes_in_an_outage)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_40_the_time_of_day_is_set_thread, turns_check),
    cmocka_unit_test_teardown(fault_40_the_time_of_day_is_set_loop, turns_check),
    cmocka_unit_test_teardown(fault_40_an_hour_passes_at_once_thread, turns_check),
    cmocka_unit_test_teardown(fault_40_an_hour_passes_at_once_loop, turns_check),
    cmocka_unit_test_teardown(fault_40_an_hour_later_the_peer_is_gone_thread, turns_check),
    cmocka_unit_test_teardown(fault_40_an_hour_later_the_peer_is_gone_loop, turns_check),
    cmocka_unit_test_teardown(fault_40_an_hour_passes_in_an_outage_thread, turns_check),
    cmocka_unit_test_teardown(fault_40_an_hour_passes_in_an_outage_loop, turns_check),
};

SIO_TEST_MAIN(tests)
