/* SPDX-License-Identifier: MIT */
/* Chunks of items. In front of its items a chunk keeps what belongs to all of them. */
#include "adapter/registry_pool.h"

#include <stdbool.h>
#include <stdlib.h>

/* As large as an item, so that the items behind it are aligned as it is. */
struct chunk_head {
    _Alignas(SIO__POOL_ITEM) void *owner;
    void *memory; /* as allocated */
};

_Static_assert(sizeof(struct chunk_head) == SIO__POOL_ITEM, "the items are aligned");

static struct chunk_head *head_of(void *first_item)
{
    return (struct chunk_head *)first_item - 1;
}

void sio__pool_init(struct sio__pool *pool, void *owner)
{
    *pool = (struct sio__pool){
        .owner = owner, .free = SIO__NONE, .held = SIO__NONE, .held_last = SIO__NONE};
}

static void free_chunks(struct sio__pool *pool, uint32_t keep)
{
    while (pool->nchunks > keep)
        free(head_of(pool->chunks[--pool->nchunks])->memory);
}

void sio__pool_fini(struct sio__pool *pool)
{
    free_chunks(pool, 0);
    free(pool->chunks);
    sio__pool_init(pool, pool->owner);
}

static bool add_chunk(struct sio__pool *pool)
{
    size_t items = (size_t)SIO__POOL_FIRST << pool->nchunks;
    char **chunks = realloc(pool->chunks, (pool->nchunks + 1) * sizeof *chunks);
    if (chunks == NULL)
        return false;
    pool->chunks = chunks;

    /* Aligned by hand: aligned_alloc() is not everywhere where malloc() can be replaced. */
    char *memory = malloc((items + 2) * SIO__POOL_ITEM);
    if (memory == NULL)
        return false;
    char *aligned = memory + (SIO__POOL_ITEM - (uintptr_t)memory % SIO__POOL_ITEM);
    struct chunk_head *head = (struct chunk_head *)(void *)aligned;
    *head = (struct chunk_head){.owner = pool->owner, .memory = memory};
    chunks[pool->nchunks++] = (char *)(head + 1);
    return true;
}

static uint32_t *link_of(const struct sio__pool *pool, uint32_t i)
{
    return &((struct sio__pool_link *)sio__pool_at(pool, i))->next;
}

uint32_t sio__pool_take(struct sio__pool *pool)
{
    uint32_t i = pool->free;

    if (i != SIO__NONE) {
        pool->free = *link_of(pool, i);
    } else {
        i = pool->used;
        if (i == SIO__POOL_MOST || (sio__pool_place(i).chunk == pool->nchunks && !add_chunk(pool)))
            return SIO__NONE;
        pool->used++;
    }
    pool->live++;
    return i;
}

void sio__pool_untake(struct sio__pool *pool, uint32_t i)
{
    *link_of(pool, i) = pool->free;
    pool->free = i;
    pool->live--;
}

void sio__pool_drop(struct sio__pool *pool, uint32_t i)
{
    *link_of(pool, i) = SIO__NONE;
    if (pool->held == SIO__NONE)
        pool->held = i;
    else
        *link_of(pool, pool->held_last) = i;
    pool->held_last = i;
    pool->live--;
}

uint32_t sio__pool_reuse(struct sio__pool *pool)
{
    uint32_t i = pool->held;

    if (i != SIO__NONE) {
        pool->held = *link_of(pool, i);
        *link_of(pool, i) = pool->free;
        pool->free = i;
    }
    return i;
}

void sio__pool_trim(struct sio__pool *pool)
{
    if (pool->live > 0 || pool->held != SIO__NONE)
        return;
    if (pool->nchunks > 1)
        free_chunks(pool, 1);
    pool->used = 0;
    pool->free = SIO__NONE;
}

void *sio__pool_owner(const void *item, uint32_t i)
{
    const char *first = (const char *)item - (size_t)sio__pool_place(i).at * SIO__POOL_ITEM;
    return ((const struct chunk_head *)(const void *)first - 1)->owner;
}
