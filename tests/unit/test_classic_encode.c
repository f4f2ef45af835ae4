/* SPDX-License-Identifier: MIT */
/* What a server says beyond the recorded vectors of today's adapter (test_classic.c has
 * those): questions for ids only, which adapter 8 answers but does not ask, answers to old
 * servers, and where answers go. */
#include "unit.h"

#include "vectors.h"
#include "wire/wire.h"

static const struct sio__wire *const wire = &sio__wire_classic;

static struct sio__peer server(bool answers_to_uid)
{
    struct sio__peer peer = {.role = SIO__SERVER,
                             .key = SIO_STR("socket.io"),
                             .nsp = SIO_STR("/"),
                             .answers_to_uid = answers_to_uid};
    return peer;
}

static void assert_frame(const struct sio__peer *peer, const struct sio_message *msg,
                         sio_str to_uid, const char *channel, const char *payload)
{
    struct sio__frame frame = {.channel_len = 0};
    sio_buf_init(&frame.buf);
    assert_int_equal(wire->encode(peer, msg, to_uid, &frame), SIO_OK);
    sio_str got = sio__frame_payload(&frame);
    assert_true(sio_str_eq(sio__frame_channel(&frame), sio_str_c(channel)));
    if (!sio_str_eq(got, sio_str_c(payload)))
        fail_msg("%.*s is not %s", (int)got.len, got.ptr, payload);
    sio_buf_fini(&frame.buf);
}

/* uid first, as in the requests of adapter 8: it answers on the uid's channel if it is told
 * to answer on specific ones. */
static void ids_only(void **state)
{
    (void)state;
    struct sio__peer peer = server(false);
    struct sio_message msg = {.type = SIO_MSG_SOCKETS,
                              .uid = SIO_STR("UidAAA"),
                              .request_id = SIO_STR("ReqAAA"),
                              .rooms = SIO_STR("\222\241a\241b"),
                              .except = SIO_STR("\220")};
    struct sio__frame frame = {.channel_len = 0};
    sio_str nobody = sio_str_of(NULL, 0);
    assert_frame(
        &peer, &msg, nobody, "socket.io-request#/#",
        "{\"uid\":\"UidAAA\",\"requestId\":\"ReqAAA\",\"type\":0,\"rooms\":[\"a\",\"b\"]}");
    msg.rooms = sio_str_of(NULL, 0);
    msg.except = sio_str_of(NULL, 0);
    assert_frame(&peer, &msg, nobody, "socket.io-request#/#",
                 "{\"uid\":\"UidAAA\",\"requestId\":\"ReqAAA\",\"type\":0,\"rooms\":[]}");
    msg.except = SIO_STR("\221\241x"); /* it has no place for exceptions */
    sio_buf_init(&frame.buf);
    assert_int_equal(wire->encode(&peer, &msg, nobody, &frame), SIO_EINVAL);
    sio_buf_fini(&frame.buf);
}

static void answers(void **state)
{
    (void)state;
    struct sio__peer shared = server(false), specific = server(true);
    sio_str asker = SIO_STR("UidAAA"), unnamed = sio_str_of(NULL, 0);
    struct sio_message done = {.type = SIO_MSG_DONE, .request_id = SIO_STR("R\"1")};
    struct sio_message emit = {.type = SIO_MSG_SERVER_SIDE_EMIT_RESPONSE,
                               .request_id = SIO_STR("R"),
                               .value = SIO_STR("\001")};
    struct sio_message ids = {
        .type = SIO_MSG_SOCKETS_RESPONSE, .request_id = SIO_STR("R"), .list = SIO_STR("\221\241s")};
    assert_frame(&shared, &done, asker, "socket.io-response#/#", "{\"requestId\":\"R\\\"1\"}");
    assert_frame(&specific, &done, asker, "socket.io-response#/#UidAAA#",
                 "{\"requestId\":\"R\\\"1\"}");
    assert_frame(&specific, &ids, asker, "socket.io-response#/#UidAAA#",
                 "{\"requestId\":\"R\",\"sockets\":[\"s\"]}");
    /* who gave no uid listens on the shared channel only: Node's answer would be lost */
    assert_frame(&specific, &ids, unnamed, "socket.io-response#/#",
                 "{\"requestId\":\"R\",\"sockets\":[\"s\"]}");
    /* an answer to a server-side emit goes there always */
    assert_frame(&specific, &emit, asker, "socket.io-response#/#",
                 "{\"type\":6,\"requestId\":\"R\",\"data\":1}");
}

/* What servers of version 6 asked and answered is said in the same bytes. */
static void as_old_servers(const struct vector *vector, void *user)
{
    struct sio__peer peer = server(false);
    struct sio_message msg;
    struct sio__frame frame = {.channel_len = 0};
    sio_buf scratch;
    sio_buf_init(&scratch);
    sio_buf_init(&frame.buf);
    assert_int_equal(wire->decode(&peer, vector->channel, vector->payload, &scratch, &msg),
                     SIO__DECODED);
    if (msg.type != SIO_MSG_BROADCAST && msg.sid.ptr == NULL) {
        assert_int_equal(wire->encode(&peer, &msg, sio_str_of(NULL, 0), &frame), SIO_OK);
        assert_true(sio_str_eq(sio__frame_channel(&frame), vector->channel));
        if (!sio_str_eq(sio__frame_payload(&frame), vector->payload))
            fail_msg("%s differs", vector->name);
        (*(unsigned *)user)++;
    }
    sio_buf_fini(&frame.buf);
    sio_buf_fini(&scratch);
}

static void bytes_of_old_servers(void **state)
{
    (void)state;
    unsigned compared = 0;
    vectors_each("classic.jsonl", "legacy/adapter6/", as_old_servers, &compared);
    assert_int_equal(compared, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ids_only),
    cmocka_unit_test(answers),
    cmocka_unit_test(bytes_of_old_servers),
};

SIO_TEST_MAIN(tests)
