/* SPDX-License-Identifier: MIT */
/* Encode an operation without sending it: what `sio-emit --dry-run` shows. */
#ifndef SIO_EMITTER_PREVIEW_H
#define SIO_EMITTER_PREVIEW_H

#include <sio/buf.h>
#include <sio/emitter.h>

enum sio__op { SIO__OP_EMIT, SIO__OP_JOIN, SIO__OP_LEAVE, SIO__OP_DISCONNECT, SIO__OP_SERVER_EMIT };

/* The arguments of the public call of the same name. */
struct sio__call {
    enum sio__op op;
    const sio_target *to;
    sio_str event;
    const sio_args *args;
    const sio_str *rooms;
    size_t nrooms;
    bool close;
};

/* Append the channel and the payload that the call would publish. The emitter may have
 * been made with link NULL. Statuses as sio_emitter_emit(). */
SIO_API sio_status sio__emitter_encode(const sio_emitter *em, const struct sio__call *call,
                                       sio_buf *channel, sio_buf *payload);

/* Why the call would be refused, in a few words for people; NULL if it would not. Static. */
SIO_API const char *sio__emitter_why(const sio_emitter *em, const struct sio__call *call);

#endif
