/* SPDX-License-Identifier: MIT */
/* Answers that are read in full: cut anywhere they give the same list, whose tokens hold
 * together; and what is read out of it, as of a sentinel's answer, is sound. */
#include "fuzz.h"

#include "link/answer.h"
#include "link/sentinel_view.h"

enum { MAX_BYTES = 1 << 20 };

static void check_tokens(const struct sio__listing *answer)
{
    CHECK(answer->count > 0);
    CHECK(sio__answer_skip(answer, 0) == answer->count);
    for (size_t i = 0; i < answer->count; i++) {
        const struct sio__token *token = &answer->tokens[i];
        size_t next = sio__answer_skip(answer, i);
        int64_t number = sio__token_number(token, UINT16_MAX);
        CHECK(next > i && next <= answer->count);
        CHECK(number >= -1 && number <= UINT16_MAX);
        if (token->type == SIO__TOKEN_TEXT || token->type == SIO__TOKEN_STATUS ||
            token->type == SIO__TOKEN_ERROR)
            CHECK(token->number >= 0 && token->text[token->number] == '\0');
    }
}

static void check_place(const struct sio__place *place)
{
    char text[SIO__PLACE_TEXT];
    CHECK(place->name[0] != '\0' && place->port > 0);
    CHECK(memchr(place->name, '\0', sizeof place->name) != NULL);
    sio__place_print(place, text, sizeof text);
    CHECK(sio__place_same(place, place) && strlen(text) > strlen(place->name));
}

static void check_sentinel(const struct sio__listing *answer)
{
    struct sio__place place;
    struct sio__sentinel_other other;
    size_t index = 0, before = 0;
    if (sio__sentinel_read_address(answer, &place) == SIO__SENTINEL_KNOWN)
        check_place(&place);
    CHECK(sio__sentinel_read_epoch(answer) >= 0);
    for (; sio__sentinel_read_other(answer, &index, &other); before = index) {
        CHECK(index > before && index <= answer->count);
        CHECK(strlen(other.id) < sizeof other.id);
        check_place(&other.place);
    }
    for (size_t i = 0; i < answer->count; i++) {
        if (answer->tokens[i].type == SIO__TOKEN_TEXT)
            (void)sio__sentinel_is_about(answer->tokens[i].text, "m");
    }
}

static void check_same(const struct sio__listing *a, const struct sio__listing *b)
{
    CHECK(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct sio__token *x = &a->tokens[i], *y = &b->tokens[i];
        CHECK(x->type == y->type && x->number == y->number && !x->text == !y->text);
        if (x->text != NULL)
            CHECK(memcmp(x->text, y->text, (size_t)x->number) == 0);
    }
}

/* The next answer of a reader that has been fed `at` bytes so far, `step` at a time. */
static sio_status read_next(struct sio__answer_reader *reader, sio_str stream, size_t *at,
                            size_t step, struct sio__listing *answer, bool *done)
{
    sio_status status = sio__answer_feed(reader, NULL, 0, answer, done);
    while (status == SIO_OK && !*done && *at < stream.len) {
        size_t len = stream.len - *at < step ? stream.len - *at : step;
        status = sio__answer_feed(reader, stream.ptr + *at, len, answer, done);
        *at += len;
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str stream = sio_str_of((const char *)data, size);
    size_t step = 1 + fuzz_byte(&stream) % 16, whole_at = 0, cut_at = 0;
    struct sio__answer_reader *whole = sio__answer_reader_new(MAX_BYTES);
    struct sio__answer_reader *cut = sio__answer_reader_new(MAX_BYTES);
    bool more = whole != NULL && cut != NULL;
    CHECK(more);
    while (more) {
        struct sio__listing a, b;
        bool a_done = false, b_done = false;
        sio_status status = read_next(whole, stream, &whole_at, stream.len, &a, &a_done);
        CHECK(read_next(cut, stream, &cut_at, step, &b, &b_done) == status);
        CHECK(a_done == b_done && (status == SIO_OK || status == SIO_EREDIS));
        more = status == SIO_OK && a_done;
        if (status == SIO_EREDIS)
            CHECK(sio__answer_reader_error(whole)[0] != '\0');
        if (!more)
            break;
        check_same(&a, &b);
        check_tokens(&a);
        check_sentinel(&a);
        sio__answer_fini(&a);
        sio__answer_fini(&b);
    }
    sio__answer_reader_free(whole);
    sio__answer_reader_free(cut);
    return 0;
}
