/* SPDX-License-Identifier: MIT */
/* A subscribed connection takes no other commands in RESP2: to be asked it is unsubscribed,
 * and subscribed again behind the questions, all in one write. What is announced before
 * is in the answers, and what is announced after is heard. */
#include "link/sentinel_peer.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/errors.h"
#include "link/inquiry.h"

enum { MAX_ANSWER = 256 * 1024 /* a sentinel describes another in 500 bytes */ };

/* The sentinel that leads a failover knows the new master, and says so when it is asked, from
 * +promoted-slave on. +switch-master comes at the end, and is what all of them announce. */
#define SWITCH   "$14\r\n+switch-master\r\n"
#define PROMOTED "$15\r\n+promoted-slave\r\n"
static const char unsubscribe[] = "*3\r\n$11\r\nUNSUBSCRIBE\r\n" SWITCH PROMOTED;
static const char subscribe[] =
    "*2\r\n$9\r\nSUBSCRIBE\r\n" SWITCH "*2\r\n$9\r\nSUBSCRIBE\r\n" PROMOTED;

static struct sio__sentinel_peer *of(const struct sio__session *session)
{
    return (struct sio__sentinel_peer *)session; /* it comes first */
}

static void settle(struct sio__sentinel_peer *peer)
{
    if (peer->settled)
        return;
    peer->settled = true;
    sio__sentinels_settled(peer->sentinels);
}

static void fail(struct sio__sentinel_peer *peer, sio_status status, const char *text)
{
    peer->view.valid = false;
    peer->status = status;
    snprintf(peer->text, sizeof peer->text, "%s", text);
}

/* -- what is sent -- */

static bool append_question(struct sio__sentinel_peer *peer)
{
    const sio_buf *question = sio__sentinels_question(peer->sentinels);
    sio_buf *out = &peer->session.conn.control;
    size_t before = out->len;
    sio_status status = SIO_OK;

    if (peer->subscribed)
        status = sio_buf_append(out, unsubscribe, sizeof unsubscribe - 1);
    if (status == SIO_OK)
        status = sio_buf_append(out, question->ptr, question->len);
    if (status == SIO_OK)
        status = sio_buf_append(out, subscribe, sizeof subscribe - 1);
    if (status != SIO_OK) {
        out->len = before;
        return false;
    }
    peer->step = peer->subscribed ? SIO__SENTINEL_UNSUBSCRIBE : SIO__SENTINEL_ADDRESS;
    peer->asked_ms = sio__now_ms();
    return true;
}

static void ask_on_connection(struct sio__sentinel_peer *peer, uint32_t now_ms)
{
    struct sio__session *session = &peer->session;
    unsigned limit_ms = session->link->config.command_timeout_ms;
    char text[64];

    if (peer->step == SIO__SENTINEL_IDLE) {
        if (!append_question(peer))
            sio__session_lose(session, SIO_ENOMEM, "out of memory");
        else if (sio__conn_write(&session->conn, NULL) != SIO_OK)
            sio__session_write_failed(session);
    } else if (now_ms - peer->asked_ms >= limit_ms) {
        snprintf(text, sizeof text, "no answer for %u ms", limit_ms);
        sio__session_lose(session, SIO_ECONN, text);
    }
}

void sio__sentinel_peer_ask(struct sio__sentinel_peer *peer, uint32_t now_ms)
{
    struct sio__session *session = &peer->session;

    peer->settled = false;
    if (session->state == SIO__SESSION_NEW)
        sio__session_start(session);
    else if (session->state == SIO__SESSION_WAITING)
        sio__session_retry(session);
    else if (session->state == SIO__SESSION_UP)
        ask_on_connection(peer, now_ms);
}

/* -- what arrives -- */

static bool is_push(const struct sio__listing *answer)
{
    return answer->count == 4 && answer->tokens[0].type == SIO__TOKEN_ARRAY &&
           sio__token_is(&answer->tokens[1], "message");
}

static void on_address(struct sio__sentinel_peer *peer, const struct sio__listing *answer)
{
    char text[sizeof peer->text], error[SIO__REASON_MAX];
    const struct sio__token *first = &answer->tokens[0];

    if (first->type == SIO__TOKEN_ERROR) {
        sio__printable(error, sizeof error, sio_str_of(first->text, (size_t)first->number));
        snprintf(text, sizeof text, "%.100s (%.50s)", error, peer->session.peer);
        fail(peer, sio__error_status(error), text);
        return;
    }
    switch (sio__sentinel_read_address(answer, &peer->view.master)) {
    case SIO__SENTINEL_KNOWN:
        peer->view.valid = true;
        peer->view.epoch = 0;
        return;
    case SIO__SENTINEL_UNKNOWN:
        fail(peer, SIO_EREDIS, "");
        return;
    case SIO__SENTINEL_STRANGE:
        snprintf(text, sizeof text, "not a sentinel's answer (%.100s)", peer->session.peer);
        fail(peer, SIO_ECONN, text);
        return;
    }
}

static void on_id(struct sio__sentinel_peer *peer, const struct sio__listing *answer)
{
    const struct sio__token *id = &answer->tokens[0];

    if (id->type == SIO__TOKEN_TEXT)
        snprintf(peer->id, sizeof peer->id, "%s", id->text);
}

static void on_subscribed(struct sio__sentinel_peer *peer, const struct sio__listing *answer)
{
    const struct sio__token *first = &answer->tokens[0];
    char error[SIO__REASON_MAX];

    if (first->type == SIO__TOKEN_ARRAY)
        peer->subscribed = true;
    if (first->type != SIO__TOKEN_ERROR)
        return;
    sio__printable(error, sizeof error, sio_str_of(first->text, (size_t)first->number));
    sio__link_log(peer->session.link, SIO__LOG_SENTINEL, SIO_LOG_WARNING,
                  "sentinel %s does not announce all, it is asked now and then: %s",
                  peer->session.peer, error);
}

/* An answer, never empty, to what is awaited. */
static void take(struct sio__sentinel_peer *peer, struct sio__listing *answer)
{
    switch (peer->step) {
    case SIO__SENTINEL_UNSUBSCRIBE:
    case SIO__SENTINEL_UNSUBSCRIBE_2:
        peer->subscribed = false;
        break;
    case SIO__SENTINEL_ADDRESS:
        on_address(peer, answer);
        break;
    case SIO__SENTINEL_EPOCH:
        peer->view.epoch = sio__sentinel_read_epoch(answer);
        break;
    case SIO__SENTINEL_ID:
        on_id(peer, answer);
        break;
    case SIO__SENTINEL_OTHERS:
        sio__answer_fini(&peer->others);
        peer->others = *answer;
        *answer = (struct sio__listing){NULL, 0, NULL};
        break;
    case SIO__SENTINEL_SUBSCRIBE:
    case SIO__SENTINEL_SUBSCRIBE_2:
        on_subscribed(peer, answer);
        break;
    case SIO__SENTINEL_IDLE:
        break;
    }
}

static bool on_answered(void *arg, struct sio__listing *answer)
{
    struct sio__sentinel_peer *peer = arg;

    if (is_push(answer)) {
        if (answer->tokens[3].type == SIO__TOKEN_TEXT)
            sio__sentinels_announced(peer->sentinels,
                                     sio__token_is(&answer->tokens[2], "+switch-master"),
                                     answer->tokens[3].text);
        return true;
    }
    if (peer->step == SIO__SENTINEL_IDLE)
        return sio__session_drop(&peer->session, SIO_EREDIS, "an answer to nothing");
    take(peer, answer);
    peer->step++;
    if (peer->step == SIO__SENTINEL_IDLE)
        settle(peer);
    return true;
}

static sio_status on_read(struct sio__session *session)
{
    return sio__answers_read(&session->conn, of(session)->reader, on_answered, of(session));
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
    struct sio__sentinel_peer *peer = of(session);

    peer->told_down = false;
    sio__link_log(session->link, SIO__LOG_SENTINEL, SIO_LOG_DEBUG, "connected to sentinel %s",
                  session->peer);
    if (!append_question(peer)) {
        fail(peer, SIO_ENOMEM, "out of memory");
        settle(peer);
    }
}

static bool on_answer(struct sio__session *session, const struct sio__reply *reply)
{
    (void)reply;
    return sio__session_drop(session, SIO_EREDIS, "an answer to nothing");
}

static bool awaits(const struct sio__session *session)
{
    return of(session)->step != SIO__SENTINEL_IDLE;
}

static void forget_connection(struct sio__sentinel_peer *peer)
{
    struct sio__answer_reader *reader = sio__answer_reader_new(MAX_ANSWER);

    peer->step = SIO__SENTINEL_IDLE;
    peer->subscribed = false;
    if (reader == NULL)
        return; /* the old one fails at what it has half read: then the connection is lost again */
    sio__answer_reader_free(peer->reader);
    peer->reader = reader;
}

static void on_lost(struct sio__session *session)
{
    forget_connection(of(session));
}

static void on_down(struct sio__session *session, bool was_up, sio_status status, const char *text,
                    uint32_t retry_in_ms)
{
    struct sio__sentinel_peer *peer = of(session);

    (void)was_up;
    (void)retry_in_ms;
    sio__link_log(session->link, SIO__LOG_SENTINEL,
                  peer->told_down ? SIO_LOG_DEBUG : SIO_LOG_WARNING, "sentinel: %s", text);
    peer->told_down = true;
    fail(peer, status, text);
    settle(peer);
}

static const struct sio__session_ops ops = {.locate = locate,
                                            .connecting = on_connecting,
                                            .up = on_up,
                                            .read = on_read,
                                            .answer = on_answer,
                                            .awaits = awaits,
                                            .lost = on_lost,
                                            .down = on_down};

/* -- all of them -- */

static void append(char *text, size_t size, const char *more)
{
    size_t len = strlen(text);

    snprintf(text + len, size - len, "%s", more);
}

sio_status sio__sentinel_peers_explain(struct sio__sentinel_peer *const *peers, unsigned count,
                                       const char *master, char *text, size_t size)
{
    const char *separator = ": ";
    sio_status status = SIO_ECONN;
    char name[64];

    for (unsigned i = 0; i < count; i++) {
        const struct sio__sentinel_peer *peer = peers[i];

        if (peer->settled && peer->status == SIO_EREDIS && peer->text[0] == '\0') {
            sio__printable(name, sizeof name, sio_str_c(master));
            snprintf(text, size, "no sentinel knows a master named '%s'", name);
            return SIO_EREDIS;
        }
    }
    snprintf(text, size, "no sentinel answers");
    for (unsigned i = 0; i < count; i++) {
        const struct sio__sentinel_peer *peer = peers[i];

        append(text, size, separator);
        append(text, size, peer->settled ? peer->text : "no answer in time from ");
        if (!peer->settled)
            append(text, size, peer->place.name);
        separator = "; ";
        if (peer->settled && (peer->status == SIO_EAUTH || peer->status == SIO_ENOPERM))
            status = peer->status;
    }
    return status;
}

/* -- begin and end -- */

sio_status sio__sentinel_peer_new(struct sio__sentinels *sentinels, sio_link *link,
                                  const struct sio__place *place, struct sio__sentinel_peer **out)
{
    const struct sio__url *url = &link->config.url;
    struct sio__sentinel_peer *peer = calloc(1, sizeof *peer);

    if (peer == NULL)
        return SIO_ENOMEM;
    sio__session_init(&peer->session, link, &ops);
    peer->session.greeting = (struct sio__greeting){
        .user = url->sentinel_user, .password = url->sentinel_password, .any_role = true};
    peer->sentinels = sentinels;
    peer->place = *place;
    peer->step = SIO__SENTINEL_IDLE;
    peer->settled = true;
    peer->reader = sio__answer_reader_new(MAX_ANSWER);
    if (peer->reader == NULL || sio__session_make_timer(&peer->session) != SIO_OK) {
        sio__sentinel_peer_free(peer);
        return SIO_ENOMEM;
    }
    *out = peer;
    return SIO_OK;
}

void sio__sentinel_peer_free(struct sio__sentinel_peer *peer)
{
    if (peer == NULL)
        return;
    sio__session_fini(&peer->session);
    sio__answer_reader_free(peer->reader);
    sio__answer_fini(&peer->others);
    free(peer);
}
