/* SPDX-License-Identifier: MIT */
/* A link's counters as JSON text. */
#include <sio/link.h>

#include <string.h>

#include "value/number.h"

enum { TEXT_MAX = 4096 /* all keys, and each number at its longest */ };

struct writer {
    char *at;
    bool first; /* of the object */
};

static void put(struct writer *w, const char *text)
{
    size_t len = strlen(text);

    memcpy(w->at, text, len);
    w->at += len;
}

static void put_key(struct writer *w, const char *key)
{
    put(w, w->first ? "\"" : ",\"");
    put(w, key);
    put(w, "\":");
    w->first = false;
}

static void put_number(struct writer *w, const char *key, uint64_t number)
{
    put_key(w, key);
    w->at += sio__natural_print(number, w->at);
}

static void begin_object(struct writer *w, const char *key)
{
    put_key(w, key);
    put(w, "{");
    w->first = true;
}

static void end_object(struct writer *w)
{
    put(w, "}");
    w->first = false;
}

static const char *state_name(sio_link_state state)
{
    static const char *const names[] = {[SIO_LINK_CONNECTING] = "connecting",
                                        [SIO_LINK_UP] = "up",
                                        [SIO_LINK_DOWN] = "down",
                                        [SIO_LINK_CLOSED] = "closed"};

    return names[state];
}

static void put_reasons(struct writer *w, const char *key, const uint64_t *counts)
{
    begin_object(w, key);
    for (int i = SIO_OK + 1; i < SIO_STATUS_COUNT; i++)
        put_number(w, sio_status_name((sio_status)i), counts[i]);
    end_object(w);
}

static void put_outbox(struct writer *w, const sio_link_stats *stats)
{
    begin_object(w, "outbox");
    put_number(w, "publishes", stats->outbox_publishes);
    put_number(w, "bytes", stats->outbox_bytes);
    put_number(w, "publishes_bound", stats->outbox_publishes_bound);
    put_number(w, "bytes_bound", stats->outbox_bytes_bound);
    end_object(w);
}

static void put_round_trips(struct writer *w, const sio_round_trips *trips)
{
    begin_object(w, "round_trips");
    put_number(w, "count", trips->count);
    put_number(w, "sum_us", trips->sum_us);
    put_number(w, "recent", trips->recent);
    put_number(w, "p50_us", trips->p50_us);
    put_number(w, "p90_us", trips->p90_us);
    put_number(w, "p99_us", trips->p99_us);
    put_number(w, "max_us", trips->max_us);
    end_object(w);
}

sio_status sio_link_stats_json(const sio_link_stats *stats, sio_buf *out)
{
    char text[TEXT_MAX];
    struct writer w = {text, true};

    put(&w, "{");
    put_key(&w, "state");
    put(&w, "\"");
    put(&w, state_name(stats->state));
    put(&w, "\"");
    put_number(&w, "connections", stats->connections);
    put_number(&w, "connects", stats->connects);
    put_number(&w, "reconnects", stats->reconnects);
    put_number(&w, "attempts_failed", stats->attempts_failed);
    put_number(&w, "disconnects", stats->disconnects);
    put_number(&w, "subscriber_disconnects", stats->subscriber_disconnects);
    put_number(&w, "published", stats->published);
    put_number(&w, "accepted", stats->accepted);
    put_number(&w, "receivers", stats->receivers);
    put_number(&w, "resent", stats->resent);
    put_reasons(&w, "failed", stats->failed);
    put_reasons(&w, "refused", stats->refused);
    put_outbox(&w, stats);
    put_number(&w, "messages", stats->messages);
    put_number(&w, "bytes_out", stats->bytes_out);
    put_number(&w, "bytes_in", stats->bytes_in);
    put_round_trips(&w, &stats->round_trips);
    put(&w, "}");
    return sio_buf_append(out, text, (size_t)(w.at - text));
}
