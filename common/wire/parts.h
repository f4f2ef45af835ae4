/* SPDX-License-Identifier: MIT */
/* Parts that the received messages of every wire have: each is checked before it becomes a
 * part of the message. */
#ifndef SIO_COMMON_WIRE_PARTS_H
#define SIO_COMMON_WIRE_PARTS_H

#include "wire/fields.h"
#include "wire/wire.h"

/* A broadcast of nothing, until its parts are found. */
void sio__part_none(const struct sio__peer *peer, struct sio_message *out);

/* The next token of a value known to be whole; null at its end. */
sio_value sio__part_token(sio_cursor *cursor);

/* Whether it can name a room or an event: a string or, from JavaScript callers, a number. */
static inline bool sio__part_is_name(sio_type type)
{
    return type == SIO_STRING || type == SIO_UINT || type == SIO_INT || type == SIO_DOUBLE;
}

/* Whether it is an array of names. */
bool sio__part_is_names(sio_str packed);

/* An array of names; absent and null mean an empty one. */
bool sio__part_names(const struct sio__field *field, sio_str *out);

/* The fields of opts, {rooms, except, flags}, that are to be read, and what was read. */
enum { SIO__OPTS = 3 };
void sio__part_name_opts(struct sio__field fields[SIO__OPTS]);
bool sio__part_opts_of(const struct sio__field fields[SIO__OPTS], struct sio_message *out);
/* Both, of a field. */
bool sio__part_opts(const struct sio__field *field, struct sio_message *out);

/* [event, args...] */
bool sio__part_event(const struct sio__field *field, struct sio_message *out);

/* {type, data[, id]} of a broadcast, whose fields are these. */
bool sio__part_packet(const struct sio__field *type, const struct sio__field *data,
                      const struct sio__field *id, struct sio_message *out);

/* An array, of an answer. */
bool sio__part_list(const struct sio__field *field, struct sio_message *out);

/* Whether it is one value, whole, nested at most so deep. */
bool sio__part_is_whole(sio_str packed, unsigned max_depth);

/* A payload as one packed value: as it is, or transcoded into scratch (cleared first) if it is
 * JSON. That is told by its first byte, as Node does: a MessagePack map never starts with '{'.
 * What is large in the answers of servers is handshakes: the extents of what is in so many
 * others are noted on the way. SIO__DECODED, SIO__MALFORMED or SIO__DECODE_NOMEM. */
enum sio__verdict sio__part_payload(sio_str payload, unsigned max_depth, unsigned handshakes,
                                    sio_buf *scratch, sio_str *packed,
                                    struct sio__extents *extents);

#endif
