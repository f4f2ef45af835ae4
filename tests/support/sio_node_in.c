/* SPDX-License-Identifier: MIT */
/* sio-node's stdin: one request a line, carried out in their order. */
#include "sio_node.h"

#include <stdio.h>
#include <stdlib.h>

#include "tagged.h"

enum { MAX_LINE_DEPTH = 4 * SIO_MAX_DEPTH /* {"$obj":[[key,value]]} is three levels */ };

static const struct op {
    const char *name;
    void (*run)(struct call *call);
} ops[] = {
    {"connect", op_connect},
    {"data", op_data},
    {"join", op_join},
    {"leave", op_leave},
    {"close", op_close},
    {"socketRooms", op_socket_rooms},
    {"ack", op_ack},
    {"emit", op_emit},
    {"emitWithAck", op_emit_with_ack},
    {"fetchSockets", op_fetch_sockets},
    {"sockets", op_sockets},
    {"allRooms", op_all_rooms},
    {"serverCount", op_server_count},
    {"socketsJoin", op_sockets_join},
    {"socketsLeave", op_sockets_leave},
    {"disconnectSockets", op_disconnect_sockets},
    {"serverSideEmit", op_server_side_emit},
    {"serverSideEmitWithAck", op_server_side_emit_with_ack},
    {"serverSideAck", op_server_side_ack},
    {"stats", op_stats},
};

static const struct op *find(sio_str name)
{
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (sio_str_eq(name, sio_str_c(ops[i].name)))
            return &ops[i];
    return NULL;
}

/* A call with what the line says; its id is null until it is known. */
static struct call *call_new(struct node *node, sio_str line, sio_json_error *err)
{
    struct call *call = calloc(1, sizeof *call);
    node_must(call != NULL ? SIO_OK : SIO_ENOMEM);
    call->node = node;
    err->what = NULL;
    sio_status status = sio_json_read(line, MAX_LINE_DEPTH, &call->packed, err);
    if (status == SIO_ENOMEM)
        node_must(status);
    if (call_field(call, "id").len > 0)
        put_tagged(&call->id, call_field(call, "id"));
    else
        put_text(&call->id, "null");
    return call;
}

static void carry_out(struct node *node, sio_str line)
{
    sio_json_error err;
    sio_buf nsp;
    char text[128];
    struct call *call = call_new(node, line, &err);
    sio_str name = tagged_text(sio_buf_str(&call->packed), "op");
    const struct op *op = find(name);
    if (sio_str_eq(name, SIO_STR("quit"))) {
        node->quit = call;
        node_quit(node);
        return;
    }
    if (op == NULL) {
        if (err.what != NULL)
            snprintf(text, sizeof text, "not JSON: %s", err.what);
        else
            snprintf(text, sizeof text, "no such operation: \"%.*s\"",
                     (int)(name.len < 64 ? name.len : 64), name.ptr);
        call_fail(call, SIO_EINVAL, text);
        return;
    }
    sio_buf_init(&nsp);
    (void)name_text(call_field(call, "nsp"), &nsp);
    sio_status status = space_open(node, sio_buf_str(&nsp), &call->space);
    sio_buf_fini(&nsp);
    if (status == SIO_OK)
        op->run(call);
    else
        call_fail(call, status, NULL);
}

void node_input(struct node *node, sio_str bytes)
{
    while (bytes.len > 0 && !node->quitting) {
        const char *newline = memchr(bytes.ptr, '\n', bytes.len);
        size_t len = newline != NULL ? (size_t)(newline - bytes.ptr) : bytes.len;
        node_must(sio_buf_append(&node->in, bytes.ptr, len));
        if (newline == NULL)
            return;
        if (node->in.len > 0)
            carry_out(node, sio_buf_str(&node->in));
        sio_buf_clear(&node->in);
        bytes = sio_str_of(newline + 1, bytes.len - len - 1);
    }
}
