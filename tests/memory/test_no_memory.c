/* SPDX-License-Identifier: MIT */
/* Fault 42: every public call of values, arguments, targets and emitters, with its n-th
 * allocation failing, n rising until none fails. The call says SIO_ENOMEM and has changed
 * nothing; made again it does what it would have done; nothing leaks. */
#include "alloc.h"

#include <event2/event.h>
#include <sio/emitter.h>
#include <sio/value.h>

#include "wire/target.h"

/* All that a call may change. The link goes nowhere: what is emitted stays in its outbox. */
struct scene {
    struct event_base *base;
    sio_link *link;
    sio_emitter *em;
    sio_args *args;
    sio_target *to;
    sio_buf buf;
    void *made; /* by a constructor */
    void (*unmake)(void *made);
    int ended;
};

typedef sio_status scene_call(struct scene *s);

static void scene_init(struct scene *s)
{
    sio_link_opts opts;
    memset(s, 0, sizeof *s);
    sio_buf_init(&s->buf);
    do /* full, so that everything has to grow it */
        assert_int_equal(sio_buf_append(&s->buf, "k", 1), SIO_OK);
    while (s->buf.len < s->buf.cap);
    sio_link_opts_init(&opts);
    s->base = event_base_new();
    opts.base = s->base;
    opts.url = "unix:///nonexistent/socket";
    assert_int_equal(sio_link_new(&opts, &s->link, NULL, 0), SIO_OK);
    assert_int_equal(sio_emitter_new(s->link, NULL, &s->em), SIO_OK);
    assert_int_equal(sio_args_new(&s->args), SIO_OK);
    assert_int_equal(sio_target_new(&s->to), SIO_OK);
}

static void scene_fini(struct scene *s)
{
    if (s->made != NULL)
        s->unmake(s->made);
    sio_link_free(s->link);
    sio_emitter_free(s->em);
    event_base_free(s->base);
    sio_args_free(s->args);
    sio_target_free(s->to);
    sio_buf_fini(&s->buf);
}

/* ---- what can be seen of a scene ---- */

static void note(sio_buf *out, const void *bytes, size_t len)
{
    assert_int_equal(sio_buf_append(out, &len, sizeof len), SIO_OK);
    assert_int_equal(sio_buf_append(out, bytes, len), SIO_OK);
}

static void note_str(sio_buf *out, sio_str text)
{
    note(out, text.ptr, text.len);
}

static void scene_describe(struct scene *s, sio_buf *out)
{
    struct sio__target_view to;
    sio_link_stats stats;
    size_t count = sio_args_count(s->args);
    sio_buf_clear(out);
    note_str(out, sio_buf_str(&s->buf));
    note(out, &count, sizeof count);
    note_str(out, sio_args_packed(s->args));
    sio__target_view(s->to, &to);
    note_str(out, to.rooms);
    note_str(out, to.except);
    note_str(out, to.flags);
    note(out, &to.names, sizeof to.names);
    note(out, &to.longest, sizeof to.longest);
    assert_int_equal(sio_link_get_stats(s->link, &stats), SIO_OK);
    note(out, &stats.published, sizeof stats.published);
    note(out, &stats.outbox_publishes, sizeof stats.outbox_publishes);
    note(out, &stats.outbox_bytes, sizeof stats.outbox_bytes);
    note(out, &s->ended, sizeof s->ended);
}

static void assert_same(const char *name, const char *when, const sio_buf *got, const sio_buf *want)
{
    if (!sio_str_eq(sio_buf_str(got), sio_buf_str(want)))
        fail_msg("%s: another state %s", name, when);
}

/* ---- the calls ---- */

enum { ROOMS = 100 }; /* more than are looked up without an index */

#define TEXT "a text of more than the fifteen bytes that short ones have"

static sio_status call_buf_reserve(struct scene *s)
{
    return sio_buf_reserve(&s->buf, 100000);
}

static sio_status call_buf_append(struct scene *s)
{
    return sio_buf_append(&s->buf, TEXT, sizeof TEXT);
}

static sio_status call_json_read(struct scene *s)
{
    static const char text[] =
        "{\"b\":[[[[[[[[[[[[[[[[[[\"" TEXT "\"]]]]]]]]]]]]]]]]]],\"a\":{\"2\":1,\"1\":{\"x\":1,"
        "\"x\":2,\"0\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}},\"a\":\"\\ud83d\"}";
    return sio_json_read(sio_str_of(text, sizeof text - 1), 0, &s->buf, NULL);
}

#define PACKED                                                                                     \
    "\x83\xa1"                                                                                     \
    "a\x93\xc0\x01\xcb\x3f\xf1\x99\x99\x99\x99\x99\x9a\xa1"                                        \
    "b\xc4\x03xyz\xa1"                                                                             \
    "c\xd4\x00\x00"

static sio_status call_json_write(struct scene *s)
{
    return sio_json_write(SIO_STR(PACKED), NULL, NULL, &s->buf);
}

static sio_status placeholder(sio_str bytes, sio_buf *out, void *user)
{
    (void)bytes;
    (void)user;
    return sio_buf_append(out, "{\"_placeholder\":true}", 21);
}

static sio_status call_json_write_hook(struct scene *s)
{
    return sio_json_write(SIO_STR(PACKED), placeholder, NULL, &s->buf);
}

#define ARGS_CALL(kind, value)                                                                     \
    static sio_status call_args_##kind(struct scene *s)                                            \
    {                                                                                              \
        return sio_args_##kind(s->args, value);                                                    \
    }

ARGS_CALL(string, SIO_STR(TEXT))
ARGS_CALL(int, -5000000000)
ARGS_CALL(uint, 5000000000)
ARGS_CALL(double, 0.1)
ARGS_CALL(bool, true)
ARGS_CALL(date, -1)

static sio_status call_args_null(struct scene *s)
{
    return sio_args_null(s->args);
}

static sio_status call_args_undefined(struct scene *s)
{
    return sio_args_undefined(s->args);
}

static sio_status call_args_binary(struct scene *s)
{
    return sio_args_binary(s->args, TEXT, sizeof TEXT);
}

static sio_status call_args_json(struct scene *s)
{
    return sio_args_json(s->args, SIO_STR("{\"a\":[1,2.5,\"\\ud83d\",{\"1\":1,\"0\":2}]}"), NULL);
}

static sio_status call_args_msgpack(struct scene *s)
{
    return sio_args_msgpack(s->args, SIO_STR("\xcd\x00\x01" PACKED)); /* not in its normal form */
}

/* Deep, so that the list of open containers grows; wide, so that headers do. */
static sio_status call_args_containers(struct scene *s)
{
    sio_status status = SIO_OK;
    for (int i = 0; i < 40 && status == SIO_OK; i++) {
        status = sio_args_map_begin(s->args);
        if (status == SIO_OK)
            status = sio_args_key(s->args, SIO_STR("a key"));
        if (status == SIO_OK)
            status = sio_args_array_begin(s->args);
    }
    for (int i = 0; i < 70000 && status == SIO_OK; i++)
        status = sio_args_null(s->args);
    for (int i = 0; i < 40 && status == SIO_OK; i++) {
        status = sio_args_array_end(s->args);
        if (status == SIO_OK)
            status = sio_args_map_end(s->args);
    }
    return status;
}

static sio_status call_target_to(struct scene *s)
{
    return sio_target_to(s->to, SIO_STR(TEXT));
}

static sio_status call_target_except(struct scene *s)
{
    return sio_target_except(s->to, SIO_STR(TEXT));
}

/* So many rooms that the next one is looked up in an index, which is made for it. */
static void before_target_to_indexed(struct scene *s)
{
    for (int i = 0; i < ROOMS; i++) {
        char room[16];
        int len = snprintf(room, sizeof room, "room %d", i);
        assert_int_equal(sio_target_to(s->to, sio_str_of(room, (size_t)len)), SIO_OK);
    }
}

static void unmake_args(void *made)
{
    sio_args_free(made);
}

static void unmake_target(void *made)
{
    sio_target_free(made);
}

static void unmake_emitter(void *made)
{
    sio_emitter_free(made);
}

static sio_status call_args_new(struct scene *s)
{
    sio_args *args = NULL;
    sio_status status = sio_args_new(&args);
    s->made = args;
    s->unmake = unmake_args;
    return status;
}

static sio_status call_target_new(struct scene *s)
{
    sio_target *to = NULL;
    sio_status status = sio_target_new(&to);
    s->made = to;
    s->unmake = unmake_target;
    return status;
}

static sio_status call_emitter_new(struct scene *s)
{
    sio_emitter *em = NULL;
    sio_status status = sio_emitter_new(s->link, NULL, &em);
    s->made = em;
    s->unmake = unmake_emitter;
    return status;
}

static sio_status call_emitter_of(struct scene *s)
{
    sio_emitter *em = NULL;
    sio_status status = sio_emitter_of(s->em, SIO_STR("chat"), &em);
    s->made = em;
    s->unmake = unmake_emitter;
    return status;
}

static void on_end(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct scene *s = user;
    (void)em;
    (void)result;
    s->ended++;
}

static sio_status emit_packed(struct scene *s, sio_str packed)
{
    sio_args *args; /* what the scene shows of its own must stay the same */
    bool spared = alloc_spared;
    alloc_spared = true;
    assert_int_equal(sio_args_new(&args), SIO_OK);
    assert_int_equal(sio_args_msgpack(args, packed), SIO_OK);
    alloc_spared = spared;
    sio_status status = sio_emitter_emit(s->em, s->to, SIO_STR("event"), args, on_end, s);
    sio_args_free(args);
    return status;
}

static sio_status call_emit(struct scene *s)
{
    return emit_packed(s, SIO_STR("\x01"));
}

static sio_status call_emit_rewritten(struct scene *s)
{
    return emit_packed(s, SIO_STR(PACKED "\xa3\xed\xa0\x80"));
}

static sio_status call_emit_large(struct scene *s)
{
    static char large[200000] = "\xc6\x00\x03\x0d\x3b"; /* binary: all that follows */
    return emit_packed(s, sio_str_of(large, sizeof large));
}

static sio_status parser(sio_str packed, sio_buf *out, void *user)
{
    (void)packed;
    (void)user;
    return sio_buf_append(out, TEXT, sizeof TEXT);
}

static void before_emit_custom(struct scene *s)
{
    sio_emitter_opts opts;
    sio_emitter_opts_init(&opts);
    opts.encode = parser;
    sio_emitter_free(s->em);
    assert_int_equal(sio_emitter_new(s->link, &opts, &s->em), SIO_OK);
}

static sio_status call_emit_wait(struct scene *s)
{
    return sio_emitter_emit_wait(s->em, s->to, SIO_STR("event"), NULL, 0, on_end, s);
}

static sio_status call_join(struct scene *s)
{
    sio_str rooms[] = {SIO_STR(TEXT), SIO_STR("r")};
    return sio_emitter_sockets_join(s->em, s->to, rooms, 2, on_end, s);
}

static sio_status call_leave(struct scene *s)
{
    sio_str room = SIO_STR(TEXT);
    return sio_emitter_sockets_leave(s->em, s->to, &room, 1, on_end, s);
}

static sio_status call_disconnect(struct scene *s)
{
    return sio_emitter_disconnect_sockets(s->em, s->to, true, on_end, s);
}

static sio_status call_server_side_emit(struct scene *s)
{
    return sio_emitter_server_side_emit(s->em, SIO_STR("event"), NULL, on_end, s);
}

#define CALL(what) #what, call_##what

static const struct {
    const char *name;
    scene_call *call;
    void (*prepare)(struct scene *s); /* NULL: nothing */
} calls[] = {
    {CALL(buf_reserve), NULL},
    {CALL(buf_append), NULL},
    {CALL(json_read), NULL},
    {CALL(json_write), NULL},
    {CALL(json_write_hook), NULL},
    {CALL(args_string), NULL},
    {CALL(args_int), NULL},
    {CALL(args_uint), NULL},
    {CALL(args_double), NULL},
    {CALL(args_bool), NULL},
    {CALL(args_null), NULL},
    {CALL(args_undefined), NULL},
    {CALL(args_binary), NULL},
    {CALL(args_date), NULL},
    {CALL(args_json), NULL},
    {CALL(args_msgpack), NULL},
    {CALL(args_containers), NULL},
    {CALL(target_to), NULL},
    {CALL(target_except), NULL},
    {"target_to, indexed", call_target_to, before_target_to_indexed},
    {CALL(args_new), NULL},
    {CALL(target_new), NULL},
    {CALL(emitter_new), NULL},
    {CALL(emitter_of), NULL},
    {CALL(emit), NULL},
    {CALL(emit_rewritten), NULL},
    {CALL(emit_large), NULL},
    {"emit, custom parser", call_emit, before_emit_custom},
    {CALL(emit_wait), NULL},
    {CALL(join), NULL},
    {CALL(leave), NULL},
    {CALL(disconnect), NULL},
    {CALL(server_side_emit), NULL},
};

/* ---- the judge ---- */

struct states {
    sio_buf before, now, done;
};

/* A builder that failed refuses everything and is emitted by nobody until it is cleared. */
static void check_failed_args(struct scene *s)
{
    if (sio_args_status(s->args) == SIO_OK)
        return;
    assert_int_equal(sio_args_status(s->args), SIO_ENOMEM);
    assert_int_equal(sio_args_null(s->args), SIO_ENOMEM);
    assert_int_equal(sio_args_packed(s->args).len, 0);
    assert_int_equal(sio_emitter_emit(s->em, NULL, SIO_STR("e"), s->args, on_end, s), SIO_ENOMEM);
    sio_args_clear(s->args);
}

static void prepare(size_t which, struct scene *s)
{
    scene_init(s);
    if (calls[which].prepare != NULL)
        calls[which].prepare(s);
}

/* The call with its n-th allocation failing. Returns whether there was an n-th. */
static bool fail_one(size_t which, long n, bool lasting, struct states *states)
{
    const char *name = calls[which].name;
    struct scene s;
    prepare(which, &s);
    scene_describe(&s, &states->before);
    alloc_arm(n, lasting);
    sio_status status = calls[which].call(&s);
    long failed = alloc_disarm();
    if (failed > 0 && status != SIO_OK) {
        if (status != SIO_ENOMEM)
            fail_msg("%s: %s", name, sio_status_name(status));
        assert_null(s.made);
        check_failed_args(&s);
        scene_describe(&s, &states->now);
        assert_same(name, "after a failure", &states->now, &states->before);
        status = calls[which].call(&s);
    }
    assert_int_equal(status, SIO_OK);
    scene_describe(&s, &states->now);
    assert_same(name, "in the end", &states->now, &states->done);
    scene_fini(&s);
    return failed > 0;
}

static void check_call(size_t which, struct states *states)
{
    struct scene s;
    prepare(which, &s);
    assert_int_equal(calls[which].call(&s), SIO_OK);
    scene_describe(&s, &states->done);
    scene_describe(&s, &states->before); /* all three have their memory now */
    scene_describe(&s, &states->now);
    scene_fini(&s);
    for (int lasting = 0; lasting <= 1; lasting++) {
        long n = 0, live;
        bool failed;
        do {
            live = atomic_load(&alloc_live);
            failed = fail_one(which, n++, lasting != 0, states);
            if (atomic_load(&alloc_live) != live)
                fail_msg("%s: %ld allocations leaked", calls[which].name,
                         atomic_load(&alloc_live) - live);
        } while (failed);
        if (n < 2)
            fail_msg("%s: allocates nothing", calls[which].name);
    }
}

static void every_call_without_memory_42(void **state)
{
    struct states states;
    (void)state;
    alloc_require();
    sio_buf_init(&states.before);
    sio_buf_init(&states.now);
    sio_buf_init(&states.done);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        check_call(i, &states);
    sio_buf_fini(&states.before);
    sio_buf_fini(&states.now);
    sio_buf_fini(&states.done);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_call_without_memory_42),
};

SIO_TEST_MAIN(tests)
