/* SPDX-License-Identifier: MIT */
/* The sharded wire against what createShardedAdapter() of @socket.io/redis-adapter 8.3
 * published: each recorded message is decoded, checked against the call that made it, and
 * encoded again to the same bytes; and each call is made here and gives those bytes. */
#include "unit.h"

#include <sio/args.h>
#include <sio/value.h>

#include "tagged.h"
#include "value/normal.h"
#include "vectors.h"
#include "wire/outgoing.h"

static const struct sio__wire *const wire = &sio__wire_sharded;

static enum sio__rooms_mode mode_of(sio_str name)
{
    if (sio_str_eq(name, SIO_STR("static")))
        return SIO__ROOMS_STATIC;
    if (sio_str_eq(name, SIO_STR("dynamic-private")))
        return SIO__ROOMS_DYNAMIC_PRIVATE;
    assert_true(sio_str_eq(name, SIO_STR("dynamic")));
    return SIO__ROOMS_DYNAMIC;
}

static struct sio__peer peer_of(const struct vector *vector)
{
    struct sio__peer peer = {.role = SIO__SERVER,
                             .key = tagged_text(vector->inputs, "channelPrefix"),
                             .nsp = tagged_text(vector->inputs, "nsp"),
                             .rooms_mode =
                                 mode_of(tagged_text(vector->inputs, "subscriptionMode"))};
    return peer;
}

static void assert_bytes(const struct vector *vector, const struct sio__frame *frame)
{
    sio_str channel = sio__frame_channel(frame), payload = sio__frame_payload(frame);
    if (!sio_str_eq(channel, vector->channel))
        fail_msg("%s: channel %.*s", vector->name, (int)channel.len, channel.ptr);
    if (!sio_str_eq(payload, vector->payload))
        fail_msg("%s: %.*s", vector->name, (int)payload.len, payload.ptr);
}

static unsigned has_of(sio_str packed)
{
    struct sio__scan scan;
    assert_int_equal(sio__scan(packed, SIO_MAX_DEPTH, &scan), SIO_OK);
    return scan.attachments > 0 ? scan.has | SIO__HAS_BINARY : scan.has;
}

/* ---- decoded, and encoded again ---- */

/* A list as JSON text against a field of the inputs; both absent: equal. */
static void assert_list(const struct vector *vector, const char *field, sio_str packed)
{
    sio_buf got, want;
    sio_str input = tagged_field(vector->inputs, field);
    sio_buf_init(&got);
    sio_buf_init(&want);
    if (input.len == 0)
        return;
    assert_int_equal(sio_json_write(packed, NULL, NULL, &got), SIO_OK);
    assert_int_equal(sio_json_write(input, NULL, NULL, &want), SIO_OK);
    if (!sio_str_eq(sio_buf_str(&got), sio_buf_str(&want)))
        fail_msg("%s: %s: got %.*s, want %.*s", vector->name, field, (int)got.len, got.ptr,
                 (int)want.len, want.ptr);
    sio_buf_fini(&got);
    sio_buf_fini(&want);
}

/* Every cut of a payload is refused, and nothing is allocated by the counts that it claims (ASan
 * and valgrind watch). */
static void cut_everywhere(const struct vector *vector, const struct sio__peer *peer)
{
    sio_buf scratch;
    struct sio_message msg;
    sio_buf_init(&scratch);
    for (size_t len = 0; len < vector->payload.len; len++) {
        char *exact = malloc(len + 1);
        memcpy(exact, vector->payload.ptr, len);
        sio_str cut = sio_str_of(exact, len);
        enum sio__verdict verdict = wire->decode(peer, vector->channel, cut, &scratch, &msg);
        if (verdict != SIO__MALFORMED)
            fail_msg("%s cut at %zu: verdict %d", vector->name, len, (int)verdict);
        free(exact);
    }
    sio_buf_fini(&scratch);
}

static void assert_inputs(const struct vector *vector, const struct sio_message *msg)
{
    if (sio__is_answer(msg->type)) {
        assert_true(sio_str_eq(msg->uid, SIO_STR("bbbbbbbbbbbbbbbb")));
        return;
    }
    assert_true(sio_str_eq(msg->uid, SIO_STR("aaaaaaaaaaaaaaaa")));
    if (msg->type != SIO_MSG_SERVER_SIDE_EMIT) {
        assert_list(vector, "rooms", msg->rooms);
        assert_list(vector, "except", msg->except);
        assert_list(vector, "flags", msg->flags);
    }
    if (msg->type == SIO_MSG_BROADCAST)
        assert_int_equal(msg->packet_type, 2);
    if (msg->type == SIO_MSG_SOCKETS_JOIN || msg->type == SIO_MSG_SOCKETS_LEAVE)
        assert_list(vector, "args", msg->target_rooms);
    assert_int_equal(msg->close, tagged_true(vector->inputs, "close"));
}

static void round_trip(const struct vector *vector, void *user)
{
    unsigned *compared = user;
    struct sio__peer peer = peer_of(vector);
    struct sio_message msg;
    struct sio__frame frame = {.channel_len = 0};
    sio_buf scratch;
    sio_buf_init(&scratch);
    sio_buf_init(&frame.buf);
    enum sio__verdict verdict =
        wire->decode(&peer, vector->channel, vector->payload, &scratch, &msg);
    if (verdict != SIO__DECODED)
        fail_msg("%s: verdict %d", vector->name, (int)verdict);
    assert_true(sio_str_eq(msg.nsp, tagged_text(vector->inputs, "nsp")));
    assert_inputs(vector, &msg);
    msg.args_has = has_of(msg.args) | has_of(msg.value);
    assert_int_equal(wire->encode(&peer, &msg, SIO_STR("aaaaaaaaaaaaaaaa"), &frame), SIO_OK);
    assert_bytes(vector, &frame);
    compared[msg.type]++;
    cut_everywhere(vector, &peer);
    sio_buf_fini(&frame.buf);
    sio_buf_fini(&scratch);
}

static void recorded_messages(void **state)
{
    (void)state;
    unsigned compared[SIO_MSG_DONE + 1] = {0};
    assert_int_equal(vectors_each("sharded.jsonl", "", round_trip, compared), 73);
    static const enum sio_message_type recorded[] = {
        SIO_MSG_BROADCAST,          SIO_MSG_SOCKETS_JOIN,  SIO_MSG_SOCKETS_LEAVE,
        SIO_MSG_DISCONNECT_SOCKETS, SIO_MSG_FETCH_SOCKETS, SIO_MSG_SERVER_SIDE_EMIT,
        SIO_MSG_SOCKETS_RESPONSE,   SIO_MSG_CLIENT_COUNT,  SIO_MSG_SERVER_SIDE_EMIT_RESPONSE,
        SIO_MSG_BROADCAST_ACK};
    for (size_t i = 0; i < sizeof recorded / sizeof recorded[0]; i++)
        assert_true(compared[recorded[i]] > 0);
}

/* ---- the calls ---- */

/* Arguments but for the first so many, which is the event of a server-side emit. */
static sio_args *args_of(const struct vector *vector, sio_str *event)
{
    sio_cursor c = sio_cursor_at(tagged_field(vector->inputs, "args"));
    sio_value v;
    sio_args *args;
    assert_int_equal(sio_args_new(&args), SIO_OK);
    assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
    *event = tagged_text(vector->inputs, "event");
    if (event->ptr == NULL) {
        assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
        *event = v.v.text;
    }
    while (!sio_cursor_done(&c))
        assert_true(tagged_add(args, &c));
    return args;
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static enum sio_message_type type_of(const struct vector *vector)
{
    sio_cursor c = sio_cursor_at(tagged_field(vector->inputs, "message_type"));
    sio_value v;
    assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
    switch (v.v.natural) {
    case 3:
        return SIO_MSG_BROADCAST;
    case 4:
        return SIO_MSG_SOCKETS_JOIN;
    case 5:
        return SIO_MSG_SOCKETS_LEAVE;
    case 6:
        return SIO_MSG_DISCONNECT_SOCKETS;
    case 7:
        return SIO_MSG_FETCH_SOCKETS;
    default:
        assert_int_equal(v.v.natural, 9);
        return SIO_MSG_SERVER_SIDE_EMIT;
    }
}

/* Every call but the answers, which are made of what the host says. */
static void made_here(const struct vector *vector, void *user)
{
    static const struct sio__bounds no_bounds = {.max_args = 0};
    struct sio__peer peer = peer_of(vector);
    struct sio__outgoing o = {.bounds = &no_bounds};
    struct sio__frame frame = {.channel_len = 0};
    sio_args *args = NULL;
    sio_str event;
    if (ends_with(vector->name, "/ack") || ends_with(vector->name, "/client-count") ||
        ends_with(vector->name, "/response"))
        return;
    o.msg.type = type_of(vector);
    o.msg.uid = SIO_STR("aaaaaaaaaaaaaaaa");
    o.msg.packet_id = -1;
    o.msg.close = tagged_true(vector->inputs, "close");
    o.msg.rooms = tagged_field(vector->inputs, "rooms");
    o.msg.except = tagged_field(vector->inputs, "except");
    o.msg.flags = tagged_field(vector->inputs, "flags");
    if (ends_with(vector->name, "/request"))
        o.msg.request_id = SIO_STR("0123456789abcdef");
    if (o.msg.type == SIO_MSG_SOCKETS_JOIN || o.msg.type == SIO_MSG_SOCKETS_LEAVE)
        o.msg.target_rooms = tagged_field(vector->inputs, "args");
    sio_buf_init(&frame.buf);
    if (o.msg.type == SIO_MSG_BROADCAST || o.msg.type == SIO_MSG_SERVER_SIDE_EMIT) {
        args = args_of(vector, &event);
        assert_int_equal(sio__outgoing_event(&o, SIO__FOR_CLIENTS, event, args), SIO_OK);
    }
    assert_int_equal(wire->encode(&peer, &o.msg, sio_str_of(NULL, 0), &frame), SIO_OK);
    assert_bytes(vector, &frame);
    /* an emitter's bytes are a server's */
    frame.channel_len = frame.buf.len = 0;
    peer.role = SIO__EMITTER;
    assert_int_equal(wire->encode(&peer, &o.msg, sio_str_of(NULL, 0), &frame), SIO_OK);
    assert_bytes(vector, &frame);
    sio_args_free(args);
    sio_buf_fini(&frame.buf);
    (*(unsigned *)user)++;
}

static void recorded_calls(void **state)
{
    (void)state;
    unsigned compared = 0;
    vectors_each("sharded.jsonl", "", made_here, &compared);
    assert_true(compared >= 50);
}

/* ---- the two ways of the decoder ---- */

static void assert_same(const char *name, const struct sio_message *a, const struct sio_message *b)
{
    bool same = a->type == b->type && a->nargs == b->nargs && a->packet_type == b->packet_type &&
                a->packet_id == b->packet_id && sio_str_eq(a->uid, b->uid) &&
                sio_str_eq(a->nsp, b->nsp) && sio_str_eq(a->args, b->args) &&
                sio_str_eq(a->rooms, b->rooms) && sio_str_eq(a->except, b->except) &&
                sio_str_eq(a->flags, b->flags) && sio_str_eq(a->request_id, b->request_id);
    if (!same)
        fail_msg("%s: another message", name);
}

/* White space, and a map's header in its long form, which Node never writes, take the general
 * way. */
static void both_ways(const struct vector *vector, void *user)
{
    struct sio__peer peer = peer_of(vector);
    struct sio_message usual, any;
    sio_buf first, second, other;
    bool is_json = vector->payload.ptr[0] == '{';
    sio_buf_init(&first);
    sio_buf_init(&second);
    sio_buf_init(&other);
    assert_int_equal(sio_buf_append(&other, is_json ? "{ " : "\336\000\004", is_json ? 2 : 3),
                     SIO_OK);
    assert_int_equal(sio_buf_append(&other, vector->payload.ptr + 1, vector->payload.len - 1),
                     SIO_OK);
    assert_int_equal(wire->decode(&peer, vector->channel, vector->payload, &first, &usual),
                     SIO__DECODED);
    assert_int_equal(wire->decode(&peer, vector->channel, sio_buf_str(&other), &second, &any),
                     SIO__DECODED);
    assert_same(vector->name, &usual, &any);
    if (is_json) {
        sio_str uid = wire->sender(vector->payload);
        assert_true(sio_str_eq(uid, usual.uid));
    }
    sio_buf_fini(&first);
    sio_buf_fini(&second);
    sio_buf_fini(&other);
    (*(unsigned *)user)++;
}

static void the_usual_form_means_the_same(void **state)
{
    (void)state;
    unsigned compared = 0;
    vectors_each("sharded.jsonl", "", both_ways, &compared);
    assert_int_equal(compared, 73);
}

/* ---- what is known before decoding ---- */

static void answer_before_decoding(const struct vector *vector, void *user)
{
    struct sio__peer peer = peer_of(vector);
    struct sio_message msg;
    sio_buf scratch;
    sio_buf_init(&scratch);
    assert_int_equal(wire->decode(&peer, vector->channel, vector->payload, &scratch, &msg),
                     SIO__DECODED);
    sio_str id = wire->answers_to(vector->payload);
    assert_int_equal(id.ptr != NULL, sio__is_answer(msg.type));
    if (id.ptr != NULL) {
        assert_true(sio_str_eq(id, msg.request_id));
        (*(unsigned *)user)++;
    }
    for (size_t len = 0; len < vector->payload.len && len < 128; len++) {
        char *exact = malloc(len + 1);
        memcpy(exact, vector->payload.ptr, len);
        sio_str cut = wire->answers_to(sio_str_of(exact, len));
        assert_true(cut.ptr == NULL || sio_str_eq(cut, id));
        (void)wire->sender(sio_str_of(exact, len));
        free(exact);
    }
    sio_buf_fini(&scratch);
}

static void recorded_answers(void **state)
{
    (void)state;
    unsigned answers = 0;
    vectors_each("sharded.jsonl", "", answer_before_decoding, &answers);
    assert_true(answers >= 15);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(recorded_messages),
    cmocka_unit_test(recorded_calls),
    cmocka_unit_test(the_usual_form_means_the_same),
    cmocka_unit_test(recorded_answers),
};

SIO_TEST_MAIN(tests)
