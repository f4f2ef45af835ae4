/* SPDX-License-Identifier: MIT */
/* INT, TERM and HUP: the first asks the program to come to an end, the second ends it. */
#ifndef SIO_CLI_SIGNALS_H
#define SIO_CLI_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

/* Take the signals, except those that the parent had ignored (nohup, background jobs), and
 * ignore SIGPIPE. They end the program at once, with 128 plus their number, until
 * signals_defer(). */
void signals_init(void);

/* From now on the first signal is remembered and makes wake_fd readable. */
void signals_defer(int wake_fd);

/* The signal that came, or 0. */
int signals_caught(void);

/* When it came, in nanoseconds of the monotonic clock; only after one has come. */
int64_t signals_caught_ns(void);

/* Block them around the making of threads, which inherit that: handlers run on this one. */
void signals_block(bool block);

#endif
