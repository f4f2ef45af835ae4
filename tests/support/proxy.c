/* SPDX-License-Identifier: MIT */
/* One thread, poll(), and a queue of dated pieces for each way of each connection. */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"
#include "unit.h"

enum { PAIRS = 16, PIECE = 16 * 1024, QUEUE_MAX = 4 * 1024 * 1024, NEVER = -1 };

struct piece {
    struct piece *next;
    int64_t due_ms;
    size_t len, sent;
    char bytes[];
};

struct lane {
    int from, to; /* descriptors of the pair */
    struct piece *first, **last;
    size_t queued, passed;
    bool ended; /* `from` has closed */
};

struct pair {
    bool open;
    int64_t heard_ms;
    struct lane lanes[2]; /* by enum proxy_way */
};

struct proxy {
    char upstream[160], url[64];
    int listener, control[2];
    pthread_t thread;
    pthread_mutex_t lock; /* for the rules */
    int delay_ms, idle_ms, connections;
    size_t chunk;
    bool hole, stop, has_reset, reset_now;
    long reset_at[2];
    struct pair pairs[PAIRS];
};

static int connect_upstream(const char *url)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in tcp = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int port = 0, fd, failed;

    if (sscanf(url, "redis://127.0.0.1:%d", &port) == 1 ||
        sscanf(url, "rediss://127.0.0.1:%d", &port) == 1) {
        tcp.sin_port = htons((uint16_t)port);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        failed = connect(fd, (struct sockaddr *)&tcp, sizeof tcp);
    } else {
        snprintf(path.sun_path, sizeof path.sun_path, "%s", url + strlen("unix://"));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        failed = connect(fd, (struct sockaddr *)&path, sizeof path);
    }
    if (failed) {
        close(fd);
        return -1;
    }
    return fd;
}

static void init_lane(struct lane *lane, int from, int to)
{
    memset(lane, 0, sizeof *lane);
    lane->from = from;
    lane->to = to;
    lane->last = &lane->first;
}

static void open_pair(struct proxy *proxy)
{
    int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC), server, on = 1;

    if (client < 0)
        return;
    proxy->connections++;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    server = connect_upstream(proxy->upstream);
    for (int i = 0; server >= 0 && i < PAIRS; i++) {
        struct pair *pair = &proxy->pairs[i];

        if (pair->open)
            continue;
        pair->open = true;
        pair->heard_ms = fixture_now_ms();
        init_lane(&pair->lanes[PROXY_UP], client, server);
        init_lane(&pair->lanes[PROXY_DOWN], server, client);
        return;
    }
    close(client);
    if (server >= 0)
        close(server);
}

static void close_pair(struct pair *pair, bool reset)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    for (int way = PROXY_UP; way <= PROXY_DOWN; way++) {
        struct lane *lane = &pair->lanes[way];

        while (lane->first != NULL) {
            struct piece *next = lane->first->next;

            free(lane->first);
            lane->first = next;
        }
        if (reset)
            setsockopt(lane->from, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        close(lane->from);
    }
    pair->open = false;
}

static void take(struct proxy *proxy, struct lane *lane)
{
    struct piece *piece = malloc(sizeof *piece + PIECE);
    ssize_t n = recv(lane->from, piece->bytes, PIECE, MSG_DONTWAIT);

    if (n <= 0) {
        lane->ended = true;
        free(piece);
        return;
    }
    piece->next = NULL;
    piece->len = (size_t)n;
    piece->sent = 0;
    piece->due_ms = fixture_now_ms() + proxy->delay_ms;
    *lane->last = piece;
    lane->last = &piece->next;
    lane->queued += piece->len;
}

/* Pass on what is due. False: the pair is over. */
static bool give(struct proxy *proxy, struct lane *lane, enum proxy_way way)
{
    struct piece *piece;

    while ((piece = lane->first) != NULL && piece->due_ms <= fixture_now_ms()) {
        size_t len = piece->len - piece->sent;
        long left = proxy->reset_at[way] - (long)lane->passed;
        ssize_t n;

        if (proxy->chunk > 0 && len > proxy->chunk)
            len = proxy->chunk;
        if (proxy->reset_at[way] != NEVER && (long)len > left)
            len = left > 0 ? (size_t)left : 0;
        n = len > 0 ? send(lane->to, piece->bytes + piece->sent, len, MSG_NOSIGNAL | MSG_DONTWAIT)
                    : 0;
        if (n < 0)
            return errno == EAGAIN;
        lane->passed += (size_t)n;
        lane->queued -= (size_t)n;
        piece->sent += (size_t)n;
        if (proxy->reset_at[way] != NEVER && (long)lane->passed >= proxy->reset_at[way]) {
            proxy->reset_at[way] = NEVER;
            proxy->has_reset = proxy->reset_now = true;
            return false;
        }
        if (piece->sent < piece->len)
            continue;
        lane->first = piece->next;
        if (lane->first == NULL)
            lane->last = &lane->first;
        free(piece);
    }
    return lane->first != NULL || !lane->ended;
}

static void serve(struct proxy *proxy, struct pair *pair, const struct pollfd *fds)
{
    bool goes_on = true;

    for (int way = PROXY_UP; way <= PROXY_DOWN && goes_on; way++) {
        if (fds[way].revents != 0 && (fds[way].events & POLLIN)) {
            pair->heard_ms = fixture_now_ms();
            take(proxy, &pair->lanes[way]);
        }
        goes_on = give(proxy, &pair->lanes[way], (enum proxy_way)way);
    }
    if (!goes_on)
        close_pair(pair, proxy->reset_now);
    proxy->reset_now = false;
}

/* Milliseconds until the next connection has been idle for too long; -1: none will be. */
static int close_idle(struct proxy *proxy)
{
    int64_t now_ms = fixture_now_ms(), next_ms = NEVER;

    for (int i = 0; i < PAIRS && proxy->idle_ms > 0; i++) {
        struct pair *pair = &proxy->pairs[i];
        int64_t left_ms = pair->heard_ms + proxy->idle_ms - now_ms;

        if (pair->open && left_ms <= 0)
            close_pair(pair, false);
        else if (pair->open && (next_ms == NEVER || left_ms < next_ms))
            next_ms = left_ms;
    }
    return (int)next_ms;
}

static void *run(void *arg)
{
    struct proxy *proxy = arg;
    struct pollfd fds[2 + 2 * PAIRS];
    char byte;

    pthread_mutex_lock(&proxy->lock);
    while (!proxy->stop) {
        int timeout_ms = close_idle(proxy);

        fds[0] = (struct pollfd){.fd = proxy->control[0], .events = POLLIN};
        fds[1] = (struct pollfd){.fd = proxy->listener, .events = POLLIN};
        for (int i = 0; i < 2 * PAIRS; i++) {
            struct lane *lane = &proxy->pairs[i / 2].lanes[i % 2];
            bool reads = proxy->pairs[i / 2].open && !proxy->hole && !lane->ended &&
                         lane->queued < QUEUE_MAX;

            fds[2 + i] = (struct pollfd){.fd = reads ? lane->from : -1, .events = POLLIN};
            if (proxy->pairs[i / 2].open && !proxy->hole && lane->first != NULL)
                timeout_ms = 1;
        }
        pthread_mutex_unlock(&proxy->lock);
        poll(fds, sizeof fds / sizeof fds[0], timeout_ms);
        pthread_mutex_lock(&proxy->lock);
        if (fds[0].revents != 0 && read(proxy->control[0], &byte, 1) < 0)
            break;
        if (fds[1].revents != 0)
            open_pair(proxy);
        for (int i = 0; i < PAIRS; i++) {
            if (proxy->pairs[i].open && !proxy->hole)
                serve(proxy, &proxy->pairs[i], &fds[2 + 2 * i]);
        }
    }
    pthread_mutex_unlock(&proxy->lock);
    return NULL;
}

struct proxy *proxy_new(const char *upstream)
{
    struct proxy *proxy = calloc(1, sizeof *proxy);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;

    assert_non_null(proxy);
    snprintf(proxy->upstream, sizeof proxy->upstream, "%s", upstream);
    proxy->reset_at[PROXY_UP] = proxy->reset_at[PROXY_DOWN] = NEVER;
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(proxy->listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(proxy->listener, 16), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *)&any, &len), 0);
    snprintf(proxy->url, sizeof proxy->url, "redis://127.0.0.1:%d", ntohs(any.sin_port));
    assert_int_equal(pipe(proxy->control), 0);
    pthread_mutex_init(&proxy->lock, NULL);
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
    return proxy;
}

const char *proxy_url(const struct proxy *proxy)
{
    return proxy->url;
}

/* Under the lock: have the thread look at the rules again. */
static void tell(struct proxy *proxy)
{
    assert_int_equal(write(proxy->control[1], "", 1), 1);
    pthread_mutex_unlock(&proxy->lock);
}

void proxy_free(struct proxy *proxy)
{
    if (proxy == NULL)
        return;
    pthread_mutex_lock(&proxy->lock);
    proxy->stop = true;
    tell(proxy);
    pthread_join(proxy->thread, NULL);
    for (int i = 0; i < PAIRS; i++) {
        if (proxy->pairs[i].open)
            close_pair(&proxy->pairs[i], false);
    }
    close(proxy->listener);
    close(proxy->control[0]);
    close(proxy->control[1]);
    pthread_mutex_destroy(&proxy->lock);
    free(proxy);
}

void proxy_delay(struct proxy *proxy, int ms)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->delay_ms = ms;
    tell(proxy);
}

void proxy_chunk(struct proxy *proxy, size_t most)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->chunk = most;
    tell(proxy);
}

void proxy_reset_at(struct proxy *proxy, enum proxy_way way, size_t offset)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->reset_at[way] = (long)offset;
    proxy->has_reset = false;
    tell(proxy);
}

bool proxy_has_reset(struct proxy *proxy)
{
    bool has;

    pthread_mutex_lock(&proxy->lock);
    has = proxy->has_reset;
    pthread_mutex_unlock(&proxy->lock);
    return has;
}

void proxy_idle_timeout(struct proxy *proxy, int ms)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->idle_ms = ms;
    tell(proxy);
}

void proxy_hole(struct proxy *proxy, bool on)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->hole = on;
    tell(proxy);
}

int proxy_connections(struct proxy *proxy)
{
    int n;

    pthread_mutex_lock(&proxy->lock);
    n = proxy->connections;
    pthread_mutex_unlock(&proxy->lock);
    return n;
}
