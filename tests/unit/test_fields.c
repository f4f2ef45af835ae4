/* SPDX-License-Identifier: MIT */
/* Named fields of a packed map: which are found, and what each kind of reading takes. */
#include "unit.h"

#include "wire/fields.h"

enum { A, ROOMS, REQUEST_ID, EMPTY, COUNT };

static sio_status read_map(sio_str packed, struct sio__field f[COUNT])
{
    sio_cursor c = sio_cursor_at(packed);
    f[A].name = SIO_STR("a");
    f[ROOMS].name = SIO_STR("rooms");
    f[REQUEST_ID].name = SIO_STR("requestId");
    f[EMPTY].name = SIO_STR("");
    sio_status status = sio__fields_read(&c, f, COUNT);
    if (status != SIO_OK)
        assert_ptr_equal(c.at, sio_cursor_at(packed).at);
    return status;
}

static void finds_names(void **state)
{
    struct sio__field f[COUNT];
    (void)state;
    /* other names and keys that are no text are passed over; the last of a name counts */
    assert_int_equal(read_map(SIO_STR("\x85\xa1"
                                      "a\x01\xa1"
                                      "z\x91\x02\x03\x04\x91\x05\xc0\xa1"
                                      "a\x92\x06\x07"),
                              f),
                     SIO_OK);
    assert_true(sio_str_eq(f[A].packed, SIO_STR("\x92\x06\x07")));
    assert_int_equal(f[ROOMS].packed.len, 0);
    assert_int_equal(read_map(SIO_STR("\x80"), f), SIO_OK);
    assert_int_equal(f[A].packed.len, 0);
}

/* Names that differ in one byte, in each form that a key can have. */
static void tells_similar_names_apart(void **state)
{
    struct sio__field f[COUNT];
    (void)state;
    assert_int_equal(read_map(SIO_STR("\x87\xa5roomx\x01\xa5xooms\x02\xa4room\x03\xa9requestIx\x04"
                                      "\xa9xequestId\x05\xa1"
                                      "b\x06\xa0\x07"),
                              f),
                     SIO_OK);
    assert_int_equal(f[A].packed.len, 0);
    assert_int_equal(f[ROOMS].packed.len, 0);
    assert_int_equal(f[REQUEST_ID].packed.len, 0);
    assert_true(sio_str_eq(f[EMPTY].packed, SIO_STR("\x07")));
    assert_int_equal(
        read_map(SIO_STR("\x83\xd9\x05rooms\x01\xda\x00\x09requestId\x02\xdb\x00\x00\x00"
                         "\x01"
                         "a\x03"),
                 f),
        SIO_OK);
    assert_true(sio_str_eq(f[ROOMS].packed, SIO_STR("\x01")));
    assert_true(sio_str_eq(f[REQUEST_ID].packed, SIO_STR("\x02")));
    assert_true(sio_str_eq(f[A].packed, SIO_STR("\x03")));
}

static void refuses_what_is_no_map_or_cut(void **state)
{
    static const sio_str bad[] = {
        {NULL, 0},
        SIO_STR_INIT("\xc0"),
        SIO_STR_INIT("\x90"),
        SIO_STR_INIT("\x81\xa1"),             /* more than is there */
        SIO_STR_INIT("\x81\xa5x"),            /* a key that is cut, */
        SIO_STR_INIT("\x82\xa0\xa3xyz"),      /* none where one is due */
        SIO_STR_INIT("\x81\xc1\x01"),         /* a key that is no token */
        SIO_STR_INIT("\x81\x92\xc0\xa5\x01"), /* a key that is cut inside */
        SIO_STR_INIT("\x81\xa0\xc1"),         /* a value that is no token */
        SIO_STR_INIT("\x81\xa0\x92\xc0\xa5"),
    };
    struct sio__field f[COUNT];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (read_map(bad[i], f) != SIO_EINVAL)
            fail_msg("accepted: %zu", i);
}

static void of_a_whole_map(void **state)
{
    struct sio__field f[] = {{SIO_STR("a"), {NULL, 0}}, {SIO_STR("b"), {NULL, 0}}};
    (void)state;
    assert_int_equal(sio__fields_of(SIO_STR("\202\241b\001\241a\222\002\003"), f, 2), SIO_OK);
    assert_true(sio_str_eq(f[0].packed, SIO_STR("\222\002\003")));
    assert_true(sio_str_eq(f[1].packed, SIO_STR("\001")));
    assert_int_equal(sio__fields_of(SIO_STR("\200"), f, 2), SIO_OK);
    assert_int_equal(f[0].packed.len, 0);
    assert_int_equal(sio__fields_of(SIO_STR("\220"), f, 2), SIO_EINVAL);
    assert_int_equal(sio__fields_of(SIO_STR(""), f, 2), SIO_EINVAL);
}

#define FIELD(bytes) (&(struct sio__field){SIO_STR("f"), SIO_STR(bytes)})

static void absent_null_and_undefined_are_nothing(void **state)
{
    sio_value v;
    (void)state;
    assert_true(sio__field_nothing(&(struct sio__field){SIO_STR("f"), {NULL, 0}}));
    assert_true(sio__field_nothing(FIELD("\xc0")));
    assert_true(sio__field_nothing(FIELD("\xd4\x00\x00")));
    assert_false(sio__field_nothing(FIELD("\xc2")));
    assert_false(sio__field_token(&(struct sio__field){SIO_STR("f"), {NULL, 0}}, &v));
    assert_false(sio__field_token(FIELD("\xc1"), &v));
}

static void texts(void **state)
{
    sio_str text = SIO_STR("as it was");
    (void)state;
    assert_false(sio__field_text(FIELD("\x01"), &text));
    assert_false(sio__field_text(FIELD("\xc4\x01x"), &text));
    assert_true(sio_str_eq(text, SIO_STR("as it was")));
    assert_true(sio__field_text(FIELD("\xa1x"), &text));
    assert_true(sio_str_eq(text, SIO_STR("x")));
}

static void numbers(void **state)
{
    uint64_t number = 99;
    (void)state;
    assert_false(sio__field_number(FIELD("\xff"), &number)); /* -1 */
    assert_false(sio__field_number(FIELD("\xa1"
                                         "1"),
                                   &number));                                    /* a text */
    assert_false(sio__field_number(FIELD("\xcb\xbf\xf0\0\0\0\0\0\0"), &number)); /* -1.0 */
    assert_false(sio__field_number(FIELD("\xcb\x3f\xf8\0\0\0\0\0\0"), &number)); /* 1.5 */
    assert_false(sio__field_number(FIELD("\xcb\x43\x40\0\0\0\0\0\0"), &number)); /* 2^53 */
    assert_false(sio__field_number(FIELD("\xcb\x7f\xf8\0\0\0\0\0\0"), &number)); /* NaN */
    assert_int_equal(number, 99);
    assert_true(sio__field_number(FIELD("\xcb\x40\x08\0\0\0\0\0\0"), &number)); /* 3.0 */
    assert_int_equal(number, 3);
    assert_true(sio__field_number(FIELD("\xcc\xff"), &number));
    assert_int_equal(number, 255);
}

static void truth(void **state)
{
    (void)state;
    assert_true(sio__field_true(FIELD("\xc3")));
    assert_false(sio__field_true(FIELD("\xc2")));
    assert_false(sio__field_true(FIELD("\x01")));
    assert_false(sio__field_true(&(struct sio__field){SIO_STR("f"), {NULL, 0}}));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(finds_names),
    cmocka_unit_test(tells_similar_names_apart),
    cmocka_unit_test(refuses_what_is_no_map_or_cut),
    cmocka_unit_test(of_a_whole_map),
    cmocka_unit_test(absent_null_and_undefined_are_nothing),
    cmocka_unit_test(texts),
    cmocka_unit_test(numbers),
    cmocka_unit_test(truth),
};

SIO_TEST_MAIN(tests)
