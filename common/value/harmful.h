/* SPDX-License-Identifier: MIT */
/* Valid values that end a JavaScript process or connection on their way. */
#ifndef SIO_COMMON_VALUE_HARMFUL_H
#define SIO_COMMON_VALUE_HARMFUL_H

#include <stdbool.h>

#include <sio/export.h>
#include <sio/str.h>

/* Whether packed values in a row (scanned, at most SIO_MAX_DEPTH deep), sent to Socket.IO
 * clients in MessagePack by way of Node servers, would do harm:
 * - the key "__proto__" with a Date or binary: notepack.io makes that the object's prototype
 *   (value[key] = ...), and JSON.stringify() in the server throws when the inherited toJSON()
 *   meets an object that is no Date or Buffer;
 * - beside binary, an object whose "_placeholder" is true: the client takes it for one of the
 *   server's own, and disconnects if it has no such attachment (socket.io-parser 4.2). */
SIO_API bool sio__harms_javascript(sio_str packed, bool has_binary);

#endif
