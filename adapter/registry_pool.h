/* SPDX-License-Identifier: MIT */
/* Items of 64 bytes that never move, found by number: the sockets and the rooms of a
 * registry. They live in chunks, each twice as large as the one before; a cache line holds
 * one item. */
#ifndef SIO_ADAPTER_REGISTRY_POOL_H
#define SIO_ADAPTER_REGISTRY_POOL_H

#include <stddef.h>
#include <stdint.h>

enum {
    SIO__POOL_ITEM = 64, /* bytes */
    SIO__POOL_FIRST = 8, /* items in the first chunk; a power of two */
    SIO__POOL_FIRST_LOG = 3
};
#define SIO__NONE      UINT32_MAX
#define SIO__POOL_MOST (UINT32_C(1) << 27) /* items */

/* An item begins with this; while it is in use it is the user's. */
struct sio__pool_link {
    uint32_t next;
};

struct sio__pool {
    char **chunks;
    void *owner; /* of the items, see sio__pool_owner() */
    uint32_t nchunks;
    uint32_t used;            /* items that have ever been in use */
    uint32_t live;            /* items in use */
    uint32_t free;            /* chain of those for use */
    uint32_t held, held_last; /* chain of those that may still be looked at, first and last */
};

/* Takes no memory. */
void sio__pool_init(struct sio__pool *pool, void *owner);
void sio__pool_fini(struct sio__pool *pool);

/* An item, uninitialised. SIO__NONE: no memory. */
uint32_t sio__pool_take(struct sio__pool *pool);
/* Right after taking it: it was not needed. */
void sio__pool_untake(struct sio__pool *pool, uint32_t i);
/* Out of use, but not used again before sio__pool_reuse() returns it. */
void sio__pool_drop(struct sio__pool *pool, uint32_t i);
/* The item that was dropped first may be used again from now on, and is returned: release what
 * it has. SIO__NONE: there is none. */
uint32_t sio__pool_reuse(struct sio__pool *pool);
/* Return memory if no item is in use. */
void sio__pool_trim(struct sio__pool *pool);

/* Number `at` in chunk `chunk`. */
struct sio__pool_place {
    uint32_t chunk, at;
};

static inline struct sio__pool_place sio__pool_place(uint32_t i)
{
    uint32_t n = i + SIO__POOL_FIRST;
    unsigned log = 31 - (unsigned)__builtin_clz(n);
    return (struct sio__pool_place){log - SIO__POOL_FIRST_LOG, n - (UINT32_C(1) << log)};
}

static inline void *sio__pool_at(const struct sio__pool *pool, uint32_t i)
{
    struct sio__pool_place place = sio__pool_place(i);
    return pool->chunks[place.chunk] + (size_t)place.at * SIO__POOL_ITEM;
}

/* Whose the pool is with item number i at this address: a chunk knows it. */
void *sio__pool_owner(const void *item, uint32_t i);

#endif
