/* SPDX-License-Identifier: MIT */
/* Tagged JSON into event arguments. */
#include "tagged.h"

#include <stdint.h>
#include <stdlib.h>

#include "value/utf8.h"

sio_str tagged_field(sio_str packed_map, const char *name)
{
    sio_cursor c = sio_cursor_at(packed_map);
    sio_value map, key;
    if (sio_cursor_read(&c, &map) != SIO_OK || map.type != SIO_MAP)
        return sio_str_of(NULL, 0);
    for (uint32_t i = 0; i < map.v.count; i++) {
        if (sio_cursor_read(&c, &key) != SIO_OK)
            break;
        const unsigned char *start = c.at;
        if (sio_cursor_skip(&c) != SIO_OK)
            break;
        if (key.type == SIO_STRING && sio_str_eq(key.v.text, sio_str_c(name)))
            return sio_str_of(start, (size_t)(c.at - start));
    }
    return sio_str_of(NULL, 0);
}

static bool token(sio_str packed, sio_value *out)
{
    sio_cursor c = sio_cursor_at(packed);
    return packed.len > 0 && sio_cursor_read(&c, out) == SIO_OK;
}

sio_str tagged_text(sio_str packed_map, const char *name)
{
    sio_value v;
    if (!token(tagged_field(packed_map, name), &v) || v.type != SIO_STRING)
        return sio_str_of(NULL, 0);
    return v.v.text;
}

bool tagged_true(sio_str packed_map, const char *name)
{
    sio_value v;
    return token(tagged_field(packed_map, name), &v) && v.type == SIO_BOOL && v.v.boolean;
}

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

size_t tagged_hex(sio_str hex, unsigned char *out)
{
    for (size_t i = 0; i + 1 < hex.len; i += 2)
        out[i / 2] = (unsigned char)(nibble(hex.ptr[i]) << 4 | nibble(hex.ptr[i + 1]));
    return hex.len / 2;
}

/* UTF-16 units in hex, pairs joined, lone surrogates kept. */
static void add_utf16(sio_args *args, sio_str hex)
{
    unsigned char *units = malloc(hex.len / 2 + 1);
    size_t count = tagged_hex(hex, units) / 2, len = 0;
    char *text = malloc(count * 3 + 4);
    for (size_t i = 0; i < count; i++) {
        uint32_t unit = (uint32_t)units[2 * i] << 8 | units[2 * i + 1];
        if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < count && (units[2 * i + 2] & 0xfc) == 0xdc) {
            uint32_t low = (uint32_t)units[2 * i + 2] << 8 | units[2 * i + 3];
            unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            i++;
        }
        len += sio__utf8_encode(unit, text + len);
    }
    sio_args_string(args, sio_str_of(text, len));
    free(text);
    free(units);
}

static void add_number(sio_args *args, sio_str text)
{
    char copy[64] = {0};
    memcpy(copy, text.ptr, text.len < sizeof copy ? text.len : sizeof copy - 1);
    sio_args_double(args, strtod(copy, NULL)); /* "NaN" and "Infinity" too */
}

/* [element, count], the element repeated. */
static void add_fill(sio_args *args, sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v;
    sio_cursor_read(&c, &v);
    sio_cursor element = c;
    sio_cursor_skip(&c);
    sio_cursor_read(&c, &v);
    sio_args_array_begin(args);
    for (uint64_t i = 0; i < v.v.natural; i++) {
        sio_cursor again = element;
        tagged_add(args, &again);
    }
    sio_args_array_end(args);
}

/* [byte or string, count] as binary or text. */
static void add_repeat(sio_args *args, sio_str packed, bool binary)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value array, unit, count;
    sio_cursor_read(&c, &array);
    sio_cursor_read(&c, &unit);
    sio_cursor_read(&c, &count);
    char byte = binary ? (char)unit.v.natural : 0;
    sio_str piece = binary ? sio_str_of(&byte, 1) : unit.v.text;
    size_t times = (size_t)count.v.natural;
    char *all = malloc(piece.len * times + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(all + i * piece.len, piece.ptr, piece.len);
    if (binary)
        sio_args_binary(args, all, times);
    else
        sio_args_string(args, sio_str_of(all, piece.len * times));
    free(all);
}

static bool add_pairs(sio_args *args, sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v, key;
    bool ok = true;
    sio_cursor_read(&c, &v);
    sio_args_map_begin(args);
    for (uint32_t n = v.v.count; n > 0; n--) {
        sio_cursor_read(&c, &v);
        sio_cursor_read(&c, &key);
        sio_args_key(args, key.v.text);
        ok = tagged_add(args, &c) && ok;
    }
    sio_args_map_end(args);
    return ok;
}

static bool is_binary_kind(sio_str kind)
{
    return kind.ptr == NULL || sio_str_eq(kind, SIO_STR("Uint8Array")) ||
           sio_str_eq(kind, SIO_STR("ArrayBuffer"));
}

static bool add_binary(sio_args *args, sio_str map, sio_str hex)
{
    if (!is_binary_kind(tagged_text(map, "kind")))
        return false;
    unsigned char *bytes = malloc(hex.len / 2 + 1);
    sio_args_binary(args, bytes, tagged_hex(hex, bytes));
    free(bytes);
    return true;
}

static void add_date(sio_args *args, sio_str packed)
{
    sio_value v;
    token(packed, &v);
    if (v.type == SIO_DOUBLE)
        sio_args_date(args, (int64_t)v.v.real);
    else
        sio_args_date(args, v.type == SIO_INT ? v.v.integer : (int64_t)v.v.natural);
}

/* A map whose first key is a tag. */
static bool add_tag(sio_args *args, sio_str map, sio_str tag)
{
    sio_str value = sio_str_of(NULL, 0);
    char name[16] = {0};
    memcpy(name, tag.ptr, tag.len < sizeof name ? tag.len : sizeof name - 1);
    value = tagged_field(map, name);
    if (strcmp(name, "$undef") == 0)
        return sio_args_undefined(args) == SIO_OK;
    if (strcmp(name, "$num") == 0)
        add_number(args, tagged_text(map, name));
    else if (strcmp(name, "$bin") == 0)
        return add_binary(args, map, tagged_text(map, name));
    else if (strcmp(name, "$bin_fill") == 0)
        add_repeat(args, value, true);
    else if (strcmp(name, "$date") == 0)
        add_date(args, value);
    else if (strcmp(name, "$repeat") == 0)
        add_repeat(args, value, false);
    else if (strcmp(name, "$utf16") == 0)
        add_utf16(args, tagged_text(map, name));
    else if (strcmp(name, "$fill") == 0)
        add_fill(args, value);
    else if (strcmp(name, "$obj") == 0)
        return add_pairs(args, value);
    else
        return false; /* $function, $tojson */
    return true;
}

static bool add_container(sio_args *args, sio_cursor *c, const sio_value *container)
{
    bool map = container->type == SIO_MAP, ok = true;
    if (map)
        sio_args_map_begin(args);
    else
        sio_args_array_begin(args);
    for (uint32_t i = 0; i < container->v.count; i++) {
        sio_value key;
        if (map && (sio_cursor_read(c, &key) != SIO_OK || sio_args_key(args, key.v.text) != SIO_OK))
            return false;
        ok = tagged_add(args, c) && ok;
    }
    if (map)
        sio_args_map_end(args);
    else
        sio_args_array_end(args);
    return ok;
}

bool tagged_add(sio_args *args, sio_cursor *cursor)
{
    sio_cursor c = *cursor;
    sio_value v, key;
    sio_cursor_skip(cursor);
    sio_str whole = sio_str_of(c.at, (size_t)(cursor->at - c.at));
    sio_cursor_read(&c, &v);
    if (v.type == SIO_MAP && v.v.count > 0) {
        sio_cursor first = c;
        sio_cursor_read(&first, &key);
        if (key.v.text.len > 0 && key.v.text.ptr[0] == '$')
            return add_tag(args, whole, key.v.text);
    }
    if (v.type == SIO_MAP || v.type == SIO_ARRAY)
        return add_container(args, &c, &v);
    return sio_args_msgpack(args, whole) == SIO_OK;
}
