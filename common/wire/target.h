/* SPDX-License-Identifier: MIT */
/* What the codecs see of a target. */
#ifndef SIO_COMMON_WIRE_TARGET_H
#define SIO_COMMON_WIRE_TARGET_H

#include <sio/export.h>
#include <sio/target.h>

/* Borrowed until the target's next change. */
struct sio__target_view {
    sio_str rooms;       /* packed array */
    sio_str except;      /* packed array */
    sio_str flags;       /* packed map, keys in the order they were first set; `local`, which is
                            never sent, is among them */
    size_t names;        /* rooms and exceptions together */
    size_t longest;      /* bytes of the longest of those names */
    bool local;          /* the flags that only servers have: */
    bool single;         /* expectSingleResponse */
    unsigned timeout_ms; /* 0: not said */
};

/* target NULL: the whole namespace. */
SIO_API void sio__target_view(const sio_target *target, struct sio__target_view *out);

#endif
