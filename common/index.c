/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing, at most three quarters full; a removal closes its
 * gap. To grow, entries move from the old slots to the new ones by whole runs (from one
 * empty slot to the next), so that what is left is a valid table all the time. */
#include "index.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    FIRST_SIZE = 16,
    MOVED_AT_ONCE = 16,     /* old slots; growing ends long before it is due again */
    MAPPED_BYTES = 1 << 18, /* from here on memory comes as pages from the kernel */
    RETURNED_SLOTS = 8192,  /* 64 KiB, whole pages everywhere, go back to it at once */
    SPARSE = 8              /* one slot in so many is in use: halve them */
};
#define MAX_SIZE (UINT32_C(1) << 31)

static size_t bytes_of(uint32_t size)
{
    return (size_t)size * sizeof(struct sio__index_slot);
}

/* calloc() may have to clear megabytes of recycled memory here and now; fresh pages come
 * cleared one by one as they are touched. */
static struct sio__index_slot *slots_new(uint32_t size)
{
    if (bytes_of(size) < MAPPED_BYTES)
        return calloc(size, sizeof(struct sio__index_slot));
    void *pages =
        mmap(NULL, bytes_of(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages != MAP_FAILED ? pages : NULL;
}

static void slots_free(struct sio__index_slot *slots, uint32_t size)
{
    if (bytes_of(size) < MAPPED_BYTES)
        free(slots);
    else
        munmap(slots, bytes_of(size));
}

void sio__index_fini(struct sio__index *index)
{
    slots_free(index->slots, index->size);
    if (index->old != NULL)
        slots_free(index->old, index->old_size);
    *index = (struct sio__index){0};
}

static void put(struct sio__index *index, struct sio__index_slot entry)
{
    uint32_t mask = index->size - 1, i = entry.hash & mask;

    while (index->slots[i].value != 0)
        i = (i + 1) & mask;
    index->slots[i] = entry;
}

/* Give back what was moved, piece by piece: unmapping megabytes takes a millisecond. */
static void return_moved(const struct sio__index *index)
{
    if (bytes_of(index->old_size) >= MAPPED_BYTES && index->moved % RETURNED_SLOTS == 0)
        (void)madvise(&index->old[index->moved - RETURNED_SLOTS], bytes_of(RETURNED_SLOTS),
                      MADV_DONTNEED);
}

/* Always to the end of a run. One that goes on from the last slot to the first loses its end
 * first, and is a run without it. */
static void move_some(struct sio__index *index, uint32_t slots)
{
    if (index->old == NULL)
        return;
    while (index->moved < index->old_size && (slots > 0 || index->old[index->moved].value != 0)) {
        struct sio__index_slot *slot = &index->old[index->moved++];
        if (slot->value != 0) {
            put(index, *slot);
            *slot = (struct sio__index_slot){0, 0};
        }
        return_moved(index);
        if (slots > 0)
            slots--;
    }
    if (index->moved == index->old_size) {
        slots_free(index->old, index->old_size);
        index->old = NULL;
    }
}

void sio__index_go_on(struct sio__index *index)
{
    move_some(index, MOVED_AT_ONCE);
}

static bool resize(struct sio__index *index, uint32_t size)
{
    struct sio__index_slot *slots = slots_new(size);

    if (slots == NULL)
        return false;
    move_some(index, UINT32_MAX); /* nothing is left by now */
    if (index->size > 0) {
        index->old = index->slots;
        index->old_size = index->size;
        index->moved = 0;
    }
    index->slots = slots;
    index->size = size;
    return true;
}

bool sio__index_reserve(struct sio__index *index)
{
    if (((uint64_t)index->count + 1) * 4 <= (uint64_t)index->size * 3)
        return true;
    return index->size < MAX_SIZE && resize(index, index->size > 0 ? index->size * 2 : FIRST_SIZE);
}

void sio__index_insert(struct sio__index *index, uint32_t hash, uint32_t value)
{
    assert(value != 0 && index->count < index->size);
    move_some(index, MOVED_AT_ONCE);
    put(index, (struct sio__index_slot){hash, value});
    index->count++;
}

/* What stands behind the gap moves up, if it may stand there. */
static void close_gap(struct sio__index_slot *slots, uint32_t mask, uint32_t gap)
{
    for (uint32_t i = (gap + 1) & mask; slots[i].value != 0; i = (i + 1) & mask) {
        uint32_t home = slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            slots[gap] = slots[i];
            gap = i;
        }
    }
    slots[gap] = (struct sio__index_slot){0, 0};
}

static bool remove_from(struct sio__index_slot *slots, uint32_t size, uint32_t hash, uint32_t value)
{
    uint32_t i = hash & (size - 1);

    while (slots[i].value != value) {
        if (slots[i].value == 0)
            return false;
        i = (i + 1) & (size - 1);
    }
    close_gap(slots, size - 1, i);
    return true;
}

void sio__index_remove(struct sio__index *index, uint32_t hash, uint32_t value)
{
    if (!remove_from(index->slots, index->size, hash, value)) {
        assert(sio__index_in_old(index, hash));
        remove_from(index->old, index->old_size, hash, value);
    }
    if (--index->count == 0) {
        sio__index_fini(index);
        return;
    }
    move_some(index, MOVED_AT_ONCE);
    if (index->old == NULL && index->size > FIRST_SIZE &&
        (uint64_t)index->count * SPARSE < index->size)
        (void)resize(index, index->size / 2); /* without memory it stays as large as it is */
}
