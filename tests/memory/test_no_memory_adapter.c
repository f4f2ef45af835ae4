/* SPDX-License-Identifier: MIT */
/* Fault 42 in the adapter: every call and every message with the n-th allocation failing, n
 * rising until none fails: what fails changes nothing, and what goes on goes on whole. And no
 * allocation at all for a message once things run. */
#include "alloc.h"

#include <event2/event.h>
#include <sio/adapter.h>

#include "adapter/requests.h"
#include "fake_link.h"

#define REQUESTS "socket.io-request#/#"

struct scene {
    struct event_base *base;
    sio_link *link;
    sio_adapter *adapter;
    sio_socket *socket; /* "a", in "r" */
    sio_target *to;     /* "r" and "s", not "x" */
    sio_args *args;
    unsigned delivered, told;
};

static void spare(bool begins)
{
    alloc_spared = begins;
}

static void on_deliver(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                       const sio_broadcast *b, void *user)
{
    (void)adapter;
    (void)socket;
    (void)socket_user;
    assert_true(b->count >= 1);
    ((struct scene *)user)->delivered++;
}

static void on_event(sio_adapter *adapter, sio_str data, uint32_t count, sio_answer *answer,
                     void *user)
{
    (void)adapter;
    (void)data;
    (void)count;
    ((struct scene *)user)->told++;
    if (answer != NULL)
        (void)sio_answer_send(answer, NULL);
}

static sio_status open_adapter(struct scene *s)
{
    sio_adapter_opts opts;

    sio_adapter_opts_init(&opts);
    opts.user = s;
    opts.host = (sio_host){.deliver = on_deliver, .server_side_emit = on_event};
    opts.requests_timeout_ms = 60000;
    return sio_adapter_new(s->link, &opts, &s->adapter);
}

static sio_status add(struct scene *s)
{
    sio_status status = sio_socket_new(s->adapter, SIO_STR("a"), s, &s->socket);

    if (status == SIO_OK)
        status = sio_socket_connect(s->socket);
    if (status == SIO_OK)
        status = sio_socket_join(s->socket, SIO_STR("r"));
    return status;
}

static void scene_init(struct scene *s, bool with_socket)
{
    memset(s, 0, sizeof *s);
    alloc_require();
    fake_link_own = spare;
    s->base = event_base_new();
    s->link = fake_link_new(s->base);
    assert_int_equal(open_adapter(s), SIO_OK);
    fake_link_ready(s->link);
    if (with_socket)
        assert_int_equal(add(s), SIO_OK);
    assert_int_equal(sio_target_new(&s->to), SIO_OK);
    assert_int_equal(sio_target_to(s->to, SIO_STR("r")), SIO_OK);
    assert_int_equal(sio_target_to(s->to, SIO_STR("s")), SIO_OK);
    assert_int_equal(sio_target_except(s->to, SIO_STR("x")), SIO_OK);
    assert_int_equal(sio_args_new(&s->args), SIO_OK);
    assert_int_equal(sio_args_string(s->args, SIO_STR("text")), SIO_OK);
}

static void check_whole(const struct scene *s)
{
    const char *flaw = sio__registry_flaw(s->adapter->registry);

    if (flaw != NULL)
        fail_msg("%s", flaw);
}

static void scene_fini(struct scene *s)
{
    check_whole(s);
    sio_adapter_free(s->adapter);
    fake_link_free(s->link);
    event_base_free(s->base);
    sio_target_free(s->to);
    sio_args_free(s->args);
}

/* -- calls -- */

typedef sio_status call(struct scene *s);

/* Fails, if at all, with SIO_ENOMEM, published nothing then, and succeeds in the end. Each try
 * on an adapter that nothing was asked of before. */
static void each_allocation_fails(call *make_it, bool with_socket)
{
    long hits = 1;

    for (long n = 0; hits > 0; n++) {
        struct scene s;

        scene_init(&s, with_socket);
        alloc_arm(n, false);
        sio_status status = make_it(&s);
        hits = alloc_disarm();
        check_whole(&s);
        if (hits == 0 || status == SIO_OK) {
            assert_int_equal(status, SIO_OK);
        } else {
            assert_int_equal(status, SIO_ENOMEM);
            assert_int_equal(s.told + s.delivered, 0);
        }
        scene_fini(&s);
    }
}

static sio_status call_add(struct scene *s)
{
    return add(s);
}

static sio_status call_emit(struct scene *s)
{
    sio_status status = sio_adapter_emit(s->adapter, s->to, SIO_STR("e"), s->args, NULL, NULL);

    if (status == SIO_OK)
        assert_int_equal(s->delivered, 1);
    assert_int_equal(fake_link_sent(s->link), status == SIO_OK);
    return status;
}

static sio_status call_join(struct scene *s)
{
    sio_str room = SIO_STR("n");

    return sio_adapter_sockets_join(s->adapter, s->to, &room, 1, NULL, NULL);
}

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    (void)adapter;
    (void)answers;
    (void)fetched;
    (void)user;
}

static void on_names(sio_adapter *adapter, const sio_answers *answers, sio_str names, size_t count,
                     void *user)
{
    (void)adapter;
    (void)answers;
    (void)names;
    (void)count;
    (void)user;
}

static sio_status call_fetch(struct scene *s)
{
    return sio_adapter_fetch_sockets(s->adapter, s->to, on_fetched, NULL);
}

static sio_status call_rooms(struct scene *s)
{
    return sio_adapter_all_rooms(s->adapter, on_names, NULL);
}

static sio_status call_sockets(struct scene *s)
{
    return sio_adapter_sockets(s->adapter, NULL, on_names, NULL);
}

static sio_status call_server_side(struct scene *s)
{
    return sio_adapter_server_side_emit_with_ack(s->adapter, SIO_STR("e"), s->args, NULL, NULL);
}

static sio_status call_count(struct scene *s)
{
    return sio_adapter_server_count(s->adapter, NULL, NULL);
}

static void on_acked(sio_adapter *adapter, const sio_answers *answers, uint64_t clients,
                     uint64_t acks, void *user)
{
    (void)adapter;
    (void)clients;
    (void)acks;
    *(sio_status *)user = answers->status;
}

/* Published before there was no memory to await the acks here: it ends with that. */
static sio_status call_emit_with_ack(struct scene *s)
{
    sio_status ended = SIO_OK;
    sio_status status =
        sio_adapter_emit_with_ack(s->adapter, s->to, SIO_STR("e"), s->args, NULL, on_acked, &ended);

    alloc_spared = true;
    assert_true(ended == SIO_OK || ended == SIO_ENOMEM);
    sio__requests_end_all(s->adapter, false, SIO_ECLOSED, "");
    s->delivered = 0;
    alloc_spared = false;
    return status;
}

static void calls_without_memory_42(void **state)
{
    (void)state;
    each_allocation_fails(call_add, false);
    each_allocation_fails(call_emit, true);
    each_allocation_fails(call_join, true);
    each_allocation_fails(call_fetch, true);
    each_allocation_fails(call_rooms, true);
    each_allocation_fails(call_sockets, true);
    each_allocation_fails(call_server_side, true);
    each_allocation_fails(call_count, true);
    each_allocation_fails(call_emit_with_ack, true);
}

static void new_without_memory_42(void **state)
{
    long hits = 1;
    (void)state;
    alloc_require();
    fake_link_own = spare;
    for (long n = 0; hits > 0; n++) {
        struct scene s = {.base = event_base_new()};
        long live = alloc_live;

        s.link = fake_link_new(s.base);
        alloc_arm(n, false);
        sio_status status = open_adapter(&s);
        hits = alloc_disarm();
        assert_int_equal(status, hits > 0 ? SIO_ENOMEM : SIO_OK);
        assert_true((s.adapter == NULL) == (status != SIO_OK));
        sio_adapter_free(s.adapter);
        fake_link_free(s.link);
        assert_int_equal(alloc_live, live);
        event_base_free(s.base);
    }
}

/* -- messages -- */

static const struct {
    const char *channel, *json;
    bool packed;
} messages[] = {
    {"socket.io#/#",
     "[\"x\",{\"type\":2,\"data\":[\"e\",1],\"nsp\":\"/\"},{\"rooms\":[\"r\",\"s\"],\"except\":"
     "[\"x\"],\"flags\":{}}]",
     true},
    {REQUESTS, "{\"type\":2,\"opts\":{\"rooms\":[\"r\"],\"except\":[]},\"rooms\":[\"m\",\"n\"]}",
     false},
    {REQUESTS, "{\"type\":3,\"opts\":{\"rooms\":[\"r\"],\"except\":[]},\"rooms\":[\"r\"]}", false},
    {REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":5,\"opts\":{\"rooms\":[]}}", false},
    {REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":1}", false},
    {REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":0,\"rooms\":[]}", false},
    {REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":6,\"data\":[\"e\"]}", false},
    {REQUESTS,
     "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":7,\"packet\":{\"type\":2,\"data\":[\"e\"],"
     "\"nsp\":\"/\"},\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{}}}",
     true},
};

/* The message's effect, or counted as dropped or unanswered; never half of either. */
static void messages_without_memory_42(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        sio_buf payload;
        long hits = 1;

        sio_buf_init(&payload);
        if (messages[i].packed)
            assert_int_equal(sio_json_read(sio_str_c(messages[i].json), 0, &payload, NULL), SIO_OK);
        else
            assert_int_equal(sio_buf_append(&payload, messages[i].json, strlen(messages[i].json)),
                             SIO_OK);
        for (long n = 0; hits > 0; n++) {
            struct scene s;
            sio_adapter_stats stats;

            scene_init(&s, true);
            alloc_arm(n, false);
            (void)fake_link_bring(s.link, sio_str_c(messages[i].channel), sio_buf_str(&payload));
            hits = alloc_disarm();
            sio_adapter_get_stats(s.adapter, &stats);
            uint64_t lost = stats.dropped[SIO_DROP_NO_MEMORY] + stats.unanswered;
            uint64_t done = s.delivered + s.told + fake_link_sent(s.link) +
                            sio_socket_is_in(s.socket, SIO_STR("n")) +
                            !sio_socket_is_in(s.socket, SIO_STR("r"));
            assert_true(lost + done > 0);
            if (hits == 0)
                assert_int_equal(lost, 0);
            scene_fini(&s);
        }
        sio_buf_fini(&payload);
    }
}

static void no_allocation_per_message(void **state)
{
    enum { WARM = 100, COUNT = 10000 };
    static const char *const channels[] = {"socket.io#/#", "socket.io#/#r#", "socket.io#/#no#"};
    struct scene s;
    sio_buf payload;
    long before = 0;
    (void)state;
    scene_init(&s, true);
    sio_buf_init(&payload);
    assert_int_equal(sio_json_read(sio_str_c(messages[0].json), 0, &payload, NULL), SIO_OK);
    for (int i = 0; i < WARM + COUNT; i++) {
        if (i == WARM)
            before = alloc_made;
        (void)fake_link_bring(s.link, sio_str_c(channels[i % 3]), sio_buf_str(&payload));
        assert_int_equal(sio_adapter_emit(s.adapter, s.to, SIO_STR("e"), s.args, NULL, NULL),
                         SIO_OK);
    }
    assert_int_equal(alloc_made - before, 0);
    assert_int_equal(s.delivered, 2 * (WARM + COUNT) - (WARM + COUNT) / 3);
    sio_buf_fini(&payload);
    scene_fini(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(new_without_memory_42),
    cmocka_unit_test(calls_without_memory_42),
    cmocka_unit_test(messages_without_memory_42),
    cmocka_unit_test(no_allocation_per_message),
};

SIO_TEST_MAIN(tests)
