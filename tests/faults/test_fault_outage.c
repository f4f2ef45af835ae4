/* SPDX-License-Identifier: MIT */
/* Redis goes away, sleeps or pauses: rows 1, 2, 3, 5 and 6. */
#include "setups.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* What has been used of all CPUs, and by this process. */
struct use {
    int64_t all_ms, own_ms, wall_ms;
};

static struct use use_now(void)
{
    struct use use = {.wall_ms = fixture_now_ms()};
    long long user = 0, nice = 0, kernel = 0, irq = 0, softirq = 0, stolen = 0;
    FILE *stat = fopen("/proc/stat", "re");
    struct rusage own;

    assert_non_null(stat);
    assert_int_equal(fscanf(stat, "cpu %lld %lld %lld %*d %*d %lld %lld %lld", &user, &nice,
                            &kernel, &irq, &softirq, &stolen),
                     6);
    fclose(stat);
    use.all_ms = (user + nice + kernel + irq + softirq + stolen) * (1000 / sysconf(_SC_CLK_TCK));
    assert_int_equal(getrusage(RUSAGE_SELF, &own), 0);
    use.own_ms = (own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1000 +
                 (own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1000;
    return use;
}

/* Two seconds are promised for a machine that has nothing else to do. Others, the Redis here
 * among them, may have had a quarter of it; if it was more, only the CPU time is judged. */
static void assert_drained_in_time(const struct use *from)
{
    struct use now = use_now();
    int64_t took_ms = now.wall_ms - from->wall_ms, own_ms = now.own_ms - from->own_ms;
    int64_t others_ms = now.all_ms - from->all_ms - own_ms, due_ms = 2000 * slowness();
    bool busy = others_ms > took_ms * sysconf(_SC_NPROCESSORS_ONLN) / 4;

    print_message("drained in %ld ms, %ld of CPU, %ld of others'\n", (long)took_ms, (long)own_ms,
                  (long)others_ms);
    assert_true(took_ms <= due_ms || busy);
    assert_true(own_ms <= due_ms);
}

static void killed(enum client_mode mode, enum redis_topology topology, size_t padding)
{
    struct witness before, after;
    struct on_redis t;
    struct use back;
    size_t most;
    int size = padding > 0 ? 20000 : MANY, gaps, first;

    on_redis_prepare(&t, mode, topology, no_limit, size);
    witness_start(&before, t.redis, size * 2);
    t.l.padding = padding;
    on_redis_open(&t);
    ledger_run_to(&t.l, size / 4, size / 4);
    ledger_emit_to(&t.l, size / 2); /* some of it in flight, some of it not */
    redis_fixture_kill(t.redis);
    CLIENT_WAIT(&t.l.client, t.l.client.downs > 0);
    witness_join(&before);
    most = outage(&t.l, fixture_now_ms() + 5000);
    print_message("at most %zu KiB more\n", (most - t.l.rss_before) / 1024);
    assert_true(most - t.l.rss_before <= t.opts.outbox_bytes + SLACK || slowness() > 3);
    redis_fixture_start(t.redis);
    back = use_now();
    witness_start(&after, t.redis, size * 2);
    ledger_run_to(&t.l, size, size);
    assert_drained_in_time(&back);
    assert_int_equal(ledger_count(&t.l, SIO_OK), size);
    CLIENT_WAIT(&t.l.client, after.count > 0 && after.numbers[after.count - 1] == size - 1);
    assert_int_equal(witness_duplicates(&before, NULL), 0);
    witness_duplicates(&after, &gaps);
    assert_int_equal(gaps, 0);
    assert_int_equal(before.numbers[0], 0);
    first = before.numbers[before.count - 1] + 1 - after.numbers[0]; /* came to both */
    assert_true(first <= (int)client_stats(&t.l.client).resent);
    assert_int_equal(client_stats(&t.l.client).disconnects, 1);
    assert_int_equal(client_stats(&t.l.client).accepted, size);
    witness_stop(&after);
    witness_fini(&before);
    witness_fini(&after);
    on_redis_end(&t);
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

static void fault_01_killed_amid_100000_thread_tls(void **state)
{
    (void)state;
    killed(THREADED, REDIS_TLS, 0);
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
    unsigned ttl_ms = at_full_length() ? 30000 : 1000;
    int64_t begin, next_ms;
    struct on_redis t;
    size_t early = 0, late;
    int expired;

    on_redis_prepare(&t, mode, REDIS_UNIX, no_limit, 400000);
    t.opts.outbox_ttl_ms = ttl_ms;
    t.l.padding = at_full_length() ? 100 : 1000;
    on_redis_open(&t);
    ledger_run_to(&t.l, 1000, 1000);
    redis_fixture_kill(t.redis);
    begin = next_ms = fixture_now_ms();
    while (fixture_now_ms() < begin + 2 * (int64_t)ttl_ms + 2500) {
        for (; next_ms <= fixture_now_ms(); next_ms++) { /* 2,000 a second */
            ledger_emit_to(&t.l, t.l.sent + 2 < t.l.size ? t.l.sent + 2 : t.l.size);
        }
        client_turn(&t.l.client);
        if (early == 0 && fixture_now_ms() > begin + ttl_ms + 500)
            early = allocated_now();
    }
    late = allocated_now();
    print_message("%zu KiB, then %zu KiB\n", early / 1024, late / 1024);
    assert_true(late < early + (2 << 20) || slowness() > 3); /* it does not go on growing */
    redis_fixture_start(t.redis);
    ledger_run_to(&t.l, t.l.sent, t.l.sent);
    ledger_run_to(&t.l, t.l.sent + 100, t.l.sent + 100);
    expired = ledger_count(&t.l, SIO_EXPIRED);
    assert_true(expired > (int)ttl_ms);
    assert_int_equal(ledger_count(&t.l, SIO_OK) + expired, t.l.sent);
    assert_int_equal(client_stats(&t.l.client).failed[SIO_EXPIRED], expired);
    for (int i = 1001; i < 1000 + expired; i++) /* the oldest ones, not some in between */
        assert_int_equal(t.l.entries[i].status, SIO_EXPIRED);
    on_redis_end(&t);
}

/* An outbox full of them, and all at once. */
static void fault_02_a_full_outbox_expires_at_once(enum client_mode mode)
{
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, "unix:///nonexistent/socket", 70000);
    opts.outbox_ttl_ms = slowness() > 3 ? 6000 : 1500; /* longer than filling it takes */
    ledger_open(&l, &opts);
    ledger_emit_to(&l, l.size);
    assert_int_equal(l.sent, 65536);
    ledger_run_to(&l, 65536, 65536);
    assert_int_equal(ledger_count(&l, SIO_EXPIRED), 65536);
    CLIENT_WAIT(&l.client, client_stats(&l.client).outbox_bytes == 0);
    assert_true(l.client.writables >= 1);
    assert_int_equal(ledger_emit(&l), SIO_OK);
    ledger_end(&l);
}

static void fault_02_what_redis_obeyed_late_is_not_answered_for_others(enum client_mode mode)
{
    struct on_redis t;

    on_redis_prepare(&t, mode, REDIS_UNIX, NULL, 1000);
    t.opts.outbox_ttl_ms = 500; /* and what Redis answers at once comes sooner */
    on_redis_open(&t);
    CLIENT_WAIT(&t.l.client, client_up(&t.l.client));
    redis_fixture_stop(t.redis);
    ledger_run_to(&t.l, 100, 100);
    assert_int_equal(ledger_count(&t.l, SIO_EXPIRED), 100);
    redis_fixture_cont(t.redis); /* its late answers are nobody's */
    ledger_run_to(&t.l, 200, 200);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 100);
    assert_int_equal(client_stats(&t.l.client).disconnects, 0);
    on_redis_end(&t);
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
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct attempts a;
    struct ledger l;
    sio_link_opts opts;

    redis_fixture_kill(redis);
    ledger_init(&l, mode, &opts, NULL, 1000);
    redis_fixture_link_opts(redis, &opts);
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
    int64_t until, turns;
    struct witness w;
    struct on_redis t;
    int seconds = at_full_length() ? 8 : 2, again;

    on_redis_prepare(&t, mode, REDIS_TCP, NULL, 1000);
    witness_start(&w, t.redis, 4000);
    if (!at_full_length())
        t.opts.command_timeout_ms = t.opts.connect_timeout_ms = 500;
    on_redis_open(&t);
    ledger_run_to(&t.l, 500, 500);
    redis_fixture_stop(t.redis);
    ledger_emit_to(&t.l, 600);
    turns = turns_count();
    until = fixture_now_ms() + seconds * 1000;
    while (fixture_now_ms() < until)
        client_turn(&t.l.client);
    if (mode == THREADED)
        assert_true(turns_count() - turns < 40 * seconds); /* it does not spin */
    assert_true(client_stats(&t.l.client).disconnects >= 1);
    assert_int_equal(t.l.ended, 500);
    redis_fixture_cont(t.redis);
    ledger_run_to(&t.l, 1000, 1000);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 1000);
    assert_int_equal(client_stats(&t.l.client).resent, 100);
    CLIENT_WAIT(&t.l.client, w.count > 0 && w.numbers[w.count - 1] == 999);
    again = witness_duplicates(&w, NULL); /* Redis obeys what lies in closed sockets, too */
    assert_true(again <= 100);
    assert_int_equal(w.count, 1000 + again);
    witness_stop(&w);
    witness_fini(&w);
    on_redis_end(&t);
}

/* -- 6: CLIENT PAUSE -- */

static void paused(enum client_mode mode, const char *what)
{
    int ms = at_full_length() ? 3000 : 800;
    char command[64];
    struct witness w;
    struct on_redis t;
    int64_t begin;

    on_redis_prepare(&t, mode, REDIS_ANY, NULL, 2000);
    witness_start(&w, t.redis, 4000);
    on_redis_open(&t);
    ledger_run_to(&t.l, 1000, 1000);
    snprintf(command, sizeof command, "CLIENT PAUSE %d %s", ms, what);
    redis_fixture_each(t.redis, command);
    begin = fixture_now_ms();
    ledger_emit_to(&t.l, 1001);
    ledger_run_to(&t.l, 1001, 1001);
    assert_true(fixture_now_ms() - begin >= ms - 100);
    ledger_run_to(&t.l, 2000, 2000);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 2000);
    CLIENT_WAIT(&t.l.client, w.count == 2000);
    assert_int_equal(witness_duplicates(&w, NULL), 0);
    assert_int_equal(client_stats(&t.l.client).disconnects, 0);
    assert_int_equal(client_stats(&t.l.client).resent, 0);
    witness_stop(&w);
    witness_fini(&w);
    on_redis_end(&t);
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
    cmocka_unit_test_teardown(fault_01_killed_amid_100000_thread_tls, turns_check),
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
    cmocka_unit_test_any_topology_teardown(fault_03_never_up_at_the_start_thread, turns_check),
    cmocka_unit_test_any_topology_teardown(fault_03_never_up_at_the_start_loop, turns_check),
    cmocka_unit_test_teardown(fault_05_stopped_and_continued_thread, turns_check),
    cmocka_unit_test_teardown(fault_05_stopped_and_continued_loop, turns_check),
    cmocka_unit_test_any_topology_teardown(fault_06_client_pause_all_thread, turns_check),
    cmocka_unit_test_any_topology_teardown(fault_06_client_pause_all_loop, turns_check),
    cmocka_unit_test_any_topology_teardown(fault_06_client_pause_write_thread, turns_check),
    cmocka_unit_test_any_topology_teardown(fault_06_client_pause_write_loop, turns_check),
};

SIO_TEST_MAIN(tests)
