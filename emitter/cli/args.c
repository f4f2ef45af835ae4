/* SPDX-License-Identifier: MIT */
/* The argument rule, and the event's arguments in the order of the command line. */
#include "args.h"

#include <stdio.h>
#include <string.h>

#include "exit_codes.h"
#include "file.h"
#include "report.h"

static size_t digits(sio_str word, size_t at)
{
    size_t start = at;
    while (at < word.len && word.ptr[at] >= '0' && word.ptr[at] <= '9')
        at++;
    return at - start;
}

/* RFC 8259's number, nothing before or behind it. */
static bool is_number(sio_str word)
{
    size_t at = 0, n;

    if (at < word.len && word.ptr[at] == '-')
        at++;
    n = digits(word, at);
    if (n == 0 || (n > 1 && word.ptr[at] == '0'))
        return false;
    at += n;
    if (at < word.len && word.ptr[at] == '.') {
        n = digits(word, ++at);
        if (n == 0)
            return false;
        at += n;
    }
    if (at < word.len && (word.ptr[at] == 'e' || word.ptr[at] == 'E')) {
        at++;
        if (at < word.len && (word.ptr[at] == '+' || word.ptr[at] == '-'))
            at++;
        n = digits(word, at);
        if (n == 0)
            return false;
        at += n;
    }
    return at == word.len;
}

enum word_kind word_classify(sio_str word)
{
    if (word.len == 0)
        return WORD_STRING;
    if (word.ptr[0] == '{' || word.ptr[0] == '[' || word.ptr[0] == '"')
        return WORD_MUST_BE;
    if (sio_str_eq(word, SIO_STR("true")) || sio_str_eq(word, SIO_STR("false")) ||
        sio_str_eq(word, SIO_STR("null")) || is_number(word))
        return WORD_JSON;
    return WORD_STRING;
}

static sio_status json_add(sio_args *args, sio_str text, char *why, size_t whylen)
{
    sio_json_error err;
    sio_status status = sio_args_json(args, text, &err);

    if (status != SIO_EINVAL || err.what == NULL)
        snprintf(why, whylen, "could not be taken: %s", sio_status_text(status));
    else if (err.line > 1)
        snprintf(why, whylen, "is not valid JSON at line %u, column %u (byte %zu): %s", err.line,
                 err.column, err.offset, err.what);
    else
        snprintf(why, whylen, "is not valid JSON at column %u: %s", err.column, err.what);
    return status;
}

sio_status text_add(sio_args *args, sio_str text, char *why, size_t whylen)
{
    sio_status status = sio_args_string(args, text);

    if (status == SIO_EINVAL)
        snprintf(why, whylen, "is not UTF-8; send other bytes with -b FILE");
    else
        snprintf(why, whylen, "could not be taken: %s", sio_status_text(status));
    return status;
}

sio_status word_add(sio_args *args, sio_str word, char *why, size_t whylen)
{
    if (word_classify(word) == WORD_STRING)
        return text_add(args, word, why, whylen);
    return json_add(args, word, why, whylen);
}

static const char *option_of(enum arg_kind kind)
{
    switch (kind) {
    case ARG_STRING:
        return "--string";
    case ARG_JSON:
        return "--json-arg";
    case ARG_FILE:
        return "-f";
    case ARG_BINARY:
        return "-b";
    case ARG_STDIN:
        return "-x";
    case ARG_WORD:
        break;
    }
    return "ARG";
}

static bool reads_stdin(const struct arg *arg)
{
    return arg->kind == ARG_STDIN ||
           ((arg->kind == ARG_FILE || arg->kind == ARG_BINARY) && strcmp(arg->text, "-") == 0);
}

static int file_add(sio_args *args, const struct arg *arg, size_t max_bytes, char *why,
                    size_t whylen)
{
    sio_buf buf;
    sio_status status = SIO_OK;

    sio_buf_init(&buf);
    int code =
        file_read(arg->kind == ARG_STDIN ? "-" : arg->text, option_of(arg->kind), max_bytes, &buf);
    if (code == EXIT_ACCEPTED && arg->kind == ARG_BINARY)
        status = sio_args_binary(args, buf.ptr, buf.len);
    else if (code == EXIT_ACCEPTED)
        status = text_add(args, sio_buf_str(&buf), why, whylen);
    sio_buf_fini(&buf);
    if (status != SIO_OK)
        code = report_exit(exit_code_of(status), "%s: the content %s", option_of(arg->kind),
                           status == SIO_EINVAL ? why : sio_status_text(status));
    return code;
}

static int arg_add(sio_args *args, const struct arg *arg, size_t number, size_t max_bytes)
{
    char why[200];
    sio_status status = SIO_OK;

    switch (arg->kind) {
    case ARG_WORD:
        status = word_add(args, sio_str_c(arg->text), why, sizeof(why));
        break;
    case ARG_STRING:
        status = text_add(args, sio_str_c(arg->text), why, sizeof(why));
        break;
    case ARG_JSON:
        status = json_add(args, sio_str_c(arg->text), why, sizeof(why));
        break;
    case ARG_FILE:
    case ARG_BINARY:
    case ARG_STDIN:
        return file_add(args, arg, max_bytes, why, sizeof(why));
    }
    if (status == SIO_OK)
        return EXIT_ACCEPTED;
    bool json = arg->kind == ARG_WORD && word_classify(sio_str_c(arg->text)) == WORD_MUST_BE;
    return report_exit(exit_code_of(status), "argument %zu %s%s", number, why,
                       json ? "; to send it as text put --string before it" : "");
}

int event_args_init(struct event_args *args, const struct arg_list *list, size_t max_bytes)
{
    *args = (struct event_args){NULL, NULL, NULL};
    if (sio_args_new(&args->before) != SIO_OK || sio_args_new(&args->after) != SIO_OK)
        return report_exit(EXIT_INTERNAL, "out of memory");
    for (size_t i = 0; i < list->count; i++) {
        const struct arg *arg = &list->items[i];
        if (reads_stdin(arg)) {
            args->input = arg;
            continue;
        }
        int code = arg_add(args->input == NULL ? args->before : args->after, arg, i + 1, max_bytes);
        if (code != EXIT_ACCEPTED)
            return code;
    }
    return EXIT_ACCEPTED;
}

int event_args_finish(struct event_args *args, size_t max_bytes)
{
    if (args->input == NULL)
        return EXIT_ACCEPTED;
    int code = arg_add(args->before, args->input, 0, max_bytes);
    if (code != EXIT_ACCEPTED)
        return code;
    args->input = NULL;
    sio_str rest = sio_args_packed(args->after);
    if (rest.len > 0 && sio_args_msgpack(args->before, rest) != SIO_OK)
        return report_exit(EXIT_INTERNAL, "out of memory");
    return EXIT_ACCEPTED;
}

void event_args_free(struct event_args *args)
{
    sio_args_free(args->before);
    sio_args_free(args->after);
}
