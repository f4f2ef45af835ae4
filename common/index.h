/* SPDX-License-Identifier: MIT */
/* A hash table of numbers, found by the hashes of their names: eight bytes a slot. Names
 * are compared by whoever looks something up. Growing and shrinking are spread over the
 * changes, so that none takes long, however many entries there are. */
#ifndef SIO_COMMON_INDEX_H
#define SIO_COMMON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>

struct sio__index_slot {
    uint32_t hash;
    uint32_t value; /* 0: empty */
};

/* All zero: empty, without memory. */
struct sio__index {
    struct sio__index_slot *slots;
    struct sio__index_slot *old; /* what is left of the slots before; NULL: nothing */
    uint32_t size, old_size;     /* powers of two, or 0 */
    uint32_t count;
    uint32_t moved; /* old slots that nothing is left in, from the first one on */
};

SIO_API void sio__index_fini(struct sio__index *index);

/* Make sure that one insert will succeed. false: no memory. */
SIO_API bool sio__index_reserve(struct sio__index *index);
/* Reserved before; value from 1. */
SIO_API void sio__index_insert(struct sio__index *index, uint32_t hash, uint32_t value);
/* It is in there. */
SIO_API void sio__index_remove(struct sio__index *index, uint32_t hash, uint32_t value);

/* Growing or shrinking may be left half done when nothing is inserted or removed any more: who
 * looks up and may change it does a part of the rest. */
SIO_API void sio__index_go_on(struct sio__index *index);
static inline void sio__index_settle(struct sio__index *index)
{
    if (index->old != NULL)
        sio__index_go_on(index);
}

/* Whether the value is the one that is looked for. */
typedef bool sio__index_match(const void *context, uint32_t value);

static inline uint32_t sio__index_find_in(const struct sio__index_slot *slots, uint32_t size,
                                          uint32_t hash, sio__index_match *match,
                                          const void *context)
{
    uint32_t i = hash & (size - 1);

    for (; slots[i].value != 0; i = (i + 1) & (size - 1))
        if (slots[i].hash == hash && match(context, slots[i].value))
            return slots[i].value;
    return 0;
}

/* Whether entries of this hash may still be among the old slots. */
static inline bool sio__index_in_old(const struct sio__index *index, uint32_t hash)
{
    return index->old != NULL && (hash & (index->old_size - 1)) >= index->moved;
}

/* 0: there is none. Among the old slots first: if this hash may be there, most of its kind are. */
static inline uint32_t sio__index_find(const struct sio__index *index, uint32_t hash,
                                       sio__index_match *match, const void *context)
{
    uint32_t value = 0;

    if (sio__index_in_old(index, hash))
        value = sio__index_find_in(index->old, index->old_size, hash, match, context);
    if (value == 0 && index->slots != NULL)
        value = sio__index_find_in(index->slots, index->size, hash, match, context);
    return value;
}

/* Some value of this hash, or 0: likely the one that a look-up will find, but not compared, and
 * not looked for among the old slots. */
static inline uint32_t sio__index_peek(const struct sio__index *index, uint32_t hash)
{
    if (index->slots == NULL)
        return 0;
    uint32_t i = hash & (index->size - 1);
    while (index->slots[i].value != 0 && index->slots[i].hash != hash)
        i = (i + 1) & (index->size - 1);
    return index->slots[i].value;
}

/* A look-up of this hash is near. */
static inline void sio__index_prefetch(const struct sio__index *index, uint32_t hash)
{
    if (index->slots != NULL)
        __builtin_prefetch(&index->slots[hash & (index->size - 1)]);
}

#endif
