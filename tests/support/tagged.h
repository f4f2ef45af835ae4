/* SPDX-License-Identifier: MIT */
/* Tagged JSON (tests/fixtures/vectors/README.md): plain JSON plus tags for what JSON
 * cannot hold, such as {"$bin":"00ff"} or {"$undef":true}. */
#ifndef SIO_TESTS_TAGGED_H
#define SIO_TESTS_TAGGED_H

#include <stdbool.h>

#include <sio/args.h>
#include <sio/value.h>

/* Add the tagged value at the cursor to args and step over it. False: the value cannot be
 * expressed in C (a function, toJSON, a typed array that Node truncates). */
bool tagged_add(sio_args *args, sio_cursor *cursor);

/* Append the value at the cursor as tagged JSON and step over it. False: not packed, or no
 * memory. What has no tag, another extension, is written as {"$ext":"its bytes in hex"}. */
bool tagged_write(sio_cursor *cursor, sio_buf *out);

/* The packed value of a field of the packed map; len 0: absent. */
sio_str tagged_field(sio_str packed_map, const char *name);

/* Its text; ptr NULL if it is absent or no string. */
sio_str tagged_text(sio_str packed_map, const char *name);

/* Whether the field is true. */
bool tagged_true(sio_str packed_map, const char *name);

/* Decode hex digits; returns the number of bytes. */
size_t tagged_hex(sio_str hex, unsigned char *out);

#endif
