/* SPDX-License-Identifier: MIT */
/* Packed values in their normal form: copied if they have it, written again if not. */
#include "value/normal.h"

#include "value/pack.h"

sio_status sio__pack_token(const sio_value *v, sio_buf *out)
{
    switch (v->type) {
    case SIO_UNDEFINED:
        return sio__pack_undefined(out);
    case SIO_NULL:
        return sio__pack_null(out);
    case SIO_BOOL:
        return sio__pack_bool(out, v->v.boolean);
    case SIO_INT:
        return sio__pack_int(out, v->v.integer);
    case SIO_UINT:
        return sio__pack_uint(out, v->v.natural);
    case SIO_DOUBLE:
        return sio__pack_number(out, v->v.real);
    case SIO_STRING:
        return sio__pack_str(out, v->v.text);
    case SIO_BINARY:
        return sio__pack_bin(out, v->v.text);
    case SIO_DATE:
        return sio__pack_date(out, v->v.date.seconds, v->v.date.nanoseconds);
    case SIO_ARRAY:
        return sio__pack_array(out, v->v.count);
    case SIO_MAP:
        return sio__pack_map(out, v->v.count);
    case SIO_EXT:
        break; /* sio__scan() lets none through */
    }
    return SIO_EINVAL;
}

sio_status sio__normalise(sio_str packed, const struct sio__scan *scan, sio_buf *out)
{
    if (scan->normal)
        return sio_buf_append(out, packed.ptr, packed.len);
    size_t before = out->len;
    sio_cursor c = sio_cursor_at(packed);
    while (!sio_cursor_done(&c)) {
        sio_value v;
        sio_status status = sio_cursor_read(&c, &v);
        if (status == SIO_OK)
            status = sio__pack_token(&v, out);
        if (status != SIO_OK) {
            out->len = before;
            return status;
        }
    }
    return SIO_OK;
}
