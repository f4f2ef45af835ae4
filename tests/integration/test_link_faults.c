/* SPDX-License-Identifier: MIT */
/* The link on bad days: no Redis, the wrong one, one that dies. */
#include "client.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "link/publish.h"

/* -- it cannot connect -- */

struct refusal {
    const char *url, *word;
    sio_status status;
};

static void expect_refusal(const struct refusal *refusal, enum client_mode mode)
{
    struct client client;
    sio_link_opts opts;

    client_init(&client, mode, &opts, refusal->url);
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client.downs > 0);
    pthread_mutex_lock(&client.lock);
    if (client.last_down != (int)refusal->status || strstr(client.down_text, refusal->word) == NULL)
        fail_msg("%s: %s", sio_status_name((sio_status)client.last_down), client.down_text);
    assert_null(strstr(client.log, "secret"));
    assert_null(strstr(client.down_text, "secret"));
    pthread_mutex_unlock(&client.lock);
    assert_int_equal(client.ups, 0);
    client_free(&client);
}

static void refused_missing_and_unknown(void **state)
{
    static const struct refusal refusals[] = {
        {"unix:///nonexistent/socket", "No such file", SIO_ECONN},
        {"redis://127.0.0.1:1", "Connection refused", SIO_ECONN},
        {"redis://[::1]:1", "[::1]:1", SIO_ECONN}, /* without IPv6, too */
        {"redis://localhost:1", "localhost", SIO_ECONN},
        {"redis://no-such-host.invalid", "cannot resolve no-such-host.invalid", SIO_ECONN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        expect_refusal(&refusals[i], THREADED);
        expect_refusal(&refusals[i], ON_LOOP);
    }
}

static void wait_up_tells_why_not(void **state)
{
    struct client client;
    sio_link_opts opts;
    sio_status why;
    char err[256];

    (void)state;
    client_init(&client, THREADED, &opts, "unix:///nonexistent/socket");
    client_open(&client, &opts);
    for (int i = 0; i < 3; i++) { /* each failure is told once */
        assert_int_equal(sio_link_wait_up(client.link, 10000, &why, err, sizeof err), SIO_ECONN);
        assert_int_equal(why, SIO_ECONN);
        assert_non_null(strstr(err, "No such file"));
    }
    assert_true(client_stats(&client).attempts_failed >= 3);
    client_free(&client);
}

static void a_wrong_password_is_fatal_for_the_attempt_20(void **state)
{
    static const char *const args[] = {"--requirepass", "right", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, args);
    char url[128];
    int port;

    (void)state;
    assert_int_equal(sscanf(redis_fixture_url(redis), "redis://127.0.0.1:%d", &port), 1);
    snprintf(url, sizeof url, "redis://:secret@127.0.0.1:%d", port);
    expect_refusal(&(struct refusal){url, "WRONGPASS", SIO_EAUTH}, THREADED);
    expect_refusal(&(struct refusal){url, "WRONGPASS", SIO_EAUTH}, ON_LOOP);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    expect_refusal(&(struct refusal){url, "NOAUTH", SIO_EAUTH}, THREADED);
    redis_fixture_free(redis);
}

static void a_password_where_none_is_set_20(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    char url[128];
    int port;

    (void)state;
    assert_int_equal(sscanf(redis_fixture_url(redis), "redis://127.0.0.1:%d", &port), 1);
    snprintf(url, sizeof url, "redis://:secret@127.0.0.1:%d", port);
    expect_refusal(&(struct refusal){url, "without any password", SIO_EAUTH}, THREADED);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d/99", port);
    expect_refusal(&(struct refusal){url, "DB index", SIO_EREDIS}, THREADED);
    redis_fixture_free(redis);
}

static void a_replica_is_refused_11(void **state)
{
    static const char *const args[] = {"--replicaof", "127.0.0.1 1", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);

    (void)state;
    expect_refusal(&(struct refusal){redis_fixture_url(redis), "is a replica", SIO_EREDIS},
                   THREADED);
    redis_fixture_free(redis);
}

static void too_many_clients_23(void **state)
{
    static const char *const args[] = {"--maxclients", "1", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    struct subscriber only;

    (void)state;
    subscriber_start(&only, redis, "ch", 1);
    expect_refusal(&(struct refusal){redis_fixture_url(redis), "max number of clients", SIO_ECONN},
                   THREADED);
    subscriber_stop(&only);
    free(only.numbers);
    redis_fixture_free(redis);
}

static void an_acl_denies_one_channel_21(void **state)
{
    static const char *const args[] = {"--user",        "web",  "on",    ">right",
                                       "resetchannels", "&ok*", "+@all", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, redis_fixture_url(redis));
    opts.username = "web";
    opts.password = "right";
    client_open(&client, &opts);
    client_publish(&client, "ok1", 1);
    client_publish(&client, "no", 2);
    client_publish(&client, "ok2", 3);
    assert_int_equal(sio_link_flush(client.link, 5000), SIO_OK);
    assert_int_equal(client.ends[SIO_OK], 2);
    assert_int_equal(client.ends[SIO_ENOPERM], 1);
    assert_non_null(strstr(client.end_text, "NOPERM"));
    assert_int_equal(client_stats(&client).failed[SIO_ENOPERM], 1);
    assert_int_equal(client_stats(&client).disconnects, 0); /* it is kept */
    client_free(&client);
    redis_fixture_free(redis);
}

/* A listener that never accepts: TCP connects, and nothing answers. */
static void silence_ends_at_the_connect_timeout(void **state)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    char dir[] = "/tmp/sio-silent-XXXXXX", url[128];
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct client client;
    sio_link_opts opts;
    int64_t begin = fixture_now_ms();

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path.sun_path, sizeof path.sun_path, "%s/s", dir);
    snprintf(url, sizeof url, "unix://%s", path.sun_path);
    assert_int_equal(bind(listener, (struct sockaddr *)&path, sizeof path), 0);
    assert_int_equal(listen(listener, 16), 0);
    client_init(&client, THREADED, &opts, url);
    opts.connect_timeout_ms = 100;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client.downs > 0);
    assert_true(fixture_now_ms() - begin >= 95);
    assert_non_null(strstr(client.down_text, "no answer for 100 ms"));
    client_free(&client);
    close(listener);
    unlink(path.sun_path);
    rmdir(dir);
}

static void no_descriptors_41(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct rlimit limit, none;
    struct client client;
    sio_link_opts opts;
    int seen;

    (void)state;
    client_init(&client, ON_LOOP, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    CLIENT_WAIT(&client, client.downs >= 2);
    assert_non_null(strstr(client.down_text, "Too many open files"));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    seen = client.downs;
    CLIENT_WAIT(&client, client.ups == 1);
    assert_true(client.downs - seen <= 1);
    client_free(&client);
    redis_fixture_free(redis);
}

/* -- it loses the connection -- */

static void expires_while_away_2(void **state)
{
    (void)state;
    for (int mode = THREADED; mode <= ON_LOOP; mode++) {
        struct client client;
        sio_link_opts opts;

        client_init(&client, (enum client_mode)mode, &opts, "unix:///nonexistent/socket");
        opts.outbox_ttl_ms = 100;
        client_open(&client, &opts);
        for (int i = 0; i < 1000; i++)
            assert_int_equal(client_publish(&client, "ch", i), SIO_OK);
        CLIENT_WAIT(&client, client.ended == 1000);
        assert_int_equal(client.ends[SIO_EXPIRED], 1000);
        assert_int_equal(client.unordered, 0);
        assert_non_null(strstr(client.end_text, "No such file")); /* why it waited */
        CLIENT_WAIT(&client, client_stats(&client).outbox_bytes == 0);
        client_publish(&client, "ch", 1000);
        CLIENT_WAIT(&client, client.ended == 1001);
        client_free(&client);
    }
}

static void expires_while_redis_sleeps(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, redis_fixture_url(redis));
    opts.outbox_ttl_ms = 100;
    client_open(&client, &opts);
    assert_int_equal(sio_link_wait_up(client.link, 5000, NULL, NULL, 0), SIO_OK);
    redis_fixture_stop(redis);
    for (int i = 0; i < 100; i++)
        client_publish(&client, "ch", i);
    CLIENT_WAIT(&client, client.ended == 100);
    assert_int_equal(client.ends[SIO_EXPIRED], 100);
    redis_fixture_cont(redis); /* its late answers are nobody's */
    client_publish(&client, "ch", 100);
    assert_int_equal(sio_link_flush(client.link, 5000), SIO_OK);
    assert_int_equal(client.ends[SIO_OK], 1);
    assert_int_equal(client_stats(&client).disconnects, 0);
    client_free(&client);
    redis_fixture_free(redis);
}

static void a_sleeping_redis_is_left_and_found_again_5(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, redis_fixture_url(redis));
    opts.command_timeout_ms = opts.connect_timeout_ms = 100;
    client_open(&client, &opts);
    assert_int_equal(sio_link_wait_up(client.link, 5000, NULL, NULL, 0), SIO_OK);
    redis_fixture_stop(redis);
    client_publish(&client, "ch", 1);
    CLIENT_WAIT(&client, client.downs > 0);
    assert_int_equal(client_stats(&client).disconnects, 1);
    redis_fixture_cont(redis);
    CLIENT_WAIT(&client, client.ended == 1);
    assert_int_equal(client.ends[SIO_OK], 1);
    CLIENT_WAIT(&client, client_stats(&client).resent == 1);
    client_free(&client);
    redis_fixture_free(redis);
}

static void a_ping_finds_a_dead_peer_7(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct client client;
    sio_link_opts opts;
    uint64_t in;

    (void)state;
    client_init(&client, ON_LOOP, &opts, redis_fixture_url(redis));
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
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, redis_fixture_url(redis));
    opts.at_most_once = true;
    client_open(&client, &opts);
    assert_int_equal(sio_link_wait_up(client.link, 5000, NULL, NULL, 0), SIO_OK);
    redis_fixture_stop(redis);
    for (int i = 0; i < 10; i++)
        client_publish(&client, "ch", i);
    CLIENT_WAIT(&client, client_stats(&client).bytes_out >=
                             10 * sio__publish_size(SIO_STR("ch"), SIO_STR("0")));
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

/* SIGPIPE stays at its default here: a write to a closed socket must not kill us. */
static void a_closed_socket_kills_nobody_43(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    signal(SIGPIPE, SIG_DFL);
    client_init(&client, ON_LOOP, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    redis_fixture_kill(redis);
    for (int i = 0; i < 10000; i++) /* written along the way, before the loop sees the end */
        client_publish(&client, "ch", i);
    CLIENT_WAIT(&client, client.downs > 0);
    redis_fixture_start(redis);
    CLIENT_WAIT(&client, client.ended == 10000);
    assert_int_equal(client.ends[SIO_OK], 10000);
    client_free(&client);
    redis_fixture_free(redis);
}

/* -- killed in the middle of 100,000 -- */

enum { MANY = 100000 };

struct ledger {
    struct client *client;
    _Atomic int reached[MANY]; /* receivers + 1, by number; 0: not ended */
    _Atomic int twice;
};

static void on_ledger_end(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                          void *user)
{
    struct ledger *ledger = owner;
    intptr_t number = (intptr_t)user;

    (void)fn;
    if (ledger->reached[number] != 0)
        ledger->twice++;
    ledger->reached[number] = (int)result->receivers + 1;
    if (result->status != SIO_OK)
        ledger->twice++;
    ledger->client->ended++;
}

static int publish_from(struct ledger *ledger, int next, int end)
{
    for (; next < end; next++) {
        struct sio__completion completion = {on_ledger_end, ledger, NULL, (void *)(intptr_t)next};
        char text[16];
        int len = snprintf(text, sizeof text, "%d", next);

        if (sio__link_publish(ledger->client->link, SIO_STR("ch"), sio_str_of(text, (size_t)len),
                              &completion) == SIO_OK)
            continue;
        if (ledger->client->base != NULL)
            return next;
        sio_link_wait_writable(ledger->client->link, 100, 1000);
        next--;
    }
    return next;
}

/* Each connection's messages ascend without a gap (what Redis had not passed on when it
 * was killed lies between the two); returns how many came on both. */
static int check_log(const struct subscriber *before, const struct subscriber *after)
{
    int last = before->numbers[before->count - 1], duplicates = 0;

    for (int i = 0; i < before->count; i++)
        assert_int_equal(before->numbers[i], i);
    for (int i = 0; i < after->count; i++) {
        assert_int_equal(after->numbers[i], after->numbers[0] + i);
        duplicates += after->numbers[i] <= last;
    }
    return duplicates;
}

static void killed_and_restarted(enum client_mode mode, enum redis_transport transport)
{
    static const char *const args[] = {"--client-output-buffer-limit", "pubsub 0 0 0", NULL};
    struct redis_fixture *redis = redis_fixture_new(transport, args);
    struct ledger *ledger = calloc(1, sizeof *ledger);
    struct subscriber before, after;
    struct client client;
    sio_link_opts opts;
    int next = 0, duplicates;

    subscriber_start(&before, redis, "ch", MANY);
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    ledger->client = &client;
    CLIENT_WAIT(&client, client_up(&client));
    while (client.ended < MANY / 4) {
        next = publish_from(ledger, next, next + 1000);
        client_turn(&client);
    }
    next = publish_from(ledger, next, next + 20000); /* some in flight, some not */
    redis_fixture_kill(redis);
    CLIENT_WAIT(&client, client.downs > 0);
    subscriber_join(&before);
    redis_fixture_start(redis);
    subscriber_start(&after, redis, "ch", MANY);
    while (next < MANY) {
        next = publish_from(ledger, next, MANY);
        client_turn(&client);
    }
    CLIENT_WAIT(&client, client.ended == MANY);
    assert_int_equal(ledger->twice, 0);
    CLIENT_WAIT(&client, after.count > 0 && after.numbers[after.count - 1] == MANY - 1);
    duplicates = check_log(&before, &after);
    assert_true((uint64_t)duplicates <= client_stats(&client).resent);
    assert_int_equal(client_stats(&client).disconnects, 1);
    assert_int_equal(client_stats(&client).accepted, MANY);
    client_free(&client);
    subscriber_stop(&after);
    free(before.numbers);
    free(after.numbers);
    free(ledger);
    redis_fixture_free(redis);
}

static void killed_and_restarted_thread_unix_1(void **state)
{
    (void)state;
    killed_and_restarted(THREADED, REDIS_UNIX);
}

static void killed_and_restarted_thread_tcp_1(void **state)
{
    (void)state;
    killed_and_restarted(THREADED, REDIS_TCP);
}

static void killed_and_restarted_loop_unix_1(void **state)
{
    (void)state;
    killed_and_restarted(ON_LOOP, REDIS_UNIX);
}

static void killed_and_restarted_loop_tcp_1(void **state)
{
    (void)state;
    killed_and_restarted(ON_LOOP, REDIS_TCP);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(refused_missing_and_unknown),
    cmocka_unit_test(wait_up_tells_why_not),
    cmocka_unit_test(a_wrong_password_is_fatal_for_the_attempt_20),
    cmocka_unit_test(a_password_where_none_is_set_20),
    cmocka_unit_test(a_replica_is_refused_11),
    cmocka_unit_test(too_many_clients_23),
    cmocka_unit_test(an_acl_denies_one_channel_21),
    cmocka_unit_test(silence_ends_at_the_connect_timeout),
    cmocka_unit_test(no_descriptors_41),
    cmocka_unit_test(expires_while_away_2),
    cmocka_unit_test(expires_while_redis_sleeps),
    cmocka_unit_test(a_sleeping_redis_is_left_and_found_again_5),
    cmocka_unit_test(a_ping_finds_a_dead_peer_7),
    cmocka_unit_test(at_most_once_does_not_repeat),
    cmocka_unit_test(a_closed_socket_kills_nobody_43),
    cmocka_unit_test(killed_and_restarted_thread_unix_1),
    cmocka_unit_test(killed_and_restarted_thread_tcp_1),
    cmocka_unit_test(killed_and_restarted_loop_unix_1),
    cmocka_unit_test(killed_and_restarted_loop_tcp_1),
};

SIO_TEST_MAIN(tests)
