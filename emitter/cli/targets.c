/* SPDX-License-Identifier: MIT */
/* Builds targets: rooms, exceptions and flags, the flags in the order they were given. */
#include "targets.h"

#include <sio/value.h>

sio_status target_add_list(sio_target *target, const struct str_list *list, target_add *add)
{
    sio_status status = SIO_OK;

    for (size_t i = 0; i < list->count && status == SIO_OK; i++)
        status = add(target, list->items[i]);
    return status;
}

sio_status target_add_packed(sio_target *target, sio_str packed, target_add *add)
{
    sio_cursor cursor = sio_cursor_at(packed);
    sio_status status = SIO_OK;
    sio_value room;

    while (status == SIO_OK && !sio_cursor_done(&cursor)) {
        status = sio_cursor_read(&cursor, &room);
        if (status == SIO_OK && room.type == SIO_STRING) /* not the array's header */
            status = add(target, room.v.text);
    }
    return status;
}

void target_add_flags(sio_target *target, const struct flags *flags)
{
    if (flags->compress >= 0 && flags->compress_first)
        sio_target_compress(target, flags->compress != 0);
    if (flags->volatile_ > 0)
        sio_target_volatile(target);
    if (flags->compress >= 0 && !flags->compress_first)
        sio_target_compress(target, flags->compress != 0);
}
