/* SPDX-License-Identifier: MIT */
/* What an adapter is subscribed to: the wire's channels, and in per-room mode one for each
 * room that has a socket here. */
#include "adapter/requests.h"

#include <stdlib.h>

static void on_ready(void *owner)
{
    sio_adapter *adapter = owner;

    sio__adapter_enter(adapter);
    adapter->ready = true;
    sio__requests_go_on(adapter);
    if (adapter->host.ready != NULL)
        adapter->host.ready(adapter, adapter->user);
    sio__adapter_leave(adapter);
}

static void on_lost(void *owner, const char *text)
{
    sio_adapter *adapter = owner;

    sio__adapter_enter(adapter);
    adapter->ready = false;
    sio__requests_hold(adapter);
    sio__requests_end_all(adapter, true, SIO_ECONN, text);
    sio__adapter_leave(adapter);
}

static void on_gap(void *owner, int64_t from_ms, int64_t to_ms, const char *text)
{
    sio_adapter *adapter = owner;
    sio_gap gap = {.from_ms = from_ms, .to_ms = to_ms, .text = text};

    sio__adapter_enter(adapter);
    adapter->stats.gaps++;
    if (adapter->host.gap != NULL)
        adapter->host.gap(adapter, &gap, adapter->user);
    sio__adapter_leave(adapter);
}

static void on_denied(void *owner, sio_str name, sio_status status, const char *text)
{
    sio_adapter *adapter = owner;

    (void)name; /* it is in the text */
    sio__adapter_enter(adapter);
    if (adapter->host.denied != NULL)
        adapter->host.denied(adapter, status, text, adapter->user);
    sio__adapter_leave(adapter);
}

/* The link is closed for good. */
static void on_closed(void *owner)
{
    sio_adapter *adapter = owner;

    sio__adapter_enter(adapter);
    adapter->ready = false;
    adapter->unlinked = true;
    sio__requests_end_all(adapter, false, SIO_ECLOSED, "the link was closed");
    sio__adapter_leave(adapter);
}

static const struct sio__listener_ops ops = {.message = sio__receive,
                                             .ready = on_ready,
                                             .lost = on_lost,
                                             .gap = on_gap,
                                             .denied = on_denied,
                                             .closed = on_closed};

static bool is_per_room(const sio_adapter *adapter)
{
    return adapter->opts.subscription == SIO_SUBSCRIBE_ROOMS;
}

/* Redis counts connections: a second adapter of a namespace on one link would be no second
 * server to the others. */
static sio_status subscribe(sio_adapter *adapter, const struct sio__subscription_name *sub)
{
    enum sio__subscribe_kind kind = sub->is_pattern ? SIO__PATTERN : SIO__CHANNEL;
    sio_str name = sio_buf_str(sub->name);

    if (sub->route == SIO__ROUTE_REQUESTS && sio__link_wants(adapter->link, kind, name))
        return SIO_EINVAL;
    return sio__listener_subscribe(adapter->listener, kind, name, (int)sub->route);
}

sio_status sio__subscriptions_open(sio_adapter *adapter)
{
    sio_status status = sio__listener_new(adapter->link, &ops, adapter, &adapter->listener);

    for (unsigned n = 0; status == SIO_OK; n++) {
        struct sio__subscription_name sub = {.name = &adapter->name};

        sio_buf_clear(&adapter->name);
        status = adapter->wire->subscription(&adapter->peer, sio__adapter_uid(adapter),
                                             is_per_room(adapter), n, &sub);
        if (status == SIO_EINVAL)
            return SIO_OK; /* that was the last */
        if (status == SIO_OK)
            status = subscribe(adapter, &sub);
    }
    return status;
}

void sio__subscriptions_close(sio_adapter *adapter)
{
    struct sio__listener *listener = adapter->listener;

    adapter->listener = NULL;
    sio__listener_free(listener);
}

static sio_status write_room_channel(sio_adapter *adapter, sio_str room)
{
    sio_buf_clear(&adapter->name);
    return adapter->wire->room_channel(&adapter->peer, room, &adapter->name);
}

sio_status sio__subscriptions_room(sio_adapter *adapter, sio_str room)
{
    if (adapter->listener == NULL || !is_per_room(adapter))
        return SIO_OK;
    sio_status status = write_room_channel(adapter, room);
    if (status == SIO_OK)
        status = sio__listener_subscribe(adapter->listener, SIO__CHANNEL,
                                         sio_buf_str(&adapter->name), SIO__ROUTE_ROOM);
    return status;
}

void sio__subscriptions_room_gone(sio_adapter *adapter, sio_str room)
{
    if (adapter->listener == NULL || !is_per_room(adapter))
        return;
    /* Without memory the channel stays: what it brings is ignored, for nobody is in there. */
    if (write_room_channel(adapter, room) == SIO_OK)
        sio__listener_unsubscribe(adapter->listener, SIO__CHANNEL, sio_buf_str(&adapter->name));
}

struct sync {
    sio_sync_cb *done;
    void *user;
};

static void on_sync(void *owner, sio_status status, void *user)
{
    sio_adapter *adapter = owner;
    struct sync sync = *(struct sync *)user;

    free(user);
    sio__adapter_enter(adapter);
    sync.done(adapter, status, sync.user);
    sio__adapter_leave(adapter);
}

sio_status sio_adapter_sync(sio_adapter *adapter, sio_sync_cb *done, void *user)
{
    sio_status status = sio__adapter_check(adapter);

    if (status != SIO_OK)
        return status;
    if (adapter->listener == NULL) {
        sio__adapter_enter(adapter);
        done(adapter, SIO_OK, user);
        sio__adapter_leave(adapter);
        return SIO_OK;
    }
    struct sync *sync = malloc(sizeof *sync);
    if (sync == NULL)
        return SIO_ENOMEM;
    *sync = (struct sync){done, user};
    status = sio__listener_sync(adapter->listener, on_sync, sync);
    if (status != SIO_OK)
        free(sync);
    return status;
}
