/* SPDX-License-Identifier: MIT */
/* An adapter without a link: one process, no Redis. */
#include "adapter_world.h"

static void hooks_come_in_nodes_order(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    sio_socket *a = world_socket(&w, "a", "r", NULL);
    world_expect(&w, "create a\njoin a a\ncreate r\njoin r a\n");
    sio_socket *b = world_socket(&w, "b", "r", "r", NULL);
    world_expect(&w, "create b\njoin b b\njoin r b\n");
    assert_int_equal(sio_socket_leave(a, SIO_STR("r")), SIO_OK);
    assert_int_equal(sio_socket_leave(a, SIO_STR("r")), SIO_EINVAL);
    world_expect(&w, "leave r a\n");
    sio_socket_free(b);
    world_expect(&w, "leave b b\ndelete b\nleave r b\ndelete r\n");
    assert_null(world_find(&w, "b"));
    sio_adapter_free(w.adapter);
    w.adapter = NULL;
    world_expect(&w, "leave a a\ndelete a\n");
    world_fini(&w);
}

static void sockets_are_checked(void **state)
{
    struct world w;
    sio_socket *socket;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    assert_int_equal(sio_socket_new(w.adapter, SIO_STR("a"), NULL, &socket), SIO_EINVAL);
    assert_null(socket);
    assert_int_equal(sio_socket_new(w.adapter, SIO_STR(""), NULL, &socket), SIO_EINVAL);
    assert_int_equal(sio_socket_new(w.adapter, SIO_STR("\xff"), NULL, &socket), SIO_EINVAL);
    char name[4097];
    memset(name, 'x', sizeof name);
    assert_int_equal(sio_socket_new(w.adapter, sio_str_of(name, 4097), NULL, &socket), SIO_ETOOBIG);
    socket = world_find(&w, "a");
    assert_int_equal(sio_socket_join(socket, sio_str_of(name, 4097)), SIO_ETOOBIG);
    assert_int_equal(sio_socket_join(socket, SIO_STR("\xff")), SIO_EINVAL);
    assert_int_equal(sio_socket_join(socket, sio_str_of(name, 4096)), SIO_OK);
    assert_int_equal(sio_socket_join(socket, SIO_STR("nul\0#*?[")), SIO_OK);
    assert_true(sio_socket_is_in(socket, SIO_STR("nul\0#*?[")));
    assert_false(sio_socket_is_in(socket, SIO_STR("nul")));
    world_fini(&w);
}

static void rooms_are_joined_in_order(void **state)
{
    static const sio_str rooms[] = {SIO_STR_INIT("r"), SIO_STR_INIT("a"),    SIO_STR_INIT("s"),
                                    SIO_STR_INIT("r"), SIO_STR_INIT("\xff"), SIO_STR_INIT("t")};
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    sio_socket *a = world_socket(&w, "a", NULL);
    world_forget(&w);
    assert_int_equal(sio_socket_join_all(a, rooms, 4), SIO_OK);
    world_expect(&w, "create r\njoin r a\ncreate s\njoin s a\n");
    assert_int_equal(sio_socket_join_all(a, rooms + 2, 4), SIO_EINVAL);
    world_expect(&w, "");
    assert_int_equal(sio_socket_join_all(a, rooms, 0), SIO_OK);
    world_fini(&w);
}

static void free_a(struct world *w)
{
    sio_socket_free(world_find(w, "a"));
}

static void free_adapter(struct world *w)
{
    sio_adapter_free(w->adapter);
    w->adapter = NULL;
}

static void joining_socket_may_go(void **state)
{
    static const sio_str rooms[] = {SIO_STR_INIT("r"), SIO_STR_INIT("s"), SIO_STR_INIT("t")};
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    sio_socket *a = world_socket(&w, "a", NULL);
    world_forget(&w);
    w.trap = "join s";
    w.on_trap = free_a;
    assert_int_equal(sio_socket_join_all(a, rooms, 3), SIO_ECLOSED);
    assert_null(world_find(&w, "a"));
    sio_socket *b = world_socket(&w, "b", NULL);
    w.trap = "join s";
    w.on_trap = free_adapter;
    assert_int_equal(sio_socket_join_all(b, rooms, 3), SIO_ECLOSED);
    world_fini(&w);
}

static void a_broadcast_reaches_the_target(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", "r", NULL);
    world_socket(&w, "b", "r", "s", NULL);
    world_socket(&w, "c", "s", NULL);
    assert_int_equal(world_emit(&w, "", "e", "[1,{\"k\":null}]"), SIO_OK);
    world_expect(&w, "packet \"e\",[1,{\"k\":null}]\nto a\nto b\nto c\ndelivered 3\n");
    assert_int_equal(w.ended, 1);
    assert_int_equal(world_emit(&w, "r", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto a\nto b\ndelivered 2\n");
    assert_int_equal(world_emit(&w, "s r", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto b\nto c\nto a\ndelivered 3\n");
    assert_int_equal(world_emit(&w, "r s !b", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto a\nto c\ndelivered 2\n");
    assert_int_equal(world_emit(&w, "!r", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto c\ndelivered 1\n");
    assert_int_equal(world_emit(&w, "b", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto b\ndelivered 1\n");
    assert_int_equal(world_emit(&w, "nobody", "e", NULL), SIO_OK);
    world_expect(&w, "");
    assert_int_equal(w.ended, 7);
    assert_int_equal(w.status, SIO_OK);
    world_fini(&w);
}

static void flags_reach_the_host(void **state)
{
    struct world w;
    sio_target *to = world_target("a");
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    sio_target_volatile(to);
    sio_target_compress(to, false);
    assert_int_equal(sio_adapter_emit(w.adapter, to, SIO_STR("e"), NULL, NULL, NULL), SIO_OK);
    world_expect(&w, "packet \"e\" volatile compress 0\nto a\ndelivered 1\n");
    sio_target_free(to);
    world_fini(&w);
}

static void what_is_not_connected_is_skipped(void **state)
{
    struct world w;
    sio_socket *socket;
    (void)state;
    world_init(&w, WORLD_ALONE);
    assert_int_equal(sio_socket_new(w.adapter, SIO_STR("a"), &w, &socket), SIO_OK);
    assert_int_equal(sio_socket_join(socket, SIO_STR("r")), SIO_OK);
    world_expect(&w, "create r\njoin r a\n");
    assert_false(sio_socket_is_connected(socket));
    assert_int_equal(world_emit(&w, "r", "e", NULL), SIO_OK);
    assert_int_equal(world_emit(&w, "", "e", NULL), SIO_OK);
    world_expect(&w, "");
    assert_int_equal(sio_socket_connect(socket), SIO_OK);
    assert_int_equal(sio_socket_connect(socket), SIO_OK);
    world_expect(&w, "create a\njoin a a\n");
    assert_int_equal(world_emit(&w, "r", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto a\ndelivered 1\n");
    sio_socket_free(socket);
    world_expect(&w, "leave r a\ndelete r\nleave a a\ndelete a\n"); /* in the order it joined */
    world_fini(&w);
}

static void free_b(struct world *w)
{
    sio_socket_free(world_find(w, "b"));
}

static void who_goes_meanwhile_is_skipped(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    world_socket(&w, "b", NULL);
    world_socket(&w, "c", NULL);
    w.trap = "to a";
    w.on_trap = free_b;
    assert_int_equal(world_emit(&w, "", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto a\nto c\ndelivered 2\n");
    world_fini(&w);
}

static void add_d(struct world *w)
{
    world_socket(w, "d", NULL);
}

static void who_comes_meanwhile_is_not_included(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    w.trap = "packet";
    w.on_trap = add_d;
    assert_int_equal(world_emit(&w, "", "e", NULL), SIO_OK);
    world_expect(&w, "packet \"e\"\nto a\ndelivered 1\n");
    world_fini(&w);
}

static void emit_inner(struct world *w)
{
    assert_int_equal(world_emit(w, "!a", "inner", NULL), SIO_OK);
}

static void broadcasts_nest(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    world_socket(&w, "b", NULL);
    w.trap = "to a";
    w.on_trap = emit_inner;
    assert_int_equal(world_emit(&w, "", "e", "1"), SIO_OK);
    world_expect(&w, "packet \"e\",1\nto a\npacket \"inner\"\nto b\ndelivered 1\nto b\n"
                     "delivered 2\n");
    world_fini(&w);
}

/* Freed inside each of the host's calls. */
static void freed_inside_a_callback(void **state)
{
    static const char *const traps[] = {"create", "join", "leave",     "delete",
                                        "packet", "to",   "delivered", "disconnect"};
    (void)state;
    for (size_t i = 0; i < sizeof traps / sizeof traps[0]; i++) {
        struct world w;
        world_init(&w, WORLD_ALONE);
        w.trap = traps[i];
        w.on_trap = free_adapter;
        sio_socket *socket;
        assert_int_equal(sio_socket_new(w.adapter, SIO_STR("a"), &w, &socket), SIO_OK);
        sio_socket_connect(socket);
        if (w.adapter != NULL)
            world_socket(&w, "b", NULL);
        if (w.adapter != NULL)
            (void)world_emit(&w, "", "e", NULL);
        if (w.adapter != NULL)
            (void)sio_adapter_disconnect_sockets(w.adapter, NULL, true, NULL, NULL);
        if (w.adapter != NULL)
            sio_socket_free(world_find(&w, "a"));
        assert_null(w.adapter);
        world_fini(&w);
    }
}

static void sockets_are_managed_at_once(void **state)
{
    struct world w;
    sio_str rooms[] = {SIO_STR("x"), SIO_STR("y")};
    sio_target *to = world_target("r");
    (void)state;
    world_init(&w, WORLD_ALONE);
    world_socket(&w, "a", "r", NULL);
    world_socket(&w, "b", NULL);
    world_forget(&w);
    assert_int_equal(sio_adapter_sockets_join(w.adapter, to, rooms, 2, world_done, &w), SIO_OK);
    world_expect(&w, "create x\njoin x a\ncreate y\njoin y a\n");
    assert_int_equal(sio_adapter_sockets_leave(w.adapter, NULL, rooms, 1, world_done, &w), SIO_OK);
    world_expect(&w, "leave x a\ndelete x\n");
    assert_int_equal(sio_adapter_sockets_leave(w.adapter, NULL, rooms, 0, world_done, &w),
                     SIO_EINVAL);
    assert_int_equal(sio_adapter_disconnect_sockets(w.adapter, to, true, world_done, &w), SIO_OK);
    world_expect(&w, "disconnect a close\nleave a a\ndelete a\nleave r a\ndelete r\nleave y a\n"
                     "delete y\n");
    assert_int_equal(w.ended, 3);
    sio_target_free(to);
    world_fini(&w);
}

/* -- questions -- */

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    sio_remote_socket s;
    sio_buf json;

    (void)adapter;
    sio_buf_init(&json);
    while (sio_fetched_next(fetched, &s)) {
        sio_buf_clear(&json);
        assert_int_equal(sio_json_write(s.rooms, NULL, NULL, &json), SIO_OK);
        assert_int_equal(sio_json_write(s.handshake, NULL, NULL, &json), SIO_OK);
        assert_int_equal(sio_json_write(s.data, NULL, NULL, &json), SIO_OK);
        world_line(user, "socket %.*s %.*s%s", (int)s.sid.len, s.sid.ptr, (int)json.len, json.ptr,
                   s.is_local ? " local" : "");
    }
    world_line(user, "fetched %s", sio_status_name(answers->status));
    sio_buf_fini(&json);
}

static void on_names(sio_adapter *adapter, const sio_answers *answers, sio_str names, size_t count,
                     void *user)
{
    sio_buf json;

    (void)adapter;
    sio_buf_init(&json);
    assert_int_equal(sio_json_write(names, NULL, NULL, &json), SIO_OK);
    world_line(user, "names %.*s %zu %s", (int)json.len, json.ptr, count,
               sio_status_name(answers->status));
    sio_buf_fini(&json);
}

static void on_count(sio_adapter *adapter, sio_status status, uint64_t count, void *user)
{
    (void)adapter;
    world_line(user, "servers %llu %s", (unsigned long long)count, sio_status_name(status));
}

static void on_responses(sio_adapter *adapter, const sio_answers *answers, sio_str responses,
                         size_t count, void *user)
{
    (void)adapter;
    (void)responses;
    world_line(user, "responses %zu %s", count, sio_status_name(answers->status));
}

static void questions_are_answered_at_once(void **state)
{
    struct world w;
    sio_target *to = world_target("r");
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", "r", NULL);
    world_socket(&w, "b", NULL);
    assert_int_equal(sio_adapter_fetch_sockets(w.adapter, to, on_fetched, &w), SIO_OK);
    world_expect(&w, "socket a [\"a\",\"r\"]{\"issued\":1}\"a\" local\nfetched SIO_OK\n");
    assert_int_equal(sio_adapter_sockets(w.adapter, to, on_names, &w), SIO_OK);
    world_expect(&w, "names [\"a\"] 1 SIO_OK\n");
    assert_int_equal(sio_adapter_all_rooms(w.adapter, on_names, &w), SIO_OK);
    assert_non_null(strstr(w.log.ptr, "\"r\""));
    world_forget(&w);
    assert_int_equal(sio_adapter_server_count(w.adapter, on_count, &w), SIO_OK);
    world_expect(&w, "servers 1 SIO_OK\n");
    assert_int_equal(
        sio_adapter_server_side_emit_with_ack(w.adapter, SIO_STR("e"), NULL, on_responses, &w),
        SIO_OK);
    world_expect(&w, "responses 0 SIO_OK\n");
    assert_int_equal(sio_adapter_server_side_emit(w.adapter, SIO_STR("e"), NULL, world_done, &w),
                     SIO_OK);
    assert_int_equal(w.ended, 1);
    sio_target_free(to);
    world_fini(&w);
}

static void bad_calls_change_nothing(void **state)
{
    struct world w;
    sio_args *args;
    (void)state;
    world_init(&w, WORLD_ALONE);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    assert_int_equal(world_emit(&w, "", "connect", NULL), SIO_EINVAL);
    assert_int_equal(world_emit(&w, "", "\xff", NULL), SIO_EINVAL);
    assert_int_equal(sio_args_new(&args), SIO_OK);
    sio_args_array_begin(args);
    assert_int_equal(sio_adapter_emit(w.adapter, NULL, SIO_STR("e"), args, world_done, &w),
                     SIO_EINVAL);
    assert_int_equal(sio_adapter_server_side_emit(w.adapter, SIO_STR("error"), NULL, NULL, NULL),
                     SIO_EINVAL);
    sio_args_free(args);
    world_expect(&w, "");
    assert_int_equal(w.ended, 0);
    world_fini(&w);
}

static void options_are_checked(void **state)
{
    sio_adapter_opts opts;
    sio_adapter *adapter;
    (void)state;
    sio_adapter_opts_init(&opts);
    opts.nsp = SIO_STR("\xff");
    assert_int_equal(sio_adapter_new(NULL, &opts, &adapter), SIO_EINVAL);
    assert_null(adapter);
    sio_adapter_opts_init(&opts);
    opts.nsp = SIO_STR("chat");
    assert_int_equal(sio_adapter_new(NULL, &opts, &adapter), SIO_OK);
    assert_true(sio_str_eq(sio_adapter_nsp(adapter), SIO_STR("/chat")));
    assert_int_equal(sio_adapter_uid(adapter).len, 6);
    assert_null(sio_adapter_link(adapter));
    sio_adapter_free(adapter);
    assert_int_equal(sio_adapter_new(NULL, NULL, &adapter), SIO_OK);
    /* no loop to time them on */
    assert_int_equal(sio_adapter_emit_with_ack(adapter, NULL, SIO_STR("e"), NULL, NULL, NULL, NULL),
                     SIO_EINVAL);
    sio_adapter_free(adapter);
    sio_adapter_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hooks_come_in_nodes_order),
    cmocka_unit_test(sockets_are_checked),
    cmocka_unit_test(rooms_are_joined_in_order),
    cmocka_unit_test(joining_socket_may_go),
    cmocka_unit_test(a_broadcast_reaches_the_target),
    cmocka_unit_test(flags_reach_the_host),
    cmocka_unit_test(what_is_not_connected_is_skipped),
    cmocka_unit_test(who_goes_meanwhile_is_skipped),
    cmocka_unit_test(who_comes_meanwhile_is_not_included),
    cmocka_unit_test(broadcasts_nest),
    cmocka_unit_test(freed_inside_a_callback),
    cmocka_unit_test(sockets_are_managed_at_once),
    cmocka_unit_test(questions_are_answered_at_once),
    cmocka_unit_test(bad_calls_change_nothing),
    cmocka_unit_test(options_are_checked),
};

SIO_TEST_MAIN(tests)
