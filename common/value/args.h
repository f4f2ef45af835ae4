/* SPDX-License-Identifier: MIT */
/* What the codecs know of built arguments beyond their bytes. */
#ifndef SIO_COMMON_VALUE_ARGS_H
#define SIO_COMMON_VALUE_ARGS_H

#include <sio/args.h>
#include <sio/export.h>

/* Borrowed until the next change. */
struct sio__args_view {
    sio_str packed;
    size_t count;
    size_t first;       /* bytes of the first value; 0: it was not added alone */
    size_t attachments; /* pieces of binary, at any depth */
    unsigned has;       /* SIO__HAS_* of value/normal.h */
};

/* args NULL: no arguments. Returns sio_args_status(). */
SIO_API sio_status sio__args_view(const sio_args *args, struct sio__args_view *out);

#endif
