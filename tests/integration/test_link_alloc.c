/* SPDX-License-Identifier: MIT */
/* Allocations, which are counted and can be made to fail: a publish in the steady state
 * makes none, and without memory everything says so or tries again. */
#include "client.h"

#include <errno.h>

#include "link/publish.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED /* malloc is the sanitizer's */
#endif
#endif

static _Atomic long allocations;
static _Atomic long fail_at = -1; /* the number of the allocation that fails; -1: none */

#ifndef SANITIZED
/* glibc's own names for what is replaced here, for the libraries underneath as well. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);

static bool fails(void)
{
    if (allocations++ != fail_at)
        return false;
    errno = ENOMEM;
    return true;
}

SIO_API void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

SIO_API void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

SIO_API void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}
#endif

static void skip_if_sanitized(void)
{
#ifdef SANITIZED
    SIO_SKIP("the sanitizer's malloc cannot be replaced");
#endif
}

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
    void *volatile probe; /* or the compiler leaves it out */

    skip_if_sanitized();
    redis = redis_fixture_new(REDIS_UNIX, NULL);
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    redis_fixture_stop(redis); /* so that the outbox grows to what it can need below */
    for (int i = 0; i < 3000; i++)
        assert_int_equal(client_publish(&client, "socket.io#/#room#", i), SIO_OK);
    redis_fixture_cont(redis);
    CLIENT_WAIT(&client, client.ended == 3000);
    before = allocations;
    probe = malloc(1);
    assert_int_equal(allocations, before + 1); /* they are counted */
    free(probe);
    publish_lots(&client, 100);
    assert_int_equal(allocations, before + 1);
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
    skip_if_sanitized();
    for (int mode = THREADED; mode <= ON_LOOP; mode++) {
        struct client client;
        sio_link_opts opts;
        sio_status status;

        client_init(&client, (enum client_mode)mode, &opts, "redis://u:p@127.0.0.1:1");
        opts.client_name = "name";
        for (n = 0;; n++) {
            fail_at = allocations + n;
            status = sio_link_new(&opts, &client.link, NULL, 0);
            fail_at = -1;
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
    skip_if_sanitized();
    redis = redis_fixture_new(REDIS_TCP, NULL);
    for (int n = 0; n < 40; n++) {
        struct client client;
        sio_link_opts opts;

        client_init(&client, ON_LOOP, &opts, redis_fixture_url(redis));
        opts.client_name = "name";
        client_open(&client, &opts);
        fail_at = allocations + n;
        CLIENT_WAIT(&client, client.ups + client.downs > 0);
        fail_at = -1;
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
    skip_if_sanitized();
    client_init(&client, ON_LOOP, &opts, "unix:///nonexistent/socket");
    client_open(&client, &opts);
    fail_at = allocations;
    assert_int_equal(client_publish(&client, "ch", 1), SIO_ENOMEM);
    fail_at = -1;
    assert_int_equal(client_stats(&client).outbox_publishes, 0);
    assert_int_equal(client_stats(&client).outbox_bytes, 0);
    assert_int_equal(client_stats(&client).refused[SIO_ENOMEM], 1);
    assert_int_equal(client_publish(&client, "ch", 2), SIO_OK);
    fail_at = allocations;
    assert_int_equal(sio_link_drain(client.link, NULL, NULL), SIO_ENOMEM);
    fail_at = -1;
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
