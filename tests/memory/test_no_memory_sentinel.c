/* SPDX-License-Identifier: MIT */
/* Fault 42 with sentinels: each of the allocations on the way to the master fails once. The
 * link is refused, or comes up in the end; and all memory is given back. */
#include "alloc.h"

#include <dlfcn.h>
#include <event2/event.h>
#include <netdb.h>

#include "client.h"

/* glibc's own loses what it has when memory fails it (2.36, generate_addrinfo()). */
SIO_API int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                        struct addrinfo **list)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    bool spared = alloc_spared;
    int code;

    alloc_spared = true;
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    code = real(name, service, hints, list);
    alloc_spared = spared;
    return code;
}

enum { ALLOCATIONS = 400 /* are made until it is up, and some more */ };

/* Run the link for a moment; on a loop this thread's allocations are the link's then. */
static void turn(struct client *client)
{
    alloc_spared = false;
    if (client->base != NULL)
        event_base_loop(client->base, EVLOOP_NONBLOCK);
    alloc_spared = true;
    fixture_nap();
}

/* Returns whether the allocation has failed. */
static bool live_and_die(const struct redis_fixture *redis, enum client_mode mode, long n)
{
    int64_t limit = fixture_now_ms() + 20000;
    struct client client;
    sio_link_opts opts;
    sio_status status;
    bool failed;

    client_init(&client, mode, &opts, redis_fixture_url(redis));
    alloc_arm(n, false);
    alloc_spared = false;
    status = sio_link_new(&opts, &client.link, NULL, 0);
    alloc_spared = true;
    assert_true(status == SIO_OK || status == SIO_ENOMEM);
    while (status == SIO_OK && !client_up(&client)) {
        assert_true(fixture_now_ms() < limit);
        turn(&client);
    }
    for (int i = 0; status == SIO_OK && i < 5; i++) /* the sentinels' last answers */
        turn(&client);
    client_free(&client);
    failed = alloc_disarm() > 0;
    return failed;
}

static void comes_up_whatever_fails(enum client_mode mode)
{
    struct redis_fixture *redis;
    int failures = 0;
    long live;

    alloc_require();
    alloc_spared = true;
    redis = redis_fixture_new(REDIS_SENTINEL, NULL);
    for (int i = 0; i < 3; i++) /* what stays for good, such as libevent's tables */
        live_and_die(redis, mode, 1000000);
    live = atomic_load(&alloc_live);
    for (long n = 0; n < ALLOCATIONS; n++) {
        failures += live_and_die(redis, mode, n);
        if (atomic_load(&alloc_live) != live)
            fail_msg("%ld left after the failure of allocation %ld",
                     atomic_load(&alloc_live) - live, n);
    }
    print_message("%d failures\n", failures);
    assert_true(failures > 150);
    redis_fixture_free(redis);
}

static void comes_up_whatever_fails_on_a_loop_42(void **state)
{
    (void)state;
    comes_up_whatever_fails(ON_LOOP);
}

static void comes_up_whatever_fails_on_its_thread_42(void **state)
{
    (void)state;
    comes_up_whatever_fails(THREADED);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(comes_up_whatever_fails_on_a_loop_42),
    cmocka_unit_test(comes_up_whatever_fails_on_its_thread_42),
};

SIO_TEST_MAIN(tests)
