/* SPDX-License-Identifier: MIT */
/* Threads and processes (row 50): eight threads that emit, flush, wait and close at once;
 * and fork() with a live emitter, in each stage of the link. */
#include "ledger.h"

#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "fake_script.h"

/* -- eight threads -- */

enum { THREADS = 8, EACH = 100000000 /* a thread's numbers begin at its index times this */ };

struct crew {
    sio_link *link;
    sio_emitter *em;
    _Atomic bool stop;
    _Atomic int ok, closed, other, flushed, drained, unordered;
    struct member {
        struct crew *crew;
        pthread_t thread;
        int index, sent, ended; /* the latter on the link's thread */
    } members[THREADS];
};

/* Ends of one thread's emits come in the order of its calls. */
struct ticket {
    struct member *member;
    int number;
};

static void on_end(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct ticket *ticket = user;
    struct crew *crew = ticket->member->crew;

    (void)em;
    crew->unordered += ticket->number != ticket->member->ended;
    ticket->member->ended++;
    if (result->status == SIO_OK)
        crew->ok++;
    else if (result->status == SIO_ECLOSED)
        crew->closed++;
    else
        crew->other++;
    free(ticket);
}

static void on_drained(sio_link *link, sio_status status, void *user)
{
    struct crew *crew = user;

    (void)link;
    (void)status;
    crew->drained++;
}

/* Emit one; false: the link is closed. */
static bool emit_one(struct member *m, sio_emitter *em, sio_target *to, sio_args *args)
{
    struct ticket *ticket = malloc(sizeof *ticket);
    sio_status status;

    *ticket = (struct ticket){m, m->sent};
    sio_args_clear(args);
    sio_args_int(args, (int64_t)m->index * EACH + m->sent);
    status = m->sent % 2 == 0
                 ? sio_emitter_emit_wait(em, to, SIO_STR("n"), args, 20000, on_end, ticket)
                 : sio_emitter_emit(em, to, SIO_STR("n"), args, on_end, ticket);
    if (status == SIO_OK)
        m->sent++;
    else
        free(ticket);
    return status == SIO_OK || status == SIO_EFULL;
}

static void *work(void *arg)
{
    struct member *m = arg;
    struct crew *crew = m->crew;
    sio_emitter *own;
    sio_target *to;
    sio_args *args;

    sio_args_new(&args);
    sio_target_new(&to);
    sio_target_to(to, SIO_STR("r"));
    while (!crew->stop) {
        sio_link_stats stats;

        if (sio_emitter_of(crew->em, SIO_STR("/"), &own) != SIO_OK)
            break;
        for (int i = 0; i < 100; i++) {
            if (!emit_one(m, i % 3 == 0 ? own : crew->em, to, args))
                break;
        }
        sio_emitter_free(own); /* its ends are still to come */
        if (m->index % 4 == 0 && sio_link_flush(crew->link, 20000) == SIO_OK)
            crew->flushed++;
        if (m->index % 4 == 1)
            sio_link_drain(crew->link, on_drained, crew);
        if (m->index % 4 == 2)
            sio_link_wait_writable(crew->link, 1000, 20000);
        sio_link_get_stats(crew->link, &stats);
    }
    sio_args_free(args);
    sio_target_free(to);
    return NULL;
}

static void crew_start(struct crew *crew, const char *url)
{
    sio_link_opts opts;

    memset(crew, 0, sizeof *crew);
    sio_link_opts_init(&opts);
    opts.url = url;
    opts.outbox_publishes = 2000;
    assert_int_equal(sio_link_new(&opts, &crew->link, NULL, 0), SIO_OK);
    assert_int_equal(sio_emitter_new(crew->link, NULL, &crew->em), SIO_OK);
    for (int t = 0; t < THREADS; t++) {
        crew->members[t].crew = crew;
        crew->members[t].index = t;
        assert_int_equal(pthread_create(&crew->members[t].thread, NULL, work, &crew->members[t]),
                         0);
    }
}

static int crew_join(struct crew *crew)
{
    int sent = 0;

    for (int t = 0; t < THREADS; t++) {
        pthread_join(crew->members[t].thread, NULL);
        sent += crew->members[t].sent;
    }
    return sent;
}

static void nap_ms(int64_t ms)
{
    int64_t until = fixture_now_ms() + ms;

    while (fixture_now_ms() < until)
        fixture_nap();
}

static void fault_50_eight_threads(void **state)
{
    static const char *const args[] = {"--client-output-buffer-limit", "pubsub 0 0 0", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    int next[THREADS] = {0}, sent;
    struct witness w;
    struct crew crew;

    (void)state;
    witness_start(&w, redis, at_full_length() ? 50000000 : 5000000);
    crew_start(&crew, redis_fixture_url(redis));
    nap_ms(at_full_length() ? 60000 : 2000);
    crew.stop = true;
    sent = crew_join(&crew);
    assert_int_equal(sio_link_flush(crew.link, 20000), SIO_OK);
    assert_int_equal(crew.ok, sent);
    assert_int_equal(crew.unordered, 0);
    assert_true(crew.flushed > 0);
    for (int seen = 0; seen < sent; seen = w.count) /* it may be far behind */
        FIXTURE_WAIT(w.count > seen || w.count == sent);
    assert_int_equal(w.count, sent);
    for (int i = 0; i < sent; i++) { /* each thread's own order is kept */
        int t = w.numbers[i] / EACH;

        assert_true(w.numbers[i] >= 0 && t < THREADS);
        assert_int_equal(w.numbers[i] % EACH, next[t]);
        next[t]++;
    }
    sio_emitter_free(crew.em);
    sio_link_free(crew.link);
    assert_true(crew.drained > 0);
    witness_stop(&w);
    witness_fini(&w);
    redis_fixture_free(redis);
}

/* One of them closes the link under the others: what they had emitted ends, once. */
static void fault_50_closed_under_eight_threads(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct crew crew;
        int sent;

        crew_start(&crew, redis_fixture_url(redis));
        nap_ms(round * 3);
        (void)sio_link_close(crew.link, round % 2 == 0 ? 0 : 50);
        sent = crew_join(&crew); /* they stop by themselves */
        sio_emitter_free(crew.em);
        sio_link_free(crew.link);
        assert_int_equal(crew.ok + crew.closed, sent);
        assert_int_equal(crew.other, 0);
        assert_int_equal(crew.unordered, 0);
    }
    redis_fixture_free(redis);
}

/* -- fork -- */

/* Of the coverage build: keeps what was counted in a process that does not exit(). */
int __llvm_profile_write_file(void) __attribute__((weak));

/* By exec, so that no leak checker looks at what the threads of the parent left here. */
static void leave_child(int failed)
{
    if (__llvm_profile_write_file != NULL)
        __llvm_profile_write_file();
    execlp(failed == 0 ? "true" : "false", "child", (char *)NULL);
    _exit(2);
}

/* Every call of a link or an emitter says so in the child. */
static int child_is_told(struct ledger *l)
{
    sio_str room = SIO_STR("x");
    sio_link_stats stats;
    sio_emitter *em;
    int failed = 0, ended = l->ended;

    failed += sio_emitter_emit(l->em, l->to, SIO_STR("e"), NULL, NULL, NULL) != SIO_EFORK;
    failed += sio_emitter_emit_wait(l->em, NULL, SIO_STR("e"), NULL, 1000, NULL, NULL) != SIO_EFORK;
    failed += sio_emitter_sockets_join(l->em, NULL, &room, 1, NULL, NULL) != SIO_EFORK;
    failed += sio_emitter_sockets_leave(l->em, NULL, &room, 1, NULL, NULL) != SIO_EFORK;
    failed += sio_emitter_disconnect_sockets(l->em, l->to, true, NULL, NULL) != SIO_EFORK;
    failed += sio_emitter_server_side_emit(l->em, SIO_STR("e"), NULL, NULL, NULL) != SIO_EFORK;
    failed += sio_emitter_of(l->em, SIO_STR("/x"), &em) != SIO_EFORK;
    failed += sio_emitter_new(l->client.link, NULL, &em) != SIO_EFORK;
    failed += sio_link_flush(l->client.link, 1000) != SIO_EFORK;
    failed += sio_link_drain(l->client.link, NULL, NULL) != SIO_EFORK;
    failed += sio_link_close(l->client.link, 1000) != SIO_EFORK;
    failed += sio_link_wait_up(l->client.link, 1000, NULL, NULL, 0) != SIO_EFORK;
    failed += sio_link_wait_writable(l->client.link, 1, 1000) != SIO_EFORK;
    failed += sio_link_get_stats(l->client.link, &stats) != SIO_EFORK;
    sio_emitter_free(l->em);
    sio_link_free(l->client.link);
    return failed + (l->ended != ended) + (l->client.closeds != 0);
}

static void wait_for_child(pid_t pid)
{
    int status = -1;

    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* The child can have a link of its own, and on the same loop once it is its own. */
static int child_emits(enum client_mode mode, const char *url)
{
#ifdef SANITIZED_THREADS /* it has no new threads after a fork */
    (void)mode;
    (void)url;
    return 0;
#else
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, url, 10);
    sio_target_clear(l.to); /* not to be taken for the parent's */
    ledger_open(&l, &opts);
    ledger_run_to(&l, 10, 10);
    return ledger_count(&l, SIO_OK) != 10;
#endif
}

static void fault_50_fork_with_a_live_emitter(enum client_mode mode)
{
    static const char *const args[] = {"--client-output-buffer-limit", "pubsub 0 0 0", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, args);
    struct witness w;
    struct ledger l;
    sio_link_opts opts;
    pid_t pid;

    witness_start(&w, redis, 10000);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 1000);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 100, 100);
    ledger_emit_to(&l, 200); /* some on their way */
    pid = fork();
    if (pid == 0)
        leave_child(child_is_told(&l) + child_emits(mode, redis_fixture_url(redis)));
    wait_for_child(pid);
    ledger_run_to(&l, 1000, 1000);
    assert_int_equal(ledger_count(&l, SIO_OK), 1000);
    assert_int_equal(client_stats(&l.client).disconnects, 0);
    CLIENT_WAIT(&l.client, w.count >= 1000);
    assert_int_equal(w.count, 1000); /* nothing was sent by both */
    assert_int_equal(witness_duplicates(&w, NULL), 0);
    ledger_end(&l);
    witness_stop(&w);
    witness_fini(&w);
    redis_fixture_free(redis);
}

/* -- in each stage -- */

static void fork_and_go_on(struct ledger *l)
{
    pid_t pid = fork();

    if (pid == 0)
        leave_child(child_is_told(l));
    wait_for_child(pid);
}

static void fault_50_fork_while_connecting(enum client_mode mode)
{
    struct fake_script *fake = fake_script_new("accept\n"
                                               "sleep 100\n"
                                               "greet\n"
                                               "sleep 100\n"
                                               "publish 10\n"
                                               "send :1\\r\\n:1\\r\\n:1\\r\\n:1\\r\\n:1\\r\\n\n"
                                               "sleep 100\n"
                                               "send :1\\r\\n:1\\r\\n:1\\r\\n:1\\r\\n:1\\r\\n\n"
                                               "hang\n");
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, fake_script_url(fake), 10);
    ledger_open(&l, &opts);
    ledger_emit_to(&l, 10);
    fork_and_go_on(&l); /* dialing, or before */
    for (int step = 1; step <= 8; step++) {
        CLIENT_WAIT(&l.client, fake_script_step(fake) >= step || fake_script_step(fake) < 0);
        fork_and_go_on(&l);
        if (step == 7)
            break;
    }
    ledger_run_to(&l, 10, 10);
    assert_int_equal(ledger_count(&l, SIO_OK), 10);
    assert_null(fake_script_error(fake));
    assert_int_equal(client_stats(&l.client).attempts_failed, 0);
    assert_int_equal(client_stats(&l.client).disconnects, 0);
    ledger_end(&l);
    fake_script_free(fake);
}

static void fault_50_fork_while_redis_is_away(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;

    redis_fixture_kill(redis);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 100);
    ledger_open(&l, &opts);
    ledger_emit_to(&l, 100);
    CLIENT_WAIT(&l.client, l.client.downs >= 2);
    fork_and_go_on(&l);
    redis_fixture_start(redis);
    ledger_run_to(&l, 100, 100);
    assert_int_equal(ledger_count(&l, SIO_OK), 100);
    ledger_end(&l);
    redis_fixture_free(redis);
}

/* Whatever other threads are doing: locks are whole in the child, and so is memory. */
static void fault_50_fork_while_threads_emit(void **state)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct crew crew;
    int sent;

    (void)state;
    crew_start(&crew, redis_fixture_url(redis));
    for (int i = 0; i < (at_full_length() ? 500 : 30); i++) {
        pid_t pid = fork();

        if (pid == 0) {
            sio_status status = sio_emitter_emit(crew.em, NULL, SIO_STR("e"), NULL, NULL, NULL);

            sio_emitter_free(crew.em);
            sio_link_free(crew.link);
            leave_child(status != SIO_EFORK);
        }
        wait_for_child(pid);
    }
    crew.stop = true;
    sent = crew_join(&crew);
    assert_int_equal(sio_link_flush(crew.link, 20000), SIO_OK);
    assert_int_equal(crew.ok, sent);
    assert_int_equal(crew.unordered, 0);
    sio_emitter_free(crew.em);
    sio_link_free(crew.link);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_50_fork_with_a_live_emitter)
IN_BOTH_MODES(fault_50_fork_while_connecting)
IN_BOTH_MODES(fault_50_fork_while_redis_is_away)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_50_eight_threads, turns_check),
    cmocka_unit_test_teardown(fault_50_closed_under_eight_threads, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_while_threads_emit, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_with_a_live_emitter_thread, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_with_a_live_emitter_loop, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_while_connecting_thread, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_while_connecting_loop, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_while_redis_is_away_thread, turns_check),
    cmocka_unit_test_teardown(fault_50_fork_while_redis_is_away_loop, turns_check),
};

SIO_TEST_MAIN(tests)
