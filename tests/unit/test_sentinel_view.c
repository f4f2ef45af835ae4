/* SPDX-License-Identifier: MIT */
/* What sentinels answer, byte for byte, and which of them is believed. */
#include "unit.h"

#include "link/sentinel_view.h"

/* The listing of an answer's bytes. */
static struct sio__listing listing(const char *bytes)
{
    struct sio__answer_reader *reader = sio__answer_reader_new(64 * 1024);
    struct sio__listing answer;
    bool done = false;

    assert_non_null(reader);
    assert_int_equal(sio__answer_feed(reader, bytes, strlen(bytes), &answer, &done), SIO_OK);
    assert_true(done);
    sio__answer_reader_free(reader);
    return answer;
}

static enum sio__sentinel_answer address(const char *bytes, struct sio__place *place)
{
    struct sio__listing answer = listing(bytes);
    enum sio__sentinel_answer result = sio__sentinel_read_address(&answer, place);

    sio__answer_fini(&answer);
    return result;
}

static void addresses_are_read(void **state)
{
    static const char *const strange[] = {
        "+OK\r\n",
        ":1\r\n",
        "$1\r\nx\r\n",
        "*0\r\n",
        "*1\r\n$1\r\nh\r\n",
        "*2\r\n$0\r\n\r\n$4\r\n6379\r\n",
        "*2\r\n$1\r\nh\r\n$1\r\n0\r\n",
        "*2\r\n$1\r\nh\r\n$5\r\n65536\r\n",
        "*2\r\n$1\r\nh\r\n$2\r\n-1\r\n",
        "*2\r\n$1\r\nh\r\n$1\r\nx\r\n",
        "*2\r\n:1\r\n:2\r\n",
        "*2\r\n$-1\r\n$1\r\n1\r\n",
        "*3\r\n$1\r\nh\r\n$1\r\n1\r\n$1\r\n1\r\n",
        "*2\r\n*1\r\n$1\r\nh\r\n$1\r\n1\r\n",
        "-ERR no\r\n",
    };
    struct sio__place place;
    char text[64];

    (void)state;
    assert_int_equal(address("*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6380\r\n", &place),
                     SIO__SENTINEL_KNOWN);
    sio__place_print(&place, text, sizeof text);
    assert_string_equal(text, "127.0.0.1:6380");
    assert_int_equal(address("*2\r\n$3\r\n::1\r\n$5\r\n65535\r\n", &place), SIO__SENTINEL_KNOWN);
    sio__place_print(&place, text, sizeof text);
    assert_string_equal(text, "[::1]:65535");
    assert_int_equal(address("*-1\r\n", &place), SIO__SENTINEL_UNKNOWN);
    assert_int_equal(address("$-1\r\n", &place), SIO__SENTINEL_UNKNOWN);
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
        assert_int_equal(address(strange[i], &place), SIO__SENTINEL_STRANGE);
}

static void long_hosts_are_refused(void **state)
{
    char bytes[400], host[257];
    struct sio__place place;

    (void)state;
    memset(host, 'h', sizeof host - 1);
    host[256] = '\0';
    snprintf(bytes, sizeof bytes, "*2\r\n$256\r\n%s\r\n$1\r\n1\r\n", host);
    assert_int_equal(address(bytes, &place), SIO__SENTINEL_STRANGE);
    host[255] = '\0';
    snprintf(bytes, sizeof bytes, "*2\r\n$255\r\n%s\r\n$1\r\n1\r\n", host);
    assert_int_equal(address(bytes, &place), SIO__SENTINEL_KNOWN);
    assert_string_equal(place.name, host);
}

static int64_t epoch(const char *bytes)
{
    struct sio__listing answer = listing(bytes);
    int64_t number = sio__sentinel_read_epoch(&answer);

    sio__answer_fini(&answer);
    return number;
}

static void epochs_are_read(void **state)
{
    (void)state;
    assert_int_equal(epoch("*4\r\n$4\r\nname\r\n$1\r\nm\r\n$12\r\nconfig-epoch\r\n$2\r\n17\r\n"),
                     17);
    assert_int_equal(epoch("*2\r\n$12\r\nconfig-epoch\r\n:5\r\n"), 5);
    /* As a value it is no field. */
    assert_int_equal(epoch("*4\r\n$4\r\nname\r\n$12\r\nconfig-epoch\r\n$1\r\n7\r\n$1\r\n8\r\n"), 0);
    assert_int_equal(epoch("*1\r\n$12\r\nconfig-epoch\r\n"), 0);
    assert_int_equal(epoch("*2\r\n$12\r\nconfig-epoch\r\n$1\r\nx\r\n"), 0);
    assert_int_equal(epoch("*2\r\n$12\r\nconfig-epoch\r\n*1\r\n:3\r\n"), 0);
    assert_int_equal(epoch("*0\r\n"), 0);
    assert_int_equal(epoch("*-1\r\n"), 0);
    assert_int_equal(epoch("-ERR No such master with that name\r\n"), 0);
}

static void others_are_read(void **state)
{
    struct sio__listing answer =
        listing("*5\r\n"
                "*6\r\n$2\r\nip\r\n$1\r\na\r\n$4\r\nport\r\n$1\r\n1\r\n$5\r\nrunid\r\n$2\r\nid\r\n"
                "*4\r\n$2\r\nip\r\n$1\r\nb\r\n$4\r\nport\r\n$1\r\n0\r\n" /* no port */
                ":1\r\n"
                "*2\r\n$2\r\nip\r\n$1\r\nb\r\n"
                "*4\r\n$4\r\nport\r\n:2\r\n$2\r\nip\r\n$1\r\nc\r\n");
    struct sio__sentinel_other other;
    size_t index = 0;

    (void)state;
    assert_true(sio__sentinel_read_other(&answer, &index, &other));
    assert_string_equal(other.place.name, "a");
    assert_int_equal(other.place.port, 1);
    assert_string_equal(other.id, "id");
    assert_true(sio__sentinel_read_other(&answer, &index, &other));
    assert_string_equal(other.place.name, "c");
    assert_int_equal(other.place.port, 2);
    assert_string_equal(other.id, "");
    assert_false(sio__sentinel_read_other(&answer, &index, &other));
    sio__answer_fini(&answer);
    answer = listing("-NOPERM no\r\n");
    index = 0;
    assert_false(sio__sentinel_read_other(&answer, &index, &other));
    sio__answer_fini(&answer);
    answer = listing("*0\r\n");
    assert_false(sio__sentinel_read_other(&answer, &index, &other));
    sio__answer_fini(&answer);
}

static void announcements_have_a_subject(void **state)
{
    (void)state;
    assert_true(sio__sentinel_is_about("m 127.0.0.1 1 127.0.0.1 2", "m"));
    assert_false(sio__sentinel_is_about("mm 127.0.0.1 1 127.0.0.1 2", "m"));
    assert_false(sio__sentinel_is_about("m", "m"));
    assert_false(sio__sentinel_is_about("", "m"));
    assert_true(sio__sentinel_is_about("slave a:1 a 1 @ m b 2", "m"));
    assert_false(sio__sentinel_is_about("slave a:1 a 1 @ n b 2", "slave"));
    assert_false(sio__sentinel_is_about("slave a:1 a 1 @ ", "m"));
}

struct seen {
    const char *host; /* NULL: no answer */
    int64_t epoch;
};

/* Who is chosen of the three, and how many see it so. */
static void assert_chosen(const struct seen seen[3], int chosen, unsigned votes)
{
    struct sio__sentinel_view views[3];
    unsigned counted = 99;

    memset(views, 0, sizeof views);
    for (int i = 0; i < 3; i++) {
        views[i].valid = seen[i].host != NULL;
        views[i].epoch = seen[i].epoch;
        if (views[i].valid)
            assert_true(sio__place_set(&views[i].master, seen[i].host, 6379));
    }
    assert_int_equal(sio__sentinel_choose(views, 3, &counted), chosen);
    assert_int_equal(counted, votes);
}

static void the_newest_view_is_chosen(void **state)
{
    (void)state;
    assert_chosen((struct seen[3]){{NULL, 0}, {NULL, 9}, {NULL, 0}}, -1, 0);
    assert_chosen((struct seen[3]){{"a", 1}, {"a", 1}, {"a", 1}}, 0, 3);
    assert_chosen((struct seen[3]){{NULL, 0}, {"a", 0}, {NULL, 0}}, 1, 1);
    /* One that knows of a later failover is right against two that do not yet. */
    assert_chosen((struct seen[3]){{"a", 1}, {"b", 2}, {"a", 1}}, 1, 1);
    assert_chosen((struct seen[3]){{"b", 2}, {"a", 1}, {NULL, 5}}, 0, 1);
    /* Equal epochs, or none that is said: what most see, else the first. */
    assert_chosen((struct seen[3]){{"a", 0}, {"b", 0}, {"b", 0}}, 1, 2);
    assert_chosen((struct seen[3]){{"a", 3}, {"b", 3}, {NULL, 3}}, 0, 1);
    /* Of the same place by two epochs the newer one is meant. */
    assert_chosen((struct seen[3]){{"a", 1}, {"a", 2}, {"b", 1}}, 1, 2);
}

static void a_working_master_is_left_for_good_reason(void **state)
{
    (void)state;
    assert_true(sio__sentinel_convinces(0, 1, 3, -1)); /* the first word of anybody */
    assert_true(sio__sentinel_convinces(5, 1, 3, 4));
    assert_true(sio__sentinel_convinces(5, 1, 3, 5));
    assert_false(sio__sentinel_convinces(4, 1, 3, 5)); /* cut off with the old one */
    assert_true(sio__sentinel_convinces(0, 2, 3, 5));  /* set up anew */
    assert_false(sio__sentinel_convinces(0, 2, 4, 5));
    assert_true(sio__sentinel_convinces(0, 1, 1, 5));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(addresses_are_read),
    cmocka_unit_test(long_hosts_are_refused),
    cmocka_unit_test(epochs_are_read),
    cmocka_unit_test(others_are_read),
    cmocka_unit_test(announcements_have_a_subject),
    cmocka_unit_test(the_newest_view_is_chosen),
    cmocka_unit_test(a_working_master_is_left_for_good_reason),
};

SIO_TEST_MAIN(tests)
