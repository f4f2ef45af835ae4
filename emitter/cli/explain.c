/* SPDX-License-Identifier: MIT */
/* Finds out why the emitter refused a request: its calls return a status only. */
#include "sender.h"

#include <stdio.h>

#include "emitter/preview.h"

struct sio__call request_call(const struct request *request)
{
    static const enum sio__op ops[] = {
        [OP_EMIT] = SIO__OP_EMIT,
        [OP_JOIN] = SIO__OP_JOIN,
        [OP_LEAVE] = SIO__OP_LEAVE,
        [OP_DISCONNECT] = SIO__OP_DISCONNECT,
        [OP_SERVER_EMIT] = SIO__OP_SERVER_EMIT,
    };
    struct sio__call call = {
        .op = ops[request->op],
        .to = request->to,
        .event = request->event,
        .args = request->args,
        .rooms = request->rooms.items,
        .nrooms = request->rooms.count,
        .close = request->close,
    };

    return call;
}

/* The library's own reason. */
static void explain(const struct request *request, sio_status status, char *why, size_t whylen)
{
    struct sio__call call = request_call(request);
    const char *text = sio__emitter_why(request->em, &call);

    snprintf(why, whylen, "%s", text != NULL ? text : sio_status_text(status));
}

/* The first name over the bound, or NULL. */
static const sio_str *over_long(const struct str_list *list, size_t bound)
{
    for (size_t i = 0; bound > 0 && i < list->count; i++) {
        if (list->items[i].len > bound)
            return &list->items[i];
    }
    return NULL;
}

static size_t count_binary(const sio_args *args)
{
    sio_cursor cursor = sio_cursor_at(sio_args_packed(args));
    sio_value value;
    size_t n = 0;

    /* Token by token: containers' elements simply follow. */
    while (!sio_cursor_done(&cursor) && sio_cursor_read(&cursor, &value) == SIO_OK)
        n += value.type == SIO_BINARY;
    return n;
}

static void explain_too_big(const struct sender *sender, const struct request *request, char *why,
                            size_t whylen)
{
    const sio_emitter_opts *bounds = &sender->bounds;
    const struct options *opts = sender->opts;
    size_t rooms =
        (request->to != NULL ? sio_target_rooms(request->to) + sio_target_excepts(request->to)
                             : 0) +
        request->rooms.count;
    const sio_str *name = over_long(&opts->to, bounds->max_name_bytes);

    if (name == NULL)
        name = over_long(&opts->except, bounds->max_name_bytes);
    if (name == NULL)
        name = over_long(&request->rooms, bounds->max_name_bytes);
    if (request->event.len > bounds->max_name_bytes)
        snprintf(why, whylen, "the event name has %zu bytes, more than %zu", request->event.len,
                 bounds->max_name_bytes);
    else if (name != NULL)
        snprintf(why, whylen, "the room %.24s... has %zu bytes, more than %zu", name->ptr,
                 name->len, bounds->max_name_bytes);
    else if (rooms > bounds->max_rooms)
        snprintf(why, whylen, "%zu rooms, more than %u", rooms, bounds->max_rooms);
    else if (request->args != NULL && count_binary(request->args) > bounds->max_attachments)
        snprintf(why, whylen, "%zu binary arguments; more than %u make current clients disconnect",
                 count_binary(request->args), bounds->max_attachments);
    else if (request->args != NULL &&
             sio_args_packed(request->args).len + 4096 > bounds->max_packet_bytes)
        snprintf(why, whylen,
                 "the packet is larger than %zu bytes; send a link to the data instead",
                 bounds->max_packet_bytes);
    else
        explain(request, SIO_ETOOBIG, why, whylen);
}

void sender_explain(const struct sender *sender, const struct request *request, sio_status status,
                    char *why, size_t whylen)
{
    if (status == SIO_ETOOBIG)
        explain_too_big(sender, request, why, whylen);
    else
        explain(request, status, why, whylen);
}
