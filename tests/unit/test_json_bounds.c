/* SPDX-License-Identifier: MIT */
/* Reading JSON text at its bounds: cut and damaged texts, depth, memory, time. */
#include "unit.h"

#include <time.h>

#include <sio/value.h>

#include "value/json.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OWN_MALLOC 0
#endif
#endif
#ifndef OWN_MALLOC
#define OWN_MALLOC 1
#endif

#if OWN_MALLOC
/* malloc() in front of libc's, to count calls and to make the n-th one fail. */
static volatile size_t allocations; /* the compiler thinks malloc() changes no variable */
static size_t fail_from = SIZE_MAX;

extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *memory, size_t size);
void *malloc(size_t size)
{
    allocations = allocations + 1;
    return allocations > fail_from ? NULL : __libc_malloc(size);
}
void *realloc(void *memory, size_t size)
{
    allocations = allocations + 1;
    return allocations > fail_from ? NULL : __libc_realloc(memory, size);
}
#endif

/* `count` times `element` in brackets. */
static sio_str repeat(const char *open, const char *element, size_t count, const char *close,
                      sio_buf *buf)
{
    sio_buf_init(buf);
    assert_int_equal(sio_buf_append(buf, open, strlen(open)), SIO_OK);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            assert_int_equal(sio_buf_append(buf, ",", 1), SIO_OK);
        assert_int_equal(sio_buf_append(buf, element, strlen(element)), SIO_OK);
    }
    assert_int_equal(sio_buf_append(buf, close, strlen(close)), SIO_OK);
    return sio_buf_str(buf);
}

/* Each text is read from memory that ends with it, so that ASan and valgrind see more. */
static sio_status read_exactly(const char *text, size_t len)
{
    char *exact = malloc(len > 0 ? len : 1);
    sio_buf out;
    sio_json_error error;
    assert_non_null(exact);
    memcpy(exact, text, len);
    sio_buf_init(&out);
    sio_status status = sio_json_read(sio_str_of(exact, len), 0, &out, &error);
    if (status != SIO_OK) {
        assert_int_equal(out.len, 0);
        assert_true(error.offset <= len);
    }
    sio_buf_fini(&out);
    free(exact);
    return status;
}

static void every_prefix_is_refused(void **state)
{
    static const char text[] =
        "{\"id\":1234567,\"uuid\":\"3f2504e0-4f89-11d3-9a0c-0305e82c3301\",\"price\":-129.99e+1,"
        "\"tags\":[\"alpha\",\"\\ud83d\\ude00\",true,false,null,{}],\"0\":{\"a\":[],\"a\":[[1],2]},"
        "\"caf\xc3\xa9\":\"\xe4\xb8\xad\xe6\x96\x87 and some longer text \xf0\x9f\x98\x80\"}";
    (void)state;
    for (size_t len = 0; len < sizeof text - 1; len++)
        assert_int_equal(read_exactly(text, len), SIO_EINVAL);
    assert_int_equal(read_exactly(text, sizeof text - 1), SIO_OK);
}

static void every_byte_changed(void **state)
{
    char text[] = "{\"a\":[1.5,\"\\u00e9x\"],\"1\":{\"b\":null,\"b\":true}}";
    (void)state;
    for (size_t at = 0; at < sizeof text - 1; at++) {
        char before = text[at];
        for (int c = 0; c < 256; c++) {
            text[at] = (char)c;
            sio_status status = read_exactly(text, sizeof text - 1);
            assert_true(status == SIO_OK || status == SIO_EINVAL);
        }
        text[at] = before;
    }
}

static void depth(void **state)
{
    sio_buf out;
    sio_json_error error;
    unsigned has = 0;
    (void)state;
    sio_buf_init(&out);
    assert_int_equal(sio_json_read(SIO_STR("[[{}]]"), 3, &out, &error), SIO_OK);
    assert_int_equal(sio_json_read(SIO_STR("[[{}]]"), 2, &out, &error), SIO_EINVAL);
    assert_string_equal(error.what, "nested too deep");
    assert_int_equal(error.offset, 2);
    assert_int_equal(sio__json_read(SIO_STR("1"), 0, &out, NULL, &has), SIO_OK);
    assert_int_equal(sio__json_read(SIO_STR("[]"), 0, &out, NULL, &has), SIO_EINVAL);

    size_t levels = 1000000;
    char *text = malloc(2 * levels);
    assert_non_null(text);
    memset(text, '[', levels);
    memset(text + levels, ']', levels);
    assert_int_equal(sio_json_read(sio_str_of(text, 2 * levels), 0, &out, &error), SIO_EINVAL);
    assert_int_equal(error.offset, SIO_MAX_DEPTH);
    sio_buf_clear(&out);
    assert_int_equal(sio_json_read(sio_str_of(text, 2 * levels), (unsigned)levels, &out, &error),
                     SIO_OK);
    assert_int_equal(out.len, levels);
    assert_int_equal((unsigned char)out.ptr[levels - 1], 0x90);
    assert_int_equal((unsigned char)out.ptr[0], 0x91);
    free(text);
    sio_buf_fini(&out);
}

#if OWN_MALLOC
/* valgrind puts its own in front of ours. */
static void require_own_malloc(void)
{
    size_t before = allocations;
    void *(*volatile allocate)(size_t) = malloc; /* not the one inlined here */
    free(allocate(1));
    if (allocations == before)
        SIO_SKIP("another malloc is in front of the test's");
}

static void no_allocation_when_small(void **state)
{
    static const char text[] =
        "{\"id\":1234567,\"type\":\"order.updated\",\"tags\":[\"alpha\",\"beta\"],\"price\":129.99,"
        "\"note\":\"with an \\\"escape\\\" in a text of more than sixteen "
        "bytes\",\"n\":[1,2,3,4,5,6,7,"
        "8,9,10,11,12,13,14,15,16,17],\"customer\":{\"name\":\"Jane\",\"geo\":{\"lat\":48.8566}}}";
    char memory[1024];
    sio_buf out;
    (void)state;
    sio_buf_init_on(&out, memory, sizeof memory);
    require_own_malloc();
    size_t before = allocations;
    sio_status status = sio_json_read(sio_str_of(text, sizeof text - 1), 0, &out, NULL);
    size_t made = allocations - before;
    assert_int_equal(status, SIO_OK);
    assert_int_equal(made, 0);
    assert_ptr_equal(out.ptr, memory);
}

/* Fail from the n-th allocation on, n rising until it succeeds. */
static void check_memory(sio_str text)
{
    sio_status status = SIO_ENOMEM;
    for (size_t n = 0; status != SIO_OK; n++) {
        sio_buf out;
        sio_json_error error;
        assert_true(n < 1000);
        sio_buf_init(&out);
        assert_int_equal(sio_buf_append(&out, "kept", 4), SIO_OK);
        fail_from = allocations + n;
        status = sio_json_read(text, 2000, &out, &error);
        fail_from = SIZE_MAX;
        assert_true(status == SIO_OK || status == SIO_ENOMEM);
        assert_null(error.what);
        if (status != SIO_OK)
            assert_int_equal(out.len, 4);
        assert_memory_equal(out.ptr, "kept", 4);
        sio_buf_fini(&out);
    }
}

static void no_memory(void **state)
{
    sio_buf text;
    (void)state;
    require_own_malloc();
    repeat("[", "{\"b\":[{\"x\":1,\"x\":2}],\"0\":\"\xff\\ud83d\",\"a\":123456}", 50, "]", &text);
    check_memory(sio_buf_str(&text));
    sio_buf_fini(&text);
    repeat("{\"k\":", "[1.5,\"a text of more than sixteen bytes\"]", 1, "}", &text);
    check_memory(sio_buf_str(&text));
    sio_buf_fini(&text);

    char keys[8192] = "{";
    size_t len = 1;
    for (int i = 0; i < 300; i++)
        len += (size_t)sprintf(keys + len, "%s\"%d\":%d", i > 0 ? "," : "", 300 - i, i);
    keys[len++] = '}';
    check_memory(sio_str_of(keys, len));
    memset(keys, '[', 1000);
    memset(keys + 1000, ']', 1000);
    check_memory(sio_str_of(keys, 2000));
}
#else
static void no_allocation_when_small(void **state)
{
    (void)state;
    SIO_SKIP("the sanitizer has a malloc of its own");
}

static void no_memory(void **state)
{
    (void)state;
    SIO_SKIP("the sanitizer has a malloc of its own");
}
#endif

/* Texts of any size that are made to be slow. */
static void make_repeated_keys(sio_buf *text, size_t n)
{
    repeat("{", "\"a\":1", n / 6, "}", text);
}

static void make_falling_indices(sio_buf *text, size_t n)
{
    sio_buf_init(text);
    for (size_t i = n / 11; i > 0; i--) {
        char member[32];
        int len = sprintf(member, "%c\"%zu\":1", i == n / 11 ? '{' : ',', i + 1000000);
        assert_int_equal(sio_buf_append(text, member, (size_t)len), SIO_OK);
    }
    assert_int_equal(sio_buf_append(text, "}", 1), SIO_OK);
}

/* The reader tells keys apart by their ends before it compares them whole. */
static void make_similar_keys(sio_buf *text, size_t n)
{
    sio_buf_init(text);
    for (size_t i = 0; i < n / 30; i++) {
        char member[48];
        int len = sprintf(member, "%c\"aaaaaaaa%08zubbbbbbbb\":1", i == 0 ? '{' : ',', i);
        assert_int_equal(sio_buf_append(text, member, (size_t)len), SIO_OK);
    }
    assert_int_equal(sio_buf_append(text, "}", 1), SIO_OK);
}

/* An array moved once for each object around it would be moved a thousand times. */
static void make_nested_moves(sio_buf *text, size_t n)
{
    sio_buf_init(text);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sio_buf_append(text, "{\"b\":1,\"0\":", 11), SIO_OK);
    assert_int_equal(sio_buf_append(text, "[1", 2), SIO_OK);
    for (size_t i = 0; i < n / 2; i++)
        assert_int_equal(sio_buf_append(text, ",1", 2), SIO_OK);
    assert_int_equal(sio_buf_append(text, "]", 1), SIO_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sio_buf_append(text, "}", 1), SIO_OK);
}

static void make_wide_arrays(sio_buf *text, size_t n)
{
    repeat("[", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", n / 34, "]", text);
}

static void make_long_number(sio_buf *text, size_t n)
{
    repeat("0.", "", 1, "", text);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(sio_buf_append(text, "3", 1), SIO_OK);
}

static void make_open_string(sio_buf *text, size_t n)
{
    repeat("[\"", "", 1, "", text);
    for (size_t i = 0; i < n / 2; i++)
        assert_int_equal(sio_buf_append(text, "\\\"", 2), SIO_OK);
}

/* CPU time of the fastest of three readings. */
static double seconds_for(void (*make)(sio_buf *text, size_t n), size_t n)
{
    sio_buf text;
    sio_buf out;
    double best = 1e9;
    make(&text, n);
    sio_buf_init(&out);
    for (int i = 0; i < 3; i++) {
        struct timespec from;
        struct timespec to;
        sio_buf_clear(&out);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        sio_json_read(sio_buf_str(&text), 0, &out, NULL);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        double took = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
        best = took < best ? took : best;
    }
    sio_buf_fini(&out);
    sio_buf_fini(&text);
    return best;
}

/* Sixteen times the text: quadratic work would take 256 times as long. */
static void hostile_texts_stay_cheap(void **state)
{
    static void (*const makers[])(sio_buf *, size_t) = {
        make_repeated_keys, make_falling_indices, make_similar_keys, make_nested_moves,
        make_wide_arrays,   make_long_number,     make_open_string};
    (void)state;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
        double small = seconds_for(makers[i], 1 << 16);
        double large = seconds_for(makers[i], 1 << 20);
        if (large > 80 * small + 0.02)
            fail_msg("text %zu: 64 KiB in %.6f s, 1 MiB in %.6f s", i, small, large);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_prefix_is_refused),
    cmocka_unit_test(every_byte_changed),
    cmocka_unit_test(depth),
    cmocka_unit_test(no_allocation_when_small),
    cmocka_unit_test(no_memory),
    cmocka_unit_test(hostile_texts_stay_cheap),
};

SIO_TEST_MAIN(tests)
