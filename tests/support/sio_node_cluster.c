/* SPDX-License-Identifier: MIT */
/* sio-node's operations on the cluster. */
#include "sio_node.h"

#include <inttypes.h>
#include <stdio.h>

#include "tagged.h"

static const sio_str NOTHING = {NULL, 0};

/* A call of the library that took over its call, or that failed at once. */
static void started(struct call *call, sio_status status)
{
    if (status != SIO_OK)
        call_fail(call, status, NULL);
}

static void on_done(sio_adapter *adapter, const sio_emit_result *result, void *user)
{
    char text[64];
    (void)adapter;
    if (result->status != SIO_OK) {
        call_fail(user, result->status, result->text);
        return;
    }
    snprintf(text, sizeof text, "{\"receivers\":%" PRId64 "}", result->receivers);
    call_ok(user, sio_str_c(text));
}

/* Node's words for a name that the protocol keeps for itself. */
static void emit_started(struct call *call, sio_status status, sio_str event)
{
    static const char *const reserved[] = {"connect",     "connect_error", "connection",
                                           "disconnect",  "disconnecting", "new_namespace",
                                           "newListener", "removeListener"};
    char text[64];
    if (status == SIO_EINVAL)
        for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
            if (sio_str_eq(event, sio_str_c(reserved[i]))) {
                snprintf(text, sizeof text, "\"%s\" is a reserved event name", reserved[i]);
                call_fail(call, status, text);
                return;
            }
    started(call, status);
}

void op_emit(struct call *call)
{
    sio_target *to;
    sio_args *args;
    sio_str event;
    if (!call_target(call, &to))
        return;
    if (call_event(call, &event, &args)) {
        sio_status status = sio_adapter_emit(call->space->adapter, to, event, args, on_done, call);
        sio_args_free(args);
        if (status != SIO_OK)
            emit_started(call, status, event);
    }
    sio_target_free(to);
}

static void on_ack(sio_adapter *adapter, sio_str value, void *user)
{
    struct call *call = user;
    (void)adapter;
    if (call->responses.len > 0)
        put_text(&call->responses, ",");
    put_tagged(&call->responses, value);
}

static void on_acked(sio_adapter *adapter, const sio_answers *answers, uint64_t clients,
                     uint64_t acks, void *user)
{
    struct call *call = user;
    sio_buf out;
    (void)adapter;
    (void)acks;
    if (answers->status != SIO_OK && answers->status != SIO_ETIMEDOUT) {
        call_fail(call, answers->status, answers->text);
        return;
    }
    sio_buf_init(&out);
    put_text(&out, "{\"responses\":[");
    node_must(sio_buf_append(&out, call->responses.ptr, call->responses.len));
    put_text(&out, "],\"clientCount\":");
    put_number(&out, (int64_t)clients);
    put_text(&out, answers->status == SIO_OK ? ",\"timedOut\":false" : ",\"timedOut\":true");
    put_text(&out, "}");
    call_answer(call, answers, true, sio_buf_str(&out));
    sio_buf_fini(&out);
}

void op_emit_with_ack(struct call *call)
{
    sio_target *to;
    sio_args *args;
    sio_str event;
    sio_cursor timeout = sio_cursor_at(call_field(call, "timeout"));
    sio_value v;
    unsigned ms;
    if (!call_target(call, &to))
        return;
    if (sio_cursor_read(&timeout, &v) == SIO_OK && milliseconds_of(&v, &ms))
        sio_target_timeout(to, ms);
    if (call_event(call, &event, &args)) {
        sio_status status = sio_adapter_emit_with_ack(call->space->adapter, to, event, args, on_ack,
                                                      on_acked, call);
        sio_args_free(args);
        if (status != SIO_OK)
            emit_started(call, status, event);
    }
    sio_target_free(to);
}

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    sio_remote_socket socket;
    sio_buf out;
    (void)adapter;
    sio_buf_init(&out);
    put_text(&out, "[");
    while (sio_fetched_next(fetched, &socket)) {
        put_text(&out, out.len > 1 ? ",{\"id\":" : "{\"id\":");
        put_string(&out, socket.sid);
        put_text(&out, ",\"handshake\":");
        put_tagged(&out, socket.handshake);
        put_text(&out, ",\"rooms\":");
        put_tagged(&out, socket.rooms);
        put_text(&out, ",\"data\":");
        put_tagged(&out, socket.data);
        put_text(&out, "}");
    }
    put_text(&out, "]");
    call_answer(user, answers, false, sio_buf_str(&out));
    sio_buf_fini(&out);
}

void op_fetch_sockets(struct call *call)
{
    sio_target *to;
    if (!call_target(call, &to))
        return;
    started(call, sio_adapter_fetch_sockets(call->space->adapter, to, on_fetched, call));
    sio_target_free(to);
}

static void on_names(sio_adapter *adapter, const sio_answers *answers, sio_str names, size_t count,
                     void *user)
{
    sio_buf out;
    (void)adapter;
    (void)count;
    sio_buf_init(&out);
    if (names.len > 0)
        put_tagged(&out, names);
    else
        put_text(&out, "[]");
    call_answer(user, answers, false, sio_buf_str(&out));
    sio_buf_fini(&out);
}

void op_sockets(struct call *call)
{
    sio_target *to;
    if (!call_target(call, &to))
        return;
    started(call, sio_adapter_sockets(call->space->adapter, to, on_names, call));
    sio_target_free(to);
}

void op_all_rooms(struct call *call)
{
    started(call, sio_adapter_all_rooms(call->space->adapter, on_names, call));
}

static void on_count(sio_adapter *adapter, sio_status status, uint64_t count, void *user)
{
    char text[32];
    (void)adapter;
    snprintf(text, sizeof text, "%" PRIu64, count);
    if (status == SIO_OK)
        call_ok(user, sio_str_c(text));
    else
        call_fail(user, status, NULL);
}

void op_server_count(struct call *call)
{
    started(call, sio_adapter_server_count(call->space->adapter, on_count, call));
}

typedef sio_status change_rooms(sio_adapter *adapter, const sio_target *to, const sio_str *rooms,
                                size_t nrooms, sio_adapter_done_cb *done, void *user);

static void sockets_change(struct call *call, change_rooms *change)
{
    struct names rooms;
    sio_target *to;
    if (!call_target(call, &to))
        return;
    bool ok = call_names(call, "target", &rooms) && call_option(call, "target").len > 0;
    if (ok && rooms.count == 0)
        call_ok(call, SIO_STR("{\"receivers\":0}")); /* nothing changes anywhere */
    else if (ok)
        started(call, change(call->space->adapter, to, rooms.each, rooms.count, on_done, call));
    else
        call_fail(call, SIO_EINVAL, "target is an array of strings or numbers");
    names_fini(&rooms);
    sio_target_free(to);
}

void op_sockets_join(struct call *call)
{
    sockets_change(call, sio_adapter_sockets_join);
}

void op_sockets_leave(struct call *call)
{
    sockets_change(call, sio_adapter_sockets_leave);
}

void op_disconnect_sockets(struct call *call)
{
    sio_target *to;
    if (!call_target(call, &to))
        return;
    started(call, sio_adapter_disconnect_sockets(call->space->adapter, to, call_true(call, "close"),
                                                 on_done, call));
    sio_target_free(to);
}

void op_server_side_emit(struct call *call)
{
    sio_args *args;
    sio_str event;
    if (!call_event(call, &event, &args))
        return;
    sio_status status =
        sio_adapter_server_side_emit(call->space->adapter, event, args, on_done, call);
    sio_args_free(args);
    if (status != SIO_OK)
        emit_started(call, status, event);
}

static void on_responses(sio_adapter *adapter, const sio_answers *answers, sio_str responses,
                         size_t count, void *user)
{
    sio_buf out;
    (void)adapter;
    (void)count;
    sio_buf_init(&out);
    put_text(&out, "{\"responses\":[");
    put_row(&out, responses);
    put_text(&out, "]}");
    call_answer(user, answers, false, sio_buf_str(&out));
    sio_buf_fini(&out);
}

void op_server_side_emit_with_ack(struct call *call)
{
    sio_args *args;
    sio_str event;
    if (!call_event(call, &event, &args))
        return;
    sio_status status = sio_adapter_server_side_emit_with_ack(call->space->adapter, event, args,
                                                              on_responses, call);
    sio_args_free(args);
    if (status != SIO_OK)
        emit_started(call, status, event);
}

void op_server_side_ack(struct call *call)
{
    sio_args *value;
    if (!call_values(call, "value", &value))
        return;
    sio_answer *to = token_take(call->space, (unsigned long)call_number(call, "token", 0));
    sio_status status = to != NULL ? sio_answer_send(to, value) : SIO_EINVAL;
    sio_args_free(value);
    if (status == SIO_OK)
        call_ok(call, NOTHING);
    else
        call_fail(call, status, to == NULL ? "no such token, or it was used" : NULL);
}

static void put_drops(sio_buf *out, const sio_adapter_stats *stats)
{
    static const char *const reasons[SIO_DROP_COUNT] = {
        [SIO_DROP_NOT_OURS] = "notOurs",           [SIO_DROP_MALFORMED] = "malformed",
        [SIO_DROP_MISSING_FIELD] = "missingField", [SIO_DROP_UNKNOWN_TYPE] = "unknownType",
        [SIO_DROP_RESERVED] = "reserved",          [SIO_DROP_UNEXPECTED] = "unexpected",
        [SIO_DROP_NO_MEMORY] = "noMemory",
    };
    put_text(out, "\"dropped\":{");
    for (int i = 0; i < SIO_DROP_COUNT; i++) {
        put_text(out, i > 0 ? ",\"" : "\"");
        put_text(out, reasons[i]);
        put_text(out, "\":");
        put_number(out, (int64_t)stats->dropped[i]);
    }
    put_text(out, "}");
}

void op_stats(struct call *call)
{
    sio_adapter_stats stats;
    sio_buf out;
    sio_buf_init(&out);
    sio_adapter_get_stats(call->space->adapter, &stats);
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"requests", stats.requests},
        {"ackRequests", stats.ack_requests},
        {"acksAwaited", stats.acks_awaited},
        {"sockets", stats.sockets},
        {"rooms", stats.rooms},
        {"received", stats.received},
        {"ignored", stats.ignored},
        {"broadcasts", stats.broadcasts},
        {"deliveries", stats.deliveries},
        {"answered", stats.answered},
        {"gaps", stats.gaps},
    };
    put_text(&out, "{");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        put_text(&out, "\"");
        put_text(&out, fields[i].name);
        put_text(&out, "\":");
        put_number(&out, (int64_t)fields[i].value);
        put_text(&out, ",");
    }
    put_drops(&out, &stats);
    put_text(&out, "}");
    call_ok(call, sio_buf_str(&out));
    sio_buf_fini(&out);
}
