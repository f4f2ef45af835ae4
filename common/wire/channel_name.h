/* SPDX-License-Identifier: MIT */
/* The form that the channels of every wire have: KEY, an infix, the namespace, '#', and perhaps
 * a suffix (a room or uid) with another '#'. */
#ifndef SIO_COMMON_WIRE_CHANNEL_NAME_H
#define SIO_COMMON_WIRE_CHANNEL_NAME_H

#include <stdbool.h>
#include <string.h>

#include "wire/wire.h"

/* Append one. suffix.ptr NULL: none. SIO_OK or SIO_ENOMEM. */
sio_status sio__channel_write(const struct sio__peer *peer, sio_str infix, sio_str suffix,
                              sio_buf *out);

/* Take a beginning off a name, if it has it. */
static inline bool sio__channel_eat(sio_str *name, sio_str prefix)
{
    if (name->len < prefix.len ||
        (prefix.len > 0 && memcmp(name->ptr, prefix.ptr, prefix.len) != 0))
        return false;
    name->ptr += prefix.len;
    name->len -= prefix.len;
    return true;
}

/* Whether what follows KEY and infix is this namespace's. The suffix lacks the last character,
 * whatever it is, as for the Node adapter; ptr NULL: there is none. */
static inline bool sio__channel_suffix(const struct sio__peer *peer, sio_str rest, sio_str *suffix)
{
    *suffix = sio_str_of(NULL, 0);
    if (!sio__channel_eat(&rest, peer->nsp) || !sio__channel_eat(&rest, SIO_STR("#")))
        return false;
    if (rest.len > 0)
        *suffix = sio_str_of(rest.ptr, rest.len - 1);
    return true;
}

#endif
