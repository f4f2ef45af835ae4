/* SPDX-License-Identifier: MIT */
#include "link/latency.h"

#include <string.h>

enum { STEP_BITS = 3, TOP_BIT = 26 /* of what is told from longer ones */ };

void sio__round_trip_end(struct sio__round_trip *trip, int64_t now_us)
{
    int64_t us = now_us - trip->from_us;

    trip->state = SIO__TRIP_OVER;
    trip->us = us < 0 ? 0 : us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

/* -- buckets -- */

static unsigned bucket_of(uint32_t us)
{
    unsigned top;

    if (us < SIO__LATENCY_STEPS)
        return us;
    top = 31 - (unsigned)__builtin_clz(us);
    if (top > TOP_BIT)
        return SIO__LATENCY_BUCKETS - 1;
    return (top - STEP_BITS + 1) * SIO__LATENCY_STEPS +
           ((us >> (top - STEP_BITS)) & (SIO__LATENCY_STEPS - 1));
}

/* The longest that a bucket counts. */
static uint32_t end_of(unsigned bucket)
{
    unsigned shift;

    if (bucket < SIO__LATENCY_STEPS)
        return bucket;
    shift = bucket / SIO__LATENCY_STEPS - 1;
    return ((SIO__LATENCY_STEPS + bucket % SIO__LATENCY_STEPS + 1) << shift) - 1;
}

/* -- windows -- */

static void begin_window(struct sio__latency *latency, uint32_t now_ms)
{
    memset(&latency->windows[latency->current], 0, sizeof latency->windows[0]);
    latency->since_ms = now_ms;
}

static void turn(struct sio__latency *latency, uint32_t now_ms)
{
    uint32_t age_ms = now_ms - latency->since_ms;

    if (!latency->begun) {
        latency->begun = true;
        latency->since_ms = now_ms;
        return;
    }
    if (age_ms < SIO__LATENCY_WINDOW_MS)
        return;
    latency->current ^= 1;
    begin_window(latency, latency->since_ms + SIO__LATENCY_WINDOW_MS);
    if (age_ms < 2 * SIO__LATENCY_WINDOW_MS)
        return;
    latency->current ^= 1; /* nothing for long: both are over */
    begin_window(latency, now_ms);
}

void sio__latency_take(struct sio__latency *latency, struct sio__round_trip *trip, uint32_t now_ms)
{
    struct sio__latency_window *window;

    if (trip->state != SIO__TRIP_OVER)
        return;
    trip->state = SIO__TRIP_NONE;
    turn(latency, now_ms);
    window = &latency->windows[latency->current];
    window->counts[bucket_of(trip->us)]++;
    if (trip->us > window->max_us)
        window->max_us = trip->us;
    latency->count++;
    latency->sum_us += trip->us;
}

/* -- percentiles -- */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void sio__latency_read(struct sio__latency *latency, uint32_t now_ms, sio_round_trips *out)
{
    const struct sio__latency_window *a = &latency->windows[0], *b = &latency->windows[1];
    uint32_t *const results[] = {&out->p50_us, &out->p90_us, &out->p99_us};
    static const unsigned percents[] = {50, 90, 99};
    uint64_t recent = 0, passed = 0;
    size_t next = 0;

    turn(latency, now_ms);
    for (unsigned i = 0; i < SIO__LATENCY_BUCKETS; i++)
        recent += (uint64_t)a->counts[i] + b->counts[i];
    *out = (sio_round_trips){.count = latency->count,
                             .sum_us = latency->sum_us,
                             .recent = recent,
                             .max_us = a->max_us > b->max_us ? a->max_us : b->max_us};
    for (unsigned i = 0; i < SIO__LATENCY_BUCKETS && next < 3 && recent > 0; i++) {
        passed += (uint64_t)a->counts[i] + b->counts[i];
        while (next < 3 && passed * 100 >= recent * percents[next])
            *results[next++] =
                i + 1 == SIO__LATENCY_BUCKETS ? out->max_us : smaller(end_of(i), out->max_us);
    }
}
