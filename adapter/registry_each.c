/* SPDX-License-Identifier: MIT */
/* What a registry is asked about its sockets and rooms. */
#include "adapter/registry_impl.h"

sio_socket *sio__registry_find(const struct sio__registry *registry, sio_str sid)
{
    return sio__find_socket(registry, sid, sio__name_hash(registry, sid));
}

bool sio__registry_has_room(const struct sio__registry *registry, sio_str room)
{
    struct sio__found found = sio__find_any(registry, room);

    return found.room != SIO__NONE || found.owner != NULL;
}

bool sio__registry_is_in(const struct sio__registry *registry, const sio_socket *socket,
                         sio_str room)
{
    struct sio__found found = sio__find_any(registry, room);

    if (found.room != SIO__NONE)
        return sio__membership(registry, socket, found.room) != SIO__NONE;
    return found.owner == socket && socket->own_in;
}

size_t sio__registry_sockets(const struct sio__registry *registry)
{
    return registry->sockets.live;
}

size_t sio__registry_rooms(const struct sio__registry *registry)
{
    return (size_t)registry->rooms.live + registry->own_rooms;
}

void sio__registry_each_room_of(const struct sio__registry *registry, const sio_socket *socket,
                                sio_room_cb *cb, void *user)
{
    const struct sio__list *list = socket->list;
    uint32_t count = list != NULL ? list->count : 0;

    for (uint32_t i = 0; i <= count; i++) {
        if (socket->own_in && socket->own_at == i && !cb(sio__socket_sid(socket), user))
            return;
        if (i == count)
            return;
        const struct sio__room *room = sio__room_at(registry, list->slots[list->first + i].room);
        if (!cb(sio__room_text(room), user))
            return;
    }
}

/* The rooms of this socket that no other one has been in for longer. */
static bool each_led_by(const struct sio__registry *registry, const sio_socket *socket,
                        sio_room_cb *cb, void *user)
{
    const struct sio__list *list = socket->list;
    uint32_t count = socket->registered && list != NULL ? list->count : 0;
    bool own = socket->own_in || socket->own_kept;

    for (uint32_t i = 0; i <= count; i++) {
        if (own && (socket->own_at == i || i == count)) {
            own = false;
            if (!cb(sio__socket_sid(socket), user))
                return false;
        }
        if (i == count)
            break;
        const struct sio__room *room = sio__room_at(registry, list->slots[list->first + i].room);
        if (room->members[0].socket == socket->number && !cb(sio__room_text(room), user))
            return false;
    }
    return true;
}

/* By way of the sockets: while none has left, that is the order in which Node's Map has the
 * rooms, and so its answers are the same bytes. */
void sio__registry_each_room(const struct sio__registry *registry, sio_room_cb *cb, void *user)
{
    for (uint32_t i = 0; i < registry->sockets.used; i++)
        if (!each_led_by(registry, sio__socket_at(registry, i), cb, user))
            return;
    for (uint32_t i = 0; i < registry->rooms.used; i++) { /* a hook of an empty room is told */
        const struct sio__room *room = sio__room_at(registry, i);
        if (room->live && room->count == 0 && !cb(sio__room_text(room), user))
            return;
    }
}

void sio__registry_each_in(const struct sio__registry *registry, sio_str name, sio_socket_cb *cb,
                           void *user)
{
    struct sio__found found = sio__find_any(registry, name);

    if (found.room == SIO__NONE) {
        if (found.owner != NULL && found.owner->own_in)
            (void)cb(found.owner, user);
        return;
    }
    const struct sio__room *room = sio__room_at(registry, found.room);
    for (uint32_t i = 0; i < room->count; i++)
        if (!cb(sio__socket_at(registry, room->members[i].socket), user))
            return;
}

void sio__registry_each(const struct sio__registry *registry, sio_socket_cb *cb, void *user)
{
    for (uint32_t i = 0; i < registry->sockets.used; i++) {
        sio_socket *socket = sio__socket_at(registry, i);
        if (socket->registered && !cb(socket, user))
            return;
    }
}
