/* SPDX-License-Identifier: MIT */
/* Packed values as tagged JSON. */
#include "tagged.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "value/json.h"

static const double MAX_SAFE = 9007199254740991.0;

static bool put(sio_buf *out, const char *text)
{
    return sio_buf_append(out, text, strlen(text)) == SIO_OK;
}

static bool put_hex(sio_buf *out, sio_str bytes)
{
    static const char digits[] = "0123456789abcdef";
    bool ok = sio_buf_reserve(out, 2 * bytes.len) == SIO_OK;
    for (size_t i = 0; ok && i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        ok = sio_buf_append(out, &digits[byte >> 4], 1) == SIO_OK &&
             sio_buf_append(out, &digits[byte & 15], 1) == SIO_OK;
    }
    return ok;
}

/* WTF-8 writes a lone surrogate as ED A0..BF xx. */
static bool has_lone_surrogate(sio_str text)
{
    for (size_t i = 0; i + 2 < text.len; i++)
        if ((unsigned char)text.ptr[i] == 0xed && (unsigned char)text.ptr[i + 1] >= 0xa0)
            return true;
    return false;
}

static uint32_t next_point(const unsigned char **at, const unsigned char *end)
{
    unsigned char first = *(*at)++;
    unsigned more = first < 0xc0 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t point = more == 0 ? first : first & (0x3fu >> more);
    while (more-- > 0 && *at < end)
        point = point << 6 | (*(*at)++ & 0x3f);
    return point;
}

static bool put_unit(sio_buf *out, uint32_t unit)
{
    char hex[8];
    snprintf(hex, sizeof hex, "%04" PRIx32, unit & 0xffff);
    return put(out, hex);
}

static bool put_utf16(sio_buf *out, sio_str text)
{
    const unsigned char *at = (const unsigned char *)text.ptr, *end = at + text.len;
    bool ok = put(out, "{\"$utf16\":\"");
    while (ok && at < end) {
        uint32_t point = next_point(&at, end);
        if (point >= 0x10000)
            ok = put_unit(out, 0xd800 + ((point - 0x10000) >> 10)) &&
                 put_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
        else
            ok = put_unit(out, point);
    }
    return ok && put(out, "\"}");
}

static bool put_string(sio_buf *out, sio_str text)
{
    if (has_lone_surrogate(text))
        return put_utf16(out, text);
    return sio__json_string(text, out) == SIO_OK;
}

static bool put_double(sio_buf *out, sio_str token, double real)
{
    char text[512];
    bool integral = isfinite(real) && real == floor(real);
    if (isfinite(real) && !(integral && fabs(real) > MAX_SAFE) && !(real == 0 && signbit(real)))
        return sio_json_write(token, NULL, NULL, out) == SIO_OK;
    if (isfinite(real))
        snprintf(text, sizeof text, "{\"$num\":\"%.0f\"}", real);
    else
        snprintf(text, sizeof text, "{\"$num\":\"%s\"}",
                 isnan(real) ? "NaN"
                 : real > 0  ? "Infinity"
                             : "-Infinity");
    return put(out, text);
}

static bool put_integer(sio_buf *out, const sio_value *v)
{
    char text[64];
    bool negative = v->type == SIO_INT;
    bool safe = negative ? v->v.integer >= -(int64_t)MAX_SAFE : v->v.natural <= (uint64_t)MAX_SAFE;
    const char *before = safe ? "" : "{\"$num\":\"", *behind = safe ? "" : "\"}";
    if (negative)
        snprintf(text, sizeof text, "%s%" PRId64 "%s", before, v->v.integer, behind);
    else
        snprintf(text, sizeof text, "%s%" PRIu64 "%s", before, v->v.natural, behind);
    return put(out, text);
}

/* Beyond +-8.64e15 ms JavaScript has no date. */
static bool put_date(sio_buf *out, sio_str token, const sio_value *v)
{
    const int64_t most = INT64_C(8640000000000);
    int64_t seconds = v->v.date.seconds;
    char text[64];
    if (seconds < -most || seconds > most || (seconds == most && v->v.date.nanoseconds > 0))
        return put(out, "{\"$date\":null}");
    snprintf(text, sizeof text,
             "{\"$date\":%" PRId64 ",\"iso\":", seconds * 1000 + v->v.date.nanoseconds / 1000000);
    return put(out, text) && sio_json_write(token, NULL, NULL, out) == SIO_OK && put(out, "}");
}

/* A key that is no string has the name that JavaScript gives it; a container, which hardly
 * anyone means, its bytes in hex. */
static bool put_key(sio_buf *out, sio_cursor *c)
{
    const unsigned char *start = c->at;
    sio_cursor token = *c;
    sio_value key;
    if (sio_cursor_read(&token, &key) != SIO_OK || sio_cursor_skip(c) != SIO_OK)
        return false;
    if (key.type == SIO_STRING)
        return sio__json_string(key.v.text, out) == SIO_OK;
    sio_str whole = sio_str_of(start, (size_t)(c->at - start));
    bool container = key.type == SIO_ARRAY || key.type == SIO_MAP;
    return put(out, "\"") &&
           (container ? put_hex(out, whole) : sio_json_write(whole, NULL, NULL, out) == SIO_OK) &&
           put(out, "\"");
}

static bool has_tag_key(sio_cursor c, uint32_t pairs)
{
    sio_value key;
    for (uint32_t i = 0; i < pairs && sio_cursor_read(&c, &key) == SIO_OK; i++) {
        if (key.type == SIO_STRING && key.v.text.len > 0 && key.v.text.ptr[0] == '$')
            return true;
        if (sio_cursor_skip(&c) != SIO_OK)
            break;
    }
    return false;
}

static bool put_container(sio_buf *out, sio_cursor *c, const sio_value *container)
{
    bool map = container->type == SIO_MAP, ok;
    bool pairs = map && has_tag_key(*c, container->v.count);
    ok = put(out, pairs ? "{\"$obj\":[" : map ? "{" : "[");
    for (uint32_t i = 0; ok && i < container->v.count; i++) {
        ok = (i == 0 || put(out, ",")) && (!pairs || put(out, "[")) && (!map || put_key(out, c)) &&
             (!map || put(out, pairs ? "," : ":")) && tagged_write(c, out) &&
             (!pairs || put(out, "]"));
    }
    return ok && put(out, pairs ? "]}" : map ? "}" : "]");
}

bool tagged_write(sio_cursor *cursor, sio_buf *out)
{
    const unsigned char *start = cursor->at;
    sio_value v;
    if (sio_cursor_read(cursor, &v) != SIO_OK)
        return false;
    sio_str token = sio_str_of(start, (size_t)(cursor->at - start));
    switch (v.type) {
    case SIO_UNDEFINED:
        return put(out, "{\"$undef\":true}");
    case SIO_STRING:
        return put_string(out, v.v.text);
    case SIO_INT:
    case SIO_UINT:
        return put_integer(out, &v);
    case SIO_DOUBLE:
        return put_double(out, token, v.v.real);
    case SIO_BINARY:
        return put(out, "{\"$bin\":\"") && put_hex(out, v.v.text) && put(out, "\"}");
    case SIO_DATE:
        return put_date(out, token, &v);
    case SIO_ARRAY:
    case SIO_MAP:
        return put_container(out, cursor, &v);
    case SIO_EXT:
        return put(out, "{\"$ext\":\"") && put_hex(out, token) && put(out, "\"}");
    default: /* null, true, false */
        return sio_json_write(token, NULL, NULL, out) == SIO_OK;
    }
}
