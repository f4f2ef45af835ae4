/* SPDX-License-Identifier: MIT */
/* What the process takes stays what it takes: over a million emits, a hundred reconnects and
 * an outage. SIO_LONG=1: ten million, a thousand, sixty seconds. And the outbox's bounds, as
 * the public calls see them, to the byte and to the publish. */
#include <stdatomic.h>

#include <event2/event.h>
#include <sio/emitter.h>

#include <dirent.h>
#include <malloc.h>
#include <unistd.h>

#include "client.h"
#include "link/publish.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

#define MIB (1024L * 1024)

enum { WAIT_MS = 60000 };

static bool is_long(void)
{
    const char *set = getenv("SIO_LONG");
    return set != NULL && *set != '\0';
}

static void skip_if_sanitized(void)
{
#ifdef SANITIZED
    SIO_SKIP("a sanitizer keeps what is freed");
#endif
}

static long resident(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%*s %ld", &pages), 1);
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Bytes that have been allocated and not freed. */
static long allocated(void)
{
    struct mallinfo2 info = mallinfo2();
    return (long)(info.uordblks + info.hblkhd);
}

static int descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void assert_grown_less(long before, long bound)
{
    long grown = resident() - before;
    if (grown > bound)
        fail_msg("%ld KiB more than before, %ld are allowed", grown / 1024, bound / 1024);
}

/* ---- an emitter in either mode ---- */

struct scene {
    struct redis_fixture *redis;
    struct client client;
    sio_emitter *em;
    sio_args *args;
    sio_target *to;
    atomic_long accepted, failed;
};

static void scene_init(struct scene *s, enum client_mode mode, unsigned ttl_ms, size_t outbox_bytes)
{
    sio_link_opts opts;
    memset(s, 0, sizeof *s);
    s->redis = redis_fixture_new(REDIS_UNIX, NULL);
    client_init(&s->client, mode, &opts, redis_fixture_url(s->redis));
    opts.outbox_ttl_ms = ttl_ms;
    opts.outbox_bytes = outbox_bytes;
    client_open(&s->client, &opts);
    CLIENT_WAIT(&s->client, client_up(&s->client));
    assert_int_equal(sio_emitter_new(s->client.link, NULL, &s->em), SIO_OK);
    assert_int_equal(sio_args_new(&s->args), SIO_OK);
    assert_int_equal(sio_target_new(&s->to), SIO_OK);
    assert_int_equal(sio_target_to(s->to, SIO_STR("room")), SIO_OK);
}

static void scene_fini(struct scene *s)
{
    sio_emitter_free(s->em);
    sio_args_free(s->args);
    sio_target_free(s->to);
    client_free(&s->client);
    redis_fixture_free(s->redis);
}

static void on_end(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct scene *s = user;
    (void)em;
    atomic_fetch_add(result->status == SIO_OK ? &s->accepted : &s->failed, 1);
}

/* Sizes that take every path: the stack, spare memory, large blocks. */
static void fill(struct scene *s, long i)
{
    static const char bytes[20000];
    sio_args_clear(s->args);
    sio_args_int(s->args, i);
    if (i % 100 == 0)
        sio_args_binary(s->args, bytes, i % 1000 == 0 ? sizeof bytes : 3000);
    if (i % 50 == 0)
        sio_args_json(s->args, SIO_STR("{\"k\":[1,2,{\"x\":\"y\"}]}"), NULL);
}

static void emit_many(struct scene *s, long count)
{
    for (long i = 0; i < count; i++) {
        sio_status status;
        fill(s, i);
        while ((status = sio_emitter_emit(s->em, s->to, SIO_STR("event"), s->args, on_end, s)) ==
               SIO_EFULL) {
            if (s->client.base != NULL)
                event_base_loop(s->client.base, EVLOOP_ONCE);
            else
                assert_int_equal(sio_link_wait_writable(s->client.link, 30000, WAIT_MS), SIO_OK);
        }
        assert_int_equal(status, SIO_OK);
        if (s->client.base != NULL && i % 64 == 0)
            event_base_loop(s->client.base, EVLOOP_NONBLOCK);
    }
    CLIENT_WAIT(&s->client, client_stats(&s->client).outbox_publishes == 0);
}

/* The outbox is full once: it keeps memory for that. */
static void fill_outbox(struct scene *s)
{
    sio_status status;
    long i = 0;
    redis_fixture_stop(s->redis);
    do {
        fill(s, ++i);
        status = sio_emitter_emit(s->em, s->to, SIO_STR("event"), s->args, NULL, NULL);
    } while (status == SIO_OK);
    assert_int_equal(status, SIO_EFULL);
    redis_fixture_cont(s->redis);
    CLIENT_WAIT(&s->client, client_stats(&s->client).outbox_publishes == 0);
}

/* How much waits in the outbox depends on the machine: a small one, and one that was full
 * before, makes every run alike. */
static void stay_flat_over_emits(enum client_mode mode)
{
    long emits = is_long() ? 10000000 : 1000000;
    struct scene s;
    skip_if_sanitized();
    scene_init(&s, mode, 30000, MIB);
    emit_many(&s, emits / 5);
    fill_outbox(&s);
    long before = resident(), heap = allocated();
    emit_many(&s, emits - emits / 5);
    assert_grown_less(before, 3 * MIB);
    if (allocated() - heap > MIB)
        fail_msg("%ld KiB more than before are allocated", (allocated() - heap) / 1024);
    assert_int_equal(s.accepted, emits);
    scene_fini(&s);
}

static void flat_over_emits_on_its_thread(void **state)
{
    (void)state;
    stay_flat_over_emits(THREADED);
}

static void flat_over_emits_on_a_loop(void **state)
{
    (void)state;
    stay_flat_over_emits(ON_LOOP);
}

/* ---- reconnects ---- */

/* Killed as soon as it is up: the pauses would double, but for long enough health. The
 * connection is one of many that one process makes, so the link is a new one every five. */
static void reconnect(struct scene *s, int times)
{
    for (int i = 0; i < times; i++) {
        int downs = s->client.downs;
        CLIENT_WAIT(&s->client, client_up(&s->client));
        redis_fixture_command(s->redis, "CLIENT KILL TYPE normal");
        CLIENT_WAIT(&s->client, s->client.downs > downs);
        fill(s, i);
        assert_int_equal(sio_emitter_emit(s->em, s->to, SIO_STR("e"), s->args, on_end, s), SIO_OK);
    }
    CLIENT_WAIT(&s->client, client_stats(&s->client).outbox_publishes == 0);
}

static void flat_over_reconnects(void **state)
{
    int times = is_long() ? 1000 : 100, a_round = 5;
    struct scene s;
    long before = 0, heap = 0;
    int open = 0;
    (void)state;
    skip_if_sanitized();
    for (int done = 0; done < times; done += a_round) {
        scene_init(&s, done % 2 == 0 ? THREADED : ON_LOOP, 30000, 16 * MIB);
        reconnect(&s, a_round);
        assert_int_equal(s.accepted, a_round);
        scene_fini(&s);
        if (done == 4 * a_round) {
            before = resident();
            heap = allocated();
            open = descriptors();
        }
    }
    assert_grown_less(before, MIB / 2);
    if (allocated() - heap > 16 * 1024)
        fail_msg("%ld bytes more than before are allocated", allocated() - heap);
    assert_int_equal(descriptors(), open);
}

/* ---- an outage ---- */

/* Emit as fast as possible while Redis is away: what does not fit is refused, what waits
 * too long expires, and the memory stays within the outbox's bound and 16 MiB. */
static void bounded_over_an_outage(void **state)
{
    int64_t lasts = is_long() ? 60000 : 5000;
    struct scene s;
    long taken = 0, refused = 0, most = 0;
    (void)state;
    skip_if_sanitized();
    scene_init(&s, THREADED, (unsigned)lasts / 4, 16 * MIB);
    emit_many(&s, 10000);
    taken = 10000;
    long before = resident();
    redis_fixture_kill(s.redis);
    for (int64_t end = fixture_now_ms() + lasts; fixture_now_ms() < end;) {
        fill(&s, taken + refused);
        sio_status status = sio_emitter_emit(s.em, s.to, SIO_STR("e"), s.args, on_end, &s);
        assert_true(status == SIO_OK || status == SIO_EFULL);
        taken += status == SIO_OK;
        refused += status == SIO_EFULL;
        if ((taken + refused) % 1000 == 0 && resident() - before > most)
            most = resident() - before;
    }
    assert_true(refused > 0);
    assert_true(s.failed > 0); /* expired */
    if (most > 32 * MIB)
        fail_msg("%ld KiB more than before the outage", most / 1024);
    redis_fixture_start(s.redis);
    CLIENT_WAIT(&s.client, s.accepted + s.failed == taken);
    emit_many(&s, 1000);
    assert_int_equal(s.accepted + s.failed, taken + 1000);
    scene_fini(&s);
}

/* ---- bounds ---- */

/* A link that goes nowhere. */
static void open_nowhere(struct client *client, size_t bytes, unsigned publishes)
{
    sio_link_opts opts;
    client_init(client, ON_LOOP, &opts, "unix:///nonexistent/socket");
    opts.outbox_bytes = bytes;
    opts.outbox_publishes = publishes;
    client_open(client, &opts);
}

static void bounds_hold_to_the_byte(void **state)
{
    static char payload[4096];
    sio_str channel = SIO_STR("channel");
    size_t small = sio__publish_size(SIO__PUBLISH, channel, sio_str_of(payload, 100));
    struct client client;
    (void)state;
    for (size_t spare = 0; spare <= 1; spare++) {
        size_t bound = 10 * small +
                       sio__publish_size(SIO__PUBLISH, channel, sio_str_of(payload, 1000)) - spare;
        open_nowhere(&client, bound, 100);
        for (int i = 0; i < 10; i++)
            assert_int_equal(sio__link_publish(client.link, SIO__PUBLISH, channel,
                                               sio_str_of(payload, 100), NULL),
                             SIO_OK);
        assert_int_equal(client_stats(&client).outbox_bytes, 10 * small);
        assert_int_equal(
            sio__link_publish(client.link, SIO__PUBLISH, channel, sio_str_of(payload, 1001), NULL),
            SIO_EFULL);
        assert_int_equal(
            sio__link_publish(client.link, SIO__PUBLISH, channel, sio_str_of(payload, 1000), NULL),
            spare == 0 ? SIO_OK : SIO_EFULL);
        assert_int_equal(client_stats(&client).outbox_bytes, spare == 0 ? bound : 10 * small);
        client_free(&client);
    }
}

static void more_than_the_bound_can_never_go(void **state)
{
    static char payload[4096];
    sio_str channel = SIO_STR("channel");
    size_t bound = sio__publish_size(SIO__PUBLISH, channel, sio_str_of(payload, 1000));
    struct client client;
    (void)state;
    open_nowhere(&client, bound, 100);
    assert_int_equal(
        sio__link_publish(client.link, SIO__PUBLISH, channel, sio_str_of(payload, 1001), NULL),
        SIO_ETOOBIG);
    assert_int_equal(
        sio__link_publish(client.link, SIO__PUBLISH, channel, sio_str_of(payload, 1000), NULL),
        SIO_OK);
    client_free(&client);
}

static void bounds_hold_to_the_publish(void **state)
{
    struct client client;
    (void)state;
    open_nowhere(&client, 1 << 20, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(client_publish(&client, "channel", i), SIO_OK);
    assert_int_equal(client_publish(&client, "channel", 100), SIO_EFULL);
    assert_int_equal(client_stats(&client).outbox_publishes, 100);
    assert_int_equal(client_stats(&client).refused[SIO_EFULL], 1);
    client_free(&client);
    assert_int_equal(client.ends[SIO_ECLOSED], 100);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(flat_over_emits_on_its_thread),
    cmocka_unit_test(flat_over_emits_on_a_loop),
    cmocka_unit_test(flat_over_reconnects),
    cmocka_unit_test(bounded_over_an_outage),
    cmocka_unit_test(bounds_hold_to_the_byte),
    cmocka_unit_test(more_than_the_bound_can_never_go),
    cmocka_unit_test(bounds_hold_to_the_publish),
};

SIO_TEST_MAIN(tests)
