/* SPDX-License-Identifier: MIT */
/* bench_hiredis --port PORT --mode const|pack -n N --channel CHANNEL
 *               --payload FILE --args FILE [--warm N] [--redis-pid PID]
 * What one writes without this toolkit: N PUBLISHes through hiredis, pipelined.
 *   const  one ready command, appended N times: the limit of hiredis and Redis
 *   pack   the emitter's message packed anew each time by msgpack-c: headers field by
 *          field, arguments (FILE holds them packed) from a msgpack_object
 * Bytes, window and batch are tuned for hiredis: see the constants. */
#include <hiredis/hiredis.h>
#include <msgpack.h>
#include <stdbool.h>
#include <string.h>

#include "bench.h"

enum {
    WINDOW = 2048, /* commands without their answer, at most */
    BATCH = 256,   /* written, or read, at a time: Redis works on the rest meanwhile */
    MAX_ARGS = 16
};

struct bench {
    redisContext *redis;
    const char *channel;
    char *command; /* mode const */
    size_t command_len;
    bool packs;
    msgpack_unpacked args[MAX_ARGS];
    uint32_t nargs;
    msgpack_sbuffer packed;
    msgpack_packer packer;
};

static void text(msgpack_packer *pk, const char *s)
{
    msgpack_pack_str_with_body(pk, s, strlen(s));
}

/* [uid, {type, data, nsp}, {rooms, flags, except}] as @socket.io/redis-emitter 5 does. */
static void pack(struct bench *b)
{
    msgpack_packer *pk = &b->packer;
    msgpack_sbuffer_clear(&b->packed);
    msgpack_pack_array(pk, 3);
    text(pk, "emitter");
    msgpack_pack_map(pk, 3);
    text(pk, "type");
    msgpack_pack_int(pk, 2);
    text(pk, "data");
    msgpack_pack_array(pk, b->nargs + 1);
    text(pk, "msg");
    for (uint32_t i = 0; i < b->nargs; i++)
        msgpack_pack_object(pk, b->args[i].data);
    text(pk, "nsp");
    text(pk, "/");
    msgpack_pack_map(pk, 3);
    text(pk, "rooms");
    msgpack_pack_array(pk, 1);
    text(pk, "room1");
    text(pk, "flags");
    msgpack_pack_map(pk, 0);
    text(pk, "except");
    msgpack_pack_array(pk, 0);
}

static void append(struct bench *b)
{
    if (b->packs) {
        pack(b);
        const char *argv[] = {"PUBLISH", b->channel, b->packed.data};
        const size_t lens[] = {7, strlen(b->channel), b->packed.size};
        redisAppendCommandArgv(b->redis, 3, argv, lens);
    } else {
        redisAppendFormattedCommand(b->redis, b->command, b->command_len);
    }
}

static void read_answers(struct bench *b, long n)
{
    void *answer;
    for (; n > 0; n--) {
        if (redisGetReply(b->redis, &answer) != REDIS_OK)
            bench_die("read", b->redis->errstr);
        freeReplyObject(answer);
    }
}

static void write_all(struct bench *b)
{
    for (int done = 0; !done;)
        if (redisBufferWrite(b->redis, &done) != REDIS_OK)
            bench_die("write", b->redis->errstr);
}

static void publish(struct bench *b, long n)
{
    long unanswered = 0;
    for (long i = 0; i < n; i++) {
        append(b);
        if (++unanswered >= WINDOW) {
            read_answers(b, BATCH);
            unanswered -= BATCH;
        } else if (unanswered % BATCH == 0) {
            write_all(b);
        }
    }
    read_answers(b, unanswered);
}

static void prepare(struct bench *b, sio_str payload, sio_str args)
{
    const char *argv[] = {"PUBLISH", b->channel, payload.ptr};
    const size_t lens[] = {7, strlen(b->channel), payload.len};
    size_t at = 0;
    int len = (int)redisFormatCommandArgv(&b->command, 3, argv, lens);
    if (len < 0)
        bench_die("command", "out of memory");
    b->command_len = (size_t)len;
    while (at < args.len && b->nargs < MAX_ARGS) {
        msgpack_unpacked_init(&b->args[b->nargs]);
        if (msgpack_unpack_next(&b->args[b->nargs++], args.ptr, args.len, &at) !=
            MSGPACK_UNPACK_SUCCESS)
            bench_die("--args", "not MessagePack");
    }
    msgpack_sbuffer_init(&b->packed);
    msgpack_packer_init(&b->packer, &b->packed, msgpack_sbuffer_write);
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct bench_span span = {.redis_pid = bench_option(argc, argv, "--redis-pid", NULL)};
    long n = bench_number(argc, argv, "-n", 1000000);
    sio_buf payload = bench_file(bench_option(argc, argv, "--payload", ""));
    sio_buf args = bench_file(bench_option(argc, argv, "--args", ""));

    b.packs = strcmp(bench_option(argc, argv, "--mode", "const"), "pack") == 0;
    b.channel = bench_option(argc, argv, "--channel", "socket.io#/#room1#");
    b.redis = redisConnect("127.0.0.1", (int)bench_number(argc, argv, "--port", 6379));
    if (b.redis == NULL || b.redis->err != 0)
        bench_die("connect", b.redis != NULL ? b.redis->errstr : "out of memory");
    prepare(&b, sio_buf_str(&payload), sio_buf_str(&args));
    publish(&b, bench_number(argc, argv, "--warm", 20000));
    bench_begin(&span);
    publish(&b, n);
    bench_end(&span, n);

    for (uint32_t i = 0; i < b.nargs; i++)
        msgpack_unpacked_destroy(&b.args[i]);
    msgpack_sbuffer_destroy(&b.packed);
    redisFreeCommand(b.command);
    redisFree(b.redis);
    sio_buf_fini(&payload);
    sio_buf_fini(&args);
    return 0;
}
