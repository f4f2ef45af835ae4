/* SPDX-License-Identifier: MIT */
/* Who receives a broadcast. One room without exceptions is copied as it stands; otherwise a
 * socket that was met, or is left out, carries the number of the selection. */
#include "adapter/registry_impl.h"

#include <stdlib.h>
#include <string.h>

#include "wire/room_name.h"

static sio_status recipients_reserve(struct sio__recipients *out, size_t more)
{
    size_t need = out->count + more;

    if (need <= out->room)
        return SIO_OK;
    size_t room = out->room + out->room / 2;
    if (room < need)
        room = need;
    sio_socket **sockets = realloc(out->sockets, room * sizeof(sio_socket *));
    if (sockets == NULL)
        return SIO_ENOMEM;
    out->sockets = sockets;
    out->room = room;
    return SIO_OK;
}

void sio__recipients_fini(struct sio__recipients *recipients)
{
    free(recipients->sockets);
    *recipients = (struct sio__recipients){NULL, 0, 0};
}

/* A new number for marking with. */
static uint32_t next_selection(struct sio__registry *registry)
{
    if (++registry->selection == 0) { /* all numbers have been used: none is on a socket now */
        for (uint32_t i = 0; i < registry->sockets.used; i++) {
            sio_socket *socket = sio__socket_at(registry, i);
            if (socket->registered) /* others are linked there */
                socket->mark = 0;
        }
        registry->selection = 1;
    }
    return registry->selection;
}

/* -- the names of a selection -- */

struct names {
    sio_cursor cursor;
    uint32_t left;
};

static struct names names_of(sio_str packed)
{
    struct names names = {.cursor = sio_cursor_at(packed)};
    sio_value array;

    if (packed.len > 0 && sio_cursor_read(&names.cursor, &array) == SIO_OK &&
        array.type == SIO_ARRAY)
        names.left = array.v.count;
    return names;
}

/* The next room that is here; what is no name is none. false: that was all. */
static bool next_room(const struct sio__registry *registry, struct names *names,
                      struct sio__found *found)
{
    char digits[SIO__NUMBER_MAX];
    sio_str name;

    while (names->left > 0) {
        sio_cursor start = names->cursor;
        names->left--;
        if (!sio__room_name(&names->cursor, digits, &name)) {
            names->cursor = start;
            if (sio_cursor_skip(&names->cursor) != SIO_OK)
                names->left = 0;
            continue;
        }
        *found = sio__find_any(registry, name);
        if (found->room != SIO__NONE || (found->owner != NULL && found->owner->own_in))
            return true;
    }
    return false;
}

/* -- gathering -- */

static sio_status copy_connected(const struct sio__registry *registry, struct sio__recipients *out)
{
    if (recipients_reserve(out, registry->nconnected) != SIO_OK)
        return SIO_ENOMEM;
    if (registry->nconnected > 0)
        memcpy(out->sockets, registry->connected, registry->nconnected * sizeof(sio_socket *));
    out->count = registry->nconnected;
    return SIO_OK;
}

static sio_status copy_room(const struct sio__registry *registry, struct sio__found found,
                            struct sio__recipients *out)
{
    const struct sio__room *room;
    size_t count = 0;

    if (found.room == SIO__NONE) {
        if (!sio__socket_connected(found.owner))
            return SIO_OK;
        if (recipients_reserve(out, 1) != SIO_OK)
            return SIO_ENOMEM;
        out->sockets[out->count++] = found.owner;
        return SIO_OK;
    }
    room = sio__room_at(registry, found.room);
    if (recipients_reserve(out, room->count) != SIO_OK)
        return SIO_ENOMEM;
    if (room->unconnected == 0 && registry->leaving == 0) {
        for (; count < room->count; count++)
            out->sockets[count] = sio__socket_at(registry, room->members[count].socket);
    } else {
        for (uint32_t i = 0; i < room->count; i++) {
            sio_socket *socket = sio__socket_at(registry, room->members[i].socket);
            out->sockets[count] = socket;
            count += sio__socket_connected(socket);
        }
    }
    out->count = count;
    return SIO_OK;
}

static void mark_room(const struct sio__registry *registry, struct sio__found found, uint32_t mark)
{
    if (found.room == SIO__NONE) {
        found.owner->mark = mark;
        return;
    }
    const struct sio__room *room = sio__room_at(registry, found.room);
    for (uint32_t i = 0; i < room->count; i++)
        sio__socket_at(registry, room->members[i].socket)->mark = mark;
}

static inline void take_unmarked(struct sio__recipients *out, sio_socket *socket, uint32_t mark)
{
    if (socket->mark != mark && sio__socket_connected(socket)) {
        socket->mark = mark;
        out->sockets[out->count++] = socket;
    }
}

/* There is memory for all members. */
static void take_room(const struct sio__registry *registry, struct sio__found found, uint32_t mark,
                      struct sio__recipients *out)
{
    if (found.room == SIO__NONE) {
        take_unmarked(out, found.owner, mark);
        return;
    }
    const struct sio__room *room = sio__room_at(registry, found.room);
    for (uint32_t i = 0; i < room->count; i++)
        take_unmarked(out, sio__socket_at(registry, room->members[i].socket), mark);
}

static size_t members_of(const struct sio__registry *registry, struct sio__found found)
{
    return found.room != SIO__NONE ? sio__room_at(registry, found.room)->count : 1;
}

static sio_status take_marked(struct sio__registry *registry, struct names rooms,
                              struct names except, struct sio__recipients *out)
{
    uint32_t mark = next_selection(registry);
    bool everyone = rooms.left == 0;
    struct sio__found found;

    while (next_room(registry, &except, &found))
        mark_room(registry, found, mark);
    if (everyone) {
        if (recipients_reserve(out, registry->nconnected) != SIO_OK)
            return SIO_ENOMEM;
        for (uint32_t i = 0; i < registry->nconnected; i++)
            take_unmarked(out, registry->connected[i], mark);
        return SIO_OK;
    }
    while (next_room(registry, &rooms, &found)) {
        if (recipients_reserve(out, members_of(registry, found)) != SIO_OK) {
            out->count = 0;
            return SIO_ENOMEM;
        }
        take_room(registry, found, mark, out);
    }
    return SIO_OK;
}

sio_status sio__registry_select(struct sio__registry *registry, sio_str rooms, sio_str except,
                                struct sio__recipients *out)
{
    struct names to = names_of(rooms), but = names_of(except);
    struct sio__found found;

    out->count = 0;
    if (but.left > 0 || to.left > 1)
        return take_marked(registry, to, but, out);
    if (to.left == 0)
        return copy_connected(registry, out);
    return next_room(registry, &to, &found) ? copy_room(registry, found, out) : SIO_OK;
}
