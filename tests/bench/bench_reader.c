/* SPDX-License-Identifier: MIT */
/* bench_reader PORT PATTERN N: what a subscriber costs that does nothing but read RESP:
 * hiredis's redisReader with reply functions that allocate nothing, fed 16 KiB at a time.
 * Prints {"ev":"ready"}, and after N messages {"ev":"done",...}. */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

static long strings;

static void *on_string(const redisReadTask *task, char *text, size_t len)
{
    (void)task;
    (void)text;
    (void)len;
    strings++;
    return &strings;
}

#if HIREDIS_MAJOR >= 1
static void *on_array(const redisReadTask *task, size_t elements)
#else
static void *on_array(const redisReadTask *task, int elements)
#endif
{
    (void)task;
    (void)elements;
    return &strings;
}

static void *on_integer(const redisReadTask *task, long long number)
{
    (void)task;
    (void)number;
    return &strings;
}

static void *on_nil(const redisReadTask *task)
{
    (void)task;
    return &strings;
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

int main(int argc, char **argv)
{
    static char bytes[16384];
    struct bench_span span = {.redis_pid = NULL};
    long n = argc == 4 ? atol(argv[3]) : 0, messages = 0;
    void *object;

    if (n < 1)
        bench_die("usage", "bench_reader PORT PATTERN N");
    redisContext *redis = redisConnect("127.0.0.1", atoi(argv[1]));
    if (redis == NULL || redis->err != 0)
        bench_die("connect", redis != NULL ? redis->errstr : "out of memory");
    redisReply *reply = redisCommand(redis, "PSUBSCRIBE %s", argv[2]);
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY)
        bench_die("PSUBSCRIBE", "refused");
    freeReplyObject(reply);
    puts("{\"ev\":\"ready\"}");
    fflush(stdout);
    redisReader *reader = redisReaderCreateWithFunctions(&functions);
    reader->maxbuf = 0;
    while (messages < n) {
        ssize_t got = read(redis->fd, bytes, sizeof bytes);
        if (got <= 0)
            bench_die("read", "the connection has ended");
        if (messages == 0)
            bench_begin(&span);
        redisReaderFeed(reader, bytes, (size_t)got);
        while (redisReaderGetReply(reader, &object) == REDIS_OK && object != NULL)
            messages++;
    }
    puts("{\"ev\":\"done\",\"deliveries\":0}");
    bench_end(&span, n);
    return 0;
}
