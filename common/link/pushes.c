/* SPDX-License-Identifier: MIT */
/* The buffer is read in large pieces and scanned where it lies: 30 ns a message, where
 * hiredis's reader takes 100 and wants to be fed (copied) 16 KiB at a time. The scan knows
 * only what Redis writes; at anything else it leaves the frame to hiredis, whose word is
 * the last. A frame that does not fit has the buffer grow. */
#include "link/pushes.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include <sio/buf.h>

#include "link/reader.h"

enum {
    BUFFER = 64 * 1024,
    READ_MAX = 128 * 1024, /* at a time, however much room there is */
    READ_MIN = 16 * 1024,
    ELEMENTS = 4,    /* of an array that are looked at */
    SMALL_TAKES = 64 /* so many in a row without need of a larger buffer: it is given back */
};

/* An element of an array: text, or if at is NULL a number or nothing. */
struct element {
    const char *at;
    size_t len;
};

struct frame {
    size_t elements;
    struct element element[ELEMENTS];
};

struct sio__pushes {
    char *buffer;
    size_t size, begin, end; /* what is in it: begin to end */
    size_t max_frame;
    unsigned small_takes;
    bool hiredis_only;
    redisReader *redis; /* NULL until needed */
    size_t fed;         /* bytes of the frame that hiredis is reading; 0: it is reading none */
    const char *error;
    /* What hiredis is reading. */
    enum sio__push_type type;
    size_t elements;
    bool is_text[ELEMENTS];
    size_t ends[ELEMENTS]; /* in kept */
    sio_buf kept;
    bool no_memory;
};

/* -- what a frame means -- */

static bool is(const struct element *element, const char *word, size_t len)
{
    return element->len == len && memcmp(element->at, word, len) == 0;
}

#define IS(element, word) is(element, word, sizeof(word) - 1)

static sio_str str(const struct element *element)
{
    return (sio_str){element->at, element->len};
}

static bool judge_three(const struct frame *frame, struct sio__push *push)
{
    const struct element *e = frame->element;

    if (e[1].at == NULL)
        return false;
    push->name = str(&e[1]);
    if (e[2].at != NULL) {
        push->type = SIO__PUSH_MESSAGE;
        push->channel = push->name;
        push->payload = str(&e[2]);
        return IS(&e[0], "message");
    }
    if (IS(&e[0], "subscribe"))
        push->type = SIO__PUSH_SUBSCRIBE;
    else if (IS(&e[0], "psubscribe"))
        push->type = SIO__PUSH_PSUBSCRIBE;
    else if (IS(&e[0], "unsubscribe"))
        push->type = SIO__PUSH_UNSUBSCRIBE;
    else if (IS(&e[0], "punsubscribe"))
        push->type = SIO__PUSH_PUNSUBSCRIBE;
    else
        return false;
    return true;
}

static bool judge_four(const struct frame *frame, struct sio__push *push)
{
    const struct element *e = frame->element;

    if (e[1].at == NULL || e[2].at == NULL || e[3].at == NULL)
        return false;
    push->type = SIO__PUSH_PMESSAGE;
    push->name = str(&e[1]);
    push->channel = str(&e[2]);
    push->payload = str(&e[3]);
    return IS(&e[0], "pmessage");
}

static void judge(const struct frame *frame, struct sio__push *push)
{
    const struct element *e = frame->element;
    bool known = false;

    *push = (struct sio__push){.type = SIO__PUSH_OTHER};
    if (frame->elements < 2 || e[0].at == NULL)
        return;
    if (frame->elements == 3) {
        known = judge_three(frame, push);
    } else if (frame->elements == 4) {
        known = judge_four(frame, push);
    } else if (frame->elements == 2) {
        push->type = SIO__PUSH_PONG;
        known = IS(&e[0], "pong");
    }
    if (!known)
        *push = (struct sio__push){.type = SIO__PUSH_OTHER};
}

/* -- the scan -- */

enum scan { SCAN_FRAME, SCAN_MORE, SCAN_UNUSUAL };

/* "<mark><number>\r\n", as Redis writes it. */
static enum scan scan_number(const char **at, const char *end, char mark, size_t *number)
{
    const char *p = *at;
    size_t n = 0;

    if (p == end)
        return SCAN_MORE;
    if (*p++ != mark)
        return SCAN_UNUSUAL;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (p - *at > 9)
            return SCAN_UNUSUAL;
        n = n * 10 + (size_t)(*p - '0');
    }
    if (p == end)
        return SCAN_MORE;
    if (p == *at + 1 || ((*at)[1] == '0' && p > *at + 2) || *p++ != '\r')
        return SCAN_UNUSUAL;
    if (p == end)
        return SCAN_MORE;
    if (*p++ != '\n')
        return SCAN_UNUSUAL;
    *at = p;
    *number = n;
    return SCAN_FRAME;
}

static enum scan scan_text(const char **at, const char *end, size_t max, struct element *element)
{
    enum scan scan = scan_number(at, end, '$', &element->len);

    if (scan != SCAN_FRAME)
        return scan;
    if (element->len > max)
        return SCAN_UNUSUAL;
    element->at = *at;
    if ((size_t)(end - *at) < element->len + 2)
        return SCAN_MORE;
    *at += element->len;
    if ((*at)[0] != '\r' || (*at)[1] != '\n')
        return SCAN_UNUSUAL;
    *at += 2;
    return SCAN_FRAME;
}

/* An array of two to four texts, the last of which may be a number. */
static enum scan scan_frame(const char **at, const char *end, size_t max, struct frame *frame)
{
    enum scan scan = scan_number(at, end, '*', &frame->elements);

    if (scan != SCAN_FRAME)
        return scan;
    if (frame->elements < 2 || frame->elements > ELEMENTS)
        return SCAN_UNUSUAL;
    for (size_t i = 0; i < frame->elements; i++) {
        struct element *element = &frame->element[i];

        if (i == frame->elements - 1 && *at < end && **at == ':') {
            *element = (struct element){NULL, 0};
            return scan_number(at, end, ':', &element->len);
        }
        scan = scan_text(at, end, max, element);
        if (scan != SCAN_FRAME)
            return scan;
    }
    return SCAN_FRAME;
}

/* -- hiredis -- */

static struct sio__pushes *self(const redisReadTask *task)
{
    return task->privdata;
}

static void keep(struct sio__pushes *pushes, const char *text, size_t len)
{
    if (sio_buf_append(&pushes->kept, text, len) != SIO_OK)
        pushes->no_memory = true;
}

/* A value that is no array. Any pointer but NULL says that all is well. */
static void *take_value(const redisReadTask *task, bool is_text, const char *text, size_t len)
{
    struct sio__pushes *pushes = self(task);
    size_t i = (size_t)task->idx;

    if (task->parent == NULL) {
        pushes->type = SIO__PUSH_OTHER;
        if (task->type == REDIS_REPLY_ERROR) {
            pushes->type = SIO__PUSH_ERROR;
            keep(pushes, text, len);
        } else if (task->type == REDIS_REPLY_STATUS && len == 4 && memcmp(text, "PONG", 4) == 0) {
            pushes->type = SIO__PUSH_PONG;
        }
    } else if (task->parent->parent == NULL && i < ELEMENTS) {
        pushes->is_text[i] = is_text;
        if (is_text)
            keep(pushes, text, len);
        pushes->ends[i] = pushes->kept.len;
    }
    return pushes->no_memory ? NULL : pushes;
}

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    return take_value(task, task->type == REDIS_REPLY_STRING, text, len);
}

static void *take_array(const redisReadTask *task, uint64_t elements)
{
    struct sio__pushes *pushes = self(task);

    pushes->error = sio__reader_refuses(task, elements);
    if (pushes->error != NULL)
        return NULL;
    if (task->parent == NULL) {
        pushes->elements = (size_t)elements;
        return pushes;
    }
    return take_value(task, false, NULL, 0);
}

#if HIREDIS_MAJOR >= 1
static void *on_array(const redisReadTask *task, size_t elements)
{
    return take_array(task, elements);
}
#else
static void *on_array(const redisReadTask *task, int elements)
{
    return take_array(task, elements < 0 ? UINT64_MAX : (uint64_t)elements);
}
#endif

static void *on_integer(const redisReadTask *task, long long number)
{
    (void)number;
    return take_value(task, false, NULL, 0);
}

static void *on_nil(const redisReadTask *task)
{
    return take_value(task, false, NULL, 0);
}

static void on_free(void *object)
{
    (void)object;
}

static redisReplyObjectFunctions functions = {.createString = on_string,
                                              .createArray = on_array,
                                              .createInteger = on_integer,
                                              .createNil = on_nil,
                                              .freeObject = on_free};

static void end_reading(struct sio__pushes *pushes)
{
    if (pushes->redis != NULL)
        redisReaderFree(pushes->redis);
    pushes->redis = NULL;
    pushes->fed = 0;
    sio_buf_fini(&pushes->kept);
}

static sio_status begin_reading(struct sio__pushes *pushes)
{
    pushes->redis = redisReaderCreateWithFunctions(&functions);
    if (pushes->redis == NULL)
        return SIO_ENOMEM;
    pushes->redis->privdata = pushes;
    sio_buf_init(&pushes->kept);
    pushes->elements = 0;
    pushes->type = SIO__PUSH_OTHER;
    return SIO_OK;
}

static sio_status fail(struct sio__pushes *pushes)
{
    if (pushes->no_memory || (pushes->error == NULL && pushes->redis->err == REDIS_ERR_OOM))
        return SIO_ENOMEM;
    if (pushes->error == NULL)
        pushes->error = pushes->redis->errstr;
    return SIO_EREDIS;
}

static void judge_kept(const struct sio__pushes *pushes, struct sio__push *push)
{
    struct frame frame = {.elements = pushes->elements};
    const char *kept = pushes->kept.ptr != NULL ? pushes->kept.ptr : "";
    size_t begin = 0;

    for (size_t i = 0; i < frame.elements && i < ELEMENTS; i++) {
        if (pushes->is_text[i])
            frame.element[i] = (struct element){kept + begin, pushes->ends[i] - begin};
        begin = pushes->ends[i];
    }
    if (frame.elements > 0) {
        judge(&frame, push);
        return;
    }
    *push = (struct sio__push){.type = pushes->type};
    if (push->type == SIO__PUSH_ERROR)
        push->text = (sio_str){kept, pushes->kept.len};
}

static sio_status check_length(struct sio__pushes *pushes, size_t len)
{
    if (len <= pushes->max_frame)
        return SIO_OK;
    pushes->error = "a longer message than is allowed";
    return SIO_EREDIS;
}

/* Have hiredis read on, a line at a time so that it gets little of what follows. *done: it
 * has read a frame. */
static sio_status feed(struct sio__pushes *pushes, struct sio__push *push, bool *done)
{
    const char *at = pushes->buffer + pushes->begin;
    size_t len = pushes->end - pushes->begin;
    const char *newline = memchr(at, '\n', len);
    redisReader *redis;
    void *object = NULL;

    if (pushes->redis == NULL && begin_reading(pushes) != SIO_OK)
        return SIO_ENOMEM;
    redis = pushes->redis;
    if (newline != NULL)
        len = (size_t)(newline - at) + 1;
    if (len > READ_MIN)
        len = READ_MIN;
    if (redisReaderFeed(redis, at, len) != REDIS_OK ||
        redisReaderGetReply(redis, &object) != REDIS_OK)
        return fail(pushes);
    pushes->begin += len;
    pushes->fed += len;
    *done = object != NULL;
    if (*done) {
        pushes->begin -= redis->len - redis->pos;
        pushes->fed -= redis->len - redis->pos;
        judge_kept(pushes, push);
    }
    return check_length(pushes, pushes->fed);
}

/* -- the buffer -- */

struct sio__pushes *sio__pushes_new(size_t max_frame)
{
    struct sio__pushes *pushes = calloc(1, sizeof *pushes);

    if (pushes == NULL)
        return NULL;
    pushes->max_frame = max_frame;
    pushes->size = BUFFER;
    pushes->buffer = malloc(BUFFER);
    if (pushes->buffer == NULL) {
        free(pushes);
        return NULL;
    }
    return pushes;
}

void sio__pushes_free(struct sio__pushes *pushes)
{
    if (pushes == NULL)
        return;
    end_reading(pushes);
    free(pushes->buffer);
    free(pushes);
}

static void resize(struct sio__pushes *pushes, size_t size)
{
    char *buffer = realloc(pushes->buffer, size);

    if (buffer == NULL)
        return;
    pushes->buffer = buffer;
    pushes->size = size;
}

void sio__pushes_clear(struct sio__pushes *pushes)
{
    end_reading(pushes);
    pushes->begin = pushes->end = 0;
    pushes->error = NULL;
    pushes->no_memory = false;
    if (pushes->size > BUFFER)
        resize(pushes, BUFFER);
}

void sio__pushes_scan(struct sio__pushes *pushes, bool on)
{
    pushes->hiredis_only = !on;
}

static void to_front(struct sio__pushes *pushes)
{
    memmove(pushes->buffer, pushes->buffer + pushes->begin, pushes->end - pushes->begin);
    pushes->end -= pushes->begin;
    pushes->begin = 0;
}

sio_status sio__pushes_room(struct sio__pushes *pushes, char **at, size_t *room)
{
    if (pushes->begin > 0 && pushes->size - pushes->end < BUFFER - READ_MIN)
        to_front(pushes);
    if (pushes->size > BUFFER && pushes->small_takes >= SMALL_TAKES && pushes->end < READ_MIN)
        resize(pushes, BUFFER);
    if (pushes->size - pushes->end < READ_MIN)
        resize(pushes, pushes->size * 2);
    if (pushes->size == pushes->end)
        return SIO_ENOMEM;
    *at = pushes->buffer + pushes->end;
    *room = pushes->size - pushes->end < READ_MAX ? pushes->size - pushes->end : READ_MAX;
    return SIO_OK;
}

/* The next frame. *done: here it is; else more bytes are needed. */
static sio_status next(struct sio__pushes *pushes, struct sio__push *push, bool *done)
{
    const char *at = pushes->buffer + pushes->begin, *end = pushes->buffer + pushes->end;
    enum scan scan = SCAN_UNUSUAL;
    struct frame frame;
    sio_status status = SIO_OK;

    *done = false;
    if (pushes->fed == 0 && !pushes->hiredis_only)
        scan = scan_frame(&at, end, pushes->max_frame, &frame);
    if (scan == SCAN_FRAME) {
        size_t len = (size_t)(at - pushes->buffer) - pushes->begin;

        judge(&frame, push);
        pushes->begin += len;
        *done = true;
        return check_length(pushes, len);
    }
    if (scan == SCAN_MORE)
        return check_length(pushes, pushes->end - pushes->begin);
    while (status == SIO_OK && !*done && pushes->begin < pushes->end)
        status = feed(pushes, push, done);
    return status;
}

sio_status sio__pushes_take(struct sio__pushes *pushes, size_t len, sio__push_cb *cb, void *arg)
{
    bool done = true;

    pushes->end += len;
    while (pushes->begin < pushes->end) {
        struct sio__push push;
        sio_status status = next(pushes, &push, &done);
        bool go_on;

        if (status != SIO_OK)
            return status;
        if (!done)
            break;
        go_on = cb(arg, &push);
        if (pushes->redis != NULL)
            end_reading(pushes);
        if (!go_on)
            return SIO_ECLOSED;
    }
    if (pushes->begin == pushes->end)
        pushes->begin = pushes->end = 0;
    if (pushes->end - pushes->begin < BUFFER / 2)
        pushes->small_takes++;
    else
        pushes->small_takes = 0;
    return SIO_OK;
}

const char *sio__pushes_error(const struct sio__pushes *pushes)
{
    return pushes->error != NULL ? pushes->error : "";
}
