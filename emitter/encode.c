/* SPDX-License-Identifier: MIT */
/* From an emitter call to the bytes to publish: a checked message, then the wire. */
#include "emitter/call.h"

/* Flags that only servers give a meaning, and send. */
static sio_status take_target(struct sio__outgoing *o, const struct sio__call *call)
{
    struct sio__target_view to;
    sio__target_view(call->to, &to);
    bool for_servers = to.local || to.single;
    if (for_servers || to.timeout_ms > 0) {
        o->why = "the target is for servers only: local, with a timeout, or one socket";
        return SIO_EINVAL;
    }
    return sio__outgoing_target(o, &to, call->nrooms);
}

static sio_status take_call(struct sio__outgoing *o, const sio_emitter *em,
                            const struct sio__call *call, struct sio__names *names)
{
    static const enum sio_message_type types[] = {
        [SIO__OP_EMIT] = SIO_MSG_BROADCAST,
        [SIO__OP_JOIN] = SIO_MSG_SOCKETS_JOIN,
        [SIO__OP_LEAVE] = SIO_MSG_SOCKETS_LEAVE,
        [SIO__OP_DISCONNECT] = SIO_MSG_DISCONNECT_SOCKETS,
        [SIO__OP_SERVER_EMIT] = SIO_MSG_SERVER_SIDE_EMIT,
    };
    o->msg.type = types[call->op];
    o->msg.uid = SIO_STR("emitter"); /* the npm emitter's id, which servers never ignore */
    o->msg.nsp = em->peer.nsp;
    o->msg.packet_id = -1;
    o->msg.close = call->close;
    sio_status status = take_target(o, call);
    if (status != SIO_OK)
        return status;
    switch (call->op) {
    case SIO__OP_EMIT:
        return sio__outgoing_event(o, SIO__FOR_CLIENTS, call->event, call->args);
    case SIO__OP_SERVER_EMIT:
        return sio__outgoing_event(o, SIO__FOR_SERVERS, call->event, call->args);
    case SIO__OP_JOIN:
    case SIO__OP_LEAVE: /* the rooms are gathered in `names` */
        return sio__outgoing_rooms(o, call->rooms, call->nrooms, names);
    case SIO__OP_DISCONNECT:
        break;
    }
    return SIO_OK;
}

static sio_status write_frame(struct sio__outgoing *o, const sio_emitter *em,
                              const struct sio__call *call, struct sio__frame *frame)
{
    struct sio__names names;
    sio__names_init(&names);
    sio_status status = take_call(o, em, call, &names);
    if (status == SIO_OK)
        status = em->wire->encode(&em->peer, &o->msg, sio_str_of(NULL, 0), frame);
    if (status == SIO_OK && em->opts.encode != NULL && call->op == SIO__OP_EMIT)
        status = sio__outgoing_recode(o, em->opts.encode, em->opts.encode_user, frame);
    if (status == SIO_OK)
        status = sio__outgoing_size(o, frame);
    sio__names_fini(&names);
    return status;
}

sio_status sio__emitter_frame(const sio_emitter *em, const struct sio__call *call,
                              struct sio__frame *frame)
{
    struct sio__outgoing o = {.bounds = &em->bounds};
    return write_frame(&o, em, call, frame);
}

const char *sio__emitter_why(const sio_emitter *em, const struct sio__call *call)
{
    struct sio__outgoing o = {.bounds = &em->bounds};
    struct sio__frame frame = {.channel_len = 0};
    sio_buf_init(&frame.buf);
    sio_status status = write_frame(&o, em, call, &frame);
    sio_buf_fini(&frame.buf);
    if (status != SIO_OK && o.why == NULL)
        return sio_status_text(status);
    return o.why;
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
