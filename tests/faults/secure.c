/* SPDX-License-Identifier: MIT */
#include "secure.h"

#include "ledger.h"

struct redis_fixture *secure_redis(const char *certificate, const char *clients)
{
    char file[256], key[256];
    const char *const args[] = {"--tls-cert-file",
                                file,
                                "--tls-key-file",
                                key,
                                "--tls-ca-cert-file",
                                CERT("ca.crt"),
                                "--tls-auth-clients",
                                clients,
                                NULL};

    snprintf(file, sizeof file, CERT("%s.crt"), certificate);
    snprintf(key, sizeof key, CERT("%s.key"), certificate);
    return redis_fixture_new(REDIS_TLS, args);
}

const char *secure_url(const struct redis_fixture *redis, const char *host)
{
    static char url[160];

    snprintf(url, sizeof url, "rediss://%s%s", host, strrchr(redis_fixture_url(redis), ':'));
    return url;
}

void secure_client(struct client *client, enum client_mode mode, sio_link_opts *opts,
                   const char *url)
{
    client_init(client, mode, opts, url);
    opts->tls.ca_file = CERT("ca.crt");
}

void secure_accepts(struct client *client, const sio_link_opts *opts)
{
    client_open(client, opts);
    CLIENT_WAIT(client, client_up(client) || client->downs > 0);
    if (client->downs > 0)
        fail_msg("%s", client->down_text);
    assert_int_equal(client_publish(client, "channel", 1), SIO_OK);
    CLIENT_WAIT(client, client->ended == 1);
    assert_int_equal(client->ends[SIO_OK], 1);
    client_free(client);
}

void secure_refuses(struct client *client, const sio_link_opts *opts, const char *text)
{
    client_open(client, opts);
    for (int attempt = 1; attempt <= 2; attempt++) {
        CLIENT_WAIT(client, client->downs >= attempt);
        assert_int_equal(client->last_down, SIO_ECONN);
        if (!ledger_says(client, text))
            fail_msg("\"%s\", not \"%s\"", client->down_text, text);
    }
    assert_int_equal(client->ups, 0);
    client_free(client);
}
