/* SPDX-License-Identifier: MIT */
/* Room names, packed while they are added. A repeated one is found by walking the few that
 * are there; from some number on by a balanced tree (libc's tsearch), which no choice of
 * names makes slow. */
#include "wire/names.h"

#include <search.h>
#include <stdlib.h>

#include <sio/value.h>

#include "value/pack.h"
#include "value/utf8.h"

enum { HEADER_MAX = 5, WALKED = 16 /* names that are walked rather than indexed */ };

static const char empty_array[1] = {(char)0x90};

void sio__names_init(struct sio__names *names)
{
    sio_buf_init(&names->buf);
    names->index = NULL;
    sio__names_clear(names);
}

void sio__names_fini(struct sio__names *names)
{
    sio_buf_fini(&names->buf);
    sio__names_clear(names);
}

static void forget(struct sio__names *names)
{
    if (names->index != NULL)
        tdestroy(names->index, free);
    names->index = NULL;
}

void sio__names_clear(struct sio__names *names)
{
    forget(names);
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

static bool is_walked(const struct sio__names *names, sio_str name)
{
    sio_cursor c = sio_cursor_at(sio__names_packed(names));
    sio_value v;
    while (!sio_cursor_done(&c) && sio_cursor_read(&c, &v) == SIO_OK)
        if (v.type == SIO_STRING && sio_str_eq(v.v.text, name))
            return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    const sio_str *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return x->len > 0 ? memcmp(x->ptr, y->ptr, x->len) : 0;
}

/* Enter a name into the index. *key: its entry, a view and the bytes in one piece of
 * memory; NULL: it was there already. */
static sio_status index_name(struct sio__names *names, sio_str name, sio_str **key)
{
    sio_str *fresh = malloc(sizeof *fresh + name.len);
    if (fresh == NULL)
        return SIO_ENOMEM;
    fresh->ptr = (const char *)(fresh + 1);
    fresh->len = name.len;
    if (name.len > 0)
        memcpy(fresh + 1, name.ptr, name.len);
    sio_str **entry = tsearch(fresh, &names->index, compare);
    *key = entry != NULL && *entry == fresh ? fresh : NULL;
    if (*key == NULL)
        free(fresh);
    return entry != NULL ? SIO_OK : SIO_ENOMEM;
}

static sio_status index_all(struct sio__names *names)
{
    sio_cursor c = sio_cursor_at(sio__names_packed(names));
    sio_value v;
    sio_str *key;
    sio_status status = SIO_OK;
    while (status == SIO_OK && !sio_cursor_done(&c)) {
        status = sio_cursor_read(&c, &v);
        if (status == SIO_OK && v.type == SIO_STRING)
            status = index_name(names, v.v.text, &key);
    }
    if (status != SIO_OK)
        forget(names);
    return status;
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

/* Room for one more, of so many bytes of text. */
static sio_status prepare(struct sio__names *names, size_t len)
{
    if (len > UINT32_MAX - names->buf.len || names->count == UINT32_MAX)
        return SIO_ETOOBIG;
    sio_status status = sio_buf_reserve(&names->buf, HEADER_MAX);
    if (status == SIO_OK && names->count == 0)
        names->buf.len = HEADER_MAX;
    return status;
}

static void count_one(struct sio__names *names)
{
    names->count++;
    write_header(names);
}

sio_status sio__names_append(struct sio__names *names, sio_str name)
{
    if (sio__utf8_check(name) != SIO__UTF8_VALID)
        return SIO_EINVAL;
    sio_status status = prepare(names, name.len);
    if (status == SIO_OK)
        status = sio__pack_str(&names->buf, name);
    if (status != SIO_OK)
        return status;
    if (name.len > names->longest)
        names->longest = name.len;
    count_one(names);
    return SIO_OK;
}

static bool has_number(const struct sio__names *names, int64_t number)
{
    sio_cursor c = sio_cursor_at(sio__names_packed(names));
    sio_value v;
    (void)sio_cursor_read(&c, &v); /* the array */
    while (!sio_cursor_done(&c) && sio_cursor_read(&c, &v) == SIO_OK)
        if ((v.type == SIO_UINT && number >= 0 && v.v.natural == (uint64_t)number) ||
            (v.type == SIO_INT && v.v.integer == number))
            return true;
    return false;
}

/* Numbers are rare: they are always walked. */
sio_status sio__names_add_number(struct sio__names *names, int64_t number)
{
    if (has_number(names, number))
        return SIO_OK;
    sio_status status = prepare(names, 0);
    if (status == SIO_OK)
        status = sio__pack_int(&names->buf, number);
    if (status == SIO_OK)
        count_one(names);
    return status;
}

static sio_status add_indexed(struct sio__names *names, sio_str name)
{
    sio_str *key;
    sio_status status = index_name(names, name, &key);
    if (status != SIO_OK || key == NULL)
        return status;
    status = sio__names_append(names, name);
    if (status != SIO_OK) {
        tdelete(key, &names->index, compare);
        free(key);
    }
    return status;
}

sio_status sio__names_add(struct sio__names *names, sio_str name)
{
    if (names->index == NULL && names->count >= WALKED) {
        sio_status status = index_all(names);
        if (status != SIO_OK)
            return status;
    }
    if (names->index != NULL)
        return add_indexed(names, name);
    return is_walked(names, name) ? SIO_OK : sio__names_append(names, name);
}
