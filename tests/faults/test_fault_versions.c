/* SPDX-License-Identifier: MIT */
/* Redis as other versions of it, and proxies, answer (row 25): by script where there is no
 * package to be tried. */
#include "ledger.h"

#include <strings.h>

#include "fake.h"
#include "fake_script.h"

/* What Redis 5 does not know: HELLO, AUTH with a user, ACL. It gets none of the first. */
static const char *redis_5(void *arg, const char *name, int n)
{
    _Atomic int *hellos = arg;

    (void)n;
    if (strcasecmp(name, "HELLO") == 0) {
        (*hellos)++;
        return "-ERR unknown command `HELLO`, with args beginning with: \r\n";
    }
    return FAKE_USUAL;
}

static void fault_25_redis_5_needs_no_hello(enum client_mode mode)
{
    _Atomic int hellos = 0;
    struct fake_redis *fake = fake_redis_new(redis_5, &hellos);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, fake_redis_url(fake), 100);
    opts.password = "right";
    opts.client_name = "tester";
    ledger_open(&l, &opts);
    ledger_run_to(&l, 100, 100);
    assert_int_equal(ledger_count(&l, SIO_OK), 100);
    assert_int_equal(client_stats(&l.client).attempts_failed, 0);
    assert_int_equal(hellos, 0);
    ledger_end(&l);
    fake_redis_free(fake);
}

/* Word for word what is sent, so that no version is asked for what it may lack; and a
 * user is refused by Redis 5 with its own text. */
static void fault_25_redis_5_and_a_user(enum client_mode mode)
{
    struct fake_script *fake = fake_script_new(
        "accept\n"
        "expect *3\\r\\n$4\\r\\nAUTH\\r\\n$3\\r\\nweb\\r\\n$6\\r\\nsecret\\r\\n"
        "*2\\r\\n$6\\r\\nSELECT\\r\\n$1\\r\\n2\\r\\n*1\\r\\n$4\\r\\nROLE\\r\\n\n"
        "send -ERR wrong number of arguments for 'auth' command\\r\\n-NOAUTH x\\r\\n\n"
        "hang\n");
    char url[128];

    snprintf(url, sizeof url, "redis://web:secret@%s/2", fake_script_url(fake) + 8);
    ledger_refused(mode, url, SIO_EAUTH, "wrong number of arguments");
    FIXTURE_WAIT(fake_script_step(fake) == -1);
    assert_null(fake_script_error(fake));
    fake_script_free(fake);
}

static const char *no_role(void *arg, const char *name, int n)
{
    (void)arg;
    (void)n;
    return strcmp(name, "ROLE") == 0 ? "-ERR unknown command `ROLE`\r\n" : FAKE_USUAL;
}

static void fault_25_a_proxy_without_role(enum client_mode mode)
{
    struct fake_redis *fake = fake_redis_new(no_role, NULL);
    struct ledger l;
    sio_link_opts opts;

    ledger_init(&l, mode, &opts, fake_redis_url(fake), 10);
    ledger_open(&l, &opts);
    ledger_run_to(&l, 10, 10);
    assert_int_equal(ledger_count(&l, SIO_OK), 10);
    ledger_close(&l);
    assert_non_null(strstr(l.client.log, "ROLE was refused"));
    ledger_balance(&l);
    ledger_fini(&l);
    fake_redis_free(fake);
}

IN_BOTH_MODES(fault_25_redis_5_needs_no_hello)
IN_BOTH_MODES(fault_25_redis_5_and_a_user)
IN_BOTH_MODES(fault_25_a_proxy_without_role)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_25_redis_5_needs_no_hello_thread, turns_check),
    cmocka_unit_test_teardown(fault_25_redis_5_needs_no_hello_loop, turns_check),
    cmocka_unit_test_teardown(fault_25_redis_5_and_a_user_thread, turns_check),
    cmocka_unit_test_teardown(fault_25_redis_5_and_a_user_loop, turns_check),
    cmocka_unit_test_teardown(fault_25_a_proxy_without_role_thread, turns_check),
    cmocka_unit_test_teardown(fault_25_a_proxy_without_role_loop, turns_check),
};

SIO_TEST_MAIN(tests)
