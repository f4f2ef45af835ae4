/* SPDX-License-Identifier: MIT */
/* The table of pending questions, and when one ends. */
#include "adapter/requests.h"

#include <stdio.h>
#include <stdlib.h>

#include "link/clock.h"

enum { RECOUNT_MS = 200 /* a dead server is noticed at the first count, believed at the second */ };

/* -- the table -- */

/* Ids are random, so any of their characters spread them. */
static struct sio__request **bucket(const sio_adapter *adapter, sio_str id)
{
    unsigned sum = 0;

    for (size_t i = 0; i < id.len; i++)
        sum = sum * 31 + (unsigned char)id.ptr[i];
    return (struct sio__request **)&adapter->requests[sum % SIO__REQUEST_BUCKETS];
}

struct sio__request *sio__request_by_id(const sio_adapter *adapter, sio_str id)
{
    struct sio__request *at = *bucket(adapter, id);

    while (at != NULL && !sio_str_eq(sio__request_id(at), id))
        at = at->next;
    return at;
}

/* The first request, in any order, that fits; NULL: none. */
typedef bool fits_fn(const struct sio__request *request, uintptr_t what);

static struct sio__request *first(const sio_adapter *adapter, fits_fn *fits, uintptr_t what)
{
    for (unsigned i = 0; i < SIO__REQUEST_BUCKETS; i++) {
        for (struct sio__request *at = adapter->requests[i]; at != NULL; at = at->next) {
            if (fits(at, what))
                return at;
        }
    }
    return NULL;
}

static bool has_serial(const struct sio__request *request, uintptr_t serial)
{
    return request->serial == serial;
}

struct sio__request *sio__request_by_serial(const sio_adapter *adapter, uintptr_t serial)
{
    return first(adapter, has_serial, serial);
}

static uint64_t *gauge(sio_adapter *adapter, const struct sio__request *request)
{
    return request->counts_as_ack ? &adapter->stats.ack_requests : &adapter->stats.requests;
}

static bool is_pending(const sio_adapter *adapter)
{
    return adapter->stats.ack_requests + adapter->stats.requests > 0;
}

static void insert(sio_adapter *adapter, struct sio__request *request)
{
    struct sio__request **head = bucket(adapter, sio__request_id(request));

    if (!is_pending(adapter))
        adapter->recount_at_ms = sio__now_ms() + RECOUNT_MS;
    request->next = *head;
    *head = request;
    ++*gauge(adapter, request);
}

static void take_out(sio_adapter *adapter, struct sio__request *request)
{
    struct sio__request **at = bucket(adapter, sio__request_id(request));

    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    --*gauge(adapter, request);
}

/* -- the beginning -- */

static sio_status draw_id(sio_adapter *adapter, struct sio__request *request)
{
    sio_status status;

    request->id_len = adapter->wire->request_id_len;
    do {
        status =
            sio__ids_draw(&adapter->ids, adapter->wire->id_alphabet, request->id_len, request->id);
    } while (status == SIO_OK && sio__request_by_id(adapter, sio__request_id(request)) != NULL);
    return status;
}

sio_status sio__request_new(sio_adapter *adapter, const struct sio__request_ops *ops, size_t size,
                            bool counts_as_ack, struct sio__request **out)
{
    sio_status status = sio__adapter_check(adapter);

    *out = NULL;
    if (status != SIO_OK)
        return status;
    struct sio__request *request = calloc(1, size);
    if (request == NULL)
        return SIO_ENOMEM;
    request->ops = ops;
    request->counts_as_ack = counts_as_ack;
    request->servers = request->live = -1;
    if (++adapter->last_serial == 0) /* which means all */
        adapter->last_serial = 1;
    request->serial = adapter->last_serial;
    if (adapter->opts.max_requests != 0 && *gauge(adapter, request) >= adapter->opts.max_requests)
        status = SIO_EFULL;
    if (status == SIO_OK)
        status = draw_id(adapter, request);
    if (status != SIO_OK) {
        sio__request_free(request);
        return status;
    }
    *out = request;
    return SIO_OK;
}

void sio__request_free(struct sio__request *request)
{
    if (request == NULL)
        return;
    if (request->ops->fini != NULL)
        request->ops->fini(request);
    free(request);
}

sio_status sio__request_start(sio_adapter *adapter, struct sio__request *request, bool count,
                              uint32_t timeout_ms)
{
    sio_status status = sio__timer_prepare(adapter);

    request->uncounted = count && !adapter->ready;
    if (status == SIO_OK && count && adapter->ready)
        status = sio__send_count(adapter, request->serial);
    if (status != SIO_OK)
        return status;
    request->deadline_ms = sio__now_ms() + timeout_ms;
    request->census_at_ms = request->deadline_ms - timeout_ms / 2;
    insert(adapter, request);
    sio__timer_arm(adapter);
    return SIO_OK;
}

sio_status sio__request_begin(sio_adapter *adapter, struct sio__request *request, bool publish,
                              sio_status status)
{
    if (status == SIO_OK && publish)
        status = sio__request_start(adapter, request, true, adapter->opts.requests_timeout_ms);
    if (status != SIO_OK) {
        sio__request_free(request);
    } else if (!publish) {
        request->servers = 1;
        insert(adapter, request);
        sio__request_end(adapter, request, SIO_OK, "");
    }
    return status;
}

/* -- the end -- */

/* Whoever subscribes to the servers' channel is counted as a server, and never answers. */
static const char *hint_at_observers(const struct sio__request *request, char *text, size_t size)
{
    if (request->live < 0 || request->servers <= request->live)
        return "";
    snprintf(text, size,
             "more subscribers than live uids: %lld subscribe to the servers' channel, %lld have a "
             "channel for answers as servers do",
             (long long)request->servers, (long long)request->live);
    return text;
}

void sio__request_end(sio_adapter *adapter, struct sio__request *request, sio_status status,
                      const char *text)
{
    char hint[160];
    sio_answers answers = {.status = status,
                           .text = text,
                           .hint = hint_at_observers(request, hint, sizeof hint),
                           .answered = request->answered,
                           .expected = request->servers > 1 ? (unsigned)request->servers - 1 : 0};

    take_out(adapter, request);
    if (request->counts_as_ack)
        sio__awaited_forget_request(adapter, request->serial);
    request->ops->tell(adapter, request, &answers);
    sio__request_free(request);
}

static bool is_until(const struct sio__request *request, uintptr_t serial)
{
    return request->serial <= serial;
}

static bool is_asked_until(const struct sio__request *request, uintptr_t serial)
{
    return request->asked && request->serial <= serial;
}

void sio__requests_end_all(sio_adapter *adapter, bool asked_only, sio_status status,
                           const char *text)
{
    uintptr_t last = adapter->last_serial; /* what is asked meanwhile is not meant */
    struct sio__request *request;

    while ((request = first(adapter, asked_only ? is_asked_until : is_until, last)) != NULL)
        sio__request_end(adapter, request, status, text);
}

void sio__request_cancel(sio_adapter *adapter, struct sio__request *request)
{
    take_out(adapter, request);
    sio__request_free(request);
}

static bool is_complete(const struct sio__request *request, int64_t servers)
{
    if (request->ops->is_complete != NULL)
        return request->ops->is_complete(request, servers);
    return sio__request_all_answered(request, servers);
}

void sio__request_check(sio_adapter *adapter, struct sio__request *request)
{
    if (request->servers >= 0 && is_complete(request, request->servers))
        sio__request_end(adapter, request, SIO_OK, "");
}

/* -- counting -- */

static bool is_uncounted(const struct sio__request *request, uintptr_t unused)
{
    (void)unused;
    return request->uncounted;
}

void sio__requests_go_on(sio_adapter *adapter)
{
    struct sio__request *request;

    while ((request = first(adapter, is_uncounted, 0)) != NULL) {
        sio_status status = sio__send_count(adapter, request->serial);

        request->uncounted = false;
        if (status != SIO_OK)
            sio__request_end(adapter, request, status, sio_status_text(status));
    }
}

void sio__requests_hold(sio_adapter *adapter)
{
    for (unsigned i = 0; i < SIO__REQUEST_BUCKETS; i++) {
        for (struct sio__request *at = adapter->requests[i]; at != NULL; at = at->next) {
            if (!at->asked)
                at->uncounted = true;
        }
    }
}

static void ask(sio_adapter *adapter, struct sio__request *request)
{
    if (request->servers > 1 && request->ops->ask != NULL) {
        sio_status status = request->ops->ask(adapter, request);

        if (status != SIO_OK) {
            sio__request_end(adapter, request, status, sio_status_text(status));
            return;
        }
        request->asked = true;
    }
    sio__request_check(adapter, request);
}

/* Answers do not say whose they are: one that has answered may be the one that has gone. So
 * the servers that are left are believed to have answered when two counts in a row agree and
 * no answer came between them. */
static void recount(struct sio__request *request, int64_t servers)
{
    bool enough = servers < request->servers && is_complete(request, servers);

    request->over = enough && request->gone && request->answered == request->answered_before;
    request->gone = enough;
    request->answered_before = request->answered;
}

static bool is_over(const struct sio__request *request, uintptr_t unused)
{
    (void)unused;
    return request->over;
}

static void recount_all(sio_adapter *adapter, int64_t servers)
{
    struct sio__request *request;

    for (unsigned i = 0; i < SIO__REQUEST_BUCKETS; i++) {
        for (request = adapter->requests[i]; request != NULL; request = request->next)
            recount(request, servers);
    }
    while ((request = first(adapter, is_over, 0)) != NULL)
        sio__request_end(adapter, request, SIO_OK, "a server has gone without an answer");
}

void sio__request_counted(sio_adapter *adapter, uintptr_t serial,
                          const struct sio__publish_result *result)
{
    struct sio__request *request = serial != 0 ? sio__request_by_serial(adapter, serial) : NULL;

    /* While its own subscription is away, this server is not among those that Redis counts. */
    bool counts = adapter->ready && result->receivers > 0;

    if (serial == 0) {
        adapter->recounting = false;
        if (result->status == SIO_OK && counts)
            recount_all(adapter, result->receivers);
    } else if (request != NULL && result->status != SIO_OK) {
        sio__request_end(adapter, request, result->status, result->text);
    } else if (request != NULL && !counts) {
        request->uncounted = request->servers < 0;
    } else if (request != NULL && request->servers < 0) {
        request->servers = result->receivers;
        ask(adapter, request);
    }
}

void sio__requests_census(sio_adapter *adapter, int64_t live)
{
    for (unsigned i = 0; i < SIO__REQUEST_BUCKETS; i++) {
        for (struct sio__request *at = adapter->requests[i]; at != NULL; at = at->next) {
            if (at->census)
                at->live = live;
        }
    }
}

void sio__request_answered(sio_adapter *adapter, struct sio__request *request,
                           const struct sio_message *msg, sio_str channel)
{
    uintptr_t serial = request->serial; /* it may call back */

    if (!request->ops->take(adapter, request, msg))
        sio__receive_drop(adapter, SIO_DROP_UNEXPECTED, channel);
    else if ((request = sio__request_by_serial(adapter, serial)) != NULL)
        sio__request_check(adapter, request);
}

/* -- for the timer -- */

static bool is_late(const struct sio__request *request, uintptr_t now_ms)
{
    return sio__ms_until(request->deadline_ms, (uint32_t)now_ms) <= 0;
}

static bool is_census_due(const struct sio__request *request, uintptr_t now_ms)
{
    return request->asked && !request->census &&
           sio__ms_until(request->census_at_ms, (uint32_t)now_ms) <= 0;
}

/* What has waited for half its time may do so in vain. It is asked for once: in a Redis with
 * many channels it is not cheap. */
static void take_census(sio_adapter *adapter, uint32_t now_ms)
{
    struct sio__request *request = first(adapter, is_census_due, now_ms);
    bool wanted = request != NULL;

    for (; request != NULL; request = first(adapter, is_census_due, now_ms))
        request->census = true;
    if (wanted)
        sio__send_census(adapter); /* without an answer there is no hint */
}

void sio__requests_due(sio_adapter *adapter, uint32_t now_ms)
{
    struct sio__request *request;

    while ((request = first(adapter, is_late, now_ms)) != NULL)
        sio__request_end(adapter, request, SIO_ETIMEDOUT, request->ops->timeout_text);
    if (adapter->freeing || adapter->link == NULL || !is_pending(adapter) ||
        sio__ms_until(adapter->recount_at_ms, now_ms) > 0)
        return;
    adapter->recount_at_ms = now_ms + RECOUNT_MS;
    if (adapter->ready)
        sio__requests_go_on(adapter);
    if (!adapter->recounting && sio__send_count(adapter, 0) == SIO_OK)
        adapter->recounting = true;
    take_census(adapter, now_ms);
}

static void earliest(int64_t *next_ms, int64_t ms)
{
    if (ms < 1) /* the coarse clock lags: never spin */
        ms = 1;
    if (*next_ms < 0 || ms < *next_ms)
        *next_ms = ms;
}

int64_t sio__requests_next(const sio_adapter *adapter, uint32_t now_ms)
{
    int64_t next = -1;

    if (adapter->link != NULL && is_pending(adapter))
        earliest(&next, sio__ms_until(adapter->recount_at_ms, now_ms));
    for (unsigned i = 0; i < SIO__REQUEST_BUCKETS; i++) {
        for (const struct sio__request *at = adapter->requests[i]; at != NULL; at = at->next)
            earliest(&next, sio__ms_until(at->deadline_ms, now_ms));
    }
    return next;
}
