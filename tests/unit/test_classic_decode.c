/* SPDX-License-Identifier: MIT */
/* What the decoder makes of frames beyond those that Node writes: in another order or form,
 * with surprises, and hostile ones, by the numbers of the fault list. (test_classic.c has
 * the recorded frames, whole and cut at every length.) */
#include "unit.h"

#include <sio/value.h>

#include "tagged.h"
#include "vectors.h"
#include "wire/wire.h"

#define BROADCAST "socket.io#/#"
#define REQUEST   "socket.io-request#/#"
#define RESPONSE  "socket.io-response#/#"

struct decoded {
    sio_buf scratch;
    struct sio_message msg;
};

static struct sio__peer server(sio_str nsp)
{
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = nsp};
    return peer;
}

static enum sio__verdict decode(const char *channel, sio_str payload, struct decoded *d)
{
    struct sio__peer peer = server(SIO_STR("/"));
    sio_buf_init(&d->scratch);
    return sio__wire_classic.decode(&peer, sio_str_c(channel), payload, &d->scratch, &d->msg);
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

static void assert_packed(const char *channel, const char *json, enum sio__verdict want)
{
    sio_buf packed;
    pack(json, &packed);
    assert_verdict(channel, sio_buf_str(&packed), want);
    sio_buf_fini(&packed);
}

/* ---- one meaning in every form ---- */

static void assert_same(const char *name, const struct sio_message *a, const struct sio_message *b)
{
    bool same = a->type == b->type && a->nargs == b->nargs && a->packet_type == b->packet_type &&
                a->packet_id == b->packet_id && sio_str_eq(a->uid, b->uid) &&
                sio_str_eq(a->nsp, b->nsp) && sio_str_eq(a->args, b->args) &&
                sio_str_eq(a->rooms, b->rooms) && sio_str_eq(a->except, b->except) &&
                sio_str_eq(a->flags, b->flags);
    if (!same)
        fail_msg("%s: another message", name);
}

/* The array's header in its long form, which Node never writes, takes the general way. */
static void both_ways(const struct vector *vector, void *user)
{
    sio_str nsp = tagged_text(vector->inputs, "nsp"), key = tagged_text(vector->inputs, "key");
    struct sio__peer peer = server(nsp.ptr != NULL ? nsp : SIO_STR("/"));
    if (key.ptr != NULL)
        peer.key = key;
    if (vector->payload.len == 0 || vector->payload.ptr[0] != '\223')
        return;
    struct decoded usual, any;
    sio_buf wide;
    sio_buf_init(&wide);
    sio_buf_init(&usual.scratch);
    sio_buf_init(&any.scratch);
    assert_int_equal(sio_buf_append(&wide, "\334\000\003", 3), SIO_OK);
    assert_int_equal(sio_buf_append(&wide, vector->payload.ptr + 1, vector->payload.len - 1),
                     SIO_OK);
    enum sio__verdict first = sio__wire_classic.decode(&peer, vector->channel, vector->payload,
                                                       &usual.scratch, &usual.msg);
    enum sio__verdict second = sio__wire_classic.decode(&peer, vector->channel, sio_buf_str(&wide),
                                                        &any.scratch, &any.msg);
    assert_int_equal(first, second);
    if (first == SIO__DECODED) {
        assert_same(vector->name, &usual.msg, &any.msg);
        (*(unsigned *)user)++;
    }
    sio_buf_fini(&wide);
}

static void the_usual_form_means_the_same(void **state)
{
    (void)state;
    unsigned compared = 0;
    vectors_each("classic.jsonl", "server/", both_ways, &compared);
    vectors_each("classic.jsonl", "emitter/", both_ways, &compared);
    vectors_each("classic.jsonl", "legacy/", both_ways, &compared);
    assert_true(compared > 100);
}

static void any_order_of_fields(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "[\"u\",{\"type\":2,\"data\":[\"e\",1],\"nsp\":\"/\"},"
        "{\"rooms\":[\"a\"],\"except\":[\"b\"],\"flags\":{\"volatile\":true}}]",
        "[\"u\",{\"type\":2,\"data\":[\"e\",1],\"nsp\":\"/\"},"
        "{\"rooms\":[\"a\"],\"flags\":{\"volatile\":true},\"except\":[\"b\"]}]",
        "[\"u\",{\"nsp\":\"/\",\"data\":[\"e\",1],\"type\":2},"
        "{\"flags\":{\"volatile\":true},\"except\":[\"b\"],\"rooms\":[\"a\"]}]",
        "[\"u\",{\"x\":{\"type\":5},\"data\":[\"e\",1],\"type\":2},"
        "{\"except\":[\"b\"],\"rooms\":[\"a\"],\"more\":[[]],\"flags\":{\"volatile\":true}},7,[]]",
    };
    struct decoded first, other;
    sio_buf packed[4];
    pack(frames[0], &packed[0]);
    assert_int_equal(decode(BROADCAST, sio_buf_str(&packed[0]), &first), SIO__DECODED);
    assert_true(sio_str_eq(first.msg.args, SIO_STR("\241e\001")));
    for (size_t i = 1; i < 4; i++) {
        pack(frames[i], &packed[i]);
        assert_int_equal(decode(BROADCAST, sio_buf_str(&packed[i]), &other), SIO__DECODED);
        assert_same(frames[i], &first.msg, &other.msg);
        sio_buf_fini(&packed[i]);
    }
    sio_buf_fini(&packed[0]);
}

/* As a JavaScript object that is filled in their order. */
static void the_last_of_repeated_fields_counts(void **state)
{
    (void)state;
    struct decoded d;
    static const sio_str frame =
        SIO_STR_INIT("\223\241u\204\244data\221\241x\244type\005\244type\002\244data\221\241e\202"
                     "\245rooms\221\241a\245rooms\221\241b");
    assert_int_equal(decode(BROADCAST, frame, &d), SIO__DECODED);
    assert_int_equal(d.msg.packet_type, 2);
    assert_true(sio_str_eq(d.msg.args, SIO_STR("\241e")));
    assert_true(sio_str_eq(d.msg.rooms, SIO_STR("\221\241b")));
}

/* What does not fit the usual form is nevertheless read: long lists and names. */
static void long_forms(void **state)
{
    (void)state;
    struct sio__peer peer = server(SIO_STR("/a-namespace-of-more-than-31-bytes"));
    struct decoded d;
    sio_buf frame, json;
    sio_buf_init(&json);
    static const char head[] =
        "[\"u\",{\"type\":2,\"data\":[\"an event's name of more than 31 bytes\"";
    assert_int_equal(sio_buf_append(&json, head, sizeof head - 1), SIO_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(sio_buf_append(&json, ",true", 5), SIO_OK);
    static const char tail[] =
        "],\"nsp\":\"/a-namespace-of-more-than-31-bytes\"},{\"rooms\":[1,2,3,4,5,6,7,8,9,10,11,"
        "12,13,14,15,\"16\",\"a room's name that has more than 31 bytes\"],\"except\":[\"another"
        " room's name of more than 31 bytes\"],\"flags\":{}}]";
    assert_int_equal(sio_buf_append(&json, tail, sizeof tail), SIO_OK);
    pack(json.ptr, &frame);
    sio_buf_init(&d.scratch);
    assert_int_equal(
        sio__wire_classic.decode(&peer, SIO_STR("socket.io#/a-namespace-of-more-than-31-bytes#"),
                                 sio_buf_str(&frame), &d.scratch, &d.msg),
        SIO__DECODED);
    assert_int_equal(d.msg.nargs, 21);
    sio_cursor c = sio_cursor_at(d.msg.rooms);
    sio_value v;
    assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
    assert_int_equal(v.v.count, 17);
    sio_buf_fini(&json);
    sio_buf_fini(&frame);
}

/* ---- hostile frames ---- */

/* 26: garbage, on each channel; what is refused leaves nothing behind. */
static void fault_26_garbage(void **state)
{
    (void)state;
    static const char *const channels[] = {BROADCAST, REQUEST, RESPONSE,
                                           "socket.io-response#/#UidAAA#", "socket.io#/#room#"};
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
                        verdict == SIO__UNKNOWN_TYPE);
            assert_true(d.scratch.cap <= 4 * len + LEAST);
            sio_buf_fini(&d.scratch);
        }
    }
}

/* Trailing bytes, in the usual form and in others. */
static void fault_27_trailing_bytes(void **state)
{
    (void)state;
    static const char *const frames[] = {
        "[\"u\",{\"type\":2,\"data\":[\"e\"],\"nsp\":\"/\"},"
        "{\"rooms\":[],\"except\":[],\"flags\":{}}]",
        "[\"u\",{\"type\":2,\"data\":[\"e\"],\"nsp\":\"/\"},"
        "{\"rooms\":[],\"flags\":{},\"except\":[]}]",
        "[\"u\",{\"type\":2,\"data\":[\"e\"]},{}]",
    };
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        sio_buf packed;
        pack(frames[i], &packed);
        assert_verdict(BROADCAST, sio_buf_str(&packed), SIO__DECODED);
        assert_int_equal(sio_buf_append(&packed, "\300", 1), SIO_OK);
        assert_verdict(BROADCAST, sio_buf_str(&packed), SIO__MALFORMED);
        sio_buf_fini(&packed);
    }
    assert_verdict(REQUEST, SIO_STR("\201\244type\001\300"), SIO__MALFORMED);
    assert_verdict(REQUEST, SIO_STR("{\"type\":1} x"), SIO__MALFORMED);
}

/* Counts and lengths of four thousand millions, where each may stand. */
static void fault_27_huge_counts(void **state)
{
    (void)state;
    static const sio_str huge[] = {
        SIO_STR_INIT("\335\377\377\377\377"), SIO_STR_INIT("\337\377\377\377\377"),
        SIO_STR_INIT("\306\377\377\377\377"), SIO_STR_INIT("\333\377\377\377\377"),
        SIO_STR_INIT("\311\377\377\377\377\000")};
    static const sio_str heads[] = {
        SIO_STR_INIT(""),
        SIO_STR_INIT("\223"),
        SIO_STR_INIT("\223\241u"),
        SIO_STR_INIT("\223\241u\203\244type"),
        SIO_STR_INIT("\223\241u\203\244type\002\244data"),
        SIO_STR_INIT("\223\241u\203\244type\002\244data\222\241e"),
        SIO_STR_INIT("\223\241u\203\244type\002\244data\221\241e\243nsp"),
        SIO_STR_INIT("\223\241u\203\244type\002\244data\221\241e\243nsp\241/"),
        SIO_STR_INIT("\223\241u\203\244type\002\244data\221\241e\243nsp\241/\203\245rooms"),
        SIO_STR_INIT(
            "\223\241u\203\244type\002\244data\221\241e\243nsp\241/\203\245rooms\220\245flags"),
    };
    for (size_t h = 0; h < sizeof heads / sizeof heads[0]; h++) {
        for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
            sio_buf frame;
            sio_buf_init(&frame);
            assert_int_equal(sio_buf_append(&frame, heads[h].ptr, heads[h].len), SIO_OK);
            assert_int_equal(sio_buf_append(&frame, huge[i].ptr, huge[i].len), SIO_OK);
            assert_int_equal(sio_buf_append(&frame, "\300\300\300\300", 4), SIO_OK);
            assert_verdict(BROADCAST, sio_buf_str(&frame), SIO__MALFORMED);
            assert_verdict(REQUEST, sio_buf_str(&frame), SIO__MALFORMED);
            sio_buf_fini(&frame);
        }
    }
}

/* A frame whose argument is nested so deep, for a channel. */
static void assert_depth(const char *channel, sio_str head, sio_str tail, size_t depth,
                         enum sio__verdict want)
{
    sio_buf frame;
    sio_buf_init(&frame);
    assert_int_equal(sio_buf_append(&frame, head.ptr, head.len), SIO_OK);
    for (size_t i = 0; i < depth; i++)
        assert_int_equal(sio_buf_append(&frame, "\221", 1), SIO_OK);
    assert_int_equal(sio_buf_append(&frame, "\001", 1), SIO_OK);
    assert_int_equal(sio_buf_append(&frame, tail.ptr, tail.len), SIO_OK);
    struct decoded d;
    assert_int_equal(decode(channel, sio_buf_str(&frame), &d), want);
    sio_buf_fini(&frame);
    sio_buf_fini(&d.scratch);
}

/* Readers take 1,024 levels: what is deeper would only be refused further on, or end a
 * reader that recurses. */
static void fault_27_depth(void **state)
{
    (void)state;
    static const sio_str usual = SIO_STR_INIT("\223\241u\203\244type\002\244data\222\241e"),
                         usual_tail = SIO_STR_INIT(
                             "\243nsp\241/\203\245rooms\220\246except\220\245flags\200"),
                         other = SIO_STR_INIT("\223\241u\202\244type\002\244data\222\241e"),
                         other_tail = SIO_STR_INIT("\200"),
                         ack = SIO_STR_INIT("\205\243uid\241u\251requestId\241r\244type\007\246pack"
                                            "et\202\244type\002\244data\222\241e"),
                         ack_tail = SIO_STR_INIT("\244opts\200");
    enum { DEEP = 1000000 };
    assert_depth(BROADCAST, usual, usual_tail, SIO_MAX_DEPTH, SIO__DECODED);
    assert_depth(BROADCAST, usual, usual_tail, SIO_MAX_DEPTH + 1, SIO__MALFORMED);
    assert_depth(BROADCAST, usual, usual_tail, DEEP, SIO__MALFORMED);
    assert_depth(BROADCAST, other, other_tail, SIO_MAX_DEPTH, SIO__DECODED);
    assert_depth(BROADCAST, other, other_tail, SIO_MAX_DEPTH + 1, SIO__MALFORMED);
    assert_depth(BROADCAST, other, other_tail, DEEP, SIO__MALFORMED);
    assert_depth(REQUEST, ack, ack_tail, SIO_MAX_DEPTH, SIO__DECODED);
    assert_depth(REQUEST, ack, ack_tail, SIO_MAX_DEPTH + 1, SIO__MALFORMED);
    assert_depth(REQUEST, ack, ack_tail, DEEP, SIO__MALFORMED);
}

/* Tokens that Node's decoders know and C programs may not expect: all pass as arguments. */
static void fault_27_odd_tokens(void **state)
{
    (void)state;
    static const struct {
        sio_str arg;
        enum sio__verdict verdict;
    } cases[] = {
        {SIO_STR_INIT("\324\005x"), SIO__DECODED},              /* an unknown extension */
        {SIO_STR_INIT("\307\000\005"), SIO__DECODED},           /* an empty one */
        {SIO_STR_INIT("\324\000\000"), SIO__DECODED},           /* undefined of notepack.io 2 */
        {SIO_STR_INIT("\307\003\000abc"), SIO__DECODED},        /* its typed array */
        {SIO_STR_INIT("\202\241k\001\241k\002"), SIO__DECODED}, /* a key twice */
        {SIO_STR_INIT("\201\005\001"), SIO__DECODED},           /* a number as key */
        {SIO_STR_INIT("\201\220\001"), SIO__DECODED},           /* an array as key */
        {SIO_STR_INIT("\313\177\370\000\000\000\000\000\000"), SIO__DECODED}, /* NaN */
        {SIO_STR_INIT("\312\177\200\000\000"), SIO__DECODED},                 /* Infinity */
        {SIO_STR_INIT("\242\377\376"), SIO__DECODED}, /* a text that is none: old binary */
        {SIO_STR_INIT("\301"), SIO__MALFORMED},
        {SIO_STR_INIT("\330\005123456789012345"), SIO__MALFORMED}, /* of 16: one is missing */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static const sio_str usual = SIO_STR_INIT("\223\241u\203\244type\002\244data\222\241e");
        static const sio_str tail =
            SIO_STR_INIT("\243nsp\241/\203\245rooms\220\246except\220\245flags\200");
        sio_buf frame;
        struct decoded d;
        sio_buf_init(&frame);
        assert_int_equal(sio_buf_append(&frame, usual.ptr, usual.len), SIO_OK);
        assert_int_equal(sio_buf_append(&frame, cases[i].arg.ptr, cases[i].arg.len), SIO_OK);
        assert_int_equal(sio_buf_append(&frame, tail.ptr, tail.len), SIO_OK);
        enum sio__verdict verdict = decode(BROADCAST, sio_buf_str(&frame), &d);
        if (verdict != cases[i].verdict)
            fail_msg("argument %zu: %d", i, (int)verdict);
        if (verdict == SIO__DECODED) {
            assert_int_equal(d.msg.nargs, 2);
            assert_true(
                sio_str_eq(sio_str_of(d.msg.args.ptr + 2, d.msg.args.len - 2), cases[i].arg));
        }
        sio_buf_fini(&frame);
    }
}

/* 28: what JSON.parse() takes is taken, and the rest is not. */
static void fault_28_json(void **state)
{
    (void)state;
    static const struct {
        sio_str payload;
        enum sio__verdict verdict;
    } cases[] = {
        {SIO_STR_INIT("\357\273\277{\"type\":1,\"requestId\":\"r\"}"), SIO__MALFORMED}, /* BOM */
        {SIO_STR_INIT("{\"type\":1,\"requestId\":\"r\"}\n"), SIO__DECODED},
        {SIO_STR_INIT("{\"type\":1e0,\"requestId\":\"r\"}"), SIO__DECODED},
        {SIO_STR_INIT("{\"type\":-0,\"requestId\":\"r\",\"rooms\":[]}"), SIO__DECODED},
        {SIO_STR_INIT("{\"type\":1e400,\"requestId\":\"r\"}"), SIO__UNKNOWN_TYPE},
        {SIO_STR_INIT("{\"type\":18446744073709551616,\"requestId\":\"r\"}"), SIO__UNKNOWN_TYPE},
        {SIO_STR_INIT("{\"type\":9,\"type\":1,\"requestId\":\"r\"}"), SIO__DECODED},
        {SIO_STR_INIT("{\"type\":6,\"data\":[\"\\u0000\",\"\\ud800\",1e400,-0]}"), SIO__DECODED},
        {SIO_STR_INIT("{\"type\":6,\"data\":[\"\377\"]}"), SIO__DECODED}, /* U+FFFD, as Node */
        {SIO_STR_INIT("{\"type\":1,\"requestId\":\"r\",}"), SIO__MALFORMED},
        {SIO_STR_INIT("{\"type\":1,\"requestId\":\"a\nb\"}"), SIO__MALFORMED},
        {SIO_STR_INIT("{\"type\":01,\"requestId\":\"r\"}"), SIO__MALFORMED},
        {SIO_STR_INIT("{'type':1}"), SIO__MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_verdict(REQUEST, cases[i].payload, cases[i].verdict);
    sio_buf deep;
    sio_buf_init(&deep);
    assert_int_equal(sio_buf_append(&deep, "{\"type\":6,\"data\":", 17), SIO_OK);
    for (int i = 0; i < 1000000; i++)
        assert_int_equal(sio_buf_append(&deep, "[", 1), SIO_OK);
    assert_verdict(REQUEST, sio_buf_str(&deep), SIO__MALFORMED);
    sio_buf_fini(&deep);
}

/* 29: well-formed but wrong; in MessagePack, too, which today's servers accept for requests. */
static void fault_29_wrong_fields(void **state)
{
    (void)state;
    static const struct {
        const char *channel, *json;
        enum sio__verdict verdict;
    } cases[] = {
        {BROADCAST, "[\"u\",{\"type\":\"2\",\"data\":[\"e\"]},{}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2.5,\"data\":[\"e\"]},{}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":-2,\"data\":[\"e\"]},{}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":\"e\"},{}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":[null]},{}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":[true]},{}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",[2],{}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":[\"e\"]},[]]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":[\"e\"]},{\"rooms\":{}}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":[\"e\"]},{\"rooms\":[null]}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":[\"e\"]},{\"except\":[[]]}]", SIO__MISSING_FIELD},
        {BROADCAST, "[\"u\",{\"type\":2,\"data\":[\"e\"],\"nsp\":1},{}]", SIO__NOT_OURS},
        {BROADCAST,
         "[\"u\",{\"type\":2,\"data\":[\"e\"],\"nsp\":\"/x\"},"
         "{\"rooms\":[],\"except\":[],\"flags\":{}}]",
         SIO__NOT_OURS},
        {BROADCAST, "[7,{\"type\":2,\"data\":[\"e\"]},{}]", SIO__DECODED},
        {BROADCAST, "[\"u\",{\"type\":1,\"data\":[\"e\"]},{}]",
         SIO__DECODED}, /* adapter's to judge */
        {REQUEST, "{\"type\":\"3\",\"opts\":{},\"rooms\":[]}", SIO__UNKNOWN_TYPE},
        {REQUEST, "{\"type\":2,\"opts\":{\"rooms\":1},\"rooms\":[]}", SIO__MISSING_FIELD},
        {REQUEST, "{\"type\":2,\"opts\":[],\"rooms\":[]}", SIO__MISSING_FIELD},
        {REQUEST, "{\"type\":2,\"opts\":{},\"rooms\":[true]}", SIO__MISSING_FIELD},
        {REQUEST, "{\"type\":2,\"opts\":{},\"rooms\":[42,\"42\"]}", SIO__DECODED},
        {REQUEST, "{\"type\":4,\"sid\":1}", SIO__MISSING_FIELD},
        {REQUEST, "{\"type\":5,\"requestId\":7,\"opts\":{}}", SIO__MISSING_FIELD},
        {REQUEST,
         "{\"type\":7,\"requestId\":\"r\",\"packet\":{\"type\":2,\"data\":[]},\"opts\":{}}",
         SIO__MISSING_FIELD},
        {REQUEST,
         "{\"type\":7,\"requestId\":\"r\",\"packet\":{\"type\":2,\"data\":[\"e\"],"
         "\"nsp\":\"/x\"},\"opts\":{}}",
         SIO__NOT_OURS},
        {REQUEST, "[]", SIO__MISSING_FIELD},
        {REQUEST, "null", SIO__MISSING_FIELD},
        {RESPONSE, "null", SIO__MISSING_FIELD},
        {RESPONSE, "{\"requestId\":null,\"sockets\":[]}", SIO__MISSING_FIELD},
        {RESPONSE, "{\"requestId\":\"r\",\"rooms\":{}}", SIO__MISSING_FIELD},
        {RESPONSE, "{\"requestId\":\"r\",\"type\":8,\"clientCount\":1.5}", SIO__MISSING_FIELD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_packed(cases[i].channel, cases[i].json, cases[i].verdict);
        if (cases[i].json[0] == '{')
            assert_verdict(cases[i].channel, sio_str_c(cases[i].json), cases[i].verdict);
    }
}

/* 33: types that nobody knows; requests on other channels than this namespace's. */
static void fault_33_unknown(void **state)
{
    (void)state;
    static const char request[] = "{\"type\":1,\"requestId\":\"r\"}";
    assert_packed(REQUEST, "{\"type\":8,\"requestId\":\"r\"}", SIO__UNKNOWN_TYPE); /* an answer's */
    assert_packed(REQUEST, "{\"type\":10,\"requestId\":\"r\"}", SIO__UNKNOWN_TYPE);
    assert_packed(REQUEST, "{\"type\":null}", SIO__UNKNOWN_TYPE);
    assert_packed(RESPONSE, "{\"type\":7,\"requestId\":\"r\"}",
                  SIO__UNKNOWN_TYPE); /* a request's */
    assert_packed(RESPONSE, "{\"type\":\"x\",\"requestId\":\"r\"}", SIO__UNKNOWN_TYPE);
    assert_packed(REQUEST, request, SIO__DECODED);
    assert_packed("socket.io-request#/x#", request, SIO__NOT_OURS);
    assert_packed("socket.io-request#/#x#", request, SIO__NOT_OURS);
    assert_packed("socket.io-request#/", request, SIO__NOT_OURS);
    assert_packed("socket.io2-request#/#", request, SIO__NOT_OURS);
    assert_packed("socket.io-answer#/#", request, SIO__NOT_OURS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_usual_form_means_the_same),
    cmocka_unit_test(any_order_of_fields),
    cmocka_unit_test(the_last_of_repeated_fields_counts),
    cmocka_unit_test(long_forms),
    cmocka_unit_test(fault_26_garbage),
    cmocka_unit_test(fault_27_trailing_bytes),
    cmocka_unit_test(fault_27_huge_counts),
    cmocka_unit_test(fault_27_depth),
    cmocka_unit_test(fault_27_odd_tokens),
    cmocka_unit_test(fault_28_json),
    cmocka_unit_test(fault_29_wrong_fields),
    cmocka_unit_test(fault_33_unknown),
};

SIO_TEST_MAIN(tests)
