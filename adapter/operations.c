/* SPDX-License-Identifier: MIT */
/* The calls that publish and await no answer. */
#include "adapter/impl.h"

#include "value/pack.h"

/* Told now: there was nothing to publish. */
static void tell(sio_adapter *adapter, sio_adapter_done_cb *done, void *user)
{
    sio_emit_result result = {SIO_OK, 0, ""};

    if (done != NULL)
        done(adapter, &result, user);
}

/* Whom a call is for. */
static sio_status take_target(sio_adapter *adapter, struct sio__outgoing *o, const sio_target *to,
                              size_t more, struct sio__target_view *view)
{
    sio__target_view(to, view);
    o->bounds = &adapter->bounds;
    return sio__outgoing_target(o, view, more);
}

static bool is_published(const sio_adapter *adapter, const struct sio__target_view *to)
{
    return adapter->link != NULL && !to->local;
}

/* -- events -- */

sio_status sio__operation_event(sio_adapter *adapter, struct sio__outgoing *o, const sio_target *to,
                                sio_str event, const sio_args *args, struct sio__target_view *view)
{
    sio_status status = sio__adapter_check(adapter);

    if (status != SIO_OK)
        return status;
    sio__send_init(adapter, &o->msg, SIO_MSG_BROADCAST);
    status = take_target(adapter, o, to, 0, view);
    if (status == SIO_OK)
        status = sio__outgoing_event(o, SIO__FOR_CLIENTS, event, args);
    return status;
}

struct sio__level *sio__operation_gather(sio_adapter *adapter, const struct sio_message *msg,
                                         sio_broadcast *b)
{
    struct sio__level *level = sio__delivery_begin(adapter, msg->rooms, msg->except);

    if (level == NULL)
        return NULL;
    sio_buf_clear(&level->data);
    if (sio__pack_str(&level->data, msg->event) != SIO_OK ||
        sio_buf_append(&level->data, msg->args.ptr, msg->args.len) != SIO_OK) {
        sio__delivery_end(adapter);
        return NULL;
    }
    *b = (sio_broadcast){
        .data = sio_buf_str(&level->data), .count = msg->nargs + 1, .id = -1, .flags = msg->flags};
    sio__delivery_flags(b);
    return level;
}

static sio_status emit(sio_adapter *adapter, const struct sio_message *msg, bool publish,
                       sio_adapter_done_cb *done, void *user)
{
    sio_broadcast b;
    struct sio__level *level = sio__operation_gather(adapter, msg, &b);
    sio_status status = SIO_OK;

    if (level == NULL)
        return SIO_ENOMEM;
    if (publish)
        status = sio__send_message(adapter, msg, sio_str_of(NULL, 0), done, user);
    if (status == SIO_OK)
        sio__deliver(adapter, level, &b);
    sio__delivery_end(adapter);
    if (status == SIO_OK && !publish)
        tell(adapter, done, user);
    return status;
}

sio_status sio_adapter_emit(sio_adapter *adapter, const sio_target *to, sio_str event,
                            const sio_args *args, sio_adapter_done_cb *done, void *user)
{
    struct sio__outgoing o = {.why = NULL};
    struct sio__target_view view;
    sio_status status = sio__operation_event(adapter, &o, to, event, args, &view);

    if (status != SIO_OK)
        return status;
    sio__adapter_enter(adapter);
    status = emit(adapter, &o.msg, is_published(adapter, &view), done, user);
    sio__adapter_leave(adapter);
    return status;
}

/* -- join, leave, disconnect -- */

/* On the classic wire a server's own request comes back to it, and takes effect then, in its
 * place among the others'. */
static sio_status manage(sio_adapter *adapter, const struct sio_message *msg, bool publish,
                         sio_adapter_done_cb *done, void *user)
{
    sio_status status = SIO_OK;

    if (publish)
        status = sio__send_message(adapter, msg, sio_str_of(NULL, 0), done, user);
    if (status == SIO_OK && !(publish && adapter->wire->own_ops_by_echo))
        (void)sio__delivery_manage(adapter, msg);
    if (status == SIO_OK && !publish)
        tell(adapter, done, user);
    return status;
}

/* What a call asks of the target's sockets. */
struct request {
    enum sio_message_type type;
    const sio_str *rooms;
    size_t nrooms;
    bool close;
};

static sio_status request(sio_adapter *adapter, const sio_target *to, const struct request *r,
                          sio_adapter_done_cb *done, void *user)
{
    struct sio__outgoing o = {.why = NULL};
    struct sio__target_view view;
    struct sio__names names;
    sio_status status = sio__adapter_check(adapter);

    if (status != SIO_OK)
        return status;
    sio__names_init(&names);
    sio__send_init(adapter, &o.msg, r->type);
    o.msg.close = r->close;
    status = take_target(adapter, &o, to, r->nrooms, &view);
    if (status == SIO_OK && r->type != SIO_MSG_DISCONNECT_SOCKETS)
        status = sio__outgoing_rooms(&o, r->rooms, r->nrooms, &names);
    if (status == SIO_OK) {
        sio__adapter_enter(adapter);
        status = manage(adapter, &o.msg, is_published(adapter, &view), done, user);
        sio__adapter_leave(adapter);
    }
    sio__names_fini(&names);
    return status;
}

sio_status sio_adapter_sockets_join(sio_adapter *adapter, const sio_target *to,
                                    const sio_str *rooms, size_t nrooms, sio_adapter_done_cb *done,
                                    void *user)
{
    struct request r = {.type = SIO_MSG_SOCKETS_JOIN, .rooms = rooms, .nrooms = nrooms};

    return request(adapter, to, &r, done, user);
}

sio_status sio_adapter_sockets_leave(sio_adapter *adapter, const sio_target *to,
                                     const sio_str *rooms, size_t nrooms, sio_adapter_done_cb *done,
                                     void *user)
{
    struct request r = {.type = SIO_MSG_SOCKETS_LEAVE, .rooms = rooms, .nrooms = nrooms};

    return request(adapter, to, &r, done, user);
}

sio_status sio_adapter_disconnect_sockets(sio_adapter *adapter, const sio_target *to, bool close,
                                          sio_adapter_done_cb *done, void *user)
{
    struct request r = {.type = SIO_MSG_DISCONNECT_SOCKETS, .close = close};

    return request(adapter, to, &r, done, user);
}

/* -- server-side events -- */

sio_status sio_adapter_server_side_emit(sio_adapter *adapter, sio_str event, const sio_args *args,
                                        sio_adapter_done_cb *done, void *user)
{
    struct sio__outgoing o = {.bounds = &adapter->bounds};
    sio_status status = sio__adapter_check(adapter);

    if (status != SIO_OK)
        return status;
    sio__send_init(adapter, &o.msg, SIO_MSG_SERVER_SIDE_EMIT);
    status = sio__outgoing_event(&o, SIO__FOR_SERVERS, event, args);
    if (status != SIO_OK)
        return status;
    if (adapter->link != NULL)
        return sio__send_message(adapter, &o.msg, sio_str_of(NULL, 0), done, user);
    sio__adapter_enter(adapter);
    tell(adapter, done, user);
    sio__adapter_leave(adapter);
    return SIO_OK;
}
