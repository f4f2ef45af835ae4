/* SPDX-License-Identifier: MIT */
/* An adapter among others, on a fake link: what it publishes, what it makes of what comes. */
#include "adapter_world.h"

#include "adapter/registry.h"

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

static const char *uid(struct world *w)
{
    static char text[32];
    sio_str id = sio_adapter_uid(w->adapter);

    snprintf(text, sizeof text, "%.*s", (int)id.len, id.ptr);
    return text;
}

static const char *fill(const char *format, const char *a)
{
    static char text[1024];

    snprintf(text, sizeof text, format, a);
    return text;
}

static void it_subscribes(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    assert_int_equal(fake_link_names(w.link), 4);
    assert_true(fake_link_has(w.link, SIO_STR("socket.io#/#*")));
    assert_true(fake_link_has(w.link, SIO_STR(REQUESTS)));
    assert_true(fake_link_has(w.link, SIO_STR(RESPONSES)));
    assert_true(fake_link_has(w.link, sio_str_c(fill("socket.io-response#/#%s#", uid(&w)))));
    sio_adapter_free(w.adapter);
    w.adapter = NULL;
    assert_int_equal(fake_link_names(w.link), 0);
    world_fini(&w);
}

static void a_namespace_is_open_once_on_a_link(void **state)
{
    struct world w;
    sio_adapter_opts opts;
    sio_adapter *other;
    (void)state;
    world_init(&w, WORLD_LINKED);
    sio_adapter_opts_init(&opts);
    assert_int_equal(sio_adapter_new(w.link, &opts, &other), SIO_EINVAL);
    assert_null(other);
    assert_int_equal(fake_link_names(w.link), 4);
    opts.nsp = SIO_STR("/other");
    assert_int_equal(sio_adapter_new(w.link, &opts, &other), SIO_OK);
    sio_adapter_free(other);
    opts.nsp = SIO_STR("/");
    opts.key = "other";
    assert_int_equal(sio_adapter_new(w.link, &opts, &other), SIO_OK);
    sio_adapter_free(other);
    world_fini(&w);
}

static void reopen(struct world *w)
{
    sio_adapter_opts opts;

    sio_adapter_free(w->adapter);
    world_opts(w, &opts);
    assert_int_equal(sio_adapter_new(w->link, &opts, &w->adapter), SIO_OK);
}

static void it_may_be_opened_anew_in_a_callback(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.trap = "create";
    w.on_trap = reopen;
    sio_socket *socket;
    assert_int_equal(sio_socket_new(w.adapter, SIO_STR("a"), &w, &socket), SIO_OK);
    (void)sio_socket_connect(socket);
    assert_int_equal(fake_link_names(w.link), 4);
    world_fini(&w);
}

static void it_subscribes_to_its_rooms(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_PER_ROOM);
    w.quiet_rooms = true;
    assert_true(fake_link_has(w.link, SIO_STR("socket.io#/#")));
    assert_int_equal(fake_link_names(w.link), 4);
    sio_socket *a = world_socket(&w, "a", "r#*", NULL), *b = world_socket(&w, "b", "r#*", NULL);
    assert_int_equal(fake_link_names(w.link), 7);
    assert_true(fake_link_has(w.link, SIO_STR("socket.io#/#r#*#")));
    assert_true(fake_link_has(w.link, SIO_STR("socket.io#/#b#")));
    world_bring_packed(&w, "socket.io#/#r#*#",
                       "[\"x\",{\"type\":2,\"data\":[\"e\"],\"nsp\":\"/\"},{\"rooms\":[\"r#*\"]}]");
    world_expect(&w, "packet \"e\"\nto a\nto b\ndelivered 2\n");
    sio_socket_free(a);
    assert_true(fake_link_has(w.link, SIO_STR("socket.io#/#r#*#")));
    sio_socket_leave(b, SIO_STR("r#*"));
    assert_int_equal(fake_link_names(w.link), 5);
    world_fini(&w);
}

static void an_emit_is_published_and_delivered(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    world_socket(&w, "a", "r", NULL);
    assert_int_equal(world_emit(&w, "r !x", "e", "1"), SIO_OK);
    world_expect(&w, "packet \"e\",1\nto a\ndelivered 1\n");
    assert_string_equal(last_channel(&w), "socket.io#/#r#");
    assert_string_equal(last(&w), fill("[\"%s\",{\"type\":2,\"data\":[\"e\",1],\"nsp\":\"/\"},"
                                       "{\"rooms\":[\"r\"],\"except\":[\"x\"],\"flags\":{}}]",
                                       uid(&w)));
    assert_int_equal(w.ended, 0);
    fake_link_end(w.link, 0, SIO_OK, 3);
    assert_int_equal(w.ended, 1);
    /* its own, coming back */
    sio_buf copy;
    sio_buf_init(&copy);
    sio_buf_append(&copy, fake_link_last(w.link).ptr, fake_link_last(w.link).len);
    fake_link_bring(w.link, SIO_STR("socket.io#/#r#"), sio_buf_str(&copy));
    world_expect(&w, "");
    sio_buf_fini(&copy);
    world_fini(&w);
}

static void local_is_not_published(void **state)
{
    struct world w;
    sio_target *to = world_target("r");
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    world_socket(&w, "a", "r", NULL);
    sio_target_local(to);
    sio_str room = SIO_STR("s");
    assert_int_equal(sio_adapter_emit(w.adapter, to, SIO_STR("e"), NULL, world_done, &w), SIO_OK);
    world_expect(&w, "packet \"e\"\nto a\ndelivered 1\n");
    assert_int_equal(sio_adapter_sockets_join(w.adapter, to, &room, 1, world_done, &w), SIO_OK);
    assert_true(sio_socket_is_in(world_find(&w, "a"), room));
    assert_int_equal(w.ended, 2);
    assert_int_equal(fake_link_sent(w.link), 0);
    sio_target_free(to);
    world_fini(&w);
}

static void what_cannot_be_published_is_not_delivered(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    fake_link_refuse(w.link, SIO_EFULL);
    assert_int_equal(world_emit(&w, "", "e", "1"), SIO_EFULL);
    world_expect(&w, "");
    assert_int_equal(w.ended, 0);
    world_fini(&w);
}

static void own_requests_take_effect_when_they_come_back(void **state)
{
    struct world w;
    sio_str room = SIO_STR("s");
    (void)state;
    world_init(&w, WORLD_LINKED);
    world_socket(&w, "a", NULL);
    world_forget(&w);
    assert_int_equal(sio_adapter_sockets_join(w.adapter, NULL, &room, 1, world_done, &w), SIO_OK);
    assert_string_equal(last(&w), fill("{\"uid\":\"%s\",\"type\":2,\"opts\":{\"rooms\":[],"
                                       "\"except\":[]},\"rooms\":[\"s\"]}",
                                       uid(&w)));
    world_expect(&w, "");
    world_bring(&w, REQUESTS, last(&w));
    world_expect(&w, "create s\njoin s a\n");
    world_fini(&w);
}

/* What Redis may bring, and what comes of it; `a` is in "r" and "42". */
static void what_comes_is_acted_upon(void **state)
{
    static const struct {
        const char *channel, *json, *lines;
        bool as_text;
    } cases[] = {
#define PACKET "{\"type\":2,\"data\":[\"e\",1],\"nsp\":\"/\"}"
#define TO_A   "packet \"e\",1\nto a\ndelivered 1\n"
        {"socket.io#/#", "[\"x\"," PACKET ",{\"rooms\":[],\"except\":[],\"flags\":{}}]", TO_A, 0},
        {"socket.io#/#r#", "[\"x\"," PACKET ",{\"rooms\":[\"r\"]}]", TO_A, 0},
        {"socket.io#/#42#", "[\"x\"," PACKET ",{\"rooms\":[42]}]", TO_A, 0},
        {"socket.io#/#", "[\"x\"," PACKET ",{\"rooms\":[42,\"y\"]}]", TO_A, 0},
        {"socket.io#/#nobody#", "[\"x\"," PACKET ",{\"rooms\":[\"nobody\"]}]", "", 0},
        {"socket.io#/#nobody#", "7", "", 0}, /* not even decoded */
        {"socket.io#/#", "[\"x\"," PACKET ",{\"rooms\":[\"r\"],\"except\":[\"a\"]}]", "", 0},
        {"socket.io#/#",
         "[\"x\",{\"type\":2,\"data\":[\"e\",1]},{\"rooms\":null,\"flags\":{\"volatile\":true}}]",
         "packet \"e\",1 volatile\nto a\ndelivered 1\n", 0},
        {"socket.io#/#", "[\"x\",{\"type\":5,\"data\":[\"e\",1],\"nsp\":\"/\"},{}]", TO_A, 0},
        {"socket.io#/#", "[\"x\",{\"type\":1,\"data\":[\"e\",1],\"nsp\":\"/\"},{}]",
         "dropped unknown type\n", 0},
        {"socket.io#/#", "[\"x\",{\"type\":2,\"data\":[\"disconnect\"],\"nsp\":\"/\"},{}]",
         "dropped reserved\n", 0},
        {"socket.io#/#", "[\"x\",{\"type\":2,\"data\":[\"e\"],\"nsp\":\"/y\"},{}]",
         "dropped not ours\n", 0},
        {"socket.io#/#", "[\"x\"," PACKET "]", "dropped missing field\n", 0},
        {"socket.io#/#", "{\"a\":1}", "dropped missing field\n", 0},
        {"socket.io#/#", "[\"x\",{\"type\":2,\"nsp\":\"/\"},{}]", "dropped missing field\n", 0},
        {"socket.io#/#", "{", "dropped missing field\n", 1}, /* the number 123 */
        {"socket.io#/#", "\x93", "dropped malformed\n", 1},
        {"socket.io#/#", "", "dropped malformed\n", 1},
        {REQUESTS, "null", "dropped missing field\n", 0},
        {REQUESTS, "{\"type\":99}", "dropped unknown type\n", 1},
        {REQUESTS, "{\"type\":\"2\"}", "dropped unknown type\n", 1},
        {REQUESTS, "{\"type\":5", "dropped malformed\n", 1},
        {REQUESTS, "{\"type\":5,\"requestId\":\"q\"}", "dropped missing field\n", 1},
        {REQUESTS, "{\"type\":2,\"opts\":{\"rooms\":[\"r\"]},\"rooms\":[\"s\",7]}",
         "create s\njoin s a\ncreate 7\njoin 7 a\n", 1},
        {REQUESTS, "{\"type\":2,\"opts\":{\"rooms\":[\"r\"]},\"rooms\":[\"\\ud800\"]}",
         "dropped missing field\n", 1},
        {REQUESTS, "{\"type\":3,\"opts\":{\"rooms\":[],\"except\":[]},\"rooms\":[\"s\",7,\"z\"]}",
         "leave s a\ndelete s\nleave 7 a\ndelete 7\n", 1},
        {REQUESTS, "{\"type\":3,\"opts\":{\"rooms\":[\"r\"],\"except\":[\"r\"]},\"rooms\":[\"r\"]}",
         "", 1},
        {REQUESTS, "{\"type\":6,\"uid\":\"x\",\"data\":[\"hi\",[]]}", "event \"hi\",[]\n", 1},
        {REQUESTS, "{\"type\":6,\"data\":[]}", "dropped missing field\n", 1},
        {RESPONSES, "{\"requestId\":\"nobody\",\"sockets\":[]}", "", 1},
        {RESPONSES, "{\"requestId\":7}", "dropped missing field\n", 1},
        {REQUESTS, "{\"type\":4,\"opts\":{\"rooms\":[\"42\"]},\"close\":true}",
         "disconnect a close\nleave a a\ndelete a\nleave r a\ndelete r\nleave 42 a\ndelete 42\n",
         1},
    };
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    world_socket(&w, "a", "r", "42", NULL);
    world_forget(&w);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].as_text)
            world_bring(&w, cases[i].channel, cases[i].json);
        else
            world_bring_packed(&w, cases[i].channel, cases[i].json);
        world_expect(&w, cases[i].lines);
    }
    assert_int_equal(fake_link_sent(w.link), 0);
    world_fini(&w);
}

static void requests_are_answered(void **state)
{
    static const struct {
        const char *request, *channel, *answer;
    } cases[] = {
        {"{\"requestId\":\"q\",\"type\":0,\"rooms\":[]}", RESPONSES,
         "{\"requestId\":\"q\",\"sockets\":[\"a\"]}"},
        {"{\"uid\":\"x\",\"requestId\":\"q\",\"type\":1}", RESPONSES,
         "{\"requestId\":\"q\",\"rooms\":[\"a\"]}"},
        {"{\"uid\":\"x\",\"requestId\":\"q\",\"type\":5,\"opts\":{\"rooms\":[],\"except\":[]}}",
         RESPONSES,
         "{\"requestId\":\"q\",\"sockets\":[{\"id\":\"a\",\"handshake\":{\"issued\":1},"
         "\"rooms\":[\"a\"],\"data\":\"a\"}]}"},
        {"{\"requestId\":\"q\",\"type\":2,\"sid\":\"a\",\"room\":\"n\"}", RESPONSES,
         "{\"requestId\":\"q\"}"},
        {"{\"requestId\":\"q\",\"type\":3,\"sid\":\"a\",\"room\":\"n\"}", RESPONSES,
         "{\"requestId\":\"q\"}"},
    };
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    world_socket(&w, "a", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_bring(&w, REQUESTS, cases[i].request);
        assert_int_equal(fake_link_sent(w.link), i + 1);
        assert_string_equal(last_channel(&w), cases[i].channel);
        assert_string_equal(last(&w), cases[i].answer);
    }
    /* a socket that is not here: nobody answers */
    world_bring(&w, REQUESTS, "{\"requestId\":\"q\",\"type\":2,\"sid\":\"b\",\"room\":\"n\"}");
    assert_int_equal(fake_link_sent(w.link), 5);
    world_bring(&w, REQUESTS, "{\"requestId\":\"q\",\"type\":4,\"sid\":\"a\",\"close\":false}");
    assert_string_equal(last(&w), "{\"requestId\":\"q\"}");
    world_expect(&w, "disconnect a\n");
    world_fini(&w);
}

static void server_side_events_are_answered(void **state)
{
    struct world w;
    sio_args *value;
    (void)state;
    world_init(&w, WORLD_LINKED);
    world_bring(&w, REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":6,\"data\":[\"e\"]}");
    world_expect(&w, "event \"e\" answer\n");
    assert_int_equal(sio_args_new(&value), SIO_OK);
    sio_args_string(value, SIO_STR("yes"));
    sio_args_int(value, 2);
    assert_int_equal(sio_answer_send(w.answer, value), SIO_OK);
    assert_string_equal(last(&w), "{\"type\":6,\"requestId\":\"q\",\"data\":\"yes\"}");
    world_bring(&w, REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":6,\"data\":[\"e\"]}");
    assert_int_equal(sio_answer_send(w.answer, NULL), SIO_OK);
    assert_string_equal(last(&w), "{\"type\":6,\"requestId\":\"q\"}");
    world_bring(&w, REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":6,\"data\":[\"e\"]}");
    sio_answer_drop(w.answer);
    world_bring(&w, REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":6,\"data\":[\"e\"]}");
    sio_adapter_free(w.adapter); /* the way back outlives it */
    w.adapter = NULL;
    assert_int_equal(sio_answer_send(w.answer, value), SIO_ECLOSED);
    assert_int_equal(fake_link_sent(w.link), 2);
    sio_args_free(value);
    world_fini(&w);
}

static void acks_go_back_to_the_asking_node(void **state)
{
    struct world w;
    sio_adapter_stats stats;
    (void)state;
    world_init(&w, WORLD_LINKED);
    w.quiet_rooms = true;
    sio_socket *a = world_socket(&w, "a", NULL);
    world_socket(&w, "b", NULL);
    world_bring_packed(&w, REQUESTS,
                       "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":7,\"packet\":{\"type\":2,"
                       "\"data\":[\"e\"],\"nsp\":\"/\"},\"opts\":{\"rooms\":[],\"except\":[],"
                       "\"flags\":{\"timeout\":50,\"volatile\":true}}}");
    world_expect(&w, "packet \"e\" id 0\nto a\nto b\ndelivered 2\n");
    assert_string_equal(last(&w), "{\"type\":8,\"requestId\":\"q\",\"clientCount\":2}");
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\xa2ok")), SIO_OK);
    assert_string_equal(last(&w), "{\"type\":9,\"requestId\":\"q\",\"packet\":\"ok\"}");
    assert_int_equal(sio_socket_ack(a, 0, SIO_STR("\xa2ok")), SIO_EINVAL);
    /* the other never answers: it is forgotten when nobody waits any more */
    for (;;) {
        sio_adapter_get_stats(w.adapter, &stats);
        if (stats.acks_awaited == 0)
            break;
        world_turn(&w, "nothing to be awaited", __FILE__, __LINE__);
    }
    world_fini(&w);
}

/* -- a custom parser -- */

static sio_status turn(sio_str in, sio_buf *out, void *user)
{
    (void)user;
    for (size_t i = 0; i < in.len; i++) {
        char byte = (char)(in.ptr[i] ^ 0x55);
        sio_status status = sio_buf_append(out, &byte, 1);

        if (status != SIO_OK)
            return status;
    }
    return SIO_OK;
}

static void a_custom_parser_has_both_ways(void **state)
{
    struct world w;
    sio_adapter_opts opts;
    sio_buf copy, turned;
    (void)state;
    memset(&w, 0, sizeof w);
    sio_buf_init(&w.log);
    sio_buf_init(&copy);
    sio_buf_init(&turned);
    w.quiet_rooms = true;
    world_opts(&w, &opts);
    opts.encode = turn; /* half a parser */
    sio_adapter *none;
    assert_int_equal(sio_adapter_new(NULL, &opts, &none), SIO_EINVAL);
    opts.decode = turn;
    world_open(&w, &opts, WORLD_LINKED);
    world_socket(&w, "a", NULL);
    assert_int_equal(world_emit(&w, "nobody", "e", NULL), SIO_OK);
    assert_int_equal(turn(fake_link_last(w.link), &copy, NULL), SIO_OK);
    assert_int_equal(copy.ptr[0], (char)0x93);
    sio_buf_clear(&copy);
    assert_int_equal(
        sio_json_read(SIO_STR("[\"x\",{\"type\":2,\"data\":[\"e\"]},{}]"), 0, &copy, NULL), SIO_OK);
    assert_int_equal(turn(sio_buf_str(&copy), &turned, NULL), SIO_OK);
    fake_link_bring(w.link, SIO_STR("socket.io#/#"), sio_buf_str(&turned));
    world_expect(&w, "packet \"e\"\nto a\ndelivered 1\n");
    fake_link_bring(w.link, SIO_STR("socket.io#/#"), sio_buf_str(&copy));
    world_expect(&w, "dropped malformed\n");
    world_bring(&w, REQUESTS, "{\"requestId\":\"q\",\"type\":1}"); /* JSON stays JSON */
    assert_string_equal(last(&w), "{\"requestId\":\"q\",\"rooms\":[\"a\"]}");
    sio_buf_fini(&copy);
    sio_buf_fini(&turned);
    world_fini(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_subscribes),
    cmocka_unit_test(a_namespace_is_open_once_on_a_link),
    cmocka_unit_test(it_may_be_opened_anew_in_a_callback),
    cmocka_unit_test(it_subscribes_to_its_rooms),
    cmocka_unit_test(an_emit_is_published_and_delivered),
    cmocka_unit_test(local_is_not_published),
    cmocka_unit_test(what_cannot_be_published_is_not_delivered),
    cmocka_unit_test(own_requests_take_effect_when_they_come_back),
    cmocka_unit_test(what_comes_is_acted_upon),
    cmocka_unit_test(requests_are_answered),
    cmocka_unit_test(server_side_events_are_answered),
    cmocka_unit_test(acks_go_back_to_the_asking_node),
    cmocka_unit_test(a_custom_parser_has_both_ways),
};

SIO_TEST_MAIN(tests)
