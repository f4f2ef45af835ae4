/* SPDX-License-Identifier: MIT */
/* TLS that fails, each time with the reason named: certificates of servers (row 17), and ports
 * that do not speak TLS or speak nothing else (row 18). */
#include "secure.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ledger.h"

/* -- 17: the server's certificate -- */

/* With what is set in opts.tls, at this host. */
static void reaches(enum client_mode mode, const struct redis_fixture *redis, const char *host,
                    const sio_tls_opts *tls)
{
    struct client client;
    sio_link_opts opts;

    secure_client(&client, mode, &opts, secure_url(redis, host));
    opts.tls = *tls;
    secure_accepts(&client, &opts);
}

static void fault_17_names_and_addresses_that_are_right(enum client_mode mode)
{
    static const sio_tls_opts file = {.ca_file = CERT("ca.crt")};
    static const sio_tls_opts dir = {.ca_dir = CERT("hashed")};
    static const sio_tls_opts both = {.ca_file = CERT("other-ca.crt"), .ca_dir = CERT("hashed")};
    static const sio_tls_opts address = {.ca_file = CERT("ca.crt"), .server_name = "127.0.0.1"};
    static const sio_tls_opts name = {.ca_file = CERT("ca.crt"), .server_name = "localhost."};
    static const sio_tls_opts versions = {.ca_file = CERT("ca.crt"),
                                          .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256",
                                          .ciphersuites = "TLS_CHACHA20_POLY1305_SHA256"};
    struct redis_fixture *redis = secure_redis("server", "no");

    reaches(mode, redis, "127.0.0.1", &file);
    reaches(mode, redis, "localhost", &file);
    reaches(mode, redis, "127.0.0.1", &name);
    reaches(mode, redis, "127.0.0.1", &dir);
    reaches(mode, redis, "localhost", &both);
    reaches(mode, redis, "localhost", &address);
    reaches(mode, redis, "127.0.0.1", &versions);
    redis_fixture_free(redis);
}

static void fault_17_wildcards_are_for_one_label(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("other-name", "no");
    sio_tls_opts tls = {.ca_file = CERT("ca.crt"), .server_name = "redis.example.com"};
    struct client client;
    sio_link_opts opts;

    reaches(mode, redis, "127.0.0.1", &tls);
    tls.server_name = "a.redis.example.com";
    reaches(mode, redis, "127.0.0.1", &tls);
    secure_client(&client, mode, &opts, redis_fixture_url(redis));
    opts.tls.server_name = "b.a.redis.example.com";
    secure_refuses(&client, &opts,
                   "TLS: the server's certificate is not for b.a.redis.example.com, but for "
                   "redis.example.com, *.redis.example.com (127.0.0.1:");
    redis_fixture_free(redis);
}

/* The certificate of this name is refused at this host. */
static void refuses(enum client_mode mode, const char *certificate, const char *host,
                    const char *text)
{
    struct redis_fixture *redis = secure_redis(certificate, "no");
    struct client client;
    sio_link_opts opts;

    secure_client(&client, mode, &opts, secure_url(redis, host));
    secure_refuses(&client, &opts, text);
    redis_fixture_free(redis);
}

static void fault_17_self_signed(enum client_mode mode)
{
    static const sio_tls_opts trusted = {.ca_file = CERT("self-signed.crt")};
    struct redis_fixture *redis = secure_redis("self-signed", "no");

    refuses(mode, "self-signed", "localhost",
            "TLS: the server's certificate is self-signed, and not trusted (localhost (127.0.0.1:");
    reaches(mode, redis, "localhost", &trusted); /* ... unless it is */
    redis_fixture_free(redis);
}

static void fault_17_expired(enum client_mode mode)
{
    refuses(mode, "expired", "127.0.0.1",
            "TLS: the server's certificate has expired: 2021-01-01 00:00 UTC (127.0.0.1:");
}

static void fault_17_not_yet_valid(enum client_mode mode)
{
    refuses(mode, "early", "127.0.0.1",
            "TLS: the server's certificate is not valid before 2090-01-01 00:00 UTC (127.0.0.1:");
}

static void fault_17_of_another_authority(enum client_mode mode)
{
    refuses(mode, "stranger", "127.0.0.1",
            "TLS: the server's certificate is from \"another authority\", which is not trusted "
            "(127.0.0.1:");
}

static void fault_17_the_system_does_not_know_the_authority(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("server", "no");
    struct client client;
    sio_link_opts opts;

    setenv("SSL_CERT_FILE", CERT("other-ca.crt"), 1);
    unsetenv("SSL_CERT_DIR");
    client_init(&client, mode, &opts, redis_fixture_url(redis));
    secure_refuses(&client, &opts,
                   "TLS: the server's certificate is from \"sio test authority\", which is not "
                   "trusted (127.0.0.1:");
    redis_fixture_free(redis);
}

static void fault_17_the_wrong_name(enum client_mode mode)
{
    refuses(mode, "other-name", "localhost",
            "TLS: the server's certificate is not for localhost, but for redis.example.com, "
            "*.redis.example.com (localhost (127.0.0.1:");
}

static void fault_17_the_wrong_address(enum client_mode mode)
{
    refuses(mode, "other-ip", "127.0.0.1",
            "TLS: the server's certificate is not for 127.0.0.1, but for 192.0.2.1 (127.0.0.1:");
}

/* Its subject says localhost, which counts for nothing. */
static void fault_17_no_alternative_name(enum client_mode mode)
{
    refuses(mode, "no-san", "localhost",
            "TLS: the server's certificate is for no name or address (subjectAltName), so not for "
            "localhost (localhost (127.0.0.1:");
}

static void fault_17_part_of_a_label_is_no_wildcard(enum client_mode mode)
{
    refuses(mode, "partial", "localhost",
            "TLS: the server's certificate is not for localhost, but for l*calhost, loc* "
            "(localhost (127.0.0.1:");
}

static int occurrences(struct client *client, const char *text)
{
    int n = 0;

    pthread_mutex_lock(&client->lock);
    for (const char *at = client->log; (at = strstr(at, text)) != NULL; at++)
        n++;
    pthread_mutex_unlock(&client->lock);
    return n;
}

/* Whoever answers is believed; the log says so, once however often it connects. */
static void fault_17_insecure_says_so(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("expired", "no");
    struct client client;
    sio_link_opts opts;

    client_init(&client, mode, &opts, secure_url(redis, "localhost"));
    opts.tls.insecure = true;
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client_up(&client));
    redis_fixture_command(redis, "CLIENT KILL TYPE normal SKIPME yes");
    CLIENT_WAIT(&client, client.ups == 2);
    assert_int_equal(occurrences(&client, "TLS: insecure: nobody verifies who the server is"), 1);
    client_free(&client);
    redis_fixture_free(redis);
}

/* -- 18: who does not speak what is expected -- */

static void fault_18_tls_to_a_plaintext_port(enum client_mode mode)
{
    struct redis_fixture *redis = redis_fixture_new(REDIS_TCP, NULL);
    int64_t begin = fixture_now_ms();
    struct client client;
    sio_link_opts opts;

    /* Redis reads the hello as the beginning of a line, and waits for the rest. */
    secure_client(&client, mode, &opts, secure_url(redis, "127.0.0.1"));
    opts.connect_timeout_ms = 200;
    secure_refuses(&client, &opts, ": no answer for 200 ms; is this a port without TLS?");
    assert_true(fixture_now_ms() - begin >= 395);
    redis_fixture_free(redis);
}

static void fault_18_plaintext_to_a_tls_port(enum client_mode mode)
{
    struct redis_fixture *redis = secure_redis("server", "no");
    struct client client;
    char url[160];
    sio_link_opts opts;

    snprintf(url, sizeof url, "redis://127.0.0.1%s", strrchr(redis_fixture_url(redis), ':'));
    client_init(&client, mode, &opts, url);
    secure_refuses(&client, &opts,
                   "does this port want TLS (rediss://), or is it a "
                   "proxy without pub/sub? (127.0.0.1:");
    redis_fixture_free(redis);
}

/* A server that has read something answers this to every connection, and closes it. */
struct babbler {
    int fd;
    const char *words;
    size_t len;
    pthread_t thread;
    char port[8];
};

static void *babble(void *arg)
{
    struct babbler *b = arg;
    int fd;

    while ((fd = accept(b->fd, NULL, NULL)) >= 0) {
        char bytes[4096];

        if (recv(fd, bytes, sizeof bytes, 0) > 0 && send(fd, b->words, b->len, MSG_NOSIGNAL) > 0) {
            shutdown(fd, SHUT_WR);
            while (recv(fd, bytes, sizeof bytes, 0) > 0)
                ;
        }
        close(fd);
    }
    return NULL;
}

static void babbler_start(struct babbler *b, const char *words, size_t len)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;

    *b = (struct babbler){.words = words, .len = len};
    b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(b->fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(b->fd, 8), 0);
    assert_int_equal(getsockname(b->fd, (struct sockaddr *)&at, &size), 0);
    snprintf(b->port, sizeof b->port, "%d", ntohs(at.sin_port));
    pthread_create(&b->thread, NULL, babble, b);
}

static void babbler_stop(struct babbler *b)
{
    shutdown(b->fd, SHUT_RDWR);
    pthread_join(b->thread, NULL);
    close(b->fd);
}

/* To TLS's hello and to a greeting in plaintext (NULL: not tried) it answers this. */
static void answered(enum client_mode mode, const char *words, size_t len, const char *to_tls,
                     const char *to_plaintext)
{
    struct babbler b;
    struct client client;
    char url[64];
    sio_link_opts opts;

    babbler_start(&b, words, len);
    snprintf(url, sizeof url, "rediss://127.0.0.1:%s", b.port);
    secure_client(&client, mode, &opts, url);
    secure_refuses(&client, &opts, to_tls);
    if (to_plaintext != NULL) {
        snprintf(url, sizeof url, "redis://127.0.0.1:%s", b.port);
        client_init(&client, mode, &opts, url);
        secure_refuses(&client, &opts, to_plaintext);
    }
    babbler_stop(&b);
}

#define ANSWERED(mode, words, to_tls, to_plaintext)                                                \
    answered(mode, words, sizeof words - 1, to_tls, to_plaintext)

static void fault_18_an_http_server(enum client_mode mode)
{
    ANSWERED(mode, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
             "TLS: what answers is an HTTP server, without TLS (127.0.0.1:",
             "what answers is an HTTP server, not Redis (127.0.0.1:");
    ANSWERED(mode, "<html><title>400 Bad Request</title>",
             "TLS: what answers is an HTTP server, without TLS (127.0.0.1:",
             "what answers is an HTTP server, not Redis (127.0.0.1:");
}

static void fault_18_other_servers(enum client_mode mode)
{
    ANSWERED(mode, "-ERR unknown command\r\n",
             "TLS: the server answers in plaintext: this is a port without TLS (127.0.0.1:", NULL);
    ANSWERED(mode, "SSH-2.0-OpenSSH_9.2\r\n",
             "TLS: what answers does not speak TLS (127.0.0.1:", "not a Redis server's answer: ");
    /* An alert: unexpected message. */
    ANSWERED(mode, "\x15\x03\x03\x00\x02\x02\x0a",
             "TLS: the server ended it: unexpected_message (127.0.0.1:",
             "the server speaks TLS: rediss:// is wanted, not redis:// (127.0.0.1:");
    ANSWERED(mode, "\x15\x03\x03\x00\x02\x02\x46",
             "TLS: the server speaks no version that is accepted here (127.0.0.1:",
             "the server speaks TLS: rediss:// is wanted, not redis:// (127.0.0.1:");
    ANSWERED(mode, "\x16\x03\x03", "TLS: the server closed the connection during the handshake",
             "the server speaks TLS: rediss:// is wanted, not redis:// (127.0.0.1:");
}

static void fault_18_no_cipher_in_common(enum client_mode mode)
{
    static const char *const args[] = {"--tls-protocols", "TLSv1.2", NULL};
    struct redis_fixture *redis = redis_fixture_new(REDIS_TLS, args);
    struct client client;
    sio_link_opts opts;

    client_init_on(&client, mode, &opts, redis);
    opts.tls.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384";
    secure_accepts(&client, &opts);
    client_init_on(&client, mode, &opts, redis);
    opts.tls.ciphers = "ECDHE-RSA-AES256-GCM-SHA384"; /* its key is none of RSA */
    secure_refuses(&client, &opts,
                   "TLS: the server refused the handshake: no cipher in common? (127.0.0.1:");
    redis_fixture_free(redis);
}

IN_BOTH_MODES(fault_17_names_and_addresses_that_are_right)
IN_BOTH_MODES(fault_17_wildcards_are_for_one_label)
IN_BOTH_MODES(fault_17_self_signed)
IN_BOTH_MODES(fault_17_expired)
IN_BOTH_MODES(fault_17_not_yet_valid)
IN_BOTH_MODES(fault_17_of_another_authority)
IN_BOTH_MODES(fault_17_the_system_does_not_know_the_authority)
IN_BOTH_MODES(fault_17_the_wrong_name)
IN_BOTH_MODES(fault_17_the_wrong_address)
IN_BOTH_MODES(fault_17_no_alternative_name)
IN_BOTH_MODES(fault_17_part_of_a_label_is_no_wildcard)
IN_BOTH_MODES(fault_17_insecure_says_so)
IN_BOTH_MODES(fault_18_tls_to_a_plaintext_port)
IN_BOTH_MODES(fault_18_plaintext_to_a_tls_port)
IN_BOTH_MODES(fault_18_an_http_server)
IN_BOTH_MODES(fault_18_other_servers)
IN_BOTH_MODES(fault_18_no_cipher_in_common)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown(fault_17_names_and_addresses_that_are_right_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_names_and_addresses_that_are_right_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_wildcards_are_for_one_label_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_wildcards_are_for_one_label_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_self_signed_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_self_signed_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_expired_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_expired_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_not_yet_valid_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_not_yet_valid_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_of_another_authority_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_of_another_authority_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_the_system_does_not_know_the_authority_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_the_system_does_not_know_the_authority_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_the_wrong_name_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_the_wrong_name_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_the_wrong_address_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_the_wrong_address_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_no_alternative_name_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_no_alternative_name_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_part_of_a_label_is_no_wildcard_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_part_of_a_label_is_no_wildcard_loop, turns_check),
    cmocka_unit_test_teardown(fault_17_insecure_says_so_thread, turns_check),
    cmocka_unit_test_teardown(fault_17_insecure_says_so_loop, turns_check),
    cmocka_unit_test_teardown(fault_18_tls_to_a_plaintext_port_thread, turns_check),
    cmocka_unit_test_teardown(fault_18_tls_to_a_plaintext_port_loop, turns_check),
    cmocka_unit_test_teardown(fault_18_plaintext_to_a_tls_port_thread, turns_check),
    cmocka_unit_test_teardown(fault_18_plaintext_to_a_tls_port_loop, turns_check),
    cmocka_unit_test_teardown(fault_18_an_http_server_thread, turns_check),
    cmocka_unit_test_teardown(fault_18_an_http_server_loop, turns_check),
    cmocka_unit_test_teardown(fault_18_other_servers_thread, turns_check),
    cmocka_unit_test_teardown(fault_18_other_servers_loop, turns_check),
    cmocka_unit_test_teardown(fault_18_no_cipher_in_common_thread, turns_check),
    cmocka_unit_test_teardown(fault_18_no_cipher_in_common_loop, turns_check),
};

SIO_TEST_MAIN(tests)
