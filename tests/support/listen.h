/* SPDX-License-Identifier: MIT */
/* A listener under test that keeps what it is told. */
#ifndef SIO_TESTS_LISTEN_H
#define SIO_TESTS_LISTEN_H

#include <sio/link.h>

#include "client.h"
#include "link/subscribe.h"

struct listen {
    struct client *client;
    struct sio__listener *listener;
    int messages, readies, losses, gaps, denials, syncs, sync_status, closeds;
    int last_tag;
    char channel[64], payload[64]; /* of the last message, cut and terminated */
    size_t payload_len;
    uint64_t payload_sum; /* of its bytes */
    char order[64];       /* a letter for each thing told: m r l g d s c */
    int64_t gap_from_ms, gap_to_ms;
    char text[256]; /* of the last loss or gap, and of the last denial: */
    char denied_name[64], denied_text[512];
    sio_status denied_status;
    /* What to do when the order's letter comes, after it has been kept. */
    char act_on;
    void (*act)(struct listen *listen);
};

/* A link on a loop with one listener. */
void listen_open(struct listen *listen, struct client *client);
void listen_sub(struct listen *listen, enum sio__subscribe_kind kind, const char *name, int tag);
void listen_unsub(struct listen *listen, enum sio__subscribe_kind kind, const char *name);
void listen_sync(struct listen *listen);                         /* returns when it has ended */
sio_status listen_sync_status(struct listen *listen);            /* that, with its status */
void listen_sync_cb(void *owner, sio_status status, void *user); /* user: the struct listen */
void listen_close(struct listen *listen);

#endif
