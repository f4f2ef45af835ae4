/* SPDX-License-Identifier: MIT */
/* Memberships: the room's array of members, the socket's list of rooms. */
#include "adapter/registry_impl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SCAN_LIST = 32, /* longer lists are searched from the room's side if that is shorter */
    SHRINK = 4,     /* memory shrinks when so small a part is in use */
    SHRINK_MIN = 32 /* but not if it is small */
};

bool sio__list_reserve(sio_socket *socket, uint32_t more)
{
    struct sio__list *list = socket->list;
    uint32_t need, cap;

    if (list == NULL) {
        list = malloc(sizeof *list + sio__grown(0) * sizeof list->slots[0]);
        if (list == NULL)
            return false;
        *list = (struct sio__list){.cap = sio__grown(0)};
        socket->list = list;
    }
    need = list->count + list->promised + more;
    if (list->first + need <= list->cap)
        return true;
    if (list->first > list->count) { /* half of it is unused: move down */
        memmove(list->slots, list->slots + list->first, list->count * sizeof list->slots[0]);
        list->first = 0;
        if (need <= list->cap)
            return true;
    }
    cap = sio__grown(list->cap);
    if (cap < list->first + need)
        cap = list->first + need;
    list = realloc(list, sizeof *list + cap * sizeof list->slots[0]);
    if (list == NULL)
        return false;
    list->cap = cap;
    socket->list = list;
    return true;
}

bool sio__members_reserve(struct sio__room *room)
{
    uint32_t need = room->count + (room->kept ? 2 : 1);

    if (need <= room->cap)
        return true;
    uint32_t cap = sio__grown(room->cap);
    struct sio__member *members = realloc(room->members, cap * sizeof *members);
    if (members == NULL)
        return false;
    room->members = members;
    room->cap = cap;
    return true;
}

static void shrink_members(struct sio__room *room)
{
    if (room->cap <= SHRINK_MIN || room->count >= room->cap / SHRINK)
        return;
    uint32_t cap = room->cap / 2 | 1;
    struct sio__member *members = realloc(room->members, cap * sizeof *members);
    if (members != NULL) {
        room->members = members;
        room->cap = cap;
    }
}

static void shrink_list(sio_socket *socket)
{
    struct sio__list *list = socket->list;

    if (list->count == 0)
        list->first = 0;
    if (list->cap <= SHRINK_MIN || list->count + list->promised >= list->cap / SHRINK)
        return;
    memmove(list->slots, list->slots + list->first, list->count * sizeof list->slots[0]);
    list->first = 0;
    uint32_t cap = list->cap / 2 | 1;
    list = realloc(list, sizeof *list + cap * sizeof list->slots[0]);
    if (list != NULL) {
        list->cap = cap;
        socket->list = list;
    }
}

/* The slot of a room that is in the list: at the hint, or else near it. */
static uint32_t locate(const struct sio__list *list, uint32_t room, uint32_t hint)
{
    uint32_t end = list->first + list->count;
    uint32_t below = hint < end ? hint + 1 : end; /* not looked at: [first, below), [above, end) */
    uint32_t above = below;

    if (above < list->first)
        above = below = list->first;
    for (;;) {
        assert(below > list->first || above < end);
        if (below > list->first && list->slots[--below].room == room)
            return below;
        if (above < end && list->slots[above++].room == room)
            return above - 1;
    }
}

uint32_t sio__membership(const struct sio__registry *registry, const sio_socket *socket,
                         uint32_t number)
{
    const struct sio__list *list = socket->list;
    const struct sio__room *room = sio__room_at(registry, number);

    if (list == NULL)
        return SIO__NONE;
    if (list->count > SCAN_LIST && room->count < list->count) {
        for (uint32_t i = 0; i < room->count; i++)
            if (room->members[i].socket == socket->number)
                return locate(list, number, room->members[i].place);
        return SIO__NONE;
    }
    for (uint32_t i = list->first; i < list->first + list->count; i++)
        if (list->slots[i].room == number)
            return i;
    return SIO__NONE;
}

/* The list has its entry in this slot: the room's half. */
static void add_member(struct sio__registry *registry, const sio_socket *socket, uint32_t slot)
{
    struct sio__entry *entry = &socket->list->slots[slot];
    struct sio__room *room = sio__room_at(registry, entry->room);

    entry->place = room->count;
    room->members[room->count++] = (struct sio__member){socket->number, slot};
    if (!socket->connected)
        room->unconnected++;
}

void sio__attach(struct sio__registry *registry, sio_socket *socket, uint32_t room)
{
    struct sio__list *list = socket->list;
    uint32_t slot = list->first + list->count++;

    list->slots[slot].room = room;
    add_member(registry, socket, slot);
}

void sio__attach_at(struct sio__registry *registry, sio_socket *socket, uint32_t room, uint32_t n)
{
    struct sio__list *list = socket->list;
    uint32_t slot = list->first + n;

    memmove(&list->slots[slot + 1], &list->slots[slot], (list->count - n) * sizeof list->slots[0]);
    list->count++;
    list->slots[slot].room = room;
    add_member(registry, socket, slot);
}

static void remove_member(struct sio__registry *registry, const sio_socket *socket, uint32_t slot)
{
    struct sio__entry entry = socket->list->slots[slot];
    struct sio__room *room = sio__room_at(registry, entry.room);
    uint32_t last = --room->count;

    if (entry.place != last) {
        struct sio__member moved = room->members[last];
        struct sio__list *list = sio__socket_at(registry, moved.socket)->list;
        moved.place = locate(list, entry.room, moved.place);
        list->slots[moved.place].place = entry.place;
        room->members[entry.place] = moved;
    }
    if (!socket->connected)
        room->unconnected--;
    shrink_members(room);
}

void sio__detach(struct sio__registry *registry, sio_socket *socket, uint32_t slot)
{
    struct sio__list *list = socket->list;
    uint32_t before = slot - list->first, behind = list->count - before - 1;

    remove_member(registry, socket, slot);
    if (before < behind) { /* close the gap from the nearer side */
        memmove(&list->slots[list->first + 1], &list->slots[list->first],
                before * sizeof list->slots[0]);
        list->first++;
    } else {
        memmove(&list->slots[slot], &list->slots[slot + 1], behind * sizeof list->slots[0]);
    }
    list->count--;
    if (socket->own_in && before < socket->own_at)
        socket->own_at--;
    shrink_list(socket);
}

/* Four steps, each reading what the one before has called for: a socket's rooms and their
 * last members are anywhere in memory. */
void sio__prefetch_detach(const struct sio__registry *registry, const sio_socket *socket)
{
    const struct sio__list *list = socket->list;
    uint32_t n = list->count < SIO__AHEAD ? list->count : SIO__AHEAD;
    const struct sio__entry *entries = &list->slots[list->first];
    const sio_socket *last[SIO__AHEAD];

    if (n < 2)
        return;
    for (uint32_t i = 0; i < n; i++)
        __builtin_prefetch(sio__room_at(registry, entries[i].room), 1);
    for (uint32_t i = 0; i < n; i++) {
        const struct sio__room *room = sio__room_at(registry, entries[i].room);
        __builtin_prefetch(&room->members[entries[i].place], 1);
        __builtin_prefetch(&room->members[room->count - 1]);
    }
    for (uint32_t i = 0; i < n; i++) {
        const struct sio__room *room = sio__room_at(registry, entries[i].room);
        last[i] = sio__socket_at(registry, room->members[room->count - 1].socket);
        __builtin_prefetch(last[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        __builtin_prefetch(last[i]->list, 1);
}
