/* SPDX-License-Identifier: MIT */
/* Threads that wait in a call of a link while a callback frees it: each returns
 * SIO_ECLOSED, and only then the link is gone (ASan and valgrind watch). */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>

#include <sio/link.h>

#include "link/publish.h"

enum { ATTEMPTS = 3, /* failed ones before the link is freed: by then all wait */ WAIT_MS = 20000 };

struct waiter {
    sio_link *link;
    sio_status (*wait)(sio_link *link);
    sio_status status;
    pthread_t thread;
};

static sio_status flush(sio_link *link)
{
    return sio_link_flush(link, WAIT_MS);
}

static sio_status close_it(sio_link *link)
{
    return sio_link_close(link, WAIT_MS);
}

static sio_status wait_writable(sio_link *link)
{
    return sio_link_wait_writable(link, 100, WAIT_MS);
}

static void *run(void *arg)
{
    struct waiter *waiter = arg;
    waiter->status = waiter->wait(waiter->link);
    return NULL;
}

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    atomic_int *failed = user;
    if (event->state == SIO_LINK_DOWN && atomic_fetch_add(failed, 1) + 1 == ATTEMPTS)
        sio_link_free(link);
}

static void free_under(sio_status (*const waits[])(sio_link *), const sio_status *expected,
                       size_t count)
{
    struct waiter waiters[8];
    sio_link_opts opts;
    sio_link *link;
    atomic_int failed = 0;
    char err[160];
    assert_in_range(count, 1, 8);
    sio_link_opts_init(&opts);
    opts.url = "unix:///nonexistent/redis.sock";
    opts.outbox_publishes = 1;
    opts.on_state = on_state;
    opts.user = &failed;
    assert_int_equal(sio_link_new(&opts, &link, err, sizeof err), SIO_OK);
    assert_int_equal(sio__link_publish(link, SIO__PUBLISH, SIO_STR("c"), SIO_STR("p"), NULL),
                     SIO_OK);
    for (size_t i = 0; i < count; i++) {
        waiters[i] = (struct waiter){.link = link, .wait = waits[i]};
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, run, &waiters[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_int_equal(waiters[i].status, expected[i]);
    }
}

static void freed_under_flush_and_room(void **state)
{
    (void)state;
    sio_status (*const waits[])(sio_link *) = {flush, flush, wait_writable};
    static const sio_status expected[] = {SIO_ECLOSED, SIO_ECLOSED, SIO_ECLOSED};
    free_under(waits, expected, 3);
}

static void freed_under_close(void **state)
{
    (void)state;
    sio_status (*const waits[])(sio_link *) = {close_it, flush};
    static const sio_status expected[] = {SIO_ETIMEDOUT, SIO_ECLOSED}; /* the publish failed */
    free_under(waits, expected, 2);
}

static void *wait_up(void *arg)
{
    struct waiter *waiter = arg;
    char err[200];
    sio_status why;
    waiter->status = sio_link_wait_up(waiter->link, WAIT_MS, &why, err, sizeof err);
    if (why != SIO_ECONN || strstr(err, "redis.sock") == NULL)
        waiter->status = SIO_EINVAL;
    return NULL;
}

/* A failed attempt is told to each that waits, not to the first of them only. */
static void all_are_told_of_a_failure(void **state)
{
    (void)state;
    struct waiter waiters[4];
    sio_link_opts opts;
    sio_link *link;
    sio_link_opts_init(&opts);
    opts.url = "unix:///nonexistent/redis.sock";
    assert_int_equal(sio_link_new(&opts, &link, NULL, 0), SIO_OK);
    for (size_t i = 0; i < 4; i++) {
        waiters[i] = (struct waiter){.link = link};
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_up, &waiters[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_int_equal(waiters[i].status, SIO_ECONN);
    }
    sio_link_free(link);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(freed_under_flush_and_room),
    cmocka_unit_test(freed_under_close),
    cmocka_unit_test(all_are_told_of_a_failure),
};

SIO_TEST_MAIN(tests)
