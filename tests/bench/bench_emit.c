/* SPDX-License-Identifier: MIT */
/* bench_emit --url URL [--cacert FILE] --mode thread|loop --case small|bin|json|packed -n N
 *            [--data FILE] [--warm N] [--redis-pid PID] [--outbox PUBLISHES]
 * N emits of one event to one room through the emitter. The target is built once, the
 * arguments are cleared and built anew for each emit, as a backend does that has something
 * new to say each time: `small` two values, `bin` FILE's bytes as one binary, `json` FILE's
 * text, `packed` FILE's MessagePack. */
#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <sio/emitter.h>

#include "bench.h"

enum {
    A_TURN = 128, /* emits between two turns of the loop, as many as Node does */
    WAIT_MS = 60000
};

struct bench {
    struct bench_span span;
    sio_emitter *em;
    sio_target *to;
    sio_args *args;
    sio_status (*fill)(sio_args *args, sio_str data);
    sio_buf data;
    long warm, n;

    /* loop mode */
    struct event_base *base;
    struct event *turn;
    long left; /* of the warm-up, then of the measured emits */
    bool measuring;
};

static sio_status fill_small(sio_args *args, sio_str data)
{
    (void)data;
    sio_args_string(args, SIO_STR("hello"));
    return sio_args_int(args, 42);
}

static sio_status fill_bin(sio_args *args, sio_str data)
{
    return sio_args_binary(args, data.ptr, data.len);
}

static sio_status fill_json(sio_args *args, sio_str data)
{
    return sio_args_json(args, data, NULL);
}

static sio_status fill_packed(sio_args *args, sio_str data)
{
    return sio_args_msgpack(args, data);
}

static void choose(struct bench *b, const char *name)
{
    static const struct {
        const char *name;
        sio_status (*fill)(sio_args *args, sio_str data);
    } cases[] = {
        {"small", fill_small}, {"bin", fill_bin}, {"json", fill_json}, {"packed", fill_packed}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(cases[i].name, name) == 0)
            b->fill = cases[i].fill;
    if (b->fill == NULL)
        bench_die("--case", name);
}

static void must(const char *what, sio_status status)
{
    if (status != SIO_OK)
        bench_die(what, sio_status_text(status));
}

static void build(struct bench *b)
{
    sio_args_clear(b->args);
    must("arguments", b->fill(b->args, sio_buf_str(&b->data)));
}

/* ---- the link's own thread ---- */

static void emit_and_flush(struct bench *b, long n)
{
    for (long i = 0; i < n; i++) {
        build(b);
        must("emit",
             sio_emitter_emit_wait(b->em, b->to, SIO_STR("msg"), b->args, WAIT_MS, NULL, NULL));
    }
    must("flush", sio_link_flush(sio_emitter_link(b->em), WAIT_MS));
}

static void run_threaded(struct bench *b)
{
    must("connect", sio_link_wait_up(sio_emitter_link(b->em), WAIT_MS, NULL, NULL, 0));
    emit_and_flush(b, b->warm);
    bench_begin(&b->span);
    emit_and_flush(b, b->n);
    bench_end(&b->span, b->n);
}

/* ---- a loop ---- */

static void next_turn(struct bench *b)
{
    const struct timeval at_once = {0, 0};
    event_add(b->turn, &at_once);
}

static void drained(sio_link *link, sio_status status, void *user)
{
    struct bench *b = user;
    (void)link;
    must("drain", status);
    if (b->measuring) {
        bench_end(&b->span, b->n);
        event_base_loopbreak(b->base);
        return;
    }
    b->measuring = true;
    b->left = b->n;
    bench_begin(&b->span);
    next_turn(b);
}

static void on_turn(evutil_socket_t fd, short what, void *user)
{
    struct bench *b = user;
    (void)fd;
    (void)what;
    for (int i = 0; i < A_TURN && b->left > 0; i++) {
        build(b);
        sio_status status = sio_emitter_emit(b->em, b->to, SIO_STR("msg"), b->args, NULL, NULL);
        if (status == SIO_EFULL)
            return; /* on_writable() goes on */
        must("emit", status);
        b->left--;
    }
    if (b->left > 0)
        next_turn(b);
    else
        must("drain", sio_link_drain(sio_emitter_link(b->em), drained, b));
}

static void on_writable(sio_link *link, void *user)
{
    (void)link;
    next_turn(user);
}

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    (void)link;
    if (event->state == SIO_LINK_DOWN)
        bench_die("Redis", event->text);
    if (event->state == SIO_LINK_UP)
        next_turn(user);
}

static void run_looped(struct bench *b)
{
    b->left = b->warm;
    event_base_dispatch(b->base);
}

/* ---- both ---- */

int main(int argc, char **argv)
{
    struct bench b = {.span = {.redis_pid = bench_option(argc, argv, "--redis-pid", NULL)},
                      .warm = bench_number(argc, argv, "--warm", 20000),
                      .n = bench_number(argc, argv, "-n", 1000000)};
    bool looped = strcmp(bench_option(argc, argv, "--mode", "thread"), "loop") == 0;
    const char *data = bench_option(argc, argv, "--data", NULL);
    sio_link *link;
    char err[160] = "out of memory";

    sio_link_opts opts;
    sio_link_opts_init(&opts);
    opts.url = bench_option(argc, argv, "--url", opts.url);
    opts.tls.ca_file = bench_option(argc, argv, "--cacert", NULL);
    opts.outbox_publishes =
        (unsigned)bench_number(argc, argv, "--outbox", (long)opts.outbox_publishes);
    opts.user = &b;
    if (looped) {
        b.base = event_base_new();
        b.turn = b.base != NULL ? event_new(b.base, -1, 0, on_turn, &b) : NULL;
        opts.base = b.base;
        opts.on_state = on_state;
        opts.on_writable = on_writable;
    }
    if (data != NULL)
        b.data = bench_file(data);
    choose(&b, bench_option(argc, argv, "--case", "small"));
    if ((looped && b.turn == NULL) || sio_link_new(&opts, &link, err, sizeof err) != SIO_OK)
        bench_die("link", err);
    must("emitter", sio_emitter_new(link, NULL, &b.em));
    must("arguments", sio_args_new(&b.args));
    must("target", sio_target_new(&b.to));
    must("target", sio_target_to(b.to, SIO_STR("room1")));

    if (looped)
        run_looped(&b);
    else
        run_threaded(&b);

    sio_emitter_free(b.em);
    sio_link_free(link);
    sio_args_free(b.args);
    sio_target_free(b.to);
    sio_buf_fini(&b.data);
    if (looped) {
        event_free(b.turn);
        event_base_free(b.base);
    }
    return 0;
}
