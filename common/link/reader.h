/* SPDX-License-Identifier: MIT */
/* What redisReader does not bound by itself. */
#ifndef SIO_COMMON_LINK_READER_H
#define SIO_COMMON_LINK_READER_H

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIO__MAX_DEPTH = 7,         /* what hiredis 0.14 can do; 1.0 to 1.4 would recurse without end */
    SIO__MAX_ELEMENTS = 1 << 20 /* of an array; hiredis would believe any number */
};

/* What createArray is given, and never negative: hiredis has looked. */
#if HIREDIS_MAJOR >= 1
typedef size_t sio__reader_elements;
#else
typedef int sio__reader_elements;
#endif

/* For createArray functions: NULL, or why it is not to be read. */
static inline const char *sio__reader_refuses(const redisReadTask *task,
                                              sio__reader_elements elements)
{
    int depth = 1;

    for (const redisReadTask *at = task->parent; at != NULL; at = at->parent)
        depth++;
    if (depth > SIO__MAX_DEPTH || (uint64_t)elements > SIO__MAX_ELEMENTS)
        return "an array with too many elements or levels";
    return NULL;
}

#endif
