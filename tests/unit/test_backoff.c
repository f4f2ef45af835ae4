/* SPDX-License-Identifier: MIT */
/* Delays between attempts, with a made-up clock. UINT32_MAX as the random number draws
 * some delay below the ceiling; the ceiling itself shows in the field. */
#include "unit.h"

#include "link/backoff.h"

static void doubles_to_one_second_then_to_ten(void **state)
{
    static const uint32_t early[] = {50, 100, 200, 400, 800, 1000, 1000};
    struct sio__backoff backoff = {0};
    uint32_t t = 12345;

    (void)state;
    for (size_t i = 0; i < sizeof early / sizeof early[0]; i++) {
        sio__backoff_down(&backoff, t, 0, false);
        assert_int_equal(backoff.ceiling_ms, early[i]);
    }
    sio__backoff_down(&backoff, t + 59999, 0, false);
    assert_int_equal(backoff.ceiling_ms, 1000);
    sio__backoff_down(&backoff, t + 60000, 0, false);
    assert_int_equal(backoff.ceiling_ms, 2000);
    for (int i = 0; i < 5; i++)
        sio__backoff_down(&backoff, t + 60000, 0, false);
    assert_int_equal(backoff.ceiling_ms, 10000);
}

static void jitter_is_full(void **state)
{
    struct sio__backoff backoff = {0};

    (void)state;
    for (int i = 0; i < 20; i++)
        sio__backoff_down(&backoff, 0, 0, false);
    assert_int_equal(sio__backoff_down(&backoff, 0, 0, false), 1); /* never 0: no spinning */
    assert_int_equal(sio__backoff_down(&backoff, 0, 999, false), 1000);
    assert_int_equal(sio__backoff_down(&backoff, 0, 1000, false), 1);
}

static void begins_anew_after_ten_seconds_of_health(void **state)
{
    struct sio__backoff backoff = {0};

    (void)state;
    for (int i = 0; i < 4; i++)
        sio__backoff_down(&backoff, 1000, 0, false);
    sio__backoff_up(&backoff, 2000);
    sio__backoff_down(&backoff, 11999, 0, false);
    assert_int_equal(backoff.ceiling_ms, 800); /* up too briefly: it goes on */
    sio__backoff_up(&backoff, 20000);
    sio__backoff_down(&backoff, 30000, 0, false);
    assert_int_equal(backoff.ceiling_ms, 50);
}

static void a_flapping_link_is_one_outage(void **state)
{
    struct sio__backoff backoff = {0};

    (void)state;
    for (uint32_t t = 0; t <= 60000; t += 1000) {
        sio__backoff_down(&backoff, t, 0, false);
        sio__backoff_up(&backoff, t + 500);
    }
    assert_true(backoff.ceiling_ms > 1000);
}

static void a_refused_password_waits_long(void **state)
{
    struct sio__backoff backoff = {0};

    (void)state;
    assert_true(sio__backoff_down(&backoff, 0, 0, true) > 5000);
    assert_int_equal(sio__backoff_down(&backoff, 0, 4999, true), 10000);
}

static void the_clock_may_wrap(void **state)
{
    struct sio__backoff backoff = {0};

    (void)state;
    sio__backoff_up(&backoff, UINT32_MAX - 100);
    sio__backoff_down(&backoff, UINT32_MAX - 50, 0, false);
    sio__backoff_down(&backoff, 100, 0, false);
    assert_int_equal(backoff.ceiling_ms, 100);
    sio__backoff_down(&backoff, 60000, 0, false);
    sio__backoff_up(&backoff, 60001);
    sio__backoff_down(&backoff, 70001, 0, false);
    assert_int_equal(backoff.ceiling_ms, 50);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(doubles_to_one_second_then_to_ten),
    cmocka_unit_test(jitter_is_full),
    cmocka_unit_test(begins_anew_after_ten_seconds_of_health),
    cmocka_unit_test(a_flapping_link_is_one_outage),
    cmocka_unit_test(a_refused_password_waits_long),
    cmocka_unit_test(the_clock_may_wrap),
};

SIO_TEST_MAIN(tests)
