/* SPDX-License-Identifier: MIT */
/* Emits that clients acknowledge: every server tells how many clients it has asked and
 * passes their acks on; they may come in any order, and acks before counts. */
#include "adapter/requests.h"

struct acked {
    struct sio__request head;
    uint64_t clients, acks;
    bool single; /* one ack is enough */
    sio_ack_cb *ack;
    sio_acked_cb *done;
    void *user;
};

static struct acked *self(struct sio__request *request)
{
    return (struct acked *)request;
}

static void take_value(sio_adapter *adapter, struct acked *acked, sio_str value)
{
    acked->acks++;
    if (acked->ack != NULL)
        acked->ack(adapter, value, acked->user);
}

static bool take(sio_adapter *adapter, struct sio__request *request, const struct sio_message *msg)
{
    switch (msg->type) {
    case SIO_MSG_CLIENT_COUNT:
        request->answered++;
        self(request)->clients += msg->client_count;
        return true;
    case SIO_MSG_BROADCAST_ACK:
        take_value(adapter, self(request), msg->value);
        return true;
    default:
        return false;
    }
}

static bool is_complete(const struct sio__request *request, int64_t servers)
{
    const struct acked *acked = (const struct acked *)request;

    if (acked->single && acked->acks > 0)
        return true;
    return sio__request_all_answered(request, servers) && acked->acks >= acked->clients;
}

static void tell(sio_adapter *adapter, struct sio__request *request, const sio_answers *answers)
{
    struct acked *acked = self(request);

    if (acked->done != NULL)
        acked->done(adapter, answers, acked->clients, acked->acks, acked->user);
}

static const struct sio__request_ops ops = {.take = take,
                                            .is_complete = is_complete,
                                            .tell = tell,
                                            .timeout_text = "operation has timed out"};

void sio__acked_take(sio_adapter *adapter, uintptr_t serial, sio_str value)
{
    struct sio__request *request = sio__request_by_serial(adapter, serial);

    if (request == NULL)
        return;
    take_value(adapter, self(request), value);
    request = sio__request_by_serial(adapter, serial);
    if (request != NULL)
        sio__request_check(adapter, request);
}

void sio__acked_clients(sio_adapter *adapter, uintptr_t serial, uint32_t clients)
{
    struct sio__request *request = sio__request_by_serial(adapter, serial);

    if (request != NULL)
        self(request)->clients += clients;
}

/* Have the servers counted, then publish: in this order on their way. */
static sio_status start(sio_adapter *adapter, struct sio__request *request,
                        const struct sio_message *msg, uint32_t timeout_ms)
{
    struct sio__frame frame = {.channel_len = 0};

    sio_buf_init(&frame.buf);
    sio_status status = sio__send_encode(adapter, msg, sio_str_of(NULL, 0), &frame);
    if (status == SIO_OK)
        status = sio__request_start(adapter, request, true, timeout_ms);
    if (status != SIO_OK) {
        sio__request_free(request);
    } else {
        request->asked = true;
        status = sio__send_question(adapter, &frame, request->serial);
        if (status != SIO_OK)
            sio__request_cancel(adapter, request);
    }
    sio_buf_fini(&frame.buf);
    return status;
}

static sio_status start_here(sio_adapter *adapter, struct sio__request *request,
                             uint32_t timeout_ms)
{
    request->servers = 1;
    sio_status status = sio__request_start(adapter, request, false, timeout_ms);
    if (status != SIO_OK)
        sio__request_free(request);
    return status;
}

static void deliver(sio_adapter *adapter, uintptr_t serial, struct sio__level *level,
                    sio_broadcast *b, uint32_t timeout_ms)
{
    struct sio__ack_owner owner = {.serial = serial};
    sio_status status = sio__awaited_deliver(adapter, level, b, &owner, timeout_ms);
    struct sio__request *request = sio__request_by_serial(adapter, serial);

    if (request == NULL)
        return;
    if (status == SIO_OK)
        sio__request_check(adapter, request);
    else
        sio__request_end(adapter, request, status, sio_status_text(status));
}

static sio_status emit(sio_adapter *adapter, struct sio_message *msg, bool publish,
                       uint32_t timeout_ms, struct sio__request *request)
{
    sio_broadcast b;
    uintptr_t serial = request->serial;
    struct sio__level *level = sio__operation_gather(adapter, msg, &b);

    if (level == NULL) {
        sio__request_free(request);
        return SIO_ENOMEM;
    }
    msg->request_id = sio__request_id(request);
    sio_status status = sio__awaited_room(adapter, level);
    if (status != SIO_OK)
        sio__request_free(request);
    else
        status = publish ? start(adapter, request, msg, timeout_ms)
                         : start_here(adapter, request, timeout_ms);
    if (status == SIO_OK)
        deliver(adapter, serial, level, &b, timeout_ms);
    sio__delivery_end(adapter);
    return status;
}

sio_status sio_adapter_emit_with_ack(sio_adapter *adapter, const sio_target *to, sio_str event,
                                     const sio_args *args, sio_ack_cb *ack, sio_acked_cb *done,
                                     void *user)
{
    struct sio__outgoing o = {.why = NULL};
    struct sio__target_view view;
    struct sio__request *request;
    sio_status status = sio__operation_event(adapter, &o, to, event, args, &view);

    if (status == SIO_OK)
        status = sio__request_new(adapter, &ops, sizeof(struct acked), true, &request);
    if (status != SIO_OK)
        return status;
    self(request)->ack = ack;
    self(request)->done = done;
    self(request)->user = user;
    self(request)->single = view.single;
    uint32_t timeout_ms =
        view.timeout_ms != 0 ? view.timeout_ms : adapter->opts.requests_timeout_ms;
    if (timeout_ms > SIO__LONGEST_MS)
        timeout_ms = SIO__LONGEST_MS;
    sio__adapter_enter(adapter);
    status = emit(adapter, &o.msg, adapter->link != NULL && !view.local, timeout_ms, request);
    sio__adapter_leave(adapter);
    return status;
}
