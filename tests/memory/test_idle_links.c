/* SPDX-License-Identifier: MIT */
/* A link that has been used and now does nothing costs next to nothing: memory, descriptors
 * and CPU time; of a thousand of them on one loop, too. */
#include <event2/event.h>
#include <sio/link.h>

#include <dirent.h>
#include <malloc.h>
#include <sys/resource.h>
#include <time.h>

#include "client.h"
#include "link/publish.h"
#include "link/subscribe.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum {
    LINKS = 1000,
    MOST_BYTES = 24 * 1024, /* a link */
    SETTLE_MS = 2500,       /* spare memory is given back after a second */
    WAIT_MS = 30000
};

/* Bytes that have been allocated and not freed. */
static long allocated(void)
{
    struct mallinfo2 info = mallinfo2();

    return (long)(info.uordblks + info.hblkhd);
}

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* ---- many on one loop ---- */

struct many {
    struct redis_fixture *redis;
    struct event_base *base;
    sio_link *links[LINKS];
    struct sio__listener *listeners[LINKS];
    int ready, heard;
};

static void on_ready(void *owner)
{
    struct many *m = owner;

    m->ready++;
}

static void on_message(void *owner, int tag, sio_str channel, sio_str payload)
{
    struct many *m = owner;

    (void)tag;
    (void)channel;
    (void)payload;
    m->heard++;
}

static void on_lost(void *owner, const char *text)
{
    (void)owner;
    fail_msg("%s", text);
}

static void on_gap(void *owner, int64_t from_ms, int64_t to_ms, const char *text)
{
    (void)from_ms;
    (void)to_ms;
    on_lost(owner, text);
}

static void on_denied(void *owner, sio_str name, sio_status status, const char *text)
{
    (void)name;
    (void)status;
    on_lost(owner, text);
}

static const struct sio__listener_ops listening = {
    .message = on_message, .ready = on_ready, .lost = on_lost, .gap = on_gap, .denied = on_denied};

/* Let the loop run for so long. */
static void pass(struct many *m, int ms)
{
    const struct timeval after = {ms / 1000, ms % 1000 * 1000};

    event_base_loopexit(m->base, &after);
    event_base_dispatch(m->base);
}

static int count_up(struct many *m)
{
    int up = 0;

    for (int i = 0; i < LINKS; i++) {
        sio_link_stats stats;

        assert_int_equal(sio_link_get_stats(m->links[i], &stats), SIO_OK);
        up += stats.state == SIO_LINK_UP;
    }
    return up;
}

static uint64_t count_accepted(struct many *m)
{
    uint64_t accepted = 0;

    for (int i = 0; i < LINKS; i++) {
        sio_link_stats stats;

        assert_int_equal(sio_link_get_stats(m->links[i], &stats), SIO_OK);
        accepted += stats.accepted;
    }
    return accepted;
}

#define MANY_WAIT(m, condition)                                                                    \
    for (int64_t limit = fixture_now_ms() + WAIT_MS; !(condition); pass(m, 20))                    \
    assert_true(fixture_now_ms() < limit)

static void many_open(struct many *m, bool subscribe)
{
    struct rlimit files;
    sio_link_opts opts;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files); /* Redis inherits it */
    if (files.rlim_cur < 4 * LINKS)
        SIO_SKIP("too few descriptors are allowed");
    memset(m, 0, sizeof *m);
    m->redis = redis_fixture_new(REDIS_UNIX, NULL);
    m->base = event_base_new();
    assert_non_null(m->base);
    sio_link_opts_init(&opts);
    opts.url = redis_fixture_url(m->redis);
    opts.base = m->base;
    for (int i = 0; i < LINKS; i++) {
        assert_int_equal(sio_link_new(&opts, &m->links[i], NULL, 0), SIO_OK);
        if (!subscribe)
            continue;
        assert_int_equal(sio__listener_new(m->links[i], &listening, m, &m->listeners[i]), SIO_OK);
        assert_int_equal(
            sio__listener_subscribe(m->listeners[i], SIO__PATTERN, SIO_STR("socket.io#/#*"), 0),
            SIO_OK);
        assert_int_equal(sio__listener_subscribe(m->listeners[i], SIO__CHANNEL,
                                                 SIO_STR("socket.io-request#/#"), 0),
                         SIO_OK);
    }
    MANY_WAIT(m, count_up(m) == LINKS && (!subscribe || m->ready == LINKS));
}

/* Something large and something small, as a link does that was in use. */
static void many_use(struct many *m)
{
    static char payload[8 * 1024];

    for (int i = 0; i < LINKS; i++) {
        sio_str large = sio_str_of(payload, sizeof payload);

        assert_int_equal(
            sio__link_publish(m->links[i], SIO__PUBLISH, SIO_STR("nobody"), large, NULL), SIO_OK);
        assert_int_equal(
            sio__link_publish(m->links[i], SIO__PUBLISH, SIO_STR("nobody"), SIO_STR("x"), NULL),
            SIO_OK);
    }
    MANY_WAIT(m, count_accepted(m) == 2 * LINKS);
}

static void many_close(struct many *m)
{
    for (int i = 0; i < LINKS; i++) {
        sio__listener_free(m->listeners[i]);
        sio_link_free(m->links[i]);
    }
    event_base_free(m->base);
    redis_fixture_free(m->redis);
}

static void skip_where_it_says_nothing(void)
{
#ifdef SANITIZED
    SIO_SKIP("a sanitizer's memory and time are not ours");
#endif
    if (under_valgrind())
        SIO_SKIP("valgrind's memory and time are not ours");
}

static void assert_costs(struct many *m, long bytes_before, int fds_before, int fds_each)
{
    long each;
    double cpu;

    pass(m, SETTLE_MS);
    each = (allocated() - bytes_before) / LINKS;
    print_message("%ld bytes a link\n", each);
    assert_in_range(each, 1, MOST_BYTES);
    assert_in_range(descriptors() - fds_before, fds_each * LINKS, fds_each * LINKS + 20);
    cpu = cpu_ms();
    pass(m, 2000);
    cpu = cpu_ms() - cpu;
    print_message("%.3f %% CPU, all together\n", cpu / 2000 * 100);
    assert_true(cpu < 0.0005 * 2000 * LINKS / 20); /* a twentieth of what is allowed to each */
}

static void a_thousand_links_that_publish(void **state)
{
    static struct many m;
    long bytes;
    int fds;

    (void)state;
    skip_where_it_says_nothing();
    bytes = allocated();
    fds = descriptors();
    many_open(&m, false);
    many_use(&m);
    assert_costs(&m, bytes, fds, 1);
    many_use(&m) /* again, from nothing */;
    many_close(&m);
}

static void a_thousand_links_that_subscribe(void **state)
{
    static struct many m;
    long bytes;
    int fds;

    (void)state;
    skip_where_it_says_nothing();
    bytes = allocated();
    fds = descriptors();
    many_open(&m, true);
    many_use(&m);
    assert_int_equal(redis_fixture_command(m.redis, "PUBLISH socket.io#/# hello"), LINKS);
    MANY_WAIT(&m, m.heard == LINKS);
    assert_costs(&m, bytes, fds, 2);
    assert_int_equal(redis_fixture_command(m.redis, "PUBLISH socket.io#/# again"), LINKS);
    MANY_WAIT(&m, m.heard == 2 * LINKS);
    many_close(&m);
}

/* ---- one, in either mode ---- */

static void assert_idle_cpu(enum client_mode mode, unsigned ping_interval_ms, double most_ms)
{
    struct redis_fixture *redis;
    struct client client;
    sio_link_opts opts;
    double cpu;

    skip_where_it_says_nothing();
    redis = redis_fixture_new(REDIS_UNIX, NULL);
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    opts.ping_interval_ms = ping_interval_ms;
    client_open(&client, &opts);
    client_publish(&client, "ch", 1);
    CLIENT_WAIT(&client, client.ended == 1);
    for (int round = 0; round < 2; round++) { /* the first one settles */
        const struct timespec three = {.tv_sec = 3};

        cpu = cpu_ms();
        if (client.base == NULL) {
            nanosleep(&three, NULL);
        } else {
            event_base_loopexit(client.base, &(struct timeval){.tv_sec = 3});
            event_base_dispatch(client.base);
        }
        cpu = cpu_ms() - cpu;
    }
    print_message("%.3f ms\n", cpu);
    assert_true(cpu < most_ms);
    assert_int_equal(client_stats(&client).disconnects, 0);
    client_free(&client);
    redis_fixture_free(redis);
}

/* 0.05 % of three seconds. */
static void an_idle_link_takes_no_time_thread(void **state)
{
    (void)state;
    assert_idle_cpu(THREADED, 10000, 1.5);
}

static void an_idle_link_takes_no_time_loop(void **state)
{
    (void)state;
    assert_idle_cpu(ON_LOOP, 10000, 1.5);
}

/* As many PINGs as in five minutes, of which 0.05 % are 150 ms. */
static void pings_take_little_time_thread(void **state)
{
    (void)state;
    assert_idle_cpu(THREADED, 100, 50);
}

static void pings_take_little_time_loop(void **state)
{
    (void)state;
    assert_idle_cpu(ON_LOOP, 100, 50);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_thousand_links_that_publish),
    cmocka_unit_test(a_thousand_links_that_subscribe),
    cmocka_unit_test(an_idle_link_takes_no_time_thread),
    cmocka_unit_test(an_idle_link_takes_no_time_loop),
    cmocka_unit_test(pings_take_little_time_thread),
    cmocka_unit_test(pings_take_little_time_loop),
};

SIO_TEST_MAIN(tests)
