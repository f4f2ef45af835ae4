/* SPDX-License-Identifier: MIT */
/* Named fields of a packed map, found in one pass. */
#ifndef SIO_COMMON_WIRE_FIELDS_H
#define SIO_COMMON_WIRE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/value.h>

/* A field wanted: its name, and the packed value found (len 0: absent). */
struct sio__field {
    sio_str name;
    sio_str packed;
};

/* Read a map at the cursor and note the wanted fields; unknown ones are skipped, of a
 * repeated one the last counts, as in a JavaScript object. SIO_OK (the cursor stands
 * behind the map) or SIO_EINVAL (no map, or cut). */
SIO_API sio_status sio__fields_read(sio_cursor *cursor, struct sio__field *fields, size_t count);

/* The same of bytes known to be one whole value: SIO_EINVAL if that is no map. */
SIO_API sio_status sio__fields_of(sio_str whole, struct sio__field *fields, size_t count);

/* The token at the start of a field; false if the field is absent. */
SIO_API bool sio__field_token(const struct sio__field *field, sio_value *out);

/* Whether a field is absent or null, which readers treat alike. */
bool sio__field_nothing(const struct sio__field *field);

/* A field's text: false if it is absent or no string. */
SIO_API bool sio__field_text(const struct sio__field *field, sio_str *out);

/* A field's non-negative integer, as a double too if integral: false if it is none. */
SIO_API bool sio__field_number(const struct sio__field *field, uint64_t *out);

/* JavaScript's truth of a boolean field; absent or of another type: false. */
SIO_API bool sio__field_true(const struct sio__field *field);

#endif
