/* SPDX-License-Identifier: MIT */
/* In the steady state an emit allocates nothing: not the caller, not the link's thread,
 * not the libraries underneath. Every allocation of this process is counted, over 100,000
 * emits, after a warm-up in which the outbox has been full once. */
#include <stdatomic.h>
#include <stdbool.h>

#include <event2/event.h>
#include <sio/emitter.h>

#include "fixture.h"
#include "unit.h"

enum { EMITS = 100000, ROUNDS = 5, A_TURN = 128, WAIT_MS = 60000 };

/* ---- counting ---- */

static atomic_bool counting;
static atomic_long allocations;

static void count(void)
{
    if (atomic_load_explicit(&counting, memory_order_relaxed))
        atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#ifdef SANITIZED
#include <sanitizer/allocator_interface.h>

static void on_malloc(const volatile void *ptr, size_t size)
{
    (void)ptr;
    (void)size;
    count();
}

static void on_free(const volatile void *ptr)
{
    (void)ptr;
}

static void install(void)
{
    assert_true(__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free) > 0);
}
#else
/* glibc's own names of what these replace in the whole process. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count();
    return __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
    count();
    return __libc_realloc(ptr, size);
}

static void install(void)
{
}
#endif

/* ---- the emitter, in either mode ---- */

struct scene {
    struct redis_fixture *redis;
    struct event_base *base; /* NULL: the link has its own thread */
    sio_link *link;
    sio_emitter *em;
    sio_target *to;
    sio_args *args;
    char bytes[6 * 1024];
    sio_str packed; /* a whole value in `bytes` */
    atomic_long accepted;
};

/* What is emitted, built anew for each emit. */
typedef void fill_fn(struct scene *s, sio_args *args);

static void fill_small(struct scene *s, sio_args *args)
{
    (void)s;
    sio_args_string(args, SIO_STR("hello"));
    sio_args_int(args, 42);
}

static void fill_binary(struct scene *s, sio_args *args)
{
    sio_args_binary(args, s->bytes, 1024);
}

static void fill_packed(struct scene *s, sio_args *args)
{
    sio_args_msgpack(args, s->packed);
}

static void accepted(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct scene *s = user;
    (void)em;
    if (result->status == SIO_OK)
        atomic_fetch_add(&s->accepted, 1);
}

/* Until Redis has answered everything. On a loop not by sio_link_drain(), which has its
 * request to remember and so allocates once. */
static void flush(struct scene *s)
{
    sio_link_stats stats;
    if (s->base == NULL) {
        assert_int_equal(sio_link_flush(s->link, WAIT_MS), SIO_OK);
        return;
    }
    while (sio_link_get_stats(s->link, &stats) == SIO_OK && stats.outbox_publishes > 0)
        assert_int_equal(event_base_loop(s->base, EVLOOP_ONCE), 0);
}

static sio_status emit(struct scene *s, fill_fn *fill, sio_emit_cb *done)
{
    sio_args_clear(s->args);
    fill(s, s->args);
    return sio_emitter_emit(s->em, s->to, SIO_STR("msg"), s->args, done, s);
}

static void emit_many(struct scene *s, fill_fn *fill, sio_emit_cb *done)
{
    for (long i = 0; i < EMITS;) {
        sio_status status = emit(s, fill, done);
        if (status == SIO_OK) {
            i++;
            if (s->base != NULL && i % A_TURN == 0)
                event_base_loop(s->base, EVLOOP_NONBLOCK);
        } else {
            assert_int_equal(status, SIO_EFULL);
            if (s->base != NULL)
                event_base_loop(s->base, EVLOOP_ONCE);
            else
                assert_int_equal(sio_link_wait_writable(s->link, sizeof s->bytes, WAIT_MS), SIO_OK);
        }
    }
}

/* Fill the outbox while Redis does not answer, then let it all go: from now on there is
 * memory for about the largest backlog that the bounds allow. */
static void warm_up(struct scene *s, fill_fn *fill)
{
    sio_status status;
    flush(s);
    redis_fixture_stop(s->redis);
    do
        status = emit(s, fill, accepted);
    while (status == SIO_OK);
    assert_int_equal(status, SIO_EFULL);
    redis_fixture_cont(s->redis);
    flush(s);
}

/* The least of a few rounds: one round may be the first to see, say, an answer buffer at
 * its largest, but what is allocated per emit, batch or wake-up is there in every round. */
static long allocations_of(struct scene *s, fill_fn *fill, sio_emit_cb *done)
{
    long least = EMITS;
    for (int round = 0; round < ROUNDS && least > 0; round++) {
        atomic_store(&s->accepted, 0);
        atomic_store(&allocations, 0);
        atomic_store(&counting, true);
        emit_many(s, fill, done);
        flush(s);
        atomic_store(&counting, false);
        long n = atomic_load(&allocations);
        least = n < least ? n : least;
    }
    return least;
}

static void begin(struct scene *s, bool loop)
{
    sio_link_opts opts;
    sio_link_stats stats;
    sio_link_opts_init(&opts);
    memset(s, 0, sizeof *s);
    /* a packed binary value that fills `bytes` */
    memset(s->bytes, 0xa5, sizeof s->bytes);
    s->packed = sio_str_of(s->bytes, sizeof s->bytes);
    memcpy(s->bytes, "\xc5\x17\xfd", 3);
    assert_int_equal(3 + 0x17fd, sizeof s->bytes);
    s->redis = redis_fixture_new(REDIS_UNIX, NULL);
    s->base = loop ? event_base_new() : NULL;
    opts.url = redis_fixture_url(s->redis);
    opts.base = s->base;
    assert_int_equal(sio_link_new(&opts, &s->link, NULL, 0), SIO_OK);
    assert_int_equal(sio_emitter_new(s->link, NULL, &s->em), SIO_OK);
    assert_int_equal(sio_args_new(&s->args), SIO_OK);
    assert_int_equal(sio_target_new(&s->to), SIO_OK);
    assert_int_equal(sio_target_to(s->to, SIO_STR("room1")), SIO_OK);
    do {
        if (loop)
            event_base_loop(s->base, EVLOOP_ONCE);
        else
            assert_int_equal(sio_link_wait_up(s->link, WAIT_MS, NULL, NULL, 0), SIO_OK);
        assert_int_equal(sio_link_get_stats(s->link, &stats), SIO_OK);
    } while (stats.state != SIO_LINK_UP);
}

static void end(struct scene *s)
{
    sio_emitter_free(s->em);
    sio_link_free(s->link);
    sio_args_free(s->args);
    sio_target_free(s->to);
    if (s->base != NULL)
        event_base_free(s->base);
    redis_fixture_free(s->redis);
}

static void run(bool loop, fill_fn *fill)
{
    static struct scene s;
    install();
    begin(&s, loop);
    warm_up(&s, fill);
    assert_int_equal(allocations_of(&s, fill, NULL), 0);
    assert_int_equal(allocations_of(&s, fill, accepted), 0);
    assert_int_equal(atomic_load(&s.accepted), EMITS);
    end(&s);
}

/* ---- cases ---- */

/* Or the cases below could not fail: in this program, and in a shared library. */
static void allocations_are_counted(void **state)
{
    sio_args *args;
    (void)state;
    install();
    atomic_store(&counting, true);
    assert_int_equal(sio_args_new(&args), SIO_OK);
    long own = atomic_load(&allocations);
    struct event_base *base = event_base_new();
    atomic_store(&counting, false);
    assert_true(own >= 1);
    assert_true(atomic_load(&allocations) > own);
    event_base_free(base);
    sio_args_free(args);
}

static void thread_small(void **state)
{
    (void)state;
    run(false, fill_small);
}

static void thread_binary_1_kib(void **state)
{
    (void)state;
    run(false, fill_binary);
}

static void thread_packed_6_kib(void **state)
{
    (void)state;
    run(false, fill_packed);
}

static void loop_small(void **state)
{
    (void)state;
    run(true, fill_small);
}

static void loop_binary_1_kib(void **state)
{
    (void)state;
    run(true, fill_binary);
}

static void loop_packed_6_kib(void **state)
{
    (void)state;
    run(true, fill_packed);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(allocations_are_counted),
    cmocka_unit_test(thread_small),
    cmocka_unit_test(thread_binary_1_kib),
    cmocka_unit_test(thread_packed_6_kib),
    cmocka_unit_test(loop_small),
    cmocka_unit_test(loop_binary_1_kib),
    cmocka_unit_test(loop_packed_6_kib),
};

SIO_TEST_MAIN(tests)
