/* SPDX-License-Identifier: MIT */
/* A Redis that says no, not now, or something else: rows 11, 20, 21, 22 and 23. */
#include "setups.h"

#include <hiredis/hiredis.h>

/* The fixture's URL with other user information and path. */
static void url_of(const struct redis_fixture *redis, const char *user, const char *path, char *url,
                   size_t size)
{
    int port;

    assert_int_equal(sscanf(redis_fixture_url(redis), "redis://127.0.0.1:%d", &port), 1);
    snprintf(url, size, "redis://%s127.0.0.1:%d%s", user, port, path);
}

/* -- 20: user and password -- */

static void fault_20_wrong_and_missing_passwords(enum client_mode mode)
{
    static const char *const args[] = {"--requirepass", "right",   "--user", "web",
                                       "off",           ">secret", "+@all",  NULL};
    static const struct {
        const char *user, *word;
    } cases[] = {{":secret@", "WRONGPASS"},
                 {"web:secret@", "WRONGPASS"}, /* a user that is off */
                 {"nobody:secret@", "WRONGPASS"},
                 {"", "NOAUTH"}};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, args);
    char url[128];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        url_of(redis, cases[i].user, "", url, sizeof url);
        ledger_refused(mode, url, SIO_EAUTH, cases[i].word);
    }
    redis_fixture_free(redis);
}

static void fault_20_a_password_where_none_is_set(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    char url[128];

    url_of(redis, ":secret@", "", url, sizeof url);
    ledger_refused(mode, url, SIO_EAUTH, "without any password");
    url_of(redis, "", "/99", url, sizeof url);
    ledger_refused(mode, url, SIO_EREDIS, "DB index");
    redis_fixture_free(redis);
}

struct pace {
    struct client *client;
    sio_link_state_cb *counts;
    unsigned retry_in_ms;
};

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    struct pace *pace = user;

    if (event->state == SIO_LINK_DOWN)
        pace->retry_in_ms = event->retry_in_ms;
    pace->counts(link, event, pace->client);
}

static redisReply *command(redisContext *admin, const char *text)
{
    redisReply *reply = redisCommand(admin, text);

    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", text, reply->str);
    return reply;
}

/* The password is changed while the link is up, which hears of it when it has to come
 * back. It asks rarely then: a lock-out could follow. What was emitted is sent once the
 * password is the old one again. */
static void fault_20_the_password_changes(enum client_mode mode)
{
    static const char *const args[] = {"--requirepass", "right", NULL};
    redisContext *admin;
    struct pace pace;
    struct on_redis t;

    on_redis_prepare(&t, mode, REDIS_UNIX, args, 300);
    admin = redis_fixture_connect(t.redis);
    freeReplyObject(command(admin, "AUTH right"));
    pace = (struct pace){.client = &t.l.client, .counts = t.opts.on_state};
    t.opts.password = "right";
    t.opts.on_state = on_state;
    t.opts.on_log = NULL;
    t.opts.user = &pace;
    on_redis_open(&t);
    ledger_run_to(&t.l, 100, 100);
    freeReplyObject(command(admin, "CONFIG SET requirepass other"));
    ledger_run_to(&t.l, 200, 200); /* who is in stays in */
    freeReplyObject(command(admin, "CLIENT KILL TYPE normal SKIPME yes"));
    CLIENT_WAIT(&t.l.client, t.l.client.last_down == SIO_EAUTH);
    assert_true(pace.retry_in_ms > 5000);
    assert_true(pace.retry_in_ms <= 10000);
    assert_int_equal(client_stats(&t.l.client).attempts_failed, 1);
    ledger_emit_to(&t.l, 300);
    freeReplyObject(command(admin, "CONFIG SET requirepass right"));
    ledger_run_to(&t.l, 300, 300);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 300);
    assert_int_equal(client_stats(&t.l.client).attempts_failed, 1);
    redisFree(admin);
    on_redis_end(&t);
}

/* -- 21: ACLs -- */

static void fault_21_an_acl_denies_one_channel(enum client_mode mode)
{
    static const char *const args[] = {"--user",        "web",  "on",    ">right",
                                       "resetchannels", "&ok*", "+@all", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    struct client client;
    sio_link_opts opts;

    client_init(&client, mode, &opts, redis_fixture_url(redis));
    opts.username = "web";
    opts.password = "right";
    client_open(&client, &opts);
    client_publish(&client, "ok1", 1);
    client_publish(&client, "no\nthis one", 2);
    client_publish(&client, "ok2", 3);
    CLIENT_WAIT(&client, client.ended == 3);
    assert_int_equal(client.ends[SIO_OK], 2);
    assert_int_equal(client.ends[SIO_ENOPERM], 1);
    assert_int_equal(client.unordered, 0);
    assert_non_null(strstr(client.end_text, "NOPERM"));
    assert_non_null(strstr(client.end_text, "(channel no?this one); missing right: &no?this one"));
    CLIENT_WAIT(&client, client_stats(&client).failed[SIO_ENOPERM] == 1);
    assert_int_equal(client_stats(&client).disconnects, 0); /* it is kept */
    client_free(&client);
    redis_fixture_free(redis);
}

static void fault_21_an_acl_denies_the_command(enum client_mode mode)
{
    static const char *const args[] = {"--user",      "web",   "on",       ">right",
                                       "allchannels", "+@all", "-publish", NULL};
    struct on_redis t;

    on_redis_prepare(&t, mode, REDIS_UNIX, args, 10);
    t.opts.username = "web";
    t.opts.password = "right";
    on_redis_open(&t);
    ledger_run_to(&t.l, 10, 10);
    assert_int_equal(ledger_count(&t.l, SIO_ENOPERM), 10);
    assert_int_equal(client_stats(&t.l.client).disconnects, 0);
    on_redis_end(&t);
}

/* ROLE, which asks whether this is a master, may be denied: then it is told, and goes on. */
static void fault_21_an_acl_denies_all_but_publish(enum client_mode mode)
{
    static const char *const args[] = {"--user",      "web",   "on",       ">right",
                                       "allchannels", "-@all", "+publish", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 10);
    opts.username = "web";
    opts.password = "right";
    opts.client_name = "tester";
    ledger_open(&l, &opts);
    ledger_run_to(&l, 10, 10);
    assert_int_equal(ledger_count(&l, SIO_OK), 10);
    ledger_close(&l);
    assert_non_null(strstr(l.client.log, "ROLE was refused"));
    assert_non_null(strstr(l.client.log, "SETNAME was refused"));
    ledger_balance(&l);
    ledger_fini(&l);
    redis_fixture_free(redis);
}

static int count_lines(const char *log, const char *wanted)
{
    int n = 0;

    for (const char *at = log; (at = strstr(at, wanted)) != NULL; at++)
        n++;
    return n;
}

/* That ROLE is denied is said once for a link, however often it comes back. */
static void fault_21_role_denied_is_told_once(enum client_mode mode)
{
    static const char *const args[] = {"--user",      "web",   "on",       ">right",
                                       "allchannels", "-@all", "+publish", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    struct client client;
    sio_link_opts opts;

    client_init(&client, mode, &opts, redis_fixture_url(redis));
    opts.username = "web";
    opts.password = "right";
    opts.client_name = "tester";
    client_open(&client, &opts);
    for (int i = 1; i <= 4; i++) {
        CLIENT_WAIT(&client, client.ups == i);
        client_publish(&client, "ch", i);
        CLIENT_WAIT(&client, client.ended == i);
        redis_fixture_kill(redis);
        CLIENT_WAIT(&client, client.downs >= i);
        redis_fixture_start(redis);
    }
    assert_int_equal(client.ends[SIO_OK], 4);
    assert_int_equal(count_lines(client.log, "ROLE was refused"), 1);
    assert_int_equal(count_lines(client.log, "SETNAME was refused"), 1);
    assert_non_null(strstr(client.log, "missing right: +role"));
    assert_non_null(strstr(client.log, "missing right: +client|setname"));
    client_free(&client);
    redis_fixture_free(redis);
}

/* -- 22: not now -- */

static const char *refuses_some(void *arg, const char *name, int n)
{
    if (strcmp(name, "PUBLISH") != 0)
        return FAKE_USUAL;
    return n == 1 || n == 2 || n == 10 ? arg : FAKE_USUAL;
}

static void fault_22_passing_errors_are_waited_out(enum client_mode mode)
{
    static const char *const errors[] = {
        "-LOADING x\r\n",     "-BUSY x\r\n",       "-MASTERDOWN x\r\n", "-MISCONF x\r\n",
        "-OOM command x\r\n", "-NOREPLICAS x\r\n", "-TRYAGAIN x\r\n",   "-CLUSTERDOWN x\r\n"};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct on_fake t;

        on_fake_begin(&t, mode, refuses_some, (void *)(uintptr_t)errors[i], 0);
        on_fake_publish(&t, 8);
        assert_int_equal(t.client.ends[SIO_OK], 8);
        assert_int_equal(fake_redis_connections(t.fake), 1);
        CLIENT_WAIT(&t.client, client_stats(&t.client).accepted == 8);
        assert_int_equal(client_stats(&t.client).resent, 0);
        /* 1 and 2 were refused (in a first lot of all eight); nothing else came twice but what
         * the 11th command, a refused one again, needed. */
        assert_int_equal(fake_redis_publishes(t.fake), 8 + 2 + (fake_redis_publishes(t.fake) > 10));
        on_fake_end(&t);
    }
}

static const char *always_busy(void *arg, const char *name, int n)
{
    (void)arg;
    (void)n;
    return strcmp(name, "PUBLISH") == 0 ? "-BUSY running a script\r\n" : FAKE_USUAL;
}

static void fault_22_passing_errors_end_at_the_ttl(enum client_mode mode)
{
    struct on_fake t;

    on_fake_begin(&t, mode, always_busy, NULL, 500);
    on_fake_publish(&t, 8);
    assert_int_equal(t.client.ends[SIO_EXPIRED], 8);
    assert_string_equal(t.client.end_text, "BUSY running a script");
    assert_int_equal(t.client.unordered, 0);
    assert_true(fake_redis_publishes(t.fake) >= 8);
    assert_true(fake_redis_publishes(t.fake) < 8 * 15); /* with pauses */
    on_fake_end(&t);
}

static const char *permanent(void *arg, const char *name, int n)
{
    (void)n;
    return strcmp(name, "PUBLISH") == 0 ? arg : FAKE_USUAL;
}

static void fault_22_unknown_errors_are_permanent(enum client_mode mode)
{
    struct on_fake t;

    on_fake_begin(&t, mode, permanent, (void *)(uintptr_t) "-XYZ what\r\n", 0);
    on_fake_publish(&t, 60);
    assert_int_equal(t.client.ends[SIO_EREDIS], 60);
    assert_string_equal(t.client.end_text, "XYZ what");
    assert_true(t.client.log_lines < 50); /* ten of one kind a second */
    on_fake_end(&t);
}

static const char *loading_at_first(void *arg, const char *name, int n)
{
    (void)arg;
    return strcmp(name, "ROLE") == 0 && n < 2 ? "-LOADING Redis is loading\r\n" : FAKE_USUAL;
}

static void fault_22_loading_while_greeting(enum client_mode mode)
{
    struct fake_redis *fake = fake_redis_new(loading_at_first, NULL);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, fake_redis_url(fake), 10);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 10, 10);
    assert_int_equal(ledger_count(&l, SIO_OK), 10);
    assert_int_equal(client_stats(&l.client).attempts_failed, 2);
    assert_int_equal(l.client.last_down, SIO_ECONN); /* and so soon again */
    ledger_end(&l);
    fake_redis_free(fake);
}

/* -- 11: not a master -- */

static void fault_11_a_replica_is_refused(enum client_mode mode)
{
    static const char *const args[] = {"--replicaof", "127.0.0.1 1", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);

    ledger_refused(mode, redis_fixture_url(redis), SIO_EREDIS, "is a replica");
    redis_fixture_free(redis);
}

static const char *demoted_at_first(void *arg, const char *name, int n)
{
    (void)arg;
    return strcmp(name, "PUBLISH") == 0 && n == 1 ? "-READONLY x\r\n" : FAKE_USUAL;
}

static void fault_11_a_demoted_master_is_left(enum client_mode mode)
{
    struct on_fake t;

    on_fake_begin(&t, mode, demoted_at_first, NULL, 0);
    on_fake_publish(&t, 3);
    assert_int_equal(t.client.ends[SIO_OK], 3);
    assert_int_equal(t.client.unordered, 0);
    assert_int_equal(fake_redis_connections(t.fake), 2);
    on_fake_end(&t);
}

/* -- 23: too many clients -- */

static void fault_23_too_many_clients(enum client_mode mode)
{
    static const char *const args[] = {"--maxclients", "1", NULL};
    redisContext *only;
    struct on_redis t;

    on_redis_prepare(&t, mode, REDIS_UNIX, args, 10);
    only = redis_fixture_connect(t.redis);
    freeReplyObject(command(only, "PING"));
    on_redis_open(&t);
    ledger_emit_to(&t.l, 10);
    CLIENT_WAIT(&t.l.client, t.l.client.downs >= 3);
    assert_int_equal(t.l.client.last_down, SIO_ECONN);
    assert_true(ledger_says(&t.l.client, "max number of clients"));
    assert_int_equal(t.l.ended, 0);
    redisFree(only);
    ledger_run_to(&t.l, 10, 10);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 10);
    on_redis_end(&t);
}

IN_BOTH_MODES(fault_11_a_replica_is_refused)
IN_BOTH_MODES(fault_11_a_demoted_master_is_left)
IN_BOTH_MODES(fault_20_wrong_and_missing_passwords)
IN_BOTH_MODES(fault_20_a_password_where_none_is_set)
IN_BOTH_MODES(fault_20_the_password_changes)
IN_BOTH_MODES(fault_21_an_acl_denies_one_channel)
IN_BOTH_MODES(fault_21_an_acl_denies_the_command)
IN_BOTH_MODES(fault_21_an_acl_denies_all_but_publish)
IN_BOTH_MODES(fault_21_role_denied_is_told_once)
IN_BOTH_MODES(fault_22_passing_errors_are_waited_out)
IN_BOTH_MODES(fault_22_passing_errors_end_at_the_ttl)
IN_BOTH_MODES(fault_22_unknown_errors_are_permanent)
IN_BOTH_MODES(fault_22_loading_while_greeting)
IN_BOTH_MODES(fault_23_too_many_clients)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_11_a_replica_is_refused_thread, turns_check),
    cmocka_unit_test_teardown(fault_11_a_replica_is_refused_loop, turns_check),
    cmocka_unit_test_teardown(fault_11_a_demoted_master_is_left_thread, turns_check),
    cmocka_unit_test_teardown(fault_11_a_demoted_master_is_left_loop, turns_check),
    cmocka_unit_test_teardown(fault_20_wrong_and_missing_passwords_thread, turns_check),
    cmocka_unit_test_teardown(fault_20_wrong_and_missing_passwords_loop, turns_check),
    cmocka_unit_test_teardown(fault_20_a_password_where_none_is_set_thread, turns_check),
    cmocka_unit_test_teardown(fault_20_a_password_where_none_is_set_loop, turns_check),
    cmocka_unit_test_teardown(fault_20_the_password_changes_thread, turns_check),
    cmocka_unit_test_teardown(fault_20_the_password_changes_loop, turns_check),
    cmocka_unit_test_teardown(fault_21_an_acl_denies_one_channel_thread, turns_check),
    cmocka_unit_test_teardown(fault_21_an_acl_denies_one_channel_loop, turns_check),
    cmocka_unit_test_teardown(fault_21_an_acl_denies_the_command_thread, turns_check),
    cmocka_unit_test_teardown(fault_21_an_acl_denies_the_command_loop, turns_check),
    cmocka_unit_test_teardown(fault_21_an_acl_denies_all_but_publish_thread, turns_check),
    cmocka_unit_test_teardown(fault_21_an_acl_denies_all_but_publish_loop, turns_check),
    cmocka_unit_test_teardown(fault_21_role_denied_is_told_once_thread, turns_check),
    cmocka_unit_test_teardown(fault_21_role_denied_is_told_once_loop, turns_check),
    cmocka_unit_test_teardown(fault_22_passing_errors_are_waited_out_thread, turns_check),
    cmocka_unit_test_teardown(fault_22_passing_errors_are_waited_out_loop, turns_check),
    cmocka_unit_test_teardown(fault_22_passing_errors_end_at_the_ttl_thread, turns_check),
    cmocka_unit_test_teardown(fault_22_passing_errors_end_at_the_ttl_loop, turns_check),
    cmocka_unit_test_teardown(fault_22_unknown_errors_are_permanent_thread, turns_check),
    cmocka_unit_test_teardown(fault_22_unknown_errors_are_permanent_loop, turns_check),
    cmocka_unit_test_teardown(fault_22_loading_while_greeting_thread, turns_check),
    cmocka_unit_test_teardown(fault_22_loading_while_greeting_loop, turns_check),
    cmocka_unit_test_teardown(fault_23_too_many_clients_thread, turns_check),
    cmocka_unit_test_teardown(fault_23_too_many_clients_loop, turns_check),
};

SIO_TEST_MAIN(tests)
