/* SPDX-License-Identifier: MIT */
/* No memory (row 42), for all that a link does on its own: connecting, writing, reading,
 * losing the connection and coming back, with the n-th allocation failing, n rising until
 * none fails. Each emit still ends once. (Public calls: tests/memory.) */
#include "tests/memory/alloc.h"

#include <hiredis/hiredis.h>

#include "ledger.h"

/* Let the link do what it does, without memory at one point. */
static void turn(struct client *client)
{
    alloc_spared = false;
    client_turn(client);
    alloc_spared = true;
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
    alloc_arm(n, false); /* the opening itself is spared */
    ledger_open(&l, &opts);
    ledger_emit_to(&l, 10);
    while (l.ended < 10)
        turn(&l.client);
    freeReplyObject(redisCommand(admin, "CLIENT KILL TYPE normal SKIPME yes"));
    ledger_emit_to(&l, 2000);
    while (l.ended < 2000)
        turn(&l.client);
    failed = alloc_disarm() > 0;
    assert_int_equal(ledger_count(&l, SIO_OK), 2000);
    ledger_end(&l);
    return failed;
}

static void fault_42_a_whole_life(enum client_mode mode)
{
    struct redis_fixture *redis;
    redisContext *admin;
    long n = 0;

    alloc_require();
    alloc_spared = true;
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
