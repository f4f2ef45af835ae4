/* SPDX-License-Identifier: MIT */
/* Stepping over a value: ends where reading it token by token ends, whatever the bytes are;
 * and no deeper than asked for. */
#include "unit.h"

#include <limits.h>

#include "value/cursor.h"

/* The same by reading: the place behind one value, or NULL; and how deep it is. */
static const unsigned char *read_value(sio_str packed, unsigned *depth)
{
    enum { LEVELS = 4096 };
    uint64_t left[LEVELS] = {1};
    sio_cursor c = sio_cursor_at(packed);
    unsigned level = 0;
    *depth = 0;
    while (left[0] > 0 || level > 0) {
        sio_value v;
        if (left[level] == 0) {
            level--;
            continue;
        }
        if (sio_cursor_read(&c, &v) != SIO_OK)
            return NULL;
        left[level]--;
        if (v.type != SIO_ARRAY && v.type != SIO_MAP)
            continue;
        assert_true(++level < LEVELS);
        left[level] = v.type == SIO_MAP ? 2 * (uint64_t)v.v.count : v.v.count;
        if (level > *depth)
            *depth = level;
    }
    return c.at;
}

static void check(sio_str packed)
{
    char *exact = malloc(packed.len + 1); /* so that ASan sees a read beyond the end */
    memcpy(exact, packed.ptr, packed.len);
    sio_str bytes = sio_str_of(exact, packed.len);
    sio_cursor start = sio_cursor_at(bytes), c = start;
    unsigned depth;
    const unsigned char *end = read_value(bytes, &depth);
    assert_int_equal(sio_cursor_skip(&c), end != NULL ? SIO_OK : SIO_EINVAL);
    assert_ptr_equal(c.at, end != NULL ? end : start.at);
    for (unsigned bound = depth > 0 ? depth - 1 : 0; bound <= depth; bound++) {
        bool fits = end != NULL && depth <= bound;
        c = start;
        assert_int_equal(sio__cursor_skip_within(&c, bound), fits ? SIO_OK : SIO_EINVAL);
        assert_ptr_equal(c.at, fits ? end : start.at);
    }
    free(exact);
}

static uint32_t random_number(uint32_t bound)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(state >> 33) % bound;
}

/* Bytes that are tokens more often than not: lead bytes of every kind, few of them long. */
static void as_reading(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        unsigned char bytes[96];
        size_t len = random_number(sizeof bytes + 1);
        for (size_t n = 0; n < len; n++) {
            static const unsigned char leads[] = {0x80, 0x90, 0xa0, 0xc0, 0xd0, 0xe0, 0x00, 0x00};
            bytes[n] = (unsigned char)(leads[random_number(8)] + random_number(16));
        }
        check(sio_str_of(bytes, len));
    }
}

/* Every lead byte, with every count of bytes behind it. */
static void every_lead_byte(void **state)
{
    (void)state;
    for (unsigned lead = 0; lead < 256; lead++) {
        unsigned char bytes[64] = {(unsigned char)lead, 0, 0, 0, 3};
        for (size_t len = 0; len <= sizeof bytes; len++)
            check(sio_str_of(bytes, len));
    }
}

static size_t nested(char *out, unsigned depth)
{
    memset(out, 0x91, depth);
    out[depth] = 1;
    return depth + 1;
}

static void depths(void **state)
{
    (void)state;
    char bytes[3000];
    check(sio_str_of(bytes, nested(bytes, 1)));
    check(sio_str_of(bytes, nested(bytes, SIO_MAX_DEPTH)));
    size_t len = nested(bytes, SIO_MAX_DEPTH + 1);
    sio_cursor c = sio_cursor_at(sio_str_of(bytes, len));
    assert_int_equal(sio__cursor_skip_within(&c, SIO_MAX_DEPTH), SIO_EINVAL);
    assert_int_equal(sio__cursor_skip_within(&c, SIO_MAX_DEPTH + 1), SIO_OK);
    len = nested(bytes, 2000);
    c = sio_cursor_at(sio_str_of(bytes, len));
    assert_int_equal(sio__cursor_skip_within(&c, UINT_MAX), SIO_EINVAL); /* it has its own bound */
    assert_int_equal(sio_cursor_skip(&c), SIO_OK);
    /* many containers beside each other are not deep */
    bytes[0] = (char)0xdc;
    bytes[1] = (char)(2000 >> 8);
    bytes[2] = (char)(2000 & 0xff);
    memset(bytes + 3, 0x80, 2000);
    c = sio_cursor_at(sio_str_of(bytes, 2003));
    assert_int_equal(sio__cursor_skip_within(&c, 2), SIO_OK);
    bytes[2002] = (char)0x81; /* {1: [[]]} */
    bytes[2003] = 1;
    bytes[2004] = (char)0x91;
    bytes[2005] = (char)0x90;
    c = sio_cursor_at(sio_str_of(bytes, 2006));
    assert_int_equal(sio__cursor_skip_within(&c, 3), SIO_EINVAL);
    assert_int_equal(sio__cursor_skip_within(&c, 4), SIO_OK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_reading),
    cmocka_unit_test(every_lead_byte),
    cmocka_unit_test(depths),
};

SIO_TEST_MAIN(tests)
