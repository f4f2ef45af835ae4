/* SPDX-License-Identifier: MIT */
#include "would_send.h"

#include "unit.h"
#include "wire/wire.h"

void bench_init(struct bench *b)
{
    assert_int_equal(sio_emitter_new(NULL, NULL, &b->em), SIO_OK);
    assert_int_equal(sio_target_new(&b->to), SIO_OK);
    assert_int_equal(sio_args_new(&b->args), SIO_OK);
    sio_buf_init(&b->channel);
    sio_buf_init(&b->payload);
    sio_buf_init(&b->scratch);
}

void bench_fini(struct bench *b)
{
    sio_emitter_free(b->em);
    sio_target_free(b->to);
    sio_args_free(b->args);
    sio_buf_fini(&b->channel);
    sio_buf_fini(&b->payload);
    sio_buf_fini(&b->scratch);
}

sio_status would_send(struct bench *b, const struct sio__call *call)
{
    struct sio__peer server = {
        .role = SIO__SERVER, .key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    enum sio__verdict verdict;
    sio_status status;

    sio_buf_clear(&b->channel);
    sio_buf_clear(&b->payload);
    status = sio__emitter_encode(b->em, call, &b->channel, &b->payload);
    if (status != SIO_OK) {
        assert_int_equal(b->channel.len + b->payload.len, 0);
        return status;
    }
    verdict = sio__wire_classic.decode(&server, sio_buf_str(&b->channel), sio_buf_str(&b->payload),
                                       &b->scratch, &b->msg);
    if (verdict != SIO__DECODED)
        fail_msg("a server would say %d", (int)verdict);
    return SIO_OK;
}

sio_status would_emit(struct bench *b)
{
    struct sio__call call = {
        .op = SIO__OP_EMIT, .to = b->to, .event = SIO_STR("e"), .args = b->args};

    return would_send(b, &call);
}
