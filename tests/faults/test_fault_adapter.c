/* SPDX-License-Identifier: MIT */
/* Adapters whose Redis dies, stops, crawls, refuses or drowns them. One emits, another
 * receives; a ledger of numbers judges. */
#include "peer.h"

#include <hiredis/hiredis.h>
#include <unistd.h>

#include "proxy.h"

enum { A, B, C };

struct scene {
    struct redis_fixture *redis;
    struct peers peers;
    struct peers_opts opts;
};

static struct peer *at(struct scene *s, int i)
{
    return &s->peers.peer[i];
}

static void prepare(struct scene *s)
{
    peers_init(&s->peers, &s->opts);
    redis_fixture_link_opts(s->redis, &s->opts.link);
}

static void begin_on(struct scene *s, enum redis_topology topology, const char *const *args)
{
    s->redis = redis_fixture_new(topology, args);
    prepare(s);
}

static void begin(struct scene *s, const char *const *args)
{
    begin_on(s, REDIS_ANY, args);
}

static void open_both(struct scene *s, int size)
{
    peer_open(&s->peers, A, &s->opts, redis_fixture_url(s->redis), size);
    peer_open(&s->peers, B, &s->opts, redis_fixture_url(s->redis), size);
}

static void end(struct scene *s)
{
    peers_fini(&s->peers);
    redis_fixture_free(s->redis);
}

/* Emit what comes next until a condition holds, a few at a turn of the loop. */
#define EMIT_UNTIL(s, next, condition)                                                             \
    do {                                                                                           \
        int64_t emit_limit = fixture_now_ms() + 30000;                                             \
        while (!(condition)) {                                                                     \
            assert_true(fixture_now_ms() < emit_limit);                                            \
            bool emit_full = peer_emit(at(s, A), next, 0) != SIO_OK;                               \
            (next) += !emit_full;                                                                  \
            if (emit_full || (next) % 16 == 0)                                                     \
                peers_turn(&(s)->peers);                                                           \
        }                                                                                          \
    } while (0)

/* -- 1, 4: killed -- */

static void killed(bool per_room)
{
    struct scene s;
    int next = 0;

    begin(&s, NULL);
    if (per_room)
        s.opts.adapter.subscription = SIO_SUBSCRIBE_ROOMS;
    open_both(&s, 1000000);
    EMIT_UNTIL(&s, next, at(&s, B)->count > 1000);
    redis_fixture_kill(s.redis);
    int before = next;
    EMIT_UNTIL(&s, next, next > before + 1000);
    redis_fixture_start(s.redis);
    int64_t back = fixture_now_ms();
    PEERS_WAIT(&s.peers, at(&s, B)->readies == 2 && at(&s, A)->readies == 2);
    assert_true(fixture_now_ms() - back < 2000);
    assert_int_equal(at(&s, B)->gaps, 1);
    assert_int_equal(at(&s, A)->gaps, 1);
    assert_true(at(&s, B)->gap_ms >= 0);
    int seen = at(&s, B)->count;
    EMIT_UNTIL(&s, next, at(&s, B)->count > seen + 1000);
    PEERS_WAIT(&s.peers, s.peers.accepted + s.peers.failed == next);
    PEERS_WAIT(&s.peers, at(&s, B)->numbers[at(&s, B)->count - 1] == next - 1);
    assert_int_equal(s.peers.failed, 0);
    /* In order, none twice; what was sent in the gap is missed. In a cluster the one that
     * listens may have heard through its own node what was unanswered at another, and comes again.
     */
    if (redis_fixture_topology(s.redis) != REDIS_CLUSTER)
        (void)peer_missing(at(&s, B));
    assert_int_equal(at(&s, A)->count, next); /* its own socket missed none */
    end(&s);
}

static void fault_01_redis_killed_pattern(void **state)
{
    (void)state;
    killed(false);
}

static void fault_01_redis_killed_rooms(void **state)
{
    (void)state;
    killed(true);
}

/* -- 5: stopped -- */

static void fault_05_redis_stopped(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, NULL);
    s.opts.link.command_timeout_ms = 400;
    s.opts.link.ping_interval_ms = 200;
    open_both(&s, 100);
    redis_fixture_stop(s.redis);
    assert_int_equal(peer_emit(at(&s, A), 1, 0), SIO_OK);
    sio_link_stats stats;
    do {
        peers_turn(&s.peers);
        assert_int_equal(sio_link_get_stats(at(&s, B)->link, &stats), SIO_OK);
    } while (stats.subscriber_disconnects == 0);
    redis_fixture_cont(s.redis);
    PEERS_WAIT(&s.peers, at(&s, B)->gaps == 1 && at(&s, B)->readies == 2);
    PEERS_WAIT(&s.peers, s.peers.accepted == 1);
    assert_int_equal(peer_emit(at(&s, A), 2, 0), SIO_OK);
    PEERS_WAIT(&s.peers, at(&s, B)->count > 0 && at(&s, B)->numbers[at(&s, B)->count - 1] == 2);
    end(&s);
}

/* -- 6: paused -- */

static void fault_06_redis_paused(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, NULL);
    open_both(&s, 1000);
    (void)redis_fixture_each(s.redis, "CLIENT PAUSE 300 ALL");
    for (int i = 0; i < 500; i++)
        assert_int_equal(peer_emit(at(&s, A), i, 0), SIO_OK);
    PEERS_WAIT(&s.peers, s.peers.accepted == 500 && at(&s, B)->count == 500);
    assert_int_equal(peer_missing(at(&s, B)), 0);
    assert_int_equal(at(&s, B)->gaps, 0);
    end(&s);
}

/* -- 7: the network -- */

static void through(size_t chunk, int delay_ms, int n)
{
    struct scene s;
    struct proxy *proxy;

    begin_on(&s, REDIS_UNIX, NULL);
    proxy = proxy_new(redis_fixture_url(s.redis));
    peer_open(&s.peers, A, &s.opts, redis_fixture_url(s.redis), n);
    proxy_chunk(proxy, chunk);
    proxy_delay(proxy, delay_ms);
    peer_open(&s.peers, B, &s.opts, proxy_url(proxy), n);
    for (int i = 0; i < n; i++)
        assert_int_equal(peer_emit(at(&s, A), i, 0), SIO_OK);
    PEERS_WAIT(&s.peers, at(&s, B)->count == n);
    assert_int_equal(peer_missing(at(&s, B)), 0);
    assert_int_equal(at(&s, B)->gaps, 0);
    peers_fini(&s.peers);
    proxy_free(proxy);
    redis_fixture_free(s.redis);
}

static void fault_07_one_byte_at_a_time(void **state)
{
    (void)state;
    through(1, 0, 200);
}

static void fault_07_latency_of_200_ms(void **state)
{
    (void)state;
    through(0, 200, 5000);
}

static void fault_07_black_hole(void **state)
{
    struct scene s;
    struct proxy *proxy;
    (void)state;
    begin_on(&s, REDIS_UNIX, NULL);
    proxy = proxy_new(redis_fixture_url(s.redis));
    s.opts.link.ping_interval_ms = 300;
    s.opts.link.command_timeout_ms = 300;
    s.opts.link.connect_timeout_ms = 300;
    peer_open(&s.peers, A, &s.opts, redis_fixture_url(s.redis), 10);
    peer_open(&s.peers, B, &s.opts, proxy_url(proxy), 10);
    proxy_hole(proxy, true);
    int connections = proxy_connections(proxy);
    PEERS_WAIT(&s.peers, proxy_connections(proxy) > connections); /* it has given up the old one */
    proxy_hole(proxy, false);
    PEERS_WAIT(&s.peers, at(&s, B)->readies == 2);
    assert_int_equal(at(&s, B)->gaps, 1);
    assert_int_equal(peer_emit(at(&s, A), 7, 0), SIO_OK);
    PEERS_WAIT(&s.peers, at(&s, B)->count == 1);
    peers_fini(&s.peers);
    proxy_free(proxy);
    redis_fixture_free(s.redis);
}

/* -- 8: a host that sleeps -- */

static void fault_08_slower_than_the_burst(void **state)
{
    static const char *const args[] = {"--client-output-buffer-limit", "pubsub 1mb 512kb 1", NULL};
    struct scene s;
    (void)state;
    begin(&s, args);
    peer_open(&s.peers, B, &s.opts, redis_fixture_url(s.redis), 1000);
    /* The burst comes while nobody reads: 40 MiB, in pieces. */
    enum { PIECE = 16384, PIECES = 2560 };
    static const char payload[PIECE];
    redisContext *redis = redis_fixture_connect(s.redis);
    for (int i = 0; i < PIECES; i++) {
        redisReply *reply =
            redisCommand(redis, "PUBLISH socket.io#/#room# %b", payload, (size_t)PIECE);
        assert_non_null(reply);
        freeReplyObject(reply);
    }
    PEERS_WAIT(&s.peers, at(&s, B)->gaps == 1);
    assert_non_null(strstr(at(&s, B)->gap_text, "output"));
    assert_true(at(&s, B)->gap_ms < 1000);
    PEERS_WAIT(&s.peers, at(&s, B)->readies == 2);
    assert_int_equal(at(&s, B)->count, 0); /* what came was no packet: dropped */
    sio_adapter_stats stats;
    sio_adapter_get_stats(at(&s, B)->adapter, &stats);
    assert_int_equal(stats.dropped[SIO_DROP_MALFORMED] + stats.dropped[SIO_DROP_MISSING_FIELD],
                     stats.received);
    redisFree(redis);
    end(&s);
}

/* -- 9: large packets -- */

static void fault_09_large_packets(void **state)
{
    static const char *const args[] = {"--client-output-buffer-limit", "pubsub 0 0 0", NULL};
    enum { MIB = 1024 * 1024 };
    struct scene s;
    (void)state;
    begin(&s, args);
    open_both(&s, 10);
    assert_int_equal(peer_emit(at(&s, A), 1, 8 * MIB), SIO_ETOOBIG);
    peers_fini(&s.peers);
    prepare(&s);
    s.opts.adapter.max_packet_bytes = 0;
    s.opts.link.outbox_bytes = (size_t)128 * MIB;
    open_both(&s, 10);
    assert_int_equal(peer_emit(at(&s, A), 1, 30 * MIB), SIO_OK);
    PEERS_WAIT(&s.peers, at(&s, B)->count == 1);
    assert_true(at(&s, B)->bytes > 30 * MIB);
    assert_int_equal(at(&s, B)->gaps, 0);
    assert_int_equal(peer_emit(at(&s, A), 2, 70 * MIB), SIO_OK); /* over the inbound bound */
    PEERS_WAIT(&s.peers, at(&s, B)->gaps == 1 && at(&s, B)->readies == 2);
    assert_int_equal(peer_emit(at(&s, A), 3, 0), SIO_OK);
    PEERS_WAIT(&s.peers, at(&s, B)->count == 2);
    assert_int_equal(at(&s, B)->numbers[1], 3);
    end(&s);
}

/* -- 21: rights -- */

struct told {
    int times;
    sio_status status;
    char text[256], hint[256];
};

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    struct told *told = user;

    (void)adapter;
    (void)fetched;
    told->times++;
    told->status = answers->status;
    snprintf(told->text, sizeof told->text, "%s", answers->text);
    snprintf(told->hint, sizeof told->hint, "%s", answers->hint);
}

static void fault_21_counting_denied(void **state)
{
    struct scene s;
    struct told told = {0};
    (void)state;
    begin(&s, NULL);
    (void)redis_fixture_each(s.redis, "ACL SETUSER u on >p ~* &* +@all -pubsub");
    s.opts.link.username = "u";
    s.opts.link.password = "p";
    open_both(&s, 10);
    assert_int_equal(sio_adapter_fetch_sockets(at(&s, A)->adapter, NULL, on_fetched, &told),
                     SIO_OK);
    PEERS_WAIT(&s.peers, told.times == 1);
    assert_int_equal(told.status, SIO_ENOPERM);
    assert_non_null(strstr(told.text, "pubsub"));
    assert_int_equal(peer_emit(at(&s, A), 1, 0), SIO_OK); /* the connection is kept */
    PEERS_WAIT(&s.peers, at(&s, B)->count == 1);
    end(&s);
}

static void fault_21_channel_denied(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, NULL);
    (void)redis_fixture_each(s.redis, "ACL SETUSER u on >p ~* +@all resetchannels "
                                      "&socket.io#/#* &socket.io-response#/#*");
    s.opts.link.username = "u";
    s.opts.link.password = "p";
    open_both(&s, 10);
    PEERS_WAIT(&s.peers, at(&s, B)->denials >= 1);
    assert_non_null(strstr(at(&s, B)->denial, "socket.io-request#/#"));
    assert_int_equal(peer_emit(at(&s, A), 1, 0), SIO_OK);
    PEERS_WAIT(&s.peers, at(&s, B)->count == 1);
    assert_int_equal(at(&s, B)->gaps, 0);
    end(&s);
}

/* -- 31, 32: names -- */

static void names(bool per_room)
{
    static const sio_str all[] = {SIO_STR_INIT("#"),
                                  SIO_STR_INIT("a#b"),
                                  SIO_STR_INIT("*"),
                                  SIO_STR_INIT("?"),
                                  SIO_STR_INIT("[a]"),
                                  SIO_STR_INIT("\\"),
                                  SIO_STR_INIT(" "),
                                  SIO_STR_INIT("\r\n"),
                                  SIO_STR_INIT("\"'`"),
                                  SIO_STR_INIT("😀"),
                                  SIO_STR_INIT("a\0b"),
                                  SIO_STR_INIT("a"),
                                  SIO_STR_INIT("{tag}x"),
                                  SIO_STR_INIT("0123456789abcdef"),
                                  SIO_STR_INIT("01234567890123456789")};
    enum { COUNT = sizeof all / sizeof all[0] };
    struct scene s;
    int sent = 0;

    begin(&s, NULL);
    if (per_room)
        s.opts.adapter.subscription = SIO_SUBSCRIBE_ROOMS;
    for (int n = 0; n < COUNT; n++) { /* as a namespace, with each as a room */
        char nsp[64] = "/";

        memcpy(nsp + 1, all[n].ptr, all[n].len);
        s.opts.adapter.nsp = sio_str_of(nsp, all[n].len + 1);
        open_both(&s, 1000);
        for (int r = 0; r < COUNT; r++) {
            struct peer *b = at(&s, B);

            assert_int_equal(sio_socket_join(b->socket, all[r]), SIO_OK);
            peer_sync(b);
            sio_target_clear(s.peers.to);
            assert_int_equal(sio_target_to(s.peers.to, all[r]), SIO_OK);
            assert_int_equal(peer_emit(at(&s, A), ++sent, 0), SIO_OK);
            PEERS_WAIT(&s.peers, b->count == r + 1);
            assert_int_equal(sio_socket_leave(b->socket, all[r]), SIO_OK);
            if (per_room)
                peer_sync(b);
        }
        assert_int_equal(peer_missing(at(&s, B)), 0);
        peer_close(at(&s, A));
        peer_close(at(&s, B));
    }
    end(&s);
}

static void fault_31_room_names_pattern(void **state)
{
    (void)state;
    names(false);
}

static void fault_31_room_names_rooms(void **state)
{
    (void)state;
    names(true);
}

static void no_cross_talk(bool per_room)
{
    struct scene s;

    begin(&s, NULL);
    if (per_room)
        s.opts.adapter.subscription = SIO_SUBSCRIBE_ROOMS;
    s.opts.adapter.nsp = SIO_STR("/x");
    peer_open(&s.peers, A, &s.opts, redis_fixture_url(s.redis), 10);
    peer_open(&s.peers, B, &s.opts, redis_fixture_url(s.redis), 10);
    s.opts.adapter.nsp = SIO_STR("/x#y");
    peer_open(&s.peers, C, &s.opts, redis_fixture_url(s.redis), 10);
    assert_int_equal(sio_socket_join(at(&s, B)->socket, SIO_STR("y#z")), SIO_OK);
    assert_int_equal(sio_socket_join(at(&s, C)->socket, SIO_STR("z")), SIO_OK);
    peer_sync(at(&s, B));
    peer_sync(at(&s, C));
    sio_target_clear(s.peers.to);
    assert_int_equal(sio_target_to(s.peers.to, SIO_STR("y#z")), SIO_OK);
    assert_int_equal(peer_emit(at(&s, A), 1, 0), SIO_OK); /* the channel is also /x#y's room z */
    sio_target_clear(s.peers.to);
    assert_int_equal(peer_emit(at(&s, A), 2, 0), SIO_OK);
    PEERS_WAIT(&s.peers, at(&s, B)->count == 2);
    assert_int_equal(peer_emit(at(&s, C), 3, 0), SIO_OK); /* what was for C would have come */
    peer_sync(at(&s, C));
    assert_int_equal(at(&s, C)->count, 1);
    assert_int_equal(at(&s, C)->numbers[0], 3);
    end(&s);
}

static void fault_32_equal_channels_pattern(void **state)
{
    (void)state;
    no_cross_talk(false);
}

static void fault_32_equal_channels_rooms(void **state)
{
    (void)state;
    no_cross_talk(true);
}

/* -- 38, 39: questions -- */

static void fault_38_an_observer_of_requests(void **state)
{
    struct scene s;
    struct told told = {0};
    (void)state;
    begin(&s, NULL);
    s.opts.adapter.requests_timeout_ms = 600;
    open_both(&s, 10);
    redisContext *observer = redis_fixture_connect(s.redis);
    freeReplyObject(redisCommand(observer, "SUBSCRIBE socket.io-request#/#"));
    assert_int_equal(sio_adapter_fetch_sockets(at(&s, A)->adapter, NULL, on_fetched, &told),
                     SIO_OK);
    PEERS_WAIT(&s.peers, told.times == 1);
    assert_int_equal(told.status, SIO_ETIMEDOUT);
    assert_string_equal(told.hint,
                        "more subscribers than live uids: 3 subscribe to the servers' channel, 2 "
                        "have a channel for answers as servers do");
    redisFree(observer);
    end(&s);
}

static void fault_39_a_thousand_questions(void **state)
{
    struct scene s;
    struct told told = {0};
    (void)state;
    begin(&s, NULL);
    open_both(&s, 10);
    redisContext *observer = redis_fixture_connect(s.redis); /* never answers */
    freeReplyObject(redisCommand(observer, "SUBSCRIBE socket.io-request#/#"));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sio_adapter_fetch_sockets(at(&s, A)->adapter, NULL, on_fetched, &told),
                         SIO_OK);
    sio_adapter_stats stats;
    do {
        peers_turn(&s.peers);
        sio_adapter_get_stats(at(&s, B)->adapter, &stats);
    } while (stats.answered < 1000);
    assert_int_equal(told.times, 0);
    redis_fixture_kill(s.redis);
    PEERS_WAIT(&s.peers, told.times == 1000);
    assert_int_equal(told.status, SIO_ECONN);
    sio_adapter_get_stats(at(&s, A)->adapter, &stats);
    assert_int_equal(stats.requests, 0);
    redis_fixture_start(s.redis);
    PEERS_WAIT(&s.peers, at(&s, A)->readies == 2 && at(&s, B)->readies == 2);
    redisFree(observer);
    assert_int_equal(sio_adapter_fetch_sockets(at(&s, A)->adapter, NULL, on_fetched, &told),
                     SIO_OK);
    PEERS_WAIT(&s.peers, told.times == 1001);
    assert_int_equal(told.status, SIO_OK);
    end(&s);
}

/* -- 37: a node that goes without an answer -- */

static void fault_37_a_node_goes_before_it_answers(void **state)
{
    struct scene s;
    struct told told = {0};
    (void)state;
    begin(&s, NULL);
    open_both(&s, 10);
    /* A third server, as Redis counts it, that does not answer and then is gone. */
    redisContext *mute = redis_fixture_connect(s.redis);
    freeReplyObject(redisCommand(mute, "SUBSCRIBE socket.io-request#/#"));
    assert_int_equal(sio_adapter_fetch_sockets(at(&s, A)->adapter, NULL, on_fetched, &told),
                     SIO_OK);
    sio_adapter_stats stats;
    do {
        peers_turn(&s.peers);
        sio_adapter_get_stats(at(&s, B)->adapter, &stats);
    } while (stats.answered < 1);
    redisFree(mute);
    int64_t gone = fixture_now_ms();
    PEERS_WAIT(&s.peers, told.times == 1);
    assert_true(fixture_now_ms() - gone < 1000); /* half a second, and a slow machine's */
    assert_int_equal(told.status, SIO_OK);
    assert_non_null(strstr(told.text, "gone"));
    end(&s);
}

/* -- 49: freed at every stage -- */

static void fault_49_freed_while_it_subscribes(void **state)
{
    struct scene s;
    (void)state;
    begin(&s, NULL);
    for (int turns = 0; turns < 40; turns++) {
        peer_start(&s.peers, A, &s.opts, redis_fixture_url(s.redis), 1);
        for (int i = 0; i < turns; i++)
            event_base_loop(s.peers.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
        peer_close(at(&s, A));
    }
    end(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_any_topology(fault_01_redis_killed_pattern),
    cmocka_unit_test_any_topology(fault_01_redis_killed_rooms),
    cmocka_unit_test_any_topology(fault_05_redis_stopped),
    cmocka_unit_test_any_topology(fault_06_redis_paused),
    cmocka_unit_test(fault_07_one_byte_at_a_time),
    cmocka_unit_test(fault_07_latency_of_200_ms),
    cmocka_unit_test(fault_07_black_hole),
    cmocka_unit_test_any_topology(fault_08_slower_than_the_burst),
    cmocka_unit_test_any_topology(fault_09_large_packets),
    cmocka_unit_test_any_topology(fault_21_counting_denied),
    cmocka_unit_test_any_topology(fault_21_channel_denied),
    cmocka_unit_test_any_topology(fault_31_room_names_pattern),
    cmocka_unit_test_any_topology(fault_31_room_names_rooms),
    cmocka_unit_test_any_topology(fault_32_equal_channels_pattern),
    cmocka_unit_test_any_topology(fault_32_equal_channels_rooms),
    cmocka_unit_test_any_topology(fault_37_a_node_goes_before_it_answers),
    cmocka_unit_test_any_topology(fault_38_an_observer_of_requests),
    cmocka_unit_test_any_topology(fault_39_a_thousand_questions),
    cmocka_unit_test_any_topology(fault_49_freed_while_it_subscribes),
};

SIO_TEST_MAIN(tests)
