/* SPDX-License-Identifier: MIT */
/* What callers may bring: too much (row 9), hostile MessagePack (27) and JSON (28). */
#include "ledger.h"

#include <sio/value.h>

#include "emitter/preview.h"
#include "would_send.h"

enum { MIB = 1 << 20 };

/* -- 9: too large -- */

static sio_status emit_binary(struct ledger *l, const char *bytes, size_t len)
{
    sio_args_clear(l->args);
    if (sio_args_binary(l->args, bytes, len) != SIO_OK)
        return sio_args_status(l->args);
    return sio_emitter_emit(l->em, l->to, SIO_STR("n"), l->args, NULL, NULL);
}

/* How many bytes of a payload are not the caller's. */
static size_t overhead(const struct ledger *l, const char *bytes)
{
    struct sio__call call = {
        .op = SIO__OP_EMIT, .to = l->to, .event = SIO_STR("n"), .args = l->args};
    sio_buf channel, payload;
    size_t more;

    sio_buf_init(&channel);
    sio_buf_init(&payload);
    sio_args_clear(l->args);
    sio_args_binary(l->args, bytes, MIB);
    assert_int_equal(sio__emitter_encode(l->em, &call, &channel, &payload), SIO_OK);
    more = payload.len - MIB;
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
    return more;
}

static void fault_09_payloads_beyond_the_bound(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    size_t huge = at_full_length() ? 512u * MIB + 1 : 64u * MIB;
    char *bytes = calloc(huge, 1);
    struct witness w;
    struct ledger l;
    sio_link_opts opts;
    size_t most;
    uint64_t out;
    int64_t begin;

    witness_start(&w, redis, 10);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 10);
    opts.ping_interval_ms = 600000; /* no other byte goes out */
    ledger_open(&l, &opts);
    ledger_run_to(&l, 1, 1);
    most = 8 * MIB - overhead(&l, bytes);
    out = client_stats(&l.client).bytes_out;
    assert_int_equal(emit_binary(&l, bytes, most + 1), SIO_ETOOBIG);
    begin = cpu_now_ms();
    assert_int_equal(emit_binary(&l, bytes, 30 * MIB), SIO_ETOOBIG);
    if (mode == THREADED)
        assert_int_equal(sio_emitter_emit_wait(l.em, l.to, SIO_STR("n"), l.args, 60000, NULL, NULL),
                         SIO_ETOOBIG);
    assert_int_equal(emit_binary(&l, bytes, huge), SIO_ETOOBIG);
    assert_true(cpu_now_ms() - begin < 2000 * slowness() || at_full_length());
    assert_int_equal(client_stats(&l.client).bytes_out, out);
    assert_int_equal(client_stats(&l.client).published, 1);
    assert_int_equal(emit_binary(&l, bytes, most), SIO_OK); /* to the byte */
    CLIENT_WAIT(&l.client, w.count == 2);
    ledger_run_to(&l, 2, 2);
    assert_int_equal(client_stats(&l.client).disconnects, 0);
    ledger_end(&l);
    witness_stop(&w);
    witness_fini(&w);
    free(bytes);
    redis_fixture_free(redis);
}

/* With the bound taken off, the outbox's own still holds. */
static void fault_09_more_than_the_outbox_ever_takes(enum client_mode mode)
{
    char *bytes = calloc(17, MIB);
    sio_emitter_opts emitter;
    sio_emitter *bounded;
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, "unix:///nonexistent", 1);
    ledger_open(&l, &opts);
    bounded = l.em;
    sio_emitter_opts_init(&emitter);
    emitter.max_packet_bytes = 0;
    assert_int_equal(sio_emitter_new(l.client.link, &emitter, &l.em), SIO_OK);
    assert_int_equal(emit_binary(&l, bytes, 17 * MIB), SIO_ETOOBIG);
    assert_int_equal(client_stats(&l.client).refused[SIO_ETOOBIG], 1);
    assert_int_equal(emit_binary(&l, bytes, 15 * MIB), SIO_OK);
    assert_int_equal(emit_binary(&l, bytes, 2 * MIB), SIO_EFULL);
    assert_int_equal(client_stats(&l.client).outbox_publishes, 1);
    sio_emitter_free(bounded);
    ledger_close(&l);
    ledger_fini(&l);
    free(bytes);
}

/* -- 27: MessagePack -- */

static void fault_27_hostile_msgpack_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {
        {"\xdd\xff\xff\xff\xff", 5},         /* an array of 4 G elements, */
        {"\xdf\xff\xff\xff\xff\xc0\xc0", 7}, /* a map, */
        {"\xc6\xff\xff\xff\xff", 5},         /* binary, */
        {"\xdb\xff\xff\xff\xff", 5},         /* text, */
        {"\xc9\xff\xff\xff\xff\x01", 6},     /* an extension */
        {"\xdd\x7f\xff\xff\xff\xc0", 6},
        {"\xc1", 1},
        {"\x92\x01", 2},
        {"\x01\x91", 2},             /* a whole value, then a cut one */
        {"\xda\x00\x02\xff\xfe", 5}, /* the old form of binary: text that is none */
        {"\x81\x92\x01\x02\x01", 5}, /* a container as a key */
        {"\x81\x01\x01", 3},         /* an integer, too: no emitter in JavaScript sends that */
        {"", 0},
    };
    struct bench b;

    (void)state;
    bench_init(&b);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t rss = rss_now();

        sio_args_clear(b.args);
        if (sio_args_msgpack(b.args, sio_str_of(bad[i].bytes, bad[i].len)) != SIO_EINVAL)
            fail_msg("case %zu was accepted", i);
        assert_int_equal(would_emit(&b), SIO_EINVAL); /* not without it, either */
        assert_true(rss_now() - rss < MIB);           /* counts are not believed */
    }
    bench_fini(&b);
}

static void fault_27_odd_msgpack_is_sent_whole(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *json;
    } odd[] = {
        {"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 9, "[\"e\",null]"}, /* NaN */
        {"\xcb\xff\xf0\x00\x00\x00\x00\x00\x00", 9, "[\"e\",null]"}, /* -Infinity */
        {"\x01\x02\xa1x", 4, "[\"e\",1,2,\"x\"]"},                   /* several */
        {"\x82\xa1k\x01\xa1k\x02", 7,
         "[\"e\",{\"k\":1,\"k\":2}]"}, /* twice: the last counts for receivers */
        {"\xc4\x01\xff", 3, "[\"e\",{\"type\":\"Buffer\",\"data\":[255]}]"},
        {"\xca\x3f\x80\x00\x00", 5, "[\"e\",1]"}, /* float32 */
    };
    struct bench b;
    sio_buf text;

    (void)state;
    bench_init(&b);
    sio_buf_init(&text);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char array[64] = "\x90";

        sio_args_clear(b.args);
        assert_int_equal(sio_args_msgpack(b.args, sio_str_of(odd[i].bytes, odd[i].len)), SIO_OK);
        assert_int_equal(would_emit(&b), SIO_OK);
        array[0] = (char)(0x90 | b.msg.nargs);
        memcpy(array + 1, b.msg.args.ptr, b.msg.args.len);
        sio_buf_clear(&text);
        assert_int_equal(sio_json_write(sio_str_of(array, b.msg.args.len + 1), NULL, NULL, &text),
                         SIO_OK);
        if (!sio_str_eq(sio_buf_str(&text), sio_str_c(odd[i].json)))
            fail_msg("%.*s instead of %s", (int)text.len, text.ptr, odd[i].json);
    }
    sio_buf_fini(&text);
    bench_fini(&b);
}

/* A million levels, of both kinds, in a time that a turn of a loop has. */
static void fault_27_depth(void **state)
{
    enum { LEVELS = 1000000 };
    char *bytes = malloc(LEVELS + 1);
    struct bench b;
    int64_t begin;

    (void)state;
    bench_init(&b);
    memset(bytes, 0x91, LEVELS);
    bytes[LEVELS] = '\xc0';
    begin = cpu_now_ms();
    assert_int_equal(sio_args_msgpack(b.args, sio_str_of(bytes, LEVELS + 1)), SIO_EINVAL);
    assert_true(cpu_now_ms() - begin < 300 * slowness());
    sio_args_clear(b.args);
    assert_int_equal(sio_args_msgpack(b.args, sio_str_of(bytes + LEVELS - 1025, 1026)), SIO_EINVAL);
    sio_args_clear(b.args);
    assert_int_equal(sio_args_msgpack(b.args, sio_str_of(bytes + LEVELS - 1000, 1001)), SIO_OK);
    assert_int_equal(would_emit(&b), SIO_OK);
    free(bytes);
    bench_fini(&b);
}

/* -- 28: JSON -- */

static void fault_28_json_as_json_parse_has_it(void **state)
{
    const struct {
        sio_str text;
        const char *back; /* as JSON.stringify prints it; NULL: refused */
    } cases[] = {
        {SIO_STR("\"\\u0000\""), "\"\\u0000\""},
        {SIO_STR("\"a\0b\""), NULL},
        {SIO_STR("\"\\ud83d\""), "\"\\ud83d\""},
        {SIO_STR("\"\\ude00\\ud83d\""), "\"\\ude00\\ud83d\""},
        {SIO_STR("\"\\ud83d\\ude00\""), "\"\xf0\x9f\x98\x80\""},
        {SIO_STR("\"\xff\xc3\""), "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* as a decoder reads it */
        {SIO_STR("1e400"), "null"},
        {SIO_STR("-1e400"), "null"},
        {SIO_STR("18446744073709551616"), "18446744073709552000"},
        {SIO_STR("9007199254740993"), "9007199254740992"},
        {SIO_STR("-0"), "0"},
        {SIO_STR("0.1"), "0.1"},
        {SIO_STR("5e-324"), "5e-324"},
        {SIO_STR("{\"k\":1,\"j\":2,\"k\":3}"), "{\"k\":3,\"j\":2}"},
        {SIO_STR("{\"b\":0,\"2\":0,\"1\":0}"), "{\"1\":0,\"2\":0,\"b\":0}"},
        {SIO_STR("\xef\xbb\xbf[]"), NULL}, /* a byte order mark is no white space */
        {SIO_STR(""), NULL},
        {SIO_STR("[1,]"), NULL},
        {SIO_STR("01"), NULL},
        {SIO_STR("+1"), NULL},
        {SIO_STR("NaN"), NULL},
        {SIO_STR("1 2"), NULL},
        {SIO_STR("\"\n\""), NULL},
    };
    struct bench b;
    sio_buf text;

    (void)state;
    bench_init(&b);
    sio_buf_init(&text);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sio_json_error error;
        sio_status status;

        sio_args_clear(b.args);
        status = sio_args_json(b.args, cases[i].text, &error);
        if (status != (cases[i].back != NULL ? SIO_OK : SIO_EINVAL))
            fail_msg("%.*s: %s", (int)cases[i].text.len, cases[i].text.ptr,
                     sio_status_name(status));
        assert_int_equal(would_emit(&b), status);
        if (status != SIO_OK)
            continue;
        sio_buf_clear(&text);
        assert_int_equal(sio_json_write(sio_args_packed(b.args), NULL, NULL, &text), SIO_OK);
        if (!sio_str_eq(sio_buf_str(&text), sio_str_c(cases[i].back)))
            fail_msg("%.*s became %.*s", (int)cases[i].text.len, cases[i].text.ptr, (int)text.len,
                     text.ptr);
    }
    sio_buf_fini(&text);
    bench_fini(&b);
}

static void fault_28_depth_and_length(void **state)
{
    size_t len = 100u * MIB;
    char *text = malloc(len);
    struct bench b;
    sio_json_error error;
    int64_t begin;

    (void)state;
    bench_init(&b);
    memset(text, '[', MIB);
    begin = cpu_now_ms();
    assert_int_equal(sio_args_json(b.args, sio_str_of(text, MIB), &error), SIO_EINVAL);
    assert_int_equal(error.offset, 1024);
    assert_true(cpu_now_ms() - begin < 300 * slowness());
    memset(text, 'a', len);
    text[0] = text[len - 1] = '"';
    sio_args_clear(b.args);
    assert_int_equal(sio_args_json(b.args, sio_str_of(text, len), &error), SIO_OK);
    assert_int_equal(would_emit(&b), SIO_ETOOBIG);
    free(text);
    bench_fini(&b);
}

IN_BOTH_MODES(fault_09_payloads_beyond_the_bound)
IN_BOTH_MODES(fault_09_more_than_the_outbox_ever_takes)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_09_payloads_beyond_the_bound_thread, turns_check),
    cmocka_unit_test_teardown(fault_09_payloads_beyond_the_bound_loop, turns_check),
    cmocka_unit_test_teardown(fault_09_more_than_the_outbox_ever_takes_thread, turns_check),
    cmocka_unit_test_teardown(fault_09_more_than_the_outbox_ever_takes_loop, turns_check),
    cmocka_unit_test_teardown(fault_27_hostile_msgpack_is_refused, turns_check),
    cmocka_unit_test_teardown(fault_27_odd_msgpack_is_sent_whole, turns_check),
    cmocka_unit_test_teardown(fault_27_depth, turns_check),
    cmocka_unit_test_teardown(fault_28_json_as_json_parse_has_it, turns_check),
    cmocka_unit_test_teardown(fault_28_depth_and_length, turns_check),
};

SIO_TEST_MAIN(tests)
