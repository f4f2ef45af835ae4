/* SPDX-License-Identifier: MIT */
/** @file sio/str.h
 *  Text and bytes with a length. Event names, rooms and namespaces may hold
 *  U+0000, so no call of this toolkit looks for a terminator. Threads: any. */
#ifndef SIO_STR_H
#define SIO_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A view: whoever made the bytes owns them. ptr may be NULL if len is 0. */
typedef struct sio_str {
    const char *ptr; /**< not terminated */
    size_t len;      /**< bytes */
} sio_str;

/** @return A view of len bytes at ptr. */
static inline sio_str sio_str_of(const void *ptr, size_t len)
{
    sio_str s;
    s.ptr = (const char *)ptr;
    s.len = len;
    return s;
}

/** @return A view of a terminated string, without its terminator; of nothing for NULL. */
static inline sio_str sio_str_c(const char *text)
{
    return sio_str_of(text, text != NULL ? strlen(text) : 0);
}

/** A view of a string literal; its inner NULs belong to it. */
#define SIO_STR(literal) (sio_str_of("" literal, sizeof(literal) - 1))

/** The same as an initialiser, for static tables. */
#define SIO_STR_INIT(literal) {"" literal, sizeof(literal) - 1}

/** @return Whether both hold the same bytes. */
static inline bool sio_str_eq(sio_str a, sio_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#ifdef __cplusplus
}
#endif

#endif
