/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include "link/publish.h"

static void copy(struct client *client, char *to, size_t size, const char *text)
{
    pthread_mutex_lock(&client->lock);
    snprintf(to, size, "%s", text);
    pthread_mutex_unlock(&client->lock);
}

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    struct client *client = user;

    (void)link;
    if (event->state == SIO_LINK_UP) {
        client->ups++;
    } else if (event->state == SIO_LINK_DOWN) {
        copy(client, client->down_text, sizeof client->down_text, event->text);
        client->last_down = (int)event->status;
        client->downs++;
    } else if (event->state == SIO_LINK_CLOSED) {
        client->closeds++;
    }
}

static void on_writable(sio_link *link, void *user)
{
    struct client *client = user;

    (void)link;
    client->writables++;
}

static void on_log(sio_link *link, sio_log_level level, const char *line, void *user)
{
    struct client *client = user;
    size_t len;

    (void)link;
    (void)level;
    pthread_mutex_lock(&client->lock);
    len = strlen(client->log);
    snprintf(client->log + len, sizeof client->log - len, "%s\n", line);
    pthread_mutex_unlock(&client->lock);
    client->log_lines++;
}

void client_init(struct client *client, enum client_mode mode, sio_link_opts *opts, const char *url)
{
    memset(client, 0, sizeof *client);
    pthread_mutex_init(&client->lock, NULL);
    sio_link_opts_init(opts);
    opts->url = url;
    opts->on_state = on_state;
    opts->on_writable = on_writable;
    opts->on_log = on_log;
    opts->user = client;
    if (mode == ON_LOOP) {
        client->base = event_base_new();
        assert_non_null(client->base);
        opts->base = client->base;
    }
}

void client_init_on(struct client *client, enum client_mode mode, sio_link_opts *opts,
                    const struct redis_fixture *redis)
{
    client_init(client, mode, opts, NULL);
    redis_fixture_link_opts(redis, opts);
}

void client_open(struct client *client, const sio_link_opts *opts)
{
    char err[256];

    if (sio_link_new(opts, &client->link, err, sizeof err) != SIO_OK)
        fail_msg("sio_link_new: %s", err);
}

void client_free(struct client *client)
{
    sio_link_free(client->link);
    client->link = NULL;
    if (client->base != NULL)
        event_base_free(client->base);
    client->base = NULL;
}

void client_turn(struct client *client)
{
    if (client->base != NULL)
        event_base_loop(client->base, EVLOOP_NONBLOCK);
    fixture_nap();
}

static void on_end(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                   void *user)
{
    struct client *client = owner;
    int number = (int)(intptr_t)user;

    (void)fn;
    if (result->status != SIO_OK)
        copy(client, client->end_text, sizeof client->end_text, result->text);
    else
        client->receivers += (int)result->receivers;
    if (number < client->last_end)
        client->unordered++;
    client->last_end = number;
    client->ends[result->status]++;
    client->ended++;
}

sio_status client_publish(struct client *client, const char *channel, int number)
{
    struct sio__completion completion = {on_end, client, NULL, (void *)(intptr_t)number};
    char text[16];
    int len = snprintf(text, sizeof text, "%d", number);

    return sio__link_publish(client->link, SIO__PUBLISH, sio_str_c(channel),
                             sio_str_of(text, (size_t)len), &completion);
}

sio_link_stats client_stats(struct client *client)
{
    sio_link_stats stats;

    assert_int_equal(sio_link_get_stats(client->link, &stats), SIO_OK);
    return stats;
}

bool client_up(struct client *client)
{
    return client_stats(client).state == SIO_LINK_UP;
}

static void *subscribe(void *arg)
{
    struct subscriber *sub = arg;
    redisReply *reply;

    while (redisGetReply(sub->redis, (void **)&reply) == REDIS_OK) {
        if (reply->elements == 3 && sub->count < sub->size) {
            sub->numbers[sub->count] = atoi(reply->element[2]->str);
            sub->count++;
        }
        freeReplyObject(reply);
    }
    return NULL;
}

void subscriber_start(struct subscriber *sub, const struct redis_fixture *redis,
                      const char *channel, int size)
{
    redisReply *reply;

    memset(sub, 0, sizeof *sub);
    sub->redis = redis_fixture_connect(redis);
    sub->numbers = malloc((size_t)size * sizeof *sub->numbers);
    sub->size = size;
    reply = redisCommand(sub->redis, "SUBSCRIBE %s", channel);
    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    freeReplyObject(reply);
    assert_int_equal(pthread_create(&sub->thread, NULL, subscribe, sub), 0);
}

void subscriber_stop(struct subscriber *sub)
{
    shutdown(sub->redis->fd, SHUT_RDWR);
    subscriber_join(sub);
}

void subscriber_join(struct subscriber *sub)
{
    pthread_join(sub->thread, NULL);
    redisFree(sub->redis);
    sub->redis = NULL;
}
