/* SPDX-License-Identifier: MIT */
/* JavaScript tells the room 42 from the room "42"; here both are the same name, so that a
 * Node peer's number reaches the sockets that joined its text (docs/protocol.md). */
#include "wire/room_name.h"

#include <math.h>

bool sio__room_name(sio_cursor *cursor, char digits[SIO__NUMBER_MAX], sio_str *name)
{
    sio_value v;

    if (sio_cursor_read(cursor, &v) != SIO_OK)
        return false;
    switch (v.type) {
    case SIO_STRING:
        *name = v.v.text;
        return true;
    case SIO_UINT:
        *name = sio_str_of(digits, sio__natural_print(v.v.natural, digits));
        return true;
    case SIO_INT:
        digits[0] = '-';
        *name = sio_str_of(digits, 1 + sio__natural_print(0 - (uint64_t)v.v.integer, digits + 1));
        return true;
    case SIO_DOUBLE:
        if (!isfinite(v.v.real))
            return false;
        *name = sio_str_of(digits, sio__number_print(v.v.real, digits));
        return true;
    default:
        return false;
    }
}

sio_str sio__only_room(sio_str rooms, char digits[SIO__NUMBER_MAX])
{
    static const char array_of_one = (char)0x91;
    sio_str none = {NULL, 0}, name;
    if (rooms.len == 0 || rooms.ptr[0] != array_of_one)
        return none;
    sio_cursor c = sio_cursor_at(sio_str_of(rooms.ptr + 1, rooms.len - 1));
    return sio__room_name(&c, digits, &name) ? name : none;
}
