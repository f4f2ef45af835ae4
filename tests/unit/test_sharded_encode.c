/* SPDX-License-Identifier: MIT */
/* What is said on the sharded wire beyond the recorded messages (test_sharded.c has those), the
 * values that JSON and MessagePack treat differently, and what cannot be said. */
#include "unit.h"

#include <math.h>
#include <sio/args.h>

#include "value/normal.h"
#include "wire/outgoing.h"

static const struct sio__wire *const wire = &sio__wire_sharded;

static const struct sio__peer peer = {.role = SIO__SERVER,
                                      .key = SIO_STR_INIT("k"),
                                      .nsp = SIO_STR_INIT("/n"),
                                      .rooms_mode = SIO__ROOMS_DYNAMIC};
static const sio_str nobody = {NULL, 0};

static sio_status encode(const struct sio_message *msg, sio_str to_uid, struct sio__frame *frame)
{
    frame->channel_len = 0;
    sio_buf_init(&frame->buf);
    return wire->encode(&peer, msg, to_uid, frame);
}

static void assert_frame(const struct sio_message *msg, sio_str to_uid, const char *channel,
                         sio_str payload)
{
    struct sio__frame frame;
    assert_int_equal(encode(msg, to_uid, &frame), SIO_OK);
    sio_str got = sio__frame_payload(&frame), name = sio__frame_channel(&frame);
    if (!sio_str_eq(name, sio_str_c(channel)))
        fail_msg("%.*s is not %s", (int)name.len, name.ptr, channel);
    if (!sio_str_eq(got, payload))
        fail_msg("%.*s is not %.*s", (int)got.len, got.ptr, (int)payload.len, payload.ptr);
    sio_buf_fini(&frame.buf);
}

static void assert_refused(const struct sio_message *msg, sio_str to_uid)
{
    struct sio__frame frame;
    assert_int_equal(encode(msg, to_uid, &frame), SIO_EINVAL);
    sio_buf_fini(&frame.buf);
}

/* ---- messages that no Node server sends on this wire ---- */

static void heartbeats(void **state)
{
    (void)state;
    struct sio_message msg = {.type = SIO_MSG_INITIAL_HEARTBEAT, .uid = SIO_STR("u\"1")};
    assert_frame(&msg, nobody, "k#/n#", SIO_STR("{\"type\":1,\"uid\":\"u\\\"1\",\"nsp\":\"/n\"}"));
    msg.type = SIO_MSG_HEARTBEAT;
    msg.uid = nobody;
    assert_frame(&msg, nobody, "k#/n#", SIO_STR("{\"type\":2,\"nsp\":\"/n\"}"));
    msg.type = SIO_MSG_ADAPTER_CLOSE;
    assert_frame(&msg, nobody, "k#/n#", SIO_STR("{\"type\":13,\"nsp\":\"/n\"}"));
}

/* A packet's own id, with connection state recovery on; both formats. */
static void packet_ids(void **state)
{
    (void)state;
    struct sio_message msg = {
        .type = SIO_MSG_BROADCAST, .uid = SIO_STR("u"), .event = SIO_STR("e"), .packet_id = 7};
    assert_frame(&msg, nobody, "k#/n#",
                 SIO_STR("{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":[\"e\"],\"id\":7},"
                         "\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{}}},\"uid\":\"u\","
                         "\"nsp\":\"/n\"}"));
    msg.args = SIO_STR("\304\001x");
    msg.nargs = 1;
    msg.args_has = SIO__HAS_BINARY;
    msg.uid = nobody;
    assert_frame(&msg, nobody, "k#/n#",
                 SIO_STR("\203\244type\003\244data\202\246packet\203\244type\002\244data\222\241e"
                         "\304\001x\242id\007\244opts\203\245rooms\220\246except\220\245flags\200"
                         "\243nsp\242/n"));
}

/* The first of args is the event, in messages that were received. */
static void events_among_the_arguments(void **state)
{
    (void)state;
    struct sio_message msg = {.type = SIO_MSG_SERVER_SIDE_EMIT,
                              .uid = SIO_STR("u"),
                              .args = SIO_STR("\241e\001"),
                              .nargs = 2};
    assert_frame(
        &msg, nobody, "k#/n#",
        SIO_STR("{\"type\":9,\"data\":{\"packet\":[\"e\",1]},\"uid\":\"u\",\"nsp\":\"/n\"}"));
    msg.args_has = SIO__HAS_BINARY;
    assert_frame(&msg, nobody, "k#/n#",
                 SIO_STR("\204\244type\011\244data\201\246packet\222\241e\001\243uid\241u\243nsp"
                         "\242/n"));
}

/* ---- rooms that are numbers ---- */

static void number_rooms(void **state)
{
    (void)state;
    static const struct {
        sio_str rooms;
        const char *channel;
    } cases[] = {
        {SIO_STR_INIT("\221\052"), "k#/n#42#"},
        {SIO_STR_INIT("\221\377"), "k#/n#-1#"},
        {SIO_STR_INIT("\221\313\077\370\000\000\000\000\000\000"), "k#/n#1.5#"},
        /* 20 characters, but no string: never like a socket id */
        {SIO_STR_INIT("\221\317\212\307\043\004\211\350\000\000"), "k#/n#10000000000000000000#"},
        {SIO_STR_INIT("\222\052\053"), "k#/n#"},
        {SIO_STR_INIT("\220"), "k#/n#"},
        {SIO_STR_INIT("\221\300"), "k#/n#"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sio__frame frame;
        struct sio_message msg = {.type = SIO_MSG_BROADCAST,
                                  .event = SIO_STR("e"),
                                  .packet_id = -1,
                                  .rooms = cases[i].rooms};
        assert_int_equal(encode(&msg, nobody, &frame), SIO_OK);
        sio_str channel = sio__frame_channel(&frame);
        if (!sio_str_eq(channel, sio_str_c(cases[i].channel)))
            fail_msg("%.*s is not %s", (int)channel.len, channel.ptr, cases[i].channel);
        sio_buf_fini(&frame.buf);
    }
    struct sio__peer fixed = peer;
    struct sio__frame frame = {.channel_len = 0};
    struct sio_message msg = {.type = SIO_MSG_BROADCAST, .packet_id = -1, .rooms = cases[0].rooms};
    fixed.rooms_mode = SIO__ROOMS_STATIC;
    sio_buf_init(&frame.buf);
    assert_int_equal(wire->encode(&fixed, &msg, nobody, &frame), SIO_OK);
    assert_true(sio_str_eq(sio__frame_channel(&frame), SIO_STR("k#/n#")));
    sio_buf_fini(&frame.buf);
}

/* ---- answers ---- */

static void answers(void **state)
{
    (void)state;
    sio_str asker = SIO_STR("0f");
    struct sio_message msg = {.type = SIO_MSG_CLIENT_COUNT,
                              .uid = SIO_STR("u"),
                              .request_id = SIO_STR("r"),
                              .client_count = UINT32_MAX};
    assert_frame(&msg, asker, "k#/n#0f#",
                 SIO_STR("{\"type\":11,\"data\":{\"requestId\":\"r\",\"clientCount\":4294967295},"
                         "\"uid\":\"u\",\"nsp\":\"/n\"}"));
    assert_refused(&msg, nobody); /* it would go to "undefined" */
    msg.type = SIO_MSG_SOCKETS_RESPONSE;
    msg.list = SIO_STR("\335\000\000\000\000"); /* a header that notepack.io would not write */
    assert_frame(&msg, asker, "k#/n#0f#",
                 SIO_STR("{\"type\":8,\"data\":{\"requestId\":\"r\",\"sockets\":[]},\"uid\":\"u\","
                         "\"nsp\":\"/n\"}"));
    msg.list = nobody;
    assert_frame(&msg, asker, "k#/n#0f#",
                 SIO_STR("{\"type\":8,\"data\":{\"requestId\":\"r\",\"sockets\":[]},\"uid\":\"u\","
                         "\"nsp\":\"/n\"}"));
    /* the list is looked at, whatever args_has says: undefined is left out */
    msg.list = SIO_STR("\335\000\000\000\001\202\241a\324\000\000\241b\304\001x");
    assert_frame(&msg, asker, "k#/n#0f#",
                 SIO_STR("\204\244type\010\244data\202\251requestId\241r\247sockets\221\201\241b"
                         "\304\001x\243uid\241u\243nsp\242/n"));
    msg.list = SIO_STR("\221\202\241a\324\000\000\241b\001");
    msg.args_has = SIO__HAS_BINARY;
    assert_frame(&msg, asker, "k#/n#0f#",
                 SIO_STR("{\"type\":8,\"data\":{\"requestId\":\"r\",\"sockets\":[{\"b\":1}]},"
                         "\"uid\":\"u\",\"nsp\":\"/n\"}"));
    msg.list = SIO_STR("\221\304");
    assert_refused(&msg, asker);
    msg.list = SIO_STR("\304\001x"); /* no list */
    assert_refused(&msg, asker);
    /* no value is no packet */
    msg.type = SIO_MSG_BROADCAST_ACK;
    assert_frame(
        &msg, asker, "k#/n#0f#",
        SIO_STR("{\"type\":12,\"data\":{\"requestId\":\"r\"},\"uid\":\"u\",\"nsp\":\"/n\"}"));
    msg.type = SIO_MSG_SERVER_SIDE_EMIT_RESPONSE;
    assert_frame(
        &msg, asker, "k#/n#0f#",
        SIO_STR("{\"type\":10,\"data\":{\"requestId\":\"r\"},\"uid\":\"u\",\"nsp\":\"/n\"}"));
}

/* Of several values the first is the answer; binary in the others does not count. */
static void first_values(void **state)
{
    (void)state;
    static const struct {
        sio_str packed, payload;
    } cases[] = {
        {SIO_STR_INIT("\001\304\001x"), SIO_STR_INIT("{\"type\":12,\"data\":{\"requestId\":\"r\","
                                                     "\"packet\":1},\"nsp\":\"/n\"}")},
        {SIO_STR_INIT("\324\000\000\304\001x"),
         SIO_STR_INIT("{\"type\":12,\"data\":{\"requestId\":\"r\"},\"nsp\":\"/n\"}")},
        {SIO_STR_INIT("\304\001x\001"),
         SIO_STR_INIT("\203\244type\014\244data\202\251requestId\241r\246packet\304\001x\243nsp"
                      "\242/n")},
        {SIO_STR_INIT("\221\304\001x"),
         SIO_STR_INIT("\203\244type\014\244data\202\251requestId\241r\246packet\221\304\001x\243nsp"
                      "\242/n")},
    };
    static const struct sio__bounds no_bounds = {.max_args = 0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sio__outgoing o = {.bounds = &no_bounds};
        o.msg.type = SIO_MSG_BROADCAST_ACK;
        o.msg.request_id = SIO_STR("r");
        assert_int_equal(sio__outgoing_value(&o, cases[i].packed), SIO_OK);
        assert_frame(&o.msg, SIO_STR("0f"), "k#/n#0f#", cases[i].payload);
    }
}

/* ---- values ---- */

typedef void add_values(sio_args *args);

static void assert_values(add_values *add, bool binary, sio_str want)
{
    static const struct sio__bounds no_bounds = {.max_args = 0};
    struct sio__outgoing o = {.bounds = &no_bounds};
    struct sio__frame frame;
    sio_args *args;
    assert_int_equal(sio_args_new(&args), SIO_OK);
    add(args);
    if (binary)
        assert_int_equal(sio_args_binary(args, "x", 1), SIO_OK);
    o.msg.type = SIO_MSG_SERVER_SIDE_EMIT;
    assert_int_equal(sio__outgoing_event(&o, SIO__FOR_SERVERS, SIO_STR("e"), args), SIO_OK);
    assert_int_equal(encode(&o.msg, nobody, &frame), SIO_OK);
    sio_str got = sio__frame_payload(&frame);
    if (memmem(got.ptr, got.len, want.ptr, want.len) == NULL)
        fail_msg("%.*s has no %.*s", (int)got.len, got.ptr, (int)want.len, want.ptr);
    sio_buf_fini(&frame.buf);
    sio_args_free(args);
}

static void undefined(sio_args *args)
{
    sio_args_undefined(args);
    sio_args_map_begin(args);
    sio_args_key(args, SIO_STR("a"));
    sio_args_undefined(args);
    sio_args_key(args, SIO_STR("b"));
    sio_args_array_begin(args);
    sio_args_undefined(args);
    sio_args_array_end(args);
    sio_args_map_end(args);
}

static void numbers(sio_args *args)
{
    sio_args_double(args, -0.0);
    sio_args_double(args, -NAN);
    sio_args_double(args, 1e21);
    sio_args_uint(args, UINT64_C(9007199254740993));
    sio_args_double(args, 1.5);
}

static void texts(sio_args *args)
{
    sio_args_string(args, SIO_STR("\355\240\275")); /* a lone surrogate */
    sio_args_string(args, SIO_STR("\000\n\"\342\200\250/"));
}

static void dates(sio_args *args)
{
    sio_args_date(args, 1700000000123);
}

/* One piece of binary changes how the others are written. */
static void values_in_both_formats(void **state)
{
    (void)state;
    assert_values(undefined, false, SIO_STR("[\"e\",null,{\"b\":[null]}]"));
    assert_values(undefined, true, SIO_STR("\224\241e\300\201\241b\221\300\304\001x"));
    assert_values(numbers, false, SIO_STR("[\"e\",0,null,1e+21,9007199254740992,1.5]"));
    assert_values(numbers, true,
                  SIO_STR("\227\241e\000\313\177\370\000\000\000\000\000\000\313\104\113\032\344"
                          "\326\342\357\120\317\000\040\000\000\000\000\000\001\313\077\370\000\000"
                          "\000\000\000\000\304\001x"));
    assert_values(texts, false, SIO_STR("[\"e\",\"\\ud83d\",\"\\u0000\\n\\\"\342\200\250/\"]"));
    assert_values(texts, true,
                  SIO_STR("\224\241e\243\357\277\275\247\000\n\"\342\200\250/\304\001x"));
    assert_values(dates, false, SIO_STR("[\"e\",\"2023-11-14T22:13:20.123Z\"]"));
    assert_values(dates, true,
                  SIO_STR("\223\241e\327\377\035\123\123\000\145\123\361\000\304\001x"));
}

/* ---- what cannot be said ---- */

static void refusals(void **state)
{
    (void)state;
    static const enum sio_message_type foreign[] = {SIO_MSG_SOCKETS, SIO_MSG_ALL_ROOMS,
                                                    SIO_MSG_ROOMS_RESPONSE, SIO_MSG_DONE};
    static const enum sio_message_type asking[] = {SIO_MSG_FETCH_SOCKETS, SIO_MSG_SOCKETS_RESPONSE,
                                                   SIO_MSG_SERVER_SIDE_EMIT_RESPONSE,
                                                   SIO_MSG_CLIENT_COUNT, SIO_MSG_BROADCAST_ACK};
    struct sio_message msg = {.request_id = SIO_STR("r"), .packet_id = -1};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        msg.type = foreign[i];
        assert_refused(&msg, SIO_STR("0f"));
    }
    msg.type = (enum sio_message_type)99;
    assert_refused(&msg, SIO_STR("0f"));
    msg.request_id = nobody;
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++) {
        msg.type = asking[i];
        assert_refused(&msg, SIO_STR("0f"));
    }
    /* JSON has no keys that are arrays */
    msg.type = SIO_MSG_BROADCAST;
    msg.args = SIO_STR("\201\220\001");
    msg.nargs = 1;
    assert_refused(&msg, nobody);
    msg.args = SIO_STR("\001\201"); /* cut */
    msg.nargs = 2;
    assert_refused(&msg, nobody);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(heartbeats),
    cmocka_unit_test(packet_ids),
    cmocka_unit_test(events_among_the_arguments),
    cmocka_unit_test(number_rooms),
    cmocka_unit_test(answers),
    cmocka_unit_test(first_values),
    cmocka_unit_test(values_in_both_formats),
    cmocka_unit_test(refusals),
};

SIO_TEST_MAIN(tests)
