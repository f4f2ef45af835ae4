/* SPDX-License-Identifier: MIT */
/* Anything that the calls accept can be sent (row 30), and rooms of every name (31). The
 * classic decoder judges: it refuses what would end a Node server. */
#include "ledger.h"

#include <math.h>

#include <hiredis/hiredis.h>
#include <sio/value.h>

#include "wire/wire.h"
#include "would_send.h"

/* -- 30: anything the calls accept -- */

static uint64_t random_state;

static unsigned draw(unsigned below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % below;
}

/* Names and texts from pieces that mean something somewhere, and some that are not text. */
static sio_str draw_text(char *out, size_t size)
{
    const sio_str pieces[] = {SIO_STR("a"),         SIO_STR("#"),
                              SIO_STR("*"),         SIO_STR("?"),
                              SIO_STR("[x]"),       SIO_STR("\\"),
                              SIO_STR(" "),         SIO_STR("\r\n"),
                              SIO_STR("\""),        SIO_STR("\0"),
                              SIO_STR("{t}"),       SIO_STR("\xf0\x9f\x98\x80"),
                              SIO_STR("\xc3\xa9"),  SIO_STR("\xe2\x80\xa8"),
                              SIO_STR("/"),         SIO_STR("$5\r\n"),
                              SIO_STR("connect"),   SIO_STR("disconnect"),
                              SIO_STR("__proto__"), SIO_STR("7"),
                              SIO_STR("\xff"),      SIO_STR("\xed\xa0\x80"),
                              SIO_STR("\x7f"),      SIO_STR("0123456789abcdef")};
    size_t len = 0, n = draw(5);

    for (size_t i = 0; i < n; i++) {
        sio_str piece = pieces[draw(sizeof pieces / sizeof pieces[0] - (draw(20) != 0 ? 4 : 0))];

        if (len + piece.len <= size) {
            memcpy(out + len, piece.ptr, piece.len);
            len += piece.len;
        }
    }
    return sio_str_of(out, len);
}

static void draw_value(sio_args *args, unsigned depth)
{
    static const double numbers[] = {0.1, -0.0, 1e21, 5e-324, 1.7976931348623157e308, 4294967296.5};
    char text[128] = "";
    unsigned n;

    switch (draw(depth > 0 ? 12 : 9)) {
    case 0:
        sio_args_null(args);
        break;
    case 1:
        sio_args_undefined(args);
        break;
    case 2:
        sio_args_bool(args, draw(2) == 1);
        break;
    case 3:
        sio_args_int(args, (int64_t)(random_state >> draw(64)) * (draw(2) == 0 ? 1 : -1));
        break;
    case 4:
        sio_args_double(args, draw(10) == 0 ? (double)NAN : numbers[draw(6)]);
        break;
    case 5:
        sio_args_binary(args, text, draw(sizeof text));
        break;
    case 6:
        sio_args_date(args, (int64_t)(random_state >> (20 + draw(30))) - (1 << 30));
        break;
    case 7:
        sio_args_json(args, SIO_STR("{\"a\":[1,\"\\ud83d\",{\"7\":null}],\"__proto__\":1}"), NULL);
        break;
    case 9:
        sio_args_array_begin(args);
        for (n = draw(4); n > 0; n--)
            draw_value(args, depth - 1);
        sio_args_array_end(args);
        break;
    case 10:
    case 11:
        sio_args_map_begin(args);
        for (n = draw(4); n > 0; n--) {
            sio_args_key(args, draw_text(text, sizeof text));
            draw_value(args, depth - 1);
        }
        sio_args_map_end(args);
        break;
    default:
        sio_args_string(args, draw_text(text, sizeof text));
    }
}

static bool is_one_of(sio_str text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sio_str_eq(text, sio_str_c(words[i])))
            return true;
    }
    return false;
}

static void check_sent(const struct bench *b, const struct sio__call *call)
{
    static const char *const client[] = {"connect",       "connect_error", "disconnect",
                                         "disconnecting", "newListener",   "removeListener"};
    static const char *const server[] = {"connect", "connection", "new_namespace", "error"};
    sio_cursor cursor = sio_cursor_at(b->msg.args);
    sio_value event;

    if (call->op == SIO__OP_EMIT) {
        assert_int_equal(b->msg.type, SIO_MSG_BROADCAST);
        assert_int_equal(b->msg.packet_type, 2);
        assert_false(is_one_of(call->event, client, 6));
    } else if (call->op == SIO__OP_SERVER_EMIT) {
        assert_int_equal(b->msg.type, SIO_MSG_SERVER_SIDE_EMIT);
        assert_false(is_one_of(call->event, server, 4));
    } else {
        return;
    }
    assert_int_equal(sio_cursor_read(&cursor, &event), SIO_OK);
    assert_int_equal(event.type, SIO_STRING);
    assert_true(sio_str_eq(event.v.text, call->event));
    assert_int_equal(b->msg.nargs, 1 + sio_args_count(call->args));
}

static void fault_30_whatever_is_accepted_can_be_decoded(void **state)
{
    int rounds = at_full_length() ? 2000000 : 100000, sent = 0;
    char event[128], text[128], rooms_text[2][128];
    sio_str rooms[2];
    struct bench b;

    (void)state;
    bench_init(&b);
    random_state = 42;
    for (int i = 0; i < rounds; i++) {
        struct sio__call call = {.op = (enum sio__op)draw(5), .to = b.to, .args = b.args};

        sio_target_clear(b.to);
        for (unsigned n = draw(4); n > 0; n--)
            sio_target_to(b.to, draw_text(text, sizeof text));
        for (unsigned n = draw(3); n > 0; n--)
            sio_target_except(b.to, draw_text(text, sizeof text));
        if (draw(3) == 0)
            sio_target_volatile(b.to);
        if (draw(3) == 0)
            sio_target_compress(b.to, draw(2) == 0);
        sio_args_clear(b.args);
        for (unsigned n = draw(4); n > 0; n--)
            draw_value(b.args, 4);
        call.event = draw_text(event, sizeof event);
        for (size_t r = 0; r < 2; r++)
            rooms[r] = draw_text(rooms_text[r], sizeof rooms_text[r]);
        call.rooms = rooms;
        call.nrooms = draw(3);
        call.close = draw(2) == 0;
        if (would_send(&b, &call) == SIO_OK) {
            check_sent(&b, &call);
            sent++;
        }
    }
    assert_true(sent > rounds / 2); /* most of it is fit to be sent */
    assert_true(sent < rounds);
    bench_fini(&b);
}

/* -- 31: rooms -- */

struct rooms {
    redisContext *redis;
    sio_buf scratch;
};

/* The next message comes on the channel of this room and names it, byte for byte. */
static void expect_room(struct rooms *r, sio_str room)
{
    struct sio__peer server = {
        .role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    static const char head[] = "socket.io#/#";
    redisReply *reply;
    struct sio_message msg;
    sio_value array, name;
    sio_str channel;
    sio_cursor cursor;

    assert_int_equal(redisGetReply(r->redis, (void **)&reply), REDIS_OK);
    assert_int_equal(reply->elements, 4); /* pmessage, pattern, channel, payload */
    channel = sio_str_of(reply->element[2]->str, (size_t)reply->element[2]->len);
    assert_int_equal(channel.len, sizeof head - 1 + room.len + 1);
    assert_memory_equal(channel.ptr, head, sizeof head - 1);
    if (room.len > 0)
        assert_memory_equal(channel.ptr + sizeof head - 1, room.ptr, room.len);
    assert_int_equal(channel.ptr[channel.len - 1], '#');
    assert_int_equal(
        sio__wire_classic.decode(&server, channel,
                                 sio_str_of(reply->element[3]->str, (size_t)reply->element[3]->len),
                                 &r->scratch, &msg),
        SIO__DECODED);
    cursor = sio_cursor_at(msg.rooms);
    assert_int_equal(sio_cursor_read(&cursor, &array), SIO_OK);
    assert_int_equal(array.v.count, 1);
    assert_int_equal(sio_cursor_read(&cursor, &name), SIO_OK);
    assert_true(sio_str_eq(name.v.text, room));
    freeReplyObject(reply);
}

static void fault_31_rooms_of_every_name(enum client_mode mode)
{
    static char longest[4096];
    const sio_str names[] = {SIO_STR("#"),
                             SIO_STR("a#b#"),
                             SIO_STR("*"),
                             SIO_STR("?"),
                             SIO_STR("[a]"),
                             SIO_STR("\\"),
                             SIO_STR(" "),
                             SIO_STR("\r\nPING\r\n"),
                             SIO_STR("\""),
                             SIO_STR("\xf0\x9f\x98\x80"),
                             SIO_STR("a\0b"),
                             SIO_STR(""),
                             SIO_STR("01234567890123456789"), /* as long as a socket's id */
                             SIO_STR("0123456789abcdef"),
                             SIO_STR("{tag}x"),
                             SIO_STR("user:\xc3\xa9"),
                             sio_str_of(longest, sizeof longest)};
    enum { N = sizeof names / sizeof names[0] };
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct rooms r = {.redis = redis_fixture_connect(redis)};
    struct ledger l;
    sio_link_opts opts;

    memset(longest, 'x', sizeof longest);
    sio_buf_init(&r.scratch);
    freeReplyObject(redisCommand(r.redis, "PSUBSCRIBE %s", "socket.io#/#*"));
    ledger_init(&l, mode, &opts, NULL, N);
    redis_fixture_link_opts(redis, &opts);
    ledger_open(&l, &opts);
    for (int i = 0; i < N; i++) {
        sio_target_clear(l.to);
        assert_int_equal(sio_target_to(l.to, names[i]), SIO_OK);
        assert_int_equal(ledger_emit(&l), SIO_OK);
    }
    ledger_run_to(&l, N, N);
    assert_int_equal(ledger_count(&l, SIO_OK), N);
    for (int i = 0; i < N; i++) {
        assert_receivers(redis, l.entries[i].receivers, 1);
        expect_room(&r, names[i]);
    }
    ledger_end(&l);
    redisFree(r.redis);
    sio_buf_fini(&r.scratch);
    redis_fixture_free(redis);
}

static void fault_31_rooms_that_are_refused(void **state)
{
    char *name = malloc(1 << 20);
    struct bench b;

    (void)state;
    bench_init(&b);
    memset(name, 'x', 1 << 20);
    assert_int_equal(sio_target_to(b.to, sio_str_of(name, 4097)), SIO_OK);
    assert_int_equal(would_emit(&b), SIO_ETOOBIG);
    sio_target_clear(b.to);
    assert_int_equal(sio_target_to(b.to, sio_str_of(name, 1 << 20)), SIO_OK);
    assert_int_equal(would_emit(&b), SIO_ETOOBIG);
    sio_target_clear(b.to);
    assert_int_equal(sio_target_to(b.to, SIO_STR("\xff")), SIO_EINVAL);
    assert_int_equal(sio_target_to(b.to, SIO_STR("\xed\xa0\x80")), SIO_EINVAL);
    free(name);
    bench_fini(&b);
}

IN_BOTH_MODES(fault_31_rooms_of_every_name)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_30_whatever_is_accepted_can_be_decoded, turns_check),
    cmocka_unit_test_teardown(fault_31_rooms_that_are_refused, turns_check),
    cmocka_unit_test_any_topology_teardown(fault_31_rooms_of_every_name_thread, turns_check),
    cmocka_unit_test_any_topology_teardown(fault_31_rooms_of_every_name_loop, turns_check),
};

SIO_TEST_MAIN(tests)
