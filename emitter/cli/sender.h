/* SPDX-License-Identifier: MIT */
/* Sends requests through the link (or shows them, with --dry-run), keeps the pace, and
 * waits: for room in the outbox, for input, for the answers. */
#ifndef SIO_CLI_SENDER_H
#define SIO_CLI_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/args.h>
#include <sio/emitter.h>
#include <sio/link.h>
#include <sio/target.h>

#include "emitter/preview.h"
#include "options.h"
#include "results.h"

enum operation { OP_EMIT, OP_JOIN, OP_LEAVE, OP_DISCONNECT, OP_SERVER_EMIT };

/* One call of the emitter's. */
struct request {
    enum operation op;
    sio_emitter *em;
    const sio_target *to;
    struct str_list rooms; /* joined or left */
    bool close;
    sio_str event;
    const sio_args *args;
};

/* The same as the library sees it. */
struct sio__call request_call(const struct request *request);

struct sender {
    const struct options *opts;
    sio_link *link; /* owned; NULL with --dry-run */
    sio_emitter_opts bounds;
    struct results results;
    uint64_t sent;    /* taken by the link, or shown */
    uint64_t refused; /* bad lines, and emits that were never taken */
    uint64_t unsent;  /* lines that were read before the end came, and not sent */
    uint64_t number;  /* of the emit that is being made: with lines, the line's */
    bool many;        /* more than one emit may come */
    bool reads_lines; /* and they come from stdin */
    bool stdout_failed;
    sio_buf printed; /* swapped with the results' lines */
    int64_t interval_ns, next_ns;
    int64_t started_ns, shown_ns; /* the progress line */
    bool progress, terminal;
};

/* false: out of descriptors, reported. */
bool sender_init(struct sender *sender, const struct options *opts);
void sender_fini(struct sender *sender);

/* Whether to read no more and begin no more: a signal, a refused password, a closed stdout. */
bool sender_stopped(const struct sender *sender);

/* Whether not to send what has been read, either: after a signal that happens when the time
 * for flushing is over, or when the pace would take it. */
bool sender_given_up(const struct sender *sender);

/* Send one, after waiting for its time and for room in the outbox. SIO_OK, SIO_ECLOSED if
 * the sender was stopped or gave up meanwhile, or why it was refused. */
sio_status sender_send(struct sender *sender, const struct request *request);

/* Say what is wrong with a request that was refused with this status. */
void sender_explain(const struct sender *sender, const struct request *request, sio_status status,
                    char *why, size_t whylen);

/* Wait until `fd` can be read (-1: none), something happened, or the time is over (-1: no
 * limit). Prints --json lines. true: fd can be read. */
bool sender_poll(struct sender *sender, int fd, int64_t timeout_ns);

/* Print the --json lines there are. */
void sender_print(struct sender *sender);

/* Wait until every emit has ended; after a signal no longer than --flush-timeout. *late:
 * the link has not kept its own deadline. */
void sender_wait(struct sender *sender, bool *late);

#endif
