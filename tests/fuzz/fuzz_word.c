/* SPDX-License-Identifier: MIT */
/* The argument rule of sio-emit: a word is JSON exactly if the rule says so and the JSON
 * reader agrees, a string with its own bytes otherwise. */
#include "fuzz.h"

#include <sio/value.h>

#include "args.h"
#include "value/pack.h"
#include "value/utf8.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether the word is one JSON text with nothing around it. */
static bool is_bare_json(sio_str word, sio_buf *packed)
{
    return sio_json_read(word, 0, packed, NULL) == SIO_OK && !is_space(word.ptr[0]) &&
           !is_space(word.ptr[word.len - 1]);
}

static void check_kind(sio_str word, bool is_json)
{
    bool opens = word.len > 0 && memchr("{[\"", word.ptr[0], 3) != NULL;
    switch (word_classify(word)) {
    case WORD_MUST_BE:
        CHECK(opens);
        break;
    case WORD_JSON:
        CHECK(is_json && !opens);
        break;
    case WORD_STRING:
        CHECK(!is_json && !opens);
        break;
    }
}

static void check_added(sio_str word, sio_str packed, sio_args *args)
{
    char why[128] = "";
    bool reads = packed.len > 0;
    sio_status status = word_add(args, word, why, sizeof why);
    sio_str got = sio_args_packed(args);
    sio_buf string;
    sio_buf_init(&string);
    switch (word_classify(word)) {
    case WORD_MUST_BE:
        CHECK((status == SIO_OK) == reads);
        /* fallthrough */
    case WORD_JSON:
        CHECK(status != SIO_OK || sio_str_eq(got, packed));
        break;
    case WORD_STRING:
        CHECK((status == SIO_OK) == (sio__utf8_check(word) != SIO__UTF8_INVALID));
        CHECK(sio__pack_str(&string, word) == SIO_OK);
        CHECK(status != SIO_OK || sio_str_eq(got, sio_buf_str(&string)));
        break;
    }
    CHECK(status == SIO_OK || (why[0] != '\0' && got.len == 0));
    sio_buf_fini(&string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str word = sio_str_of(data, size);
    sio_args *args;
    sio_buf packed;
    sio_buf_init(&packed);
    CHECK(sio_args_new(&args) == SIO_OK);
    check_kind(word, is_bare_json(word, &packed));
    check_added(word, sio_buf_str(&packed), args);
    sio_buf_fini(&packed);
    sio_args_free(args);
    return 0;
}
