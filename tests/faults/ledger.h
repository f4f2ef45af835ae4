/* SPDX-License-Identifier: MIT */
/* The judge of the fault tests: numbered emits, what became of each and in which order,
 * and what a subscriber received. */
#ifndef SIO_TESTS_LEDGER_H
#define SIO_TESTS_LEDGER_H

#include <sio/emitter.h>

#include "build.h"
#include "client.h"
#include "turns.h"

struct ledger;

struct ledger_entry {
    struct ledger *ledger;
    _Atomic int ends; /* times it ended: 1 in the end */
    int place;        /* among the ends */
    sio_status status;
    int receivers;
};

struct ledger {
    struct client client;
    sio_emitter *em;
    sio_target *to;
    sio_args *args;
    int sent, size; /* numbers below `sent` were taken */
    _Atomic int ended;
    size_t padding; /* bytes of binary beside the number */
    struct ledger_entry *entries;
    size_t rss_before; /* bytes, of the whole process, when it was opened */
};

/* Defaults for opts, but that freeing does not flush; change what differs, then
 * ledger_open(). At most `size` emits. */
void ledger_init(struct ledger *l, enum client_mode mode, sio_link_opts *opts, const char *url,
                 int size);
void ledger_open(struct ledger *l, const sio_link_opts *opts);
/* Frees the emitter and the link: everything has ended then. Look, then ledger_fini(). */
void ledger_close(struct ledger *l);
void ledger_fini(struct ledger *l);
void ledger_end(struct ledger *l); /* close, balance (see below), fini */

/* Emit the next number, to room "r". */
sio_status ledger_emit(struct ledger *l);
/* Emit until `sent` is end or the outbox is full. */
void ledger_emit_to(struct ledger *l, int end);
/* Emit all up to end, waiting for room, and wait until `ended` have. */
void ledger_run_to(struct ledger *l, int end, int ended);

int ledger_count(const struct ledger *l, sio_status status);
/* Every taken emit has ended once, and in the order of the calls. */
void ledger_balance(const struct ledger *l);

/* A link to the URL does not come up: it fails with this status, for a reason with this
 * word in it, and "secret" is shown nowhere. */
void ledger_refused(enum client_mode mode, const char *url, sio_status status, const char *word);

/* The last reason why it went down has this word in it. */
bool ledger_says(struct client *client, const char *word);

size_t rss_now(void);       /* bytes */
size_t allocated_now(void); /* bytes that malloc() has given out; 0 with a sanitizer's */

/* What one connection of a subscriber received, in order. */
struct witness {
    struct redisContext *redis;
    pthread_t thread;
    _Atomic int count;
    int *numbers, size;
    int port; /* to come back to; 0: it does not */
    _Atomic bool stopped;
    _Atomic int fd;
};

/* Subscribed when it returns. */
void witness_start(struct witness *w, const struct redis_fixture *redis, int size);
/* The same at the server that is named; it comes back when the server ends the connection, as
 * one does with all that it has when its role changes. End it by witness_stop(). */
void witness_follow(struct witness *w, const struct redis_fixture *redis, const char *server,
                    int size);
void witness_stop(struct witness *w);
void witness_join(struct witness *w); /* once Redis has closed the connection */
void witness_fini(struct witness *w); /* the numbers */

/* The numbers ascend by one, but for going back to repeat what was unanswered. Returns how
 * many came again; `gaps` (NULL: none are allowed) counts numbers that are missing between
 * the first and the last. */
int witness_duplicates(const struct witness *w, int *gaps);

#define IN_BOTH_MODES(name)                                                                        \
    static void name##_thread(void **state)                                                        \
    {                                                                                              \
        (void)state;                                                                               \
        name(THREADED);                                                                            \
    }                                                                                              \
    static void name##_loop(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        name(ON_LOOP);                                                                             \
    }

#endif
