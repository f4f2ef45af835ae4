/* SPDX-License-Identifier: MIT */
/* TLS on bad networks: handshakes that are cut, chopped or not answered (row 7), peers that
 * close while something is being written (row 43), links that end in the middle of a
 * handshake (row 49) or find themselves in a child (row 50). */
#include "secure.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger.h"
#include "listen.h"
#include "proxy.h"

struct wire {
    struct redis_fixture *redis;
    struct proxy *proxy;
    struct ledger l;
    sio_link_opts opts;
};

/* A ledger that is not open yet, on a proxy before Redis. */
static void begin(struct wire *t, enum client_mode mode, int size)
{
    t->redis = secure_redis("server", "no");
    t->proxy = proxy_new(redis_fixture_url(t->redis));
    ledger_init(&t->l, mode, &t->opts, proxy_url(t->proxy), size);
    t->opts.tls.on = true;
    t->opts.tls.ca_file = CERT("ca.crt");
}

static void finish(struct wire *t)
{
    ledger_end(&t->l);
    proxy_free(t->proxy);
    redis_fixture_free(t->redis);
}

/* -- 7 -- */

static void slowly(enum client_mode mode, int delay_ms, size_t chunk, int n)
{
    struct witness w;
    struct wire t;

    begin(&t, mode, n);
    proxy_delay(t.proxy, delay_ms);
    proxy_chunk(t.proxy, chunk);
    witness_start(&w, t.redis, n * 2);
    ledger_open(&t.l, &t.opts);
    ledger_run_to(&t.l, n, n);
    assert_int_equal(ledger_count(&t.l, SIO_OK), n);
    assert_int_equal(client_stats(&t.l.client).disconnects, 0);
    CLIENT_WAIT(&t.l.client, w.count == n);
    assert_int_equal(witness_duplicates(&w, NULL), 0);
    witness_stop(&w);
    witness_fini(&w);
    finish(&t);
}

static void fault_07_tls_with_latency_of_200_ms(enum client_mode mode)
{
    slowly(mode, 200, 0, 20000);
}

static void fault_07_tls_one_byte_at_a_time(enum client_mode mode)
{
    slowly(mode, 0, 1, 100);
}

/* Handshake, greeting and three emits, cut at each byte; the next attempt brings it all. */
static void cut(enum client_mode mode, enum proxy_way way, size_t last)
{
    struct wire t;
    size_t step = at_full_length() ? 1 : 17;

    for (size_t offset = 1; offset <= last; offset += step) {
        begin(&t, mode, 3);
        proxy_reset_at(t.proxy, way, offset);
        ledger_open(&t.l, &t.opts);
        ledger_run_to(&t.l, 3, 3);
        assert_int_equal(ledger_count(&t.l, SIO_OK), 3);
        if (proxy_has_reset(t.proxy)) /* or all was over before the last byte */
            CLIENT_WAIT(&t.l.client, t.l.client.downs == 1);
        finish(&t);
    }
}

/* Hello and the end of the handshake: about 400 bytes; the greeting and the emits: 450. */
static void fault_07_tls_reset_amid_what_we_say(enum client_mode mode)
{
    cut(mode, PROXY_UP, 850);
}

/* The server's part, its certificate in it, and two tickets: about 1,700 bytes. */
static void fault_07_tls_reset_amid_what_redis_says(enum client_mode mode)
{
    cut(mode, PROXY_DOWN, 1750);
}

static void fault_07_tls_silence_ends_at_the_connect_timeout(enum client_mode mode)
{
    int64_t begun = fixture_now_ms();
    struct wire t;

    begin(&t, mode, 1);
    proxy_hole(t.proxy, true);
    t.opts.connect_timeout_ms = 100;
    ledger_open(&t.l, &t.opts);
    CLIENT_WAIT(&t.l.client, t.l.client.downs > 0);
    assert_true(fixture_now_ms() - begun >= 95);
    assert_true(ledger_says(&t.l.client, "TLS handshake with 127.0.0.1:"));
    assert_true(ledger_says(&t.l.client, ": no answer for 100 ms"));
    proxy_hole(t.proxy, false);
    t.l.client.ups = 0;
    ledger_run_to(&t.l, 1, 1);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 1);
    finish(&t);
}

/* -- 43 -- */

static void fault_43_tls_reset_in_the_middle_of_a_write(enum client_mode mode)
{
    struct wire t;

    signal(SIGPIPE, SIG_DFL);
    begin(&t, mode, 20);
    t.l.padding = 1 << 20;
    ledger_open(&t.l, &t.opts);
    ledger_run_to(&t.l, 2, 2);
    proxy_reset_at(t.proxy, PROXY_UP, 5 << 20);
    ledger_run_to(&t.l, 20, 20);
    assert_true(proxy_has_reset(t.proxy));
    assert_int_equal(client_stats(&t.l.client).disconnects, 1);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 20);
    finish(&t);
}

static void fault_43_tls_killed_while_it_is_written_to(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("server", "no");
    struct ledger l;
    sio_link_opts opts;

    signal(SIGPIPE, SIG_DFL);
    ledger_init(&l, mode, &opts, redis_fixture_url(redis), 10000);
    opts.tls.ca_file = CERT("ca.crt");
    ledger_open(&l, &opts);
    CLIENT_WAIT(&l.client, client_up(&l.client));
    redis_fixture_kill(redis);
    ledger_emit_to(&l, 10000); /* on a loop written along the way, before it sees the end */
    CLIENT_WAIT(&l.client, l.client.downs > 0);
    redis_fixture_start(redis);
    ledger_run_to(&l, 10000, 10000);
    assert_int_equal(ledger_count(&l, SIO_OK), 10000);
    ledger_end(&l);
    redis_fixture_free(redis);
}

/* -- what Redis says, in pieces of any size -- */

static void fault_07_tls_messages_of_all_sizes(void **state)
{
    static const int sizes[] = {1, 100, 16383, 16384, 16385, 65536, 1 << 20, 1};
    struct redis_fixture *redis = secure_redis("server", "no");
    int rounds = 20, count = (int)(sizeof sizes / sizeof sizes[0]), sent = 0;
    struct listen listen;
    struct client client;
    sio_link_opts opts;

    (void)state;
    secure_client(&client, ON_LOOP, &opts, redis_fixture_url(redis));
    client_open(&client, &opts);
    listen_open(&listen, &client);
    listen_sub(&listen, SIO__CHANNEL, "big", 1);
    CLIENT_WAIT(&client, listen.readies == 1);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < count; i++, sent++) {
            char *command = malloc((size_t)sizes[i] + 32);
            int head = sprintf(command, "PUBLISH big ");

            memset(command + head, 'x', (size_t)sizes[i]);
            command[head + sizes[i]] = '\0';
            assert_int_equal(redis_fixture_command(redis, command), 1);
            free(command);
        }
        CLIENT_WAIT(&client, listen.messages == sent); /* none waits for the next */
        assert_int_equal(listen.payload_len, 1);
    }
    assert_int_equal(listen.losses, 0);
    listen_close(&listen);
    client_free(&client);
    redis_fixture_free(redis);
}

/* -- 49 -- */

/* Freed after so many turns: while the files are read, the hello goes, the answer comes. */
static void fault_49_freed_at_any_time_of_a_handshake(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("server", "no");
    struct proxy *proxy = proxy_new(redis_fixture_url(redis));

    proxy_delay(proxy, 5);
    for (int turns = 0; turns < 40; turns++) {
        struct ledger l;
        sio_link_opts opts;

        ledger_init(&l, mode, &opts, proxy_url(proxy), 5);
        opts.tls.on = true;
        opts.tls.ca_file = CERT("ca.crt");
        opts.tls.cert_file = CERT("client.crt");
        opts.tls.key_file = CERT("client.key");
        ledger_open(&l, &opts);
        ledger_emit_to(&l, 5);
        for (int i = 0; i < turns; i++)
            client_turn(&l.client);
        ledger_end(&l); /* every emit has ended, once */
    }
    proxy_free(proxy);
    redis_fixture_free(redis);
}

static _Atomic int asked, answered;

/* Takes its time, as somebody who types does. */
static int slow_passphrase(char *out, size_t size, void *user)
{
    (void)user;
    asked++;
    for (int i = 0; i < 50; i++)
        fixture_nap();
    answered++;
    return snprintf(out, size, "open sesame");
}

/* After sio_link_free() what the passphrase's callback uses may go. */
static void fault_49_freed_while_a_passphrase_is_asked_for(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("server", "yes");
    struct client client;
    sio_link_opts opts;

    secure_client(&client, mode, &opts, redis_fixture_url(redis));
    opts.tls.cert_file = CERT("client.crt");
    opts.tls.key_file = CERT("client-locked.key");
    opts.tls.passphrase = slow_passphrase;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, asked == 1);
    assert_int_equal(answered, 0);
    client_free(&client);
    assert_int_equal(answered, asked);
    redis_fixture_free(redis);
}

/* -- 50 -- */

#ifdef SANITIZED_THREADS /* it has no new threads after a fork */
#define FORK_OR_SKIP() SIO_SKIP("not under ThreadSanitizer")
#else
#define FORK_OR_SKIP() ((void)0)
#endif

/* The child frees its copy; the parent's connection, whose keys it shares, goes on. */
static void forked(struct ledger *l)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        sio_emitter_free(l->em);
        sio_link_free(l->client.link);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void fault_50_tls_fork(enum client_mode mode)
{
    struct wire t;

    FORK_OR_SKIP();
    begin(&t, mode, 200);
    proxy_delay(t.proxy, 3);
    ledger_open(&t.l, &t.opts);
    for (int i = 0; i < 30; i++) { /* while files are read, and in the handshake */
        forked(&t.l);
        client_turn(&t.l.client);
    }
    ledger_run_to(&t.l, 100, 100);
    forked(&t.l);
    ledger_run_to(&t.l, 200, 200);
    assert_int_equal(ledger_count(&t.l, SIO_OK), 200);
    assert_int_equal(client_stats(&t.l.client).disconnects, 0);
    finish(&t);
}

IN_BOTH_MODES(fault_07_tls_with_latency_of_200_ms)
IN_BOTH_MODES(fault_07_tls_one_byte_at_a_time)
IN_BOTH_MODES(fault_07_tls_reset_amid_what_we_say)
IN_BOTH_MODES(fault_07_tls_reset_amid_what_redis_says)
IN_BOTH_MODES(fault_07_tls_silence_ends_at_the_connect_timeout)
IN_BOTH_MODES(fault_43_tls_reset_in_the_middle_of_a_write)
IN_BOTH_MODES(fault_43_tls_killed_while_it_is_written_to)
IN_BOTH_MODES(fault_49_freed_at_any_time_of_a_handshake)
IN_BOTH_MODES(fault_49_freed_while_a_passphrase_is_asked_for)
IN_BOTH_MODES(fault_50_tls_fork)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_07_tls_with_latency_of_200_ms_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_with_latency_of_200_ms_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_one_byte_at_a_time_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_one_byte_at_a_time_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_reset_amid_what_we_say_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_reset_amid_what_we_say_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_reset_amid_what_redis_says_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_reset_amid_what_redis_says_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_silence_ends_at_the_connect_timeout_thread, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_silence_ends_at_the_connect_timeout_loop, turns_check),
    cmocka_unit_test_teardown(fault_43_tls_reset_in_the_middle_of_a_write_thread, turns_check),
    cmocka_unit_test_teardown(fault_43_tls_reset_in_the_middle_of_a_write_loop, turns_check),
    cmocka_unit_test_teardown(fault_43_tls_killed_while_it_is_written_to_thread, turns_check),
    cmocka_unit_test_teardown(fault_43_tls_killed_while_it_is_written_to_loop, turns_check),
    cmocka_unit_test_teardown(fault_07_tls_messages_of_all_sizes, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_at_any_time_of_a_handshake_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_at_any_time_of_a_handshake_loop, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_a_passphrase_is_asked_for_thread, turns_check),
    cmocka_unit_test_teardown(fault_49_freed_while_a_passphrase_is_asked_for_loop, turns_check),
    cmocka_unit_test_teardown(fault_50_tls_fork_thread, turns_check),
    cmocka_unit_test_teardown(fault_50_tls_fork_loop, turns_check),
};

SIO_TEST_MAIN(tests)
