/* SPDX-License-Identifier: MIT */
/* The host of the adapter: what this server tells the others, and what they tell it. */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>

static const sio_str VIA = SIO_STR_INIT("tcp");

/* -- names -- */

sio_str room_of(sio_str name, char buf[ROOM_BYTES])
{
    int len = snprintf(buf, ROOM_BYTES, ROOM_PREFIX "%.*s", STR(name));

    return sio_str_of(buf, (size_t)len);
}

sio_str name_of(sio_str room)
{
    const sio_str prefix = SIO_STR(ROOM_PREFIX);
    sio_str name = {NULL, 0};

    if (room.len > prefix.len && sio_str_eq(sio_str_of(room.ptr, prefix.len), prefix))
        name = sio_str_of(room.ptr + prefix.len, room.len - prefix.len);
    return is_name(name) ? name : (sio_str){NULL, 0};
}

struct client *chat_find(sio_adapter *adapter, sio_str sid)
{
    const sio_socket *socket = sio_adapter_find(adapter, sid);

    return socket != NULL ? sio_socket_user(socket) : NULL;
}

/* -- to the other servers -- */

static bool add_room(sio_str room, void *user)
{
    if (name_of(room).ptr != NULL)
        sio_target_to(user, room);
    return true;
}

/* Members on this server get it before this returns: sending must not be nested. What a
 * delivery may lead to is left to the loop therefore, see drop() in client.c. */
sio_status chat_send(struct client *client, struct chat_event *event, sio_adapter_done_cb *done,
                     void *user)
{
    struct server *server = client->server;
    char buf[ROOM_BYTES];

    sio_target_clear(server->target);
    if (event->room.ptr != NULL) {
        sio_target_to(server->target, room_of(event->room, buf));
    } else {
        sio_socket_each_room(client->socket, add_room, server->target);
        if (sio_target_rooms(server->target) == 0)
            return SIO_OK; /* a target without rooms would be everybody */
    }
    if (client->socket != NULL)
        sio_target_except(server->target, sio_socket_sid(client->socket));
    event->nick = sio_str_c(client->nick);
    event->via = VIA;
    event_write(event, server->args);
    return sio_adapter_emit(server->adapter, server->target, event->name, server->args, done, user);
}

void chat_tell_all(struct server *server, const char *text)
{
    struct client *client;

    for (client = LIST_FIRST(&server->clients); client != NULL; client = LIST_NEXT(client, entry))
        if (client->socket != NULL)
            client_tell(client, "* %s", text);
}

/* -- from the other servers, and from this one -- */

/* Once for all clients that get it. */
static void on_broadcast(sio_adapter *adapter, sio_broadcast *b, void *user)
{
    const struct server *server = user;
    struct chat_event event;
    (void)adapter;
    if (server->is_stopping || !event_read(b->data, &event))
        return;
    struct line *line = malloc(sizeof *line);
    if (line != NULL)
        event_print(&event, line);
    b->encoded = line;
}

static void on_deliver(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                       const sio_broadcast *b, void *user)
{
    (void)adapter;
    (void)socket;
    (void)user;
    if (b->encoded != NULL)
        client_write(socket_user, b->encoded);
}

static void on_delivered(sio_adapter *adapter, const sio_broadcast *b, size_t recipients,
                         void *user)
{
    (void)adapter;
    (void)recipients;
    (void)user;
    free(b->encoded);
}

/* For /who on another server: no handshake, as there was none, and the data. */
static void on_describe(sio_adapter *adapter, sio_socket *socket, void *socket_user, sio_args *out,
                        void *user)
{
    const struct client *client = socket_user;
    (void)adapter;
    (void)socket;
    (void)user;
    sio_args_map_begin(out);
    sio_args_map_end(out);
    sio_args_map_begin(out);
    sio_args_key(out, SIO_STR("nick"));
    sio_args_string(out, sio_str_c(client->nick));
    sio_args_key(out, SIO_STR("via"));
    sio_args_string(out, VIA);
    sio_args_map_end(out);
}

static void on_disconnect(sio_adapter *adapter, sio_socket *socket, void *socket_user, bool close,
                          void *user)
{
    (void)adapter;
    (void)socket;
    (void)close;
    (void)user;
    client_end(socket_user, "another server has disconnected you");
}

static bool last_room(sio_str room, void *user)
{
    struct client *client = user;
    const sio_str name = name_of(room);

    if (name.ptr != NULL)
        snprintf(client->room, sizeof client->room, "%.*s", STR(name));
    return true;
}

/* By a command, by its end, or by another server: all joins and leaves are told here. */
static void on_room(sio_adapter *adapter, sio_room_event what, sio_str room, sio_socket *socket,
                    void *user)
{
    struct client *client = socket != NULL ? sio_socket_user(socket) : NULL;
    struct chat_event event = {.room = name_of(room)};
    (void)adapter;
    (void)user;
    if (client == NULL || event.room.ptr == NULL)
        return;
    event.name = what == SIO_ROOM_JOIN ? SIO_STR("joined") : SIO_STR("left");
    if (client->socket != NULL) {
        if (what == SIO_ROOM_JOIN || sio_str_eq(event.room, sio_str_c(client->room))) {
            client->room[0] = '\0';
            sio_socket_each_room(socket, last_room, client);
        }
        client_tell(client, "* you have %.*s %.*s and talk in %s", STR(event.name), STR(event.room),
                    client->room[0] != '\0' ? client->room : "no room");
    }
    chat_send(client, &event, NULL, NULL);
}

/* -- about the subscription -- */

static void on_ready(sio_adapter *adapter, void *user)
{
    (void)user;
    if (sio_adapter_link(adapter) != NULL)
        printf("sharing rooms\n");
}

/* Redis keeps nothing for those who are away. */
static void on_gap(sio_adapter *adapter, const sio_gap *gap, void *user)
{
    char text[120];
    (void)adapter;
    snprintf(text, sizeof text, "you may have missed %lld s of what was said on other servers",
             (long long)(gap->to_ms - gap->from_ms + 999) / 1000);
    fprintf(stderr, "gap of %lld ms: %s\n", (long long)(gap->to_ms - gap->from_ms), gap->text);
    chat_tell_all(user, text);
}

static void on_denied(sio_adapter *adapter, sio_status status, const char *text, void *user)
{
    (void)adapter;
    (void)status;
    (void)user;
    fprintf(stderr, "Redis: %s\n", text);
}

const sio_host CHAT_HOST = {
    .broadcast = on_broadcast,
    .deliver = on_deliver,
    .delivered = on_delivered,
    .describe = on_describe,
    .disconnect = on_disconnect,
    .room = on_room,
    .ready = on_ready,
    .gap = on_gap,
    .denied = on_denied,
};
