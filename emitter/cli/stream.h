/* SPDX-License-Identifier: MIT */
/* The three shapes of work: one emit, the same one many times, one per line of stdin. */
#ifndef SIO_CLI_STREAM_H
#define SIO_CLI_STREAM_H

#include "sender.h"

/* Each returns when its work is sent or the sender was stopped: EXIT_ACCEPTED, or the exit
 * code of what ended it early, reported. Bad lines are reported and counted in the sender. */

int stream_repeat(struct sender *sender, const struct request *request);

/* -l: the line is the last argument, behind those of the request. */
int stream_lines(struct sender *sender, const struct request *request);

/* --lines-json: each line is a request of its own. */
int stream_records(struct sender *sender, const struct request *request);

#endif
