/* SPDX-License-Identifier: MIT */
/* What became of the emits. The link's thread adds to it, the main thread reads it. */
#ifndef SIO_CLI_RESULTS_H
#define SIO_CLI_RESULTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/emitter.h>
#include <sio/link.h>
#include <sio/status.h>

#define RESULT_TEXT 896 /* the error, the channel, and the right that is missing */

struct results {
    int wake_fd; /* an eventfd: something for the main thread to look at */
    bool json;
    int64_t min_receivers;

    /* Written by the link's thread only. */
    atomic_uint_fast64_t accepted, failed;
    atomic_uint_fast64_t ended; /* the two together, after all else of an emit is stored */
    uint64_t too_few;           /* accepted, but reached fewer than min_receivers servers */
    int64_t fewest, most;       /* servers reached by one emit; read them when all have ended */
    sio_status first_status;    /* of the first failure, or SIO_OK */
    char first_text[RESULT_TEXT];

    atomic_uint_fast64_t awaited; /* wake the main thread when so many have ended */

    /* Nothing will get better: Redis refuses the password. */
    atomic_bool fatal;
    char fatal_text[RESULT_TEXT]; /* written once, before `fatal` */

    /* --json: lines that the main thread has to print. */
    pthread_mutex_t lock;
    sio_buf lines;
    bool lines_lost; /* no memory for one of them */
};

/* false: no descriptor, reported. */
bool results_init(struct results *results, bool json, int64_t min_receivers);
void results_fini(struct results *results);

/* The completion to give to the emitter, and its user pointer: one for this emit with --json,
 * else the same for all. false: no memory. results_forget() when the emit was refused. */
bool results_expect(struct results *results, uint64_t number, sio_emit_cb **done, void **user);
void results_forget(struct results *results, void *user);

/* --json: add a line for an emit that was never made. */
void results_refused(struct results *results, uint64_t number, sio_status status, const char *text);

/* Print the lines there are. Main thread. false: stdout cannot be written. */
bool results_print(struct results *results, sio_buf *spare);

/* The link's state callback, with the results as its user. */
sio_link_state_cb results_on_state;

#endif
