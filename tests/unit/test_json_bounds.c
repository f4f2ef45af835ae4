/* SPDX-License-Identifier: MIT */
/* Reading JSON text at its bounds: cut and damaged texts, depth, length, keys, time. */
#include "unit.h"

#include <sys/mman.h>
#include <time.h>

#include <sio/value.h>

#include "value/json.h"
#include "value/json_order.h"
#include "value/pack.h"

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

/* ---- lengths ---- */

/* Twice in an object, where the last one counts, and the same without its escape. */
static void check_as_keys(sio_str text, sio_str packed)
{
    sio_buf object, got, want;
    sio_buf_init(&object);
    sio_buf_init(&got);
    sio_buf_init(&want);
    assert_int_equal(sio_buf_append(&object, "{", 1), SIO_OK);
    assert_int_equal(sio_buf_append(&object, text.ptr, text.len), SIO_OK);
    assert_int_equal(sio_buf_append(&object, ":1,\"", 4), SIO_OK);
    assert_int_equal(sio_buf_append(&object, text.ptr + 3, text.len - 3), SIO_OK);
    assert_int_equal(sio_buf_append(&object, ":2,", 3), SIO_OK);
    assert_int_equal(sio_buf_append(&object, text.ptr, text.len), SIO_OK);
    assert_int_equal(sio_buf_append(&object, ":3}", 3), SIO_OK);
    assert_int_equal(sio_json_read(sio_buf_str(&object), 0, &got, NULL), SIO_OK);
    assert_int_equal(sio_buf_append(&want, "\x82", 1), SIO_OK);
    assert_int_equal(sio_buf_append(&want, packed.ptr, packed.len), SIO_OK);
    assert_int_equal(sio_buf_append(&want, "\x03", 1), SIO_OK);
    assert_int_equal(sio__pack_str(&want, sio_str_of(text.ptr + 3, text.len - 4)), SIO_OK);
    assert_int_equal(sio_buf_append(&want, "\x02", 1), SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(&got), sio_buf_str(&want)));
    sio_buf_fini(&object);
    sio_buf_fini(&got);
    sio_buf_fini(&want);
}

/* A string with an escape gets its header when its end is known. */
static void changed_strings_of_any_length(void **state)
{
    static const size_t lens[] = {1, 31, 32, 255, 256, 65535, 65536, 100000}; /* as keys, too */
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        sio_buf text, got, want;
        char *value = malloc(lens[i]);
        assert_non_null(value);
        memset(value, 'x', lens[i]);
        value[0] = '\n';
        sio_buf_init(&text);
        sio_buf_init(&got);
        sio_buf_init(&want);
        assert_int_equal(sio_buf_append(&text, "\"\\n", 3), SIO_OK);
        assert_int_equal(sio_buf_append(&text, value + 1, lens[i] - 1), SIO_OK);
        assert_int_equal(sio_buf_append(&text, "\"", 1), SIO_OK);
        assert_int_equal(sio_json_read(sio_buf_str(&text), 0, &got, NULL), SIO_OK);
        assert_int_equal(sio__pack_str(&want, sio_str_of(value, lens[i])), SIO_OK);
        assert_true(sio_str_eq(sio_buf_str(&got), sio_buf_str(&want)));
        check_as_keys(sio_buf_str(&text), sio_buf_str(&want));
        sio_buf_fini(&text);
        sio_buf_fini(&got);
        sio_buf_fini(&want);
        free(value);
    }
}

/* In keys that are looked at closely, too. */
static void mistakes_in_long_keys(void **state)
{
    (void)state;
    assert_int_equal(read_exactly("{\"a key of some length \\x\":1}", 30), SIO_EINVAL);
    assert_int_equal(read_exactly("{\"a key of some length", 22), SIO_EINVAL);
    assert_int_equal(read_exactly("{\"\\x                        \":1}", 32), SIO_EINVAL);
}

/* Told by its length alone: the memory is only reserved. */
static void longer_than_512_mib(void **state)
{
    size_t len = (size_t)512 * 1024 * 1024 + 1;
    sio_json_error error;
    sio_buf out;
    (void)state;
    void *text = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(text, MAP_FAILED);
    sio_buf_init(&out);
    assert_int_equal(sio_json_read(sio_str_of(text, len), 0, &out, &error), SIO_EINVAL);
    assert_string_equal(error.what, "longer than 512 MiB");
    assert_int_equal(error.offset, 0);
    assert_int_equal(sio_json_read(sio_str_of(text, len - 1), 0, &out, &error), SIO_EINVAL);
    assert_string_equal(error.what, "expected a value"); /* U+0000 */
    sio_buf_fini(&out);
    munmap(text, len);
}

/* ---- keys that the reader's tag does not tell apart ---- */

enum { KEYS = 1 << 19, KEY_MAX = 16 };

/* Scattered, of seven to ten characters. */
static int make_key(uint32_t number, char key[KEY_MAX])
{
    return snprintf(key, KEY_MAX, "%c%0*x", 'a' + (int)(number >> 8 & 15), 6 + (int)(number & 3),
                    (number * 0x9e3779b1U) & 0xffffff);
}

static int compare_tags(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Two keys of different lengths with the same tag: among so many there are some. */
static bool find_pair(char one[KEY_MAX], char other[KEY_MAX])
{
    uint64_t *tags = malloc(KEYS * sizeof *tags);
    bool found = false;
    assert_non_null(tags);
    for (uint32_t i = 0; i < KEYS; i++) {
        int len = make_key(i, one);
        tags[i] = (uint64_t)sio__json_tag(one, (size_t)len) << 32 | i;
    }
    qsort(tags, KEYS, sizeof *tags, compare_tags);
    for (uint32_t i = 1; i < KEYS && !found; i++) {
        found = tags[i] >> 32 == tags[i - 1] >> 32 &&
                make_key((uint32_t)tags[i - 1], one) != make_key((uint32_t)tags[i], other);
    }
    free(tags);
    return found;
}

/* Keys that differ stay, in their order, in small objects and in those that get sorted. */
static void assert_kept(const char *first, const char *second, int more)
{
    char text[2048];
    sio_buf packed, written;
    int len = sprintf(text, "{\"%s\":1,\"%s\":2", first, second);
    for (int i = 0; i < more; i++)
        len += sprintf(text + len, ",\"k%d\":%d", i, i);
    text[len++] = '}';
    sio_buf_init(&packed);
    sio_buf_init(&written);
    assert_int_equal(sio_json_read(sio_str_of(text, (size_t)len), 0, &packed, NULL), SIO_OK);
    assert_int_equal(sio_json_write(sio_buf_str(&packed), NULL, NULL, &written), SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(&written), sio_str_of(text, (size_t)len)));
    sio_buf_fini(&packed);
    sio_buf_fini(&written);
}

static void keys_with_one_tag_are_told_apart(void **state)
{
    char one[KEY_MAX], other[KEY_MAX];
    (void)state;
    assert_true(find_pair(one, other));
    assert_kept(one, other, 0);
    assert_kept(other, one, 0);
    assert_kept(one, other, SIO__JSON_SCAN_MAX);
    assert_kept(other, one, SIO__JSON_SCAN_MAX);
}

/* ---- time ---- */

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
    cmocka_unit_test(changed_strings_of_any_length),
    cmocka_unit_test(mistakes_in_long_keys),
    cmocka_unit_test(longer_than_512_mib),
    cmocka_unit_test(keys_with_one_tag_are_told_apart),
    cmocka_unit_test(hostile_texts_stay_cheap),
};

SIO_TEST_MAIN(tests)
