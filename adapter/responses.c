/* SPDX-License-Identifier: MIT */
/* Server-side events that the other servers answer. */
#include "adapter/requests.h"

#include <stdio.h>

#include "value/pack.h"

struct responses {
    struct sio__request head;
    struct sio__frame question;
    sio_buf values; /* packed, in a row */
    size_t count;
    sio_responses_cb *done;
    void *user;
};

static struct responses *self(struct sio__request *request)
{
    return (struct responses *)request;
}

static sio_status ask(sio_adapter *adapter, struct sio__request *request)
{
    return sio__send_question(adapter, &self(request)->question, request->serial);
}

static bool take(sio_adapter *adapter, struct sio__request *request, const struct sio_message *msg)
{
    struct responses *r = self(request);

    if (msg->type != SIO_MSG_SERVER_SIDE_EMIT_RESPONSE)
        return false;
    sio_status status = msg->value.len > 0
                            ? sio_buf_append(&r->values, msg->value.ptr, msg->value.len)
                            : sio__pack_undefined(&r->values);
    if (status != SIO_OK) {
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, sio_str_of(NULL, 0));
        return true;
    }
    r->count++;
    request->answered++;
    return true;
}

static void tell(sio_adapter *adapter, struct sio__request *request, const sio_answers *answers)
{
    struct responses *r = self(request);
    sio_answers told = *answers;
    char text[96];

    if (told.status == SIO_ETIMEDOUT && request->servers >= 0) { /* Node's words */
        snprintf(text, sizeof text, "timeout reached: only %u responses received out of %u",
                 told.answered, told.expected);
        told.text = text;
    }
    if (r->done != NULL)
        r->done(adapter, &told, sio_buf_str(&r->values), r->count, r->user);
}

static void fini(struct sio__request *request)
{
    sio_buf_fini(&self(request)->question.buf);
    sio_buf_fini(&self(request)->values);
}

static const struct sio__request_ops ops = {.ask = ask,
                                            .take = take,
                                            .tell = tell,
                                            .fini = fini,
                                            .timeout_text =
                                                "timeout reached before the servers were counted"};

sio_status sio_adapter_server_side_emit_with_ack(sio_adapter *adapter, sio_str event,
                                                 const sio_args *args, sio_responses_cb *done,
                                                 void *user)
{
    struct sio__outgoing o = {.bounds = &adapter->bounds};
    struct sio__request *request;
    sio_status status = sio__request_new(adapter, &ops, sizeof(struct responses), false, &request);

    if (status != SIO_OK)
        return status;
    self(request)->done = done;
    self(request)->user = user;
    sio__send_init(adapter, &o.msg, SIO_MSG_SERVER_SIDE_EMIT);
    o.msg.request_id = sio__request_id(request);
    sio__adapter_enter(adapter);
    status = sio__outgoing_event(&o, SIO__FOR_SERVERS, event, args);
    if (status == SIO_OK)
        status = sio__send_encode(adapter, &o.msg, sio_str_of(NULL, 0), &self(request)->question);
    status = sio__request_begin(adapter, request, adapter->link != NULL, status);
    sio__adapter_leave(adapter);
    return status;
}
