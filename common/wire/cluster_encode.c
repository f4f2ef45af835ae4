/* SPDX-License-Identifier: MIT */
/* `data` of the cluster messages, as cluster-adapter.ts builds it and JSON.stringify or
 * notepack.io write it. The order of the fields is part of the bytes. */
#include "wire/cluster.h"

#include <sio/value.h>

#include "value/json.h"
#include "value/normal.h"
#include "value/number.h"
#include "value/pack.h"
#include "value/put.h"
#include "wire/notepack.h"

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

enum sio__cluster_type sio__cluster_type(enum sio_message_type type)
{
    switch (type) {
    case SIO_MSG_BROADCAST:
        return CLUSTER_BROADCAST;
    case SIO_MSG_SOCKETS_JOIN:
        return CLUSTER_SOCKETS_JOIN;
    case SIO_MSG_SOCKETS_LEAVE:
        return CLUSTER_SOCKETS_LEAVE;
    case SIO_MSG_DISCONNECT_SOCKETS:
        return CLUSTER_DISCONNECT_SOCKETS;
    case SIO_MSG_FETCH_SOCKETS:
        return CLUSTER_FETCH_SOCKETS;
    case SIO_MSG_SERVER_SIDE_EMIT:
        return CLUSTER_SERVER_SIDE_EMIT;
    case SIO_MSG_INITIAL_HEARTBEAT:
        return CLUSTER_INITIAL_HEARTBEAT;
    case SIO_MSG_HEARTBEAT:
        return CLUSTER_HEARTBEAT;
    case SIO_MSG_ADAPTER_CLOSE:
        return CLUSTER_ADAPTER_CLOSE;
    case SIO_MSG_SOCKETS_RESPONSE:
        return CLUSTER_FETCH_SOCKETS_RESPONSE;
    case SIO_MSG_SERVER_SIDE_EMIT_RESPONSE:
        return CLUSTER_SERVER_SIDE_EMIT_RESPONSE;
    case SIO_MSG_CLIENT_COUNT:
        return CLUSTER_BROADCAST_CLIENT_COUNT;
    case SIO_MSG_BROADCAST_ACK:
        return CLUSTER_BROADCAST_ACK;
    case SIO_MSG_SOCKETS:
    case SIO_MSG_ALL_ROOMS:
    case SIO_MSG_ROOMS_RESPONSE:
    case SIO_MSG_DONE:
        break;
    }
    return CLUSTER_NONE;
}

/* What a list holds is not known: it is made of what hosts say, socket by socket. */
static sio_status look_at_list(sio_str list, unsigned *has)
{
    struct sio__scan scan;
    TRY(sio__scan(list, SIO_MAX_DEPTH, &scan));
    *has = scan.attachments > 0 ? scan.has | SIO__HAS_BINARY : scan.has;
    return SIO_OK;
}

/* Nobody would know an answer without the id of its request. */
static sio_status need_request_id(const struct sio_message *msg)
{
    return msg->request_id.ptr != NULL ? SIO_OK : SIO_EINVAL;
}

sio_status sio__cluster_look(const struct sio_message *msg, enum sio__cluster_type type,
                             unsigned *has)
{
    *has = 0;
    switch (type) {
    case CLUSTER_BROADCAST:
    case CLUSTER_SERVER_SIDE_EMIT:
        *has = msg->args_has;
        return SIO_OK;
    case CLUSTER_SERVER_SIDE_EMIT_RESPONSE:
    case CLUSTER_BROADCAST_ACK:
        if (msg->value.len > 0)
            *has = msg->args_has;
        return need_request_id(msg);
    case CLUSTER_FETCH_SOCKETS_RESPONSE:
        TRY(look_at_list(msg->list, has));
        return need_request_id(msg);
    case CLUSTER_FETCH_SOCKETS:
    case CLUSTER_BROADCAST_CLIENT_COUNT:
        return need_request_id(msg);
    default:
        return SIO_OK;
    }
}

/* ---- JSON ---- */

/* Names are mostly few, flags mostly none. */
static inline sio_status json_names(sio_str packed, sio_buf *out)
{
    if (packed.len <= 1)
        return put(out, SIO_STR("[]"));
    return sio_json_write(packed, NULL, NULL, out);
}

static inline sio_status json_opts(const struct sio_message *msg, sio_buf *out)
{
    TRY(put(out, SIO_STR("\"opts\":{\"rooms\":")));
    TRY(json_names(msg->rooms, out));
    TRY(put(out, SIO_STR(",\"except\":")));
    TRY(json_names(msg->except, out));
    TRY(put(out, SIO_STR(",\"flags\":")));
    if (msg->flags.len <= 1)
        return put(out, SIO_STR("{}}"));
    TRY(sio_json_write(msg->flags, NULL, NULL, out));
    return put(out, SIO_STR("}"));
}

/* [event, args...] */
static sio_status json_event(const struct sio_message *msg, sio_buf *out)
{
    TRY(put(out, SIO_STR("[")));
    if (msg->event.ptr != NULL)
        TRY(sio__json_string(msg->event, out));
    if (msg->event.ptr != NULL && msg->args.len > 0)
        TRY(put(out, SIO_STR(",")));
    TRY(sio__json_row(msg->args, out));
    return put(out, SIO_STR("]"));
}

static sio_status json_natural(uint64_t number, sio_buf *out)
{
    TRY(sio_buf_reserve(out, SIO__NATURAL_MAX));
    out->len += sio__natural_print(number, out->ptr + out->len);
    return SIO_OK;
}

static sio_status json_request_id(const struct sio_message *msg, sio_buf *out)
{
    TRY(put(out, SIO_STR("\"requestId\":")));
    return sio__json_string(msg->request_id, out);
}

/* packet: {type, data[, id]}[, requestId], opts */
static sio_status json_broadcast(const struct sio_message *msg, sio_buf *out)
{
    TRY(put(out, SIO_STR("\"packet\":{\"type\":2,\"data\":")));
    TRY(json_event(msg, out));
    if (msg->packet_id >= 0) {
        TRY(put(out, SIO_STR(",\"id\":")));
        TRY(json_natural((uint64_t)msg->packet_id, out));
    }
    TRY(put(out, SIO_STR("},")));
    if (msg->request_id.ptr != NULL) {
        TRY(json_request_id(msg, out));
        TRY(put(out, SIO_STR(",")));
    }
    return json_opts(msg, out);
}

/* opts, rooms or close or requestId */
static sio_status json_request(const struct sio_message *msg, enum sio__cluster_type type,
                               sio_buf *out)
{
    TRY(json_opts(msg, out));
    if (type == CLUSTER_DISCONNECT_SOCKETS)
        return put(out, msg->close ? SIO_STR(",\"close\":true") : SIO_STR(",\"close\":false"));
    if (type == CLUSTER_FETCH_SOCKETS) {
        TRY(put(out, SIO_STR(",")));
        return json_request_id(msg, out);
    }
    TRY(put(out, SIO_STR(",\"rooms\":")));
    return json_names(msg->target_rooms, out);
}

/* [requestId, ] packet */
static sio_status json_server_side_emit(const struct sio_message *msg, sio_buf *out)
{
    if (msg->request_id.ptr != NULL) {
        TRY(json_request_id(msg, out));
        TRY(put(out, SIO_STR(",")));
    }
    TRY(put(out, SIO_STR("\"packet\":")));
    return json_event(msg, out);
}

/* requestId, sockets or clientCount or packet; of undefined there is no packet */
static sio_status json_answer(const struct sio_message *msg, enum sio__cluster_type type,
                              sio_buf *out)
{
    TRY(json_request_id(msg, out));
    if (type == CLUSTER_BROADCAST_CLIENT_COUNT) {
        TRY(put(out, SIO_STR(",\"clientCount\":")));
        return json_natural(msg->client_count, out);
    }
    if (type == CLUSTER_FETCH_SOCKETS_RESPONSE) {
        TRY(put(out, SIO_STR(",\"sockets\":")));
        return json_names(msg->list, out);
    }
    if (msg->value.len == 0)
        return SIO_OK;
    TRY(put(out, SIO_STR(",\"packet\":")));
    return sio_json_write(msg->value, NULL, NULL, out);
}

sio_status sio__cluster_json_data(const struct sio_message *msg, enum sio__cluster_type type,
                                  sio_buf *out)
{
    TRY(put(out, SIO_STR("{")));
    if (type == CLUSTER_BROADCAST)
        TRY(json_broadcast(msg, out));
    else if (type <= CLUSTER_FETCH_SOCKETS)
        TRY(json_request(msg, type, out));
    else if (type == CLUSTER_SERVER_SIDE_EMIT)
        TRY(json_server_side_emit(msg, out));
    else
        TRY(json_answer(msg, type, out));
    return put(out, SIO_STR("}"));
}

/* ---- MessagePack, of the types that can hold binary ---- */

static const char empty_array[1] = {(char)0x90}, empty_map[1] = {(char)0x80};

static sio_str or_empty(sio_str packed, const char *empty)
{
    return packed.len > 0 ? packed : sio_str_of(empty, 1);
}

static sio_status pack_opts(const struct sio_message *msg, sio_buf *out)
{
    TRY(put(out, SIO_STR("\244opts\203\245rooms")));
    TRY(put(out, or_empty(msg->rooms, empty_array)));
    TRY(put(out, SIO_STR("\246except")));
    TRY(put(out, or_empty(msg->except, empty_array)));
    TRY(put(out, SIO_STR("\245flags")));
    return put(out, or_empty(msg->flags, empty_map));
}

static sio_status pack_event(const struct sio_message *msg, unsigned has, sio_buf *out)
{
    TRY(sio__pack_array(out, msg->nargs + (msg->event.ptr != NULL)));
    if (msg->event.ptr != NULL)
        TRY(sio__pack_str(out, msg->event));
    return sio__notepack_values(msg->args, has, out);
}

static sio_status pack_request_id(const struct sio_message *msg, sio_buf *out)
{
    TRY(put(out, SIO_STR("\251requestId")));
    return sio__pack_str(out, msg->request_id);
}

static sio_status pack_broadcast(const struct sio_message *msg, unsigned has, sio_buf *out)
{
    TRY(put(out,
            msg->request_id.ptr != NULL ? SIO_STR("\203\246packet") : SIO_STR("\202\246packet")));
    TRY(put(out, msg->packet_id < 0 ? SIO_STR("\202\244type\002\244data")
                                    : SIO_STR("\203\244type\002\244data")));
    TRY(pack_event(msg, has, out));
    if (msg->packet_id >= 0) {
        TRY(put(out, SIO_STR("\242id")));
        TRY(sio__pack_int(out, msg->packet_id));
    }
    if (msg->request_id.ptr != NULL)
        TRY(pack_request_id(msg, out));
    return pack_opts(msg, out);
}

static sio_status pack_server_side_emit(const struct sio_message *msg, unsigned has, sio_buf *out)
{
    if (msg->request_id.ptr == NULL) {
        TRY(put(out, SIO_STR("\201")));
    } else {
        TRY(put(out, SIO_STR("\202")));
        TRY(pack_request_id(msg, out));
    }
    TRY(put(out, SIO_STR("\246packet")));
    return pack_event(msg, has, out);
}

/* Its header may be longer than notepack.io's. */
static sio_status pack_list(sio_str list, unsigned has, sio_buf *out)
{
    sio_cursor c = sio_cursor_at(list);
    sio_value array;
    (void)sio_cursor_read(&c, &array); /* it has been looked at */
    if (array.type != SIO_ARRAY)
        return SIO_EINVAL;
    TRY(sio__pack_array(out, array.v.count));
    return sio__notepack_values(sio_str_of(c.at, (size_t)(c.end - c.at)), has, out);
}

sio_status sio__cluster_pack_data(const struct sio_message *msg, enum sio__cluster_type type,
                                  unsigned has, sio_buf *out)
{
    if (type == CLUSTER_BROADCAST)
        return pack_broadcast(msg, has, out);
    if (type == CLUSTER_SERVER_SIDE_EMIT)
        return pack_server_side_emit(msg, has, out);
    TRY(put(out, SIO_STR("\202")));
    TRY(pack_request_id(msg, out));
    if (type == CLUSTER_FETCH_SOCKETS_RESPONSE) {
        TRY(put(out, SIO_STR("\247sockets")));
        return pack_list(msg->list, has, out);
    }
    TRY(put(out, SIO_STR("\246packet")));
    return sio__notepack_values(msg->value, has, out);
}
