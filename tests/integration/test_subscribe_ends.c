/* SPDX-License-Identifier: MIT */
/* Listeners and links freed, from anywhere and at any time; fork(). */
#include "listen.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <sys/wait.h>

struct setup {
    struct redis_fixture *redis;
    struct client client;
    struct listen listen, other; /* both of the same channel and pattern */
};

static struct redis_fixture *redis; /* of all rounds */

static void set_up(struct setup *s)
{
    sio_link_opts opts;

    memset(s, 0, sizeof *s);
    if (redis == NULL)
        redis = redis_fixture_new(REDIS_ANY, NULL);
    s->redis = redis;
    redis_fixture_each(s->redis, "ACL SETUSER default allchannels");
    client_init_on(&s->client, ON_LOOP, &opts, s->redis);
    client_open(&s->client, &opts);
    listen_open(&s->listen, &s->client);
    listen_open(&s->other, &s->client);
}

static void tear_down(struct setup *s)
{
    listen_close(&s->listen);
    listen_close(&s->other);
    client_free(&s->client);
}

static void subscribe_both(struct setup *s)
{
    listen_sub(&s->listen, SIO__CHANNEL, "ch", 1);
    listen_sub(&s->other, SIO__CHANNEL, "ch", 1);
    listen_sub(&s->listen, SIO__PATTERN, "c*", 2);
    listen_sub(&s->other, SIO__PATTERN, "c*", 2);
}

/* -- things to do in a callback; `user` finds the set-up -- */

static struct setup *now; /* the one that runs */

static void free_itself(struct listen *listen)
{
    listen_close(listen);
}

static void free_the_other(struct listen *listen)
{
    listen_close(listen == &now->listen ? &now->other : &now->listen);
}

static void free_both(struct listen *listen)
{
    (void)listen;
    listen_close(&now->listen);
    listen_close(&now->other);
}

static void free_link(struct listen *listen)
{
    (void)listen;
    sio_link_free(now->client.link);
    now->client.link = NULL;
}

static void free_all(struct listen *listen)
{
    free_both(listen);
    free_link(listen);
}

static void close_link(struct listen *listen)
{
    (void)listen;
    assert_int_equal(sio_link_close(now->client.link, 0), SIO_OK);
}

static void churn(struct listen *listen)
{
    for (int i = 0; i < 3; i++) {
        listen_unsub(listen, SIO__CHANNEL, "ch");
        listen_sub(listen, SIO__CHANNEL, "ch", 1);
        listen_sub(listen, SIO__CHANNEL, "more", 3);
        listen_unsub(listen, SIO__CHANNEL, "more");
    }
}

static void leave(struct listen *listen)
{
    (void)listen;
    listen_unsub(&now->listen, SIO__CHANNEL, "ch");
    listen_unsub(&now->other, SIO__CHANNEL, "ch");
    listen_unsub(&now->listen, SIO__PATTERN, "c*");
    listen_unsub(&now->other, SIO__PATTERN, "c*");
}

static void turn_some(struct setup *s)
{
    for (int i = 0; i < 20; i++)
        client_turn(&s->client);
}

/* Do `act` when the letter comes to either of the two; then see that what is left works. */
static void act_on(char letter, void (*act)(struct listen *listen), bool second)
{
    static struct setup s;
    struct listen *actor;
    redisContext *other;

    set_up(&s);
    now = &s;
    actor = second ? &s.other : &s.listen;
    actor->act_on = letter;
    actor->act = act;
    redis_fixture_each(s.redis, "ACL SETUSER default resetchannels &ch &c* &more");
    subscribe_both(&s);
    listen_sub(&s.listen, SIO__CHANNEL, "bad", 1);
    listen_sub(&s.other, SIO__CHANNEL, "bad", 1);
    assert_int_equal(sio__listener_sync(actor->listener, listen_sync_cb, actor), SIO_OK);
    turn_some(&s);
    other = redis_fixture_connect(s.redis); /* pipelined: they come in one read */
    for (int i = 0; i < 5; i++)
        redisAppendCommand(other, "PUBLISH ch x");
    for (int i = 0; i < 5; i++) {
        redisReply *reply = NULL;

        assert_int_equal(redisGetReply(other, (void **)&reply), REDIS_OK);
        freeReplyObject(reply);
    }
    redisFree(other);
    turn_some(&s);
    redis_fixture_each(s.redis, "CLIENT KILL TYPE pubsub");
    CLIENT_WAIT(&s.client, actor->act_on == '\0'); /* it has happened */
    turn_some(&s);
    if (s.client.link != NULL && s.client.closeds == 0 && s.other.listener != NULL &&
        act != leave) {
        CLIENT_WAIT(&s.client, s.other.losses == 0 || s.other.readies == 2);
        listen_unsub(&s.other, SIO__CHANNEL, "bad"); /* no sync is good with it */
        listen_sub(&s.other, SIO__CHANNEL, "more", 9);
        listen_sync(&s.other);
        redis_fixture_command(s.redis, "PUBLISH more x");
        CLIENT_WAIT(&s.client, s.other.last_tag == 9);
    }
    tear_down(&s);
}

static void in_each_callback(void (*act)(struct listen *listen))
{
    for (const char *letter = "mrlgds"; *letter != '\0'; letter++) {
        act_on(*letter, act, false);
        act_on(*letter, act, true);
    }
}

static void a_listener_freed_in_its_callbacks_49(void **state)
{
    (void)state;
    in_each_callback(free_itself);
}

static void the_other_freed_in_callbacks_49(void **state)
{
    (void)state;
    in_each_callback(free_the_other);
}

static void both_freed_in_callbacks_49(void **state)
{
    (void)state;
    in_each_callback(free_both);
}

static void the_link_freed_in_callbacks_49(void **state)
{
    (void)state;
    in_each_callback(free_link);
}

static void everything_freed_in_callbacks_49(void **state)
{
    (void)state;
    in_each_callback(free_all);
}

static void the_link_closed_in_callbacks_49(void **state)
{
    (void)state;
    in_each_callback(close_link);
}

static void wishes_changed_in_callbacks(void **state)
{
    (void)state;
    in_each_callback(churn);
    in_each_callback(leave);
}

/* -- outside -- */

static void a_link_freed_before_its_listeners(void **state)
{
    struct setup s;

    (void)state;
    for (int turns = 0; turns < 12; turns++) { /* in every state of the connection */
        set_up(&s);
        subscribe_both(&s);
        assert_int_equal(sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen), SIO_OK);
        for (int i = 0; i < turns; i++)
            client_turn(&s.client);
        sio_link_free(s.client.link);
        s.client.link = NULL;
        assert_int_equal(s.listen.syncs, 1); /* one way or the other */
        assert_true(turns > 0 || s.listen.sync_status == SIO_ECLOSED);
        assert_int_equal(sio__listener_subscribe(s.listen.listener, SIO__CHANNEL, SIO_STR("x"), 1),
                         SIO_ECLOSED);
        assert_int_equal(sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen),
                         SIO_ECLOSED);
        listen_unsub(&s.listen, SIO__CHANNEL, "ch");
        tear_down(&s);
        assert_int_equal(s.listen.syncs, 1);
    }
}

/* Each is told once, after its syncs have ended, and nothing after that. */
static void listeners_are_told_of_the_end(void **state)
{
    struct setup s;

    (void)state;
    for (int way = 0; way < 4; way++) {
        set_up(&s);
        now = &s;
        subscribe_both(&s);
        CLIENT_WAIT(&s.client, s.listen.readies == 1 && s.other.readies == 1);
        assert_int_equal(sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen), SIO_OK);
        if (way == 0) { /* from outside */
            free_link(NULL);
        } else if (way == 1) { /* in a callback; it lasts until that is over */
            s.other.act_on = 'm';
            s.other.act = free_link;
        } else { /* at leisure, when the sync is done, or in a callback */
            s.other.act_on = 'm';
            s.other.act = close_link;
            if (way == 2)
                assert_int_equal(sio_link_close(s.client.link, 1000), SIO_OK);
        }
        if (s.client.link != NULL)
            redis_fixture_command(s.redis, "PUBLISH ch x");
        CLIENT_WAIT(&s.client, s.listen.closeds == 1 && s.other.closeds == 1);
        turn_some(&s);
        assert_int_equal(s.listen.syncs, 1);
        assert_int_equal(s.listen.closeds, 1);
        assert_int_equal(s.listen.order[strlen(s.listen.order) - 1], 'c');
        assert_int_equal(s.other.order[strlen(s.other.order) - 1], 'c');
        if (s.client.link != NULL)
            free_link(NULL);
        assert_int_equal(s.listen.closeds + s.other.closeds, 2);
        tear_down(&s);
        assert_int_equal(s.listen.closeds + s.other.closeds, 2);
    }
}

/* What may be done in it, or in the end of a sync right before it. */
static void anything_goes_when_the_link_has_closed(void **state)
{
    static void (*const acts[])(struct listen * listen) = {free_itself, free_the_other, free_both,
                                                           free_link,   free_all,       close_link};
    struct setup s;

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof *acts * 4; i++) {
        struct listen *actor;

        set_up(&s);
        now = &s;
        actor = i % 2 == 0 ? &s.listen : &s.other;
        actor->act_on = i / 2 % 2 == 0 ? 'c' : 's';
        actor->act = acts[i / 4];
        subscribe_both(&s);
        for (int n = 0; n < 3; n++) {
            sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen);
            sio__listener_sync(s.other.listener, listen_sync_cb, &s.other);
        }
        assert_int_equal(sio_link_close(s.client.link, 0), SIO_OK);
        CLIENT_WAIT(&s.client, s.listen.syncs == 3 && s.other.syncs == 3);
        turn_some(&s);
        assert_int_equal(actor->act_on, '\0');
        assert_int_equal(s.listen.sync_status, SIO_ECLOSED);
        assert_true(s.listen.closeds == 1 || s.listen.listener == NULL);
        assert_true(s.other.closeds == 1 || s.other.listener == NULL);
        tear_down(&s);
    }
}

static void a_closed_link_says_so(void **state)
{
    struct setup s;
    struct sio__listener *third;
    static const struct sio__listener_ops none;

    (void)state;
    set_up(&s);
    subscribe_both(&s);
    CLIENT_WAIT(&s.client, s.listen.readies == 1);
    assert_int_equal(sio_link_close(s.client.link, 100), SIO_OK);
    CLIENT_WAIT(&s.client, s.client.closeds == 1);
    assert_int_equal(sio__listener_subscribe(s.listen.listener, SIO__CHANNEL, SIO_STR("x"), 1),
                     SIO_ECLOSED);
    assert_int_equal(sio__listener_new(s.client.link, &none, NULL, &third), SIO_ECLOSED);
    assert_null(third);
    assert_int_equal(redis_fixture_command(s.redis, "PUBLISH ch x"), 0);
    listen_close(&s.listen); /* one before the link, one after it */
    sio_link_free(s.client.link);
    s.client.link = NULL;
    tear_down(&s);
}

static void a_listener_freed_ends_its_syncs(void **state)
{
    struct setup s;

    (void)state;
    set_up(&s);
    subscribe_both(&s);
    for (int i = 0; i < 3; i++) {
        sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen);
        sio__listener_sync(s.other.listener, listen_sync_cb, &s.other);
    }
    listen_close(&s.listen);
    assert_int_equal(s.listen.syncs, 3);
    assert_int_equal(s.listen.sync_status, SIO_ECLOSED);
    CLIENT_WAIT(&s.client, s.other.syncs == 3);
    assert_int_equal(s.other.sync_status, SIO_OK);
    /* and by pattern */
    assert_receivers(s.redis, redis_fixture_command(s.redis, "PUBLISH ch x"), 2);
    tear_down(&s);
}

static void a_child_closes_both_connections_50(void **state)
{
    struct setup s;
    int status = 0;
    pid_t child;

    (void)state;
    set_up(&s);
    subscribe_both(&s);
    CLIENT_WAIT(&s.client, s.listen.readies == 1 && s.other.readies == 1);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        int failed = 0;

        failed +=
            sio__listener_subscribe(s.listen.listener, SIO__CHANNEL, SIO_STR("x"), 1) != SIO_EFORK;
        failed += sio__listener_sync(s.listen.listener, listen_sync_cb, &s.listen) != SIO_EFORK;
        listen_unsub(&s.listen, SIO__CHANNEL, "ch");
        sio__listener_free(s.listen.listener);
        sio_link_free(s.client.link);
        sio__listener_free(s.other.listener);
        _exit(failed);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_receivers(s.redis, redis_fixture_command(s.redis, "PUBLISH ch x"), 2);
    CLIENT_WAIT(&s.client, s.listen.messages == 2 && s.other.messages == 2);
    listen_sub(&s.listen, SIO__CHANNEL, "more", 1);
    listen_sync(&s.listen);
    assert_int_equal(s.listen.losses, 0);
    tear_down(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_any_topology(a_listener_freed_in_its_callbacks_49),
    cmocka_unit_test_any_topology(the_other_freed_in_callbacks_49),
    cmocka_unit_test_any_topology(both_freed_in_callbacks_49),
    cmocka_unit_test_any_topology(the_link_freed_in_callbacks_49),
    cmocka_unit_test_any_topology(everything_freed_in_callbacks_49),
    cmocka_unit_test_any_topology(the_link_closed_in_callbacks_49),
    cmocka_unit_test_any_topology(wishes_changed_in_callbacks),
    cmocka_unit_test_any_topology(a_link_freed_before_its_listeners),
    cmocka_unit_test_any_topology(listeners_are_told_of_the_end),
    cmocka_unit_test_any_topology(anything_goes_when_the_link_has_closed),
    cmocka_unit_test_any_topology(a_closed_link_says_so),
    cmocka_unit_test_any_topology(a_listener_freed_ends_its_syncs),
    cmocka_unit_test_any_topology(a_child_closes_both_connections_50),
};

SIO_TEST_MAIN(tests)
