/* SPDX-License-Identifier: MIT */
/* Lines from a descriptor: read in large blocks, split with memchr, in memory that a
 * bound on the line limits whatever the input's length. */
#ifndef SIO_CLI_LINES_H
#define SIO_CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/str.h>

struct lines {
    int fd;
    char delimiter;
    size_t max; /* bytes of the longest line accepted */
    char *buf;
    size_t cap, start, scanned, end; /* start <= scanned <= end <= cap */
    uint64_t number;                 /* of the line that came last, from 1 */
    bool discarding;                 /* inside a line that was too long */
    bool eof;
};

enum lines_next {
    LINES_LINE,     /* a line, without its delimiter, valid until lines_fill() */
    LINES_TOO_LONG, /* told once for a line over the bound; the rest of it is skipped */
    LINES_EMPTY,    /* more has to be read first */
    LINES_END
};

enum lines_fill { LINES_FILLED, LINES_INTERRUPTED, LINES_FAILED /* errno */, LINES_NOMEM };

void lines_init(struct lines *lines, int fd, char delimiter, size_t max);
void lines_fini(struct lines *lines);

enum lines_next lines_next(struct lines *lines, sio_str *line);

/* One read(2), after lines_next() said LINES_EMPTY. The end of the input is LINES_FILLED. */
enum lines_fill lines_fill(struct lines *lines);

/* Whether the beginning of a line has been read, and not its end. */
bool lines_has_part(const struct lines *lines);

#endif
