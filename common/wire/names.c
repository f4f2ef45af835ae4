/* SPDX-License-Identifier: MIT */
/* Room names, packed while they are added. Finding a repeated name walks the ones
 * before it: targets hold a few rooms, and are built once. */
#include "wire/names.h"

#include <sio/value.h>

#include "value/pack.h"
#include "value/utf8.h"

enum { HEADER_MAX = 5 };

static const char empty_array[1] = {(char)0x90};

void sio__names_init(struct sio__names *names)
{
    sio_buf_init(&names->buf);
    sio__names_clear(names);
}

void sio__names_fini(struct sio__names *names)
{
    sio_buf_fini(&names->buf);
    sio__names_clear(names);
}

void sio__names_clear(struct sio__names *names)
{
    sio_buf_clear(&names->buf);
    names->count = 0;
    names->header = 0;
    names->longest = 0;
}

sio_str sio__names_packed(const struct sio__names *names)
{
    if (names->count == 0)
        return sio_str_of(empty_array, sizeof empty_array);
    size_t start = HEADER_MAX - names->header;
    return sio_str_of(names->buf.ptr + start, names->buf.len - start);
}

static bool contains(const struct sio__names *names, sio_str name)
{
    sio_cursor c = sio_cursor_at(sio__names_packed(names));
    sio_value v;
    while (!sio_cursor_done(&c) && sio_cursor_read(&c, &v) == SIO_OK)
        if (v.type == SIO_STRING && sio_str_eq(v.v.text, name))
            return true;
    return false;
}

static void write_header(struct sio__names *names)
{
    char memory[HEADER_MAX];
    sio_buf header;
    sio_buf_init_on(&header, memory, sizeof memory);
    (void)sio__pack_array(&header, names->count); /* five bytes hold any array header */
    names->header = (unsigned)header.len;
    memcpy(names->buf.ptr + HEADER_MAX - header.len, header.ptr, header.len);
}

sio_status sio__names_append(struct sio__names *names, sio_str name)
{
    if (sio__utf8_check(name) != SIO__UTF8_VALID)
        return SIO_EINVAL;
    if (name.len > UINT32_MAX || names->count == UINT32_MAX)
        return SIO_ETOOBIG;
    sio_status status = sio_buf_reserve(&names->buf, HEADER_MAX);
    if (status != SIO_OK)
        return status;
    if (names->count == 0)
        names->buf.len = HEADER_MAX;
    status = sio__pack_str(&names->buf, name);
    if (status != SIO_OK)
        return status;
    names->count++;
    if (name.len > names->longest)
        names->longest = name.len;
    write_header(names);
    return SIO_OK;
}

sio_status sio__names_add(struct sio__names *names, sio_str name)
{
    return contains(names, name) ? SIO_OK : sio__names_append(names, name);
}
