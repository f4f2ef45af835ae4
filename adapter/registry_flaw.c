/* SPDX-License-Identifier: MIT */
/* Whether all of a registry fits together, for tests and fuzzers: each half of a membership
 * has the other, each name is found, each counter counts what it says. */
#include "adapter/registry_impl.h"

#include <string.h>

/* What a walk over sockets and rooms adds up to. */
struct tally {
    uint32_t sockets, rooms, own_rooms, connected, leaving;
    uint64_t entries, members;
};

static const char *entry_flaw(const struct sio__registry *registry, const sio_socket *socket,
                              const struct sio__entry *entry)
{
    if (entry->room >= registry->rooms.used)
        return "a list names a room beyond all rooms";
    const struct sio__room *room = sio__room_at(registry, entry->room);
    if (!room->live)
        return "a list names a room that has ended";
    if (entry->place >= room->count || room->members[entry->place].socket != socket->number)
        return "a socket is not where its list says among the members of a room";
    return NULL;
}

static const char *list_flaw(const struct sio__registry *registry, const sio_socket *socket,
                             struct tally *tally)
{
    const struct sio__list *list = socket->list;
    const char *flaw;

    if (socket->own_in && socket->own_at > (list != NULL ? list->count : 0))
        return "the own room stands beyond the end of the list";
    if (list == NULL)
        return NULL;
    if ((uint64_t)list->first + list->count + list->promised > list->cap)
        return "a list exceeds its memory";
    tally->entries += list->count;
    for (uint32_t i = 0; i < list->count; i++)
        if ((flaw = entry_flaw(registry, socket, &list->slots[list->first + i])) != NULL)
            return flaw;
    return NULL;
}

static const char *socket_flaw(const struct sio__registry *registry, const sio_socket *socket,
                               struct tally *tally)
{
    sio_str sid = sio__socket_sid(socket);

    if (!socket->registered)
        return socket->own_in || socket->own_kept || socket->list != NULL
                   ? "a forgotten socket is in rooms"
                   : NULL;
    tally->sockets++;
    tally->own_rooms += socket->own_in || socket->own_kept;
    if (sio__find_socket(registry, sid, sio__name_hash(registry, sid)) != socket)
        return "a socket is not found by its id";
    if (sio__socket_owner(socket) != registry->owner)
        return "a socket does not find its owner";
    if (socket->mark > registry->selection)
        return "a mark is larger than any selection's number";
    if (socket->connected && socket->leaving) {
        tally->leaving++;
    } else if (socket->connected) {
        tally->connected++;
        if (socket->at >= registry->nconnected || registry->connected[socket->at] != socket)
            return "a connected socket is not among the connected ones";
    }
    return list_flaw(registry, socket, tally);
}

static const char *members_flaw(const struct sio__registry *registry, uint32_t number,
                                const struct sio__room *room)
{
    uint32_t unconnected = 0;

    for (uint32_t i = 0; i < room->count; i++) {
        if (room->members[i].socket >= registry->sockets.used)
            return "a room has a member beyond all sockets";
        const sio_socket *socket = sio__socket_at(registry, room->members[i].socket);
        if (!socket->registered)
            return "a room has a forgotten member";
        unconnected += !socket->connected;
        uint32_t slot = sio__membership(registry, socket, number);
        if (slot == SIO__NONE || socket->list->slots[slot].place != i)
            return "a member's list does not have the room, or twice";
    }
    return unconnected == room->unconnected ? NULL : "a room miscounts its unconnected members";
}

static const char *room_flaw(const struct sio__registry *registry, uint32_t number,
                             struct tally *tally)
{
    const struct sio__room *room = sio__room_at(registry, number);
    sio_str name = sio__room_text(room);

    if (!room->live)
        return room->members != NULL ? "a room that has ended has members" : NULL;
    tally->rooms++;
    tally->members += room->count;
    if (room->count > room->cap)
        return "a room exceeds its memory";
    if (room->count == 0 && !room->kept)
        return "an empty room is left";
    if (sio__find_room(registry, name, sio__name_hash(registry, name)).room != number)
        return "a room is not found by its name";
    return members_flaw(registry, number, room);
}

static const char *index_flaw(const struct sio__index *index)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < index->size; i++)
        count += index->slots[i].value != 0;
    for (uint32_t i = 0; index->old != NULL && i < index->old_size; i++)
        count += index->old[i].value != 0;
    if (count != index->count)
        return "an index miscounts its entries";
    return (uint64_t)count * 4 <= (uint64_t)index->size * 3 ? NULL : "an index is too full";
}

static const char *tally_flaw(const struct sio__registry *registry, const struct tally *tally)
{
    if (tally->sockets != registry->sockets.live)
        return "the sockets are miscounted";
    if (tally->rooms != registry->rooms.live)
        return "the rooms are miscounted";
    if (tally->own_rooms != registry->own_rooms)
        return "the own rooms are miscounted";
    if (tally->connected != registry->nconnected || tally->leaving != registry->leaving)
        return "the connected sockets are miscounted";
    if (tally->entries != tally->members)
        return "a membership has one half only";
    if (registry->sids.count != tally->sockets || registry->names.count != tally->rooms)
        return "an index has names that nobody bears";
    return NULL;
}

const char *sio__registry_flaw(const struct sio__registry *registry)
{
    struct tally tally;
    const char *flaw;

    memset(&tally, 0, sizeof tally);
    for (uint32_t i = 0; i < registry->sockets.used; i++)
        if ((flaw = socket_flaw(registry, sio__socket_at(registry, i), &tally)) != NULL)
            return flaw;
    for (uint32_t i = 0; i < registry->rooms.used; i++)
        if ((flaw = room_flaw(registry, i, &tally)) != NULL)
            return flaw;
    if ((flaw = index_flaw(&registry->sids)) != NULL ||
        (flaw = index_flaw(&registry->names)) != NULL)
        return flaw;
    return tally_flaw(registry, &tally);
}
