/* SPDX-License-Identifier: MIT */
/* One emitter operation before it is encoded, and the emitter's insides. */
#ifndef SIO_EMITTER_CALL_H
#define SIO_EMITTER_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include <sio/emitter.h>

#include "emitter/preview.h"
#include "wire/outgoing.h"
#include "wire/wire.h"

enum { SIO__SPARES = 8 };

struct sio_emitter {
    sio_link *link;
    sio_emitter_opts opts;     /* its strings are not used: see peer */
    struct sio__bounds bounds; /* those of opts */
    struct sio__peer peer;     /* key and nsp are views of `names` */
    char *names;
    const struct sio__wire *wire;
    atomic_uint refs; /* the owner's, and one per completion still to come */

    /* Memory for frames too large for the stack, kept from emit to emit. */
    pthread_mutex_t spares_lock;
    sio_buf spares[SIO__SPARES];
};

/* Check a call against the emitter's bounds and the rules that keep Node peers alive,
 * then append channel and payload to an empty frame. Statuses as sio_emitter_emit(). */
sio_status sio__emitter_frame(const sio_emitter *em, const struct sio__call *call,
                              struct sio__frame *frame);

/* A guess of a frame's size; it grows if that was too small. */
size_t sio__emitter_guess(const struct sio__call *call);

#endif
