/* SPDX-License-Identifier: MIT */
/* The text format of Prometheus, version 0.0.4: of each metric what it is, its type, then its
 * samples. Names end in their unit; what only grows ends in _total; times are in seconds. */
#include "prometheus.h"

#include <event2/buffer.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
    struct evbuffer *out;
    int failed;
};

static void put(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (evbuffer_add_vprintf(text->out, format, args) < 0)
        text->failed = -1;
    va_end(args);
}

static void describe(struct text *text, const char *name, const char *type, const char *help)
{
    put(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_counter(struct text *text, const char *name, const char *help, uint64_t value)
{
    describe(text, name, "counter", help);
    put(text, "%s %llu\n", name, (unsigned long long)value);
}

static void put_gauge(struct text *text, const char *name, const char *help, uint64_t value)
{
    describe(text, name, "gauge", help);
    put(text, "%s %llu\n", name, (unsigned long long)value);
}

static void put_reasons(struct text *text, const char *name, const char *help,
                        const uint64_t counts[SIO_STATUS_COUNT])
{
    describe(text, name, "counter", help);
    for (int i = SIO_OK + 1; i < SIO_STATUS_COUNT; i++)
        put(text, "%s{reason=\"%s\"} %llu\n", name, sio_status_name((sio_status)i),
            (unsigned long long)counts[i]);
}

static void put_link(struct text *text, const sio_link_stats *stats)
{
    put_gauge(text, "sio_link_up", "Whether publishes are being sent.",
              stats->state == SIO_LINK_UP);
    put_gauge(text, "sio_link_connections", "Connections to Redis that are ready for use.",
              stats->connections);
    put_counter(text, "sio_link_connects_total", "Times the link came up.", stats->connects);
    put_counter(text, "sio_link_reconnects_total", "Times the link came up again.",
                stats->reconnects);
    put_counter(text, "sio_link_failed_attempts_total", "Attempts to connect that failed.",
                stats->attempts_failed);
    put_counter(text, "sio_link_disconnects_total", "Publishing connections that were lost.",
                stats->disconnects);
    put_counter(text, "sio_link_subscriber_disconnects_total",
                "Subscribing connections that were lost.", stats->subscriber_disconnects);
    put_counter(text, "sio_link_written_bytes_total", "Bytes written to Redis.", stats->bytes_out);
    put_counter(text, "sio_link_read_bytes_total", "Bytes read from Redis.", stats->bytes_in);
}

static void put_publishes(struct text *text, const sio_link_stats *stats)
{
    put_counter(text, "sio_publishes_total", "Publishes taken into the outbox.", stats->published);
    put_counter(text, "sio_publishes_accepted_total", "Publishes that Redis took.",
                stats->accepted);
    put_reasons(text, "sio_publishes_failed_total", "Publishes that failed, by reason.",
                stats->failed);
    put_reasons(text, "sio_publishes_refused_total",
                "Calls that were refused, so that nothing was sent, by reason.", stats->refused);
    put_counter(text, "sio_publishes_resent_total",
                "Publishes sent again after a connection was lost.", stats->resent);
    put_counter(text, "sio_receivers_total", "Sum of the subscribers that publishes reached.",
                stats->receivers);
    put_counter(text, "sio_messages_total", "Messages that Redis brought to adapters.",
                stats->messages);
    put_gauge(text, "sio_outbox_publishes", "Publishes that wait or are unanswered.",
              stats->outbox_publishes);
    put_gauge(text, "sio_outbox_publishes_bound", "As many there may be.",
              stats->outbox_publishes_bound);
    put_gauge(text, "sio_outbox_bytes", "Bytes of what waits or is unanswered.",
              stats->outbox_bytes);
    put_gauge(text, "sio_outbox_bound_bytes", "As many bytes there may be.",
              stats->outbox_bytes_bound);
}

static void put_round_trips(struct text *text, const sio_round_trips *trips)
{
    static const char name[] = "sio_round_trip_seconds";

    describe(text, name, "summary",
             "From the write of a command to its answer; quantiles of the last minutes.");
    if (trips->recent > 0) {
        put(text, "%s{quantile=\"0.5\"} %.6f\n", name, trips->p50_us / 1e6);
        put(text, "%s{quantile=\"0.9\"} %.6f\n", name, trips->p90_us / 1e6);
        put(text, "%s{quantile=\"0.99\"} %.6f\n", name, trips->p99_us / 1e6);
        put(text, "%s{quantile=\"1\"} %.6f\n", name, trips->max_us / 1e6);
    }
    put(text, "%s_sum %.6f\n", name, (double)trips->sum_us / 1e6);
    put(text, "%s_count %llu\n", name, (unsigned long long)trips->count);
}

int prometheus_write(const sio_link_stats *stats, struct evbuffer *out)
{
    struct text text = {out, 0};

    put_link(&text, stats);
    put_publishes(&text, stats);
    put_round_trips(&text, &stats->round_trips);
    return text.failed;
}
