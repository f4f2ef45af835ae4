/* SPDX-License-Identifier: MIT */
/* Names of sockets and rooms, each stored once, in two indexes: there may be many more sockets
 * than rooms, and what is asked for most, rooms that are here, is found in less memory. */
#include "adapter/registry_impl.h"

#include <stdlib.h>
#include <string.h>

#include "siphash.h"

/* -- text -- */

bool sio__text_keep(char *inside, size_t room, sio_str text)
{
    char *copy = inside;

    if (text.len > UINT32_MAX)
        return false;
    if (text.len > room) {
        copy = malloc(text.len);
        if (copy == NULL)
            return false;
        memcpy(inside, &copy, sizeof copy);
    }
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return true;
}

static sio_str text_of(const char *inside, size_t room, size_t len)
{
    const char *text = inside;

    if (len > room)
        memcpy(&text, inside, sizeof text);
    return sio_str_of(text, len);
}

void sio__text_drop(char *inside, size_t room, size_t len)
{
    if (len > room) {
        char *copy;
        memcpy(&copy, inside, sizeof copy);
        free(copy);
    }
}

sio_str sio__socket_sid(const sio_socket *socket)
{
    return text_of(socket->sid, sizeof socket->sid, socket->sid_len);
}

sio_str sio__room_text(const struct sio__room *room)
{
    return text_of(room->name, sizeof room->name, room->name_len);
}

/* -- the indexes: what they hold is a number, and one -- */

uint32_t sio__name_hash(const struct sio__registry *registry, sio_str name)
{
    return (uint32_t)sio__siphash(registry->key, name);
}

enum { FAR = 2048 /* rooms; fewer are in the caches, and looking twice would cost more */ };

/* Three steps, each reading what the one before has called for. */
void sio__registry_prefetch(const struct sio__registry *registry, const sio_str *rooms,
                            size_t count)
{
    uint32_t hashes[SIO__REGISTRY_AHEAD], values[SIO__REGISTRY_AHEAD];
    size_t n = count < SIO__REGISTRY_AHEAD ? count : SIO__REGISTRY_AHEAD;

    if (n < 2 || registry->rooms.used < FAR)
        return;
    for (size_t i = 0; i < n; i++) {
        hashes[i] = sio__name_hash(registry, rooms[i]);
        sio__index_prefetch(&registry->names, hashes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        values[i] = sio__index_peek(&registry->names, hashes[i]);
        if (values[i] != 0)
            __builtin_prefetch(sio__room_at(registry, values[i] - 1), 1);
        else
            sio__index_prefetch(&registry->sids, hashes[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (values[i] == 0)
            continue;
        const struct sio__room *room = sio__room_at(registry, values[i] - 1);
        __builtin_prefetch(&room->members[room->count], 1);
    }
}

struct wanted {
    const struct sio__registry *registry;
    sio_str name;
};

static bool is_socket(const void *context, uint32_t value)
{
    const struct wanted *w = context;

    return sio_str_eq(sio__socket_sid(sio__socket_at(w->registry, value - 1)), w->name);
}

static bool is_room(const void *context, uint32_t value)
{
    const struct wanted *w = context;

    return sio_str_eq(sio__room_text(sio__room_at(w->registry, value - 1)), w->name);
}

sio_socket *sio__find_socket(const struct sio__registry *registry, sio_str sid, uint32_t hash)
{
    struct wanted wanted = {registry, sid};
    uint32_t value = sio__index_find(&registry->sids, hash, is_socket, &wanted);

    return value != 0 ? sio__socket_at(registry, value - 1) : NULL;
}

struct sio__found sio__find_room(const struct sio__registry *registry, sio_str name, uint32_t hash)
{
    struct wanted wanted = {registry, name};
    sio_socket *socket = NULL;

    uint32_t value = sio__index_find(&registry->names, hash, is_room, &wanted);
    if (value != 0)
        return (struct sio__found){value - 1, NULL};
    if (registry->own_rooms > 0)
        socket = sio__find_socket(registry, name, hash);
    if (socket != NULL && !socket->own_in && !socket->own_kept)
        socket = NULL;
    return (struct sio__found){SIO__NONE, socket};
}
