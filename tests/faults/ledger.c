/* SPDX-License-Identifier: MIT */
#include "ledger.h"

#include <hiredis/hiredis.h>
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sio/value.h>

#include "wire/wire.h"

static const char channel[] = "socket.io#/#r#";

size_t rss_now(void)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    long pages = 0;

    assert_non_null(statm);
    assert_int_equal(fscanf(statm, "%*d %ld", &pages), 1);
    fclose(statm);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t allocated_now(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

void ledger_init(struct ledger *l, enum client_mode mode, sio_link_opts *opts, const char *url,
                 int size)
{
    memset(l, 0, sizeof *l);
    client_init(&l->client, mode, opts, url);
    opts->close_timeout_ms = 0;
    l->size = size;
    l->entries = malloc((size_t)size * sizeof *l->entries);
    assert_non_null(l->entries);
    for (int i = 0; i < size; i++)
        l->entries[i] = (struct ledger_entry){.ledger = l, .place = -1};
    assert_int_equal(sio_target_new(&l->to), SIO_OK);
    assert_int_equal(sio_target_to(l->to, SIO_STR("r")), SIO_OK);
    assert_int_equal(sio_args_new(&l->args), SIO_OK);
}

void ledger_open(struct ledger *l, const sio_link_opts *opts)
{
    l->rss_before = rss_now();
    client_open(&l->client, opts);
    assert_int_equal(sio_emitter_new(l->client.link, NULL, &l->em), SIO_OK);
}

void ledger_close(struct ledger *l)
{
    sio_emitter_free(l->em);
    client_free(&l->client);
}

void ledger_fini(struct ledger *l)
{
    sio_target_free(l->to);
    sio_args_free(l->args);
    free(l->entries);
}

static void on_end(sio_emitter *em, const sio_emit_result *result, void *user)
{
    struct ledger_entry *entry = user;

    (void)em;
    entry->status = result->status;
    entry->receivers = (int)result->receivers;
    entry->place = entry->ledger->ended;
    entry->ends++;
    entry->ledger->ended++;
}

sio_status ledger_emit(struct ledger *l)
{
    static const char padding[1 << 20];
    sio_status status;

    assert_true(l->sent < l->size);
    sio_args_clear(l->args);
    sio_args_int(l->args, l->sent);
    if (l->padding > 0)
        sio_args_binary(l->args, padding, l->padding);
    status = sio_emitter_emit(l->em, l->to, SIO_STR("n"), l->args, on_end, &l->entries[l->sent]);
    if (status == SIO_OK)
        l->sent++;
    else if (l->entries[l->sent].ends != 0)
        fail_msg("%d ended though it was not taken", l->sent);
    return status;
}

void ledger_emit_to(struct ledger *l, int end)
{
    while (l->sent < end) {
        sio_status status = ledger_emit(l);

        if (status == SIO_EFULL)
            return;
        if (status != SIO_OK)
            fail_msg("emit %d: %s", l->sent, sio_status_name(status));
    }
}

void ledger_run_to(struct ledger *l, int end, int ended)
{
    int64_t limit = fixture_now_ms() + 20000 * slowness();

    while (l->sent < end || l->ended < ended) {
        if (fixture_now_ms() > limit)
            fail_msg("%d of %d sent, %d ended", l->sent, end, l->ended);
        ledger_emit_to(l, end);
        client_turn(&l->client);
    }
}

int ledger_count(const struct ledger *l, sio_status status)
{
    int n = 0;

    for (int i = 0; i < l->sent; i++)
        n += l->entries[i].ends > 0 && l->entries[i].status == status;
    return n;
}

void ledger_balance(const struct ledger *l)
{
    assert_int_equal(l->ended, l->sent);
    for (int i = 0; i < l->sent; i++) {
        const struct ledger_entry *entry = &l->entries[i];

        if (entry->ends != 1 || entry->place != i)
            fail_msg("emit %d ended %d times, the last time as the %d-th", i, entry->ends,
                     entry->place);
    }
}

void ledger_end(struct ledger *l)
{
    ledger_close(l);
    ledger_balance(l);
    ledger_fini(l);
}

bool ledger_says(struct client *client, const char *word)
{
    bool says;

    pthread_mutex_lock(&client->lock);
    says = strstr(client->down_text, word) != NULL;
    pthread_mutex_unlock(&client->lock);
    return says;
}

void ledger_refused(enum client_mode mode, const char *url, sio_status status, const char *word)
{
    struct client client;
    sio_link_opts opts;

    client_init(&client, mode, &opts, url);
    client_open(&client, &opts);
    CLIENT_WAIT(&client, client.downs > 0);
    pthread_mutex_lock(&client.lock);
    if (client.last_down != (int)status || strstr(client.down_text, word) == NULL)
        fail_msg("%s: %s", sio_status_name((sio_status)client.last_down), client.down_text);
    assert_null(strstr(client.log, "secret"));
    assert_null(strstr(client.down_text, "secret"));
    pthread_mutex_unlock(&client.lock);
    assert_int_equal(client.ups, 0);
    client_free(&client);
}

/* The number in a broadcast of the ledger's; -1: anything else. */
static int number_in(const redisReply *reply, sio_buf *scratch)
{
    struct sio__peer peer = {.key = SIO_STR("socket.io"), .nsp = SIO_STR("/")};
    struct sio_message msg;
    sio_value event, number;
    sio_cursor cursor;

    if (reply->elements != 3 || strcmp(reply->element[0]->str, "message") != 0 ||
        sio__wire_classic.decode(&peer,
                                 sio_str_of(reply->element[1]->str, (size_t)reply->element[1]->len),
                                 sio_str_of(reply->element[2]->str, (size_t)reply->element[2]->len),
                                 scratch, &msg) != SIO__DECODED)
        return -1;
    cursor = sio_cursor_at(msg.args);
    if (sio_cursor_read(&cursor, &event) != SIO_OK || event.type != SIO_STRING ||
        sio_cursor_read(&cursor, &number) != SIO_OK || number.type != SIO_UINT)
        return -1;
    return (int)number.v.natural;
}

static void take(struct witness *w, sio_buf *scratch)
{
    redisReply *reply;

    while (redisGetReply(w->redis, (void **)&reply) == REDIS_OK) {
        if (w->count < w->size && strcmp(reply->element[0]->str, "subscribe") != 0) {
            w->numbers[w->count] = number_in(reply, scratch);
            w->count++;
        }
        freeReplyObject(reply);
    }
}

static void come_back(struct witness *w)
{
    fixture_nap();
    w->fd = -1;
    redisFree(w->redis);
    w->redis = redisConnect("127.0.0.1", w->port);
    redisAppendCommand(w->redis, "SUBSCRIBE %s", channel);
    w->fd = w->redis->fd;
}

static void *listen_on(void *arg)
{
    struct witness *w = arg;
    sio_buf scratch;

    sio_buf_init(&scratch);
    take(w, &scratch);
    while (w->port != 0 && !w->stopped) {
        come_back(w);
        if (!w->stopped)
            take(w, &scratch);
    }
    sio_buf_fini(&scratch);
    return NULL;
}

static void start(struct witness *w, struct redisContext *redis, int size, int port)
{
    redisReply *reply;

    memset(w, 0, sizeof *w);
    w->redis = redis;
    w->fd = redis->fd;
    w->port = port;
    w->numbers = malloc((size_t)size * sizeof *w->numbers);
    w->size = size;
    assert_non_null(w->numbers);
    reply = redisCommand(w->redis, "SUBSCRIBE %s", channel);
    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
    freeReplyObject(reply);
    assert_int_equal(pthread_create(&w->thread, NULL, listen_on, w), 0);
}

void witness_start(struct witness *w, const struct redis_fixture *redis, int size)
{
    start(w, redis_fixture_connect(redis), size, 0);
}

void witness_follow(struct witness *w, const struct redis_fixture *redis, const char *server,
                    int size)
{
    start(w, redis_fixture_connect_to(redis, server), size, redis_fixture_port(redis, server));
}

void witness_join(struct witness *w)
{
    pthread_join(w->thread, NULL);
    redisFree(w->redis);
    w->redis = NULL;
}

void witness_stop(struct witness *w)
{
    w->stopped = true;
    shutdown(w->fd, SHUT_RDWR);
    witness_join(w);
}

void witness_fini(struct witness *w)
{
    free(w->numbers);
}

int witness_duplicates(const struct witness *w, int *gaps)
{
    int highest = -1, before = -1, again = 0;

    if (gaps != NULL)
        *gaps = 0;
    for (int i = 0; i < w->count; i++) {
        int n = w->numbers[i];

        if (n < 0)
            fail_msg("the %d-th message is no emit", i);
        if (i > 0 && n > before + 1 && gaps != NULL)
            *gaps += n - before - 1;
        else if (i > 0 && n > before + 1)
            fail_msg("after %d came %d", before, n);
        again += n <= highest;
        highest = n > highest ? n : highest;
        before = n;
    }
    return again;
}
