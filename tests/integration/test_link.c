/* SPDX-License-Identifier: MIT */
/* The link and a real Redis on a good day: of any kind and over TCP, on its own thread and on
 * a loop. */
#include "client.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "link/publish.h"

static const struct way {
    enum client_mode mode;
    enum redis_topology topology;
} ways[] = {
    {THREADED, REDIS_ANY}, {THREADED, REDIS_TCP}, {ON_LOOP, REDIS_ANY}, {ON_LOOP, REDIS_TCP}};

enum { WAYS = sizeof ways / sizeof ways[0] };

static void on_drained(sio_link *link, sio_status status, void *user)
{
    struct client *client = user;

    (void)link;
    client->drain_status = (int)status;
    client->drained++;
}

static void publishes_reach_a_subscriber(const struct way *way)
{
    struct redis_fixture *redis = redis_fixture_new(way->topology, NULL);
    struct subscriber sub;
    struct client client;
    sio_link_opts opts;
    sio_link_stats stats;

    subscriber_start(&sub, redis, "ch", 1000);
    client_init_on(&client, way->mode, &opts, redis);
    client_open(&client, &opts);
    for (int i = 0; i < 1000; i++) /* the first ones before it is connected */
        assert_int_equal(client_publish(&client, "ch", i), SIO_OK);
    CLIENT_WAIT(&client, client.ended == 1000 && sub.count == 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(sub.numbers[i], i);
    assert_int_equal(client.ends[SIO_OK], 1000);
    assert_receivers(redis, client.receivers, 1000);
    assert_int_equal(client.unordered, 0);
    assert_int_equal(client.ups, 1);
    CLIENT_WAIT(&client, client_stats(&client).accepted == 1000);
    stats = client_stats(&client);
    assert_int_equal(stats.published, 1000);
    assert_receivers(redis, (long long)stats.receivers, 1000);
    assert_int_equal(stats.outbox_publishes, 0);
    assert_int_equal(stats.outbox_bytes, 0);
    assert_int_equal(stats.connects, 1);
    assert_true(stats.bytes_out > 1000 * 30);
    assert_true(stats.bytes_in >= 1000 * 4);
    client_free(&client);
    assert_int_equal(client.closeds, 1);
    subscriber_stop(&sub);
    free(sub.numbers);
    redis_fixture_free(redis);
}

static void reaches_a_subscriber_thread(void **state)
{
    (void)state;
    publishes_reach_a_subscriber(&ways[0]);
}

static void reaches_a_subscriber_thread_tcp(void **state)
{
    (void)state;
    publishes_reach_a_subscriber(&ways[1]);
}

static void reaches_a_subscriber_loop(void **state)
{
    (void)state;
    publishes_reach_a_subscriber(&ways[2]);
}

static void reaches_a_subscriber_loop_tcp(void **state)
{
    (void)state;
    publishes_reach_a_subscriber(&ways[3]);
}

static bool has_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

static void every_kind_of_url(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    static const char *const forms[] = {"redis://localhost:%d", "redis://127.0.0.1:%d/3",
                                        "valkey://127.0.0.1:%d/", "redis://[::1]:%d"};
    int port;

    (void)state;
    assert_int_equal(sscanf(redis_fixture_url(redis), "redis://127.0.0.1:%d", &port), 1);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct client client;
        sio_link_opts opts;
        char url[64];

        if (strchr(forms[i], '[') != NULL && !has_ipv6())
            continue;

        snprintf(url, sizeof url, forms[i], port);
        client_init(&client, i % 2 == 0 ? THREADED : ON_LOOP, &opts, url);
        opts.client_name = "tester";
        client_open(&client, &opts);
        assert_int_equal(client_publish(&client, "ch", 1), SIO_OK);
        CLIENT_WAIT(&client, client.ended == 1);
        assert_int_equal(client.ends[SIO_OK], 1);
        client_free(&client);
    }
    redis_fixture_free(redis);
}

static void flush_waits_for_answers(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    sio_link_opts opts;
    int64_t begin;

    (void)state;
    client_init_on(&client, THREADED, &opts, redis);
    client_open(&client, &opts);
    assert_int_equal(sio_link_wait_up(client.link, 5000, NULL, NULL, 0), SIO_OK);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 10; i++)
            assert_int_equal(client_publish(&client, "ch", round * 10 + i), SIO_OK);
        assert_int_equal(sio_link_flush(client.link, 5000), SIO_OK);
        assert_int_equal(client.ended, round * 10 + 10); /* completions ran before it returned */
    }
    redis_fixture_stop(redis);
    client_publish(&client, "ch", 2000);
    begin = fixture_now_ms();
    assert_int_equal(sio_link_flush(client.link, 50), SIO_ETIMEDOUT);
    assert_true(fixture_now_ms() - begin >= 49);
    assert_true(fixture_now_ms() - begin < 4000);
    redis_fixture_cont(redis);
    assert_int_equal(sio_link_flush(client.link, 5000), SIO_OK);
    client_free(&client);
    redis_fixture_free(redis);
}

static void flush_on_a_loop_is_refused(void **state)
{
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, ON_LOOP, &opts, "unix:///nonexistent");
    client_open(&client, &opts);
    assert_int_equal(sio_link_flush(client.link, 1000), SIO_EDEADLK);
    assert_int_equal(sio_link_wait_writable(client.link, 1, 1000), SIO_EDEADLK);
    assert_int_equal(sio_link_wait_up(client.link, 1000, NULL, NULL, 0), SIO_EDEADLK);
    client_free(&client);
}

static void drain_calls_back_once(const struct way *way)
{
    struct redis_fixture *redis = redis_fixture_new(way->topology, NULL);
    struct client client;
    sio_link_opts opts;

    client_init_on(&client, way->mode, &opts, redis);
    client_open(&client, &opts);
    assert_int_equal(sio_link_drain(client.link, on_drained, &client), SIO_OK);
    assert_int_equal(client.drained, 1); /* nothing was there */
    for (int i = 0; i < 100; i++)
        client_publish(&client, "ch", i);
    assert_int_equal(sio_link_drain(client.link, on_drained, &client), SIO_OK);
    CLIENT_WAIT(&client, client.drained == 2);
    assert_int_equal(client.ended, 100);
    assert_int_equal(client.drain_status, SIO_OK);
    redis_fixture_stop(redis);
    client_publish(&client, "ch", 100);
    assert_int_equal(sio_link_drain(client.link, on_drained, &client), SIO_OK);
    assert_int_equal(client.drained, 2);
    client_free(&client);
    assert_int_equal(client.drained, 3);
    assert_int_equal(client.drain_status, SIO_ECLOSED);
    assert_int_equal(client.ends[SIO_ECLOSED], 1);
    redis_fixture_free(redis);
}

static void drains(void **state)
{
    (void)state;
    for (int i = 0; i < WAYS; i++)
        drain_calls_back_once(&ways[i]);
}

static void close_flushes(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);

    (void)state;
    for (int mode = THREADED; mode <= ON_LOOP; mode++) {
        struct client client;
        sio_link_opts opts;

        client_init_on(&client, (enum client_mode)mode, &opts, redis);
        client_open(&client, &opts);
        for (int i = 0; i < 5000; i++)
            assert_int_equal(client_publish(&client, "ch", i), SIO_OK);
        assert_int_equal(sio_link_close(client.link, 10000), SIO_OK);
        assert_int_equal(client_publish(&client, "ch", 1), SIO_ECLOSED);
        CLIENT_WAIT(&client, client.closeds == 1);
        assert_int_equal(client.ends[SIO_OK], 5000);
        assert_int_equal(sio__link_check(client.link), SIO_ECLOSED);
        assert_int_equal(sio_link_flush(client.link, 0),
                         mode == ON_LOOP ? SIO_EDEADLK : SIO_ECLOSED);
        assert_int_equal(sio_link_drain(client.link, on_drained, &client), SIO_ECLOSED);
        assert_int_equal(client.drained, 0);
        assert_int_equal(client_stats(&client).refused[SIO_ECLOSED], 1);
        client_free(&client);
        assert_int_equal(client.closeds, 1);
    }
    redis_fixture_free(redis);
}

static void close_gives_up_in_time(void **state)
{
    (void)state;
    for (int mode = THREADED; mode <= ON_LOOP; mode++) {
        struct client client;
        sio_link_opts opts;
        sio_status status;

        client_init(&client, (enum client_mode)mode, &opts, "unix:///nonexistent");
        client_open(&client, &opts);
        for (int i = 0; i < 100; i++)
            assert_int_equal(client_publish(&client, "ch", i), SIO_OK);
        status = sio_link_close(client.link, 30);
        assert_int_equal(status, mode == ON_LOOP ? SIO_OK : SIO_ETIMEDOUT);
        CLIENT_WAIT(&client, client.closeds == 1);
        assert_int_equal(client.ends[SIO_ECLOSED], 100);
        assert_int_equal(client.unordered, 0);
        client_free(&client);
    }
}

static void free_flushes_when_asked_to(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init_on(&client, THREADED, &opts, redis);
    opts.close_timeout_ms = 10000;
    client_open(&client, &opts);
    for (int i = 0; i < 1000; i++)
        client_publish(&client, "ch", i);
    client_free(&client);
    assert_int_equal(client.ends[SIO_OK], 1000);
    redis_fixture_free(redis);
}

struct burst {
    struct client *client;
    int sent, full;
};

/* 300,000 in one callback: what the outbox cannot take is refused at once, and
 * on_writable says when to go on. */
static void burst(struct burst *burst)
{
    while (burst->sent < 300000) {
        sio_status status = client_publish(burst->client, "ch", burst->sent);

        if (status == SIO_EFULL) {
            burst->full++;
            return;
        }
        assert_int_equal(status, SIO_OK);
        burst->sent++;
    }
}

static void a_burst_on_a_loop_stays_within_bounds(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    struct burst b = {.client = &client};
    sio_link_opts opts;
    int writables;

    (void)state;
    client_init_on(&client, ON_LOOP, &opts, redis);
    opts.outbox_bytes = 1 << 20;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    burst(&b);
    assert_int_equal(b.full, 1);
    assert_true(client_stats(&client).outbox_bytes <= 1 << 20);
    while (b.sent < 300000) {
        writables = client.writables;
        CLIENT_WAIT(&client, client.writables > writables);
        assert_true(client_stats(&client).outbox_bytes <= 1 << 19);
        burst(&b);
    }
    CLIENT_WAIT(&client, client.ended == 300000);
    assert_int_equal(client.unordered, 0);
    assert_int_equal(client.ends[SIO_OK], 300000);
    assert_int_equal(client_stats(&client).refused[SIO_EFULL], b.full);
    client_free(&client);
    redis_fixture_free(redis);
}

static void wait_writable_waits_for_room(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    sio_link_opts opts;
    int sent = 0;

    (void)state;
    client_init_on(&client, THREADED, &opts, redis);
    opts.outbox_publishes = 100;
    opts.outbox_bytes = 8192;
    client_open(&client, &opts);
    assert_int_equal(sio_link_wait_up(client.link, 5000, NULL, NULL, 0), SIO_OK);
    redis_fixture_stop(redis);
    while (client_publish(&client, "ch", sent) == SIO_OK)
        sent++;
    assert_int_equal(sent, 100);
    assert_int_equal(sio_link_wait_writable(client.link, 50, 20), SIO_ETIMEDOUT);
    assert_int_equal(sio_link_wait_writable(client.link, 8193, 20), SIO_ETOOBIG);
    redis_fixture_cont(redis);
    for (; sent < 20000; sent++) {
        if (client_publish(&client, "ch", sent) == SIO_EFULL) {
            assert_int_equal(sio_link_wait_writable(client.link, 50, 5000), SIO_OK);
            assert_int_equal(client_publish(&client, "ch", sent), SIO_OK);
        }
    }
    assert_int_equal(sio_link_wait_writable(client.link, 8192, 5000), SIO_OK); /* all of it */
    assert_int_equal(client.ended, 20000);
    client_free(&client);
    redis_fixture_free(redis);
}

enum { THREADS = 8, EACH = 5000 };

static void *emit_many(void *arg)
{
    struct client *client = ((void **)arg)[0];
    int first = *(int *)((void **)arg)[1] * EACH;

    for (int i = first; i < first + EACH; i++) {
        while (client_publish(client, "ch", i) != SIO_OK)
            sio_link_wait_writable(client->link, 100, 1000);
        if (i % 1000 == 0)
            sio_link_flush(client->link, 10000);
    }
    return NULL;
}

static void eight_threads_emit(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    int next[THREADS], index[THREADS];
    void *args[THREADS][2];
    pthread_t threads[THREADS];
    struct subscriber sub;
    struct client client;
    sio_link_opts opts;

    (void)state;
    subscriber_start(&sub, redis, "ch", THREADS * EACH);
    client_init_on(&client, THREADED, &opts, redis);
    opts.outbox_publishes = 1000;
    client_open(&client, &opts);
    for (int t = 0; t < THREADS; t++) {
        index[t] = t;
        next[t] = t * EACH;
        args[t][0] = &client;
        args[t][1] = &index[t];
        assert_int_equal(pthread_create(&threads[t], NULL, emit_many, args[t]), 0);
    }
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    assert_int_equal(sio_link_flush(client.link, 10000), SIO_OK);
    CLIENT_WAIT(&client, sub.count == THREADS * EACH);
    for (int i = 0; i < THREADS * EACH; i++) /* each thread's own order is kept */
        assert_int_equal(sub.numbers[i], next[sub.numbers[i] / EACH]++);
    assert_int_equal(client.ends[SIO_OK], THREADS * EACH);
    client_free(&client);
    subscriber_stop(&sub);
    free(sub.numbers);
    redis_fixture_free(redis);
}

static void an_idle_link_rests(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_ANY, NULL);
    struct client client;
    sio_link_opts opts;
    struct rusage before, after;
    int64_t until;

    (void)state;
    client_init_on(&client, THREADED, &opts, redis);
    client_open(&client, &opts);
    client_publish(&client, "ch", 1);
    assert_int_equal(sio_link_flush(client.link, 5000), SIO_OK);
    getrusage(RUSAGE_SELF, &before);
    until = fixture_now_ms() + 1500;
    while (fixture_now_ms() < until)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_nvcsw - before.ru_nvcsw < 60); /* our own naps are 15 of them */
    client_free(&client);
    redis_fixture_free(redis);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_any_topology(reaches_a_subscriber_thread),
    cmocka_unit_test(reaches_a_subscriber_thread_tcp),
    cmocka_unit_test_any_topology(reaches_a_subscriber_loop),
    cmocka_unit_test(reaches_a_subscriber_loop_tcp),
    cmocka_unit_test(every_kind_of_url),
    cmocka_unit_test_any_topology(flush_waits_for_answers),
    cmocka_unit_test(flush_on_a_loop_is_refused),
    cmocka_unit_test_any_topology(drains),
    cmocka_unit_test_any_topology(close_flushes),
    cmocka_unit_test(close_gives_up_in_time),
    cmocka_unit_test_any_topology(free_flushes_when_asked_to),
    cmocka_unit_test_any_topology(a_burst_on_a_loop_stays_within_bounds),
    cmocka_unit_test_any_topology(wait_writable_waits_for_room),
    cmocka_unit_test_any_topology(eight_threads_emit),
    cmocka_unit_test(an_idle_link_rests),
};

SIO_TEST_MAIN(tests)
