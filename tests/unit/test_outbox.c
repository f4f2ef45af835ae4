/* SPDX-License-Identifier: MIT */
/* The outbox: bounds, order, expiry, reconnecting. */
#include "outbox_numbers.h"

static char wire[1 << 20], want[1 << 20];

static void encodes_commands_in_order(void **state)
{
    static const size_t lens[] = {1, 9, 10, 99, 100, 5000, 70000, 2, 65000, 300, 0};
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    size_t expected = 0, bytes = 0;

    (void)state;
    for (unsigned i = 0; i < 11; i++) {
        size_t len = box_encode(i, lens[i], want + expected);

        assert_int_equal(box_add(box, i, lens[i], 0), SIO_OK);
        expected += len;
        bytes += sio__publish_size(SIO__PUBLISH, SIO_STR("ch"),
                                   sio_str_of(box_big, box_payload(i, box_big, lens[i])));
    }
    assert_int_equal(bytes, expected);
    assert_int_equal(box_room.bytes, expected);
    assert_int_equal(sio__outbox_staged(box), expected);
    assert_int_equal(box_write(box, wire, sizeof wire), 0); /* not seen before take() */
    sio__outbox_take(box);
    assert_int_equal(box_write(box, wire, sizeof wire), expected);
    assert_memory_equal(wire, want, expected);
    for (unsigned i = 0; i < 11; i++) {
        assert_true(sio__outbox_unanswered(box));
        assert_int_equal(box_answer(box, false), i);
    }
    assert_false(sio__outbox_unanswered(box));
    sio__outbox_take(box);
    assert_int_equal(box_room.bytes, 0);
    sio__outbox_free(box);
}

static void bounds_hold_to_the_byte(void **state)
{
    size_t size = sio__publish_size(SIO__PUBLISH, SIO_STR("ch"), SIO_STR("1"));
    struct sio__outbox *box = box_make(3 * size, 100, 0);

    (void)state;
    assert_true(sio__outbox_fits(&box_room, 3 * size));
    assert_false(sio__outbox_fits(&box_room, 3 * size + 1));
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(box_add(box, i, 1, 0), SIO_OK);
    assert_int_equal(box_add(box, 4, 1, 0), SIO_EFULL);
    assert_int_equal(box_room.publishes, 3);
    /* An answer makes box_room; an unanswered publish counts. */
    sio__outbox_take(box);
    box_write(box, wire, sizeof wire);
    sio__outbox_take(box);
    assert_int_equal(box_add(box, 4, 1, 0), SIO_EFULL);
    assert_int_equal(box_answer(box, false), 1);
    sio__outbox_take(box);
    assert_int_equal(box_add(box, 4, 2, 0), SIO_EFULL); /* one byte too long */
    assert_int_equal(box_add(box, 4, 1, 0), SIO_OK);
    assert_int_equal(box_add(box, 5, 2 * size, 0), SIO_EFULL);
    assert_int_equal(box_add(box, 5, 3 * size, 0), SIO_ETOOBIG);
    sio__outbox_free(box);

    box = box_make(1 << 20, 2, 0);
    assert_int_equal(box_add(box, 1, 1, 0), SIO_OK);
    assert_int_equal(box_add(box, 2, 1, 0), SIO_OK);
    assert_int_equal(box_add(box, 3, 1, 0), SIO_EFULL);
    sio__outbox_free(box);
}

static void expires_in_order(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 1000);
    struct box_seen seen = {0};

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(box_add(box, i, 1, i * 100), SIO_OK);
    sio__outbox_take(box);
    assert_int_equal(sio__outbox_expiry(box, 400), 600);
    sio__outbox_expire(box, 999, box_on_end, &seen);
    assert_int_equal(seen.count, 0);
    sio__outbox_expire(box, 1199, box_on_end, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[0], 0);
    assert_int_equal(seen.ends[1], 1);
    assert_int_equal(sio__outbox_expiry(box, 1199), 1);
    assert_int_equal(sio__outbox_expiry(box, 5000), 0);
    sio__outbox_take(box);
    assert_int_equal(box_room.publishes, 3);
    assert_int_equal(box_write(box, wire, sizeof wire), box_encode(2, 1, want) * 3);
    assert_int_equal(box_answer(box, false), 2);
    sio__outbox_free(box);
}

/* What was written and expired is still owed an answer, which must not be taken for
 * that of another. */
static void a_late_answer_is_no_others(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 1000);
    struct sio__completion completion;
    struct box_seen seen = {0};
    size_t len;

    (void)state;
    box_add(box, 1, 1, 0);
    box_add(box, 2, 1, 0);
    sio__outbox_take(box);
    len = box_encode(1, 1, want);
    assert_int_equal(box_write(box, wire, len), len);
    box_add(box, 3, 1, 1000);
    sio__outbox_take(box);
    sio__outbox_expire(box, 1000, box_on_end, &seen);
    assert_int_equal(seen.count, 2); /* 1, which was written, and 2, which was not */
    len = box_write(box, wire, sizeof wire);
    assert_int_equal(len, box_encode(3, 1, want)); /* 2 never leaves */
    assert_memory_equal(wire, want, len);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_LATE);
    assert_int_equal(box_answer(box, false), 3);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_STRAY);
    sio__outbox_take(box);
    assert_int_equal(box_room.publishes, 0);
    assert_int_equal(box_room.bytes, 0);
    sio__outbox_free(box);
}

static void a_command_begun_is_completed(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 1000);
    struct sio__completion completion;
    struct box_seen seen = {0};
    size_t len = box_encode(1, 50, want);

    (void)state;
    box_add(box, 1, 50, 0);
    box_add(box, 2, 50, 0);
    sio__outbox_take(box);
    box_write(box, wire, 10);
    assert_int_equal(sio__outbox_cut(box), len - 10);
    sio__outbox_expire(box, 1000, box_on_end, &seen);
    assert_int_equal(seen.count, 1);
    assert_int_equal(box_write(box, wire + 10, len - 10), len - 10);
    assert_memory_equal(wire, want, len);
    assert_int_equal(sio__outbox_cut(box), 0);
    sio__outbox_expire(box, 1000, box_on_end, &seen);
    assert_int_equal(seen.count, 2);
    assert_int_equal(box_write(box, wire, sizeof wire), 0);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_LATE);
    assert_false(sio__outbox_unanswered(box));
    sio__outbox_free(box);
}

static void an_answer_before_its_command_is_known(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    struct sio__completion completion;

    (void)state;
    box_add(box, 1, 50, 0);
    box_add(box, 2, 50, 0);
    sio__outbox_take(box);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_STRAY);
    box_write(box, wire, 10);
    assert_int_equal(sio__outbox_answer(box, false, &completion), SIO__ANSWER_EARLY);
    assert_int_equal((uintptr_t)completion.user, 1);
    sio__outbox_rewind(box);
    assert_int_equal(box_write(box, wire, sizeof wire), box_encode(2, 50, want));
    sio__outbox_free(box);
}

static void sends_again_from_the_first_unanswered(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    size_t len = box_encode(0, 1, want);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        box_add(box, i, 1, 0);
    sio__outbox_take(box);
    box_write(box, wire, 3 * len + 5); /* three, and a part of the fourth */
    assert_int_equal(box_answer(box, false), 0);
    sio__outbox_rewind(box);
    assert_int_equal(sio__outbox_resent(box), 2); /* Redis cannot have obeyed a part */
    assert_int_equal(sio__outbox_resent(box), 0);
    assert_int_equal(box_write(box, wire, sizeof wire), 4 * len);
    for (unsigned i = 1; i < 5; i++)
        assert_int_equal(box_answer(box, false), i);
    sio__outbox_free(box);
}

static void at_most_once_gives_up_what_was_written_whole(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    struct box_seen seen = {0};
    size_t len = box_encode(0, 1, want);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        box_add(box, i, 1, 0);
    sio__outbox_take(box);
    box_write(box, wire, 3 * len + 5);
    assert_int_equal(box_answer(box, false), 0);
    sio__outbox_give_up(box, box_on_end, &seen);
    sio__outbox_rewind(box);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ends[0], 1);
    assert_int_equal(seen.ends[1], 2);
    assert_int_equal(sio__outbox_resent(box), 0);
    assert_int_equal(box_write(box, wire, sizeof wire), 2 * len);
    assert_int_equal(box_answer(box, false), 3);
    sio__outbox_free(box);
}

static void kept_ones_go_again_and_answered_ones_do_not(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    size_t len = 0;

    (void)state;
    for (unsigned i = 0; i < 6; i++)
        box_add(box, i, 1, 0);
    sio__outbox_take(box);
    box_write(box, wire, sizeof wire);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(box_answer(box, i == 1 || i == 3 || i == 4), i);
    assert_false(sio__outbox_empty(box));
    assert_false(sio__outbox_unanswered(box));
    box_add(box, 6, 1, 0);
    sio__outbox_rewind(box);
    assert_int_equal(box_room.publishes, 4);
    for (unsigned i = 1; i < 7; i++) {
        if (i != 2 && i != 5)
            len += box_encode(i, 1, want + len);
    }
    assert_int_equal(box_write(box, wire, sizeof wire), len);
    assert_memory_equal(wire, want, len);
    assert_int_equal(box_answer(box, false), 1);
    assert_int_equal(box_answer(box, false), 3);
    assert_int_equal(box_answer(box, false), 4);
    assert_int_equal(box_answer(box, false), 6);
    assert_true(sio__outbox_empty(box));
    sio__outbox_take(box);
    assert_int_equal(box_room.bytes, 0);
    sio__outbox_free(box);
}

static void fails_all(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    struct box_seen seen = {0};

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        box_add(box, i, 9000, 0);
        if (i == 5) {
            sio__outbox_take(box);
            box_write(box, wire, 20000);
            assert_int_equal(box_answer(box, false), 0);
        }
    }
    sio__outbox_rewind(box);
    sio__outbox_fail(box, box_on_end, &seen);
    assert_int_equal(seen.count, 9);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(seen.ends[i], i + 1);
    sio__outbox_take(box);
    assert_int_equal(box_room.publishes, 0);
    assert_true(sio__outbox_empty(box));
    sio__outbox_free(box);
}

static void a_large_command_has_a_block_of_its_own(void **state)
{
    struct sio__outbox *box = box_make(1 << 20, 100, 0);
    struct box_seen seen = {0};

    (void)state;
    for (unsigned i = 0; i < 3; i++) { /* its block is freed, so the next is the first again */
        size_t len = box_encode(i, 200000, want);

        assert_int_equal(box_add(box, i, 200000, 0), SIO_OK);
        sio__outbox_take(box);
        assert_int_equal(box_write(box, wire, sizeof wire), len);
        assert_memory_equal(wire, want, len);
        assert_int_equal(box_answer(box, false), i);
        sio__outbox_take(box);
        assert_int_equal(box_room.bytes, 0);
    }
    box_add(box, 3, 1, 0);
    sio__outbox_take(box);
    sio__outbox_expire(box, 1 << 30, box_on_end, &seen);
    assert_int_equal(seen.count, 0); /* without a TTL nothing expires */
    assert_int_equal(sio__outbox_expiry(box, 1 << 30), -1);
    assert_int_equal(box_write(box, wire, sizeof wire), box_encode(3, 1, want));
    sio__outbox_free(box);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(encodes_commands_in_order),
    cmocka_unit_test(bounds_hold_to_the_byte),
    cmocka_unit_test(expires_in_order),
    cmocka_unit_test(a_late_answer_is_no_others),
    cmocka_unit_test(a_command_begun_is_completed),
    cmocka_unit_test(an_answer_before_its_command_is_known),
    cmocka_unit_test(sends_again_from_the_first_unanswered),
    cmocka_unit_test(at_most_once_gives_up_what_was_written_whole),
    cmocka_unit_test(kept_ones_go_again_and_answered_ones_do_not),
    cmocka_unit_test(fails_all),
    cmocka_unit_test(a_large_command_has_a_block_of_its_own),
};

SIO_TEST_MAIN(tests)
