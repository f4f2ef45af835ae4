/* SPDX-License-Identifier: MIT */
/* UTF-8: classified, decoded as WHATWG does, encoded. */
#include "unit.h"

#include "value/utf8.h"

static void classes(void **state)
{
    static const struct {
        sio_str text;
        enum sio__utf8 class;
    } cases[] = {
        {{"", 0}, SIO__UTF8_VALID},
        {{"\0abc", 4}, SIO__UTF8_VALID},
        {{"plain text of some length", 25}, SIO__UTF8_VALID},
        {{"caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80", 14}, SIO__UTF8_VALID},
        {{"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", 10}, SIO__UTF8_VALID},
        {{"12345678\xed\xa0\x80", 11}, SIO__UTF8_SURROGATES},
        {{"\xed\xbf\xbfx", 4}, SIO__UTF8_SURROGATES},
        {{"\xed\xa0\x80\xff", 4}, SIO__UTF8_INVALID},
        {{"\xed\xa0", 2}, SIO__UTF8_INVALID},
        {{"\xc0\x80", 2}, SIO__UTF8_INVALID},
        {{"\xe0\x9f\xbf", 3}, SIO__UTF8_INVALID},
        {{"\xf0\x8f\xbf\xbf", 4}, SIO__UTF8_INVALID},
        {{"\xf4\x90\x80\x80", 4}, SIO__UTF8_INVALID},
        {{"\xf5\x80\x80\x80", 4}, SIO__UTF8_INVALID},
        {{"12345678\x80", 9}, SIO__UTF8_INVALID},
        {{"1234567\xe4\xb8", 9}, SIO__UTF8_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sio__utf8_check(cases[i].text), cases[i].class);
}

static void ascii_prefix(void **state)
{
    char text[40];
    (void)state;
    for (size_t len = 0; len <= sizeof text; len++) {
        memset(text, 'a', sizeof text);
        assert_int_equal(sio__ascii_prefix(text, len), len);
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', sizeof text);
            memset(text + at, 0x80, sizeof text - at);
            assert_int_equal(sio__ascii_prefix(text, len), at);
        }
    }
}

static void prefix_stops(void **state)
{
    (void)state;
    assert_int_equal(sio__utf8_prefix("abc", 3), 0);
    assert_int_equal(sio__utf8_prefix("\xc3\xa9\xe4\xb8\xad!", 6), 5);
    assert_int_equal(sio__utf8_prefix("\xc3\xa9\xed\xa0\x80", 5), 2);
    assert_int_equal(sio__utf8_prefix("\xc3\xa9\xe4\xb8", 4), 2);
    assert_int_equal(sio__utf8_prefix("\xf0\x9f\x98\x80\xff", 5), 4);
}

static void every_code_point(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
        char bytes[4];
        uint32_t back = UINT32_MAX;
        size_t len = sio__utf8_encode(cp, bytes);
        int read = sio__utf8_decode(bytes, len, &back);
        enum sio__utf8 class = sio__is_surrogate(cp) ? SIO__UTF8_SURROGATES : SIO__UTF8_VALID;
        if (read != (int)len || back != cp || sio__utf8_check(sio_str_of(bytes, len)) != class)
            fail_msg("U+%04X", (unsigned)cp);
        for (size_t cut = 1; cut < len;
             cut++) { /* a cut surrogate is wrong from its second byte on */
            int part = sio__utf8_decode(bytes, cut, &back);
            if (part != (sio__is_surrogate(cp) ? -1 : -(int)cut))
                fail_msg("U+%04X cut to %zu: %d", (unsigned)cp, cut, part);
        }
    }
}

/* How many bytes make one U+FFFD: the examples of the Unicode standard, chapter 3. */
static void maximal_subparts(void **state)
{
    static const struct {
        const char *bytes;
        int len[9];
    } cases[] = {
        {"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", {-1, -1, -1, -1, -1, -1, -1, -1, 1}},
        {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", {-1, -1, -1, -1, -1, 1, -1, -1, 1}},
        {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", {-2, -1, -3, -2, 1}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t at = 0;
        for (size_t step = 0; at < 9; step++) {
            uint32_t cp;
            int len = sio__utf8_decode(cases[i].bytes + at, 9 - at, &cp);
            assert_int_equal(len, cases[i].len[step]);
            at += (size_t)(len < 0 ? -len : len);
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(classes),          cmocka_unit_test(ascii_prefix),
    cmocka_unit_test(prefix_stops),     cmocka_unit_test(every_code_point),
    cmocka_unit_test(maximal_subparts),
};

SIO_TEST_MAIN(tests)
