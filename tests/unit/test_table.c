/* SPDX-License-Identifier: MIT */
/* The hash table against a plain array of what is in it. */
#include "table.h"

#include <stdbool.h>

#include "steps.h"
#include "unit.h"

enum { ITEMS = 3000 };

struct item {
    char name[24];
    size_t len;
    uint32_t hash;
    bool in;
};

static sio_str name_of(const void *item)
{
    const struct item *it = item;

    return (sio_str){it->name, it->len};
}

static struct item *make_items(struct sio__table *table, size_t n)
{
    struct item *items = calloc(n, sizeof *items);

    assert_non_null(items);
    for (size_t i = 0; i < n; i++) {
        items[i].len = (size_t)snprintf(items[i].name, sizeof items[i].name, "room %zu", i);
        items[i].hash = sio__table_hash(table, name_of(&items[i]));
    }
    return items;
}

static void check_all(const struct sio__table *table, const struct item *items, size_t n)
{
    size_t in = 0;

    for (size_t i = 0; i < n; i++) {
        const void *found = sio__table_find(table, name_of(&items[i]), items[i].hash);

        assert_ptr_equal(found, items[i].in ? &items[i] : NULL);
        in += items[i].in;
    }
    assert_int_equal(sio__table_count(table), in);
}

static void anything_goes_in_and_out(void **state)
{
    struct sio__table table;
    struct item *items;
    unsigned random = 1;

    (void)state;
    assert_int_equal(sio__table_init(&table, name_of), SIO_OK);
    assert_null(sio__table_find(&table, SIO_STR("x"), 0));
    items = make_items(&table, ITEMS);
    for (int step = 0; step < 200000; step++) {
        /* Long stretches of growth and of decline, so that it is resized both ways. */
        bool grow = step / 20000 % 2 == 0;
        struct item *item;

        random = random * 1664525 + 1013904223;
        item = &items[(random >> 8) % ITEMS];
        if (!item->in && (grow || (random & 7) == 0)) {
            assert_int_equal(sio__table_insert(&table, item, item->hash), SIO_OK);
            item->in = true;
        } else if (item->in && (!grow || (random & 7) == 0)) {
            sio__table_remove(&table, item, item->hash);
            item->in = false;
        }
        if (step % 997 == 0)
            check_all(&table, items, ITEMS);
    }
    check_all(&table, items, ITEMS);
    sio__table_fini(&table);
    free(items);
}

/* All with one hash: the names alone tell them apart. */
static void names_of_one_hash_are_told_apart(void **state)
{
    struct sio__table table;
    struct item *items;

    (void)state;
    assert_int_equal(sio__table_init(&table, name_of), SIO_OK);
    items = make_items(&table, 100);
    for (size_t i = 0; i < 100; i++) {
        items[i].hash = 7;
        items[i].in = true;
        assert_int_equal(sio__table_insert(&table, &items[i], 7), SIO_OK);
    }
    check_all(&table, items, 100);
    for (size_t i = 0; i < 100; i += 3) {
        sio__table_remove(&table, &items[i], 7);
        items[i].in = false;
        check_all(&table, items, 100);
    }
    sio__table_fini(&table);
    free(items);
}

/* Room names are an attacker's to choose: two tables must not hash alike. */
static void the_hash_is_keyed(void **state)
{
    struct sio__table a, b;
    int alike = 0;

    (void)state;
    assert_int_equal(sio__table_init(&a, name_of), SIO_OK);
    assert_int_equal(sio__table_init(&b, name_of), SIO_OK);
    for (int i = 0; i < 1000; i++) {
        char name[16];
        sio_str str = {name, (size_t)snprintf(name, sizeof name, "room %d", i)};

        alike += sio__table_hash(&a, str) == sio__table_hash(&b, str);
        assert_int_equal(sio__table_hash(&a, str), sio__table_hash(&a, str));
    }
    assert_true(alike < 3);
}

/* Moved all at once, a million take more than 50 ms. */
static void no_insert_takes_long(void **state)
{
    enum { MANY = 1000000 };
    struct steps steps = {0};
    struct sio__table table;
    struct item *items;
    bool within = false;

    (void)state;
    for (int round = 0; round < STEPS_ROUNDS && !within; round++) {
        assert_int_equal(sio__table_init(&table, name_of), SIO_OK);
        items = make_items(&table, MANY);
        for (size_t i = 0; i < MANY; i++) {
            steps_begin(&steps);
            assert_int_equal(sio__table_insert(&table, &items[i], items[i].hash), SIO_OK);
            steps_end(&steps);
        }
        within = steps_within(&steps, 20000);
        sio__table_fini(&table);
        free(items);
    }
    assert_true(within);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(anything_goes_in_and_out),
    cmocka_unit_test(names_of_one_hash_are_told_apart),
    cmocka_unit_test(the_hash_is_keyed),
    cmocka_unit_test(no_insert_takes_long),
};

SIO_TEST_MAIN(tests)
