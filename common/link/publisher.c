/* SPDX-License-Identifier: MIT */
/* Between outbox and connection: writes commands, matches answers, ends publishes. */
#include "link/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "link/errors.h"

enum {
    WRITE_LIMIT = 256 * 1024, /* bytes a system call, so that no loop turn takes long */
    HOLD_FIRST_MS = 50,
    HOLD_MAX_MS = 1000
};

/* -- ends -- */

static void end_publish(sio_link *link, const struct sio__completion *completion,
                        const struct sio__publish_result *result)
{
    link->tally.ended++;
    if (result->status == SIO_OK) {
        link->tally.accepted++;
    } else {
        link->tally.failed[result->status]++;
    }
    if (completion->done != NULL)
        completion->done(result, completion->owner, completion->fn, completion->user);
}

void sio__publisher_fold(sio_link *link)
{
    struct sio__tally *tally = &link->tally;

    link->stats.bytes_in = link->publishing.conn.bytes_in;
    link->stats.bytes_out = link->publishing.conn.bytes_out;
    if (tally->ended == 0 && tally->resent == 0)
        return;
    link->ended_publishes += tally->ended;
    link->stats.accepted += tally->accepted;
    link->stats.receivers += tally->receivers;
    link->stats.resent += tally->resent;
    for (int i = 0; i < SIO_STATUS_COUNT; i++)
        link->stats.failed[i] += tally->failed[i];
    memset(tally, 0, sizeof *tally);
}

static void end_expired(void *arg, const struct sio__completion *completion)
{
    sio_link *link = arg;
    struct sio__publish_result result = {SIO_EXPIRED, -1, link->late_text};

    if (result.text[0] == '\0')
        result.text = "Redis took too long to answer";
    end_publish(link, completion, &result);
}

void sio__publisher_expire(sio_link *link, uint32_t now_ms)
{
    link->iterating = true;
    sio__outbox_expire(link->outbox, now_ms, end_expired, link);
    link->iterating = false;
}

static void end_lost(void *arg, const struct sio__completion *completion)
{
    struct sio__publish_result result = {SIO_ECONN, -1, "the connection broke before the answer"};

    end_publish(arg, completion, &result);
}

static void rewind_outbox(sio_link *link)
{
    sio__link_lock(link);
    sio__publisher_fold(link);
    sio__outbox_rewind(link->outbox);
    sio__link_unlock(link);
}

void sio__publisher_disconnected(sio_link *link)
{
    if (link->config.at_most_once) {
        link->iterating = true;
        sio__outbox_give_up(link->outbox, end_lost, link);
        link->iterating = false;
    }
    rewind_outbox(link);
    link->holding = link->hold_waits = false;
}

static void end_closed(void *arg, const struct sio__completion *completion)
{
    struct sio__publish_result result = {SIO_ECLOSED, -1, "the link was closed"};

    end_publish(arg, completion, &result);
}

void sio__publisher_fail_all(sio_link *link)
{
    rewind_outbox(link);
    link->iterating = true;
    sio__outbox_fail(link->outbox, end_closed, link);
    link->iterating = false;
}

/* -- answers -- */

static bool drop(sio_link *link, sio_status status, const char *text)
{
    return sio__session_drop(&link->publishing, status, text);
}

static void start_holding(sio_link *link, const char *error)
{
    if (!link->holding) {
        link->holding = link->hold_waits = true;
        sio__link_log(link, SIO__LOG_ANSWER, SIO_LOG_WARNING, "publishing waits: %s", error);
    }
    snprintf(link->late_text, sizeof link->late_text, "%s", error);
}

static bool on_error(sio_link *link, const struct sio__reply *reply)
{
    bool demoted = strncmp(reply->text, "READONLY", strlen("READONLY")) == 0;
    bool passing = sio__error_is_passing(reply->text);
    char text[SIO__ERROR_TEXT_MAX];
    struct sio__publish_result result = {sio__error_status(reply->text), -1, text};
    struct sio__completion completion;

    sio__error_explain(reply->text, "channel", sio__outbox_answered_channel(link->outbox), text);
    switch (sio__outbox_answer(link->outbox, demoted || passing, &completion)) {
    case SIO__ANSWER_STRAY:
        return drop(link, SIO_EREDIS, reply->text);
    case SIO__ANSWER_EARLY:
        end_publish(link, &completion, &result);
        return drop(link, SIO_EREDIS, reply->text);
    case SIO__ANSWER_LATE:
        return true;
    case SIO__ANSWER_TAKEN:
        break;
    }
    if (demoted)
        return drop(link, SIO_EREDIS, reply->text);
    if (passing) {
        start_holding(link, reply->text);
        return true;
    }
    sio__link_log(link, SIO__LOG_ANSWER, SIO_LOG_WARNING, "Redis refused a publish: %s", text);
    end_publish(link, &completion, &result);
    return true;
}

/* Of a publish the integer that it is; of a count [channel, integer]; -1: neither. */
static int64_t number_of(const struct sio__reply *reply, bool is_count)
{
    if (is_count)
        return reply->type == SIO__REPLY_ARRAY && reply->integer == 2 ? reply->second : -1;
    return reply->type == SIO__REPLY_INTEGER ? reply->integer : -1;
}

bool sio__publisher_on_reply(sio_link *link, const struct sio__reply *reply)
{
    struct sio__publish_result result = {SIO_OK, -1, ""};
    struct sio__completion completion;

    if (link->publishing.ping_unanswered) { /* sent when nothing else was: it is its answer */
        link->publishing.ping_unanswered = false;
        return true;
    }
    if (reply->type == SIO__REPLY_ERROR)
        return on_error(link, reply);
    bool is_count = sio__outbox_answers_count(link->outbox);
    result.receivers = number_of(reply, is_count);
    if (result.receivers < 0)
        return drop(link, SIO_EREDIS, "an answer that the command does not have");
    switch (sio__outbox_answer(link->outbox, false, &completion)) {
    case SIO__ANSWER_TAKEN:
        link->hold_delay_ms = 0;
        if (!is_count)
            link->tally.receivers += (uint64_t)result.receivers;
        end_publish(link, &completion, &result);
        return true;
    case SIO__ANSWER_LATE:
        return true;
    case SIO__ANSWER_EARLY:
        result = (struct sio__publish_result){SIO_EREDIS, -1, "answered before it was sent"};
        end_publish(link, &completion, &result);
        break;
    case SIO__ANSWER_STRAY:
        break;
    }
    return drop(link, SIO_EREDIS, "an answer to nothing");
}

/* Once everything is answered, wait; once waited, write again, the kept ones first. */
void sio__publisher_hold(sio_link *link, uint32_t now_ms)
{
    uint32_t random = 0;

    if (!link->holding)
        return;
    if (link->hold_waits && !sio__outbox_unanswered(link->outbox)) {
        rewind_outbox(link);
        sio__outbox_resent(link->outbox); /* refused before, not sent twice */
        link->hold_waits = false;
        link->hold_delay_ms = link->hold_delay_ms == 0 ? HOLD_FIRST_MS : link->hold_delay_ms * 2;
        if (link->hold_delay_ms > HOLD_MAX_MS)
            link->hold_delay_ms = HOLD_MAX_MS;
        if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
            random = now_ms;
        link->hold_until_ms = now_ms + link->hold_delay_ms / 2 + random % link->hold_delay_ms;
    } else if (!link->hold_waits && sio__ms_until(link->hold_until_ms, now_ms) <= 0) {
        link->holding = false;
        link->late_text[0] = '\0';
    }
}

/* -- writing -- */

static int gather(void *arg, struct iovec *iov, int max)
{
    sio_link *link = arg;
    size_t limit = WRITE_LIMIT;

    if (link->holding) {
        limit = sio__outbox_cut(link->outbox); /* a command begun must be completed */
        if (limit == 0)
            return 0;
    }
    return sio__outbox_gather(link->outbox, iov, max, limit);
}

static void wrote(void *arg, size_t bytes)
{
    sio_link *link = arg;

    sio__outbox_wrote(link->outbox, bytes);
}

sio_status sio__publisher_write(sio_link *link)
{
    struct sio__conn_source source = {gather, wrote, link};

    return sio__conn_write(&link->publishing.conn, &source);
}
