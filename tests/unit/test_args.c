/* SPDX-License-Identifier: MIT */
/* The argument builder: values, containers, misuse, and that every way in gives the same
 * bytes. */
#include "unit.h"

#include <math.h>

#include <sio/args.h>

#include "tagged.h"
#include "value/args.h"
#include "value/normal.h"

static sio_args *fresh(void)
{
    sio_args *args;
    assert_int_equal(sio_args_new(&args), SIO_OK);
    return args;
}

static void assert_packed(const sio_args *args, const char *hex)
{
    size_t len = strlen(hex) / 2;
    unsigned char *want = malloc(len + 1);
    tagged_hex(sio_str_c(hex), want);
    sio_str got = sio_args_packed(args);
    if (!sio_str_eq(got, sio_str_of(want, len))) {
        for (size_t i = 0; i < got.len; i++)
            fprintf(stderr, "%02x", (unsigned char)got.ptr[i]);
        fail_msg(" is not %s", hex);
    }
    free(want);
}

static sio_status add_hex(sio_args *args, const char *hex)
{
    unsigned char bytes[256];
    return sio_args_msgpack(args, sio_str_of(bytes, tagged_hex(sio_str_c(hex), bytes)));
}

static void scalars(void **state)
{
    (void)state;
    sio_args *args = fresh();
    sio_args_string(args, SIO_STR("h\xc3\xa9\0y"));
    sio_args_int(args, -1);
    sio_args_int(args, 5);
    sio_args_uint(args, UINT64_MAX);
    sio_args_double(args, 1.5);
    sio_args_double(args, 7.0);
    sio_args_double(args, -NAN); /* whose bits are not JavaScript's */
    sio_args_bool(args, true);
    sio_args_null(args);
    sio_args_undefined(args);
    sio_args_binary(args, "\0\1", 2);
    sio_args_date(args, 1600000000500);
    sio_args_date(args, -1);
    assert_int_equal(sio_args_count(args), 13);
    assert_packed(args, "a568c3a90079" "ff" "05" "cfffffffffffffffff" "cb3ff8000000000000" "07"
                        "cb7ff8000000000000" "c3" "c0" "d40000" "c4020001" "d7ff773594005f5e1000"
                        "c70cff3b8b87c0ffffffffffffffff");
    sio_args_free(args);
}

static void containers_of_every_size(void **state)
{
    (void)state;
    static const struct {
        unsigned count;
        const char *array, *map; /* headers */
    } sizes[] = {{0, "90", "80"},       {15, "9f", "8f"},           {16, "dc0010", "de0010"},
                 {65535, "dcffff", "deffff"}, {65536, "dd00010000", "df00010000"}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (int map = 0; map < 2; map++) {
            const char *want = map ? sizes[i].map : sizes[i].array;
            unsigned char header[8];
            size_t len = tagged_hex(sio_str_c(want), header);
            sio_args *args = fresh();
            sio_args_int(args, 1); /* before and behind, to see them moved or not */
            map ? sio_args_map_begin(args) : sio_args_array_begin(args);
            for (unsigned n = 0; n < sizes[i].count; n++) {
                if (map)
                    sio_args_key(args, SIO_STR("k"));
                sio_args_null(args);
            }
            map ? sio_args_map_end(args) : sio_args_array_end(args);
            sio_args_int(args, 2);
            sio_str packed = sio_args_packed(args);
            size_t body = (size_t)sizes[i].count * (map ? 3 : 1);
            assert_int_equal(packed.len, 1 + len + body + 1);
            assert_memory_equal(packed.ptr + 1, header, len);
            assert_int_equal(packed.ptr[packed.len - 1], 2);
            assert_int_equal(sio_args_count(args), 3);
            sio_args_free(args);
        }
    }
}

static void nesting(void **state)
{
    (void)state;
    sio_args *args = fresh();
    sio_args_map_begin(args);
    sio_args_key(args, SIO_STR("a"));
    sio_args_array_begin(args);
    for (int i = 0; i < 20; i++)
        sio_args_int(args, i);
    sio_args_map_begin(args);
    sio_args_map_end(args);
    sio_args_array_end(args);
    sio_args_key(args, SIO_STR("b"));
    sio_args_json(args, SIO_STR("[1,{\"x\":null}]"), NULL);
    assert_int_equal(sio_args_status(args), SIO_EINVAL); /* still open */
    assert_int_equal(sio_args_packed(args).len, 0);
    sio_args_map_end(args);
    assert_int_equal(sio_args_status(args), SIO_OK);
    assert_packed(args, "82a161dc0015000102030405060708090a0b0c0d0e0f1011121380a1629201"
                        "81a178c0");
    sio_args_free(args);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    sio_args *args = fresh();
    for (int i = 0; i < SIO_MAX_DEPTH; i++)
        assert_int_equal(sio_args_array_begin(args), SIO_OK);
    assert_int_equal(sio_args_json(args, SIO_STR("1"), NULL), SIO_OK);
    assert_int_equal(sio_args_json(args, SIO_STR("[]"), NULL), SIO_EINVAL);
    sio_args_clear(args);
    for (int i = 0; i < SIO_MAX_DEPTH; i++)
        assert_int_equal(sio_args_array_begin(args), SIO_OK);
    assert_int_equal(add_hex(args, "90"), SIO_EINVAL);
    sio_args_clear(args);
    for (int i = 0; i < SIO_MAX_DEPTH; i++)
        assert_int_equal(sio_args_array_begin(args), SIO_OK);
    assert_int_equal(sio_args_array_begin(args), SIO_EINVAL);
    sio_args_free(args);
}

/* The first failure stays, whatever follows, until the builder is cleared. */
static void misuse_sticks(void **state)
{
    (void)state;
    sio_args *args = fresh();
    assert_int_equal(sio_args_string(args, SIO_STR("\xff")), SIO_EINVAL);
    assert_int_equal(sio_args_int(args, 1), SIO_EINVAL);
    assert_int_equal(sio_args_status(args), SIO_EINVAL);
    assert_int_equal(sio_args_packed(args).len, 0);
    sio_args_clear(args);
    assert_int_equal(sio_args_int(args, 1), SIO_OK);
    assert_packed(args, "01");

    sio_status (*const misuses[])(sio_args *) = {sio_args_array_end, sio_args_map_end};
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
        sio_args_clear(args);
        assert_int_equal(misuses[i](args), SIO_EINVAL);
    }
    sio_args_clear(args);
    assert_int_equal(sio_args_key(args, SIO_STR("k")), SIO_EINVAL);
    sio_args_clear(args);
    sio_args_map_begin(args);
    assert_int_equal(sio_args_int(args, 1), SIO_EINVAL); /* a key is due */
    sio_args_clear(args);
    sio_args_map_begin(args);
    sio_args_key(args, SIO_STR("k"));
    assert_int_equal(sio_args_key(args, SIO_STR("k")), SIO_EINVAL);
    sio_args_clear(args);
    sio_args_map_begin(args);
    sio_args_key(args, SIO_STR("k"));
    assert_int_equal(sio_args_map_end(args), SIO_EINVAL); /* its value is missing */
    sio_args_clear(args);
    sio_args_map_begin(args);
    assert_int_equal(sio_args_array_end(args), SIO_EINVAL);
    sio_args_clear(args);
    sio_args_map_begin(args);
    assert_int_equal(sio_args_key(args, SIO_STR("\xed\xa0")), SIO_EINVAL);
    sio_args_free(args);
}

static void json_refused_with_position(void **state)
{
    (void)state;
    sio_args *args = fresh();
    sio_json_error err;
    assert_int_equal(sio_args_json(args, SIO_STR("{\"a\":\n1,}"), &err), SIO_EINVAL);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 3);
    assert_non_null(err.what);
    sio_args_free(args);
}

/* Packed values come out in the one form that JavaScript's would take. */
static void packed_is_normalised(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"cc05", "05"},
        {"d005", "05"},
        {"d1ffff", "ff"},
        {"cd0005", "05"},
        {"ce00000100", "cd0100"},
        {"cf00000000ffffffff", "ceffffffff"},
        {"d3ffffffffffffff80", "d080"},
        {"ca3fc00000", "cb3ff8000000000000"},
        {"cb4014000000000000", "05"},
        {"cb8000000000000000", "00"},
        {"cbc014000000000000", "fb"},
        {"cb7ff8000000000000", "cb7ff8000000000000"},
        {"d90161", "a161"},
        {"da000161", "a161"},
        {"db0000000161", "a161"},
        {"c5000100", "c40100"},
        {"dc000101", "9101"},
        {"dd0000000101", "9101"},
        {"de0001a16101", "81a16101"},
        {"df00000001a16101", "81a16101"},
        {"d40000", "d40000"},
        {"d70000000000000003e8", "d6ff00000001"},
        {"c70cff000000000000000000000001", "d6ff00000001"},
        {"d7ff0000000000000001", "d6ff00000001"},
        {"c7020001ff", "c40201ff"},
        {"01c2a161", "01c2a161"},
        {"cb7ff8000000000000", "cb7ff8000000000000"},
        {"cbfff0000000007474", "cb7ff8000000000000"}, /* a NaN is a NaN */
        {"cbfff0000000000000", "cbfff0000000000000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sio_args *args = fresh();
        if (add_hex(args, cases[i].in) != SIO_OK)
            fail_msg("%s refused", cases[i].in);
        assert_packed(args, cases[i].out);
        sio_args_free(args);
    }
}

static void packed_refusals(void **state)
{
    (void)state;
    static const char *const refused[] = {"",         "c1",       "91",         "a5aa",
                                          "810101",   "81c0c0",   "c7010507",   "a1ff",
                                          "d5000102", "a2eda0",   "81a1ff00",   "dd7fffffff00",
                                          "0191",     "d4ff00"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        sio_args *args = fresh();
        sio_args_int(args, 9);
        if (add_hex(args, refused[i]) != SIO_EINVAL)
            fail_msg("%s accepted", refused[i]);
        sio_args_free(args);
    }
    sio_args *args = fresh(); /* a key takes one value */
    sio_args_map_begin(args);
    sio_args_key(args, SIO_STR("k"));
    assert_int_equal(add_hex(args, "0102"), SIO_EINVAL);
    sio_args_free(args);
}

static void what_the_codecs_are_told(void **state)
{
    (void)state;
    struct sio__args_view view;
    sio_args *args = fresh();
    add_hex(args, "92c4010093c40101d400000a");
    sio_args_binary(args, "x", 1);
    assert_int_equal(sio__args_view(args, &view), SIO_OK);
    assert_int_equal(view.count, 2);
    assert_int_equal(view.attachments, 3);
    assert_int_equal(view.has, SIO__HAS_UNDEFINED);
    sio_args_clear(args);
    sio_args_json(args, SIO_STR("\"\\ud83d\""), NULL);
    assert_int_equal(sio__args_view(args, &view), SIO_OK);
    assert_int_equal(view.has, SIO__HAS_SURROGATES);
    sio_args_clear(args);
    sio_args_json(args, SIO_STR("9007199254740993"), NULL);
    assert_int_equal(sio__args_view(args, &view), SIO_OK);
    assert_int_equal(view.has, SIO__HAS_BIG_INTS);
    sio_args_clear(args);
    assert_int_equal(sio__args_view(args, &view), SIO_OK);
    assert_int_equal(view.count + view.attachments + view.has, 0);
    assert_int_equal(sio__args_view(NULL, &view), SIO_OK);
    sio_args_free(args);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(scalars),
    cmocka_unit_test(containers_of_every_size),
    cmocka_unit_test(nesting),
    cmocka_unit_test(depth_is_bounded),
    cmocka_unit_test(misuse_sticks),
    cmocka_unit_test(json_refused_with_position),
    cmocka_unit_test(packed_is_normalised),
    cmocka_unit_test(packed_refusals),
    cmocka_unit_test(what_the_codecs_are_told),
};

SIO_TEST_MAIN(tests)
