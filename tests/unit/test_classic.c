/* SPDX-License-Identifier: MIT */
/* The classic wire in both directions: what servers published (recorded from
 * @socket.io/redis-adapter 8.3 and older packages) is decoded, checked against the call
 * that made it and encoded again to the same bytes; what would end a Node process is
 * refused with its reason. */
#include "unit.h"

#include <sio/args.h>
#include <sio/value.h>

#include "tagged.h"
#include "value/normal.h"
#include "value/pack.h"
#include "vectors.h"
#include "wire/wire.h"

static struct sio__peer peer_of(const struct vector *vector, enum sio__role role)
{
    struct sio__peer peer = {.role = role,
                             .key = tagged_text(vector->inputs, "key"),
                             .nsp = tagged_text(vector->inputs, "nsp"),
                             .answers_to_uid =
                                 tagged_true(vector->inputs, "publishOnSpecificResponseChannel")};
    if (peer.key.ptr == NULL)
        peer.key = SIO_STR("socket.io");
    if (peer.nsp.ptr == NULL)
        peer.nsp = SIO_STR("/");
    return peer;
}

/* Compare a packed list with a field of the inputs, as JSON text; both absent: equal. */
static void assert_list(const struct vector *vector, const char *field, sio_str packed)
{
    sio_buf got, want;
    sio_str input = tagged_field(vector->inputs, field);
    sio_buf_init(&got);
    sio_buf_init(&want);
    if (input.len == 0)
        return;
    if (packed.len > 0)
        assert_int_equal(sio_json_write(packed, NULL, NULL, &got), SIO_OK);
    else
        assert_int_equal(sio_buf_append(&got, "[]", 2), SIO_OK);
    assert_int_equal(sio_json_write(input, NULL, NULL, &want), SIO_OK);
    if (!sio_str_eq(sio_buf_str(&got), sio_buf_str(&want)))
        fail_msg("%s: %s: got %.*s, want %.*s", vector->name, field, (int)got.len, got.ptr,
                 (int)want.len, want.ptr);
    sio_buf_fini(&got);
    sio_buf_fini(&want);
}

static enum sio__verdict decode(const struct sio__peer *peer, sio_str channel, sio_str payload,
                                sio_buf *scratch, struct sio_message *msg)
{
    return sio__wire_classic.decode(peer, channel, payload, scratch, msg);
}

/* Every cut of a payload is refused or decoded, never worse; and never allocates by the
 * counts that it claims (ASan and valgrind watch). */
static void cut_everywhere(const struct vector *vector, const struct sio__peer *peer)
{
    sio_buf scratch;
    struct sio_message msg;
    size_t step = vector->payload.len > 2000 ? 97 : 1;
    sio_buf_init(&scratch);
    for (size_t len = 0; len < vector->payload.len; len += step) {
        char *exact = malloc(len + 1);
        memcpy(exact, vector->payload.ptr, len);
        enum sio__verdict verdict =
            decode(peer, vector->channel, sio_str_of(exact, len), &scratch, &msg);
        if (verdict != SIO__MALFORMED)
            fail_msg("%s cut at %zu: verdict %d", vector->name, len, (int)verdict);
        free(exact);
    }
    sio_buf_fini(&scratch);
}

static void round_trip(const struct vector *vector, void *user)
{
    unsigned *compared = user;
    struct sio__peer peer = peer_of(vector, SIO__SERVER);
    struct sio_message msg;
    struct sio__frame frame = {.channel_len = 0};
    sio_buf scratch;
    sio_buf_init(&scratch);
    sio_buf_init(&frame.buf);
    enum sio__verdict verdict = decode(&peer, vector->channel, vector->payload, &scratch, &msg);
    if (verdict != SIO__DECODED)
        fail_msg("%s: verdict %d", vector->name, (int)verdict);
    if (msg.type == SIO_MSG_BROADCAST || msg.type == SIO_MSG_FETCH_SOCKETS) {
        assert_list(vector, "rooms", msg.rooms);
        assert_list(vector, "except", msg.except);
    }
    sio_status status = sio__wire_classic.encode(&peer, &msg, SIO_STR("SrvAAA"), &frame);
    assert_int_equal(status, SIO_OK);
    sio_str channel = sio__frame_channel(&frame), payload = sio__frame_payload(&frame);
    if (!sio_str_eq(channel, vector->channel))
        fail_msg("%s: channel %.*s", vector->name, (int)channel.len, channel.ptr);
    if (!sio_str_eq(payload, vector->payload))
        fail_msg("%s: payload differs", vector->name);
    (*compared)++;
    cut_everywhere(vector, &peer);
    sio_buf_fini(&frame.buf);
    sio_buf_fini(&scratch);
}

static void server_broadcasts(void **state)
{
    (void)state;
    unsigned compared = 0;
    assert_int_equal(vectors_each("classic.jsonl", "server/broadcast/", round_trip, &compared), 16);
    assert_int_equal(vectors_each("classic.jsonl", "server/csr/", round_trip, &compared), 2);
    assert_int_equal(compared, 18);
}

static void server_requests(void **state)
{
    (void)state;
    unsigned compared = 0;
    assert_int_equal(vectors_each("classic.jsonl", "server/request/", round_trip, &compared), 6);
    assert_int_equal(compared, 6);
}

static void requests_and_answers(void **state)
{
    (void)state;
    unsigned compared = 0;
    assert_int_equal(vectors_each("classic.jsonl", "rpc/", round_trip, &compared), 52);
    assert_int_equal(compared, 52);
}

/* What the emitter publishes, a server reads. */
static void emitter_decodes(const struct vector *vector, void *user)
{
    struct sio__peer peer = peer_of(vector, SIO__SERVER);
    struct sio_message msg;
    sio_buf scratch;
    (void)user;
    sio_buf_init(&scratch);
    enum sio__verdict verdict = decode(&peer, vector->channel, vector->payload, &scratch, &msg);
    if (verdict != SIO__DECODED)
        fail_msg("%s: verdict %d", vector->name, (int)verdict);
    if (msg.type == SIO_MSG_BROADCAST) {
        assert_true(sio_str_eq(msg.uid, SIO_STR("emitter")));
        assert_int_equal(msg.packet_type, 2);
    }
    cut_everywhere(vector, &peer);
    sio_buf_fini(&scratch);
}

static void emitter_frames_decode(void **state)
{
    (void)state;
    assert_int_equal(vectors_each("classic.jsonl", "emitter/", emitter_decodes, NULL), 112);
}

/* What old packages publish decodes to what they meant. */
struct meaning {
    const char *name;
    enum sio__verdict verdict;
    enum sio_message_type type;
};

static const struct meaning legacy[] = {
    {"legacy/emitter3/all", SIO__DECODED, SIO_MSG_BROADCAST},
    {"legacy/emitter3/uint8array-ext0", SIO__DECODED, SIO_MSG_BROADCAST},
    {"legacy/emitter3/date", SIO__DECODED, SIO_MSG_BROADCAST},
    {"legacy/adapter6/sockets/request", SIO__DECODED, SIO_MSG_SOCKETS},
    {"legacy/adapter6/sockets/response", SIO__DECODED, SIO_MSG_SOCKETS_RESPONSE},
    {"legacy/adapter6/all-rooms/request", SIO__DECODED, SIO_MSG_ALL_ROOMS},
    {"legacy/adapter6/all-rooms/response", SIO__DECODED, SIO_MSG_ROOMS_RESPONSE},
    {"legacy/adapter6/remote-join/request", SIO__DECODED, SIO_MSG_SOCKETS_JOIN},
    {"legacy/adapter6/remote-join/response", SIO__DECODED, SIO_MSG_DONE},
    {"legacy/adapter6/remote-leave/request", SIO__DECODED, SIO_MSG_SOCKETS_LEAVE},
    {"legacy/adapter6/remote-disconnect/request", SIO__DECODED, SIO_MSG_DISCONNECT_SOCKETS},
    {"legacy/adapter6/broadcast/broadcast", SIO__DECODED, SIO_MSG_BROADCAST},
    {"legacy/adapter5/broadcast-binary-type5", SIO__DECODED, SIO_MSG_BROADCAST},
    /* socket.io-redis 5 numbers its requests otherwise and spells requestid */
    {"legacy/adapter5/request-clients", SIO__MISSING_FIELD, SIO_MSG_BROADCAST},
    {"legacy/adapter5/request-custom", SIO__MISSING_FIELD, SIO_MSG_BROADCAST},
};

static void check_meaning(const struct vector *vector, void *user)
{
    struct sio__peer peer = peer_of(vector, SIO__SERVER);
    struct sio_message msg;
    sio_buf scratch;
    sio_buf_init(&scratch);
    enum sio__verdict verdict = decode(&peer, vector->channel, vector->payload, &scratch, &msg);
    for (size_t i = 0; i < sizeof legacy / sizeof legacy[0]; i++) {
        if (strcmp(legacy[i].name, vector->name) != 0)
            continue;
        if (verdict != legacy[i].verdict || (verdict == SIO__DECODED && msg.type != legacy[i].type))
            fail_msg("%s: verdict %d, type %d", vector->name, (int)verdict, (int)msg.type);
        (*(unsigned *)user)++;
    }
    sio_buf_fini(&scratch);
}

static void old_packages_decode(void **state)
{
    (void)state;
    unsigned found = 0;
    assert_int_equal(vectors_each("classic.jsonl", "legacy/", check_meaning, &found), 31);
    assert_int_equal(found, sizeof legacy / sizeof legacy[0]);
}

static void old_join_names_its_socket(void **state)
{
    (void)state;
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    struct sio_message msg;
    sio_buf scratch;
    sio_buf_init(&scratch);
    sio_str payload = SIO_STR("{\"requestId\":\"R\",\"type\":2,\"sid\":\"S\",\"room\":\"a\"}");
    assert_int_equal(decode(&peer, SIO_STR("socket.io-request#/#"), payload, &scratch, &msg),
                     SIO__DECODED);
    assert_true(sio_str_eq(msg.sid, SIO_STR("S")));
    assert_true(sio_str_eq(msg.request_id, SIO_STR("R")));
    assert_true(sio_str_eq(msg.target_rooms, SIO_STR("\xa1"
                                                     "a")));
    sio_buf_fini(&scratch);
}

/* Payloads on a channel, with the verdict; each of the kinds that docs/protocol.md lists
 * as deadly for Node is here. */
struct hostile {
    const char *channel;
    const char *payload; /* '|'-prefixed: hex */
    enum sio__verdict verdict;
};

#define BROADCAST "socket.io#/#"
#define REQUEST   "socket.io-request#/#"
#define RESPONSE  "socket.io-response#/#"

static const struct hostile hostiles[] = {
    {"other#/#", "|c0", SIO__NOT_OURS},
    {"socket.io#/chat#", "|c0", SIO__NOT_OURS},
    {"socket.io-request#/chat#", "{}", SIO__NOT_OURS},
    {"socket.io-request#/#x#", "{}", SIO__NOT_OURS},
    {"socket.io", "", SIO__NOT_OURS},
    {"", "", SIO__NOT_OURS},
    {BROADCAST, "", SIO__MALFORMED},
    {BROADCAST, "|c1", SIO__MALFORMED},
    {BROADCAST, "{\"a\":1}", SIO__MALFORMED}, /* JSON text: trailing bytes behind 0x7b */
    {BROADCAST, "|c0", SIO__MISSING_FIELD},
    {BROADCAST, "|80", SIO__MISSING_FIELD},
    {BROADCAST, "|92a161c0", SIO__MISSING_FIELD},               /* no opts */
    {BROADCAST, "|93a161c080", SIO__MISSING_FIELD},             /* packet nil */
    {BROADCAST, "|93a16181a47479706502c0", SIO__MISSING_FIELD}, /* no data */
    /* data not an array, data empty, event a map */
    {BROADCAST, "|93a16182a47479706502a46461746101c0", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16182a47479706502a46461746190c0", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16182a47479706502a4646174619180c0", SIO__MISSING_FIELD},
    /* opts nil, opts.rooms an integer, a string */
    {BROADCAST, "|93a16182a47479706502a46461746191a165c0", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5726f6f6d7301", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5726f6f6d73a161", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5726f6f6d739180", SIO__MISSING_FIELD},
    /* opts.except an integer; no type, another type than socket.io-parser has */
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a665786365707401", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16181a46461746191a16580", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16182a47479706507a46461746191a16580", SIO__MISSING_FIELD},
    /* data not an array, data empty, with all else in order */
    {BROADCAST, "|93a16182a47479706502a4646174610180", SIO__MISSING_FIELD},
    {BROADCAST, "|93a16182a47479706502a4646174619080", SIO__MISSING_FIELD},
    {BROADCAST,
     "|93a17583a47479706502a46461746190a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380",
     SIO__MISSING_FIELD},
    /* a fourth element that is cut, bytes behind the last one */
    {BROADCAST, "|94a16182a47479706502a46461746191a16580a5", SIO__MALFORMED},
    {BROADCAST, "|93a16182a47479706502a46461746191a16580c0", SIO__MALFORMED},
    {BROADCAST, "|93a5", SIO__MALFORMED},
    {BROADCAST, "|93a16182a5", SIO__MALFORMED},
    {BROADCAST, "|93a5c0c0", SIO__MALFORMED},
    {BROADCAST, "|93c082a5c0c0", SIO__MALFORMED},
    /* nsp null, another nsp */
    {BROADCAST, "|93a16183a47479706502a46461746191a165a36e7370c080", SIO__NOT_OURS},
    {BROADCAST, "|93a16183a47479706502a46461746191a165a36e7370a22f7880", SIO__NOT_OURS},
    /* fine: no nsp means "/", opts may lack everything, extra elements are ignored */
    {BROADCAST, "|93a16182a47479706502a46461746191a16580", SIO__DECODED},
    {BROADCAST, "|94a16182a47479706502a46461746191a16580c3", SIO__DECODED},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5726f6f6d73c0", SIO__DECODED},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5726f6f6d73912a", SIO__DECODED},
    {BROADCAST, "|93c082a47479706502a46461746191a16580", SIO__DECODED}, /* no uid: nobody's own */
    /* numbers as names of events and rooms; flags that are none */
    {BROADCAST, "|93a16182a47479706502a46461746191ff80", SIO__DECODED},
    {BROADCAST, "|93a16182a47479706502a46461746191cb3ff800000000000080", SIO__DECODED},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5726f6f6d7391ff", SIO__DECODED},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5726f6f6d7391cb3ff8000000000000",
     SIO__DECODED},
    {BROADCAST, "|93a16182a47479706502a46461746191a16581a5666c61677301", SIO__DECODED},
    {REQUEST, "", SIO__MALFORMED},
    {REQUEST, "|c0", SIO__MISSING_FIELD},
    {REQUEST, " {\"type\":2}", SIO__MALFORMED},
    {REQUEST, "{\"type\":2", SIO__MALFORMED},
    {REQUEST, "[1]", SIO__MALFORMED},
    {REQUEST, "|80c0", SIO__MALFORMED},
    {REQUEST, "|81a5", SIO__MALFORMED},
    {REQUEST, "{\"type\":3,\"opts\":{\"rooms\":1},\"rooms\":[]}", SIO__MISSING_FIELD},
    {REQUEST, "{}", SIO__UNKNOWN_TYPE},
    {REQUEST, "{\"type\":\"3\"}", SIO__UNKNOWN_TYPE},
    {REQUEST, "{\"type\":99}", SIO__UNKNOWN_TYPE},
    {REQUEST, "{\"type\":-1}", SIO__UNKNOWN_TYPE},
    {REQUEST, "{\"type\":2,\"opts\":{}}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":2,\"opts\":{},\"rooms\":\"a\"}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":2,\"sid\":\"s\"}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":2,\"sid\":\"s\",\"room\":1}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":0,\"requestId\":\"x\",\"rooms\":1}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":0,\"requestId\":\"x\"}", SIO__DECODED},
    {REQUEST, "{\"type\":3,\"opts\":null,\"rooms\":[]}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":3,\"opts\":{},\"rooms\":[]}", SIO__DECODED},
    {REQUEST, "{\"type\":4,\"opts\":{}}", SIO__DECODED},
    {REQUEST, "{\"type\":5,\"requestId\":\"x\"}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":5,\"opts\":{}}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":6,\"data\":1}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":6,\"data\":[]}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":6,\"data\":[{}]}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":6,\"data\":[\"e\"]}", SIO__DECODED},
    {REQUEST, "{\"type\":7,\"requestId\":\"x\"}", SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":7,\"requestId\":\"x\",\"packet\":{\"type\":2,\"data\":[\"e\"]}}",
     SIO__MISSING_FIELD},
    {REQUEST, "{\"type\":7,\"packet\":{\"type\":2,\"data\":[\"e\"]},\"opts\":{}}",
     SIO__MISSING_FIELD},
    {REQUEST,
     "{\"type\":7,\"requestId\":\"x\",\"packet\":{\"type\":2,\"data\":[\"e\"]},\"opts\":{}}",
     SIO__DECODED},
    {RESPONSE, "|c0", SIO__MISSING_FIELD},
    {RESPONSE, "{\"sockets\":[]}", SIO__MISSING_FIELD},
    {RESPONSE, "{\"requestId\":\"x\",\"sockets\":1}", SIO__MISSING_FIELD},
    {RESPONSE, "{\"requestId\":\"x\",\"type\":8}", SIO__MISSING_FIELD},
    {RESPONSE, "{\"requestId\":\"x\",\"type\":8,\"clientCount\":-1}", SIO__MISSING_FIELD},
    {RESPONSE, "{\"requestId\":\"x\",\"type\":8,\"clientCount\":4294967296}", SIO__MISSING_FIELD},
    {RESPONSE, "{\"requestId\":\"x\",\"type\":8,\"clientCount\":4294967295}", SIO__DECODED},
    {RESPONSE, "{\"requestId\":\"x\",\"type\":\"8\"}", SIO__UNKNOWN_TYPE},
    {RESPONSE, "{\"requestId\":\"x\",\"type\":5}", SIO__UNKNOWN_TYPE},
    {RESPONSE, "{\"requestId\":\"x\",\"type\":9}", SIO__DECODED},
    {RESPONSE, "{\"requestId\":\"x\"}", SIO__DECODED},
};

static void hostile_frames(void **state)
{
    (void)state;
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    for (size_t i = 0; i < sizeof hostiles / sizeof hostiles[0]; i++) {
        const struct hostile *h = &hostiles[i];
        unsigned char bytes[256];
        sio_str payload = sio_str_c(h->payload);
        struct sio_message msg;
        sio_buf scratch;
        sio_buf_init(&scratch);
        if (payload.len > 0 && payload.ptr[0] == '|')
            payload = sio_str_of(bytes, tagged_hex(sio_str_c(h->payload + 1), bytes));
        enum sio__verdict verdict = decode(&peer, sio_str_c(h->channel), payload, &scratch, &msg);
        if (verdict != h->verdict)
            fail_msg("%s on %s: verdict %d, not %d", h->payload, h->channel, (int)verdict,
                     (int)h->verdict);
        sio_buf_fini(&scratch);
    }
}

/* A packet's id is a number that JavaScript can hold, or it has none. */
static void packet_ids(void **state)
{
    static const struct {
        sio_str packed;
        int64_t id;
    } cases[] = {
        {SIO_STR_INIT("\xcf\x00\x1f\xff\xff\xff\xff\xff\xff"), SIO__SAFE_INTEGER},
        {SIO_STR_INIT("\xcf\x00\x20\x00\x00\x00\x00\x00\x00"), -1},
        {SIO_STR_INIT("\xa1"
                      "1"),
         -1},
    };
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const sio_str head = SIO_STR_INIT("\x93\xa1"
                                                 "u"
                                                 "\x83\xa4"
                                                 "type"
                                                 "\x02\xa4"
                                                 "data"
                                                 "\x91\xa1"
                                                 "e"
                                                 "\xa2"
                                                 "id");
        struct sio_message msg;
        sio_buf frame, scratch;
        sio_buf_init(&frame);
        sio_buf_init(&scratch);
        assert_int_equal(sio_buf_append(&frame, head.ptr, head.len), SIO_OK);
        assert_int_equal(sio_buf_append(&frame, cases[i].packed.ptr, cases[i].packed.len), SIO_OK);
        assert_int_equal(sio_buf_append(&frame, "\x80", 1), SIO_OK);
        assert_int_equal(
            decode(&peer, SIO_STR("socket.io#/#"), sio_buf_str(&frame), &scratch, &msg),
            SIO__DECODED);
        assert_int_equal(msg.packet_id, cases[i].id);
        sio_buf_fini(&frame);
        sio_buf_fini(&scratch);
    }
}

/* The room of a channel may hold '#'; what stands in its last place is cut blindly. */
static void channels_are_compared_whole(void **state)
{
    (void)state;
    static const sio_str payload = {"\x93\xa1"
                                    "a"
                                    "\x83\xa4"
                                    "type"
                                    "\x02\xa4"
                                    "data"
                                    "\x91\xa1"
                                    "e"
                                    "\xa3"
                                    "nsp"
                                    "\xa3"
                                    "/a#"
                                    "\x80",
                                    27};
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("k"), .nsp = SIO_STR("/a#")};
    struct sio__peer other = {.role = SIO__SERVER, .key = SIO_STR("k"), .nsp = SIO_STR("/a")};
    struct sio_message msg;
    sio_buf scratch;
    sio_buf_init(&scratch);
    assert_int_equal(decode(&peer, SIO_STR("k#/a##"), payload, &scratch, &msg), SIO__DECODED);
    assert_int_equal(decode(&peer, SIO_STR("k#/a##x#y#"), payload, &scratch, &msg), SIO__DECODED);
    /* "k#/a##" is also the channel of room "" of /a: its packet's namespace tells */
    assert_int_equal(decode(&other, SIO_STR("k#/a##"), payload, &scratch, &msg), SIO__NOT_OURS);
    sio_buf_fini(&scratch);
}

/* undefined is left out of maps and null elsewhere, at any depth, counts included. */
static void undefined_on_the_wire(void **state)
{
    (void)state;
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    struct sio__frame frame = {.channel_len = 0};
    sio_args *args;
    sio_buf_init(&frame.buf);
    assert_int_equal(sio_args_new(&args), SIO_OK);
    sio_args_map_begin(args);
    for (int i = 0; i < 16; i++) {
        char key[4];
        snprintf(key, sizeof key, "k%x", i);
        sio_args_key(args, sio_str_c(key));
        if (i % 2 == 0)
            sio_args_undefined(args);
        else
            sio_args_int(args, i);
    }
    sio_args_map_end(args);
    sio_args_array_begin(args);
    sio_args_map_begin(args);
    sio_args_key(args, SIO_STR("u"));
    sio_args_undefined(args);
    sio_args_map_end(args);
    sio_args_undefined(args);
    sio_args_array_end(args);
    struct sio_message msg = {.type = SIO_MSG_BROADCAST,
                              .uid = SIO_STR("u"),
                              .event = SIO_STR("e"),
                              .args = sio_args_packed(args),
                              .nargs = 2,
                              .args_has = SIO__HAS_UNDEFINED,
                              .packet_id = -1};
    assert_int_equal(sio__wire_classic.encode(&peer, &msg, sio_str_of(NULL, 0), &frame), SIO_OK);
    static const char want[] = "\x93\xa1"
                               "e"
                               "\x88\xa2k1\x01\xa2k3\x03\xa2k5\x05\xa2k7\x07\xa2k9\x09\xa2kb\x0b"
                               "\xa2kd\x0d\xa2kf\x0f\x92\x80\xc0";
    assert_non_null(memmem(frame.buf.ptr, frame.buf.len, want, sizeof want - 1));
    sio_args_free(args);
    sio_buf_fini(&frame.buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(server_broadcasts),
    cmocka_unit_test(server_requests),
    cmocka_unit_test(requests_and_answers),
    cmocka_unit_test(emitter_frames_decode),
    cmocka_unit_test(old_packages_decode),
    cmocka_unit_test(old_join_names_its_socket),
    cmocka_unit_test(hostile_frames),
    cmocka_unit_test(packet_ids),
    cmocka_unit_test(channels_are_compared_whole),
    cmocka_unit_test(undefined_on_the_wire),
};

SIO_TEST_MAIN(tests)
