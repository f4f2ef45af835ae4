/* SPDX-License-Identifier: MIT */
/* What arrives on the classic channels, as messages. Node's own reader dies of several
 * malformed frames (docs/protocol.md); here each is told apart, so that it can be counted
 * and dropped. */
#include "wire/classic.h"

#include <sio/value.h>

#include "wire/parts.h"
#include "wire/usual.h"

static const sio_str absent = {NULL, 0};

/* Arrays and maps around the arguments of a frame: what they may be nested in beyond the
 * depth that readers of values accept. */
enum { AROUND = 3, DEPTH = SIO_MAX_DEPTH + AROUND };

/* A handshake is in a description, in a list, in an answer. */
enum { HANDSHAKES = 3 };

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
    sio_str nsp = SIO_STR("/");
    if (f[NSP].packed.len > 0 && !sio__field_text(&f[NSP], &nsp))
        return SIO__NOT_OURS; /* even null: the Node adapter compares with its name */
    if (!sio_str_eq(nsp, peer->nsp))
        return SIO__NOT_OURS;
    return sio__part_packet(&f[TYPE], &f[DATA], &f[ID], out) ? SIO__DECODED : SIO__MISSING_FIELD;
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

/* ---- broadcasts: [uid, packet, opts, ...] ---- */

/* In any form. */
static enum sio__verdict decode_any(const struct sio__peer *peer, sio_str payload,
                                    struct sio_message *out)
{
    struct sio__field uid = {absent, absent}, packet[PACKET], opts[SIO__OPTS];
    sio_cursor c = sio_cursor_at(payload);
    if (!sio__part_is_whole(payload, DEPTH))
        return SIO__MALFORMED;
    sio_value array = sio__part_token(&c);
    if (array.type != SIO_ARRAY || array.v.count < 3)
        return SIO__MISSING_FIELD;
    const unsigned char *start = c.at;
    (void)sio_cursor_skip(&c); /* as above, of the whole */
    uid.packed = sio_str_of(start, (size_t)(c.at - start));
    name_packet(packet);
    sio__part_name_opts(opts);
    if (sio__fields_read(&c, packet, PACKET) != SIO_OK ||
        sio__fields_read(&c, opts, SIO__OPTS) != SIO_OK)
        return SIO__MISSING_FIELD;
    (void)sio__field_text(&uid, &out->uid);
    enum sio__verdict verdict = take_packet(peer, packet, out);
    if (verdict == SIO__DECODED && !sio__part_opts_of(opts, out))
        verdict = SIO__MISSING_FIELD;
    return verdict;
}

/* In the bytes that servers, emitters and this toolkit write, the field names at their places
 * as pack_broadcast() has them: in one pass, five times as fast, and what most messages are.
 * False: in another form, or none; what *out holds does not count. */
static bool decode_usual(sio_str payload, struct sio_message *out, sio_str *nsp)
{
    sio_cursor c = sio_cursor_at(payload);
    if (!SIO__EAT(&c, "\223") || !sio__eat_text(&c, &out->uid) ||
        !SIO__EAT(&c, "\203\244type\002\244data") || !sio__eat_event(&c, DEPTH - 2, out) ||
        !SIO__EAT(&c, "\243nsp") || !sio__eat_text(&c, nsp) || !SIO__EAT(&c, "\203\245rooms") ||
        !sio__eat_names(&c, &out->rooms))
        return false;
    bool is_server = SIO__EAT(&c, "\246except"); /* an emitter's come last */
    if ((is_server && !sio__eat_names(&c, &out->except)) || !SIO__EAT(&c, "\245flags") ||
        !sio__eat_flags(&c, DEPTH - 2, &out->flags) ||
        (!is_server && (!SIO__EAT(&c, "\246except") || !sio__eat_names(&c, &out->except))))
        return false;
    out->packet_type = CLASSIC_EVENT;
    return sio_cursor_done(&c);
}

static enum sio__verdict decode_broadcast(const struct sio__peer *peer, sio_str payload,
                                          struct sio_message *out)
{
    sio_str nsp;
    sio__part_none(peer, out);
    if (decode_usual(payload, out, &nsp))
        return sio_str_eq(nsp, peer->nsp) ? SIO__DECODED : SIO__NOT_OURS;
    sio__part_none(peer, out);
    return decode_any(peer, payload, out);
}

/* ---- requests and answers ---- */

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
    if (!old_form && !sio__part_opts(&f[F_OPTS], out))
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
    if (!sio__part_is_names(f[F_ROOMS].packed))
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
        return sio__part_names(&f[F_ROOMS], &out->rooms) ? SIO__DECODED : SIO__MISSING_FIELD;
    }
    out->type = SIO_MSG_FETCH_SOCKETS;
    return sio__part_opts(&f[F_OPTS], out) ? SIO__DECODED : SIO__MISSING_FIELD;
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
        return sio__part_event(&f[F_DATA], out) ? SIO__DECODED : SIO__MISSING_FIELD;
    case CLASSIC_BROADCAST: {
        out->type = SIO_MSG_BROADCAST;
        enum sio__verdict verdict = take_packet_field(peer, &f[F_PACKET], out);
        if (verdict == SIO__DECODED &&
            (out->request_id.ptr == NULL || !sio__part_opts(&f[F_OPTS], out)))
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
    out->type = type;
    return sio__part_list(field, out) ? SIO__DECODED : SIO__MISSING_FIELD;
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
    sio__part_none(peer, out);
    if (kind == CLASSIC_CHANNEL_NONE)
        return SIO__NOT_OURS;
    enum sio__verdict verdict =
        sio__part_payload(payload, DEPTH, HANDSHAKES, scratch, &packed, &out->extents);
    if (verdict != SIO__DECODED)
        return verdict;
    if (read_fields(packed, f) != SIO_OK)
        return SIO__MISSING_FIELD;
    (void)sio__field_text(&f[F_UID], &out->uid);
    (void)sio__field_text(&f[F_REQUEST_ID], &out->request_id);
    return kind == CLASSIC_CHANNEL_REQUEST ? decode_request(peer, f, out) : decode_response(f, out);
}
