/* SPDX-License-Identifier: MIT */
/* Frames from peers: "<options><channel>\n<payload>", any bytes on any channel. What decodes
 * is a view of what came; encoded again it decodes again, and from then on to the same
 * bytes. */
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
    if (verdict == SIO__DECODED && msg.sid.ptr == NULL) /* the old form is never written */
        check_round_trip(&peer, &msg);
    sio_buf_fini(&scratch);
    return 0;
}
