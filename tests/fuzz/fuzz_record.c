/* SPDX-License-Identifier: MIT */
/* Lines of --lines-json: what a reader that has seen other lines makes of one is what a new
 * reader makes of it, and what the emitter then encodes our own decoder accepts. */
#include "fuzz.h"

#include "emitter/preview.h"
#include "record.h"
#include "value/args.h"
#include "wire/target.h"
#include "wire/wire.h"

struct bench {
    struct options opts;
    struct sender sender;
    struct request base;
    sio_target *to;
};

static void set_up(struct bench *b, unsigned bits)
{
    memset(b, 0, sizeof *b);
    options_init(&b->opts);
    b->sender.opts = &b->opts;
    sio_emitter_opts_init(&b->sender.bounds);
    b->base.op = (bits & 1) != 0 ? OP_SERVER_EMIT : OP_EMIT;
    CHECK(sio_emitter_new(NULL, &b->sender.bounds, &b->base.em) == SIO_OK);
    CHECK(sio_target_new(&b->to) == SIO_OK);
    if ((bits & 2) != 0) {
        flags_volatile(&b->opts.flags, true);
        sio_target_volatile(b->to);
    }
    if ((bits & 4) != 0) {
        flags_compress(&b->opts.flags, false);
        sio_target_compress(b->to, false);
    }
    b->base.to = b->to;
}

static void tear_down(struct bench *b)
{
    sio_emitter_free(b->base.em);
    sio_target_free(b->to);
    options_fini(&b->opts);
}

static void check_same(const struct request *a, const struct request *b)
{
    struct sio__args_view args_a, args_b;
    struct sio__target_view to_a, to_b;
    CHECK(a->op == b->op && sio_str_eq(a->event, b->event));
    CHECK(sio__args_view(a->args, &args_a) == sio__args_view(b->args, &args_b));
    CHECK(sio_str_eq(args_a.packed, args_b.packed) && args_a.count == args_b.count);
    CHECK(args_a.has == args_b.has);
    sio__target_view(a->to, &to_a);
    sio__target_view(b->to, &to_b);
    CHECK(sio_str_eq(to_a.rooms, to_b.rooms) && sio_str_eq(to_a.except, to_b.except));
    CHECK(sio_str_eq(to_a.flags, to_b.flags) && to_a.longest == to_b.longest);
}

/* The namespace between the first '#' of a channel without its key and the last. */
static sio_str nsp_of(sio_str channel, const struct request *request)
{
    size_t before = strlen(request->op == OP_EMIT ? "socket.io#" : "socket.io-request#");
    struct sio__target_view to;
    sio__target_view(request->to, &to);
    size_t behind = 1;
    sio_value v;
    sio_cursor c = sio_cursor_at(to.rooms);
    CHECK(channel.len > before + behind);
    if (request->op == OP_EMIT && to.rooms.len > 0 && sio_cursor_read(&c, &v) == SIO_OK &&
        v.v.count == 1 && sio_cursor_read(&c, &v) == SIO_OK)
        behind += v.v.text.len + 1;
    return sio_str_of(channel.ptr + before, channel.len - before - behind);
}

static void check_decodes(const struct request *request, sio_str channel, sio_str payload)
{
    struct sio__peer peer = {
        .role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = nsp_of(channel, request)};
    struct sio_message msg;
    sio_buf scratch;
    sio_buf_init(&scratch);
    CHECK(sio__wire_classic.decode(&peer, channel, payload, &scratch, &msg) == SIO__DECODED);
    CHECK(msg.type == (request->op == OP_EMIT ? SIO_MSG_BROADCAST : SIO_MSG_SERVER_SIDE_EMIT));
    CHECK(msg.nargs == 1 + sio_args_count(request->args));
    sio_buf_fini(&scratch);
}

static void check_sent(const struct request *request)
{
    struct sio__call call = {
        .op = request->op == OP_EMIT ? SIO__OP_EMIT : SIO__OP_SERVER_EMIT,
        .to = request->to,
        .event = request->event,
        .args = request->args,
    };
    sio_buf channel, payload;
    sio_buf_init(&channel);
    sio_buf_init(&payload);
    sio_status status = sio__emitter_encode(request->em, &call, &channel, &payload);
    CHECK(status == SIO_OK || (channel.len == 0 && payload.len == 0));
    if (status == SIO_OK)
        check_decodes(request, sio_buf_str(&channel), sio_buf_str(&payload));
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
}

static void check_line(struct bench *b, struct record_reader *used, sio_str line)
{
    struct record_reader fresh;
    struct request of_used, of_fresh;
    char why_used[256], why_fresh[256];
    CHECK(record_init(&fresh, &b->base, &b->sender) == SIO_OK);
    sio_status status = record_read(used, line, &of_used, why_used, sizeof why_used);
    CHECK(record_read(&fresh, line, &of_fresh, why_fresh, sizeof why_fresh) == status);
    CHECK(strcmp(why_used, why_fresh) == 0);
    if (status == SIO_OK) {
        check_same(&of_used, &of_fresh);
        check_sent(&of_used);
    } else {
        CHECK(why_used[0] != '\0');
    }
    record_fini(&fresh);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sio_str input = sio_str_of(data, size);
    struct record_reader reader;
    struct bench b;
    set_up(&b, fuzz_byte(&input));
    CHECK(record_init(&reader, &b.base, &b.sender) == SIO_OK);
    while (input.len > 0)
        check_line(&b, &reader, fuzz_line(&input));
    record_fini(&reader);
    tear_down(&b);
    return 0;
}
