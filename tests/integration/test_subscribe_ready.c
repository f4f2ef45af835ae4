/* SPDX-License-Identifier: MIT */
/* When a listener is ready: its first names are answered, whatever is joined meanwhile. */
#include "listen.h"

#include <hiredis/hiredis.h>

#include "proxy.h"

enum { DELAY_MS = 20 };

struct setup {
    struct redis_fixture *redis;
    struct proxy *proxy;
    struct client client;
    struct listen listen;
    int joined;
};

static void set_up(struct setup *s)
{
    sio_link_opts opts;

    memset(s, 0, sizeof *s);
    s->redis = redis_fixture_new(REDIS_TCP, NULL);
    s->proxy = proxy_new(redis_fixture_url(s->redis));
    proxy_delay(s->proxy, DELAY_MS);
    client_init(&s->client, ON_LOOP, &opts, proxy_url(s->proxy));
    client_open(&s->client, &opts);
    listen_open(&s->listen, &s->client);
}

static void tear_down(struct setup *s)
{
    listen_close(&s->listen);
    client_free(&s->client);
    proxy_free(s->proxy);
    redis_fixture_free(s->redis);
}

/* A room comes, and one goes: there is no moment at which everything is answered. */
static void join_one(struct setup *s, struct listen *listen)
{
    char name[32];

    snprintf(name, sizeof name, "room %d", s->joined);
    listen_sub(listen, SIO__CHANNEL, name, 2);
    if (s->joined >= 5) {
        snprintf(name, sizeof name, "room %d", s->joined - 5);
        listen_unsub(listen, SIO__CHANNEL, name);
    }
    s->joined++;
}

/* Turns of a few milliseconds at most, far less than an answer takes. */
#define JOIN_UNTIL(s, condition) CLIENT_WAIT(&(s)->client, (join_one(s, &(s)->listen), condition))

static void ready_comes_while_rooms_come_and_go(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s);
    listen_sub(&s.listen, SIO__CHANNEL, "ch", 1);
    JOIN_UNTIL(&s, s.listen.readies == 1);
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH ch x"), 1);
    JOIN_UNTIL(&s, s.listen.messages == 1);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(redis_fixture_command(s.redis, "CLIENT KILL TYPE pubsub"), 1);
        JOIN_UNTIL(&s, s.listen.readies == 1 + i);
        assert_int_equal(redis_fixture_command(s.redis, "PUBLISH ch x"), 1);
        JOIN_UNTIL(&s, s.listen.messages == 1 + i);
    }
    assert_string_equal(s.listen.order, "rmlgrmlgrmlgrm");
    tear_down(&s);
}

/* They are asked for in many pieces, and all that is wanted when the connection comes up
 * counts, however late it came. */
static void all_that_was_due_is_answered_by_then(void **state)
{
    struct setup s;
    char name[32];

    (void)state;
    set_up(&s);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "name:%d", i);
        listen_sub(&s.listen, SIO__CHANNEL, name, i);
        if (i == 2500)
            client_turn(&s.client);
    }
    JOIN_UNTIL(&s, s.listen.readies == 1);
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH name:4999 x"), 1);
    redis_fixture_command(s.redis, "CLIENT KILL TYPE pubsub");
    JOIN_UNTIL(&s, s.listen.losses == 1);
    listen_sub(&s.listen, SIO__CHANNEL, "late", 1);
    JOIN_UNTIL(&s, s.listen.readies == 2);
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH late x"), 1);
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH name:4999 x"), 1);
    tear_down(&s);
}

static void on_a_live_connection_the_first_names_count(void **state)
{
    struct setup s;
    struct listen second;

    (void)state;
    set_up(&s);
    listen_sub(&s.listen, SIO__CHANNEL, "ch", 1);
    JOIN_UNTIL(&s, s.listen.readies == 1);
    listen_open(&second, &s.client);
    listen_sub(&second, SIO__CHANNEL, "a", 1);
    listen_sub(&second, SIO__CHANNEL, "b", 2);
    client_turn(&s.client);
    CLIENT_WAIT(&s.client, (join_one(&s, &second), second.readies == 1));
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH b x"), 1);
    CLIENT_WAIT(&s.client, (join_one(&s, &second), second.messages == 1));
    assert_string_equal(second.order, "rm");
    assert_string_equal(s.listen.order, "r");
    listen_close(&second);
    tear_down(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(ready_comes_while_rooms_come_and_go),
    cmocka_unit_test(all_that_was_due_is_answered_by_then),
    cmocka_unit_test(on_a_live_connection_the_first_names_count),
};

SIO_TEST_MAIN(tests)
