/* SPDX-License-Identifier: MIT */
/* Fetching the sockets of every server. The descriptions stay packed, one array a server;
 * they are read when the host asks for them. */
#include "adapter/requests.h"

#include <stdlib.h>

#include <sio/value.h>

#include "wire/fields.h"
#include "wire/usual.h"

/* One server's descriptions: a packed array, in memory of its own. */
struct part {
    sio_buf memory;
    sio_buf noted; /* own descriptions' extents */
    sio_str list;
    struct sio__extents extents;
};

struct fetch {
    struct sio__request head;
    struct sio__frame question;
    struct part *parts; /* this server's is the first */
    size_t count, room;
    sio_fetched_cb *done;
    void *user;
};

struct sio_fetched {
    const struct part *part, *end, *own;
    /* in the part that is being read */
    sio_cursor cursor;
    struct sio__extents extents;
    uint32_t left;
};

static struct fetch *self(struct sio__request *request)
{
    return (struct fetch *)request;
}

static sio_status ask(sio_adapter *adapter, struct sio__request *request)
{
    return sio__send_question(adapter, &self(request)->question, request->serial);
}

static struct part *add_part(struct fetch *fetch)
{
    if (fetch->count == fetch->room) {
        size_t room = fetch->room == 0 ? 4 : fetch->room * 2;
        struct part *parts = realloc(fetch->parts, room * sizeof *parts);

        if (parts == NULL)
            return NULL;
        fetch->parts = parts;
        fetch->room = room;
    }
    struct part *part = &fetch->parts[fetch->count];
    *part = (struct part){.list = {NULL, 0}};
    return part;
}

/* An answer in JSON was transcoded into the adapter's scratch buffer: a large one is taken over
 * as it is, for a copy would cost as much as reading it. */
static sio_status keep(sio_adapter *adapter, const struct sio_message *msg, struct part *part)
{
    sio_str list = msg->list;
    sio_buf *scratch = &adapter->scratch;
    bool is_there =
        scratch->ptr != NULL && list.ptr >= scratch->ptr && list.ptr < scratch->ptr + scratch->len;

    if (is_there && list.len > scratch->cap / 2) {
        part->memory = *scratch;
        sio_buf_init(scratch);
        part->list = list;
        part->extents = msg->extents;
        return SIO_OK;
    }
    sio_status status = sio_buf_append(&part->memory, list.ptr, list.len);
    part->list = sio_buf_str(&part->memory);
    return status;
}

static bool take(sio_adapter *adapter, struct sio__request *request, const struct sio_message *msg)
{
    struct fetch *fetch = self(request);

    if (msg->type != SIO_MSG_SOCKETS_RESPONSE)
        return false;
    struct part *part = add_part(fetch);
    if (part == NULL || keep(adapter, msg, part) != SIO_OK) {
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, sio_str_of(NULL, 0));
        return true;
    }
    fetch->count++;
    request->answered++;
    return true;
}

static void tell(sio_adapter *adapter, struct sio__request *request, const sio_answers *answers)
{
    struct fetch *fetch = self(request);
    sio_fetched fetched = {
        .part = fetch->parts, .end = fetch->parts + fetch->count, .own = fetch->parts};

    if (fetch->done != NULL)
        fetch->done(adapter, answers, &fetched, fetch->user);
}

static void fini(struct sio__request *request)
{
    struct fetch *fetch = self(request);

    sio_buf_fini(&fetch->question.buf);
    for (size_t i = 0; i < fetch->count; i++) {
        sio_buf_fini(&fetch->parts[i].memory);
        sio_buf_fini(&fetch->parts[i].noted);
    }
    free(fetch->parts);
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

static bool take_value(sio_fetched *fetched, sio_str *packed)
{
    const unsigned char *start = fetched->cursor.at;

    if (sio__extents_skip(&fetched->extents, &fetched->cursor) != SIO_OK)
        return false;
    *packed = sio_str_of(start, (size_t)(fetched->cursor.at - start));
    return true;
}

/* A description as servers write it, its fields in this order. */
static bool read_usual(sio_fetched *fetched, sio_remote_socket *out)
{
    enum { AHEAD = 8 };
    sio_cursor *c = &fetched->cursor;
    sio_value id;

    sio__extents_prefetch(&fetched->extents, AHEAD);
    if (!SIO__EAT(c, "\204\242id") || sio_cursor_read(c, &id) != SIO_OK || id.type != SIO_STRING ||
        !SIO__EAT(c, "\251handshake") || !take_value(fetched, &out->handshake) ||
        !SIO__EAT(c, "\245rooms") || c->at == c->end || (c->at[0] & 0xf0) != 0x90 /* up to 15 */ ||
        !take_value(fetched, &out->rooms) || !SIO__EAT(c, "\244data"))
        return false;
    out->sid = id.v.text;
    return take_value(fetched, &out->data);
}

/* To the next part that has any. */
static bool next_part(sio_fetched *fetched)
{
    while (fetched->left == 0) {
        sio_value array;

        if (fetched->part == fetched->end)
            return false;
        fetched->cursor = sio_cursor_at(fetched->part->list);
        if (sio_cursor_read(&fetched->cursor, &array) == SIO_OK && array.type == SIO_ARRAY)
            fetched->left = array.v.count;
        fetched->extents = fetched->part->extents;
        fetched->part++;
    }
    return true;
}

bool sio_fetched_next(sio_fetched *fetched, sio_remote_socket *out)
{
    while (next_part(fetched)) {
        sio_cursor start = fetched->cursor;

        fetched->left--;
        out->is_local = fetched->part - 1 == fetched->own;
        if (read_usual(fetched, out))
            return true;
        fetched->cursor = start;
        if (read_socket(&fetched->cursor, out))
            return true;
        fetched->cursor = start;
        if (sio_cursor_skip(&fetched->cursor) != SIO_OK)
            fetched->left = 0;
    }
    return false;
}

/* -- asking -- */

static sio_status prepare(sio_adapter *adapter, const struct sio_message *msg, bool publish,
                          struct sio__request *request)
{
    struct fetch *fetch = self(request);
    struct part *own = add_part(fetch);
    sio_status status = own != NULL ? SIO_OK : SIO_ENOMEM;

    if (status != SIO_OK)
        return status;
    fetch->count = 1;
    if (publish)
        status = sio__send_encode(adapter, msg, sio_str_of(NULL, 0), &fetch->question);
    if (status == SIO_OK)
        status = sio__respond_describe(adapter, msg->rooms, msg->except, &own->memory, &own->noted);
    own->list = sio_buf_str(&own->memory);
    own->extents = (struct sio__extents){own->list.ptr, sio_buf_str(&own->noted)};
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
