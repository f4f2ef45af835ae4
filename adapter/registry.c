/* SPDX-License-Identifier: MIT */
/* Sockets come, connect and go. Everything that may call the owner back holds the registry
 * meanwhile: what is removed stays readable until the last of these calls is over. */
#include "adapter/registry_impl.h"

#include <stdlib.h>
#include <sys/random.h>

enum { SHRINK = 4, SHRINK_MIN = 64 /* the connected ones: as other arrays */ };

struct sio__registry *sio__registry_new(sio__registry_cb *cb, void *owner)
{
    struct sio__registry *registry = calloc(1, sizeof *registry);

    if (registry == NULL)
        return NULL;
    if (getrandom(registry->key, sizeof registry->key, GRND_NONBLOCK) !=
        (ssize_t)sizeof registry->key) {
        free(registry);
        return NULL;
    }
    registry->cb = cb;
    registry->owner = owner;
    sio__pool_init(&registry->sockets, owner);
    sio__pool_init(&registry->rooms, owner);
    return registry;
}

void sio__registry_free(struct sio__registry *registry)
{
    if (registry == NULL)
        return;
    registry->closing = true;
    sio__registry_hold(registry);
    for (uint32_t i = 0; i < registry->sockets.used; i++)
        sio__registry_remove(registry, sio__socket_at(registry, i));
    sio__registry_release(registry);
    sio__pool_fini(&registry->sockets);
    sio__pool_fini(&registry->rooms);
    sio__index_fini(&registry->sids);
    sio__index_fini(&registry->names);
    free(registry->connected);
    free(registry);
}

/* -- what was removed -- */

void sio__registry_hold(struct sio__registry *registry)
{
    registry->holds++;
}

static void reuse_dropped(struct sio__registry *registry)
{
    uint32_t i;

    while ((i = sio__pool_reuse(&registry->sockets)) != SIO__NONE) {
        sio_socket *socket = sio__socket_at(registry, i);
        sio__text_drop(socket->sid, sizeof socket->sid, socket->sid_len);
    }
    while ((i = sio__pool_reuse(&registry->rooms)) != SIO__NONE) {
        struct sio__room *room = sio__room_at(registry, i);
        sio__text_drop(room->name, sizeof room->name, room->name_len);
    }
    sio__pool_trim(&registry->sockets);
    sio__pool_trim(&registry->rooms);
}

void sio__registry_release(struct sio__registry *registry)
{
    if (--registry->holds == 0 &&
        (registry->sockets.held != SIO__NONE || registry->rooms.held != SIO__NONE))
        reuse_dropped(registry);
}

/* -- sockets -- */

sio_status sio__registry_add(struct sio__registry *registry, sio_str sid, void *user,
                             sio_socket **out)
{
    uint32_t hash = sio__name_hash(registry, sid), number;

    *out = NULL;
    if (registry->closing)
        return SIO_ECLOSED;
    sio__index_prefetch(&registry->names, hash); /* it will connect soon */
    if (sio__find_socket(registry, sid, hash) != NULL)
        return SIO_EINVAL;
    if (!sio__index_reserve(&registry->sids) ||
        (number = sio__pool_take(&registry->sockets)) == SIO__NONE)
        return SIO_ENOMEM;
    sio_socket *socket = sio__socket_at(registry, number);
    *socket = (sio_socket){.number = number & (SIO__POOL_MOST - 1), .user = user};
    if (!sio__text_keep(socket->sid, sizeof socket->sid, sid)) {
        sio__pool_untake(&registry->sockets, number);
        return SIO_ENOMEM;
    }
    socket->sid_len = (uint32_t)sid.len;
    socket->registered = 1;
    sio__index_insert(&registry->sids, hash, number + 1);
    *out = socket;
    return SIO_OK;
}

static bool connected_reserve(struct sio__registry *registry)
{
    if (registry->nconnected < registry->connected_cap)
        return true;
    uint32_t cap = sio__grown(registry->connected_cap);
    sio_socket **connected = realloc(registry->connected, cap * sizeof(sio_socket *));
    if (connected == NULL)
        return false;
    registry->connected = connected;
    registry->connected_cap = cap;
    return true;
}

sio_status sio__registry_connect(struct sio__registry *registry, sio_socket *socket)
{
    sio_str sid = sio__socket_sid(socket);
    uint32_t hash = sio__name_hash(registry, sid);
    const struct sio__list *list;

    if (!sio__is_staying(socket))
        return SIO_ECLOSED;
    if (socket->connected)
        return SIO_OK;
    if (!connected_reserve(registry) || !sio__own_reserve(socket, registry, hash))
        return SIO_ENOMEM;
    socket->connected = 1;
    socket->at = registry->nconnected;
    registry->connected[registry->nconnected++] = socket;
    list = socket->list;
    for (uint32_t i = 0; list != NULL && i < list->count; i++)
        sio__room_at(registry, list->slots[list->first + i].room)->unconnected--;

    sio__registry_hold(registry);
    sio_status status = sio__join_held(registry, socket, sid, hash);
    sio__registry_release(registry);
    return status;
}

static void disconnect(struct sio__registry *registry, const sio_socket *socket)
{
    sio_socket *last = registry->connected[--registry->nconnected];
    uint32_t cap = registry->connected_cap;

    registry->connected[socket->at] = last;
    last->at = socket->at;
    if (cap > SHRINK_MIN && registry->nconnected < cap / SHRINK) {
        cap = cap / 2 | 1;
        sio_socket **connected = realloc(registry->connected, cap * sizeof(sio_socket *));
        if (connected != NULL) {
            registry->connected = connected;
            registry->connected_cap = cap;
        }
    }
}

static void leave_all(struct sio__registry *registry, sio_socket *socket)
{
    for (uint32_t left = 0;;) {
        const struct sio__list *list = socket->list;
        bool in_others = list != NULL && list->count > 0;
        if (socket->own_in && (socket->own_at == 0 || !in_others)) {
            sio__leave_own(registry, socket);
        } else if (in_others) {
            if (left++ % SIO__AHEAD == 0)
                sio__prefetch_detach(registry, socket);
            sio__leave_slot(registry, socket, list->first);
        } else {
            return;
        }
    }
}

void sio__registry_remove(struct sio__registry *registry, sio_socket *socket)
{
    if (!sio__is_staying(socket))
        return;
    uint32_t hash = sio__name_hash(registry, sio__socket_sid(socket));
    sio__index_prefetch(&registry->sids, hash);
    sio__registry_hold(registry);
    socket->leaving = 1;
    if (socket->connected) {
        disconnect(registry, socket);
        registry->leaving++;
    }
    leave_all(registry, socket);
    sio__abandon_own(registry, socket);
    if (socket->connected)
        registry->leaving--;
    sio__index_remove(&registry->sids, hash, socket->number + 1);
    free(socket->list);
    socket->list = NULL;
    socket->registered = 0;
    sio__pool_drop(&registry->sockets, socket->number);
    sio__registry_release(registry);
}

/* -- rooms of a socket -- */

sio_status sio__registry_join(struct sio__registry *registry, sio_socket *socket, sio_str room)
{
    if (!sio__is_staying(socket))
        return SIO_ECLOSED;
    sio__registry_hold(registry);
    sio_status status = sio__join_held(registry, socket, room, sio__name_hash(registry, room));
    sio__registry_release(registry);
    return status;
}

bool sio__registry_leave(struct sio__registry *registry, sio_socket *socket, sio_str room)
{
    struct sio__found found = sio__find_room(registry, room, sio__name_hash(registry, room));
    bool was_in = false;

    sio__registry_hold(registry);
    if (found.room != SIO__NONE) {
        uint32_t slot = sio__membership(registry, socket, found.room);
        was_in = slot != SIO__NONE;
        if (was_in)
            sio__leave_slot(registry, socket, slot);
    } else if (found.owner == socket && socket->own_in) {
        was_in = true;
        sio__leave_own(registry, socket);
    }
    sio__registry_release(registry);
    return was_in;
}

/* -- about a socket -- */

void *sio__socket_owner(const sio_socket *socket)
{
    return sio__pool_owner(socket, socket->number);
}

void *sio__socket_user(const sio_socket *socket)
{
    return socket->user;
}

bool sio__socket_connected(const sio_socket *socket)
{
    return sio__is_receiving(socket);
}

void **sio__socket_slot(sio_socket *socket)
{
    return &socket->slot;
}
