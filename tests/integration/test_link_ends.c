/* SPDX-License-Identifier: MIT */
/* How a link ends: freed inside each of its callbacks, before anything, after fork();
 * and answers of Redis that put publishing off. */
#include "client.h"

#include <event2/event.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake.h"
#include "link/publish.h"

/* -- free inside a callback -- */

enum place { IN_UP, IN_DOWN, IN_END, IN_WRITABLE, IN_LOG, IN_DRAIN, IN_CLOSED, PLACES };

struct suicide {
    enum place place;
    _Atomic int frees, ends, ok, closed_last;
    _Atomic bool full;
};

static void free_at(struct suicide *s, sio_link *link, enum place place)
{
    if (s->place != place || s->frees > 0)
        return;
    s->frees++;
    sio_link_free(link);
}

static void state_cb(sio_link *link, const sio_link_event *event, void *user)
{
    struct suicide *s = user;

    if (event->state == SIO_LINK_UP)
        free_at(s, link, IN_UP);
    if (event->state == SIO_LINK_DOWN)
        free_at(s, link, IN_DOWN);
    if (event->state == SIO_LINK_CLOSED) {
        free_at(s, link, IN_CLOSED);
        s->closed_last++;
    }
}

static void writable_cb(sio_link *link, void *user)
{
    free_at(user, link, IN_WRITABLE);
}

static void log_cb(sio_link *link, sio_log_level level, const char *line, void *user)
{
    (void)level;
    (void)line;
    free_at(user, link, IN_LOG);
}

static void drain_cb(sio_link *link, sio_status status, void *user)
{
    (void)status;
    free_at(user, link, IN_DRAIN);
}

struct owner {
    struct suicide *s;
    sio_link *link;
};

static void end_cb(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                   void *user)
{
    struct owner *o = owner;
    struct sio__completion again = {end_cb, owner, NULL, NULL};

    (void)fn;
    (void)user;
    o->s->ends++;
    if (result->status == SIO_OK)
        o->s->ok++;
    if (result->status == SIO_ECLOSED) /* nothing can be added to what is closing */
        assert_int_equal(sio__link_publish(o->link, SIO_STR("ch"), SIO_STR("x"), &again),
                         SIO_ECLOSED);
    free_at(o->s, o->link, IN_END);
}

static void freed_inside(enum place place, enum client_mode mode, const char *url)
{
    struct event_base *base = mode == ON_LOOP ? event_base_new() : NULL;
    struct suicide s = {.place = place};
    struct owner owner = {.s = &s};
    struct sio__completion completion = {end_cb, &owner, NULL, NULL};
    struct client pump = {.base = base};
    sio_link_opts opts;
    int sent = 0;

    sio_link_opts_init(&opts);
    opts.base = base;
    opts.url = place == IN_DOWN ? "unix:///nonexistent/socket" : url;
    opts.outbox_publishes = 50;
    opts.on_state = state_cb;
    opts.on_writable = writable_cb;
    opts.on_log = log_cb;
    opts.user = &s;
    assert_int_equal(sio_link_new(&opts, &owner.link, NULL, 0), SIO_OK);
    if (mode == ON_LOOP || place == IN_WRITABLE || place == IN_END || place == IN_DRAIN) {
        /* On its own thread the link may be gone at any time in the other cases. */
        while (sio__link_publish(owner.link, SIO_STR("ch"), SIO_STR("x"), &completion) == SIO_OK &&
               sent < (place == IN_END ? 1 : 50))
            sent++;
        if (place == IN_END)
            sent++;
        if (place == IN_DRAIN)
            assert_int_equal(sio_link_drain(owner.link, drain_cb, &s), SIO_OK);
    }
    if (place == IN_CLOSED)
        sio_link_close(owner.link, 0);
    CLIENT_WAIT(&pump, s.closed_last == 1);
    assert_int_equal(s.frees, 1);
    assert_int_equal(s.ends, sent);
    if (base != NULL)
        event_base_free(base);
}

static void freed_inside_callbacks_on_a_loop_49(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);

    (void)state;
    for (int place = 0; place < PLACES; place++)
        freed_inside((enum place)place, ON_LOOP, redis_fixture_url(redis));
    redis_fixture_free(redis);
}

static void freed_inside_callbacks_on_its_thread_49(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);

    (void)state;
    for (int place = 0; place < IN_CLOSED; place++)
        freed_inside((enum place)place, THREADED, redis_fixture_url(redis));
    redis_fixture_free(redis);
}

/* -- free at once, in each stage -- */

static void freed_while_connecting_49(void **state)
{
    static const char *const urls[] = {"unix:///nonexistent", "redis://127.0.0.1:1",
                                       "redis://no-such-host.invalid", "redis://192.0.2.1"};

    (void)state;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
            struct client client;
            sio_link_opts opts;

            client_init(&client, round % 2 == 0 ? THREADED : ON_LOOP, &opts, urls[i]);
            client_open(&client, &opts);
            for (int n = 0; n < 10; n++)
                client_publish(&client, "ch", n);
            for (int turn = 0; turn < round / 4; turn++)
                client_turn(&client);
            client_free(&client);
            assert_int_equal(client.ends[SIO_ECLOSED], 10);
            assert_int_equal(client.unordered, 0);
            assert_int_equal(client.closeds, 1);
        }
    }
}

static void bad_options_are_refused(void **state)
{
    sio_link *link = (sio_link *)1;
    sio_link_opts opts;
    char err[200];

    (void)state;
    sio_link_opts_init(&opts);
    opts.url = "redis://h:x";
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    assert_null(link);
    assert_non_null(strstr(err, "port"));
    assert_int_equal(sio_link_new(&opts, &link, NULL, 0), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.client_name = "a b";
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.outbox_bytes = 0;
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.command_timeout_ms = 0;
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_opts_init(&opts);
    opts.username = "u";
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_EINVAL);
    sio_link_free(NULL);
}

/* -- fork -- */

#if defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZED
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZED
#endif
#endif

/* By exec, so that no leak checker looks at what the threads of the parent left here. */
static void leave_child(bool well)
{
    execlp(well ? "true" : "false", "child", (char *)NULL);
    _exit(2);
}

static void fork_with(enum client_mode mode, const char *url)
{
    struct client client;
    sio_link_opts opts;
    int status = -1;
    pid_t pid;

    client_init(&client, mode, &opts, url);
    client_open(&client, &opts);
    client_publish(&client, "ch", 0);
    CLIENT_WAIT(&client, client.ended == 1);
    for (int i = 1; i <= 100; i++)
        client_publish(&client, "ch", i);
    pid = fork();
    if (pid == 0) {
        sio_link_stats stats;
        int bad = 0, ended = client.ended;

        bad += client_publish(&client, "ch", 2) != SIO_EFORK;
        bad += sio_link_flush(client.link, 1000) != SIO_EFORK;
        bad += sio_link_drain(client.link, NULL, NULL) != SIO_EFORK;
        bad += sio_link_close(client.link, 1000) != SIO_EFORK;
        bad += sio_link_wait_up(client.link, 1000, NULL, NULL, 0) != SIO_EFORK;
        bad += sio_link_wait_writable(client.link, 1, 1000) != SIO_EFORK;
        bad += sio_link_get_stats(client.link, &stats) != SIO_EFORK;
        bad += sio__link_check(client.link) != SIO_EFORK;
        sio_link_free(client.link);
        bad += client.ended != ended || client.closeds != 0;
#ifndef THREAD_SANITIZED /* which has no new threads after a fork */
        /* The child can have links of its own. */
        client_init(&client, mode, &opts, url);
        client_open(&client, &opts);
        client_publish(&client, "child", 1);
        CLIENT_WAIT(&client, client.ended == 1);
        bad += client.ends[SIO_OK] != 1;
        client_free(&client);
#endif
        leave_child(bad == 0);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    for (int i = 101; i <= 1000; i++) /* and the parent goes on */
        assert_int_equal(client_publish(&client, "ch", i), SIO_OK);
    CLIENT_WAIT(&client, client.ended == 1001);
    assert_int_equal(client.ends[SIO_OK], 1001);
    assert_int_equal(client_stats(&client).disconnects, 0);
    client_free(&client);
}

static void fork_leaves_the_parent_alone_50(void **state)
{
    static const char *const args[] = {"--client-output-buffer-limit", "pubsub 0 0 0", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    struct subscriber sub;

    (void)state;
    subscriber_start(&sub, redis, "ch", 10000);
    fork_with(THREADED, redis_fixture_url(redis));
    fork_with(ON_LOOP, redis_fixture_url(redis));
    FIXTURE_WAIT(sub.count >= 2002); /* and nothing was sent by both */
    for (int i = 0; i < 2002; i++)
        assert_int_equal(sub.numbers[i], i % 1001);
    assert_int_equal(sub.count, 2002);
    subscriber_stop(&sub);
    free(sub.numbers);
    redis_fixture_free(redis);
}

static void *emit_until(void *arg)
{
    struct client *client = arg;

    for (int i = 0; i < 20000; i++) {
        while (client_publish(client, "ch", i) == SIO_EFULL)
            sio_link_wait_writable(client->link, 100, 1000);
    }
    return NULL;
}

/* Whatever other threads are doing: locks are whole in the child, and so is memory. */
static void fork_while_threads_emit_50(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct client client;
    sio_link_opts opts;
    pthread_t thread;

    (void)state;
    client_init(&client, THREADED, &opts, redis_fixture_url(redis));
    opts.outbox_publishes = 500;
    client_open(&client, &opts);
    assert_int_equal(pthread_create(&thread, NULL, emit_until, &client), 0);
    for (int i = 0; i < 30; i++) {
        int status = -1;
        pid_t pid = fork();

        if (pid == 0) {
            bool refused = client_publish(&client, "ch", 1) == SIO_EFORK;

            sio_link_free(client.link);
            leave_child(refused);
        }
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    pthread_join(thread, NULL);
    assert_int_equal(sio_link_flush(client.link, 10000), SIO_OK);
    assert_int_equal(client.ends[SIO_OK], 20000);
    client_free(&client);
    redis_fixture_free(redis);
}

/* -- answers that put off -- */

static const char *loading_at_first(void *arg, const char *command, int n)
{
    const char *error = arg;

    if (strcmp(command, "PUBLISH") != 0)
        return FAKE_USUAL;
    return n == 1 || n == 2 || n == 10 ? error : FAKE_USUAL;
}

static void passing_errors_are_waited_out_22(void **state)
{
    static const char *const errors[] = {
        "-LOADING x\r\n",     "-BUSY x\r\n",       "-MASTERDOWN x\r\n", "-MISCONF x\r\n",
        "-OOM command x\r\n", "-NOREPLICAS x\r\n", "-TRYAGAIN x\r\n",   "-CLUSTERDOWN x\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        struct fake_redis *fake = fake_redis_new(loading_at_first, (void *)(uintptr_t)errors[i]);
        struct client client;
        sio_link_opts opts;

        client_init(&client, i % 2 == 0 ? THREADED : ON_LOOP, &opts, fake_redis_url(fake));
        client_open(&client, &opts);
        for (int n = 0; n < 8; n++)
            client_publish(&client, "ch", n);
        CLIENT_WAIT(&client, client.ended == 8);
        assert_int_equal(client.ends[SIO_OK], 8);
        assert_int_equal(fake_redis_connections(fake), 1);
        CLIENT_WAIT(&client, client_stats(&client).accepted == 8);
        assert_int_equal(client_stats(&client).resent, 0);
        /* 1 and 2 were refused (in a first lot of all eight); nothing else came twice but what
         * the 11th command, a refused one again, needed. */
        assert_int_equal(fake_redis_publishes(fake), 8 + 2 + (fake_redis_publishes(fake) > 10));
        client_free(&client);
        fake_redis_free(fake);
    }
}

static const char *always_busy(void *arg, const char *command, int n)
{
    (void)arg;
    (void)n;
    return strcmp(command, "PUBLISH") == 0 ? "-BUSY running a script\r\n" : FAKE_USUAL;
}

static void passing_errors_end_at_the_ttl_22(void **state)
{
    struct fake_redis *fake = fake_redis_new(always_busy, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, fake_redis_url(fake));
    opts.outbox_ttl_ms = 200;
    client_open(&client, &opts);
    for (int n = 0; n < 8; n++)
        client_publish(&client, "ch", n);
    CLIENT_WAIT(&client, client.ended == 8);
    assert_int_equal(client.ends[SIO_EXPIRED], 8);
    assert_string_equal(client.end_text, "BUSY running a script");
    assert_int_equal(client.unordered, 0);
    assert_true(fake_redis_publishes(fake) >= 8);
    assert_true(fake_redis_publishes(fake) < 8 * 10); /* with pauses */
    client_free(&client);
    fake_redis_free(fake);
}

static const char *demoted_at_first(void *arg, const char *command, int n)
{
    (void)arg;
    return strcmp(command, "PUBLISH") == 0 && n == 1 ? "-READONLY x\r\n" : FAKE_USUAL;
}

static void a_demoted_master_is_left_11(void **state)
{
    struct fake_redis *fake = fake_redis_new(demoted_at_first, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, fake_redis_url(fake));
    client_open(&client, &opts);
    for (int n = 0; n < 3; n++)
        client_publish(&client, "ch", n);
    CLIENT_WAIT(&client, client.ended == 3);
    assert_int_equal(client.ends[SIO_OK], 3);
    assert_int_equal(client.unordered, 0);
    assert_int_equal(fake_redis_connections(fake), 2);
    client_free(&client);
    fake_redis_free(fake);
}

static const char *permanent(void *arg, const char *command, int n)
{
    (void)n;
    return strcmp(command, "PUBLISH") == 0 ? arg : FAKE_USUAL;
}

static void unknown_errors_are_permanent_22(void **state)
{
    struct fake_redis *fake = fake_redis_new(permanent, (void *)(uintptr_t) "-XYZ what\r\n");
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, ON_LOOP, &opts, fake_redis_url(fake));
    client_open(&client, &opts);
    for (int n = 0; n < 30; n++)
        client_publish(&client, "ch", n);
    CLIENT_WAIT(&client, client.ended == 30);
    assert_int_equal(client.ends[SIO_EREDIS], 30);
    assert_string_equal(client.end_text, "XYZ what");
    assert_true(client.log_lines < 16); /* ten of one kind a second */
    client_free(&client);
    fake_redis_free(fake);
}

static const char *garbage(void *arg, const char *command, int n)
{
    (void)arg;
    return strcmp(command, "PUBLISH") == 0 && n == 0 ? ":1\r\n?!\r\n" : FAKE_USUAL;
}

static void garbage_drops_the_connection(void **state)
{
    struct fake_redis *fake = fake_redis_new(garbage, NULL);
    struct client client;
    sio_link_opts opts;

    (void)state;
    client_init(&client, THREADED, &opts, fake_redis_url(fake));
    client_open(&client, &opts);
    client_publish(&client, "ch", 0);
    CLIENT_WAIT(&client, client.downs == 1);
    client_publish(&client, "ch", 1);
    CLIENT_WAIT(&client, client.ended == 2);
    assert_int_equal(client.ends[SIO_OK], 2);
    client_free(&client);
    fake_redis_free(fake);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(freed_inside_callbacks_on_a_loop_49),
    cmocka_unit_test(freed_inside_callbacks_on_its_thread_49),
    cmocka_unit_test(freed_while_connecting_49),
    cmocka_unit_test(bad_options_are_refused),
    cmocka_unit_test(fork_leaves_the_parent_alone_50),
    cmocka_unit_test(fork_while_threads_emit_50),
    cmocka_unit_test(passing_errors_are_waited_out_22),
    cmocka_unit_test(passing_errors_end_at_the_ttl_22),
    cmocka_unit_test(a_demoted_master_is_left_11),
    cmocka_unit_test(unknown_errors_are_permanent_22),
    cmocka_unit_test(garbage_drops_the_connection),
};

SIO_TEST_MAIN(tests)
