/* SPDX-License-Identifier: MIT */
/* What an emitter would send, as a server would read it. */
#ifndef SIO_TESTS_WOULD_SEND_H
#define SIO_TESTS_WOULD_SEND_H

#include <sio/emitter.h>

#include "emitter/preview.h"
#include "wire/message.h"

struct bench {
    sio_emitter *em;
    sio_target *to;
    sio_args *args;
    sio_buf channel, payload, scratch;
    struct sio_message msg;
};

void bench_init(struct bench *b);
void bench_fini(struct bench *b);

/* The call's status. What it would send is decoded into b->msg, and the test fails unless
 * it is whole and what a server expects. */
sio_status would_send(struct bench *b, const struct sio__call *call);

/* The same for an emit of "e" with the bench's target and arguments. */
sio_status would_emit(struct bench *b);

#endif
