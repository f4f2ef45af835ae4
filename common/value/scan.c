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

/* Not an integer that MessagePack could hold as one, and no NaN but JavaScript's. Without
 * floor(), which is a call. */
static bool is_normal_double(double number)
{
    uint64_t bits;
    if (fabs(number) < 0x1p63)
        return number != (double)(int64_t)number;
    memcpy(&bits, &number, sizeof bits);
    if (isnan(number))
        return bits == UINT64_C(0x7ff8000000000000);
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
        return v->v.count > 0xffff; /* plain_container() has taken normal ones of 16 bits */
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

/* ---- numbers ---- */

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

typedef unsigned char lanes __attribute__((vector_size(16)));

static inline lanes high_lanes(const unsigned char *p)
{
    lanes bytes;
    memcpy(&bytes, p, sizeof bytes);
    return bytes >> 7;
}

/* Fewer than 16 of them, the last of `len`. */
static inline size_t high_in_rest(const unsigned char *p, size_t left, size_t len)
{
    size_t high = 0;
    if (len < sizeof(uint64_t)) {
        for (; left > 0; left--)
            high += *p++ >> 7;
        return high;
    }
    if (left >= sizeof(uint64_t)) {
        high = high_in_word(load64(p));
        p += sizeof(uint64_t);
        left -= sizeof(uint64_t);
    }
    uint64_t last = load64(p + left - sizeof last); /* with some that were counted before */
    return high + high_in_word(last & ((UINT64_C(1) << 8 * left) - 1));
}

static size_t high_bytes(const unsigned char *p, size_t len)
{
    enum { LANES = sizeof(lanes), AT_ONCE = 4 };
    enum { ROUNDS = UINT8_MAX / AT_ONCE - 1 }; /* so that no lane overflows */
    size_t high = 0, left = len;
    while (left >= LANES) {
        lanes sums = {0};
        for (int i = 0; i < ROUNDS && left >= AT_ONCE * LANES; i++) {
            sums += high_lanes(p) + high_lanes(p + LANES) + high_lanes(p + 2 * LANES) +
                    high_lanes(p + 3 * LANES);
            p += AT_ONCE * LANES;
            left -= AT_ONCE * LANES;
        }
        for (int i = 0; i < AT_ONCE && left >= LANES; i++, p += LANES, left -= LANES)
            sums += high_lanes(p);
        high += sum_bytes(&sums);
    }
    return high + high_in_rest(p, left, len);
}

/* ---- the structure ---- */

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

/* A container being read: ELEMENT for each element, or pair, still to come, and MAP if it has
 * pairs. */
enum { MAP = 1, ELEMENT = 2 };

static inline uint64_t opened(uint32_t count, bool is_map)
{
    return (uint64_t)count * ELEMENT + (is_map ? MAP : 0);
}

struct walk {
    const unsigned char *end;
    struct sio__scan *scan;
    size_t high; /* bytes beyond ASCII outside of text */
    unsigned max_depth;
    uint64_t stack[SIO_MAX_DEPTH]; /* the containers around the one being read */
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

/* The place behind the text of up to 31 bytes at p; NULL: it is no such, or not whole. */
static inline const unsigned char *behind_short_text(const unsigned char *p,
                                                     const unsigned char *end)
{
    size_t lead = p[0];
    return lead - 0xa0 < 32 && lead - 0xa0 < (size_t)(end - p) ? p + (lead - 0x9f) : NULL;
}

static const unsigned char *take_long_key(struct walk *w, const unsigned char *p)
{
    sio_type type;
    uint32_t count;
    p = look_closer(w, p, &type, &count);
    return p != NULL && type == SIO_STRING ? p : NULL;
}

/* What a token opens if it is no container. */
static const uint64_t nothing = UINT64_MAX;

/* The container at p if it is plain, in its normal form, else nothing. */
static inline uint64_t plain_container(const unsigned char *p, size_t left, size_t *size)
{
    uint32_t count = p[0] & 0x0f;
    *size = p[0] < 0xa0 ? 1 : 3;
    if (p[0] < 0xa0)
        return opened(count, p[0] < 0x90);
    if ((p[0] & 0xfd) != 0xdc || left < 3)
        return nothing;
    count = (uint32_t)(p[1] << 8 | p[2]);
    return count > 0x0f ? opened(count, p[0] == 0xde) : nothing;
}

/* Step over a token that is neither short text nor a small number. Returns the place behind
 * it, or NULL. */
static inline const unsigned char *take_token(struct walk *w, const unsigned char *p, size_t *high,
                                              uint64_t *opens)
{
    size_t size, left = (size_t)(w->end - p);
    uint64_t word;
    *opens = plain_container(p, left, &size);
    if (*opens != nothing) {
        *high += 1 + (size > 1 ? high_in_word(*opens / ELEMENT) : 0);
        return p + size;
    }
    size = plain_size(p, left, &word);
    if (size > 0) {
        *high += 1 + high_in_word(word);
        return p + size;
    }
    sio_type type;
    uint32_t count;
    p = look_closer(w, p, &type, &count);
    if (p != NULL && (type == SIO_ARRAY || type == SIO_MAP))
        *opens = opened(count, type == SIO_MAP);
    return p;
}

/* Step over one value. Returns the place behind it, or NULL. */
static const unsigned char *walk_value(struct walk *w, const unsigned char *p)
{
    const unsigned char *end = w->end, *next;
    uint64_t now = opened(1, false), inner;
    unsigned depth = 0;
    size_t high = 0;
    for (;;) {
        while (now < ELEMENT) {
            if (depth == 0) {
                w->high += high;
                return p;
            }
            now = w->stack[--depth];
        }
        now -= ELEMENT;
        if ((now & MAP) != 0) {
            if (p != end && (next = behind_short_text(p, end)) != NULL) {
                p = next;
                high++;
            } else if ((p = take_long_key(w, p)) == NULL) {
                return NULL;
            }
        }
        if (p == end)
            return NULL;
        if ((next = behind_short_text(p, end)) != NULL) {
            p = next;
            high++;
        } else if (p[0] < 0x80) {
            p++;
        } else if ((p = take_token(w, p, &high, &inner)) == NULL) {
            return NULL;
        } else if (inner != nothing) {
            if (depth == w->max_depth)
                return NULL;
            w->stack[depth++] = now;
            now = inner;
        }
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
