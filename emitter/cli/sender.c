/* SPDX-License-Identifier: MIT */
/* The main thread's part in sending. */
#include "sender.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "dry_run.h"
#include "output.h"
#include "report.h"
#include "signals.h"

#define SLICE_MS       100 /* how often a wait inside the library looks for signals */
#define PROGRESS_AFTER CLOCK_SECOND
#define PROGRESS_EVERY (200 * CLOCK_MS) /* on a terminal, where it replaces the last */
#define PROGRESS_LINES CLOCK_SECOND     /* elsewhere */
#define LOOK_EMITS     1024 /* so many emits are made without a look at output and clock */
#define ANSWER_GRACE   (5 * CLOCK_SECOND) /* beyond the link's own deadline: then it is broken */

bool sender_init(struct sender *sender, const struct options *opts)
{
    memset(sender, 0, sizeof(*sender));
    sender->opts = opts;
    sio_emitter_opts_init(&sender->bounds);
    if (opts->key != NULL)
        sender->bounds.key = opts->key;
    if (opts->nsp != NULL)
        sender->bounds.nsp = opts->nsp;
    sender->reads_lines = opts->lines || opts->lines_json;
    sender->many = sender->reads_lines || opts->repeat != 1;
    if (opts->rate > 0)
        sender->interval_ns = CLOCK_SECOND / opts->rate;
    else if (opts->interval > 0)
        sender->interval_ns = opts->interval * CLOCK_MS;
    sio_buf_init(&sender->printed);
    sender->started_ns = clock_now_ns();
    sender->terminal = isatty(STDERR_FILENO);
    sender->progress = sender->many && !opts->dry_run && (sender->terminal || opts->progress);
    output_limit(opts->flush_timeout);
    return results_init(&sender->results, opts->json, opts->min_receivers);
}

void sender_fini(struct sender *sender)
{
    sio_link_free(sender->link);
    results_fini(&sender->results);
    sio_buf_fini(&sender->printed);
}

bool sender_stopped(const struct sender *sender)
{
    return signals_caught() != 0 || sender->stdout_failed ||
           atomic_load_explicit(&sender->results.fatal, memory_order_relaxed);
}

static int64_t flush_limit(const struct sender *sender)
{
    return signals_caught_ns() + sender->opts->flush_timeout * CLOCK_MS;
}

bool sender_given_up(const struct sender *sender)
{
    if (signals_caught() == 0)
        return sender_stopped(sender);
    return sender->stdout_failed || atomic_load(&sender->results.fatal) || !sender->reads_lines ||
           sender->interval_ns > 0 || clock_now_ns() >= flush_limit(sender);
}

static int64_t progress_every(const struct sender *sender)
{
    return sender->terminal ? PROGRESS_EVERY : PROGRESS_LINES;
}

static void show_progress(struct sender *sender)
{
    char text[160];

    if (!sender->progress)
        return;
    int64_t now = clock_now_ns();
    if (now - sender->started_ns < PROGRESS_AFTER ||
        now - sender->shown_ns < progress_every(sender))
        return;
    sender->shown_ns = now;
    uint64_t accepted = atomic_load(&sender->results.accepted);
    uint64_t failed = atomic_load(&sender->results.failed);
    snprintf(text, sizeof(text),
             "%" PRIu64 " emits: %" PRIu64 " accepted, %" PRIu64 " failed, %" PRIu64 " waiting",
             sender->sent + sender->refused, accepted, failed + sender->refused,
             sender->sent - accepted - failed);
    if (sender->terminal)
        report_progress(text);
    else
        report("%s", text);
}

void sender_print(struct sender *sender)
{
    if (!results_print(&sender->results, &sender->printed))
        sender->stdout_failed = true;
}

bool sender_poll(struct sender *sender, int fd, int64_t timeout_ns)
{
    struct pollfd fds[2] = {{.fd = sender->results.wake_fd, .events = POLLIN},
                            {.fd = fd, .events = POLLIN}};
    uint64_t count;

    if (sender->progress && (timeout_ns < 0 || timeout_ns > progress_every(sender)))
        timeout_ns = progress_every(sender);
    struct timespec ts = {timeout_ns / CLOCK_SECOND, timeout_ns % CLOCK_SECOND};
    int n = ppoll(fds, 2, timeout_ns < 0 ? NULL : &ts, NULL);
    if (n > 0 && fds[0].revents != 0 && read(sender->results.wake_fd, &count, sizeof(count)) < 0)
        n = 0;
    sender_print(sender);
    show_progress(sender);
    return n > 0 && fds[1].revents != 0;
}

/* Wait for the time of the next emit. */
static void keep_pace(struct sender *sender)
{
    int64_t now = clock_now_ns();

    if (sender->next_ns == 0)
        sender->next_ns = now;
    while (now < sender->next_ns && !sender_stopped(sender)) {
        sender_poll(sender, -1, sender->next_ns - now);
        now = clock_now_ns();
    }
    /* Who has fallen behind does not catch up in a burst. */
    if (now - sender->next_ns > CLOCK_SECOND / 10)
        sender->next_ns = now;
    sender->next_ns += sender->interval_ns;
}

static sio_status try_send(const struct request *request, sio_emit_cb *done, void *user)
{
    sio_emitter *em = request->em;

    switch (request->op) {
    case OP_EMIT:
        return sio_emitter_emit_wait(em, request->to, request->event, request->args, SLICE_MS, done,
                                     user);
    case OP_JOIN:
        return sio_emitter_sockets_join(em, request->to, request->rooms.items, request->rooms.count,
                                        done, user);
    case OP_LEAVE:
        return sio_emitter_sockets_leave(em, request->to, request->rooms.items,
                                         request->rooms.count, done, user);
    case OP_DISCONNECT:
        return sio_emitter_disconnect_sockets(em, request->to, request->close, done, user);
    case OP_SERVER_EMIT:
        return sio_emitter_server_side_emit(em, request->event, request->args, done, user);
    }
    return SIO_EINVAL;
}

static sio_status send_now(struct sender *sender, const struct request *request)
{
    sio_emit_cb *done;
    void *user;
    sio_status status;

    if (!results_expect(&sender->results, sender->number, &done, &user))
        return SIO_ENOMEM;
    for (;;) {
        status = try_send(request, done, user);
        if (status != SIO_ETIMEDOUT && status != SIO_EFULL)
            break;
        /* The outbox is full. Emits in it end in time, so there will be room. */
        sender_print(sender);
        show_progress(sender);
        if (sender_given_up(sender)) {
            status = SIO_ECLOSED;
            break;
        }
        if (status == SIO_EFULL)
            sender_poll(sender, -1, SLICE_MS * CLOCK_MS);
    }
    if (status != SIO_OK)
        results_forget(&sender->results, user);
    return status;
}

sio_status sender_send(struct sender *sender, const struct request *request)
{
    sio_status status;

    if (sender->interval_ns > 0) {
        keep_pace(sender);
        if (sender_stopped(sender))
            return SIO_ECLOSED;
    }
    if (sender->link == NULL) {
        status = dry_run_show(request, sender->number, sender->opts->json, &sender->stdout_failed);
    } else {
        status = send_now(sender, request);
        if (sender->sent % LOOK_EMITS == 0) {
            sender_print(sender);
            show_progress(sender);
        }
    }
    sender->sent += status == SIO_OK;
    return status;
}

static bool all_ended(struct sender *sender)
{
    return atomic_load(&sender->results.ended) == sender->sent;
}

void sender_wait(struct sender *sender, bool *late)
{
    const struct options *opts = sender->opts;
    int64_t limit = clock_now_ns() + opts->answer_timeout * CLOCK_MS + ANSWER_GRACE;
    bool hurried = false;

    /* In one order with the count of ended emits: either we see the last or it sees us. */
    atomic_store(&sender->results.awaited, sender->sent);
    while (!all_ended(sender) && !atomic_load(&sender->results.fatal)) {
        int64_t now = clock_now_ns();
        if (signals_caught() != 0 && !hurried) {
            hurried = true;
            limit = flush_limit(sender);
        }
        if (now >= limit) {
            *late = !hurried;
            break;
        }
        sender_poll(sender, -1, limit - now);
    }
}
