/* SPDX-License-Identifier: MIT */
/* A message to the sockets here. Recipients are gathered first and served then, so that the
 * host may join, leave, free and broadcast again meanwhile: who has gone is skipped, who has
 * come is not included. */
#include "adapter/impl.h"
#include "adapter/registry_impl.h"
#include "wire/room_name.h"

#include <stdlib.h>

#include <sio/value.h>

#include "wire/fields.h"

static struct sio__level *next_level(sio_adapter *adapter)
{
    if (adapter->nesting == adapter->levels_room) {
        unsigned room = adapter->levels_room == 0 ? 2 : adapter->levels_room * 2;
        struct sio__level **levels = realloc(adapter->levels, room * sizeof *levels);

        if (levels == NULL)
            return NULL;
        memset(levels + adapter->levels_room, 0, (room - adapter->levels_room) * sizeof *levels);
        adapter->levels = levels;
        adapter->levels_room = room;
    }
    if (adapter->levels[adapter->nesting] == NULL)
        adapter->levels[adapter->nesting] = calloc(1, sizeof **adapter->levels);
    return adapter->levels[adapter->nesting];
}

struct sio__level *sio__delivery_begin(sio_adapter *adapter, sio_str rooms, sio_str except)
{
    struct sio__level *level = next_level(adapter);

    if (level == NULL ||
        sio__registry_select(adapter->registry, rooms, except, &level->recipients) != SIO_OK)
        return NULL;
    adapter->nesting++;
    sio__registry_hold(adapter->registry);
    return level;
}

void sio__delivery_end(sio_adapter *adapter)
{
    sio__registry_release(adapter->registry);
    adapter->nesting--;
}

void sio__delivery_flags(sio_broadcast *b)
{
    enum { VOLATILE, COMPRESS };
    struct sio__field f[] = {{SIO_STR("volatile"), {NULL, 0}}, {SIO_STR("compress"), {NULL, 0}}};
    sio_cursor c = sio_cursor_at(b->flags);
    sio_value v;

    b->is_volatile = false;
    b->compress = -1;
    if (b->flags.len <= 1 || sio__fields_read(&c, f, 2) != SIO_OK)
        return;
    b->is_volatile = sio__field_true(&f[VOLATILE]);
    if (sio__field_token(&f[COMPRESS], &v) && v.type == SIO_BOOL)
        b->compress = v.v.boolean;
}

void sio__deliver(sio_adapter *adapter, struct sio__level *level, sio_broadcast *b)
{
    const struct sio__recipients *to = &level->recipients;
    const sio_host *host = &adapter->host;
    size_t made = 0;

    if (to->count == 0)
        return;
    if (host->broadcast != NULL)
        host->broadcast(adapter, b, adapter->user);
    for (size_t i = 0; i < to->count && !adapter->freeing; i++) {
        sio_socket *socket = to->sockets[i];

        /* Looked into directly: a call for each of a thousand is half of their cost. */
        if (!sio__is_receiving(socket))
            continue;
        made++;
        if (host->deliver != NULL)
            host->deliver(adapter, socket, socket->user, b, adapter->user);
    }
    adapter->stats.deliveries += made;
    if (host->delivered != NULL)
        host->delivered(adapter, b, made, adapter->user);
}

void sio__deliver_message(sio_adapter *adapter, const struct sio_message *msg)
{
    sio_broadcast b = {
        .data = msg->args, .count = msg->nargs, .id = msg->packet_id, .flags = msg->flags};
    struct sio__level *level = sio__delivery_begin(adapter, msg->rooms, msg->except);

    if (level == NULL) {
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, sio_str_of(NULL, 0));
        return;
    }
    adapter->stats.broadcasts++;
    sio__delivery_flags(&b);
    sio__deliver(adapter, level, &b);
    sio__delivery_end(adapter);
}

/* -- join, leave, disconnect -- */

/* What another node has joined, as sio_socket_join() would. */
static void join(sio_adapter *adapter, sio_socket *socket, sio_str room)
{
    sio_status status = sio__sockets_join(adapter, socket, room);

    if (status == SIO_ENOMEM)
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, sio_str_of(NULL, 0));
    else if (status == SIO_EINVAL || status == SIO_ETOOBIG)
        sio__receive_drop(adapter, SIO_DROP_MISSING_FIELD, sio_str_of(NULL, 0));
}

static void join_or_leave(sio_adapter *adapter, sio_socket *socket, const struct sio_message *msg)
{
    sio_cursor c = sio_cursor_at(msg->target_rooms);
    char digits[SIO__NUMBER_MAX];
    sio_value array;
    sio_str room;

    if (msg->sid.ptr == NULL && sio_cursor_read(&c, &array) != SIO_OK)
        return;
    while (!sio_cursor_done(&c) && sio__room_name(&c, digits, &room) &&
           sio__socket_connected(socket)) {
        if (msg->type == SIO_MSG_SOCKETS_LEAVE)
            (void)sio__registry_leave(adapter->registry, socket, room);
        else
            join(adapter, socket, room);
    }
}

static void manage(sio_adapter *adapter, sio_socket *socket, const struct sio_message *msg)
{
    if (msg->type != SIO_MSG_DISCONNECT_SOCKETS)
        join_or_leave(adapter, socket, msg);
    else if (adapter->host.disconnect != NULL)
        adapter->host.disconnect(adapter, socket, sio__socket_user(socket), msg->close,
                                 adapter->user);
}

/* The old form names one socket. */
static bool manage_one(sio_adapter *adapter, const struct sio_message *msg)
{
    sio_socket *socket = sio__registry_find(adapter->registry, msg->sid);

    if (socket == NULL || !sio__socket_connected(socket))
        return false;
    sio__registry_hold(adapter->registry);
    manage(adapter, socket, msg);
    sio__registry_release(adapter->registry);
    return true;
}

bool sio__delivery_manage(sio_adapter *adapter, const struct sio_message *msg)
{
    if (msg->sid.ptr != NULL)
        return manage_one(adapter, msg);
    struct sio__level *level = sio__delivery_begin(adapter, msg->rooms, msg->except);
    if (level == NULL) {
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, sio_str_of(NULL, 0));
        return false;
    }
    for (size_t i = 0; i < level->recipients.count && !adapter->freeing; i++) {
        if (sio__socket_connected(level->recipients.sockets[i]))
            manage(adapter, level->recipients.sockets[i], msg);
    }
    sio__delivery_end(adapter);
    return false;
}
