/* SPDX-License-Identifier: MIT */
/* A link's counters as JSON text: the keys are promised. */
#include "unit.h"

#include <sio/link.h>

/* All the names, each with a number of its own; what does not fit in a double, too. */
static sio_link_stats some(void)
{
    sio_link_stats stats = {.state = SIO_LINK_UP,
                            .connections = 2,
                            .published = 1,
                            .accepted = 3,
                            .resent = 4,
                            .receivers = 5,
                            .outbox_publishes = 6,
                            .outbox_bytes = 7,
                            .outbox_publishes_bound = 65536,
                            .outbox_bytes_bound = 16777216,
                            .bytes_out = UINT64_MAX,
                            .bytes_in = 8,
                            .connects = 9,
                            .reconnects = 10,
                            .attempts_failed = 11,
                            .disconnects = 12,
                            .messages = 13,
                            .subscriber_disconnects = 14,
                            .round_trips = {15, 16, 17, 18, 19, 20, 21}};

    for (int i = 0; i < SIO_STATUS_COUNT; i++) {
        stats.failed[i] = 100 + (uint64_t)i;
        stats.refused[i] = 200 + (uint64_t)i;
    }
    return stats;
}

static void assert_json(const sio_link_stats *stats, const char *wanted)
{
    sio_buf out;

    sio_buf_init(&out);
    assert_int_equal(sio_link_stats_json(stats, &out), SIO_OK);
    assert_int_equal(sio_buf_append(&out, "", 1), SIO_OK);
    assert_string_equal(out.ptr, wanted);
    sio_buf_fini(&out);
}

static void every_key(void **state)
{
    sio_link_stats stats = some();

    (void)state;
    assert_json(&stats,
                "{\"state\":\"up\",\"connections\":2,\"connects\":9,\"reconnects\":10,"
                "\"attempts_failed\":11,\"disconnects\":12,\"subscriber_disconnects\":14,"
                "\"published\":1,\"accepted\":3,\"receivers\":5,\"resent\":4,"
                "\"failed\":{\"SIO_EINVAL\":101,\"SIO_ENOMEM\":102,\"SIO_ETOOBIG\":103,"
                "\"SIO_EFULL\":104,\"SIO_ECLOSED\":105,\"SIO_ETIMEDOUT\":106,\"SIO_ECONN\":107,"
                "\"SIO_EAUTH\":108,\"SIO_ENOPERM\":109,\"SIO_EREDIS\":110,\"SIO_EXPIRED\":111,"
                "\"SIO_EDEADLK\":112,\"SIO_EFORK\":113,\"SIO_ESYS\":114},"
                "\"refused\":{\"SIO_EINVAL\":201,\"SIO_ENOMEM\":202,\"SIO_ETOOBIG\":203,"
                "\"SIO_EFULL\":204,\"SIO_ECLOSED\":205,\"SIO_ETIMEDOUT\":206,\"SIO_ECONN\":207,"
                "\"SIO_EAUTH\":208,\"SIO_ENOPERM\":209,\"SIO_EREDIS\":210,\"SIO_EXPIRED\":211,"
                "\"SIO_EDEADLK\":212,\"SIO_EFORK\":213,\"SIO_ESYS\":214},"
                "\"outbox\":{\"publishes\":6,\"bytes\":7,\"publishes_bound\":65536,"
                "\"bytes_bound\":16777216},\"messages\":13,"
                "\"bytes_out\":18446744073709551615,\"bytes_in\":8,"
                "\"round_trips\":{\"count\":15,\"sum_us\":16,\"recent\":17,\"p50_us\":18,"
                "\"p90_us\":19,\"p99_us\":20,\"max_us\":21}}");
}

static void every_state(void **state)
{
    static const char *const names[] = {"connecting", "up", "down", "closed"};

    (void)state;
    for (int i = SIO_LINK_CONNECTING; i <= SIO_LINK_CLOSED; i++) {
        sio_link_stats stats = some();
        char wanted[64];
        sio_buf out;

        sio_buf_init(&out);
        stats.state = (sio_link_state)i;
        assert_int_equal(sio_link_stats_json(&stats, &out), SIO_OK);
        snprintf(wanted, sizeof wanted, "{\"state\":\"%s\",", names[i]);
        assert_memory_equal(out.ptr, wanted, strlen(wanted));
        sio_buf_fini(&out);
    }
}

/* The longest text there can be, appended to what is there. */
static void every_number_at_its_largest(void **state)
{
    sio_link_stats stats;
    sio_buf out;

    (void)state;
    memset(&stats, 0xff, sizeof stats);
    stats.state = SIO_LINK_CONNECTING;
    sio_buf_init(&out);
    assert_int_equal(sio_buf_append(&out, "data: ", 6), SIO_OK);
    assert_int_equal(sio_link_stats_json(&stats, &out), SIO_OK);
    assert_memory_equal(out.ptr, "data: {\"state\"", 14);
    assert_int_equal(out.ptr[out.len - 1], '}');
    assert_in_range(out.len, 1000, 4096);
    sio_buf_fini(&out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_key),
    cmocka_unit_test(every_state),
    cmocka_unit_test(every_number_at_its_largest),
};

SIO_TEST_MAIN(tests)
