/* SPDX-License-Identifier: MIT */
/* What other nodes ask of this one, and the answers. */
#include "adapter/requests.h"

#include <stdlib.h>

#include "value/args.h"
#include "value/pack.h"
#include "wire/fields.h"

static const sio_str none = {NULL, 0};

sio_status sio__respond_send(sio_adapter *adapter, const struct sio_message *msg, sio_str to_uid)
{
    return sio__send_message(adapter, msg, to_uid, NULL, NULL);
}

/* The one answer to a request. */
static void answer(sio_adapter *adapter, const struct sio_message *request, struct sio_message *msg)
{
    msg->request_id = request->request_id;
    if (sio__respond_send(adapter, msg, request->uid) == SIO_OK)
        adapter->stats.answered++;
    else
        adapter->stats.unanswered++;
}

static void answer_list(sio_adapter *adapter, const struct sio_message *request,
                        enum sio_message_type type, sio_status status, sio_buf *list)
{
    struct sio_message msg;

    sio__send_init(adapter, &msg, type);
    msg.list = sio_buf_str(list);
    if (status == SIO_OK)
        answer(adapter, request, &msg);
    else
        adapter->stats.unanswered++;
    sio_buf_fini(list);
}

/* -- descriptions -- */

struct rooms_writer {
    sio_buf *out;
    uint32_t count;
    sio_status status;
};

static bool count_room(sio_str room, void *user)
{
    (void)room;
    ((struct rooms_writer *)user)->count++;
    return true;
}

static bool write_room(sio_str room, void *user)
{
    struct rooms_writer *w = user;

    w->status = sio__pack_str(w->out, room);
    return w->status == SIO_OK;
}

static sio_status write_rooms_of(sio_adapter *adapter, const sio_socket *socket, sio_buf *out)
{
    struct rooms_writer w = {.out = out};

    sio__registry_each_room_of(adapter->registry, socket, count_room, &w);
    w.status = sio__pack_array(out, w.count);
    if (w.status == SIO_OK)
        sio__registry_each_room_of(adapter->registry, socket, write_room, &w);
    return w.status;
}

/* Run steps until one fails. */
#define TRY(step)                                                                                  \
    do {                                                                                           \
        sio_status try_status = (step);                                                            \
        if (try_status != SIO_OK)                                                                  \
            return try_status;                                                                     \
    } while (0)

static sio_status put(sio_buf *out, sio_str bytes)
{
    return sio_buf_append(out, bytes.ptr, bytes.len);
}

/* Handshake and data, as the host adds them: exactly two values, or both are {}. */
static sio_status ask_host(sio_adapter *adapter, sio_socket *socket, sio_args *args,
                           sio_str *handshake, sio_str *data)
{
    static const char empty_map[1] = {(char)0x80};

    *handshake = *data = sio_str_of(empty_map, sizeof empty_map);
    sio_args_clear(args);
    if (adapter->host.describe == NULL)
        return SIO_OK;
    adapter->host.describe(adapter, socket, sio__socket_user(socket), args, adapter->user);
    struct sio__args_view added;
    sio_status status = sio__args_view(args, &added);
    if (status == SIO_ENOMEM || added.count != 2)
        return status == SIO_ENOMEM ? SIO_ENOMEM : SIO_OK;
    if (added.first == 0) {
        sio_cursor c = sio_cursor_at(added.packed);
        (void)sio_cursor_skip(&c); /* it is whole */
        added.first = (size_t)((const char *)c.at - added.packed.ptr);
    }
    *handshake = sio_str_of(added.packed.ptr, added.first);
    *data = sio_str_of(added.packed.ptr + added.first, added.packed.len - added.first);
    return SIO_OK;
}

/* {id, handshake, rooms, data} */
static sio_status describe(sio_adapter *adapter, sio_socket *socket, sio_args *args, sio_buf *out,
                           sio_buf *noted)
{
    sio_str handshake, data;

    TRY(ask_host(adapter, socket, args, &handshake, &data));
    TRY(put(out, SIO_STR("\204\242id")));
    TRY(sio__pack_str(out, sio__socket_sid(socket)));
    TRY(put(out, SIO_STR("\251handshake")));
    TRY(put(out, handshake));
    if (noted != NULL)
        TRY(sio__extents_note(noted, out->len - handshake.len, out->len));
    TRY(put(out, SIO_STR("\245rooms")));
    TRY(write_rooms_of(adapter, socket, out));
    TRY(put(out, SIO_STR("\244data")));
    return put(out, data);
}

/* The host is asked about each socket and may free others meanwhile: those that are left
 * are counted when they are written. */
static sio_status describe_all(sio_adapter *adapter, const struct sio__level *level, sio_args *args,
                               sio_buf *out, sio_buf *noted)
{
    const struct sio__recipients *found = &level->recipients;
    char array[5] = {(char)0xdd}; /* array 32, the count to be filled in */
    size_t start = out->len;
    uint32_t count = 0;

    TRY(sio_buf_reserve(out, found->count * adapter->described));
    TRY(sio_buf_append(out, array, sizeof array));
    for (size_t i = 0; i < found->count && !adapter->freeing; i++) {
        size_t before = out->len, noted_before = noted != NULL ? noted->len : 0;

        if (!sio__socket_connected(found->sockets[i]))
            continue;
        TRY(describe(adapter, found->sockets[i], args, out, noted));
        if (sio__socket_connected(found->sockets[i])) {
            count++;
            continue;
        }
        out->len = before;
        if (noted != NULL)
            noted->len = noted_before;
    }
    if (count > 0)
        adapter->described = (out->len - start) / count + 1;
    for (int i = 0; i < 4; i++)
        out->ptr[start + 1 + (size_t)i] = (char)(count >> (24 - 8 * i));
    return SIO_OK;
}

sio_status sio__respond_describe(sio_adapter *adapter, sio_str rooms, sio_str except, sio_buf *out,
                                 sio_buf *noted)
{
    sio_args *args;
    sio_status status = sio_args_new(&args);

    if (status != SIO_OK)
        return status;
    struct sio__level *level = sio__delivery_begin(adapter, rooms, except);
    status = SIO_ENOMEM;
    if (level != NULL) {
        status = describe_all(adapter, level, args, out, noted);
        sio__delivery_end(adapter);
    }
    sio_args_free(args);
    return status;
}

static void answer_fetch(sio_adapter *adapter, const struct sio_message *request)
{
    sio_buf list;

    sio_buf_init(&list);
    sio_status status =
        sio__respond_describe(adapter, request->rooms, request->except, &list, NULL);
    if (adapter->freeing)
        sio_buf_fini(&list);
    else
        answer_list(adapter, request, SIO_MSG_SOCKETS_RESPONSE, status, &list);
}

/* -- names -- */

sio_status sio__respond_sids(sio_adapter *adapter, sio_str rooms, sio_str except, sio_buf *out)
{
    struct sio__level *level = sio__delivery_begin(adapter, rooms, except);

    if (level == NULL)
        return SIO_ENOMEM;
    sio_status status = sio__pack_array(out, (uint32_t)level->recipients.count);
    for (size_t i = 0; status == SIO_OK && i < level->recipients.count; i++)
        status = sio__pack_str(out, sio__socket_sid(level->recipients.sockets[i]));
    sio__delivery_end(adapter);
    return status;
}

sio_status sio__respond_rooms(sio_adapter *adapter, sio_buf *out)
{
    struct rooms_writer w = {.out = out};

    w.status = sio__pack_array(out, (uint32_t)sio__registry_rooms(adapter->registry));
    if (w.status == SIO_OK)
        sio__registry_each_room(adapter->registry, write_room, &w);
    return w.status;
}

static void answer_names(sio_adapter *adapter, const struct sio_message *request)
{
    sio_buf list;

    sio_buf_init(&list);
    if (request->type == SIO_MSG_ALL_ROOMS)
        answer_list(adapter, request, SIO_MSG_ROOMS_RESPONSE, sio__respond_rooms(adapter, &list),
                    &list);
    else
        answer_list(adapter, request, SIO_MSG_SOCKETS_RESPONSE,
                    sio__respond_sids(adapter, request->rooms, request->except, &list), &list);
}

/* -- server-side events -- */

struct sio_answer {
    sio_adapter *adapter; /* referred to */
    sio_str request_id, uid;
};

static sio_answer *new_answer(sio_adapter *adapter, const struct sio_message *request)
{
    sio_answer *way = malloc(sizeof *way + request->request_id.len + request->uid.len);

    if (way == NULL)
        return NULL;
    char *texts = (char *)(way + 1);
    way->adapter = adapter;
    way->request_id = sio_str_of(texts, request->request_id.len);
    memcpy(texts, request->request_id.ptr, request->request_id.len);
    texts += request->request_id.len;
    way->uid = none;
    if (request->uid.ptr != NULL) {
        way->uid = sio_str_of(texts, request->uid.len);
        memcpy(texts, request->uid.ptr, request->uid.len);
    }
    sio__adapter_ref(adapter);
    return way;
}

void sio_answer_drop(sio_answer *way)
{
    if (way == NULL)
        return;
    sio__adapter_unref(way->adapter);
    free(way);
}

sio_status sio_answer_send(sio_answer *way, const sio_args *value)
{
    sio_adapter *adapter = way->adapter;
    struct sio__outgoing o = {.bounds = &adapter->bounds};
    sio_status status = sio__adapter_check(adapter);

    sio__send_init(adapter, &o.msg, SIO_MSG_SERVER_SIDE_EMIT_RESPONSE);
    o.msg.request_id = way->request_id;
    if (status == SIO_OK && value != NULL)
        status = sio_args_status(value);
    if (status == SIO_OK && value != NULL)
        status = sio__outgoing_value(&o, sio_args_packed(value));
    if (status == SIO_OK)
        status = sio__respond_send(adapter, &o.msg, way->uid);
    if (status == SIO_OK)
        adapter->stats.answered++;
    else
        adapter->stats.unanswered++;
    sio_answer_drop(way);
    return status;
}

static void fire(sio_adapter *adapter, const struct sio_message *request)
{
    sio_answer *way = NULL;

    if (adapter->host.server_side_emit == NULL)
        return;
    if (request->request_id.ptr != NULL) {
        way = new_answer(adapter, request);
        if (way == NULL) {
            adapter->stats.unanswered++;
            return;
        }
    }
    adapter->host.server_side_emit(adapter, request->args, request->nargs, way, adapter->user);
}

/* -- broadcasts with acks -- */

/* Until when the asking node waits, if it says so. */
static uint32_t timeout_of(const sio_adapter *adapter, sio_str flags)
{
    enum { LONGEST_MS = 600 * 1000 };
    struct sio__field f = {SIO_STR("timeout"), none};
    sio_cursor c = sio_cursor_at(flags);
    uint64_t ms;

    if (flags.len > 0 && sio__fields_read(&c, &f, 1) == SIO_OK && sio__field_number(&f, &ms))
        return ms < LONGEST_MS ? (uint32_t)ms : LONGEST_MS;
    return adapter->opts.requests_timeout_ms;
}

static void deliver_with_ack(sio_adapter *adapter, const struct sio_message *request)
{
    struct sio__ack_owner owner = {.request_id = request->request_id, .uid = request->uid};
    sio_broadcast b = {.data = request->args, .count = request->nargs};
    struct sio__level *level = NULL;

    if (adapter->wire->acked_flags)
        b.flags = request->flags;
    sio__delivery_flags(&b);
    if (sio__timer_prepare(adapter) == SIO_OK)
        level = sio__delivery_begin(adapter, request->rooms, request->except);
    if (level == NULL) {
        adapter->stats.unanswered++;
        return;
    }
    if (sio__awaited_room(adapter, level) != SIO_OK) {
        adapter->stats.unanswered++;
        sio__receive_drop(adapter, SIO_DROP_NO_MEMORY, none);
        sio__delivery_end(adapter);
        return;
    }
    adapter->stats.broadcasts++;
    if (sio__awaited_deliver(adapter, level, &b, &owner, timeout_of(adapter, request->flags)) ==
        SIO_OK)
        adapter->stats.answered++;
    else
        adapter->stats.unanswered++;
    sio__delivery_end(adapter);
}

void sio__respond(sio_adapter *adapter, const struct sio_message *request)
{
    struct sio_message msg;

    switch (request->type) {
    case SIO_MSG_SOCKETS_JOIN:
    case SIO_MSG_SOCKETS_LEAVE:
    case SIO_MSG_DISCONNECT_SOCKETS:
        if (!sio__delivery_manage(adapter, request) || request->request_id.ptr == NULL)
            break;
        sio__send_init(adapter, &msg, SIO_MSG_DONE);
        answer(adapter, request, &msg);
        break;
    case SIO_MSG_FETCH_SOCKETS:
        answer_fetch(adapter, request);
        break;
    case SIO_MSG_SOCKETS:
    case SIO_MSG_ALL_ROOMS:
        answer_names(adapter, request);
        break;
    case SIO_MSG_SERVER_SIDE_EMIT:
        fire(adapter, request);
        break;
    case SIO_MSG_BROADCAST:
        deliver_with_ack(adapter, request);
        break;
    default:
        sio__receive_drop(adapter, SIO_DROP_UNKNOWN_TYPE, none);
    }
}
