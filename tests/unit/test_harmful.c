/* SPDX-License-Identifier: MIT */
/* Values that would end a JavaScript receiver are told from those that only look alike. */
#include "unit.h"

#include <sio/args.h>
#include <sio/emitter.h>

#include "emitter/preview.h"
#include "value/harmful.h"

#define DATE            "\xd6\xff\x00\x00\x00\x01"
#define BINARY          "\xc4\x01x"
#define KEY_PROTO       "\xa9__proto__"
#define KEY_PLACEHOLDER "\xac_placeholder"

struct sample {
    sio_str packed;
    bool alone, beside_binary; /* whether it does harm */
};

#define SAMPLE(text, alone, beside_binary)                                                         \
    {                                                                                              \
        {text, sizeof(text) - 1}, alone, beside_binary                                             \
    }

static const struct sample samples[] = {
    SAMPLE("", false, false),
    SAMPLE(BINARY, false, false),
    SAMPLE("\x81" KEY_PROTO DATE, true, true),
    SAMPLE("\x81" KEY_PROTO BINARY, true, true),
    SAMPLE("\x81" KEY_PROTO "\xd7\x00\x00\x00\x00\x00\x00\x00\x00\x01", true, true),
    SAMPLE("\x81" KEY_PROTO "\x81" KEY_PROTO DATE, true, true),
    SAMPLE("\x01\x92\x01\x82\xa1k\x80" KEY_PROTO BINARY, true, true),
    SAMPLE("\x81" KEY_PROTO "\x81\xa1k" DATE, false, false),
    SAMPLE("\x81" KEY_PROTO "\x91" DATE, false, false),
    SAMPLE("\x81" KEY_PROTO "\xc0", false, false),
    SAMPLE("\x92" KEY_PROTO DATE, false, false),                /* an element, no key */
    SAMPLE("\x81\xa1k" KEY_PROTO DATE, false, false),           /* a value, no key */
    SAMPLE("\x82\xa1k\x92\x01\x02" KEY_PROTO DATE, true, true), /* a key behind a container */
    SAMPLE("\x81\xa9__proto_x" DATE, false, false),
    SAMPLE("\x81" KEY_PLACEHOLDER "\xc3", false, true),
    SAMPLE("\x81" KEY_PLACEHOLDER "\xc2", false, false),
    SAMPLE("\x81" KEY_PLACEHOLDER "\x01", false, false),
    SAMPLE("\x92" KEY_PLACEHOLDER "\xc3", false, false),
    SAMPLE("\x91\x91\x82\xa3num\x00" KEY_PLACEHOLDER "\xc3", false, true),
};

static void tells_them_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct sample *s = &samples[i];
        if (sio__harms_javascript(s->packed, false) != s->alone ||
            sio__harms_javascript(s->packed, true) != s->beside_binary)
            fail_msg("sample %zu", i);
    }
}

static sio_status encode(enum sio__op op, sio_str packed)
{
    struct sio__call call = {.op = op, .event = SIO_STR("e")};
    sio_emitter *em;
    sio_args *args;
    sio_buf channel, payload;
    sio_buf_init(&channel);
    sio_buf_init(&payload);
    assert_int_equal(sio_emitter_new(NULL, NULL, &em), SIO_OK);
    assert_int_equal(sio_args_new(&args), SIO_OK);
    assert_int_equal(sio_args_msgpack(args, packed), SIO_OK);
    call.args = args;
    sio_status status = sio__emitter_encode(em, &call, &channel, &payload);
    sio_args_free(args);
    sio_emitter_free(em);
    sio_buf_fini(&channel);
    sio_buf_fini(&payload);
    return status;
}

static void the_emitter_refuses_them(void **state)
{
    (void)state;
    assert_int_equal(encode(SIO__OP_EMIT, SIO_STR("\x81" KEY_PROTO DATE)), SIO_EINVAL);
    assert_int_equal(encode(SIO__OP_EMIT, SIO_STR("\x81" KEY_PROTO BINARY)), SIO_EINVAL);
    assert_int_equal(encode(SIO__OP_EMIT, SIO_STR(BINARY "\x81" KEY_PLACEHOLDER "\xc3")),
                     SIO_EINVAL);
    assert_int_equal(encode(SIO__OP_EMIT, SIO_STR("\x81" KEY_PLACEHOLDER "\xc3")), SIO_OK);
    assert_int_equal(encode(SIO__OP_EMIT, SIO_STR("\x81" KEY_PROTO "\x81\xa1k" DATE)), SIO_OK);
}

/* A server-side event is JSON, where neither has a meaning. */
static void server_side_events_may_hold_them(void **state)
{
    (void)state;
    assert_int_equal(encode(SIO__OP_SERVER_EMIT, SIO_STR("\x81" KEY_PROTO DATE)), SIO_OK);
    assert_int_equal(encode(SIO__OP_SERVER_EMIT, SIO_STR(BINARY "\x81" KEY_PLACEHOLDER "\xc3")),
                     SIO_OK);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tells_them_apart),
    cmocka_unit_test(the_emitter_refuses_them),
    cmocka_unit_test(server_side_events_may_hold_them),
};

SIO_TEST_MAIN(tests)
