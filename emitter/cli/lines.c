/* SPDX-License-Identifier: MIT */
/* Splits what a descriptor gives into lines. */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)64 << 10)

void lines_init(struct lines *lines, int fd, char delimiter, size_t max)
{
    *lines = (struct lines){.fd = fd, .delimiter = delimiter, .max = max};
}

void lines_fini(struct lines *lines)
{
    free(lines->buf);
}

/* Drop the rest of a line that was too long, as far as it has been read. */
static void discard(struct lines *lines)
{
    char *at = lines->buf + lines->start;
    char *end = memchr(at, lines->delimiter, lines->end - lines->start);

    lines->start = end != NULL ? (size_t)(end + 1 - lines->buf) : lines->end;
    lines->scanned = lines->start;
    lines->discarding = end == NULL;
}

static enum lines_next too_long(struct lines *lines)
{
    lines->number++;
    lines->discarding = true;
    return LINES_TOO_LONG;
}

/* The line of `len` bytes at start, with `skip` bytes of delimiter behind it. */
static enum lines_next take(struct lines *lines, size_t len, size_t skip, sio_str *line)
{
    if (len > lines->max)
        return too_long(lines);
    *line = sio_str_of(lines->buf + lines->start, len);
    lines->start += len + skip;
    lines->scanned = lines->start;
    lines->number++;
    return LINES_LINE;
}

enum lines_next lines_next(struct lines *lines, sio_str *line)
{
    if (lines->discarding && lines->start < lines->end)
        discard(lines);
    if (lines->scanned < lines->end) {
        char *at = lines->buf + lines->scanned;
        char *end = memchr(at, lines->delimiter, lines->end - lines->scanned);
        if (end != NULL)
            return take(lines, (size_t)(end - lines->buf) - lines->start, 1, line);
        lines->scanned = lines->end;
    }
    if (lines->end - lines->start > lines->max)
        return too_long(lines);
    if (!lines->eof)
        return LINES_EMPTY;
    if (lines->start == lines->end)
        return LINES_END;
    return take(lines, lines->end - lines->start, 0, line);
}

/* Room for a block behind what is kept. */
static bool make_room(struct lines *lines)
{
    size_t kept = lines->end - lines->start;

    if (lines->start > 0) {
        memmove(lines->buf, lines->buf + lines->start, kept);
        lines->scanned -= lines->start;
        lines->start = 0;
        lines->end = kept;
    }
    if (lines->cap - lines->end >= BLOCK / 2)
        return true;
    size_t cap = lines->cap == 0 ? BLOCK : lines->cap * 2;
    char *buf = realloc(lines->buf, cap);
    if (buf == NULL)
        return false;
    lines->buf = buf;
    lines->cap = cap;
    return true;
}

enum lines_fill lines_fill(struct lines *lines)
{
    if (!make_room(lines))
        return LINES_NOMEM;
    ssize_t n = read(lines->fd, lines->buf + lines->end, lines->cap - lines->end);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? LINES_INTERRUPTED : LINES_FAILED;
    lines->eof = n == 0;
    lines->end += (size_t)n;
    return LINES_FILLED;
}

bool lines_has_part(const struct lines *lines)
{
    return lines->start < lines->end && !lines->discarding;
}
