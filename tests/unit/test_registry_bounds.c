/* SPDX-License-Identifier: MIT */
/* Many of everything: namespaces that are empty, a socket in very many rooms, a room with
 * very many sockets, rooms that a socket joins and leaves without end; and no memory at any
 * step. */
#include "../memory/alloc.h"

#include <malloc.h>

#include "registry_log.h"

enum {
    REGISTRIES = 10000,
    EMPTY_BYTES = 500, /* that an empty one may take */
    MANY = 10000
};

static size_t allocated(void)
{
    return mallinfo2().uordblks;
}

static void empty_registries_are_cheap(void **state)
{
    static struct sio__registry *registries[REGISTRIES];
    (void)state;
    alloc_require();
    size_t before = allocated();
    for (int i = 0; i < REGISTRIES; i++) {
        registries[i] = sio__registry_new(NULL, NULL);
        assert_non_null(registries[i]);
    }
    size_t each = (allocated() - before) / REGISTRIES;
    print_message("an empty registry takes %zu bytes\n", each);
    assert_in_range(each, 1, EMPTY_BYTES);
    for (int i = 0; i < REGISTRIES; i++)
        sio__registry_free(registries[i]);
}

static sio_str numbered(char text[16], int i)
{
    return sio_str_of(text, (size_t)snprintf(text, 16, "room %d", i));
}

/* Several such sockets: whoever leaves has to be found in the long lists of others. */
static void sockets_may_be_in_very_many_rooms(void **state)
{
    enum { SOCKETS = 4 };
    sio_socket *sockets[SOCKETS];
    struct scene s;
    char text[16];
    (void)state;
    scene_init(&s);
    s.silent = true;
    for (int i = 0; i < SOCKETS; i++) {
        snprintf(text, sizeof text, "s%d", i);
        sockets[i] = con(&s, text);
    }
    for (int i = 0; i < MANY; i++)
        for (int j = 0; j < SOCKETS; j++)
            assert_int_equal(sio__registry_join(s.registry, sockets[j], numbered(text, i)), SIO_OK);
    check_sound(&s);
    for (int i = 0; i < MANY; i += 3) /* from the middle, first half forwards, then backwards */
        assert_true(sio__registry_leave(s.registry, sockets[1],
                                        numbered(text, i < MANY / 2 ? i : MANY + MANY / 2 - i)));
    for (int i = MANY / 4; i < MANY; i++)
        sio__registry_leave(s.registry, sockets[3], numbered(text, i));
    check_sound(&s);
    sio__registry_remove(s.registry, sockets[0]);
    check_sound(&s);
    sio__registry_remove(s.registry, sockets[1]);
    check_sound(&s);
    assert_int_equal(sio__registry_rooms(s.registry), MANY + 2);
    scene_fini(&s);
}

static void window_of_rooms_may_move_without_end(void **state)
{
    struct scene s;
    sio_socket *other;
    char text[16];
    (void)state;
    alloc_require();
    scene_init(&s);
    s.silent = true;
    sio_socket *a = con(&s, "a");
    other = con(&s, "b");
    size_t after_warmup = 0;
    for (int i = 0; i < 20 * MANY; i++) {
        assert_int_equal(sio__registry_join(s.registry, a, numbered(text, i)), SIO_OK);
        if (i % 3 == 0)
            assert_int_equal(sio__registry_join(s.registry, other, numbered(text, i)), SIO_OK);
        if (i >= 1000) {
            assert_true(sio__registry_leave(s.registry, a, numbered(text, i - 1000)));
            sio__registry_leave(s.registry, other, numbered(text, i - 1000));
        }
        if (i == 2 * MANY)
            after_warmup = allocated();
    }
    check_sound(&s);
    assert_in_range(allocated(), 1, after_warmup + 20000);
    scene_fini(&s);
}

static void memory_goes_back_when_all_have_gone(void **state)
{
    static sio_socket *sockets[MANY];
    struct scene s;
    char text[16];
    (void)state;
    alloc_require();
    scene_init(&s);
    s.silent = true;
    size_t before = allocated();
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            snprintf(text, sizeof text, "s%d", i);
            sockets[i] = con(&s, text);
            assert_int_equal(sio__registry_join(s.registry, sockets[i], SIO_STR("all")), SIO_OK);
            assert_int_equal(sio__registry_join(s.registry, sockets[i], numbered(text, i / 10)),
                             SIO_OK);
        }
        assert_int_equal(sio__registry_rooms(s.registry), MANY + MANY / 10 + 1);
        check_sound(&s);
        for (int i = 0; i < MANY; i++)
            sio__registry_remove(s.registry, sockets[i * 7 % MANY]);
        check_sound(&s);
        assert_in_range(allocated(), before, before + 65536); /* malloc counts its caches in */
    }
    scene_fini(&s);
}

static bool stop_at_three(sio_str name, void *n)
{
    (void)name;
    return ++*(int *)n < 3;
}

static bool stop_at_three_sockets(sio_socket *socket, void *n)
{
    (void)socket;
    return ++*(int *)n < 3;
}

static void walks_end_when_told(void **state)
{
    struct scene s;
    int n = 0;
    (void)state;
    scene_init(&s);
    for (const char *sid = "a\0b\0c\0d\0e\0"; *sid != 0; sid += 2) {
        con(&s, sid);
        join(&s, sid, "x");
        join(&s, "a", sid);
    }
    sio__registry_each(s.registry, stop_at_three_sockets, &n);
    assert_int_equal(n, 3);
    n = 0;
    sio__registry_each_in(s.registry, SIO_STR("x"), stop_at_three_sockets, &n);
    assert_int_equal(n, 3);
    n = 0;
    sio__registry_each_room(s.registry, stop_at_three, &n);
    assert_int_equal(n, 3);
    n = 0;
    sio__registry_each_room_of(s.registry, sock(&s, "a"), stop_at_three, &n);
    assert_int_equal(n, 3);
    scene_fini(&s);
}

static void add_another(struct scene *s, sio_room_event event, sio_str room, sio_socket *socket)
{
    sio_socket *fresh;
    (void)event;
    (void)room;
    (void)socket;
    assert_int_equal(sio__registry_add(s->registry, SIO_STR("new"), NULL, &fresh), SIO_ECLOSED);
    assert_null(fresh);
}

static void nobody_comes_while_it_is_freed(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    con(&s, "a");
    con(&s, "b");
    join(&s, "b", "x");
    s.log[0] = 0;
    s.react = add_another;
    sio__registry_free(s.registry);
    assert_string_equal(s.log, "<a:a -a <b:b -b <x:b -x ");
}

/* -- no memory -- */

static const char long_name[] = "a name that is too long to be kept in a socket or room";

/* Each of these is made to fail at each of its allocations: it says so, and tells and changes
 * nothing. */
static sio_status call(struct scene *s, int which)
{
    sio_socket *socket;
    switch (which) {
    case 0:
        return sio__registry_add(s->registry, sio_str_c(long_name), NULL, &socket);
    case 1: /* a room of its own name is there */
        return sio__registry_connect(s->registry, sock(s, "b"));
    case 2: /* a new room */
        return sio__registry_join(s->registry, sock(s, "b"), sio_str_c(long_name));
    case 3: /* another's own room, to be stored */
        return sio__registry_join(s->registry, sock(s, "b"), SIO_STR("a"));
    case 4: /* one that is there and full */
        return sio__registry_join(s->registry, sock(s, "b"), SIO_STR("full"));
    default:
        return sio__registry_add(s->registry, SIO_STR("next chunk"), NULL, &socket);
    }
}

static void fill(struct scene *s)
{
    scene_init(s);
    con(s, "a");
    add(s, "b");
    join(s, "a", "b");
    for (const char *sid = "d\0e\0f\0g\0h\0"; *sid != 0; sid += 2) {
        con(s, sid);
        join(s, sid, "b");
        join(s, sid, sid[0] < 'g' ? "full" : "other");
        join(s, "b", sid);
    }
    add(s, "i"); /* eight sockets are a chunk, and sixteen names fill three quarters */
    join(s, "a", "other");
    s->log[0] = 0;
}

static void without_memory_nothing_changes(void **state)
{
    enum { CALLS = 6 };
    (void)state;
    alloc_require();
    long live = atomic_load(&alloc_live);
    for (int which = 0; which < CALLS; which++) {
        long failures = 0;
        for (long n = 0;; n++) {
            struct scene s;
            fill(&s);
            size_t sockets = sio__registry_sockets(s.registry);
            size_t rooms = sio__registry_rooms(s.registry);
            alloc_arm(n, n % 2 == 0);
            sio_status status = call(&s, which);
            bool failed = alloc_disarm() > 0;
            assert_int_equal(status, failed ? SIO_ENOMEM : SIO_OK);
            if (failed) {
                scene_told(&s, "");
                assert_int_equal(sio__registry_sockets(s.registry), sockets);
                assert_int_equal(sio__registry_rooms(s.registry), rooms);
                assert_int_equal(call(&s, which), SIO_OK);
                failures++;
            }
            check_sound(&s);
            scene_fini(&s);
            if (!failed)
                break;
        }
        assert_true(failures > 0);
    }
    assert_int_equal(atomic_load(&alloc_live), live);
}

static void create_and_connect_without_memory(void **state)
{
    (void)state;
    alloc_require();
    alloc_arm(0, true);
    struct sio__registry *registry = sio__registry_new(NULL, NULL);
    assert_int_equal(alloc_disarm(), 1);
    assert_null(registry);

    struct scene s;
    struct sio__recipients recipients = {NULL, 0, 0};
    scene_init(&s);
    con(&s, "a");
    alloc_arm(0, true);
    sio_status status = sio__registry_select(s.registry,
                                             SIO_STR("\x91\xa1"
                                                     "a"),
                                             SIO_STR(""), &recipients);
    alloc_disarm();
    assert_int_equal(status, SIO_ENOMEM);
    assert_int_equal(recipients.count, 0);
    scene_fini(&s);
}

/* Once a hook of it was told, a join cannot fail for want of memory: it was promised. */
static void use_memory_up(struct scene *s, sio_room_event event, sio_str room, sio_socket *socket)
{
    (void)socket;
    if (event != SIO_ROOM_CREATE || !sio_str_eq(room, SIO_STR("x")) || s->times++ > 0)
        return;
    for (int i = 0; i < 7; i++) {
        char other[8];
        snprintf(other, sizeof other, "o%d", i);
        add(s, other);
        join(s, other, "x");
        join(s, "a", other);
        join(s, "a", "full");
    }
    alloc_arm(0, true);
}

static void join_finds_what_was_promised(void **state)
{
    (void)state;
    alloc_require();
    for (int before = 0; before < 8; before++) {
        struct scene s;
        scene_init(&s);
        sio_socket *a = con(&s, "a");
        for (int i = 0; i < before; i++)
            join(&s, "a", &"1\0002\0003\0004\0005\0006\0007\0"[2 * i]);
        s.silent = true;
        s.react = use_memory_up;
        sio_status status = sio__registry_join(s.registry, a, SIO_STR("x"));
        alloc_disarm();
        assert_int_equal(status, SIO_OK);
        assert_true(sio__registry_is_in(s.registry, a, SIO_STR("x")));
        check_sound(&s);
        scene_fini(&s);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(empty_registries_are_cheap),
    cmocka_unit_test(sockets_may_be_in_very_many_rooms),
    cmocka_unit_test(window_of_rooms_may_move_without_end),
    cmocka_unit_test(memory_goes_back_when_all_have_gone),
    cmocka_unit_test(walks_end_when_told),
    cmocka_unit_test(nobody_comes_while_it_is_freed),
    cmocka_unit_test(without_memory_nothing_changes),
    cmocka_unit_test(create_and_connect_without_memory),
    cmocka_unit_test(join_finds_what_was_promised),
};

SIO_TEST_MAIN(tests)
