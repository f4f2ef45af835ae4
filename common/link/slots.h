/* SPDX-License-Identifier: MIT */
/* Which node of a cluster has which hash slot: the map, what Redis answers about it, and the
 * redirections that correct it. Knows no socket or clock. */
#ifndef SIO_COMMON_LINK_SLOTS_H
#define SIO_COMMON_LINK_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#include "link/answer.h"
#include "link/place.h"

enum { SIO__SLOTS = 16384, SIO__NO_NODE = UINT16_MAX, SIO__NODE_ID = 40, SIO__NODES_MAX = 1024 };

/* The slot of a key or shard channel: of what is between its first '{' and the next '}', if
 * that is not empty; else of all of it. */
SIO_API unsigned sio__slot_of(sio_str name);

struct sio__node {
    struct sio__place place;
    bool is_master;            /* as far as is known */
    bool failed;               /* says the cluster */
    unsigned shard;            /* the same number for a master and its replicas; 0: not known */
    char id[SIO__NODE_ID + 1]; /* empty: not known */
};

struct sio__slot_map {
    struct sio__node *nodes;
    unsigned count;
    uint16_t owner[SIO__SLOTS]; /* the index of its master, or SIO__NO_NODE */
};

/* Without a node. NULL: out of memory. */
SIO_API struct sio__slot_map *sio__slot_map_new(void);
SIO_API void sio__slot_map_free(struct sio__slot_map *map); /* NULL allowed */

/* From the answer to CLUSTER SHARDS (Redis 7) or CLUSTER SLOTS (any), told apart by what they
 * look like. asked: the host that was asked, meant where a node says none of its own. tls: the
 * nodes' ports for TLS. SIO_OK, SIO_ENOMEM or SIO_EREDIS (not such an answer). */
SIO_API sio_status sio__slot_map_read(const struct sio__listing *answer, const char *asked,
                                      bool tls, struct sio__slot_map **out);

/* The index of a node; SIO__NO_NODE: not known. */
SIO_API unsigned sio__slot_map_find(const struct sio__slot_map *map,
                                    const struct sio__place *place);
/* As find(), added if it is not known; SIO__NO_NODE: out of memory, or too many. */
SIO_API unsigned sio__slot_map_add(struct sio__slot_map *map, const struct sio__place *place);

struct sio__redirect {
    bool ask; /* for this once; else from now on */
    unsigned slot;
    struct sio__place place; /* port 0: not known, though the slot is elsewhere */
};

/* From an error, "MOVED 3999 127.0.0.1:6381", say. asked: the host that answered, meant where
 * none is named. false: no redirection. */
SIO_API bool sio__redirect_read(const char *error, const char *asked,
                                struct sio__redirect *redirect);

#endif
