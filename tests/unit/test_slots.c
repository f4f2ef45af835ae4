/* SPDX-License-Identifier: MIT */
/* Hash slots, the map as Redis tells it in either way, and redirections. */
#include "unit.h"

#include "link/slots.h"

/* -- slots -- */

static unsigned slot(const char *name)
{
    return sio__slot_of(sio_str_of(name, strlen(name)));
}

/* As CLUSTER KEYSLOT of Redis 7.0.15 says. */
static void slots_are_what_redis_says(void **state)
{
    (void)state;
    assert_int_equal(slot("123456789"), 0x31c3); /* the CRC itself, below 16384 */
    assert_int_equal(slot("foo"), 12182);
    assert_int_equal(slot("a"), 15495);
    assert_int_equal(slot("zz"), 14415);
    assert_int_equal(slot(""), 0);
    assert_int_equal(sio__slot_of((sio_str){NULL, 0}), 0);
}

static void tags_are_hashed_alone(void **state)
{
    (void)state;
    assert_int_equal(slot("{foo}.bar"), slot("foo"));
    assert_int_equal(slot("x{foo}y{bar}"), slot("foo"));
    assert_int_equal(slot("{{foo}}"), slot("{foo"));
    assert_int_equal(slot("foo{bar}{zap}"), slot("bar"));
    assert_int_not_equal(slot("{}foo"), slot("{}bar")); /* an empty tag is none */
    assert_int_not_equal(slot("{foo"), slot("foo"));
    assert_int_not_equal(slot("}foo{"), slot("foo"));
    assert_int_equal(sio__slot_of(sio_str_of("{\0}x", 4)), sio__slot_of(sio_str_of("\0", 1)));
}

/* -- the map -- */

static sio_status read_map(const char *bytes, const char *asked, bool tls,
                           struct sio__slot_map **map)
{
    struct sio__answer_reader *reader = sio__answer_reader_new(1 << 20);
    struct sio__listing answer = {0};
    bool done = false;
    sio_status status;

    assert_int_equal(sio__answer_feed(reader, bytes, strlen(bytes), &answer, &done), SIO_OK);
    assert_true(done);
    status = sio__slot_map_read(&answer, asked, tls, map);
    sio__answer_fini(&answer);
    sio__answer_reader_free(reader);
    return status;
}

static const struct sio__node *owner(const struct sio__slot_map *map, unsigned at)
{
    assert_int_not_equal(map->owner[at], SIO__NO_NODE);
    return &map->nodes[map->owner[at]];
}

static unsigned find(const struct sio__slot_map *map, uint16_t port)
{
    struct sio__place place;

    assert_true(sio__place_set(&place, "127.0.0.1", port));
    return sio__slot_map_find(map, &place);
}

#define ID "7fb9a0f28d8f6ce036a557f16e8bfd95f4389a09"
/* A node of CLUSTER SHARDS; `more` is further fields, `count` what the array has of them. */
#define NODE(count, id, port, endpoint, role, health, more)                                        \
    "*" count "\r\n$2\r\nid\r\n$40\r\n" id "\r\n$4\r\nport\r\n:" port                              \
    "\r\n$2\r\nip\r\n$9\r\n127.0.0.1\r\n$8\r\nendpoint\r\n" endpoint "$4\r\nrole\r\n" role         \
    "$18\r\nreplication-offset\r\n:0\r\n$6\r\nhealth\r\n" health more
#define SHARD(ranges, count, nodes)                                                                \
    "*4\r\n$5\r\nslots\r\n" ranges "$5\r\nnodes\r\n*" count "\r\n" nodes
#define LOCAL   "$9\r\n127.0.0.1\r\n"
#define MASTER  "$6\r\nmaster\r\n"
#define REPLICA "$7\r\nreplica\r\n"
#define ONLINE  "$6\r\nonline\r\n"
#define FAIL    "$4\r\nfail\r\n"

static void shards_with_replicas(void **state)
{
    static const char bytes[] =
        "*2\r\n" SHARD("*4\r\n:0\r\n:10\r\n:100\r\n:100\r\n", "2",
                       NODE("14", ID, "7901", LOCAL, MASTER, ONLINE, "")
                           NODE("14", ID, "7904", LOCAL, REPLICA, ONLINE, ""))
            SHARD("*2\r\n$2\r\n11\r\n$2\r\n99\r\n", "1",
                  NODE("14", ID, "7902", LOCAL, MASTER, ONLINE, ""));
    struct sio__slot_map *map;

    (void)state;
    assert_int_equal(read_map(bytes, "seed", false, &map), SIO_OK);
    assert_int_equal(map->count, 3);
    assert_int_equal(owner(map, 0)->place.port, 7901);
    assert_int_equal(owner(map, 10)->place.port, 7901);
    assert_int_equal(owner(map, 11)->place.port, 7902);
    assert_int_equal(owner(map, 99)->place.port, 7902);
    assert_int_equal(owner(map, 100)->place.port, 7901);
    assert_int_equal(map->owner[101], SIO__NO_NODE);
    assert_int_equal(map->owner[SIO__SLOTS - 1], SIO__NO_NODE);
    assert_string_equal(owner(map, 0)->id, ID);
    assert_true(owner(map, 0)->is_master);
    assert_int_not_equal(find(map, 7904), SIO__NO_NODE);
    assert_false(map->nodes[find(map, 7904)].is_master);
    sio__slot_map_free(map);
}

/* As Redis 7.2 lists them after a failover: the dead master first. */
static void of_two_masters_the_living_one(void **state)
{
    static const char bytes[] =
        "*1\r\n" SHARD("*2\r\n:0\r\n:16383\r\n", "2",
                       NODE("14", ID, "7901", LOCAL, MASTER, FAIL, "")
                           NODE("14", ID, "7904", LOCAL, MASTER, ONLINE, ""));
    struct sio__slot_map *map;

    (void)state;
    assert_int_equal(read_map(bytes, "seed", false, &map), SIO_OK);
    assert_int_equal(owner(map, 5)->place.port, 7904);
    assert_true(map->nodes[find(map, 7901)].failed);
    sio__slot_map_free(map);
}

/* An empty or missing endpoint is the host that was asked; "?" is known by its address. */
static void endpoints(void **state)
{
    static const char bytes[] = "*4\r\n" SHARD("*2\r\n:0\r\n:0\r\n", "1",
                                               NODE("14", ID, "1", "$-1\r\n", MASTER, ONLINE, ""))
        SHARD("*2\r\n:1\r\n:1\r\n", "1", NODE("14", ID, "2", "$0\r\n\r\n", MASTER, ONLINE, ""))
            SHARD("*2\r\n:2\r\n:2\r\n", "1", NODE("14", ID, "3", "$1\r\n?\r\n", MASTER, ONLINE, ""))
                SHARD("*2\r\n:3\r\n:3\r\n", "1",
                      NODE("14", ID, "4", "$6\r\nredis4\r\n", MASTER, ONLINE, ""));
    struct sio__slot_map *map;

    (void)state;
    assert_int_equal(read_map(bytes, "seed", false, &map), SIO_OK);
    assert_string_equal(owner(map, 0)->place.name, "seed");
    assert_string_equal(owner(map, 1)->place.name, "seed");
    assert_string_equal(owner(map, 2)->place.name, "127.0.0.1");
    assert_string_equal(owner(map, 3)->place.name, "redis4");
    sio__slot_map_free(map);
}

static void ports_for_tls(void **state)
{
    static const char bytes[] = "*1\r\n" SHARD(
        "*2\r\n:0\r\n:0\r\n", "1",
        NODE("16", ID, "6379", LOCAL, MASTER, ONLINE, "$8\r\ntls-port\r\n:6380\r\n"));
    struct sio__slot_map *map;

    (void)state;
    assert_int_equal(read_map(bytes, "seed", true, &map), SIO_OK);
    assert_int_equal(owner(map, 0)->place.port, 6380);
    sio__slot_map_free(map);
    assert_int_equal(read_map(bytes, "seed", false, &map), SIO_OK);
    assert_int_equal(owner(map, 0)->place.port, 6379);
    sio__slot_map_free(map);
}

static void slots_of_old_and_new_servers(void **state)
{
    static const char bytes[] =
        "*4\r\n"
        "*4\r\n:0\r\n:5460\r\n*2\r\n$9\r\n127.0.0.1\r\n:7901\r\n*2\r\n$9\r\n127.0.0.1\r\n:7904\r\n"
        "*3\r\n:5461\r\n:5461\r\n*4\r\n$0\r\n\r\n:7902\r\n$40\r\n" ID "\r\n*0\r\n"
        "*3\r\n:5462\r\n:5462\r\n*4\r\n$-1\r\n:7903\r\n$40\r\n" ID
        "\r\n*2\r\n$2\r\nip\r\n$3\r\n::1\r\n"
        "*3\r\n:5463\r\n:5463\r\n*4\r\n$1\r\n?\r\n:7905\r\n$40\r\n" ID
        "\r\n*2\r\n$2\r\nip\r\n$3\r\n::1\r\n";
    struct sio__slot_map *map;

    (void)state;
    assert_int_equal(read_map(bytes, "seed", false, &map), SIO_OK);
    assert_int_equal(map->count, 5);
    assert_int_equal(owner(map, 5460)->place.port, 7901);
    assert_string_equal(owner(map, 5460)->id, "");
    assert_string_equal(owner(map, 5461)->place.name, "seed");
    assert_string_equal(owner(map, 5461)->id, ID);
    assert_string_equal(owner(map, 5462)->place.name, "seed");
    assert_string_equal(owner(map, 5463)->place.name, "::1");
    assert_false(map->nodes[find(map, 7904)].is_master);
    sio__slot_map_free(map);
}

static void other_answers_are_no_map(void **state)
{
    static const char *const bad[] = {
        "+OK\r\n",
        "-ERR This instance has cluster support disabled\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*1\r\n*3\r\n:9\r\n:8\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n*0\r\n*2\r\n$1\r\na\r\n:1\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\na\r\n",
        "*1\r\n*3\r\n:0\r\n:1\r\n:7\r\n",
        "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*4\r\n$5\r\nslots\r\n:1\r\n$5\r\nnodes\r\n*0\r\n",
        "*1\r\n*4\r\n$5\r\nslots\r\n*0\r\n$5\r\nnodes\r\n*1\r\n:1\r\n",
        "*1\r\n*4\r\n$5\r\nslots\r\n*2\r\n*0\r\n*0\r\n$5\r\nnodes\r\n*0\r\n",
    };
    struct sio__slot_map *map;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(read_map(bad[i], "seed", false, &map), SIO_EREDIS);
        assert_null(map);
    }
    assert_int_equal(read_map("*0\r\n", "seed", false, &map), SIO_OK); /* no slots as yet */
    assert_int_equal(map->count, 0);
    sio__slot_map_free(map);
}

/* Every prefix of an answer with a byte changed must be read or refused, within its bytes
 * (the sanitizers look). */
static void changed_answers_do_no_harm(void **state)
{
    static const char good[] =
        "*2\r\n*4\r\n:0\r\n:5460\r\n*4\r\n$0\r\n\r\n:7902\r\n$40\r\n" ID
        "\r\n*2\r\n$2\r\nip\r\n$3\r\n::1\r\n*2\r\n$9\r\n127.0.0.1\r\n:7904\r\n" SHARD(
            "*2\r\n:5461\r\n:9\r\n", "1", NODE("14", ID, "7901", LOCAL, MASTER, ONLINE, ""));
    static const char with[] = "*$:+-0129\r\nx";

    (void)state;
    for (size_t i = 0; i < sizeof good - 1; i++) {
        for (size_t j = 0; j < sizeof with - 1; j++) {
            struct sio__answer_reader *reader = sio__answer_reader_new(1 << 20);
            char bytes[sizeof good];
            struct sio__listing answer = {0};
            struct sio__slot_map *map = NULL;
            bool done = false;

            memcpy(bytes, good, sizeof good);
            bytes[i] = with[j];
            if (sio__answer_feed(reader, bytes, sizeof good - 1, &answer, &done) == SIO_OK && done)
                (void)sio__slot_map_read(&answer, "seed", false, &map);
            sio__slot_map_free(map);
            sio__answer_fini(&answer);
            sio__answer_reader_free(reader);
        }
    }
}

/* -- redirections -- */

static void redirections(void **state)
{
    static const struct {
        const char *error;
        bool ask;
        unsigned slot;
        const char *host;
        unsigned port;
    } good[] = {
        {"MOVED 3999 127.0.0.1:6381", false, 3999, "127.0.0.1", 6381},
        {"ASK 16383 redis-2.example:6381", true, 16383, "redis-2.example", 6381},
        {"MOVED 0 ::1:6379", false, 0, "::1", 6379},
        {"MOVED 0 [::1]:6379", false, 0, "::1", 6379},
        {"MOVED 5 :6379", false, 5, "seed", 6379}, /* the host that answered */
        {"MOVED 5 ?:6379", false, 5, "", 0},       /* somewhere else */
        {"MOVED 5 host", false, 5, "", 0},
        {"MOVED 5 host:0", false, 5, "", 0},
        {"MOVED 5 host:65536", false, 5, "", 0},
        {"MOVED 5 host:12x", false, 5, "", 0},
    };
    static const char *const bad[] = {"MOVED",
                                      "MOVED ",
                                      "MOVED x h:1",
                                      "MOVED 16384 h:1",
                                      "MOVED -1 h:1",
                                      "MOVED 5",
                                      "MOVEDX 5 h:1",
                                      "ERR MOVED 5 h:1",
                                      "ASK",
                                      "TRYAGAIN",
                                      ""};
    struct sio__redirect redirect;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sio__redirect_read(good[i].error, "seed", &redirect));
        assert_int_equal(redirect.ask, good[i].ask);
        assert_int_equal(redirect.slot, good[i].slot);
        assert_string_equal(redirect.place.name, good[i].host);
        assert_int_equal(redirect.place.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(sio__redirect_read(bad[i], "seed", &redirect));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(slots_are_what_redis_says),
    cmocka_unit_test(tags_are_hashed_alone),
    cmocka_unit_test(shards_with_replicas),
    cmocka_unit_test(of_two_masters_the_living_one),
    cmocka_unit_test(endpoints),
    cmocka_unit_test(ports_for_tls),
    cmocka_unit_test(slots_of_old_and_new_servers),
    cmocka_unit_test(other_answers_are_no_map),
    cmocka_unit_test(changed_answers_do_no_harm),
    cmocka_unit_test(redirections),
};

SIO_TEST_MAIN(tests)
