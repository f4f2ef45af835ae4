/* SPDX-License-Identifier: MIT */
/* The emitter's bytes against those recorded from @socket.io/redis-emitter 5.1, with the
 * arguments given through the builder, as packed values and as JSON text. */
#include "unit.h"

#include <sio/emitter.h>

#include "emitter/preview.h"
#include "tagged.h"
#include "vectors.h"

/* Vectors that differ on purpose: the payload holds `hex` instead, or the input cannot be
 * said in C at all (hex NULL). */
struct exception {
    const char *name, *why, *hex;
};

static const struct exception exceptions[] = {
    {"emitter/args/numeric-event", "event names are strings here", NULL},
    {"emitter/target/room-number", "rooms are strings here", NULL},
    {"emitter/args/tojson", "toJSON() is a JavaScript function", NULL},
    {"emitter/args/function-in-object", "functions are JavaScript's", NULL},
    {"emitter/args/uint16array-truncated", "notepack truncates this typed array", NULL},
    {"emitter/args/float32array-truncated", "notepack truncates this typed array", NULL},
    {"emitter/args/dataview-emptied", "notepack empties a DataView", NULL},
    {"emitter/request/server-side-emit-buffer-date", "toJSON() and a Uint8Array's JSON", NULL},
    {"emitter/args/lone-surrogate-short", "U+FFFD instead of other characters",
     "a3efbfbda561efbfbd62"},
    {"emitter/args/ints-above-2pow64-wrap", "float64 instead of a number modulo 2^64",
     "cb4415af1d78b58c40"},
};

static const struct exception *exception_for(const char *name)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (strcmp(exceptions[i].name, name) == 0)
            return &exceptions[i];
    return NULL;
}

static void add_names(sio_str packed, sio_target *target, sio_status (*add)(sio_target *, sio_str),
                      bool *sayable)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v;
    if (packed.len == 0 || sio_cursor_read(&c, &v) != SIO_OK)
        return;
    while (!sio_cursor_done(&c)) {
        assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
        if (v.type == SIO_MAP) { /* {"$repeat":[unit, count]} */
            sio_args *args;
            sio_cursor again = {.at = c.at - 1, .end = c.end};
            assert_int_equal(sio_args_new(&args), SIO_OK);
            assert_true(tagged_add(args, &again));
            sio_cursor text = sio_cursor_at(sio_args_packed(args));
            assert_int_equal(sio_cursor_read(&text, &v), SIO_OK);
            assert_int_equal(add(target, v.v.text), SIO_OK);
            sio_args_free(args);
            c = again;
        } else if (v.type == SIO_STRING) {
            assert_int_equal(add(target, v.v.text), SIO_OK);
        } else {
            *sayable = false;
        }
    }
}

/* Flags in the order of the recorded map. */
static void add_flags(sio_str packed, sio_target *target)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v, key;
    if (packed.len == 0 || sio_cursor_read(&c, &v) != SIO_OK)
        return;
    while (!sio_cursor_done(&c)) {
        assert_int_equal(sio_cursor_read(&c, &key), SIO_OK);
        assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
        if (sio_str_eq(key.v.text, SIO_STR("volatile")))
            sio_target_volatile(target);
        else
            sio_target_compress(target, v.v.boolean);
    }
}

/* What a vector says, ready for the emitter. */
struct spoken {
    sio_emitter *em;
    sio_target *to;
    sio_args *args;
    sio_str *rooms;
    struct sio__call call;
    bool sayable;
};

static enum sio__op op_of(sio_str name)
{
    static const char *const names[] = {[SIO__OP_EMIT] = "emit",
                                        [SIO__OP_JOIN] = "socketsJoin",
                                        [SIO__OP_LEAVE] = "socketsLeave",
                                        [SIO__OP_DISCONNECT] = "disconnectSockets",
                                        [SIO__OP_SERVER_EMIT] = "serverSideEmit"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sio_str_eq(name, sio_str_c(names[i])))
            return (enum sio__op)i;
    fail_msg("unknown op %.*s", (int)name.len, name.ptr);
    return SIO__OP_EMIT;
}

static char *copy_text(sio_str text)
{
    char *copy = calloc(1, text.len + 1);
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

/* The text value at the cursor, plain or tagged; kept alive by `args`. */
static sio_str take_text(sio_cursor *c, sio_args *keep, bool *sayable)
{
    sio_value v;
    sio_args_clear(keep);
    if (!tagged_add(keep, c))
        *sayable = false;
    sio_cursor text = sio_cursor_at(sio_args_packed(keep));
    if (sio_cursor_read(&text, &v) != SIO_OK || v.type != SIO_STRING)
        *sayable = false;
    return *sayable ? v.v.text : SIO_STR("");
}

/* args: [room] or [[room, ...]] */
static void speak_rooms(const struct vector *vector, struct spoken *s)
{
    sio_cursor c = sio_cursor_at(tagged_field(vector->inputs, "args"));
    sio_value v;
    s->rooms = calloc(16, sizeof *s->rooms);
    for (s->call.nrooms = 0; !sio_cursor_done(&c);) {
        assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
        if (v.type == SIO_STRING)
            s->rooms[s->call.nrooms++] = v.v.text;
    }
    assert_in_range(s->call.nrooms, 1, 16);
    s->call.rooms = s->rooms;
}

/* args: [] or [close] */
static void speak_close(const struct vector *vector, struct spoken *s)
{
    sio_cursor c = sio_cursor_at(tagged_field(vector->inputs, "args"));
    sio_value v = {.type = SIO_NULL};
    while (!sio_cursor_done(&c))
        assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
    s->call.close = v.type == SIO_BOOL && v.v.boolean;
}

/* Event and arguments, in `args`; the event of a server-side emit is the first of them. */
static void speak_event(const struct vector *vector, struct spoken *s, sio_args *keep)
{
    sio_str list = tagged_field(vector->inputs, "args");
    sio_cursor c = sio_cursor_at(list);
    sio_value v;
    if (s->call.op == SIO__OP_EMIT) {
        sio_cursor event = sio_cursor_at(tagged_field(vector->inputs, "event"));
        s->call.event = take_text(&event, keep, &s->sayable);
    }
    assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
    if (s->call.op == SIO__OP_SERVER_EMIT)
        s->call.event = take_text(&c, keep, &s->sayable);
    while (!sio_cursor_done(&c))
        s->sayable = tagged_add(s->args, &c) && s->sayable;
    s->call.args = s->args;
}

static void speak(const struct vector *vector, struct spoken *s, sio_args *keep)
{
    sio_emitter_opts opts;
    char *key = copy_text(tagged_text(vector->inputs, "key"));
    char *nsp = copy_text(tagged_text(vector->inputs, "nsp"));
    memset(s, 0, sizeof *s);
    s->sayable = true;
    sio_emitter_opts_init(&opts);
    opts.key = key;
    opts.nsp = nsp;
    assert_int_equal(sio_emitter_new(NULL, &opts, &s->em), SIO_OK);
    assert_int_equal(sio_target_new(&s->to), SIO_OK);
    assert_int_equal(sio_args_new(&s->args), SIO_OK);
    add_names(tagged_field(vector->inputs, "rooms"), s->to, sio_target_to, &s->sayable);
    add_names(tagged_field(vector->inputs, "except"), s->to, sio_target_except, &s->sayable);
    add_flags(tagged_field(vector->inputs, "flags"), s->to);
    s->call.to = s->to;
    s->call.op = op_of(tagged_text(vector->inputs, "op"));
    if (s->call.op == SIO__OP_EMIT || s->call.op == SIO__OP_SERVER_EMIT)
        speak_event(vector, s, keep);
    else if (s->call.op == SIO__OP_DISCONNECT)
        speak_close(vector, s);
    else
        speak_rooms(vector, s);
    free(key);
    free(nsp);
}

static void unspeak(struct spoken *s)
{
    sio_emitter_free(s->em);
    sio_target_free(s->to);
    sio_args_free(s->args);
    free(s->rooms);
}

static void assert_same(const char *name, const char *how, sio_str got, sio_str want)
{
    if (sio_str_eq(got, want))
        return;
    fprintf(stderr, "%s (%s):\n got ", name, how);
    for (size_t i = 0; i < got.len && i < 200; i++)
        fprintf(stderr, "%02x", (unsigned char)got.ptr[i]);
    fprintf(stderr, "\nwant ");
    for (size_t i = 0; i < want.len && i < 200; i++)
        fprintf(stderr, "%02x", (unsigned char)want.ptr[i]);
    fprintf(stderr, "\n");
    fail();
}

static bool contains_hex(sio_str bytes, const char *hex)
{
    unsigned char want[64];
    size_t len = tagged_hex(sio_str_c(hex), want);
    return memmem(bytes.ptr, bytes.len, want, len) != NULL;
}

/* Encode with the given arguments and compare channel and payload. */
static void judge(const struct vector *vector, struct spoken *s, const sio_args *args,
                  const char *how)
{
    const struct exception *exception = exception_for(vector->name);
    sio_buf channel, payload;
    sio_buf_init(&channel);
    sio_buf_init(&payload);
    s->call.args = args;
    assert_int_equal(sio__emitter_encode(s->em, &s->call, &channel, &payload), SIO_OK);
    assert_same(vector->name, how, sio_buf_str(&channel), vector->channel);
    if (exception == NULL)
        assert_same(vector->name, how, sio_buf_str(&payload), vector->payload);
    else
        assert_true(contains_hex(sio_buf_str(&payload), exception->hex));
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
}

/* The same arguments as JSON text, where JSON can hold them: no undefined, binary, dates,
 * NaN or infinities. */
static bool as_json(const sio_args *built, sio_args *out)
{
    sio_cursor c = sio_cursor_at(sio_args_packed(built));
    sio_cursor walk = c;
    sio_value v;
    while (!sio_cursor_done(&walk)) {
        assert_int_equal(sio_cursor_read(&walk, &v), SIO_OK);
        if (v.type == SIO_UNDEFINED || v.type == SIO_BINARY || v.type == SIO_DATE ||
            (v.type == SIO_DOUBLE && (v.v.real != v.v.real || v.v.real - v.v.real != 0)))
            return false;
    }
    while (!sio_cursor_done(&c)) {
        sio_buf text;
        const unsigned char *start = c.at;
        sio_buf_init(&text);
        assert_int_equal(sio_cursor_skip(&c), SIO_OK);
        assert_int_equal(
            sio_json_write(sio_str_of(start, (size_t)(c.at - start)), NULL, NULL, &text), SIO_OK);
        assert_int_equal(sio_args_json(out, sio_buf_str(&text), NULL), SIO_OK);
        sio_buf_fini(&text);
    }
    return true;
}

struct tally {
    unsigned compared, unsayable, json;
};

static void check(const struct vector *vector, void *user)
{
    struct tally *tally = user;
    struct spoken s;
    sio_args *keep, *again;
    assert_int_equal(sio_args_new(&keep), SIO_OK);
    assert_int_equal(sio_args_new(&again), SIO_OK);
    speak(vector, &s, keep);
    if (!s.sayable) {
        const struct exception *exception = exception_for(vector->name);
        if (exception == NULL)
            fail_msg("%s cannot be said, and no reason is given", vector->name);
        print_message("not expressible: %s: %s\n", vector->name, exception->why);
        tally->unsayable++;
    } else {
        judge(vector, &s, s.args, "builder");
        if (sio_args_count(s.args) > 0) {
            assert_int_equal(sio_args_msgpack(again, sio_args_packed(s.args)), SIO_OK);
            judge(vector, &s, again, "packed");
        }
        sio_args_clear(again);
        if (as_json(s.args, again)) {
            judge(vector, &s, again, "JSON");
            tally->json++;
        }
        tally->compared++;
    }
    unspeak(&s);
    sio_args_free(keep);
    sio_args_free(again);
}

/* The vector that ends in arguments of JavaScript's own begins with a Buffer and a Date. */
static void begin_of_buffer_date(const struct vector *vector, void *user)
{
    sio_emitter *em;
    sio_args *args;
    sio_buf channel, payload;
    sio_buf_init(&channel);
    sio_buf_init(&payload);
    assert_int_equal(sio_emitter_new(NULL, NULL, &em), SIO_OK);
    assert_int_equal(sio_args_new(&args), SIO_OK);
    sio_args_binary(args, "\1\2", 2);
    sio_args_date(args, 1700000000123);
    struct sio__call call = {.op = SIO__OP_SERVER_EMIT, .event = SIO_STR("x"), .args = args};
    assert_int_equal(sio__emitter_encode(em, &call, &channel, &payload), SIO_OK);
    assert_same(vector->name, "channel", sio_buf_str(&channel), vector->channel);
    size_t common = payload.len - 2; /* without "]}" */
    assert_true(common > 80 && common < vector->payload.len);
    assert_same(vector->name, "begin", sio_str_of(payload.ptr, common),
                sio_str_of(vector->payload.ptr, common));
    *(bool *)user = true;
    sio_emitter_free(em);
    sio_args_free(args);
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
}

static void vectors_buffer_and_date_as_json(void **state)
{
    (void)state;
    bool seen = false;
    vectors_each("classic.jsonl", "emitter/request/server-side-emit-buffer-date",
                 begin_of_buffer_date, &seen);
    assert_true(seen);
}

static void vectors_args(void **state)
{
    (void)state;
    struct tally tally = {0, 0, 0};
    assert_int_equal(vectors_each("classic.jsonl", "emitter/args/", check, &tally), 65);
    assert_int_equal(tally.compared, 59);
    assert_int_equal(tally.unsayable, 6);
    assert_true(tally.json >= 35);
}

static void vectors_targets(void **state)
{
    (void)state;
    struct tally tally = {0, 0, 0};
    assert_int_equal(vectors_each("classic.jsonl", "emitter/target/", check, &tally), 30);
    assert_int_equal(tally.unsayable, 1);
}

static void vectors_requests(void **state)
{
    (void)state;
    struct tally tally = {0, 0, 0};
    assert_int_equal(vectors_each("classic.jsonl", "emitter/request/", check, &tally), 17);
    assert_int_equal(tally.unsayable, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(vectors_args),
    cmocka_unit_test(vectors_targets),
    cmocka_unit_test(vectors_requests),
    cmocka_unit_test(vectors_buffer_and_date_as_json),
};

SIO_TEST_MAIN(tests)
