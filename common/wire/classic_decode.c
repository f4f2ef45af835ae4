/* SPDX-License-Identifier: MIT */
/* What arrives on the classic channels, as messages. Node's own reader dies of several
 * malformed frames (docs/protocol.md); here each is told apart, so that it can be counted
 * and dropped. */
#include "wire/classic.h"

#include <sio/value.h>

#include "value/cursor.h"
#include "value/normal.h"
#include "wire/fields.h"

static const sio_str absent = {NULL, 0};

/* A broadcast of nothing, until its fields are found. */
static void start_message(const struct sio__peer *peer, struct sio_message *out)
{
    memset(out, 0, sizeof *out);
    out->type = SIO_MSG_BROADCAST;
    out->nsp = peer->nsp;
    out->packet_id = -1;
}

/* The next token of a value known to be whole; null at its end. */
static sio_value next_token(sio_cursor *c)
{
    sio_value v = {.type = SIO_NULL};
    (void)sio_cursor_read(c, &v);
    return v;
}

/* The name of a room or an event: a string or, from JavaScript callers, a number. */
static bool is_name(sio_type type)
{
    return type == SIO_STRING || type == SIO_UINT || type == SIO_INT || type == SIO_DOUBLE;
}

static bool is_name_list(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    if (next_token(&c).type != SIO_ARRAY)
        return false;
    while (!sio_cursor_done(&c))
        if (!is_name(next_token(&c).type))
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
enum opt { ROOMS, EXCEPT, FLAGS, OPTS };

static void name_opts(struct sio__field f[OPTS])
{
    f[ROOMS].name = SIO_STR("rooms");
    f[EXCEPT].name = SIO_STR("except");
    f[FLAGS].name = SIO_STR("flags");
}

static bool take_opts(const struct sio__field f[OPTS], struct sio_message *out)
{
    sio_value v;
    if (!take_names(&f[ROOMS], &out->rooms) || !take_names(&f[EXCEPT], &out->except))
        return false;
    if (sio__field_token(&f[FLAGS], &v) && v.type == SIO_MAP)
        out->flags = f[FLAGS].packed;
    return true;
}

static bool take_opts_field(const struct sio__field *field, struct sio_message *out)
{
    struct sio__field f[OPTS];
    name_opts(f);
    return sio__fields_of(field->packed, f, OPTS) == SIO_OK && take_opts(f, out);
}

/* data: [event, args...] */
static bool take_data(const struct sio__field *field, struct sio_message *out)
{
    sio_cursor c = sio_cursor_at(field->packed);
    sio_value array = next_token(&c);
    if (array.type != SIO_ARRAY || array.v.count == 0)
        return false;
    out->args = sio_str_of(c.at, (size_t)(c.end - c.at));
    out->nargs = array.v.count;
    return is_name(next_token(&c).type);
}

/* {type, data[, id], nsp} */
enum packet_field { TYPE, DATA, ID, NSP, PACKET };

static void name_packet(struct sio__field f[PACKET])
{
    f[TYPE].name = SIO_STR("type");
    f[DATA].name = SIO_STR("data");
    f[ID].name = SIO_STR("id");
    f[NSP].name = SIO_STR("nsp");
}

static enum sio__verdict take_packet(const struct sio__peer *peer,
                                     const struct sio__field f[PACKET], struct sio_message *out)
{
    uint64_t number;
    sio_str nsp = SIO_STR("/");
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

static enum sio__verdict take_packet_field(const struct sio__peer *peer,
                                           const struct sio__field *field, struct sio_message *out)
{
    struct sio__field f[PACKET];
    name_packet(f);
    if (sio__fields_of(field->packed, f, PACKET) != SIO_OK)
        return SIO__MISSING_FIELD;
    return take_packet(peer, f, out);
}

/* Arrays and maps around the arguments of a frame: what they may be nested in beyond the
 * depth that readers of values accept. */
enum { AROUND = 3, DEPTH = SIO_MAX_DEPTH + AROUND };

static bool is_whole(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    return sio__cursor_skip_within(&c, DEPTH) == SIO_OK && sio_cursor_done(&c);
}

/* ---- broadcasts: [uid, packet, opts, ...] ---- */

/* In any form. */
static enum sio__verdict decode_any(const struct sio__peer *peer, sio_str payload,
                                    struct sio_message *out)
{
    struct sio__field uid = {absent, absent}, packet[PACKET], opts[OPTS];
    sio_cursor c = sio_cursor_at(payload);
    if (!is_whole(payload))
        return SIO__MALFORMED;
    sio_value array = next_token(&c);
    if (array.type != SIO_ARRAY || array.v.count < 3)
        return SIO__MISSING_FIELD;
    const unsigned char *start = c.at;
    (void)sio_cursor_skip(&c); /* as above, of the whole */
    uid.packed = sio_str_of(start, (size_t)(c.at - start));
    name_packet(packet);
    name_opts(opts);
    if (sio__fields_read(&c, packet, PACKET) != SIO_OK ||
        sio__fields_read(&c, opts, OPTS) != SIO_OK)
        return SIO__MISSING_FIELD;
    (void)sio__field_text(&uid, &out->uid);
    enum sio__verdict verdict = take_packet(peer, packet, out);
    if (verdict == SIO__DECODED && !take_opts(opts, out))
        verdict = SIO__MISSING_FIELD;
    return verdict;
}

/* Step over bytes that are expected; of a constant length, so that no call is made. */
static inline bool eat(sio_cursor *c, const char *bytes, size_t len)
{
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, bytes, len) != 0)
        return false;
    c->at += len;
    return true;
}

#define EAT(c, literal) eat(c, "" literal, sizeof(literal) - 1)

/* A text of up to 31 bytes. */
static inline bool eat_text(sio_cursor *c, sio_str *text)
{
    size_t left = (size_t)(c->end - c->at), len = left > 0 ? c->at[0] & 0x1f : 0;
    if (len >= left || (c->at[0] & 0xe0) != 0xa0)
        return false;
    *text = sio_str_of(c->at + 1, len);
    c->at += 1 + len;
    return true;
}

/* An array of up to 15 such texts. */
static inline bool eat_names(sio_cursor *c, sio_str *packed)
{
    const unsigned char *start = c->at;
    sio_str name;
    if (start == c->end || (start[0] & 0xf0) != 0x90)
        return false;
    c->at++;
    for (unsigned n = start[0] & 0x0f; n > 0; n--)
        if (!eat_text(c, &name))
            return false;
    *packed = sio_str_of(start, (size_t)(c->at - start));
    return true;
}

/* An array of 1 to 15 values that begins with such a text: event and arguments. */
static inline bool eat_data(sio_cursor *c, struct sio_message *out)
{
    const unsigned char *start = c->at;
    sio_str event;
    if (start == c->end || start[0] < 0x91 || start[0] > 0x9f)
        return false;
    sio_cursor first = {.at = start + 1, .end = c->end};
    if (!eat_text(&first, &event) || sio__cursor_skip_within(c, DEPTH - 2) != SIO_OK)
        return false;
    out->nargs = start[0] & 0x0f;
    out->args = sio_str_of(start + 1, (size_t)(c->at - start) - 1);
    return true;
}

/* A map of up to 15 pairs. */
static inline bool eat_flags(sio_cursor *c, sio_str *packed)
{
    const unsigned char *start = c->at;
    if (start == c->end || (start[0] & 0xf0) != 0x80)
        return false;
    if (start[0] == 0x80)
        c->at++;
    else if (sio__cursor_skip_within(c, DEPTH - 2) != SIO_OK)
        return false;
    *packed = sio_str_of(start, (size_t)(c->at - start));
    return true;
}

/* In the bytes that servers, emitters and this toolkit write, the field names at their places
 * as pack_broadcast() has them: in one pass, five times as fast, and what most messages are.
 * False: in another form, or none; what *out holds does not count. */
static bool decode_usual(sio_str payload, struct sio_message *out, sio_str *nsp)
{
    sio_cursor c = sio_cursor_at(payload);
    if (!EAT(&c, "\223") || !eat_text(&c, &out->uid) || !EAT(&c, "\203\244type\002\244data") ||
        !eat_data(&c, out) || !EAT(&c, "\243nsp") || !eat_text(&c, nsp) ||
        !EAT(&c, "\203\245rooms") || !eat_names(&c, &out->rooms))
        return false;
    bool is_server = EAT(&c, "\246except"); /* an emitter's come last */
    if ((is_server && !eat_names(&c, &out->except)) || !EAT(&c, "\245flags") ||
        !eat_flags(&c, &out->flags) ||
        (!is_server && (!EAT(&c, "\246except") || !eat_names(&c, &out->except))))
        return false;
    out->packet_type = CLASSIC_EVENT;
    return sio_cursor_done(&c);
}

static enum sio__verdict decode_broadcast(const struct sio__peer *peer, sio_str payload,
                                          struct sio_message *out)
{
    sio_str nsp;
    start_message(peer, out);
    if (decode_usual(payload, out, &nsp))
        return sio_str_eq(nsp, peer->nsp) ? SIO__DECODED : SIO__NOT_OURS;
    start_message(peer, out);
    return decode_any(peer, payload, out);
}

/* ---- requests and answers ---- */

/* JSON is told by its first byte, as Node does; a MessagePack map never starts with '{'. */
static enum sio__verdict to_packed(sio_str payload, sio_buf *scratch, sio_str *packed)
{
    *packed = payload;
    if (payload.len == 0 || payload.ptr[0] != '{')
        return is_whole(payload) ? SIO__DECODED : SIO__MALFORMED;
    sio_buf_clear(scratch);
    sio_status status = sio_buf_reserve(scratch, payload.len); /* it is rarely longer packed */
    if (status == SIO_OK)
        status = sio_json_read(payload, DEPTH, scratch, NULL);
    if (status != SIO_OK)
        return status == SIO_ENOMEM ? SIO__DECODE_NOMEM : SIO__MALFORMED;
    *packed = sio_buf_str(scratch);
    return SIO__DECODED;
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
    for (size_t i = 0; i < F_COUNT; i++)
        f[i].name = sio_str_c(names[i]);
    return sio__fields_of(packed, f, F_COUNT);
}

/* Join, leave and disconnect, in today's form (opts) or the old one (sid). */
static enum sio__verdict take_management(const struct sio__field f[F_COUNT],
                                         enum sio_message_type type, struct sio_message *out)
{
    bool old_form = sio__field_nothing(&f[F_OPTS]) && sio__field_text(&f[F_SID], &out->sid);
    out->type = type;
    if (!old_form && !take_opts_field(&f[F_OPTS], out))
        return SIO__MISSING_FIELD;
    if (type == SIO_MSG_DISCONNECT_SOCKETS) {
        out->close = sio__field_true(&f[F_CLOSE]);
        return SIO__DECODED;
    }
    if (old_form) {
        sio_str room;
        if (!sio__field_text(&f[F_ROOM], &room))
            return SIO__MISSING_FIELD;
        out->target_rooms = f[F_ROOM].packed; /* one packed string: see sio_message.target_rooms */
        return SIO__DECODED;
    }
    if (!is_name_list(f[F_ROOMS].packed))
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
    return take_opts_field(&f[F_OPTS], out) ? SIO__DECODED : SIO__MISSING_FIELD;
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
        enum sio__verdict verdict = take_packet_field(peer, &f[F_PACKET], out);
        if (verdict == SIO__DECODED &&
            (out->request_id.ptr == NULL || !take_opts_field(&f[F_OPTS], out)))
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
    sio_cursor c = sio_cursor_at(field->packed);
    out->type = type;
    if (next_token(&c).type != SIO_ARRAY)
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
    if (kind == CLASSIC_CHANNEL_BROADCAST)
        return decode_broadcast(peer, payload, out);
    start_message(peer, out);
    if (kind == CLASSIC_CHANNEL_NONE)
        return SIO__NOT_OURS;
    enum sio__verdict verdict = to_packed(payload, scratch, &packed);
    if (verdict != SIO__DECODED)
        return verdict;
    if (read_fields(packed, f) != SIO_OK)
        return SIO__MISSING_FIELD;
    (void)sio__field_text(&f[F_UID], &out->uid);
    (void)sio__field_text(&f[F_REQUEST_ID], &out->request_id);
    return kind == CLASSIC_CHANNEL_REQUEST ? decode_request(peer, f, out) : decode_response(f, out);
}
