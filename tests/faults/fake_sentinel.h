/* SPDX-License-Identifier: MIT */
/* A sentinel that says what a test has it say, and announces nothing. */
#ifndef SIO_TESTS_FAKE_SENTINEL_H
#define SIO_TESTS_FAKE_SENTINEL_H

#include <stdbool.h>

struct fake_sentinel;

struct fake_sentinel_opts {
    const char *password; /* wanted; NULL: none is */
    bool terse;           /* of all questions only where the master is may be asked */
    bool mute;            /* takes connections, and answers nothing */
};

/* opts: NULL for none of these. No master is known at first. */
struct fake_sentinel *fake_sentinel_new(const struct fake_sentinel_opts *opts);
int fake_sentinel_port(const struct fake_sentinel *fake);
/* From now on the master of every name is at 127.0.0.1 and this port; 0: of none. */
void fake_sentinel_name(struct fake_sentinel *fake, int port);
int fake_sentinel_asked(struct fake_sentinel *fake); /* where the master is: so many times */
void fake_sentinel_free(struct fake_sentinel *fake);

#endif
