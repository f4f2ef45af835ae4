/* SPDX-License-Identifier: MIT */
/* TLS with certificates of clients, and what is wrong with files (row 19). */
#include "secure.h"

#include <stdlib.h>
#include <unistd.h>

#include "ledger.h"

/* -- 19: the client's certificate -- */

static void with_key(sio_link_opts *opts, const char *certificate, const char *key)
{
    opts->tls.cert_file = certificate;
    opts->tls.key_file = key;
}

static void wants_certificates(enum client_mode mode, const char *protocol)
{
    static const char missing[] = "TLS: the server wants a client certificate (127.0.0.1:";
    const char *const args[] = {
        "--tls-protocols", protocol, "--tls-auth-clients", "yes", "--tls-ca-cert-file",
        CERT("ca.crt"),    NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TLS, args);
    struct client client;
    sio_link_opts opts;

    client_init_on(&client, mode, &opts, redis);
    secure_refuses(&client, &opts, missing);
    client_init_on(&client, mode, &opts, redis);
    with_key(&opts, CERT("other-client.crt"), CERT("other-client.key"));
    secure_refuses(&client, &opts,
                   "TLS: the server refused the client certificate: unknown CA (127.0.0.1:");
    client_init_on(&client, mode, &opts, redis);
    with_key(&opts, CERT("expired.crt"), CERT("expired.key"));
    secure_refuses(&client, &opts,
                   "TLS: the server refused the client certificate: certificate expired "
                   "(127.0.0.1:");
    client_init_on(&client, mode, &opts, redis);
    with_key(&opts, CERT("client.crt"), CERT("client.key"));
    secure_accepts(&client, &opts);
    redis_fixture_free(redis);
}

static void fault_19_client_certificates_of_tls_1_3(enum client_mode mode)
{
    wants_certificates(mode, "TLSv1.3");
}

static void fault_19_client_certificates_of_tls_1_2(enum client_mode mode)
{
    wants_certificates(mode, "TLSv1.2");
}

struct secret {
    const char *passphrase; /* NULL: there is none */
    _Atomic int asked;
    _Atomic bool freed;
};

static int on_passphrase(char *out, size_t size, void *user)
{
    struct secret *secret = user;

    secret->asked++;
    assert_false(secret->freed);
    if (secret->passphrase == NULL)
        return -1;
    return snprintf(out, size, "%s", secret->passphrase);
}

static void fault_19_a_key_with_a_passphrase(enum client_mode mode)
{
    static const struct {
        const char *passphrase, *text;
    } wrong[] = {
        {"close sesame", "TLS: the passphrase is not that of key " CERT("client-locked.key")},
        {"", "TLS: the passphrase is not that of key " CERT("client-locked.key")},
        {NULL, "TLS: no passphrase was given for key " CERT("client-locked.key")},
    };
    struct redis_fixture *redis = secure_redis("server", "yes");
    struct secret secret = {.passphrase = "open sesame"};
    struct client client;
    sio_link_opts opts;

    secure_client(&client, mode, &opts, redis_fixture_url(redis));
    with_key(&opts, CERT("client.crt"), CERT("client-locked.key"));
    opts.tls.passphrase = on_passphrase;
    opts.tls.passphrase_user = &secret;
    secure_accepts(&client, &opts);
    assert_int_equal(secret.asked, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct secret bad = {.passphrase = wrong[i].passphrase};

        secure_client(&client, mode, &opts, redis_fixture_url(redis));
        with_key(&opts, CERT("client.crt"), CERT("client-locked.key"));
        opts.tls.passphrase = on_passphrase;
        opts.tls.passphrase_user = &bad;
        secure_refuses(&client, &opts, wrong[i].text);
        bad.freed = true;
        assert_true(bad.asked >= 2); /* at each attempt */
    }
    secure_client(&client, mode, &opts, redis_fixture_url(redis)); /* never from a terminal */
    with_key(&opts, CERT("client.crt"), CERT("client-locked.key"));
    secure_refuses(&client, &opts,
                   "TLS: key " CERT("client-locked.key") " is encrypted, and there is no "
                                                         "passphrase");
    redis_fixture_free(redis);
}

static void fault_19_files_that_are_wrong(enum client_mode mode)
{
    static const struct {
        sio_tls_opts tls;
        const char *text;
    } wrong[] = {
        {{.ca_file = "/nonexistent/ca"}, "TLS: authorities /nonexistent/ca: No such file"},
        {{.ca_dir = "/nonexistent/dir"}, "TLS: authorities /nonexistent/dir: No such file"},
        {{.ca_dir = CERT("ca.crt")}, "TLS: authorities " CERT("ca.crt") ": Not a directory"},
        {{.ca_file = CERT("ca.key")}, "TLS: authorities " CERT("ca.key") ": no certificate"},
        {{.ca_file = "/dev/null"}, "TLS: authorities /dev/null: no certificate"},
        {{.cert_file = "/nonexistent/c", .key_file = CERT("client.key")},
         "TLS: certificate /nonexistent/c: No such file"},
        {{.cert_file = CERT("client.key"), .key_file = CERT("client.key")},
         "TLS: certificate " CERT("client.key") ": no start line"},
        {{.cert_file = CERT("client.crt"), .key_file = "/nonexistent/k"},
         "TLS: key /nonexistent/k: No such file"},
        {{.cert_file = CERT("client.crt"), .key_file = CERT("client.crt")},
         "TLS: there is no private key in " CERT("client.crt")},
        {{.cert_file = CERT("client.crt"), .key_file = CERT("hashed")},
         "TLS: key " CERT("hashed") ": Is a directory"},
        {{.cert_file = CERT("client.crt"), .key_file = "/dev/zero"},
         "TLS: key /dev/zero: File too large"},
        {{.cert_file = CERT("client.crt"), .key_file = CERT("other-client.key")},
         "TLS: key " CERT("other-client.key") " is not that of certificate"},
        {{.ciphers = "ROT13"}, "TLS: no cipher is known of \"ROT13\""},
        {{.ciphersuites = "ROT13"}, "TLS: no cipher suite is known of \"ROT13\""},
    };
    struct redis_fixture *redis = secure_redis("server", "no");
    struct client client;
    sio_link_opts opts;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        client_init(&client, mode, &opts, redis_fixture_url(redis));
        opts.tls = wrong[i].tls;
        secure_refuses(&client, &opts, wrong[i].text);
    }
    redis_fixture_free(redis);
}

/* -- 19: other files, while the link lives -- */

static void copy_file(const char *from, const char *dir, const char *name)
{
    char bytes[8192], path[128], temporary[132];
    FILE *in = fopen(from, "re"), *out;
    size_t len;

    assert_non_null(in);
    len = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(temporary, sizeof temporary, "%s.new", path);
    out = fopen(temporary, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    fclose(out);
    assert_int_equal(rename(temporary, path), 0);
}

static void fault_19_rotated_files_are_used_at_the_next_attempt(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("server", "yes");
    char dir[] = "/tmp/sio-rotated-XXXXXX", cert[64], key[64];
    struct client client;
    sio_link_opts opts;

    assert_non_null(mkdtemp(dir));
    snprintf(cert, sizeof cert, "%s/cert", dir);
    snprintf(key, sizeof key, "%s/key", dir);
    copy_file(CERT("client.crt"), dir, "cert");
    copy_file(CERT("client.key"), dir, "key");
    secure_client(&client, mode, &opts, redis_fixture_url(redis));
    with_key(&opts, cert, key);
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    copy_file(CERT("other-client.crt"), dir, "cert");
    copy_file(CERT("other-client.key"), dir, "key");
    redis_fixture_command(redis, "CLIENT KILL TYPE normal SKIPME yes");
    CLIENT_WAIT(&client, ledger_says(&client, "refused the client certificate: unknown CA"));
    assert_int_equal(client.ups, 1);
    copy_file(CERT("client.crt"), dir, "cert"); /* between the two: key and certificate differ */
    CLIENT_WAIT(&client, ledger_says(&client, "is not that of certificate"));
    copy_file(CERT("client.key"), dir, "key");
    CLIENT_WAIT(&client, client.ups == 2);
    client_free(&client);
    unlink(cert);
    unlink(key);
    rmdir(dir);
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_19_client_certificates_of_tls_1_3)
IN_BOTH_MODES(fault_19_client_certificates_of_tls_1_2)
IN_BOTH_MODES(fault_19_a_key_with_a_passphrase)
IN_BOTH_MODES(fault_19_files_that_are_wrong)
IN_BOTH_MODES(fault_19_rotated_files_are_used_at_the_next_attempt)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_19_client_certificates_of_tls_1_3_thread, turns_check),
    cmocka_unit_test_teardown(fault_19_client_certificates_of_tls_1_3_loop, turns_check),
    cmocka_unit_test_teardown(fault_19_client_certificates_of_tls_1_2_thread, turns_check),
    cmocka_unit_test_teardown(fault_19_client_certificates_of_tls_1_2_loop, turns_check),
    cmocka_unit_test_teardown(fault_19_a_key_with_a_passphrase_thread, turns_check),
    cmocka_unit_test_teardown(fault_19_a_key_with_a_passphrase_loop, turns_check),
    cmocka_unit_test_teardown(fault_19_files_that_are_wrong_thread, turns_check),
    cmocka_unit_test_teardown(fault_19_files_that_are_wrong_loop, turns_check),
    cmocka_unit_test_teardown(fault_19_rotated_files_are_used_at_the_next_attempt_thread,
                              turns_check),
    cmocka_unit_test_teardown(fault_19_rotated_files_are_used_at_the_next_attempt_loop,
                              turns_check),
};

SIO_TEST_MAIN(tests)
