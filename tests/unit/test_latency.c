/* SPDX-License-Identifier: MIT */
/* Round trips: which command is timed, and what its percentiles are, with a made-up clock. */
#include "unit.h"

#include "link/latency.h"

static void one_command_at_a_time_is_timed(void **state)
{
    struct sio__round_trip trip = {0};

    (void)state;
    assert_true(sio__round_trip_idle(&trip));
    sio__round_trip_begin(&trip, 100, 5000);
    assert_false(sio__round_trip_idle(&trip));
    assert_false(sio__round_trip_ends(&trip, 60));  /* an earlier one is answered, */
    assert_false(sio__round_trip_ends(&trip, 100)); /* and the one right before it; */
    assert_true(sio__round_trip_ends(&trip, 140));
    sio__round_trip_end(&trip, 5250);
    assert_int_equal(trip.us, 250);
    assert_false(sio__round_trip_ends(&trip, 200)); /* over already, */
    assert_false(sio__round_trip_idle(&trip));      /* and not counted yet */
}

static void what_is_lost_is_not_timed(void **state)
{
    struct sio__round_trip trip = {0};

    (void)state;
    sio__round_trip_begin(&trip, 0, 0);
    sio__round_trip_forget(&trip);
    assert_true(sio__round_trip_idle(&trip));
    assert_false(sio__round_trip_ends(&trip, 1000));
    sio__round_trip_begin(&trip, 0, 0);
    sio__round_trip_end(&trip, 7);
    sio__round_trip_forget(&trip); /* it is over: that one counts */
    assert_int_equal(trip.state, SIO__TRIP_OVER);
}

static void times_beyond_the_field_are_cut(void **state)
{
    struct sio__round_trip trip = {0};

    (void)state;
    sio__round_trip_begin(&trip, 0, 1000);
    sio__round_trip_end(&trip, 999);
    assert_int_equal(trip.us, 0);
    sio__round_trip_begin(&trip, 0, 0);
    sio__round_trip_end(&trip, (int64_t)UINT32_MAX + 5);
    assert_int_equal(trip.us, UINT32_MAX);
}

static void add(struct sio__latency *latency, uint32_t us, uint32_t now_ms)
{
    struct sio__round_trip trip = {.state = SIO__TRIP_OVER, .us = us};

    sio__latency_take(latency, &trip, now_ms);
    assert_int_equal(trip.state, SIO__TRIP_NONE);
}

static sio_round_trips read_at(struct sio__latency *latency, uint32_t now_ms)
{
    sio_round_trips trips;

    sio__latency_read(latency, now_ms, &trips);
    return trips;
}

static void nothing_measured_is_zero(void **state)
{
    struct sio__latency latency = {0};
    struct sio__round_trip trip = {.state = SIO__TRIP_BEGUN};
    sio_round_trips trips;

    (void)state;
    sio__latency_take(&latency, &trip, 1);
    assert_int_equal(trip.state, SIO__TRIP_BEGUN); /* still on its way */
    trips = read_at(&latency, 12345);
    assert_true(trips.count == 0 && trips.sum_us == 0 && trips.recent == 0 && trips.p50_us == 0 &&
                trips.p90_us == 0 && trips.p99_us == 0 && trips.max_us == 0);
}

static void percentiles_are_at_most_an_eighth_too_long(void **state)
{
    (void)state;
    for (uint32_t us = 0; us < 100000000; us += 1 + us / 37) {
        struct sio__latency latency = {0};
        sio_round_trips trips;

        add(&latency, us, 0);
        add(&latency, UINT32_MAX, 0);
        trips = read_at(&latency, 0);
        assert_true(trips.p50_us >= us);
        assert_true(trips.p50_us <= us + us / 8);
        assert_int_equal(trips.p90_us, UINT32_MAX);
        assert_int_equal(trips.max_us, UINT32_MAX);
    }
}

static void a_hundred_of_them(void **state)
{
    struct sio__latency latency = {0};
    sio_round_trips trips;

    (void)state;
    for (uint32_t i = 0; i < 50; i++)
        add(&latency, 5, 0);
    for (uint32_t i = 0; i < 40; i++)
        add(&latency, 7, 0);
    for (uint32_t i = 0; i < 9; i++)
        add(&latency, 1024, 0);
    add(&latency, 50000, 0);
    trips = read_at(&latency, 0);
    assert_int_equal(trips.p50_us, 5);
    assert_int_equal(trips.p90_us, 7);
    assert_in_range(trips.p99_us, 1024, 1024 + 1024 / 8);
    assert_int_equal(trips.max_us, 50000);
    assert_int_equal(trips.count, 100);
    assert_int_equal(trips.recent, 100);
    assert_int_equal(trips.sum_us, 50 * 5 + 40 * 7 + 9 * 1024 + 50000);
}

static void none_is_longer_than_the_longest(void **state)
{
    struct sio__latency latency = {0};

    (void)state;
    add(&latency, 1025, 0);
    assert_int_equal(read_at(&latency, 0).p50_us, 1025);
    assert_int_equal(read_at(&latency, 0).p99_us, 1025);
}

static void old_ones_are_left_behind(void **state)
{
    const uint32_t t = UINT32_MAX - 70000; /* the clock wraps meanwhile */
    struct sio__latency latency = {0};
    sio_round_trips trips;

    (void)state;
    add(&latency, 7, t);
    assert_int_equal(read_at(&latency, t + 59999).recent, 1);
    add(&latency, 3, t + 60000);
    trips = read_at(&latency, t + 119999);
    assert_int_equal(trips.recent, 2);
    assert_int_equal(trips.max_us, 7);
    trips = read_at(&latency, t + 120000);
    assert_int_equal(trips.recent, 1);
    assert_int_equal(trips.max_us, 3);
    assert_int_equal(read_at(&latency, t + 180000).recent, 0);
    assert_int_equal(read_at(&latency, t + 180000).count, 2);
    add(&latency, 6, t + 200000);
    assert_int_equal(read_at(&latency, t + 900000).recent, 0); /* both at once */
    assert_int_equal(read_at(&latency, t + 900000).count, 3);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_command_at_a_time_is_timed),
    cmocka_unit_test(what_is_lost_is_not_timed),
    cmocka_unit_test(times_beyond_the_field_are_cut),
    cmocka_unit_test(nothing_measured_is_zero),
    cmocka_unit_test(percentiles_are_at_most_an_eighth_too_long),
    cmocka_unit_test(a_hundred_of_them),
    cmocka_unit_test(none_is_longer_than_the_longest),
    cmocka_unit_test(old_ones_are_left_behind),
};

SIO_TEST_MAIN(tests)
