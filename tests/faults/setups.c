/* SPDX-License-Identifier: MIT */
#include "setups.h"

void on_redis_prepare(struct on_redis *t, enum client_mode mode, enum redis_topology topology,
                      const char *const *args, int size)
{
    t->redis = redis_fixture_new(topology, args);
    ledger_init(&t->l, mode, &t->opts, NULL, size);
    redis_fixture_link_opts(t->redis, &t->opts);
}

void on_redis_open(struct on_redis *t)
{
    ledger_open(&t->l, &t->opts);
}

void on_redis_begin(struct on_redis *t, enum client_mode mode, enum redis_topology topology,
                    const char *const *args, int size)
{
    on_redis_prepare(t, mode, topology, args, size);
    on_redis_open(t);
}

void on_redis_end(struct on_redis *t)
{
    ledger_end(&t->l);
    redis_fixture_free(t->redis);
}

void on_fake_begin(struct on_fake *t, enum client_mode mode, fake_redis_answer *answer, void *arg,
                   unsigned ttl_ms)
{
    t->fake = fake_redis_new(answer, arg);
    client_init(&t->client, mode, &t->opts, fake_redis_url(t->fake));
    if (ttl_ms > 0)
        t->opts.outbox_ttl_ms = ttl_ms;
    client_open(&t->client, &t->opts);
    CLIENT_WAIT(&t->client, client_up(&t->client));
}

void on_fake_publish(struct on_fake *t, int count)
{
    int before = t->client.ended;

    for (int n = 0; n < count; n++)
        assert_int_equal(client_publish(&t->client, "ch", n), SIO_OK);
    CLIENT_WAIT(&t->client, t->client.ended == before + count);
}

void on_fake_end(struct on_fake *t)
{
    client_free(&t->client);
    fake_redis_free(t->fake);
}
