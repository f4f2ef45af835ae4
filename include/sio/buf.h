/* SPDX-License-Identifier: MIT */
/** @file sio/buf.h
 *  A byte buffer that grows, in the caller's memory. Threads: one at a time. */
#ifndef SIO_BUF_H
#define SIO_BUF_H

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Read ptr and len; change them through the calls below only. */
typedef struct sio_buf {
    char *ptr;  /**< the bytes; not terminated */
    size_t len; /**< bytes in use */
    size_t cap; /**< bytes there is room for */
    char *lent; /**< memory lent by sio_buf_init_on(), never freed; or NULL */
} sio_buf;

/** An empty buffer that owns nothing yet. */
SIO_API void sio_buf_init(sio_buf *buf);

/** An empty buffer that uses the caller's memory (often an array on the stack)
 *  until it has to grow beyond it. The memory must outlive the buffer. */
SIO_API void sio_buf_init_on(sio_buf *buf, void *memory, size_t size);

/** Release what the buffer owns. It is empty afterwards and may be used again. */
SIO_API void sio_buf_fini(sio_buf *buf);

/** Forget the content and keep the memory. */
SIO_API void sio_buf_clear(sio_buf *buf);

/** Make room for `more` bytes after the content. Pointers into the buffer go
 *  stale. @return SIO_OK or SIO_ENOMEM (the buffer is unchanged). */
SIO_API sio_status sio_buf_reserve(sio_buf *buf, size_t more);

/** Append bytes. @return SIO_OK or SIO_ENOMEM (the buffer is unchanged). */
SIO_API sio_status sio_buf_append(sio_buf *buf, const void *bytes, size_t len);

/** @return A view of the content, valid until the next change. */
static inline sio_str sio_buf_str(const sio_buf *buf)
{
    return sio_str_of(buf->ptr, buf->len);
}

#ifdef __cplusplus
}
#endif

#endif
