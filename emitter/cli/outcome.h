/* SPDX-License-Identifier: MIT */
/* The last word: what was reached or not, and the exit code. */
#ifndef SIO_CLI_OUTCOME_H
#define SIO_CLI_OUTCOME_H

#include "sender.h"

/* Wait for the answers, close the link, report. `code` is what ended the work, already
 * reported, or EXIT_ACCEPTED. */
int outcome(struct sender *sender, int code);

#endif
