/* SPDX-License-Identifier: MIT */
/* Redis goes away, sleeps or pauses: rows 1, 2, 3, 5 and 6. */
#include "ledger.h"

#include <string.h>

enum { MANY = 100000, SLACK = 16 << 20 /* bytes beyond the outbox's bound */ };

static const char *const no_limit[] = {"--client-output-buffer-limit", "pubsub 0 0 0", NULL};

/* -- 1: killed in the middle of 100,000 -- */

/* Go on emitting until `until_ms`, as callers do who do not know. Returns the most memory
 * that the process had meanwhile. */
static size_t outage(struct ledger *l, int64_t until_ms)
{
    size_t most = 0;

    while (fixture_now_ms() < until_ms) {
        size_t rss;

        ledger_emit_to(l, l->size);
        client_turn(&l->client);
        rss = rss_now();
        most = rss > most ? rss : most;
    }
    return most;
}

static void killed(enum client_mode mode, enum redis_transport transport, size_t padding)
{
    struct redis_fixture *redis = redis_fixture_new(transport, no_limit);
    struct witness before, after;
    struct ledger l;
    sio_link_opts opts;
    int64_t back_ms, took_ms;
    size_t most;
    int size = padding > 0 ? 20000 : MANY, gaps, first;

    witness_start(&before, redis, size * 2);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), size);
    l.padding = padding;
    ledger_open(&l, &opts);
    ledger_run_to(&l, size / 4, size / 4);
    ledger_emit_to(&l, size / 2); /* some of it in flight, some of it not */
    redis_fixture_kill(redis);
    CLIENT_WAIT(&l.client, l.client.downs > 0);
    witness_join(&before);
    most = outage(&l, fixture_now_ms() + 5000);
    assert_true(most - l.rss_before <= opts.outbox_bytes + SLACK || slowness() > 3);
    redis_fixture_start(redis);
    back_ms = fixture_now_ms();
    witness_start(&after, redis, size * 2);
    ledger_run_to(&l, size, size);
    took_ms = fixture_now_ms() - back_ms;
    print_message("drained in %ld ms, at most %zu KiB more\n", (long)took_ms,
                  (most - l.rss_before) / 1024);
    assert_true(took_ms <= 2000 * slowness());
    assert_int_equal(ledger_count(&l, SIO_OK), size);
    CLIENT_WAIT(&l.client, after.count > 0 && after.numbers[after.count - 1] == size - 1);
    assert_int_equal(witness_duplicates(&before, NULL), 0);
    witness_duplicates(&after, &gaps);
    assert_int_equal(gaps, 0);
    assert_int_equal(before.numbers[0], 0);
    first = before.numbers[before.count - 1] + 1 - after.numbers[0]; /* came to both */
    assert_true(first <= (int)client_stats(&l.client).resent);
    assert_int_equal(client_stats(&l.client).disconnects, 1);
    assert_int_equal(client_stats(&l.client).accepted, size);
    ledger_close(&l);
    ledger_balance(&l);
    ledger_fini(&l);
    witness_stop(&after);
    witness_fini(&before);
    witness_fini(&after);
    redis_fixture_free(redis);
}

static void fault_01_killed_amid_100000_thread_unix(void **state)
{
    (void)state;
    killed(THREADED, REDIS_UNIX, 0);
}

static void fault_01_killed_amid_100000_thread_tcp(void **state)
{
    (void)state;
    killed(THREADED, REDIS_TCP, 0);
}

static void fault_01_killed_amid_100000_loop_unix(void **state)
{
    (void)state;
    killed(ON_LOOP, REDIS_UNIX, 0);
}

static void fault_01_killed_amid_100000_loop_tcp(void **state)
{
    (void)state;
    killed(ON_LOOP, REDIS_TCP, 0);
}

/* Large ones fill the outbox's bytes before its number of publishes. */
static void fault_01_killed_amid_large_ones_thread(void **state)
{
    (void)state;
    killed(THREADED, REDIS_UNIX, 4000);
}

/* -- 2: away for longer than the TTL -- */

static void fault_02_away_for_longer_than_the_ttl(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, no_limit);
    unsigned ttl_ms = at_full_length() ? 30000 : 1000;
    int64_t begin, next_ms;
    struct ledger l;
    sio_link_opts opts;
    size_t early = 0, late;
    int expired;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 400000);
    opts.outbox_ttl_ms = ttl_ms;
    l.padding = at_full_length() ? 100 : 1000;
    ledger_open(&l, &opts);
    ledger_run_to(&l, 1000, 1000);
    redis_fixture_kill(redis);
    begin = next_ms = fixture_now_ms();
    while (fixture_now_ms() < begin + 2 * (int64_t)ttl_ms + 1000) {
        for (; next_ms <= fixture_now_ms(); next_ms++) { /* 2,000 a second */
            ledger_emit_to(&l, l.sent + 2 < l.size ? l.sent + 2 : l.size);
        }
        client_turn(&l.client);
        if (early == 0 && fixture_now_ms() > begin + ttl_ms + 500)
            early = rss_now();
    }
    late = rss_now();
    print_message("%zu KiB, then %zu KiB\n", early / 1024, late / 1024);
    assert_true(late < early + (1 << 20) || slowness() > 3); /* it does not go on growing */
    redis_fixture_start(redis);
    ledger_run_to(&l, l.sent, l.sent);
    ledger_run_to(&l, l.sent + 100, l.sent + 100);
    expired = ledger_count(&l, SIO_EXPIRED);
    assert_true(expired > (int)ttl_ms);
    assert_int_equal(ledger_count(&l, SIO_OK) + expired, l.sent);
    assert_int_equal(client_stats(&l.client).failed[SIO_EXPIRED], expired);
    for (int i = 1001; i < 1000 + expired; i++) /* the oldest ones, not some in between */
        assert_int_equal(l.entries[i].status, SIO_EXPIRED);
    ledger_close(&l);
    ledger_balance(&l);
    ledger_fini(&l);
    redis_fixture_free(redis);
}

/* An outbox full of them, and all at once. */
static void fault_02_a_full_outbox_expires_at_once(enum client_mode mode)
{
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, "unix:///nonexistent/socket", 70000);
    opts.outbox_ttl_ms = 1000;
    ledger_open(&l, &opts);
    ledger_emit_to(&l, l.size);
    assert_int_equal(l.sent, 65536);
    ledger_run_to(&l, 65536, 65536);
    assert_int_equal(ledger_count(&l, SIO_EXPIRED), 65536);
    CLIENT_WAIT(&l.client, client_stats(&l.client).outbox_bytes == 0);
    assert_true(l.client.writables >= 1);
    assert_int_equal(ledger_emit(&l), SIO_OK);
    ledger_close(&l);
    ledger_balance(&l);
    ledger_fini(&l);
}

static void fault_02_what_redis_obeyed_late_is_not_answered_for_others(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 1000);
    opts.outbox_ttl_ms = 100;
    ledger_open(&l, &opts);
    CLIENT_WAIT(&l.client, client_up(&l.client));
    redis_fixture_stop(redis);
    ledger_run_to(&l, 100, 100);
    assert_int_equal(ledger_count(&l, SIO_EXPIRED), 100);
    redis_fixture_cont(redis); /* its late answers are nobody's */
    ledger_run_to(&l, 200, 200);
    assert_int_equal(ledger_count(&l, SIO_OK), 100);
    assert_int_equal(client_stats(&l.client).disconnects, 0);
    ledger_close(&l);
    ledger_balance(&l);
    ledger_fini(&l);
    redis_fixture_free(redis);
}

/* -- 3: never there at the start -- */

struct attempts {
    struct client *client;
    sio_link_state_cb *counts;
    int failed;
    unsigned longest_ms, last_ms;
};

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    struct attempts *a = user;

    if (event->state == SIO_LINK_DOWN) {
        a->failed++;
        assert_int_equal(event->status, SIO_ECONN);
        assert_int_equal(event->attempt, a->failed);
        a->last_ms = event->retry_in_ms;
        a->longest_ms = a->last_ms > a->longest_ms ? a->last_ms : a->longest_ms;
    }
    a->counts(link, event, a->client);
}

static void on_log(sio_link *link, sio_log_level level, const char *line, void *user)
{
    struct attempts *a = user;
    size_t len = strlen(a->client->log);

    (void)link;
    (void)level;
    snprintf(a->client->log + len, sizeof a->client->log - len, "%s\n", line);
}

static void fault_03_never_up_at_the_start(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct attempts a;
    struct ledger l;
    sio_link_opts opts;

    redis_fixture_kill(redis);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 1000);
    a = (struct attempts){.client = &l.client, .counts = opts.on_state};
    opts.on_state = on_state;
    opts.on_log = on_log;
    opts.user = &a;
    ledger_open(&l, &opts);
    ledger_emit_to(&l, 1000);
    CLIENT_WAIT(&l.client, l.client.downs >= 8);
    assert_int_equal(l.ended, 0);
    redis_fixture_start(redis);
    ledger_run_to(&l, 1000, 1000);
    assert_int_equal(ledger_count(&l, SIO_OK), 1000);
    assert_int_equal(client_stats(&l.client).attempts_failed, a.failed);
    assert_true(a.longest_ms <= 1000);
    assert_true(a.longest_ms > 50); /* 50 ms is the first one's ceiling */
    ledger_close(&l);
    assert_non_null(strstr(l.client.log, "attempt 2 in "));
    ledger_balance(&l);
    ledger_fini(&l);
    redis_fixture_free(redis);
}

/* -- 5: SIGSTOP -- */

static void fault_05_stopped_and_continued(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    int64_t until, turns;
    struct witness w;
    struct ledger l;
    sio_link_opts opts;
    int seconds = at_full_length() ? 8 : 2, again;

    witness_start(&w, redis, 4000);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 1000);
    if (!at_full_length())
        opts.command_timeout_ms = opts.connect_timeout_ms = 500;
    ledger_open(&l, &opts);
    ledger_run_to(&l, 500, 500);
    redis_fixture_stop(redis);
    ledger_emit_to(&l, 600);
    turns = turns_count();
    until = fixture_now_ms() + seconds * 1000;
    while (fixture_now_ms() < until)
        client_turn(&l.client);
    if (mode == THREADED)
        assert_true(turns_count() - turns < 40 * seconds); /* it does not spin */
    assert_true(client_stats(&l.client).disconnects >= 1);
    assert_int_equal(l.ended, 500);
    redis_fixture_cont(redis);
    ledger_run_to(&l, 1000, 1000);
    assert_int_equal(ledger_count(&l, SIO_OK), 1000);
    assert_int_equal(client_stats(&l.client).resent, 100);
    CLIENT_WAIT(&l.client, w.count > 0 && w.numbers[w.count - 1] == 999);
    again = witness_duplicates(&w, NULL); /* Redis obeys what lies in closed sockets, too */
    assert_true(again <= 100);
    assert_int_equal(w.count, 1000 + again);
    ledger_close(&l);
    ledger_balance(&l);
    ledger_fini(&l);
    witness_stop(&w);
    witness_fini(&w);
    redis_fixture_free(redis);
}

/* -- 6: CLIENT PAUSE -- */

static void paused(enum client_mode mode, const char *what)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    int ms = at_full_length() ? 3000 : 800;
    char command[64];
    struct witness w;
    struct ledger l;
    sio_link_opts opts;
    int64_t begin;

    witness_start(&w, redis, 4000);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 2000);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 1000, 1000);
    snprintf(command, sizeof command, "CLIENT PAUSE %d %s", ms, what);
    redis_fixture_command(redis, command);
    begin = fixture_now_ms();
    ledger_emit_to(&l, 1001);
    ledger_run_to(&l, 1001, 1001);
    assert_true(fixture_now_ms() - begin >= ms - 100);
    ledger_run_to(&l, 2000, 2000);
    assert_int_equal(ledger_count(&l, SIO_OK), 2000);
    CLIENT_WAIT(&l.client, w.count == 2000);
    assert_int_equal(witness_duplicates(&w, NULL), 0);
    assert_int_equal(client_stats(&l.client).disconnects, 0);
    assert_int_equal(client_stats(&l.client).resent, 0);
    ledger_close(&l);
    ledger_balance(&l);
    ledger_fini(&l);
    witness_stop(&w);
    witness_fini(&w);
    redis_fixture_free(redis);
}

static void fault_06_client_pause_all(enum client_mode mode)
{
    paused(mode, "ALL");
}

static void fault_06_client_pause_write(enum client_mode mode)
{
    paused(mode, "WRITE");
}

IN_BOTH_MODES(fault_02_away_for_longer_than_the_ttl)
IN_BOTH_MODES(fault_02_a_full_outbox_expires_at_once)
IN_BOTH_MODES(fault_02_what_redis_obeyed_late_is_not_answered_for_others)
IN_BOTH_MODES(fault_03_never_up_at_the_start)
IN_BOTH_MODES(fault_05_stopped_and_continued)
IN_BOTH_MODES(fault_06_client_pause_all)
IN_BOTH_MODES(fault_06_client_pause_write)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_01_killed_amid_100000_thread_unix, turns_check),
    cmocka_unit_test_teardown(fault_01_killed_amid_100000_thread_tcp, turns_check),
    cmocka_unit_test_teardown(fault_01_killed_amid_100000_loop_unix, turns_check),
    cmocka_unit_test_teardown(fault_01_killed_amid_100000_loop_tcp, turns_check),
    cmocka_unit_test_teardown(fault_01_killed_amid_large_ones_thread, turns_check),
    cmocka_unit_test_teardown(fault_02_away_for_longer_than_the_ttl_thread, turns_check),
    cmocka_unit_test_teardown(fault_02_away_for_longer_than_the_ttl_loop, turns_check),
    cmocka_unit_test_teardown(fault_02_a_full_outbox_expires_at_once_thread, turns_check),
    cmocka_unit_test_teardown(fault_02_a_full_outbox_expires_at_once_loop, turns_check),
    cmocka_unit_test_teardown(fault_02_what_redis_obeyed_late_is_not_answered_for_others_thread,
                              turns_check),
    cmocka_unit_test_teardown(fault_02_what_redis_obeyed_late_is_not_answered_for_others_loop,
                              turns_check),
    cmocka_unit_test_teardown(fault_03_never_up_at_the_start_thread, turns_check),
    cmocka_unit_test_teardown(fault_03_never_up_at_the_start_loop, turns_check),
    cmocka_unit_test_teardown(fault_05_stopped_and_continued_thread, turns_check),
    cmocka_unit_test_teardown(fault_05_stopped_and_continued_loop, turns_check),
    cmocka_unit_test_teardown(fault_06_client_pause_all_thread, turns_check),
    cmocka_unit_test_teardown(fault_06_client_pause_all_loop, turns_check),
    cmocka_unit_test_teardown(fault_06_client_pause_write_thread, turns_check),
    cmocka_unit_test_teardown(fault_06_client_pause_write_loop, turns_check),
};

SIO_TEST_MAIN(tests)
