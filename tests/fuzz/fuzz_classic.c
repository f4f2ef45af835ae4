/* SPDX-License-Identifier: MIT */
/* Frames from peers: "<options><channel>\n<payload>", any bytes on any channel. What decodes
 * is a view of what came; encoded again it decodes again, and from then on to the same
 * bytes. A broadcast means the same whichever way the decoder takes, and what is known of a
 * frame before decoding is what decoding finds. */
#include "fuzz.h"

#include <sio/value.h>

#include "wire/wire.h"

/* Bits of the first byte. */
enum { IS_SERVER = 1, ANSWERS_TO_UID = 2, OTHER_NSP = 4 };

static bool within(sio_str view, sio_str bytes)
{
    return view.ptr >= bytes.ptr && view.ptr + view.len <= bytes.ptr + bytes.len;
}

static void check_view(sio_str view, sio_str payload, sio_str scratch)
{
    CHECK(view.len == 0 || within(view, payload) || within(view, scratch));
}

static void check_views(const struct sio_message *msg, sio_str payload, sio_str scratch)
{
    const sio_str views[] = {msg->uid,   msg->request_id, msg->event, msg->args,
                             msg->rooms, msg->except,     msg->flags, msg->target_rooms,
                             msg->sid,   msg->list,       msg->value};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        check_view(views[i], payload, scratch);
}

/* The packed parts are whole, so that nobody who walks them can leave them. */
static void check_packed(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    while (!sio_cursor_done(&c))
        CHECK(sio_cursor_skip(&c) == SIO_OK);
}

static void check_message(const struct sio_message *msg)
{
    sio_cursor c = sio_cursor_at(msg->args);
    check_packed(msg->rooms);
    check_packed(msg->except);
    check_packed(msg->flags);
    check_packed(msg->target_rooms);
    check_packed(msg->list);
    check_packed(msg->value);
    for (uint32_t i = 0; i < msg->nargs; i++)
        CHECK(sio_cursor_skip(&c) == SIO_OK);
    if (msg->type == SIO_MSG_BROADCAST || msg->type == SIO_MSG_SERVER_SIDE_EMIT)
        CHECK(msg->nargs > 0);
}

static enum sio__verdict decode(const struct sio__peer *peer, sio_str channel, sio_str payload,
                                sio_buf *scratch, struct sio_message *out)
{
    enum sio__verdict verdict = sio__wire_classic.decode(peer, channel, payload, scratch, out);
    if (verdict == SIO__DECODED) {
        check_views(out, payload, sio_buf_str(scratch));
        check_message(out);
    }
    return verdict;
}

static sio_status encode(const struct sio__peer *peer, const struct sio_message *msg,
                         struct sio__frame *frame)
{
    frame->channel_len = 0;
    sio_buf_init(&frame->buf);
    return sio__wire_classic.encode(peer, msg, SIO_STR("uid"), frame);
}

static bool is_infinite(const sio_value *v)
{
    return v->type == SIO_DOUBLE && v->v.real - v->v.real != 0; /* NaN too */
}

/* A name that JSON turns into null, as JSON.stringify() does. */
static bool has_infinite_name(const struct sio_message *msg)
{
    const sio_str lists[] = {msg->rooms, msg->except, msg->target_rooms};
    sio_value v;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        sio_cursor c = sio_cursor_at(lists[i]);
        while (!sio_cursor_done(&c) && sio_cursor_read(&c, &v) == SIO_OK)
            if (is_infinite(&v))
                return true;
    }
    sio_cursor event = sio_cursor_at(msg->args);
    return sio_cursor_read(&event, &v) == SIO_OK && is_infinite(&v);
}

/* JSON cannot say all that MessagePack can (a container as a key): then encoding says so. */
static void check_round_trip(const struct sio__peer *peer, const struct sio_message *msg)
{
    struct sio_message once, twice;
    struct sio__frame first, second;
    sio_buf scratch;
    sio_buf_init(&scratch);
    sio_status status = encode(peer, msg, &first);
    CHECK(status == SIO_OK || status == SIO_EINVAL);
    if (status == SIO_OK) {
        CHECK(decode(peer, sio__frame_channel(&first), sio__frame_payload(&first), &scratch,
                     &once) == SIO__DECODED);
        CHECK(once.type == msg->type && once.close == msg->close && once.nargs == msg->nargs);
        CHECK(once.packet_id == msg->packet_id && once.client_count == msg->client_count);
        CHECK(sio_str_eq(once.nsp, msg->nsp));
        CHECK(encode(peer, &once, &second) == SIO_OK);
        CHECK(sio_str_eq(sio_buf_str(&first.buf), sio_buf_str(&second.buf)));
        CHECK(decode(peer, sio__frame_channel(&second), sio__frame_payload(&second), &scratch,
                     &twice) == SIO__DECODED);
        sio_buf_fini(&second.buf);
    }
    sio_buf_fini(&first.buf);
    sio_buf_fini(&scratch);
}

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
    CHECK(decode(peer, channel, sio_buf_str(&wide), &scratch, &other) == verdict);
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
    sio_str room, id = sio__wire_classic.answers_to(payload);
    bool broadcast = sio__wire_classic.room_of(peer, channel, &room);
    check_view(id, payload, payload);
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
    enum sio__verdict verdict = decode(&peer, channel, input, &scratch, &msg);
    CHECK(verdict != SIO__DECODE_NOMEM);
    check_other_way(&peer, channel, input, verdict, &msg);
    check_before_decoding(&peer, channel, input, verdict, &msg);
    if (verdict == SIO__DECODED && msg.sid.ptr == NULL && /* the old form is never written */
        !has_infinite_name(&msg))
        check_round_trip(&peer, &msg);
    sio_buf_fini(&scratch);
    return 0;
}
