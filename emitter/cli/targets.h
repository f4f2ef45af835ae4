/* SPDX-License-Identifier: MIT */
/* Targets from the command line and from packed values. */
#ifndef SIO_CLI_TARGETS_H
#define SIO_CLI_TARGETS_H

#include <sio/target.h>

#include "options.h"

/* sio_target_to() or sio_target_except(). */
typedef sio_status target_add(sio_target *target, sio_str room);

sio_status target_add_list(sio_target *target, const struct str_list *list, target_add *add);

/* Rooms from packed bytes: a string, or an array of strings. */
sio_status target_add_packed(sio_target *target, sio_str packed, target_add *add);

void target_add_flags(sio_target *target, const struct flags *flags);

#endif
