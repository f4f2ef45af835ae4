/* SPDX-License-Identifier: MIT */
/* Nodes of a cluster for the fault tests: adapters with links of their own on one loop,
 * with a socket each that keeps the numbers it receives. */
#ifndef SIO_TESTS_PEER_H
#define SIO_TESTS_PEER_H

#include <event2/event.h>
#include <sio/adapter.h>

#include "fixture.h"
#include "unit.h"

enum { PEERS = 3 };

struct peer {
    struct peers *peers;
    sio_link *link;
    sio_adapter *adapter;
    sio_socket *socket; /* "a", "b", "c", in the room "room" */
    int *numbers;       /* received, in order */
    int count, size;
    size_t bytes; /* of the last packet */
    unsigned readies, gaps, denials;
    char gap_text[256], denial[256];
    int64_t gap_ms; /* the last one's length */
};

struct peers {
    struct event_base *base;
    struct peer peer[PEERS];
    sio_target *to; /* room "room" */
    sio_args *args;
    int accepted, failed; /* emits that have ended */
};

/* Options of all; change what differs, then add peers, each with the URL it shall use. */
struct peers_opts {
    sio_link_opts link;
    sio_adapter_opts adapter;
};
void peers_init(struct peers *peers, struct peers_opts *opts);
/* Ready when it returns. size: numbers that it keeps at most. */
void peer_open(struct peers *peers, int i, const struct peers_opts *opts, const char *url,
               int size);
void peer_start(struct peers *peers, int i, const struct peers_opts *opts, const char *url,
                int size);          /* does not wait */
void peer_close(struct peer *peer); /* if it is open */
void peers_fini(struct peers *peers);

/* Emit one number with so many bytes of binary; its end is counted. */
sio_status peer_emit(struct peer *peer, int number, size_t padding);

/* The numbers that came ascend, none twice. Returns how many between first and last are
 * missing. */
int peer_missing(const struct peer *peer);

/* Run the loop until it is true, for at most thirty seconds. */
#define PEERS_WAIT(peers, condition)                                                               \
    do {                                                                                           \
        int64_t peers_limit = fixture_now_ms() + 30000;                                            \
        while (!(condition)) {                                                                     \
            if (fixture_now_ms() > peers_limit) {                                                  \
                print_error("%s:%d: waited in vain for %s\n", __FILE__, __LINE__, #condition);     \
                fail();                                                                            \
            }                                                                                      \
            peers_turn(peers);                                                                     \
        }                                                                                          \
    } while (0)

/* Until what this peer has subscribed to is live. */
void peer_sync(struct peer *peer);

void peers_turn(struct peers *peers); /* one turn of the loop, of a few ms at most */

#endif
