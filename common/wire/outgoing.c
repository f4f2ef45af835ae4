/* SPDX-License-Identifier: MIT */
/* The checks of what is sent. Nothing that passes them can make a Node peer throw or
 * disconnect its clients. */
#include "wire/outgoing.h"

#include <sio/value.h>

#include "value/args.h"
#include "value/harmful.h"
#include "value/normal.h"
#include "value/utf8.h"

/* Names that socket.io-parser refuses in an event packet (4.2, lib/index.ts): a client
 * that receives one disconnects with "parse error". */
static const sio_str client_reserved[] = {
    SIO_STR_INIT("connect"),       SIO_STR_INIT("connect_error"), SIO_STR_INIT("disconnect"),
    SIO_STR_INIT("disconnecting"), SIO_STR_INIT("newListener"),   SIO_STR_INIT("removeListener")};

/* Names that a server's namespace emits itself (socket.io 4, lib/namespace.ts): handlers
 * expect a Socket there. "error" without a handler ends a Node process. */
static const sio_str server_reserved[] = {SIO_STR_INIT("connect"), SIO_STR_INIT("connection"),
                                          SIO_STR_INIT("new_namespace"), SIO_STR_INIT("error")};

static bool is_one_of(sio_str name, const sio_str *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sio_str_eq(name, list[i]))
            return true;
    return false;
}

bool sio__outgoing_is_reserved(enum sio__audience audience, sio_str event)
{
    if (audience == SIO__FOR_SERVERS)
        return is_one_of(event, server_reserved,
                         sizeof server_reserved / sizeof server_reserved[0]);
    return is_one_of(event, client_reserved, sizeof client_reserved / sizeof client_reserved[0]);
}

static bool over(size_t size, size_t bound)
{
    return bound != 0 && size > bound;
}

static sio_status refuse(struct sio__outgoing *o, sio_status status, const char *why)
{
    o->why = why;
    return status;
}

sio_status sio__outgoing_target(struct sio__outgoing *o, const struct sio__target_view *to,
                                size_t more)
{
    if (over(to->names + more, o->bounds->max_rooms))
        return refuse(o, SIO_ETOOBIG, "too many rooms and exceptions");
    if (over(to->longest, o->bounds->max_name_bytes))
        return refuse(o, SIO_ETOOBIG, "the name of a room or exception is too long");
    o->msg.rooms = to->rooms;
    o->msg.except = to->except;
    o->msg.flags = to->flags;
    return SIO_OK;
}

static unsigned with_binary(unsigned has, size_t attachments)
{
    return attachments > 0 ? has | SIO__HAS_BINARY : has;
}

/* What only clients get, as MessagePack and then with attachments: a server-side event is
 * JSON. Each piece of binary becomes an attachment. */
static sio_status check_values(struct sio__outgoing *o, const struct sio__args_view *args)
{
    bool has_binary = args->attachments > 0;
    if (over(args->attachments, o->bounds->max_attachments))
        return refuse(o, SIO_ETOOBIG,
                      "more binary attachments than the bound; current clients disconnect on "
                      "more than 10");
    if ((has_binary || (args->has & SIO__HAS_DATES) != 0) &&
        sio__harms_javascript(args->packed, has_binary))
        return refuse(o, SIO_EINVAL,
                      "an argument would harm its receivers: a key \"__proto__\" with a date or "
                      "binary, or \"_placeholder\": true beside binary");
    return SIO_OK;
}

sio_status sio__outgoing_event(struct sio__outgoing *o, enum sio__audience audience, sio_str event,
                               const sio_args *args)
{
    struct sio__args_view view;
    if (over(event.len, o->bounds->max_name_bytes) || event.len > UINT32_MAX)
        return refuse(o, SIO_ETOOBIG, "the event name is too long");
    if (sio__utf8_check(event) != SIO__UTF8_VALID)
        return refuse(o, SIO_EINVAL, "the event name is not UTF-8");
    if (sio__outgoing_is_reserved(audience, event))
        return refuse(o, SIO_EINVAL,
                      "the event name is reserved and would harm its receivers: choose another");
    sio_status status = sio__args_view(args, &view);
    if (status != SIO_OK)
        return refuse(o, status, "the arguments could not be built, or are not finished");
    if (over(view.count, o->bounds->max_args))
        return refuse(o, SIO_ETOOBIG, "more arguments than the bound; receivers die of too many");
    if (audience == SIO__FOR_CLIENTS && (status = check_values(o, &view)) != SIO_OK)
        return status;
    o->msg.event = event.ptr != NULL ? event : SIO_STR("");
    o->msg.args = view.packed;
    o->msg.nargs = (uint32_t)view.count;
    o->msg.args_has = with_binary(view.has, view.attachments);
    return SIO_OK;
}

sio_status sio__outgoing_rooms(struct sio__outgoing *o, const sio_str *rooms, size_t count,
                               struct sio__names *names)
{
    if (count == 0)
        return refuse(o, SIO_EINVAL, "no room to join or leave is given");
    for (size_t i = 0; i < count; i++) {
        if (over(rooms[i].len, o->bounds->max_name_bytes))
            return refuse(o, SIO_ETOOBIG, "the name of a room is too long");
        sio_status status = sio__names_append(names, rooms[i]);
        if (status != SIO_OK)
            return refuse(o, status,
                          status == SIO_EINVAL ? "the name of a room is not UTF-8"
                                               : sio_status_text(status));
    }
    o->msg.target_rooms = sio__names_packed(names);
    return SIO_OK;
}

sio_status sio__outgoing_value(struct sio__outgoing *o, sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed), after = c;
    sio_value first;
    struct sio__scan scan;
    if (packed.len == 0)
        return SIO_OK;
    if (sio__scan(packed, SIO_MAX_DEPTH, &scan) != SIO_OK)
        return refuse(o, SIO_EINVAL, "the value is not packed");
    (void)sio_cursor_read(&c, &first); /* the scan has seen all of it */
    (void)sio_cursor_skip(&after);
    if (first.type == SIO_UNDEFINED)
        return SIO_OK;
    o->msg.value = sio_str_of(packed.ptr, (size_t)(after.at - (const unsigned char *)packed.ptr));
    if (scan.values > 1) /* what the others hold does not count */
        (void)sio__scan(o->msg.value, SIO_MAX_DEPTH, &scan);
    o->msg.args_has = with_binary(scan.has, scan.attachments);
    return SIO_OK;
}

sio_status sio__outgoing_recode(struct sio__outgoing *o, sio__parser_cb *parser, void *user,
                                struct sio__frame *frame)
{
    sio_buf own;
    sio_buf_init(&own);
    sio_status status = parser(sio__frame_payload(frame), &own, user);
    if (status != SIO_OK)
        (void)refuse(o, status, "the custom parser failed");
    if (status == SIO_OK) {
        frame->buf.len = frame->channel_len;
        status = sio_buf_append(&frame->buf, own.ptr, own.len);
    }
    sio_buf_fini(&own);
    return status;
}

sio_status sio__outgoing_size(struct sio__outgoing *o, const struct sio__frame *frame)
{
    if (over(sio__frame_payload(frame).len, o->bounds->max_packet_bytes))
        return refuse(o, SIO_ETOOBIG, "the packet is too large");
    return SIO_OK;
}
