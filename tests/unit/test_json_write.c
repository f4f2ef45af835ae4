/* SPDX-License-Identifier: MIT */
/* Packed values to JSON text: what JSON.stringify prints for what notepack.io decodes. */
#include "unit.h"

#include <sio/value.h>

#include "value/json.h"
#include "value/pack.h"

/* Packed bytes from hexadecimal text; returns their number. */
static size_t from_hex(const char *hex, char *out)
{
    size_t len = strlen(hex) / 2;
    for (size_t i = 0; i < len; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (char)byte;
    }
    return len;
}

static void check_bytes(sio_str packed, const char *expected)
{
    char *exact = malloc(packed.len + 1); /* ends with the bytes, so that a read beyond is seen */
    sio_buf out;
    assert_non_null(exact);
    if (packed.len > 0)
        memcpy(exact + 1, packed.ptr, packed.len);
    sio_buf_init(&out);
    assert_int_equal(sio_buf_append(&out, ">", 1), SIO_OK);
    sio_status status = sio_json_write(sio_str_of(exact + 1, packed.len), NULL, NULL, &out);
    if (expected == NULL) {
        assert_int_equal(status, SIO_EINVAL);
        assert_int_equal(out.len, 1);
    } else {
        assert_int_equal(status, SIO_OK);
        assert_int_equal(sio_buf_append(&out, "", 1), SIO_OK);
        assert_string_equal(out.ptr + 1, expected);
    }
    sio_buf_fini(&out);
    free(exact);
}

/* expected NULL: refused, and the buffer left alone */
static void check(const char *hex, const char *expected)
{
    char packed[512];
    assert_true(strlen(hex) / 2 <= sizeof packed);
    check_bytes(sio_str_of(packed, from_hex(hex, packed)), expected);
}

static void scalars(void **state)
{
    (void)state;
    check("c0", "null");
    check("c2", "false");
    check("c3", "true");
    check("d40000", "null");
    check("a0", "\"\"");
    check("a3616263", "\"abc\"");
    check("d903616263", "\"abc\"");
    check("da0003616263", "\"abc\"");
    check("db00000003616263", "\"abc\"");
    check("90", "[]");
    check("80", "{}");
    check("dc0000", "[]");
    check("df00000000", "{}");
}

static void numbers(void **state)
{
    (void)state;
    check("00", "0");
    check("7f", "127");
    check("e0", "-32");
    check("ff", "-1");
    check("ccff", "255");
    check("d080", "-128");
    check("cdffff", "65535");
    check("d18000", "-32768");
    check("ceffffffff", "4294967295");
    check("d280000000", "-2147483648");
    check("cf001fffffffffffff", "9007199254740991");
    check("cf0020000000000000", "9007199254740992");
    check("cf0020000000000001", "9007199254740992");
    check("cf0020000000000003", "9007199254740996");
    check("cfffffffffffffffff", "18446744073709552000");
    check("d38000000000000000", "-9223372036854776000");
    check("d3ffdfffffffffffff", "-9007199254740992");
    check("cb3fb999999999999a", "0.1");
    check("ca3fc00000", "1.5");
    check("ca3dcccccd", "0.10000000149011612");
    check("cb8000000000000000", "0");
    check("cb0000000000000001", "5e-324");
    check("cb444b1ae4d6e2ef50", "1e+21");
    check("cb7ff8000000000000", "null");
    check("cb7ff0000000000000", "null");
    check("cbfff0000000000000", "null");
}

static void strings(void **state)
{
    (void)state;
    check("a8225c2f080c0a0d09", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    check("a500011f7f20", "\"\\u0000\\u0001\\u001f\x7f \"");
    check("a4f09f9880", "\"\xf0\x9f\x98\x80\"");
    check("a3e280a8", "\"\xe2\x80\xa8\"");
    check("a3eda0bd", "\"\\ud83d\"");
    check("a3edb880", "\"\\ude00\"");
    check("a6eda0bdedb880", "\"\xf0\x9f\x98\x80\""); /* JavaScript knows no difference */
    check("a6edb880eda0bd", "\"\\ude00\\ud83d\"");
    check("a4eda0bd41", "\"\\ud83dA\"");
    check("a1ff", "\"\xef\xbf\xbd\"");
    check("a3e4b841", "\"\xef\xbf\xbd"
                      "A\"");
    check("a2eda0", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    check("d9106162636465666768696a6b6c6d6e6f70", "\"abcdefghijklmnop\"");
    check("d9116162636465666768696a6b6c6d6e6f7071", "\"abcdefghijklmnopq\"");
    check("92a26122a1629001", NULL);
    check("93a26122a16201", "[\"a\\\"\",\"b\",1]");
}

/* Each kind of byte at each place around the 16 that are looked at together. */
static void string_places(void **state)
{
    static const struct {
        char byte;
        const char *text;
    } kinds[] = {{'"', "\\\""}, {'\\', "\\\\"},  {'\x1f', "\\u001f"}, {'\xff', "\xef\xbf\xbd"},
                 {'\x20', " "}, {'\x7f', "\x7f"}};
    (void)state;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        for (size_t len = 1; len <= 40; len++) {
            for (size_t at = 0; at < len; at++) {
                char text[40];
                char expected[128];
                sio_buf packed;
                memset(text, 'x', len);
                text[at] = kinds[kind].byte;
                int head = snprintf(expected, sizeof expected, "\"%.*s%s", (int)at,
                                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", kinds[kind].text);
                snprintf(expected + head, sizeof expected - (size_t)head, "%.*s\"",
                         (int)(len - at - 1), "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
                sio_buf_init(&packed);
                assert_int_equal(sio__pack_str(&packed, sio_str_of(text, len)), SIO_OK);
                check_bytes(sio_buf_str(&packed), expected);
                sio_buf_fini(&packed);
            }
        }
    }
}

static void undefined(void **state)
{
    (void)state;
    check("93d4000001d40000", "[null,1,null]");
    check("83a161d40000a16201a163d40000", "{\"b\":1}");
    check("82a16101a162d40000", "{\"a\":1}");
    check("81a161d40000", "{}");
    check("82a16181a162d40000a16302", "{\"a\":{},\"c\":2}");
}

static void keys(void **state)
{
    (void)state;
    check("8101a161", "{\"1\":\"a\"}");
    check("81ff00", "{\"-1\":0}");
    check("81cb3ff800000000000000", "{\"1.5\":0}");
    check("81cb7ff800000000000000", "{\"NaN\":0}");
    check("81cbfff000000000000000", "{\"-Infinity\":0}");
    check("81c000", "{\"null\":0}");
    check("81c300", "{\"true\":0}");
    check("81d4000000", "{\"undefined\":0}");
    check("81c4026122"
          "00",
          "{\"a\\\"\":0}");
    check("81a1"
          "2200",
          "{\"\\\"\":0}");
    check("819000", NULL);
    check("818000", NULL);
    check("81d6ff0000000000", NULL);
    check("81d4050000", NULL);
}

/* Expected texts from Node: JSON.stringify(new Date(seconds * 1e3 + nanoseconds / 1e6)). */
static void dates(void **state)
{
    (void)state;
    check("d6ff6553f100", "\"2023-11-14T22:13:20.000Z\"");
    check("d7ff1d5353006553f100", "\"2023-11-14T22:13:20.123Z\"");
    check("d7000000018bcfe568fb", "\"2023-11-14T22:13:20.251Z\""); /* notepack.io 2 */
    check("d700ffffffffffffffff", "\"1969-12-31T23:59:59.999Z\"");
    check("c70cff000000000000000000000000", "\"1970-01-01T00:00:00.000Z\"");
    check("c70cff0754d4c0000000006553f100", "\"2023-11-14T22:13:20.123Z\"");
    check("c70cff076416ff000000006553f100", "\"2023-11-14T22:13:20.124Z\"");
    check("c70cff3b9328e0ffffffffffffffff", "\"1970-01-01T00:00:00.000Z\"");
    check("c70cff00000001ffffffffffffffff", "\"1969-12-31T23:59:59.001Z\"");
    check("c70cff00000000fffffff1868b8400", "\"0000-01-01T00:00:00.000Z\"");
    check("c70cff00000000fffffff1868b83ff", "\"-000001-12-31T23:59:59.000Z\"");
    check("c70cff3b8b87c00000003afff4417f", "\"9999-12-31T23:59:59.999Z\"");
    check("c70cff000000000000003afff44180", "\"+010000-01-01T00:00:00.000Z\"");
    check("c70cff00000000000007dba8218000", "\"+275760-09-13T00:00:00.000Z\"");
    check("c70cff00000001000007dba8218000", "\"+275760-09-13T00:00:00.000Z\"");
    check("c70cff000f4240000007dba8218000", "null");
    check("c70cff00000000fffff82457de8000", "\"-271821-04-20T00:00:00.000Z\"");
    check("c70cff3b8b87c0fffff82457de7fff", "null");
    check("c70cff000000000000000038bb0c00", "\"2000-02-29T00:00:00.000Z\"");
    check("c70cff000000000000000038bc5d80", "\"2000-03-01T00:00:00.000Z\"");
    check("c70cff00000000ffffffff7ca34a00", "\"1900-03-01T00:00:00.000Z\"");
    check("c70cff0000000000000000f4d41f80", "\"2100-03-01T00:00:00.000Z\"");
    check("c70cff3b9ac9ff7fffffffffffffff", "null");
    check("c70cff000000008000000000000000", "null");
}

static void binary(void **state)
{
    (void)state;
    check("c40300017f", "{\"type\":\"Buffer\",\"data\":[0,1,127]}");
    check("c400", "{\"type\":\"Buffer\",\"data\":[]}");
    check("c50001ff", "{\"type\":\"Buffer\",\"data\":[255]}");
    check("c7020001ff", "{\"type\":\"Buffer\",\"data\":[1,255]}"); /* notepack.io 2 */
    check("d405ff", "[5,{\"type\":\"Buffer\",\"data\":[255]}]");
    check("c703fb010203", "[-5,{\"type\":\"Buffer\",\"data\":[1,2,3]}]");
}

struct pieces {
    int count;
    int limit;
    size_t bytes;
};

static sio_status placeholder(sio_str bytes, sio_buf *out, void *user)
{
    struct pieces *pieces = user;
    char text[64];
    if (pieces->count == pieces->limit)
        return SIO_ETOOBIG;
    pieces->bytes += bytes.len;
    int len = snprintf(text, sizeof text, "{\"_placeholder\":true,\"num\":%d}", pieces->count++);
    return sio_buf_append(out, text, (size_t)len);
}

static void binary_callback(void **state)
{
    static const char packed[] = "\x93\xc4\x02xy\x81\xa1k\xc4\x01z\xd4\x05!";
    struct pieces pieces = {.limit = 3};
    sio_buf out;
    (void)state;
    sio_buf_init(&out);
    assert_int_equal(
        sio_json_write(sio_str_of(packed, sizeof packed - 1), placeholder, &pieces, &out), SIO_OK);
    assert_int_equal(sio_buf_append(&out, "", 1), SIO_OK);
    assert_string_equal(out.ptr, "[{\"_placeholder\":true,\"num\":0},{\"k\":{\"_placeholder\":true,"
                                 "\"num\":1}},[5,{\"_placeholder\":true,\"num\":2}]]");
    assert_int_equal(pieces.bytes, 4);

    pieces = (struct pieces){.limit = 1};
    size_t before = out.len;
    assert_int_equal(
        sio_json_write(sio_str_of(packed, sizeof packed - 1), placeholder, &pieces, &out),
        SIO_ETOOBIG);
    assert_int_equal(out.len, before);
    sio_buf_fini(&out);
}

static void refuses_what_is_not_packed(void **state)
{
    static const char packed[] = "\x86\xa1"
                                 "a\x93\x01\xcd\x01\x00\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\xa1"
                                 "b\xd9\x02xy\xa1"
                                 "c\xc4\x02zz\xa1"
                                 "d\xd6\xff\x00\x00\x00\x00\xa1"
                                 "e\xc7\x03\x05"
                                 "abc\xa1"
                                 "f\x80";
    (void)state;
    check("", NULL);
    check("c1", NULL);
    check("0000", NULL);
    check("9101"
          "01",
          NULL);
    check("ddffffffff", NULL);
    for (size_t len = 0; len < sizeof packed - 1; len++)
        check_bytes(sio_str_of(packed, len), NULL);
    check_bytes(sio_str_of(packed, sizeof packed - 1),
                "{\"a\":[1,256,1.5],\"b\":\"xy\",\"c\":{\"type\":\"Buffer\",\"data\":[122,122]},"
                "\"d\":\"1970-01-01T00:00:00.000Z\",\"e\":[5,{\"type\":\"Buffer\",\"data\":[97,98,"
                "99]}],\"f\":{}}");
}

static void depth(void **state)
{
    static char packed[1000001];
    sio_buf out;
    (void)state;
    sio_buf_init(&out);
    memset(packed, 0x91, sizeof packed);
    packed[SIO_MAX_DEPTH] = 0;
    assert_int_equal(sio_json_write(sio_str_of(packed, SIO_MAX_DEPTH + 1), NULL, NULL, &out),
                     SIO_OK);
    assert_int_equal(out.len, 2 * SIO_MAX_DEPTH + 1);
    packed[SIO_MAX_DEPTH] = (char)0x91;
    packed[sizeof packed - 1] = 0;
    assert_int_equal(sio_json_write(sio_str_of(packed, sizeof packed), NULL, NULL, &out),
                     SIO_EINVAL);
    assert_int_equal(out.len, 2 * SIO_MAX_DEPTH + 1);
    sio_buf_fini(&out);
}

static void string_alone(void **state)
{
    sio_buf out;
    (void)state;
    sio_buf_init(&out);
    assert_int_equal(sio__json_string(SIO_STR("a\"b\0"), &out), SIO_OK);
    assert_int_equal(sio__json_string(sio_str_of(NULL, 0), &out), SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(&out), SIO_STR("\"a\\\"b\\u0000\"\"\"")));
    sio_buf_fini(&out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scalars),         cmocka_unit_test(numbers),
    cmocka_unit_test(strings),         cmocka_unit_test(string_places),
    cmocka_unit_test(undefined),       cmocka_unit_test(keys),
    cmocka_unit_test(dates),           cmocka_unit_test(binary),
    cmocka_unit_test(binary_callback), cmocka_unit_test(refuses_what_is_not_packed),
    cmocka_unit_test(depth),           cmocka_unit_test(string_alone),
};

SIO_TEST_MAIN(tests)
