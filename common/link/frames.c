/* SPDX-License-Identifier: MIT */
/* redisReader with reply functions that keep the texts of an array's first elements. */
#include "link/frames.h"

#include <stdlib.h>
#include <string.h>

enum { FEED_MAX = 16 * 1024 /* at a time: hiredis moves around what it has not used */ };

static struct sio__frame_reader *self(const redisReadTask *task)
{
    return task->privdata;
}

/* A value. Any pointer but NULL says that all is well. */
static void *take(const redisReadTask *task, bool is_text, const char *text, size_t len)
{
    struct sio__frame_reader *reader = self(task);
    size_t i = (size_t)task->idx;

    if (task->parent == NULL) {
        reader->type = task->type;
        reader->elements = 1;
        i = 0;
        is_text = text != NULL;
    } else if (task->parent->parent != NULL || i >= SIO__ELEMENTS) {
        return reader;
    }
    reader->is_text[i] = is_text;
    if (is_text && sio_buf_append(&reader->kept, text, len) != SIO_OK)
        reader->no_memory = true;
    reader->ends[i] = reader->kept.len;
    return reader->no_memory ? NULL : reader;
}

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    return take(task, task->type == REDIS_REPLY_STRING, text, len);
}

static void *on_array(const redisReadTask *task, sio__reader_elements elements)
{
    struct sio__frame_reader *reader = self(task);

    reader->error = sio__reader_refuses(task, elements);
    if (reader->error != NULL)
        return NULL;
    if (task->parent != NULL)
        return take(task, false, NULL, 0);
    reader->type = REDIS_REPLY_ARRAY;
    reader->elements = (size_t)elements;
    return reader;
}

static void *on_integer(const redisReadTask *task, long long number)
{
    (void)number;
    return take(task, false, NULL, 0);
}

static void *on_nil(const redisReadTask *task)
{
    return take(task, false, NULL, 0);
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

static sio_status begin(struct sio__frame_reader *reader)
{
    *reader = (struct sio__frame_reader){.redis = redisReaderCreateWithFunctions(&functions)};
    if (reader->redis == NULL)
        return SIO_ENOMEM;
    reader->redis->privdata = reader;
    sio_buf_init(&reader->kept);
    return SIO_OK;
}

void sio__frame_end(struct sio__frame_reader *reader)
{
    if (reader->redis == NULL)
        return;
    redisReaderFree(reader->redis);
    reader->redis = NULL;
    sio_buf_fini(&reader->kept);
}

static sio_status fail(struct sio__frame_reader *reader)
{
    if (reader->no_memory || (reader->error == NULL && reader->redis->err == REDIS_ERR_OOM))
        return SIO_ENOMEM;
    if (reader->error == NULL)
        reader->error = reader->redis->errstr;
    return SIO_EREDIS;
}

static void show(const struct sio__frame_reader *reader, struct sio__frame *frame)
{
    const char *kept = reader->kept.ptr != NULL ? reader->kept.ptr : "";
    size_t at = 0;

    *frame = (struct sio__frame){.type = reader->type, .elements = reader->elements};
    for (size_t i = 0; i < frame->elements && i < SIO__ELEMENTS; i++) {
        if (reader->is_text[i])
            frame->element[i] = sio_str_of(kept + at, reader->ends[i] - at);
        at = reader->ends[i];
    }
}

/* A line at a time, so that it gets little of what follows the frame. */
sio_status sio__frame_read(struct sio__frame_reader *reader, const char *at, size_t len,
                           size_t *used, struct sio__frame *frame, bool *done)
{
    const char *newline = memchr(at, '\n', len);
    void *object = NULL;

    if (reader->redis == NULL && begin(reader) != SIO_OK)
        return SIO_ENOMEM;
    if (newline != NULL)
        len = (size_t)(newline - at) + 1;
    if (len > FEED_MAX)
        len = FEED_MAX;
    if (redisReaderFeed(reader->redis, at, len) != REDIS_OK ||
        redisReaderGetReply(reader->redis, &object) != REDIS_OK)
        return fail(reader);
    *used = len;
    *done = object != NULL;
    if (*done) {
        *used -= reader->redis->len - reader->redis->pos;
        show(reader, frame);
    }
    reader->fed += *used;
    return SIO_OK;
}
