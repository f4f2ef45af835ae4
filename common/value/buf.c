/* SPDX-License-Identifier: MIT */
/* A byte buffer that doubles, starting on memory that the caller may lend. */
#include <sio/buf.h>

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_SIZE = 256 };

void sio_buf_init(sio_buf *buf)
{
    memset(buf, 0, sizeof *buf);
}

void sio_buf_init_on(sio_buf *buf, void *memory, size_t size)
{
    buf->ptr = memory;
    buf->len = 0;
    buf->cap = size;
    buf->lent = memory;
}

void sio_buf_fini(sio_buf *buf)
{
    if (buf->ptr != buf->lent)
        free(buf->ptr);
    sio_buf_init(buf);
}

void sio_buf_clear(sio_buf *buf)
{
    buf->len = 0;
}

sio_status sio_buf_reserve(sio_buf *buf, size_t more)
{
    if (more <= buf->cap - buf->len)
        return SIO_OK;
    if (more > SIZE_MAX / 2 - buf->len)
        return SIO_ENOMEM;
    size_t need = buf->len + more;
    size_t cap = buf->cap > FIRST_SIZE ? buf->cap : FIRST_SIZE;
    while (cap < need)
        cap *= 2;
    char *grown = realloc(buf->ptr == buf->lent ? NULL : buf->ptr, cap);
    if (grown == NULL)
        return SIO_ENOMEM;
    if (buf->ptr == buf->lent && buf->len > 0)
        memcpy(grown, buf->lent, buf->len);
    buf->ptr = grown;
    buf->cap = cap;
    return SIO_OK;
}

sio_status sio_buf_append(sio_buf *buf, const void *bytes, size_t len)
{
    sio_status status = sio_buf_reserve(buf, len);
    if (status != SIO_OK)
        return status;
    if (len > 0)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    return SIO_OK;
}
