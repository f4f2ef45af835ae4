/* SPDX-License-Identifier: MIT */
/* Row 16: two nodes that say of a slot what no sound cluster says, or what one says only for a
 * moment. */
#include "client.h"
#include "fake.h"
#include "ledger.h"
#include "link/publish.h"
#include "link/slots.h"
#include "link/subscribe.h"

enum { NODES = 2 };

struct node;
typedef const char *says(struct node *node, int n);

struct cluster {
    struct node {
        struct cluster *cluster;
        struct fake_redis *fake;
        says *spublish; /* its answer to the n-th SPUBLISH */
        char map[128], text[128];
        _Atomic int asked;
    } nodes[NODES];
    _Atomic int owner; /* of all slots, as both tell it; -1: nobody */
    struct client client;
    _Atomic int ended, status;
    char text[256];
};

static const char *tell_map(struct node *node)
{
    int owner = node->cluster->owner;

    if (owner < 0)
        return "*0\r\n";
    snprintf(node->map, sizeof node->map,
             "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:%d\r\n",
             fake_redis_port(node->cluster->nodes[owner].fake));
    return node->map;
}

static const char *answer(void *arg, const char *command, int n)
{
    struct node *node = arg;

    if (strcmp(command, "SPUBLISH") == 0)
        return node->spublish(node, node->asked++);
    if (strcmp(command, "PUBSUB") == 0)
        return "*2\r\n$1\r\na\r\n:3\r\n";
    if (strcmp(command, "CLUSTER") != 0)
        return FAKE_USUAL;
    switch (n % 4) { /* asked together: INFO, MYID, SHARDS, SLOTS */
    case 0:
        return "$18\r\ncluster_state:ok\r\n\r\n";
    case 3:
        return tell_map(node);
    default:
        return "-ERR unknown subcommand\r\n";
    }
}

static const char *accepts(struct node *node, int n)
{
    (void)node;
    (void)n;
    return ":7\r\n";
}

/* "-MOVED 15495 127.0.0.1:1234": to one of the two. */
static const char *sends_to(struct node *node, const char *word, const char *host, int to)
{
    snprintf(node->text, sizeof node->text, "-%s %u %s:%d\r\n", word, sio__slot_of(SIO_STR("a")),
             host, fake_redis_port(node->cluster->nodes[to].fake));
    return node->text;
}

static int self(const struct node *node)
{
    return (int)(node - node->cluster->nodes);
}

static void begin(struct cluster *c, enum client_mode mode, says *first, says *second)
{
    sio_link_opts opts;
    char url[64];

    memset(c, 0, sizeof *c);
    for (int i = 0; i < NODES; i++) {
        c->nodes[i].cluster = c;
        c->nodes[i].spublish = i == 0 ? first : second;
        c->nodes[i].fake = fake_redis_new_tcp(answer, &c->nodes[i]);
    }
    snprintf(url, sizeof url, "redis-cluster://127.0.0.1:%d", fake_redis_port(c->nodes[0].fake));
    client_init(&c->client, mode, &opts, url);
    client_open(&c->client, &opts);
    CLIENT_WAIT(&c->client, client_up(&c->client));
}

static void on_end(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                   void *user)
{
    struct cluster *c = owner;

    (void)fn;
    (void)user;
    snprintf(c->text, sizeof c->text, "%s", result->text);
    c->status = result->status;
    c->ended++;
}

static void publish(struct cluster *c, const char *channel)
{
    struct sio__completion completion = {.done = on_end, .owner = c};

    assert_int_equal(sio__link_publish(c->client.link, SIO__SPUBLISH, sio_str_c(channel),
                                       SIO_STR("1"), &completion),
                     SIO_OK);
}

/* One publish; its status. */
static sio_status published(struct cluster *c, const char *channel)
{
    int before = c->ended;

    publish(c, channel);
    CLIENT_WAIT(&c->client, c->ended > before);
    return (sio_status)c->status;
}

static void end(struct cluster *c)
{
    client_free(&c->client);
    for (int i = 0; i < NODES; i++)
        fake_redis_free(c->nodes[i].fake);
}

/* -- loops -- */

static const char *moves_on(struct node *node, int n)
{
    (void)n;
    return sends_to(node, "MOVED", "127.0.0.1", 1 - self(node));
}

static void fault_16_moved_in_a_circle(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, moves_on, moves_on);
    assert_int_equal(published(&c, "a"), SIO_EREDIS);
    assert_non_null(strstr(c.text, "MOVED loop"));
    assert_int_equal(c.nodes[0].asked + c.nodes[1].asked, 6); /* five hops */
    c.nodes[1].spublish = accepts;
    assert_int_equal(published(&c, "a"), SIO_OK); /* it is tried anew */
    end(&c);
}

static const char *moves_to_itself(struct node *node, int n)
{
    (void)n;
    return sends_to(node, "MOVED", "127.0.0.1", self(node));
}

static void fault_16_moved_to_itself(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, moves_to_itself, accepts);
    assert_int_equal(published(&c, "a"), SIO_EREDIS);
    assert_non_null(strstr(c.text, "MOVED loop"));
    assert_int_equal(c.nodes[0].asked, 6);
    assert_int_equal(c.nodes[1].asked, 0);
    end(&c);
}

/* Many at once hop together, and all of them end. */
static void fault_16_many_in_a_circle(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, moves_on, moves_on);
    for (int i = 0; i < 100; i++)
        publish(&c, "a");
    CLIENT_WAIT(&c.client, c.ended == 100);
    assert_int_equal(c.status, SIO_EREDIS);
    assert_int_equal(client_stats(&c.client).failed[SIO_EREDIS], 100);
    assert_true(c.nodes[0].asked + c.nodes[1].asked <= 700);
    end(&c);
}

/* -- where to? -- */

static const char *names_no_host(struct node *node, int n)
{
    (void)n;
    return sends_to(node, "MOVED", "", 1);
}

static void fault_16_an_empty_host_is_the_same(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, names_no_host, accepts);
    assert_int_equal(published(&c, "a"), SIO_OK);
    assert_int_equal(published(&c, "a"), SIO_OK);
    assert_int_equal(c.nodes[0].asked, 1); /* it has been learnt */
    assert_int_equal(c.nodes[1].asked, 2);
    end(&c);
}

static const char *does_not_know(struct node *node, int n)
{
    (void)n;
    node->cluster->owner = 1; /* who is asked for the map does */
    return sends_to(node, "MOVED", "?", 1);
}

static void fault_16_an_unknown_host_is_looked_up(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, does_not_know, accepts);
    assert_int_equal(published(&c, "a"), SIO_OK);
    assert_int_equal(c.nodes[1].asked, 1);
    end(&c);
}

static void fault_16_slots_without_an_owner(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, accepts, accepts);
    c.owner = -1;
    client_free(&c.client);
    {
        sio_link_opts opts;
        char url[64];

        snprintf(url, sizeof url, "redis-cluster://127.0.0.1:%d", fake_redis_port(c.nodes[0].fake));
        client_init(&c.client, mode, &opts, url);
        opts.outbox_ttl_ms = 700;
        client_open(&c.client, &opts);
    }
    assert_int_equal(published(&c, "a"), SIO_EXPIRED);
    assert_non_null(strstr(c.text, "slot"));
    publish(&c, "a");
    c.owner = 0;
    CLIENT_WAIT(&c.client, c.ended == 2);
    assert_int_equal(c.status, SIO_OK);
    end(&c);
}

/* -- only for a moment -- */

static const char *asks_elsewhere_first(struct node *node, int n)
{
    return n > 0 ? ":1\r\n" : sends_to(node, "ASK", "127.0.0.1", 1);
}

static void fault_16_ask_is_waited_out(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, asks_elsewhere_first, accepts);
    assert_int_equal(published(&c, "a"), SIO_OK);
    assert_int_equal(c.nodes[0].asked, 2);
    assert_int_equal(c.nodes[1].asked, 0);
    end(&c);
}

static const char *is_busy_first(struct node *node, int n)
{
    static const char *const answers[] = {"-TRYAGAIN Multiple keys request during rehashing\r\n",
                                          "-CLUSTERDOWN The cluster is down\r\n",
                                          "-CLUSTERDOWN Hash slot not served\r\n"};

    (void)node;
    return n < 3 ? answers[n] : ":1\r\n";
}

static void fault_16_not_now_is_tried_again(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, is_busy_first, accepts);
    assert_int_equal(published(&c, "a"), SIO_OK);
    assert_int_equal(c.nodes[0].asked, 4);
    end(&c);
}

static const char *is_old(struct node *node, int n)
{
    (void)node;
    (void)n;
    return "-ERR unknown command `SPUBLISH`, with args beginning with: `a`, `1`, \r\n";
}

static void fault_25_shard_channels_need_redis_7(enum client_mode mode)
{
    struct cluster c;

    begin(&c, mode, is_old, accepts);
    assert_int_equal(published(&c, "a"), SIO_EREDIS);
    assert_non_null(strstr(c.text, "Redis 7"));
    end(&c);
}

/* -- order, while a slot moves amid a burst -- */

enum { BURST = 20000, FIRST = 3000 /* of them are accepted before the slot moves */ };

static struct {
    _Atomic int ended, failed, overtaken, last;
} burst;

static void on_burst_end(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                         void *user)
{
    int number = (int)(intptr_t)user;

    (void)owner;
    (void)fn;
    burst.failed += result->status != SIO_OK;
    burst.overtaken += number < burst.last;
    burst.last = number;
    burst.ended++;
}

static const char *accepts_some(struct node *node, int n)
{
    return n < FIRST ? ":7\r\n" : sends_to(node, "MOVED", "127.0.0.1", 1 - self(node));
}

static void fault_13_none_is_overtaken(enum client_mode mode)
{
    struct cluster c;

    memset(&burst, 0, sizeof burst);
    begin(&c, mode, accepts_some, accepts);
    for (int i = 1; i <= BURST; i++) {
        struct sio__completion completion = {.done = on_burst_end, .user = (void *)(intptr_t)i};
        sio_status status;

        while ((status = sio__link_publish(c.client.link, SIO__SPUBLISH, SIO_STR("a"), SIO_STR("1"),
                                           &completion)) == SIO_EFULL)
            client_turn(&c.client);
        assert_int_equal(status, SIO_OK);
        if (i % 20 == 0)
            client_turn(&c.client);
    }
    CLIENT_WAIT(&c.client, burst.ended == BURST);
    assert_int_equal(burst.failed, 0);
    assert_int_equal(burst.overtaken, 0);
    assert_true(c.nodes[1].asked >= BURST - FIRST);
    end(&c);
}

/* The first publish to a node that is connected already, for a count, goes at once. */
static void fault_13_nothing_waits_for_nothing(enum client_mode mode)
{
    struct sio__completion counted = {.done = on_end};
    struct cluster c;
    int64_t begin_ms;

    begin(&c, mode, accepts, accepts);
    counted.owner = &c;
    assert_int_equal(
        sio__link_count(c.client.link, SIO__COUNT_SHARD_SUBSCRIBERS, SIO_STR("a"), &counted),
        SIO_OK);
    CLIENT_WAIT(&c.client, c.ended == 1);
    assert_int_equal(c.status, SIO_OK);
    begin_ms = fixture_now_ms();
    assert_int_equal(published(&c, "a"), SIO_OK);
    assert_true(fixture_now_ms() - begin_ms < 150 * slowness());
    end(&c);
}

IN_BOTH_MODES(fault_13_none_is_overtaken)
IN_BOTH_MODES(fault_13_nothing_waits_for_nothing)
IN_BOTH_MODES(fault_16_moved_in_a_circle)
IN_BOTH_MODES(fault_16_moved_to_itself)
IN_BOTH_MODES(fault_16_many_in_a_circle)
IN_BOTH_MODES(fault_16_an_empty_host_is_the_same)
IN_BOTH_MODES(fault_16_an_unknown_host_is_looked_up)
IN_BOTH_MODES(fault_16_slots_without_an_owner)
IN_BOTH_MODES(fault_16_ask_is_waited_out)
IN_BOTH_MODES(fault_16_not_now_is_tried_again)
IN_BOTH_MODES(fault_25_shard_channels_need_redis_7)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(fault_13_none_is_overtaken_thread),
    cmocka_unit_test(fault_13_none_is_overtaken_loop),
    cmocka_unit_test(fault_13_nothing_waits_for_nothing_thread),
    cmocka_unit_test(fault_13_nothing_waits_for_nothing_loop),
    cmocka_unit_test(fault_16_moved_in_a_circle_thread),
    cmocka_unit_test(fault_16_moved_in_a_circle_loop),
    cmocka_unit_test(fault_16_moved_to_itself_thread),
    cmocka_unit_test(fault_16_moved_to_itself_loop),
    cmocka_unit_test(fault_16_many_in_a_circle_thread),
    cmocka_unit_test(fault_16_many_in_a_circle_loop),
    cmocka_unit_test(fault_16_an_empty_host_is_the_same_thread),
    cmocka_unit_test(fault_16_an_empty_host_is_the_same_loop),
    cmocka_unit_test(fault_16_an_unknown_host_is_looked_up_thread),
    cmocka_unit_test(fault_16_an_unknown_host_is_looked_up_loop),
    cmocka_unit_test(fault_16_slots_without_an_owner_thread),
    cmocka_unit_test(fault_16_slots_without_an_owner_loop),
    cmocka_unit_test(fault_16_ask_is_waited_out_thread),
    cmocka_unit_test(fault_16_ask_is_waited_out_loop),
    cmocka_unit_test(fault_16_not_now_is_tried_again_thread),
    cmocka_unit_test(fault_16_not_now_is_tried_again_loop),
    cmocka_unit_test(fault_25_shard_channels_need_redis_7_thread),
    cmocka_unit_test(fault_25_shard_channels_need_redis_7_loop),
};

SIO_TEST_MAIN(tests)
