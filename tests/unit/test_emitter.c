/* SPDX-License-Identifier: MIT */
/* What an emitter refuses, and its options, without a link. */
#include "unit.h"

#include <sio/emitter.h>

#include "emitter/preview.h"

struct bench {
    sio_emitter *em;
    sio_target *to;
    sio_args *args;
    sio_buf channel, payload;
};

static void set_up(struct bench *b, const sio_emitter_opts *opts)
{
    assert_int_equal(sio_emitter_new(NULL, opts, &b->em), SIO_OK);
    assert_int_equal(sio_target_new(&b->to), SIO_OK);
    assert_int_equal(sio_args_new(&b->args), SIO_OK);
    sio_buf_init(&b->channel);
    sio_buf_init(&b->payload);
}

static void tear_down(struct bench *b)
{
    sio_emitter_free(b->em);
    sio_target_free(b->to);
    sio_args_free(b->args);
    sio_buf_fini(&b->channel);
    sio_buf_fini(&b->payload);
}

static sio_status encode(struct bench *b, enum sio__op op, sio_str event)
{
    struct sio__call call = {.op = op, .to = b->to, .event = event, .args = b->args};
    sio_str room = SIO_STR("r");
    call.rooms = &room;
    call.nrooms = op == SIO__OP_JOIN || op == SIO__OP_LEAVE;
    sio_buf_clear(&b->channel);
    sio_buf_clear(&b->payload);
    sio_status status = sio__emitter_encode(b->em, &call, &b->channel, &b->payload);
    if (status != SIO_OK)
        assert_int_equal(b->channel.len + b->payload.len, 0);
    return status;
}

static void reserved_events(void **state)
{
    (void)state;
    static const char *const client[] = {"connect",       "connect_error", "disconnect",
                                         "disconnecting", "newListener",   "removeListener"};
    static const char *const server[] = {"connect", "connection", "new_namespace", "error"};
    struct bench b;
    set_up(&b, NULL);
    for (size_t i = 0; i < sizeof client / sizeof client[0]; i++)
        assert_int_equal(encode(&b, SIO__OP_EMIT, sio_str_c(client[i])), SIO_EINVAL);
    for (size_t i = 0; i < sizeof server / sizeof server[0]; i++)
        assert_int_equal(encode(&b, SIO__OP_SERVER_EMIT, sio_str_c(server[i])), SIO_EINVAL);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("connection")), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_SERVER_EMIT, SIO_STR("disconnect")), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("connect\0")), SIO_OK);
    tear_down(&b);
}

static void events_are_text(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("\xff")), SIO_EINVAL);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("\xed\xa0\xbd")), SIO_EINVAL);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("")), SIO_OK);
    tear_down(&b);
}

static void attachments_are_bounded(void **state)
{
    (void)state;
    sio_emitter_opts opts;
    struct bench b;
    set_up(&b, NULL);
    sio_args_array_begin(b.args);
    for (int i = 0; i < 11; i++)
        sio_args_binary(b.args, "x", 1);
    sio_args_array_end(b.args);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_ETOOBIG);
    assert_int_equal(encode(&b, SIO__OP_SERVER_EMIT, SIO_STR("e")), SIO_OK); /* JSON there */
    tear_down(&b);
    sio_emitter_opts_init(&opts);
    opts.max_attachments = 11;
    set_up(&b, &opts);
    for (int i = 0; i < 11; i++)
        sio_args_binary(b.args, "x", 1);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    sio_args_binary(b.args, "x", 1);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_ETOOBIG);
    tear_down(&b);
}

/* Node calls its listeners with Function.apply(), which throws for too many arguments. */
static void arguments_are_bounded(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL);
    for (int i = 0; i < 4096; i++)
        sio_args_int(b.args, i);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_SERVER_EMIT, SIO_STR("e")), SIO_OK);
    sio_args_int(b.args, 1);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_ETOOBIG);
    assert_int_equal(encode(&b, SIO__OP_SERVER_EMIT, SIO_STR("e")), SIO_ETOOBIG);
    tear_down(&b);
}

static void without_a_link_nothing_is_sent(void **state)
{
    (void)state;
    sio_emitter *em;
    assert_int_equal(sio_emitter_new(NULL, NULL, &em), SIO_OK);
    assert_int_equal(sio_emitter_emit(em, NULL, SIO_STR("e"), NULL, NULL, NULL), SIO_ECLOSED);
    assert_int_equal(sio_emitter_emit_wait(em, NULL, SIO_STR("e"), NULL, 10, NULL, NULL),
                     SIO_ECLOSED);
    sio_emitter_free(em);
}

static void names_and_rooms_are_bounded(void **state)
{
    (void)state;
    char name[4098];
    struct bench b;
    memset(name, 'n', sizeof name);
    set_up(&b, NULL);
    assert_int_equal(encode(&b, SIO__OP_EMIT, sio_str_of(name, 4096)), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_EMIT, sio_str_of(name, 4097)), SIO_ETOOBIG);
    assert_int_equal(sio_target_to(b.to, sio_str_of(name, 4096)), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    assert_int_equal(sio_target_except(b.to, sio_str_of(name, 4097)), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_ETOOBIG);
    assert_int_equal(encode(&b, SIO__OP_DISCONNECT, SIO_STR("")), SIO_ETOOBIG);
    sio_target_clear(b.to);
    for (int i = 0; i < 4096; i++) {
        char room[16];
        snprintf(room, sizeof room, "%d", i);
        assert_int_equal(sio_target_to(b.to, sio_str_c(room)), SIO_OK);
    }
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_JOIN, SIO_STR("")), SIO_ETOOBIG); /* one more */
    tear_down(&b);
}

/* `local`, a timeout, one socket: an emitter has no sockets, and waits for no answers. */
static void targets_for_servers_are_refused(void **state)
{
    (void)state;
    static const enum sio__op ops[] = {SIO__OP_EMIT, SIO__OP_JOIN, SIO__OP_LEAVE,
                                       SIO__OP_DISCONNECT};
    struct bench b;
    set_up(&b, NULL);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        struct sio__call call = {.op = ops[i], .to = b.to, .event = SIO_STR("e")};
        sio_target_clear(b.to);
        sio_target_local(b.to);
        assert_int_equal(encode(&b, ops[i], SIO_STR("e")), SIO_EINVAL);
        assert_non_null(strstr(sio__emitter_why(b.em, &call), "servers"));
        sio_target_clear(b.to);
        sio_target_timeout(b.to, 1000);
        assert_int_equal(encode(&b, ops[i], SIO_STR("e")), SIO_EINVAL);
        sio_target_clear(b.to);
        assert_int_equal(sio_target_socket(b.to, SIO_STR("sid")), SIO_OK);
        assert_int_equal(encode(&b, ops[i], SIO_STR("e")), SIO_EINVAL);
        sio_target_clear(b.to);
        assert_int_equal(encode(&b, ops[i], SIO_STR("e")), SIO_OK);
    }
    tear_down(&b);
}

static void namespaces_are_bounded(void **state)
{
    (void)state;
    char name[4098];
    sio_emitter *em, *other = NULL;
    memset(name, 'n', sizeof name);
    name[0] = '/';
    assert_int_equal(sio_emitter_new(NULL, NULL, &em), SIO_OK);
    assert_int_equal(sio_emitter_of(em, sio_str_of(name, 4096), &other), SIO_OK);
    sio_emitter_free(other);
    assert_int_equal(sio_emitter_of(em, sio_str_of(name, 4097), &other), SIO_ETOOBIG);
    assert_null(other);
    assert_int_equal(sio_emitter_of(em, SIO_STR("\xff"), &other), SIO_EINVAL);
    sio_emitter_free(em);
}

static void payloads_are_bounded_to_the_byte(void **state)
{
    (void)state;
    sio_emitter_opts opts;
    struct bench b;
    set_up(&b, NULL);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    size_t size = b.payload.len;
    tear_down(&b);
    sio_emitter_opts_init(&opts);
    assert_int_equal(opts.max_packet_bytes, 8 << 20);
    opts.max_packet_bytes = size;
    set_up(&b, &opts);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("ee")), SIO_ETOOBIG);
    tear_down(&b);
}

static void unfinished_arguments_are_refused(void **state)
{
    (void)state;
    struct bench b;
    set_up(&b, NULL);
    sio_args_map_begin(b.args);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_EINVAL);
    tear_down(&b);
}

static void join_needs_rooms(void **state)
{
    (void)state;
    struct bench b;
    struct sio__call call = {.op = SIO__OP_JOIN};
    sio_str bad = SIO_STR("\xff");
    set_up(&b, NULL);
    assert_int_equal(sio__emitter_encode(b.em, &call, &b.channel, &b.payload), SIO_EINVAL);
    call.rooms = &bad;
    call.nrooms = 1;
    assert_int_equal(sio__emitter_encode(b.em, &call, &b.channel, &b.payload), SIO_EINVAL);
    tear_down(&b);
}

static void of_adds_the_slash(void **state)
{
    (void)state;
    static const struct {
        sio_str nsp;
        const char *channel;
    } cases[] = {{{"", 0}, "k#/#"},
                 {{"/", 1}, "k#/#"},
                 {{"chat", 4}, "k#/chat#"},
                 {{"/chat", 5}, "k#/chat#"}};
    sio_emitter_opts opts;
    sio_emitter *em;
    sio_emitter_opts_init(&opts);
    opts.key = "k";
    assert_int_equal(sio_emitter_new(NULL, &opts, &em), SIO_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench b;
        set_up(&b, NULL);
        sio_emitter_free(b.em);
        assert_int_equal(sio_emitter_of(em, cases[i].nsp, &b.em), SIO_OK);
        assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
        assert_true(sio_str_eq(sio_buf_str(&b.channel), sio_str_c(cases[i].channel)));
        tear_down(&b);
    }
    sio_emitter_free(em);
}

/* A parser that reverses the bytes; it fails when told to. */
static sio_status reverse(sio_str packed, sio_buf *out, void *user)
{
    if (*(bool *)user)
        return SIO_EREDIS;
    for (size_t i = packed.len; i > 0; i--)
        if (sio_buf_append(out, packed.ptr + i - 1, 1) != SIO_OK)
            return SIO_ENOMEM;
    return SIO_OK;
}

static void custom_parser(void **state)
{
    (void)state;
    sio_emitter_opts opts;
    bool fails = false;
    struct bench plain, b;
    sio_emitter_opts_init(&opts);
    opts.encode = reverse;
    opts.encode_user = &fails;
    set_up(&plain, NULL);
    set_up(&b, &opts);
    assert_int_equal(encode(&plain, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_OK);
    assert_int_equal(b.payload.len, plain.payload.len);
    for (size_t i = 0; i < b.payload.len; i++)
        assert_int_equal(b.payload.ptr[i], plain.payload.ptr[b.payload.len - 1 - i]);
    assert_int_equal(encode(&b, SIO__OP_JOIN, SIO_STR("")), SIO_OK); /* requests stay JSON */
    assert_int_equal(b.payload.ptr[0], '{');
    fails = true;
    assert_int_equal(encode(&b, SIO__OP_EMIT, SIO_STR("e")), SIO_EREDIS);
    tear_down(&plain);
    tear_down(&b);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(reserved_events),
    cmocka_unit_test(events_are_text),
    cmocka_unit_test(attachments_are_bounded),
    cmocka_unit_test(arguments_are_bounded),
    cmocka_unit_test(without_a_link_nothing_is_sent),
    cmocka_unit_test(names_and_rooms_are_bounded),
    cmocka_unit_test(targets_for_servers_are_refused),
    cmocka_unit_test(namespaces_are_bounded),
    cmocka_unit_test(payloads_are_bounded_to_the_byte),
    cmocka_unit_test(unfinished_arguments_are_refused),
    cmocka_unit_test(join_needs_rooms),
    cmocka_unit_test(of_adds_the_slash),
    cmocka_unit_test(custom_parser),
};

SIO_TEST_MAIN(tests)
