/* SPDX-License-Identifier: MIT */
/* Frames from peers: "<options><channel>\n<payload>", any bytes on any channel. What decodes
 * is a view of what came; encoded again it decodes again, and from then on to the same
 * bytes. A broadcast means the same whichever way the decoder takes, and what is known of a
 * frame before decoding is what decoding finds. */
#include "fuzz_wire.h"

/* Bits of the first byte. */
enum { IS_SERVER = 1, ANSWERS_TO_UID = 2, OTHER_NSP = 4 };

static const struct sio__wire *const wire = &sio__wire_classic;

/* With its array's header in the long form, which nobody writes, a frame is never taken for
 * one in the usual form. */
static void check_other_way(const struct sio__peer *peer, sio_str channel, sio_str payload,
                            enum sio__verdict verdict, const struct sio_message *msg)
{
    struct sio_message other;
    sio_buf scratch, wide;
    if (payload.len == 0 || payload.ptr[0] != '\x93')
        return;
    sio_buf_init(&scratch);
    sio_buf_init(&wide);
    CHECK(sio_buf_append(&wide, "\xdc\x00\x03", 3) == SIO_OK);
    CHECK(sio_buf_append(&wide, payload.ptr + 1, payload.len - 1) == SIO_OK);
    CHECK(fuzz_decode(wire, peer, channel, sio_buf_str(&wide), &scratch, &other) == verdict);
    if (verdict == SIO__DECODED && msg->type == SIO_MSG_BROADCAST) {
        CHECK(sio_str_eq(other.uid, msg->uid) && sio_str_eq(other.args, msg->args));
        CHECK(sio_str_eq(other.rooms, msg->rooms) && sio_str_eq(other.except, msg->except));
        CHECK(sio_str_eq(other.flags, msg->flags) && other.nargs == msg->nargs);
        CHECK(other.packet_type == msg->packet_type && other.packet_id == msg->packet_id);
    }
    sio_buf_fini(&wide);
    sio_buf_fini(&scratch);
}

/* The room that a channel names, and whose an answer is. */
static void check_before_decoding(const struct sio__peer *peer, sio_str channel, sio_str payload,
                                  enum sio__verdict verdict, const struct sio_message *msg)
{
    sio_str room, id = wire->answers_to(payload);
    bool broadcast = wire->room_of(peer, channel, &room);
    check_view(id, payload, payload);
    check_view(wire->sender(payload), payload, payload);
    if (broadcast)
        check_view(room, channel, channel);
    if (verdict == SIO__DECODED)
        CHECK(broadcast == (msg->type == SIO_MSG_BROADCAST && msg->request_id.ptr == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str input = sio_str_of(data, size);
    unsigned bits = fuzz_byte(&input);
    struct sio__peer peer = {
        .role = (bits & IS_SERVER) != 0 ? SIO__SERVER : SIO__EMITTER,
        .key = SIO_STR("socket.io"),
        .nsp = (bits & OTHER_NSP) != 0 ? SIO_STR("/a#b") : SIO_STR("/"),
        .answers_to_uid = (bits & ANSWERS_TO_UID) != 0,
    };
    sio_str channel = fuzz_line(&input);
    struct sio_message msg;
    sio_buf scratch;
    sio_buf_init(&scratch);
    enum sio__verdict verdict = fuzz_decode(wire, &peer, channel, input, &scratch, &msg);
    CHECK(verdict != SIO__DECODE_NOMEM);
    check_other_way(&peer, channel, input, verdict, &msg);
    check_before_decoding(&peer, channel, input, verdict, &msg);
    if (verdict == SIO__DECODED && msg.sid.ptr == NULL && /* the old form is never written */
        !has_infinite_name(&msg))
        check_round_trip(wire, &peer, &msg, true);
    sio_buf_fini(&scratch);
    return 0;
}
