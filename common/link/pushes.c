/* SPDX-License-Identifier: MIT */
/* The buffer is read in large pieces and scanned where it lies: 30 ns a message, where
 * hiredis's reader takes 100 and wants to be fed (copied) 16 KiB at a time. The scan knows
 * only what Redis writes; at anything else it leaves the frame to hiredis, whose word is
 * the last. A frame that does not fit has the buffer grow. */
#include "link/pushes.h"

#include <stdlib.h>
#include <string.h>

#include "link/frames.h"

enum {
    BUFFER = 64 * 1024,
    READ_MAX = 128 * 1024, /* at a time, however much room there is */
    READ_MIN = 16 * 1024,
    SMALL_TAKES = 64 /* so many in a row without need of a larger buffer: it is given back */
};

struct sio__pushes {
    char *buffer;
    size_t size, begin, end; /* what is in it: begin to end */
    size_t max_frame;
    unsigned small_takes;
    bool scan;
    struct sio__frame_reader any; /* reads the frame at begin, if that is not one of ours */
    const char *error;
};

/* -- what a frame means -- */

#define IS(element, word)                                                                          \
    ((element).len == sizeof(word) - 1 && memcmp((element).ptr, word, sizeof(word) - 1) == 0)

static bool judge_three(const sio_str *e, struct sio__push *push)
{
    if (e[1].ptr == NULL)
        return false;
    push->name = e[1];
    if (e[2].ptr != NULL) {
        push->type = SIO__PUSH_MESSAGE;
        push->channel = e[1];
        push->payload = e[2];
        if (IS(e[0], "message"))
            return true;
        push->type = SIO__PUSH_SMESSAGE;
        return IS(e[0], "smessage");
    }
    if (IS(e[0], "subscribe"))
        push->type = SIO__PUSH_SUBSCRIBE;
    else if (IS(e[0], "psubscribe"))
        push->type = SIO__PUSH_PSUBSCRIBE;
    else if (IS(e[0], "ssubscribe"))
        push->type = SIO__PUSH_SSUBSCRIBE;
    else if (IS(e[0], "unsubscribe"))
        push->type = SIO__PUSH_UNSUBSCRIBE;
    else if (IS(e[0], "punsubscribe"))
        push->type = SIO__PUSH_PUNSUBSCRIBE;
    else if (IS(e[0], "sunsubscribe"))
        push->type = SIO__PUSH_SUNSUBSCRIBE;
    else
        return false;
    return true;
}

static bool judge_four(const sio_str *e, struct sio__push *push)
{
    if (e[1].ptr == NULL || e[2].ptr == NULL || e[3].ptr == NULL)
        return false;
    push->type = SIO__PUSH_PMESSAGE;
    push->name = e[1];
    push->channel = e[2];
    push->payload = e[3];
    return IS(e[0], "pmessage");
}

static bool judge_array(const struct sio__frame *frame, struct sio__push *push)
{
    if (frame->elements < 2 || frame->element[0].ptr == NULL)
        return false;
    if (frame->elements == 3)
        return judge_three(frame->element, push);
    if (frame->elements == 4)
        return judge_four(frame->element, push);
    push->type = SIO__PUSH_PONG;
    return frame->elements == 2 && IS(frame->element[0], "pong");
}

static void judge(const struct sio__frame *frame, struct sio__push *push)
{
    static const struct sio__push other = {.type = SIO__PUSH_OTHER};

    *push = other;
    if (frame->type == REDIS_REPLY_ARRAY) {
        if (!judge_array(frame, push))
            *push = other;
    } else if (frame->type == REDIS_REPLY_ERROR) {
        push->type = SIO__PUSH_ERROR;
        push->text = frame->element[0];
    } else if (frame->type == REDIS_REPLY_STATUS && IS(frame->element[0], "PONG")) {
        push->type = SIO__PUSH_PONG;
    }
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

static enum scan scan_text(const char **at, const char *end, size_t max, sio_str *element)
{
    enum scan scan = scan_number(at, end, '$', &element->len);

    if (scan != SCAN_FRAME)
        return scan;
    if (element->len > max)
        return SCAN_UNUSUAL;
    element->ptr = *at;
    if ((size_t)(end - *at) < element->len + 2)
        return SCAN_MORE;
    *at += element->len;
    if ((*at)[0] != '\r' || (*at)[1] != '\n')
        return SCAN_UNUSUAL;
    *at += 2;
    return SCAN_FRAME;
}

/* An array of two to four texts, the last of which may be a number. */
static enum scan scan_frame(const char **at, const char *end, size_t max, struct sio__frame *frame)
{
    enum scan scan = scan_number(at, end, '*', &frame->elements);

    frame->type = REDIS_REPLY_ARRAY;
    if (scan != SCAN_FRAME)
        return scan;
    if (frame->elements < 2 || frame->elements > SIO__ELEMENTS)
        return SCAN_UNUSUAL;
    for (size_t i = 0; i < frame->elements; i++) {
        sio_str *element = &frame->element[i];

        if (i == frame->elements - 1 && *at < end && **at == ':') {
            *element = (sio_str){NULL, 0};
            return scan_number(at, end, ':', &element->len);
        }
        scan = scan_text(at, end, max, element);
        if (scan != SCAN_FRAME)
            return scan;
    }
    return SCAN_FRAME;
}

static sio_status check_length(struct sio__pushes *pushes, size_t len)
{
    if (len <= pushes->max_frame)
        return SIO_OK;
    pushes->error = "a longer message than is allowed";
    return SIO_EREDIS;
}

/* Have hiredis read on. */
static sio_status read_any(struct sio__pushes *pushes, struct sio__push *push, bool *done)
{
    struct sio__frame frame;
    size_t used;
    sio_status status = sio__frame_read(&pushes->any, pushes->buffer + pushes->begin,
                                        pushes->end - pushes->begin, &used, &frame, done);

    if (status != SIO_OK) {
        pushes->error = pushes->any.error;
        return status;
    }
    pushes->begin += used;
    if (*done)
        judge(&frame, push);
    return check_length(pushes, pushes->any.fed);
}

/* -- the buffer -- */

struct sio__pushes *sio__pushes_new(size_t max_frame)
{
    struct sio__pushes *pushes = calloc(1, sizeof *pushes);

    if (pushes == NULL)
        return NULL;
    pushes->max_frame = max_frame;
    pushes->scan = true;
    return pushes;
}

void sio__pushes_free(struct sio__pushes *pushes)
{
    if (pushes == NULL)
        return;
    sio__frame_end(&pushes->any);
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
    sio__frame_end(&pushes->any);
    pushes->begin = pushes->end = 0;
    pushes->error = NULL;
    if (pushes->size > BUFFER)
        resize(pushes, BUFFER);
}

void sio__pushes_trim(struct sio__pushes *pushes)
{
    if (pushes->end > 0 || pushes->any.redis != NULL)
        return;
    free(pushes->buffer);
    pushes->buffer = NULL;
    pushes->size = 0;
}

void sio__pushes_scan(struct sio__pushes *pushes, bool on)
{
    pushes->scan = on;
}

static void to_front(struct sio__pushes *pushes)
{
    memmove(pushes->buffer, pushes->buffer + pushes->begin, pushes->end - pushes->begin);
    pushes->end -= pushes->begin;
    pushes->begin = 0;
}

sio_status sio__pushes_room(struct sio__pushes *pushes, char **at, size_t *room)
{
    if (pushes->size == 0)
        resize(pushes, BUFFER);
    if (pushes->size == 0)
        return SIO_ENOMEM;
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
    struct sio__frame frame;
    sio_status status = SIO_OK;

    *done = false;
    if (pushes->any.redis == NULL && pushes->scan)
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
        status = read_any(pushes, push, done);
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
        sio__frame_end(&pushes->any);
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
