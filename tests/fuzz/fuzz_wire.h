/* SPDX-License-Identifier: MIT */
/* What the targets of all wires check: what decodes is a view of what came; encoded again it
 * decodes again, and from then on to the same bytes. */
#ifndef SIO_TESTS_FUZZ_WIRE_H
#define SIO_TESTS_FUZZ_WIRE_H

#include "fuzz.h"

#include <sio/value.h>

#include "value/normal.h"
#include "value/utf8.h"
#include "wire/wire.h"

static inline bool within(sio_str view, sio_str bytes)
{
    return view.ptr >= bytes.ptr && view.ptr + view.len <= bytes.ptr + bytes.len;
}

static inline void check_view(sio_str view, sio_str payload, sio_str scratch)
{
    CHECK(view.len == 0 || within(view, payload) || within(view, scratch));
}

static inline void check_views(const struct sio_message *msg, sio_str payload, sio_str scratch)
{
    const sio_str views[] = {msg->uid,   msg->request_id, msg->event, msg->args,
                             msg->rooms, msg->except,     msg->flags, msg->target_rooms,
                             msg->sid,   msg->list,       msg->value};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++)
        check_view(views[i], payload, scratch);
}

/* The packed parts are whole, so that nobody who walks them can leave them. */
static inline void check_packed(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    while (!sio_cursor_done(&c))
        CHECK(sio_cursor_skip(&c) == SIO_OK);
}

static inline void check_message(const struct sio_message *msg)
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

static inline enum sio__verdict fuzz_decode(const struct sio__wire *wire,
                                            const struct sio__peer *peer, sio_str channel,
                                            sio_str payload, sio_buf *scratch,
                                            struct sio_message *out)
{
    enum sio__verdict verdict = wire->decode(peer, channel, payload, scratch, out);
    if (verdict == SIO__DECODED) {
        check_views(out, payload, sio_buf_str(scratch));
        check_message(out);
    }
    return verdict;
}

/* What a sender would know of values; nothing of those that it could not have made. */
static inline unsigned fuzz_has(sio_str packed)
{
    struct sio__scan scan;
    if (sio__scan(packed, SIO_MAX_DEPTH, &scan) != SIO_OK)
        return 0;
    return scan.attachments > 0 ? scan.has | SIO__HAS_BINARY : scan.has;
}

static inline sio_status fuzz_encode(const struct sio__wire *wire, const struct sio__peer *peer,
                                     const struct sio_message *msg, struct sio__frame *frame)
{
    struct sio_message told = *msg;
    told.args_has = fuzz_has(msg->args) | fuzz_has(msg->value);
    frame->channel_len = 0;
    sio_buf_init(&frame->buf);
    return wire->encode(peer, &told, SIO_STR("uid"), frame);
}

static inline bool is_infinite(const sio_value *v)
{
    return v->type == SIO_DOUBLE && v->v.real - v->v.real != 0; /* NaN too */
}

/* A name that JSON turns into null, as JSON.stringify() does. */
static inline bool has_infinite_name(const struct sio_message *msg)
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

/* A room's name that is no UTF-8, which no sender has, is mended by JSON: only in the payload. */
static inline void check_same_frame(const struct sio__frame *a, const struct sio__frame *b)
{
    CHECK(sio_str_eq(sio__frame_payload(a), sio__frame_payload(b)));
    if (sio__utf8_check(sio__frame_channel(a)) == SIO__UTF8_VALID)
        CHECK(sio_str_eq(sio__frame_channel(a), sio__frame_channel(b)));
}

/* JSON cannot say all that MessagePack can (a container as a key): then encoding says so. What it
 * says of keys that are repeated or array indices is no more after it was read; at_once: the
 * first encoding is the last. */
static inline void check_round_trip(const struct sio__wire *wire, const struct sio__peer *peer,
                                    const struct sio_message *msg, bool at_once)
{
    struct sio_message once, twice;
    struct sio__frame frames[3];
    sio_buf scratch;
    sio_buf_init(&scratch);
    sio_status status = fuzz_encode(wire, peer, msg, &frames[0]);
    CHECK(status == SIO_OK || status == SIO_EINVAL);
    if (status == SIO_OK) {
        CHECK(fuzz_decode(wire, peer, sio__frame_channel(&frames[0]),
                          sio__frame_payload(&frames[0]), &scratch, &once) == SIO__DECODED);
        CHECK(once.type == msg->type && once.close == msg->close && once.nargs == msg->nargs);
        CHECK(once.packet_id == msg->packet_id && once.client_count == msg->client_count);
        CHECK(sio_str_eq(once.nsp, msg->nsp));
        CHECK(fuzz_encode(wire, peer, &once, &frames[1]) == SIO_OK);
        CHECK(fuzz_decode(wire, peer, sio__frame_channel(&frames[1]),
                          sio__frame_payload(&frames[1]), &scratch, &twice) == SIO__DECODED);
        CHECK(fuzz_encode(wire, peer, &twice, &frames[2]) == SIO_OK);
        check_same_frame(&frames[at_once ? 0 : 1], &frames[at_once ? 1 : 2]);
        sio_buf_fini(&frames[1].buf);
        sio_buf_fini(&frames[2].buf);
    }
    sio_buf_fini(&frames[0].buf);
    sio_buf_fini(&scratch);
}

#endif
