/* SPDX-License-Identifier: MIT */
/* Answers out of bytes: each kind, cut at every length, and what must be refused. */
#include "unit.h"

#include "link/greeting.h"
#include "link/reply.h"

enum { MAX_FRAME = 64 * 1024 };

struct seen {
    struct sio__reply replies[16];
    int count, stop_at;
};

static bool on_reply(void *arg, const struct sio__reply *reply)
{
    struct seen *seen = arg;

    assert_true(seen->count < 16);
    seen->replies[seen->count++] = *reply;
    return seen->count != seen->stop_at;
}

static const char dialogue[] =
    ":0\r\n:12\r\n+OK\r\n:9223372036854775807\r\n-ERR no\r\n$3\r\na\nc\r\n"
    "$-1\r\n:-1\r\n*3\r\n$6\r\nmaster\r\n:7\r\n*1\r\n*1\r\n$1\r\nx\r\n"
    "*0\r\n*-1\r\n:5\r\n";

static void check_dialogue(const struct seen *seen)
{
    static const struct {
        enum sio__reply_type type;
        int64_t integer;
        const char *text;
    } want[] = {
        {SIO__REPLY_INTEGER, 0, ""},     {SIO__REPLY_INTEGER, 12, ""},
        {SIO__REPLY_STATUS, 0, "OK"},    {SIO__REPLY_INTEGER, INT64_MAX, ""},
        {SIO__REPLY_ERROR, 0, "ERR no"}, {SIO__REPLY_STRING, 0, "a?c"}, /* fit for a log line */
        {SIO__REPLY_NIL, 0, ""},         {SIO__REPLY_INTEGER, -1, ""},
        {SIO__REPLY_ARRAY, 3, "master"}, {SIO__REPLY_ARRAY, 0, ""},
        {SIO__REPLY_NIL, 0, ""},         {SIO__REPLY_INTEGER, 5, ""},
    };

    assert_int_equal(seen->count, sizeof want / sizeof want[0]);
    for (int i = 0; i < seen->count; i++) {
        assert_int_equal(seen->replies[i].type, want[i].type);
        assert_int_equal(seen->replies[i].integer, want[i].integer);
        assert_string_equal(seen->replies[i].text, want[i].text);
    }
}

static void reads_whole_cut_and_byte_by_byte(void **state)
{
    size_t len = sizeof dialogue - 1;

    (void)state;
    for (size_t cut = 0; cut <= len; cut++) {
        struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
        struct seen seen = {0};

        assert_int_equal(sio__reply_feed(reader, dialogue, cut, on_reply, &seen), SIO_OK);
        assert_int_equal(sio__reply_feed(reader, dialogue + cut, len - cut, on_reply, &seen),
                         SIO_OK);
        check_dialogue(&seen);
        memset(&seen, 0, sizeof seen);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(sio__reply_feed(reader, dialogue + i, 1, on_reply, &seen), SIO_OK);
        check_dialogue(&seen);
        sio__reply_reader_free(reader);
    }
}

static void stops_when_told(void **state)
{
    (void)state;
    for (int at = 1; at <= 12; at++) {
        struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
        struct seen seen = {.stop_at = at};

        assert_int_equal(sio__reply_feed(reader, dialogue, sizeof dialogue - 1, on_reply, &seen),
                         SIO_ECLOSED);
        assert_int_equal(seen.count, at);
        sio__reply_reader_free(reader);
    }
}

/* What is left of a feed that was stopped comes before the next feed. */
static void goes_on_where_it_was_stopped(void **state)
{
    struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
    struct seen seen = {.stop_at = 1};

    (void)state;
    assert_int_equal(sio__reply_feed(reader, "+A\r\n:1\r\n", 8, on_reply, &seen), SIO_ECLOSED);
    assert_int_equal(sio__reply_feed(reader, ":2\r\n", 4, on_reply, &seen), SIO_OK);
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.replies[0].text, "A");
    assert_int_equal(seen.replies[1].integer, 1);
    assert_int_equal(seen.replies[2].integer, 2);
    assert_string_equal(sio__reply_reader_error(reader), "");
    sio__reply_reader_free(reader);
}

static void makes_texts_fit_for_a_log(void **state)
{
    struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
    struct seen seen = {0};

    (void)state;
    assert_int_equal(sio__reply_feed(reader,
                                     "+a\x01"
                                     "b\x7f"
                                     "c\r\n",
                                     8, on_reply, &seen),
                     SIO_OK);
    assert_string_equal(seen.replies[0].text, "a?b?c");
    sio__reply_reader_free(reader);
}

static void refuse(const char *bytes, size_t len)
{
    struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
    struct seen seen = {0};

    if (sio__reply_feed(reader, bytes, len, on_reply, &seen) != SIO_EREDIS)
        fail_msg("accepted: %s", bytes);
    assert_int_not_equal(sio__reply_reader_error(reader)[0], '\0');
    sio__reply_reader_free(reader);
}

static void refuses_what_is_not_resp(void **state)
{
    static const char *const bad[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "\x15\x03\x01", /* a TLS alert */
        "*2147483647\r\n",
        "*1048577\r\n",
        "*-2\r\n",
        "*4294967295\r\n",
        ":1a\r\n",
        ":1\rx\r\n",
        ":01\r\n",
        ":\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", /* nine deep */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i], strlen(bad[i]));
}

/* Whatever the first piece of it was taken for. */
static void refuses_an_integer_without_end(void **state)
{
    static const char digits[] = "1234567890123456789012345678901234567890\r\n";

    (void)state;
    for (size_t first = 0; first < 30; first++) {
        struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
        struct seen seen = {0};
        sio_status status = sio__reply_feed(reader, ":", 1, on_reply, &seen);

        if (status == SIO_OK)
            status = sio__reply_feed(reader, digits, first, on_reply, &seen);
        if (status == SIO_OK)
            status =
                sio__reply_feed(reader, digits + first, sizeof digits - 1 - first, on_reply, &seen);
        assert_int_equal(status, SIO_EREDIS);
        assert_int_equal(seen.count, 0);
        sio__reply_reader_free(reader);
    }
}

static void refuses_an_endless_answer(void **state)
{
    struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
    static char chunk[16 * 1024];
    struct seen seen = {0};
    sio_status status;
    int fed = 0;

    (void)state;
    memset(chunk, 'x', sizeof chunk);
    status = sio__reply_feed(reader, "$500000000\r\n", 12, on_reply, &seen);
    while (status == SIO_OK && fed < 10) {
        status = sio__reply_feed(reader, chunk, sizeof chunk, on_reply, &seen);
        fed++;
    }
    assert_int_equal(status, SIO_EREDIS);
    assert_int_equal(fed, 4);
    sio__reply_reader_free(reader);
}

static void cuts_long_errors(void **state)
{
    struct sio__reply_reader *reader = sio__reply_reader_new(MAX_FRAME);
    struct seen seen = {0};
    char error[2000];

    (void)state;
    memset(error, 'e', sizeof error);
    error[0] = '-';
    memcpy(error + sizeof error - 2, "\r\n", 2);
    assert_int_equal(sio__reply_feed(reader, error, sizeof error, on_reply, &seen), SIO_OK);
    assert_int_equal(seen.replies[0].type, SIO__REPLY_ERROR);
    assert_int_equal(strlen(seen.replies[0].text), sizeof seen.replies[0].text - 1);
    sio__reply_reader_free(reader);
}

/* -- the greeting -- */

static void the_greeting_says_what_is_asked_for(void **state)
{
    struct sio__greeting greeting = {.user = "u", .password = "p w", .client_name = "me", .db = 3};
    static const char want[] = "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$3\r\np w\r\n"
                               "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$2\r\nme\r\n"
                               "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*1\r\n$4\r\nROLE\r\n";
    sio_buf out;

    (void)state;
    sio_buf_init(&out);
    assert_int_equal(sio__greeting_write(&greeting, &out), SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(&out), sio_str_of(want, sizeof want - 1)));
    sio_buf_clear(&out);
    greeting = (struct sio__greeting){0};
    assert_int_equal(sio__greeting_write(&greeting, &out), SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(&out), SIO_STR("*1\r\n$4\r\nROLE\r\n")));
    sio_buf_fini(&out);
}

/* Memory that the buffer leaves when it grows is not wiped by anybody. */
static void the_greeting_leaves_no_password_behind(void **state)
{
    static const char password[] = "correct horse battery staple";
    struct sio__greeting greeting = {
        .user = "user", .password = password, .client_name = "a client's name", .db = 4294967295};

    (void)state;
    for (size_t size = 0; size < 1024; size++) {
        char memory[1024] = {0};
        sio_buf out;

        sio_buf_init_on(&out, memory, size);
        assert_int_equal(sio__greeting_write(&greeting, &out), SIO_OK);
        assert_non_null(memmem(out.ptr, out.len, password, sizeof password - 1));
        if (out.ptr != memory)
            assert_null(memmem(memory, sizeof memory, password, sizeof password - 1));
        sio_buf_fini(&out);
    }
}

static struct sio__reply make(enum sio__reply_type type, const char *text)
{
    struct sio__reply reply = {.type = type};

    snprintf(reply.text, sizeof reply.text, "%s", text);
    return reply;
}

/* The verdict when the n-th command (0: AUTH, 1: SETNAME, 2: SELECT, 3: ROLE) is answered so and
 * those before it were fine. */
static sio_status verdict(int n, enum sio__reply_type type, const char *answer, char text[256])
{
    struct sio__greeting greeting = {.password = "p", .client_name = "c", .db = 1};
    struct sio__reply ok = make(SIO__REPLY_STATUS, "OK"), reply = make(type, answer);
    sio_status status;

    for (int i = 0; i < n; i++) {
        assert_int_equal(sio__greeting_answer(&greeting, &ok, text, 256), SIO_OK);
        assert_false(greeting.answered_all);
    }
    status = sio__greeting_answer(&greeting, &reply, text, 256);
    assert_int_equal(greeting.answered_all, n == 3);
    return status;
}

static void the_greeting_judges_answers(void **state)
{
    static const struct {
        int n;
        enum sio__reply_type type;
        const char *answer;
        sio_status status;
        const char *text;
    } cases[] = {
        {0, SIO__REPLY_ERROR, "WRONGPASS invalid", SIO_EAUTH, "WRONGPASS invalid"},
        {0, SIO__REPLY_ERROR, "ERR AUTH <password> called without any", SIO_EAUTH, "ERR AUTH"},
        {0, SIO__REPLY_ERROR, "ERR max number of clients reached", SIO_ECONN, "ERR max"},
        {0, SIO__REPLY_ERROR, "DENIED Redis is running in protected mode", SIO_ECONN, "DENIED"},
        {1, SIO__REPLY_ERROR, "NOPERM no", SIO_OK, "CLIENT SETNAME was refused: NOPERM no"},
        {1, SIO__REPLY_ERROR, "NOAUTH Authentication required.", SIO_EAUTH, "NOAUTH"},
        {2, SIO__REPLY_ERROR, "ERR DB index is out of range", SIO_EREDIS, "ERR DB"},
        {2, SIO__REPLY_ERROR, "NOPERM no", SIO_ENOPERM, "NOPERM"},
        {3, SIO__REPLY_ERROR, "LOADING Redis is loading", SIO_ECONN, "LOADING"},
        {3, SIO__REPLY_ERROR, "ERR unknown command", SIO_OK, "ROLE was refused"},
        {3, SIO__REPLY_ARRAY, "master", SIO_OK, ""},
        {3, SIO__REPLY_ARRAY, "slave", SIO_EREDIS, "the server is a replica"},
        {3, SIO__REPLY_ARRAY, "sentinel", SIO_EREDIS, "the server is a sentinel"},
        {3, SIO__REPLY_STATUS, "OK", SIO_EREDIS, "unexpected"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];

        assert_int_equal(verdict(cases[i].n, cases[i].type, cases[i].answer, text),
                         cases[i].status);
        if (strncmp(text, cases[i].text, strlen(cases[i].text)) != 0)
            fail_msg("%s: %s", cases[i].answer, text);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reads_whole_cut_and_byte_by_byte),
    cmocka_unit_test(stops_when_told),
    cmocka_unit_test(goes_on_where_it_was_stopped),
    cmocka_unit_test(makes_texts_fit_for_a_log),
    cmocka_unit_test(refuses_what_is_not_resp),
    cmocka_unit_test(refuses_an_integer_without_end),
    cmocka_unit_test(refuses_an_endless_answer),
    cmocka_unit_test(cuts_long_errors),
    cmocka_unit_test(the_greeting_says_what_is_asked_for),
    cmocka_unit_test(the_greeting_leaves_no_password_behind),
    cmocka_unit_test(the_greeting_judges_answers),
};

SIO_TEST_MAIN(tests)
