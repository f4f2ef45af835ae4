/* SPDX-License-Identifier: MIT */
/* What sio-emit's exit status means: one table for the program, --help and the man page. */
#ifndef SIO_CLI_EXIT_CODES_H
#define SIO_CLI_EXIT_CODES_H

#include <sio/status.h>

enum exit_code {
    EXIT_ACCEPTED = 0,
    EXIT_INTERNAL = 1,
    EXIT_USAGE = 2,
    EXIT_CONNECT = 3,
    EXIT_AUTH = 4,
    EXIT_REDIS = 5,
    EXIT_TIMEOUT = 6,
    EXIT_PARTIAL = 7,
    EXIT_TOOBIG = 8,
    EXIT_SIGNAL = 128 /* plus the signal's number */
};

struct exit_meaning {
    int code;
    const char *label; /* as documents write the code */
    const char *text;
};

extern const struct exit_meaning exit_meanings[];
extern const int exit_meaning_count;

/* The exit code for an emit that ended, or a call that failed, with this status. */
int exit_code_of(sio_status status);

#endif
