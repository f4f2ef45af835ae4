/* SPDX-License-Identifier: MIT */
/* JSON text to packed values: tokens, member order, mistakes and their places. */
#include "unit.h"

#include <sio/value.h>

#include "value/json.h"
#include "value/normal.h"
#include "value/pack.h"

static sio_str str(const char *text)
{
    return sio_str_c(text);
}

/* Packed bytes as hexadecimal text; the caller frees it. */
static char *hex_of(sio_str bytes)
{
    char *text = malloc(2 * bytes.len + 1);
    assert_non_null(text);
    for (size_t i = 0; i < bytes.len; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned char)bytes.ptr[i]);
    text[2 * bytes.len] = '\0';
    return text;
}

static void check_bytes(sio_str json, const char *expected)
{
    sio_buf packed;
    sio_buf_init(&packed);
    sio_json_error error;
    if (sio_json_read(json, 0, &packed, &error) != SIO_OK)
        fail_msg("%.*s: %s", (int)json.len, json.ptr, error.what);
    char *hex = hex_of(sio_buf_str(&packed));
    assert_string_equal(hex, expected);
    free(hex);
    sio_buf_fini(&packed);
}

static void check(const char *json, const char *expected)
{
    check_bytes(str(json), expected);
}

/* Read, write, and compare with text. */
static void check_again(sio_str json, sio_str expected)
{
    sio_buf packed;
    sio_buf again;
    sio_json_error error;
    sio_buf_init(&packed);
    sio_buf_init(&again);
    if (sio_json_read(json, 0, &packed, &error) != SIO_OK)
        fail_msg("%.*s: %s", (int)json.len, json.ptr, error.what);
    assert_int_equal(sio_json_write(sio_buf_str(&packed), NULL, NULL, &again), SIO_OK);
    if (!sio_str_eq(sio_buf_str(&again), expected))
        fail_msg("%.*s\nread and written: %.*s\nexpected: %.*s", (int)json.len, json.ptr,
                 (int)again.len, again.ptr, (int)expected.len, expected.ptr);
    sio_buf_fini(&again);
    sio_buf_fini(&packed);
}

static void scalars(void **state)
{
    (void)state;
    check("null", "c0");
    check(" \t\r\ntrue\n", "c3");
    check("false", "c2");
    check("\"\"", "a0");
    check("\"abc\"", "a3616263");
    check("\"a string of 31 bytes, no more..\"",
          "bf6120737472696e67206f662033312062797465732c206e6f206d6f72652e2e");
    check("[]", "90");
    check("{ }", "80");
    check("[[],{}, 1]", "93908001");
}

static void numbers(void **state)
{
    (void)state;
    check("0", "00");
    check("-0", "00");
    check("-0.0", "00");
    check("127", "7f");
    check("128", "cc80");
    check("256", "cd0100");
    check("65536", "ce00010000");
    check("-1", "ff");
    check("-32", "e0");
    check("-33", "d0df");
    check("-129", "d1ff7f");
    check("-32769", "d2ffff7fff");
    check("1e2", "64");
    check("1.0", "01");
    check("1.5", "cb3ff8000000000000");
    check("999999999999999", "cf00038d7ea4c67fff");
    check("9007199254740991", "cf001fffffffffffff");
    check("9007199254740993", "cf0020000000000000"); /* as JavaScript sees it */
    check("18446744073709549568", "cffffffffffffff800");
    check("18446744073709551616", "cb43f0000000000000");
    check("-9223372036854775808", "d38000000000000000");
    check("-9223372036854777856", "cbc3e0000000000001");
    check("1e400", "cb7ff0000000000000");
    check("-1e400", "cbfff0000000000000");
    check("5e-324", "cb0000000000000001");
}

static void strings(void **state)
{
    (void)state;
    check("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a8225c2f080c0a0d09");
    check("\"\\u0000\\u00e9\\u4E2d\"", "a600c3a9e4b8ad");
    check("\"\xf0\x9f\x98\x80\"", "a4f09f9880");
    check("\"\\ud83d\\ude00\"", "a4f09f9880");
    check("\"\\ud83d\"", "a3eda0bd");
    check("\"\\ude00\\ud83d\"", "a6edb880eda0bd");
    check("\"\\ud83d\\ud83d\\ude00\"", "a7eda0bdf09f9880");
    check("\"\\ud83dx\\ude00\"", "a7eda0bd78edb880");
    check("\"\\ud83d\\n1234\"", "a8eda0bd0a31323334");
    check("\"a plain head and then an escape: \\n\"",
          "d9226120706c61696e206865616420616e64207468656e20616e206573636170653a200a");
}

/* Bytes that are no UTF-8: as Node reads a file before it parses it. */
static void invalid_utf8(void **state)
{
    (void)state;
    check("\"\xff\"", "a3efbfbd");
    check("\"a\xc3\"", "a461efbfbd");
    check("\"\xe4\xb8\"", "a3efbfbd");
    check("\"\xf0\x9f\x98 \"", "a4efbfbd20");
    check("\"\xc0\x80\"", "a6efbfbdefbfbd");
    check("\"\xed\xa0\x80\"", "a9efbfbdefbfbdefbfbd");
    check("{\"\xff\":1,\"\xfe\":2}", "81a3efbfbd02"); /* the same key once they are read */
}

/* `count` times `element` in brackets. */
static sio_str repeat(const char *open, const char *element, size_t count, const char *close,
                      sio_buf *buf)
{
    sio_buf_init(buf);
    assert_int_equal(sio_buf_append(buf, open, strlen(open)), SIO_OK);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            assert_int_equal(sio_buf_append(buf, ",", 1), SIO_OK);
        assert_int_equal(sio_buf_append(buf, element, strlen(element)), SIO_OK);
    }
    assert_int_equal(sio_buf_append(buf, close, strlen(close)), SIO_OK);
    return sio_buf_str(buf);
}

/* Long enough, they are copied in pieces, but not so close to the end of the text. */
static void strings_of_every_length(void **state)
{
    enum { LONGEST = 300, BEHIND = 40 };
    static const sio_str ends[] = {SIO_STR_INIT("xx"), SIO_STR_INIT("\\n"), /* as they come ... */
                                   SIO_STR_INIT("\303\251")};
    static const sio_str become[] = {SIO_STR_INIT("xx"), SIO_STR_INIT("\n"),
                                     SIO_STR_INIT("\303\251")};
    char text[LONGEST + BEHIND + 2], expected[LONGEST];
    (void)state;
    for (size_t i = 0; i < (LONGEST - 1) * 3 * (BEHIND / 8 + 1); i++) {
        size_t behind = i % (BEHIND / 8 + 1) * 8, kind = i / (BEHIND / 8 + 1) % 3;
        size_t len = 2 + i / (BEHIND / 8 + 1) / 3;
        sio_buf packed, wanted;
        sio_buf_init(&packed);
        sio_buf_init(&wanted);
        memset(text, 'x', sizeof text);
        memset(expected, 'x', sizeof expected);
        memcpy(text + 1 + len - 2, ends[kind].ptr, 2);
        memcpy(expected + len - 2, become[kind].ptr, become[kind].len);
        text[0] = text[1 + len] = '"';
        memset(text + 2 + len, ' ', behind);
        assert_int_equal(sio_json_read(sio_str_of(text, len + 2 + behind), 0, &packed, NULL),
                         SIO_OK);
        assert_int_equal(sio__pack_str(&wanted, sio_str_of(expected, len - 2 + become[kind].len)),
                         SIO_OK);
        assert_int_equal(packed.len, wanted.len);
        assert_memory_equal(packed.ptr, wanted.ptr, wanted.len);
        sio_buf_fini(&packed);
        sio_buf_fini(&wanted);
    }
}

/* Each of the extents is a container at that level, and all of them are there. */
static void check_extents(const char *json, unsigned level, size_t count)
{
    struct sio__extents extents;
    sio_str packed;
    sio_buf out, plain;
    uint32_t end = 0;
    sio_buf_init(&out);
    sio_buf_init(&plain);
    assert_int_equal(sio__json_read_noting(str(json), 16, level, &out, &packed, &extents), SIO_OK);
    assert_int_equal(sio_json_read(str(json), 16, &plain, NULL), SIO_OK);
    assert_int_equal(packed.len, plain.len);
    assert_memory_equal(packed.ptr, plain.ptr, plain.len);
    assert_int_equal(extents.noted.len, count * sizeof(struct sio__extent));
    for (size_t i = 0; i < count; i++) {
        struct sio__extent extent;
        memcpy(&extent, extents.noted.ptr + i * sizeof extent, sizeof extent);
        sio_cursor c = sio_cursor_at(sio_str_of(packed.ptr + extent.at, packed.len - extent.at));
        assert_true(extent.at >= end);
        assert_int_equal(sio_cursor_skip(&c), SIO_OK);
        assert_ptr_equal(c.at, packed.ptr + extent.end);
        end = extent.end;
    }
    sio_buf_fini(&plain);
    sio_buf_fini(&out);
}

#define TEXT70 "\"0123456789012345678901234567890123456789012345678901234567890123456789\""
#define MANY16 "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"

static void extents_are_noted(void **state)
{
    (void)state;
    check_extents("[" TEXT70 "]", 0, 1);
    check_extents("[" TEXT70 "]", 1, 0);
    check_extents("[\"short\"]", 0, 0);
    check_extents("[[" TEXT70 "],{\"a\":" TEXT70 "},[[" TEXT70 "]],[]]", 1, 3);
    check_extents("[[" TEXT70 "],{\"a\":" TEXT70 "},[[" TEXT70 "]],[]]", 2, 1);
    /* headers that grow before, in and behind them */
    check_extents("[" MANY16 ",[" TEXT70 "," MANY16 "],{\"a\":" TEXT70 ",\"b\":" MANY16 "},"
                  "[" TEXT70 "],1,2,3,4,5,6,7,8,9,10,11,12,13]",
                  1, 3);
    /* members that move */
    check_extents("[[" TEXT70 "],{\"a\":" TEXT70 ",\"a\":1}]", 1, 0);
    check_extents("[[" TEXT70 "],{\"b\":" TEXT70 ",\"1\":1}]", 1, 0);
    struct sio__extents extents;
    sio_str packed;
    sio_buf out;
    sio_buf_init(&out);
    assert_int_equal(sio__json_read_noting(str("[1"), 16, 1, &out, &packed, &extents), SIO_EINVAL);
    assert_int_equal(sio__json_read_noting(str("[[[]]]"), 2, 1, &out, &packed, &extents),
                     SIO_EINVAL);
    assert_int_equal(out.len, 0);
    sio_buf_fini(&out);
}

static void wide_headers(void **state)
{
    static const struct {
        size_t count;
        const char *header;
    } cases[] = {{15, "9f"}, {16, "dc0010"}, {65535, "dcffff"}, {65536, "dd00010000"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sio_buf text;
        sio_buf packed;
        repeat("[[1],[", "[]", cases[i].count, "],2]", &text);
        sio_buf_init(&packed);
        assert_int_equal(sio_json_read(sio_buf_str(&text), 0, &packed, NULL), SIO_OK);
        char *hex = hex_of(sio_buf_str(&packed));
        char *at = hex;
        assert_memory_equal(at, "939101", 6);
        at += 6;
        assert_memory_equal(at, cases[i].header, strlen(cases[i].header));
        at += strlen(cases[i].header);
        assert_int_equal(strspn(at, "90") / 2, cases[i].count);
        assert_string_equal(at + 2 * cases[i].count, "02");
        free(hex);
        sio_buf_fini(&packed);
        sio_buf_fini(&text);
    }
    check(
        "{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
        "\"l\":1,\"m\":1,\"n\":1,\"o\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,{}],\"p\":2}",
        "de0010a16101a16201a16301a16401a16501a16601a16701a16801a16901a16a01a16b01a16c01a16d01"
        "a16e01a16fdc00110102030405060708090a0b0c0d0e0f1080a17002");
}

static void member_order(void **state)
{
    static const char *const cases[][2] = {
        {"{\"b\":1,\"2\":2,\"a\":3,\"1\":4}", "{\"1\":4,\"2\":2,\"b\":1,\"a\":3}"},
        {"{\"0\":1,\"1\":2,\"x\":3}", "{\"0\":1,\"1\":2,\"x\":3}"},
        {"{\"10\":1,\"9\":2}", "{\"9\":2,\"10\":1}"},
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
        {"{\"1\":1,\"0\":2,\"1\":3}", "{\"0\":2,\"1\":3}"},
        /* V8: array indices end at 2^32 - 2; larger integers are names like others */
        {"{\"a\":0,\"4294967294\":1}", "{\"4294967294\":1,\"a\":0}"},
        {"{\"a\":0,\"4294967295\":1}", "{\"a\":0,\"4294967295\":1}"},
        {"{\"a\":0,\"9999999999\":1}", "{\"a\":0,\"9999999999\":1}"},
        {"{\"a\":0,\"01\":1,\"-1\":2,\"1.0\":3,\"1e1\":4,\"\":5}",
         "{\"a\":0,\"01\":1,\"-1\":2,\"1.0\":3,\"1e1\":4,\"\":5}"},
        {"{\"a\":0,\"\\u0031\":1}", "{\"1\":1,\"a\":0}"},
        {"{\"__proto__\":1,\"a\":2,\"__proto__\":{\"b\":1}}", "{\"__proto__\":{\"b\":1},\"a\":2}"},
        {"{\"a\":1,\"\\u0061\":2}", "{\"a\":2}"},
        {"[{\"x\":{\"b\":[1,{\"q\":1,\"q\":[{\"z\":1,\"5\":2}]}],\"1\":2},\"x\":0,\"x\":{\"b\":3,"
         "\"7\":"
         "{\"c\":1,\"c\":2,\"0\":[]}}},true]",
         "[{\"x\":{\"7\":{\"0\":[],\"c\":2},\"b\":3}},true]"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_again(str(cases[i][0]), str(cases[i][1]));
}

/* Objects with more keys than are compared one by one. */
static void many_keys(void **state)
{
    (void)state;
    for (int repeats = 0; repeats <= 1; repeats++) {
        char json[8192] = "{";
        char expected[8192] = "{";
        size_t len = 1;
        size_t expected_len = 1;
        for (int i = 0; i < 200; i++) {
            int value = repeats && i == 7 ? 999 : i;
            len += (size_t)sprintf(json + len, "%s\"key%d\":%d", i > 0 ? "," : "", i, i);
            expected_len += (size_t)sprintf(expected + expected_len, "%s\"key%d\":%d",
                                            i > 0 ? "," : "", i, value);
        }
        if (repeats)
            len += (size_t)sprintf(json + len, ",\"key7\":999");
        json[len++] = '}';
        expected[expected_len++] = '}';
        check_again(sio_str_of(json, len), sio_str_of(expected, expected_len));
    }
}

static void documents_as_node(void **state)
{
    FILE *file = fopen(SIO_FIXTURES "/json/documents.txt", "r");
    char text[8192];
    char expected[8192];
    size_t count = 0;
    (void)state;
    assert_non_null(file);
    while (fgets(text, sizeof text, file) != NULL &&
           fgets(expected, sizeof expected, file) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        expected[strcspn(expected, "\n")] = '\0';
        check_again(str(text), str(expected));
        count++;
    }
    fclose(file);
    assert_int_equal(count, 400);
}

static void appends(void **state)
{
    sio_buf out;
    (void)state;
    sio_buf_init(&out);
    assert_int_equal(sio_json_read(SIO_STR("{\"b\":1,\"0\":2}"), 0, &out, NULL), SIO_OK);
    assert_int_equal(sio_json_read(SIO_STR("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), 0, &out, NULL),
                     SIO_OK);
    assert_int_equal(sio_json_read(SIO_STR("[1,"), 0, &out, NULL), SIO_EINVAL);
    char *hex = hex_of(sio_buf_str(&out));
    assert_string_equal(hex, "82a13002a16201dc001001010101010101010101010101010101");
    free(hex);
    sio_buf_fini(&out);
}

static void mistakes(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        unsigned line;
        unsigned column;
        const char *what;
    } cases[] = {
        {"", 0, 1, 1, "expected a value, found the end of the text"},
        {"[1,2", 4, 1, 5, "expected ',' or ']'"},
        {"[1 2]", 3, 1, 4, "expected ',' or ']'"},
        {"{\"a\":1 \"b\"}", 7, 1, 8, "expected ',' or '}'"},
        {"{\"a\" 1}", 5, 1, 6, "expected ':'"},
        {"{a:1}", 1, 1, 2, "expected a key in double quotes"},
        {"{\"a\":1,}", 7, 1, 8, "expected a key in double quotes"},
        {"[1,]", 3, 1, 4, "expected a value"},
        {"[\n  1,\n  tru\n]", 9, 3, 3, "expected a value"},
        {"nul", 0, 1, 1, "expected a value"},
        {"\xef\xbb\xbf{}", 0, 1, 1, "expected a value"},
        {"'a'", 0, 1, 1, "expected a value"},
        {"1 2", 2, 1, 3, "expected the end of the text"},
        {"007", 0, 1, 1, "a number cannot start with 0"},
        {"-", 0, 1, 1, "expected a digit after '-'"},
        {"1.", 2, 1, 3, "expected a digit"},
        {"12345678901234567890.", 21, 1, 22, "expected a digit"},
        {"1e+", 3, 1, 4, "expected a digit"},
        {"[\"abc]", 1, 1, 2, "the string is not closed"},
        {"\"a\\n", 0, 1, 1, "the string is not closed"},
        {"\"ab\\x\"", 3, 1, 4, "unknown escape"},
        {"\"ab\\", 3, 1, 4, "the text ends in an escape"},
        {"\"\\u12g4\"", 1, 1, 2, "\\u takes four hexadecimal digits"},
        {"\"a\tb\"", 2, 1, 3, "control character in a string"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sio_json_error error;
        sio_buf out;
        sio_buf_init(&out);
        assert_int_equal(sio_json_read(str(cases[i].text), 0, &out, &error), SIO_EINVAL);
        assert_string_equal(error.what, cases[i].what);
        assert_int_equal(error.offset, cases[i].offset);
        assert_int_equal(error.line, cases[i].line);
        assert_int_equal(error.column, cases[i].column);
        assert_int_equal(out.len, 0);
        sio_buf_fini(&out);
    }
}

static unsigned has_of(const char *json)
{
    sio_buf out;
    unsigned has = 0;
    sio_buf_init(&out);
    assert_int_equal(sio__json_read(str(json), 8, &out, NULL, &has), SIO_OK);
    sio_buf_fini(&out);
    return has;
}

static void what_it_has(void **state)
{
    (void)state;
    assert_int_equal(has_of("[9007199254740991,-9007199254740991,1e300,\"\\ud83d\\ude00\"]"), 0);
    assert_int_equal(has_of("[9007199254740992]"), SIO__HAS_BIG_INTS);
    assert_int_equal(has_of("-9007199254740992"), SIO__HAS_BIG_INTS);
    assert_int_equal(has_of("{\"a\":\"\\ud83d\"}"), SIO__HAS_SURROGATES);
    assert_int_equal(has_of("{\"\\ude00\":1e18}"), SIO__HAS_SURROGATES | SIO__HAS_BIG_INTS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scalars),
    cmocka_unit_test(numbers),
    cmocka_unit_test(strings),
    cmocka_unit_test(invalid_utf8),
    cmocka_unit_test(strings_of_every_length),
    cmocka_unit_test(extents_are_noted),
    cmocka_unit_test(wide_headers),
    cmocka_unit_test(member_order),
    cmocka_unit_test(many_keys),
    cmocka_unit_test(documents_as_node),
    cmocka_unit_test(appends),
    cmocka_unit_test(mistakes),
    cmocka_unit_test(what_it_has),
};

SIO_TEST_MAIN(tests)
