/* SPDX-License-Identifier: MIT */
/* Targets: packed at any time, duplicates once, flags in their order. */
#include "unit.h"

#include <limits.h>

#include <sio/target.h>
#include <sio/value.h>

#include "wire/target.h"

static sio_target *fresh(void)
{
    sio_target *target;
    assert_int_equal(sio_target_new(&target), SIO_OK);
    return target;
}

static void assert_json(sio_str packed, const char *want)
{
    sio_buf text;
    sio_buf_init(&text);
    assert_int_equal(sio_json_write(packed, NULL, NULL, &text), SIO_OK);
    if (!sio_str_eq(sio_buf_str(&text), sio_str_c(want)))
        fail_msg("%.*s is not %s", (int)text.len, text.ptr, want);
    sio_buf_fini(&text);
}

static void rooms_and_exceptions(void **state)
{
    (void)state;
    struct sio__target_view view;
    sio_target *target = fresh();
    sio__target_view(target, &view);
    assert_json(view.rooms, "[]");
    assert_json(view.flags, "{}");
    assert_int_equal(sio_target_to(target, SIO_STR("b")), SIO_OK);
    assert_int_equal(sio_target_to(target, SIO_STR("a")), SIO_OK);
    assert_int_equal(sio_target_to(target, SIO_STR("b")), SIO_OK);
    assert_int_equal(sio_target_to(target, SIO_STR("")), SIO_OK);
    assert_int_equal(sio_target_except(target, SIO_STR("long one")), SIO_OK);
    sio__target_view(target, &view);
    assert_json(view.rooms, "[\"b\",\"a\",\"\"]");
    assert_json(view.except, "[\"long one\"]");
    assert_int_equal(view.names, 4);
    assert_int_equal(view.longest, 8);
    assert_int_equal(sio_target_rooms(target), 3);
    assert_int_equal(sio_target_excepts(target), 1);
    sio_target_clear(target);
    sio__target_view(target, &view);
    assert_json(view.rooms, "[]");
    assert_int_equal(view.names + view.longest, 0);
    sio_target_free(target);
}

static void invalid_names_change_nothing(void **state)
{
    (void)state;
    static const sio_str bad[] = {{"\xff", 1},
                                  {"\xc0\x80", 2},
                                  {"\xed\xa0\x80", 3},
                                  {"a\xe2\x82", 3},
                                  {"\xf4\x90\x80\x80", 4}};
    struct sio__target_view view;
    sio_target *target = fresh();
    assert_int_equal(sio_target_to(target, SIO_STR("ok")), SIO_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(sio_target_to(target, bad[i]), SIO_EINVAL);
        assert_int_equal(sio_target_except(target, bad[i]), SIO_EINVAL);
    }
    assert_int_equal(sio_target_to(target, SIO_STR("\0\xf0\x9f\x98\x80#*?")), SIO_OK);
    sio__target_view(target, &view);
    assert_json(view.rooms, "[\"ok\",\"\\u0000\xf0\x9f\x98\x80#*?\"]");
    sio_target_free(target);
}

/* The header grows from one byte to three and five without a gap. */
static void many_rooms(void **state)
{
    (void)state;
    static const unsigned counts[] = {15, 16, 300};
    struct sio__target_view view;
    sio_target *target = fresh();
    unsigned n = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (; n < counts[i]; n++) {
            char name[16];
            snprintf(name, sizeof name, "r%u", n);
            assert_int_equal(sio_target_to(target, sio_str_c(name)), SIO_OK);
        }
        sio_value v;
        sio__target_view(target, &view);
        sio_cursor c = sio_cursor_at(view.rooms);
        assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
        assert_int_equal(v.v.count, n);
        sio_cursor whole = sio_cursor_at(view.rooms);
        assert_int_equal(sio_cursor_skip(&whole), SIO_OK);
        assert_true(sio_cursor_done(&whole));
    }
    sio_target_free(target);
}

/* Repeated names are found among many, in time that grows no faster than n log n: the
 * quadratic way would take minutes here. */
static void hundreds_of_thousands_of_rooms(void **state)
{
    (void)state;
    enum { ROOMS = 300000 };
    sio_target *target = fresh();
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned n = 0; n < ROOMS; n++) {
            char name[16];
            snprintf(name, sizeof name, "%u", n);
            assert_int_equal(sio_target_to(target, sio_str_c(name)), SIO_OK);
        }
        assert_int_equal(sio_target_rooms(target), ROOMS);
    }
    assert_int_equal(sio_target_to(target, SIO_STR("\xff")), SIO_EINVAL);
    assert_int_equal(sio_target_to(target, SIO_STR("\xff")), SIO_EINVAL);
    assert_int_equal(sio_target_rooms(target), ROOMS);
    sio_target_clear(target);
    assert_int_equal(sio_target_to(target, SIO_STR("1")), SIO_OK);
    assert_int_equal(sio_target_rooms(target), 1);
    sio_target_free(target);
}

static void flags_keep_their_order(void **state)
{
    (void)state;
    struct sio__target_view view;
    sio_target *target = fresh();
    sio_target_compress(target, true);
    sio_target_volatile(target);
    sio_target_compress(target, false);
    sio__target_view(target, &view);
    assert_json(view.flags, "{\"compress\":false,\"volatile\":true}");
    sio_target_clear(target);
    sio_target_volatile(target);
    sio_target_volatile(target);
    sio__target_view(target, &view);
    assert_json(view.flags, "{\"volatile\":true}");
    sio_target_free(target);
    sio__target_view(NULL, &view);
    assert_int_equal(view.rooms.len, 0);
}

/* What only servers can say; a flag's place is the one where it was first set. */
static void server_flags(void **state)
{
    (void)state;
    struct sio__target_view view;
    sio_target *target = fresh();
    sio__target_view(target, &view);
    assert_false(view.local || view.single);
    assert_int_equal(view.timeout_ms, 0);
    sio_target_timeout(target, 5000);
    sio_target_local(target);
    sio_target_timeout(target, UINT_MAX);
    sio__target_view(target, &view);
    assert_json(view.flags, "{\"timeout\":4294967295,\"local\":true}");
    assert_true(view.local);
    assert_int_equal(view.timeout_ms, UINT_MAX);
    sio_target_timeout(target, 0);
    sio__target_view(target, &view);
    assert_int_equal(view.timeout_ms, 1); /* it is set, and waits for as little as it can */
    assert_int_equal(sio_target_socket(target, SIO_STR("sid")), SIO_OK);
    sio_target_volatile(target);
    sio_target_compress(target, true);
    sio__target_view(target, &view);
    assert_true(view.single);
    assert_json(view.rooms, "[\"sid\"]");
    assert_json(view.flags, "{\"timeout\":1,\"local\":true,\"expectSingleResponse\":true,"
                            "\"volatile\":true,\"compress\":true}");
    sio_target_timeout(target, UINT_MAX); /* all flags at their longest */
    sio__target_view(target, &view);
    assert_int_equal(view.flags.len, 63);
    sio_target_clear(target);
    sio__target_view(target, &view);
    assert_json(view.flags, "{}");
    assert_false(view.local || view.single);
    assert_int_equal(view.timeout_ms, 0);
    sio_target_free(target);
    sio__target_view(NULL, &view);
    assert_false(view.local || view.single);
}

static void one_socket_has_no_rooms_beside_it(void **state)
{
    (void)state;
    struct sio__target_view view;
    sio_target *target = fresh();
    assert_int_equal(sio_target_socket(target, SIO_STR("\xff")), SIO_EINVAL);
    sio__target_view(target, &view);
    assert_false(view.single);
    assert_json(view.flags, "{}");
    assert_int_equal(sio_target_to(target, SIO_STR("room")), SIO_OK);
    assert_int_equal(sio_target_socket(target, SIO_STR("sid")), SIO_EINVAL);
    sio__target_view(target, &view);
    assert_false(view.single);
    assert_json(view.rooms, "[\"room\"]");
    sio_target_free(target);
}

static void numbers_are_names_of_their_own(void **state)
{
    struct sio__target_view view;
    sio_target *to;
    (void)state;
    assert_int_equal(sio_target_new(&to), SIO_OK);
    for (int i = 0; i < 20; i++) { /* beyond the number from which texts are indexed */
        char text[8];
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(sio_target_to(to, sio_str_c(text)), SIO_OK);
        assert_int_equal(sio_target_to_number(to, i), SIO_OK);
        assert_int_equal(sio_target_to_number(to, i), SIO_OK);
    }
    assert_int_equal(sio_target_rooms(to), 40);
    sio_target_clear(to);
    assert_int_equal(sio_target_to_number(to, 42), SIO_OK);
    assert_int_equal(sio_target_except_number(to, -7), SIO_OK);
    assert_int_equal(sio_target_except_number(to, INT64_MIN), SIO_OK);
    sio__target_view(to, &view);
    assert_true(sio_str_eq(view.rooms, SIO_STR("\x91\x2a")));
    assert_true(sio_str_eq(view.except, SIO_STR("\x92\xf9\xd3\x80\0\0\0\0\0\0\0")));
    sio_target_free(to);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_are_names_of_their_own),
    cmocka_unit_test(rooms_and_exceptions),
    cmocka_unit_test(invalid_names_change_nothing),
    cmocka_unit_test(many_rooms),
    cmocka_unit_test(hundreds_of_thousands_of_rooms),
    cmocka_unit_test(flags_keep_their_order),
    cmocka_unit_test(server_flags),
    cmocka_unit_test(one_socket_has_no_rooms_beside_it),
};

SIO_TEST_MAIN(tests)
