/* SPDX-License-Identifier: MIT */
/* Wraps redisReader. Runs of integers, which is what PUBLISH answers, are read before
 * it sees them: 8 ns an answer instead of 50. */
#include "link/reply.h"

#include <hiredis/hiredis.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/errors.h"
#include "link/reader.h"

struct sio__reply_reader {
    redisReader *redis;
    size_t max_frame;
    const char *error;
    char cut[24]; /* the begin of an integer whose end has not come */
    size_t cut_len;
    struct sio__reply reply; /* the one being read */
};

static struct sio__reply_reader *self(const redisReadTask *task)
{
    return task->privdata;
}

/* Where a value goes: a whole answer into the reply, an array's first element into its
 * text, the others nowhere. */
static bool is_whole(const redisReadTask *task)
{
    return task->parent == NULL;
}

static bool is_first(const redisReadTask *task) /* of one that is not whole */
{
    return is_whole(task->parent) && task->idx == 0;
}

/* What a reply function returns is only kept by hiredis and handed back by
 * redisReaderGetReply(): any pointer but NULL says that all is well. */
static void *take(const redisReadTask *task, enum sio__reply_type type, int64_t integer)
{
    struct sio__reply *reply = &self(task)->reply;

    if (is_whole(task)) {
        reply->type = type;
        reply->integer = integer;
        reply->second = -1;
        reply->text[0] = '\0';
    }
    return reply;
}

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    enum sio__reply_type type = task->type == REDIS_REPLY_ERROR    ? SIO__REPLY_ERROR
                                : task->type == REDIS_REPLY_STATUS ? SIO__REPLY_STATUS
                                : task->type == REDIS_REPLY_STRING ? SIO__REPLY_STRING
                                                                   : SIO__REPLY_OTHER;
    void *object = take(task, type, 0);

    if (is_whole(task) || is_first(task))
        sio__printable(self(task)->reply.text, sizeof self(task)->reply.text,
                       sio_str_of(text, len));
    return object;
}

static void *on_array(const redisReadTask *task, sio__reader_elements elements)
{
    self(task)->error = sio__reader_refuses(task, elements);
    if (self(task)->error != NULL)
        return NULL;
    return take(task, SIO__REPLY_ARRAY, (int64_t)elements);
}

static void *on_integer(const redisReadTask *task, long long number)
{
    if (task->parent != NULL && task->parent->parent == NULL && task->idx == 1)
        self(task)->reply.second = number;
    return take(task, SIO__REPLY_INTEGER, number);
}

static void *on_nil(const redisReadTask *task)
{
    return take(task, SIO__REPLY_NIL, 0);
}

static void on_free(void *object)
{
    (void)object; /* the reply is part of the reader */
}

static redisReplyObjectFunctions functions = {.createString = on_string,
                                              .createArray = on_array,
                                              .createInteger = on_integer,
                                              .createNil = on_nil,
                                              .freeObject = on_free};

struct sio__reply_reader *sio__reply_reader_new(size_t max_frame)
{
    struct sio__reply_reader *reader = calloc(1, sizeof *reader);

    if (reader == NULL)
        return NULL;
    reader->redis = redisReaderCreateWithFunctions(&functions);
    if (reader->redis == NULL) {
        free(reader);
        return NULL;
    }
    reader->redis->maxbuf = 0; /* do not give the buffer up whenever it is empty */
    reader->redis->privdata = reader;
    reader->max_frame = max_frame;
    return reader;
}

void sio__reply_reader_free(struct sio__reply_reader *reader)
{
    if (reader == NULL)
        return;
    redisReaderFree(reader->redis);
    free(reader);
}

/* Read ":<digits>\r\n" over and over; returns the bytes used up. */
static size_t feed_integers(struct sio__reply_reader *reader, const char *bytes, size_t len,
                            sio__reply_cb *cb, void *arg, bool *stopped)
{
    struct sio__reply *reply = &reader->reply;
    const char *at = bytes, *end = bytes + len;

    reply->type = SIO__REPLY_INTEGER;
    reply->text[0] = '\0';
    while (at < end && *at == ':') {
        const char *digit = at + 1;
        int64_t number = 0;

        while (digit < end && *digit >= '0' && *digit <= '9' && digit - at < 18)
            number = number * 10 + (*digit++ - '0');
        if (digit == at + 1 || end - digit < 2 || digit[0] != '\r' || digit[1] != '\n')
            break;
        if (at[1] == '0' && digit > at + 2)
            break; /* hiredis refuses it, and so must it be however the bytes are cut */
        at = digit + 2;
        reply->integer = number;
        if (!cb(arg, reply)) {
            *stopped = true;
            break;
        }
    }
    return (size_t)(at - bytes);
}

static bool between_answers(const redisReader *redis)
{
    return redis->ridx == -1 && redis->pos == redis->len;
}

static sio_status fail(struct sio__reply_reader *reader)
{
    if (reader->error == NULL && reader->redis->err == REDIS_ERR_OOM)
        return SIO_ENOMEM;
    if (reader->error == NULL)
        reader->error = reader->redis->errstr;
    return SIO_EREDIS;
}

/* Through hiredis. */
static sio_status feed_any(struct sio__reply_reader *reader, const char *bytes, size_t len,
                           sio__reply_cb *cb, void *arg)
{
    redisReader *redis = reader->redis;

    if (redisReaderFeed(redis, bytes, len) != REDIS_OK)
        return fail(reader);
    /* Asked with nothing left, it would take itself to be within the next answer. */
    while (redis->pos < redis->len) {
        void *object = NULL;

        if (redisReaderGetReply(redis, &object) != REDIS_OK)
            return fail(reader);
        if (object == NULL)
            break;
        if (!cb(arg, &reader->reply))
            return SIO_ECLOSED;
    }
    if (redis->len - redis->pos > reader->max_frame) {
        reader->error = "a longer answer than any command has";
        return SIO_EREDIS;
    }
    return SIO_OK;
}

/* Keep an integer that is cut off. */
static bool keep_cut(struct sio__reply_reader *reader, const char *bytes, size_t len)
{
    if (*bytes != ':' || len >= sizeof reader->cut || memchr(bytes, '\n', len) != NULL)
        return false;
    memcpy(reader->cut, bytes, len);
    reader->cut_len = len;
    return true;
}

/* Complete it; returns the bytes used up for that. */
static size_t complete_cut(struct sio__reply_reader *reader, const char *bytes, size_t len)
{
    size_t room = sizeof reader->cut - reader->cut_len;
    const char *end = memchr(bytes, '\n', len);
    size_t more = end != NULL ? (size_t)(end - bytes) + 1 : len;

    if (more > room)
        more = room;
    memcpy(reader->cut + reader->cut_len, bytes, more);
    reader->cut_len += more;
    return more;
}

static sio_status feed_run(struct sio__reply_reader *reader, const char *bytes, size_t len,
                           sio__reply_cb *cb, void *arg)
{
    bool stopped = false;
    size_t used = 0;

    if (between_answers(reader->redis))
        used = feed_integers(reader, bytes, len, cb, arg, &stopped);
    if (stopped)
        return SIO_ECLOSED;
    bytes += used;
    len -= used;
    if (len == 0 || (between_answers(reader->redis) && keep_cut(reader, bytes, len)))
        return SIO_OK;
    return feed_any(reader, bytes, len, cb, arg);
}

sio_status sio__reply_feed(struct sio__reply_reader *reader, const char *bytes, size_t len,
                           sio__reply_cb *cb, void *arg)
{
    if (reader->cut_len > 0) {
        char line[sizeof reader->cut];
        size_t used = complete_cut(reader, bytes, len), line_len = reader->cut_len;
        sio_status status;

        memcpy(line, reader->cut, line_len);
        reader->cut_len = 0;
        status = feed_run(reader, line, line_len, cb, arg);
        bytes += used;
        len -= used;
        if (status != SIO_OK)
            return status;
    }
    return len > 0 ? feed_run(reader, bytes, len, cb, arg) : SIO_OK;
}

const char *sio__reply_reader_error(const struct sio__reply_reader *reader)
{
    return reader->error != NULL ? reader->error : "";
}
