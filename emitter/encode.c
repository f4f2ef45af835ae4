/* SPDX-License-Identifier: MIT */
/* From an emitter call to the bytes to publish: checks first, then the message, then the
 * wire. Nothing that passes here can make a Node peer throw or disconnect its clients. */
#include "emitter/call.h"

#include "value/args.h"
#include "value/harmful.h"
#include "value/normal.h"
#include "value/utf8.h"
#include "wire/names.h"
#include "wire/target.h"

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

/* A call on its way to become a message. */
struct draft {
    const sio_emitter *em;
    const struct sio__call *call;
    struct sio__names names; /* the rooms to join or leave */
    struct sio_message msg;
    const char *why; /* it is refused; static text */
};

static sio_status refuse(struct draft *d, sio_status status, const char *why)
{
    d->why = why;
    return status;
}

/* What only clients get, as MessagePack and then with attachments: a server-side event is
 * JSON. Each piece of binary becomes an attachment. */
static sio_status check_values(struct draft *d, const struct sio__args_view *args)
{
    bool has_binary = args->attachments > 0;
    if (over(args->attachments, d->em->opts.max_attachments))
        return refuse(d, SIO_ETOOBIG,
                      "more binary attachments than the bound; current clients disconnect on "
                      "more than 10");
    if ((has_binary || (args->has & SIO__HAS_DATES) != 0) &&
        sio__harms_javascript(args->packed, has_binary))
        return refuse(d, SIO_EINVAL,
                      "an argument would harm its receivers: a key \"__proto__\" with a date or "
                      "binary, or \"_placeholder\": true beside binary");
    return SIO_OK;
}

static sio_status take_event(struct draft *d)
{
    const sio_emitter_opts *bounds = &d->em->opts;
    sio_str event = d->call->event;
    struct sio__args_view args;
    if (over(event.len, bounds->max_name_bytes) || event.len > UINT32_MAX)
        return refuse(d, SIO_ETOOBIG, "the event name is too long");
    if (sio__utf8_check(event) != SIO__UTF8_VALID)
        return refuse(d, SIO_EINVAL, "the event name is not UTF-8");
    if (is_reserved(d->call))
        return refuse(d, SIO_EINVAL,
                      "the event name is reserved and would harm its receivers: choose another");
    sio_status status = sio__args_view(d->call->args, &args);
    if (status != SIO_OK)
        return refuse(d, status, "the arguments could not be built, or are not finished");
    if (over(args.count, bounds->max_args))
        return refuse(d, SIO_ETOOBIG, "more arguments than the bound; receivers die of too many");
    if (d->call->op == SIO__OP_EMIT && (status = check_values(d, &args)) != SIO_OK)
        return status;
    d->msg.event = event.ptr != NULL ? event : SIO_STR("");
    d->msg.args = args.packed;
    d->msg.nargs = (uint32_t)args.count;
    d->msg.args_has = args.has;
    return SIO_OK;
}

static sio_status take_target(struct draft *d)
{
    struct sio__target_view to;
    sio__target_view(d->call->to, &to);
    if (over(to.names + d->call->nrooms, d->em->opts.max_rooms))
        return refuse(d, SIO_ETOOBIG, "too many rooms and exceptions");
    if (over(to.longest, d->em->opts.max_name_bytes))
        return refuse(d, SIO_ETOOBIG, "the name of a room or exception is too long");
    d->msg.rooms = to.rooms;
    d->msg.except = to.except;
    d->msg.flags = to.flags;
    return SIO_OK;
}

/* The rooms to join or leave, repeated ones too, as the npm emitter sends them. */
static sio_status take_rooms(struct draft *d)
{
    const struct sio__call *call = d->call;
    if (call->nrooms == 0)
        return refuse(d, SIO_EINVAL, "no room to join or leave is given");
    for (size_t i = 0; i < call->nrooms; i++) {
        if (over(call->rooms[i].len, d->em->opts.max_name_bytes))
            return refuse(d, SIO_ETOOBIG, "the name of a room is too long");
        sio_status status = sio__names_append(&d->names, call->rooms[i]);
        if (status != SIO_OK)
            return refuse(d, status, "the name of a room is not UTF-8");
    }
    d->msg.target_rooms = sio__names_packed(&d->names);
    return SIO_OK;
}

static sio_status take_call(struct draft *d)
{
    static const enum sio_message_type types[] = {
        [SIO__OP_EMIT] = SIO_MSG_BROADCAST,
        [SIO__OP_JOIN] = SIO_MSG_SOCKETS_JOIN,
        [SIO__OP_LEAVE] = SIO_MSG_SOCKETS_LEAVE,
        [SIO__OP_DISCONNECT] = SIO_MSG_DISCONNECT_SOCKETS,
        [SIO__OP_SERVER_EMIT] = SIO_MSG_SERVER_SIDE_EMIT,
    };
    d->msg.type = types[d->call->op];
    d->msg.uid = SIO_STR("emitter"); /* the npm emitter's id, which servers never ignore */
    d->msg.nsp = d->em->peer.nsp;
    d->msg.packet_id = -1;
    d->msg.close = d->call->close;
    sio_status status = take_target(d);
    if (status != SIO_OK)
        return status;
    switch (d->call->op) {
    case SIO__OP_EMIT:
    case SIO__OP_SERVER_EMIT:
        return take_event(d);
    case SIO__OP_JOIN:
    case SIO__OP_LEAVE:
        return take_rooms(d);
    case SIO__OP_DISCONNECT:
        break;
    }
    return SIO_OK;
}

/* Put the custom parser's output in the place of the standard payload. */
static sio_status encode_custom(struct draft *d, struct sio__frame *frame)
{
    const sio_emitter_opts *opts = &d->em->opts;
    sio_buf own;
    sio_buf_init(&own);
    sio_status status = opts->encode(sio__frame_payload(frame), &own, opts->encode_user);
    if (status != SIO_OK)
        (void)refuse(d, status, "the custom parser failed");
    if (status == SIO_OK) {
        frame->buf.len = frame->channel_len;
        status = sio_buf_append(&frame->buf, own.ptr, own.len);
    }
    sio_buf_fini(&own);
    return status;
}

static sio_status write_frame(struct draft *d, struct sio__frame *frame)
{
    const sio_emitter *em = d->em;
    sio_status status = take_call(d);
    if (status == SIO_OK)
        status = em->wire->encode(&em->peer, &d->msg, sio_str_of(NULL, 0), frame);
    if (status == SIO_OK && em->opts.encode != NULL && d->call->op == SIO__OP_EMIT)
        status = encode_custom(d, frame);
    if (status == SIO_OK && over(sio__frame_payload(frame).len, em->opts.max_packet_bytes))
        status = refuse(d, SIO_ETOOBIG, "the packet is too large");
    return status;
}

sio_status sio__emitter_frame(const sio_emitter *em, const struct sio__call *call,
                              struct sio__frame *frame)
{
    struct draft draft = {.em = em, .call = call};
    sio__names_init(&draft.names);
    sio_status status = write_frame(&draft, frame);
    sio__names_fini(&draft.names);
    return status;
}

const char *sio__emitter_why(const sio_emitter *em, const struct sio__call *call)
{
    struct draft draft = {.em = em, .call = call};
    struct sio__frame frame = {.channel_len = 0};
    sio_buf_init(&frame.buf);
    sio__names_init(&draft.names);
    sio_status status = write_frame(&draft, &frame);
    sio__names_fini(&draft.names);
    sio_buf_fini(&frame.buf);
    if (status != SIO_OK && draft.why == NULL)
        return sio_status_text(status);
    return draft.why;
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
