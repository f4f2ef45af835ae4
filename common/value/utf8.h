/* SPDX-License-Identifier: MIT */
/* UTF-8 as the Unicode standard and WHATWG decoders see it, and its extension by
 * lone surrogates (WTF-8). */
#ifndef SIO_COMMON_VALUE_UTF8_H
#define SIO_COMMON_VALUE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/str.h>

enum sio__utf8 {
    SIO__UTF8_VALID,
    SIO__UTF8_SURROGATES, /* valid but for surrogates in three bytes (ed a0 80 .. ed bf bf) */
    SIO__UTF8_INVALID
};

/* Classify a whole string; ASCII runs are taken eight bytes at a time. */
SIO_API enum sio__utf8 sio__utf8_check(sio_str text);

/* Length of the longest ASCII prefix. */
SIO_API size_t sio__ascii_prefix(const char *text, size_t len);

/* Length of the longest prefix of valid characters beyond ASCII; it ends at the first
 * ASCII byte, surrogate or byte that is no UTF-8. */
SIO_API size_t sio__utf8_prefix(const char *text, size_t len);

/* Decode the character at text[0], len > 0: its length in bytes, 1 to 4, with the
 * code point in *cp (surrogates in three bytes are decoded as such), or, for bytes that
 * are none, the negated length of the maximal subpart that a WHATWG decoder turns into
 * one U+FFFD. A caller for whom surrogates are invalid replaces each of their three bytes. */
SIO_API int sio__utf8_decode(const char *text, size_t len, uint32_t *cp);

/* Write a code point (surrogates allowed) as 1 to 4 bytes; returns how many. */
SIO_API size_t sio__utf8_encode(uint32_t cp, char out[4]);

static inline bool sio__is_surrogate(uint32_t cp)
{
    return cp >= 0xd800 && cp <= 0xdfff;
}

static inline bool sio__is_high_surrogate(uint32_t cp)
{
    return cp >= 0xd800 && cp <= 0xdbff;
}

static inline bool sio__is_low_surrogate(uint32_t cp)
{
    return cp >= 0xdc00 && cp <= 0xdfff;
}

/* The character that a high and a low surrogate stand for together. */
static inline uint32_t sio__join_surrogates(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

#endif
