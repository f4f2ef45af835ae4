/* SPDX-License-Identifier: MIT */
/* What emitter and adapter refuse to send, each step by itself. (test_emitter.c has the
 * same rules through an emitter.) */
#include "unit.h"

#include <sio/args.h>
#include <sio/target.h>
#include <sio/value.h>

#include "value/normal.h"
#include "wire/outgoing.h"

static const struct sio__bounds bounds = {.max_packet_bytes = 100,
                                          .max_name_bytes = 10,
                                          .max_rooms = 3,
                                          .max_args = 2,
                                          .max_attachments = 1};
static const struct sio__bounds none; /* no limit */

static sio_args *json_args(const char *json)
{
    sio_args *args;
    assert_int_equal(sio_args_new(&args), SIO_OK);
    if (json != NULL)
        assert_int_equal(sio_args_json(args, sio_str_c(json), NULL), SIO_OK);
    return args;
}

/* The step's status, and that a refusal says why and a success does not. */
static sio_status told(const struct sio__outgoing *o, sio_status status)
{
    assert_int_equal(o->why == NULL, status == SIO_OK);
    return status;
}

static sio_status event(const struct sio__bounds *b, enum sio__audience audience, sio_str name,
                        const sio_args *args)
{
    struct sio__outgoing o = {.bounds = b};
    return told(&o, sio__outgoing_event(&o, audience, name, args));
}

static void events(void **state)
{
    (void)state;
    struct sio__outgoing o = {.bounds = &bounds};
    sio_args *args = json_args("{\"a\":1}");
    sio_args_undefined(args);
    assert_int_equal(sio__outgoing_event(&o, SIO__FOR_CLIENTS, SIO_STR("e"), args), SIO_OK);
    assert_true(sio_str_eq(o.msg.event, SIO_STR("e")));
    assert_true(sio_str_eq(o.msg.args, sio_args_packed(args)));
    assert_int_equal(o.msg.nargs, 2);
    assert_int_equal(o.msg.args_has, SIO__HAS_UNDEFINED);
    assert_int_equal(sio__outgoing_event(&o, SIO__FOR_CLIENTS, sio_str_of(NULL, 0), NULL), SIO_OK);
    assert_non_null(o.msg.event.ptr);
    assert_int_equal(o.msg.nargs, 0);
    sio_args_int(args, 1);
    assert_int_equal(event(&bounds, SIO__FOR_SERVERS, SIO_STR("e"), args), SIO_ETOOBIG);
    assert_int_equal(event(&none, SIO__FOR_SERVERS, SIO_STR("e"), args), SIO_OK);
    sio_args_map_begin(args);
    assert_int_equal(event(&none, SIO__FOR_SERVERS, SIO_STR("e"), args), SIO_EINVAL);
    sio_args_free(args);
}

static void event_names(void **state)
{
    (void)state;
    assert_int_equal(event(&bounds, SIO__FOR_CLIENTS, SIO_STR("0123456789"), NULL), SIO_OK);
    assert_int_equal(event(&bounds, SIO__FOR_CLIENTS, SIO_STR("0123456789a"), NULL), SIO_ETOOBIG);
    assert_int_equal(event(&none, SIO__FOR_CLIENTS, SIO_STR("0123456789a"), NULL), SIO_OK);
    assert_int_equal(event(&none, SIO__FOR_CLIENTS, SIO_STR("\xed\xa0\x80"), NULL), SIO_EINVAL);
    assert_int_equal(event(&none, SIO__FOR_CLIENTS, SIO_STR("connect"), NULL), SIO_EINVAL);
    assert_int_equal(event(&none, SIO__FOR_CLIENTS, SIO_STR("connection"), NULL), SIO_OK);
    assert_int_equal(event(&none, SIO__FOR_SERVERS, SIO_STR("connection"), NULL), SIO_EINVAL);
    assert_int_equal(event(&none, SIO__FOR_SERVERS, SIO_STR("error"), NULL), SIO_EINVAL);
    assert_int_equal(event(&none, SIO__FOR_SERVERS, SIO_STR("disconnect"), NULL), SIO_OK);
}

static void attachments_and_harm(void **state)
{
    (void)state;
    sio_args *args = json_args("{\"_placeholder\":true}");
    assert_int_equal(event(&bounds, SIO__FOR_CLIENTS, SIO_STR("e"), args), SIO_OK);
    sio_args_binary(args, "x", 1);
    assert_int_equal(event(&bounds, SIO__FOR_CLIENTS, SIO_STR("e"), args), SIO_EINVAL);
    assert_int_equal(event(&bounds, SIO__FOR_SERVERS, SIO_STR("e"), args), SIO_OK);
    sio_args_free(args);
    args = json_args(NULL);
    sio_args_binary(args, "x", 1);
    assert_int_equal(event(&bounds, SIO__FOR_CLIENTS, SIO_STR("e"), args), SIO_OK);
    sio_args_binary(args, "x", 1);
    assert_int_equal(event(&bounds, SIO__FOR_CLIENTS, SIO_STR("e"), args), SIO_ETOOBIG);
    assert_int_equal(event(&none, SIO__FOR_CLIENTS, SIO_STR("e"), args), SIO_OK);
    sio_args_free(args);
}

static sio_status target(const struct sio__bounds *b, const sio_target *to, size_t more)
{
    struct sio__outgoing o = {.bounds = b};
    struct sio__target_view view;
    sio__target_view(to, &view);
    sio_status status = told(&o, sio__outgoing_target(&o, &view, more));
    if (status == SIO_OK)
        assert_true(sio_str_eq(o.msg.rooms, view.rooms) && sio_str_eq(o.msg.except, view.except) &&
                    sio_str_eq(o.msg.flags, view.flags));
    return status;
}

static void targets(void **state)
{
    (void)state;
    sio_target *to;
    assert_int_equal(target(&bounds, NULL, 0), SIO_OK);
    assert_int_equal(sio_target_new(&to), SIO_OK);
    sio_target_volatile(to);
    assert_int_equal(sio_target_to(to, SIO_STR("a")), SIO_OK);
    assert_int_equal(sio_target_except(to, SIO_STR("0123456789")), SIO_OK);
    assert_int_equal(target(&bounds, to, 1), SIO_OK);
    assert_int_equal(target(&bounds, to, 2), SIO_ETOOBIG);
    assert_int_equal(sio_target_except(to, SIO_STR("0123456789a")), SIO_OK);
    assert_int_equal(target(&bounds, to, 0), SIO_ETOOBIG);
    assert_int_equal(target(&none, to, 100000), SIO_OK);
    sio_target_free(to);
}

static sio_status rooms(const struct sio__bounds *b, const sio_str *list, size_t count,
                        const char *want)
{
    struct sio__outgoing o = {.bounds = b};
    struct sio__names names;
    sio__names_init(&names);
    sio_status status = told(&o, sio__outgoing_rooms(&o, list, count, &names));
    if (status == SIO_OK) {
        sio_buf json;
        sio_buf_init(&json);
        assert_int_equal(sio_json_write(o.msg.target_rooms, NULL, NULL, &json), SIO_OK);
        assert_true(sio_str_eq(sio_buf_str(&json), sio_str_c(want)));
        sio_buf_fini(&json);
    }
    sio__names_fini(&names);
    return status;
}

static void rooms_to_join(void **state)
{
    (void)state;
    static const sio_str list[] = {SIO_STR_INIT("a"), SIO_STR_INIT("b"), SIO_STR_INIT("a"),
                                   SIO_STR_INIT("0123456789a"), SIO_STR_INIT("\xff")};
    assert_int_equal(rooms(&bounds, list, 0, ""), SIO_EINVAL);
    assert_int_equal(rooms(&bounds, list, 3, "[\"a\",\"b\",\"a\"]"), SIO_OK);
    assert_int_equal(rooms(&bounds, list, 4, ""), SIO_ETOOBIG);
    assert_int_equal(rooms(&none, list, 4, "[\"a\",\"b\",\"a\",\"0123456789a\"]"), SIO_OK);
    assert_int_equal(rooms(&none, list, 5, ""), SIO_EINVAL);
}

static void assert_value(sio_str packed, sio_status status, sio_str want)
{
    struct sio__outgoing o = {.bounds = &bounds};
    assert_int_equal(told(&o, sio__outgoing_value(&o, packed)), status);
    assert_true(sio_str_eq(o.msg.value, want));
}

static void values(void **state)
{
    (void)state;
    sio_str absent = sio_str_of(NULL, 0);
    assert_value(absent, SIO_OK, absent);
    assert_value(SIO_STR("\xd4\0\0"), SIO_OK, absent);
    assert_value(SIO_STR("\xd4\0\0\x01"), SIO_OK, absent); /* the first counts */
    assert_value(SIO_STR("\xc0"), SIO_OK, SIO_STR("\xc0"));
    assert_value(SIO_STR("\x92\x01\x02\x03"), SIO_OK, SIO_STR("\x92\x01\x02"));
    assert_value(SIO_STR("\x92\x01"), SIO_EINVAL, absent);
    assert_value(SIO_STR("\x01\xc1"), SIO_EINVAL, absent); /* all of it is looked at */
    assert_value(SIO_STR("\x81\x01\x02"), SIO_EINVAL, absent);
    struct sio__outgoing o = {.bounds = &bounds};
    assert_int_equal(sio__outgoing_value(&o, SIO_STR("\x91\xd4\0\0")), SIO_OK);
    assert_int_equal(o.msg.args_has, SIO__HAS_UNDEFINED);
}

static sio_status twice(sio_str in, sio_buf *out, void *user)
{
    if (*(bool *)user)
        return SIO_EREDIS;
    sio_status status = sio_buf_append(out, in.ptr, in.len);
    return status == SIO_OK ? sio_buf_append(out, in.ptr, in.len) : status;
}

static void custom_parsers(void **state)
{
    (void)state;
    struct sio__outgoing o = {.bounds = &bounds};
    struct sio__frame frame = {.channel_len = 2};
    bool fails = false;
    sio_buf_init(&frame.buf);
    assert_int_equal(sio_buf_append(&frame.buf, "chpay", 5), SIO_OK);
    assert_int_equal(told(&o, sio__outgoing_recode(&o, twice, &fails, &frame)), SIO_OK);
    assert_true(sio_str_eq(sio_buf_str(&frame.buf), SIO_STR("chpaypay")));
    fails = true;
    assert_int_equal(told(&o, sio__outgoing_recode(&o, twice, &fails, &frame)), SIO_EREDIS);
    sio_buf_fini(&frame.buf);
}

static void sizes(void **state)
{
    (void)state;
    struct sio__outgoing o = {.bounds = &bounds}, unbounded = {.bounds = &none};
    struct sio__frame frame = {.channel_len = 2};
    char zeros[103] = {0};
    sio_buf_init(&frame.buf);
    assert_int_equal(sio_buf_append(&frame.buf, zeros, 102), SIO_OK);
    assert_int_equal(told(&o, sio__outgoing_size(&o, &frame)), SIO_OK);
    assert_int_equal(sio_buf_append(&frame.buf, zeros, 1), SIO_OK);
    assert_int_equal(told(&o, sio__outgoing_size(&o, &frame)), SIO_ETOOBIG);
    assert_int_equal(told(&unbounded, sio__outgoing_size(&unbounded, &frame)), SIO_OK);
    sio_buf_fini(&frame.buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(events),
    cmocka_unit_test(event_names),
    cmocka_unit_test(attachments_and_harm),
    cmocka_unit_test(targets),
    cmocka_unit_test(rooms_to_join),
    cmocka_unit_test(values),
    cmocka_unit_test(custom_parsers),
    cmocka_unit_test(sizes),
};

SIO_TEST_MAIN(tests)
