/* SPDX-License-Identifier: MIT */
/* The validating pass over packed values: what it accepts, what it learns, and that the
 * short cuts it takes for plain tokens change none of it. */
#include "unit.h"

#include "tagged.h"
#include "value/normal.h"

enum { PADDING = 70000 };

/* The bytes at the end of memory that is theirs alone, so that ASan and valgrind see more. */
static sio_status scan(const unsigned char *bytes, size_t len, unsigned depth,
                       struct sio__scan *out)
{
    unsigned char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    sio_status status = sio__scan(sio_str_of(exact, len), depth, out);
    free(exact);
    return status;
}

enum { NORMAL = 1, OTHER = 0 };

static const struct {
    const char *hex;
    bool normal;
    unsigned has;
    size_t attachments;
} accepted[] = {
    /* integers in each form, in the smallest and in a wider one */
    {"00", NORMAL, 0, 0},
    {"7f", NORMAL, 0, 0},
    {"e0", NORMAL, 0, 0},
    {"cc80", NORMAL, 0, 0},
    {"cc7f", OTHER, 0, 0},
    {"cd0100", NORMAL, 0, 0},
    {"cd00ff", OTHER, 0, 0},
    {"cd007f", OTHER, 0, 0},
    {"ce00010000", NORMAL, 0, 0},
    {"ce0000ffff", OTHER, 0, 0},
    {"cf0000000100000000", NORMAL, 0, 0},
    {"cf00000000ffffffff", OTHER, 0, 0},
    {"cf001fffffffffffff", NORMAL, 0, 0},
    {"cf0020000000000000", NORMAL, SIO__HAS_BIG_INTS, 0},
    {"d0df", NORMAL, 0, 0},
    {"d0e0", OTHER, 0, 0},
    {"d001", OTHER, 0, 0},
    {"d1ff7f", NORMAL, 0, 0},
    {"d1ff80", OTHER, 0, 0},
    {"d2ffff7fff", NORMAL, 0, 0},
    {"d2ffff8000", OTHER, 0, 0},
    {"d3ffffffff7fffffff", NORMAL, 0, 0},
    {"d3ffffffff80000000", OTHER, 0, 0},
    {"d3ffe0000000000001", NORMAL, 0, 0},
    {"d3ffe0000000000000", NORMAL, SIO__HAS_BIG_INTS, 0},
    /* doubles: those that an integer could hold are not normal */
    {"cb3ff8000000000000", NORMAL, 0, 0},
    {"cb3ff0000000000000", OTHER, 0, 0},
    {"cb7ff8000000000000", NORMAL, 0, 0}, /* NaN */
    {"cbfff0000000000000", NORMAL, 0, 0},
    {"cb43e0000000000000", OTHER, SIO__HAS_BIG_INTS, 0}, /* 2^63 */
    {"cb43f0000000000000", NORMAL, 0, 0},                /* 2^64 */
    {"cbc3e0000000000000", OTHER, SIO__HAS_BIG_INTS, 0}, /* -2^63 */
    {"cbc3f0000000000000", NORMAL, 0, 0},                /* -2^64 */
    {"ca3fc00000", OTHER, 0, 0},
    {"ca5f800000", OTHER, 0, 0},                 /* 2^64 */
    {"ca5f000000", OTHER, SIO__HAS_BIG_INTS, 0}, /* 2^63 */
    {"c0", NORMAL, 0, 0},
    {"c2", NORMAL, 0, 0},
    {"c3", NORMAL, 0, 0},
    /* text and binary */
    {"a0", NORMAL, 0, 0},
    {"a3616263", NORMAL, 0, 0},
    {"d900", OTHER, 0, 0},
    {"d90161", OTHER, 0, 0},
    {"da000161", OTHER, 0, 0},
    {"db0000000161", OTHER, 0, 0},
    {"a2c3a9", NORMAL, 0, 0},
    {"a3eda0bd", NORMAL, SIO__HAS_SURROGATES, 0},
    {"92a3eda0bda161", NORMAL, SIO__HAS_SURROGATES, 0},
    {"c40100", NORMAL, 0, 1},
    {"c5000100", OTHER, 0, 1},
    {"c60000000100", OTHER, 0, 1},
    {"92c401ffc400", NORMAL, 0, 2},
    {"c7010007", OTHER, 0, 1}, /* notepack.io 2's typed array */
    /* undefined and dates */
    {"d40000", NORMAL, SIO__HAS_UNDEFINED, 0},
    {"d70000000000000003e8", OTHER, SIO__HAS_DATES, 0},
    {"d6ff00000001", NORMAL, SIO__HAS_DATES, 0},
    {"d7ff0000000000000001", OTHER, SIO__HAS_DATES, 0},
    /* containers */
    {"80", NORMAL, 0, 0},
    {"90", NORMAL, 0, 0},
    {"92c0c0", NORMAL, 0, 0},
    {"82a161c0a16201", NORMAL, 0, 0},
    {"81d90161c0", OTHER, 0, 0}, /* a long key that need not be */
    {"81a2c3a9c0", NORMAL, 0, 0},
    {"dc0001c0", OTHER, 0, 0},
    {"dd00000000", OTHER, 0, 0},
    {"de0001a161c0", OTHER, 0, 0},
    {"df00000001a161c0", OTHER, 0, 0},
    {"dc0010c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", NORMAL, 0, 0},
    {"dd00000010c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0", OTHER, 0, 0},
};

/* The same token: alone, followed by others, inside containers. */
static void check_accepted(const unsigned char *bytes, size_t len, size_t i)
{
    static const char *const places[][2] = {
        {"", ""}, {"", "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"}, {"91", ""}, {"81a16b", ""}};
    static const size_t values[] = {1, 18, 1, 1};
    for (size_t place = 0; place < sizeof places / sizeof places[0]; place++) {
        unsigned char whole[256];
        struct sio__scan found;
        size_t at = tagged_hex(sio_str_c(places[place][0]), whole);
        memcpy(whole + at, bytes, len);
        size_t end = at + len + tagged_hex(sio_str_c(places[place][1]), whole + at + len);
        if (scan(whole, end, SIO_MAX_DEPTH, &found) != SIO_OK)
            fail_msg("%s is refused", accepted[i].hex);
        if (found.normal != accepted[i].normal || found.has != accepted[i].has ||
            found.attachments != accepted[i].attachments || found.values != values[place])
            fail_msg("%s at %zu: normal %d, has %u, %zu attachments, %zu values", accepted[i].hex,
                     place, (int)found.normal, found.has, found.attachments, found.values);
        for (size_t cut = at; cut < at + len; cut++)
            if (place != 1 && cut > 0 && scan(whole, cut, SIO_MAX_DEPTH, &found) != SIO_EINVAL)
                fail_msg("%s is accepted when cut to %zu", accepted[i].hex, cut);
    }
}

static void tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        unsigned char bytes[64];
        check_accepted(bytes, tagged_hex(sio_str_c(accepted[i].hex), bytes), i);
    }
}

/* Text and binary at the lengths where the form changes, in each form that can hold them. */
static void lengths(void **state)
{
    static const struct {
        size_t least, most;
        unsigned char lead;
        size_t header;
        bool binary;
    } forms[] = {{32, 255, 0xd9, 2, false},      {256, 65535, 0xda, 3, false},
                 {65536, 66000, 0xdb, 5, false}, {0, 255, 0xc4, 2, true},
                 {256, 65535, 0xc5, 3, true},    {65536, 66000, 0xc6, 5, true}};
    static const size_t lens[] = {0, 31, 32, 33, 255, 256, 257, 4097, 65535, 65536};
    static unsigned char bytes[PADDING];
    (void)state;
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++)
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            size_t header = forms[f].header, len = lens[i];
            struct sio__scan found;
            if (header < 5 && len >> 8 * (header - 1) != 0)
                continue;
            memset(bytes, 'x', sizeof bytes);
            bytes[0] = forms[f].lead;
            for (size_t b = 1; b < header; b++)
                bytes[b] = (unsigned char)(len >> 8 * (header - 1 - b));
            assert_int_equal(scan(bytes, header + len, SIO_MAX_DEPTH, &found), SIO_OK);
            assert_int_equal(found.normal, len >= forms[f].least && len <= forms[f].most);
            assert_int_equal(found.attachments, forms[f].binary);
            if (len > 0)
                assert_int_equal(scan(bytes, header + len - 1, SIO_MAX_DEPTH, &found), SIO_EINVAL);
            if (len == 0 || forms[f].binary)
                continue;
            bytes[header + len - 1] = 0xff; /* not UTF-8, wherever it stands */
            assert_int_equal(scan(bytes, header + len, SIO_MAX_DEPTH, &found), SIO_EINVAL);
        }
}

static void refused(void **state)
{
    static const char *const bad[] = {"c1",           "d4ff00",       "d501ffff",
                                      "c7010501",     "a1ff",         "a1c3",
                                      "92a1ffa161",   "81a1ffc0",     "81c0c0",
                                      "8101c0",       "8190c0",       "81c401ffc0",
                                      "81d9",         "81",           "81a1",
                                      "81a161",       "91",           "82a161c0",
                                      "df7fffffffc0", "ddffffffffc0", "d9ffa1",
                                      "c0c1",         "9192c0",       "dc0010c0c0",
                                      "81d902c328c0", "81d40000c0",   "d7ffffffffff00000000"};
    struct sio__scan found;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned char bytes[64];
        size_t len = tagged_hex(sio_str_c(bad[i]), bytes);
        if (scan(bytes, len, SIO_MAX_DEPTH, &found) != SIO_EINVAL)
            fail_msg("%s is accepted", bad[i]);
    }
}

static void depth(void **state)
{
    unsigned char bytes[SIO_MAX_DEPTH + 2];
    struct sio__scan found;
    (void)state;
    memset(bytes, 0x91, sizeof bytes);
    bytes[SIO_MAX_DEPTH] = 0xc0;
    assert_int_equal(scan(bytes, SIO_MAX_DEPTH + 1, SIO_MAX_DEPTH, &found), SIO_OK);
    assert_int_equal(scan(bytes, SIO_MAX_DEPTH + 1, SIO_MAX_DEPTH + 99, &found), SIO_OK);
    assert_int_equal(scan(bytes, SIO_MAX_DEPTH + 1, SIO_MAX_DEPTH - 1, &found), SIO_EINVAL);
    bytes[SIO_MAX_DEPTH] = 0x91;
    bytes[SIO_MAX_DEPTH + 1] = 0xc0;
    assert_int_equal(scan(bytes, SIO_MAX_DEPTH + 2, SIO_MAX_DEPTH + 99, &found), SIO_EINVAL);
    assert_int_equal(scan((const unsigned char *)"\xc0", 1, 0, &found), SIO_OK);
    assert_int_equal(scan((const unsigned char *)"\x90", 1, 0, &found), SIO_EINVAL);
    assert_int_equal(scan((const unsigned char *)"\x80", 1, 0, &found), SIO_EINVAL);
}

static void nothing(void **state)
{
    struct sio__scan found;
    (void)state;
    assert_int_equal(sio__scan(sio_str_of(NULL, 0), SIO_MAX_DEPTH, &found), SIO_OK);
    assert_int_equal(found.values, 0);
    assert_true(found.normal);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tokens), cmocka_unit_test(lengths), cmocka_unit_test(refused),
    cmocka_unit_test(depth),  cmocka_unit_test(nothing),
};

SIO_TEST_MAIN(tests)
