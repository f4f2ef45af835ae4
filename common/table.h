/* SPDX-License-Identifier: MIT */
/* A hash table of items that hold their own names. Names may be an attacker's to choose, so
 * the hash has a random key. Growing and shrinking happen a little with each change: no call
 * takes long, however many items there are.
 *
 * An insert may fail for want of memory; nothing else does. */
#ifndef SIO_COMMON_TABLE_H
#define SIO_COMMON_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>
#include <sio/status.h>
#include <sio/str.h>

/* The name of an item. The same name may stand for items of several kinds: then the kind is
 * to be a byte of the name. */
typedef sio_str sio__table_name(const void *item);

struct sio__table_slot {
    uint32_t hash;
    void *item; /* NULL: empty */
};

struct sio__table {
    sio__table_name *name;
    uint64_t key[2];
    struct sio__table_slot *slots, *old; /* old: being moved to slots, NULL: none */
    size_t size, old_size;               /* powers of two; 0: no memory yet */
    size_t moved;                        /* of the old slots */
    size_t count;
};

/* SIO_OK or SIO_ESYS (no random key). Takes no memory. */
SIO_API sio_status sio__table_init(struct sio__table *table, sio__table_name *name);
SIO_API void sio__table_fini(struct sio__table *table); /* the items are not touched */

SIO_API uint32_t sio__table_hash(const struct sio__table *table, sio_str name);

/* NULL: not there. hash: of the name. */
SIO_API void *sio__table_find(const struct sio__table *table, sio_str name, uint32_t hash);

/* The name must not be there. SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio__table_insert(struct sio__table *table, void *item, uint32_t hash);

/* The item must be there; its memory may go right after. */
SIO_API void sio__table_remove(struct sio__table *table, const void *item, uint32_t hash);

/* One item after the other, in no order, from *at = 0 on; NULL: that was all. The table must
 * not change meanwhile. */
SIO_API void *sio__table_next(const struct sio__table *table, size_t *at);

#endif
