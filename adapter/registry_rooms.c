/* SPDX-License-Identifier: MIT */
/* Joining and leaving. The owner is told of each change while it is at work and may change
 * anything: a room is kept while one of its hooks is being told, and what a join will still
 * need is promised to it beforehand, so that nothing can fail once a hook has been told. */
#include "adapter/registry_impl.h"

#include <stdlib.h>

/* -- rooms begin and end -- */

/* Empty, with memory for members. SIO__NONE: no memory. */
static uint32_t new_room(struct sio__registry *registry, sio_str name, uint32_t hash)
{
    uint32_t number;

    if (!sio__index_reserve(&registry->names) ||
        (number = sio__pool_take(&registry->rooms)) == SIO__NONE)
        return SIO__NONE;
    struct sio__room *room = sio__room_at(registry, number);
    *room = (struct sio__room){.live = true};
    if (!sio__members_reserve(room) || !sio__text_keep(room->name, sizeof room->name, name)) {
        free(room->members);
        *room = (struct sio__room){0};
        sio__pool_untake(&registry->rooms, number);
        return SIO__NONE;
    }
    room->name_len = (uint32_t)name.len;
    sio__index_insert(&registry->names, hash, number + 1);
    return number;
}

/* A hook of the room has been told: it may end now, if it is empty. */
static void unkeep(struct sio__registry *registry, uint32_t number)
{
    struct sio__room *room = sio__room_at(registry, number);

    room->kept = false;
    if (room->count > 0)
        return;
    sio__index_remove(&registry->names, sio__name_hash(registry, sio__room_text(room)), number + 1);
    free(room->members);
    room->members = NULL;
    room->live = false;
    sio__pool_drop(&registry->rooms, number);
    sio__tell(registry, SIO_ROOM_DELETE, sio__room_text(room), NULL);
}

/* Store a socket's own room, because another one joins it. SIO__NONE: no memory. */
static uint32_t store_own(struct sio__registry *registry, sio_socket *owner, uint32_t hash)
{
    uint32_t number;

    if (!sio__list_reserve(owner, 2) || /* for itself, and for a join that is under way */
        (number = new_room(registry, sio__socket_sid(owner), hash)) == SIO__NONE)
        return SIO__NONE;
    if (owner->own_kept) {
        sio__room_at(registry, number)->kept = true;
        owner->list->promised++;
    }
    if (owner->own_in)
        sio__attach_at(registry, owner, number, owner->own_at);
    owner->own_in = owner->own_kept = 0;
    registry->own_rooms--;
    return number;
}

/* The own room was kept as a flag: the room, if it has been stored meanwhile, else SIO__NONE.
 * Whoever keeps a room is done before those that have kept it earlier, so that a room of this
 * name that is kept is this one. */
static uint32_t stored_own(const struct sio__registry *registry, const sio_socket *owner)
{
    sio_str name = sio__socket_sid(owner);
    struct sio__found found = sio__find_room(registry, name, sio__name_hash(registry, name));

    if (found.room != SIO__NONE && !sio__room_at(registry, found.room)->kept)
        return SIO__NONE;
    return found.room;
}

static void end_own(struct sio__registry *registry, sio_socket *socket)
{
    registry->own_rooms--;
    sio__tell(registry, SIO_ROOM_DELETE, sio__socket_sid(socket), NULL);
}

/* -- join -- */

static void unpromise(sio_socket *socket)
{
    if (socket->list != NULL) /* else it was removed meanwhile */
        socket->list->promised--;
}

static sio_status enter(struct sio__registry *registry, sio_socket *socket, uint32_t number)
{
    struct sio__room *room = sio__room_at(registry, number);

    if (sio__membership(registry, socket, number) != SIO__NONE)
        return SIO_OK;
    if (!sio__list_reserve(socket, 1) || !sio__members_reserve(room))
        return SIO_ENOMEM;
    sio__attach(registry, socket, number);
    sio__tell(registry, SIO_ROOM_JOIN, sio__room_text(room), socket);
    return SIO_OK;
}

/* The end of a join that has created the room. */
static sio_status enter_kept(struct sio__registry *registry, sio_socket *socket, uint32_t number)
{
    unpromise(socket);
    if (!sio__is_staying(socket)) {
        unkeep(registry, number);
        return SIO_ECLOSED;
    }
    sio__room_at(registry, number)->kept = false;
    return enter(registry, socket, number); /* finds the memory that was promised */
}

static sio_status enter_own(struct sio__registry *registry, sio_socket *socket)
{
    socket->own_in = 1;
    socket->own_at = socket->list != NULL ? socket->list->count : 0;
    sio__tell(registry, SIO_ROOM_JOIN, sio__socket_sid(socket), socket);
    return SIO_OK;
}

static sio_status create_own(struct sio__registry *registry, sio_socket *socket)
{
    socket->own_kept = 1;
    registry->own_rooms++;
    sio__tell(registry, SIO_ROOM_CREATE, sio__socket_sid(socket), NULL);
    if (socket->own_kept) {
        socket->own_kept = 0;
        return socket->own_in ? SIO_OK : enter_own(registry, socket);
    }
    uint32_t number = stored_own(registry, socket);
    return number != SIO__NONE ? enter_kept(registry, socket, number) : SIO_ECLOSED;
}

static sio_status create(struct sio__registry *registry, sio_socket *socket, sio_str name,
                         uint32_t hash)
{
    uint32_t number;

    if (sio_str_eq(name, sio__socket_sid(socket)))
        return create_own(registry, socket);
    if (!sio__list_reserve(socket, 1) || (number = new_room(registry, name, hash)) == SIO__NONE)
        return SIO_ENOMEM;
    struct sio__room *room = sio__room_at(registry, number);
    room->kept = true;
    socket->list->promised++;
    sio__tell(registry, SIO_ROOM_CREATE, sio__room_text(room), NULL);
    return enter_kept(registry, socket, number);
}

sio_status sio__join_held(struct sio__registry *registry, sio_socket *socket, sio_str name,
                          uint32_t hash)
{
    struct sio__found found = sio__find_room(registry, name, hash);

    sio__index_settle(&registry->names);
    if (found.room != SIO__NONE)
        return enter(registry, socket, found.room);
    if (found.owner == NULL)
        return create(registry, socket, name, hash);
    if (found.owner == socket)
        return socket->own_in ? SIO_OK : enter_own(registry, socket);
    if (!sio__list_reserve(socket, 1) ||
        (found.room = store_own(registry, found.owner, hash)) == SIO__NONE)
        return SIO_ENOMEM;
    return enter(registry, socket, found.room);
}

bool sio__own_reserve(sio_socket *socket, const struct sio__registry *registry, uint32_t hash)
{
    struct sio__found found = sio__find_room(registry, sio__socket_sid(socket), hash);

    return found.room == SIO__NONE || (sio__list_reserve(socket, 1) &&
                                       sio__members_reserve(sio__room_at(registry, found.room)));
}

/* -- leave -- */

void sio__leave_slot(struct sio__registry *registry, sio_socket *socket, uint32_t slot)
{
    uint32_t number = socket->list->slots[slot].room;
    struct sio__room *room = sio__room_at(registry, number);
    bool was_kept = room->kept;

    sio__detach(registry, socket, slot);
    room->kept = true;
    sio__tell(registry, SIO_ROOM_LEAVE, sio__room_text(room), socket);
    if (!was_kept)
        unkeep(registry, number);
}

void sio__leave_own(struct sio__registry *registry, sio_socket *socket)
{
    bool was_kept = socket->own_kept;

    socket->own_in = 0;
    socket->own_kept = 1;
    sio__tell(registry, SIO_ROOM_LEAVE, sio__socket_sid(socket), socket);
    if (was_kept)
        return;
    if (socket->own_kept) {
        socket->own_kept = 0;
        if (!socket->own_in)
            end_own(registry, socket);
        return;
    }
    uint32_t number = stored_own(registry, socket);
    if (number != SIO__NONE) {
        unpromise(socket);
        unkeep(registry, number);
    }
}

void sio__abandon_own(struct sio__registry *registry, sio_socket *socket)
{
    if (socket->own_kept) {
        socket->own_kept = 0;
        end_own(registry, socket);
    }
}
