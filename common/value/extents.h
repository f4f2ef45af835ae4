/* SPDX-License-Identifier: MIT */
/* Where values of a packed document begin and end, noted when it was made, so that who reads
 * it need not step through them to find what comes next. */
#ifndef SIO_COMMON_VALUE_EXTENTS_H
#define SIO_COMMON_VALUE_EXTENTS_H

#include <stdint.h>
#include <string.h>

#include <sio/buf.h>
#include <sio/value.h>

/* Offsets from the start of the document; the document ends before 4 GiB. */
struct sio__extent {
    uint32_t at, end;
};

/* Those of values that are not in each other, in their order. Zeroed: none are known. */
struct sio__extents {
    const char *document;
    sio_str noted; /* struct sio__extent, at any address */
};

/* What is smaller is not noted: stepping through it is as fast. */
enum { SIO__EXTENT_MIN = 64 };

/* SIO_OK or SIO_ENOMEM. */
static inline sio_status sio__extents_note(sio_buf *noted, size_t at, size_t end)
{
    struct sio__extent extent = {(uint32_t)at, (uint32_t)end};

    return end - at >= SIO__EXTENT_MIN ? sio_buf_append(noted, &extent, sizeof extent) : SIO_OK;
}

/* What follows the value that is noted `ahead` values further on will be read soon. */
static inline void sio__extents_prefetch(const struct sio__extents *extents, size_t ahead)
{
    struct sio__extent extent;

    if (extents->noted.len < (ahead + 1) * sizeof extent)
        return;
    memcpy(&extent, extents->noted.ptr + ahead * sizeof extent, sizeof extent);
    for (unsigned i = 0; i < 3; i++) /* cache lines */
        __builtin_prefetch(extents->document + extent.end + (size_t)i * 64);
}

/* Step over the value at the cursor, which is in the document and goes forward only. */
static inline sio_status sio__extents_skip(struct sio__extents *extents, sio_cursor *cursor)
{
    while (extents->noted.len > 0) {
        size_t at = (size_t)((const char *)cursor->at - extents->document);
        struct sio__extent extent;

        memcpy(&extent, extents->noted.ptr, sizeof extent);
        if (extent.at > at)
            break;
        extents->noted.ptr += sizeof extent;
        extents->noted.len -= sizeof extent;
        if (extent.at == at) {
            cursor->at += extent.end - extent.at;
            return SIO_OK;
        }
    }
    return sio_cursor_skip(cursor);
}

#endif
