/* SPDX-License-Identifier: MIT */
/* Fault 42 in the decoders: JSON, answers of Redis and messages of servers, with the n-th
 * allocation failing, n rising until none fails. Refused is the input; what was there stays. */
#include "alloc.h"

#include <sio/value.h>

#include "link/reply.h"
#include "value/json.h"
#include "wire/wire.h"

/* ---- JSON ---- */

/* `count` times `element` in brackets. */
static sio_str repeat(const char *open, const char *element, size_t count, const char *close,
                      sio_buf *buf)
{
    sio_buf_init(buf);
    assert_int_equal(sio_buf_append(buf, open, strlen(open)), SIO_OK);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            assert_int_equal(sio_buf_append(buf, ",", 1), SIO_OK);
        assert_int_equal(sio_buf_append(buf, element, strlen(element)), SIO_OK);
    }
    assert_int_equal(sio_buf_append(buf, close, strlen(close)), SIO_OK);
    return sio_buf_str(buf);
}

static void no_allocation_when_small(void **state)
{
    static const char text[] =
        "{\"id\":1234567,\"type\":\"order.updated\",\"tags\":[\"alpha\",\"beta\"],\"price\":129.99,"
        "\"note\":\"with an \\\"escape\\\" in a text of more than sixteen "
        "bytes\",\"n\":[1,2,3,4,5,6,7,"
        "8,9,10,11,12,13,14,15,16,17],\"customer\":{\"name\":\"Jane\",\"geo\":{\"lat\":48.8566}}}";
    char memory[1024];
    sio_buf out;
    (void)state;
    sio_buf_init_on(&out, memory, sizeof memory);
    alloc_require();
    long before = alloc_made;
    sio_status status = sio_json_read(sio_str_of(text, sizeof text - 1), 0, &out, NULL);
    long made = alloc_made - before;
    assert_int_equal(status, SIO_OK);
    assert_int_equal(made, 0);
    assert_ptr_equal(out.ptr, memory);
}

/* The buffer is full at each byte in turn, and cannot grow then or a little later. */
static void check_full_buffer(sio_str text)
{
    for (size_t cap = 0; cap < 2 * text.len; cap++) {
        char *memory = malloc(cap + 1);
        long hits = 1;
        assert_non_null(memory);
        for (long n = 0; hits > 0; n++) {
            sio_buf out;
            sio_buf_init_on(&out, memory, cap);
            alloc_arm(n, true);
            sio_status status = sio_json_read(text, 0, &out, NULL);
            hits = alloc_disarm();
            assert_int_equal(status, hits > 0 ? SIO_ENOMEM : SIO_OK);
            assert_true(status == SIO_OK || out.len == 0);
            sio_buf_fini(&out);
        }
        free(memory);
    }
}

static void json_without_memory_at_any_byte_42(void **state)
{
    (void)state;
    alloc_require();
    check_full_buffer(
        SIO_STR("[\"plain text of more than sixteen bytes\\n\\u00e9\\ud83d\\ude00 and "
                "behind them, \\\"\", -1.5, 12345, true, \"\\n\"]"));
    check_full_buffer(SIO_STR("[\"a\",\"bc\",{\"key\":\"def\",\"a key of more than sixteen bytes\":"
                              "\"and a value of more than sixteen\",\"k\\n\":0}]"));
    check_full_buffer(SIO_STR("[[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],[1,2,3,4,5,6,7,8,9,10,11,"
                              "12,13,14,15,16,17],{}]"));
    sio_buf text;
    repeat("{\"b\":0,\"0\":{\"b\":[", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", 12, "],\"0\":1}}",
           &text);
    check_full_buffer(sio_buf_str(&text));
    sio_buf_fini(&text);
}

/* Fail from the n-th allocation on, n rising until it succeeds. */
static void check_memory(sio_str text)
{
    sio_status status = SIO_ENOMEM;
    for (long n = 0; status != SIO_OK; n++) {
        sio_buf out;
        sio_json_error error;
        assert_true(n < 1000);
        sio_buf_init(&out);
        assert_int_equal(sio_buf_append(&out, "kept", 4), SIO_OK);
        alloc_arm(n, true);
        status = sio_json_read(text, 2000, &out, &error);
        alloc_disarm();
        assert_true(status == SIO_OK || status == SIO_ENOMEM);
        assert_null(error.what);
        if (status != SIO_OK)
            assert_int_equal(out.len, 4);
        assert_memory_equal(out.ptr, "kept", 4);
        sio_buf_fini(&out);
    }
}

static void json_without_memory_42(void **state)
{
    sio_buf text;
    (void)state;
    alloc_require();
    repeat("[", "{\"b\":[{\"x\":1,\"x\":2}],\"0\":\"\xff\\ud83d\",\"a\":123456}", 50, "]", &text);
    check_memory(sio_buf_str(&text));
    sio_buf_fini(&text);
    repeat("{\"k\":", "[1.5,\"a text of more than sixteen bytes\"]", 1, "}", &text);
    check_memory(sio_buf_str(&text));
    sio_buf_fini(&text);

    char keys[8192] = "{";
    size_t len = 1;
    for (int i = 0; i < 300; i++)
        len += (size_t)sprintf(keys + len, "%s\"%d\":%d", i > 0 ? "," : "", 300 - i, i);
    keys[len++] = '}';
    check_memory(sio_str_of(keys, len));
    memset(keys, '[', 1000);
    memset(keys + 1000, ']', 1000);
    check_memory(sio_str_of(keys, 2000));
}
/* ---- answers of Redis ---- */

enum { MAX_FRAME = 64 * 1024 };

static bool on_reply(void *arg, const struct sio__reply *reply)
{
    (void)reply;
    ++*(int *)arg;
    return true;
}

/* Each allocation fails in turn, of the reader's making and of its reading. */
static void answers_without_memory_42(void **state)
{
    static const char dialogue[] = ":12\r\n+OK\r\n-ERR no\r\n$3\r\na\nc\r\n*3\r\n$6\r\nmaster\r\n"
                                   ":7\r\n*1\r\n*1\r\n$1\r\nx\r\n:5\r\n";
    long hits = 1;
    int refused = 0;

    (void)state;
    alloc_require();
    for (long n = 0; hits > 0; n++) {
        struct sio__reply_reader *reader;
        int seen = 0;
        sio_status status = SIO_ENOMEM;

        alloc_arm(n, false);
        reader = sio__reply_reader_new(MAX_FRAME);
        if (reader != NULL)
            status = sio__reply_feed(reader, dialogue, sizeof dialogue - 1, on_reply, &seen);
        hits = alloc_disarm();
        assert_int_equal(status, hits > 0 ? SIO_ENOMEM : SIO_OK);
        refused += reader != NULL && status == SIO_ENOMEM;
        sio__reply_reader_free(reader);
    }
    assert_true(refused > 0);
}

/* ---- messages of servers ---- */

/* JSON is read into the scratch buffer, which may have to grow. */
static void messages_without_memory_42(void **state)
{
    const sio_str channel = SIO_STR("socket.io-request#/#");
    sio_str payload = SIO_STR("{\"requestId\":\"R\",\"type\":1}");
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    struct sio_message msg;
    sio_buf scratch;
    (void)state;
    alloc_require();
    sio_buf_init(&scratch);
    alloc_arm(0, true);
    enum sio__verdict verdict = sio__wire_classic.decode(&peer, channel, payload, &scratch, &msg);
    alloc_disarm();
    assert_int_equal(verdict, SIO__DECODE_NOMEM);
    assert_int_equal(sio__wire_classic.decode(&peer, channel, payload, &scratch, &msg),
                     SIO__DECODED);
    sio_buf_fini(&scratch);
}

/* Of the sharded wire: a broadcast of numbers, which are longer packed, so that scratch has to
 * grow; in the usual form, and in another. A failure that does not last costs no more than
 * the shorter way. */
static void sharded_without_memory(sio_str payload, bool lasting)
{
    const sio_str channel = SIO_STR("socket.io#/#");
    struct sio__peer peer = {.role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    long hits = 1, n = 0;

    for (; hits > 0; n++) {
        struct sio_message msg;
        sio_buf scratch;

        sio_buf_init(&scratch);
        alloc_arm(n, lasting);
        enum sio__verdict verdict =
            sio__wire_sharded.decode(&peer, channel, payload, &scratch, &msg);
        hits = alloc_disarm();
        if (hits > 0 && lasting)
            assert_int_equal(verdict, SIO__DECODE_NOMEM);
        else
            assert_int_equal(verdict, SIO__DECODED);
        sio_buf_fini(&scratch);
    }
    assert_true(n > 2);
}

static void sharded_messages_without_memory_42(void **state)
{
    static const char head[] = "{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":[\"e\"",
                      tail[] = "]},\"opts\":{\"rooms\":[\"a\"],\"except\":[],\"flags\":{}}},"
                               "\"uid\":\"u\",\"nsp\":\"/\"} ";
    sio_buf text;

    (void)state;
    alloc_require();
    sio_buf_init(&text);
    assert_int_equal(sio_buf_append(&text, head, sizeof head - 1), SIO_OK);
    for (int i = 0; i < 200; i++)
        assert_int_equal(sio_buf_append(&text, ",1.5", 4), SIO_OK);
    assert_int_equal(sio_buf_append(&text, tail, sizeof tail - 1), SIO_OK);
    for (int lasting = 0; lasting < 2; lasting++) {
        sharded_without_memory(sio_str_of(text.ptr, text.len - 1), lasting != 0);
        sharded_without_memory(sio_buf_str(&text), lasting != 0);
    }
    sio_buf_fini(&text);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_allocation_when_small),
    cmocka_unit_test(json_without_memory_at_any_byte_42),
    cmocka_unit_test(json_without_memory_42),
    cmocka_unit_test(answers_without_memory_42),
    cmocka_unit_test(messages_without_memory_42),
    cmocka_unit_test(sharded_messages_without_memory_42),
};

SIO_TEST_MAIN(tests)
