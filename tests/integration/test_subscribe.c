/* SPDX-License-Identifier: MIT */
/* Subscribing and unsubscribing, against a real Redis. */
#include "listen.h"

#include <hiredis/hiredis.h>

struct setup {
    struct redis_fixture *redis;
    redisContext *other; /* another client */
    struct client client;
    struct listen listen;
};

static void set_up(struct setup *s)
{
    sio_link_opts opts;

    s->redis = redis_fixture_new(REDIS_ANY, NULL);
    s->other = redis_fixture_connect(s->redis);
    client_init_on(&s->client, ON_LOOP, &opts, s->redis);
    client_open(&s->client, &opts);
    listen_open(&s->listen, &s->client);
}

static void tear_down(struct setup *s)
{
    listen_close(&s->listen);
    client_free(&s->client);
    redisFree(s->other);
    redis_fixture_free(s->redis);
}

/* Returns the number of receivers. */
static long long publish(struct setup *s, const char *channel, const char *payload, size_t len)
{
    redisReply *reply = redisCommand(s->other, "PUBLISH %s %b", channel, payload, len);
    long long receivers;

    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    receivers = reply->integer;
    freeReplyObject(reply);
    return receivers;
}

static long long count(struct setup *s, const char *channel)
{
    long long n = 0;

    for (size_t i = 0; i < redis_fixture_count(s->redis); i++) {
        const char *name = redis_fixture_name(s->redis, i);
        redisContext *node = redis_fixture_connect_to(s->redis, name);
        redisReply *reply = redisCommand(node, "PUBSUB NUMSUB %s", channel);

        assert_non_null(reply);
        assert_int_equal(reply->elements, 2);
        n += reply->element[1]->integer;
        freeReplyObject(reply);
        redisFree(node);
    }
    return n;
}

static void a_channel_brings_its_messages(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s);
    listen_sub(&s.listen, SIO__CHANNEL, "news", 7);
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    assert_receivers(s.redis, publish(&s, "news", "a\0b\r\n", 5), 1);
    assert_receivers(s.redis, publish(&s, "other", "x", 1), 0);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    assert_int_equal(s.listen.last_tag, 7);
    assert_string_equal(s.listen.channel, "news");
    assert_int_equal(s.listen.payload_len, 5);
    assert_memory_equal(s.listen.payload, "a\0b\r\n", 5);
    publish(&s, "news", "", 0);
    CLIENT_WAIT(&s.client, s.listen.messages == 2);
    assert_int_equal(s.listen.payload_len, 0);
    assert_string_equal(s.listen.order, "rmm");
    assert_int_equal(client_stats(&s.client).messages, 2);
    tear_down(&s);
}

static void a_pattern_brings_all_that_match(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s);
    listen_sub(&s.listen, SIO__PATTERN, "room*", 1);
    listen_sub(&s.listen, SIO__CHANNEL, "room*", 2); /* a name of its own */
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    publish(&s, "room 1", "x", 1);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    assert_int_equal(s.listen.last_tag, 1);
    assert_string_equal(s.listen.channel, "room 1");
    assert_receivers(s.redis, publish(&s, "room*", "x", 1), 2);
    CLIENT_WAIT(&s.client, s.listen.messages == 3);
    listen_unsub(&s.listen, SIO__PATTERN, "room*");
    listen_sync(&s.listen);
    assert_receivers(s.redis, publish(&s, "room 1", "x", 1), 0);
    assert_receivers(s.redis, publish(&s, "room*", "x", 1), 1);
    CLIENT_WAIT(&s.client, s.listen.messages == 4);
    assert_int_equal(s.listen.last_tag, 2);
    tear_down(&s);
}

static void names_may_hold_anything(void **state)
{
    static const char odd[] = "\0*3\r\n$7\r\nmessage\r\n\xff [?]";
    struct setup s;
    char *long_name = malloc(100000);
    redisReply *reply;

    (void)state;
    set_up(&s);
    memset(long_name, 'n', 100000);
    assert_int_equal(sio__listener_subscribe(s.listen.listener, SIO__CHANNEL, SIO_STR(""), 1),
                     SIO_OK);
    assert_int_equal(
        sio__listener_subscribe(s.listen.listener, SIO__CHANNEL, sio_str_of(odd, sizeof odd), 2),
        SIO_OK);
    assert_int_equal(
        sio__listener_subscribe(s.listen.listener, SIO__CHANNEL, sio_str_of(long_name, 100000), 3),
        SIO_OK);
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    for (int tag = 1; tag <= 3; tag++) {
        const char *name = tag == 1 ? "" : tag == 2 ? odd : long_name;
        size_t len = tag == 1 ? 0 : tag == 2 ? sizeof odd : 100000;

        reply = redisCommand(s.other, "PUBLISH %b x", name, len);
        assert_receivers(s.redis, reply->integer, 1);
        freeReplyObject(reply);
        CLIENT_WAIT(&s.client, s.listen.messages == tag);
        assert_int_equal(s.listen.last_tag, tag);
    }
    free(long_name);
    tear_down(&s);
}

static void listeners_of_one_name_hear_it_once_each(void **state)
{
    struct setup s;
    struct listen second, third;

    (void)state;
    set_up(&s);
    listen_open(&second, &s.client);
    listen_sub(&s.listen, SIO__CHANNEL, "ch", 1);
    listen_sub(&second, SIO__CHANNEL, "ch", 2);
    CLIENT_WAIT(&s.client, s.listen.readies == 1 && second.readies == 1);
    listen_open(&third, &s.client); /* Redis need not be asked any more */
    listen_sub(&third, SIO__CHANNEL, "ch", 3);
    assert_int_equal(third.readies, 0);
    CLIENT_WAIT(&s.client, third.readies == 1);
    assert_receivers(s.redis, publish(&s, "ch", "x", 1), 1);
    CLIENT_WAIT(&s.client, s.listen.messages + second.messages + third.messages == 3);
    assert_int_equal(s.listen.last_tag, 1);
    assert_int_equal(second.last_tag, 2);
    assert_int_equal(third.last_tag, 3);
    listen_unsub(&s.listen, SIO__CHANNEL, "ch");
    listen_unsub(&s.listen, SIO__CHANNEL, "ch"); /* no effect */
    listen_sync(&s.listen);
    assert_receivers(s.redis, publish(&s, "ch", "x", 1), 1);
    CLIENT_WAIT(&s.client, second.messages == 2 && third.messages == 2);
    listen_close(&second);
    assert_receivers(s.redis, publish(&s, "ch", "x", 1), 1);
    CLIENT_WAIT(&s.client, third.messages == 3);
    listen_sub(&s.listen, SIO__CHANNEL, "ch", 4); /* in the place that it had */
    assert_receivers(s.redis, publish(&s, "ch", "x", 1), 1);
    CLIENT_WAIT(&s.client, third.messages == 4 && s.listen.messages == 2);
    listen_close(&third);
    listen_unsub(&s.listen, SIO__CHANNEL, "ch");
    listen_sync(&s.listen);
    assert_int_equal(count(&s, "ch"), 0);
    assert_int_equal(s.listen.messages, 2);
    assert_int_equal(second.messages, 2);
    tear_down(&s);
}

static void the_last_wish_holds(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s);
    listen_sub(&s.listen, SIO__CHANNEL, "a", 1);
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    for (int i = 0; i < 200; i++) {
        listen_unsub(&s.listen, SIO__CHANNEL, "a");
        if (i % 3 == 0)
            client_turn(&s.client); /* it is asked, and not answered yet */
        listen_sub(&s.listen, SIO__CHANNEL, "a", 2);
        if (i % 5 == 0)
            client_turn(&s.client);
        if (i % 7 == 0)
            listen_sync(&s.listen);
    }
    listen_sub(&s.listen, SIO__CHANNEL, "b", 1);
    listen_unsub(&s.listen, SIO__CHANNEL, "b");
    listen_sync(&s.listen);
    assert_int_equal(count(&s, "a"), 1);
    assert_int_equal(count(&s, "b"), 0);
    assert_receivers(s.redis, publish(&s, "a", "x", 1), 1);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    assert_int_equal(s.listen.last_tag, 2);
    tear_down(&s);
}

static void a_sync_ends_when_redis_has_done_it(void **state)
{
    struct setup s;
    char name[32];

    (void)state;
    set_up(&s);
    listen_sync(&s.listen); /* nothing was asked */
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "room %d", i);
        listen_sub(&s.listen, SIO__CHANNEL, name, i);
        if (i % 100 == 0) {
            listen_sync(&s.listen);
            assert_int_equal(count(&s, name), 1);
        }
    }
    listen_sync(&s.listen);
    for (int i = 0; i < 2000; i += 2) {
        snprintf(name, sizeof name, "room %d", i);
        listen_unsub(&s.listen, SIO__CHANNEL, name);
    }
    listen_sync(&s.listen);
    for (int i = 0; i < 2000; i += 99) {
        snprintf(name, sizeof name, "room %d", i);
        assert_int_equal(count(&s, name), i % 2);
    }
    assert_int_equal(s.listen.readies, 1);
    tear_down(&s);
}

static void a_denied_name_is_told_21(void **state)
{
    struct setup s;
    struct listen second;
    sio_link_opts opts;

    (void)state;
    set_up(&s);
    redis_fixture_each(s.redis, "ACL SETUSER ear on >pw +@all resetchannels &good*");
    listen_close(&s.listen);
    client_free(&s.client);
    client_init_on(&s.client, ON_LOOP, &opts, s.redis);
    opts.username = "ear";
    opts.password = "pw";
    client_open(&s.client, &opts);
    listen_open(&s.listen, &s.client);
    listen_open(&second, &s.client);
    listen_sub(&s.listen, SIO__CHANNEL, "good 1", 1);
    listen_sub(&s.listen, SIO__CHANNEL, "bad", 2);
    listen_sub(&s.listen, SIO__CHANNEL, "good 2", 3);
    listen_sub(&second, SIO__CHANNEL, "good 1", 4);
    CLIENT_WAIT(&s.client, s.listen.readies == 1 && second.readies == 1);
    assert_int_equal(s.listen.denials, 1);
    assert_int_equal(s.listen.denied_status, SIO_ENOPERM);
    assert_string_equal(s.listen.denied_name, "bad");
    assert_non_null(strstr(s.listen.denied_text, "NOPERM"));
    assert_non_null(strstr(s.listen.denied_text, "(channel bad)"));
    assert_non_null(strstr(s.client.log, "(channel bad)"));
    assert_string_equal(s.listen.order, "dr");
    assert_int_equal(second.denials, 0);
    publish(&s, "good 2", "x", 1);
    CLIENT_WAIT(&s.client, s.listen.messages == 1);
    /* Somebody else wants it: it is tried for him, and only he is told. */
    listen_sub(&second, SIO__CHANNEL, "bad", 5);
    CLIENT_WAIT(&s.client, second.denials == 1);
    assert_int_equal(s.listen.denials, 1);
    listen_unsub(&second, SIO__CHANNEL, "bad");
    listen_unsub(&s.listen, SIO__CHANNEL, "bad");
    redis_fixture_each(s.redis, "ACL SETUSER ear &bad");
    listen_sub(&s.listen, SIO__CHANNEL, "bad", 6);
    listen_sync(&s.listen);
    assert_int_equal(count(&s, "bad"), 1);
    listen_close(&second);
    tear_down(&s);
}

/* A sync says that all is live only when it is. */
static void a_sync_says_that_a_name_is_denied_21(void **state)
{
    struct setup s;
    struct listen second;

    (void)state;
    set_up(&s);
    redis_fixture_each(s.redis, "ACL SETUSER default resetchannels &good*");
    listen_open(&second, &s.client);
    listen_sub(&s.listen, SIO__CHANNEL, "good", 1);
    listen_sub(&second, SIO__CHANNEL, "good", 1);
    listen_sync(&s.listen);
    listen_sub(&s.listen, SIO__CHANNEL, "bad", 2);
    assert_int_equal(listen_sync_status(&s.listen), SIO_ENOPERM);
    assert_int_equal(listen_sync_status(&s.listen), SIO_ENOPERM); /* it still is */
    listen_sync(&second);                                         /* its own are live */
    listen_sub(&s.listen, SIO__PATTERN, "bad*", 3);
    assert_int_equal(listen_sync_status(&s.listen), SIO_ENOPERM);
    listen_unsub(&s.listen, SIO__PATTERN, "bad*");
    assert_int_equal(listen_sync_status(&s.listen), SIO_ENOPERM);
    listen_unsub(&s.listen, SIO__CHANNEL, "bad");
    listen_sync(&s.listen);
    listen_sub(&s.listen, SIO__CHANNEL, "bad", 2);
    assert_int_equal(listen_sync_status(&s.listen), SIO_ENOPERM);
    redis_fixture_each(s.redis, "ACL SETUSER default &bad");
    listen_sub(&second, SIO__CHANNEL, "bad", 2); /* tried for the second: the first has it too */
    listen_sync(&second);
    listen_sync(&s.listen);
    listen_unsub(&s.listen, SIO__CHANNEL, "bad");
    listen_sub(&s.listen, SIO__CHANNEL, "worse", 2);
    assert_int_equal(listen_sync_status(&s.listen), SIO_ENOPERM);
    redis_fixture_each(s.redis, "ACL SETUSER default allchannels");
    redis_fixture_each(s.redis, "CLIENT KILL TYPE pubsub");
    CLIENT_WAIT(&s.client, s.listen.readies == 2);
    listen_sync(&s.listen); /* a connection knows nothing of the one before */
    assert_int_equal(s.listen.denials, 4);
    assert_int_equal(second.denials, 0);
    listen_close(&second);
    tear_down(&s);
}

static void a_link_with_a_thread_has_no_listeners(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    static const struct sio__listener_ops ops;
    struct sio__listener *listener;
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init_on(&client, THREADED, &opts, redis);
    client_open(&client, &opts);
    assert_int_equal(sio__listener_new(client.link, &ops, NULL, &listener), SIO_EINVAL);
    assert_null(listener);
    assert_false(sio__link_on_loop(client.link));
    client_free(&client);
    redis_fixture_free(redis);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_any_topology(a_channel_brings_its_messages),
    cmocka_unit_test_any_topology(a_pattern_brings_all_that_match),
    cmocka_unit_test_any_topology(names_may_hold_anything),
    cmocka_unit_test_any_topology(listeners_of_one_name_hear_it_once_each),
    cmocka_unit_test_any_topology(the_last_wish_holds),
    cmocka_unit_test_any_topology(a_sync_ends_when_redis_has_done_it),
    cmocka_unit_test_any_topology(a_denied_name_is_told_21),
    cmocka_unit_test_any_topology(a_sync_says_that_a_name_is_denied_21),
    cmocka_unit_test(a_link_with_a_thread_has_no_listeners),
};

SIO_TEST_MAIN(tests)
