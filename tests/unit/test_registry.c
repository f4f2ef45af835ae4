/* SPDX-License-Identifier: MIT */
/* Joining and leaving, and the hooks: their order is that of socket.io-adapter 2.5, whose
 * in-memory adapter was run through the same steps. */
#include "registry_log.h"

static void hooks_come_in_nodes_order(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    con(&s, "a");
    scene_told(&s, "+a >a:a ");
    join(&s, "a", "x");
    join(&s, "a", "y");
    scene_told(&s, "+x >x:a +y >y:a ");
    join(&s, "a", "x");
    scene_told(&s, "");
    con(&s, "b");
    join(&s, "b", "x");
    scene_told(&s, "+b >b:b >x:b ");
    assert_true(leave(&s, "a", "x"));
    scene_told(&s, "<x:a ");
    assert_false(leave(&s, "a", "x"));
    assert_false(leave(&s, "a", "nowhere"));
    scene_told(&s, "");
    assert_true(leave(&s, "b", "x"));
    scene_told(&s, "<x:b -x ");
    gone(&s, "a");
    scene_told(&s, "<a:a -a <y:a -y ");
    gone(&s, "b");
    scene_told(&s, "<b:b -b ");
    assert_int_equal(sio__registry_rooms(s.registry), 0);
    scene_fini(&s);
}

static void own_room_stands_where_it_was_joined(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    add(&s, "c");
    join(&s, "c", "m");
    con(&s, "c");
    join(&s, "c", "n");
    scene_told(&s, "+m >m:c +c >c:c +n >n:c ");
    check_rooms_of(&s, "c", "m c n ");
    con(&s, "d");
    join(&s, "d", "c"); /* now it is stored, at the same place */
    check_rooms_of(&s, "c", "m c n ");
    check_members(&s, "c", "c d ");
    s.log[0] = 0;
    gone(&s, "c");
    scene_told(&s, "<m:c -m <c:c <n:c -n ");
    gone(&s, "d");
    scene_told(&s, "<d:d -d <c:d -c ");

    con(&s, "h");
    join(&s, "h", "p");
    assert_true(leave(&s, "h", "h"));
    assert_false(leave(&s, "h", "h"));
    scene_told(&s, "+h >h:h +p >p:h <h:h -h ");
    assert_false(sio__registry_has_room(s.registry, SIO_STR("h")));
    join(&s, "h", "q");
    join(&s, "h", "h");
    join(&s, "h", "r");
    scene_told(&s, "+q >q:h +h >h:h +r >r:h ");
    check_rooms_of(&s, "h", "p q h r ");
    assert_true(leave(&s, "h", "p"));
    check_rooms_of(&s, "h", "q h r ");
    assert_true(leave(&s, "h", "r"));
    check_rooms_of(&s, "h", "q h ");
    s.log[0] = 0;
    gone(&s, "h");
    scene_told(&s, "<q:h -q <h:h -h ");
    scene_fini(&s);
}

static void own_room_is_a_room_like_others(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    con(&s, "a");
    assert_true(sio__registry_has_room(s.registry, SIO_STR("a")));
    assert_true(sio__registry_is_in(s.registry, sock(&s, "a"), SIO_STR("a")));
    assert_int_equal(sio__registry_rooms(s.registry), 1);
    check_members(&s, "a", "a ");
    con(&s, "a");
    join(&s, "a", "a");
    scene_told(&s, "+a >a:a ");

    add(&s, "b"); /* a room of this name before it connects */
    assert_false(sio__registry_has_room(s.registry, SIO_STR("b")));
    join(&s, "a", "b");
    scene_told(&s, "+b >b:a ");
    con(&s, "b");
    scene_told(&s, ">b:b ");
    check_members(&s, "b", "a b ");
    assert_int_equal(sio__registry_rooms(s.registry), 2);
    gone(&s, "b");
    scene_told(&s, "<b:b ");
    assert_true(sio__registry_has_room(s.registry, SIO_STR("b")));
    add(&s, "b");
    assert_false(sio__registry_is_in(s.registry, sock(&s, "b"), SIO_STR("b")));
    gone(&s, "a");
    scene_told(&s, "<a:a -a <b:a -b ");

    join(&s, "b", "b"); /* before it is connected */
    con(&s, "b");
    scene_told(&s, "+b >b:b ");
    scene_fini(&s);
}

static void names_are_any_bytes_of_any_length(void **state)
{
    static char longest[100000];
    const sio_str names[] = {SIO_STR(""),
                             SIO_STR("\0"),
                             SIO_STR("\0\0"),
                             SIO_STR("x\0y"),
                             SIO_STR("x\0z"),
                             sio_str_of(longest, sizeof longest),
                             sio_str_of(longest, sizeof longest - 1),
                             sio_str_of(longest, 20),
                             sio_str_of(longest, 21),
                             sio_str_of(longest, 34),
                             sio_str_of(longest, 35)};
    enum { N = sizeof names / sizeof names[0] };
    sio_socket *sockets[N];
    struct scene s;
    (void)state;
    memset(longest, 'n', sizeof longest);
    scene_init(&s);
    s.silent = true;
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(sio__registry_add(s.registry, names[i], NULL, &sockets[i]), SIO_OK);
        assert_int_equal(sio__registry_connect(s.registry, sockets[i]), SIO_OK);
    }
    assert_int_equal(sio__registry_rooms(s.registry), N);
    for (size_t i = 0; i < N; i++) {
        size_t next = (i + 1) % N;
        assert_true(sio_str_eq(sio__socket_sid(sockets[i]), names[i]));
        assert_ptr_equal(sio__registry_find(s.registry, names[i]), sockets[i]);
        assert_false(sio__registry_is_in(s.registry, sockets[i], names[next]));
        assert_int_equal(sio__registry_join(s.registry, sockets[i], names[next]), SIO_OK);
        assert_true(sio__registry_is_in(s.registry, sockets[i], names[next]));
    }
    scene_told(&s, "");
    assert_int_equal(sio__registry_rooms(s.registry), N);
    scene_fini(&s);
}

/* -- hooks that change something -- */

static void join_too(struct scene *s, sio_room_event event, sio_str room, sio_socket *socket)
{
    (void)socket;
    if (event == SIO_ROOM_CREATE && sio_str_eq(room, SIO_STR("x"))) {
        join(s, "b", "x");
        join(s, "a", "x");
        assert_true(leave(s, "b", "x"));
    }
}

static void created_room_may_be_joined_in_its_hook(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    add(&s, "a");
    add(&s, "b");
    s.react = join_too;
    join(&s, "a", "x");
    scene_told(&s, "+x >x:b >x:a <x:b ");
    check_members(&s, "x", "a ");
    scene_fini(&s);
}

static void remove_a(struct scene *s, sio_room_event event, sio_str room, sio_socket *socket)
{
    (void)room;
    (void)socket;
    if (event == (sio_room_event)s->times && sock(s, "a") != NULL)
        gone(s, "a");
}

static void joining_socket_may_go(void **state)
{
    struct scene s;
    sio_socket *a;
    (void)state;
    scene_init(&s);
    a = add(&s, "a");
    s.react = remove_a;
    s.times = SIO_ROOM_CREATE;
    assert_int_equal(sio__registry_join(s.registry, a, SIO_STR("x")), SIO_ECLOSED);
    scene_told(&s, "+x -x ");
    a = add(&s, "a");
    assert_int_equal(sio__registry_connect(s.registry, a), SIO_ECLOSED);
    scene_told(&s, "+a -a ");
    a = add(&s, "a");
    s.times = SIO_ROOM_JOIN;
    assert_int_equal(sio__registry_join(s.registry, a, SIO_STR("x")), SIO_OK);
    scene_told(&s, "+x >x:a <x:a -x ");
    assert_int_equal(sio__registry_sockets(s.registry), 0);
    assert_int_equal(sio__registry_rooms(s.registry), 0);
    scene_fini(&s);
}

static void join_own_of_a(struct scene *s, sio_room_event event, sio_str room, sio_socket *socket)
{
    (void)socket;
    if (event == (sio_room_event)s->times && sio_str_eq(room, SIO_STR("a"))) {
        s->times = -1;
        join(s, "b", "a");
    }
}

static void own_room_may_be_joined_in_its_hooks(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    con(&s, "b");
    s.log[0] = 0;
    s.react = join_own_of_a;
    s.times = SIO_ROOM_CREATE;
    con(&s, "a");
    scene_told(&s, "+a >a:b >a:a ");
    gone(&s, "a");
    assert_true(leave(&s, "b", "a"));
    scene_told(&s, "<a:a <a:b -a ");
    con(&s, "a");
    s.times = SIO_ROOM_LEAVE;
    gone(&s, "a");
    scene_told(&s, "+a >a:a <a:a >a:b ");
    check_members(&s, "a", "b ");
    scene_fini(&s);
}

static void ask_while_leaving(struct scene *s, sio_room_event event, sio_str room,
                              sio_socket *socket)
{
    (void)room;
    (void)socket;
    if (event != SIO_ROOM_LEAVE)
        return;
    s->times++;
    sio_socket *a = sock(s, "a"); /* found until the last room is left */
    assert_non_null(a);
    assert_false(sio__socket_connected(a));
    assert_int_equal(sio__registry_join(s->registry, a, SIO_STR("new")), SIO_ECLOSED);
    assert_int_equal(sio__registry_connect(s->registry, a), SIO_ECLOSED);
    sio__registry_remove(s->registry, a);
    if (sio_str_eq(room, SIO_STR("a")))
        assert_true(leave(s, "a", "y"));
}

static void leaving_socket_is_found_but_cannot_join(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    con(&s, "a");
    join(&s, "a", "x");
    join(&s, "a", "y");
    s.log[0] = 0;
    s.react = ask_while_leaving;
    gone(&s, "a");
    scene_told(&s, "<a:a <y:a -y -a <x:a -x ");
    assert_int_equal(s.times, 3);
    assert_null(sock(&s, "a"));
    scene_fini(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hooks_come_in_nodes_order),
    cmocka_unit_test(own_room_stands_where_it_was_joined),
    cmocka_unit_test(own_room_is_a_room_like_others),
    cmocka_unit_test(names_are_any_bytes_of_any_length),
    cmocka_unit_test(created_room_may_be_joined_in_its_hook),
    cmocka_unit_test(joining_socket_may_go),
    cmocka_unit_test(own_room_may_be_joined_in_its_hooks),
    cmocka_unit_test(leaving_socket_is_found_but_cannot_join),
};

SIO_TEST_MAIN(tests)
