/* SPDX-License-Identifier: MIT */
/* Fault 42 on a live link, on a loop and on its own thread: allocations fail one by one and
 * in a row while it publishes, loses its connection and finds it again. What was accepted
 * arrives, in order; what was refused never does; and every call answers. */
#include "alloc.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "client.h"

#define CHANNEL "channel"

enum { NUMBERS = 120, RECONNECT_EVERY = 10 };

/* A subscriber read on the test's own thread, whose allocations are spared. */
static redisContext *listen_to(const struct redis_fixture *redis)
{
    redisContext *sub = redis_fixture_connect(redis);
    redisReply *reply = redisCommand(sub, "SUBSCRIBE " CHANNEL);
    assert_non_null(reply);
    freeReplyObject(reply);
    return sub;
}

static int hear(redisContext *sub)
{
    redisReply *reply;
    void *out = NULL;
    assert_int_equal(redisGetReply(sub, &out), REDIS_OK);
    reply = out;
    assert_int_equal(reply->elements, 3);
    int number = atoi(reply->element[2]->str);
    freeReplyObject(reply);
    return number;
}

/* Run the link for a moment; on a loop this thread's allocations are the link's then. */
static void turn(struct client *client)
{
    bool spared = alloc_spared;
    alloc_spared = false;
    if (client->base != NULL)
        event_base_loop(client->base, EVLOOP_NONBLOCK);
    alloc_spared = spared;
    fixture_nap();
}

#define TURN_UNTIL(client, condition)                                                              \
    do {                                                                                           \
        int64_t turn_limit = fixture_now_ms() + 20000;                                             \
        while (!(condition)) {                                                                     \
            assert_true(fixture_now_ms() < turn_limit);                                            \
            turn(client);                                                                          \
        }                                                                                          \
    } while (0)

static sio_status publish(struct client *client, int number)
{
    alloc_spared = false;
    sio_status status = client_publish(client, CHANNEL, number);
    alloc_spared = true;
    return status;
}

struct ledger {
    bool accepted[NUMBERS];
    int published, failures;
};

/* Until it has lost its connection and, without memory, has found it or failed to. */
static void lose_connection(struct client *client, const struct redis_fixture *redis, int round)
{
    TURN_UNTIL(client, client_up(client));
    int before = client->ups + client->downs;
    alloc_arm(round % 12, round % 3 == 0);
    redis_fixture_command(redis, "CLIENT KILL TYPE normal");
    TURN_UNTIL(client, client->ups + client->downs >= before + 2);
}

static void publish_through_failures(struct client *client, const struct redis_fixture *redis,
                                     struct ledger *ledger)
{
    for (int i = 0; i < NUMBERS; i++) {
        alloc_arm(i % 2, false);
        sio_status status = publish(client, i);
        ledger->failures += (int)alloc_disarm();
        assert_true(status == SIO_OK || status == SIO_ENOMEM);
        ledger->accepted[i] = status == SIO_OK;
        ledger->published += status == SIO_OK;
        if (i % RECONNECT_EVERY == RECONNECT_EVERY - 1) {
            lose_connection(client, redis, i / RECONNECT_EVERY);
            ledger->failures += (int)alloc_disarm();
        }
    }
    TURN_UNTIL(client, client->ended == ledger->published);
}

static void check_heard(redisContext *sub, const struct ledger *ledger)
{
    int last = -1;
    for (int next = 0; next < NUMBERS; next++) {
        if (!ledger->accepted[next])
            continue;
        int number = hear(sub);
        while (number <= last) /* sent again */
            number = hear(sub);
        assert_int_equal(number, next);
        last = number;
    }
}

static void lose_nothing(enum client_mode mode)
{
    struct redis_fixture *redis;
    struct ledger ledger = {.published = 0};
    struct client client;
    sio_link_opts opts;
    alloc_require();
    alloc_spared = true;
    redis = redis_fixture_new(REDIS_UNIX, NULL);
    redisContext *sub = listen_to(redis);
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    TURN_UNTIL(&client, client_up(&client));
    publish_through_failures(&client, redis, &ledger);
    assert_int_equal(client.ends[SIO_OK], ledger.published);
    assert_int_equal(client.unordered, 0);
    print_message("%d failures\n", ledger.failures);
    assert_true(ledger.failures > 5); /* how many depends on when the thread runs */
    assert_true(ledger.published > NUMBERS / 4);
    check_heard(sub, &ledger);
    client_free(&client);
    redisFree(sub);
    redis_fixture_free(redis);
}

static void loses_nothing_on_a_loop_42(void **state)
{
    (void)state;
    lose_nothing(ON_LOOP);
}

static void loses_nothing_on_its_thread_42(void **state)
{
    (void)state;
    lose_nothing(THREADED);
}

/* ---- every call ---- */

static void on_drain(sio_link *link, sio_status status, void *user)
{
    struct client *client = user;
    (void)link;
    client->drain_status = (int)status;
    client->drained++;
}

static sio_status call_drain(struct client *client)
{
    int before = client->drained;
    sio_status status = sio_link_drain(client->link, on_drain, client);
    bool spared = alloc_spared;
    alloc_spared = true;
    if (status == SIO_OK)
        TURN_UNTIL(client, client->drained == before + 1);
    alloc_spared = spared;
    return status;
}

static sio_status call_flush(struct client *client)
{
    return sio_link_flush(client->link, 5000);
}

static sio_status call_wait_up(struct client *client)
{
    return sio_link_wait_up(client->link, 5000, NULL, NULL, 0);
}

static sio_status call_wait_writable(struct client *client)
{
    return sio_link_wait_writable(client->link, 100, 5000);
}

static sio_status call_stats(struct client *client)
{
    sio_link_stats stats;
    return sio_link_get_stats(client->link, &stats);
}

static sio_status call_close(struct client *client)
{
    return sio_link_close(client->link, 5000);
}

static sio_status call_free(struct client *client)
{
    sio_link_free(client->link);
    client->link = NULL;
    return SIO_OK;
}

/* A publish on its way, then the call. Whatever it says, the publish ends once, and the
 * link, unless it is closed, takes another. Returns whether an allocation failed. */
static bool call_without_memory(struct client *client, const sio_link_opts *opts,
                                sio_status (*call)(struct client *), long n, bool ends)
{
    client->link = NULL;
    client->ended = 0;
    client_open(client, opts);
    TURN_UNTIL(client, client_up(client));
    assert_int_equal(client_publish(client, CHANNEL, 1), SIO_OK);
    alloc_arm(n, true);
    alloc_spared = false;
    sio_status status = call(client);
    alloc_spared = true;
    bool failed = alloc_disarm() > 0;
    assert_true(status == SIO_OK || (failed && status == SIO_ENOMEM) ||
                (failed && status == SIO_ECONN) || (client->base != NULL && status == SIO_EDEADLK));
    TURN_UNTIL(client, client->ended == 1);
    if (!ends) {
        assert_int_equal(client_publish(client, CHANNEL, 2), SIO_OK);
        TURN_UNTIL(client, client->ended == 2);
    }
    sio_link_free(client->link);
    client->link = NULL;
    return failed;
}

static void every_call(enum client_mode mode)
{
    static sio_status (*const calls[])(struct client *) = {
        call_drain, call_flush, call_wait_up, call_wait_writable, call_stats, call_close, call_free,
    };
    struct redis_fixture *redis;
    struct client client;
    sio_link_opts opts;
    alloc_require();
    alloc_spared = true;
    redis = redis_fixture_new(REDIS_UNIX, NULL);
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        for (long n = 0; n < 8; n++)
            (void)call_without_memory(&client, &opts, calls[i], n,
                                      calls[i] == call_close || calls[i] == call_free);
    client_free(&client);
    redis_fixture_free(redis);
}

static void every_call_answers_on_a_loop_42(void **state)
{
    (void)state;
    every_call(ON_LOOP);
}

static void every_call_answers_on_its_thread_42(void **state)
{
    (void)state;
    every_call(THREADED);
}

/* ---- what is left behind ---- */

static void live_and_die(const struct redis_fixture *redis, enum client_mode mode, long n)
{
    struct client client;
    sio_link_opts opts;
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    alloc_arm(n, false);
    alloc_spared = false;
    sio_status status = sio_link_new(&opts, &client.link, NULL, 0);
    alloc_spared = true;
    if (status == SIO_OK) {
        TURN_UNTIL(&client, client.ups + client.downs > 0);
        (void)publish(&client, 1);
    }
    client_free(&client);
    alloc_disarm();
}

/* Whichever allocation of a link's life fails, all of them are given back. */
static void leaves_nothing_behind(enum client_mode mode)
{
    struct redis_fixture *redis;
    alloc_require();
    alloc_spared = true;
    redis = redis_fixture_new(REDIS_UNIX, NULL);
    for (int i = 0; i < 3; i++) /* what stays for good, such as libevent's tables */
        live_and_die(redis, mode, 1000000);
    long live = atomic_load(&alloc_live);
    for (long n = 0; n < 60; n++) {
        live_and_die(redis, mode, n);
        if (atomic_load(&alloc_live) != live)
            fail_msg("%ld left after the failure of allocation %ld",
                     atomic_load(&alloc_live) - live, n);
    }
    redis_fixture_free(redis);
}

static void leaves_nothing_behind_on_a_loop_42(void **state)
{
    (void)state;
    leaves_nothing_behind(ON_LOOP);
}

static void leaves_nothing_behind_on_its_thread_42(void **state)
{
    (void)state;
    leaves_nothing_behind(THREADED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(loses_nothing_on_a_loop_42),
    cmocka_unit_test(loses_nothing_on_its_thread_42),
    cmocka_unit_test(every_call_answers_on_a_loop_42),
    cmocka_unit_test(every_call_answers_on_its_thread_42),
    cmocka_unit_test(leaves_nothing_behind_on_a_loop_42),
    cmocka_unit_test(leaves_nothing_behind_on_its_thread_42),
};

SIO_TEST_MAIN(tests)
