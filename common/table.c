/* SPDX-License-Identifier: MIT */
/* An index of numbers, and the items by number, in chunks of which each is twice as large as
 * the one before, so that nothing has to move when there are more. */
#include "table.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "siphash.h"

enum { FIRST_LOG = 4 /* the first chunk has 16 places */ };

union sio__table_place {
    void *item;
    uint32_t next; /* in the chain of free numbers */
};

sio_status sio__table_init(struct sio__table *table, sio__table_name *name)
{
    *table = (struct sio__table){.name = name};
    if (getrandom(table->key, sizeof table->key, GRND_NONBLOCK) != (ssize_t)sizeof table->key)
        return SIO_ESYS;
    return SIO_OK;
}

void sio__table_fini(struct sio__table *table)
{
    sio__index_fini(&table->index);
    for (size_t i = 0; i < sizeof table->chunks / sizeof table->chunks[0]; i++) {
        free(table->chunks[i]);
        table->chunks[i] = NULL;
    }
    table->used = table->free = 0;
}

uint32_t sio__table_hash(const struct sio__table *table, sio_str name)
{
    return (uint32_t)sio__siphash(table->key, name);
}

size_t sio__table_count(const struct sio__table *table)
{
    return table->index.count;
}

/* -- items by number, from 1 -- */

static unsigned chunk_of(uint32_t number, uint32_t *at)
{
    uint32_t n = number - 1 + (UINT32_C(1) << FIRST_LOG);
    unsigned log = 31 - (unsigned)__builtin_clz(n);

    *at = n - (UINT32_C(1) << log);
    return log - FIRST_LOG;
}

static union sio__table_place *place_of(const struct sio__table *table, uint32_t number)
{
    uint32_t at;
    unsigned chunk = chunk_of(number, &at);

    return &table->chunks[chunk][at];
}

/* 0: no memory. */
static uint32_t take_number(struct sio__table *table)
{
    uint32_t number = table->free, at;
    unsigned chunk;

    if (number != 0) {
        table->free = place_of(table, number)->next;
        return number;
    }
    chunk = chunk_of(table->used + 1, &at);
    if (at == 0 && table->chunks[chunk] == NULL)
        table->chunks[chunk] =
            malloc(((size_t)1 << (FIRST_LOG + chunk)) * sizeof(union sio__table_place));
    if (table->chunks[chunk] == NULL)
        return 0;
    return ++table->used;
}

static void give_back(struct sio__table *table, uint32_t number)
{
    place_of(table, number)->next = table->free;
    table->free = number;
}

/* -- by name -- */

struct wanted {
    const struct sio__table *table;
    sio_str name;
    const void *item;
};

static bool is_named(const void *context, uint32_t number)
{
    const struct wanted *wanted = context;

    return sio_str_eq(wanted->table->name(place_of(wanted->table, number)->item), wanted->name);
}

static bool is_item(const void *context, uint32_t number)
{
    const struct wanted *wanted = context;

    return place_of(wanted->table, number)->item == wanted->item;
}

void *sio__table_find(const struct sio__table *table, sio_str name, uint32_t hash)
{
    struct wanted wanted = {.table = table, .name = name};
    uint32_t number = sio__index_find(&table->index, hash, is_named, &wanted);

    return number != 0 ? place_of(table, number)->item : NULL;
}

sio_status sio__table_insert(struct sio__table *table, void *item, uint32_t hash)
{
    uint32_t number = sio__index_reserve(&table->index) ? take_number(table) : 0;

    if (number == 0)
        return SIO_ENOMEM;
    place_of(table, number)->item = item;
    sio__index_insert(&table->index, hash, number);
    return SIO_OK;
}

void sio__table_remove(struct sio__table *table, const void *item, uint32_t hash)
{
    struct wanted wanted = {.table = table, .item = item};
    uint32_t number = sio__index_find(&table->index, hash, is_item, &wanted);

    assert(number != 0);
    sio__index_remove(&table->index, hash, number);
    give_back(table, number);
}
