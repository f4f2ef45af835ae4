/* SPDX-License-Identifier: MIT */
/* Messages on shard channels: "<options><channel>\n<payload>", any bytes on any channel. What
 * fuzz_wire.h says; and a message means the same whichever way the decoder takes, and what is
 * known of it before decoding is what decoding finds. */
#include "fuzz_wire.h"

static const struct sio__wire *const wire = &sio__wire_sharded;

/* Bits of the first byte. */
enum { MODES = 3, OTHER_NSP = 4, NAMED = 8 };

/* The same message in a form that nobody writes, which is never taken for the usual one: with
 * white space, or a map's header in its long form. */
static bool disguise(sio_str payload, sio_buf *out)
{
    sio_str head = SIO_STR("{ ");
    if (payload.len == 0 || (payload.ptr[0] != '{' && (payload.ptr[0] & '\xf0') != '\x80'))
        return false;
    char map[3] = {'\xde', 0, (char)(payload.ptr[0] & 0x0f)};
    if (payload.ptr[0] != '{')
        head = sio_str_of(map, sizeof map);
    CHECK(sio_buf_append(out, head.ptr, head.len) == SIO_OK);
    CHECK(sio_buf_append(out, payload.ptr + 1, payload.len - 1) == SIO_OK);
    return true;
}

static void check_other_way(const struct sio__peer *peer, sio_str channel, sio_str payload,
                            enum sio__verdict verdict, const struct sio_message *msg)
{
    struct sio_message other;
    sio_buf scratch, disguised;
    sio_buf_init(&scratch);
    sio_buf_init(&disguised);
    if (disguise(payload, &disguised)) {
        enum sio__verdict second =
            fuzz_decode(wire, peer, channel, sio_buf_str(&disguised), &scratch, &other);
        /* of an unknown type no more is read than the number and the end */
        CHECK(second == verdict || verdict == SIO__UNKNOWN_TYPE || verdict == SIO__NOT_OURS);
        if (verdict == SIO__DECODED) {
            CHECK(other.type == msg->type && other.nargs == msg->nargs);
            CHECK(sio_str_eq(other.uid, msg->uid) && sio_str_eq(other.args, msg->args));
            CHECK((other.uid.ptr == NULL) == (msg->uid.ptr == NULL));
            CHECK(sio_str_eq(other.rooms, msg->rooms) && sio_str_eq(other.except, msg->except));
            CHECK(sio_str_eq(other.flags, msg->flags));
            CHECK(sio_str_eq(other.request_id, msg->request_id));
            CHECK((other.request_id.ptr == NULL) == (msg->request_id.ptr == NULL));
            CHECK(other.packet_type == msg->packet_type && other.packet_id == msg->packet_id);
        }
    }
    sio_buf_fini(&disguised);
    sio_buf_fini(&scratch);
}

static void check_before_decoding(const struct sio__peer *peer, sio_str channel, sio_str payload,
                                  enum sio__verdict verdict, const struct sio_message *msg)
{
    sio_str room, id = wire->answers_to(payload), uid = wire->sender(payload);
    check_view(id, payload, payload);
    check_view(uid, payload, payload);
    if (wire->room_of(peer, channel, &room))
        check_view(room, channel, channel);
    else
        CHECK(verdict == SIO__NOT_OURS);
    if (verdict == SIO__DECODED && uid.ptr != NULL)
        CHECK(sio_str_eq(uid, msg->uid));
}

/* Whoever publishes to a room alone and whoever subscribes to it mean the same channel. */
static void check_room(const struct sio__peer *peer, const struct sio_message *msg)
{
    struct sio__frame frame;
    sio_buf own;
    sio_value v;
    sio_cursor c = sio_cursor_at(msg->rooms);
    if (msg->type != SIO_MSG_BROADCAST || msg->request_id.ptr != NULL ||
        sio_cursor_read(&c, &v) != SIO_OK || v.v.count != 1)
        return;
    CHECK(sio_cursor_read(&c, &v) == SIO_OK);
    if (v.type != SIO_STRING || sio_str_eq(v.v.text, peer->uid))
        return;
    sio_buf_init(&own);
    if (wire->room_channel(peer, v.v.text, &own) != SIO_OK)
        CHECK(wire->servers_channel(peer, &own) == SIO_OK);
    if (fuzz_encode(wire, peer, msg, &frame) == SIO_OK)
        CHECK(sio_str_eq(sio__frame_channel(&frame), sio_buf_str(&own)));
    sio_buf_fini(&frame.buf);
    sio_buf_fini(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str input = sio_str_of(data, size);
    unsigned bits = fuzz_byte(&input);
    struct sio__peer peer = {
        .role = SIO__SERVER,
        .key = SIO_STR("socket.io"),
        .nsp = (bits & OTHER_NSP) != 0 ? SIO_STR("/a#b") : SIO_STR("/"),
        .uid = (bits & NAMED) != 0 ? SIO_STR("aaaaaaaaaaaaaaaa") : sio_str_of(NULL, 0),
        .rooms_mode = (enum sio__rooms_mode)((bits & MODES) % MODES),
    };
    sio_str channel = fuzz_line(&input);
    struct sio_message msg;
    sio_buf scratch;
    sio_buf_init(&scratch);
    enum sio__verdict verdict = fuzz_decode(wire, &peer, channel, input, &scratch, &msg);
    CHECK(verdict != SIO__DECODE_NOMEM);
    check_other_way(&peer, channel, input, verdict, &msg);
    check_before_decoding(&peer, channel, input, verdict, &msg);
    if (verdict == SIO__DECODED && !has_infinite_name(&msg)) {
        check_round_trip(wire, &peer, &msg, false);
        check_room(&peer, &msg);
    }
    sio_buf_fini(&scratch);
    return 0;
}
