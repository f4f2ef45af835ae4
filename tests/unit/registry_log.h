/* SPDX-License-Identifier: MIT */
/* A registry whose hooks are written down as "+room ", ">room:sid ", "<room:sid " and
 * "-room ", and calls by name. */
#ifndef SIO_TESTS_REGISTRY_LOG_H
#define SIO_TESTS_REGISTRY_LOG_H

#include "adapter/registry.h"

#include "unit.h"

struct scene {
    struct sio__registry *registry;
    char log[8192];
    bool silent;
    void (*react)(struct scene *s, sio_room_event event, sio_str room, sio_socket *socket);
    int times; /* react() may count */
    void *extra;
};

static inline void scene_hook(void *owner, sio_room_event event, sio_str room, sio_socket *socket)
{
    struct scene *s = owner;
    size_t len = strlen(s->log);
    sio_str sid = socket != NULL ? sio__socket_sid(socket) : SIO_STR("");
    if (!s->silent)
        snprintf(s->log + len, sizeof s->log - len, "%c%.*s%s%.*s ", "+><-"[event], (int)room.len,
                 room.ptr, socket != NULL ? ":" : "", (int)sid.len, sid.ptr);
    if (s->react != NULL)
        s->react(s, event, room, socket);
}

static inline void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    s->registry = sio__registry_new(scene_hook, s);
    assert_non_null(s->registry);
}

static inline void check_sound(const struct scene *s)
{
    const char *flaw = sio__registry_flaw(s->registry);
    assert_string_equal(flaw != NULL ? flaw : "none", "none");
}

/* The hooks since the last time. */
static inline void scene_told(struct scene *s, const char *expected)
{
    assert_string_equal(s->log, expected);
    s->log[0] = 0;
    check_sound(s);
}

static inline void scene_fini(struct scene *s)
{
    s->react = NULL;
    sio__registry_free(s->registry);
}

static inline sio_socket *sock(struct scene *s, const char *sid)
{
    return sio__registry_find(s->registry, sio_str_c(sid));
}

static inline sio_socket *add(struct scene *s, const char *sid)
{
    sio_socket *socket;
    assert_int_equal(sio__registry_add(s->registry, sio_str_c(sid), NULL, &socket), SIO_OK);
    return socket;
}

/* Connects; adds it if it is not there yet. */
static inline sio_socket *con(struct scene *s, const char *sid)
{
    sio_socket *socket = sock(s, sid);
    if (socket == NULL)
        socket = add(s, sid);
    assert_int_equal(sio__registry_connect(s->registry, socket), SIO_OK);
    return socket;
}

static inline void join(struct scene *s, const char *sid, const char *room)
{
    assert_int_equal(sio__registry_join(s->registry, sock(s, sid), sio_str_c(room)), SIO_OK);
}

static inline bool leave(struct scene *s, const char *sid, const char *room)
{
    return sio__registry_leave(s->registry, sock(s, sid), sio_str_c(room));
}

static inline void gone(struct scene *s, const char *sid)
{
    sio__registry_remove(s->registry, sock(s, sid));
}

static inline bool scene_add_room(sio_str room, void *text)
{
    size_t len = strlen(text);
    snprintf((char *)text + len, 512 - len, "%.*s ", (int)room.len, room.ptr);
    return true;
}

static inline void check_rooms_of(struct scene *s, const char *sid, const char *expected)
{
    char text[512] = "";
    sio__registry_each_room_of(s->registry, sock(s, sid), scene_add_room, text);
    assert_string_equal(text, expected);
}

static inline bool scene_add_socket(sio_socket *socket, void *text)
{
    return scene_add_room(sio__socket_sid(socket), text);
}

static inline void check_members(struct scene *s, const char *room, const char *expected)
{
    char text[512] = "";
    sio__registry_each_in(s->registry, sio_str_c(room), scene_add_socket, text);
    assert_string_equal(text, expected);
}

#endif
