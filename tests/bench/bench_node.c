/* SPDX-License-Identifier: MIT */
/* bench_node --url URL [--sockets N] [--members N] [--rooms N] [--namespaces N]
 *            [--subscription rooms] [--specific 1] [--tag a] [--nsp /]
 * A node of the cluster without clients: N sockets that count what they get, the first
 * members of them in "room1", others in rooms of their own. Prints {"ev":"ready"}, then
 * - between the server-side events "begin" and "end": {"ev":"done","deliveries",...}
 * - for a line "fetch N" of stdin: {"ev":"fetched","ms":[...],"count"},
 * and ends when stdin does. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <sio/adapter.h>

#include "bench.h"

struct node {
    struct event_base *base;
    sio_adapter *adapter;
    uint64_t deliveries;
    struct bench_span span;
    sio_buf handshake; /* packed */
    /* fetching */
    long left;
    double started;
    size_t found;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void check(sio_status status, const char *what)
{
    if (status != SIO_OK)
        bench_die(what, sio_status_text(status));
}

/* -- the host -- */

static void on_deliver(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                       const sio_broadcast *b, void *user)
{
    (void)adapter;
    (void)socket;
    (void)b;
    (void)user;
    ++*(uint64_t *)socket_user;
}

static void on_event(sio_adapter *adapter, sio_str data, uint32_t count, sio_answer *answer,
                     void *user)
{
    struct node *node = user;
    sio_cursor c = sio_cursor_at(data);
    sio_value name;

    (void)adapter;
    (void)count;
    sio_answer_drop(answer);
    if (sio_cursor_read(&c, &name) != SIO_OK || name.type != SIO_STRING)
        return;
    if (sio_str_eq(name.v.text, SIO_STR("begin"))) {
        node->deliveries = 0;
        bench_begin(&node->span);
    } else if (sio_str_eq(name.v.text, SIO_STR("end"))) {
        printf("{\"ev\":\"done\",\"deliveries\":%llu}\n", (unsigned long long)node->deliveries);
        bench_end(&node->span, 1);
        fflush(stdout);
    }
}

static void on_describe(sio_adapter *adapter, sio_socket *socket, void *socket_user, sio_args *out,
                        void *user)
{
    struct node *node = user;

    (void)adapter;
    (void)socket_user;
    sio_args_msgpack(out, sio_buf_str(&node->handshake));
    sio_args_map_begin(out);
    sio_args_key(out, SIO_STR("user"));
    sio_args_string(out, sio_socket_sid(socket));
    sio_args_map_end(out);
}

static void on_ready(sio_adapter *adapter, void *user)
{
    (void)adapter;
    (void)user;
    puts("{\"ev\":\"ready\"}");
    fflush(stdout);
}

/* What a browser sends, in the fields of Node's handshake. */
static const char handshake[] =
    "{\"headers\":{\"host\":\"chat.example.com\",\"connection\":\"Upgrade\",\"pragma\":\"no-"
    "cache\","
    "\"cache-control\":\"no-cache\",\"upgrade\":\"websocket\",\"origin\":"
    "\"https://chat.example.com\",\"sec-websocket-version\":\"13\",\"user-agent\":\"Mozilla/5.0 "
    "(X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36\","
    "\"accept-encoding\":\"gzip, deflate, br\",\"accept-language\":\"en-US,en;q=0.9\","
    "\"sec-websocket-key\":\"dGhlIHNhbXBsZSBub25jZQ==\",\"sec-websocket-extensions\":"
    "\"permessage-deflate; client_max_window_bits\"},\"time\":\"Fri Mar 01 2024 12:34:56 GMT+0000 "
    "(Coordinated Universal Time)\",\"address\":\"127.0.0.1\",\"xdomain\":true,\"secure\":true,"
    "\"issued\":1709296496789,\"url\":\"/socket.io/?EIO=4&transport=websocket\",\"query\":"
    "{\"EIO\":\"4\",\"transport\":\"websocket\"},\"auth\":{}}";

/* -- fetching -- */

static void fetch(struct node *node);

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    struct node *node = user;
    sio_remote_socket socket;

    (void)adapter;
    check(answers->status, "fetchSockets");
    node->found = 0;
    while (sio_fetched_next(fetched, &socket))
        node->found++;
    printf("%.4f", (now() - node->started) * 1e3);
    if (--node->left > 0) {
        putchar(',');
        fetch(node);
    } else {
        printf("],\"count\":%zu}\n", node->found);
        fflush(stdout);
    }
}

static void fetch(struct node *node)
{
    node->started = now();
    check(sio_adapter_fetch_sockets(node->adapter, NULL, on_fetched, node), "fetchSockets");
}

static void on_line(evutil_socket_t fd, short what, void *arg)
{
    struct node *node = arg;
    char line[64];
    ssize_t n = read(fd, line, sizeof line - 1);

    (void)what;
    if (n <= 0) {
        event_base_loopbreak(node->base);
        return;
    }
    line[n] = '\0';
    if (sscanf(line, "fetch %ld", &node->left) == 1) {
        printf("{\"ev\":\"fetched\",\"ms\":[");
        fetch(node);
    }
}

/* -- the sockets -- */

static sio_socket *add(struct node *node, const char *tag, long i)
{
    char sid[32];
    sio_socket *socket;

    snprintf(sid, sizeof sid, "%s%019ld", tag, i);
    check(sio_socket_new(node->adapter, sio_str_c(sid), &node->deliveries, &socket), "socket");
    check(sio_socket_connect(socket), "socket");
    return socket;
}

static void populate(struct node *node, int argc, char **argv)
{
    long sockets = bench_number(argc, argv, "--sockets", 10);
    long members = bench_number(argc, argv, "--members", 0);
    long rooms = bench_number(argc, argv, "--rooms", 0);
    const char *tag = bench_option(argc, argv, "--tag", "s");

    for (long i = 0; i < sockets; i++) {
        sio_socket *socket = add(node, tag, i);
        char room[32];

        if (i < members)
            check(sio_socket_join(socket, SIO_STR("room1")), "join");
        if (rooms == 0)
            continue;
        snprintf(room, sizeof room, "other%ld", i % rooms);
        check(sio_socket_join(socket, sio_str_c(room)), "join");
    }
}

int main(int argc, char **argv)
{
    struct node node = {.base = event_base_new()};
    sio_link_opts link_opts;
    sio_adapter_opts opts;
    sio_link *link;
    char err[256];
    long namespaces = bench_number(argc, argv, "--namespaces", 1);

    sio_buf_init(&node.handshake);
    check(sio_json_read(sio_str_c(handshake), 0, &node.handshake, NULL), "handshake");
    sio_link_opts_init(&link_opts);
    link_opts.url = bench_option(argc, argv, "--url", NULL);
    link_opts.base = node.base;
    if (sio_link_new(&link_opts, &link, err, sizeof err) != SIO_OK)
        bench_die("link", err);
    sio_adapter_opts_init(&opts);
    opts.user = &node;
    if (strcmp(bench_option(argc, argv, "--subscription", "pattern"), "rooms") == 0)
        opts.subscription = SIO_SUBSCRIBE_ROOMS;
    opts.specific_response_channel = bench_number(argc, argv, "--specific", 0) != 0;
    for (long i = 1; i < namespaces; i++) {
        char name[32];
        sio_adapter *other;

        snprintf(name, sizeof name, "/other%ld", i);
        opts.nsp = sio_str_c(name);
        check(sio_adapter_new(link, &opts, &other), "adapter");
    }
    opts.nsp = sio_str_c(bench_option(argc, argv, "--nsp", "/"));
    opts.host = (sio_host){.deliver = on_deliver,
                           .server_side_emit = on_event,
                           .describe = on_describe,
                           .ready = on_ready};
    check(sio_adapter_new(link, &opts, &node.adapter), "adapter");
    populate(&node, argc, argv);
    struct event *line = event_new(node.base, STDIN_FILENO, EV_READ | EV_PERSIST, on_line, &node);
    event_add(line, NULL);
    event_base_dispatch(node.base);
    _exit(0);
}
