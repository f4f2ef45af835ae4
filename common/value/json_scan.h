/* SPDX-License-Identifier: MIT */
/* What reading and writing JSON share: finding the end of text that needs no change. */
#ifndef SIO_COMMON_VALUE_JSON_SCAN_H
#define SIO_COMMON_VALUE_JSON_SCAN_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <sio/buf.h>

#include "value/utf8.h"

/* Eight bytes as a number, the first one lowest. */
static inline uint64_t sio__load8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return le64toh(word);
}

/* sio__json_plain16(): how many of the 16 bytes at `at` come before the first '"', '\\', control
 * character or byte beyond ASCII.
 * sio__json_short(): the same if that is a '"', else 16: the length of a short string. */
#ifdef __SSE2__
struct sio__json_marks {
    unsigned quotes, others; /* a bit for each of 16 bytes, the first one lowest */
};

static inline struct sio__json_marks sio__json_marks(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i other = _mm_subs_epi8(bytes, _mm_set1_epi8(0x20)); /* negative: 80 to ff as well */
    return (struct sio__json_marks){
        .quotes = (unsigned)_mm_movemask_epi8(quote),
        .others = (unsigned)_mm_movemask_epi8(_mm_or_si128(backslash, other))};
}

static inline unsigned sio__json_plain16(const char *at)
{
    struct sio__json_marks marks = sio__json_marks(at);
    return (unsigned)__builtin_ctz(marks.quotes | marks.others | 0x10000);
}

static inline unsigned sio__json_short(const char *at)
{
    struct sio__json_marks marks = sio__json_marks(at);
    unsigned ends = marks.quotes | 0x10000;
    return (marks.others & (ends - 1)) == 0 ? (unsigned)__builtin_ctz(ends) : 16;
}
#else
#define SIO__EACH_BYTE UINT64_C(0x0101010101010101)

/* Bit 7 of each byte that is special. Borrows can mark a byte wrongly, but only above one
 * that is marked rightly. */
static inline uint64_t sio__json_special(uint64_t word)
{
    uint64_t quote = (word ^ SIO__EACH_BYTE * '"') - SIO__EACH_BYTE;
    uint64_t backslash = (word ^ SIO__EACH_BYTE * '\\') - SIO__EACH_BYTE;
    uint64_t control = word - SIO__EACH_BYTE * 0x20;
    return (quote | backslash | control | word) & SIO__EACH_BYTE * 0x80;
}

static inline unsigned sio__json_plain16(const char *at)
{
    uint64_t special = sio__json_special(sio__load8(at));
    if (special != 0)
        return (unsigned)__builtin_ctzll(special) >> 3;
    special = sio__json_special(sio__load8(at + 8));
    return special != 0 ? 8 + ((unsigned)__builtin_ctzll(special) >> 3) : 16;
}

static inline unsigned sio__json_short(const char *at)
{
    unsigned len = sio__json_plain16(at);
    return len < 16 && at[len] == '"' ? len : 16;
}
#endif

static inline bool sio__json_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static inline const char *sio__json_plain_run(const char *at, const char *end)
{
    bool longer = end - at >= 16;

    while (end - at >= 16) {
        unsigned plain = sio__json_plain16(at);
        at += plain;
        if (plain < 16)
            return at;
    }
    if (longer) /* the last 16 once more, as far as they have been seen */
        return end - 16 + sio__json_plain16(end - 16);
    while (at < end && sio__json_plain(*at))
        at++;
    return at;
}

/* Step over what is the same inside a JSON string and outside: UTF-8 without '"', '\',
 * control characters and surrogates. */
static inline const char *sio__json_clean_run(const char *at, const char *end)
{
    for (;;) {
        at = sio__json_plain_run(at, end);
        if (at == end || (unsigned char)*at < 0x80)
            return at;
        size_t valid = sio__utf8_prefix(at, (size_t)(end - at));
        if (valid == 0)
            return at;
        at += valid;
    }
}

/* Whether out has room for n more bytes, made if need be. */
static inline bool sio__json_room(sio_buf *out, size_t n)
{
    return n <= out->cap - out->len || sio_buf_reserve(out, n) == SIO_OK;
}

#endif
