/* SPDX-License-Identifier: MIT */
/* Named fields of a packed map. */
#include "wire/fields.h"

#include <math.h>

sio_status sio__fields_read(sio_cursor *cursor, struct sio__field *fields, size_t count)
{
    sio_cursor c = *cursor;
    sio_value map, key;
    for (size_t i = 0; i < count; i++)
        fields[i].packed = sio_str_of(NULL, 0);
    if (sio_cursor_read(&c, &map) != SIO_OK || map.type != SIO_MAP)
        return SIO_EINVAL;
    for (uint32_t n = 0; n < map.v.count; n++) {
        sio_cursor at_key = c;
        if (sio_cursor_read(&at_key, &key) != SIO_OK || sio_cursor_skip(&c) != SIO_OK)
            return SIO_EINVAL;
        const unsigned char *value = c.at;
        if (sio_cursor_skip(&c) != SIO_OK)
            return SIO_EINVAL;
        if (key.type != SIO_STRING)
            continue;
        for (size_t i = 0; i < count; i++)
            if (sio_str_eq(fields[i].name, key.v.text))
                fields[i].packed = sio_str_of(value, (size_t)(c.at - value));
    }
    *cursor = c;
    return SIO_OK;
}

bool sio__field_token(const struct sio__field *field, sio_value *out)
{
    sio_cursor c = sio_cursor_at(field->packed);
    return field->packed.len > 0 && sio_cursor_read(&c, out) == SIO_OK;
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
