/* SPDX-License-Identifier: MIT */
/* A session that is not let come back: its first end, good or bad, is the inquiry's. That is
 * told from a timer, when no handler of the session is under way any more. */
#include "link/inquiry.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/impl.h"
#include "link/session.h"

enum {
    READ_BYTES = 16 * 1024,
    MAX_ANSWER = 4 * 1024 * 1024 /* a cluster of a thousand nodes describes itself in 1 MiB */
};

struct sio__inquiry {
    struct sio__session session;
    struct sio__answer_reader *reader;
    struct sio__place place;
    sio_buf commands;
    unsigned asked, answered;
    struct sio__listing answers[SIO__INQUIRY_MAX];
    struct event *timer; /* the timeout; once it is over: now */
    bool over;
    sio_status status;
    char text[SIO__REASON_MAX];
    sio__inquiry_cb *cb;
    struct sio__inquiry **holder; /* who was given it; NULL there once it is over */
    void *arg;
};

sio_status sio__answers_read(struct sio__conn *conn, struct sio__answer_reader *reader,
                             sio__answers_cb *cb, void *arg)
{
    char bytes[READ_BYTES];
    bool done = true;
    size_t len;
    sio_status status = sio__conn_receive(conn, bytes, sizeof bytes, &len);

    if (status != SIO_OK || len == 0)
        return status;
    while (done) {
        struct sio__listing answer = {NULL, 0, NULL};
        bool wanted = true;

        status = sio__answer_feed(reader, bytes, len, &answer, &done);
        len = 0;
        if (status == SIO_EREDIS)
            snprintf(conn->text, sizeof conn->text, "not a Redis server's answer: %s",
                     sio__answer_reader_error(reader));
        else if (status == SIO_ENOMEM)
            snprintf(conn->text, sizeof conn->text, "out of memory");
        if (status != SIO_OK)
            return status;
        if (done)
            wanted = cb(arg, &answer);
        sio__answer_fini(&answer);
        if (!wanted)
            return SIO_ECLOSED;
    }
    return SIO_OK;
}

static struct sio__inquiry *of(const struct sio__session *session)
{
    return (struct sio__inquiry *)session; /* it comes first */
}

static void finish(struct sio__inquiry *inquiry, sio_status status, const char *text)
{
    static const struct timeval now = {0, 0};

    if (inquiry->over)
        return;
    inquiry->over = true;
    inquiry->status = status;
    snprintf(inquiry->text, sizeof inquiry->text, "%s", text);
    evtimer_add(inquiry->timer, &now);
}

/* -- the session -- */

static bool locate(struct sio__session *session, struct sio__place *place)
{
    *place = of(session)->place;
    return true;
}

static void on_connecting(struct sio__session *session)
{
    (void)session;
}

static void on_up(struct sio__session *session)
{
    struct sio__inquiry *inquiry = of(session);

    if (sio_buf_append(&session->conn.control, inquiry->commands.ptr, inquiry->commands.len) !=
        SIO_OK)
        finish(inquiry, SIO_ENOMEM, "out of memory");
}

static bool on_answered(void *arg, struct sio__listing *answer)
{
    struct sio__inquiry *inquiry = arg;

    if (inquiry->over || inquiry->answered == inquiry->asked)
        return false;
    inquiry->answers[inquiry->answered++] = *answer;
    *answer = (struct sio__listing){NULL, 0, NULL};
    if (inquiry->answered == inquiry->asked)
        finish(inquiry, SIO_OK, "");
    return true;
}

static sio_status on_read(struct sio__session *session)
{
    struct sio__inquiry *inquiry = of(session);
    sio_status status = sio__answers_read(&session->conn, inquiry->reader, on_answered, inquiry);

    if (status == SIO_ECLOSED)
        sio__session_drop(session, SIO_EREDIS, "an answer to nothing");
    return status;
}

static bool on_answer(struct sio__session *session, const struct sio__reply *reply)
{
    (void)reply;
    return sio__session_drop(session, SIO_EREDIS, "an answer to nothing");
}

static bool awaits(const struct sio__session *session)
{
    return !of(session)->over;
}

static void on_lost(struct sio__session *session)
{
    (void)session;
}

static void on_down(struct sio__session *session, bool was_up, sio_status status, const char *text,
                    uint32_t retry_in_ms)
{
    (void)was_up;
    (void)retry_in_ms;
    finish(of(session), status, text);
}

static const struct sio__session_ops ops = {.locate = locate,
                                            .connecting = on_connecting,
                                            .up = on_up,
                                            .read = on_read,
                                            .answer = on_answer,
                                            .awaits = awaits,
                                            .lost = on_lost,
                                            .down = on_down};

/* -- begin and end -- */

static void destroy(struct sio__inquiry *inquiry)
{
    sio__session_fini(&inquiry->session);
    sio__answer_reader_free(inquiry->reader);
    if (inquiry->timer != NULL)
        event_free(inquiry->timer);
    for (unsigned i = 0; i < inquiry->answered; i++)
        sio__answer_fini(&inquiry->answers[i]);
    sio_buf_fini(&inquiry->commands);
    free(inquiry);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct sio__inquiry *inquiry = arg;
    sio_link *link = inquiry->session.link;
    struct sio__listing answers[SIO__INQUIRY_MAX];
    char text[SIO__REASON_MAX];
    unsigned answered = inquiry->answered;
    sio_status status = inquiry->over ? inquiry->status : SIO_ECONN;
    sio__inquiry_cb *cb = inquiry->cb;
    void *cb_arg = inquiry->arg;

    (void)fd;
    (void)what;
    if (inquiry->over)
        snprintf(text, sizeof text, "%s", inquiry->text);
    else
        snprintf(text, sizeof text, "no answer in time (%.180s)", inquiry->session.peer);
    memcpy(answers, inquiry->answers, sizeof answers);
    inquiry->answered = 0;
    sio__link_enter(link);
    *inquiry->holder = NULL; /* first: a child may be forked in between */
    destroy(inquiry);
    cb(cb_arg, status, status == SIO_OK ? answers : NULL, text);
    for (unsigned i = 0; i < answered; i++)
        sio__answer_fini(&answers[i]);
    sio__link_service(link);
    sio__link_leave(link);
}

/* "CLUSTER SHARDS" as RESP. */
static sio_status write_command(sio_buf *out, const char *command)
{
    char head[24];
    unsigned words = 1;
    sio_status status;

    for (const char *at = command; *at != '\0'; at++)
        words += *at == ' ';
    snprintf(head, sizeof head, "*%u\r\n", words);
    status = sio_buf_append(out, head, strlen(head));
    while (words-- > 0 && status == SIO_OK) {
        size_t len = strcspn(command, " ");

        snprintf(head, sizeof head, "$%zu\r\n", len);
        status = sio_buf_append(out, head, strlen(head));
        if (status == SIO_OK)
            status = sio_buf_append(out, command, len);
        if (status == SIO_OK)
            status = sio_buf_append(out, "\r\n", 2);
        command += len + 1;
    }
    return status;
}

sio_status sio__inquiry_start(sio_link *link, const struct sio__inquiry_question *question,
                              sio__inquiry_cb *cb, void *arg, struct sio__inquiry **out)
{
    struct timeval after = {question->timeout_ms / 1000, question->timeout_ms % 1000 * 1000};
    struct sio__inquiry *inquiry = calloc(1, sizeof *inquiry);
    sio_status status;

    if (inquiry == NULL)
        return SIO_ENOMEM;
    sio__session_init(&inquiry->session, link, &ops);
    inquiry->session.greeting.any_role = true;
    inquiry->place = *question->place;
    inquiry->cb = cb;
    inquiry->arg = arg;
    inquiry->holder = out;
    sio_buf_init(&inquiry->commands);
    inquiry->reader = sio__answer_reader_new(MAX_ANSWER);
    inquiry->timer = evtimer_new(link->base, on_timer, inquiry);
    status = sio__session_make_timer(&inquiry->session);
    if (inquiry->reader == NULL || inquiry->timer == NULL)
        status = SIO_ENOMEM;
    while (status == SIO_OK && inquiry->asked < SIO__INQUIRY_MAX &&
           question->commands[inquiry->asked] != NULL)
        status = write_command(&inquiry->commands, question->commands[inquiry->asked++]);
    if (status == SIO_OK && evtimer_add(inquiry->timer, &after) < 0)
        status = SIO_ENOMEM;
    if (status != SIO_OK) {
        destroy(inquiry);
        return status;
    }
    *out = inquiry;
    sio__session_start(&inquiry->session);
    return SIO_OK;
}

void sio__inquiry_stop(struct sio__inquiry *inquiry)
{
    if (inquiry != NULL)
        destroy(inquiry);
}

void sio__inquiry_after_fork(struct sio__inquiry *inquiry)
{
    if (inquiry != NULL)
        sio__session_after_fork(&inquiry->session);
}
