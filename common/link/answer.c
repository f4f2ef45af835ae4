/* SPDX-License-Identifier: MIT */
/* redisReader with reply functions that append to a list. */
#include "link/answer.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include <sio/buf.h>

#include "link/reader.h"

enum { FEED_MAX = 16 * 1024 /* at a time: hiredis moves around what it has not used */ };

struct sio__answer_reader {
    redisReader *redis;
    size_t max_bytes, fed; /* fed: in answers not complete yet */
    const char *error;
    bool no_memory;
    sio_buf tokens, texts; /* of the answer being read; token.text is an offset until then */
};

/* -- the list -- */

void sio__answer_fini(struct sio__listing *answer)
{
    free(answer->tokens);
    free(answer->texts);
    *answer = (struct sio__listing){NULL, 0, NULL};
}

size_t sio__answer_skip(const struct sio__listing *answer, size_t index)
{
    for (uint64_t left = 1; left > 0 && index < answer->count; left--) {
        const struct sio__token *token = &answer->tokens[index++];

        if (token->type == SIO__TOKEN_ARRAY)
            left += (uint64_t)token->number;
    }
    return index;
}

bool sio__token_is(const struct sio__token *token, const char *text)
{
    return (token->type == SIO__TOKEN_TEXT || token->type == SIO__TOKEN_STATUS) &&
           (size_t)token->number == strlen(text) &&
           memcmp(token->text, text, (size_t)token->number) == 0;
}

int64_t sio__token_number(const struct sio__token *token, int64_t max)
{
    int64_t number = 0;

    if (token->type == SIO__TOKEN_INTEGER)
        return token->number >= 0 && token->number <= max ? token->number : -1;
    if (token->type != SIO__TOKEN_TEXT || token->number == 0 || token->number > 18)
        return -1;
    for (int64_t i = 0; i < token->number; i++) {
        if (token->text[i] < '0' || token->text[i] > '9')
            return -1;
        number = number * 10 + (token->text[i] - '0');
    }
    return number <= max ? number : -1;
}

/* -- what hiredis finds -- */

static struct sio__answer_reader *self(const redisReadTask *task)
{
    return task->privdata;
}

/* What a reply function returns is only handed around: any pointer but NULL says that all
 * is well. */
static void *add(const redisReadTask *task, enum sio__token_type type, int64_t number,
                 const char *text)
{
    struct sio__answer_reader *reader = self(task);
    struct sio__token token = {type, number, NULL};

    if (text != NULL && (sio_buf_append(&reader->texts, text, (size_t)number) != SIO_OK ||
                         sio_buf_append(&reader->texts, "", 1) != SIO_OK))
        reader->no_memory = true;
    if (sio_buf_append(&reader->tokens, (const char *)&token, sizeof token) != SIO_OK)
        reader->no_memory = true;
    return reader->no_memory ? NULL : reader;
}

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    enum sio__token_type type = task->type == REDIS_REPLY_ERROR    ? SIO__TOKEN_ERROR
                                : task->type == REDIS_REPLY_STATUS ? SIO__TOKEN_STATUS
                                                                   : SIO__TOKEN_TEXT;

    return add(task, type, (int64_t)len, text);
}

static void *on_array(const redisReadTask *task, sio__reader_elements elements)
{
    struct sio__answer_reader *reader = self(task);

    reader->error = sio__reader_refuses(task, elements);
    if (reader->error != NULL)
        return NULL;
    return add(task, SIO__TOKEN_ARRAY, (int64_t)elements, NULL);
}

static void *on_integer(const redisReadTask *task, long long number)
{
    return add(task, SIO__TOKEN_INTEGER, number, NULL);
}

static void *on_nil(const redisReadTask *task)
{
    return add(task, SIO__TOKEN_NIL, 0, NULL);
}

static void on_free(void *object)
{
    (void)object; /* it is the reader */
}

static redisReplyObjectFunctions functions = {.createString = on_string,
                                              .createArray = on_array,
                                              .createInteger = on_integer,
                                              .createNil = on_nil,
                                              .freeObject = on_free};

/* -- the reader -- */

struct sio__answer_reader *sio__answer_reader_new(size_t max_bytes)
{
    struct sio__answer_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return NULL;
    reader->redis = redisReaderCreateWithFunctions(&functions);
    if (reader->redis == NULL) {
        free(reader);
        return NULL;
    }
    reader->redis->privdata = reader;
    reader->max_bytes = max_bytes;
    sio_buf_init(&reader->tokens);
    sio_buf_init(&reader->texts);
    return reader;
}

void sio__answer_reader_free(struct sio__answer_reader *reader)
{
    if (reader == NULL)
        return;
    redisReaderFree(reader->redis);
    sio_buf_fini(&reader->tokens);
    sio_buf_fini(&reader->texts);
    free(reader);
}

static sio_status fail(struct sio__answer_reader *reader)
{
    if (reader->no_memory || (reader->error == NULL && reader->redis->err == REDIS_ERR_OOM))
        return SIO_ENOMEM;
    if (reader->error == NULL)
        reader->error = reader->redis->errstr;
    return SIO_EREDIS;
}

/* Texts were appended in the order of the tokens. */
static void hand_over(struct sio__answer_reader *reader, struct sio__listing *answer)
{
    const char *text = reader->texts.ptr;

    answer->tokens = (struct sio__token *)(void *)reader->tokens.ptr;
    answer->count = reader->tokens.len / sizeof(struct sio__token);
    answer->texts = reader->texts.ptr;
    for (size_t i = 0; i < answer->count; i++) {
        struct sio__token *token = &answer->tokens[i];

        if (token->type != SIO__TOKEN_TEXT && token->type != SIO__TOKEN_STATUS &&
            token->type != SIO__TOKEN_ERROR)
            continue;
        token->text = text;
        text += token->number + 1;
    }
    sio_buf_init(&reader->tokens);
    sio_buf_init(&reader->texts);
}

static sio_status look(struct sio__answer_reader *reader, struct sio__listing *answer, bool *done)
{
    void *object = NULL;

    /* Asked with nothing left, it would take itself to be within the next answer. */
    if (reader->redis->pos == reader->redis->len)
        return SIO_OK;
    if (redisReaderGetReply(reader->redis, &object) != REDIS_OK)
        return fail(reader);
    if (object == NULL)
        return SIO_OK;
    *done = true;
    reader->fed = reader->redis->len - reader->redis->pos;
    hand_over(reader, answer);
    return SIO_OK;
}

sio_status sio__answer_feed(struct sio__answer_reader *reader, const char *bytes, size_t len,
                            struct sio__listing *answer, bool *done)
{
    sio_status status = SIO_OK;

    *done = false;
    if (len == 0)
        return look(reader, answer, done);
    reader->fed += len;
    while (len > 0 && status == SIO_OK) {
        size_t piece = len < FEED_MAX ? len : FEED_MAX;

        if (redisReaderFeed(reader->redis, bytes, piece) != REDIS_OK)
            return fail(reader);
        bytes += piece;
        len -= piece;
        if (!*done)
            status = look(reader, answer, done);
    }
    if (status == SIO_OK && !*done && reader->fed > reader->max_bytes) {
        reader->error = "a longer answer than is allowed";
        status = SIO_EREDIS;
    }
    return status;
}

const char *sio__answer_reader_error(const struct sio__answer_reader *reader)
{
    return reader->error != NULL ? reader->error : "";
}
