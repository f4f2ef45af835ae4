/* SPDX-License-Identifier: MIT */
/* From the words of a command line to the arguments of an event. */
#ifndef SIO_CLI_ARGS_H
#define SIO_CLI_ARGS_H

#include <stdbool.h>

#include <sio/args.h>
#include <sio/str.h>

#include "options.h"

enum word_kind {
    WORD_JSON,    /* exactly a JSON number, true, false or null */
    WORD_MUST_BE, /* begins with { [ or ": JSON, or refused */
    WORD_STRING
};

/* The argument rule. */
enum word_kind word_classify(sio_str word);

/* Add one word or line by the argument rule. On failure `why` (of `whylen` bytes) says what
 * is wrong, as in "is not valid JSON at column 3: ...". SIO_OK, SIO_EINVAL or SIO_ENOMEM. */
sio_status word_add(sio_args *args, sio_str word, char *why, size_t whylen);

/* The same, but always as a string. */
sio_status text_add(sio_args *args, sio_str text, char *why, size_t whylen);

/* The command line's arguments. Standard input may have to wait until there is a connection,
 * so they come in two parts around it. */
struct event_args {
    sio_args *before, *after; /* around standard input, if that is one of them */
    const struct arg *input;  /* the argument that is read from stdin, or NULL */
};

/* Everything but stdin. 0, or the exit code after a report. Free in any case. */
int event_args_init(struct event_args *args, const struct arg_list *list, size_t max_bytes);

/* Read stdin if an argument is. All arguments are in `before` then. 0, or the exit code. */
int event_args_finish(struct event_args *args, size_t max_bytes);

void event_args_free(struct event_args *args);

#endif
