/* SPDX-License-Identifier: MIT */
/* JSONTestSuite (https://github.com/nst/JSONTestSuite): y_ accepted, n_ refused, and what is
 * left open (i_) decided as JSON.parse decides it (fixtures/json/suite.txt). */
#include "unit.h"

#include <sio/value.h>

static char *read_file(const char *name, size_t *len)
{
    char path[1024];
    snprintf(path, sizeof path, SIO_FIXTURES "/jsontestsuite/test_parsing/%s", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("cannot open %s", path);
    size_t cap = 1 << 20; /* the largest has 250 KB */
    char *text = malloc(cap);
    assert_non_null(text);
    *len = fread(text, 1, cap, file);
    assert_true(*len < cap);
    fclose(file);
    char *exact = realloc(text, *len > 0 ? *len : 1); /* so that a byte beyond is seen */
    return exact != NULL ? exact : text;
}

static void check(const char *name, bool accept)
{
    size_t len;
    char *text = read_file(name, &len);
    sio_buf packed;
    sio_json_error error;
    sio_buf_init(&packed);
    assert_int_equal(sio_buf_append(&packed, "!", 1), SIO_OK);
    sio_status status = sio_json_read(sio_str_of(text, len), 0, &packed, &error);
    if (accept != (status == SIO_OK))
        fail_msg("%s: %s", name, accept ? error.what : "accepted");
    if (accept) {
        sio_buf again;
        sio_buf_init(&again);
        sio_cursor cursor = sio_cursor_at(sio_str_of(packed.ptr + 1, packed.len - 1));
        assert_int_equal(sio_cursor_skip(&cursor), SIO_OK);
        assert_true(sio_cursor_done(&cursor));
        assert_int_equal(
            sio_json_write(sio_str_of(packed.ptr + 1, packed.len - 1), NULL, NULL, &again), SIO_OK);
        sio_buf_fini(&again);
        assert_null(error.what);
    } else {
        assert_int_equal(status, SIO_EINVAL);
        assert_int_equal(packed.len, 1);
        assert_non_null(error.what);
        assert_true(error.offset <= len);
    }
    sio_buf_fini(&packed);
    free(text);
}

/* Check the files whose names begin with `kind`; returns how many there are. */
static int check_all(char kind)
{
    FILE *list = fopen(SIO_FIXTURES "/json/suite.txt", "r");
    char line[512];
    int count = 0;
    assert_non_null(list);
    while (fgets(line, sizeof line, list) != NULL) {
        char *verdict = strrchr(line, ' '); /* names hold no newline, but one may hold a space */
        assert_non_null(verdict);
        *verdict++ = '\0';
        bool accept = strcmp(verdict, "accept\n") == 0;
        if (line[0] != kind)
            continue;
        if (kind != 'i')
            assert_int_equal(accept, kind == 'y');
        check(line, accept);
        count++;
    }
    fclose(list);
    return count;
}

static void accepts_valid(void **state)
{
    (void)state;
    assert_int_equal(check_all('y'), 95);
}

static void refuses_invalid(void **state)
{
    (void)state;
    assert_int_equal(check_all('n'), 188);
}

static void decides_as_json_parse(void **state)
{
    (void)state;
    assert_int_equal(check_all('i'), 35);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(accepts_valid),
    cmocka_unit_test(refuses_invalid),
    cmocka_unit_test(decides_as_json_parse),
};

SIO_TEST_MAIN(tests)
