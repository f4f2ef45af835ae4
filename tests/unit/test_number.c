/* SPDX-License-Identifier: MIT */
/* Numbers as text: what V8 prints, what strtod reads, whatever the locale. */
#include "unit.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>

#include "value/number.h"

static const char *print(double number)
{
    static char text[SIO__NUMBER_MAX + 1];
    size_t len = sio__number_print(number, text);
    assert_true(len <= SIO__NUMBER_MAX);
    text[len] = '\0';
    return text;
}

static double parse(const char *text)
{
    return sio__number_parse(text, strlen(text));
}

static double from_bits(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Compare with fixtures/json/numbers.txt; returns how many lines there were. */
static size_t check_against_v8(void)
{
    FILE *file = fopen(SIO_FIXTURES "/json/numbers.txt", "r");
    uint64_t bits;
    char text[64];
    size_t lines = 0;
    assert_non_null(file);
    for (; fscanf(file, "%16" SCNx64 " %63s", &bits, text) == 2; lines++) {
        double number = from_bits(bits);
        assert_string_equal(print(number), text);
        if (number != 0)
            assert_true(same_bits(parse(text), number));
    }
    fclose(file);
    return lines;
}

static void as_v8_prints(void **state)
{
    (void)state;
    assert_int_equal(check_against_v8(), 2000);
}

static void layouts(void **state)
{
    (void)state;
    assert_string_equal(print(0), "0");
    assert_string_equal(print(-0.0), "0");
    assert_string_equal(print(-1.5), "-1.5");
    assert_string_equal(print(0.1), "0.1");
    assert_string_equal(print(1e20), "100000000000000000000");
    assert_string_equal(print(1e21), "1e+21");
    assert_string_equal(print(1.25e21), "1.25e+21");
    assert_string_equal(print(0.000001), "0.000001");
    assert_string_equal(print(1e-7), "1e-7");
    assert_string_equal(print(-1.5e-7), "-1.5e-7");
    assert_string_equal(print(5e-324), "5e-324");
    assert_string_equal(print(1.7976931348623157e308), "1.7976931348623157e+308");
    assert_string_equal(print(-2.2250738585072014e-308), "-2.2250738585072014e-308");
    assert_string_equal(print(9007199254740991), "9007199254740991");
    assert_string_equal(print(9007199254740994), "9007199254740994");
    assert_string_equal(print(18446744073709551616.0), "18446744073709552000");
}

/* The neighbours below a power of two are twice as near as those above. */
static void power_of_two(void **state)
{
    (void)state;
    assert_string_equal(print(0x1p-44), "5.684341886080802e-14");
    assert_string_equal(print(0x1p-1022), "2.2250738585072014e-308");
    for (int e = -1074; e <= 1023; e++) {
        double number = ldexp(1, e);
        assert_true(same_bits(parse(print(number)), number));
    }
}

static void every_pattern_round_trips(void **state)
{
    uint64_t bits = 0x9e3779b97f4a7c15;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        double number = from_bits(bits);
        if (isfinite(number) && !same_bits(parse(print(number)), number))
            fail_msg("%016" PRIx64 " printed as %s", bits, print(number));
    }
}

static void naturals(void **state)
{
    char text[SIO__NATURAL_MAX + 1];
    char expected[32];
    (void)state;
    for (int shift = 0; shift < 64; shift++) {
        for (int d = -1; d <= 1; d++) {
            uint64_t number = (UINT64_C(1) << shift) + (uint64_t)d;
            text[sio__natural_print(number, text)] = '\0';
            snprintf(expected, sizeof expected, "%" PRIu64, number);
            assert_string_equal(text, expected);
        }
    }
    text[sio__natural_print(UINT64_MAX, text)] = '\0';
    assert_string_equal(text, "18446744073709551615");
}

static void parsing(void **state)
{
    (void)state;
    assert_true(same_bits(parse("-0"), -0.0));
    assert_true(same_bits(parse("0e999999999999999999999"), 0.0));
    assert_true(parse("1e400") == HUGE_VAL);
    assert_true(parse("-1e99999999999999999999999") == -HUGE_VAL);
    assert_true(same_bits(parse("1e-99999999999999999999999"), 0.0));
    assert_true(same_bits(parse("129.99"), 129.99));
    assert_true(
        same_bits(parse("123456789012345678901234567890"), 123456789012345678901234567890.0));
    assert_true(same_bits(parse("9999999999999999999e-3"), 9999999999999999.999));
    assert_true(same_bits(parse("2.2250738585072011e-308"), 2.2250738585072011e-308));
    assert_true(same_bits(parse("4.9406564584124654e-324"), 5e-324));
    assert_true(same_bits(parse("1.5E+3"), 1500));
}

/* `head`, `count` zeros, `tail` */
static double parse_long(const char *head, size_t count, const char *tail)
{
    size_t len = strlen(head) + count + strlen(tail);
    char *text = malloc(len);
    assert_non_null(text);
    memcpy(text, head, strlen(head));
    memset(text + strlen(head), '0', count);
    memcpy(text + strlen(head) + count, tail, strlen(tail));
    double number = sio__number_parse(text, len);
    free(text);
    return number;
}

static void long_texts(void **state)
{
    (void)state;
    /* 2^53 + 1 lies halfway between two doubles: a digit far behind decides. */
    assert_true(parse_long("9007199254740993.", 5000, "") == 9007199254740992);
    assert_true(parse_long("9007199254740993.", 5000, "1") == 9007199254740994);
    assert_true(parse_long("9007199254740993", 5000, "1e-5001") == 9007199254740994);
    assert_true(parse_long("0.", 999, "1e1000") == 1);
    assert_true(parse_long("1", 1000, "e-1000") == 1);
    assert_true(parse_long("1", 1000, "") == HUGE_VAL);
    assert_true(parse_long("0.", 100000, "7e100000") == 0.7);
}

static void locale_does_not_matter(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "pl_PL.UTF-8", "ru_RU.UTF-8",
                                        "de_DE.utf8",  "de_DE",       "fr_FR"};
    bool found = false;
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names && !found; i++)
        found = setlocale(LC_ALL, names[i]) != NULL && *localeconv()->decimal_point == ',';
    if (!found)
        SIO_SKIP("no locale with a decimal comma is installed");
    assert_int_equal(check_against_v8(), 2000);
    parsing(state);
    long_texts(state);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(as_v8_prints), cmocka_unit_test(layouts),
    cmocka_unit_test(power_of_two), cmocka_unit_test(every_pattern_round_trips),
    cmocka_unit_test(naturals),     cmocka_unit_test(parsing),
    cmocka_unit_test(long_texts),   cmocka_unit_test(locale_does_not_matter),
};

SIO_TEST_MAIN(tests)
