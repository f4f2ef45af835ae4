/* SPDX-License-Identifier: MIT */
/* How long Redis takes to answer: from the write of a command to its answer. One command is
 * timed at a time, and one in a turn of the loop, so that what a message costs does not
 * change. Knows no clock, socket or lock. */
#ifndef SIO_COMMON_LINK_LATENCY_H
#define SIO_COMMON_LINK_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/link.h>

/* The command that is timed, of a connection: the one that begins at a byte. */
struct sio__round_trip {
    enum { SIO__TRIP_NONE, SIO__TRIP_BEGUN, SIO__TRIP_OVER } state;
    uint64_t from_byte; /* of all that were written on the connection */
    int64_t from_us;
    uint32_t us; /* SIO__TRIP_OVER */
};

/* Whether the next command to be written should be timed: then begin() it. */
static inline bool sio__round_trip_idle(const struct sio__round_trip *trip)
{
    return trip->state == SIO__TRIP_NONE;
}

/* The command at this byte has been written, at least its beginning. */
static inline void sio__round_trip_begin(struct sio__round_trip *trip, uint64_t byte,
                                         int64_t now_us)
{
    *trip = (struct sio__round_trip){SIO__TRIP_BEGUN, byte, now_us, 0};
}

/* Whether an answer is that of the timed command: then end() it. answered: bytes of all
 * commands that have been answered on the connection, this one included. */
static inline bool sio__round_trip_ends(const struct sio__round_trip *trip, uint64_t answered)
{
    return trip->state == SIO__TRIP_BEGUN && answered > trip->from_byte;
}

SIO_API void sio__round_trip_end(struct sio__round_trip *trip, int64_t now_us);

/* The connection is gone, or what was written will be written again. */
static inline void sio__round_trip_forget(struct sio__round_trip *trip)
{
    if (trip->state == SIO__TRIP_BEGUN)
        trip->state = SIO__TRIP_NONE;
}

/* Counts by length: exact below 8 us, then eight steps to each power of two, so that none is
 * wider than an eighth of what it counts; up to 134 s. Two of them, a minute each: old round
 * trips say nothing about a Redis that is slow now. */
enum {
    SIO__LATENCY_STEPS = 8,
    SIO__LATENCY_BUCKETS = SIO__LATENCY_STEPS * 25,
    SIO__LATENCY_WINDOW_MS = 60000
};

struct sio__latency {
    uint64_t count, sum_us; /* of all times */
    struct sio__latency_window {
        uint32_t counts[SIO__LATENCY_BUCKETS];
        uint32_t max_us;
    } windows[2];
    unsigned current;  /* of the two */
    uint32_t since_ms; /* its beginning */
    bool begun;
};

/* Count what has been timed, if anything; then the next command may be. */
SIO_API void sio__latency_take(struct sio__latency *latency, struct sio__round_trip *trip,
                               uint32_t now_ms);

SIO_API void sio__latency_read(struct sio__latency *latency, uint32_t now_ms, sio_round_trips *out);

#endif
