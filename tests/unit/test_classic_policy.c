/* SPDX-License-Identifier: MIT */
/* What a server of the classic wire subscribes to, and what it knows of a message before
 * decoding it. */
#include "unit.h"

#include <fnmatch.h>

#include "tagged.h"
#include "vectors.h"
#include "wire/wire.h"

static const struct sio__wire *const wire = &sio__wire_classic;

static struct sio__peer peer_of(sio_str key, sio_str nsp)
{
    struct sio__peer peer = {.role = SIO__SERVER, .key = key, .nsp = nsp};
    return peer;
}

static void assert_subscription(const struct sio__peer *peer, bool per_room, unsigned n,
                                enum sio__route route, bool is_pattern, const char *name)
{
    sio_buf buf;
    struct sio__subscription_name out = {.name = &buf};
    sio_buf_init(&buf);
    assert_int_equal(wire->subscription(peer, SIO_STR("UidAAA"), per_room, n, &out), SIO_OK);
    assert_int_equal(out.route, route);
    assert_int_equal(out.is_pattern, is_pattern);
    if (!sio_str_eq(sio_buf_str(&buf), sio_str_c(name)))
        fail_msg("%.*s is not %s", (int)buf.len, buf.ptr, name);
    sio_buf_fini(&buf);
}

static void subscriptions(void **state)
{
    (void)state;
    struct sio__peer peer = peer_of(SIO_STR("socket.io"), SIO_STR("/chat"));
    struct sio__subscription_name out = {.name = NULL};
    assert_subscription(&peer, false, 0, SIO__ROUTE_BROADCASTS, true, "socket.io#/chat#*");
    assert_subscription(&peer, true, 0, SIO__ROUTE_BROADCASTS, false, "socket.io#/chat#");
    for (unsigned per_room = 0; per_room < 2; per_room++) {
        assert_subscription(&peer, per_room, 1, SIO__ROUTE_REQUESTS, false,
                            "socket.io-request#/chat#");
        assert_subscription(&peer, per_room, 2, SIO__ROUTE_RESPONSES, false,
                            "socket.io-response#/chat#");
        assert_subscription(&peer, per_room, 3, SIO__ROUTE_RESPONSES, false,
                            "socket.io-response#/chat#UidAAA#");
        assert_int_equal(wire->subscription(&peer, SIO_STR("u"), per_room, 4, &out), SIO_EINVAL);
    }
    assert_true(wire->own_ops_by_echo);
    assert_int_equal(wire->uid_len, 6);
    assert_int_equal(wire->request_id_len, 6);
}

/* fnmatch() without flags reads these patterns as Redis does. */
static void patterns_are_escaped(void **state)
{
    (void)state;
    static const char *const names[] = {"/a[b]", "/*", "/?", "/a\\b", "/a]", "/[^x]", "/[a-z]*"};
    struct sio__peer peer = peer_of(SIO_STR("k[1]*"), SIO_STR("/a[b]?*\\"));
    assert_subscription(&peer, false, 0, SIO__ROUTE_BROADCASTS, true,
                        "k\\[1\\]\\*#/a\\[b\\]\\?\\*\\\\#*");
    assert_subscription(&peer, false, 1, SIO__ROUTE_REQUESTS, false, "k[1]*-request#/a[b]?*\\#");
    assert_subscription(&peer, true, 0, SIO__ROUTE_BROADCASTS, false, "k[1]*#/a[b]?*\\#");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        sio_buf pattern, channel;
        struct sio__subscription_name out = {.name = &pattern};
        peer.nsp = sio_str_c(names[i]);
        sio_buf_init(&pattern);
        sio_buf_init(&channel);
        assert_int_equal(wire->subscription(&peer, SIO_STR("u"), false, 0, &out), SIO_OK);
        assert_int_equal(wire->room_channel(&peer, SIO_STR("r"), &channel), SIO_OK);
        assert_int_equal(sio_buf_append(&pattern, "", 1), SIO_OK);
        assert_int_equal(sio_buf_append(&channel, "", 1), SIO_OK);
        assert_int_equal(fnmatch(pattern.ptr, channel.ptr, 0), 0);
        assert_int_not_equal(fnmatch(pattern.ptr, "k[1]*#/ab#", 0), 0);
        sio_buf_fini(&pattern);
        sio_buf_fini(&channel);
    }
    peer.nsp = SIO_STR("/\000*");
    sio_buf pattern;
    struct sio__subscription_name out = {.name = &pattern};
    sio_buf_init(&pattern);
    assert_int_equal(wire->subscription(&peer, SIO_STR("u"), false, 0, &out), SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(&pattern), SIO_STR("k\\[1\\]\\*#/\000\\*#*")));
    sio_buf_fini(&pattern);
}

static void assert_channel(sio_status status, sio_buf *channel, sio_str want)
{
    assert_int_equal(status, SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(channel), want));
    sio_buf_fini(channel);
}

static void channels(void **state)
{
    (void)state;
    struct sio__peer peer = peer_of(SIO_STR("k"), SIO_STR("/a"));
    sio_buf buf;
    sio_buf_init(&buf);
    assert_channel(wire->servers_channel(&peer, &buf), &buf, SIO_STR("k-request#/a#"));
    assert_channel(wire->room_channel(&peer, SIO_STR("x#y"), &buf), &buf, SIO_STR("k#/a#x#y#"));
    assert_channel(wire->room_channel(&peer, SIO_STR("*\000"), &buf), &buf, SIO_STR("k#/a#*\000#"));
    assert_channel(wire->room_channel(&peer, SIO_STR(""), &buf), &buf, SIO_STR("k#/a##"));
    assert_channel(wire->room_channel(&peer, sio_str_of(NULL, 0), &buf), &buf, SIO_STR("k#/a##"));
}

static void assert_room(const struct sio__peer *peer, sio_str channel, sio_str want)
{
    sio_str room = SIO_STR("unset");
    assert_true(wire->room_of(peer, channel, &room));
    assert_true(sio_str_eq(room, want));
    assert_int_equal(room.ptr == NULL, want.ptr == NULL);
}

static void rooms_of_channels(void **state)
{
    (void)state;
    struct sio__peer peer = peer_of(SIO_STR("k"), SIO_STR("/a"));
    sio_str none = sio_str_of(NULL, 0), room;
    assert_room(&peer, SIO_STR("k#/a#"), none);
    assert_room(&peer, SIO_STR("k#/a##"), none); /* the room "": Node decodes it, too */
    assert_room(&peer, SIO_STR("k#/a#r#"), SIO_STR("r"));
    assert_room(&peer, SIO_STR("k#/a#x#y#"), SIO_STR("x#y"));
    assert_room(&peer, SIO_STR("k#/a#rx"), SIO_STR("r")); /* the last character is cut blindly */
    assert_room(&peer, SIO_STR("k#/a#\000#"), SIO_STR("\000"));
    assert_false(wire->room_of(&peer, SIO_STR("k#/b#r#"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("k#/a"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("k-request#/a#"), &room));
    assert_false(wire->room_of(&peer, SIO_STR("kk#/a#"), &room));
    assert_false(wire->room_of(&peer, SIO_STR(""), &room));
}

static void answers_to(void **state)
{
    (void)state;
    static const struct {
        sio_str payload;
        const char *id; /* NULL: it has to be decoded */
    } cases[] = {
        {SIO_STR_INIT("{\"requestId\":\"aB3-_9\",\"sockets\":[]}"), "aB3-_9"},
        {SIO_STR_INIT("{\"requestId\":\"x\"}"), "x"},
        {SIO_STR_INIT("{\"requestId\":\"\"}"), ""},
        {SIO_STR_INIT("{\"type\":6,\"requestId\":\"x\",\"data\":1}"), "x"},
        {SIO_STR_INIT("{\"type\":8,\"requestId\":\"x\""), "x"}, /* cut later: its decoding tells */
        {SIO_STR_INIT("{\"type\":10,\"requestId\":\"x\"}"), NULL},
        {SIO_STR_INIT("{\"type\":\"8\",\"requestId\":\"x\"}"), NULL},
        {SIO_STR_INIT("{\"type\":"), NULL},
        {SIO_STR_INIT("{\"type\":8"), NULL},
        {SIO_STR_INIT("{\"uid\":\"u\",\"requestId\":\"x\"}"), NULL},
        {SIO_STR_INIT("{ \"requestId\":\"x\"}"), NULL},
        {SIO_STR_INIT("{\"requestId\":\"a\\u0041\"}"), NULL},
        {SIO_STR_INIT("{\"requestId\":\"\303\251\"}"), NULL},
        {SIO_STR_INIT("{\"requestId\":\"a\nb\"}"), NULL},
        {SIO_STR_INIT("{\"requestId\":\"abc"), NULL},
        {SIO_STR_INIT("{\"requestId\":\""), NULL},
        {SIO_STR_INIT("{\"requestId\":1}"), NULL},
        {SIO_STR_INIT("{}"), NULL},
        {SIO_STR_INIT("{"), NULL},
        {SIO_STR_INIT(""), NULL},
        {SIO_STR_INIT("\201\251requestId\241x"), "x"},
        {SIO_STR_INIT("\202\244type\011\251requestId\246abcdef"), "abcdef"},
        {SIO_STR_INIT("\202\244type\011\251requestId\246abcde"), NULL},
        {SIO_STR_INIT("\336\000\001\251requestId\331\001x"), "x"},
        {SIO_STR_INIT("\201\251requestId\001"), NULL},
        {SIO_STR_INIT("\202\244type\221\001\251requestId\241x"), NULL},
        {SIO_STR_INIT("\203\241a\001\241b\001\251requestId\241x"), NULL},
        {SIO_STR_INIT("\202\001\001\251requestId\241x"), NULL},
        {SIO_STR_INIT("\222\251requestId\241x"), NULL},
        {SIO_STR_INIT("\200"), NULL},
        {SIO_STR_INIT("\300"), NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sio_str id = wire->answers_to(cases[i].payload);
        if ((id.ptr == NULL) != (cases[i].id == NULL) || !sio_str_eq(id, sio_str_c(cases[i].id)))
            fail_msg("%.*s: %.*s", (int)cases[i].payload.len, cases[i].payload.ptr, (int)id.len,
                     id.ptr);
    }
}

/* What the real adapter writes is found without decoding, and what decoding finds; of a cut
 * one the same, or nothing. */
static void recorded_answer(const struct vector *vector, void *user)
{
    static const char infix[] = "-response#";
    struct sio__peer peer =
        peer_of(tagged_text(vector->inputs, "key"), tagged_text(vector->inputs, "nsp"));
    struct sio_message msg;
    sio_buf scratch;
    if (memmem(vector->channel.ptr, vector->channel.len, infix, sizeof infix - 1) == NULL)
        return;
    if (peer.key.ptr == NULL)
        peer.key = SIO_STR("socket.io");
    if (peer.nsp.ptr == NULL)
        peer.nsp = SIO_STR("/");
    sio_buf_init(&scratch);
    assert_int_equal(wire->decode(&peer, vector->channel, vector->payload, &scratch, &msg),
                     SIO__DECODED);
    sio_str id = wire->answers_to(vector->payload);
    if (id.ptr == NULL || !sio_str_eq(id, msg.request_id))
        fail_msg("%s: %.*s", vector->name, (int)id.len, id.ptr);
    for (size_t len = 0; len < vector->payload.len && len < 64; len++) {
        char *exact = malloc(len + 1);
        memcpy(exact, vector->payload.ptr, len);
        sio_str cut = wire->answers_to(sio_str_of(exact, len));
        assert_true(cut.ptr == NULL || sio_str_eq(cut, id));
        free(exact);
    }
    sio_buf_fini(&scratch);
    (*(unsigned *)user)++;
}

static void recorded_answers(void **state)
{
    (void)state;
    unsigned answers = 0;
    vectors_each("classic.jsonl", "rpc/", recorded_answer, &answers);
    vectors_each("classic.jsonl", "legacy/adapter6/", recorded_answer, &answers);
    assert_true(answers >= 30);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(subscriptions), cmocka_unit_test(patterns_are_escaped),
    cmocka_unit_test(channels),      cmocka_unit_test(rooms_of_channels),
    cmocka_unit_test(answers_to),    cmocka_unit_test(recorded_answers),
};

SIO_TEST_MAIN(tests)
