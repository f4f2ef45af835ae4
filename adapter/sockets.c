/* SPDX-License-Identifier: MIT */
/* sio/rooms.h: the registry, with what a room that begins or ends here means to the
 * subscriptions. */
#include "adapter/impl.h"

#include "value/utf8.h"

void sio__sockets_on_change(void *owner, sio_room_event event, sio_str room, sio_socket *socket)
{
    sio_adapter *adapter = owner;

    if (event == SIO_ROOM_DELETE)
        sio__subscriptions_room_gone(adapter, room);
    if (adapter->host.room != NULL)
        adapter->host.room(adapter, event, room, socket, adapter->user);
}

static sio_status check_name(const sio_adapter *adapter, sio_str name)
{
    if (adapter->bounds.max_name_bytes != 0 && name.len > adapter->bounds.max_name_bytes)
        return SIO_ETOOBIG;
    return sio__utf8_check(name) == SIO__UTF8_VALID ? SIO_OK : SIO_EINVAL;
}

sio_status sio_socket_new(sio_adapter *adapter, sio_str sid, void *user, sio_socket **out)
{
    *out = NULL;
    if (adapter->freeing)
        return SIO_ECLOSED;
    if (sid.len == 0)
        return SIO_EINVAL;
    sio_status status = check_name(adapter, sid);
    if (status != SIO_OK)
        return status;
    return sio__registry_add(adapter->registry, sid, user, out);
}

/* Join `room`, or with connect the room of the own id. The channel of a new room comes
 * first, so that a join that succeeds is never without. */
static sio_status enter_room(sio_adapter *adapter, sio_socket *socket, sio_str room, bool connect)
{
    bool has_channel =
        adapter->listener != NULL && adapter->opts.subscription == SIO_SUBSCRIBE_ROOMS;
    bool is_new = has_channel && !sio__registry_has_room(adapter->registry, room);
    sio_status status = is_new ? sio__subscriptions_room(adapter, room) : SIO_OK;

    if (status != SIO_OK)
        return status;
    sio__adapter_enter(adapter);
    if (connect)
        status = sio__registry_connect(adapter->registry, socket);
    else
        status = sio__registry_join(adapter->registry, socket, room);
    if (status != SIO_OK && is_new && !sio__registry_has_room(adapter->registry, room))
        sio__subscriptions_room_gone(adapter, room);
    sio__adapter_leave(adapter);
    return status;
}

sio_status sio_socket_connect(sio_socket *socket)
{
    sio_adapter *adapter = sio_socket_adapter(socket);

    if (adapter->freeing)
        return SIO_ECLOSED;
    if (sio__socket_connected(socket))
        return SIO_OK;
    return enter_room(adapter, socket, sio__socket_sid(socket), true);
}

void sio_socket_free(sio_socket *socket)
{
    if (socket == NULL)
        return;
    sio_adapter *adapter = sio_socket_adapter(socket);
    if (adapter->registry == NULL)
        return; /* the adapter is at it */
    sio__adapter_enter(adapter);
    sio__awaited_forget(adapter, socket);
    sio__registry_remove(adapter->registry, socket);
    sio__adapter_leave(adapter);
}

sio_status sio__sockets_join(sio_adapter *adapter, sio_socket *socket, sio_str room)
{
    if (adapter->freeing)
        return SIO_ECLOSED;
    sio_status status = check_name(adapter, room);
    return status == SIO_OK ? enter_room(adapter, socket, room, false) : status;
}

sio_status sio_socket_join(sio_socket *socket, sio_str room)
{
    return sio__sockets_join(sio_socket_adapter(socket), socket, room);
}

sio_status sio_socket_join_all(sio_socket *socket, const sio_str *rooms, size_t count)
{
    sio_adapter *adapter = sio_socket_adapter(socket);
    sio_status status = SIO_OK;

    if (adapter->freeing)
        return SIO_ECLOSED;
    sio__adapter_enter(adapter);
    sio__registry_hold(adapter->registry); /* a hook may free the socket */
    for (size_t i = 0; i < count && status == SIO_OK; i++) {
        if (i % SIO__REGISTRY_AHEAD == 0)
            sio__registry_prefetch(adapter->registry, rooms + i, count - i);
        status = sio__sockets_join(adapter, socket, rooms[i]);
    }
    sio__registry_release(adapter->registry);
    sio__adapter_leave(adapter);
    return status;
}

sio_status sio_socket_leave(sio_socket *socket, sio_str room)
{
    sio_adapter *adapter = sio_socket_adapter(socket);
    bool was_in;

    if (adapter->registry == NULL)
        return SIO_EINVAL;
    sio__adapter_enter(adapter);
    was_in = sio__registry_leave(adapter->registry, socket, room);
    sio__adapter_leave(adapter);
    return was_in ? SIO_OK : SIO_EINVAL;
}

sio_str sio_socket_sid(const sio_socket *socket)
{
    return sio__socket_sid(socket);
}

void *sio_socket_user(const sio_socket *socket)
{
    return sio__socket_user(socket);
}

sio_adapter *sio_socket_adapter(const sio_socket *socket)
{
    return sio__socket_owner(socket);
}

bool sio_socket_is_connected(const sio_socket *socket)
{
    return sio__socket_connected(socket);
}

bool sio_socket_is_in(const sio_socket *socket, sio_str room)
{
    const sio_adapter *adapter = sio_socket_adapter(socket);

    return sio__registry_is_in(adapter->registry, socket, room);
}

sio_socket *sio_adapter_find(const sio_adapter *adapter, sio_str sid)
{
    return adapter->registry != NULL ? sio__registry_find(adapter->registry, sid) : NULL;
}

void sio_socket_each_room(const sio_socket *socket, sio_room_cb *cb, void *user)
{
    const sio_adapter *adapter = sio_socket_adapter(socket);

    sio__registry_each_room_of(adapter->registry, socket, cb, user);
}

void sio_adapter_each_room(const sio_adapter *adapter, sio_room_cb *cb, void *user)
{
    if (adapter->registry != NULL)
        sio__registry_each_room(adapter->registry, cb, user);
}

void sio_adapter_each_socket_in(const sio_adapter *adapter, sio_str room, sio_socket_cb *cb,
                                void *user)
{
    if (adapter->registry != NULL)
        sio__registry_each_in(adapter->registry, room, cb, user);
}

void sio_adapter_each_socket(const sio_adapter *adapter, sio_socket_cb *cb, void *user)
{
    if (adapter->registry != NULL)
        sio__registry_each(adapter->registry, cb, user);
}
