/* SPDX-License-Identifier: MIT */
#include "shards.h"

#include "link/slots.h"

/* -- publishing -- */

static void on_end(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                   void *user)
{
    struct shards_channel *channel = owner;
    struct shards *s = channel->shards;
    int number = (int)(intptr_t)user;

    (void)fn;
    if (number != channel->ended + 1)
        s->unordered++;
    channel->ended = number;
    s->ends[result->status]++;
    if (result->status != SIO_OK)
        snprintf(s->text, sizeof s->text, "%.250s", result->text);
    s->ended++;
}

static void publish(struct shards *s, struct shards_channel *channel)
{
    char text[16];
    struct sio__completion completion = {.done = on_end, .owner = channel};
    int len;

    channel->sent++;
    s->sent++;
    completion.user = (void *)(intptr_t)channel->sent;
    len = snprintf(text, sizeof text, "%d", channel->sent);
    assert_int_equal(sio__link_publish(s->client.link, SIO__SPUBLISH, sio_str_c(channel->name),
                                       sio_str_of(text, (size_t)len), &completion),
                     SIO_OK);
}

void shards_publish(struct shards *s, int numbers)
{
    for (int n = 0; n < numbers; n++) {
        for (int i = 0; i < SHARDS_CHANNELS; i++)
            publish(s, &s->channels[i]);
    }
}

/* -- listening -- */

static void on_message(void *owner, int tag, sio_str name, sio_str payload)
{
    struct shards *s = owner;
    struct shards_channel *channel = &s->channels[tag];
    char text[16];
    int number;

    assert_true(sio_str_eq(name, sio_str_c(channel->name)));
    snprintf(text, sizeof text, "%.*s", (int)payload.len, payload.ptr);
    number = atoi(text);
    if (number <= channel->brought)
        channel->repeats++;
    else
        channel->missing += number - channel->brought - 1;
    channel->brought = number;
    channel->brought_ms = fixture_now_ms();
}

static void on_ready(void *owner)
{
    ((struct shards *)owner)->readies++;
}

static void on_lost(void *owner, const char *text)
{
    (void)text;
    ((struct shards *)owner)->losses++;
}

static void on_gap(void *owner, int64_t from_ms, int64_t to_ms, const char *text)
{
    struct shards *s = owner;

    assert_true(from_ms <= to_ms);
    s->gaps++;
    snprintf(s->gap_text, sizeof s->gap_text, "%s", text);
}

static void on_denied(void *owner, sio_str name, sio_status status, const char *text)
{
    (void)name;
    (void)status;
    print_error("denied: %s\n", text);
    ((struct shards *)owner)->denials++;
}

static const struct sio__listener_ops ops = {
    .message = on_message, .ready = on_ready, .lost = on_lost, .gap = on_gap, .denied = on_denied};

/* -- all of it -- */

void shards_turn(struct shards *s)
{
    client_turn(&s->other);
    if (s->client.base != NULL)
        client_turn(&s->client);
}

void shards_begin(struct shards *s, enum client_mode mode, const char *url)
{
    sio_link_opts opts;

    memset(s, 0, sizeof *s);
    client_init(&s->other, ON_LOOP, &opts, url);
    client_open(&s->other, &opts);
    assert_int_equal(sio__listener_new(s->other.link, &ops, s, &s->listener), SIO_OK);
    for (int i = 0; i < SHARDS_CHANNELS; i++) {
        struct shards_channel *channel = &s->channels[i];

        channel->shards = s;
        snprintf(channel->name, sizeof channel->name, "channel {%d}", i);
        channel->slot = sio__slot_of(sio_str_c(channel->name));
        assert_int_equal(
            sio__listener_subscribe(s->listener, SIO__SHARD_CHANNEL, sio_str_c(channel->name), i),
            SIO_OK);
    }
    client_init(&s->client, mode, &opts, url);
    client_open(&s->client, &opts);
    SHARDS_WAIT(s, s->readies == 1 && client_up(&s->client));
}

void shards_end(struct shards *s)
{
    SHARDS_WAIT(s, s->ended == s->sent);
    for (int status = 1; status < SIO_STATUS_COUNT; status++) {
        if (s->ends[status] > 0)
            print_error("%d failed with status %d: %s\n", s->ends[status], status, s->text);
    }
    assert_int_equal(s->ends[SIO_OK], s->sent);
    assert_int_equal(s->unordered, 0);
    assert_int_equal(s->denials, 0);
    SHARDS_WAIT(s, client_stats(&s->client).accepted == (uint64_t)s->sent);
    assert_int_equal(client_stats(&s->client).outbox_publishes, 0);
    assert_int_equal(client_stats(&s->client).outbox_bytes, 0);
    sio__listener_free(s->listener);
    client_free(&s->client);
    client_free(&s->other);
}
