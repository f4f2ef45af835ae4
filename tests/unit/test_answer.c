/* SPDX-License-Identifier: MIT */
/* Whole answers as lists: nested ones, cut anywhere, several at once, and what is refused. */
#include "unit.h"

#include "link/answer.h"

enum { MAX_BYTES = 64 * 1024 };

static const char nested[] = "*3\r\n*2\r\n:5\r\n$3\r\na\r\n\r\n*0\r\n*-1\r\n";

static void check_nested(const struct sio__listing *answer)
{
    static const struct {
        enum sio__token_type type;
        int64_t number;
    } want[] = {{SIO__TOKEN_ARRAY, 3}, {SIO__TOKEN_ARRAY, 2}, {SIO__TOKEN_INTEGER, 5},
                {SIO__TOKEN_TEXT, 3},  {SIO__TOKEN_ARRAY, 0}, {SIO__TOKEN_NIL, 0}};

    assert_int_equal(answer->count, sizeof want / sizeof want[0]);
    for (size_t i = 0; i < answer->count; i++) {
        assert_int_equal(answer->tokens[i].type, want[i].type);
        assert_int_equal(answer->tokens[i].number, want[i].number);
    }
    assert_string_equal(answer->tokens[3].text, "a\r\n");
    assert_null(answer->tokens[2].text);
}

static void reads_whole_and_cut_anywhere(void **state)
{
    size_t len = sizeof nested - 1;

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        struct sio__answer_reader *reader = sio__answer_reader_new(MAX_BYTES);
        struct sio__listing answer = {0};
        bool done;

        assert_int_equal(sio__answer_feed(reader, nested, cut, &answer, &done), SIO_OK);
        assert_false(done);
        assert_int_equal(sio__answer_feed(reader, nested + cut, len - cut, &answer, &done), SIO_OK);
        assert_true(done);
        check_nested(&answer);
        assert_int_equal(sio__answer_feed(reader, NULL, 0, &answer, &done), SIO_OK);
        assert_false(done);
        sio__answer_fini(&answer);
        sio__answer_reader_free(reader);
    }
}

static void several_come_at_once(void **state)
{
    static const char bytes[] = "+OK\r\n-ERR no\r\n$-1\r\n$0\r\n\r\n:7\r\n*1\r\n+x";
    static const enum sio__token_type want[] = {SIO__TOKEN_STATUS, SIO__TOKEN_ERROR, SIO__TOKEN_NIL,
                                                SIO__TOKEN_TEXT, SIO__TOKEN_INTEGER};
    struct sio__answer_reader *reader = sio__answer_reader_new(MAX_BYTES);
    struct sio__listing answer = {0};
    size_t len = sizeof bytes - 1;
    bool done;

    (void)state;
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        assert_int_equal(sio__answer_feed(reader, bytes, len, &answer, &done), SIO_OK);
        assert_true(done);
        assert_int_equal(answer.count, 1);
        assert_int_equal(answer.tokens[0].type, want[i]);
        sio__answer_fini(&answer);
        len = 0;
    }
    assert_int_equal(sio__answer_feed(reader, NULL, 0, &answer, &done), SIO_OK);
    assert_false(done);
    assert_int_equal(sio__answer_feed(reader, "\r\n", 2, &answer, &done), SIO_OK);
    assert_true(done);
    assert_true(sio__token_is(&answer.tokens[1], "x"));
    sio__answer_fini(&answer);
    sio__answer_reader_free(reader);
}

static void long_deep_and_broken_ones_are_refused(void **state)
{
    static const char *const bad[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "*2000000\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
        "*2\r\n:1\r\n:x\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sio__answer_reader *reader = sio__answer_reader_new(MAX_BYTES);
        struct sio__listing answer;
        bool done;

        assert_int_equal(sio__answer_feed(reader, bad[i], strlen(bad[i]), &answer, &done),
                         SIO_EREDIS);
        assert_true(strlen(sio__answer_reader_error(reader)) > 0);
        sio__answer_reader_free(reader);
    }
}

static void more_bytes_than_allowed_are_refused(void **state)
{
    struct sio__answer_reader *reader = sio__answer_reader_new(MAX_BYTES);
    sio_status status = SIO_OK;
    struct sio__listing answer;
    size_t fed = 0;
    bool done;

    (void)state;
    assert_int_equal(sio__answer_feed(reader, "*100000\r\n", 9, &answer, &done), SIO_OK);
    for (; status == SIO_OK && fed <= MAX_BYTES; fed += 4)
        status = sio__answer_feed(reader, ":1\r\n", 4, &answer, &done);
    assert_int_equal(status, SIO_EREDIS);
    assert_string_equal(sio__answer_reader_error(reader), "a longer answer than is allowed");
    sio__answer_reader_free(reader);
}

static void skips_and_numbers(void **state)
{
    struct sio__answer_reader *reader = sio__answer_reader_new(MAX_BYTES);
    static const char bytes[] =
        "*6\r\n*2\r\n*1\r\n:1\r\n:2\r\n$2\r\n12\r\n$3\r\n1x2\r\n:-1\r\n$0\r\n\r\n:16384\r\n";
    struct sio__listing answer;
    bool done;

    (void)state;
    assert_int_equal(sio__answer_feed(reader, bytes, sizeof bytes - 1, &answer, &done), SIO_OK);
    assert_true(done);
    assert_int_equal(sio__answer_skip(&answer, 0), answer.count);
    assert_int_equal(sio__answer_skip(&answer, 1), 5);
    assert_int_equal(sio__token_number(&answer.tokens[5], 12), 12);
    assert_int_equal(sio__token_number(&answer.tokens[5], 11), -1);
    assert_int_equal(sio__token_number(&answer.tokens[6], 1000), -1);
    assert_int_equal(sio__token_number(&answer.tokens[7], 1000), -1);
    assert_int_equal(sio__token_number(&answer.tokens[8], 1000), -1);
    assert_int_equal(sio__token_number(&answer.tokens[9], 16383), -1);
    assert_int_equal(sio__token_number(&answer.tokens[0], 16383), -1);
    sio__answer_fini(&answer);
    sio__answer_reader_free(reader);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_whole_and_cut_anywhere),
    cmocka_unit_test(several_come_at_once),
    cmocka_unit_test(long_deep_and_broken_ones_are_refused),
    cmocka_unit_test(more_bytes_than_allowed_are_refused),
    cmocka_unit_test(skips_and_numbers),
};

SIO_TEST_MAIN(tests)
