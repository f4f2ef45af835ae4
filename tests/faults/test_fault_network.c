/* SPDX-License-Identifier: MIT */
/* Between the link and Redis: slow, chopped, cut and silent connections (row 7), and
 * peers that close while something is being written (row 43). */
#include "ledger.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy.h"

/* -- 7: slow and chopped -- */

static void through_a_proxy(enum client_mode mode, int delay_ms, size_t chunk, int n)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    struct witness w;
    struct ledger l;
    sio_link_opts opts;

    proxy_delay(proxy, delay_ms);
    proxy_chunk(proxy, chunk);
    witness_start(&w, redis, n * 2);
    ledger_init(&l, mode, &opts, proxy_url(proxy), n);
    ledger_open(&l, &opts);
    ledger_run_to(&l, n, n);
    assert_int_equal(ledger_count(&l, SIO_OK), n);
    assert_int_equal(client_stats(&l.client).disconnects, 0);
    CLIENT_WAIT(&l.client, w.count == n);
    assert_int_equal(witness_duplicates(&w, NULL), 0);
    ledger_end(&l);
    witness_stop(&w);
    witness_fini(&w);
    proxy_free(proxy);
    redis_fixture_free(redis);
}

static void fault_07_latency_of_200_ms(enum client_mode mode)
{
    through_a_proxy(mode, 200, 0, 20000);
}

static void fault_07_one_byte_at_a_time(enum client_mode mode)
{
    through_a_proxy(mode, 0, 1, 300);
}

/* -- 7: reset at each byte -- */

static void reset_at(enum client_mode mode, const struct redis_fixture *redis, enum proxy_way way,
                     size_t offset)
{
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    int resent, again;
    struct witness w;
    struct ledger l;
    sio_link_opts opts;

    proxy_reset_at(proxy, way, offset);
    witness_start(&w, redis, 20);
    ledger_init(&l, mode, &opts, proxy_url(proxy), 3);
    opts.client_name = "tester";
    ledger_open(&l, &opts);
    ledger_run_to(&l, 3, 3);
    assert_int_equal(ledger_count(&l, SIO_OK), 3);
    CLIENT_WAIT(&l.client, w.count > 0 && w.numbers[w.count - 1] == 2);
    again = witness_duplicates(&w, NULL);
    resent = (int)client_stats(&l.client).resent;
    assert_true(again <= resent);
    assert_true(resent <= 3);
    assert_int_equal(w.count, 3 + again);
    if (proxy_has_reset(proxy)) /* or all was over before the last byte */
        CLIENT_WAIT(&l.client, l.client.downs == 1);
    ledger_end(&l);
    witness_stop(&w);
    witness_fini(&w);
    proxy_free(proxy);
}

static void resets(enum client_mode mode, enum proxy_way way, size_t last)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    size_t step = at_full_length() || last < 50 ? 1 : 5;

    for (size_t offset = 1; offset <= last; offset += step)
        reset_at(mode, redis, way, offset);
    redis_fixture_free(redis);
}

/* Greeting and three emits have 348 bytes, their answers 5 + 30 + 3 * 4. */
static void fault_07_reset_amid_commands(enum client_mode mode)
{
    resets(mode, PROXY_UP, 348);
}

static void fault_07_reset_amid_answers(enum client_mode mode)
{
    resets(mode, PROXY_DOWN, 46);
}

/* -- 7: black holes -- */

struct limits {
    unsigned ping_ms, command_ms;
};

static struct limits limits(void)
{
    return at_full_length() ? (struct limits){10000, 5000} : (struct limits){800, 400};
}

/* With so many emits unanswered. */
static void hole(enum client_mode mode, int emits)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    struct limits limit = limits();
    unsigned due_ms = emits > 0 ? limit.command_ms : limit.ping_ms + limit.command_ms;
    struct ledger l;
    sio_link_opts opts;
    int64_t begin, took;

    ledger_init(&l, mode, &opts, proxy_url(proxy), 200 + emits);
    opts.ping_interval_ms = limit.ping_ms;
    opts.command_timeout_ms = opts.connect_timeout_ms = limit.command_ms;
    ledger_open(&l, &opts);
    ledger_run_to(&l, 100, 100);
    proxy_hole(proxy, true);
    begin = fixture_now_ms();
    ledger_emit_to(&l, 100 + emits);
    while (l.client.downs == 0 && fixture_now_ms() <= begin + due_ms + LATE_MS * slowness())
        client_turn(&l.client);
    took = fixture_now_ms() - begin;
    print_message("found after %ld ms\n", (long)took);
    assert_int_equal(l.client.downs, 1);
    assert_true(took >= (int64_t)due_ms - 50); /* when idle, it asked before */
    proxy_hole(proxy, false);
    ledger_run_to(&l, 200 + emits, 200 + emits);
    assert_int_equal(ledger_count(&l, SIO_OK), 200 + emits);
    assert_int_equal(client_stats(&l.client).disconnects, 1);
    if (emits <= 100)
        assert_int_equal(client_stats(&l.client).resent, emits);
    ledger_end(&l);
    proxy_free(proxy);
    redis_fixture_free(redis);
}

static void fault_07_a_black_hole_when_idle(enum client_mode mode)
{
    hole(mode, 0);
}

static void fault_07_a_black_hole_when_busy(enum client_mode mode)
{
    hole(mode, 100);
}

/* Where answers are looked for at intervals instead of awaited. */
static void fault_07_a_black_hole_when_very_busy(enum client_mode mode)
{
    hole(mode, 30000);
}

static void set_loopback(bool up)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    request.ifr_flags = up ? IFF_UP | IFF_RUNNING : 0;
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    close(fd);
}

/* A network of its own, whose only link is taken down: nothing is acknowledged, even. */
static void fault_07_the_cable_is_cut(enum client_mode mode)
{
    struct limits limit = limits();
    struct redis_fixture *redis;
    struct ledger l;
    sio_link_opts opts;
    int64_t begin;

    if (unshare(CLONE_NEWNET) < 0)
        SIO_SKIP("not allowed to make a network namespace");
    set_loopback(true);
    redis = redis_fixture_new(REDIS_TCP, NULL);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 300);
    opts.ping_interval_ms = limit.ping_ms;
    opts.command_timeout_ms = opts.connect_timeout_ms = limit.command_ms;
    ledger_open(&l, &opts);
    ledger_run_to(&l, 100, 100);
    begin = fixture_now_ms();
    set_loopback(false);
    CLIENT_WAIT(&l.client, client_stats(&l.client).disconnects == 1);
    assert_true(fixture_now_ms() - begin <=
                limit.ping_ms + limit.command_ms + (unsigned)(LATE_MS * slowness()));
    ledger_emit_to(&l, 300);
    assert_int_equal(l.ended, 100);
    set_loopback(true);
    ledger_run_to(&l, 300, 300);
    assert_int_equal(ledger_count(&l, SIO_OK), 300);
    ledger_end(&l);
    redis_fixture_free(redis);
}

/* A listener that never accepts: TCP connects, and nothing answers. */
static void fault_07_silence_ends_at_the_connect_timeout(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    int64_t begin = fixture_now_ms();
    struct client client;
    sio_link_opts opts;

    proxy_hole(proxy, true);
    client_init(&client, mode, &opts, proxy_url(proxy));
    opts.connect_timeout_ms = 100;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client.downs > 0);
    assert_true(fixture_now_ms() - begin >= 95);
    assert_true(ledger_says(&client, "no answer for 100 ms"));
    client_free(&client);
    proxy_free(proxy);
    redis_fixture_free(redis);
}

/* -- 43: SIGPIPE at its default -- */

static void fault_43_reset_in_the_middle_of_a_write(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));
    struct ledger l;
    sio_link_opts opts;

    signal(SIGPIPE, SIG_DFL);
    ledger_init(&l, mode, &opts, proxy_url(proxy), 20);
    l.padding = 1 << 20;
    ledger_open(&l, &opts);
    ledger_run_to(&l, 2, 2);
    proxy_reset_at(proxy, PROXY_UP, 5 << 20);
    ledger_run_to(&l, 20, 20);
    assert_true(proxy_has_reset(proxy));
    assert_int_equal(client_stats(&l.client).disconnects, 1);
    assert_int_equal(ledger_count(&l, SIO_OK), 20);
    ledger_end(&l);
    proxy_free(proxy);
    redis_fixture_free(redis);
}

static void fault_43_killed_while_it_is_written_to(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;

    signal(SIGPIPE, SIG_DFL);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 10000);
    ledger_open(&l, &opts);
    CLIENT_WAIT(&l.client, client_up(&l.client));
    redis_fixture_kill(redis);
    ledger_emit_to(&l, 10000); /* on a loop written along the way, before it sees the end */
    CLIENT_WAIT(&l.client, l.client.downs > 0);
    redis_fixture_start(redis);
    ledger_run_to(&l, 10000, 10000);
    assert_int_equal(ledger_count(&l, SIO_OK), 10000);
    ledger_end(&l);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_07_latency_of_200_ms)
IN_BOTH_MODES(fault_07_one_byte_at_a_time)
IN_BOTH_MODES(fault_07_reset_amid_commands)
IN_BOTH_MODES(fault_07_reset_amid_answers)
IN_BOTH_MODES(fault_07_a_black_hole_when_idle)
IN_BOTH_MODES(fault_07_a_black_hole_when_busy)
IN_BOTH_MODES(fault_07_a_black_hole_when_very_busy)
IN_BOTH_MODES(fault_07_the_cable_is_cut)
IN_BOTH_MODES(fault_07_silence_ends_at_the_connect_timeout)
IN_BOTH_MODES(fault_43_reset_in_the_middle_of_a_write)
IN_BOTH_MODES(fault_43_killed_while_it_is_written_to)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_07_latency_of_200_ms_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_latency_of_200_ms_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_one_byte_at_a_time_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_one_byte_at_a_time_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_reset_amid_commands_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_reset_amid_commands_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_reset_amid_answers_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_reset_amid_answers_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_a_black_hole_when_idle_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_a_black_hole_when_idle_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_a_black_hole_when_busy_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_a_black_hole_when_busy_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_a_black_hole_when_very_busy_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_a_black_hole_when_very_busy_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_the_cable_is_cut_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_the_cable_is_cut_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_silence_ends_at_the_connect_timeout_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_silence_ends_at_the_connect_timeout_loop, turns_check),
    cmocka_unit_test_teardown(fault_43_reset_in_the_middle_of_a_write_thread, turns_check),
    cmocka_unit_test_teardown(fault_43_reset_in_the_middle_of_a_write_loop, turns_check),
    cmocka_unit_test_teardown(fault_43_killed_while_it_is_written_to_thread, turns_check),
    cmocka_unit_test_teardown(fault_43_killed_while_it_is_written_to_loop, turns_check),
};

SIO_TEST_MAIN(tests)
