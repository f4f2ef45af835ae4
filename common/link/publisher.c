/* SPDX-License-Identifier: MIT */
/* Between a lane's outbox and its connection: writes commands, matches answers, ends
 * publishes. */
#include "link/impl.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "link/cluster.h"
#include "link/errors.h"

enum {
    WRITE_LIMIT = 256 * 1024, /* bytes a system call, so that no loop turn takes long */
    HOLD_FIRST_MS = 50,
    HOLD_MAX_MS = 1000
};

/* -- ends -- */

void sio__publisher_end(sio_link *link, const struct sio__completion *completion,
                        const struct sio__publish_result *result)
{
    if (sio__cluster_counted(completion, result))
        return;
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

    link->stats.bytes_in = link->stats.bytes_out = 0;
    for (struct sio__lane *lane = link->lanes; lane != NULL; lane = lane->next) {
        link->stats.bytes_in += lane->session.conn.bytes_in;
        link->stats.bytes_out += lane->session.conn.bytes_out;
        sio__latency_take(&link->latency, &lane->trip, sio__now_ms());
    }
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
    struct sio__lane *lane = arg;
    struct sio__publish_result result = {SIO_EXPIRED, -1, lane->late_text};

    if (result.text[0] == '\0')
        result.text = "Redis took too long to answer";
    sio__publisher_end(lane->session.link, completion, &result);
}

void sio__publisher_expire(struct sio__lane *lane, uint32_t now_ms)
{
    sio_link *link = lane->session.link;

    link->iterating = true;
    sio__outbox_expire(lane->outbox, now_ms, end_expired, lane);
    link->iterating = false;
}

static void end_lost(void *arg, const struct sio__completion *completion)
{
    struct sio__publish_result result = {SIO_ECONN, -1, "the connection broke before the answer"};

    sio__publisher_end(arg, completion, &result);
}

static void rewind_outbox(struct sio__lane *lane)
{
    sio_link *link = lane->session.link;

    sio__link_lock(link);
    sio__publisher_fold(link);
    sio__outbox_rewind(lane->outbox);
    sio__link_unlock(link);
    sio__round_trip_forget(&lane->trip);
}

void sio__publisher_disconnected(struct sio__lane *lane)
{
    sio_link *link = lane->session.link;

    if (link->config.at_most_once) {
        link->iterating = true;
        sio__outbox_give_up(lane->outbox, end_lost, link);
        link->iterating = false;
    }
    rewind_outbox(lane);
    lane->holding = lane->hold_waits = false;
}

static void end_closed(void *arg, const struct sio__completion *completion)
{
    struct sio__publish_result result = {SIO_ECLOSED, -1, "the link was closed"};

    sio__publisher_end(arg, completion, &result);
}

void sio__publisher_fail_all(struct sio__lane *lane)
{
    sio_link *link = lane->session.link;

    rewind_outbox(lane);
    link->iterating = true;
    sio__outbox_fail(lane->outbox, end_closed, link);
    link->iterating = false;
}

/* -- answers -- */

static bool drop(struct sio__lane *lane, sio_status status, const char *text)
{
    return sio__session_drop(&lane->session, status, text);
}

void sio__publisher_start_holding(struct sio__lane *lane, const char *why, bool moved)
{
    if (!lane->holding) {
        lane->holding = true;
        lane->hold_moved = false;
        sio__link_log(lane->session.link, SIO__LOG_ANSWER, SIO_LOG_WARNING, "publishing waits: %s",
                      why);
    }
    lane->hold_waits = true;
    lane->hold_moved |= moved;
    snprintf(lane->late_text, sizeof lane->late_text, "%s", why);
}

/* The answer has been taken: it may be the timed one. */
static void note_time(struct sio__lane *lane)
{
    if (sio__round_trip_ends(&lane->trip, sio__outbox_bytes_answered(lane->outbox)))
        sio__round_trip_end(&lane->trip, sio__now_us());
}

/* Whether what was answered so is to be sent again, and holding up the others until then. */
static bool keeps(struct sio__lane *lane, const char *error, bool is_shard, char *text)
{
    struct sio__cluster *cluster = lane->session.link->cluster;
    const char *why = NULL;
    bool keep;

    if (cluster != NULL && is_shard) {
        keep = sio__cluster_keeps(cluster, lane, error, &why);
        if (why != NULL)
            snprintf(text, SIO__ERROR_TEXT_MAX, "%s: %s", why, error);
        return keep;
    }
    keep = sio__error_is_passing(error);
    if (keep)
        sio__publisher_start_holding(lane, error, false);
    return keep;
}

static bool on_error(struct sio__lane *lane, const struct sio__reply *reply)
{
    bool demoted = strncmp(reply->text, "READONLY", strlen("READONLY")) == 0, is_shard, keep;
    char text[SIO__ERROR_TEXT_MAX];
    struct sio__publish_result result = {sio__error_status(reply->text), -1, text};
    struct sio__completion completion;
    sio_str channel = sio__outbox_answered_channel(lane->outbox, &is_shard);

    sio__error_explain(reply->text, is_shard ? "shard channel" : "channel", channel, text);
    keep = channel.ptr != NULL && keeps(lane, reply->text, is_shard, text);
    switch (sio__outbox_answer(lane->outbox, demoted || keep, &completion)) {
    case SIO__ANSWER_STRAY:
        return drop(lane, SIO_EREDIS, reply->text);
    case SIO__ANSWER_EARLY:
        sio__publisher_end(lane->session.link, &completion, &result);
        return drop(lane, SIO_EREDIS, reply->text);
    case SIO__ANSWER_LATE:
        note_time(lane);
        return true;
    case SIO__ANSWER_TAKEN:
        note_time(lane);
        break;
    }
    if (demoted)
        return drop(lane, SIO_EREDIS, reply->text);
    if (keep)
        return true;
    sio__link_log(lane->session.link, SIO__LOG_ANSWER, SIO_LOG_WARNING,
                  "Redis refused a publish: %s", text);
    sio__publisher_end(lane->session.link, &completion, &result);
    return true;
}

/* The number that is asked for; -1: it is no such answer. */
static int64_t number_of(const struct sio__reply *reply, enum sio__answered answered)
{
    if (answered == SIO__ANSWERED_PUBLISH)
        return reply->type == SIO__REPLY_INTEGER ? reply->integer : -1;
    if (reply->type != SIO__REPLY_ARRAY)
        return -1;
    if (answered == SIO__ANSWERED_NAMES)
        return reply->integer;
    return reply->integer == 2 ? reply->second : -1;
}

bool sio__publisher_on_reply(struct sio__lane *lane, const struct sio__reply *reply)
{
    struct sio__publish_result result = {SIO_OK, -1, ""};
    struct sio__completion completion;

    if (lane->session.ping_unanswered) { /* sent when nothing else was: it is its answer */
        lane->session.ping_unanswered = false;
        if (lane->trip.state == SIO__TRIP_BEGUN)
            sio__round_trip_end(&lane->trip, sio__now_us());
        return true;
    }
    if (reply->type == SIO__REPLY_ERROR)
        return on_error(lane, reply);
    enum sio__answered answered = sio__outbox_answered(lane->outbox);
    result.receivers = number_of(reply, answered);
    if (result.receivers < 0 && answered != SIO__ANSWERED_NONE)
        return drop(lane, SIO_EREDIS, "an answer that the command does not have");
    if (lane->session.link->cluster != NULL)
        sio__cluster_accepted(lane->session.link->cluster, lane);
    switch (sio__outbox_answer(lane->outbox, false, &completion)) {
    case SIO__ANSWER_TAKEN:
        note_time(lane);
        lane->hold_delay_ms = 0;
        if (answered == SIO__ANSWERED_PUBLISH)
            lane->session.link->tally.receivers += (uint64_t)result.receivers;
        sio__publisher_end(lane->session.link, &completion, &result);
        return true;
    case SIO__ANSWER_LATE:
        note_time(lane);
        return true;
    case SIO__ANSWER_EARLY:
        result = (struct sio__publish_result){SIO_EREDIS, -1, "answered before it was sent"};
        sio__publisher_end(lane->session.link, &completion, &result);
        break;
    case SIO__ANSWER_STRAY:
        break;
    }
    return drop(lane, SIO_EREDIS, "an answer to nothing");
}

/* Once everything is answered, wait; once waited, write again, the kept ones first. */
void sio__publisher_hold(struct sio__lane *lane, uint32_t now_ms)
{
    uint32_t random = 0;

    if (!lane->holding)
        return;
    if (lane->hold_waits && !sio__outbox_unanswered(lane->outbox)) {
        rewind_outbox(lane);
        sio__outbox_resent(lane->outbox); /* refused before, not sent twice */
        lane->hold_waits = false;
        if (lane->hold_moved && sio__cluster_settled(lane->session.link->cluster, lane)) {
            lane->holding = false;
            lane->late_text[0] = '\0';
            return;
        }
        lane->hold_delay_ms = lane->hold_delay_ms == 0 ? HOLD_FIRST_MS : lane->hold_delay_ms * 2;
        if (lane->hold_delay_ms > HOLD_MAX_MS)
            lane->hold_delay_ms = HOLD_MAX_MS;
        if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
            random = now_ms;
        lane->hold_until_ms = now_ms + lane->hold_delay_ms / 2 + random % lane->hold_delay_ms;
    } else if (!lane->hold_waits && sio__ms_until(lane->hold_until_ms, now_ms) <= 0) {
        lane->holding = false;
        lane->late_text[0] = '\0';
    }
}

/* -- writing -- */

static int gather(void *arg, struct iovec *iov, int max)
{
    struct sio__lane *lane = arg;
    size_t limit = WRITE_LIMIT;

    if (lane->holding) {
        limit = sio__outbox_cut(lane->outbox); /* a command begun must be completed */
        if (limit == 0)
            return 0;
    }
    return sio__outbox_gather(lane->outbox, iov, max, limit);
}

static void wrote(void *arg, size_t bytes)
{
    struct sio__lane *lane = arg;

    if (sio__round_trip_idle(&lane->trip))
        sio__round_trip_begin(&lane->trip, sio__outbox_bytes_written(lane->outbox), sio__now_us());
    sio__outbox_wrote(lane->outbox, bytes);
}

sio_status sio__publisher_write(struct sio__lane *lane)
{
    struct sio__conn_source source = {gather, wrote, lane};

    return sio__conn_write(&lane->session.conn, &source);
}
