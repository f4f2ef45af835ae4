/* SPDX-License-Identifier: MIT */
/* The registry against a naive model of it, by random operations: with the hooks that each
 * of them has to tell, and with hooks that change anything in the middle of an operation. */
#include "adapter/registry.h"

#include "unit.h"

#include "value/pack.h"

enum {
    SIDS = 20,
    NAMES = 40, /* rooms: the sids, and as many others */
    STRICT_STEPS = 120000,
    WILD_STEPS = 80000,
    DEPTH = 4 /* of hooks that change something */
};

/* What should be. */
struct model_socket {
    bool there, connected, leaving;
    sio_socket *handle;
    int rooms[NAMES], nrooms;
};

struct model {
    struct sio__registry *registry;
    struct sio__recipients recipients;
    struct model_socket sockets[SIDS];
    bool exists[NAMES];
    bool wild;
    int depth;
    int room;                        /* the last one that a hook told of */
    char told[4096], expected[4096]; /* hooks of one operation */
    uint64_t random;
};

static unsigned draw(struct model *m, unsigned n)
{
    m->random = m->random * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (unsigned)(m->random >> 33) % n;
}

/* Some are longer than what a socket or room has room for. */
static sio_str name_of(int i)
{
    static char names[NAMES][64];
    if (names[i][0] == 0)
        snprintf(names[i], sizeof names[i], "%02d%s", i,
                 i % 4 == 3 ? " is a name that has to be kept elsewhere, being long" : "");
    return sio_str_c(names[i]);
}

static int index_of(sio_str name)
{
    int i = (name.ptr[0] - '0') * 10 + (name.ptr[1] - '0');
    assert_true(i >= 0 && i < NAMES && sio_str_eq(name, name_of(i)));
    return i;
}

static int place_of(const struct model_socket *s, int room)
{
    for (int i = 0; i < s->nrooms; i++)
        if (s->rooms[i] == room)
            return i;
    return -1;
}

static int members_of(const struct model *m, int room)
{
    int n = 0;
    for (int i = 0; i < SIDS; i++)
        n += place_of(&m->sockets[i], room) >= 0;
    return n;
}

/* -- hooks: they tell the model, which checks that this can be -- */

static void say(char *text, sio_room_event event, int room, int socket)
{
    size_t len = strlen(text);
    if (socket < 0)
        snprintf(text + len, 4096 - len, "%c%d ", "+><-"[event], room);
    else
        snprintf(text + len, 4096 - len, "%c%d:%d ", "+><-"[event], room, socket);
}

static void model_join(struct model_socket *s, int room)
{
    assert_int_equal(place_of(s, room), -1);
    s->rooms[s->nrooms++] = room;
}

static void model_leave(struct model_socket *s, int room)
{
    int at = place_of(s, room);
    assert_true(at >= 0);
    s->nrooms--;
    for (int i = at; i < s->nrooms; i++)
        s->rooms[i] = s->rooms[i + 1];
}

static void step(struct model *m);
static void compare(struct model *m);

static void on_change(void *owner, sio_room_event event, sio_str name, sio_socket *socket)
{
    struct model *m = owner;
    int room = index_of(name), sid = socket != NULL ? index_of(sio__socket_sid(socket)) : -1;
    struct model_socket *s = &m->sockets[sid >= 0 ? sid : 0]; /* of a join or leave */

    say(m->told, event, room, sid);
    if (!m->wild)
        return;
    assert_int_equal(sio__registry_has_room(m->registry, name), event != SIO_ROOM_DELETE);
    if (sid >= 0) {
        assert_ptr_equal(sio__registry_find(m->registry, sio__socket_sid(socket)), socket);
        assert_int_equal(sio__registry_is_in(m->registry, socket, name), event == SIO_ROOM_JOIN);
    }
    assert_int_equal(m->exists[room], event != SIO_ROOM_CREATE);
    if (event == SIO_ROOM_CREATE)
        m->exists[room] = true;
    else if (event == SIO_ROOM_JOIN)
        model_join(s, room);
    else if (event == SIO_ROOM_LEAVE)
        model_leave(s, room);
    else
        m->exists[room] = members_of(m, room) > 0; /* false; a member would be a flaw below */
    assert_true(event != SIO_ROOM_DELETE || !m->exists[room]);
    if (m->depth < DEPTH && draw(m, 3) == 0) {
        m->depth++;
        m->room = room;
        m->told[0] = 0;
        for (unsigned n = draw(m, 3); n > 0; n--)
            step(m);
        if (draw(m, 16) == 0)
            compare(m);
        m->depth--;
    }
}

/* -- what the hooks have to be, when they change nothing -- */

static void expect_join(struct model *m, int sid, int room)
{
    struct model_socket *s = &m->sockets[sid];
    if (m->wild || place_of(s, room) >= 0)
        return;
    if (members_of(m, room) == 0) {
        say(m->expected, SIO_ROOM_CREATE, room, -1);
        m->exists[room] = true;
    }
    model_join(s, room);
    say(m->expected, SIO_ROOM_JOIN, room, sid);
}

static void expect_leave(struct model *m, int sid, int room)
{
    if (m->wild || place_of(&m->sockets[sid], room) < 0)
        return;
    model_leave(&m->sockets[sid], room);
    say(m->expected, SIO_ROOM_LEAVE, room, sid);
    if (members_of(m, room) == 0) {
        say(m->expected, SIO_ROOM_DELETE, room, -1);
        m->exists[room] = false;
    }
}

static void begin(struct model *m)
{
    m->told[0] = m->expected[0] = 0;
}

static void end(struct model *m)
{
    if (!m->wild)
        assert_string_equal(m->told, m->expected);
}

/* -- operations -- */

static void do_add(struct model *m, int sid)
{
    struct model_socket *s = &m->sockets[sid];
    sio_socket *handle;
    sio_status status = sio__registry_add(m->registry, name_of(sid), s, &handle);
    if (s->there) {
        assert_int_equal(status, SIO_EINVAL);
        assert_null(handle);
        return;
    }
    assert_int_equal(status, SIO_OK);
    assert_ptr_equal(sio__socket_user(handle), s);
    assert_ptr_equal(sio__socket_owner(handle), m);
    *s = (struct model_socket){.there = true, .handle = handle};
}

static void check_status(const struct model_socket *s, const sio_socket *handle, sio_status status)
{
    bool stays = s->there && s->handle == handle && !s->leaving;
    if (stays)
        assert_int_equal(status, SIO_OK);
    else
        assert_true(status == SIO_OK || status == SIO_ECLOSED);
}

static void do_connect(struct model *m, int sid)
{
    struct model_socket *s = &m->sockets[sid];
    const sio_socket *handle = s->handle;
    begin(m);
    if (!s->leaving && !s->connected) {
        s->connected = true;
        expect_join(m, sid, sid);
    }
    check_status(s, handle, sio__registry_connect(m->registry, s->handle));
    end(m);
}

static void do_join(struct model *m, int sid, int room)
{
    struct model_socket *s = &m->sockets[sid];
    const sio_socket *handle = s->handle;
    begin(m);
    expect_join(m, sid, room);
    check_status(s, handle, sio__registry_join(m->registry, s->handle, name_of(room)));
    end(m);
}

static void do_leave(struct model *m, int sid, int room)
{
    struct model_socket *s = &m->sockets[sid];
    bool was_in = place_of(s, room) >= 0;
    begin(m);
    expect_leave(m, sid, room);
    assert_int_equal(sio__registry_leave(m->registry, s->handle, name_of(room)), was_in);
    end(m);
}

static void do_remove(struct model *m, int sid)
{
    struct model_socket *s = &m->sockets[sid];
    if (s->leaving) {
        sio__registry_remove(m->registry, s->handle);
        return;
    }
    begin(m);
    s->leaving = true;
    while (!m->wild && s->nrooms > 0)
        expect_leave(m, sid, s->rooms[0]);
    sio__registry_remove(m->registry, s->handle);
    assert_int_equal(s->nrooms, 0);
    assert_null(sio__registry_find(m->registry, name_of(sid)));
    s->there = false;
    end(m);
}

/* -- selections -- */

static void pack_names(struct model *m, sio_buf *out, const int *names, unsigned n)
{
    (void)m;
    sio_buf_init(out);
    if (n > 0)
        assert_int_equal(sio__pack_array(out, n), SIO_OK);
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(sio__pack_str(out, name_of(names[i])), SIO_OK);
}

static bool is_in_any(const struct model_socket *s, const int *rooms, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (place_of(s, rooms[i]) >= 0)
            return true;
    return false;
}

static void do_select(struct model *m)
{
    struct sio__recipients *r = &m->recipients;
    int rooms[3], except[2];
    unsigned nrooms = draw(m, 4), nexcept = draw(m, 5) / 2;
    bool seen[SIDS] = {false};
    sio_buf to, but;

    for (unsigned i = 0; i < nrooms; i++)
        rooms[i] = (int)draw(m, NAMES);
    for (unsigned i = 0; i < nexcept; i++)
        except[i] = (int)draw(m, NAMES);
    pack_names(m, &to, rooms, nrooms);
    pack_names(m, &but, except, nexcept);
    assert_int_equal(sio__registry_select(m->registry, sio_str_of(to.ptr, to.len),
                                          sio_str_of(but.ptr, but.len), r),
                     SIO_OK);
    for (size_t i = 0; i < r->count; i++) {
        int sid = index_of(sio__socket_sid(r->sockets[i]));
        assert_ptr_equal(m->sockets[sid].handle, r->sockets[i]);
        assert_false(seen[sid]);
        assert_true(sio__socket_connected(r->sockets[i]));
        seen[sid] = true;
    }
    for (int i = 0; i < SIDS; i++) {
        const struct model_socket *s = &m->sockets[i];
        bool wanted = s->there && s->connected && !s->leaving &&
                      (nrooms == 0 || is_in_any(s, rooms, nrooms)) &&
                      !is_in_any(s, except, nexcept);
        assert_int_equal(seen[i], wanted);
    }
    sio_buf_fini(&to);
    sio_buf_fini(&but);
}

/* -- comparing -- */

struct walk {
    struct model *m;
    const struct model_socket *s;
    int room, n;
    bool seen[NAMES];
};

static bool walk_rooms_of(sio_str name, void *user)
{
    struct walk *w = user;
    assert_true(w->n < w->s->nrooms);
    assert_int_equal(index_of(name), w->s->rooms[w->n++]);
    return true;
}

static bool walk_rooms(sio_str name, void *user)
{
    struct walk *w = user;
    int room = index_of(name);
    assert_false(w->seen[room]);
    assert_true(w->m->exists[room]);
    w->seen[room] = true;
    w->n++;
    return true;
}

static bool walk_sockets(sio_socket *socket, void *user)
{
    struct walk *w = user;
    int sid = index_of(sio__socket_sid(socket));
    assert_false(w->seen[sid]);
    assert_ptr_equal(w->m->sockets[sid].handle, socket);
    assert_true(w->m->sockets[sid].there);
    if (w->room >= 0)
        assert_true(place_of(&w->m->sockets[sid], w->room) >= 0);
    w->seen[sid] = true;
    w->n++;
    return true;
}

static void compare_socket(struct model *m, int sid)
{
    struct model_socket *s = &m->sockets[sid];
    struct walk w = {.m = m, .s = s};
    sio_socket *found = sio__registry_find(m->registry, name_of(sid));

    assert_ptr_equal(found, s->there ? s->handle : NULL);
    if (!s->there)
        return;
    assert_int_equal(sio__socket_connected(found), s->connected && !s->leaving);
    sio__registry_each_room_of(m->registry, found, walk_rooms_of, &w);
    assert_int_equal(w.n, s->nrooms);
    for (int i = 0; i < NAMES; i++)
        assert_int_equal(sio__registry_is_in(m->registry, found, name_of(i)), place_of(s, i) >= 0);
}

static void compare(struct model *m)
{
    struct walk all = {.m = m, .room = -1}, rooms = {.m = m};
    int there = 0, exist = 0;

    assert_null(sio__registry_flaw(m->registry));
    for (int i = 0; i < SIDS; i++) {
        there += m->sockets[i].there;
        compare_socket(m, i);
    }
    for (int i = 0; i < NAMES; i++) {
        struct walk w = {.m = m, .room = i};
        exist += m->exists[i];
        assert_int_equal(sio__registry_has_room(m->registry, name_of(i)), m->exists[i]);
        sio__registry_each_in(m->registry, name_of(i), walk_sockets, &w);
        assert_int_equal(w.n, members_of(m, i));
    }
    sio__registry_each(m->registry, walk_sockets, &all);
    sio__registry_each_room(m->registry, walk_rooms, &rooms);
    assert_int_equal(all.n, there);
    assert_int_equal(rooms.n, exist);
    assert_int_equal(sio__registry_sockets(m->registry), there);
    assert_int_equal(sio__registry_rooms(m->registry), exist);
}

/* Ends of sockets are rare enough for rooms to fill, and now and then all of them go. */
static void step(struct model *m)
{
    int sid = (int)draw(m, SIDS), room = (int)draw(m, NAMES);
    unsigned what = draw(m, 100);

    if (m->depth > 0 && draw(m, 2) == 0) { /* the room of the hook, by its owner if it has one */
        room = m->room;
        sid = room < SIDS && draw(m, 2) == 0 ? room : sid;
    }
    if (!m->sockets[sid].there || what < 2)
        do_add(m, sid);
    else if (what < 12)
        do_connect(m, sid);
    else if (what < 22)
        do_remove(m, sid);
    else if (what < 60)
        do_join(m, sid, room);
    else if (what < 85)
        do_leave(m, sid,
                 m->sockets[sid].nrooms > 0 && what < 80
                     ? m->sockets[sid].rooms[draw(m, (unsigned)m->sockets[sid].nrooms)]
                     : room);
    else
        do_select(m);
}

static void run(bool wild, int steps, uint64_t seed)
{
    struct model *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->wild = wild;
    m->random = seed;
    m->registry = sio__registry_new(on_change, m);
    assert_non_null(m->registry);
    for (int i = 0; i < steps; i++) {
        step(m);
        if (i % 8 == 0)
            compare(m);
        if (i % 5000 == 4999)
            for (int sid = 0; sid < SIDS; sid++)
                if (m->sockets[sid].there)
                    do_remove(m, sid);
    }
    m->depth = DEPTH; /* nothing more happens in hooks */
    begin(m);
    sio__registry_free(m->registry);
    sio__recipients_fini(&m->recipients);
    free(m);
}

static void hooks_are_those_of_the_model(void **state)
{
    (void)state;
    run(false, STRICT_STEPS, 1);
}

static void hooks_may_change_anything(void **state)
{
    (void)state;
    run(true, WILD_STEPS, 2);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hooks_are_those_of_the_model),
    cmocka_unit_test(hooks_may_change_anything),
};

SIO_TEST_MAIN(tests)
