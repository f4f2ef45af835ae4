/* SPDX-License-Identifier: MIT */
/* JavaScript's numbers as text, both ways. Printing is integer arithmetic throughout;
 * reading is one exact operation where that will do, else libc's strtod, on text without
 * a decimal point, so that no locale is involved. */
#include "value/number.h"

#include <float.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "value/number_powers.h"

/* The powers of ten that a double holds exactly. */
static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum {
    EXACT_POWER_MAX = 22,
    EIGHT_DIGITS = 100000000,
    SUBNORMAL_EXPONENT = -1074, /* 2 to this is the least of all doubles */
    /* More digits than the longest halfway point between two doubles has (768). */
    PARSE_DIGITS_MAX = 800,
    PARSE_EXPONENT_MAX = 99999 /* far beyond the range, even against 800 digits */
};

#define INTEGERS_EXACT (UINT64_C(1) << 53) /* a double holds every integer up to it */
#define HIDDEN_BIT     (UINT64_C(1) << 52) /* the leading bit, which is not stored */

/* With wider intermediate results (x87) one operation would round twice. */
#define ROUNDS_ONCE (FLT_EVAL_METHOD == 0)

static const char two_digits[] = "00010203040506070809"
                                 "10111213141516171819"
                                 "20212223242526272829"
                                 "30313233343536373839"
                                 "40414243444546474849"
                                 "50515253545556575859"
                                 "60616263646566676869"
                                 "70717273747576777879"
                                 "80818283848586878889"
                                 "90919293949596979899";

/* A positive decimal number: 0.DIGITS * 10^point, without zeros at either end. */
struct decimal {
    char digits[SIO__NATURAL_MAX];
    int count;
    int point;
};

size_t sio__natural_print(uint64_t number, char out[SIO__NATURAL_MAX])
{
    char reversed[SIO__NATURAL_MAX];
    char *at = reversed + sizeof reversed;

    while (number >= 100) {
        at -= 2;
        memcpy(at, two_digits + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number >= 10) {
        at -= 2;
        memcpy(at, two_digits + 2 * number, 2);
    } else {
        *--at = (char)('0' + number);
    }
    size_t len = (size_t)(reversed + sizeof reversed - at);
    memcpy(out, at, len);
    return len;
}

#ifdef __SIZEOF_INT128__
static inline struct sio__power multiply(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (struct sio__power){.high = (uint64_t)(product >> 64), .low = (uint64_t)product};
}
#else
static inline struct sio__power multiply(uint64_t a, uint64_t b)
{
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t middle = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t other = (a & UINT32_MAX) * (b >> 32) + (middle & UINT32_MAX);
    return (struct sio__power){.high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32),
                               .low = other << 32 | (low & UINT32_MAX)};
}
#endif

/* The top 64 bits of power * n; the last bit is set if any bit below is (round to odd). */
static inline uint64_t scale(struct sio__power power, uint64_t n)
{
    struct sio__power low = multiply(power.low, n);
    struct sio__power high = multiply(power.high, n);
    high.low += low.high;
    high.high += high.low < low.high;
    return high.high | (high.low > 1);
}

/* The shortest decimal that reads back as the double c * 2^q, and of those the nearest:
 * Raffaello Giulietti, "The Schubfach way to render doubles", as in JDK 19.
 * Returns its digits, zeros at the end included; they count times 10^*exponent.
 * even: of two doubles equally near, a reader takes this one. dense: below this one, a
 * power of two, doubles are twice as dense as above. */
static uint64_t shortest_decimal(uint64_t c, int q, bool dense, int *exponent)
{
    bool even = c % 2 == 0;
    int k = (q * 1262611 - (dense ? 524031 : 0)) >> 22; /* floor(log10(2^q or 3/4 2^q)) */
    int shift = q + (-k * 1741647 >> 19) + 1;
    struct sio__power power = sio__powers[-k - SIO__POWER_MIN];

    /* In quarters of 10^k: the interval that reads back as the double, and its value. */
    uint64_t lower = scale(power, (4 * c - 2 + dense) << shift) + !even;
    uint64_t value = scale(power, (4 * c) << shift);
    uint64_t upper = scale(power, (4 * c + 2) << shift) - !even;
    uint64_t digits = value / 4;

    uint64_t tens = digits / 10;
    bool below = lower <= 40 * tens;
    bool above = 40 * tens + 40 <= upper;
    if (digits >= 10 && below != above) {
        *exponent = k + 1;
        return tens + above;
    }
    *exponent = k;
    below = lower <= 4 * digits;
    above = 4 * digits + 4 <= upper;
    if (below != above)
        return digits + above;
    uint64_t middle = 4 * digits + 2;
    return digits + (value > middle || (value == middle && digits % 2 == 1));
}

static void decimal_of(double number, struct decimal *out)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    uint64_t fraction = bits & (HIDDEN_BIT - 1);
    int biased = (int)(bits >> (DBL_MANT_DIG - 1));
    int exponent;
    uint64_t digits = biased == 0
                          ? shortest_decimal(fraction, SUBNORMAL_EXPONENT, false, &exponent)
                          : shortest_decimal(fraction | HIDDEN_BIT, biased - 1 + SUBNORMAL_EXPONENT,
                                             fraction == 0 && biased > 1, &exponent);
    if (digits % EIGHT_DIGITS == 0) { /* short ones end in zeros: print half as many digits */
        digits /= EIGHT_DIGITS;
        exponent += 8;
    }
    out->count = (int)sio__natural_print(digits, out->digits);
    out->point = out->count + exponent;
    while (out->digits[out->count - 1] == '0')
        out->count--;
}

/* Lay the digits out as ECMA-262, Number::toString, says. */
static size_t decimal_print(const struct decimal *d, char *out)
{
    char *at = out;
    int n = d->point;

    if (n > 0 && n <= 21) {
        int whole = d->count < n ? d->count : n;
        memcpy(at, d->digits, (size_t)whole);
        memset(at + whole, '0', (size_t)(n - whole));
        at += n;
        if (d->count > n) {
            *at++ = '.';
            memcpy(at, d->digits + n, (size_t)(d->count - n));
            at += d->count - n;
        }
    } else if (n > -6 && n <= 0) {
        *at++ = '0';
        *at++ = '.';
        memset(at, '0', (size_t)-n);
        at += -n;
        memcpy(at, d->digits, (size_t)d->count);
        at += d->count;
    } else {
        *at++ = d->digits[0];
        if (d->count > 1) {
            *at++ = '.';
            memcpy(at, d->digits + 1, (size_t)d->count - 1);
            at += d->count - 1;
        }
        *at++ = 'e';
        *at++ = n > 0 ? '+' : '-';
        at += sio__natural_print((uint64_t)(n > 0 ? n - 1 : 1 - n), at);
    }
    return (size_t)(at - out);
}

size_t sio__number_print(double number, char out[SIO__NUMBER_MAX])
{
    char *at = out;
    struct decimal decimal;

    if (number < 0) { /* not -0, which is printed as 0 */
        *at++ = '-';
        number = -number;
    }
    if (number < (double)INTEGERS_EXACT && number == (double)(uint64_t)number)
        return (size_t)(at - out) + sio__natural_print((uint64_t)number, at);
    decimal_of(number, &decimal);
    return (size_t)(at - out) + decimal_print(&decimal, at);
}

static int64_t parse_exponent(const char *at, const char *end)
{
    bool negative = *at == '-';
    int64_t exponent = 0;

    if (*at == '-' || *at == '+')
        at++;
    for (; at < end; at++) {
        if (exponent < INT64_MAX / 100) /* no text is long enough to balance more */
            exponent = exponent * 10 + (*at - '0');
    }
    return negative ? -exponent : exponent;
}

/* What the fast path leaves, without its sign: all digits that can matter, then libc. */
static double parse_slowly(const char *at, const char *end)
{
    char digits[PARSE_DIGITS_MAX + 32];
    size_t count = 0;
    int64_t exponent = 0;
    bool fraction = false;
    bool more = false;

    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        exponent -= fraction;
        if (count == 0 && *at == '0')
            continue;
        if (count < PARSE_DIGITS_MAX) {
            digits[count++] = *at;
        } else {
            more |= *at != '0';
            exponent++;
        }
    }
    if (count == 0)
        return 0;
    if (more) { /* one digit tells "a little above" from "exactly halfway" */
        digits[count++] = '1';
        exponent--;
    }
    if (at < end)
        exponent += parse_exponent(at + 1, end);
    if (exponent > PARSE_EXPONENT_MAX)
        exponent = PARSE_EXPONENT_MAX;
    if (exponent < -PARSE_EXPONENT_MAX)
        exponent = -PARSE_EXPONENT_MAX;
    snprintf(digits + count, sizeof digits - count, "e%d", (int)exponent);
    return strtod(digits, NULL);
}

/* Clinger's fast path: a mantissa and a power of ten that are both exact need one
 * operation, which rounds correctly. */
static bool parse_fast(const char *at, const char *end, double *out)
{
    uint64_t mantissa = 0;
    int64_t exponent = 0;
    int count = 0;
    bool fraction = false;

    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
        count += count > 0 || mantissa != 0; /* 2^64 wraps to 0 */
        exponent -= fraction;
        if (count > 19) /* one more could overflow */
            return false;
    }
    if (at < end)
        exponent += parse_exponent(at + 1, end);
    if (!ROUNDS_ONCE || mantissa > INTEGERS_EXACT)
        return false;
    if (exponent < -EXACT_POWER_MAX || exponent > EXACT_POWER_MAX)
        return false;
    *out = exponent < 0 ? (double)mantissa / exact_powers[-exponent]
                        : (double)mantissa * exact_powers[exponent];
    return true;
}

double sio__number_parse(const char *text, size_t len)
{
    const char *end = text + len;
    bool negative = *text == '-';
    double number;

    text += negative;
    if (!parse_fast(text, end, &number))
        number = parse_slowly(text, end);
    return negative ? -number : number;
}

double sio__number_shift(uint64_t digits, unsigned places)
{
    char text[SIO__NATURAL_MAX + 8];

    if (ROUNDS_ONCE)
        return (double)digits / exact_powers[places];
    size_t len = sio__natural_print(digits, text);
    snprintf(text + len, sizeof text - len, "e-%u", places);
    return strtod(text, NULL);
}
