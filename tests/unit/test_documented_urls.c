/* SPDX-License-Identifier: MIT */
/* Every URL of docs/deployment.md is one. */
#include "unit.h"

#include <stdbool.h>

#include "link/url.h"

enum { MOST = 64 * 1024 };

static void assert_url(const char *text)
{
    struct sio__url url;
    char err[160] = "";

    if (sio__url_parse(text, &url, err, sizeof err) != SIO_OK)
        fail_msg("%s: %s", text, err);
    sio__url_fini(&url);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void urls_in_backticks(void **state)
{
    static char text[MOST + 1];
    FILE *file = fopen(SIO_FIXTURES "/../../docs/deployment.md", "r");
    int urls = 0;

    (void)state;
    assert_non_null(file);
    text[fread(text, 1, MOST, file)] = '\0';
    fclose(file);
    for (char *word = strtok(text, "`"); word != NULL; word = strtok(NULL, "`")) {
        bool is_url = strstr(word, "://") != NULL && strchr(word, ' ') == NULL;

        if (!is_url || ends_with(word, "://") || ends_with(word, "..."))
            continue; /* the rest is left to the reader */
        assert_url(word);
        urls++;
    }
    assert_true(urls > 15);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(urls_in_backticks),
};

SIO_TEST_MAIN(tests)
