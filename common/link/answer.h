/* SPDX-License-Identifier: MIT */
/* Whole answers, however nested, as a list of what they are made of: for the few questions
 * whose answers are read in full (where is the master, who has which slot). */
#ifndef SIO_COMMON_LINK_ANSWER_H
#define SIO_COMMON_LINK_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

enum sio__token_type {
    SIO__TOKEN_ARRAY, /* number: its elements, which follow, each with all that is in it */
    SIO__TOKEN_TEXT,
    SIO__TOKEN_STATUS,
    SIO__TOKEN_ERROR,
    SIO__TOKEN_INTEGER,
    SIO__TOKEN_NIL
};

struct sio__token {
    enum sio__token_type type;
    int64_t number;   /* INTEGER; ARRAY: elements; else the text's length */
    const char *text; /* terminated; NULL if it is none */
};

struct sio__listing {
    struct sio__token *tokens;
    size_t count;
    char *texts; /* what they point into */
};

SIO_API void sio__answer_fini(struct sio__listing *answer);

/* The index of the token behind this one and all that is in it. */
SIO_API size_t sio__answer_skip(const struct sio__listing *answer, size_t index);
/* Whether the token is text (or a status) and reads so. */
SIO_API bool sio__token_is(const struct sio__token *token, const char *text);
/* A number from 0 to max, also as text; -1: it is none. */
SIO_API int64_t sio__token_number(const struct sio__token *token, int64_t max);

struct sio__answer_reader;

/* max_bytes: of one answer; a longer one is an error. */
SIO_API struct sio__answer_reader *sio__answer_reader_new(size_t max_bytes);
SIO_API void sio__answer_reader_free(struct sio__answer_reader *reader); /* NULL allowed */

/* Take received bytes; *done: an answer is complete, and the caller's to fini(). Then call
 * again with len 0 until there is none: more than one may have come. SIO_OK, SIO_ENOMEM, or
 * SIO_EREDIS, see error(); after a failure only free() is of use. */
SIO_API sio_status sio__answer_feed(struct sio__answer_reader *reader, const char *bytes,
                                    size_t len, struct sio__listing *answer, bool *done);
SIO_API const char *sio__answer_reader_error(const struct sio__answer_reader *reader);

#endif
