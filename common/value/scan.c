/* SPDX-License-Identifier: MIT */
/* Validate packed values in one pass: plain tokens, which most are, by their lead byte
 * alone, the others by reading them. Text is not looked at on the way: bytes beyond ASCII are
 * counted once in all and once outside of text, and only if the counts differ there is
 * something to check in a second pass. */
#include "value/normal.h"

#include <endian.h>
#include <math.h>
#include <string.h>

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
        return false; /* plain_size() has taken those that are normal */
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
    default: /* undefined and dates, which are rare: decided by writing them again */
        return false;
    }
}

/* Undefined and dates have few bytes: their normal form is made and compared. */
static bool is_normal_ext(const sio_value *v, const unsigned char *bytes, size_t size)
{
    char memory[32];
    sio_buf again;
    sio_buf_init_on(&again, memory, sizeof memory);
    (void)sio__pack_token(v, &again); /* fits its memory */
    bool same = again.len == size && memcmp(again.ptr, bytes, size) == 0;
    sio_buf_fini(&again);
    return same;
}

static sio_status scan_token(const sio_value *v, struct sio__scan *scan)
{
    switch (v->type) {
    case SIO_EXT:
        return SIO_EINVAL;
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
    default:
        break;
    }
    return SIO_OK;
}

/* ---- bytes with the high bit ---- */

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define EACH_PAIR UINT64_C(0x0001000100010001)

static inline unsigned high_in_word(uint64_t word)
{
    return (unsigned)((word >> 7 & EACH_BYTE) * EACH_BYTE >> 56);
}

/* The sum of 16 small numbers. */
static inline uint64_t sum_bytes(const void *bytes)
{
    const uint64_t mask = 0xff * EACH_PAIR;
    uint64_t words[2];
    memcpy(words, bytes, sizeof words);
    uint64_t pairs =
        (words[0] & mask) + (words[0] >> 8 & mask) + (words[1] & mask) + (words[1] >> 8 & mask);
    return pairs * EACH_PAIR >> 48;
}

static size_t high_bytes(const unsigned char *p, size_t len)
{
    typedef unsigned char lanes __attribute__((vector_size(16)));
    size_t high = 0;
    while (len >= sizeof(lanes)) {
        lanes sums = {0};
        size_t rounds = len / sizeof(lanes);
        if (rounds > UINT8_MAX) /* so that no lane overflows */
            rounds = UINT8_MAX;
        len -= rounds * sizeof(lanes);
        for (; rounds > 0; rounds--, p += sizeof(lanes)) {
            lanes bytes;
            memcpy(&bytes, p, sizeof bytes);
            sums += bytes >> 7;
        }
        high += sum_bytes(&sums);
    }
    for (; len > 0; len--)
        high += *p++ >> 7;
    return high;
}

/* ---- the structure ---- */

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

static inline bool is_plain_double(uint64_t raw)
{
    double number;
    memcpy(&number, &raw, sizeof number);
    return is_normal_double(number);
}

/* The size of a token with a lead byte from c0 on if it is plain: whole and in its normal form;
 * text, a word or a number, and that within +-SIO__SAFE_INTEGER if it is an integer. Else 0.
 * *word: what is between its lead byte and text. */
static inline size_t plain_size(const unsigned char *p, size_t left, uint64_t *word)
{
    *word = 0;
    switch (p[0]) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
        return 1;
    case 0xcb:
        *word = left >= 9 ? load64(p + 1) : 0;
        return left >= 9 && is_plain_double(*word) ? 9 : 0;
    case 0xcc:
        *word = left >= 2 ? p[1] : 0;
        return *word >= 0x80 ? 2 : 0;
    case 0xcd:
        *word = left >= 3 ? (uint64_t)(p[1] << 8 | p[2]) : 0;
        return *word > 0xff ? 3 : 0;
    case 0xce:
        *word = left >= 5 ? load32(p + 1) : 0;
        return *word > 0xffff ? 5 : 0;
    case 0xcf:
        *word = left >= 9 ? load64(p + 1) : 0;
        return *word > 0xffffffff && *word <= SIO__SAFE_INTEGER ? 9 : 0;
    case 0xd9:
        *word = left >= 2 ? p[1] : 0;
        return *word >= 32 && *word <= left - 2 ? 2 + (size_t)*word : 0;
    case 0xda:
        *word = left >= 3 ? (uint64_t)(p[1] << 8 | p[2]) : 0;
        return *word > 0xff && *word <= left - 3 ? 3 + (size_t)*word : 0;
    default:
        return p[0] >= 0xe0; /* -32 to -1 */
    }
}

/* A container being read: elements, or pairs, still to come. */
struct open {
    uint32_t left;
    bool map;
};

struct walk {
    const unsigned char *end;
    struct sio__scan *scan;
    size_t high; /* bytes beyond ASCII outside of text */
    unsigned max_depth;
    struct open stack[SIO_MAX_DEPTH];
};

/* Any token, the long way. Returns the place behind it, NULL if it is not accepted; the count
 * of a container goes to *count. */
static const unsigned char *look_closer(struct walk *w, const unsigned char *p, sio_type *type,
                                        uint32_t *count)
{
    struct sio__scan *scan = w->scan;
    sio_cursor c = {.at = p, .end = w->end};
    sio_value v;
    if (sio_cursor_read(&c, &v) != SIO_OK || scan_token(&v, scan) != SIO_OK)
        return NULL;
    size_t size = (size_t)(c.at - p);
    if (scan->normal && !is_normal(p[0], &v, size))
        scan->normal =
            (v.type == SIO_UNDEFINED || v.type == SIO_DATE) && is_normal_ext(&v, p, size);
    w->high += high_bytes(p, v.type == SIO_STRING ? size - v.v.text.len : size);
    *type = v.type;
    *count = v.v.count;
    return c.at;
}

static const unsigned char *take_long_key(struct walk *w, const unsigned char *p)
{
    sio_type type;
    uint32_t count;
    p = look_closer(w, p, &type, &count);
    return p != NULL && type == SIO_STRING ? p : NULL;
}

/* The size of the text of up to 31 bytes at p. 0: it is no such, or not whole. */
static inline size_t short_text_size(const unsigned char *p, const unsigned char *end)
{
    ptrdiff_t size = 1 + (p[0] & 0x1f);
    return (p[0] & 0xe0) == 0xa0 && size <= end - p ? (size_t)size : 0;
}

static inline const unsigned char *take_key(struct walk *w, const unsigned char *p,
                                            const unsigned char *end, size_t *high)
{
    size_t size = p != end ? short_text_size(p, end) : 0;
    if (size == 0)
        return take_long_key(w, p);
    (*high)++;
    return p + size;
}

/* Step over one value. Returns the place behind it, or NULL. */
static const unsigned char *walk_value(struct walk *w, const unsigned char *p)
{
    const unsigned char *end = w->end;
    struct open now = {.left = 1};
    unsigned depth = 0;
    size_t high = 0, size;
    for (;;) {
        while (now.left == 0) {
            if (depth == 0) {
                w->high += high;
                return p;
            }
            now = w->stack[--depth];
        }
        now.left--;
        if (now.map && (p = take_key(w, p, end, &high)) == NULL)
            return NULL;
        if (p == end)
            return NULL;
        unsigned lead = p[0];
        if (lead < 0x80) {
            p++;
            continue;
        }
        if ((size = short_text_size(p, end)) > 0) {
            high++;
            p += size;
            continue;
        }
        struct open inner = {.left = lead & 0x0f, .map = lead < 0x90};
        if (lead < 0xa0) {
            high++;
            p++;
        } else {
            sio_type type;
            uint32_t count;
            uint64_t word;
            if ((size = plain_size(p, (size_t)(end - p), &word)) > 0) {
                high += 1 + high_in_word(word);
                p += size;
                continue;
            }
            if ((p = look_closer(w, p, &type, &count)) == NULL)
                return NULL;
            if (type != SIO_ARRAY && type != SIO_MAP)
                continue;
            inner = (struct open){.left = count, .map = type == SIO_MAP};
        }
        if (depth == w->max_depth)
            return NULL;
        w->stack[depth++] = now;
        now = inner;
    }
}

/* ---- text ---- */

static sio_status check_texts(sio_cursor c, unsigned *has)
{
    sio_value v;
    while (sio_cursor_read(&c, &v) == SIO_OK) { /* to the end: all tokens are whole */
        enum sio__utf8 kind = v.type == SIO_STRING ? sio__utf8_check(v.v.text) : SIO__UTF8_VALID;
        if (kind == SIO__UTF8_INVALID)
            return SIO_EINVAL;
        if (kind == SIO__UTF8_SURROGATES)
            *has |= SIO__HAS_SURROGATES;
    }
    return SIO_OK;
}

sio_status sio__scan(sio_str packed, unsigned max_depth, struct sio__scan *out)
{
    sio_cursor all = sio_cursor_at(packed);
    const unsigned char *p = all.at;
    struct walk w;
    w.end = all.end;
    w.scan = out;
    w.high = 0;
    w.max_depth = max_depth < SIO_MAX_DEPTH ? max_depth : SIO_MAX_DEPTH;
    memset(out, 0, sizeof *out);
    out->normal = true;
    while (p != w.end) {
        p = walk_value(&w, p);
        if (p == NULL)
            return SIO_EINVAL;
        out->values++;
    }
    return w.high == high_bytes(all.at, packed.len) ? SIO_OK : check_texts(all, &out->has);
}
