/* SPDX-License-Identifier: MIT */
/* What emitter and adapter may send: a call's target, event, arguments and rooms, checked
 * against the bounds and the rules that keep Node peers and their clients alive, become a
 * message. */
#ifndef SIO_COMMON_WIRE_OUTGOING_H
#define SIO_COMMON_WIRE_OUTGOING_H

#include <sio/args.h>
#include <sio/export.h>
#include <sio/target.h>

#include "wire/names.h"
#include "wire/target.h"
#include "wire/wire.h"

/* The options of the same names; 0: no limit. */
struct sio__bounds {
    size_t max_packet_bytes, max_name_bytes;
    unsigned max_rooms, max_args, max_attachments;
};

/* A message being made, and why a step refused: static text, NULL if none did. Each step
 * sets its own fields of the message, as borrowed views. */
struct sio__outgoing {
    const struct sio__bounds *bounds;
    struct sio_message msg;
    const char *why;
};

/* Who gets an event. */
enum sio__audience { SIO__FOR_CLIENTS, SIO__FOR_SERVERS };

/* rooms, except and flags. more: rooms that the call names beside the target's, which count
 * too. SIO_OK or SIO_ETOOBIG. */
SIO_API sio_status sio__outgoing_target(struct sio__outgoing *o, const struct sio__target_view *to,
                                        size_t more);

/* Whether an event of this name would harm those who get it. */
SIO_API bool sio__outgoing_is_reserved(enum sio__audience audience, sio_str event);

/* event, args, nargs and args_has. SIO_OK, SIO_EINVAL, SIO_ETOOBIG or SIO_ENOMEM. */
SIO_API sio_status sio__outgoing_event(struct sio__outgoing *o, enum sio__audience audience,
                                       sio_str event, const sio_args *args);

/* target_rooms: the rooms to join or leave, packed into `names` (initialised, empty), repeated
 * ones too, as the npm packages send them. SIO_OK, SIO_EINVAL, SIO_ETOOBIG or SIO_ENOMEM. */
SIO_API sio_status sio__outgoing_rooms(struct sio__outgoing *o, const sio_str *rooms, size_t count,
                                       struct sio__names *names);

/* value and args_has: the first of packed values in a row, which a client or a host gave as
 * its answer. None, or undefined, is no value. SIO_OK, or SIO_EINVAL: not packed. */
SIO_API sio_status sio__outgoing_value(struct sio__outgoing *o, sio_str packed);

/* A custom parser's half; see sio_parser_cb. */
typedef sio_status sio__parser_cb(sio_str in, sio_buf *out, void *user);

/* Put the custom parser's output in the place of the standard payload. SIO_OK, SIO_ENOMEM
 * or the parser's own failure. */
SIO_API sio_status sio__outgoing_recode(struct sio__outgoing *o, sio__parser_cb *parser, void *user,
                                        struct sio__frame *frame);

/* The last step: SIO_OK, or SIO_ETOOBIG for a payload over the bound. */
SIO_API sio_status sio__outgoing_size(struct sio__outgoing *o, const struct sio__frame *frame);

#endif
