/* SPDX-License-Identifier: MIT */
/* The cursor: every token, every cut of every token, counts that lie, skipping. */
#include "unit.h"

#include <math.h>

#include <sio/value.h>

#include "tagged.h"
#include "value/pack.h"

static sio_status read_hex(const char *hex, sio_value *out, size_t *used)
{
    unsigned char bytes[64];
    size_t len = tagged_hex(sio_str_c(hex), bytes);
    unsigned char *exact = malloc(len + 1); /* so that ASan sees a read beyond the end */
    memcpy(exact, bytes, len);
    sio_cursor c = sio_cursor_at(sio_str_of(exact, len));
    sio_status status = sio_cursor_read(&c, out);
    *used = (size_t)(c.at - exact);
    if (status == SIO_OK && (out->type == SIO_STRING || out->type == SIO_BINARY))
        assert_true(out->v.text.ptr + out->v.text.len <= (const char *)exact + len);
    free(exact);
    return status;
}

struct token {
    const char *hex;
    sio_type type;
    double number; /* the number, length, count or seconds */
};

static const struct token tokens[] = {
    {"00", SIO_UINT, 0},
    {"7f", SIO_UINT, 127},
    {"e0", SIO_INT, -32},
    {"ff", SIO_INT, -1},
    {"80", SIO_MAP, 0},
    {"90", SIO_ARRAY, 0},
    {"92c0c0", SIO_ARRAY, 2},
    {"81a161c0", SIO_MAP, 1},
    {"a0", SIO_STRING, 0},
    {"a3616263", SIO_STRING, 3},
    {"c0", SIO_NULL, 0},
    {"c2", SIO_BOOL, 0},
    {"c3", SIO_BOOL, 1},
    {"c40100", SIO_BINARY, 1},
    {"c5000100", SIO_BINARY, 1},
    {"c60000000100", SIO_BINARY, 1},
    {"ca3fc00000", SIO_DOUBLE, 1.5},
    {"cb3ff8000000000000", SIO_DOUBLE, 1.5},
    {"ccff", SIO_UINT, 255},
    {"cdffff", SIO_UINT, 65535},
    {"ceffffffff", SIO_UINT, 4294967295.0},
    {"cf0020000000000000", SIO_UINT, 9007199254740992.0},
    {"d080", SIO_INT, -128},
    {"d005", SIO_UINT, 5},
    {"d18000", SIO_INT, -32768},
    {"d280000000", SIO_INT, -2147483648.0},
    {"d38000000000000000", SIO_INT, -9223372036854775808.0},
    {"d3000000000000002a", SIO_UINT, 42},
    {"d40000", SIO_UNDEFINED, 0},
    {"d40100", SIO_EXT, 1},
    {"d5000102", SIO_EXT, 2},
    {"d6ff00000001", SIO_DATE, 1},
    {"d7ff0000000400000001", SIO_DATE, 1},
    {"d70000000000000003e8", SIO_DATE, 1},
    {"d700fffffffffffffc18", SIO_DATE, -1},
    {"c70cff00000001ffffffffffffffff", SIO_DATE, -1},
    {"c7010007", SIO_BINARY, 1},
    {"c70000", SIO_BINARY, 0},
    {"c800010007", SIO_BINARY, 1},
    {"c9000000010007", SIO_BINARY, 1},
    {"c7010507", SIO_EXT, 1},
    {"c703ff010203", SIO_EXT, 3},          /* a timestamp of no known layout */
    {"d7ffffffffff00000000", SIO_EXT, 8},  /* 1,073,741,823 ns: no such fraction */
    {"d80500000000000000000000000000000000", SIO_EXT, 16},
    {"d90161", SIO_STRING, 1},
    {"da000161", SIO_STRING, 1},
    {"db0000000161", SIO_STRING, 1},
    {"dc0001c0", SIO_ARRAY, 1},
    {"dd00000001c0", SIO_ARRAY, 1},
    {"de0001a161c0", SIO_MAP, 1},
    {"df00000001a161c0", SIO_MAP, 1},
};

static double number_of(const sio_value *v)
{
    switch (v->type) {
    case SIO_BOOL:
        return v->v.boolean;
    case SIO_INT:
        return (double)v->v.integer;
    case SIO_UINT:
        return (double)v->v.natural;
    case SIO_DOUBLE:
        return v->v.real;
    case SIO_STRING:
    case SIO_BINARY:
        return (double)v->v.text.len;
    case SIO_DATE:
        return (double)v->v.date.seconds;
    case SIO_ARRAY:
    case SIO_MAP:
        return v->v.count;
    case SIO_EXT:
        return (double)v->v.ext.data.len;
    case SIO_UNDEFINED:
    case SIO_NULL:
        break;
    }
    return 0;
}

static void every_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        sio_value v;
        size_t used;
        if (read_hex(tokens[i].hex, &v, &used) != SIO_OK || v.type != tokens[i].type ||
            number_of(&v) != tokens[i].number)
            fail_msg("%s", tokens[i].hex);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        unsigned char bytes[64];
        size_t full = tagged_hex(sio_str_c(tokens[i].hex), bytes);
        for (size_t len = 0; len < full; len++) {
            unsigned char *exact = malloc(len + 1);
            memcpy(exact, bytes, len);
            sio_cursor c = sio_cursor_at(sio_str_of(exact, len));
            if (sio_cursor_skip(&c) != SIO_EINVAL || c.at != exact)
                fail_msg("%s cut at %zu", tokens[i].hex, len);
            free(exact);
        }
    }
}

static void counts_that_lie(void **state)
{
    (void)state;
    static const char *const lies[] = {"91",           "9f00",       "81a1", "8161",
                                       "ddffffffff00", "dfffffffff", "dbffffffff61",
                                       "c6ffffffff00", "c9ffffffff0000", "df80000000c0", "c1"};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        sio_value v;
        size_t used;
        unsigned char bytes[64];
        sio_cursor c = sio_cursor_at(sio_str_of(bytes, tagged_hex(sio_str_c(lies[i]), bytes)));
        sio_cursor before = c;
        if (sio_cursor_skip(&c) != SIO_EINVAL || c.at != before.at)
            fail_msg("skip %s", lies[i]);
        if (strcmp(lies[i], "8161") != 0 && strcmp(lies[i], "81a1") != 0)
            assert_int_equal(read_hex(lies[i], &v, &used), SIO_EINVAL);
    }
}

static void dates(void **state)
{
    (void)state;
    sio_value v;
    size_t used;
    assert_int_equal(read_hex("d7ff773594005f5e1000", &v, &used), SIO_OK);
    assert_int_equal(v.v.date.seconds, 1600000000);
    assert_int_equal(v.v.date.nanoseconds, 500000000);
    assert_int_equal(read_hex("d700fffffffffffffc17", &v, &used), SIO_OK); /* -1001 ms */
    assert_int_equal(v.v.date.seconds, -2);
    assert_int_equal(v.v.date.nanoseconds, 999000000);
    assert_int_equal(read_hex("d7008000000000000000", &v, &used), SIO_OK); /* the least int64 */
    assert_int_equal(v.v.date.nanoseconds, 192000000);
}

/* A million levels take no stack and no memory. */
static void skip_is_iterative(void **state)
{
    (void)state;
    size_t depth = 1000000;
    char *bytes = malloc(depth + 1);
    memset(bytes, 0x91, depth);
    bytes[depth] = (char)0xc0;
    sio_cursor c = sio_cursor_at(sio_str_of(bytes, depth + 1));
    assert_int_equal(sio_cursor_skip(&c), SIO_OK);
    assert_true(sio_cursor_done(&c));
    c = sio_cursor_at(sio_str_of(bytes, depth));
    assert_int_equal(sio_cursor_skip(&c), SIO_EINVAL);
    free(bytes);
}

static void an_empty_cursor_is_done(void **state)
{
    (void)state;
    sio_value v;
    sio_cursor c = sio_cursor_at(sio_str_of(NULL, 0));
    assert_true(sio_cursor_done(&c));
    assert_int_equal(sio_cursor_read(&c, &v), SIO_EINVAL);
    assert_int_equal(sio_cursor_skip(&c), SIO_EINVAL);
}

/* Written tokens read back, at the edges of every width, and in notepack's forms. */
static void packed_numbers(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *hex;
    } cases[] = {
        {0, "00"}, {-0.0, "00"}, {127, "7f"}, {128, "cc80"}, {255, "ccff"}, {256, "cd0100"},
        {65535, "cdffff"}, {65536, "ce00010000"}, {4294967295.0, "ceffffffff"},
        {4294967296.0, "cf0000000100000000"}, {-1, "ff"}, {-32, "e0"}, {-33, "d0df"},
        {-128, "d080"}, {-129, "d1ff7f"}, {-32768, "d18000"}, {-32769, "d2ffff7fff"},
        {-2147483648.0, "d280000000"}, {-2147483649.0, "d3ffffffff7fffffff"},
        {0x1p53, "cf0020000000000000"}, {-0x1p63, "d38000000000000000"},
        {0x1p64, "cb43f0000000000000"}, {-0x1.8p63, "cbc3e8000000000000"},
        {1.5, "cb3ff8000000000000"}, {1e20, "cb4415af1d78b58c40"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char want[16];
        size_t len = tagged_hex(sio_str_c(cases[i].hex), want);
        sio_buf out;
        sio_buf_init(&out);
        assert_int_equal(sio__pack_number(&out, cases[i].number), SIO_OK);
        if (!sio_str_eq(sio_buf_str(&out), sio_str_of(want, len)))
            fail_msg("%.17g", cases[i].number);
        sio_buf_fini(&out);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_token),       cmocka_unit_test(every_cut_is_refused),
    cmocka_unit_test(counts_that_lie),   cmocka_unit_test(dates),
    cmocka_unit_test(skip_is_iterative), cmocka_unit_test(an_empty_cursor_is_done),
    cmocka_unit_test(packed_numbers),
};

SIO_TEST_MAIN(tests)
