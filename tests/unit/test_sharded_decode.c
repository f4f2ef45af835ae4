/* SPDX-License-Identifier: MIT */
/* What the decoder of the sharded wire makes of messages beyond those that Node writes: in
 * another order or form, with surprises, and hostile ones, by the numbers of the fault list.
 * (test_sharded.c has the recorded ones, whole and cut at every length.) */
#include "unit.h"

#include <sio/value.h>

#include "wire/wire.h"

static const struct sio__wire *const wire = &sio__wire_sharded;

#define MAIN     "socket.io#/#"
#define RESPONSE "socket.io#/#0123456789abcdef#"

struct decoded {
    sio_buf scratch;
    struct sio_message msg;
};

static enum sio__verdict decode(const char *channel, sio_str payload, struct decoded *d)
{
    static const struct sio__peer peer = {.role = SIO__SERVER,
                                          .key = SIO_STR_INIT("socket.io"),
                                          .nsp = SIO_STR_INIT("/"),
                                          .rooms_mode = SIO__ROOMS_DYNAMIC};
    sio_buf_init(&d->scratch);
    return wire->decode(&peer, sio_str_c(channel), payload, &d->scratch, &d->msg);
}

static void assert_verdict(const char *channel, sio_str payload, enum sio__verdict want)
{
    struct decoded d;
    char *exact = malloc(payload.len + 1);
    memcpy(exact, payload.ptr, payload.len);
    enum sio__verdict verdict = decode(channel, sio_str_of(exact, payload.len), &d);
    if (verdict != want)
        fail_msg("%.*s on %s: %d, not %d", (int)payload.len, payload.ptr, channel, (int)verdict,
                 (int)want);
    sio_buf_fini(&d.scratch);
    free(exact);
}

/* MessagePack by its JSON: notepack.io would write the same. */
static void pack(const char *json, sio_buf *out)
{
    sio_buf_init(out);
    assert_int_equal(sio_json_read(sio_str_c(json), 0, out, NULL), SIO_OK);
}

/* As JSON and as MessagePack, with white space and without. */
static void assert_both(const char *channel, const char *json, enum sio__verdict want)
{
    sio_buf packed;
    assert_verdict(channel, sio_str_c(json), json[0] == '{' ? want : SIO__MALFORMED);
    pack(json, &packed);
    assert_verdict(channel, sio_buf_str(&packed), want);
    sio_buf_fini(&packed);
}

#define END        ",\"uid\":\"u\",\"nsp\":\"/\"}"
#define OPTS       "\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{}}"
#define PACKET     "\"packet\":{\"type\":2,\"data\":[\"e\",1]}"
#define BROADCAST3 "{\"type\":3,\"data\":{"

/* ---- one meaning in every form ---- */

static void assert_same(const char *name, const struct sio_message *a, const struct sio_message *b)
{
    bool same = a->type == b->type && a->nargs == b->nargs && a->packet_type == b->packet_type &&
                a->packet_id == b->packet_id && sio_str_eq(a->uid, b->uid) &&
                sio_str_eq(a->nsp, b->nsp) && sio_str_eq(a->args, b->args) &&
                sio_str_eq(a->request_id, b->request_id) && sio_str_eq(a->rooms, b->rooms) &&
                sio_str_eq(a->except, b->except) && sio_str_eq(a->flags, b->flags);
    if (!same)
        fail_msg("%s: another message", name);
}

static void any_order_of_fields(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":[\"e\",1]},\"requestId\":\"r\","
        "\"opts\":{\"rooms\":[\"a\",1],\"except\":[\"b\"],\"flags\":{\"volatile\":true}}},"
        "\"uid\":\"u\",\"nsp\":\"/\"}",
        "{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":[\"e\",1]},\"requestId\":\"r\","
        "\"opts\":{\"rooms\":[\"a\",1],\"except\":[\"b\"],\"flags\":{\"volatile\":true}}},"
        "\"uid\":\"u\",\"nsp\":\"/\"} ",
        "{\"nsp\":\"/\",\"uid\":\"u\",\"data\":{\"opts\":{\"flags\":{\"volatile\":true},\"rooms\":["
        "\"a\",1],\"except\":[\"b\"]},\"requestId\":\"r\",\"packet\":{\"data\":[\"e\",1],\"type\":2"
        "}},\"type\":3}",
        "{\"type\":3.0,\"x\":[{\"type\":4}],\"data\":{\"packet\":{\"nsp\":\"/x\",\"type\":2,"
        "\"data\":[\"\\u0065\",1.0]},\"more\":null,\"opts\":{\"rooms\":[\"a\",1],\"except\":[\"b\"]"
        ",\"flags\":{\"volatile\":true},\"z\":0},\"requestId\":\"r\"},\"uid\":\"u\",\"nsp\":\"/\"}",
        "{\"type\":4,\"type\":3,\"uid\":\"v\",\"nsp\":\"/x\",\"data\":{\"packet\":{\"type\":2,"
        "\"data\":[\"e\",1]},\"requestId\":\"r\",\"opts\":{\"rooms\":[\"a\",1],\"except\":[\"b\"],"
        "\"flags\":{\"volatile\":true}}},\"uid\":\"u\",\"nsp\":\"/\"}",
    };
    struct decoded first, other;
    assert_int_equal(decode(MAIN, sio_str_c(texts[0]), &first), SIO__DECODED);
    assert_true(sio_str_eq(first.msg.args, SIO_STR("\241e\001")));
    assert_true(sio_str_eq(first.msg.rooms, SIO_STR("\222\241a\001")));
    assert_true(sio_str_eq(first.msg.request_id, SIO_STR("r")));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sio_buf packed;
        assert_int_equal(decode(MAIN, sio_str_c(texts[i]), &other), SIO__DECODED);
        assert_same(texts[i], &first.msg, &other.msg);
        sio_buf_fini(&other.scratch);
        pack(texts[i], &packed);
        assert_int_equal(decode(MAIN, sio_buf_str(&packed), &other), SIO__DECODED);
        assert_same(texts[i], &first.msg, &other.msg);
        sio_buf_fini(&other.scratch);
        sio_buf_fini(&packed);
    }
    sio_buf_fini(&first.scratch);
}

/* Each place where the usual form may end, in both formats: the general way decides. */
static void the_usual_form_left_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        enum sio__verdict verdict;
    } cases[] = {
        {BROADCAST3 PACKET "," OPTS "}" END, SIO__DECODED},
        {BROADCAST3 PACKET ",\"requestId\":\"r\"," OPTS "}" END, SIO__DECODED},
        {BROADCAST3 PACKET ",\"requestId\":1," OPTS "}" END, SIO__DECODED},
        {BROADCAST3 PACKET ",\"requestId\":\"\\u0072\"," OPTS "}" END, SIO__DECODED},
        {BROADCAST3 PACKET ",\"requestId\":\"r\",\"x\":1," OPTS "}" END, SIO__DECODED},
        {BROADCAST3 PACKET ",\"requestId\":\"r\"}" END, SIO__MISSING_FIELD},
        {BROADCAST3 PACKET "}" END, SIO__MISSING_FIELD},
        {BROADCAST3 "\"packet\":{\"type\":2,\"data\":[\"e\"],\"id\":7}," OPTS "}" END,
         SIO__DECODED},
        {BROADCAST3 "\"packet\":{\"type\":2,\"data\":[]}," OPTS "}" END, SIO__MISSING_FIELD},
        {BROADCAST3 "\"packet\":{\"type\":2,\"data\":[{}]}," OPTS "}" END, SIO__MISSING_FIELD},
        {BROADCAST3 "\"packet\":{\"type\":2,\"data\":[1]}," OPTS "}" END, SIO__DECODED},
        {BROADCAST3 "\"packet\":{\"type\":2,\"data\":\"e\"}," OPTS "}" END, SIO__MISSING_FIELD},
        {BROADCAST3 "\"packet\":{\"type\":2}," OPTS "}" END, SIO__MISSING_FIELD},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":1,\"except\":[],\"flags\":{}}}" END,
         SIO__MISSING_FIELD},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":[{}],\"except\":[],\"flags\":{}}}" END,
         SIO__MISSING_FIELD},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":null,\"except\":null,\"flags\":null}}" END,
         SIO__DECODED},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":[],\"flags\":{}}}" END, SIO__DECODED},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":[],\"except\":1,\"flags\":{}}}" END,
         SIO__MISSING_FIELD},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":[],\"except\":[],\"flags\":[]}}" END,
         SIO__DECODED},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{\"a\":{}}}}" END,
         SIO__DECODED},
        {BROADCAST3 PACKET ",\"opts\":{\"rooms\":[],\"except\":[]}}" END, SIO__DECODED},
        {BROADCAST3 PACKET "," OPTS ",\"x\":1}" END, SIO__DECODED},
        {BROADCAST3 PACKET "," OPTS "},\"uid\":1,\"nsp\":\"/\"}", SIO__DECODED},
        {BROADCAST3 PACKET "," OPTS "},\"uid\":\"u\"}", SIO__NOT_OURS},
        {BROADCAST3 PACKET "," OPTS "},\"uid\":\"u\",\"nsp\":null}", SIO__NOT_OURS},
        {BROADCAST3 PACKET "," OPTS "},\"uid\":\"u\",\"nsp\":\"/x\"}", SIO__NOT_OURS},
        {BROADCAST3 PACKET "," OPTS "},\"uid\":\"u\",\"nsp\":\"\\u002f\"}", SIO__DECODED},
        {BROADCAST3 PACKET "," OPTS "},\"uid\":\"u\",\"nsp\":\"/\",\"x\":1}", SIO__DECODED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_both(MAIN, cases[i].json, cases[i].verdict);
    /* what is no JSON there */
    static const char *const broken[] = {
        BROADCAST3 "\"packet\":{\"type\":2,\"data\":[\"e\",]}," OPTS "}" END,
        BROADCAST3 PACKET ",\"requestId\":\"r," OPTS "}" END,
        BROADCAST3 PACKET ",\"opts\":{\"rooms\":[,\"except\":[],\"flags\":{}}}" END,
        BROADCAST3 PACKET ",\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{\"a\"}}}" END,
        BROADCAST3 PACKET ",\"opts\":{\"rooms\":[],\"except\":[],\"flags\":",
        BROADCAST3 PACKET "," OPTS "},\"uid\":\"u",
        BROADCAST3 PACKET "," OPTS "},\"uid\":",
        BROADCAST3 PACKET "," OPTS "}" END "}",
        BROADCAST3 PACKET "," OPTS "}" END "x",
        BROADCAST3 PACKET "," OPTS "},\"uid\":\"u\nv\",\"nsp\":\"/\"}",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_verdict(MAIN, sio_str_c(broken[i]), SIO__MALFORMED);
}

/* As notepack.io writes long names and many of them. */
static void long_forms(void **state)
{
    (void)state;
    static const char text[] =
        "{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":[\"an event's name of more than 31 "
        "bytes\",1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]},\"opts\":{\"rooms\":[1,2,3,4,5,6,7,8,9,10"
        ",11,12,13,14,15,16,\"a room's name that has more than 31 bytes\"],\"except\":[\"another "
        "room's name of more than 31 bytes\"],\"flags\":{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,"
        "\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1}}}"
        ",\"uid\":\"a uid of more than 31 bytes, 42 of them now\",\"nsp\":\"/\"}";
    struct decoded json, binary;
    sio_buf packed;
    pack(text, &packed);
    assert_int_equal(decode(MAIN, sio_str_c(text), &json), SIO__DECODED);
    assert_int_equal(decode(MAIN, sio_buf_str(&packed), &binary), SIO__DECODED);
    assert_int_equal(json.msg.nargs, 17);
    assert_same("long", &json.msg, &binary.msg);
    sio_buf_fini(&json.scratch);
    sio_buf_fini(&binary.scratch);
    sio_buf_fini(&packed);
}

/* ---- every type ---- */

struct meaning {
    const char *json;
    enum sio__verdict verdict;
    enum sio_message_type type;
};

static void assert_meaning(const struct meaning *m)
{
    struct decoded d;
    sio_buf packed;
    assert_both(MAIN, m->json, m->verdict);
    assert_both(RESPONSE, m->json, m->verdict);
    pack(m->json, &packed);
    if (decode(MAIN, sio_buf_str(&packed), &d) == SIO__DECODED && d.msg.type != m->type)
        fail_msg("%s: type %d", m->json, (int)d.msg.type);
    sio_buf_fini(&d.scratch);
    sio_buf_fini(&packed);
}

/* 29 and 33: well-formed but wrong, unknown; and what is right beside it. What Node dies of is
 * here: no data, no opts, a bare null. */
static void fault_29_33_fields_of_every_type(void **state)
{
    (void)state;
    static const struct meaning meanings[] = {
        {"{\"type\":1,\"uid\":\"u\",\"nsp\":\"/\"}", SIO__DECODED, SIO_MSG_INITIAL_HEARTBEAT},
        {"{\"type\":2,\"uid\":\"u\",\"nsp\":\"/\"}", SIO__DECODED, SIO_MSG_HEARTBEAT},
        {"{\"type\":13,\"uid\":\"u\",\"nsp\":\"/\"}", SIO__DECODED, SIO_MSG_ADAPTER_CLOSE},
        {"{\"type\":3" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":3,\"data\":null" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":3,\"data\":{" OPTS "}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":3,\"data\":{\"packet\":[]," OPTS "}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":3,\"data\":{\"packet\":{\"type\":7,\"data\":[\"e\"]}," OPTS "}" END,
         SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":3,\"data\":{\"packet\":{\"type\":\"2\",\"data\":[\"e\"]}," OPTS "}" END,
         SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":4,\"data\":{" OPTS ",\"rooms\":[\"a\",1]}" END, SIO__DECODED,
         SIO_MSG_SOCKETS_JOIN},
        {"{\"type\":4,\"data\":{\"rooms\":[\"a\"]}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":4,\"data\":{" OPTS "}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":4,\"data\":{" OPTS ",\"rooms\":\"a\"}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":5,\"data\":{\"opts\":{},\"rooms\":[]}" END, SIO__DECODED,
         SIO_MSG_SOCKETS_LEAVE},
        {"{\"type\":5,\"data\":{\"opts\":[],\"rooms\":[]}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":6,\"data\":{" OPTS ",\"close\":true}" END, SIO__DECODED,
         SIO_MSG_DISCONNECT_SOCKETS},
        {"{\"type\":6,\"data\":{" OPTS "}" END, SIO__DECODED, SIO_MSG_DISCONNECT_SOCKETS},
        {"{\"type\":6,\"data\":{\"close\":true}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":7,\"data\":{" OPTS ",\"requestId\":\"r\"}" END, SIO__DECODED,
         SIO_MSG_FETCH_SOCKETS},
        {"{\"type\":7,\"data\":{" OPTS "}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":7,\"data\":{\"requestId\":\"r\"}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":8,\"data\":{\"requestId\":\"r\",\"sockets\":[{}]}" END, SIO__DECODED,
         SIO_MSG_SOCKETS_RESPONSE},
        {"{\"type\":8,\"data\":{\"requestId\":\"r\",\"sockets\":{}}" END, SIO__MISSING_FIELD,
         SIO_MSG_DONE},
        {"{\"type\":8,\"data\":{\"sockets\":[]}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":8" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":9,\"data\":{\"packet\":[\"e\",1]}" END, SIO__DECODED, SIO_MSG_SERVER_SIDE_EMIT},
        {"{\"type\":9,\"data\":{\"requestId\":\"r\",\"packet\":[\"e\"]}" END, SIO__DECODED,
         SIO_MSG_SERVER_SIDE_EMIT},
        {"{\"type\":9,\"data\":{\"packet\":{}}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":9,\"data\":{\"packet\":[]}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":9,\"data\":{}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":10,\"data\":{\"requestId\":\"r\"}" END, SIO__DECODED,
         SIO_MSG_SERVER_SIDE_EMIT_RESPONSE},
        {"{\"type\":10,\"data\":{\"packet\":1}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":11,\"data\":{\"requestId\":\"r\",\"clientCount\":3}" END, SIO__DECODED,
         SIO_MSG_CLIENT_COUNT},
        {"{\"type\":11,\"data\":{\"clientCount\":3}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":11,\"data\":{\"requestId\":\"r\"}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":11,\"data\":{\"requestId\":\"r\",\"clientCount\":4294967296}" END,
         SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":12,\"data\":{\"requestId\":\"r\",\"packet\":[1]}" END, SIO__DECODED,
         SIO_MSG_BROADCAST_ACK},
        {"{\"type\":12,\"data\":{\"requestId\":7}" END, SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{\"type\":0" END, SIO__UNKNOWN_TYPE, SIO_MSG_DONE},
        {"{\"type\":14,\"data\":{}" END, SIO__UNKNOWN_TYPE, SIO_MSG_DONE},
        {"{\"type\":99" END, SIO__UNKNOWN_TYPE, SIO_MSG_DONE},
        {"{\"type\":-3" END, SIO__UNKNOWN_TYPE, SIO_MSG_DONE},
        {"{\"type\":3.5" END, SIO__UNKNOWN_TYPE, SIO_MSG_DONE},
        {"{\"type\":\"3\"" END, SIO__UNKNOWN_TYPE, SIO_MSG_DONE},
        {"{\"data\":{},\"uid\":\"u\",\"nsp\":\"/\"}", SIO__UNKNOWN_TYPE, SIO_MSG_DONE},
        {"null", SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"[]", SIO__MISSING_FIELD, SIO_MSG_DONE},
        {"{}", SIO__NOT_OURS, SIO_MSG_DONE},
    };
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        assert_meaning(&meanings[i]);
}

/* Messages without nsp, as redis-adapter 8.2 wrote them, are ignored, as by Node; but for
 * answers, which are known by their request. */
static void without_nsp(void **state)
{
    (void)state;
    assert_both(MAIN, BROADCAST3 PACKET "," OPTS "},\"uid\":\"u\"}", SIO__NOT_OURS);
    assert_both(MAIN, "{\"type\":9,\"data\":{\"packet\":[\"e\"]},\"uid\":\"u\"}", SIO__NOT_OURS);
    assert_both(MAIN, "{\"type\":13,\"uid\":\"u\"}", SIO__NOT_OURS);
    assert_both(RESPONSE, "{\"type\":8,\"data\":{\"requestId\":\"r\",\"sockets\":[]}}",
                SIO__DECODED);
    assert_both(RESPONSE, "{\"type\":10,\"data\":{\"requestId\":\"r\"}}", SIO__DECODED);
    assert_both(RESPONSE, "{\"type\":12,\"data\":{\"requestId\":\"r\"}}", SIO__DECODED);
    assert_both(RESPONSE, "{\"type\":12,\"data\":{\"requestId\":\"r\"},\"nsp\":\"/x\"}",
                SIO__NOT_OURS);
    assert_both(RESPONSE, "{\"type\":12,\"data\":{\"requestId\":\"r\"},\"nsp\":1}", SIO__NOT_OURS);
}

static void values_of_fields(void **state)
{
    (void)state;
    struct decoded d;
    assert_int_equal(decode(MAIN,
                            SIO_STR("{\"type\":6,\"data\":{\"opts\":{\"rooms\":[\"a\"],\"except\":"
                                    "[2],\"flags\":{\"timeout\":5}},\"close\":true}" END),
                            &d),
                     SIO__DECODED);
    assert_true(d.msg.close);
    assert_true(sio_str_eq(d.msg.rooms, SIO_STR("\221\241a")));
    assert_true(sio_str_eq(d.msg.except, SIO_STR("\221\002")));
    assert_true(sio_str_eq(d.msg.flags, SIO_STR("\201\247timeout\005")));
    assert_true(sio_str_eq(d.msg.uid, SIO_STR("u")));
    assert_true(sio_str_eq(d.msg.nsp, SIO_STR("/")));
    sio_buf_fini(&d.scratch);
    assert_int_equal(decode(MAIN,
                            SIO_STR(BROADCAST3 "\"packet\":{\"type\":2,\"data\":[\"e\"],\"id\":"
                                               "9007199254740991}," OPTS "}" END),
                            &d),
                     SIO__DECODED);
    assert_int_equal(d.msg.packet_id, 9007199254740991);
    sio_buf_fini(&d.scratch);
    assert_int_equal(decode(MAIN,
                            SIO_STR(BROADCAST3 "\"packet\":{\"type\":2,\"data\":[\"e\"],\"id\":"
                                               "9007199254740992}," OPTS "}" END),
                            &d),
                     SIO__DECODED);
    assert_int_equal(d.msg.packet_id, -1);
    sio_buf_fini(&d.scratch);
    assert_int_equal(decode(RESPONSE,
                            SIO_STR("{\"type\":11,\"data\":{\"requestId\":\"r\",\"clientCount\":"
                                    "4294967295}" END),
                            &d),
                     SIO__DECODED);
    assert_int_equal(d.msg.client_count, UINT32_MAX);
    sio_buf_fini(&d.scratch);
}

/* ---- hostile ones ---- */

/* 26: garbage; what is refused leaves nothing behind. */
static void fault_26_garbage(void **state)
{
    (void)state;
    static const char *const channels[] = {MAIN, RESPONSE, "socket.io#/#room#"};
    enum { LEAST = 256 }; /* what a buffer starts with */
    uint64_t random = 42;
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        assert_verdict(channels[i], SIO_STR(""), SIO__MALFORMED);
        for (int round = 0; round < 20000; round++) {
            unsigned char bytes[48];
            size_t len = 1 + (size_t)round % sizeof bytes;
            for (size_t n = 0; n < len; n++) {
                random = random * 6364136223846793005U + 1442695040888963407U;
                bytes[n] = (unsigned char)(random >> 56);
            }
            struct decoded d;
            enum sio__verdict verdict = decode(channels[i], sio_str_of(bytes, len), &d);
            assert_true(verdict == SIO__MALFORMED || verdict == SIO__MISSING_FIELD ||
                        verdict == SIO__NOT_OURS || verdict == SIO__UNKNOWN_TYPE);
            assert_true(d.scratch.cap <= 4 * len + LEAST);
            sio_buf_fini(&d.scratch);
        }
    }
}

/* 27: trailing bytes; counts of four thousand millions, where each may stand. */
static void fault_27_counts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        (BROADCAST3 PACKET "," OPTS "}" END),
        (BROADCAST3 PACKET ",\"requestId\":\"r\"," OPTS "}" END),
        ("{\"type\":9,\"data\":{\"packet\":[\"e\"]}" END),
    };
    static const sio_str huge[] = {
        SIO_STR_INIT("\335\377\377\377\377"), SIO_STR_INIT("\337\377\377\377\377"),
        SIO_STR_INIT("\306\377\377\377\377"), SIO_STR_INIT("\333\377\377\377\377"),
        SIO_STR_INIT("\311\377\377\377\377\000")};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sio_buf packed, bad;
        pack(texts[i], &packed);
        sio_buf_init(&bad);
        for (size_t at = 0; at < packed.len; at++) {
            for (size_t h = 0; h < sizeof huge / sizeof huge[0]; h++) {
                struct decoded d;
                sio_buf_clear(&bad);
                assert_int_equal(sio_buf_append(&bad, packed.ptr, at), SIO_OK);
                assert_int_equal(sio_buf_append(&bad, huge[h].ptr, huge[h].len), SIO_OK);
                assert_int_equal(sio_buf_append(&bad, packed.ptr + at, packed.len - at), SIO_OK);
                assert_int_not_equal(decode(MAIN, sio_buf_str(&bad), &d), SIO__DECODED);
                assert_int_equal(d.scratch.cap, 0);
            }
        }
        assert_int_equal(sio_buf_append(&packed, "\300", 1), SIO_OK);
        assert_verdict(MAIN, sio_buf_str(&packed), SIO__MALFORMED);
        sio_buf_fini(&packed);
        sio_buf_fini(&bad);
    }
}

/* A message whose argument is nested so deep, in both formats. */
static void assert_depth(const char *before, const char *after, size_t depth,
                         enum sio__verdict want)
{
    sio_buf text;
    struct decoded d;
    sio_buf_init(&text);
    assert_int_equal(sio_buf_append(&text, before, strlen(before)), SIO_OK);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(sio_buf_append(&text, "[", 1), SIO_OK);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(sio_buf_append(&text, "]", 1), SIO_OK);
    assert_int_equal(sio_buf_append(&text, after, strlen(after)), SIO_OK);
    assert_int_equal(decode(MAIN, sio_buf_str(&text), &d), want);
    sio_buf_fini(&d.scratch);
    sio_buf_fini(&text);
}

static void fault_27_28_depth(void **state)
{
    (void)state;
    static const char usual[] = BROADCAST3 "\"packet\":{\"type\":2,\"data\":[\"e\",",
                      usual_end[] = "]}," OPTS "}" END,
                      other[] = BROADCAST3 OPTS ",\"packet\":{\"type\":2,\"data\":[\"e\",",
                      other_end[] = "]}}" END,
                      flags[] = BROADCAST3 PACKET
                      ",\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{\"a\":",
                      flags_end[] = "}}}" END, rooms[] = BROADCAST3 PACKET ",\"opts\":{\"rooms\":[",
                      rooms_end[] = "],\"except\":[],\"flags\":{}}}" END;
    assert_depth(usual, usual_end, SIO_MAX_DEPTH, SIO__DECODED);
    assert_depth(usual, usual_end, SIO_MAX_DEPTH + 1, SIO__MALFORMED);
    assert_depth(usual, usual_end, 1000000, SIO__MALFORMED);
    assert_depth(other, other_end, SIO_MAX_DEPTH, SIO__DECODED);
    assert_depth(other, other_end, SIO_MAX_DEPTH + 1, SIO__MALFORMED);
    assert_depth(flags, flags_end, SIO_MAX_DEPTH, SIO__DECODED);
    assert_depth(flags, flags_end, SIO_MAX_DEPTH + 1, SIO__MALFORMED);
    assert_depth(rooms, rooms_end, 1, SIO__MISSING_FIELD);
    assert_depth(rooms, rooms_end, 1000000, SIO__MALFORMED);
    static const char packed_head[] =
        "\204\244type\003\244data\202\246packet\202\244type\002\244data\222\241e";
    sio_buf packed;
    sio_buf_init(&packed);
    assert_int_equal(sio_buf_append(&packed, packed_head, sizeof packed_head - 1), SIO_OK);
    size_t head = packed.len;
    for (size_t depth = SIO_MAX_DEPTH; depth <= SIO_MAX_DEPTH + 1; depth++) {
        static const char tail[] = "\244opts\203\245rooms\220\246except\220\245flags\200"
                                   "\243uid\241u\243nsp\241/";
        packed.len = head;
        for (size_t i = 0; i < depth; i++)
            assert_int_equal(sio_buf_append(&packed, "\221", 1), SIO_OK);
        assert_int_equal(sio_buf_append(&packed, "\001", 1), SIO_OK);
        assert_int_equal(sio_buf_append(&packed, tail, sizeof tail - 1), SIO_OK);
        assert_verdict(MAIN, sio_buf_str(&packed),
                       depth == SIO_MAX_DEPTH ? SIO__DECODED : SIO__MALFORMED);
    }
    sio_buf_fini(&packed);
}

/* 28: what JSON.parse() takes is taken, and the rest is not. */
static void fault_28_json(void **state)
{
    (void)state;
    static const struct {
        sio_str payload;
        enum sio__verdict verdict;
    } cases[] = {
        {SIO_STR_INIT("\357\273\277{\"type\":1" END), SIO__MALFORMED}, /* BOM */
        {SIO_STR_INIT(" {\"type\":1" END), SIO__MALFORMED},
        {SIO_STR_INIT("{\"type\":1" END "\n"), SIO__DECODED},
        {SIO_STR_INIT("{\"type\":1e0" END), SIO__DECODED},
        {SIO_STR_INIT("{\"type\":1e400" END), SIO__UNKNOWN_TYPE},
        {SIO_STR_INIT("{\"type\":18446744073709551617" END), SIO__UNKNOWN_TYPE},
        {SIO_STR_INIT("{\"type\":9,\"data\":{\"packet\":[\"\\u0000\",\"\\ud800\",1e400,-0]}" END),
         SIO__DECODED},
        {SIO_STR_INIT(BROADCAST3 "\"packet\":{\"type\":2,\"data\":[\"\377\"]}," OPTS "}" END),
         SIO__DECODED}, /* U+FFFD, as Node */
        {SIO_STR_INIT("{\"type\":1" END ","), SIO__MALFORMED},
        {SIO_STR_INIT("{\"type\":01" END), SIO__MALFORMED},
        {SIO_STR_INIT("{'type':1}"), SIO__MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_verdict(MAIN, cases[i].payload, cases[i].verdict);
}

/* 33: of a type that nobody knows no more is read than the number and the end. */
static void fault_33_unknown_types_at_a_glance(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sio__verdict verdict;
    } cases[] = {
        {"{\"type\":14,\"data\":no JSON" END, SIO__UNKNOWN_TYPE},
        {"{\"type\":0,\"data\":no JSON" END, SIO__UNKNOWN_TYPE},
        {"{\"type\":999999999,\"data\":no JSON" END, SIO__UNKNOWN_TYPE},
        {"{\"type\":14,\"data\":no JSON,\"uid\":\"u\",\"nsp\":\"/x\"}", SIO__NOT_OURS},
        /* else all of it is */
        {"{\"type\":14,\"data\":no JSON,\"nsp\":\"/\",\"uid\":\"u\"}", SIO__MALFORMED},
        {"{\"type\":13,\"data\":no JSON" END, SIO__MALFORMED},
        {"{\"type\":1,\"data\":no JSON" END, SIO__MALFORMED},
        {"{\"type\":1234567890,\"data\":no JSON" END, SIO__MALFORMED},
        {"{\"type\":14.0,\"data\":no JSON" END, SIO__MALFORMED},
        {"{\"type\":-1,\"data\":no JSON" END, SIO__MALFORMED},
        {"{\"type\":a,\"data\":no JSON" END, SIO__MALFORMED},
        {"{\"type\":14", SIO__MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_verdict(MAIN, sio_str_c(cases[i].text), cases[i].verdict);
    assert_both(MAIN, "{\"type\":14,\"data\":{}" END, SIO__UNKNOWN_TYPE);
}

/* Channels are compared whole. */
static void fault_32_channels(void **state)
{
    (void)state;
    static const char heartbeat[] = "{\"type\":2" END;
    assert_both(MAIN, heartbeat, SIO__DECODED);
    assert_both("socket.io#/#any room#", heartbeat, SIO__DECODED);
    assert_both("socket.io#/x#", heartbeat, SIO__NOT_OURS);
    assert_both("socket.io#/", heartbeat, SIO__NOT_OURS);
    assert_both("socket.io2#/#", heartbeat, SIO__NOT_OURS);
    assert_both("socket.io", heartbeat, SIO__NOT_OURS);
    assert_both("", heartbeat, SIO__NOT_OURS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(any_order_of_fields),
    cmocka_unit_test(the_usual_form_left_anywhere),
    cmocka_unit_test(long_forms),
    cmocka_unit_test(fault_29_33_fields_of_every_type),
    cmocka_unit_test(without_nsp),
    cmocka_unit_test(values_of_fields),
    cmocka_unit_test(fault_26_garbage),
    cmocka_unit_test(fault_27_counts),
    cmocka_unit_test(fault_27_28_depth),
    cmocka_unit_test(fault_28_json),
    cmocka_unit_test(fault_33_unknown_types_at_a_glance),
    cmocka_unit_test(fault_32_channels),
};

SIO_TEST_MAIN(tests)
