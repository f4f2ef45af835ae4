/* SPDX-License-Identifier: MIT */
/* In the steady state a publish allocates nothing: every allocation of the process is
 * counted. */
#include "client.h"

#include "link/publish.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED /* malloc is the sanitizer's */
#endif
#endif

static _Atomic long allocations;

#ifndef SANITIZED
/* glibc's own names for what is replaced here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    allocations++;
    return __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}
#endif

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
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct client client;
    sio_link_opts opts;
    long before;
    void *volatile probe; /* or the compiler leaves it out */

#ifdef SANITIZED
    SIO_SKIP("the sanitizer's malloc cannot be counted");
#endif
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_allocation_per_publish_on_its_thread),
    cmocka_unit_test(no_allocation_per_publish_on_a_loop),
};

SIO_TEST_MAIN(tests)
