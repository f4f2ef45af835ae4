/* SPDX-License-Identifier: MIT */
/* Emitters: their life, and the public operations, each one call encoded in the caller's
 * thread and handed to the link. */
#include <sio/emitter.h>

#include <stdlib.h>
#include <time.h>

#include "emitter/call.h"
#include "link/publish.h"
#include "value/utf8.h"
#include "wire/wire.h"

enum {
    STACK_FRAME = 4096,  /* frames up to this size are encoded on the stack */
    SPARE_MAX = 1 << 20, /* larger memory is not kept */
    DEFAULT_PACKET =
        8 << 20, /* one 30 MiB PUBLISH under Redis's defaults cuts off every subscriber */
    DEFAULT_NAME = 4096,
    DEFAULT_ROOMS = 4096,
    DEFAULT_ARGS = 4096,     /* Node passes 20,000 on and dies of 300,000 (Function.apply) */
    DEFAULT_ATTACHMENTS = 10 /* socket.io-parser 4.2.6 and later refuse more */
};

void sio_emitter_opts_init(sio_emitter_opts *opts)
{
    memset(opts, 0, sizeof *opts);
    opts->key = "socket.io";
    opts->nsp = "/";
    opts->max_packet_bytes = DEFAULT_PACKET;
    opts->max_name_bytes = DEFAULT_NAME;
    opts->max_rooms = DEFAULT_ROOMS;
    opts->max_args = DEFAULT_ARGS;
    opts->max_attachments = DEFAULT_ATTACHMENTS;
}

/* ---- life ---- */

/* Key and namespace, the latter with its leading slash, in memory of the emitter's own. */
static sio_status set_names(sio_emitter *em, sio_str key, sio_str nsp)
{
    size_t slash = nsp.len == 0 || nsp.ptr[0] != '/';
    size_t bound = em->opts.max_name_bytes;
    if (sio__utf8_check(key) != SIO__UTF8_VALID || sio__utf8_check(nsp) != SIO__UTF8_VALID)
        return SIO_EINVAL;
    if (bound != 0 && (key.len > bound || nsp.len + slash > bound))
        return SIO_ETOOBIG;
    em->names = malloc(key.len + slash + nsp.len + 1);
    if (em->names == NULL)
        return SIO_ENOMEM;
    char *at = em->names;
    if (key.len > 0)
        memcpy(at, key.ptr, key.len);
    em->peer.key = sio_str_of(at, key.len);
    at += key.len;
    em->peer.nsp = sio_str_of(at, slash + nsp.len);
    at[0] = '/';
    if (nsp.len > 0)
        memcpy(at + slash, nsp.ptr, nsp.len);
    return SIO_OK;
}

static void destroy(sio_emitter *em)
{
    for (size_t i = 0; i < SIO__SPARES; i++)
        sio_buf_fini(&em->spares[i]);
    pthread_mutex_destroy(&em->spares_lock);
    free(em->names);
    free(em);
}

static sio_status create(sio_link *link, const sio_emitter_opts *opts, sio_str key, sio_str nsp,
                         sio_emitter **out)
{
    *out = NULL;
    sio_status status = link != NULL ? sio__link_check(link) : SIO_OK;
    if (status != SIO_OK)
        return status;
    sio_emitter *em = calloc(1, sizeof *em);
    if (em == NULL)
        return SIO_ENOMEM;
    em->link = link;
    em->opts = *opts;
    em->bounds = (struct sio__bounds){.max_packet_bytes = opts->max_packet_bytes,
                                      .max_name_bytes = opts->max_name_bytes,
                                      .max_rooms = opts->max_rooms,
                                      .max_args = opts->max_args,
                                      .max_attachments = opts->max_attachments};
    em->wire = &sio__wire_classic;
    em->peer.role = SIO__EMITTER;
    atomic_init(&em->refs, 1);
    pthread_mutex_init(&em->spares_lock, NULL);
    status = set_names(em, key, nsp);
    if (status != SIO_OK) {
        destroy(em);
        return status;
    }
    *out = em;
    return SIO_OK;
}

sio_status sio_emitter_new(sio_link *link, const sio_emitter_opts *opts, sio_emitter **out)
{
    sio_emitter_opts defaults;
    sio_emitter_opts_init(&defaults);
    if (opts == NULL)
        opts = &defaults;
    return create(link, opts, sio_str_c(opts->key != NULL ? opts->key : defaults.key),
                  sio_str_c(opts->nsp), out);
}

sio_status sio_emitter_of(const sio_emitter *em, sio_str nsp, sio_emitter **out)
{
    return create(em->link, &em->opts, em->peer.key, nsp, out);
}

static void release(sio_emitter *em)
{
    if (atomic_fetch_sub_explicit(&em->refs, 1, memory_order_acq_rel) == 1)
        destroy(em);
}

void sio_emitter_free(sio_emitter *em)
{
    if (em != NULL)
        release(em);
}

sio_link *sio_emitter_link(const sio_emitter *em)
{
    return em->link;
}

/* ---- frames ---- */

/* A frame that starts on the caller's stack, or in spare memory if that is too small. */
static void frame_begin(sio_emitter *em, size_t guess, char *stack, struct sio__frame *frame)
{
    sio_buf_init_on(&frame->buf, stack, STACK_FRAME);
    frame->channel_len = 0;
    if (guess <= STACK_FRAME)
        return;
    pthread_mutex_lock(&em->spares_lock);
    for (size_t i = 0; i < SIO__SPARES; i++) {
        if (em->spares[i].ptr != NULL) {
            frame->buf = em->spares[i];
            sio_buf_init(&em->spares[i]);
            break;
        }
    }
    pthread_mutex_unlock(&em->spares_lock);
}

static void frame_end(sio_emitter *em, struct sio__frame *frame)
{
    if (frame->buf.ptr == frame->buf.lent)
        return;
    if (frame->buf.cap <= SPARE_MAX) {
        pthread_mutex_lock(&em->spares_lock);
        for (size_t i = 0; i < SIO__SPARES; i++) {
            if (em->spares[i].ptr == NULL) {
                em->spares[i] = frame->buf;
                em->spares[i].lent = NULL;
                sio_buf_clear(&em->spares[i]);
                sio_buf_init(&frame->buf);
                break;
            }
        }
        pthread_mutex_unlock(&em->spares_lock);
    }
    sio_buf_fini(&frame->buf);
}

/* ---- sending ---- */

/* The link's word, passed on to the function that the emit was given. */
static void ended(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                  void *user)
{
    sio_emit_result told = {
        .status = result->status, .receivers = result->receivers, .text = result->text};
    sio_emit_cb *done = (sio_emit_cb *)fn;
    done(owner, &told, user);
    release(owner);
}

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Publish, waiting for room in the outbox for at most wait_ms (0: not at all). */
static sio_status publish(sio_emitter *em, const struct sio__frame *frame,
                          const struct sio__completion *completion, unsigned wait_ms)
{
    sio_str channel = sio__frame_channel(frame), payload = sio__frame_payload(frame);
    sio_status status = sio__link_publish(em->link, SIO__PUBLISH, channel, payload, completion);
    if (status != SIO_EFULL || wait_ms == 0)
        return status;
    int64_t deadline = now_ms() + wait_ms;
    while (status == SIO_EFULL) {
        int64_t left = deadline - now_ms();
        if (left <= 0)
            return SIO_ETIMEDOUT;
        status = sio_link_wait_writable(em->link, sio__publish_size(SIO__PUBLISH, channel, payload),
                                        (unsigned)left);
        if (status == SIO_OK)
            status = sio__link_publish(em->link, SIO__PUBLISH, channel, payload, completion);
    }
    return status;
}

static sio_status check_link(const sio_emitter *em)
{
    return em->link != NULL ? sio__link_check(em->link) : SIO_ECLOSED;
}

static sio_status send_call(sio_emitter *em, const struct sio__call *call, unsigned wait_ms,
                            sio_emit_cb *done, void *user)
{
    char stack[STACK_FRAME];
    struct sio__frame frame;
    struct sio__completion completion = {
        .done = done != NULL ? ended : NULL, .owner = em, .fn = (void (*)(void))done, .user = user};
    sio_status status = check_link(em); /* first: after fork() no lock may be taken */
    if (status != SIO_OK)
        return status;
    if (done != NULL) /* the completion's, and this call's: the former may come any time */
        atomic_fetch_add_explicit(&em->refs, 2, memory_order_relaxed);
    frame_begin(em, sio__emitter_guess(call), stack, &frame);
    status = sio__emitter_frame(em, call, &frame);
    if (status == SIO_OK)
        status = publish(em, &frame, &completion, wait_ms);
    frame_end(em, &frame);
    if (done != NULL) {
        if (status != SIO_OK)
            release(em);
        release(em);
    }
    return status;
}

sio_status sio_emitter_emit(sio_emitter *em, const sio_target *to, sio_str event,
                            const sio_args *args, sio_emit_cb *done, void *user)
{
    struct sio__call call = {.op = SIO__OP_EMIT, .to = to, .event = event, .args = args};
    return send_call(em, &call, 0, done, user);
}

sio_status sio_emitter_emit_wait(sio_emitter *em, const sio_target *to, sio_str event,
                                 const sio_args *args, unsigned timeout_ms, sio_emit_cb *done,
                                 void *user)
{
    struct sio__call call = {.op = SIO__OP_EMIT, .to = to, .event = event, .args = args};
    return send_call(em, &call, timeout_ms, done, user);
}

sio_status sio_emitter_sockets_join(sio_emitter *em, const sio_target *to, const sio_str *rooms,
                                    size_t nrooms, sio_emit_cb *done, void *user)
{
    struct sio__call call = {.op = SIO__OP_JOIN, .to = to, .rooms = rooms, .nrooms = nrooms};
    return send_call(em, &call, 0, done, user);
}

sio_status sio_emitter_sockets_leave(sio_emitter *em, const sio_target *to, const sio_str *rooms,
                                     size_t nrooms, sio_emit_cb *done, void *user)
{
    struct sio__call call = {.op = SIO__OP_LEAVE, .to = to, .rooms = rooms, .nrooms = nrooms};
    return send_call(em, &call, 0, done, user);
}

sio_status sio_emitter_disconnect_sockets(sio_emitter *em, const sio_target *to, bool close,
                                          sio_emit_cb *done, void *user)
{
    struct sio__call call = {.op = SIO__OP_DISCONNECT, .to = to, .close = close};
    return send_call(em, &call, 0, done, user);
}

sio_status sio_emitter_server_side_emit(sio_emitter *em, sio_str event, const sio_args *args,
                                        sio_emit_cb *done, void *user)
{
    struct sio__call call = {.op = SIO__OP_SERVER_EMIT, .event = event, .args = args};
    return send_call(em, &call, 0, done, user);
}
