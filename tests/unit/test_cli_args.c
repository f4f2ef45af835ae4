/* SPDX-License-Identifier: MIT */
/* sio-emit's argument rule: what a word of the command line, or a line of -l, becomes. */
#include "unit.h"

#include <sio/args.h>
#include <sio/value.h>

#include "args.h"

/* The JSON text of what a word becomes. */
static void expect(const char *word, const char *json)
{
    sio_args *args;
    sio_buf out;
    char why[256] = "";

    assert_int_equal(sio_args_new(&args), SIO_OK);
    sio_buf_init(&out);
    assert_int_equal(word_add(args, sio_str_c(word), why, sizeof(why)), SIO_OK);
    assert_int_equal(sio_args_count(args), 1);
    assert_int_equal(sio_json_write(sio_args_packed(args), NULL, NULL, &out), SIO_OK);
    assert_int_equal(out.len, strlen(json));
    assert_memory_equal(out.ptr, json, out.len);
    sio_buf_fini(&out);
    sio_args_free(args);
}

static void refuse(const char *word, const char *hint)
{
    sio_args *args;
    char why[256] = "";

    assert_int_equal(sio_args_new(&args), SIO_OK);
    assert_int_equal(word_add(args, sio_str_c(word), why, sizeof(why)), SIO_EINVAL);
    assert_non_null(strstr(why, hint));
    sio_args_free(args);
}

static void json_words_are_values(void **state)
{
    (void)state;
    expect("0", "0");
    expect("-0.5", "-0.5");
    expect("-4", "-4");
    expect("12e3", "12000");
    expect("1E+2", "100");
    expect("1e-2", "0.01");
    expect("18446744073709551616", "18446744073709552000");
    expect("true", "true");
    expect("false", "false");
    expect("null", "null");
    expect("{\"a\":[1,{}]}", "{\"a\":[1,{}]}");
    expect("[]", "[]");
    expect("\"7\"", "\"7\"");
}

static void other_words_are_strings(void **state)
{
    static const char *const words[] = {
        "007", "-01", "+1", "1.",   ".5",   "-",   "-.5",      "1e",    "1e+",   "0x10", "1 ",
        " 1",  "1,2", "--", "True", "NULL", "nan", "Infinity", "hello", "truey", "1e5x",
    };
    char json[32];

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        snprintf(json, sizeof(json), "\"%s\"", words[i]);
        expect(words[i], json);
    }
    expect("", "\"\"");
    expect(" {}", "\" {}\"");
}

static void broken_json_is_refused(void **state)
{
    (void)state;
    refuse("{", "column 2");
    refuse("[1,]", "column 4");
    refuse("\"abc", "column");
    refuse("{\"a\":1} x", "column 9");
    refuse("[\n1,\n oops]", "line 3, column 2");
    refuse("[\n1,\n oops]", "byte 6");
}

static void strings_are_utf8(void **state)
{
    (void)state;
    expect("gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"");
    refuse("\xff", "not UTF-8");
    refuse("a\xc3", "not UTF-8");
}

static void words_may_hold_nul(void **state)
{
    (void)state;
    assert_int_equal(word_classify(sio_str_of("1\0", 2)), WORD_STRING);
    assert_int_equal(word_classify(sio_str_of("[\0", 2)), WORD_MUST_BE);
    assert_int_equal(word_classify(sio_str_of("1\0", 1)), WORD_JSON);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_words_are_values),  cmocka_unit_test(other_words_are_strings),
    cmocka_unit_test(broken_json_is_refused), cmocka_unit_test(strings_are_utf8),
    cmocka_unit_test(words_may_hold_nul),
};

SIO_TEST_MAIN(tests)
