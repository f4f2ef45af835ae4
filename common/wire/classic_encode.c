/* SPDX-License-Identifier: MIT */
/* Messages as @socket.io/redis-adapter 8.3 and @socket.io/redis-emitter 5.1 publish
 * them: broadcasts, requests for acknowledged broadcasts and their acks in MessagePack,
 * all else in JSON. Field order is part of the bytes. */
#include "wire/classic.h"

#include <sio/value.h>

#include "value/json.h"
#include "value/pack.h"
#include "value/put.h"
#include "wire/notepack.h"
#include "wire/room_name.h"

/* Run steps until one fails. */
#define TRY(step)                                                                                  \
    do {                                                                                           \
        sio_status try_status = (step);                                                            \
        if (try_status != SIO_OK)                                                                  \
            return try_status;                                                                     \
    } while (0)

/* Constant lengths make plain stores of the copies. */
static inline sio_status put(sio_buf *out, sio_str bytes)
{
    return sio__put_str(out, bytes);
}

static const char empty_array[1] = {(char)0x90}, empty_map[1] = {(char)0x80};

static sio_str or_empty_array(sio_str packed)
{
    return packed.len > 0 ? packed : sio_str_of(empty_array, sizeof empty_array);
}

static sio_str or_empty_map(sio_str packed)
{
    return packed.len > 0 ? packed : sio_str_of(empty_map, sizeof empty_map);
}

/* ---- MessagePack ----
 *
 * Values are written by msgpack-c. The constant tokens between them (headers of known maps,
 * field names) are literals here: they are most of a small message's tokens, and copying
 * them in runs halves the time. The recorded vectors hold every one of them. (Octal, because
 * a hexadecimal escape would swallow the letters behind it.) */

static sio_status pack_data(const struct sio_message *msg, sio_buf *out)
{
    TRY(sio__pack_array(out, msg->nargs + (msg->event.ptr != NULL)));
    if (msg->event.ptr != NULL)
        TRY(sio__pack_str(out, msg->event));
    return sio__notepack_values(msg->args, msg->args_has, out);
}

/* {type, data[, id], nsp} */
static sio_status pack_packet(const struct sio__peer *peer, const struct sio_message *msg,
                              sio_buf *out)
{
    if (msg->packet_id < 0)
        TRY(put(out, SIO_STR("\203\244type\002\244data")));
    else
        TRY(put(out, SIO_STR("\204\244type\002\244data")));
    TRY(pack_data(msg, out));
    if (msg->packet_id >= 0) {
        TRY(put(out, SIO_STR("\242id")));
        TRY(sio__pack_int(out, msg->packet_id));
    }
    TRY(put(out, SIO_STR("\243nsp")));
    return sio__pack_str(out, peer->nsp);
}

/* Servers write rooms, except, flags; the emitter rooms, flags, except. */
static sio_status pack_opts(const struct sio__peer *peer, const struct sio_message *msg,
                            sio_buf *out)
{
    TRY(put(out, SIO_STR("\203\245rooms")));
    TRY(put(out, or_empty_array(msg->rooms)));
    if (peer->role == SIO__SERVER) {
        TRY(put(out, SIO_STR("\246except")));
        TRY(put(out, or_empty_array(msg->except)));
    }
    TRY(put(out, SIO_STR("\245flags")));
    TRY(put(out, or_empty_map(msg->flags)));
    if (peer->role == SIO__EMITTER) {
        TRY(put(out, SIO_STR("\246except")));
        TRY(put(out, or_empty_array(msg->except)));
    }
    return SIO_OK;
}

/* [uid, packet, opts] */
static sio_status pack_broadcast(const struct sio__peer *peer, const struct sio_message *msg,
                                 sio_buf *out)
{
    TRY(put(out, SIO_STR("\223")));
    TRY(sio__pack_str(out, msg->uid));
    TRY(pack_packet(peer, msg, out));
    return pack_opts(peer, msg, out);
}

/* {uid, requestId, type: 7, packet, opts} */
static sio_status pack_broadcast_with_ack(const struct sio__peer *peer,
                                          const struct sio_message *msg, sio_buf *out)
{
    TRY(put(out, SIO_STR("\205\243uid")));
    TRY(sio__pack_str(out, msg->uid));
    TRY(put(out, SIO_STR("\251requestId")));
    TRY(sio__pack_str(out, msg->request_id));
    TRY(put(out, SIO_STR("\244type\007\246packet")));
    TRY(pack_packet(peer, msg, out));
    TRY(put(out, SIO_STR("\244opts")));
    return pack_opts(peer, msg, out);
}

/* {type: 9, requestId[, packet]}; an acknowledgement of undefined has no packet */
static sio_status pack_ack(const struct sio_message *msg, sio_buf *out)
{
    bool defined = msg->value.len > 0;
    if (defined)
        TRY(put(out, SIO_STR("\203\244type\011\251requestId")));
    else
        TRY(put(out, SIO_STR("\202\244type\011\251requestId")));
    TRY(sio__pack_str(out, msg->request_id));
    if (!defined)
        return SIO_OK;
    TRY(put(out, SIO_STR("\246packet")));
    return sio__notepack_values(msg->value, msg->args_has, out);
}

/* ---- JSON ---- */

/* One object being written: commas before all but the first field. */
struct object {
    sio_buf *out;
    bool begun;
};

static sio_status json_key(struct object *o, sio_str quoted_key)
{
    TRY(put(o->out, o->begun ? SIO_STR(",") : SIO_STR("{")));
    o->begun = true;
    TRY(put(o->out, quoted_key));
    return put(o->out, SIO_STR(":"));
}

static sio_status json_text(struct object *o, sio_str quoted_key, sio_str text)
{
    if (text.ptr == NULL)
        return SIO_OK;
    TRY(json_key(o, quoted_key));
    return sio__json_string(text, o->out);
}

static sio_status json_number(struct object *o, sio_str quoted_key, uint32_t number)
{
    char digits[16];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    TRY(json_key(o, quoted_key));
    return sio_buf_append(o->out, digits + at, sizeof digits - at);
}

static sio_status json_packed(struct object *o, sio_str quoted_key, sio_str packed)
{
    if (packed.len == 0)
        return SIO_OK;
    TRY(json_key(o, quoted_key));
    return sio_json_write(packed, NULL, NULL, o->out);
}

/* {rooms, except}: requests carry no flags */
static sio_status json_opts(struct object *o, const struct sio_message *msg)
{
    struct object opts = {.out = o->out};
    TRY(json_key(o, SIO_STR("\"opts\"")));
    TRY(json_packed(&opts, SIO_STR("\"rooms\""), or_empty_array(msg->rooms)));
    TRY(json_packed(&opts, SIO_STR("\"except\""), or_empty_array(msg->except)));
    return put(o->out, SIO_STR("}"));
}

static sio_status json_data(struct object *o, const struct sio_message *msg)
{
    sio_cursor c = sio_cursor_at(msg->args);
    bool first = msg->event.ptr == NULL;
    TRY(json_key(o, SIO_STR("\"data\"")));
    TRY(put(o->out, SIO_STR("[")));
    if (msg->event.ptr != NULL)
        TRY(sio__json_string(msg->event, o->out));
    while (!sio_cursor_done(&c)) {
        const unsigned char *start = c.at;
        TRY(sio_cursor_skip(&c));
        if (!first)
            TRY(put(o->out, SIO_STR(",")));
        first = false;
        TRY(sio_json_write(sio_str_of(start, (size_t)(c.at - start)), NULL, NULL, o->out));
    }
    return put(o->out, SIO_STR("]"));
}

/* Join, leave and disconnect: [uid,] type, opts, rooms or close; the old per-socket form
 * {requestId, type, sid, room or close} is only ever read. The emitter gives no uid. */
static sio_status json_management(struct object *o, const struct sio__peer *peer,
                                  const struct sio_message *msg, uint32_t type)
{
    if (peer->role == SIO__SERVER)
        TRY(json_text(o, SIO_STR("\"uid\""), msg->uid));
    TRY(json_number(o, SIO_STR("\"type\""), type));
    TRY(json_opts(o, msg));
    if (type != CLASSIC_REMOTE_DISCONNECT)
        return json_packed(o, SIO_STR("\"rooms\""), or_empty_array(msg->target_rooms));
    TRY(json_key(o, SIO_STR("\"close\"")));
    return put(o->out, msg->close ? SIO_STR("true") : SIO_STR("false"));
}

static sio_status json_query(struct object *o, const struct sio_message *msg, uint32_t type)
{
    TRY(json_text(o, SIO_STR("\"uid\""), msg->uid));
    TRY(json_text(o, SIO_STR("\"requestId\""), msg->request_id));
    return json_number(o, SIO_STR("\"type\""), type);
}

static bool is_empty_list(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v;
    return packed.len == 0 || (sio_cursor_read(&c, &v) == SIO_OK && v.v.count == 0);
}

/* Rooms without `opts`: exceptions have no place here. */
static sio_status json_sockets(struct object *o, const struct sio_message *msg)
{
    if (!is_empty_list(msg->except))
        return SIO_EINVAL;
    TRY(json_query(o, msg, CLASSIC_SOCKETS));
    return json_packed(o, SIO_STR("\"rooms\""), or_empty_array(msg->rooms));
}

static sio_status json_request(struct object *o, const struct sio__peer *peer,
                               const struct sio_message *msg)
{
    switch (msg->type) {
    case SIO_MSG_SOCKETS_JOIN:
        return json_management(o, peer, msg, CLASSIC_REMOTE_JOIN);
    case SIO_MSG_SOCKETS_LEAVE:
        return json_management(o, peer, msg, CLASSIC_REMOTE_LEAVE);
    case SIO_MSG_DISCONNECT_SOCKETS:
        return json_management(o, peer, msg, CLASSIC_REMOTE_DISCONNECT);
    case SIO_MSG_FETCH_SOCKETS:
        TRY(json_query(o, msg, CLASSIC_REMOTE_FETCH));
        return json_opts(o, msg);
    case SIO_MSG_SOCKETS:
        return json_sockets(o, msg);
    case SIO_MSG_ALL_ROOMS:
        return json_query(o, msg, CLASSIC_ALL_ROOMS);
    case SIO_MSG_SERVER_SIDE_EMIT:
        TRY(json_query(o, msg, CLASSIC_SERVER_SIDE_EMIT));
        return json_data(o, msg);
    default:
        return SIO_EINVAL;
    }
}

static sio_status json_response(struct object *o, const struct sio_message *msg)
{
    if (msg->type == SIO_MSG_CLIENT_COUNT)
        TRY(json_number(o, SIO_STR("\"type\""), CLASSIC_BROADCAST_CLIENT_COUNT));
    else if (msg->type == SIO_MSG_SERVER_SIDE_EMIT_RESPONSE)
        TRY(json_number(o, SIO_STR("\"type\""), CLASSIC_SERVER_SIDE_EMIT));
    TRY(json_text(o, SIO_STR("\"requestId\""), msg->request_id));
    switch (msg->type) {
    case SIO_MSG_SOCKETS_RESPONSE:
        return json_packed(o, SIO_STR("\"sockets\""), or_empty_array(msg->list));
    case SIO_MSG_ROOMS_RESPONSE:
        return json_packed(o, SIO_STR("\"rooms\""), or_empty_array(msg->list));
    case SIO_MSG_SERVER_SIDE_EMIT_RESPONSE:
        return json_packed(o, SIO_STR("\"data\""), msg->value);
    case SIO_MSG_CLIENT_COUNT:
        return json_number(o, SIO_STR("\"clientCount\""), msg->client_count);
    case SIO_MSG_DONE:
        return SIO_OK;
    default:
        return SIO_EINVAL;
    }
}

/* ---- the whole frame ---- */

static bool is_response(enum sio_message_type type)
{
    return type >= SIO_MSG_SOCKETS_RESPONSE;
}

static sio_status write_channel(const struct sio__peer *peer, const struct sio_message *msg,
                                sio_str to_uid, sio_buf *out)
{
    sio_str none = sio_str_of(NULL, 0);
    if (is_response(msg->type)) {
        /* the answer to a server-side emit always goes to the shared channel */
        bool shared = !peer->answers_to_uid || msg->type == SIO_MSG_SERVER_SIDE_EMIT_RESPONSE;
        return sio__classic_channel_write(peer, CLASSIC_CHANNEL_RESPONSE, shared ? none : to_uid,
                                          out);
    }
    if (msg->type == SIO_MSG_BROADCAST && msg->request_id.ptr == NULL) {
        char digits[SIO__NUMBER_MAX];
        return sio__classic_channel_write(peer, CLASSIC_CHANNEL_BROADCAST,
                                          sio__only_room(msg->rooms, digits), out);
    }
    return sio__classic_channel_write(peer, CLASSIC_CHANNEL_REQUEST, none, out);
}

sio_status sio__classic_encode(const struct sio__peer *peer, const struct sio_message *msg,
                               sio_str to_uid, struct sio__frame *frame)
{
    sio_buf *out = &frame->buf;
    TRY(write_channel(peer, msg, to_uid, out));
    frame->channel_len = out->len;
    if (msg->type == SIO_MSG_BROADCAST)
        return msg->request_id.ptr == NULL ? pack_broadcast(peer, msg, out)
                                           : pack_broadcast_with_ack(peer, msg, out);
    if (msg->type == SIO_MSG_BROADCAST_ACK)
        return pack_ack(msg, out);
    struct object object = {.out = out};
    TRY(is_response(msg->type) ? json_response(&object, msg) : json_request(&object, peer, msg));
    return put(out, SIO_STR("}"));
}
