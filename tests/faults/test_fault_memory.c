/* SPDX-License-Identifier: MIT */
/* No memory (row 42), for all that a link does on its own: connecting, writing, reading,
 * losing the connection and coming back, with the n-th allocation failing, n rising until
 * none fails. Each emit still ends once. (Public calls: tests/memory.) */
#include "ledger.h"

#include <errno.h>

#include <hiredis/hiredis.h>

static _Atomic long allocations; /* of other threads than the test's, or within its loop */
static _Atomic long fail_at = -1;
static _Thread_local bool exempt;

#ifndef SANITIZED /* malloc is the sanitizer's */
/* glibc's own names for what is replaced here, for the libraries underneath as well. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);

static bool fails(void)
{
    if (exempt || allocations++ != fail_at)
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

/* Let the link do what it does, without memory at one point. */
static void turn(struct client *client)
{
    exempt = false;
    client_turn(client);
    exempt = true;
}

/* True: an allocation failed. */
static bool one_life(enum client_mode mode, struct redis_fixture *redis, redisContext *admin,
                     long n)
{
    struct ledger l;
    sio_link_opts opts;
    bool failed;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 2000);
    opts.client_name = "tester";
    ledger_open(&l, &opts);
    allocations = 0;
    fail_at = n;
    ledger_emit_to(&l, 10);
    while (l.ended < 10)
        turn(&l.client);
    freeReplyObject(redisCommand(admin, "CLIENT KILL TYPE normal SKIPME yes"));
    ledger_emit_to(&l, 2000);
    while (l.ended < 2000)
        turn(&l.client);
    failed = allocations > n;
    fail_at = -1;
    assert_int_equal(ledger_count(&l, SIO_OK), 2000);
    ledger_close(&l);
    ledger_balance(&l);
    ledger_fini(&l);
    return failed;
}

static void fault_42_a_whole_life(enum client_mode mode)
{
    struct redis_fixture *redis;
    redisContext *admin;
    long n = 0;

#ifdef SANITIZED
    SIO_SKIP("the sanitizer's malloc cannot be replaced");
#endif
    exempt = true;
    redis = redis_fixture_new(REDIS_TCP, NULL);
    admin = redis_fixture_connect(redis);
    while (one_life(mode, redis, admin, n))
        n++;
    print_message("%ld allocations\n", n);
    assert_true(n > 20);
    redisFree(admin);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_42_a_whole_life)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_42_a_whole_life_thread, turns_check),
    cmocka_unit_test_teardown(fault_42_a_whole_life_loop, turns_check),
};

SIO_TEST_MAIN(tests)
