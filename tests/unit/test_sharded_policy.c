/* SPDX-License-Identifier: MIT */
/* The channels of the sharded wire, and what is known of a message before it is decoded. */
#include "unit.h"

#include "wire/wire.h"

static const struct sio__wire *const wire = &sio__wire_sharded;

static const struct sio__peer peer = {.role = SIO__SERVER,
                                      .key = SIO_STR_INIT("k"),
                                      .nsp = SIO_STR_INIT("/a"),
                                      .uid = SIO_STR_INIT("0123456789abcdef"),
                                      .rooms_mode = SIO__ROOMS_DYNAMIC};

static void assert_text(const sio_buf *buf, sio_str want)
{
    if (!sio_str_eq(sio_buf_str(buf), want))
        fail_msg("%.*s instead of %.*s", (int)buf->len, buf->ptr, (int)want.len, want.ptr);
}

/* ---- subscriptions ---- */

static void subscriptions(void **state)
{
    (void)state;
    static const struct {
        enum sio__route route;
        sio_str name;
    } wanted[] = {{SIO__ROUTE_REQUESTS, SIO_STR_INIT("k#/a#")},
                  {SIO__ROUTE_RESPONSES, SIO_STR_INIT("k#/a#0123456789abcdef#")}};
    sio_buf name;
    sio_buf_init(&name);
    for (int per_room = 0; per_room < 2; per_room++) {
        for (unsigned n = 0; n < 2; n++) {
            struct sio__subscription_name sub = {.name = &name, .is_pattern = true};
            sio_buf_clear(&name);
            assert_int_equal(wire->subscription(&peer, peer.uid, per_room != 0, n, &sub), SIO_OK);
            assert_int_equal(sub.route, wanted[n].route);
            assert_false(sub.is_pattern);
            assert_text(&name, wanted[n].name);
        }
        struct sio__subscription_name sub = {.name = &name};
        assert_int_equal(wire->subscription(&peer, peer.uid, per_room != 0, 2, &sub), SIO_EINVAL);
    }
    sio_buf_clear(&name);
    assert_int_equal(wire->servers_channel(&peer, &name), SIO_OK);
    assert_text(&name, SIO_STR("k#/a#"));
    sio_buf_fini(&name);
}

static void policy(void **state)
{
    (void)state;
    assert_string_equal(wire->name, "sharded");
    assert_string_equal(wire->id_alphabet, "0123456789abcdef");
    assert_int_equal(wire->uid_len, 16);
    assert_int_equal(wire->request_id_len, 16);
    assert_true(wire->shard_channels && wire->rooms_agreed && wire->answers_have_uid);
    assert_true(wire->acked_flags && wire->awaits_publish);
    assert_false(wire->own_ops_by_echo || wire->asks_for_names || wire->takes_parser);
    const struct sio__wire *classic = &sio__wire_classic;
    assert_false(classic->shard_channels || classic->rooms_agreed || classic->answers_have_uid);
    assert_false(classic->awaits_publish || classic->acked_flags);
    assert_true(classic->own_ops_by_echo && classic->asks_for_names && classic->takes_parser);
}

/* ---- rooms ---- */

/* Fault 31: what a room's name is made of does not matter; its length may. */
static const struct room {
    sio_str name;
    bool dynamic; /* has a channel in the mode dynamic; in dynamic-private all have one */
} rooms[] = {
    {SIO_STR_INIT("r"), true},
    {SIO_STR_INIT(""), true},
    {SIO_STR_INIT("#"), true},
    {SIO_STR_INIT("x#y"), true},
    {SIO_STR_INIT("*?[a]\\ \r\n\"'"), true},
    {SIO_STR_INIT("\000"), true},
    {SIO_STR_INIT("{tag}"), true},
    {SIO_STR_INIT("fedcba9876543210"), true}, /* as a uid, but not ours */
    {SIO_STR_INIT("1234567890123456789"), true},
    {SIO_STR_INIT("12345678901234567890"), false},
    {SIO_STR_INIT("123456789012345678901"), true},
    {SIO_STR_INIT("CLIENT-ON-B-00000001"), false},
    {SIO_STR_INIT("1234567890123456789\000"), false},
    /* UTF-16 units: one each of two and of three bytes, two each of four bytes */
    {SIO_STR_INIT("1234567890123456789\303\251"), false},
    {SIO_STR_INIT("1234567890123456789\344\275\240"), false},
    {SIO_STR_INIT("123456789012345678\360\237\230\200"), false},
    {SIO_STR_INIT("1234567890123456\360\237\230\200"), true}, /* 20 bytes, 18 units */
    {SIO_STR_INIT("1234567890123456789\360\237\230\200"), true},
    {SIO_STR_INIT(
         "\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200"
         "\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200\360\237\230\200"),
     false},
    {SIO_STR_INIT(
         "\344\275\240\344\275\240\344\275\240\344\275\240\344\275\240\344\275\240\344\275"
         "\240\344\275\240\344\275\240\344\275\240\344\275\240\344\275\240\344\275\240\344"
         "\275\240\344\275\240\344\275\240\344\275\240\344\275\240\344\275\240\344\275\240"),
     false},
    {SIO_STR_INIT("1234567890123456789012345678901234567890123456789012345678901"), true},
};

enum { ROOMS = sizeof rooms / sizeof rooms[0] };

static void assert_room_channel(const struct sio__peer *to, sio_str room, bool has)
{
    sio_buf buf, want;
    sio_buf_init(&buf);
    sio_buf_init(&want);
    sio_status status = wire->room_channel(to, room, &buf);
    if ((status == SIO_OK) != has)
        fail_msg("%.*s: %d", (int)room.len, room.ptr, (int)status);
    if (has) {
        assert_int_equal(sio_buf_append(&want, "k#/a#", 5), SIO_OK);
        assert_int_equal(sio_buf_append(&want, room.ptr, room.len), SIO_OK);
        assert_int_equal(sio_buf_append(&want, "#", 1), SIO_OK);
        assert_text(&buf, sio_buf_str(&want));
        sio_str found;
        assert_true(wire->room_of(to, sio_buf_str(&buf), &found));
        assert_true(sio_str_eq(found, room));
    } else {
        assert_int_equal(status, SIO_EINVAL);
        assert_int_equal(buf.len, 0);
    }
    sio_buf_fini(&buf);
    sio_buf_fini(&want);
}

static void fault_31_room_channels(void **state)
{
    (void)state;
    struct sio__peer other = peer;
    for (size_t i = 0; i < ROOMS; i++) {
        assert_room_channel(&peer, rooms[i].name, rooms[i].dynamic);
        other.rooms_mode = SIO__ROOMS_STATIC;
        assert_room_channel(&other, rooms[i].name, false);
        other.rooms_mode = SIO__ROOMS_DYNAMIC_PRIVATE;
        assert_room_channel(&other, rooms[i].name, true);
    }
    assert_room_channel(&peer, sio_str_of(NULL, 0), true);
    other.rooms_mode = (enum sio__rooms_mode)7; /* none that is known */
    assert_room_channel(&other, SIO_STR("r"), false);
}

/* The room named like the server's uid comes by the channel of its answers, to which the
 * server listens for as long as it lives. */
static void the_room_named_like_the_uid(void **state)
{
    (void)state;
    struct sio__peer other = peer;
    assert_room_channel(&peer, peer.uid, false);
    other.rooms_mode = SIO__ROOMS_DYNAMIC_PRIVATE;
    assert_room_channel(&other, peer.uid, false);
    other.uid = sio_str_of(NULL, 0);
    assert_room_channel(&other, peer.uid, true);
}

/* What is published where, to one room, in each mode: subscribers agree. */
static void published_where_subscribed(void **state)
{
    (void)state;
    struct sio__peer to = peer;
    struct sio__frame frame = {.channel_len = 0};
    sio_buf packed, channel;
    sio_buf_init(&frame.buf);
    sio_buf_init(&packed);
    sio_buf_init(&channel);
    for (size_t i = 0; i < ROOMS; i++) {
        unsigned char head[] = {0x91, 0xd9, (unsigned char)rooms[i].name.len};
        sio_buf_clear(&packed);
        assert_int_equal(sio_buf_append(&packed, head, sizeof head), SIO_OK);
        assert_int_equal(sio_buf_append(&packed, rooms[i].name.ptr, rooms[i].name.len), SIO_OK);
        for (int mode = SIO__ROOMS_STATIC; mode <= SIO__ROOMS_DYNAMIC_PRIVATE; mode++) {
            struct sio_message msg = {.type = SIO_MSG_BROADCAST,
                                      .uid = SIO_STR("emitter"),
                                      .event = SIO_STR("e"),
                                      .packet_id = -1,
                                      .rooms = sio_buf_str(&packed)};
            to.rooms_mode = (enum sio__rooms_mode)mode;
            frame.buf.len = channel.len = 0;
            assert_int_equal(wire->encode(&to, &msg, to.uid, &frame), SIO_OK);
            if (wire->room_channel(&to, rooms[i].name, &channel) != SIO_OK)
                assert_int_equal(wire->servers_channel(&to, &channel), SIO_OK);
            assert_text(&channel, sio__frame_channel(&frame));
        }
    }
    sio_buf_fini(&frame.buf);
    sio_buf_fini(&packed);
    sio_buf_fini(&channel);
}

static void assert_room(sio_str channel, sio_str want)
{
    sio_str room = SIO_STR("unset");
    assert_true(wire->room_of(&peer, channel, &room));
    assert_true(sio_str_eq(room, want));
    assert_int_equal(room.ptr == NULL, want.ptr == NULL);
}

static void rooms_of_channels(void **state)
{
    (void)state;
    sio_str none = sio_str_of(NULL, 0), room;
    struct sio__peer bare = {.nsp = SIO_STR("/")};
    assert_room(SIO_STR("k#/a#"), none);
    assert_room(SIO_STR("k#/a##"), none);
    assert_room(SIO_STR("k#/a#r#"), SIO_STR("r"));
    assert_room(SIO_STR("k#/a#x#y#"), SIO_STR("x#y"));
    assert_false(wire->room_of(&peer, SIO_STR("k#/b#r#"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("k#/a"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("k#/ab"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("k/a#"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("kk#/a#"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("x"), &room));
    assert_false(wire->room_of(&peer, SIO_STR(""), &room));
    assert_true(wire->room_of(&bare, SIO_STR("#/#"), &room)); /* an empty prefix */
}

/* ---- before decoding ---- */

struct known {
    sio_str payload;
    const char *want; /* NULL: it has to be decoded */
};

static void assert_known(sio_str (*of)(sio_str), const struct known *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *exact = malloc(cases[i].payload.len + 1);
        memcpy(exact, cases[i].payload.ptr, cases[i].payload.len);
        sio_str got = of(sio_str_of(exact, cases[i].payload.len));
        if ((got.ptr == NULL) != (cases[i].want == NULL) ||
            !sio_str_eq(got, sio_str_c(cases[i].want)))
            fail_msg("%.*s: %.*s", (int)cases[i].payload.len, cases[i].payload.ptr, (int)got.len,
                     got.ptr);
        free(exact);
    }
}

static void answers_to(void **state)
{
    (void)state;
    static const struct known cases[] = {
        {SIO_STR_INIT("{\"type\":8,\"data\":{\"requestId\":\"0f\",\"sockets\":[]}"), "0f"},
        {SIO_STR_INIT("{\"type\":10,\"data\":{\"requestId\":\"0f\""), "0f"},
        {SIO_STR_INIT("{\"type\":11,\"data\":{\"requestId\":\"\""), ""},
        {SIO_STR_INIT("{\"type\":12,\"data\":{\"requestId\":\"0f\""), "0f"},
        {SIO_STR_INIT("{\"type\":9,\"data\":{\"requestId\":\"0f\""), NULL}, /* a question */
        {SIO_STR_INIT("{\"type\":13,\"data\":{\"requestId\":\"0f\""), NULL},
        {SIO_STR_INIT("{\"type\":80,\"data\":{\"requestId\":\"0f\""), NULL},
        {SIO_STR_INIT("{\"type\":8,\"uid\":{\"requestId\":\"0f\""), NULL},
        {SIO_STR_INIT("{\"type\":8,\"data\":{\"requestId\":\"0f"), NULL},
        {SIO_STR_INIT("{\"type\":8,\"data\":{\"requestId\":\""), NULL},
        {SIO_STR_INIT("{\"type\":8,\"data\":{\"requestId\":\"\\u0030\""), NULL},
        {SIO_STR_INIT("{\"type\":8,\"data\":{\"requestId\":1"), NULL},
        {SIO_STR_INIT("{\"type\":"), NULL},
        {SIO_STR_INIT("{ \"type\":8"), NULL},
        {SIO_STR_INIT("{"), NULL},
        {SIO_STR_INIT(""), NULL},
        {SIO_STR_INIT("\204\244type\010\244data\202\251requestId\2420f"), "0f"},
        {SIO_STR_INIT("\204\244type\012\244data\202\251requestId\2420f"), "0f"},
        {SIO_STR_INIT("\204\244type\014\244data\202\251requestId\2420f"), "0f"},
        {SIO_STR_INIT("\204\244type\011\244data\202\251requestId\2420f"), NULL},
        {SIO_STR_INIT("\204\244type\010\244data\202\251requestId\2420"), NULL},
        {SIO_STR_INIT("\204\244type\010\244data\203\251requestId\2420f"), NULL},
        {SIO_STR_INIT("\204\244type\010\244data\202\251requestId"), NULL},
        {SIO_STR_INIT("\204\244type\010\244data\202\251requestId\001\002"), NULL},
        {SIO_STR_INIT("\204\244type\010\244data"), NULL},
        {SIO_STR_INIT("\204\244type"), NULL},
        {SIO_STR_INIT("\203\244type\010"), NULL},
        {SIO_STR_INIT("\300"), NULL},
    };
    assert_known(wire->answers_to, cases, sizeof cases / sizeof cases[0]);
}

static void senders(void **state)
{
    (void)state;
    static const struct known cases[] = {
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"me\",\"nsp\":\"/\"}"), "me"},
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"\",\"nsp\":\"\"}"), ""},
        {SIO_STR_INIT("{\"a\":{\"uid\":\"x\",\"nsp\":\"/\"},\"uid\":\"me\",\"nsp\":\"/\"}"), "me"},
        {SIO_STR_INIT("{\"a\":\",\\\"uid\\\":\\\"x\",\"uid\":\"me\",\"nsp\":\"/\"}"), "me"},
        /* nested, inside a string, or no members of the message */
        {SIO_STR_INIT("{\"a\":{\"b\":1,\"uid\":\"x\",\"nsp\":\"/\"}}"), NULL},
        {SIO_STR_INIT("{\"a\":\",\\\"uid\\\":\\\"x\\\",\\\"nsp\\\":\\\"/\\\"}\"}"), NULL},
        {SIO_STR_INIT("{\"a\":\"\\\"},\"uid\":\"x\",\"nsp\":\"/\\\"}\"}"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"me\",\"nsp\":\"/\" }"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"me\",\"nsp\":\"/\"} "), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"me\", \"nsp\":\"/\"}"), NULL},
        {SIO_STR_INIT("{\"type\":1, \"uid\":\"me\",\"nsp\":\"/\"}"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\" :\"me\",\"nsp\":\"/\"}"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"nsp\":\"/\",\"uid\":\"me\"}"), NULL},
        {SIO_STR_INIT("{\"uid\":\"me\",\"nsp\":\"/\"}"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\":1,\"nsp\":\"/\"}"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"me\",\"nsp\":null}"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"\\u006d\",\"nsp\":\"/\"}"), NULL},
        {SIO_STR_INIT("{\"type\":1,\"uid\":\"me\",\"nsp\":\"\303\251\"}"), NULL},
        {SIO_STR_INIT("{\"}"), NULL},
        {SIO_STR_INIT("{\"\"}"), NULL},
        {SIO_STR_INIT("{}"), NULL},
        {SIO_STR_INIT("{"), NULL},
        {SIO_STR_INIT(""), NULL},
        {SIO_STR_INIT("\202\243uid\242me\243nsp\241/"), NULL},
    };
    assert_known(wire->sender, cases, sizeof cases / sizeof cases[0]);
}

/* The classic wire's, of its broadcasts. */
static void senders_of_the_classic_wire(void **state)
{
    (void)state;
    static const struct known cases[] = {
        {SIO_STR_INIT("\223\246abcdef\200\200"), "abcdef"},
        {SIO_STR_INIT("\223\246abcde"), NULL},
        {SIO_STR_INIT("\223\001"), NULL},
        {SIO_STR_INIT("\223\001\002"), NULL},
        {SIO_STR_INIT("\223"), NULL},
        {SIO_STR_INIT("\222\246abcdef\200"), NULL},
        {SIO_STR_INIT("{\"uid\":\"abcdef\"}"), NULL},
        {SIO_STR_INIT(""), NULL},
    };
    assert_known(sio__wire_classic.sender, cases, sizeof cases / sizeof cases[0]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(subscriptions),
    cmocka_unit_test(policy),
    cmocka_unit_test(fault_31_room_channels),
    cmocka_unit_test(the_room_named_like_the_uid),
    cmocka_unit_test(published_where_subscribed),
    cmocka_unit_test(rooms_of_channels),
    cmocka_unit_test(answers_to),
    cmocka_unit_test(senders),
    cmocka_unit_test(senders_of_the_classic_wire),
};

SIO_TEST_MAIN(tests)
