/* SPDX-License-Identifier: MIT */
/* Who receives: orders, exceptions, numbers as names, sockets that are not connected. */
#include "registry_log.h"

#include "value/pack.h"

struct asked {
    struct scene scene;
    struct sio__recipients recipients;
    sio_buf rooms, except;
};

static void asked_init(struct asked *a)
{
    memset(a, 0, sizeof *a);
    scene_init(&a->scene);
    a->scene.silent = true;
    sio_buf_init(&a->rooms);
    sio_buf_init(&a->except);
}

static void asked_fini(struct asked *a)
{
    sio__recipients_fini(&a->recipients);
    sio_buf_fini(&a->rooms);
    sio_buf_fini(&a->except);
    scene_fini(&a->scene);
}

/* "a b c": a packed array of these; "": no bytes at all. */
static void pack_words(sio_buf *out, const char *words)
{
    uint32_t n = 0;
    out->len = 0;
    for (const char *at = words; *at != 0; at += strspn(at, " "), n++)
        at += strcspn(at, " ");
    if (n == 0)
        return;
    assert_int_equal(sio__pack_array(out, n), SIO_OK);
    for (const char *at = words; *at != 0; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        assert_int_equal(sio__pack_str(out, sio_str_of(at, len)), SIO_OK);
        at += len;
    }
}

static void check_packed(struct asked *a, const char *expected)
{
    char text[512] = "";
    assert_int_equal(sio__registry_select(a->scene.registry, sio_str_of(a->rooms.ptr, a->rooms.len),
                                          sio_str_of(a->except.ptr, a->except.len), &a->recipients),
                     SIO_OK);
    for (size_t i = 0; i < a->recipients.count; i++)
        scene_add_socket(a->recipients.sockets[i], text);
    assert_string_equal(text, expected);
}

static void check(struct asked *a, const char *rooms, const char *except, const char *expected)
{
    pack_words(&a->rooms, rooms);
    pack_words(&a->except, except);
    check_packed(a, expected);
}

static void rooms_are_walked_in_order(void **state)
{
    struct asked a;
    (void)state;
    asked_init(&a);
    struct scene *s = &a.scene;
    check(&a, "", "", "");
    check(&a, "x", "", "");
    for (const char *sid = "a\0b\0c\0d\0e\0"; *sid != 0; sid += 2)
        con(s, sid);
    join(s, "c", "x");
    join(s, "a", "x");
    join(s, "b", "x");
    join(s, "b", "y");
    join(s, "d", "y");
    check(&a, "x", "", "c a b ");
    check(&a, "y", "", "b d ");
    check(&a, "y x", "", "b d c a ");
    check(&a, "x y", "", "c a b d ");
    check(&a, "x x", "", "c a b ");
    check(&a, "nowhere x", "", "c a b ");
    check(&a, "nowhere", "", "");
    check(&a, "e", "", "e ");
    check(&a, "e y e", "", "e b d ");
    check(&a, "", "", "a b c d e ");
    asked_fini(&a);
}

static void exceptions_are_rooms(void **state)
{
    struct asked a;
    (void)state;
    asked_init(&a);
    struct scene *s = &a.scene;
    for (const char *sid = "a\0b\0c\0d\0"; *sid != 0; sid += 2)
        con(s, sid);
    join(s, "a", "x");
    join(s, "b", "x");
    join(s, "c", "x");
    join(s, "b", "y");
    check(&a, "x", "y", "a c ");
    check(&a, "x", "a", "b c ");
    check(&a, "x", "a b c", "");
    check(&a, "x", "x", "");
    check(&a, "x", "nowhere", "a b c ");
    check(&a, "", "y", "a c d ");
    check(&a, "", "x d", "");
    check(&a, "a x d", "y a", "c d ");
    asked_fini(&a);
}

static void unconnected_are_skipped(void **state)
{
    struct asked a;
    (void)state;
    asked_init(&a);
    struct scene *s = &a.scene;
    add(s, "a");
    add(s, "b");
    con(s, "c");
    join(s, "a", "x");
    join(s, "b", "x");
    join(s, "c", "x");
    join(s, "b", "b");
    check(&a, "x", "", "c ");
    check(&a, "b", "", "");
    check(&a, "x", "nowhere", "c ");
    check(&a, "", "", "c ");
    check(&a, "", "nowhere", "c ");
    con(s, "b");
    check(&a, "x", "", "b c ");
    check(&a, "b", "", "b ");
    check(&a, "", "", "c b ");
    con(s, "a");
    check(&a, "x", "", "a b c ");
    check(&a, "", "c", "b a ");
    gone(s, "b");
    check(&a, "x", "b", "a c ");
    asked_fini(&a);
}

static void numbers_are_names(void **state)
{
    struct asked a;
    (void)state;
    asked_init(&a);
    struct scene *s = &a.scene;
    const char *names[] = {"42", "-7", "1.5", "18446744073709551615", "1e+21"};
    for (size_t i = 0; i < 5; i++)
        con(s, names[i]);
    assert_int_equal(sio__pack_array(&a.rooms, 9), SIO_OK);
    assert_int_equal(sio__pack_null(&a.rooms), SIO_OK); /* these three are no names */
    assert_int_equal(sio__pack_array(&a.rooms, 1), SIO_OK);
    assert_int_equal(sio__pack_uint(&a.rooms, 42), SIO_OK);
    assert_int_equal(sio__pack_bool(&a.rooms, true), SIO_OK);
    assert_int_equal(sio__pack_number(&a.rooms, 1.5), SIO_OK);
    assert_int_equal(sio__pack_int(&a.rooms, -7), SIO_OK);
    assert_int_equal(sio__pack_uint(&a.rooms, 42), SIO_OK);
    assert_int_equal(sio__pack_uint(&a.rooms, UINT64_MAX), SIO_OK);
    assert_int_equal(sio__pack_number(&a.rooms, 1e21), SIO_OK);
    assert_int_equal(sio__pack_str(&a.rooms, SIO_STR("42")), SIO_OK);
    check_packed(&a, "1.5 -7 42 18446744073709551615 1e+21 ");

    a.rooms.len = 0; /* one alone */
    assert_int_equal(sio__pack_array(&a.rooms, 1), SIO_OK);
    assert_int_equal(sio__pack_uint(&a.rooms, 42), SIO_OK);
    check_packed(&a, "42 ");
    a.rooms.len = 0; /* given, but empty: everybody */
    assert_int_equal(sio__pack_array(&a.rooms, 0), SIO_OK);
    check_packed(&a, "42 -7 1.5 18446744073709551615 1e+21 ");
    asked_fini(&a);
}

static void cut_arrays_end_where_they_are_cut(void **state)
{
    struct asked a;
    (void)state;
    asked_init(&a);
    con(&a.scene, "a");
    con(&a.scene, "b");
    pack_words(&a.rooms, "a b");
    a.rooms.len -= 1;
    check_packed(&a, "a ");
    asked_fini(&a);
}

/* -- selections while something is going on -- */

static void select_all(struct scene *s, sio_room_event event, sio_str room, sio_socket *socket)
{
    struct asked *a = s->extra;
    (void)room;
    (void)socket;
    if (event != SIO_ROOM_LEAVE)
        return;
    s->times++;
    check(a, "x", "", "b ");
    check(a, "a", "", "");
    check(a, "", "", "b ");
    check(a, "x y", "", "b ");
}

static void leaving_sockets_are_skipped(void **state)
{
    struct asked a;
    (void)state;
    asked_init(&a);
    struct scene *s = &a.scene;
    s->extra = &a;
    con(s, "b");
    add(s, "a");
    join(s, "a", "z");
    con(s, "a");
    join(s, "a", "x");
    join(s, "b", "x");
    join(s, "a", "y");
    s->react = select_all;
    gone(s, "a");
    assert_int_equal(s->times, 4);
    asked_fini(&a);
}

static void nested_selections_do_not_disturb(void **state)
{
    struct asked a;
    struct sio__recipients inner = {NULL, 0, 0};
    (void)state;
    asked_init(&a);
    struct scene *s = &a.scene;
    con(s, "a");
    con(s, "b");
    join(s, "a", "x");
    join(s, "b", "y");
    check(&a, "x y", "", "a b ");
    sio_str rooms = sio_str_of(a.rooms.ptr, a.rooms.len);
    assert_int_equal(sio__registry_select(s->registry, rooms, SIO_STR(""), &inner), SIO_OK);
    assert_int_equal(inner.count, 2);
    assert_int_equal(a.recipients.count, 2);
    assert_ptr_not_equal(inner.sockets, a.recipients.sockets);
    check(&a, "y", "a", "b ");
    sio__recipients_fini(&inner);
    asked_fini(&a);
}

static void removed_sockets_are_told_while_held(void **state)
{
    struct asked a;
    (void)state;
    asked_init(&a);
    struct scene *s = &a.scene;
    for (const char *sid = "a\0b\0c\0"; *sid != 0; sid += 2) {
        con(s, sid);
        join(s, sid, "x");
    }
    sio__registry_hold(s->registry);
    check(&a, "x", "", "a b c ");
    sio_socket *b = a.recipients.sockets[1];
    gone(s, "b");
    gone(s, "a");
    sio__registry_hold(s->registry);
    for (int i = 0; i < 100; i++) { /* these must be elsewhere */
        char sid[8];
        snprintf(sid, sizeof sid, "n%d", i);
        sio_socket *fresh = con(s, sid);
        assert_ptr_not_equal(fresh, b);
        gone(s, sid);
    }
    sio__registry_release(s->registry);
    assert_false(sio__socket_connected(a.recipients.sockets[0]));
    assert_false(sio__socket_connected(b));
    assert_true(sio__socket_connected(a.recipients.sockets[2]));
    assert_true(sio_str_eq(sio__socket_sid(b), SIO_STR("b")));
    sio__registry_release(s->registry);
    check_sound(s);
    bool reused = false;
    for (int i = 0; i < 102; i++) {
        char sid[8];
        snprintf(sid, sizeof sid, "m%d", i);
        reused |= con(s, sid) == b;
    }
    assert_true(reused);
    asked_fini(&a);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(rooms_are_walked_in_order),
    cmocka_unit_test(exceptions_are_rooms),
    cmocka_unit_test(unconnected_are_skipped),
    cmocka_unit_test(numbers_are_names),
    cmocka_unit_test(cut_arrays_end_where_they_are_cut),
    cmocka_unit_test(leaving_sockets_are_skipped),
    cmocka_unit_test(nested_selections_do_not_disturb),
    cmocka_unit_test(removed_sockets_are_told_while_held),
};

SIO_TEST_MAIN(tests)
