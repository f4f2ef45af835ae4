/* SPDX-License-Identifier: MIT */
/* Drives lines from stdin into the sender. */
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "exit_codes.h"
#include "lines.h"
#include "record.h"
#include "report.h"

#define WHY 256

/* Turns a line into a request; statuses as record_read()'s. A line may be none (`skip`). */
typedef sio_status line_reader(void *state, sio_str line, struct request *out, bool *skip,
                               char *why, size_t whylen);

int stream_repeat(struct sender *sender, const struct request *request)
{
    char why[WHY];
    int64_t left = sender->opts->repeat;

    while (left != 0 && !sender_stopped(sender)) {
        sender->number++;
        sio_status status = sender_send(sender, request);
        if (status == SIO_ECLOSED)
            break;
        if (status != SIO_OK) {
            /* What is wrong with this one is wrong with all. */
            sender_explain(sender, request, status, why, sizeof(why));
            results_refused(&sender->results, sender->number, status, why);
            sender_print(sender);
            sender->refused++;
            return report_exit(exit_code_of(status), "%s", why);
        }
        left -= left > 0;
    }
    return EXIT_ACCEPTED;
}

/* A bad line is named and skipped; with --strict it is the end. */
static int refuse_line(struct sender *sender, sio_status status, const char *why)
{
    sender->refused++;
    results_refused(&sender->results, sender->number, status, why);
    sender_print(sender);
    report("line %" PRIu64 " %s", sender->number, why);
    if (status == SIO_ENOMEM)
        return EXIT_INTERNAL;
    return sender->opts->strict ? EXIT_USAGE : EXIT_ACCEPTED;
}

static int take_line(struct sender *sender, line_reader *read, void *state, sio_str line)
{
    struct request request;
    char why[WHY], text[WHY - 16];
    bool skip = false;

    sio_status status = read(state, line, &request, &skip, why, sizeof(why));
    if (status != SIO_OK)
        return refuse_line(sender, status, why);
    if (skip)
        return EXIT_ACCEPTED;
    status = sender_send(sender, &request);
    sender->unsent += status == SIO_ECLOSED;
    if (status == SIO_OK || status == SIO_ECLOSED)
        return EXIT_ACCEPTED;
    sender_explain(sender, &request, status, text, sizeof(text));
    snprintf(why, sizeof(why), "is refused: %s", text);
    return refuse_line(sender, status, why);
}

static int fill_lines(struct sender *sender, struct lines *lines)
{
    if (!sender_poll(sender, lines->fd, -1))
        return EXIT_ACCEPTED;
    switch (lines_fill(lines)) {
    case LINES_FILLED:
    case LINES_INTERRUPTED:
        return EXIT_ACCEPTED;
    case LINES_FAILED:
        return report_exit(EXIT_USAGE, "cannot read standard input: %s", strerror(errno));
    case LINES_NOMEM:
        break;
    }
    return report_exit(EXIT_INTERNAL, "out of memory");
}

static int refuse_long_line(struct sender *sender)
{
    char why[WHY];

    snprintf(why, sizeof(why), "is longer than %" PRId64 " bytes (--max-line)",
             sender->opts->max_line);
    return refuse_line(sender, SIO_ETOOBIG, why);
}

/* The end has come early: send what has been read already, or count it. */
static int finish_lines(struct sender *sender, struct lines *lines, line_reader *read, void *state)
{
    enum lines_next next;
    sio_str line;
    int code = EXIT_ACCEPTED;

    while (code == EXIT_ACCEPTED && (next = lines_next(lines, &line)) != LINES_END &&
           next != LINES_EMPTY) {
        sender->number = lines->number;
        if (next == LINES_TOO_LONG)
            code = refuse_long_line(sender);
        else if (sender_given_up(sender))
            sender->unsent++;
        else
            code = take_line(sender, read, state, line);
    }
    sender->unsent += lines_has_part(lines);
    return code;
}

static int each_line(struct sender *sender, line_reader *read, void *state)
{
    const struct options *opts = sender->opts;
    int delimiter = opts->null_lines ? '\0' : opts->delimiter >= 0 ? opts->delimiter : '\n';
    struct lines lines;
    sio_str line;
    int code = EXIT_ACCEPTED;

    lines_init(&lines, STDIN_FILENO, (char)delimiter, (size_t)opts->max_line);
    while (code == EXIT_ACCEPTED && !sender_stopped(sender)) {
        enum lines_next next = lines_next(&lines, &line);
        if (next == LINES_END)
            break;
        sender->number = lines.number;
        if (next == LINES_EMPTY) {
            code = fill_lines(sender, &lines);
        } else if (next == LINES_LINE) {
            code = take_line(sender, read, state, line);
        } else {
            code = refuse_long_line(sender);
        }
    }
    if (code == EXIT_ACCEPTED && sender_stopped(sender))
        code = finish_lines(sender, &lines, read, state);
    lines_fini(&lines);
    return code;
}

/* ---- -l ---- */

struct line_state {
    struct request base;
    sio_args *args;
    bool text;
};

static sio_status read_line(void *user, sio_str line, struct request *out, bool *skip, char *why,
                            size_t whylen)
{
    struct line_state *state = user;
    sio_str first = sio_args_packed(state->base.args);
    sio_status status = SIO_OK;

    (void)skip;
    *out = state->base;
    out->args = state->args;
    sio_args_clear(state->args);
    if (first.len > 0)
        status = sio_args_msgpack(state->args, first);
    if (status != SIO_OK)
        snprintf(why, whylen, "could not be taken: %s", sio_status_text(status));
    else
        status = state->text ? text_add(state->args, line, why, whylen)
                             : word_add(state->args, line, why, whylen);
    return status;
}

int stream_lines(struct sender *sender, const struct request *request)
{
    struct line_state state = {.base = *request, .text = sender->opts->text};

    if (sio_args_new(&state.args) != SIO_OK)
        return report_exit(EXIT_INTERNAL, "out of memory");
    int code = each_line(sender, read_line, &state);
    sio_args_free(state.args);
    return code;
}

/* ---- --lines-json ---- */

static bool is_blank(sio_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (strchr(" \t\r\n", line.ptr[i]) == NULL || line.ptr[i] == '\0')
            return false;
    }
    return true;
}

static sio_status read_record(void *user, sio_str line, struct request *out, bool *skip, char *why,
                              size_t whylen)
{
    *skip = is_blank(line);
    return *skip ? SIO_OK : record_read(user, line, out, why, whylen);
}

int stream_records(struct sender *sender, const struct request *request)
{
    struct record_reader reader;
    int code;

    if (record_init(&reader, request, sender) != SIO_OK)
        code = report_exit(EXIT_INTERNAL, "out of memory");
    else
        code = each_line(sender, read_record, &reader);
    record_fini(&reader);
    return code;
}
