/* SPDX-License-Identifier: MIT */
/* How things end (row 49): a link freed in each stage of its life and inside each of its
 * callbacks, an emitter freed, used and closed inside them. */
#include "ledger.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "fake_script.h"
#include "link/publish.h"
#include "proxy.h"

/* -- freed in each stage -- */

enum { EMITS = 10 };

/* Ten emits of a link that stands where `ready` says; freeing it returns at once and ends
 * each of them, in order. */
static void freed_when(struct ledger *l, bool (*ready)(struct ledger *l))
{
    int64_t begin;

    ledger_emit_to(l, l->sent + EMITS);
    CLIENT_WAIT(&l->client, ready == NULL || ready(l));
    begin = fixture_now_ms();
    ledger_close(l);
    assert_true(fixture_now_ms() - begin < LATE_MS * slowness());
    ledger_balance(l);
    assert_int_equal(ledger_count(l, SIO_ECLOSED), EMITS);
    assert_int_equal(l->client.closeds, 1);
    ledger_fini(l);
}

static bool is_connecting(struct ledger *l)
{
    return client_stats(&l->client).state == SIO_LINK_CONNECTING;
}

static bool is_waiting(struct ledger *l)
{
    return client_stats(&l->client).state == SIO_LINK_DOWN;
}

static void fault_49_freed_before_anything(enum client_mode mode)
{
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, "redis://127.0.0.1:1", 100);
    ledger_open(&l, &opts);
    freed_when(&l, NULL);
}

/* A listener whose queue is full: connecting to it neither succeeds nor fails. */
static void fault_49_freed_while_dialing(enum client_mode mode)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fillers[4];
    socklen_t len = sizeof any;
    struct ledger l;
    sio_link_opts opts;
    char url[64];

    assert_int_equal(bind(listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&any, &len), 0);
    for (int i = 0; i < 4; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&any, sizeof any);
    }
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", ntohs(any.sin_port));
    ledger_init(&l, mode, &opts, url, 100);
    ledger_open(&l, &opts);
    freed_when(&l, is_connecting);
    for (int i = 0; i < 4; i++)
        close(fillers[i]);
    close(listener);
}

static struct fake_script *script;
static int script_step;

static bool script_is_there(struct ledger *l)
{
    (void)l;
    return fake_script_step(script) >= script_step;
}

static void freed_at_step(enum client_mode mode, const char *text, int step)
{
    struct ledger l;
    sio_link_opts opts;

    script = fake_script_new(text);
    script_step = step;
    ledger_init(&l, mode, &opts, fake_script_url(script), 100);
    opts.password = "secret";
    ledger_open(&l, &opts);
    freed_when(&l, script_is_there);
    fake_script_free(script);
}

static void fault_49_freed_while_greeting(enum client_mode mode)
{
    freed_at_step(mode, "accept\nhang\n", 1);
}

static void fault_49_freed_in_the_middle_of_an_answer(enum client_mode mode)
{
    freed_at_step(mode, "accept\nsend +OK\\r\\n*3\\r\\n$6\\r\\nmas\nhang\n", 2);
}

static bool is_up(struct ledger *l)
{
    return client_up(&l->client);
}

static void fault_49_freed_with_unanswered_emits(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 100);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 5, 5);
    redis_fixture_stop(redis);
    freed_when(&l, is_up);
    redis_fixture_free(redis);
}

/* A megabyte each: the socket is full, a command half written. */
static void fault_49_freed_in_the_middle_of_a_write(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 100);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 5, 5);
    redis_fixture_stop(redis);
    l.padding = 1 << 20;
    freed_when(&l, is_up);
    redis_fixture_free(redis);
}

static void fault_49_freed_while_waiting_to_try_again(enum client_mode mode)
{
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, "unix:///nonexistent", 100);
    ledger_open(&l, &opts);
    CLIENT_WAIT(&l.client, l.client.downs >= 3);
    freed_when(&l, is_waiting);
}

/* And at any moment in between. */
static void fault_49_freed_at_any_time(enum client_mode mode)
{
    static const char *const urls[] = {"unix:///nonexistent", "redis://127.0.0.1:1",
                                       "redis://no-such-host.invalid", "redis://localhost:1"};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);

    for (int round = 0; round < 100; round++) {
        const char *url = round % 5 == 4 ? redis_fixture_url(redis) : urls[round % 5];
        struct ledger l;
        sio_link_opts opts;

        ledger_init(&l, mode, &opts, url, EMITS);
        ledger_open(&l, &opts);
        ledger_emit_to(&l, EMITS);
        for (int turn = 0; turn < round / 10; turn++)
            client_turn(&l.client);
        ledger_close(&l);
        ledger_balance(&l);
        assert_int_equal(ledger_count(&l, SIO_OK) + ledger_count(&l, SIO_ECLOSED), EMITS);
        assert_int_equal(l.client.closeds, 1);
        ledger_fini(&l);
    }
    redis_fixture_free(redis);
}

/* -- freed inside a callback -- */

enum place { IN_CONNECTING, IN_UP, IN_DOWN, IN_END, IN_WRITABLE, IN_LOG, IN_DRAIN, IN_CLOSED };

struct inside {
    enum place place;
    sio_emitter *em;
    _Atomic int frees, ends, drains, closed;
};

static void free_at(struct inside *in, sio_link *link, enum place place)
{
    if (in->place != place || in->frees > 0)
        return;
    in->frees++;
    sio_emitter_free(in->em);
    sio_link_free(link);
}

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    static const enum place places[] = {IN_CONNECTING, IN_UP, IN_DOWN, IN_CLOSED};
    struct inside *in = user;

    free_at(in, link, places[event->state]);
    if (event->state == SIO_LINK_CLOSED)
        in->closed++;
}

static void on_writable(sio_link *link, void *user)
{
    free_at(user, link, IN_WRITABLE);
}

static void on_log(sio_link *link, sio_log_level level, const char *line, void *user)
{
    (void)level;
    (void)line;
    free_at(user, link, IN_LOG);
}

static void on_drained(sio_link *link, sio_status status, void *user)
{
    struct inside *in = user;

    assert_true(status == SIO_OK || status == SIO_ECLOSED);
    in->drains++;
    free_at(in, link, IN_DRAIN);
}

static void on_end(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct inside *in = user;

    in->ends++;
    if (result->status == SIO_ECLOSED) { /* nothing can be added to what is closing */
        assert_int_equal(sio_emitter_emit(em, NULL, SIO_STR("e"), NULL, on_end, user), SIO_ECLOSED);
        assert_int_equal(sio_link_drain(sio_emitter_link(em), on_drained, user), SIO_OK);
        in->drains--;
    }
    free_at(in, sio_emitter_link(em), IN_END);
}

static void freed_inside(enum place place, enum client_mode mode, const char *url)
{
    struct client pump = {.base = mode == ON_LOOP ? event_base_new() : NULL};
    struct inside in = {.place = place};
    sio_link_opts opts;
    sio_link *link;
    int sent = 0, drains = 0;

    sio_link_opts_init(&opts);
    opts.base = pump.base;
    opts.url = place == IN_DOWN ? "unix:///nonexistent/socket" : url;
    opts.outbox_publishes = 50;
    opts.on_state = on_state;
    opts.on_writable = on_writable;
    opts.on_log = on_log;
    opts.user = &in;
    assert_int_equal(sio_link_new(&opts, &link, NULL, 0), SIO_OK);
    /* On a thread of its own the link may be gone by now in the other cases. */
    if (mode == ON_LOOP || place == IN_WRITABLE || place == IN_END || place == IN_DRAIN) {
        assert_int_equal(sio_emitter_new(link, NULL, &in.em), SIO_OK);
        if (place == IN_END && mode == THREADED) {
            assert_int_equal(sio_emitter_emit(in.em, NULL, SIO_STR("e"), NULL, on_end, &in),
                             SIO_OK);
            sent = 1;
        } else {
            while (sio_emitter_emit(in.em, NULL, SIO_STR("e"), NULL, on_end, &in) == SIO_OK)
                sent++;
        }
        if (place == IN_DRAIN || mode == ON_LOOP) {
            assert_int_equal(sio_link_drain(link, on_drained, &in), SIO_OK);
            drains = 1;
        }
    }
    if (place == IN_CLOSED)
        sio_link_close(link, 0);
    CLIENT_WAIT(&pump, in.closed == 1);
    assert_int_equal(in.frees, 1);
    assert_int_equal(in.ends, sent);
    if (mode == ON_LOOP)
        assert_int_equal(in.drains, drains);
    if (pump.base != NULL)
        event_base_free(pump.base);
}

static void fault_49_freed_inside_a_callback(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    /* By its last callback the link is its closer's, who on its own thread is another. */
    int last = mode == ON_LOOP ? IN_CLOSED : IN_DRAIN;

    for (int place = IN_CONNECTING; place <= last; place++)
        freed_inside((enum place)place, mode, redis_fixture_url(redis));
    redis_fixture_free(redis);
}

/* -- other calls inside a completion -- */

struct chain {
    struct client client;
    sio_emitter *em;
    int left;
    _Atomic int ok, closed;
};

static void on_link(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct chain *chain = user;

    if (result->status != SIO_OK) {
        assert_int_equal(result->status, SIO_ECLOSED);
        chain->closed++;
        return;
    }
    chain->ok++;
    assert_int_equal(sio_link_flush(sio_emitter_link(em), 1000), SIO_EDEADLK);
    if (--chain->left > 0)
        assert_int_equal(sio_emitter_emit(em, NULL, SIO_STR("e"), NULL, on_link, chain), SIO_OK);
    else
        assert_int_equal(sio_link_close(sio_emitter_link(em), 0), SIO_OK);
}

/* Each completion emits again, though the emitter was freed long ago; the last closes. */
static void fault_49_emitting_and_closing_inside_a_completion(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_UNIX, NULL);
    struct chain chain = {.left = 1000};
    sio_link_opts opts;

    client_init(&chain.client, mode, &opts, redis_fixture_url(redis));
    client_open(&chain.client, &opts);
    assert_int_equal(sio_emitter_new(chain.client.link, NULL, &chain.em), SIO_OK);
    assert_int_equal(sio_emitter_emit(chain.em, NULL, SIO_STR("e"), NULL, on_link, &chain), SIO_OK);
    sio_emitter_free(chain.em);
    CLIENT_WAIT(&chain.client, chain.client.closeds == 1);
    assert_int_equal(chain.ok, 1000);
    assert_int_equal(chain.closed, 0);
    client_free(&chain.client);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_49_freed_before_anything)
IN_BOTH_MODES(fault_49_freed_while_dialing)
IN_BOTH_MODES(fault_49_freed_while_greeting)
IN_BOTH_MODES(fault_49_freed_in_the_middle_of_an_answer)
IN_BOTH_MODES(fault_49_freed_with_unanswered_emits)
IN_BOTH_MODES(fault_49_freed_in_the_middle_of_a_write)
IN_BOTH_MODES(fault_49_freed_while_waiting_to_try_again)
IN_BOTH_MODES(fault_49_freed_at_any_time)
IN_BOTH_MODES(fault_49_freed_inside_a_callback)
IN_BOTH_MODES(fault_49_emitting_and_closing_inside_a_completion)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_49_freed_before_anything_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_before_anything_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_dialing_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_dialing_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_greeting_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_greeting_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_in_the_middle_of_an_answer_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_in_the_middle_of_an_answer_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_with_unanswered_emits_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_with_unanswered_emits_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_in_the_middle_of_a_write_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_in_the_middle_of_a_write_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_waiting_to_try_again_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_waiting_to_try_again_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_at_any_time_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_at_any_time_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_inside_a_callback_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_inside_a_callback_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_emitting_and_closing_inside_a_completion_thread,
                              turns_check),
    cmocka_unit_test_teardown(fault_49_emitting_and_closing_inside_a_completion_loop, turns_check),
};

SIO_TEST_MAIN(tests)
