/* SPDX-License-Identifier: MIT */
/* An adapter among peers that send what they should not, on a fake link: answers too many, too
 * late, too early or for somebody else; ids that are taken; frames that are cut. */
#include "adapter_world.h"

#include "adapter/impl.h"

#define BROADCASTS "socket.io#/#"
#define ROOM       "socket.io#/#r#"
#define REQUESTS   "socket.io-request#/#"
#define RESPONSES  "socket.io-response#/#"

#define ANSWER(id, sid) "{\"requestId\":\"" id "\",\"sockets\":[{\"id\":\"" sid "\"}]}"
#define AAAAAA(sid)     ANSWER("AAAAAA", sid)
#define CLIENTS(n)      "{\"type\":8,\"requestId\":\"AAAAAA\",\"clientCount\":" n "}"
#define CLIENT_ACK      "{\"type\":9,\"requestId\":\"AAAAAA\",\"packet\":7}"

/* The bytes that the next ids are made of: that many for each letter of `letters`. */
static void fix_ids(sio_adapter *adapter, const char *letters)
{
    struct sio__ids *ids = &adapter->ids;
    size_t len = adapter->wire->request_id_len, count = strlen(letters);

    assert_true(len * count <= sizeof ids->bytes);
    ids->left = len * count;
    for (size_t i = 0; i < ids->left; i++) {
        const char *at = strchr(adapter->wire->id_alphabet, letters[i / len]);

        assert_non_null(at);
        ids->bytes[sizeof ids->bytes - ids->left + i] =
            (unsigned char)(at - adapter->wire->id_alphabet);
    }
}

static uint64_t ignored(struct world *w)
{
    sio_adapter_stats stats;

    sio_adapter_get_stats(w->adapter, &stats);
    return stats.ignored;
}

static uint64_t pending(sio_adapter *adapter)
{
    sio_adapter_stats stats;

    sio_adapter_get_stats(adapter, &stats);
    return stats.requests + stats.ack_requests;
}

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    sio_remote_socket s;

    (void)adapter;
    while (sio_fetched_next(fetched, &s))
        world_line(user, "socket %.*s", (int)s.sid.len, s.sid.ptr);
    world_line(user, "fetched %s %u of %u", sio_status_name(answers->status), answers->answered,
               answers->expected);
}

/* Ask all for their sockets, under an id of this letter. */
static void fetch(struct world *w, sio_adapter *adapter, const char *letter)
{
    fix_ids(adapter, letter);
    assert_int_equal(sio_adapter_fetch_sockets(adapter, NULL, on_fetched, w), SIO_OK);
}

static void on_ack(sio_adapter *adapter, sio_str value, void *user)
{
    (void)adapter;
    (void)value;
    world_line(user, "ack");
}

static void on_acked(sio_adapter *adapter, const sio_answers *answers, uint64_t clients,
                     uint64_t acks, void *user)
{
    (void)adapter;
    world_line(user, "acked %s %u of %u, clients %u of %u", sio_status_name(answers->status),
               answers->answered, answers->expected, (unsigned)acks, (unsigned)clients);
}

static void emit_with_ack(struct world *w, const char *letter)
{
    fix_ids(w->adapter, letter);
    assert_int_equal(
        sio_adapter_emit_with_ack(w->adapter, NULL, SIO_STR("e"), NULL, on_ack, on_acked, w),
        SIO_OK);
    world_forget(w);
}

static void open_with_timeout(struct world *w, unsigned ms)
{
    sio_adapter_opts opts;

    memset(w, 0, sizeof *w);
    sio_buf_init(&w->log);
    world_opts(w, &opts);
    opts.requests_timeout_ms = ms;
    world_open(w, &opts, WORLD_LINKED);
}

/* -- 26: frames that are cut -- */

static const struct {
    const char *channel, *json;
    bool packed;
} frames[] = {
    {BROADCASTS,
     "[\"x\",{\"type\":2,\"data\":[\"e\",1],\"nsp\":\"/\"},{\"rooms\":[\"r\",\"s\"],\"except\":"
     "[\"x\"],\"flags\":{}}]",
     true},
    {ROOM, "[\"x\",{\"type\":2,\"data\":[\"e\"],\"nsp\":\"/\"},{\"rooms\":[\"r\"]}]", true},
    {REQUESTS, "{\"type\":2,\"opts\":{\"rooms\":[\"r\"],\"except\":[]},\"rooms\":[\"m\"]}", false},
    {REQUESTS, "{\"type\":4,\"opts\":{\"rooms\":[\"r\"],\"except\":[]},\"close\":true}", false},
    {REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":5,\"opts\":{\"rooms\":[]}}", false},
    {REQUESTS, "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":6,\"data\":[\"e\"]}", false},
    {REQUESTS,
     "{\"uid\":\"x\",\"requestId\":\"q\",\"type\":7,\"packet\":{\"type\":2,\"data\":[\"e\"],"
     "\"nsp\":\"/\"},\"opts\":{\"rooms\":[],\"except\":[],\"flags\":{}}}",
     true},
    {RESPONSES, AAAAAA("b"), false},
    {RESPONSES, CLIENT_ACK, true},
};

/* How many messages were neither dropped nor ignored. */
static uint64_t obeyed(struct world *w)
{
    sio_adapter_stats stats;
    uint64_t count;

    sio_adapter_get_stats(w->adapter, &stats);
    count = stats.received - stats.ignored;
    for (int i = 0; i < SIO_DROP_COUNT; i++)
        count -= stats.dropped[i];
    return count;
}

/* Each, cut after each of its bytes, on each channel, while a question is pending. */
static void fault_26_every_beginning_of_every_frame(void **state)
{
    enum { COUNT = sizeof frames / sizeof frames[0] };
    struct world w;
    sio_buf frame;
    (void)state;
    world_init(&w, WORLD_LINKED);
    sio_socket *a = world_socket(&w, "a", "r", NULL);
    fetch(&w, w.adapter, "A");
    fake_link_count(w.link, 3);
    size_t sent = fake_link_sent(w.link);
    sio_buf_init(&frame);
    for (int i = 0; i < COUNT * COUNT; i++) {
        const char *json = frames[i / COUNT].json;

        sio_buf_clear(&frame);
        if (frames[i / COUNT].packed)
            assert_int_equal(sio_json_read(sio_str_c(json), 0, &frame, NULL), SIO_OK);
        else
            assert_int_equal(sio_buf_append(&frame, json, strlen(json)), SIO_OK);
        for (size_t len = 0; len < frame.len; len++) {
            assert_int_equal(fake_link_bring(w.link, sio_str_c(frames[i % COUNT].channel),
                                             sio_str_of(frame.ptr, len)),
                             1);
            assert_int_equal(obeyed(&w), 0);
        }
        assert_null(sio__registry_flaw(w.adapter->registry));
    }
    sio_buf_fini(&frame);
    assert_int_equal(fake_link_sent(w.link), sent);
    assert_int_equal(pending(w.adapter), 1);
    assert_true(sio_socket_is_in(a, SIO_STR("r")) &&
                sio_adapter_find(w.adapter, SIO_STR("a")) == a);
    world_fini(&w);
}

/* -- 35: answers -- */

/* Answers do not say whose they are: a second one of the same server counts as another's, and
 * that other's comes late. What was asked ends once all the same. */
static void fault_35_duplicate_answers(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    fetch(&w, w.adapter, "A");
    fake_link_count(w.link, 3);
    world_bring(&w, RESPONSES, AAAAAA("b"));
    world_expect(&w, "");
    world_bring(&w, RESPONSES, AAAAAA("b"));
    world_expect(&w, "socket b\nsocket b\nfetched SIO_OK 2 of 2\n");
    assert_int_equal(ignored(&w), 0);
    world_bring(&w, RESPONSES, AAAAAA("c"));
    world_bring(&w, RESPONSES, AAAAAA("c"));
    world_expect(&w, "");
    assert_int_equal(ignored(&w), 2);
    assert_int_equal(pending(w.adapter), 0);
    world_fini(&w);
}

static void fault_35_late_answers(void **state)
{
    struct world w;
    (void)state;
    open_with_timeout(&w, 30);
    fetch(&w, w.adapter, "A");
    emit_with_ack(&w, "B");
    fake_link_count(w.link, 2);
    WORLD_WAIT(&w, pending(w.adapter) == 0);
    world_forget(&w);
    world_bring(&w, RESPONSES, AAAAAA("b"));
    world_bring(&w, RESPONSES, "{\"type\":8,\"requestId\":\"BBBBBB\",\"clientCount\":1}");
    world_bring_packed(&w, RESPONSES, "{\"type\":9,\"requestId\":\"BBBBBB\",\"packet\":7}");
    world_expect(&w, "");
    assert_int_equal(ignored(&w), 3);
    world_fini(&w);
}

/* More answers than servers: late ones where they could end it, else told by the numbers. */
static void fault_35_surplus_answers(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    fetch(&w, w.adapter, "A");
    fake_link_count(w.link, 1); /* nobody is asked */
    world_expect(&w, "fetched SIO_OK 0 of 0\n");
    world_bring(&w, RESPONSES, AAAAAA("b"));
    world_expect(&w, "");
    assert_int_equal(ignored(&w), 1);
    emit_with_ack(&w, "A");
    fake_link_count(w.link, 2);
    world_bring(&w, RESPONSES, CLIENTS("1"));
    world_bring(&w, RESPONSES, CLIENTS("1"));
    world_bring_packed(&w, RESPONSES, CLIENT_ACK);
    world_expect(&w, "ack\n");
    world_bring_packed(&w, RESPONSES, CLIENT_ACK);
    world_expect(&w, "ack\nacked SIO_OK 2 of 1, clients 2 of 2\n");
    world_bring_packed(&w, RESPONSES, CLIENT_ACK);
    world_expect(&w, "");
    assert_int_equal(ignored(&w), 2);
    world_fini(&w);
}

/* To others' questions, of another kind, without an id. */
static void fault_35_foreign_answers(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    fetch(&w, w.adapter, "A");
    fake_link_count(w.link, 2);
    world_bring(&w, RESPONSES, ANSWER("BBBBBB", "x"));
    world_bring(&w, RESPONSES, ANSWER("AAAAA", "x"));
    world_bring(&w, RESPONSES, ANSWER("AAAAAAA", "x"));
    world_bring(&w, RESPONSES, ANSWER("", "x"));
    world_expect(&w, "");
    assert_int_equal(ignored(&w), 4);
    world_bring(&w, RESPONSES, "{\"requestId\":\"AAAAAA\",\"rooms\":[\"x\"]}");
    world_bring(&w, RESPONSES, "{\"type\":6,\"requestId\":\"AAAAAA\",\"data\":\"x\"}");
    world_bring(&w, RESPONSES, CLIENTS("1"));
    world_bring_packed(&w, RESPONSES, CLIENT_ACK);
    world_expect(&w, "dropped unexpected\ndropped unexpected\ndropped unexpected\n"
                     "dropped unexpected\n");
    world_bring(&w, RESPONSES, "{\"sockets\":[{\"id\":\"x\"}]}");
    world_expect(&w, "dropped missing field\n");
    assert_int_equal(pending(w.adapter), 1);
    world_bring(&w, RESPONSES, AAAAAA("b"));
    world_expect(&w, "socket b\nfetched SIO_OK 1 of 1\n");
    world_fini(&w);
}

/* An acknowledged emit is published behind the counting: what its answer overtakes is kept.
 * Other questions are asked when the servers are counted: nobody can have answered before. */
static void fault_35_answers_before_the_count(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    emit_with_ack(&w, "A");
    world_bring_packed(&w, RESPONSES, CLIENT_ACK);
    world_bring(&w, RESPONSES, CLIENTS("1"));
    world_expect(&w, "ack\n");
    fake_link_count(w.link, 2);
    world_expect(&w, "acked SIO_OK 1 of 1, clients 1 of 1\n");
    fetch(&w, w.adapter, "A");
    world_bring(&w, RESPONSES, AAAAAA("forged"));
    assert_int_equal(ignored(&w), 1);
    fake_link_count(w.link, 2);
    world_expect(&w, "");
    world_bring(&w, RESPONSES, AAAAAA("b"));
    world_expect(&w, "socket b\nfetched SIO_OK 1 of 1\n");
    world_fini(&w);
}

/* -- 36: ids -- */

/* An id that is pending is drawn again, also for a question of another kind. */
static void fault_36_equal_ids_are_drawn_again(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, WORLD_LINKED);
    fetch(&w, w.adapter, "A");
    fetch(&w, w.adapter, "AAB");
    emit_with_ack(&w, "BAC");
    assert_int_equal(w.adapter->ids.left, 0);
    assert_int_equal(pending(w.adapter), 3);
    fake_link_count(w.link, 2);
    world_bring(&w, RESPONSES, ANSWER("BBBBBB", "b"));
    world_expect(&w, "socket b\nfetched SIO_OK 1 of 1\n");
    world_bring(&w, RESPONSES, "{\"type\":8,\"requestId\":\"CCCCCC\",\"clientCount\":0}");
    world_expect(&w, "acked SIO_OK 1 of 1, clients 0 of 0\n");
    world_bring(&w, RESPONSES, AAAAAA("a"));
    world_expect(&w, "socket a\nfetched SIO_OK 1 of 1\n");
    fetch(&w, w.adapter, "A"); /* free again */
    assert_int_equal(w.adapter->ids.left, 0);
    fake_link_count(w.link, 2);
    sio_str asked = fake_link_last(w.link);
    assert_non_null(memmem(asked.ptr, asked.len, "\"requestId\":\"AAAAAA\"", 20));
    world_fini(&w);
}

/* Two servers that drew the same: each looks into its own table only, and a question under an
 * id that this server has asked under is taken for its own, as Node does; later it is answered. */
static void fault_36_two_servers_with_one_id(void **state)
{
    struct world w;
    sio_adapter_opts opts;
    sio_adapter *other;
    (void)state;
    world_init(&w, WORLD_LINKED);
    world_opts(&w, &opts);
    opts.nsp = SIO_STR("/n");
    assert_int_equal(sio_adapter_new(w.link, &opts, &other), SIO_OK);
    fake_link_ready(w.link);
    world_forget(&w);
    fetch(&w, w.adapter, "A");
    fetch(&w, other, "A");
    fake_link_count(w.link, 2);
    world_bring(&w, "socket.io-response#/n#", AAAAAA("n"));
    world_expect(&w, "socket n\nfetched SIO_OK 1 of 1\n");
    assert_int_equal(pending(other), 0);
    assert_int_equal(pending(w.adapter), 1);
    size_t sent = fake_link_sent(w.link);
    world_bring(&w, REQUESTS, "{\"uid\":\"forged\",\"requestId\":\"AAAAAA\",\"type\":1}");
    assert_int_equal(ignored(&w), 1);
    assert_int_equal(fake_link_sent(w.link), sent);
    world_bring(&w, RESPONSES, AAAAAA("b"));
    world_expect(&w, "socket b\nfetched SIO_OK 1 of 1\n");
    world_bring(&w, REQUESTS, "{\"uid\":\"forged\",\"requestId\":\"AAAAAA\",\"type\":1}");
    assert_int_equal(fake_link_sent(w.link), sent + 1);
    sio_adapter_free(other);
    world_fini(&w);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fault_26_every_beginning_of_every_frame),
    cmocka_unit_test(fault_35_duplicate_answers),
    cmocka_unit_test(fault_35_late_answers),
    cmocka_unit_test(fault_35_surplus_answers),
    cmocka_unit_test(fault_35_foreign_answers),
    cmocka_unit_test(fault_35_answers_before_the_count),
    cmocka_unit_test(fault_36_equal_ids_are_drawn_again),
    cmocka_unit_test(fault_36_two_servers_with_one_id),
};

SIO_TEST_MAIN(tests)
