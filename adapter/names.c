/* SPDX-License-Identifier: MIT */
/* Names from every server: the ids of a target's sockets, or all rooms; each once. */
#include "adapter/requests.h"

#include "wire/room_name.h"
#include "wire/fields.h"

struct names {
    struct sio__request head;
    struct sio__frame question;
    enum sio_message_type answer; /* what they come in */
    struct sio__names found;
    sio_names_cb *done;
    void *user;
};

static struct names *self(struct sio__request *request)
{
    return (struct names *)request;
}

static sio_status ask(sio_adapter *adapter, struct sio__request *request)
{
    return sio__send_question(adapter, &self(request)->question, request->serial);
}

/* A name, or a socket's description, of which the id counts. */
static bool read_name(sio_cursor *c, char digits[SIO__NUMBER_MAX], sio_str *name)
{
    struct sio__field id = {SIO_STR("id"), {NULL, 0}};
    sio_cursor map = *c;

    if (sio__fields_read(&map, &id, 1) != SIO_OK)
        return sio__room_name(c, digits, name);
    *c = map;
    return sio__field_text(&id, name);
}

/* What is no name is passed over. */
static sio_status add_all(struct sio__names *found, sio_str list)
{
    sio_cursor c = sio_cursor_at(list);
    char digits[SIO__NUMBER_MAX];
    sio_status status = SIO_OK;
    sio_value array;
    sio_str name;

    if (sio_cursor_read(&c, &array) != SIO_OK)
        return SIO_OK;
    while (status != SIO_ENOMEM && !sio_cursor_done(&c)) {
        sio_cursor next = c;

        if (sio_cursor_skip(&next) != SIO_OK)
            break;
        if (read_name(&c, digits, &name))
            status = sio__names_add(found, name);
        c = next;
    }
    return status == SIO_ENOMEM ? SIO_ENOMEM : SIO_OK;
}

static bool take(sio_adapter *adapter, struct sio__request *request, const struct sio_message *msg)
{
    if (msg->type != self(request)->answer)
        return false;
    if (add_all(&self(request)->found, msg->list) == SIO_OK)
        request->answered++;
    else
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, sio_str_of(NULL, 0));
    return true;
}

static void tell(sio_adapter *adapter, struct sio__request *request, const sio_answers *answers)
{
    struct names *names = self(request);

    if (names->done != NULL)
        names->done(adapter, answers, sio__names_packed(&names->found), names->found.count,
                    names->user);
}

static void fini(struct sio__request *request)
{
    sio_buf_fini(&self(request)->question.buf);
    sio__names_fini(&self(request)->found);
}

static const struct sio__request_ops sockets_ops = {
    .ask = ask,
    .take = take,
    .tell = tell,
    .fini = fini,
    .timeout_text = "timeout reached while waiting for sockets response"};

static const struct sio__request_ops rooms_ops = {
    .ask = ask,
    .take = take,
    .tell = tell,
    .fini = fini,
    .timeout_text = "timeout reached while waiting for allRooms response"};

static sio_status add_own(sio_adapter *adapter, const struct sio_message *msg,
                          struct sio__names *found)
{
    sio_buf own;

    sio_buf_init(&own);
    sio_status status = msg->type == SIO_MSG_ALL_ROOMS
                            ? sio__respond_rooms(adapter, &own)
                            : sio__respond_sids(adapter, msg->rooms, msg->except, &own);
    if (status == SIO_OK)
        status = add_all(found, sio_buf_str(&own));
    sio_buf_fini(&own);
    return status;
}

/* The question's message is complete but for the request's id. */
static sio_status gather(sio_adapter *adapter, struct sio_message *msg, bool publish,
                         const struct sio__request_ops *ops, sio_names_cb *done, void *user)
{
    struct sio__request *request;
    sio_status status = sio__request_new(adapter, ops, sizeof(struct names), false, &request);

    if (status != SIO_OK)
        return status;
    struct names *names = self(request);
    sio__names_init(&names->found);
    names->answer = ops == &rooms_ops ? SIO_MSG_ROOMS_RESPONSE : SIO_MSG_SOCKETS_RESPONSE;
    names->done = done;
    names->user = user;
    msg->request_id = sio__request_id(request);
    sio__adapter_enter(adapter);
    if (publish)
        status = sio__send_encode(adapter, msg, sio_str_of(NULL, 0), &names->question);
    if (status == SIO_OK)
        status = add_own(adapter, msg, &names->found);
    status = sio__request_begin(adapter, request, publish, status);
    sio__adapter_leave(adapter);
    return status;
}

sio_status sio_adapter_all_rooms(sio_adapter *adapter, sio_names_cb *done, void *user)
{
    struct sio_message msg;
    sio_status status = sio__adapter_check(adapter);

    if (status != SIO_OK)
        return status;
    sio__send_init(adapter, &msg, SIO_MSG_ALL_ROOMS);
    return gather(adapter, &msg, adapter->link != NULL, &rooms_ops, done, user);
}

/* The wire's question for ids knows no exceptions: with one, the sockets are fetched. */
sio_status sio_adapter_sockets(sio_adapter *adapter, const sio_target *to, sio_names_cb *done,
                               void *user)
{
    struct sio__outgoing o = {.bounds = &adapter->bounds};
    struct sio__target_view view;
    sio_status status = sio__adapter_check(adapter);

    if (status != SIO_OK)
        return status;
    sio__target_view(to, &view);
    sio__send_init(adapter, &o.msg,
                   to != NULL && sio_target_excepts(to) > 0 ? SIO_MSG_FETCH_SOCKETS
                                                            : SIO_MSG_SOCKETS);
    status = sio__outgoing_target(&o, &view, 0);
    if (status != SIO_OK)
        return status;
    return gather(adapter, &o.msg, adapter->link != NULL && !view.local, &sockets_ops, done, user);
}
