/* SPDX-License-Identifier: MIT */
/* PUBSUB NUMSUB among the publishes. */
#include "listen.h"

#include <hiredis/hiredis.h>

struct count {
    struct client *client;
    int ended;
    sio_status status;
    int64_t receivers;
    int publishes_ended; /* before this count did */
    char text[512];
};

static void on_end(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                   void *user)
{
    struct count *count = owner;

    (void)fn;
    (void)user;
    count->ended++;
    count->status = result->status;
    count->receivers = result->receivers;
    count->publishes_ended = count->client->ended;
    snprintf(count->text, sizeof count->text, "%s", result->text);
}

static void ask(struct client *client, struct count *count, const char *channel)
{
    struct sio__completion completion = {.done = on_end, .owner = count};

    *count = (struct count){.client = client};
    assert_int_equal(
        sio__link_count(client->link, SIO__COUNT_SUBSCRIBERS, sio_str_c(channel), &completion),
        SIO_OK);
}

static void open_client(struct client *client, const struct redis_fixture *redis, const char *user)
{
    sio_link_opts opts;

    client_init_on(client, ON_LOOP, &opts, redis);
    opts.username = user;
    opts.password = user;
    opts.command_timeout_ms = 300;
    client_open(client, &opts);
}

static void it_counts_in_order_with_publishes(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    struct listen listen;
    struct count first, second, third;

    (void)state;
    open_client(&client, redis, NULL);
    listen_open(&listen, &client);
    listen_sub(&listen, SIO__CHANNEL, "ch", 1);
    listen_sub(&listen, SIO__PATTERN, "ot*", 1);
    listen_sync(&listen);
    ask(&client, &first, "ch");
    client_publish(&client, "ch", 1);
    client_publish(&client, "ch", 2);
    ask(&client, &second, "other"); /* by pattern only */
    client_publish(&client, "ch", 3);
    ask(&client, &third, "ch");
    CLIENT_WAIT(&client, first.ended + second.ended + third.ended == 3 && client.ended == 3);
    assert_int_equal(first.status, SIO_OK);
    assert_int_equal(first.receivers, 1);
    assert_int_equal(second.receivers, 0);
    assert_int_equal(third.receivers, 1);
    if (redis_fixture_topology(redis) != REDIS_CLUSTER) { /* whose nodes all have to answer */
        assert_int_equal(first.publishes_ended, 0);
        assert_int_equal(second.publishes_ended, 2);
        assert_int_equal(third.publishes_ended, 3);
    }
    assert_int_equal(client.ends[SIO_OK], 3);
    assert_receivers(redis, client.receivers, 3);
    assert_int_equal(client_stats(&client).receivers, client.receivers); /* of publishes */
    CLIENT_WAIT(&client, listen.messages == 3);
    listen_close(&listen);
    client_free(&client);
    redis_fixture_free(redis);
}

static void a_denied_count_is_named_21(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    struct count count;

    (void)state;
    redis_fixture_each(redis, "ACL SETUSER u on >u +@all -pubsub allchannels");
    open_client(&client, redis, "u");
    client_publish(&client, "ch", 1);
    ask(&client, &count, "ch");
    client_publish(&client, "ch", 2);
    CLIENT_WAIT(&client, client.ended == 2 && count.ended == 1);
    assert_int_equal(count.status, SIO_ENOPERM);
    assert_int_equal(count.receivers, -1);
    assert_non_null(strstr(count.text, "NOPERM"));
    assert_non_null(strstr(count.text, "pubsub"));
    assert_int_equal(client.ends[SIO_OK], 2);
    client_free(&client);
    redis_fixture_free(redis);
}

static void it_is_asked_again_after_a_loss_and_ends_once(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    struct count counts[50], last;

    (void)state;
    open_client(&client, redis, NULL);
    CLIENT_WAIT(&client, client_up(&client));
    redis_fixture_stop(redis);
    for (int i = 0; i < 50; i++) {
        ask(&client, &counts[i], "ch");
        client_publish(&client, "ch", i);
        client_turn(&client);
    }
    redis_fixture_kill(redis);
    CLIENT_WAIT(&client, client.downs > 0);
    redis_fixture_start(redis);
    CLIENT_WAIT(&client, client.ended == 50);
    for (int i = 0; i < 50; i++)
        CLIENT_WAIT(&client, counts[i].ended == 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(counts[i].ended, 1);
        assert_int_equal(counts[i].status, SIO_OK);
        if (redis_fixture_topology(redis) != REDIS_CLUSTER)
            assert_int_equal(counts[i].publishes_ended, i);
    }
    redis_fixture_stop(redis);
    ask(&client, &last, "ch");
    client_turn(&client);
    sio_link_free(client.link);
    client.link = NULL;
    assert_int_equal(last.ended, 1);
    assert_int_equal(last.status, SIO_ECLOSED);
    client_free(&client);
    redis_fixture_free(redis);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_any_topology(it_counts_in_order_with_publishes),
    cmocka_unit_test_any_topology(a_denied_count_is_named_21),
    cmocka_unit_test_any_topology(it_is_asked_again_after_a_loss_and_ends_once),
};

SIO_TEST_MAIN(tests)
