/* SPDX-License-Identifier: MIT */
/* Fetching the sockets of every server. The descriptions stay packed, one array a server,
 * in a row, this server's first; they are read when the host asks for them. */
#include "adapter/requests.h"

#include <sio/value.h>

#include "wire/fields.h"

struct fetch {
    struct sio__request head;
    struct sio__frame question;
    sio_buf found;
    size_t own; /* bytes of them that are this server's */
    sio_fetched_cb *done;
    void *user;
};

struct sio_fetched {
    sio_cursor cursor;
    const unsigned char *own_end;
    uint32_t left; /* in the array that the cursor is in */
};

static struct fetch *self(struct sio__request *request)
{
    return (struct fetch *)request;
}

/* The others are taken to have about as many sockets as this one. */
static sio_status ask(sio_adapter *adapter, struct sio__request *request)
{
    enum { AT_MOST = 16 * 1024 * 1024 };
    size_t more = self(request)->found.len * (size_t)(request->servers - 1);
    sio_status status =
        sio_buf_reserve(&self(request)->found, more < AT_MOST ? more + more / 8 : AT_MOST);

    if (status != SIO_OK)
        return status;
    return sio__send_question(adapter, &self(request)->question, request->serial);
}

static bool take(sio_adapter *adapter, struct sio__request *request, const struct sio_message *msg)
{
    if (msg->type != SIO_MSG_SOCKETS_RESPONSE)
        return false;
    if (sio_buf_append(&self(request)->found, msg->list.ptr, msg->list.len) == SIO_OK)
        request->answered++;
    else
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, sio_str_of(NULL, 0));
    return true;
}

static void tell(sio_adapter *adapter, struct sio__request *request, const sio_answers *answers)
{
    struct fetch *fetch = self(request);
    sio_fetched fetched = {.cursor = sio_cursor_at(sio_buf_str(&fetch->found))};

    fetched.own_end = fetched.cursor.at + fetch->own;
    if (fetch->done != NULL)
        fetch->done(adapter, answers, &fetched, fetch->user);
}

static void fini(struct sio__request *request)
{
    sio_buf_fini(&self(request)->question.buf);
    sio_buf_fini(&self(request)->found);
}

static const struct sio__request_ops ops = {
    .ask = ask,
    .take = take,
    .tell = tell,
    .fini = fini,
    .timeout_text = "timeout reached while waiting for fetchSockets response"};

/* -- reading -- */

/* One description, or whatever a peer sent in its place: false. */
static bool read_socket(sio_cursor *cursor, sio_remote_socket *out)
{
    enum { ID, HANDSHAKE, ROOMS, DATA };
    static const char empty_array[1] = {(char)0x90}, null[1] = {(char)0xc0};
    struct sio__field f[] = {{SIO_STR("id"), {NULL, 0}},
                             {SIO_STR("handshake"), {NULL, 0}},
                             {SIO_STR("rooms"), {NULL, 0}},
                             {SIO_STR("data"), {NULL, 0}}};
    sio_value v;

    if (sio__fields_read(cursor, f, 4) != SIO_OK || !sio__field_text(&f[ID], &out->sid))
        return false;
    out->rooms = f[ROOMS].packed;
    if (!sio__field_token(&f[ROOMS], &v) || v.type != SIO_ARRAY)
        out->rooms = sio_str_of(empty_array, sizeof empty_array);
    out->handshake = f[HANDSHAKE].packed;
    if (out->handshake.len == 0)
        out->handshake = sio_str_of(null, sizeof null);
    out->data = f[DATA].packed;
    return true;
}

bool sio_fetched_next(sio_fetched *fetched, sio_remote_socket *out)
{
    sio_value array;

    for (;;) {
        while (fetched->left == 0) {
            if (sio_cursor_read(&fetched->cursor, &array) != SIO_OK || array.type != SIO_ARRAY)
                return false;
            fetched->left = array.v.count;
        }
        fetched->left--;
        out->is_local = fetched->cursor.at < fetched->own_end;
        sio_cursor next = fetched->cursor;
        bool is_socket = read_socket(&fetched->cursor, out);
        if (!is_socket) {
            if (sio_cursor_skip(&next) != SIO_OK)
                return false;
            fetched->cursor = next;
        }
        if (is_socket)
            return true;
    }
}

/* -- asking -- */

static sio_status prepare(sio_adapter *adapter, const struct sio_message *msg, bool publish,
                          struct sio__request *request)
{
    struct fetch *fetch = self(request);
    sio_status status =
        publish ? sio__send_encode(adapter, msg, sio_str_of(NULL, 0), &fetch->question) : SIO_OK;

    if (status == SIO_OK)
        status = sio__respond_describe(adapter, msg->rooms, msg->except, &fetch->found);
    fetch->own = fetch->found.len;
    if (status == SIO_OK && adapter->freeing)
        status = SIO_ECLOSED;
    return status;
}

sio_status sio_adapter_fetch_sockets(sio_adapter *adapter, const sio_target *to,
                                     sio_fetched_cb *done, void *user)
{
    struct sio__outgoing o = {.bounds = &adapter->bounds};
    struct sio__target_view view;
    struct sio__request *request;
    sio_status status = sio__request_new(adapter, &ops, sizeof(struct fetch), false, &request);

    if (status != SIO_OK)
        return status;
    self(request)->done = done;
    self(request)->user = user;
    sio__send_init(adapter, &o.msg, SIO_MSG_FETCH_SOCKETS);
    o.msg.request_id = sio__request_id(request);
    sio__target_view(to, &view);
    sio__adapter_enter(adapter);
    status = sio__outgoing_target(&o, &view, 0);
    bool publish = adapter->link != NULL && !view.local;
    if (status == SIO_OK)
        status = prepare(adapter, &o.msg, publish, request);
    status = sio__request_begin(adapter, request, publish, status);
    sio__adapter_leave(adapter);
    return status;
}
