/* SPDX-License-Identifier: MIT */
/* Packed values: the cursor agrees with msgpack-c on what is valid and on what it says; the
 * validating pass, the normal form, the builder, the classic wire's values and JSON agree
 * with each other. */
#include "fuzz.h"

#include <math.h>
#include <msgpack.h>

#include <sio/args.h>
#include <sio/value.h>

#include "value/args.h"
#include "value/normal.h"
#include "value/utf8.h"
#include "wire/notepack.h"

enum {
    ORACLE_DEPTH = 32, /* where msgpack-c stops, MSGPACK_EMBED_STACK_SIZE */
    MAX_LEVELS = 4096
};

/* What a hostile count would make msgpack-c allocate is refused, and no reason to stop. */
#define SANITIZER_OPTIONS "allocator_may_return_null=1:max_allocation_size_mb=64"
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

__attribute__((used, visibility("default"))) const char *__asan_default_options(void)
{
    return SANITIZER_OPTIONS;
}

__attribute__((used, visibility("default"))) const char *__tsan_default_options(void)
{
    return SANITIZER_OPTIONS;
}

/* Whether two doubles are the same number, or both none. */
static bool same_real(double a, double b)
{
    return (a == b && signbit(a) == signbit(b)) || (isnan(a) && isnan(b));
}

static bool same_bytes(sio_str a, const char *ptr, size_t len)
{
    return sio_str_eq(a, sio_str_of(ptr, len));
}

static void check_ext(const sio_value *v, const msgpack_object *o)
{
    msgpack_timestamp time;
    switch (v->type) {
    case SIO_EXT:
        CHECK(o->via.ext.type == v->v.ext.type);
        CHECK(same_bytes(v->v.ext.data, o->via.ext.ptr, o->via.ext.size));
        return;
    case SIO_UNDEFINED:
        CHECK(o->via.ext.type == 0 && o->via.ext.size == 1);
        return;
    case SIO_BINARY:
        CHECK(o->via.ext.type == 0);
        CHECK(same_bytes(v->v.text, o->via.ext.ptr, o->via.ext.size));
        return;
    case SIO_DATE:
        if (o->via.ext.type == 0) {
            CHECK(o->via.ext.size == 8 && v->v.date.nanoseconds % 1000000 == 0);
            return;
        }
        CHECK(o->via.ext.type == -1 && msgpack_object_to_timestamp(o, &time));
        CHECK(time.tv_sec == v->v.date.seconds && time.tv_nsec == v->v.date.nanoseconds);
        return;
    default:
        CHECK(v->type == SIO_EXT);
    }
}

static void check_object(sio_cursor *c, const msgpack_object *o)
{
    sio_value v;
    CHECK(sio_cursor_read(c, &v) == SIO_OK);
    switch (o->type) {
    case MSGPACK_OBJECT_NIL:
        CHECK(v.type == SIO_NULL);
        return;
    case MSGPACK_OBJECT_BOOLEAN:
        CHECK(v.type == SIO_BOOL && v.v.boolean == o->via.boolean);
        return;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        CHECK(v.type == SIO_UINT && v.v.natural == o->via.u64);
        return;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        CHECK(v.type == SIO_INT && v.v.integer == o->via.i64);
        return;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        CHECK(v.type == SIO_DOUBLE && same_real(v.v.real, o->via.f64));
        return;
    case MSGPACK_OBJECT_STR:
        CHECK(v.type == SIO_STRING && same_bytes(v.v.text, o->via.str.ptr, o->via.str.size));
        return;
    case MSGPACK_OBJECT_BIN:
        CHECK(v.type == SIO_BINARY && same_bytes(v.v.text, o->via.bin.ptr, o->via.bin.size));
        return;
    case MSGPACK_OBJECT_EXT:
        check_ext(&v, o);
        return;
    case MSGPACK_OBJECT_ARRAY:
        CHECK(v.type == SIO_ARRAY && v.v.count == o->via.array.size);
        for (uint32_t i = 0; i < o->via.array.size; i++)
            check_object(c, &o->via.array.ptr[i]);
        return;
    case MSGPACK_OBJECT_MAP:
        CHECK(v.type == SIO_MAP && v.v.count == o->via.map.size);
        for (uint32_t i = 0; i < o->via.map.size; i++) {
            check_object(c, &o->via.map.ptr[i].key);
            check_object(c, &o->via.map.ptr[i].val);
        }
    }
}

/* How deep the containers of one whole value go, up to MAX_LEVELS. */
static unsigned depth_of(sio_str whole)
{
    static uint64_t left[MAX_LEVELS];
    sio_cursor c = sio_cursor_at(whole);
    unsigned depth = 0, deepest = 0;
    while (!sio_cursor_done(&c) && deepest < MAX_LEVELS) {
        sio_value v;
        CHECK(sio_cursor_read(&c, &v) == SIO_OK);
        if (depth > 0)
            left[depth - 1]--;
        if (v.type == SIO_ARRAY || v.type == SIO_MAP) {
            left[depth++] = v.type == SIO_MAP ? 2 * (uint64_t)v.v.count : v.v.count;
            deepest = depth > deepest ? depth : deepest;
        }
        while (depth > 0 && left[depth - 1] == 0)
            depth--;
    }
    return deepest;
}

static void check_against_oracle(sio_str input)
{
    sio_cursor c = sio_cursor_at(input);
    bool whole = sio_cursor_skip(&c) == SIO_OK;
    size_t used = (size_t)((const char *)c.at - input.ptr), offset = 0;
    unsigned depth = whole ? depth_of(sio_str_of(input.ptr, used)) : 0;
    msgpack_unpacked result;
    CHECK(whole || used == 0);
    msgpack_unpacked_init(&result);
    msgpack_unpack_return said = msgpack_unpack_next(&result, input.ptr, input.len, &offset);
    if (depth <= ORACLE_DEPTH)
        CHECK(whole == (said == MSGPACK_UNPACK_SUCCESS || said == MSGPACK_UNPACK_EXTRA_BYTES));
    if (whole && depth <= ORACLE_DEPTH) {
        sio_cursor again = sio_cursor_at(input);
        CHECK(offset == used);
        check_object(&again, &result.data);
        CHECK(again.at == c.at);
    }
    msgpack_unpacked_destroy(&result);
}

/* Every container's count is one that the bytes behind it can hold. */
static void check_counts(sio_str input)
{
    sio_cursor c = sio_cursor_at(input);
    sio_value v;
    while (!sio_cursor_done(&c) && sio_cursor_read(&c, &v) == SIO_OK) {
        size_t left = (size_t)(c.end - c.at);
        CHECK(v.type != SIO_ARRAY || v.v.count <= left);
        CHECK(v.type != SIO_MAP || v.v.count <= left / 2);
    }
}

/* What notepack.io 3 has no form for: undefined, and text that is no UTF-8. */
static bool is_for_the_wire(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    while (!sio_cursor_done(&c)) {
        sio_value v;
        CHECK(sio_cursor_read(&c, &v) == SIO_OK);
        if (v.type == SIO_UNDEFINED ||
            (v.type == SIO_STRING && sio__utf8_check(v.v.text) != SIO__UTF8_VALID))
            return false;
    }
    return true;
}

static sio_status binary_hook(sio_str bytes, sio_buf *out, void *user)
{
    size_t *seen = user;
    (void)bytes;
    (*seen)++;
    return sio_buf_append(out, "0", 1);
}

/* Valid values in a row print as JSON that reads back. */
static void check_json(sio_str packed, size_t attachments)
{
    sio_cursor c = sio_cursor_at(packed);
    size_t seen = 0;
    while (!sio_cursor_done(&c)) {
        const unsigned char *start = c.at;
        sio_buf text, again;
        sio_buf_init(&text);
        sio_buf_init(&again);
        CHECK(sio_cursor_skip(&c) == SIO_OK);
        sio_str value = sio_str_of(start, (size_t)(c.at - start));
        CHECK(sio_json_write(value, binary_hook, &seen, &text) == SIO_OK);
        CHECK(sio_json_read(sio_buf_str(&text), 0, &again, NULL) == SIO_OK);
        sio_buf_fini(&text);
        sio_buf_fini(&again);
    }
    CHECK(seen == attachments);
}

static void check_normal(sio_str packed, const struct sio__scan *scan, sio_str normal)
{
    struct sio__scan again;
    sio_buf twice, wire;
    sio_buf_init(&twice);
    sio_buf_init(&wire);
    CHECK(sio__scan(normal, SIO_MAX_DEPTH, &again) == SIO_OK);
    CHECK(again.normal && again.values == scan->values);
    CHECK(again.attachments == scan->attachments && again.has == scan->has);
    CHECK(!scan->normal || sio_str_eq(normal, packed));
    again.normal = false; /* the slow way changes nothing either */
    CHECK(sio__normalise(normal, &again, &twice) == SIO_OK);
    CHECK(sio_str_eq(sio_buf_str(&twice), normal));

    CHECK(sio__notepack_values(normal, again.has, &wire) == SIO_OK);
    CHECK(sio__scan(sio_buf_str(&wire), SIO_MAX_DEPTH, &again) == SIO_OK);
    CHECK((again.has & (SIO__HAS_UNDEFINED | SIO__HAS_SURROGATES)) == 0);
    CHECK(is_for_the_wire(sio_buf_str(&wire)));
    CHECK(again.values == scan->values && again.attachments == scan->attachments);
    sio_buf_fini(&twice);
    sio_buf_fini(&wire);
}

static void check_builder(sio_args *args, sio_str packed, const struct sio__scan *scan)
{
    struct sio__args_view view;
    CHECK(sio__args_view(args, &view) == SIO_OK);
    CHECK(view.count == scan->values && view.attachments == scan->attachments);
    CHECK(view.has == scan->has);
    check_normal(packed, scan, view.packed);
    check_json(view.packed, scan->attachments);
}

static void check_scan(sio_str input)
{
    struct sio__scan scan;
    sio_args *args;
    sio_status valid = sio__scan(input, SIO_MAX_DEPTH, &scan);
    CHECK(sio_args_new(&args) == SIO_OK);
    sio_status taken = sio_args_msgpack(args, input);
    CHECK(input.len == 0 || taken == valid);
    if (valid == SIO_OK) {
        sio_cursor c = sio_cursor_at(input);
        size_t values = 0;
        for (; !sio_cursor_done(&c); values++)
            CHECK(sio_cursor_skip(&c) == SIO_OK);
        CHECK(values == scan.values);
        if (input.len > 0)
            check_builder(args, input, &scan);
    }
    sio_args_free(args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str input = sio_str_of(data, size);
    sio_buf text;
    check_against_oracle(input);
    check_counts(input);
    check_scan(input);
    sio_buf_init(&text);
    if (sio_json_write(input, NULL, NULL, &text) != SIO_OK)
        CHECK(text.len == 0);
    sio_buf_fini(&text);
    return 0;
}
