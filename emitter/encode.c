/* SPDX-License-Identifier: MIT */
/* From an emitter call to the bytes to publish: checks first, then the message, then the
 * wire. Nothing that passes here can make a Node peer throw or disconnect its clients. */
#include "emitter/call.h"

#include "value/args.h"
#include "value/utf8.h"
#include "wire/names.h"
#include "wire/target.h"

#define NAME(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* Names that socket.io-parser refuses in an event packet (4.2, lib/index.ts): a client
 * that receives one disconnects with "parse error". */
static const sio_str client_reserved[] = {NAME("connect"),     NAME("connect_error"),
                                          NAME("disconnect"),  NAME("disconnecting"),
                                          NAME("newListener"), NAME("removeListener")};

/* Names that a server's namespace emits itself (socket.io 4, lib/namespace.ts): handlers
 * expect a Socket there. "error" without a handler ends a Node process. */
static const sio_str server_reserved[] = {NAME("connect"), NAME("connection"),
                                          NAME("new_namespace"), NAME("error")};

static bool is_one_of(sio_str name, const sio_str *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sio_str_eq(name, list[i]))
            return true;
    return false;
}

static bool is_reserved(const struct sio__call *call)
{
    if (call->op == SIO__OP_SERVER_EMIT)
        return is_one_of(call->event, server_reserved,
                         sizeof server_reserved / sizeof server_reserved[0]);
    return is_one_of(call->event, client_reserved,
                     sizeof client_reserved / sizeof client_reserved[0]);
}

static bool over(size_t size, size_t bound)
{
    return bound != 0 && size > bound;
}

static sio_status take_event(const sio_emitter *em, const struct sio__call *call,
                             struct sio_message *msg)
{
    struct sio__args_view args;
    if (over(call->event.len, em->opts.max_name_bytes) || call->event.len > UINT32_MAX)
        return SIO_ETOOBIG;
    if (sio__utf8_check(call->event) != SIO__UTF8_VALID || is_reserved(call))
        return SIO_EINVAL;
    sio_status status = sio__args_view(call->args, &args);
    if (status != SIO_OK)
        return status;
    /* each piece of binary becomes an attachment; a server-side event has none */
    if (call->op == SIO__OP_EMIT && over(args.attachments, em->opts.max_attachments))
        return SIO_ETOOBIG;
    msg->event = call->event.ptr != NULL ? call->event : SIO_STR("");
    msg->args = args.packed;
    msg->nargs = (uint32_t)args.count;
    msg->args_has = args.has;
    return SIO_OK;
}

static sio_status take_target(const sio_emitter *em, const struct sio__call *call,
                              struct sio_message *msg)
{
    struct sio__target_view to;
    sio__target_view(call->to, &to);
    if (over(to.names + call->nrooms, em->opts.max_rooms) ||
        over(to.longest, em->opts.max_name_bytes))
        return SIO_ETOOBIG;
    msg->rooms = to.rooms;
    msg->except = to.except;
    msg->flags = to.flags;
    return SIO_OK;
}

/* The rooms to join or leave, repeated ones too, as the npm emitter sends them; `names`
 * holds them while the message lives. */
static sio_status take_rooms(const sio_emitter *em, const struct sio__call *call,
                             struct sio__names *names, struct sio_message *msg)
{
    if (call->nrooms == 0)
        return SIO_EINVAL;
    for (size_t i = 0; i < call->nrooms; i++) {
        if (over(call->rooms[i].len, em->opts.max_name_bytes))
            return SIO_ETOOBIG;
        sio_status status = sio__names_append(names, call->rooms[i]);
        if (status != SIO_OK)
            return status;
    }
    msg->target_rooms = sio__names_packed(names);
    return SIO_OK;
}

static sio_status take_call(const sio_emitter *em, const struct sio__call *call,
                            struct sio__names *names, struct sio_message *msg)
{
    static const enum sio_message_type types[] = {
        [SIO__OP_EMIT] = SIO_MSG_BROADCAST,
        [SIO__OP_JOIN] = SIO_MSG_SOCKETS_JOIN,
        [SIO__OP_LEAVE] = SIO_MSG_SOCKETS_LEAVE,
        [SIO__OP_DISCONNECT] = SIO_MSG_DISCONNECT_SOCKETS,
        [SIO__OP_SERVER_EMIT] = SIO_MSG_SERVER_SIDE_EMIT,
    };
    memset(msg, 0, sizeof *msg);
    msg->type = types[call->op];
    msg->uid = SIO_STR("emitter"); /* the npm emitter's id, which servers never ignore */
    msg->nsp = em->peer.nsp;
    msg->packet_id = -1;
    msg->close = call->close;
    sio_status status = take_target(em, call, msg);
    if (status != SIO_OK)
        return status;
    switch (call->op) {
    case SIO__OP_EMIT:
    case SIO__OP_SERVER_EMIT:
        return take_event(em, call, msg);
    case SIO__OP_JOIN:
    case SIO__OP_LEAVE:
        return take_rooms(em, call, names, msg);
    case SIO__OP_DISCONNECT:
        break;
    }
    return SIO_OK;
}

/* Put the custom parser's output in the place of the standard payload. */
static sio_status encode_custom(const sio_emitter *em, struct sio__frame *frame)
{
    sio_buf own;
    sio_buf_init(&own);
    sio_status status = em->opts.encode(sio__frame_payload(frame), &own, em->opts.encode_user);
    if (status == SIO_OK) {
        frame->buf.len = frame->channel_len;
        status = sio_buf_append(&frame->buf, own.ptr, own.len);
    }
    sio_buf_fini(&own);
    return status;
}

sio_status sio__emitter_frame(const sio_emitter *em, const struct sio__call *call,
                              struct sio__frame *frame)
{
    struct sio_message msg;
    struct sio__names names;
    sio__names_init(&names);
    sio_status status = take_call(em, call, &names, &msg);
    if (status == SIO_OK)
        status = em->wire->encode(&em->peer, &msg, sio_str_of(NULL, 0), frame);
    if (status == SIO_OK && em->opts.encode != NULL && call->op == SIO__OP_EMIT)
        status = encode_custom(em, frame);
    if (status == SIO_OK && over(sio__frame_payload(frame).len, em->opts.max_packet_bytes))
        status = SIO_ETOOBIG;
    sio__names_fini(&names);
    return status;
}

size_t sio__emitter_guess(const struct sio__call *call)
{
    enum { USUAL = 1024 }; /* names, rooms and the tokens around them, mostly */
    return USUAL + (call->args != NULL ? sio_args_packed(call->args).len : 0);
}

sio_status sio__emitter_encode(const sio_emitter *em, const struct sio__call *call,
                               sio_buf *channel, sio_buf *payload)
{
    struct sio__frame frame = {.channel_len = 0};
    sio_buf_init(&frame.buf);
    sio_status status = sio__emitter_frame(em, call, &frame);
    size_t before = channel->len;
    if (status == SIO_OK)
        status = sio_buf_append(channel, frame.buf.ptr, frame.channel_len);
    if (status == SIO_OK) {
        sio_str bytes = sio__frame_payload(&frame);
        status = sio_buf_append(payload, bytes.ptr, bytes.len);
        if (status != SIO_OK)
            channel->len = before;
    }
    sio_buf_fini(&frame.buf);
    return status;
}
