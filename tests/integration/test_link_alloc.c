/* SPDX-License-Identifier: MIT */
/* Allocations, which are counted and can be made to fail: a publish in the steady state
 * makes none, and without memory everything says so or tries again. */
#include "tests/memory/alloc.h"

#include "client.h"
#include "link/publish.h"

/* In lots that fit the outbox, each with its pause for the answers. */
static void publish_lots(struct client *client, int lots)
{
    int before = client->ended;

    for (int lot = 0; lot < lots; lot++) {
        for (int i = 0; i < 1000; i++)
            assert_int_equal(client_publish(client, "socket.io#/#room#", i), SIO_OK);
        CLIENT_WAIT(client, client->ended == before + (lot + 1) * 1000);
    }
}

static void steady_state(enum client_mode mode)
{
    struct redis_fixture *redis;
    struct client client;
    sio_link_opts opts;
    long before;

    alloc_require();
    redis = redis_fixture_new(REDIS_UNIX, NULL);
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    redis_fixture_stop(redis); /* so that the outbox grows to what it can need below */
    for (int i = 0; i < 3000; i++)
        assert_int_equal(client_publish(&client, "socket.io#/#room#", i), SIO_OK);
    redis_fixture_cont(redis);
    CLIENT_WAIT(&client, client.ended == 3000);
    before = alloc_made;
    publish_lots(&client, 100);
    assert_int_equal(alloc_made, before);
    client_free(&client);
    redis_fixture_free(redis);
}

static void no_allocation_per_publish_on_its_thread(void **state)
{
    (void)state;
    steady_state(THREADED);
}

static void no_allocation_per_publish_on_a_loop(void **state)
{
    (void)state;
    steady_state(ON_LOOP);
}

static void new_without_memory_42(void **state)
{
    long n = 0;

    (void)state;
    alloc_require();
    for (int mode = THREADED; mode <= ON_LOOP; mode++) {
        struct client client;
        sio_link_opts opts;
        sio_status status;

        client_init(&client, (enum client_mode)mode, &opts, "redis://u:p@127.0.0.1:1");
        opts.client_name = "name";
        for (n = 0;; n++) {
            alloc_arm(n, false);
            status = sio_link_new(&opts, &client.link, NULL, 0);
            alloc_disarm();
            if (status == SIO_OK)
                break;
            assert_true(status == SIO_ENOMEM || status == SIO_ESYS);
            assert_null(client.link);
        }
        assert_true(n > 8);
        client_free(&client);
    }
}

static void connecting_without_memory_42(void **state)
{
    struct redis_fixture *redis;
    int failed = 0;

    (void)state;
    alloc_require();
    redis = redis_fixture_new(REDIS_TCP, NULL);
    for (int n = 0; n < 40; n++) {
        struct client client;
        sio_link_opts opts;

        client_init(&client, ON_LOOP, &opts, redis_fixture_url(redis));
        opts.client_name = "name";
        client_open(&client, &opts);
        alloc_arm(n, false);
        CLIENT_WAIT(&client, client.ups + client.downs > 0);
        alloc_disarm();
        failed += client.downs;
        assert_int_equal(client_publish(&client, "ch", n), SIO_OK);
        CLIENT_WAIT(&client, client.ended == 1);
        assert_int_equal(client.ends[SIO_OK], 1);
        client_free(&client);
    }
    assert_true(failed > 5);
    redis_fixture_free(redis);
}

static void a_publish_without_memory_changes_nothing_42(void **state)
{
    struct client client;
    sio_link_opts opts;

    (void)state;
    alloc_require();
    client_init(&client, ON_LOOP, &opts, "unix:///nonexistent/socket");
    client_open(&client, &opts);
    alloc_arm(0, false);
    assert_int_equal(client_publish(&client, "ch", 1), SIO_ENOMEM);
    alloc_disarm();
    assert_int_equal(client_stats(&client).outbox_publishes, 0);
    assert_int_equal(client_stats(&client).outbox_bytes, 0);
    assert_int_equal(client_stats(&client).refused[SIO_ENOMEM], 1);
    assert_int_equal(client_publish(&client, "ch", 2), SIO_OK);
    alloc_arm(0, false);
    assert_int_equal(sio_link_drain(client.link, NULL, NULL), SIO_ENOMEM);
    alloc_disarm();
    client_free(&client);
    assert_int_equal(client.ended, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_allocation_per_publish_on_its_thread),
    cmocka_unit_test(no_allocation_per_publish_on_a_loop),
    cmocka_unit_test(new_without_memory_42),
    cmocka_unit_test(connecting_without_memory_42),
    cmocka_unit_test(a_publish_without_memory_changes_nothing_42),
};

SIO_TEST_MAIN(tests)
