/* SPDX-License-Identifier: MIT */
/* Sentinel: rows 10, 11 and 12, and sentinels that are away, wrong or not to be believed. The
 * servers are real, as are the sentinels where they need not lie. */
#include "setups.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_sentinel.h"
#include "listen.h"

enum {
    PER_MS = 5, /* emits: 5,000 a second */
    MOST = 120000,
    DATA_NODES = 3,
    SENTINELS = 3,
    BACK_MS = 3000 /* after the promotion at the latest */
};

/* -- 10, 12: failovers under load -- */

struct failover {
    struct on_redis t;
    struct witness witnesses[DATA_NODES];
    redisContext *news[SENTINELS];
    int64_t begin_ms, ended_ms, outage_ms, back_ms, promoted_ms;
    int ended, emitted_ms; /* since begin_ms, emitted for so many */
};

static const char *const nodes[DATA_NODES] = {"server1", "server2", "server3"};
static const char *const sentinels[SENTINELS] = {"sentinel1", "sentinel2", "sentinel3"};

static void begin(struct failover *f, enum client_mode mode)
{
    static const char *const no_limit[] = {"--client-output-buffer-limit", "pubsub 0 0 0", NULL};
    struct redis_fixture_opts opts = {
        .topology = REDIS_SENTINEL, .args = no_limit, .failure_ms = 1000};

    memset(f, 0, sizeof *f);
    f->t.redis = redis_fixture_new_with(&opts);
    ledger_init(&f->t.l, mode, &f->t.opts, redis_fixture_url(f->t.redis), MOST);
    for (int i = 0; i < DATA_NODES; i++)
        witness_follow(&f->witnesses[i], f->t.redis, nodes[i], MOST * 2);
    for (int i = 0; i < SENTINELS; i++) {
        f->news[i] = redis_fixture_connect_to(f->t.redis, sentinels[i]);
        freeReplyObject(redisCommand(f->news[i], "PSUBSCRIBE +promoted-slave +switch-master"));
    }
    on_redis_open(&f->t);
    CLIENT_WAIT(&f->t.l.client, client_up(&f->t.l.client));
    f->begin_ms = f->ended_ms = fixture_now_ms();
}

/* When does the first of them speak of a promotion? */
static void look_for_news(struct failover *f)
{
    for (int i = 0; i < SENTINELS && f->promoted_ms == 0; i++) {
        struct pollfd fd = {.fd = f->news[i]->fd, .events = POLLIN};
        redisReply *reply = NULL;

        /* The second confirmation is read in the same way. */
        while (f->promoted_ms == 0 && poll(&fd, 1, 0) > 0 &&
               redisGetReply(f->news[i], (void **)&reply) == REDIS_OK) {
            if (strcmp(reply->element[0]->str, "pmessage") == 0)
                f->promoted_ms = fixture_now_ms();
            freeReplyObject(reply);
        }
    }
}

/* Emits at the load's pace for so many milliseconds. */
static void load(struct failover *f, int ms)
{
    struct ledger *l = &f->t.l;
    int64_t until = fixture_now_ms() + ms, now;

    while ((now = fixture_now_ms()) < until) {
        for (; f->emitted_ms < now - f->begin_ms; f->emitted_ms++)
            ledger_emit_to(l, l->sent + PER_MS < MOST ? l->sent + PER_MS : MOST);
        client_turn(&l->client);
        look_for_news(f);
        if (l->ended == f->ended)
            continue;
        if (now - f->ended_ms > f->outage_ms) {
            f->outage_ms = now - f->ended_ms;
            f->back_ms = now;
        }
        f->ended = l->ended;
        f->ended_ms = now;
    }
}

/* Why it may be that the sentinels have promoted nobody. */
static void fail_without_promotion(const struct failover *f)
{
    for (int i = 0; i < SENTINELS; i++) {
        redisContext *sentinel = redis_fixture_connect_to(f->t.redis, sentinels[i]);
        redisReply *reply = redisCommand(sentinel, "INFO sentinel");

        print_message("%s: %s\n", sentinels[i], reply != NULL ? reply->str : sentinel->errstr);
        freeReplyObject(reply);
        redisFree(sentinel);
    }
    fail_msg("nobody has been promoted");
}

/* A replica is promoted first; once the others follow it, the sentinels name it. */
static bool is_over(const struct failover *f)
{
    return f->promoted_ms != 0 && strcmp(redis_fixture_master(f->t.redis), "server1") != 0;
}

/* Emits until the failover is over, and what was emitted since has ended. */
static void load_until_back(struct failover *f)
{
    int64_t limit = fixture_now_ms() + 25000 * slowness();

    while (!is_over(f)) {
        if (fixture_now_ms() > limit)
            fail_without_promotion(f);
        load(f, 10);
    }
    load(f, 1500);
    ledger_run_to(&f->t.l, f->t.l.sent, f->t.l.sent);
}

static const struct witness *witness_of(const struct failover *f, const char *server)
{
    int i = 0;

    while (strcmp(nodes[i], server) != 0)
        i++;
    return &f->witnesses[i];
}

/* The witness saw numbers of this load, and those below `answered` once at most. */
static void count_seen(const struct witness *w, int answered, int *seen)
{
    int *times = calloc(MOST, sizeof *times);

    assert_non_null(times);
    for (int i = 0; i < w->count; i++) {
        int n = w->numbers[i];

        if (++times[n] > 1 && n < answered)
            fail_msg("%d came again, though it had been answered", n);
        seen[n]++;
    }
    free(times);
}

/* Each of the emits reached those who were subscribed to the old master or those at the new
 * one, in order, and again only if it had no answer by then. What its master did not bring to
 * the promoted one in time is not missing there, if it was answered: that is said, not judged. */
static void judge(struct failover *f, int answered_before)
{
    const char *master = redis_fixture_master(f->t.redis);
    const struct witness *old = witness_of(f, "server1"), *promoted = witness_of(f, master);
    int *seen = calloc(MOST, sizeof *seen), lost, again;

    assert_non_null(seen);
    assert_string_not_equal(master, "server1");
    CLIENT_WAIT(&f->t.l.client,
                promoted->count > 0 && promoted->numbers[promoted->count - 1] == f->t.l.sent - 1);
    again = witness_duplicates(promoted, &lost);
    count_seen(promoted, answered_before, seen);
    count_seen(old, answered_before, seen);
    for (int i = 0; i < f->t.l.sent; i++) {
        if (seen[i] == 0)
            fail_msg("%d reached nobody", i);
    }
    free(seen);
    print_message("%d emits; away for %ld ms; back %ld ms after the promotion; %d again, %d not "
                  "brought to the replica\n",
                  f->t.l.sent, (long)f->outage_ms, (long)(f->back_ms - f->promoted_ms), again,
                  lost);
    assert_int_equal(ledger_count(&f->t.l, SIO_OK), f->t.l.sent);
    assert_true(again <= (int)client_stats(&f->t.l.client).resent);
    assert_true(f->back_ms - f->promoted_ms <= BACK_MS * slowness());
}

static void end(struct failover *f)
{
    for (int i = 0; i < DATA_NODES; i++) {
        witness_stop(&f->witnesses[i]);
        witness_fini(&f->witnesses[i]);
    }
    for (int i = 0; i < SENTINELS; i++)
        redisFree(f->news[i]);
    on_redis_end(&f->t);
}

static void fault_10_master_killed_under_load(enum client_mode mode)
{
    struct failover f;
    int answered;

    begin(&f, mode);
    load(&f, 1000);
    answered = f.t.l.ended;
    assert_true(answered > 1000);
    redis_fixture_order(f.t.redis, "kill server1");
    load_until_back(&f);
    judge(&f, answered);
    assert_int_equal(client_stats(&f.t.l.client).disconnects, 1);
    end(&f);
}

static void fault_10_failover_by_command_under_load(enum client_mode mode)
{
    struct failover f;
    redisContext *sentinel;
    redisReply *reply;
    int answered;

    begin(&f, mode);
    load(&f, 500);
    answered = f.t.l.ended;
    sentinel = redis_fixture_connect_to(f.t.redis, "sentinel2");
    reply = redisCommand(sentinel, "SENTINEL FAILOVER mymaster");
    assert_non_null(reply);
    assert_string_equal(reply->str, "OK");
    freeReplyObject(reply);
    load_until_back(&f);
    judge(&f, answered);
    redisFree(sentinel);
    end(&f);
}

/* It is silent, but its connections stand: the sentinels know better. Then it is back, and
 * does not know that it is no master any more. */
static void fault_12_old_master_is_silent_then_back(enum client_mode mode)
{
    struct failover f;
    int answered;

    begin(&f, mode);
    load(&f, 500);
    answered = f.t.l.ended;
    redis_fixture_order(f.t.redis, "stop server1");
    load_until_back(&f);
    redis_fixture_order(f.t.redis, "cont server1");
    load(&f, 500);
    ledger_run_to(&f.t.l, f.t.l.sent, f.t.l.sent);
    judge(&f, answered);
    end(&f);
}

/* -- the subscribing connection -- */

static void fault_10_listeners_follow_the_master(void **state)
{
    struct redis_fixture_opts fixture_opts = {.topology = REDIS_SENTINEL, .failure_ms = 500};
    struct redis_fixture *redis = redis_fixture_new_with(&fixture_opts);
    struct listen listen;
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, ON_LOOP, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    listen_open(&listen, &client);
    listen_sub(&listen, SIO__CHANNEL, "ch", 7);
    CLIENT_WAIT(&client, listen.readies == 1 && client_up(&client));
    redis_fixture_order(redis, "kill server1");
    CLIENT_WAIT(&client, listen.readies == 2 && client_up(&client));
    assert_int_equal(listen.gaps, 1);
    assert_int_equal(client_publish(&client, "ch", 1), SIO_OK);
    CLIENT_WAIT(&client, listen.messages == 1);
    CLIENT_WAIT(&client, strcmp(redis_fixture_master(redis), "server1") != 0);
    listen_close(&listen);
    client_free(&client);
    redis_fixture_free(redis);
}

/* -- 11: never a replica -- */

/* Opens a link at fake sentinels' master. */
static void open_at(struct client *client, enum client_mode mode,
                    struct fake_sentinel *const *fakes, int count, const char *user_info,
                    const char *query)
{
    char url[256];
    size_t len = (size_t)snprintf(url, sizeof url, "redis-sentinel://%s", user_info);
    sio_link_opts opts;

    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(url + len, sizeof url - len, "%s127.0.0.1:%d", i > 0 ? "," : "",
                                fake_sentinel_port(fakes[i]));
    snprintf(url + len, sizeof url - len, "?master=m%s", query);
    client_init(client, mode, &opts, url);
    client_open(client, &opts);
}

static void fault_11_a_replica_is_refused_and_the_master_found(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_SENTINEL, NULL);
    struct fake_sentinel *fake = fake_sentinel_new(NULL);
    struct client client;
    int64_t named_ms;

    fake_sentinel_name(fake, redis_fixture_port(redis, "server2"));
    open_at(&client, mode, &fake, 1, "", "");
    assert_int_equal(client_publish(&client, "ch", 0), SIO_OK);
    CLIENT_WAIT(&client, client.downs >= 4);
    assert_true(ledger_says(&client, "replica"));
    assert_int_equal(client.last_down, SIO_EREDIS);
    assert_int_equal(client.ended, 0);
    fake_sentinel_name(fake, redis_fixture_port(redis, "server1"));
    named_ms = fixture_now_ms();
    CLIENT_WAIT(&client, client.ended == 1);
    assert_true(fixture_now_ms() - named_ms < BACK_MS * slowness());
    assert_int_equal(client.ends[SIO_OK], 1);
    client_free(&client);
    fake_sentinel_free(fake);
    redis_fixture_free(redis);
}

/* -- 12: nobody announces that there is another master -- */

static void fault_12_a_switch_that_nobody_announced_is_found_by_asking(enum client_mode mode)
{
    struct redis_fixture *one = redis_fixture_new(REDIS_TCP, NULL);
    struct redis_fixture *other = redis_fixture_new(REDIS_TCP, NULL);
    struct fake_sentinel *fake = fake_sentinel_new(NULL);
    struct client client;
    int64_t begin_ms;

    fake_sentinel_name(fake, redis_fixture_port(one, "server"));
    open_at(&client, mode, &fake, 1, "", "");
    CLIENT_WAIT(&client, client_up(&client));
    fake_sentinel_name(fake, redis_fixture_port(other, "server"));
    begin_ms = fixture_now_ms();
    CLIENT_WAIT(&client, client.ups == 2);
    print_message("found after %ld ms\n", (long)(fixture_now_ms() - begin_ms));
    assert_true(fixture_now_ms() - begin_ms < 11000 * slowness());
    assert_true(ledger_says(&client, "Sentinel names another master"));
    assert_int_equal(client_publish(&client, "ch", 0), SIO_OK);
    CLIENT_WAIT(&client, client.ended == 1);
    assert_int_equal(redis_fixture_command(one, "PUBLISH ch x"), 0);
    client_free(&client);
    fake_sentinel_free(fake);
    redis_fixture_free(other);
    redis_fixture_free(one);
}

/* -- sentinels that are not there, or not to be believed -- */

static void fault_10_sentinels_are_away_at_the_start(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_SENTINEL, NULL);
    struct client client;
    sio_link_opts opts;
    int64_t begin_ms;

    for (int i = 1; i <= SENTINELS; i++) {
        char order[32];

        snprintf(order, sizeof order, "kill sentinel%d", i);
        redis_fixture_order(redis, order);
    }
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    assert_int_equal(client_publish(&client, "ch", 0), SIO_OK);
    CLIENT_WAIT(&client, client.downs >= 3);
    assert_true(ledger_says(&client, "no sentinel answers: cannot connect to 127.0.0.1:"));
    assert_int_equal(client.last_down, SIO_ECONN);
    redis_fixture_order(redis, "start sentinel2"); /* one is enough */
    begin_ms = fixture_now_ms();
    CLIENT_WAIT(&client, client.ended == 1);
    assert_int_equal(client.ends[SIO_OK], 1);
    assert_true(fixture_now_ms() - begin_ms < BACK_MS * slowness());
    client_free(&client);
    redis_fixture_free(redis);
}

/* Milliseconds until a link to the URL is up. */
static int64_t up_after(enum client_mode mode, const char *url)
{
    int64_t begin_ms = fixture_now_ms();
    struct client client;
    sio_link_opts opts;

    client_init(&client, mode, &opts, url);
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    assert_int_equal(client.downs, 0);
    client_free(&client);
    return fixture_now_ms() - begin_ms;
}

static void fault_10_two_of_three_sentinels_are_enough(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_SENTINEL, NULL);

    redis_fixture_order(redis, "stop sentinel1");
    assert_true(up_after(mode, redis_fixture_url(redis)) < 1000 * slowness());
    redis_fixture_order(redis, "cont sentinel1");
    redis_fixture_order(redis, "kill sentinel1");
    assert_true(up_after(mode, redis_fixture_url(redis)) < 500 * slowness());
    redis_fixture_free(redis);
}

/* Connections to a sentinel that have subscribed to both of the announcements. */
static int watchers(const struct redis_fixture *redis, const char *sentinel)
{
    redisContext *context = redis_fixture_connect_to(redis, sentinel);
    redisReply *reply = redisCommand(context, "CLIENT LIST");
    int count = 0;

    assert_non_null(reply);
    for (const char *at = reply->str; (at = strstr(at, " sub=2 ")) != NULL; at++)
        count++;
    freeReplyObject(reply);
    redisFree(context);
    return count;
}

/* The URL names two of the sentinels, one of them as the others do not: the third is heard of
 * from them, and none is connected to twice. */
static void fault_10_further_sentinels_are_learned(enum client_mode mode)
{
    struct redis_fixture_opts fixture_opts = {.topology = REDIS_SENTINEL, .failure_ms = 500};
    struct redis_fixture *redis = redis_fixture_new_with(&fixture_opts);
    struct client client;
    sio_link_opts opts;
    char url[120];

    snprintf(url, sizeof url, "redis-sentinel://localhost:%d,127.0.0.1:%d?master=mymaster",
             redis_fixture_port(redis, "sentinel3"), redis_fixture_port(redis, "sentinel1"));
    client_init(&client, mode, &opts, url);
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client) && watchers(redis, "sentinel2") == 1);
    assert_int_equal(watchers(redis, "sentinel1"), 1);
    assert_int_equal(watchers(redis, "sentinel3"), 1);
    redis_fixture_order(redis, "kill sentinel3");
    redis_fixture_order(redis, "kill server1");
    CLIENT_WAIT(&client, client.ups == 2);
    assert_int_equal(client_publish(&client, "ch", 0), SIO_OK);
    CLIENT_WAIT(&client, client.ended == 1);
    assert_int_equal(client.ends[SIO_OK], 1);
    client_free(&client);
    redis_fixture_free(redis);
}

static void fault_46_wrong_sentinel_password(enum client_mode mode)
{
    static const struct {
        const char *query, *word;
    } cases[] = {{"&sentinel_password=secret2", "WRONGPASS"},
                 {"&sentinel_user=u&sentinel_password=secret2", "WRONGPASS"},
                 {"", "NOAUTH"}};
    struct fake_sentinel_opts opts = {.password = "secret1"};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    struct fake_sentinel *fake = fake_sentinel_new(&opts);
    char url[128];

    fake_sentinel_name(fake, redis_fixture_port(redis, "server"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(url, sizeof url, "redis-sentinel://127.0.0.1:%d?master=m%s",
                 fake_sentinel_port(fake), cases[i].query);
        ledger_refused(mode, url, SIO_EAUTH, cases[i].word);
    }
    snprintf(url, sizeof url, "redis-sentinel://127.0.0.1:%d?master=m&sentinel_password=secret1",
             fake_sentinel_port(fake));
    assert_true(up_after(mode, url) < 1000 * slowness());
    fake_sentinel_free(fake);
    redis_fixture_free(redis);
}

static void fault_46_wrong_name_of_the_master(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_SENTINEL, NULL);
    char url[300];

    snprintf(url, sizeof url, "%sx", redis_fixture_url(redis)); /* it ends with the name */
    ledger_refused(mode, url, SIO_EREDIS, "no sentinel knows a master named 'mymasterx'");
    redis_fixture_free(redis);
}

/* A sentinel whose ACL allows one question only, one that takes connections and is silent, one
 * that is no sentinel at all, and one that knows nothing: the first is enough. */
static void fault_10_one_good_sentinel_among_bad_ones(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    struct fake_sentinel_opts terse = {.terse = true}, mute = {.mute = true};
    struct fake_sentinel *fakes[] = {fake_sentinel_new(&mute), fake_sentinel_new(&terse),
                                     fake_sentinel_new(NULL)};
    char url[256];

    fake_sentinel_name(fakes[1], redis_fixture_port(redis, "server"));
    snprintf(url, sizeof url,
             "redis-sentinel://127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d?master=m",
             fake_sentinel_port(fakes[0]), fake_sentinel_port(fakes[1]),
             fake_sentinel_port(fakes[2]), redis_fixture_port(redis, "server"));
    assert_true(up_after(mode, url) < 2000 * slowness());
    for (int i = 0; i < 3; i++)
        fake_sentinel_free(fakes[i]);
    redis_fixture_free(redis);
}

/* -- 49, 50: ends at any time; fork -- */

static void fault_49_freed_at_any_time(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_SENTINEL, NULL);

    for (int turns = 0; turns < 30; turns++) {
        struct client client;
        sio_link_opts opts;

        client_init(&client, mode, &opts, redis_fixture_url(redis));
        client_open(&client, &opts);
        assert_int_equal(client_publish(&client, "ch", 0), SIO_OK);
        for (int i = 0; i < turns; i++)
            client_turn(&client);
        client_free(&client);
        assert_int_equal(client.ended, 1);
    }
    redis_fixture_free(redis);
}

static void fault_50_fork(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_SENTINEL, NULL);
    struct client client;
    sio_link_opts opts;
    int status;
    pid_t child;

    client_init(&client, mode, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool refused = client_publish(&client, "ch", 0) == SIO_EFORK;

        sio_link_free(client.link);
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(client_publish(&client, "ch", 0), SIO_OK);
    CLIENT_WAIT(&client, client.ended == 1);
    assert_int_equal(client.ends[SIO_OK], 1);
    assert_int_equal(client_stats(&client).disconnects, 0);
    client_free(&client);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_10_master_killed_under_load)
IN_BOTH_MODES(fault_10_failover_by_command_under_load)
IN_BOTH_MODES(fault_12_old_master_is_silent_then_back)
IN_BOTH_MODES(fault_11_a_replica_is_refused_and_the_master_found)
IN_BOTH_MODES(fault_12_a_switch_that_nobody_announced_is_found_by_asking)
IN_BOTH_MODES(fault_10_sentinels_are_away_at_the_start)
IN_BOTH_MODES(fault_10_two_of_three_sentinels_are_enough)
IN_BOTH_MODES(fault_10_further_sentinels_are_learned)
IN_BOTH_MODES(fault_46_wrong_sentinel_password)
IN_BOTH_MODES(fault_46_wrong_name_of_the_master)
IN_BOTH_MODES(fault_10_one_good_sentinel_among_bad_ones)
IN_BOTH_MODES(fault_49_freed_at_any_time)
IN_BOTH_MODES(fault_50_fork)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_10_master_killed_under_load_thread, turns_check),
    cmocka_unit_test_teardown(fault_10_master_killed_under_load_loop, turns_check),
    cmocka_unit_test_teardown(fault_10_failover_by_command_under_load_thread, turns_check),
    cmocka_unit_test_teardown(fault_10_failover_by_command_under_load_loop, turns_check),
    cmocka_unit_test_teardown(fault_12_old_master_is_silent_then_back_thread, turns_check),
    cmocka_unit_test_teardown(fault_12_old_master_is_silent_then_back_loop, turns_check),
    cmocka_unit_test_teardown(fault_10_listeners_follow_the_master, turns_check),
    cmocka_unit_test_teardown(fault_11_a_replica_is_refused_and_the_master_found_thread,
                              turns_check),
    cmocka_unit_test_teardown(fault_11_a_replica_is_refused_and_the_master_found_loop, turns_check),
    cmocka_unit_test_teardown(fault_12_a_switch_that_nobody_announced_is_found_by_asking_thread,
                              turns_check),
    cmocka_unit_test_teardown(fault_12_a_switch_that_nobody_announced_is_found_by_asking_loop,
                              turns_check),
    cmocka_unit_test_teardown(fault_10_sentinels_are_away_at_the_start_thread, turns_check),
    cmocka_unit_test_teardown(fault_10_sentinels_are_away_at_the_start_loop, turns_check),
    cmocka_unit_test_teardown(fault_10_two_of_three_sentinels_are_enough_thread, turns_check),
    cmocka_unit_test_teardown(fault_10_two_of_three_sentinels_are_enough_loop, turns_check),
    cmocka_unit_test_teardown(fault_10_further_sentinels_are_learned_thread, turns_check),
    cmocka_unit_test_teardown(fault_10_further_sentinels_are_learned_loop, turns_check),
    cmocka_unit_test_teardown(fault_46_wrong_sentinel_password_thread, turns_check),
    cmocka_unit_test_teardown(fault_46_wrong_sentinel_password_loop, turns_check),
    cmocka_unit_test_teardown(fault_46_wrong_name_of_the_master_thread, turns_check),
    cmocka_unit_test_teardown(fault_46_wrong_name_of_the_master_loop, turns_check),
    cmocka_unit_test_teardown(fault_10_one_good_sentinel_among_bad_ones_thread, turns_check),
    cmocka_unit_test_teardown(fault_10_one_good_sentinel_among_bad_ones_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_at_any_time_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_at_any_time_loop, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_thread, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_loop, turns_check),
};

SIO_TEST_MAIN(tests)
