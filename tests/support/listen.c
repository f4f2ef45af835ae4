/* SPDX-License-Identifier: MIT */
#include "listen.h"

static void keep(char *to, size_t size, sio_str str)
{
    size_t len = str.len < size - 1 ? str.len : size - 1;

    if (len > 0)
        memcpy(to, str.ptr, len);
    to[len] = '\0';
}

static void told(struct listen *listen, char letter)
{
    size_t len = strlen(listen->order);

    if (len < sizeof listen->order - 1) {
        listen->order[len] = letter;
        listen->order[len + 1] = '\0';
    }
    if (listen->act_on == letter) {
        listen->act_on = '\0';
        listen->act(listen);
    }
}

static void on_message(void *owner, int tag, sio_str channel, sio_str payload)
{
    struct listen *listen = owner;

    listen->messages++;
    listen->last_tag = tag;
    keep(listen->channel, sizeof listen->channel, channel);
    keep(listen->payload, sizeof listen->payload, payload);
    listen->payload_len = payload.len;
    listen->payload_sum = 0;
    for (size_t i = 0; i < payload.len; i++)
        listen->payload_sum += (unsigned char)payload.ptr[i];
    told(listen, 'm');
}

static void on_ready(void *owner)
{
    struct listen *listen = owner;

    listen->readies++;
    told(listen, 'r');
}

static void on_lost(void *owner, const char *text)
{
    struct listen *listen = owner;

    listen->losses++;
    keep(listen->text, sizeof listen->text, sio_str_c(text));
    told(listen, 'l');
}

static void on_gap(void *owner, int64_t from_ms, int64_t to_ms, const char *text)
{
    struct listen *listen = owner;

    listen->gaps++;
    listen->gap_from_ms = from_ms;
    listen->gap_to_ms = to_ms;
    keep(listen->text, sizeof listen->text, sio_str_c(text));
    told(listen, 'g');
}

static void on_denied(void *owner, sio_str name, sio_status status, const char *text)
{
    struct listen *listen = owner;

    listen->denials++;
    listen->denied_status = status;
    keep(listen->denied_name, sizeof listen->denied_name, name);
    keep(listen->denied_text, sizeof listen->denied_text, sio_str_c(text));
    told(listen, 'd');
}

static void on_closed(void *owner)
{
    struct listen *listen = owner;

    listen->closeds++;
    told(listen, 'c');
}

static const struct sio__listener_ops ops = {.message = on_message,
                                             .ready = on_ready,
                                             .lost = on_lost,
                                             .gap = on_gap,
                                             .denied = on_denied,
                                             .closed = on_closed};

void listen_open(struct listen *listen, struct client *client)
{
    memset(listen, 0, sizeof *listen);
    listen->client = client;
    assert_int_equal(sio__listener_new(client->link, &ops, listen, &listen->listener), SIO_OK);
}

void listen_sub(struct listen *listen, enum sio__subscribe_kind kind, const char *name, int tag)
{
    assert_int_equal(sio__listener_subscribe(listen->listener, kind, sio_str_c(name), tag), SIO_OK);
}

void listen_unsub(struct listen *listen, enum sio__subscribe_kind kind, const char *name)
{
    sio__listener_unsubscribe(listen->listener, kind, sio_str_c(name));
}

void listen_sync_cb(void *owner, sio_status status, void *user)
{
    struct listen *listen = owner;

    assert_ptr_equal(user, listen);
    listen->syncs++;
    listen->sync_status = (int)status;
    told(listen, 's');
}

sio_status listen_sync_status(struct listen *listen)
{
    int before = listen->syncs;

    assert_int_equal(sio__listener_sync(listen->listener, listen_sync_cb, listen), SIO_OK);
    assert_int_equal(listen->syncs, before);
    CLIENT_WAIT(listen->client, listen->syncs > before);
    return (sio_status)listen->sync_status;
}

void listen_sync(struct listen *listen)
{
    assert_int_equal(listen_sync_status(listen), SIO_OK);
}

void listen_close(struct listen *listen)
{
    sio__listener_free(listen->listener);
    listen->listener = NULL;
}
