/* SPDX-License-Identifier: MIT */
/* sio-emit-driver URL: the emitter library for tests in other languages. Reads one JSON
 * object a line and answers one a line, once Redis has answered:
 *   {"id":1,"op":"emit","nsp":"/","key":"socket.io","rooms":["a"],"except":[],
 *    "flags":{"volatile":true,"compress":false},"event":"x","args":[tagged values]}
 *   -> {"id":1,"ok":true,"receivers":2} or {"id":1,"ok":false,"error":"SIO_EINVAL","text":"..."}
 * Operations: emit, socketsJoin and socketsLeave (with "target":[rooms]), disconnectSockets
 * (with "close"), serverSideEmit, quit. "via": how args reach the library: "builder" (as
 * tagged), "msgpack" (the built values packed), "json" (their JSON text). */
#include <stdio.h>
#include <stdlib.h>

#include <sio/emitter.h>

#include "tagged.h"
#include "value/json.h"

enum {
    MAX_NAMES = 8192,
    FLUSH_MS = 15000,
    MAX_LINE_DEPTH = 4 * SIO_MAX_DEPTH /* {"$obj":[[key,value]]} is three levels */
};

struct request {
    sio_str whole; /* packed */
    sio_emitter *em;
    sio_target *to;
    sio_args *args;
    sio_str target[MAX_NAMES];
    size_t ntarget;
    sio_emit_result result;
    bool ended;
    char text[256];
};

static void done(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct request *r = user;
    (void)em;
    r->result = *result;
    snprintf(r->text, sizeof r->text, "%s", result->text);
    r->ended = true;
}

static sio_status each_name(sio_str packed, sio_target *to,
                            sio_status (*add)(sio_target *, sio_str))
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v;
    sio_status status = SIO_OK;
    if (packed.len == 0 || sio_cursor_read(&c, &v) != SIO_OK)
        return SIO_OK;
    while (status == SIO_OK && !sio_cursor_done(&c)) {
        status = sio_cursor_read(&c, &v);
        if (status == SIO_OK)
            status = add(to, v.v.text);
    }
    return status;
}

static void set_flags(sio_str packed, sio_target *to)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_value v, key;
    if (packed.len == 0 || sio_cursor_read(&c, &v) != SIO_OK)
        return;
    while (!sio_cursor_done(&c) && sio_cursor_read(&c, &key) == SIO_OK &&
           sio_cursor_read(&c, &v) == SIO_OK) {
        if (sio_str_eq(key.v.text, SIO_STR("volatile")))
            sio_target_volatile(to);
        else if (sio_str_eq(key.v.text, SIO_STR("compress")))
            sio_target_compress(to, v.v.boolean);
    }
}

/* The built arguments once more, as JSON text or as packed values. */
static sio_status convert(sio_args **args, sio_str via)
{
    sio_args *again;
    sio_str packed = sio_args_packed(*args);
    sio_cursor c = sio_cursor_at(packed);
    sio_status status = sio_args_new(&again);
    if (sio_str_eq(via, SIO_STR("msgpack")) && packed.len > 0)
        status = sio_args_msgpack(again, packed);
    while (sio_str_eq(via, SIO_STR("json")) && status == SIO_OK && !sio_cursor_done(&c)) {
        const unsigned char *start = c.at;
        sio_buf text;
        sio_buf_init(&text);
        status = sio_cursor_skip(&c);
        if (status == SIO_OK)
            status = sio_json_write(sio_str_of(start, (size_t)(c.at - start)), NULL, NULL, &text);
        if (status == SIO_OK)
            status = sio_args_json(again, sio_buf_str(&text), NULL);
        sio_buf_fini(&text);
    }
    sio_args_free(*args);
    *args = again;
    return status;
}

static sio_status build(struct request *r)
{
    sio_cursor args = sio_cursor_at(tagged_field(r->whole, "args"));
    sio_cursor target = sio_cursor_at(tagged_field(r->whole, "target"));
    sio_str via = tagged_text(r->whole, "via");
    sio_value v;
    sio_status status = each_name(tagged_field(r->whole, "rooms"), r->to, sio_target_to);
    if (status == SIO_OK)
        status = each_name(tagged_field(r->whole, "except"), r->to, sio_target_except);
    set_flags(tagged_field(r->whole, "flags"), r->to);
    if (!sio_cursor_done(&args) && sio_cursor_read(&args, &v) == SIO_OK)
        while (!sio_cursor_done(&args) && tagged_add(r->args, &args))
            ;
    if (!sio_cursor_done(&args))
        return SIO_EINVAL;
    if (!sio_cursor_done(&target) && sio_cursor_read(&target, &v) == SIO_OK)
        while (!sio_cursor_done(&target) && r->ntarget < MAX_NAMES &&
               sio_cursor_read(&target, &v) == SIO_OK)
            r->target[r->ntarget++] = v.v.text;
    if (status == SIO_OK && via.ptr != NULL && !sio_str_eq(via, SIO_STR("builder")))
        status = convert(&r->args, via);
    return status;
}

static sio_status run(struct request *r, sio_str op)
{
    sio_str event = tagged_text(r->whole, "event");
    if (sio_str_eq(op, SIO_STR("emit")))
        return sio_emitter_emit(r->em, r->to, event, r->args, done, r);
    if (sio_str_eq(op, SIO_STR("socketsJoin")))
        return sio_emitter_sockets_join(r->em, r->to, r->target, r->ntarget, done, r);
    if (sio_str_eq(op, SIO_STR("socketsLeave")))
        return sio_emitter_sockets_leave(r->em, r->to, r->target, r->ntarget, done, r);
    if (sio_str_eq(op, SIO_STR("disconnectSockets")))
        return sio_emitter_disconnect_sockets(r->em, r->to, tagged_true(r->whole, "close"), done,
                                              r);
    if (sio_str_eq(op, SIO_STR("serverSideEmit")))
        return sio_emitter_server_side_emit(r->em, event, r->args, done, r);
    return SIO_EINVAL;
}

static sio_status make_emitter(sio_link *link, struct request *r)
{
    sio_emitter_opts opts;
    char key[512] = "socket.io";
    sio_str prefix = tagged_text(r->whole, "key"), nsp = tagged_text(r->whole, "nsp");
    sio_emitter *root;
    sio_emitter_opts_init(&opts);
    if (prefix.ptr != NULL)
        snprintf(key, sizeof key, "%.*s", (int)prefix.len, prefix.ptr);
    opts.key = key;
    sio_status status = sio_emitter_new(link, &opts, &root);
    if (status == SIO_OK) {
        status = sio_emitter_of(root, nsp.ptr != NULL ? nsp : SIO_STR("/"), &r->em);
        sio_emitter_free(root);
    }
    return status;
}

static void print_answer(unsigned id, sio_status status, const struct request *r)
{
    sio_buf text;
    sio_buf_init(&text);
    (void)sio__json_string(sio_str_c(r->ended ? r->text : sio_status_text(status)), &text);
    if (status == SIO_OK)
        printf("{\"id\":%u,\"ok\":true,\"receivers\":%lld}\n", id, (long long)r->result.receivers);
    else
        printf("{\"id\":%u,\"ok\":false,\"error\":\"%s\",\"text\":%.*s}\n", id,
               sio_status_name(status), (int)text.len, text.ptr);
    sio_buf_fini(&text);
}

static void answer(sio_link *link, sio_str line, bool *quit)
{
    struct request *r = calloc(1, sizeof *r);
    sio_buf packed;
    sio_value id = {.type = SIO_NULL};
    sio_buf_init(&packed);
    if (r == NULL || sio_json_read(line, MAX_LINE_DEPTH, &packed, NULL) != SIO_OK) {
        printf("{\"ok\":false,\"error\":\"SIO_EINVAL\",\"text\":\"no JSON object\"}\n");
        sio_buf_fini(&packed);
        free(r);
        return;
    }
    r->whole = sio_buf_str(&packed);
    sio_cursor c = sio_cursor_at(tagged_field(r->whole, "id"));
    (void)sio_cursor_read(&c, &id);
    sio_str op = tagged_text(r->whole, "op");
    *quit = sio_str_eq(op, SIO_STR("quit"));
    sio_status status = make_emitter(link, r);
    if (status == SIO_OK)
        status = sio_target_new(&r->to);
    if (status == SIO_OK)
        status = sio_args_new(&r->args);
    if (status == SIO_OK)
        status = build(r);
    if (status == SIO_OK && !*quit) {
        status = run(r, op);
        if (status == SIO_OK)
            status = sio_link_flush(link, FLUSH_MS);
        if (r->ended)
            status = r->result.status;
    }
    print_answer(id.type == SIO_UINT ? (unsigned)id.v.natural : 0, status, r);
    sio_emitter_free(r->em);
    sio_target_free(r->to);
    sio_args_free(r->args);
    sio_buf_fini(&packed);
    free(r);
}

int main(int argc, char **argv)
{
    sio_link_opts opts;
    sio_link *link;
    char err[256], *line = NULL;
    size_t room = 0;
    ssize_t len;
    bool quit = false;
    sio_link_opts_init(&opts);
    opts.url = argc > 1 ? argv[1] : NULL;
    if (sio_link_new(&opts, &link, err, sizeof err) != SIO_OK) {
        fprintf(stderr, "sio-emit-driver: %s\n", err);
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (!quit && (len = getline(&line, &room, stdin)) > 0)
        answer(link, sio_str_of(line, (size_t)len), &quit);
    free(line);
    sio_link_free(link);
    return 0;
}
