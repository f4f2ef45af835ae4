/* SPDX-License-Identifier: MIT */
/* Allocations of the subscribing side: none for a message in the steady state, and without
 * memory everything says so or tries again. */
#include "tests/memory/alloc.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "listen.h"

struct setup {
    struct redis_fixture *redis;
    struct client client;
    struct listen listen;
};

static void set_up(struct setup *s)
{
    sio_link_opts opts;

    s->redis = redis_fixture_new(REDIS_UNIX, NULL);
    client_init(&s->client, ON_LOOP, &opts, redis_fixture_url(s->redis));
    client_open(&s->client, &opts);
    listen_open(&s->listen, &s->client);
}

static void tear_down(struct setup *s)
{
    alloc_disarm();
    listen_close(&s->listen);
    client_free(&s->client);
    redis_fixture_free(s->redis);
}

/* Messages of other channels too, and with room for them to be cut by the buffer's end. */
static void publish_lots(struct setup *s, redisContext *redis, int lots)
{
    char payload[1000] = "x";

    for (int lot = 0; lot < lots; lot++) {
        int before = s->listen.messages;

        for (int i = 0; i < 500; i++)
            redisAppendCommand(redis, "PUBLISH room:%d %b", i % 10, payload, (size_t)i * 2);
        for (int i = 0; i < 500; i++) {
            redisReply *reply = NULL;

            redisGetReply(redis, (void **)&reply);
            freeReplyObject(reply);
        }
        CLIENT_WAIT(&s->client, s->listen.messages == before + 500 + 50);
    }
}

static void no_allocation_per_message(void **state)
{
    struct setup s;
    redisContext *redis;
    long made = 0, before;

    (void)state;
    alloc_require();
    set_up(&s);
    redis = redis_fixture_connect(s.redis);
    listen_sub(&s.listen, SIO__PATTERN, "room:*", 1);
    listen_sub(&s.listen, SIO__CHANNEL, "room:3", 2);
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    publish_lots(&s, redis, 2);
    for (int lot = 0; lot < 40; lot++) {
        int target = s.listen.messages + 550;

        alloc_spared = true; /* hiredis allocates */
        for (int i = 0; i < 500; i++)
            redisAppendCommand(redis, "PUBLISH room:%d %b", i % 10, "0123456789", (size_t)10);
        for (int i = 0; i < 500; i++) {
            redisReply *reply = NULL;

            redisGetReply(redis, (void **)&reply);
            freeReplyObject(reply);
        }
        alloc_spared = false;
        before = alloc_made;
        CLIENT_WAIT(&s.client, s.listen.messages == target);
        made += alloc_made - before;
    }
    assert_int_equal(made, 0);
    redisFree(redis);
    tear_down(&s);
}

static void subscribing_without_memory_changes_nothing_42(void **state)
{
    static const struct sio__listener_ops none;
    struct setup s;
    struct sio__listener *listener = NULL;
    sio_status status = SIO_ENOMEM;
    long n;

    (void)state;
    alloc_require();
    s.redis = redis_fixture_new(REDIS_UNIX, NULL);
    {
        sio_link_opts opts;

        client_init(&s.client, ON_LOOP, &opts, redis_fixture_url(s.redis));
        client_open(&s.client, &opts);
    }
    for (n = 0; status != SIO_OK; n++) {
        alloc_arm(n, false);
        status = sio__listener_new(s.client.link, &none, NULL, &listener);
        alloc_disarm();
        assert_true(status == SIO_OK || status == SIO_ENOMEM);
        assert_int_equal(status == SIO_OK, listener != NULL);
    }
    assert_true(n > 4);
    sio__listener_free(listener);
    listen_open(&s.listen, &s.client);
    for (int i = 0; i < 300; i++) { /* so that tables grow */
        char name[32];
        long live;

        snprintf(name, sizeof name, "room:%d", i);
        status = SIO_ENOMEM;
        for (n = 0; status != SIO_OK; n++) {
            live = alloc_live;
            alloc_arm(n, false);
            status = sio__listener_subscribe(s.listen.listener, SIO__CHANNEL, sio_str_c(name), i);
            alloc_disarm();
            assert_true(status == SIO_OK || (status == SIO_ENOMEM && alloc_live <= live + 2));
        }
        assert_true(n > 1);
    }
    alloc_arm(0, false);
    assert_int_equal(sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen), SIO_ENOMEM);
    alloc_disarm();
    listen_sync(&s.listen);
    assert_int_equal(s.listen.readies, 1);
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH room:299 x"), 1);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    tear_down(&s);
}

static void coming_up_without_memory_42(void **state)
{
    int lost = 0;

    (void)state;
    alloc_require();
    for (int n = 0; n < 60; n++) {
        struct setup s;

        set_up(&s);
        listen_sub(&s.listen, SIO__CHANNEL, "ch", 1);
        listen_sub(&s.listen, SIO__PATTERN, "c*", 2);
        alloc_arm(n, false);
        CLIENT_WAIT(&s.client, s.listen.readies == 1);
        lost += alloc_disarm() > 0;
        assert_int_equal(redis_fixture_command(s.redis, "PUBLISH ch x"), 2);
        CLIENT_WAIT(&s.client, s.listen.messages == 2);
        tear_down(&s);
    }
    assert_true(lost > 5);
}

/* A message larger than the buffer, and no memory for it: the connection starts anew. */
static void a_large_message_without_memory_42(void **state)
{
    struct setup s;
    redisContext *redis;
    char *payload = calloc(1, 1000000);
    redisReply *reply;

    (void)state;
    alloc_require();
    set_up(&s);
    redis = redis_fixture_connect(s.redis);
    listen_sub(&s.listen, SIO__CHANNEL, "ch", 1);
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    reply = redisCommand(redis, "PUBLISH ch %b", payload, (size_t)1000000);
    freeReplyObject(reply);
    alloc_arm(0, true);
    for (int i = 0; i < 100 && s.listen.losses == 0; i++)
        client_turn(&s.client);
    assert_true(alloc_disarm() > 0);
    assert_int_equal(s.listen.losses, 1);
    assert_non_null(strstr(s.listen.text, "out of memory"));
    CLIENT_WAIT(&s.client, s.listen.readies == 2);
    reply = redisCommand(redis, "PUBLISH ch %b", payload, (size_t)1000000);
    freeReplyObject(reply);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    assert_int_equal(s.listen.payload_len, 1000000);
    redisFree(redis);
    free(payload);
    tear_down(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_allocation_per_message),
    cmocka_unit_test(subscribing_without_memory_changes_nothing_42),
    cmocka_unit_test(coming_up_without_memory_42),
    cmocka_unit_test(a_large_message_without_memory_42),
};

SIO_TEST_MAIN(tests)
