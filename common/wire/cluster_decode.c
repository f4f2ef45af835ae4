/* SPDX-License-Identifier: MIT */
/* `data` of received cluster messages. Node's own reader dies of several malformed ones
 * (docs/protocol.md); here each is told apart, so that it can be counted and dropped. */
#include "wire/cluster.h"

#include "wire/parts.h"

/* The fields of `data` of all types. */
enum field { F_PACKET, F_OPTS, F_REQUEST_ID, F_ROOMS, F_CLOSE, F_SOCKETS, F_CLIENT_COUNT, F_COUNT };

static sio_status read_fields(sio_str data, struct sio__field f[F_COUNT])
{
    static const sio_str names[F_COUNT] = {[F_PACKET] = SIO_STR_INIT("packet"),
                                           [F_OPTS] = SIO_STR_INIT("opts"),
                                           [F_REQUEST_ID] = SIO_STR_INIT("requestId"),
                                           [F_ROOMS] = SIO_STR_INIT("rooms"),
                                           [F_CLOSE] = SIO_STR_INIT("close"),
                                           [F_SOCKETS] = SIO_STR_INIT("sockets"),
                                           [F_CLIENT_COUNT] = SIO_STR_INIT("clientCount")};
    for (size_t i = 0; i < F_COUNT; i++)
        f[i].name = names[i];
    return sio__fields_of(data, f, F_COUNT);
}

static bool take_broadcast(const struct sio__field f[F_COUNT], struct sio_message *out)
{
    enum { TYPE, DATA, ID, COUNT };
    struct sio__field packet[COUNT] = {
        {.name = SIO_STR("type")}, {.name = SIO_STR("data")}, {.name = SIO_STR("id")}};
    out->type = SIO_MSG_BROADCAST;
    return sio__fields_of(f[F_PACKET].packed, packet, COUNT) == SIO_OK &&
           sio__part_packet(&packet[TYPE], &packet[DATA], &packet[ID], out) &&
           sio__part_opts(&f[F_OPTS], out);
}

static bool take_rooms(const struct sio__field f[F_COUNT], enum sio_message_type type,
                       struct sio_message *out)
{
    out->type = type;
    out->target_rooms = f[F_ROOMS].packed;
    return sio__part_opts(&f[F_OPTS], out) && sio__part_is_names(f[F_ROOMS].packed);
}

static bool take_disconnect(const struct sio__field f[F_COUNT], struct sio_message *out)
{
    out->type = SIO_MSG_DISCONNECT_SOCKETS;
    out->close = sio__field_true(&f[F_CLOSE]);
    return sio__part_opts(&f[F_OPTS], out);
}

static bool take_fetch(const struct sio__field f[F_COUNT], struct sio_message *out)
{
    out->type = SIO_MSG_FETCH_SOCKETS;
    return out->request_id.ptr != NULL && sio__part_opts(&f[F_OPTS], out);
}

static bool take_server_side_emit(const struct sio__field f[F_COUNT], struct sio_message *out)
{
    out->type = SIO_MSG_SERVER_SIDE_EMIT;
    return sio__part_event(&f[F_PACKET], out);
}

static bool take_sockets(const struct sio__field f[F_COUNT], struct sio_message *out)
{
    out->type = SIO_MSG_SOCKETS_RESPONSE;
    return out->request_id.ptr != NULL && sio__part_list(&f[F_SOCKETS], out);
}

static bool take_value(const struct sio__field f[F_COUNT], enum sio_message_type type,
                       struct sio_message *out)
{
    out->type = type;
    out->value = f[F_PACKET].packed;
    return out->request_id.ptr != NULL;
}

static bool take_count(const struct sio__field f[F_COUNT], struct sio_message *out)
{
    uint64_t number;
    out->type = SIO_MSG_CLIENT_COUNT;
    if (out->request_id.ptr == NULL || !sio__field_number(&f[F_CLIENT_COUNT], &number) ||
        number > UINT32_MAX)
        return false;
    out->client_count = (uint32_t)number;
    return true;
}

/* Of the types that have data. */
static bool take_data(uint64_t type, const struct sio__field f[F_COUNT], struct sio_message *out)
{
    (void)sio__field_text(&f[F_REQUEST_ID], &out->request_id);
    switch (type) {
    case CLUSTER_BROADCAST:
        return take_broadcast(f, out);
    case CLUSTER_SOCKETS_JOIN:
        return take_rooms(f, SIO_MSG_SOCKETS_JOIN, out);
    case CLUSTER_SOCKETS_LEAVE:
        return take_rooms(f, SIO_MSG_SOCKETS_LEAVE, out);
    case CLUSTER_DISCONNECT_SOCKETS:
        return take_disconnect(f, out);
    case CLUSTER_FETCH_SOCKETS:
        return take_fetch(f, out);
    case CLUSTER_FETCH_SOCKETS_RESPONSE:
        return take_sockets(f, out);
    case CLUSTER_SERVER_SIDE_EMIT:
        return take_server_side_emit(f, out);
    case CLUSTER_SERVER_SIDE_EMIT_RESPONSE:
        return take_value(f, SIO_MSG_SERVER_SIDE_EMIT_RESPONSE, out);
    case CLUSTER_BROADCAST_CLIENT_COUNT:
        return take_count(f, out);
    default:
        return take_value(f, SIO_MSG_BROADCAST_ACK, out);
    }
}

enum sio__verdict sio__cluster_take(uint64_t type, sio_str data, struct sio_message *out)
{
    struct sio__field f[F_COUNT];
    switch (type) {
    case CLUSTER_INITIAL_HEARTBEAT:
        out->type = SIO_MSG_INITIAL_HEARTBEAT;
        return SIO__DECODED;
    case CLUSTER_HEARTBEAT:
        out->type = SIO_MSG_HEARTBEAT;
        return SIO__DECODED;
    case CLUSTER_ADAPTER_CLOSE:
        out->type = SIO_MSG_ADAPTER_CLOSE;
        return SIO__DECODED;
    default:
        break;
    }
    if (type == CLUSTER_NONE || type > CLUSTER_ADAPTER_CLOSE)
        return SIO__UNKNOWN_TYPE;
    if (read_fields(data, f) != SIO_OK || !take_data(type, f, out))
        return SIO__MISSING_FIELD;
    return SIO__DECODED;
}
