/* SPDX-License-Identifier: MIT */
/* What waits in an outbox and is another one's now; counts that end unwritten. */
#include "outbox_numbers.h"

static char wire[1 << 20];

static sio_status add_to(struct sio__outbox *box, enum sio__publish_kind kind, const char *channel,
                         unsigned number, uint32_t now_ms)
{
    struct sio__completion completion = {.user = (void *)(uintptr_t)number};
    char text[16];
    size_t len = box_payload(number, text, 0);

    return sio__outbox_add(box, kind, sio_str_c(channel), sio_str_of(text, len), &completion,
                           now_ms);
}

/* What is published to "moved" goes to the other outbox. */
static struct sio__outbox *route(void *arg, sio_str channel)
{
    return sio_str_eq(channel, SIO_STR("moved")) ? arg : NULL;
}

static void passes_on_what_is_anothers(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 1000), *other = sio__outbox_new(&box_room);
    struct box_seen seen = {.count = 0};
    size_t bytes;
    uint64_t sent = 9;

    (void)state;
    assert_int_equal(add_to(box, SIO__SPUBLISH, "moved", 1, 0), SIO_OK);
    assert_int_equal(add_to(box, SIO__SPUBLISH, "stays", 2, 0), SIO_OK);
    assert_int_equal(add_to(box, SIO__PUBLISH, "moved", 3, 0), SIO_OK); /* no shard channel */
    assert_int_equal(add_to(box, SIO__SPUBLISH, "moved", 4, 0), SIO_OK);
    sio__outbox_take(box);
    box_write(box, wire, sizeof wire);
    assert_int_equal(box_answer(box, true), 1); /* -MOVED: kept */
    assert_int_equal(box_answer(box, false), 2);
    assert_int_equal(box_answer(box, false), 3);
    assert_int_equal(box_answer(box, true), 4);
    sio__outbox_rewind(box);
    assert_int_equal(add_to(box, SIO__SPUBLISH, "moved", 5, 500), SIO_OK); /* not seen as yet */
    assert_int_equal(add_to(box, SIO__SPUBLISH, "stays", 6, 500), SIO_OK);
    bytes = box_room.bytes;
    assert_true(sio__outbox_pass(box, route, other, &sent));
    assert_int_equal(sent, 2); /* the first two had been written */
    assert_int_equal(box_room.bytes, bytes);
    assert_int_equal(box_room.publishes, 4);

    sio__outbox_take(other);
    sio__outbox_expire(other, 1000, box_on_end, &seen); /* as old as they were */
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[0], 1);
    assert_int_equal(seen.ends[1], 4);
    assert_true(box_write(other, wire, sizeof wire) > 0);
    assert_memory_equal(wire, "*3\r\n$8\r\nSPUBLISH\r\n$5\r\nmoved\r\n$1\r\n5\r\n", 36);
    assert_int_equal(box_answer(other, false), 5);
    assert_true(box_write(box, wire, sizeof wire) > 0);
    assert_memory_equal(wire, "*3\r\n$8\r\nSPUBLISH\r\n$5\r\nstays\r\n$1\r\n6\r\n", 36);
    assert_int_equal(box_answer(box, false), 6);
    sio__outbox_take(box);
    sio__outbox_take(other);
    assert_int_equal(box_room.bytes, 0);
    assert_int_equal(box_room.publishes, 0);
    assert_true(sio__outbox_empty(box) && sio__outbox_empty(other));
    sio__outbox_free(other);
    sio__outbox_free(box);
}

static void ends_counts_that_are_not_written(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    struct sio__completion count = {.user = (void *)(uintptr_t)50};
    struct box_seen seen = {.count = 0};

    (void)state;
    assert_int_equal(add_to(box, SIO__PUBLISH, "ch", 1, 0), SIO_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            sio__outbox_add_count(box, SIO__COUNT_SUBSCRIBERS, SIO_STR("ch"), &count, 0), SIO_OK);
    assert_int_equal(add_to(box, SIO__PUBLISH, "ch", 2, 0), SIO_OK);
    sio__outbox_take(box);
    sio__outbox_end_counts(box, box_on_end, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[1], 50);
    sio__outbox_end_counts(box, box_on_end, &seen);
    assert_int_equal(seen.count, 2);
    box_write(box, wire, sizeof wire);
    assert_int_equal(box_answer(box, false), 1);
    assert_int_equal(box_answer(box, false), 2);
    sio__outbox_take(box);
    assert_int_equal(box_room.bytes, 0);
    assert_int_equal(box_room.publishes, 0);
    sio__outbox_free(box);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(passes_on_what_is_anothers),
    cmocka_unit_test(ends_counts_that_are_not_written),
};

SIO_TEST_MAIN(tests)
