/* SPDX-License-Identifier: MIT */
/* A cluster of three masters and three replicas: slots that move and masters that die, under
 * load, for classic channels and for shard channels (rows 13 to 15). */
#include "setups.h"

#include <hiredis/hiredis.h>
#include <time.h>

#include "link/slots.h"
#include "shards.h"

enum { NODES = 6, MASTERS = 3, MOST = 60000 };

static const char *const nodes[NODES] = {"node1", "node2", "node3", "node4", "node5", "node6"};

static struct redis_fixture *cluster_new(void)
{
    struct redis_fixture_opts opts = {.topology = REDIS_CLUSTER, .failure_ms = 1000};

    return redis_fixture_new_with(&opts);
}

/* One command at one node; the answer is yours to freeReplyObject(). */
static redisReply *ask(const struct redis_fixture *redis, const char *node, const char *command)
{
    redisContext *to = redis_fixture_connect_to(redis, node);
    redisReply *reply = redisCommand(to, command);

    assert_non_null(reply);
    redisFree(to);
    return reply;
}

static void order(const struct redis_fixture *redis, const char *node, const char *command)
{
    redisReply *reply = ask(redis, node, command);

    if (reply->type == REDIS_REPLY_ERROR)
        print_error("%s: %s: %s\n", node, command, reply->str);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static int owner_of(unsigned slot)
{
    return slot < 5461 ? 0 : slot < 10923 ? 1 : 2;
}

static bool is_master(const struct redis_fixture *redis, const char *node)
{
    redisReply *reply = ask(redis, node, "ROLE");
    bool yes = reply->elements > 0 && strcmp(reply->element[0]->str, "master") == 0;

    freeReplyObject(reply);
    return yes;
}

/* -- 13: a slot moves -- */

static void move_slot(const struct redis_fixture *redis, unsigned slot, int from, int to)
{
    redisReply *source = ask(redis, nodes[from], "CLUSTER MYID");
    redisReply *target = ask(redis, nodes[to], "CLUSTER MYID");
    char command[128];

    snprintf(command, sizeof command, "CLUSTER SETSLOT %u IMPORTING %s", slot, source->str);
    order(redis, nodes[to], command);
    snprintf(command, sizeof command, "CLUSTER SETSLOT %u MIGRATING %s", slot, target->str);
    order(redis, nodes[from], command);
    snprintf(command, sizeof command, "CLUSTER SETSLOT %u NODE %s", slot, target->str);
    order(redis, nodes[to], command);
    order(redis, nodes[from], command);
    for (int i = 0; i < MASTERS; i++)
        order(redis, nodes[i], command);
    freeReplyObject(source);
    freeReplyObject(target);
}

/* Publish at a steady pace for so long. */
static void load(struct shards *s, int ms)
{
    int64_t until = fixture_now_ms() + ms, next = fixture_now_ms();

    while (fixture_now_ms() < until) {
        for (; next <= fixture_now_ms(); next += 6) /* 30 channels each 6 ms: 5,000 a second */
            shards_publish(s, 1);
        shards_turn(s);
    }
}

static void fault_13_a_slot_moves_under_load(enum client_mode mode)
{
    struct redis_fixture *redis = cluster_new();
    struct shards s;
    struct shards_channel *moved = &s.channels[7];
    int64_t moved_ms;
    int missing = 0;

    shards_begin(&s, mode, redis_fixture_url(redis));
    load(&s, 200);
    for (int round = 0; round < 4; round++) {
        int from = (owner_of(moved->slot) + round) % MASTERS, gaps = s.gaps;

        move_slot(redis, moved->slot, from, (from + 1) % MASTERS);
        moved_ms = fixture_now_ms();
        load(&s, 300);
        SHARDS_WAIT(&s, s.gaps > gaps && moved->brought_ms > moved_ms);
    }
    SHARDS_WAIT(&s, s.ended == s.sent);
    shards_publish(&s, 1);
    for (int i = 0; i < SHARDS_CHANNELS; i++) {
        struct shards_channel *channel = &s.channels[i];

        SHARDS_WAIT(&s, channel->brought == channel->sent);
        assert_int_equal(channel->repeats, 0);
        if (channel != moved)
            missing += channel->missing;
    }
    assert_int_equal(missing, 0); /* the others have not noticed */
    /* 4 times 200 ms at 1 each 6 ms, if every re-subscription takes as long as it may. */
    assert_true(moved->missing <= 4 * 200 / 6 * slowness());
    assert_non_null(strstr(s.gap_text, "slot"));
    assert_int_equal(client_stats(&s.client).disconnects, 0);
    assert_int_equal(client_stats(&s.other).subscriber_disconnects, 0);
    shards_end(&s);
    redis_fixture_free(redis);
}

/* -- 14: a master dies -- */

static void fault_14_a_slots_master_dies(enum client_mode mode)
{
    struct redis_fixture *redis = cluster_new();
    int64_t killed_ms, promoted_ms = 0, limit;
    struct shards s;
    bool back = false;

    shards_begin(&s, mode, redis_fixture_url(redis));
    load(&s, 200);
    redis_fixture_order(redis, "kill node1");
    killed_ms = fixture_now_ms();
    limit = killed_ms + 20000 * slowness();
    while (!back) {
        assert_true(fixture_now_ms() < limit);
        load(&s, 50);
        if (promoted_ms == 0 && is_master(redis, "node4"))
            promoted_ms = fixture_now_ms();
        back = promoted_ms != 0;
        for (int i = 0; i < SHARDS_CHANNELS; i++) {
            struct shards_channel *channel = &s.channels[i];

            /* Those of other masters are as well as before. */
            if (owner_of(channel->slot) != 0)
                assert_true(channel->sent - channel->ended < 200 * slowness());
            else if (channel->brought_ms <= promoted_ms || channel->sent - channel->ended > 50)
                back = false;
        }
    }
    print_message("promoted after %d ms, back after %d more\n", (int)(promoted_ms - killed_ms),
                  (int)(fixture_now_ms() - promoted_ms));
    assert_true(fixture_now_ms() - promoted_ms < 3000 * slowness());
    SHARDS_WAIT(&s, s.ended == s.sent && s.gaps > 0);
    shards_publish(&s, 1);
    for (int i = 0; i < SHARDS_CHANNELS; i++) {
        struct shards_channel *channel = &s.channels[i];

        SHARDS_WAIT(&s, channel->brought == channel->sent);
        if (owner_of(channel->slot) != 0)
            assert_int_equal(channel->missing + channel->repeats, 0);
    }
    shards_end(&s);
    redis_fixture_free(redis);
}

/* As its log says; 0: it does not as yet. */
static int home_port(struct client *client)
{
    const char *at;
    int port = 0;

    pthread_mutex_lock(&client->lock);
    at = strstr(client->log, "connected to ");
    if (at != NULL && (at = strchr(at, ':')) != NULL)
        port = atoi(at + 1);
    pthread_mutex_unlock(&client->lock);
    return port;
}

/* Channels that are not sharded: the node that the link is at home at dies. */
static void fault_14_home_dies(enum client_mode mode)
{
    struct redis_fixture_opts opts = {.topology = REDIS_CLUSTER, .failure_ms = 1000};
    struct on_redis t = {.redis = redis_fixture_new_with(&opts)};
    struct witness witnesses[NODES];
    char kill[32];
    int port = 0, repeats, gaps;

    ledger_init(&t.l, mode, &t.opts, redis_fixture_url(t.redis), MOST);
    for (int i = 0; i < NODES; i++)
        witness_follow(&witnesses[i], t.redis, nodes[i], MOST * 2);
    on_redis_open(&t);
    CLIENT_WAIT(&t.l.client, client_up(&t.l.client));
    CLIENT_WAIT(&t.l.client, (port = home_port(&t.l.client)) != 0);
    ledger_run_to(&t.l, 2000, 1000);
    snprintf(kill, sizeof kill, "kill %d", port);
    redis_fixture_order(t.redis, kill);
    ledger_emit_to(&t.l, 4000);
    CLIENT_WAIT(&t.l.client, t.l.ended == 4000);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 4000);
    assert_int_equal(t.l.client.ups, 2);
    for (int i = 0; i < NODES; i++) {
        if (redis_fixture_port(t.redis, nodes[i]) == port)
            continue;
        FIXTURE_WAIT(witnesses[i].count > 0 &&
                     witnesses[i].numbers[witnesses[i].count - 1] == 3999);
        repeats = witness_duplicates(&witnesses[i], &gaps);
        assert_true(repeats <= (int)client_stats(&t.l.client).resent);
    }
    for (int i = 0; i < NODES; i++) {
        witness_stop(&witnesses[i]);
        witness_fini(&witnesses[i]);
    }
    on_redis_end(&t);
}

/* -- 15: many subscriptions come back -- */

enum { MANY = 10000 };

struct many {
    struct client client;
    struct sio__listener *listener;
    int readies, gaps, denials;
};

static void many_message(void *owner, int tag, sio_str name, sio_str payload)
{
    (void)owner;
    (void)tag;
    (void)name;
    (void)payload;
}

static void many_ready(void *owner)
{
    ((struct many *)owner)->readies++;
}

static void many_lost(void *owner, const char *text)
{
    (void)owner;
    (void)text;
}

static void many_gap(void *owner, int64_t from_ms, int64_t to_ms, const char *text)
{
    (void)from_ms;
    (void)to_ms;
    (void)text;
    ((struct many *)owner)->gaps++;
}

static void many_denied(void *owner, sio_str name, sio_status status, const char *text)
{
    (void)name;
    (void)status;
    print_error("%s\n", text); /* -CROSSSLOT, say */
    ((struct many *)owner)->denials++;
}

static int64_t cpu_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* The longest turn of the loop, in microseconds of CPU time, until so many are ready. */
static int64_t turns_until(struct many *m, int readies)
{
    int64_t longest = 0, limit = fixture_now_ms() + 20000;

    while (m->readies < readies) {
        int64_t before = cpu_us(), took;

        assert_true(fixture_now_ms() < limit);
        client_turn(&m->client);
        took = cpu_us() - before;
        if (took > longest)
            longest = took;
    }
    return longest;
}

static void fault_15_ten_thousand_shard_channels_come_back(void **state)
{
    static const struct sio__listener_ops ops = {.message = many_message,
                                                 .ready = many_ready,
                                                 .lost = many_lost,
                                                 .gap = many_gap,
                                                 .denied = many_denied};
    struct redis_fixture *redis = cluster_new();
    struct many m = {.readies = 0};
    int64_t longest, begin_ms;
    sio_link_opts opts;

    (void)state;
    client_init(&m.client, ON_LOOP, &opts, redis_fixture_url(redis));
    client_open(&m.client, &opts);
    assert_int_equal(sio__listener_new(m.client.link, &ops, &m, &m.listener), SIO_OK);
    for (int i = 0; i < MANY; i++) {
        char name[48];

        snprintf(name, sizeof name, "socket.io#/#a room called %d#", i);
        assert_int_equal(
            sio__listener_subscribe(m.listener, SIO__SHARD_CHANNEL, sio_str_c(name), i), SIO_OK);
    }
    turns_until(&m, 1);
    for (int i = 0; i < MASTERS; i++)
        order(redis, nodes[i], "CLIENT KILL TYPE pubsub");
    begin_ms = fixture_now_ms();
    longest = turns_until(&m, 2);
    print_message("back after %d ms, the longest turn took %d us\n",
                  (int)(fixture_now_ms() - begin_ms), (int)longest);
    assert_true(fixture_now_ms() - begin_ms < 1000 * slowness());
    assert_true(longest < 5000 * slowness());
    assert_int_equal(m.denials, 0);
    assert_int_equal(m.gaps, 1);
    sio__listener_free(m.listener);
    client_free(&m.client);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_13_a_slot_moves_under_load)
IN_BOTH_MODES(fault_14_a_slots_master_dies)
IN_BOTH_MODES(fault_14_home_dies)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fault_13_a_slot_moves_under_load_thread),
    cmocka_unit_test(fault_13_a_slot_moves_under_load_loop),
    cmocka_unit_test(fault_14_a_slots_master_dies_thread),
    cmocka_unit_test(fault_14_a_slots_master_dies_loop),
    cmocka_unit_test(fault_14_home_dies_thread),
    cmocka_unit_test(fault_14_home_dies_loop),
    cmocka_unit_test(fault_15_ten_thousand_shard_channels_come_back),
};

SIO_TEST_MAIN(tests)
