/* SPDX-License-Identifier: MIT */
/* Room names as they are packed. */
#ifndef SIO_COMMON_WIRE_ROOM_NAME_H
#define SIO_COMMON_WIRE_ROOM_NAME_H

#include <stdbool.h>

#include <sio/export.h>
#include <sio/value.h>

#include "value/number.h"

/* Read one name: a string or, from JavaScript callers, a number, which stands for its
 * decimal text. name: a view of the packed bytes or of `digits`. false: neither, or cut. */
SIO_API bool sio__room_name(sio_cursor *cursor, char digits[SIO__NUMBER_MAX], sio_str *name);

/* The name in a packed array of one; ptr NULL: there are others, or none. */
sio_str sio__only_room(sio_str rooms, char digits[SIO__NUMBER_MAX]);

#endif
