/* SPDX-License-Identifier: MIT */
/* An adapter with a host that writes down what it is told, a line each:
 *
 *   create ROOM, join ROOM SID, leave ROOM SID, delete ROOM
 *   packet DATA [id N] [volatile] [compress 0|1]     (once per broadcast)
 *   to SID                                           (once per socket)
 *   delivered N
 *   disconnect SID [close], event DATA [answer], ready, gap FROM TO TEXT, dropped REASON
 *
 * and with a fake link, or none. */
#ifndef SIO_TESTS_ADAPTER_WORLD_H
#define SIO_TESTS_ADAPTER_WORLD_H

#include <event2/event.h>
#include <sio/adapter.h>

#include "fake_link.h"
#include "unit.h"

struct world {
    struct event_base *base;
    sio_link *link; /* NULL: none */
    sio_adapter *adapter;
    sio_buf log;
    bool quiet_rooms; /* room changes are not written down */
    uint64_t last_id; /* of a packet */
    sio_answer *answer;

    uint64_t next_id;

    /* Called when a line with this beginning is written, or for "id" when a packet id is drawn;
     * once. */
    const char *trap;
    void (*on_trap)(struct world *w);
    unsigned ended; /* completions of world_done */
    sio_status status;
};

enum { WORLD_ALONE = 0, WORLD_LINKED = 1, WORLD_PER_ROOM = 2 };

void world_init(struct world *w, unsigned how);
/* With options changed by the test; opts: NULL or world_opts()'s. */
void world_opts(struct world *w, sio_adapter_opts *opts);
void world_open(struct world *w, const sio_adapter_opts *opts, unsigned how);
void world_fini(struct world *w);

/* A connected socket in some rooms (NULL ends them). */
sio_socket *world_socket(struct world *w, const char *sid, ...);
sio_socket *world_find(struct world *w, const char *sid);

/* What was written since the last look is just this. */
void world_expect(struct world *w, const char *lines);
void world_forget(struct world *w);
void world_line(struct world *w, const char *format, ...) SIO_PRINTF(2, 3);

/* A target of rooms, each word one; a word with '!' in front is an exception. Yours to free. */
sio_target *world_target(const char *words);
/* Emit with JSON arguments. */
sio_status world_emit(struct world *w, const char *target, const char *event, const char *json);
void world_done(sio_adapter *adapter, const sio_emit_result *result, void *user);

/* Bring JSON text as MessagePack on a channel, or as it is. */
void world_bring_packed(struct world *w, const char *channel, const char *json);
void world_bring(struct world *w, const char *channel, const char *text);

/* Run the loop until it is true; fails after some seconds. */
#define WORLD_WAIT(w, condition)                                                                   \
    do {                                                                                           \
        while (!(condition))                                                                       \
            world_turn(w, #condition, __FILE__, __LINE__);                                         \
    } while (0)
void world_turn(struct world *w, const char *what, const char *file, int line);

#endif
