/* SPDX-License-Identifier: MIT */
/** @file sio/args.h
 *  The arguments of an event: built value by value, from JSON text, from packed
 *  MessagePack, or mixed. Build once, send as often as you like.
 *
 *  Each call adds one value where the builder stands: at the top level an
 *  argument, in an open array an element, in an open map the value of the key
 *  just given. A call that fails changes nothing that would be sent, but the
 *  builder remembers the first failure and emit refuses it until
 *  sio_args_clear(): calls need not be checked one by one.
 *  Threads: one at a time while building; any number may emit a finished one. */
#ifndef SIO_ARGS_H
#define SIO_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>
#include <sio/value.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Arguments being built, or finished. */
typedef struct sio_args sio_args;

/** @param out  Yours to sio_args_free(). @return SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio_args_new(sio_args **out);
SIO_API void sio_args_free(sio_args *args); /**< NULL allowed */

/** No arguments and no failure; the memory is kept for the next round. */
SIO_API void sio_args_clear(sio_args *args);

/** @return The first failure since the last clear; SIO_EINVAL too while an
 *          array or map is open; SIO_OK when the arguments may be sent. */
SIO_API sio_status sio_args_status(const sio_args *args);

/** @return How many arguments (values at the top level) there are. */
SIO_API size_t sio_args_count(const sio_args *args);

/** @return The arguments' packed values, one after the other, borrowed until the
 *          next change. Empty while sio_args_status() is not SIO_OK. */
SIO_API sio_str sio_args_packed(const sio_args *args);

/** @name Scalars
 *  @return SIO_OK, SIO_ENOMEM, or SIO_EINVAL: text is not UTF-8, a key is due,
 *  or an earlier call failed. Bytes are copied. Lone surrogates in three bytes
 *  (WTF-8) are let through; the classic wire sends them as U+FFFD. @{ */
SIO_API sio_status sio_args_string(sio_args *args, sio_str text);    /**< UTF-8 */
SIO_API sio_status sio_args_int(sio_args *args, int64_t number);     /**< An integer. */
SIO_API sio_status sio_args_uint(sio_args *args, uint64_t number);   /**< An integer. */
/** An integral double goes as an integer, as JavaScript has no other kind. */
SIO_API sio_status sio_args_double(sio_args *args, double number);
SIO_API sio_status sio_args_bool(sio_args *args, bool flag); /**< true or false */
SIO_API sio_status sio_args_null(sio_args *args);            /**< null */
/** undefined: null for the receiver; as a map's value, the key is left out. */
SIO_API sio_status sio_args_undefined(sio_args *args);
/** Binary: a Buffer in Node, an ArrayBuffer in a browser. */
SIO_API sio_status sio_args_binary(sio_args *args, const void *bytes, size_t len);
/** A Date.
 *  @param args  the builder
 *  @param ms    milliseconds since 1970-01-01T00:00:00Z, may be negative; beyond
 *               +-8.64e15 JavaScript has no date, and receivers see null */
SIO_API sio_status sio_args_date(sio_args *args, int64_t ms);
/** @} */

/** @name Containers
 *  Open one, add its values (in a map each behind its key), close it. At most
 *  SIO_MAX_DEPTH may be open.
 *  @return SIO_OK, SIO_ENOMEM, or SIO_EINVAL: nested too deep, nothing of the
 *  kind is open, a key without its value, a key where none belongs. @{ */
SIO_API sio_status sio_args_array_begin(sio_args *args);      /**< Open an array. */
SIO_API sio_status sio_args_array_end(sio_args *args);        /**< Close it. */
SIO_API sio_status sio_args_map_begin(sio_args *args);        /**< Open a map. */
SIO_API sio_status sio_args_key(sio_args *args, sio_str key); /**< The next value's key, UTF-8. */
SIO_API sio_status sio_args_map_end(sio_args *args);          /**< Close the map. */
/** @} */

/** Add the value of a JSON text; see sio_json_read().
 *  @param args  the builder
 *  @param text  one JSON text
 *  @param err   where the text was refused; NULL allowed
 *  @return SIO_OK, SIO_EINVAL or SIO_ENOMEM. */
SIO_API sio_status sio_args_json(sio_args *args, sio_str text, sio_json_error *err);

/** Add packed MessagePack values, one or more in a row. Numbers are brought to
 *  the form that notepack.io writes, the old codec's extensions to today's.
 *  @return SIO_OK, SIO_ENOMEM, or SIO_EINVAL: cut or trailing bytes, the byte
 *  c1, an unknown extension, a map key that is no string, text that is not
 *  UTF-8, nested deeper than SIO_MAX_DEPTH, or not exactly one value where a
 *  key waits for its own. */
SIO_API sio_status sio_args_msgpack(sio_args *args, sio_str packed);

#ifdef __cplusplus
}
#endif

#endif
