/* SPDX-License-Identifier: MIT */
/* sio-emit's line splitter, fed through a pipe in pieces of every size. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sio/buf.h>

#include "lines.h"

struct feed {
    int in; /* the pipe's writing end */
    struct lines lines;
};

static void open_feed(struct feed *feed, char delimiter, size_t max)
{
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    /* an empty pipe is LINES_INTERRUPTED instead of a test that hangs */
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    feed->in = fds[1];
    lines_init(&feed->lines, fds[0], delimiter, max);
}

static void close_feed(struct feed *feed)
{
    if (feed->in >= 0)
        close(feed->in);
    close(feed->lines.fd);
    lines_fini(&feed->lines);
}

/* Append what comes out, as "<line>" or "!" for one that is too long, and then "." at the
 * end of the input. */
static void collect(struct feed *feed, sio_buf *out)
{
    sio_str line;

    for (;;) {
        switch (lines_next(&feed->lines, &line)) {
        case LINES_LINE:
            sio_buf_append(out, "<", 1);
            sio_buf_append(out, line.ptr, line.len);
            sio_buf_append(out, ">", 1);
            break;
        case LINES_TOO_LONG:
            sio_buf_append(out, "!", 1);
            break;
        case LINES_END:
            sio_buf_append(out, ".", 1);
            return;
        case LINES_EMPTY:
            if (lines_fill(&feed->lines) == LINES_INTERRUPTED)
                return;
            break;
        }
    }
}

/* The same whatever the pieces the input comes in. */
static void expect(sio_str input, char delimiter, size_t max, const char *expected, uint64_t number)
{
    for (size_t piece = 1; piece <= input.len + 1; piece++) {
        struct feed feed;
        sio_buf out;

        sio_buf_init(&out);
        open_feed(&feed, delimiter, max);
        for (size_t at = 0; at < input.len; at += piece) {
            size_t n = input.len - at < piece ? input.len - at : piece;
            assert_int_equal(write(feed.in, input.ptr + at, n), (ssize_t)n);
            collect(&feed, &out);
        }
        close(feed.in);
        feed.in = -1;
        collect(&feed, &out);
        assert_int_equal(feed.lines.number, number);
        assert_int_equal(out.len, strlen(expected));
        assert_memory_equal(out.ptr, expected, out.len);
        sio_buf_fini(&out);
        close_feed(&feed);
    }
}

static void splits_at_newlines(void **state)
{
    (void)state;
    expect(SIO_STR("one\ntwo\n\nfour\n"), '\n', 100, "<one><two><><four>.", 4);
}

static void last_line_needs_no_newline(void **state)
{
    (void)state;
    expect(SIO_STR("one\ntwo"), '\n', 100, "<one><two>.", 2);
    expect(SIO_STR(""), '\n', 100, ".", 0);
    expect(SIO_STR("\n"), '\n', 100, "<>.", 1);
}

static void other_delimiters(void **state)
{
    (void)state;
    expect(SIO_STR("a\nb\0c\0"), '\0', 100, "<a\nb><c>.", 2);
    expect(SIO_STR("a;b"), ';', 100, "<a><b>.", 2);
    expect(SIO_STR("a\xff"
                   "b"),
           '\xff', 100, "<a><b>.", 2);
}

static void long_lines_are_told_once(void **state)
{
    (void)state;
    expect(SIO_STR("abc\nabcd\nabc\n"), '\n', 3, "<abc>!<abc>.", 3);
    expect(SIO_STR("abcdefgh"), '\n', 3, "!.", 1);
    expect(SIO_STR("abcdefgh\n"), '\n', 3, "!.", 1);
    expect(SIO_STR("abcdefgh\nx"), '\n', 3, "!<x>.", 2);
    expect(SIO_STR("abcd\nefgh\nijkl"), '\n', 3, "!!!.", 3);
}

static void memory_follows_the_bound(void **state)
{
    enum { MAX = 1000, BLOCK = 60000, BLOCKS = 100 };
    static char block[BLOCK];
    struct feed feed;
    sio_buf out;

    (void)state;
    memset(block, 'x', sizeof(block));
    sio_buf_init(&out);
    open_feed(&feed, '\n', MAX);
    for (int i = 0; i < BLOCKS; i++) {
        assert_int_equal(write(feed.in, block, sizeof(block)), BLOCK);
        collect(&feed, &out);
    }
    assert_int_equal(write(feed.in, "\nend\n", 5), 5);
    collect(&feed, &out);
    assert_int_equal(out.len, 6);
    assert_memory_equal(out.ptr, "!<end>", 6);
    assert_true(feed.lines.cap <= 256 * 1024);
    sio_buf_fini(&out);
    close_feed(&feed);
}

static void lines_longer_than_a_block(void **state)
{
    enum { LEN = 300000 };
    char *line = malloc(LEN + 1);
    FILE *file = tmpfile();
    struct lines lines;
    sio_str got;
    enum lines_next next;

    (void)state;
    assert_non_null(line);
    assert_non_null(file);
    for (int i = 0; i < LEN; i++)
        line[i] = (char)('a' + i % 26);
    line[LEN] = '\n';
    assert_int_equal(fwrite(line, 1, LEN + 1, file), LEN + 1);
    assert_int_equal(fwrite(line, 1, LEN, file), LEN);
    rewind(file);
    lines_init(&lines, fileno(file), '\n', LEN);
    for (int i = 0; i < 2; i++) {
        while ((next = lines_next(&lines, &got)) == LINES_EMPTY)
            assert_int_equal(lines_fill(&lines), LINES_FILLED);
        assert_int_equal(next, LINES_LINE);
        assert_int_equal(got.len, LEN);
        assert_memory_equal(got.ptr, line, LEN);
    }
    while ((next = lines_next(&lines, &got)) == LINES_EMPTY)
        assert_int_equal(lines_fill(&lines), LINES_FILLED);
    assert_int_equal(next, LINES_END);
    lines_fini(&lines);
    fclose(file);
    free(line);
}

static void failures_are_told(void **state)
{
    struct lines lines;

    (void)state;
    lines_init(&lines, -1, '\n', 10);
    assert_int_equal(lines_fill(&lines), LINES_FAILED);
    assert_int_equal(errno, EBADF);
    lines_fini(&lines);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(splits_at_newlines),       cmocka_unit_test(last_line_needs_no_newline),
    cmocka_unit_test(other_delimiters),         cmocka_unit_test(long_lines_are_told_once),
    cmocka_unit_test(memory_follows_the_bound), cmocka_unit_test(lines_longer_than_a_block),
    cmocka_unit_test(failures_are_told),
};

SIO_TEST_MAIN(tests)
