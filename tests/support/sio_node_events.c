/* SPDX-License-Identifier: MIT */
/* What an adapter tells sio-node, as events on stdout. */
#include "sio_node.h"

#include <event2/event.h>

static void begin(const sio_adapter *adapter, const char *event, sio_buf *line)
{
    sio_buf_init(line);
    put_text(line, "{\"event\":\"");
    put_text(line, event);
    put_text(line, "\",\"nsp\":");
    put_string(line, sio_adapter_nsp(adapter));
}

static void end(const struct space *space, sio_buf *line)
{
    put_text(line, "}");
    node_send(space->node, line);
}

static void on_deliver(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                       const sio_broadcast *b, void *user)
{
    struct space *space = user;
    sio_buf line;
    (void)socket_user;
    begin(adapter, "packet", &line);
    put_text(&line, ",\"sid\":");
    put_string(&line, sio_socket_sid(socket));
    put_text(&line, ",\"packet\":{\"type\":2,\"data\":[");
    put_row(&line, b->data);
    put_text(&line, "]");
    if (b->id >= 0) {
        put_text(&line, ",\"id\":");
        put_number(&line, b->id);
    }
    put_text(&line, "},\"flags\":");
    if (b->flags.len > 0)
        put_tagged(&line, b->flags);
    else
        put_text(&line, "{}");
    end(space, &line);
}

static void on_describe(sio_adapter *adapter, sio_socket *socket, void *socket_user, sio_args *out,
                        void *user)
{
    struct client *client = socket_user;
    (void)adapter;
    (void)socket;
    (void)user;
    (void)sio_args_msgpack(out, sio_buf_str(&client->handshake));
    (void)sio_args_msgpack(out, sio_buf_str(&client->data));
}

static void on_disconnect(sio_adapter *adapter, sio_socket *socket, void *socket_user, bool close,
                          void *user)
{
    struct space *space = user;
    sio_buf line;
    begin(adapter, "disconnect", &line);
    put_text(&line, ",\"sid\":");
    put_string(&line, sio_socket_sid(socket));
    put_text(&line, close ? ",\"close\":true" : ",\"close\":false");
    client_free(space, socket_user); /* its leave events come first, as in Node */
    end(space, &line);
}

static void on_server_side_emit(sio_adapter *adapter, sio_str data, uint32_t count,
                                sio_answer *answer, void *user)
{
    struct space *space = user;
    sio_buf line;
    (void)count;
    begin(adapter, "serverSideEmit", &line);
    put_text(&line, ",\"args\":[");
    put_row(&line, data);
    put_text(&line, "]");
    if (answer != NULL) {
        put_text(&line, ",\"token\":");
        put_number(&line, (int64_t)token_new(space, answer));
    }
    end(space, &line);
}

static void on_room(sio_adapter *adapter, sio_room_event event, sio_str room, sio_socket *socket,
                    void *user)
{
    static const char *const kinds[] = {
        [SIO_ROOM_CREATE] = "create",
        [SIO_ROOM_JOIN] = "join",
        [SIO_ROOM_LEAVE] = "leave",
        [SIO_ROOM_DELETE] = "delete",
    };
    struct space *space = user;
    sio_buf line;
    begin(adapter, "room", &line);
    put_text(&line, ",\"kind\":\"");
    put_text(&line, kinds[event]);
    put_text(&line, "\",\"room\":");
    put_string(&line, room);
    if (socket != NULL) {
        put_text(&line, ",\"sid\":");
        put_string(&line, sio_socket_sid(socket));
    }
    end(space, &line);
}

static void on_ready(sio_adapter *adapter, void *user)
{
    struct space *space = user;
    sio_buf line;
    space->ready = true;
    begin(adapter, "ready", &line);
    end(space, &line);
}

static void on_gap(sio_adapter *adapter, const sio_gap *gap, void *user)
{
    struct space *space = user;
    sio_buf line;
    begin(adapter, "gap", &line);
    put_text(&line, ",\"from\":");
    put_number(&line, gap->from_ms);
    put_text(&line, ",\"to\":");
    put_number(&line, gap->to_ms);
    put_text(&line, ",\"why\":");
    put_string(&line, sio_str_c(gap->text));
    end(space, &line);
}

static void on_denied(sio_adapter *adapter, sio_status status, const char *text, void *user)
{
    struct space *space = user;
    sio_buf line;
    begin(adapter, "denied", &line);
    put_text(&line, ",\"status\":\"");
    put_text(&line, sio_status_name(status));
    put_text(&line, "\",\"text\":");
    put_string(&line, sio_str_c(text));
    end(space, &line);
}

const sio_host node_host = {
    .deliver = on_deliver,
    .describe = on_describe,
    .disconnect = on_disconnect,
    .server_side_emit = on_server_side_emit,
    .room = on_room,
    .ready = on_ready,
    .gap = on_gap,
    .denied = on_denied,
};

void node_link_state(sio_link *link, const sio_link_event *event, void *user)
{
    struct node *node = user;
    bool connected = event->state == SIO_LINK_UP;
    (void)link;
    if (connected != node->connected) {
        node->connected = connected;
        for (struct space *space = node->spaces; space != NULL; space = space->next) {
            sio_buf line;
            begin(space->adapter, "state", &line);
            put_text(&line, connected ? ",\"connected\":true" : ",\"connected\":false");
            end(space, &line);
        }
    }
    if (event->state == SIO_LINK_CLOSED)
        event_base_loopbreak(node->base);
}
