/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing, at most three quarters full. A removal closes the gap;
 * while items are being moved from old slots, those keep a mark where one was. */
#include "table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
    FIRST_SIZE = 16,
    MOVE_SLOTS = 8 /* with each change: done long before the new slots are full */
};

static char gone; /* the item of an old slot that has been moved or removed */
#define GONE ((void *)&gone)

/* -- SipHash-1-3 (Aumasson, Bernstein), as Rust and Redis's relatives use it for tables -- */

static inline uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

static inline uint64_t word(const char *at)
{
    uint64_t w;

    memcpy(&w, at, sizeof w); /* in the machine's order: the hash never leaves it */
    return w;
}

uint32_t sio__table_hash(const struct sio__table *table, sio_str name)
{
    uint64_t k0 = table->key[0], k1 = table->key[1], last = (uint64_t)name.len << 56;
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                     k1 ^ 0x7465646279746573};
    const char *at = name.ptr;
    size_t left = name.len;

    for (; left >= 8; left -= 8, at += 8) {
        uint64_t m = word(at);

        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    for (size_t i = 0; i < left; i++)
        last |= (uint64_t)(unsigned char)at[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    v[0] ^= v[1] ^ v[2] ^ v[3];
    return (uint32_t)(v[0] ^ v[0] >> 32);
}

/* -- the table -- */

sio_status sio__table_init(struct sio__table *table, sio__table_name *name)
{
    *table = (struct sio__table){.name = name};
    if (getrandom(table->key, sizeof table->key, GRND_NONBLOCK) != (ssize_t)sizeof table->key)
        return SIO_ESYS;
    return SIO_OK;
}

void sio__table_fini(struct sio__table *table)
{
    free(table->slots);
    free(table->old);
    table->slots = table->old = NULL;
    table->size = table->old_size = table->count = 0;
}

static bool is_named(const struct sio__table *table, const struct sio__table_slot *slot,
                     sio_str name, uint32_t hash)
{
    sio_str its;

    if (slot->hash != hash || slot->item == GONE)
        return false;
    its = table->name(slot->item);
    return its.len == name.len && (name.len == 0 || memcmp(its.ptr, name.ptr, name.len) == 0);
}

static void *find_in(const struct sio__table *table, const struct sio__table_slot *slots,
                     size_t size, sio_str name, uint32_t hash)
{
    for (size_t i = hash & (size - 1); slots[i].item != NULL; i = (i + 1) & (size - 1)) {
        if (is_named(table, &slots[i], name, hash))
            return slots[i].item;
    }
    return NULL;
}

void *sio__table_find(const struct sio__table *table, sio_str name, uint32_t hash)
{
    void *item = NULL;

    if (table->size > 0)
        item = find_in(table, table->slots, table->size, name, hash);
    if (item == NULL && table->old != NULL)
        item = find_in(table, table->old, table->old_size, name, hash);
    return item;
}

static void put(struct sio__table *table, void *item, uint32_t hash)
{
    size_t mask = table->size - 1, i = hash & mask;

    while (table->slots[i].item != NULL)
        i = (i + 1) & mask;
    table->slots[i] = (struct sio__table_slot){hash, item};
}

static void move_some(struct sio__table *table, size_t slots)
{
    if (table->old == NULL)
        return;
    for (; slots > 0 && table->moved < table->old_size; slots--) {
        struct sio__table_slot *slot = &table->old[table->moved++];

        if (slot->item != NULL && slot->item != GONE) {
            put(table, slot->item, slot->hash);
            slot->item = GONE;
        }
    }
    if (table->moved == table->old_size) {
        free(table->old);
        table->old = NULL;
    }
}

static sio_status resize(struct sio__table *table, size_t size)
{
    struct sio__table_slot *slots = calloc(size, sizeof *slots);

    if (slots == NULL)
        return SIO_ENOMEM;
    move_some(table, SIZE_MAX); /* nothing is left by now, as a rule */
    if (table->size > 0) {
        table->old = table->slots;
        table->old_size = table->size;
        table->moved = 0;
    }
    table->slots = slots;
    table->size = size;
    return SIO_OK;
}

sio_status sio__table_insert(struct sio__table *table, void *item, uint32_t hash)
{
    size_t size = table->size;

    if ((table->count + 1) * 4 > size * 3) {
        sio_status status = resize(table, size > 0 ? size * 2 : FIRST_SIZE);

        if (status != SIO_OK)
            return status;
    }
    move_some(table, MOVE_SLOTS);
    put(table, item, hash);
    table->count++;
    return SIO_OK;
}

/* Close the gap at i: what stands behind it moves up if it may stand there. */
static void close_gap(struct sio__table *table, size_t i)
{
    size_t mask = table->size - 1, j = i;

    for (;;) {
        size_t home;

        j = (j + 1) & mask;
        if (table->slots[j].item == NULL)
            break;
        home = table->slots[j].hash & mask;
        if (((j - home) & mask) >= ((j - i) & mask)) {
            table->slots[i] = table->slots[j];
            i = j;
        }
    }
    table->slots[i] = (struct sio__table_slot){0, NULL};
}

static bool remove_new(struct sio__table *table, const void *item, uint32_t hash)
{
    size_t mask = table->size - 1, i = hash & mask;

    while (table->slots[i].item != NULL && table->slots[i].item != item)
        i = (i + 1) & mask;
    if (table->slots[i].item == NULL)
        return false;
    close_gap(table, i);
    return true;
}

void sio__table_remove(struct sio__table *table, const void *item, uint32_t hash)
{
    assert(table->count > 0);
    if (!remove_new(table, item, hash)) {
        size_t mask = table->old_size - 1, i = hash & mask;

        while (table->old[i].item != item)
            i = (i + 1) & mask;
        table->old[i].item = GONE;
    }
    table->count--;
    move_some(table, MOVE_SLOTS);
    if (table->old == NULL && table->size > FIRST_SIZE && table->count * 8 < table->size)
        (void)resize(table, table->size / 2); /* without memory it stays as large as it is */
}

void *sio__table_next(const struct sio__table *table, size_t *at)
{
    size_t old_size = table->old != NULL ? table->old_size : 0;

    while (*at < table->size + old_size) {
        size_t i = (*at)++;
        void *item = i < table->size ? table->slots[i].item : table->old[i - table->size].item;

        if (item != NULL && item != GONE)
            return item;
    }
    return NULL;
}
