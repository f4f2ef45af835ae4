/* SPDX-License-Identifier: MIT */
/* JSON text to packed values in one pass, without a tree and without recursion.
 * msgpack-c's packer writes the tokens, but for those that are one byte or a short
 * text behind one or two: most of a document, and its calls would be most of the time. */
#include "value/json.h"

#include <limits.h>

#include "value/json_reader.h"
#include "value/normal.h"
#include "value/number.h"
#include "value/pack.h"
#include "value/utf8.h"

/* Offsets in 32 bits suffice, since no packed form is more than three times as long.
 * V8 refuses strings beyond this length, too. */
#define TEXT_MAX ((size_t)512 * 1024 * 1024)

enum {
    FIXSTR_MAX = 31,
    STR_HEADER_MAX = 5,
    SHORT_TEXT = 16,
    PIECE = 16,
    MEDIUM_TEXT = UINT8_MAX,
    /* Integers of so many digits (or characters) are exact doubles: MAX_SAFE_INTEGER has 16. */
    SAFE_DIGITS = 15
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four digits of \uXXXX; at stands before the backslash. -1: it is no such escape. */
static int32_t read_hex(const struct reader *r, const char *at)
{
    int32_t unit = 0;

    if (r->end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static const char *read_unicode_escape(struct reader *r, const char *at, uint32_t *cp)
{
    int32_t unit = read_hex(r, at);

    if (unit < 0)
        return fail(r, at, "\\u takes four hexadecimal digits");
    at += 6;
    *cp = (uint32_t)unit;
    if (!sio__is_surrogate(*cp))
        return at;
    if (sio__is_high_surrogate(*cp)) {
        int32_t low = read_hex(r, at);
        if (low >= 0 && sio__is_low_surrogate((uint32_t)low)) {
            *cp = sio__join_surrogates(*cp, (uint32_t)low);
            return at + 6;
        }
    }
    r->has |= SIO__HAS_SURROGATES;
    return at;
}

static const char *read_escape(struct reader *r, const char *at, uint32_t *cp)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";

    if (r->end - at < 2)
        return fail(r, at, "the text ends in an escape");
    if (at[1] == 'u')
        return read_unicode_escape(r, at, cp);
    const char *name = memchr(names, at[1], sizeof names - 1);
    if (name == NULL)
        return fail(r, at, "unknown escape");
    *cp = (uint32_t)values[name - names];
    return at + 2;
}

/* Append what an escape stands for, or U+FFFD for bytes that are no UTF-8. */
static const char *read_special(struct reader *r, const char *at)
{
    uint32_t cp = 0xfffd;

    if ((unsigned char)*at < 0x20)
        return fail(r, at, "control character in a string");
    if (*at == '\\') {
        at = read_escape(r, at, &cp);
        if (at == NULL)
            return NULL;
    } else {
        uint32_t ignored;
        int len = sio__utf8_decode(at, (size_t)(r->end - at), &ignored);
        at += len < 0 ? -len : 1; /* of a surrogate each byte is a mistake of its own */
    }
    if (!sio__json_room(&r->out, 4))
        return fail_memory(r);
    r->out.len += sio__utf8_encode(cp, r->out.ptr + r->out.len);
    return at;
}

static size_t string_header(size_t len, char out[STR_HEADER_MAX])
{
    size_t size = len <= FIXSTR_MAX ? 0 : len <= UINT8_MAX ? 1 : len <= UINT16_MAX ? 2 : 4;
    out[0] = (char)(size == 0 ? 0xa0 | len : 0xd8 + (size == 4 ? 3 : size));
    for (size_t i = 0; i < size; i++)
        out[1 + i] = (char)(len >> 8 * (size - 1 - i));
    return 1 + size;
}

static inline size_t string_header_size(const char *token)
{
    switch ((unsigned char)*token) {
    case 0xd9:
        return 2;
    case 0xda:
        return 3;
    case 0xdb:
        return 5;
    default:
        return 1;
    }
}

/* A string that changes on its way: its length is known at the end. at: the first byte
 * of it, clean: the first one that changes. */
static const char *read_changed_string(struct reader *r, const char *at, const char *clean)
{
    sio_buf *out = &r->out;
    size_t start = out->len;
    const char *open = at - 1;

    if (!sio__json_room(out, STR_HEADER_MAX))
        return fail_memory(r);
    out->len += STR_HEADER_MAX;
    for (;;) {
        if (sio_buf_append(out, at, (size_t)(clean - at)) != SIO_OK)
            return fail_memory(r);
        if (clean == r->end)
            return fail(r, open, "the string is not closed");
        if (*clean == '"')
            break;
        at = read_special(r, clean);
        if (at == NULL)
            return NULL;
        clean = sio__json_clean_run(at, r->end);
    }
    char header[STR_HEADER_MAX];
    size_t len = out->len - start - STR_HEADER_MAX;
    size_t size = string_header(len, header);
    memmove(out->ptr + start + size, out->ptr + start + STR_HEADER_MAX, len);
    memcpy(out->ptr + start, header, size);
    out->len = start + size + len;
    return clean + 1;
}

/* A string from its quote on, at any length and close to the end of the text. */
static const char *read_any_string(struct reader *r, const char *at)
{
    const char *text = at + 1;
    const char *close = sio__json_clean_run(text, r->end);

    if (close == r->end)
        return fail(r, at, "the string is not closed");
    if (*close != '"')
        return read_changed_string(r, text, close);
    return packed(r, sio__pack_str(&r->out, sio_str_of(text, (size_t)(close - text))), close + 1);
}

/* The length of the string that begins at text if it is short and plain, as most are, else
 * SHORT_TEXT. */
static inline size_t short_length(const struct reader *r, const char *text)
{
    return r->end - text >= SHORT_TEXT ? sio__json_short(text) : SHORT_TEXT;
}

/* Append a short string behind a fixstr's header; there is room for 16 bytes of text. */
static inline void put_short(struct reader *r, const char *text, size_t len)
{
    char *to = r->out.ptr + r->out.len;
    to[0] = (char)(0xa0 | len);
    memcpy(to + 1, text, SHORT_TEXT);
    r->out.len += 1 + len;
}

/* A string that is longer and plain, up to what one byte can count: by pieces of 16 bytes that
 * are looked at and copied at once, behind the larger header until it turns out to be a short
 * one. */
static const char *read_medium_string(struct reader *r, const char *at)
{
    const char *text = at + 1;
    size_t len = 0;
    unsigned plain;

    if (r->out.cap - r->out.len < 2 + MEDIUM_TEXT + PIECE)
        return read_any_string(r, at); /* which may need less */
    char *to = r->out.ptr + r->out.len + 2;
    do {
        if (len >= MEDIUM_TEXT || (size_t)(r->end - text) < len + PIECE)
            return read_any_string(r, at);
        plain = sio__json_plain16(text + len);
        memcpy(to + len, text + len, PIECE);
        len += plain;
    } while (plain == PIECE);
    if (text[len] != '"') /* a piece that is not plain to its end leaves len below 256 */
        return read_any_string(r, at);
    if (len <= FIXSTR_MAX) {
        char pieces[2][PIECE];
        memcpy(pieces, to, sizeof pieces);
        to[-2] = (char)(0xa0 | len);
        memcpy(to - 1, pieces, sizeof pieces);
        r->out.len += 1 + len;
    } else {
        to[-2] = (char)0xd9;
        to[-1] = (char)len;
        r->out.len += 2 + len;
    }
    return text + len + 1;
}

static inline const char *read_string(struct reader *r, const char *at)
{
    size_t len = short_length(r, at + 1);

    if (len == SHORT_TEXT || !sio__json_room(&r->out, 1 + SHORT_TEXT))
        return read_medium_string(r, at);
    put_short(r, at + 1, len);
    return at + 1 + len + 1;
}

static const char *skip_digits(struct reader *r, const char *at)
{
    if (!is_digit(r, at))
        return fail(r, at, "expected a digit");
    while (is_digit(r, at))
        at++;
    return at;
}

/* A number with many digits or an exponent. */
static const char *read_long_number(struct reader *r, const char *start)
{
    const char *at = skip_digits(r, start + (*start == '-'));

    if (at < r->end && *at == '.')
        at = skip_digits(r, at + 1); /* which there are: read_number() has looked */
    if (at < r->end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < r->end && (*at == '+' || *at == '-'))
            at++;
        at = skip_digits(r, at);
        if (at == NULL)
            return NULL;
    }
    double number = sio__number_parse(start, (size_t)(at - start));
    bool integer = number >= -0x1p63 && number < 0x1p64 && (number >= 0x1p53 || number <= -0x1p53);
    if (integer)
        r->has |= SIO__HAS_BIG_INTS;
    return packed(r, sio__pack_number(&r->out, number), at);
}

/* Read digits into *number, which wraps if they are many. */
static inline const char *read_digits(const struct reader *r, const char *at, uint64_t *number)
{
    while (is_digit(r, at))
        *number = *number * 10 + (uint64_t)(*at++ - '0');
    return at;
}

static const char *read_number(struct reader *r, const char *at)
{
    const char *start = at;
    bool negative = *at == '-';
    uint64_t number = 0;
    long places = 0;

    const char *digits = at + negative;
    at = read_digits(r, digits, &number);
    if (at == digits)
        return fail(r, start, negative ? "expected a digit after '-'" : "expected a value");
    if (*digits == '0' && at - digits > 1)
        return fail(r, start, "a number cannot start with 0");
    if (at < r->end && *at == '.') {
        const char *fraction = at + 1;
        at = read_digits(r, fraction, &number);
        places = at - fraction;
        if (places == 0)
            return fail(r, at, "expected a digit");
    }
    if (at - digits > SAFE_DIGITS || (at < r->end && (*at | 0x20) == 'e'))
        return read_long_number(r, start);
    if (places > 0) {
        double fraction = sio__number_shift(number, (unsigned)places);
        return packed(r, sio__pack_number(&r->out, negative ? -fraction : fraction), at);
    }
    if (number <= INT8_MAX && (!negative || number <= 32))
        return put_byte(r, (unsigned)(negative ? 0 - number : number), at);
    if (negative)
        return packed(r, sio__pack_int(&r->out, -(int64_t)number), at);
    return packed(r, sio__pack_uint(&r->out, number), at);
}

static const char *read_word(struct reader *r, const char *at, sio_str word, unsigned byte)
{
    if ((size_t)(r->end - at) < word.len || memcmp(at, word.ptr, word.len) != 0)
        return fail(r, at, "expected a value");
    return put_byte(r, byte, at + word.len);
}

static inline void find_top(struct reader *r)
{
    struct frame *end = (struct frame *)(void *)(r->frames.ptr + r->frames.len);
    r->top = r->frames.len > 0 ? end - 1 : NULL;
}

/* The string of a key from its quote on, and its tag. */
static const char *read_any_key(struct reader *r, const char *at, uint32_t *tag)
{
    size_t start = r->out.len;

    at = read_any_string(r, at);
    if (at == NULL)
        return NULL;
    if (!sio__json_room(&r->out, SIO__JSON_KEY_ROOM))
        return fail_memory(r);
    const char *token = r->out.ptr + start;
    size_t header = string_header_size(token);
    *tag = sio__json_tag(token + header, r->out.len - start - header);
    return at;
}

/* A key with its colon. */
static inline const char *read_key(struct reader *r, const char *at)
{
    size_t start = r->out.len;
    uint32_t tag;

    if (!take(r, &at, '"'))
        return fail(r, at, "expected a key in double quotes");
    size_t len = short_length(r, at);
    if (len < SHORT_TEXT && sio__json_room(&r->out, 1 + SHORT_TEXT)) {
        tag = sio__json_tag(at, len);
        put_short(r, at, len);
        at += len + 1;
    } else if ((at = read_any_key(r, at - 1, &tag)) == NULL) {
        return NULL;
    }
    if (sio__json_note_key(&r->order, &r->top->keys, (uint32_t)(start - r->order.base),
                           (uint32_t)(r->out.len - start), tag) != SIO_OK)
        return fail_memory(r);
    return take(r, &at, ':') ? at : fail(r, at, "expected ':'");
}

/* Returns the place where its first key or value is due, or behind it if it is empty. */
static const char *open_container(struct reader *r, const char *at, bool *opened)
{
    bool object = *at == '{';

    if (r->depth_left == 0)
        return fail(r, at, "nested too deep");
    const char *next = skip_space(r, at + 1);
    uint32_t offset = (uint32_t)(r->out.len - r->order.base);
    *opened = next == r->end || *next != (object ? '}' : ']');
    if (put_byte(r, object ? 0x80 : 0x90, at) == NULL)
        return NULL;
    if (!*opened)
        return next + 1;
    if (!sio__json_room(&r->frames, sizeof(struct frame)))
        return fail_memory(r);
    r->frames.len += sizeof(struct frame);
    r->depth_left--;
    find_top(r);
    *r->top = (struct frame){
        .at = offset, .object = object, .keys.first = (uint32_t)sio__json_key_count(&r->order)};
    return next;
}

static const char *close_container(struct reader *r, const char *at)
{
    struct frame *f = r->top;
    sio_status status = SIO_OK;

    if (f->count <= SIO__JSON_FIXED_MAX && !f->keys.mended)
        r->out.ptr[r->order.base + f->at] |= (char)f->count;
    else if (f->object)
        status = sio__json_close_object(&r->order, &f->keys, f->at, f->count);
    else
        status = sio__json_close_array(&r->order, f->at, f->count);
    if (f->object)
        r->order.keys.len = f->keys.first * sizeof(struct sio__json_key);
    if (status == SIO_OK && r->depth_left == r->noted)
        status = sio__extents_note(&r->order.extents, f->at, r->out.len - r->order.base);
    r->frames.len -= sizeof *f;
    r->depth_left++;
    find_top(r);
    return packed(r, status, at + 1);
}

/* From behind a value to where the next key or value is due, closing containers on the way, or
 * to the end. */
static inline const char *next_value(struct reader *r, const char *at)
{
    while (r->top != NULL) {
        struct frame *f = r->top;
        f->count++;
        if (take(r, &at, ','))
            return at;
        if (at == r->end || *at != (f->object ? '}' : ']'))
            return fail(r, at, f->object ? "expected ',' or '}'" : "expected ',' or ']'");
        at = close_container(r, at);
        if (at == NULL)
            return NULL;
    }
    if (r->first)
        return at;
    at = skip_space(r, at);
    return at == r->end ? at : fail(r, at, "expected the end of the text");
}

static const char *read_value(struct reader *r, const char *at, bool *opened)
{
    if (at == r->end)
        return fail(r, at, "expected a value, found the end of the text");
    switch (*at) {
    case '"':
        return read_string(r, at);
    case '{':
    case '[':
        return open_container(r, at, opened);
    case 'n':
        return read_word(r, at, SIO_STR("null"), 0xc0);
    case 'f':
        return read_word(r, at, SIO_STR("false"), 0xc2);
    case 't':
        return read_word(r, at, SIO_STR("true"), 0xc3);
    default:
        return read_number(r, at);
    }
}

static void read_document(struct reader *r)
{
    const char *at = r->start;

    if ((size_t)(r->end - r->start) > TEXT_MAX) {
        fail(r, at, "longer than 512 MiB");
        return;
    }
    do {
        bool opened = false;
        if (r->top != NULL && r->top->object && (at = read_key(r, at)) == NULL)
            return;
        at = read_value(r, skip_space(r, at), &opened);
        if (at != NULL && !opened)
            at = next_value(r, at);
    } while (at != NULL && r->top != NULL);
    r->stop = at;
    if (at != NULL && sio__json_order_finish(&r->order) != SIO_OK)
        fail_memory(r);
}

static void describe(const struct reader *r, sio_json_error *err)
{
    memset(err, 0, sizeof *err);
    if (r->status != SIO_EINVAL)
        return;
    const char *line = r->start;
    err->line = 1;
    for (const char *at = r->start; at < r->where; at++) {
        if (*at == '\n') {
            err->line++;
            line = at + 1;
        }
    }
    err->offset = (size_t)(r->where - r->start);
    err->column = (unsigned)(r->where - line) + 1;
    err->what = r->what;
}

static void init(struct reader *r, sio_str text, unsigned max_depth, sio_buf *out)
{
    r->start = text.len > 0 ? text.ptr : "";
    r->end = r->start + text.len;
    r->out = *out;
    r->depth_left = max_depth;
    r->noted = UINT_MAX;
    r->has = 0;
    r->first = false;
    r->status = SIO_OK;
    r->top = NULL;
    sio_buf_init_on(&r->frames, r->frame_memory, sizeof r->frame_memory);
    sio__json_order_init(&r->order, &r->out);
}

static sio_status fini(struct reader *r, sio_buf *out)
{
    *out = r->out;
    if (r->status != SIO_OK)
        out->len = r->order.base;
    sio__json_order_fini(&r->order);
    sio_buf_fini(&r->frames);
    return r->status;
}

sio_status sio__json_read(sio_str text, unsigned max_depth, sio_buf *out, sio_json_error *err,
                          unsigned *has)
{
    struct reader r;

    init(&r, text, max_depth, out);
    read_document(&r);
    if (fini(&r, out) == SIO_OK)
        *has |= r.has;
    if (err != NULL)
        describe(&r, err);
    return r.status;
}

sio_status sio__json_read_first(sio_str text, unsigned max_depth, sio_buf *out, size_t *size)
{
    struct reader r;

    init(&r, text, max_depth, out);
    r.first = true;
    read_document(&r);
    if (fini(&r, out) == SIO_OK)
        *size = (size_t)(r.stop - r.start);
    return r.status;
}

sio_status sio__json_read_noting(sio_str text, unsigned max_depth, unsigned level, sio_buf *out,
                                 sio_str *packed, struct sio__extents *extents)
{
    struct reader r;

    sio_buf_clear(out);
    init(&r, text, max_depth, out);
    r.noted = max_depth - level - 1;
    read_document(&r);
    size_t len = r.out.len;
    if (r.status == SIO_OK)
        r.status = sio_buf_append(&r.out, r.order.extents.ptr, r.order.extents.len);
    if (fini(&r, out) == SIO_OK) {
        *packed = sio_str_of(out->ptr, len);
        *extents = (struct sio__extents){out->ptr, sio_str_of(out->ptr + len, out->len - len)};
    }
    return r.status;
}

sio_status sio_json_read(sio_str text, unsigned max_depth, sio_buf *out, sio_json_error *err)
{
    unsigned has = 0;
    return sio__json_read(text, max_depth == 0 ? SIO_MAX_DEPTH : max_depth, out, err, &has);
}
