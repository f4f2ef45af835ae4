/* SPDX-License-Identifier: MIT */
/* What an adapter asks the cluster, on a fake link: how its questions end. */
#include "adapter_world.h"

#define REQUESTS  "socket.io-request#/#"
#define RESPONSES "socket.io-response#/#"

/* JSON text of what was published last, whatever its encoding. */
static const char *last(struct world *w)
{
    static char text[2048];
    sio_str payload = fake_link_last(w->link);
    sio_buf json;

    sio_buf_init_on(&json, text, sizeof text);
    if (payload.len > 0 && payload.ptr[0] == '{')
        assert_int_equal(sio_buf_append(&json, payload.ptr, payload.len), SIO_OK);
    else
        assert_int_equal(sio_json_write(payload, NULL, NULL, &json), SIO_OK);
    text[json.len] = '\0';
    return text;
}

static const char *last_channel(struct world *w)
{
    static char text[256];
    const struct fake_sent *sent = fake_link_at(w->link, fake_link_sent(w->link) - 1);

    snprintf(text, sizeof text, "%.*s", (int)sent->channel.len, sent->channel.ptr);
    return text;
}

/* The request id of the last question. */
static const char *asked_id(struct world *w)
{
    static char id[32];
    const char *at = strstr(last(w), "\"requestId\":\"");

    assert_non_null(at);
    snprintf(id, sizeof id, "%.6s", at + strlen("\"requestId\":\""));
    return id;
}

static const char *fill(const char *format, const char *a)
{
    static char text[2048];

    snprintf(text, sizeof text, format, a);
    return text;
}

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    sio_remote_socket s;

    (void)adapter;
    while (sio_fetched_next(fetched, &s))
        world_line(user, "socket %.*s%s", (int)s.sid.len, s.sid.ptr, s.is_local ? " local" : "");
    world_line(user, "fetched %s %u of %u%s%s", sio_status_name(answers->status), answers->answered,
               answers->expected, answers->text[0] != '\0' ? ": " : "", answers->text);
}

static void ask(struct world *w)
{
    assert_int_equal(sio_adapter_fetch_sockets(w->adapter, NULL, on_fetched, w), SIO_OK);
}

static void all_servers_answer(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    ask(&w);
    assert_int_equal(fake_link_sent(w.link), 1);
    assert_true(fake_link_at(w.link, 0)->is_count);
    assert_string_equal(last_channel(&w), REQUESTS);
    fake_link_count(w.link, 3);
    assert_int_equal(fake_link_sent(w.link), 2);
    char id[16];
    snprintf(id, sizeof id, "%s", asked_id(&w));
    world_bring(&w, REQUESTS, last(&w)); /* its own, coming back */
    assert_int_equal(fake_link_sent(w.link), 2);
    world_bring(&w, RESPONSES, fill("{\"requestId\":\"%s\",\"rooms\":[]}", id));
    world_expect(&w, "dropped unexpected\n");
    world_bring(&w, RESPONSES,
                fill("{\"requestId\":\"%s\",\"sockets\":[{\"id\":\"b\"},7,{\"id\":8},9]}", id));
    world_expect(&w, "");
    world_bring(&w, RESPONSES, fill("{\"requestId\":\"%s\",\"sockets\":[{\"id\":\"c\"}]}", id));
    world_expect(&w, "socket a local\nsocket b\nsocket c\nfetched SIO_OK 2 of 2\n");
    world_bring(&w, RESPONSES, fill("{\"requestId\":\"%s\",\"sockets\":[]}", id)); /* late */
    world_expect(&w, "");
    world_fini(&w);
}

static void on_described(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                         void *user)
{
    sio_remote_socket s;

    (void)adapter;
    (void)answers;
    while (sio_fetched_next(fetched, &s)) {
        const sio_str parts[] = {s.handshake, s.rooms, s.data};
        sio_buf json;
        char text[1024];

        sio_buf_init_on(&json, text, sizeof text);
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            assert_int_equal(sio_buf_append(&json, " ", 1), SIO_OK);
            if (parts[i].len > 0)
                assert_int_equal(sio_json_write(parts[i], NULL, NULL, &json), SIO_OK);
        }
        world_line(user, "%.*s%.*s", (int)s.sid.len, s.sid.ptr, (int)json.len, json.ptr);
    }
}

#define LONG_TEXT "\"0123456789012345678901234567890123456789012345678901234567890123456789\""

/* Large ones are not stepped through but found by what was noted; in any form, and beside small
 * ones. */
static void descriptions_in_any_form(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    assert_int_equal(sio_adapter_fetch_sockets(w.adapter, NULL, on_described, &w), SIO_OK);
    fake_link_count(w.link, 2);
    world_bring(&w, RESPONSES,
                fill("{\"requestId\":\"%s\",\"sockets\":["
                     "{\"id\":\"a\",\"handshake\":{\"h\":" LONG_TEXT "},\"rooms\":[\"a\"],"
                     "\"data\":{\"d\":" LONG_TEXT "}},"
                     "{\"id\":\"b\",\"handshake\":{},\"rooms\":[],\"data\":1},"
                     "{\"data\":[" LONG_TEXT "],\"rooms\":[" LONG_TEXT "],\"id\":\"c\","
                     "\"more\":[" LONG_TEXT "]},"
                     "{\"id\":\"no\",\"handshake\":[" LONG_TEXT "],\"rooms\":7,\"id\":8},"
                     "{\"id\":\"d\",\"handshake\":[" LONG_TEXT "],\"rooms\":7,\"data\":[]},"
                     "{\"id\":\"e\",\"handshake\":[" LONG_TEXT "],\"rooms\":[],\"other\":[]},"
                     "{\"id\":\"f\",\"handshake\":[" LONG_TEXT "],\"rooms\":[1],\"data\":[]}]}",
                     asked_id(&w)));
    world_expect(&w, "a {\"h\":" LONG_TEXT "} [\"a\"] {\"d\":" LONG_TEXT "}\n"
                     "b {} [] 1\n"
                     "c null [" LONG_TEXT "] [" LONG_TEXT "]\n"
                     "d [" LONG_TEXT "] [] []\n"
                     "e [" LONG_TEXT "] [] \n"
                     "f [" LONG_TEXT "] [1] []\n");
    world_fini(&w);
}

static void nobody_else_is_there(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    ask(&w);
    fake_link_count(w.link, 1);
    world_expect(&w, "socket a local\nfetched SIO_OK 0 of 0\n");
    assert_int_equal(fake_link_sent(w.link), 1);
    world_fini(&w);
}

static void open_with_timeout(struct world *w, unsigned ms)
{
    sio_adapter_opts opts;

    memset(w, 0, sizeof *w);
    sio_buf_init(&w->log);
    w->quiet_rooms = true;
    world_opts(w, &opts);
    opts.requests_timeout_ms = ms;
    world_open(w, &opts, WORLD_LINKED);
}

static void what_came_until_the_timeout(void **state)
{
    struct world w;
    (void)state;
    open_with_timeout(&w, 30);
    ask(&w);
    fake_link_count(w.link, 3);
    world_bring(&w, RESPONSES,
                fill("{\"requestId\":\"%s\",\"sockets\":[{\"id\":\"b\"}]}", asked_id(&w)));
    WORLD_WAIT(&w, w.log.len > 0);
    world_expect(&w, "socket b\nfetched SIO_ETIMEDOUT 1 of 2: timeout reached while waiting for "
                     "fetchSockets response\n");
    world_fini(&w);
}

static void on_hinted(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                      void *user)
{
    (void)adapter;
    (void)fetched;
    world_line(user, "%s: %s", sio_status_name(answers->status), answers->hint);
}

/* Redis counts three subscribers; so many have a channel of their own (-1: it does not say). */
static void time_out_with(struct world *w, int64_t live, const char *line)
{
    open_with_timeout(w, 300);
    assert_int_equal(sio_adapter_fetch_sockets(w->adapter, NULL, on_hinted, w), SIO_OK);
    fake_link_count(w->link, 3);
    WORLD_WAIT(w, fake_link_at(w->link, fake_link_sent(w->link) - 1)->is_census);
    assert_string_equal(last_channel(w), "socket.io-response#/#??????#");
    fake_link_end(w->link, fake_link_sent(w->link) - 1, live < 0 ? SIO_ENOPERM : SIO_OK, live);
    WORLD_WAIT(w, w->log.len > 0);
    world_expect(w, line);
    world_fini(w);
}

static void observers_are_hinted_at_38(void **state)
{
    struct world w;
    (void)state;
    time_out_with(&w, 2,
                  "SIO_ETIMEDOUT: more subscribers than live uids: 3 subscribe to the "
                  "servers' channel, 2 have a channel for answers as servers do\n");
    time_out_with(&w, 3, "SIO_ETIMEDOUT: \n");
    time_out_with(&w, -1, "SIO_ETIMEDOUT: \n");
}

/* Three servers, one has answered, one has gone: two counts in a row say so. */
static void a_server_that_has_gone_is_not_waited_for(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    ask(&w);
    fake_link_count(w.link, 3);
    world_bring(&w, RESPONSES,
                fill("{\"requestId\":\"%s\",\"sockets\":[{\"id\":\"b\"}]}", asked_id(&w)));
    for (int counts = 0; counts < 2; counts++) {
        size_t sent = fake_link_sent(w.link);
        world_expect(&w, "");
        WORLD_WAIT(&w, fake_link_sent(w.link) > sent);
        assert_true(fake_link_at(w.link, sent)->is_count);
        fake_link_count(w.link, 2);
    }
    world_expect(&w, "socket b\nfetched SIO_OK 1 of 2: a server has gone without an answer\n");
    world_fini(&w);
}

/* ... but the one that is left may still be about to answer. */
static void the_one_that_is_left_is_waited_for(void **state)
{
    struct world w;
    char id[16];
    (void)state;
    world_init(&w, WORLD_LINKED);
    ask(&w);
    fake_link_count(w.link, 4);
    snprintf(id, sizeof id, "%s", asked_id(&w));
    size_t sent = fake_link_sent(w.link);
    WORLD_WAIT(&w, fake_link_sent(w.link) > sent);
    fake_link_count(w.link, 3);
    world_expect(&w, "");
    world_bring(&w, RESPONSES, fill("{\"requestId\":\"%s\",\"sockets\":[{\"id\":\"b\"}]}", id));
    for (int counts = 0; counts < 3; counts++) {
        sent = fake_link_sent(w.link);
        WORLD_WAIT(&w, fake_link_sent(w.link) > sent);
        fake_link_count(w.link, 3);
        world_expect(&w, "");
    }
    world_bring(&w, RESPONSES, fill("{\"requestId\":\"%s\",\"sockets\":[{\"id\":\"c\"}]}", id));
    for (int counts = 0; counts < 2; counts++) {
        sent = fake_link_sent(w.link);
        WORLD_WAIT(&w, fake_link_sent(w.link) > sent);
        fake_link_count(w.link, 3);
    }
    world_expect(&w, "socket b\nsocket c\nfetched SIO_OK 2 of 3: a server has gone without an "
                     "answer\n");
    world_fini(&w);
}

static void questions_that_cannot_be_asked(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    fake_link_refuse(w.link, SIO_EFULL);
    assert_int_equal(sio_adapter_fetch_sockets(w.adapter, NULL, on_fetched, &w), SIO_EFULL);
    fake_link_refuse(w.link, SIO_OK);
    ask(&w);
    fake_link_end(w.link, 0, SIO_ENOPERM, -1); /* counting is denied */
    world_expect(&w, fill("fetched SIO_ENOPERM 0 of 0: %s\n", sio_status_text(SIO_ENOPERM)));
    ask(&w);
    fake_link_end(w.link, 1, SIO_OK, 2);
    fake_link_end(w.link, 2, SIO_EXPIRED, -1); /* asking is */
    world_expect(&w, fill("fetched SIO_EXPIRED 0 of 1: %s\n", sio_status_text(SIO_EXPIRED)));
    ask(&w);
    fake_link_end(w.link, 3, SIO_OK, 2);
    fake_link_lost(w.link, "gone"); /* its answer may be lost */
    world_expect(&w, "fetched SIO_ECONN 0 of 1: gone\n");
    ask(&w); /* waits for the subscription to be whole */
    assert_int_equal(fake_link_sent(w.link), 5);
    fake_link_gap(w.link, 1, 2, "gone");
    fake_link_ready(w.link);
    world_expect(&w, "gap 1 2 gone\nready\n");
    assert_int_equal(fake_link_sent(w.link), 6);
    fake_link_count(w.link, 1);
    world_expect(&w, "fetched SIO_OK 0 of 0\n");
    world_fini(&w);
}

/* Redis was started anew: it counts while nobody has subscribed again. */
static void counted_while_the_subscription_was_away(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    ask(&w);
    fake_link_lost(w.link, "gone");
    fake_link_count(w.link, 0);
    world_expect(&w, "");
    fake_link_ready(w.link);
    world_expect(&w, "ready\n");
    fake_link_count(w.link, 2);
    assert_int_equal(fake_link_sent(w.link), 3);
    world_bring(&w, RESPONSES, fill("{\"requestId\":\"%s\",\"sockets\":[]}", asked_id(&w)));
    world_expect(&w, "fetched SIO_OK 1 of 1\n");
    /* counted before this server's own subscription was seen: once more */
    ask(&w);
    fake_link_count(w.link, 0);
    size_t sent = fake_link_sent(w.link);
    WORLD_WAIT(&w, fake_link_sent(w.link) > sent);
    fake_link_count(w.link, 1);
    world_expect(&w, "fetched SIO_OK 0 of 0\n");
    world_fini(&w);
}

static void free_all(struct world *w)
{
    sio_adapter_free(w->adapter);
    w->adapter = NULL;
    fake_link_free(w->link);
    w->link = NULL;
}

/* The adapter, then its link, in the callback of a question whose time is over. */
static void freed_with_its_link_at_a_timeout(void **state)
{
    struct world w;
    (void)state;
    open_with_timeout(&w, 250); /* when the servers are counted again, too */
    ask(&w);
    ask(&w);
    fake_link_count(w.link, 2);
    w.trap = "fetched";
    w.on_trap = free_all;
    WORLD_WAIT(&w, w.link == NULL);
    world_forget(&w);
    event_base_loop(w.base, EVLOOP_NONBLOCK);
    world_fini(&w);
}

static void many_questions_are_bounded(void **state)
{
    struct world w;
    sio_adapter_opts opts;
    (void)state;
    memset(&w, 0, sizeof w);
    sio_buf_init(&w.log);
    world_opts(&w, &opts);
    opts.max_requests = 1000;
    world_open(&w, &opts, WORLD_LINKED);
    for (int i = 0; i < 1000; i++)
        ask(&w);
    assert_int_equal(sio_adapter_fetch_sockets(w.adapter, NULL, on_fetched, &w), SIO_EFULL);
    fake_link_count(w.link, 2);
    fake_link_lost(w.link, "gone");
    unsigned ended = 0;
    for (size_t i = 0; i < w.log.len; i++)
        ended += w.log.ptr[i] == '\n';
    assert_int_equal(ended, 1000);
    world_forget(&w);
    world_fini(&w);
}

/* -- acknowledged emits -- */

static void on_ack(sio_adapter *adapter, sio_str value, void *user)
{
    (void)adapter;
    world_line(user, "ack %zu", value.len);
}

static void on_acked(sio_adapter *adapter, const sio_answers *answers, uint64_t clients,
                     uint64_t acks, void *user)
{
    (void)adapter;
    world_line(user, "acked %s %u of %u, clients %u of %u", sio_status_name(answers->status),
               answers->answered, answers->expected, (unsigned)acks, (unsigned)clients);
}

static void acks_come_from_everywhere(void **state)
{
    struct world w;
    char id[16];
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL);
    assert_int_equal(
        sio_adapter_emit_with_ack(w.adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, &w),
        SIO_OK);
    world_expect(&w, "packet \"e\" id 0\nto a\ndelivered 1\n");
    snprintf(id, sizeof id, "%s", asked_id(&w));
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\x01")), SIO_OK);
    /* an ack before its count, a count before the number of servers */
    world_bring_packed(&w, RESPONSES, fill("{\"type\":9,\"requestId\":\"%s\",\"packet\":7}", id));
    world_bring(&w, RESPONSES, fill("{\"type\":8,\"requestId\":\"%s\",\"clientCount\":2}", id));
    world_expect(&w, "ack 1\nack 1\n");
    fake_link_count(w.link, 3);
    world_bring(&w, RESPONSES, fill("{\"type\":8,\"requestId\":\"%s\",\"clientCount\":0}", id));
    world_expect(&w, "");
    world_bring_packed(&w, RESPONSES, fill("{\"type\":9,\"requestId\":\"%s\"}", id));
    world_expect(&w, "ack 0\nacked SIO_OK 2 of 2, clients 3 of 3\n");
    world_fini(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(all_servers_answer),
    cmocka_unit_test(descriptions_in_any_form),
    cmocka_unit_test(nobody_else_is_there),
    cmocka_unit_test(what_came_until_the_timeout),
    cmocka_unit_test(observers_are_hinted_at_38),
    cmocka_unit_test(a_server_that_has_gone_is_not_waited_for),
    cmocka_unit_test(the_one_that_is_left_is_waited_for),
    cmocka_unit_test(questions_that_cannot_be_asked),
    cmocka_unit_test(counted_while_the_subscription_was_away),
    cmocka_unit_test(freed_with_its_link_at_a_timeout),
    cmocka_unit_test(many_questions_are_bounded),
    cmocka_unit_test(acks_come_from_everywhere),
};

SIO_TEST_MAIN(tests)
