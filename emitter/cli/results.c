/* SPDX-License-Identifier: MIT */
/* Counts completions without a lock; with --json it also writes each one's line into a
 * buffer, so that a reader of stdout that is slow never holds up the link's thread. */
#include "results.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sio/args.h>
#include <sio/value.h>

#include "output.h"
#include "report.h"

/* With --json each emit has one, to know its number by. */
struct ticket {
    struct results *results;
    uint64_t number;
};

bool results_init(struct results *results, bool json, int64_t min_receivers)
{
    memset(results, 0, sizeof(*results));
    results->json = json;
    results->min_receivers = min_receivers;
    results->fewest = INT64_MAX;
    atomic_init(&results->awaited, UINT64_MAX);
    sio_buf_init(&results->lines);
    pthread_mutex_init(&results->lock, NULL);
    results->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (results->wake_fd < 0)
        report("cannot create an eventfd");
    return results->wake_fd >= 0;
}

void results_fini(struct results *results)
{
    if (results->wake_fd >= 0)
        close(results->wake_fd);
    sio_buf_fini(&results->lines);
    pthread_mutex_destroy(&results->lock);
}

/* Its counter cannot overflow: the main thread empties it. */
static void wake(const struct results *results)
{
    const uint64_t one = 1;
    ssize_t n = write(results->wake_fd, &one, sizeof(one));
    (void)n;
}

/* Append a text as a JSON string. Text that is no UTF-8 is replaced by the status's. */
static sio_status append_text(sio_buf *out, const char *text, sio_status status)
{
    sio_args *args;

    if (sio_args_new(&args) != SIO_OK)
        return SIO_ENOMEM;
    sio_status done = sio_args_string(args, sio_str_c(text));
    if (done == SIO_EINVAL) {
        sio_args_clear(args);
        done = sio_args_string(args, sio_str_c(sio_status_text(status)));
    }
    if (done == SIO_OK)
        done = sio_json_write(sio_args_packed(args), NULL, NULL, out);
    sio_args_free(args);
    return done;
}

static sio_status format_line(sio_buf *out, uint64_t number, const sio_emit_result *result)
{
    char head[128];
    int n = snprintf(head, sizeof(head), "{\"number\":%" PRIu64 ",\"status\":\"%s\",", number,
                     sio_status_name(result->status));

    if (result->status == SIO_OK)
        n += snprintf(head + n, sizeof(head) - (size_t)n, "\"receivers\":%" PRId64,
                      result->receivers);
    else
        n += snprintf(head + n, sizeof(head) - (size_t)n, "\"error\":");
    sio_status status = sio_buf_append(out, head, (size_t)n);
    if (status == SIO_OK && result->status != SIO_OK)
        status = append_text(out, result->text, result->status);
    return status == SIO_OK ? sio_buf_append(out, "}\n", 2) : status;
}

/* Any thread. */
static void add_line(struct results *results, uint64_t number, const sio_emit_result *result)
{
    char memory[1024];
    sio_buf line;

    sio_buf_init_on(&line, memory, sizeof(memory));
    sio_status status = format_line(&line, number, result);
    pthread_mutex_lock(&results->lock);
    bool first = results->lines.len == 0;
    if (status == SIO_OK)
        status = sio_buf_append(&results->lines, line.ptr, line.len);
    if (status != SIO_OK)
        results->lines_lost = true;
    pthread_mutex_unlock(&results->lock);
    sio_buf_fini(&line);
    if (first)
        wake(results);
}

/* One more, by the only thread that counts. */
static void count(atomic_uint_fast64_t *counter)
{
    uint64_t n = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, n + 1, memory_order_relaxed);
}

static void take(struct results *results, const sio_emit_result *result)
{
    if (result->status == SIO_OK) {
        if (result->receivers < results->min_receivers)
            results->too_few++;
        if (result->receivers < results->fewest)
            results->fewest = result->receivers;
        if (result->receivers > results->most)
            results->most = result->receivers;
        count(&results->accepted);
    } else {
        if (results->first_status == SIO_OK) {
            results->first_status = result->status;
            snprintf(results->first_text, sizeof(results->first_text), "%s", result->text);
        }
        count(&results->failed);
    }
    /* In one order with the main thread's store to `awaited` and look at `ended`. */
    uint64_t ended = atomic_fetch_add(&results->ended, 1) + 1;
    if (ended >= atomic_load(&results->awaited))
        wake(results);
}

static void on_done(sio_emitter *em, const sio_emit_result *result, void *user)
{
    (void)em;
    take(user, result);
}

static void on_done_json(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct ticket *ticket = user;

    (void)em;
    add_line(ticket->results, ticket->number, result);
    take(ticket->results, result);
    free(ticket);
}

bool results_expect(struct results *results, uint64_t number, sio_emit_cb **done, void **user)
{
    if (!results->json) {
        *done = on_done;
        *user = results;
        return true;
    }
    struct ticket *ticket = malloc(sizeof(*ticket));
    if (ticket == NULL)
        return false;
    *ticket = (struct ticket){results, number};
    *done = on_done_json;
    *user = ticket;
    return true;
}

void results_forget(struct results *results, void *user)
{
    if (user != results)
        free(user);
}

void results_refused(struct results *results, uint64_t number, sio_status status, const char *text)
{
    sio_emit_result result = {.status = status, .receivers = -1, .text = text};

    if (results->json)
        add_line(results, number, &result);
}

bool results_print(struct results *results, sio_buf *spare)
{
    if (!results->json)
        return true;
    pthread_mutex_lock(&results->lock);
    sio_buf full = results->lines;
    results->lines = *spare;
    pthread_mutex_unlock(&results->lock);
    *spare = full;
    bool written = output_write(sio_buf_str(spare));
    sio_buf_clear(spare);
    return written;
}

void results_on_state(sio_link *link, const sio_link_event *event, void *user)
{
    struct results *results = user;

    (void)link;
    if (event->state != SIO_LINK_DOWN || event->status != SIO_EAUTH || atomic_load(&results->fatal))
        return;
    snprintf(results->fatal_text, sizeof(results->fatal_text), "%s", event->text);
    atomic_store(&results->fatal, true);
    wake(results);
}
