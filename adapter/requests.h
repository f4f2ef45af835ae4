/* SPDX-License-Identifier: MIT */
/* Questions to the cluster that are pending: who asked, how many servers there are, how
 * many have answered, until when. What is particular to a kind of question is behind its
 * table of functions.
 *
 * A question ends once: complete, at its deadline with what has come, or because it could
 * not be asked. A server that dies without answering is noticed by counting the servers
 * again while the question waits. */
#ifndef SIO_ADAPTER_REQUESTS_H
#define SIO_ADAPTER_REQUESTS_H

#include "adapter/impl.h"

struct sio__request;

struct sio__request_ops {
    /* Ask, now that the servers are counted and there are others. NULL: asked already. */
    sio_status (*ask)(sio_adapter *adapter, struct sio__request *request);
    /* Take an answer. false: of another kind than was asked for. */
    bool (*take)(sio_adapter *adapter, struct sio__request *request, const struct sio_message *msg);
    /* Whether nothing more is awaited if there are so many servers. NULL: when all others
     * have answered. */
    bool (*is_complete)(const struct sio__request *request, int64_t servers);
    /* The end, to who asked. */
    void (*tell)(sio_adapter *adapter, struct sio__request *request, const sio_answers *answers);
    void (*fini)(struct sio__request *request);
    const char *timeout_text; /* Node's words */
};

/* The head of each kind's own struct. */
struct sio__request {
    struct sio__request *next;
    const struct sio__request_ops *ops;
    uintptr_t serial; /* from 1 */
    char id[SIO__ID_MAX];
    unsigned id_len;
    uint32_t deadline_ms;
    bool counts_as_ack;       /* for the gauges */
    bool asked;               /* answers may come */
    bool uncounted;           /* the servers are still to be counted */
    int64_t servers;          /* by Redis, this one included; -1: not known yet */
    unsigned answered;        /* other servers that have */
    unsigned answered_before; /* ... when they were counted again */
    bool gone;                /* then there were fewer, and those that are left had answered */
    bool over;                /* and so once more: it is to be ended */
    uint32_t census_at_ms;    /* when to look for observers, if it is still pending then */
    bool census;              /* that has been asked for */
    int64_t live;             /* servers, by the channel that each has for itself; -1: not known */
};

static inline bool sio__request_all_answered(const struct sio__request *request, int64_t servers)
{
    return (int64_t)request->answered >= servers - 1;
}

static inline sio_str sio__request_id(const struct sio__request *request)
{
    return sio_str_of(request->id, request->id_len);
}

/* Memory of `size` bytes for a kind's struct, with an id and a serial of its own, not in the
 * table yet. SIO_OK, SIO_ENOMEM, SIO_EFULL (max_requests), SIO_ESYS, SIO_ECLOSED, SIO_EFORK. */
sio_status sio__request_new(sio_adapter *adapter, const struct sio__request_ops *ops, size_t size,
                            bool counts_as_ack, struct sio__request **out);
/* Not started, or ended. NULL allowed. */
void sio__request_free(struct sio__request *request);

/* Into the table until timeout_ms have passed. With count, Redis is asked how many servers
 * there are first. SIO_OK, or why not: then it is still the caller's. */
sio_status sio__request_start(sio_adapter *adapter, struct sio__request *request, bool count,
                              uint32_t timeout_ms);

/* The end of making one that gathers answers: with a link it starts, by counting; else it
 * ends at once, complete. `status`: how making it went; it is freed if that failed. */
sio_status sio__request_begin(sio_adapter *adapter, struct sio__request *request, bool publish,
                              sio_status status);
/* Out of the table again, nobody told: asking failed at once. Freed. */
void sio__request_cancel(sio_adapter *adapter, struct sio__request *request);
/* The subscriptions are live: what waited for that to have the servers counted, goes on.
 * Before, this server would be missing in the count, and answers would not arrive. */
void sio__requests_go_on(sio_adapter *adapter);

/* They are not: what has not been asked yet is counted for anew then. */
void sio__requests_hold(sio_adapter *adapter);

/* NULL: there is none (any more). */
struct sio__request *sio__request_by_id(const sio_adapter *adapter, sio_str id);
struct sio__request *sio__request_by_serial(const sio_adapter *adapter, uintptr_t serial);

/* Redis has counted the servers, or could not: for one request, or (0) once more for all. */
void sio__request_counted(sio_adapter *adapter, uintptr_t serial,
                          const struct sio__publish_result *result);
/* Redis has counted the channels that each server has for itself; -1: could not. */
void sio__requests_census(sio_adapter *adapter, int64_t live);
/* An answer has come. */
void sio__request_answered(sio_adapter *adapter, struct sio__request *request,
                           const struct sio_message *msg, sio_str channel);
/* End it if nothing more is awaited. It may be gone afterwards. */
void sio__request_check(sio_adapter *adapter, struct sio__request *request);
void sio__request_end(sio_adapter *adapter, struct sio__request *request, sio_status status,
                      const char *text);

/* All, or all that have been asked: their answers may be lost. */
void sio__requests_end_all(sio_adapter *adapter, bool asked_only, sio_status status,
                           const char *text);

/* For the timer: end what is due, count again where that is due. */
void sio__requests_due(sio_adapter *adapter, uint32_t now_ms);
int64_t sio__requests_next(const sio_adapter *adapter, uint32_t now_ms); /* ms; -1: none */

/* -- acked.c -- */

/* A client's ack for an own emit, here or elsewhere. */
void sio__acked_take(sio_adapter *adapter, uintptr_t serial, sio_str value);
/* How many clients were asked here. */
void sio__acked_clients(sio_adapter *adapter, uintptr_t serial, uint32_t clients);

#endif
