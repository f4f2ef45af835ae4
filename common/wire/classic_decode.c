/* SPDX-License-Identifier: MIT */
/* What arrives on the classic channels, as messages. Node's own reader dies of several
 * malformed frames (docs/protocol.md); here each is told apart, so that it can be counted
 * and dropped. */
#include "wire/classic.h"

#include <sio/value.h>

#include "value/json.h"
#include "value/normal.h"
#include "wire/fields.h"

static const sio_str absent = {NULL, 0};

/* A room name is a string or, from JavaScript callers, a number. */
static bool is_name_list(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v;
    if (sio_cursor_read(&c, &v) != SIO_OK || v.type != SIO_ARRAY)
        return false;
    while (!sio_cursor_done(&c))
        if (sio_cursor_read(&c, &v) != SIO_OK || (v.type != SIO_STRING && v.type != SIO_UINT &&
                                                  v.type != SIO_INT && v.type != SIO_DOUBLE))
            return false;
    return true;
}

/* Absent and null mean an empty list. */
static bool take_names(const struct sio__field *field, sio_str *out)
{
    if (sio__field_nothing(field)) {
        *out = absent;
        return true;
    }
    *out = field->packed;
    return is_name_list(field->packed);
}

/* {rooms, except, flags} */
static bool take_opts(const struct sio__field *field, struct sio_message *out)
{
    enum { ROOMS, EXCEPT, FLAGS };
    struct sio__field f[] = {
        {SIO_STR("rooms"), absent}, {SIO_STR("except"), absent}, {SIO_STR("flags"), absent}};
    sio_cursor c = sio_cursor_at(field->packed);
    sio_value v;
    if (sio__fields_read(&c, f, 3) != SIO_OK || !take_names(&f[ROOMS], &out->rooms) ||
        !take_names(&f[EXCEPT], &out->except))
        return false;
    if (sio__field_token(&f[FLAGS], &v) && v.type == SIO_MAP)
        out->flags = f[FLAGS].packed;
    return true;
}

/* data: [event, args...], the event a string or, from JavaScript callers, a number. */
static bool take_data(const struct sio__field *field, struct sio_message *out)
{
    sio_cursor c = sio_cursor_at(field->packed);
    sio_value array, event;
    if (field->packed.len == 0 || sio_cursor_read(&c, &array) != SIO_OK ||
        array.type != SIO_ARRAY || array.v.count == 0)
        return false;
    out->args = sio_str_of(c.at, (size_t)(c.end - c.at));
    out->nargs = array.v.count;
    return sio_cursor_read(&c, &event) == SIO_OK &&
           (event.type == SIO_STRING || event.type == SIO_UINT || event.type == SIO_INT ||
            event.type == SIO_DOUBLE);
}

/* {type, data[, id], nsp} */
static enum sio__verdict take_packet(const struct sio__peer *peer, const struct sio__field *field,
                                     struct sio_message *out)
{
    enum { TYPE, DATA, ID, NSP };
    struct sio__field f[] = {{SIO_STR("type"), absent},
                             {SIO_STR("data"), absent},
                             {SIO_STR("id"), absent},
                             {SIO_STR("nsp"), absent}};
    sio_cursor c = sio_cursor_at(field->packed);
    uint64_t number;
    sio_str nsp = SIO_STR("/");
    if (sio__fields_read(&c, f, 4) != SIO_OK)
        return SIO__MISSING_FIELD;
    if (f[NSP].packed.len > 0 && !sio__field_text(&f[NSP], &nsp))
        return SIO__NOT_OURS; /* even null: the Node adapter compares with its name */
    if (!sio_str_eq(nsp, peer->nsp))
        return SIO__NOT_OURS;
    if (!sio__field_number(&f[TYPE], &number) || number > 6 || !take_data(&f[DATA], out))
        return SIO__MISSING_FIELD;
    out->packet_type = (int64_t)number;
    if (sio__field_number(&f[ID], &number) && number <= SIO__SAFE_INTEGER)
        out->packet_id = (int64_t)number;
    return SIO__DECODED;
}

/* [uid, packet, opts, ...] */
static enum sio__verdict decode_broadcast(const struct sio__peer *peer, sio_str payload,
                                          struct sio_message *out)
{
    sio_cursor c = sio_cursor_at(payload);
    sio_cursor whole = c;
    sio_value array, uid;
    struct sio__field part[3] = {{absent, absent}, {absent, absent}, {absent, absent}};
    if (sio_cursor_skip(&whole) != SIO_OK || !sio_cursor_done(&whole))
        return SIO__MALFORMED;
    if (sio_cursor_read(&c, &array) != SIO_OK || array.type != SIO_ARRAY || array.v.count < 3)
        return SIO__MISSING_FIELD;
    for (size_t i = 0; i < 3; i++) {
        const unsigned char *start = c.at;
        if (sio_cursor_skip(&c) != SIO_OK)
            return SIO__MALFORMED;
        part[i].packed = sio_str_of(start, (size_t)(c.at - start));
    }
    out->type = SIO_MSG_BROADCAST;
    if (sio__field_token(&part[0], &uid) && uid.type == SIO_STRING)
        out->uid = uid.v.text;
    enum sio__verdict verdict = take_packet(peer, &part[1], out);
    if (verdict == SIO__DECODED && !take_opts(&part[2], out))
        verdict = SIO__MISSING_FIELD;
    return verdict;
}

/* JSON is told by its first byte, as Node does; a MessagePack map never starts with '{'. */
static enum sio__verdict to_packed(sio_str payload, sio_buf *scratch, sio_str *packed)
{
    sio_cursor c;
    *packed = payload;
    if (payload.len > 0 && payload.ptr[0] == '{') {
        sio_buf_clear(scratch);
        sio_status status = sio_json_read(payload, 0, scratch, NULL);
        if (status != SIO_OK)
            return status == SIO_ENOMEM ? SIO__DECODE_NOMEM : SIO__MALFORMED;
        *packed = sio_buf_str(scratch);
    }
    c = sio_cursor_at(*packed);
    return sio_cursor_skip(&c) == SIO_OK && sio_cursor_done(&c) ? SIO__DECODED : SIO__MALFORMED;
}

/* The fields of requests and responses, in one list. */
enum field {
    F_TYPE,
    F_UID,
    F_REQUEST_ID,
    F_OPTS,
    F_ROOMS,
    F_CLOSE,
    F_SID,
    F_ROOM,
    F_DATA,
    F_PACKET,
    F_SOCKETS,
    F_CLIENT_COUNT,
    F_COUNT
};

static sio_status read_fields(sio_str packed, struct sio__field f[F_COUNT])
{
    static const char *const names[F_COUNT] = {
        [F_TYPE] = "type",       [F_UID] = "uid",
        [F_OPTS] = "opts",       [F_REQUEST_ID] = "requestId",
        [F_ROOMS] = "rooms",     [F_CLOSE] = "close",
        [F_SID] = "sid",         [F_ROOM] = "room",
        [F_DATA] = "data",       [F_PACKET] = "packet",
        [F_SOCKETS] = "sockets", [F_CLIENT_COUNT] = "clientCount"};
    sio_cursor c = sio_cursor_at(packed);
    for (size_t i = 0; i < F_COUNT; i++)
        f[i].name = sio_str_c(names[i]);
    return sio__fields_read(&c, f, F_COUNT);
}

/* Join, leave and disconnect, in today's form (opts) or the old one (sid). */
static enum sio__verdict take_management(const struct sio__field f[F_COUNT],
                                         enum sio_message_type type, struct sio_message *out)
{
    bool old_form = sio__field_nothing(&f[F_OPTS]) && sio__field_text(&f[F_SID], &out->sid);
    out->type = type;
    if (!old_form && !take_opts(&f[F_OPTS], out))
        return SIO__MISSING_FIELD;
    if (type == SIO_MSG_DISCONNECT_SOCKETS) {
        out->close = sio__field_true(&f[F_CLOSE]);
        return SIO__DECODED;
    }
    if (old_form) {
        sio_value room;
        if (!sio__field_token(&f[F_ROOM], &room) || room.type != SIO_STRING)
            return SIO__MISSING_FIELD;
        out->target_rooms = f[F_ROOM].packed; /* one packed string: see sio_message.target_rooms */
        return SIO__DECODED;
    }
    if (f[F_ROOMS].packed.len == 0 || !is_name_list(f[F_ROOMS].packed))
        return SIO__MISSING_FIELD;
    out->target_rooms = f[F_ROOMS].packed;
    return SIO__DECODED;
}

static enum sio__verdict take_query(const struct sio__field f[F_COUNT], uint64_t type,
                                    struct sio_message *out)
{
    if (out->request_id.ptr == NULL)
        return SIO__MISSING_FIELD;
    if (type == CLASSIC_ALL_ROOMS) {
        out->type = SIO_MSG_ALL_ROOMS;
        return SIO__DECODED;
    }
    if (type == CLASSIC_SOCKETS) {
        out->type = SIO_MSG_SOCKETS;
        return take_names(&f[F_ROOMS], &out->rooms) ? SIO__DECODED : SIO__MISSING_FIELD;
    }
    out->type = SIO_MSG_FETCH_SOCKETS;
    return take_opts(&f[F_OPTS], out) ? SIO__DECODED : SIO__MISSING_FIELD;
}

static enum sio__verdict decode_request(const struct sio__peer *peer,
                                        const struct sio__field f[F_COUNT], struct sio_message *out)
{
    uint64_t type;
    if (!sio__field_number(&f[F_TYPE], &type))
        return SIO__UNKNOWN_TYPE;
    switch (type) {
    case CLASSIC_REMOTE_JOIN:
        return take_management(f, SIO_MSG_SOCKETS_JOIN, out);
    case CLASSIC_REMOTE_LEAVE:
        return take_management(f, SIO_MSG_SOCKETS_LEAVE, out);
    case CLASSIC_REMOTE_DISCONNECT:
        return take_management(f, SIO_MSG_DISCONNECT_SOCKETS, out);
    case CLASSIC_SOCKETS:
    case CLASSIC_ALL_ROOMS:
    case CLASSIC_REMOTE_FETCH:
        return take_query(f, type, out);
    case CLASSIC_SERVER_SIDE_EMIT:
        out->type = SIO_MSG_SERVER_SIDE_EMIT;
        return take_data(&f[F_DATA], out) ? SIO__DECODED : SIO__MISSING_FIELD;
    case CLASSIC_BROADCAST: {
        out->type = SIO_MSG_BROADCAST;
        enum sio__verdict verdict = take_packet(peer, &f[F_PACKET], out);
        if (verdict == SIO__DECODED && (out->request_id.ptr == NULL || !take_opts(&f[F_OPTS], out)))
            verdict = SIO__MISSING_FIELD;
        return verdict;
    }
    default:
        return SIO__UNKNOWN_TYPE;
    }
}

static enum sio__verdict take_list(const struct sio__field *field, enum sio_message_type type,
                                   struct sio_message *out)
{
    sio_value v;
    out->type = type;
    if (!sio__field_token(field, &v) || v.type != SIO_ARRAY)
        return SIO__MISSING_FIELD;
    out->list = field->packed;
    return SIO__DECODED;
}

/* Answers carry a type only if it is 6, 8 or 9; else the field tells what they answer. */
static enum sio__verdict decode_response(const struct sio__field f[F_COUNT],
                                         struct sio_message *out)
{
    uint64_t number;
    if (out->request_id.ptr == NULL)
        return SIO__MISSING_FIELD;
    if (sio__field_nothing(&f[F_TYPE])) {
        if (f[F_SOCKETS].packed.len > 0)
            return take_list(&f[F_SOCKETS], SIO_MSG_SOCKETS_RESPONSE, out);
        if (f[F_ROOMS].packed.len > 0)
            return take_list(&f[F_ROOMS], SIO_MSG_ROOMS_RESPONSE, out);
        out->type = SIO_MSG_DONE;
        return SIO__DECODED;
    }
    if (!sio__field_number(&f[F_TYPE], &number))
        return SIO__UNKNOWN_TYPE;
    switch (number) {
    case CLASSIC_SERVER_SIDE_EMIT:
        out->type = SIO_MSG_SERVER_SIDE_EMIT_RESPONSE;
        out->value = f[F_DATA].packed;
        return SIO__DECODED;
    case CLASSIC_BROADCAST_ACK:
        out->type = SIO_MSG_BROADCAST_ACK;
        out->value = f[F_PACKET].packed;
        return SIO__DECODED;
    case CLASSIC_BROADCAST_CLIENT_COUNT:
        out->type = SIO_MSG_CLIENT_COUNT;
        if (!sio__field_number(&f[F_CLIENT_COUNT], &number) || number > UINT32_MAX)
            return SIO__MISSING_FIELD;
        out->client_count = (uint32_t)number;
        return SIO__DECODED;
    default:
        return SIO__UNKNOWN_TYPE;
    }
}

enum sio__verdict sio__classic_decode(const struct sio__peer *peer, sio_str channel,
                                      sio_str payload, sio_buf *scratch, struct sio_message *out)
{
    struct sio__field f[F_COUNT];
    sio_str suffix, packed;
    enum sio__classic_channel kind = sio__classic_channel_read(peer, channel, &suffix);
    memset(out, 0, sizeof *out);
    out->nsp = peer->nsp;
    out->packet_id = -1;
    if (kind == CLASSIC_CHANNEL_NONE)
        return SIO__NOT_OURS;
    if (kind == CLASSIC_CHANNEL_BROADCAST)
        return decode_broadcast(peer, payload, out);
    enum sio__verdict verdict = to_packed(payload, scratch, &packed);
    if (verdict != SIO__DECODED)
        return verdict;
    if (read_fields(packed, f) != SIO_OK)
        return SIO__MISSING_FIELD;
    (void)sio__field_text(&f[F_UID], &out->uid);
    (void)sio__field_text(&f[F_REQUEST_ID], &out->request_id);
    return kind == CLASSIC_CHANNEL_REQUEST ? decode_request(peer, f, out) : decode_response(f, out);
}
