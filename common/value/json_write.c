/* SPDX-License-Identifier: MIT */
/* Packed values to JSON text in one pass, as JSON.stringify prints what notepack.io
 * decodes them to. */
#include "value/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "value/json_scan.h"
#include "value/number.h"
#include "value/utf8.h"

#define SAFE_INTEGER UINT64_C(0x20000000000000) /* 2^53: up to it integers print as they are */
#define DATE_MAX_MS  8.64e15                    /* JavaScript's dates end here */

enum {
    ESCAPE_MAX = 6, /* \uXXXX */
    MS_PER_DAY = 86400000,
    DATE_TEXT_MAX = 64,
    SHORT_TEXT = 16
};

/* An open container. */
struct frame {
    uint32_t left; /* elements, or pairs */
    bool map;
    bool any; /* an element has been written */
};

struct writer {
    sio_cursor in;
    sio_buf *out;
    sio_json_binary_cb *binary;
    void *user;
    size_t mark; /* the text's length before the element at hand */
    unsigned depth;
    struct frame frames[SIO_MAX_DEPTH];
};

/* sio_cursor_read() with the most common tokens, those of one byte and short strings, taken
 * here. */
static inline sio_status read_token(sio_cursor *in, sio_value *value)
{
    size_t left = (size_t)(in->end - in->at);
    unsigned lead = left > 0 ? *in->at : 0xc1;

    if ((lead & 0xe0) == 0xa0 && left > (lead & 0x1f)) {
        value->type = SIO_STRING;
        value->v.text = sio_str_of(in->at + 1, lead & 0x1f);
        in->at += 1 + value->v.text.len;
        return SIO_OK;
    }
    if (lead < 0x80) {
        value->type = SIO_UINT;
        value->v.natural = lead;
        in->at++;
        return SIO_OK;
    }
    if (lead < 0xa0 && left > 2 * (lead & 0x0f)) {
        value->type = lead < 0x90 ? SIO_MAP : SIO_ARRAY;
        value->v.count = lead & 0x0f;
        in->at++;
        return SIO_OK;
    }
    return sio_cursor_read(in, value);
}

static inline void put(sio_buf *out, char c) /* there is room */
{
    out->ptr[out->len++] = c;
}

/* For literals: inlined, the copy is a store or two. */
static inline sio_status put_text(sio_buf *out, sio_str text)
{
    if (!sio__json_room(out, text.len))
        return SIO_ENOMEM;
    memcpy(out->ptr + out->len, text.ptr, text.len);
    out->len += text.len;
    return SIO_OK;
}

static void put_escape(sio_buf *out, uint32_t unit)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* character, name */
    static const char hex[] = "0123456789abcdef";

    put(out, '\\');
    for (size_t i = 0; i < sizeof named - 1; i += 2) {
        if ((uint32_t)named[i] == unit) {
            put(out, named[i + 1]);
            return;
        }
    }
    put(out, 'u');
    for (int shift = 12; shift >= 0; shift -= 4)
        put(out, hex[unit >> shift & 0xf]);
}

/* Write the character at text, which cannot stand in JSON as it is; returns its length. */
static size_t put_special(sio_buf *out, const char *text, size_t len)
{
    uint32_t cp;
    int size = sio__utf8_decode(text, len, &cp);

    if (size < 0) {
        out->len += sio__utf8_encode(0xfffd, out->ptr + out->len);
        return (size_t)-size;
    }
    if (sio__is_high_surrogate(cp) && len > 3) {
        uint32_t low;
        int low_size = sio__utf8_decode(text + 3, len - 3, &low);
        if (low_size == 3 && sio__is_low_surrogate(low)) { /* JavaScript sees one character */
            out->len += sio__utf8_encode(sio__join_surrogates(cp, low), out->ptr + out->len);
            return 6;
        }
    }
    put_escape(out, cp);
    return (size_t)size;
}

sio_status sio__json_string(sio_str text, sio_buf *out)
{
    const char *at = text.len > 0 ? text.ptr : "";
    const char *end = at + text.len;
    size_t before = out->len;

    if (!sio__json_room(out, text.len + ESCAPE_MAX + 2))
        return SIO_ENOMEM;
    put(out, '"');
    for (;;) {
        const char *stop = sio__json_clean_run(at, end);
        memcpy(out->ptr + out->len, at, (size_t)(stop - at));
        out->len += (size_t)(stop - at);
        if (stop == end)
            break;
        at = stop + put_special(out, stop, (size_t)(end - stop));
        if (!sio__json_room(out, (size_t)(end - at) + ESCAPE_MAX + 1)) {
            out->len = before;
            return SIO_ENOMEM;
        }
    }
    put(out, '"');
    return SIO_OK;
}

/* A string within the packed bytes; most are short and plain. */
static inline sio_status put_string(struct writer *w, sio_str text)
{
    sio_buf *out = w->out;

    if (text.len > SHORT_TEXT || (const char *)w->in.end - text.ptr < SHORT_TEXT ||
        sio__json_plain16(text.ptr) < text.len || !sio__json_room(out, SHORT_TEXT + 2))
        return sio__json_string(text, out);
    put(out, '"');
    memcpy(out->ptr + out->len, text.ptr, SHORT_TEXT);
    out->len += text.len;
    put(out, '"');
    return SIO_OK;
}

static sio_status put_natural(sio_buf *out, uint64_t number)
{
    if (!sio__json_room(out, SIO__NUMBER_MAX))
        return SIO_ENOMEM;
    char *to = out->ptr + out->len;
    out->len += number <= SAFE_INTEGER ? sio__natural_print(number, to)
                                       : sio__number_print((double)number, to);
    return SIO_OK;
}

static sio_status put_integer(sio_buf *out, int64_t number) /* below 0 */
{
    if (!sio__json_room(out, 1 + SIO__NUMBER_MAX))
        return SIO_ENOMEM;
    put(out, '-');
    return put_natural(out, 0 - (uint64_t)number);
}

static sio_status put_double(sio_buf *out, double number)
{
    if (!isfinite(number))
        return put_text(out, SIO_STR("null"));
    if (!sio__json_room(out, SIO__NUMBER_MAX))
        return SIO_ENOMEM;
    out->len += sio__number_print(number, out->ptr + out->len);
    return SIO_OK;
}

/* Year, month and day of a day counted from 1970-01-01, by the Gregorian calendar without
 * end: http://howardhinnant.github.io/date_algorithms.html, civil_from_days. */
static void civil_date(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468; /* from 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

/* As Date.prototype.toISOString prints it. */
static sio_status put_date(sio_buf *out, int64_t seconds, uint32_t nanoseconds)
{
    /* In doubles, cut towards 0, since this is how notepack.io makes a Date. */
    double exact = trunc((double)seconds * 1e3 + (double)nanoseconds / 1e6);
    char text[DATE_TEXT_MAX];
    int64_t year;
    int month;
    int day;

    if (!(fabs(exact) <= DATE_MAX_MS))
        return put_text(out, SIO_STR("null"));
    int64_t ms = (int64_t)exact;
    int64_t days = ms / MS_PER_DAY - (ms % MS_PER_DAY < 0);
    int rest = (int)(ms - days * MS_PER_DAY);
    civil_date(days, &year, &month, &day);
    const char *format = year >= 0 && year <= 9999 ? "\"%04" PRId64 : "\"%+07" PRId64;
    int len = snprintf(text, sizeof text, format, year);
    len += snprintf(text + len, sizeof text - (size_t)len, "-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
                    month, day, rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
    return sio_buf_append(out, text, (size_t)len);
}

/* As Buffer.prototype.toJSON has it. */
static sio_status put_buffer(sio_buf *out, sio_str bytes)
{
    sio_status status = put_text(out, SIO_STR("{\"type\":\"Buffer\",\"data\":["));
    if (status != SIO_OK)
        return status;
    if (bytes.len > SIZE_MAX / 8 || !sio__json_room(out, bytes.len * 4 + SIO__NATURAL_MAX + 2))
        return SIO_ENOMEM;
    for (size_t i = 0; i < bytes.len; i++) {
        if (i > 0)
            put(out, ',');
        out->len += sio__natural_print((unsigned char)bytes.ptr[i], out->ptr + out->len);
    }
    put(out, ']');
    put(out, '}');
    return SIO_OK;
}

static sio_status put_binary(struct writer *w, sio_str bytes)
{
    return w->binary != NULL ? w->binary(bytes, w->out, w->user) : put_buffer(w->out, bytes);
}

/* notepack.io decodes an extension it does not know to the array [type, Buffer]. */
static sio_status put_ext(struct writer *w, int8_t type, sio_str data)
{
    sio_status status = put_text(w->out, SIO_STR("["));
    if (status == SIO_OK)
        status = type < 0 ? put_integer(w->out, type) : put_natural(w->out, (uint64_t)type);
    if (status == SIO_OK)
        status = put_text(w->out, SIO_STR(","));
    if (status == SIO_OK)
        status = put_binary(w, data);
    return status == SIO_OK ? put_text(w->out, SIO_STR("]")) : status;
}

static sio_status open_container(struct writer *w, const sio_value *value)
{
    bool map = value->type == SIO_MAP;

    if (w->depth == SIO_MAX_DEPTH)
        return SIO_EINVAL;
    if (value->v.count == 0)
        return put_text(w->out, map ? SIO_STR("{}") : SIO_STR("[]"));
    struct frame *f = &w->frames[w->depth++];
    f->left = value->v.count;
    f->map = map;
    f->any = false;
    return put_text(w->out, map ? SIO_STR("{") : SIO_STR("["));
}

static sio_status put_value(struct writer *w, const sio_value *value)
{
    sio_buf *out = w->out;

    switch (value->type) {
    case SIO_UNDEFINED:
    case SIO_NULL:
        return put_text(out, SIO_STR("null"));
    case SIO_BOOL:
        return put_text(out, value->v.boolean ? SIO_STR("true") : SIO_STR("false"));
    case SIO_INT:
        return put_integer(out, value->v.integer);
    case SIO_UINT:
        return put_natural(out, value->v.natural);
    case SIO_DOUBLE:
        return put_double(out, value->v.real);
    case SIO_STRING:
        return put_string(w, value->v.text);
    case SIO_BINARY:
        return put_binary(w, value->v.text);
    case SIO_DATE:
        return put_date(out, value->v.date.seconds, value->v.date.nanoseconds);
    case SIO_ARRAY:
    case SIO_MAP:
        return open_container(w, value);
    case SIO_EXT:
        return put_ext(w, value->v.ext.type, value->v.ext.data);
    }
    return SIO_EINVAL;
}

/* A key that is a number or a word: String() of it, in quotes. */
static sio_status put_scalar_key(struct writer *w, const sio_value *key)
{
    sio_status status = put_text(w->out, SIO_STR("\""));
    if (status != SIO_OK)
        return status;
    if (key->type == SIO_UNDEFINED)
        status = put_text(w->out, SIO_STR("undefined"));
    else if (key->type == SIO_DOUBLE && isnan(key->v.real))
        status = put_text(w->out, SIO_STR("NaN"));
    else if (key->type == SIO_DOUBLE && isinf(key->v.real))
        status = put_text(w->out, key->v.real > 0 ? SIO_STR("Infinity") : SIO_STR("-Infinity"));
    else
        status = put_value(w, key);
    return status == SIO_OK ? put_text(w->out, SIO_STR("\"")) : status;
}

static sio_status put_key(struct writer *w)
{
    sio_value key;
    sio_status status = read_token(&w->in, &key);

    if (status != SIO_OK)
        return status;
    switch (key.type) {
    case SIO_STRING:
    case SIO_BINARY: /* Buffer's String() is its bytes read as UTF-8 */
        status = put_string(w, key.v.text);
        break;
    case SIO_DATE: /* String() of it depends on the reader's time zone */
    case SIO_EXT:
    case SIO_ARRAY:
    case SIO_MAP:
        return SIO_EINVAL;
    default:
        status = put_scalar_key(w, &key);
    }
    return status == SIO_OK ? put_text(w->out, SIO_STR(":")) : status;
}

/* Close what is complete, then write what stands before the next value. */
static sio_status next_value(struct writer *w)
{
    while (w->depth > 0) {
        struct frame *f = &w->frames[w->depth - 1];
        if (!sio__json_room(w->out, 1))
            return SIO_ENOMEM;
        if (f->left > 0) {
            f->left--;
            w->mark = w->out->len;
            if (f->any)
                put(w->out, ',');
            return f->map ? put_key(w) : SIO_OK;
        }
        put(w->out, f->map ? '}' : ']');
        w->depth--;
    }
    return SIO_OK;
}

static sio_status write_whole(struct writer *w)
{
    sio_status status;

    do {
        sio_value value;
        status = read_token(&w->in, &value);
        if (status != SIO_OK)
            return status;
        struct frame *f = w->depth > 0 ? &w->frames[w->depth - 1] : NULL;
        if (f != NULL && f->map && value.type == SIO_UNDEFINED) {
            w->out->len = w->mark; /* JSON.stringify leaves such a pair out */
        } else {
            if (f != NULL)
                f->any = true;
            status = put_value(w, &value);
        }
        if (status == SIO_OK)
            status = next_value(w);
    } while (status == SIO_OK && w->depth > 0);
    return status;
}

static void start_writer(struct writer *w, sio_str packed, sio_buf *out)
{
    w->in = sio_cursor_at(packed);
    w->out = out;
    w->binary = NULL;
    w->user = NULL;
    w->mark = out->len;
    w->depth = 0;
}

sio_status sio_json_write(sio_str packed, sio_json_binary_cb *binary, void *user, sio_buf *out)
{
    struct writer w;
    size_t before = out->len;

    start_writer(&w, packed, out);
    w.binary = binary;
    w.user = user;
    sio_status status = write_whole(&w);
    if (status == SIO_OK && !sio_cursor_done(&w.in))
        status = SIO_EINVAL;
    if (status != SIO_OK)
        out->len = before;
    return status;
}

sio_status sio__json_row(sio_str packed, sio_buf *out)
{
    struct writer w;
    size_t before = out->len;
    sio_status status = SIO_OK;

    start_writer(&w, packed, out);
    while (status == SIO_OK && !sio_cursor_done(&w.in)) {
        if (out->len > before)
            status = put_text(out, SIO_STR(","));
        if (status == SIO_OK)
            status = write_whole(&w);
    }
    if (status != SIO_OK)
        out->len = before;
    return status;
}
