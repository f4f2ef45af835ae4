/* SPDX-License-Identifier: MIT */
/* How many servers there are. */
#include "adapter/requests.h"

struct count {
    struct sio__request head;
    sio_count_cb *done;
    void *user;
};

/* Nobody is asked but Redis. */
static bool is_complete(const struct sio__request *request, int64_t servers)
{
    (void)request;
    (void)servers;
    return true;
}

static bool take(sio_adapter *adapter, struct sio__request *request, const struct sio_message *msg)
{
    (void)adapter;
    (void)request;
    (void)msg;
    return false;
}

static void tell(sio_adapter *adapter, struct sio__request *request, const sio_answers *answers)
{
    struct count *count = (struct count *)request;
    bool known = answers->status == SIO_OK && request->servers > 0;

    if (count->done != NULL)
        count->done(adapter, answers->status, known ? (uint64_t)request->servers : 0, count->user);
}

static const struct sio__request_ops ops = {.take = take,
                                            .is_complete = is_complete,
                                            .tell = tell,
                                            .timeout_text =
                                                "timeout reached before the servers were counted"};

sio_status sio_adapter_server_count(sio_adapter *adapter, sio_count_cb *done, void *user)
{
    struct sio__request *request;
    sio_status status = sio__request_new(adapter, &ops, sizeof(struct count), false, &request);

    if (status != SIO_OK)
        return status;
    ((struct count *)request)->done = done;
    ((struct count *)request)->user = user;
    sio__adapter_enter(adapter);
    status = sio__request_begin(adapter, request, adapter->link != NULL, SIO_OK);
    sio__adapter_leave(adapter);
    return status;
}
