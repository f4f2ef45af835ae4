/* SPDX-License-Identifier: MIT */
/* Named fields of a packed map. */
#include "wire/fields.h"

#include <math.h>

/* sio_str_eq() without a call for the short names that fields have. */
static inline bool same_name(sio_str name, sio_str key)
{
    uint32_t a, b;
    if (name.len != key.len)
        return false;
    if (name.len - 4 > 4) /* also fewer than four */
        return name.len == 0 || memcmp(name.ptr, key.ptr, name.len) == 0;
    memcpy(&a, name.ptr, 4);
    memcpy(&b, key.ptr, 4);
    if (a != b)
        return false;
    memcpy(&a, name.ptr + name.len - 4, 4);
    memcpy(&b, key.ptr + key.len - 4, 4);
    return a == b;
}

/* Step over a key and tell its text; of one that is no text, ptr NULL. */
static inline sio_status take_key(sio_cursor *c, sio_str *key)
{
    size_t left = (size_t)(c->end - c->at);
    if (left > 0 && (c->at[0] & 0xe0) == 0xa0 && (c->at[0] & 0x1fu) < left) {
        *key = sio_str_of(c->at + 1, c->at[0] & 0x1f);
        c->at += 1 + key->len;
        return SIO_OK;
    }
    sio_cursor at_key = *c;
    sio_value v;
    if (sio_cursor_read(&at_key, &v) != SIO_OK || sio_cursor_skip(c) != SIO_OK)
        return SIO_EINVAL;
    *key = v.type == SIO_STRING ? v.v.text : sio_str_of(NULL, 0);
    return SIO_OK;
}

/* filled: the map takes all of the bytes and is known to be whole, so that its last value,
 * often the largest, need not be stepped over. */
static sio_status read_map(sio_cursor *c, struct sio__field *fields, size_t count, bool filled)
{
    sio_value map;
    sio_str key;
    for (size_t i = 0; i < count; i++)
        fields[i].packed = sio_str_of(NULL, 0);
    if (sio_cursor_read(c, &map) != SIO_OK || map.type != SIO_MAP)
        return SIO_EINVAL;
    for (uint32_t left = map.v.count; left > 0; left--) {
        if (take_key(c, &key) != SIO_OK)
            return SIO_EINVAL;
        const unsigned char *value = c->at;
        if (filled && left == 1)
            c->at = c->end;
        else if (sio_cursor_skip(c) != SIO_OK)
            return SIO_EINVAL;
        for (size_t i = 0; key.ptr != NULL && i < count; i++)
            if (same_name(fields[i].name, key))
                fields[i].packed = sio_str_of(value, (size_t)(c->at - value));
    }
    return SIO_OK;
}

sio_status sio__fields_read(sio_cursor *cursor, struct sio__field *fields, size_t count)
{
    sio_cursor c = *cursor;
    sio_status status = read_map(&c, fields, count, false);
    if (status == SIO_OK)
        *cursor = c;
    return status;
}

sio_status sio__fields_of(sio_str whole, struct sio__field *fields, size_t count)
{
    sio_cursor c = sio_cursor_at(whole);
    return read_map(&c, fields, count, true);
}

bool sio__field_token(const struct sio__field *field, sio_value *out)
{
    if (field->packed.len == 0)
        return false;
    const unsigned char *start = (const unsigned char *)field->packed.ptr;
    sio_cursor c = {.at = start, .end = start + field->packed.len};
    return sio_cursor_read(&c, out) == SIO_OK;
}

bool sio__field_nothing(const struct sio__field *field)
{
    sio_value v;
    return !sio__field_token(field, &v) || v.type == SIO_NULL || v.type == SIO_UNDEFINED;
}

bool sio__field_text(const struct sio__field *field, sio_str *out)
{
    sio_value v;
    if (!sio__field_token(field, &v) || v.type != SIO_STRING)
        return false;
    *out = v.v.text;
    return true;
}

bool sio__field_number(const struct sio__field *field, uint64_t *out)
{
    sio_value v;
    if (!sio__field_token(field, &v))
        return false;
    if (v.type == SIO_UINT) {
        *out = v.v.natural;
        return true;
    }
    if (v.type == SIO_DOUBLE && v.v.real >= 0 && v.v.real < 0x1p53 && v.v.real == floor(v.v.real)) {
        *out = (uint64_t)v.v.real;
        return true;
    }
    return false;
}

bool sio__field_true(const struct sio__field *field)
{
    sio_value v;
    return sio__field_token(field, &v) && v.type == SIO_BOOL && v.v.boolean;
}
