/* SPDX-License-Identifier: MIT */
/* sio-node's stdout: JSON, line by line, each written completely. */
#include "sio_node.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tagged.h"
#include "value/json.h"

void put_text(sio_buf *out, const char *text)
{
    node_must(sio_buf_append(out, text, strlen(text)));
}

void put_number(sio_buf *out, int64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, number);
    put_text(out, text);
}

void put_string(sio_buf *out, sio_str text)
{
    node_must(sio__json_string(text, out));
}

void put_row(sio_buf *out, sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_buf row;
    bool ok = true;
    sio_buf_init(&row);
    while (ok && !sio_cursor_done(&c)) {
        if (row.len > 0)
            put_text(&row, ",");
        ok = tagged_write(&c, &row);
    }
    if (ok)
        node_must(sio_buf_append(out, row.ptr, row.len));
    else
        put_text(out, "null"); /* no packed values: whoever sent them must not end us */
    sio_buf_fini(&row);
}

void put_tagged(sio_buf *out, sio_str packed)
{
    if (packed.len == 0)
        put_text(out, "{\"$undef\":true}");
    else
        put_row(out, packed);
}

void node_send(struct node *node, sio_buf *line)
{
    put_text(line, "\n");
    node_must(sio_buf_append(&node->out, line->ptr, line->len));
    sio_buf_fini(line);
    event_active(node->writing, EV_TIMEOUT, 0); /* many lines, one write */
}

bool node_flush(struct node *node)
{
    size_t done = 0;
    while (done < node->out.len) {
        ssize_t n = write(STDOUT_FILENO, node->out.ptr + done, node->out.len - done);
        struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            (void)poll(&room, 1, -1);
        else if (errno != EINTR)
            return false;
    }
    sio_buf_clear(&node->out);
    return true;
}

void call_free(struct call *call)
{
    sio_buf_fini(&call->packed);
    sio_buf_fini(&call->id);
    sio_buf_fini(&call->responses);
    free(call);
}

static void begin(const struct call *call, sio_buf *line, bool ok)
{
    sio_buf_init(line);
    put_text(line, "{\"id\":");
    node_must(sio_buf_append(line, call->id.ptr, call->id.len));
    put_text(line, ok ? ",\"ok\":true" : ",\"ok\":false,\"error\":");
}

static void put_result(sio_buf *line, sio_str result)
{
    put_text(line, ",\"result\":");
    if (result.len == 0)
        put_text(line, "null");
    else
        node_must(sio_buf_append(line, result.ptr, result.len));
}

void call_ok(struct call *call, sio_str result)
{
    sio_buf line;
    begin(call, &line, true);
    put_result(&line, result);
    put_text(&line, "}");
    node_send(call->node, &line);
    call_free(call);
}

static void put_error(sio_buf *line, sio_status status, const char *error)
{
    put_string(line, sio_str_c(error));
    put_text(line, ",\"status\":\"");
    put_text(line, sio_status_name(status));
    put_text(line, "\"");
}

void call_fail(struct call *call, sio_status status, const char *error)
{
    sio_buf line;
    begin(call, &line, false);
    put_error(&line, status, error != NULL ? error : sio_status_text(status));
    put_text(&line, "}");
    node_send(call->node, &line);
    call_free(call);
}

void call_answer(struct call *call, const sio_answers *answers, bool ok, sio_str result)
{
    sio_buf line;
    ok = ok || answers->status == SIO_OK;
    begin(call, &line, ok);
    if (!ok)
        put_error(&line, answers->status, answers->text);
    else if (answers->text[0] != '\0') {
        put_text(&line, ",\"text\":");
        put_string(&line, sio_str_c(answers->text));
    }
    put_text(&line, ",\"answered\":");
    put_number(&line, answers->answered);
    put_text(&line, ",\"expected\":");
    put_number(&line, answers->expected);
    put_result(&line, result);
    put_text(&line, "}");
    node_send(call->node, &line);
    call_free(call);
}
