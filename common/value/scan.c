/* SPDX-License-Identifier: MIT */
/* Validate packed values in one pass: plain tokens, which most are, by their lead byte
 * alone, the others by reading them. */
#include "value/normal.h"

#include <endian.h>
#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "value/utf8.h"

/* Not an integer that MessagePack could hold as one. Without floor(), which is a call. */
static bool is_normal_double(double number)
{
    if (fabs(number) < 0x1p63)
        return number != (double)(int64_t)number;
    return !(number >= -0x1p63 && number < 0x1p64);
}

/* Whether a token took the lead byte that notepack.io gives its value. The smallest
 * form that holds a value is the only one with its lead byte and the right length, so
 * the lead byte decides. */
static bool is_normal(unsigned lead, const sio_value *v, size_t size)
{
    switch (v->type) {
    case SIO_UINT:
        if (v->v.natural < 0x80)
            return size == 1;
        if (v->v.natural <= 0xff)
            return lead == 0xcc;
        if (v->v.natural <= 0xffff)
            return lead == 0xcd;
        return v->v.natural <= 0xffffffff ? lead == 0xce : lead == 0xcf;
    case SIO_INT:
        if (v->v.integer >= -0x20)
            return size == 1;
        if (v->v.integer >= -0x80)
            return lead == 0xd0;
        if (v->v.integer >= -0x8000)
            return lead == 0xd1;
        return v->v.integer >= -0x80000000LL ? lead == 0xd2 : lead == 0xd3;
    case SIO_DOUBLE:
        return lead == 0xcb && is_normal_double(v->v.real);
    case SIO_STRING:
        if (v->v.text.len < 32)
            return lead < 0xc0;
        if (v->v.text.len <= 0xff)
            return lead == 0xd9;
        return v->v.text.len <= 0xffff ? lead == 0xda : lead == 0xdb;
    case SIO_BINARY:
        if (v->v.text.len <= 0xff)
            return lead == 0xc4;
        return v->v.text.len <= 0xffff ? lead == 0xc5 : lead == 0xc6;
    case SIO_ARRAY:
    case SIO_MAP:
        if (v->v.count < 16)
            return lead < 0xc0;
        return v->v.count <= 0xffff ? (lead == 0xdc || lead == 0xde) : true;
    case SIO_UNDEFINED:
    case SIO_DATE:
        return false; /* rare: decided by writing them again */
    case SIO_NULL:
    case SIO_BOOL:
    case SIO_EXT:
        break;
    }
    return true;
}

/* Undefined and dates have few bytes: their normal form is made and compared. */
static bool is_normal_ext(const sio_value *v, const unsigned char *bytes, size_t size)
{
    char memory[32];
    sio_buf again;
    sio_buf_init_on(&again, memory, sizeof memory);
    sio_status status = sio__pack_token(v, &again);
    bool same = status == SIO_OK && again.len == size && memcmp(again.ptr, bytes, size) == 0;
    sio_buf_fini(&again);
    return same;
}

static sio_status scan_text(sio_str text, unsigned *has)
{
    switch (sio__utf8_check(text)) {
    case SIO__UTF8_VALID:
        return SIO_OK;
    case SIO__UTF8_SURROGATES:
        *has |= SIO__HAS_SURROGATES;
        return SIO_OK;
    case SIO__UTF8_INVALID:
        break;
    }
    return SIO_EINVAL;
}

static sio_status scan_token(const sio_value *v, struct sio__scan *scan)
{
    switch (v->type) {
    case SIO_EXT:
        return SIO_EINVAL;
    case SIO_STRING:
        return scan_text(v->v.text, &scan->has);
    case SIO_BINARY:
        scan->attachments++;
        break;
    case SIO_UNDEFINED:
        scan->has |= SIO__HAS_UNDEFINED;
        break;
    case SIO_UINT:
        if (v->v.natural > SIO__SAFE_INTEGER)
            scan->has |= SIO__HAS_BIG_INTS;
        break;
    case SIO_INT:
        if (v->v.integer < -SIO__SAFE_INTEGER)
            scan->has |= SIO__HAS_BIG_INTS;
        break;
    case SIO_DOUBLE:
        if (v->v.real == floor(v->v.real) && fabs(v->v.real) > SIO__SAFE_INTEGER &&
            !is_normal_double(v->v.real))
            scan->has |= SIO__HAS_BIG_INTS;
        break;
    case SIO_DATE:
        scan->has |= SIO__HAS_DATES;
        break;
    case SIO_NULL:
    case SIO_BOOL:
    case SIO_ARRAY:
    case SIO_MAP:
        break;
    }
    return SIO_OK;
}

/* Whether len bytes at p are ASCII; up to 7 more bytes are loaded if they are there. */
static inline bool is_ascii(const unsigned char *p, size_t len, size_t left)
{
    uint64_t word = 0, bits = 0;
    for (; len > 8 && left >= 8; p += 8, len -= 8, left -= 8) {
        memcpy(&word, p, 8);
        bits |= word;
    }
    if (left >= 8 && len > 0) {
        memcpy(&word, p, 8);
        bits |= htole64(le64toh(word) << (64 - 8 * len));
    } else {
        for (size_t i = 0; i < len; i++)
            bits |= p[i];
    }
    return (bits & UINT64_C(0x8080808080808080)) == 0;
}

/* The same for the body of a fixstr, at most 31 bytes. */
#ifdef __SSE2__
static inline bool is_short_ascii(const unsigned char *p, size_t len, size_t left)
{
    if (left < 32)
        return is_ascii(p, len, left);
    unsigned low = (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)p));
    unsigned high =
        (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16)));
    return ((low | high << 16) & ((1U << len) - 1)) == 0;
}
#else
static inline bool is_short_ascii(const unsigned char *p, size_t len, size_t left)
{
    return is_ascii(p, len, left);
}
#endif

/* What the short cut below makes of a token. */
enum plain { NOT_PLAIN, PLAIN_SCALAR, PLAIN_STRING, PLAIN_ARRAY, PLAIN_MAP };

static inline uint64_t load64(const unsigned char *p)
{
    uint64_t n;
    memcpy(&n, p, sizeof n);
    return be64toh(n);
}

static inline uint32_t load32(const unsigned char *p)
{
    uint32_t n;
    memcpy(&n, p, sizeof n);
    return be32toh(n);
}

static inline bool is_plain_double(const unsigned char *p)
{
    uint64_t raw = load64(p);
    double number;
    memcpy(&number, &raw, sizeof number);
    return is_normal_double(number);
}

/* Most tokens of most messages, which need no closer look: whole, in their normal form,
 * text in ASCII, integers within +-SIO__SAFE_INTEGER. `size` gets their bytes. */
static inline enum plain look(const unsigned char *p, size_t left, size_t *size, uint32_t *count)
{
    unsigned lead = p[0];
    *size = 1;
    if (lead < 0x80 || lead >= 0xe0)
        return PLAIN_SCALAR;
    *count = lead & 0x0f;
    if (lead < 0x90)
        return *count * 2 < left ? PLAIN_MAP : NOT_PLAIN;
    if (lead < 0xa0)
        return *count < left ? PLAIN_ARRAY : NOT_PLAIN;
    if (lead < 0xc0) {
        *size = 1 + (lead & 0x1f);
        return *size <= left && is_short_ascii(p + 1, *size - 1, left - 1) ? PLAIN_STRING
                                                                           : NOT_PLAIN;
    }
    switch (lead) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
        return PLAIN_SCALAR;
    case 0xcb:
        *size = 9;
        return left >= 9 && is_plain_double(p + 1) ? PLAIN_SCALAR : NOT_PLAIN;
    case 0xcc:
        *size = 2;
        return left >= 2 && p[1] >= 0x80 ? PLAIN_SCALAR : NOT_PLAIN;
    case 0xcd:
        *size = 3;
        return left >= 3 && p[1] != 0 ? PLAIN_SCALAR : NOT_PLAIN;
    case 0xce:
        *size = 5;
        return left >= 5 && (p[1] | p[2]) != 0 ? PLAIN_SCALAR : NOT_PLAIN;
    case 0xcf:
        *size = 9;
        return left >= 9 && load32(p + 1) - 1U < 0x1fffffU ? PLAIN_SCALAR : NOT_PLAIN;
    case 0xd9:
        if (left < 2 || p[1] < 32)
            return NOT_PLAIN;
        *size = 2 + (size_t)p[1];
        return *size <= left && is_ascii(p + 2, p[1], left - 2) ? PLAIN_STRING : NOT_PLAIN;
    case 0xda:
        if (left < 3 || p[1] == 0)
            return NOT_PLAIN;
        *size = 3 + (size_t)(p[1] << 8 | p[2]);
        return *size <= left && is_ascii(p + 3, *size - 3, left - 3) ? PLAIN_STRING : NOT_PLAIN;
    default:
        return NOT_PLAIN;
    }
}

/* Step over a key of up to 31 ASCII characters, as most are: where a key is due nothing else
 * needs to be asked. */
static inline bool take_short_key(sio_cursor *c)
{
    size_t left = (size_t)(c->end - c->at);
    if (left == 0 || (c->at[0] & 0xe0) != 0xa0)
        return false;
    size_t len = c->at[0] & 0x1f;
    if (len >= left || !is_short_ascii(c->at + 1, len, left - 1))
        return false;
    c->at += 1 + len;
    return true;
}

/* The long way, for any token. */
static enum plain look_closer(sio_cursor *c, struct sio__scan *scan, uint32_t *count)
{
    sio_value v;
    const unsigned char *start = c->at;
    if (sio_cursor_read(c, &v) != SIO_OK || scan_token(&v, scan) != SIO_OK)
        return NOT_PLAIN;
    size_t size = (size_t)(c->at - start);
    if (scan->normal && !is_normal(start[0], &v, size))
        scan->normal =
            (v.type == SIO_UNDEFINED || v.type == SIO_DATE) && is_normal_ext(&v, start, size);
    *count = v.v.count;
    if (v.type == SIO_ARRAY)
        return PLAIN_ARRAY;
    if (v.type == SIO_MAP)
        return PLAIN_MAP;
    return v.type == SIO_STRING ? PLAIN_STRING : PLAIN_SCALAR;
}

/* A container that waits while one inside it is read: tokens it still expects, twice the
 * number of pairs for maps, where the parity tells keys from values. */
struct open {
    uint64_t left;
    bool map;
};

static sio_status scan_value(sio_cursor *c, struct open *stack, unsigned max_depth,
                             struct sio__scan *scan)
{
    struct open now = {.left = 1};
    unsigned depth = 0;
    for (;;) {
        uint32_t count = 0;
        size_t size = 0;
        enum plain token = NOT_PLAIN;
        if (now.map && now.left % 2 == 0 && take_short_key(c)) {
            now.left--; /* and its value follows */
            continue;
        }
        if (c->at != c->end)
            token = look(c->at, (size_t)(c->end - c->at), &size, &count);
        if (token != NOT_PLAIN)
            c->at += size;
        else
            token = look_closer(c, scan, &count);
        if (token == NOT_PLAIN || (now.map && now.left % 2 == 0 && token != PLAIN_STRING))
            return SIO_EINVAL;
        now.left--;
        if (token == PLAIN_ARRAY || token == PLAIN_MAP) {
            if (depth == max_depth)
                return SIO_EINVAL;
            stack[depth++] = now;
            now.map = token == PLAIN_MAP;
            now.left = now.map ? 2 * (uint64_t)count : count;
        }
        while (now.left == 0) {
            if (depth == 0)
                return SIO_OK;
            now = stack[--depth];
        }
    }
}

sio_status sio__scan(sio_str packed, unsigned max_depth, struct sio__scan *out)
{
    struct open stack[SIO_MAX_DEPTH];
    sio_cursor c = sio_cursor_at(packed);
    memset(out, 0, sizeof *out);
    out->normal = true;
    if (max_depth > SIO_MAX_DEPTH)
        max_depth = SIO_MAX_DEPTH;
    while (!sio_cursor_done(&c)) {
        if (scan_value(&c, stack, max_depth, out) != SIO_OK)
            return SIO_EINVAL;
        out->values++;
    }
    return SIO_OK;
}
