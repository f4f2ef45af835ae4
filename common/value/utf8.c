/* SPDX-License-Identifier: MIT */
/* UTF-8: checked, decoded and encoded by the table of well-formed byte sequences
 * (Unicode, table 3-7). */
#include "value/utf8.h"

#include <endian.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static inline bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

static inline int decode_three(const unsigned char *s, size_t len, uint32_t *cp)
{
    if (len < 2 || !is_tail(s[1]) || (s[0] == 0xe0 && s[1] < 0xa0))
        return -1;
    bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
    if (len < 3 || !is_tail(s[2]))
        return surrogate ? -1 : -2; /* the second byte is wrong already, to a WHATWG decoder */
    *cp = (s[0] & 0x0fU) << 12 | (s[1] & 0x3fU) << 6 | (s[2] & 0x3fU);
    return 3;
}

static inline int decode_four(const unsigned char *s, size_t len, uint32_t *cp)
{
    if (len < 2 || !is_tail(s[1]) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return -1;
    if (len < 3 || !is_tail(s[2]))
        return -2;
    if (len < 4 || !is_tail(s[3]))
        return -3;
    *cp = (s[0] & 0x07U) << 18 | (s[1] & 0x3fU) << 12 | (s[2] & 0x3fU) << 6 | (s[3] & 0x3fU);
    return 4;
}

static inline int decode(const unsigned char *s, size_t len, uint32_t *cp)
{
    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return -1;
    if (s[0] >= 0xf0)
        return decode_four(s, len, cp);
    if (s[0] >= 0xe0)
        return decode_three(s, len, cp);
    if (len < 2 || !is_tail(s[1]))
        return -1;
    *cp = (s[0] & 0x1fU) << 6 | (s[1] & 0x3fU);
    return 2;
}

enum sio__utf8 sio__utf8_check(sio_str text)
{
    enum sio__utf8 found = SIO__UTF8_VALID;
    size_t at = 0;

    for (;;) {
        at += sio__ascii_prefix(text.ptr + at, text.len - at);
        if (at == text.len)
            return found;
        size_t valid = sio__utf8_prefix(text.ptr + at, text.len - at);
        at += valid;
        if (valid > 0)
            continue;
        uint32_t cp;
        int len = sio__utf8_decode(text.ptr + at, text.len - at, &cp);
        if (len < 0)
            return SIO__UTF8_INVALID;
        found = SIO__UTF8_SURROGATES;
        at += (size_t)len;
    }
}

size_t sio__ascii_prefix(const char *text, size_t len)
{
    size_t at = 0;

    for (; len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text + at, 8);
        word = le64toh(word) & HIGH_BITS;
        if (word != 0)
            return at + (size_t)(__builtin_ctzll(word) >> 3);
    }
    while (at < len && (unsigned char)text[at] < 0x80)
        at++;
    return at;
}

size_t sio__utf8_prefix(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    while (at < len && s[at] >= 0x80) {
        uint32_t cp;
        int size = decode(s + at, len - at, &cp);
        if (size < 0 || sio__is_surrogate(cp))
            break;
        at += (size_t)size;
    }
    return at;
}

int sio__utf8_decode(const char *text, size_t len, uint32_t *cp)
{
    return decode((const unsigned char *)text, len, cp);
}

size_t sio__utf8_encode(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}
