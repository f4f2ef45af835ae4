/* SPDX-License-Identifier: MIT */
#include "adapter_world.h"

#include <stdarg.h>

void world_line(struct world *w, const char *format, ...)
{
    char line[1024];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert_true(len >= 0 && (size_t)len < sizeof line);
    line[len] = '\n';
    assert_int_equal(sio_buf_append(&w->log, line, (size_t)len + 1), SIO_OK);
    if (w->trap != NULL && strncmp(line, w->trap, strlen(w->trap)) == 0) {
        w->trap = NULL;
        w->on_trap(w);
    }
}

/* Packed values in a row as JSON, with commas. Yours to free. */
static char *json_of(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_buf out;

    sio_buf_init(&out);
    while (!sio_cursor_done(&c)) {
        const unsigned char *start = c.at;

        assert_int_equal(sio_cursor_skip(&c), SIO_OK);
        if (out.len > 0)
            assert_int_equal(sio_buf_append(&out, ",", 1), SIO_OK);
        assert_int_equal(
            sio_json_write(sio_str_of(start, (size_t)(c.at - start)), NULL, NULL, &out), SIO_OK);
    }
    assert_int_equal(sio_buf_append(&out, "", 1), SIO_OK);
    return out.ptr;
}

/* -- the host -- */

static void on_broadcast(sio_adapter *adapter, sio_broadcast *b, void *user)
{
    struct world *w = user;
    char *data = json_of(b->data), id[32] = "";

    (void)adapter;
    if (b->id >= 0)
        snprintf(id, sizeof id, " id %lld", (long long)b->id);
    w->last_id = (uint64_t)b->id;
    b->encoded = w;
    world_line(w, "packet %s%s%s%s", data, id, b->is_volatile ? " volatile" : "",
               b->compress < 0 ? ""
               : b->compress   ? " compress 1"
                               : " compress 0");
    free(data);
}

static void on_deliver(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                       const sio_broadcast *b, void *user)
{
    sio_str sid = sio_socket_sid(socket);

    assert_ptr_equal(sio_socket_adapter(socket), adapter);
    assert_ptr_equal(b->encoded, user);
    assert_ptr_equal(socket_user, user);
    world_line(user, "to %.*s", (int)sid.len, sid.ptr);
}

static void on_delivered(sio_adapter *adapter, const sio_broadcast *b, size_t recipients,
                         void *user)
{
    (void)adapter;
    assert_ptr_equal(b->encoded, user);
    world_line(user, "delivered %zu", recipients);
}

static uint64_t on_packet_id(sio_adapter *adapter, void *user)
{
    struct world *w = user;

    (void)adapter;
    if (w->trap != NULL && strcmp(w->trap, "id") == 0) {
        w->trap = NULL;
        w->on_trap(w);
    }
    return w->next_id++;
}

static void on_describe(sio_adapter *adapter, sio_socket *socket, void *socket_user, sio_args *out,
                        void *user)
{
    (void)adapter;
    (void)socket_user;
    (void)user;
    sio_args_map_begin(out);
    sio_args_key(out, SIO_STR("issued"));
    sio_args_int(out, 1);
    sio_args_map_end(out);
    sio_args_string(out, sio_socket_sid(socket));
}

static void on_disconnect(sio_adapter *adapter, sio_socket *socket, void *socket_user, bool close,
                          void *user)
{
    sio_str sid = sio_socket_sid(socket);

    (void)adapter;
    (void)socket_user;
    world_line(user, "disconnect %.*s%s", (int)sid.len, sid.ptr, close ? " close" : "");
    sio_socket_free(socket);
}

static void on_event(sio_adapter *adapter, sio_str data, uint32_t count, sio_answer *answer,
                     void *user)
{
    struct world *w = user;
    char *json = json_of(data);

    (void)adapter;
    assert_true(count > 0);
    w->answer = answer;
    world_line(w, "event %s%s", json, answer != NULL ? " answer" : "");
    free(json);
}

static void on_room(sio_adapter *adapter, sio_room_event event, sio_str room, sio_socket *socket,
                    void *user)
{
    static const char *const names[] = {"create", "join", "leave", "delete"};
    struct world *w = user;
    sio_str sid = socket != NULL ? sio_socket_sid(socket) : sio_str_of("", 0);

    (void)adapter;
    assert_true((socket == NULL) == (event == SIO_ROOM_CREATE || event == SIO_ROOM_DELETE));
    if (!w->quiet_rooms)
        world_line(w, "%s %.*s%s%.*s", names[event], (int)room.len, room.ptr,
                   sid.len > 0 ? " " : "", (int)sid.len, sid.ptr);
}

static void on_ready(sio_adapter *adapter, void *user)
{
    (void)adapter;
    world_line(user, "ready");
}

static void on_gap(sio_adapter *adapter, const sio_gap *gap, void *user)
{
    (void)adapter;
    world_line(user, "gap %lld %lld %s", (long long)gap->from_ms, (long long)gap->to_ms, gap->text);
}

static void on_dropped(sio_adapter *adapter, sio_drop why, sio_str channel, void *user)
{
    static const char *const names[SIO_DROP_COUNT] = {"not ours",     "malformed", "missing field",
                                                      "unknown type", "reserved",  "unexpected",
                                                      "no memory"};

    (void)adapter;
    (void)channel;
    world_line(user, "dropped %s", names[why]);
}

/* -- the world -- */

void world_opts(struct world *w, sio_adapter_opts *opts)
{
    sio_adapter_opts_init(opts);
    opts->user = w;
    opts->host = (sio_host){.broadcast = on_broadcast,
                            .deliver = on_deliver,
                            .delivered = on_delivered,
                            .packet_id = on_packet_id,
                            .describe = on_describe,
                            .disconnect = on_disconnect,
                            .server_side_emit = on_event,
                            .room = on_room,
                            .ready = on_ready,
                            .gap = on_gap,
                            .dropped = on_dropped};
}

void world_open(struct world *w, const sio_adapter_opts *opts, unsigned how)
{
    sio_adapter_opts own = *opts;

    w->base = event_base_new();
    assert_non_null(w->base);
    if (how != WORLD_ALONE)
        w->link = fake_link_new(w->base);
    else if (own.base == NULL)
        own.base = w->base;
    if (how == WORLD_PER_ROOM)
        own.subscription = SIO_SUBSCRIBE_ROOMS;
    assert_int_equal(sio_adapter_new(w->link, &own, &w->adapter), SIO_OK);
    if (w->link != NULL) {
        fake_link_ready(w->link);
        world_expect(w, "ready\n");
    }
}

void world_init(struct world *w, unsigned how)
{
    sio_adapter_opts opts;

    memset(w, 0, sizeof *w);
    sio_buf_init(&w->log);
    world_opts(w, &opts);
    world_open(w, &opts, how);
}

void world_fini(struct world *w)
{
    sio_adapter_free(w->adapter);
    if (w->link != NULL)
        fake_link_free(w->link);
    event_base_free(w->base);
    sio_buf_fini(&w->log);
}

sio_socket *world_socket(struct world *w, const char *sid, ...)
{
    sio_socket *socket;
    va_list rooms;
    const char *room;

    assert_int_equal(sio_socket_new(w->adapter, sio_str_c(sid), w, &socket), SIO_OK);
    assert_int_equal(sio_socket_connect(socket), SIO_OK);
    va_start(rooms, sid);
    while ((room = va_arg(rooms, const char *)) != NULL)
        assert_int_equal(sio_socket_join(socket, sio_str_c(room)), SIO_OK);
    va_end(rooms);
    return socket;
}

sio_socket *world_find(struct world *w, const char *sid)
{
    return sio_adapter_find(w->adapter, sio_str_c(sid));
}

void world_expect(struct world *w, const char *lines)
{
    assert_int_equal(sio_buf_append(&w->log, "", 1), SIO_OK);
    assert_string_equal(w->log.ptr, lines);
    sio_buf_clear(&w->log);
}

void world_forget(struct world *w)
{
    sio_buf_clear(&w->log);
}

sio_target *world_target(const char *words)
{
    sio_target *target;

    assert_int_equal(sio_target_new(&target), SIO_OK);
    while (*words != '\0') {
        size_t len = strcspn(words, " ");

        if (*words == '!')
            assert_int_equal(sio_target_except(target, sio_str_of(words + 1, len - 1)), SIO_OK);
        else
            assert_int_equal(sio_target_to(target, sio_str_of(words, len)), SIO_OK);
        words += len;
        words += strspn(words, " ");
    }
    return target;
}

sio_status world_emit(struct world *w, const char *words, const char *event, const char *json)
{
    sio_target *to = world_target(words);
    sio_args *args;

    assert_int_equal(sio_args_new(&args), SIO_OK);
    if (json != NULL)
        assert_int_equal(sio_args_json(args, sio_str_c(json), NULL), SIO_OK);
    sio_status status = sio_adapter_emit(w->adapter, to, sio_str_c(event), args, world_done, w);
    sio_args_free(args);
    sio_target_free(to);
    return status;
}

void world_done(sio_adapter *adapter, const sio_emit_result *result, void *user)
{
    struct world *w = user;

    (void)adapter;
    w->ended++;
    w->status = result->status;
}

void world_bring_packed(struct world *w, const char *channel, const char *json)
{
    sio_buf packed;

    sio_buf_init(&packed);
    assert_int_equal(sio_json_read(sio_str_c(json), 0, &packed, NULL), SIO_OK);
    assert_int_equal(fake_link_bring(w->link, sio_str_c(channel), sio_buf_str(&packed)), 1);
    sio_buf_fini(&packed);
}

void world_bring(struct world *w, const char *channel, const char *text)
{
    assert_int_equal(fake_link_bring(w->link, sio_str_c(channel), sio_str_c(text)), 1);
}

void world_turn(struct world *w, const char *what, const char *file, int line)
{
    static time_t since;
    time_t now = time(NULL);

    if (since == 0)
        since = now;
    if (now - since > 20) {
        print_error("%s:%d: waited in vain for %s\n", file, line, what);
        fail();
    }
    event_base_loop(w->base, EVLOOP_ONCE);
}
