/* SPDX-License-Identifier: MIT */
/* The index: found is what is in it, at any stage of growing and shrinking; and no insert
 * does more than a little of the work of growing. */
#include "index.h"

#include "unit.h"

enum {
    MILLION = 1000000,
    SLOTS_MAX = 600 /* looked at by one change: 16, and on to the end of a run of full ones */
};

/* Values are their own names. Equal hashes come in threes. */
static uint32_t hash_of(uint32_t value)
{
    uint32_t x = value / 3 * 2654435761U;
    x = (x ^ x >> 15) * 2246822519U;
    return x ^ x >> 13;
}

static bool is_value(const void *context, uint32_t value)
{
    return value == *(const uint32_t *)context;
}

static bool has(const struct sio__index *index, uint32_t value)
{
    uint32_t found = sio__index_find(index, hash_of(value), is_value, &value);
    assert_true(found == 0 || found == value);
    return found != 0;
}

static void put(struct sio__index *index, uint32_t value)
{
    assert_true(sio__index_reserve(index));
    sio__index_insert(index, hash_of(value), value);
}

/* Who only looks up has the rest of growing done, too. */
static void growing_ends_without_inserts(void **state)
{
    struct sio__index index = {0};
    uint32_t n = 0;
    (void)state;
    do
        put(&index, ++n);
    while (n < 1000 || index.old == NULL);
    for (int i = 0; index.old != NULL; i++) {
        assert_true(i < 1000);
        sio__index_settle(&index);
        for (uint32_t j = 1; j <= n; j++)
            assert_true(has(&index, j));
        assert_false(has(&index, n + 1));
    }
    for (uint32_t j = 1; j <= n; j++)
        assert_int_not_equal(sio__index_peek(&index, hash_of(j)), 0);
    sio__index_fini(&index);
    assert_int_equal(sio__index_peek(&index, 7), 0);
}

static void everything_is_found_at_every_stage(void **state)
{
    struct sio__index index = {0};
    enum { N = 3000 };
    (void)state;
    for (uint32_t i = 1; i <= N; i++) {
        put(&index, i);
        for (uint32_t j = i % 7 + 1; j <= i; j += 7)
            assert_true(has(&index, j));
        assert_false(has(&index, i + 1));
        assert_int_equal(index.count, i);
    }
    for (uint32_t i = 1; i <= N; i++) {
        sio__index_remove(&index, hash_of(i), i);
        for (uint32_t j = i % 7 + 1; j <= N; j += 7)
            assert_int_equal(has(&index, j), j > i);
    }
    assert_int_equal(index.count, 0);
    assert_null(index.slots); /* memory went with the last one */
    assert_null(index.old);
}

static void random_changes_keep_what_is_in(void **state)
{
    enum { N = 5000 };
    static bool in[N + 1];
    struct sio__index index = {0};
    uint64_t random = 7;
    (void)state;
    memset(in, 0, sizeof in);
    for (int step = 0; step < 400000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407U;
        uint32_t value = 1 + (uint32_t)(random >> 33) % N;
        /* in turn it becomes nearly full and nearly empty */
        bool wanted = (random >> 20) % 100 < (step / 40000 % 2 == 0 ? 97 : 3);
        if (wanted && !in[value])
            put(&index, value);
        else if (!wanted && in[value])
            sio__index_remove(&index, hash_of(value), value);
        in[value] = wanted;
        if (step % 2000 == 0)
            for (uint32_t i = 1; i <= N; i++)
                assert_int_equal(has(&index, i), in[i]);
    }
    sio__index_fini(&index);
}

/* How many old slots the last change has passed. */
struct work {
    const struct sio__index_slot *old;
    uint32_t old_size, moved, most;
};

static void count_work(struct work *work, const struct sio__index *index)
{
    uint32_t done = index->old != NULL ? index->moved : 0;

    if (index->old == work->old && work->old != NULL)
        done -= work->moved;
    else if (work->old != NULL)
        done += work->old_size - work->moved; /* what was left of those before */
    if (done > work->most)
        work->most = done;
    work->old = index->old;
    work->old_size = index->old_size;
    work->moved = index->moved;
}

static void work_is_spread_over_a_million_changes(void **state)
{
    struct sio__index index = {0};
    struct work work = {NULL, 0, 0, 0};
    (void)state;
    for (uint32_t i = 1; i <= MILLION; i++) {
        put(&index, i);
        count_work(&work, &index);
    }
    assert_in_range(work.most, 1, SLOTS_MAX);
    for (uint32_t i = 1; i < MILLION; i++) {
        sio__index_remove(&index, hash_of(i), i);
        count_work(&work, &index);
    }
    assert_in_range(work.most, 1, SLOTS_MAX);
    assert_true(index.size <= 64); /* and its memory has gone back */
    sio__index_fini(&index);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(growing_ends_without_inserts),
    cmocka_unit_test(everything_is_found_at_every_stage),
    cmocka_unit_test(random_changes_keep_what_is_in),
    cmocka_unit_test(work_is_spread_over_a_million_changes),
};

SIO_TEST_MAIN(tests)
