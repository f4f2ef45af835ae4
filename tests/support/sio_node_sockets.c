/* SPDX-License-Identifier: MIT */
/* sio-node's operations on its own virtual clients. */
#include "sio_node.h"

#include <stdio.h>

#include "tagged.h"

static const sio_str NOTHING = {NULL, 0};

static void live(sio_adapter *adapter, sio_status status, void *user)
{
    (void)adapter;
    if (status == SIO_OK)
        call_ok(user, NOTHING);
    else
        call_fail(user, status, NULL);
}

/* Answer once other nodes reach what was joined. */
static void answer_live(struct call *call)
{
    if (call->node->options.subscription == SIO_SUBSCRIBE_PATTERN && call->space->ready) {
        call_ok(call, NOTHING);
        return;
    }
    sio_status status = sio_adapter_sync(call->space->adapter, live, call);
    if (status != SIO_OK)
        call_fail(call, status, NULL);
}

/* The client that the request names. NULL: answered. */
static struct client *client_of(struct call *call)
{
    char memory[256], text[320];
    struct client *client = NULL;
    sio_buf sid;
    sio_buf_init_on(&sid, memory, sizeof memory);
    bool named = name_text(call_field(call, "sid"), &sid);
    if (named)
        client = client_find(call->space, sio_buf_str(&sid));
    snprintf(text, sizeof text, named ? "no socket \"%.*s\"" : "sid must be a string",
             (int)(sid.len < 200 ? sid.len : 200), sid.ptr);
    sio_buf_fini(&sid);
    if (client == NULL)
        call_fail(call, SIO_EINVAL, text);
    return client;
}

/* The field's value packed, or an empty object. False: C cannot say it. */
static bool keep(const struct call *call, const char *field, sio_buf *out)
{
    sio_str packed = call_field(call, field);
    sio_cursor c = sio_cursor_at(packed);
    sio_args *args;
    bool ok = true;
    node_must(sio_args_new(&args));
    if (packed.len > 0) {
        ok = tagged_add(args, &c) && sio_args_status(args) == SIO_OK;
    } else {
        node_must(sio_args_map_begin(args));
        node_must(sio_args_map_end(args));
    }
    sio_buf_clear(out);
    if (ok)
        node_must(sio_buf_append(out, sio_args_packed(args).ptr, sio_args_packed(args).len));
    sio_args_free(args);
    return ok;
}

void op_connect(struct call *call)
{
    struct client *client;
    sio_buf sid;
    sio_buf_init(&sid);
    if (!name_text(call_field(call, "sid"), &sid)) {
        sio_buf_fini(&sid);
        call_fail(call, SIO_EINVAL, "sid must be a string");
        return;
    }
    sio_status status = client_new(call->space, sio_buf_str(&sid), &client);
    sio_buf_fini(&sid);
    if (status != SIO_OK) {
        call_fail(call, status, status == SIO_EINVAL ? "this sid is connected already" : NULL);
        return;
    }
    if (!keep(call, "handshake", &client->handshake) || !keep(call, "data", &client->data))
        status = SIO_EINVAL;
    if (status == SIO_OK)
        status = sio_socket_connect(client->socket);
    if (status != SIO_OK) {
        client_free(call->space, client);
        call_fail(call, status, NULL);
        return;
    }
    answer_live(call);
}

void op_data(struct call *call)
{
    struct client *client = client_of(call);
    if (client == NULL)
        return;
    if (keep(call, "data", &client->data))
        call_ok(call, NOTHING);
    else
        call_fail(call, SIO_EINVAL, "a value that C cannot say");
}

static void change_rooms(struct call *call, sio_status (*change)(sio_socket *, sio_str),
                         bool leaving)
{
    struct client *client = client_of(call);
    struct names rooms;
    sio_status status = SIO_OK;
    if (client == NULL)
        return;
    if (!call_names(call, "rooms", &rooms) || call_option(call, "rooms").len == 0)
        status = SIO_EINVAL;
    for (size_t i = 0; status == SIO_OK && i < rooms.count; i++) {
        status = change(client->socket, rooms.each[i]);
        if (leaving && status == SIO_EINVAL)
            status = SIO_OK; /* it was not in there, which Node passes over */
    }
    names_fini(&rooms);
    if (status == SIO_OK)
        answer_live(call);
    else
        call_fail(call, status,
                  status == SIO_EINVAL ? "rooms is an array of strings or numbers" : NULL);
}

void op_join(struct call *call)
{
    change_rooms(call, sio_socket_join, false);
}

void op_leave(struct call *call)
{
    change_rooms(call, sio_socket_leave, true);
}

void op_close(struct call *call)
{
    struct client *client = client_of(call);
    if (client == NULL)
        return;
    client_free(call->space, client);
    call_ok(call, NOTHING);
}

static bool add_room(sio_str room, void *user)
{
    sio_buf *out = user;
    if (out->len > 1)
        put_text(out, ",");
    put_string(out, room);
    return true;
}

void op_socket_rooms(struct call *call)
{
    struct client *client = client_of(call);
    sio_buf out;
    if (client == NULL)
        return;
    sio_buf_init(&out);
    put_text(&out, "[");
    sio_socket_each_room(client->socket, add_room, &out);
    put_text(&out, "]");
    call_ok(call, sio_buf_str(&out));
    sio_buf_fini(&out);
}

void op_ack(struct call *call)
{
    struct client *client = client_of(call);
    sio_args *args;
    if (client == NULL || !call_values(call, "args", &args))
        return;
    sio_status status = sio_socket_ack(client->socket, call_number(call, "packetId", UINT64_MAX),
                                       sio_args_packed(args));
    sio_args_free(args);
    if (status == SIO_OK)
        call_ok(call, NOTHING);
    else
        call_fail(call, status,
                  status == SIO_EINVAL ? "no acknowledgement is awaited under this id" : NULL);
}
