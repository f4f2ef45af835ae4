/* SPDX-License-Identifier: MIT */
/* The subscribing connection lost and found again, and what else may come over it. */
#include "listen.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <time.h>

#include "fake.h"
#include "proxy.h"
#include "steps.h"

struct setup {
    struct redis_fixture *redis;
    struct client client;
    struct listen listen;
};

static void open_with(struct setup *s, sio_link_opts *opts)
{
    opts->ping_interval_ms = 50;
    opts->command_timeout_ms = 400;
    client_open(&s->client, opts);
    listen_open(&s->listen, &s->client);
}

static void open_at(struct setup *s, const char *url)
{
    sio_link_opts opts;

    client_init(&s->client, ON_LOOP, &opts, url);
    open_with(s, &opts);
}

static void set_up(struct setup *s, const char *const *args)
{
    sio_link_opts opts;

    s->redis = redis_fixture_new(REDIS_ANY, args);
    client_init_on(&s->client, ON_LOOP, &opts, s->redis);
    open_with(s, &opts);
    listen_sub(&s->listen, SIO__CHANNEL, "ch", 1);
    CLIENT_WAIT(&s->client, s->listen.readies == 1);
}

static void tear_down(struct setup *s)
{
    listen_close(&s->listen);
    client_free(&s->client);
    redis_fixture_free(s->redis);
}

static int64_t wall_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void expect_message(struct setup *s)
{
    int before = s->listen.messages;

    assert_receivers(s->redis, redis_fixture_command(s->redis, "PUBLISH ch x"), 1);
    CLIENT_WAIT(&s->client, s->listen.messages == before + 1);
}

static void a_killed_redis_is_a_gap_1(void **state)
{
    struct setup s;
    int64_t begin, end;

    (void)state;
    set_up(&s, NULL);
    begin = wall_ms();
    redis_fixture_kill(s.redis);
    CLIENT_WAIT(&s.client, s.listen.losses == 1);
    assert_int_equal(s.listen.gaps, 0);
    redis_fixture_start(s.redis);
    CLIENT_WAIT(&s.client, s.listen.readies == 2);
    end = wall_ms();
    assert_string_equal(s.listen.order, "rlgr");
    assert_true(s.listen.gap_from_ms >= begin - 60); /* heard of last, at the latest */
    assert_true(s.listen.gap_from_ms <= s.listen.gap_to_ms && s.listen.gap_to_ms <= end);
    assert_true(s.listen.text[0] != '\0');
    expect_message(&s);
    tear_down(&s);
}

static void a_killed_client_comes_back(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s, NULL);
    for (int i = 1; i <= 3; i++) {
        assert_true(redis_fixture_each(s.redis, "CLIENT KILL TYPE pubsub") >= 1);
        CLIENT_WAIT(&s.client, s.listen.readies == 1 + i);
        assert_int_equal(s.listen.gaps, i);
        assert_non_null(strstr(s.listen.text, "closed the connection"));
        assert_null(strstr(s.listen.text, "buffer"));
    }
    assert_int_equal(client_stats(&s.client).subscriber_disconnects, 3);
    assert_int_equal(s.client.downs, 0); /* the publishing connection is another */
    expect_message(&s);
    tear_down(&s);
}

static void a_stopped_redis_is_found_5(void **state)
{
    struct setup s;
    uint64_t in;

    (void)state;
    set_up(&s, NULL);
    in = client_stats(&s.client).bytes_in;
    CLIENT_WAIT(&s.client, client_stats(&s.client).bytes_in > in + 60); /* pings are answered */
    assert_int_equal(s.listen.losses, 0);
    redis_fixture_stop(s.redis);
    CLIENT_WAIT(&s.client, s.listen.losses == 1);
    assert_non_null(strstr(s.listen.text, "no answer for 400 ms"));
    redis_fixture_cont(s.redis);
    CLIENT_WAIT(&s.client, s.listen.readies == 2);
    assert_true(s.listen.gap_to_ms - s.listen.gap_from_ms >= 400); /* the silence is part of it */
    expect_message(&s);
    tear_down(&s);
}

/* Wishes change while there is no connection; a sync waits for the next one. */
static void wishes_outlive_the_connection(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s, NULL);
    listen_sub(&s.listen, SIO__CHANNEL, "old", 2);
    listen_sync(&s.listen);
    redis_fixture_kill(s.redis);
    CLIENT_WAIT(&s.client, s.listen.losses == 1);
    listen_unsub(&s.listen, SIO__CHANNEL, "old");
    listen_sub(&s.listen, SIO__CHANNEL, "new", 3);
    assert_int_equal(sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen), SIO_OK);
    redis_fixture_start(s.redis);
    CLIENT_WAIT(&s.client, s.listen.syncs == 2);
    assert_int_equal(s.listen.readies, 2);
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH old x"), 0);
    assert_receivers(s.redis, redis_fixture_command(s.redis, "PUBLISH new x"), 1);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    expect_message(&s);
    tear_down(&s);
}

enum { NAMESPACES = 10000, NAMES = 4 };

static void open_namespaces(struct setup *s, struct listen *listens)
{
    char name[64];

    for (int i = 0; i < NAMESPACES; i++) {
        listen_open(&listens[i], &s->client);
        for (int n = 0; n < NAMES; n++) {
            snprintf(name, sizeof name, "socket.io-request#/namespace %d#%d", i, n);
            listen_sub(&listens[i], n == 0 && i % 10 == 0 ? SIO__PATTERN : SIO__CHANNEL, name, n);
        }
    }
    listen_sync(&s->listen);
    for (int i = 0; i < NAMESPACES; i++)
        assert_string_equal(listens[i].order, "r");
}

/* Until all are ready again, for the times-th time. */
static void lose_and_regain(struct setup *s, struct listen *listens, int times, struct steps *steps)
{
    int64_t limit = fixture_now_ms() + 20000;
    int ready = 0;

    redis_fixture_each(s->redis, "CLIENT KILL TYPE pubsub");
    while (s->listen.readies < times || ready < NAMESPACES) {
        steps_begin(steps);
        event_base_loop(s->client.base, EVLOOP_ONCE);
        steps_end(steps);
        while (ready < NAMESPACES && listens[ready].readies == times)
            ready++;
        assert_true(fixture_now_ms() < limit);
    }
}

/* 10,000 namespaces of 4 names: no turn of the loop takes 5 ms of CPU. (Few patterns: Redis 7.0
 * keeps a client's in a list, and goes through all of it for each.) */
static void many_names_come_back_piece_by_piece_15(void **state)
{
    static struct listen listens[NAMESPACES];
    struct steps steps = {0};
    struct setup s;
    int rounds = 1;

    (void)state;
    set_up(&s, NULL);
    open_namespaces(&s, listens);
    do {
        lose_and_regain(&s, listens, rounds + 1, &steps);
        assert_int_equal(
            strncmp(listens[NAMESPACES - 1].order, "rlgrlgrlgrlgrlgr", (size_t)(3 * rounds + 1)),
            0);
    } while (!steps_within(&steps, 5000) && rounds++ < STEPS_ROUNDS);
    assert_true(rounds <= STEPS_ROUNDS);
    for (int i = 0; i < NAMESPACES; i++)
        listen_close(&listens[i]);
    listen_sync(&s.listen);
    assert_int_equal(redis_fixture_each(s.redis, "PUBSUB NUMPAT"), 0);
    tear_down(&s);
}

/* The loop sleeps while Redis writes more than its limit lets wait. */
static void what_was_too_much_is_hinted_at_8(void **state)
{
    static const char *const args[] = {
        "--client-output-buffer-limit", "pubsub", "1mb", "0", "0", NULL};
    struct setup s;
    redisContext *other;
    char *payload = calloc(1, 100000);

    (void)state;
    set_up(&s, args);
    other = redis_fixture_connect(s.redis);
    for (int i = 0; i < 100; i++) {
        redisReply *reply = redisCommand(other, "PUBLISH ch %b", payload, (size_t)100000);

        assert_non_null(reply);
        freeReplyObject(reply);
    }
    CLIENT_WAIT(&s.client, s.listen.readies == 2);
    assert_true(s.listen.messages > 0 && s.listen.messages < 100);
    assert_non_null(strstr(s.listen.text, "client-output-buffer-limit pubsub"));
    redisFree(other);
    free(payload);
    tear_down(&s);
}

static void any_cut_of_the_stream_will_do_7(void **state)
{
    struct setup s;
    struct proxy *proxy;
    char word[64];

    (void)state;
    s.redis = redis_fixture_new(REDIS_TCP, NULL);
    proxy = proxy_new(redis_fixture_url(s.redis));
    proxy_chunk(proxy, 1);
    open_at(&s, proxy_url(proxy));
    listen_sub(&s.listen, SIO__CHANNEL, "ch", 1);
    listen_sub(&s.listen, SIO__PATTERN, "c*", 2);
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    for (int i = 1; i <= 20; i++) {
        snprintf(word, sizeof word, "PUBLISH ch %.*s", i, "abcdefghijklmnopqrstuvwxyz");
        assert_int_equal(redis_fixture_command(s.redis, word), 2);
        CLIENT_WAIT(&s.client, s.listen.messages == 2 * i);
        assert_int_equal(s.listen.payload_len, i);
    }
    assert_int_equal(s.listen.losses, 0);
    listen_close(&s.listen);
    client_free(&s.client);
    proxy_free(proxy);
    redis_fixture_free(s.redis);
}

static void publish_bytes(struct setup *s, size_t len)
{
    redisContext *other = redis_fixture_connect(s->redis);
    char *payload = malloc(len);
    const char *argv[] = {"PUBLISH", "ch", payload};
    size_t lens[] = {7, 2, len};
    redisReply *reply = NULL;

    assert_non_null(payload);
    memset(payload, 1, len);
    redisAppendCommandArgv(other, 3, argv, lens);
    CLIENT_WAIT(&s->client, redisGetReply(other, (void **)&reply) == REDIS_OK);
    assert_non_null(reply);
    assert_receivers(s->redis, reply->integer, 1);
    freeReplyObject(reply);
    redisFree(other);
    free(payload);
}

static const char *const no_limit[] = {
    "--client-output-buffer-limit", "pubsub", "0", "0", "0", NULL};

static void messages_of_any_size_arrive_9(void **state)
{
    static const size_t sizes[] = {60000, 65500, 65536, 70000, 200000, 3000000, 30 << 20, 10};
    struct setup s;

    (void)state;
    set_up(&s, no_limit);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        publish_bytes(&s, sizes[i]);
        CLIENT_WAIT(&s.client, s.listen.messages == (int)i + 1);
        assert_int_equal(s.listen.payload_len, sizes[i]);
        assert_int_equal(s.listen.payload_sum, sizes[i]);
    }
    assert_int_equal(s.listen.losses, 0);
    tear_down(&s);
}

static void a_message_over_the_bound_is_refused_9(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s, no_limit);
    publish_bytes(&s, (64 << 20) - 1000);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    publish_bytes(&s, (64 << 20) + 1);
    CLIENT_WAIT(&s.client, s.listen.readies == 2);
    assert_non_null(strstr(s.listen.text, "longer message"));
    assert_int_equal(s.listen.messages, 1);
    expect_message(&s);
    tear_down(&s);
}

/* -- a Redis that says what no Redis says -- */

static const char *answer(void *arg, const char *command, int n)
{
    const char *const *script = arg; /* command, its first answer */

    return n == 0 && strcmp(command, script[0]) == 0 ? script[1] : FAKE_USUAL;
}

static const char *const as_usual[] = {"", ""};

static struct fake_redis *meet(struct setup *s, const char *const script[2])
{
    struct fake_redis *fake = fake_redis_new(answer, (void *)script);

    open_at(s, fake_redis_url(fake));
    listen_sub(&s->listen, SIO__CHANNEL, "ch", 1);
    return fake;
}

static void part(struct setup *s, struct fake_redis *fake)
{
    listen_close(&s->listen);
    client_free(&s->client);
    fake_redis_free(fake);
}

static const char message[] = "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\n1\r\n";

static void nonsense_drops_the_connection(void **state)
{
    static const char *const nonsense[] = {
        "garbage\r\n",
        "*3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n", /* nothing was asked */
        "-ERR out of the blue\r\n",
        "+OK\r\n",
        ":1\r\n",
        "*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n",
        "*2097152\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$-5\r\n"};
    struct setup s;

    (void)state;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        struct fake_redis *fake = meet(&s, as_usual);

        CLIENT_WAIT(&s.client, s.listen.readies == 1);
        fake_redis_push(fake, message, sizeof message - 1);
        CLIENT_WAIT(&s.client, s.listen.messages == 1);
        assert_int_equal(s.listen.losses, 0);
        fake_redis_push(fake, nonsense[i], strlen(nonsense[i]));
        CLIENT_WAIT(&s.client, s.listen.losses == 1);
        CLIENT_WAIT(&s.client, s.listen.readies == 2);
        part(&s, fake);
    }
}

static void stray_messages_are_dropped(void **state)
{
    static const char stray[] = "*3\r\n$7\r\nmessage\r\n$5\r\nother\r\n$1\r\n1\r\n"
                                "*4\r\n$8\r\npmessage\r\n$2\r\nch\r\n$2\r\nch\r\n$1\r\n2\r\n"
                                "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\n3\r\n";
    struct setup s;
    struct fake_redis *fake = meet(&s, as_usual);

    (void)state;
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    fake_redis_push(fake, stray, sizeof stray - 1);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    assert_string_equal(s.listen.payload, "3");
    assert_int_equal(s.listen.losses, 0);
    part(&s, fake);
}

static void a_wrong_confirmation_is_no_confirmation(void **state)
{
    static const char *const wrong[][2] = {
        {"SUBSCRIBE", "*3\r\n$9\r\nsubscribe\r\n$2\r\nhc\r\n:1\r\n"},
        {"SUBSCRIBE", "*3\r\n$10\r\npsubscribe\r\n$2\r\nch\r\n:1\r\n"},
        {"SUBSCRIBE", "*3\r\n$11\r\nunsubscribe\r\n$2\r\nch\r\n:1\r\n"},
        {"SUBSCRIBE", "*2\r\n$4\r\npong\r\n$0\r\n\r\n"},
        {"SUBSCRIBE", "-BUSY running a script\r\n"}, /* asked again on the next one */
        {"SUBSCRIBE", "-LOADING\r\n"}};
    struct setup s;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct fake_redis *fake = meet(&s, wrong[i]);

        CLIENT_WAIT(&s.client, s.listen.readies == 1);
        assert_string_equal(s.listen.order, "r"); /* it had not been ready: no gap */
        assert_true(fake_redis_connections(fake) >= 3);
        part(&s, fake);
    }
}

static void an_unknown_error_is_a_denial(void **state)
{
    static const char *const script[] = {"SUBSCRIBE", "-ERR no such thing\r\n"};
    struct setup s;
    struct fake_redis *fake = meet(&s, script);

    (void)state;
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    assert_string_equal(s.listen.order, "dr");
    assert_int_equal(s.listen.denied_status, SIO_EREDIS);
    assert_string_equal(s.listen.denied_text, "ERR no such thing");
    part(&s, fake);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_any_topology(a_killed_redis_is_a_gap_1),
    cmocka_unit_test_any_topology(a_killed_client_comes_back),
    cmocka_unit_test_any_topology(a_stopped_redis_is_found_5),
    cmocka_unit_test_any_topology(wishes_outlive_the_connection),
    cmocka_unit_test_any_topology(many_names_come_back_piece_by_piece_15),
    cmocka_unit_test_any_topology(what_was_too_much_is_hinted_at_8),
    cmocka_unit_test(any_cut_of_the_stream_will_do_7),
    cmocka_unit_test(messages_of_any_size_arrive_9),
    cmocka_unit_test(a_message_over_the_bound_is_refused_9),
    cmocka_unit_test(nonsense_drops_the_connection),
    cmocka_unit_test(stray_messages_are_dropped),
    cmocka_unit_test(a_wrong_confirmation_is_no_confirmation),
    cmocka_unit_test(an_unknown_error_is_a_denial),
};

SIO_TEST_MAIN(tests)
