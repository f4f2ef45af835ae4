/* SPDX-License-Identifier: MIT */
/* From a message to Redis. What Redis makes of it comes back to the caller's function, or
 * to the request that asked. */
#include "adapter/requests.h"

enum { FRAME_ON_STACK = 2048 };

void sio__send_init(const sio_adapter *adapter, struct sio_message *msg, enum sio_message_type type)
{
    memset(msg, 0, sizeof *msg);
    msg->type = type;
    msg->uid = sio__adapter_uid(adapter);
    msg->nsp = adapter->peer.nsp;
    msg->packet_id = -1;
}

static bool is_for_parser(const struct sio_message *msg)
{
    return msg->type == SIO_MSG_BROADCAST || msg->type == SIO_MSG_BROADCAST_ACK;
}

sio_status sio__send_encode(sio_adapter *adapter, const struct sio_message *msg, sio_str to_uid,
                            struct sio__frame *frame)
{
    struct sio__outgoing o = {.bounds = &adapter->bounds};
    /* A list can be a thousand sockets: as JSON it is about a quarter longer. */
    sio_status status = sio_buf_reserve(&frame->buf, msg->list.len + msg->list.len / 2);

    if (status == SIO_OK)
        status = adapter->wire->encode(&adapter->peer, msg, to_uid, frame);
    if (status == SIO_OK && adapter->opts.encode != NULL && is_for_parser(msg))
        status = sio__outgoing_recode(&o, adapter->opts.encode, adapter->opts.parser_user, frame);
    return status == SIO_OK ? sio__outgoing_size(&o, frame) : status;
}

static void on_published(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                         void *user)
{
    sio_adapter *adapter = owner;
    sio_adapter_done_cb *done = (sio_adapter_done_cb *)fn;
    sio_emit_result told = {result->status, result->receivers, result->text};

    sio__adapter_enter(adapter);
    sio__adapter_unref(adapter);
    done(adapter, &told, user);
    sio__adapter_leave(adapter);
}

/* completion's owner is referred to until its end. */
static sio_status publish(sio_adapter *adapter, const struct sio__frame *frame,
                          const struct sio__completion *completion)
{
    if (adapter->freeing || adapter->unlinked)
        return SIO_ECLOSED; /* the link may be gone already */
    if (completion != NULL)
        sio__adapter_ref(adapter);
    sio_status status = sio__link_publish(adapter->link, SIO__PUBLISH, sio__frame_channel(frame),
                                          sio__frame_payload(frame), completion);
    if (completion != NULL && status != SIO_OK)
        sio__adapter_unref(adapter);
    return status;
}

sio_status sio__send_frame(sio_adapter *adapter, const struct sio__frame *frame,
                           sio_adapter_done_cb *done, void *user)
{
    struct sio__completion completion = {
        .done = on_published, .owner = adapter, .fn = (void (*)(void))done, .user = user};

    return publish(adapter, frame, done != NULL ? &completion : NULL);
}

sio_status sio__send_message(sio_adapter *adapter, const struct sio_message *msg, sio_str to_uid,
                             sio_adapter_done_cb *done, void *user)
{
    char memory[FRAME_ON_STACK];
    struct sio__frame frame = {.channel_len = 0};

    sio_buf_init_on(&frame.buf, memory, sizeof memory);
    sio_status status = sio__send_encode(adapter, msg, to_uid, &frame);
    if (status == SIO_OK)
        status = sio__send_frame(adapter, &frame, done, user);
    sio_buf_fini(&frame.buf);
    return status;
}

/* -- for requests -- */

static void on_question_published(const struct sio__publish_result *result, void *owner,
                                  void (*fn)(void), void *user)
{
    sio_adapter *adapter = owner;
    struct sio__request *request;

    (void)fn;
    sio__adapter_enter(adapter);
    sio__adapter_unref(adapter);
    request = sio__request_by_serial(adapter, (uintptr_t)user);
    if (request != NULL && result->status != SIO_OK)
        sio__request_end(adapter, request, result->status, result->text);
    sio__adapter_leave(adapter);
}

sio_status sio__send_question(sio_adapter *adapter, const struct sio__frame *frame,
                              uintptr_t serial)
{
    struct sio__completion completion = {
        .done = on_question_published, .owner = adapter, .user = (void *)serial};

    return publish(adapter, frame, &completion);
}

static void on_counted(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                       void *user)
{
    sio_adapter *adapter = owner;

    (void)fn;
    sio__adapter_enter(adapter);
    sio__adapter_unref(adapter);
    sio__request_counted(adapter, (uintptr_t)user, result);
    sio__adapter_leave(adapter);
}

static void on_census(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                      void *user)
{
    sio_adapter *adapter = owner;

    (void)fn;
    (void)user;
    sio__adapter_enter(adapter);
    sio__adapter_unref(adapter);
    sio__requests_census(adapter, result->receivers);
    sio__adapter_leave(adapter);
}

typedef sio_status name_fn(const struct sio__peer *peer, sio_buf *out);

static sio_status count(sio_adapter *adapter, enum sio__count_kind kind, name_fn *what,
                        sio__publish_cb *done, uintptr_t serial)
{
    struct sio__completion completion = {.done = done, .owner = adapter, .user = (void *)serial};

    if (adapter->freeing || adapter->unlinked)
        return SIO_ECLOSED;
    sio_buf_clear(&adapter->name);
    sio_status status = what(&adapter->peer, &adapter->name);
    if (status != SIO_OK)
        return status;
    sio__adapter_ref(adapter);
    status = sio__link_count(adapter->link, kind, sio_buf_str(&adapter->name), &completion);
    if (status != SIO_OK)
        sio__adapter_unref(adapter);
    return status;
}

sio_status sio__send_count(sio_adapter *adapter, uintptr_t serial)
{
    return count(adapter, SIO__COUNT_SUBSCRIBERS, adapter->wire->servers_channel, on_counted,
                 serial);
}

sio_status sio__send_census(sio_adapter *adapter)
{
    return count(adapter, SIO__COUNT_CHANNELS, adapter->wire->servers_pattern, on_census, 0);
}
