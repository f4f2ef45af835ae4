/* SPDX-License-Identifier: MIT */
/* A hash table of items that hold their own names. Names may be an attacker's to choose, so
 * the hash has a random key. No call takes long, however many items there are.
 *
 * An insert may fail for want of memory; nothing else does. */
#ifndef SIO_COMMON_TABLE_H
#define SIO_COMMON_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

#include "index.h"

typedef sio_str sio__table_name(const void *item);

union sio__table_place;

struct sio__table {
    sio__table_name *name;
    uint64_t key[2];
    struct sio__index index; /* of the items' numbers, from 1 */
    union sio__table_place *chunks[32];
    uint32_t used; /* numbers that have ever been given */
    uint32_t free; /* a chain of those to be given again; 0: none */
};

/* SIO_OK or SIO_ESYS (no random key). Takes no memory. */
SIO_API sio_status sio__table_init(struct sio__table *table, sio__table_name *name);
SIO_API void sio__table_fini(struct sio__table *table); /* the items are not touched */

SIO_API uint32_t sio__table_hash(const struct sio__table *table, sio_str name);
SIO_API size_t sio__table_count(const struct sio__table *table);

/* NULL: not there. hash: of the name. */
SIO_API void *sio__table_find(const struct sio__table *table, sio_str name, uint32_t hash);

/* The name must not be there. SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio__table_insert(struct sio__table *table, void *item, uint32_t hash);

/* The item must be there; its memory may go right after. */
SIO_API void sio__table_remove(struct sio__table *table, const void *item, uint32_t hash);

#endif
