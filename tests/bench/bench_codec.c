/* SPDX-License-Identifier: MIT */
/* bench_codec [--n N]: CPU time of encoding and decoding one message on each wire, without
 * Redis: a broadcast to a room that is 262 bytes of JSON on the sharded wire, one of 1 KiB,
 * one with binary; an own message, an unknown type. Prints a line of JSON each: nanoseconds a
 * message, the best of some rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sio/args.h>
#include <sio/value.h>

#include "bench.h"
#include "value/args.h"
#include "value/normal.h"
#include "wire/wire.h"

enum { ROUNDS = 7 };

struct message {
    const char *name;
    struct sio__peer peer;
    struct sio_message msg;
    struct sio__frame frame;
    sio_buf scratch;
};

static volatile size_t sink;

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

typedef void step(const struct sio__wire *wire, struct message *m);

static void encode(const struct sio__wire *wire, struct message *m)
{
    m->frame.buf.len = m->frame.channel_len = 0;
    if (wire->encode(&m->peer, &m->msg, SIO_STR("bbbbbbbbbbbbbbbb"), &m->frame) != SIO_OK)
        bench_die(m->name, "is not encoded");
    sink += m->frame.buf.len;
}

static void decode(const struct sio__wire *wire, struct message *m)
{
    struct sio_message out;
    sink += (size_t)wire->decode(&m->peer, sio__frame_channel(&m->frame),
                                 sio__frame_payload(&m->frame), &m->scratch, &out);
    sink += out.args.len;
}

static void tell_sender(const struct sio__wire *wire, struct message *m)
{
    sink += wire->sender(sio__frame_payload(&m->frame)).len;
}

static void measure(const struct sio__wire *wire, struct message *m, const char *what, step *one,
                    long n)
{
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_ns();
        for (long i = 0; i < n; i++)
            one(wire, m);
        double ns = (cpu_ns() - begin) / (double)n;
        best = ns < best ? ns : best;
    }
    printf("{\"wire\":\"%s\",\"message\":\"%s\",\"bytes\":%zu,\"step\":\"%s\",\"ns\":%.1f}\n",
           wire->name, m->name, sio__frame_payload(&m->frame).len, what, best);
}

static void measure_all(const struct sio__wire *wire, struct message *m, long n)
{
    measure(wire, m, "encode", encode, n);
    measure(wire, m, "decode", decode, n);
    measure(wire, m, "sender", tell_sender, n);
}

static sio_args *build(const char *json, size_t binary)
{
    static const char bytes[1024];
    sio_args *args;
    if (sio_args_new(&args) != SIO_OK || sio_args_json(args, sio_str_c(json), NULL) != SIO_OK ||
        (binary > 0 && sio_args_binary(args, bytes, binary) != SIO_OK))
        bench_die("arguments", "cannot be built");
    return args;
}

static void run(const char *name, const char *json, size_t binary, long n)
{
    static const struct sio__wire *const wires[] = {&sio__wire_classic, &sio__wire_sharded};
    static const char rooms[] = "\221\245room1";
    sio_args *args = build(json, binary);
    struct sio__args_view view;
    if (sio__args_view(args, &view) != SIO_OK)
        bench_die("arguments", "cannot be built");
    for (size_t w = 0; w < sizeof wires / sizeof wires[0]; w++) {
        struct message m = {.name = name,
                            .peer = {.role = SIO__SERVER,
                                     .key = SIO_STR("socket.io"),
                                     .nsp = SIO_STR("/"),
                                     .rooms_mode = SIO__ROOMS_DYNAMIC},
                            .msg = {.type = SIO_MSG_BROADCAST,
                                    .uid = SIO_STR("aaaaaaaaaaaaaaaa"),
                                    .event = SIO_STR("message"),
                                    .args = view.packed,
                                    .nargs = (uint32_t)view.count,
                                    .args_has = binary > 0 ? SIO__HAS_BINARY : 0,
                                    .rooms = sio_str_of(rooms, sizeof rooms - 1),
                                    .packet_id = -1}};
        sio_buf_init(&m.frame.buf);
        sio_buf_init(&m.scratch);
        measure_all(wires[w], &m, n);
        if (wires[w]->shard_channels && binary == 0) {
            m.name = "unknown type";
            m.frame.buf.ptr[m.frame.channel_len + strlen("{\"type\":")] = '0';
            measure(wires[w], &m, "decode", decode, n);
        }
        sio_buf_fini(&m.frame.buf);
        sio_buf_fini(&m.scratch);
    }
    sio_args_free(args);
}

int main(int argc, char **argv)
{
    static const char large[] =
        "{\"id\":7654321,\"uuid\":\"9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d\",\"type\":\"order."
        "changed\",\"revision\":4,\"created\":\"2025-02-03T04:05:06.789Z\",\"updated\":"
        "1738555506789,\"open\":true,\"gift\":false,\"parent\":null,\"amount\":249.95,"
        "\"currency\":\"EUR\",\"pieces\":12,\"labels\":[\"north\",\"south\",\"east\",\"west\"],"
        "\"customer\":{\"id\":45678,\"name\":\"John Q. Customer\",\"email\":\"john@example.com\","
        "\"vip\":true,\"address\":{\"street\":\"12 High Street\",\"city\":\"Sometown\",\"zip\":"
        "\"54321\",\"geo\":{\"lat\":52.5163,\"lon\":13.3777}}},\"items\":[{\"sku\":\"K-100\","
        "\"name\":\"Keyboard\",\"qty\":2,\"price\":49.95,\"attrs\":{\"color\":\"black\","
        "\"size\":\"L\"}},{\"sku\":\"M-200\",\"name\":\"Mouse\",\"qty\":1,\"price\":29.5,"
        "\"attrs\":{\"color\":\"white\",\"size\":\"M\"}}],\"totals\":{\"net\":210.05,\"vat\":39.9,"
        "\"gross\":249.95},\"state\":\"packed\",\"history\":[1,2,3,5,8,13,21,34],\"balance\":"
        "-17.25,\"note\":\"please ring the bell twice\"}";
    long n = bench_number(argc, argv, "--n", 300000);
    run("small",
        "{\"id\":123456,\"user\":\"alice\",\"text\":\"hello, everybody in this room :)\",\"at\":"
        "1738555506789,\"tags\":[\"a\",\"b\"],\"open\":true}",
        0, n);
    run("large", large, 0, n / 4);
    run("binary", "{\"id\":123456,\"user\":\"alice\"}", 128, n);
    return 0;
}
