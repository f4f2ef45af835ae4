/* SPDX-License-Identifier: MIT */
/* A chat server for line-based clients, one of several that share rooms through Redis, with
 * each other and with Socket.IO servers in Node.
 * example_chat [--listen ADDRESS] [--redis URL] */
#include "chat.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
    const char *listen, *redis;
};

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    struct server *server = user;
    (void)link;
    if (event->state == SIO_LINK_UP) {
        server->is_cut_off = false;
    } else if (event->state == SIO_LINK_DOWN && !server->is_cut_off) {
        fprintf(stderr, "Redis: %s\n", event->text);
        server->is_cut_off = true;
        chat_tell_all(server, "the other servers are out of reach for now");
    }
}

/* Without a URL this process is alone, and the adapter works all the same. */
static bool connect_redis(struct server *server, const char *url)
{
    sio_link_opts opts;
    char err[160];

    if (url == NULL)
        return true;
    sio_link_opts_init(&opts);
    opts.url = url;
    opts.base = server->base;
    opts.client_name = "sio-chat";
    opts.on_state = on_state;
    opts.user = server;
    if (sio_link_new(&opts, &server->link, err, sizeof err) == SIO_OK)
        return true;
    fprintf(stderr, "--redis: %s\n", err);
    return false;
}

static bool open_chat(struct server *server)
{
    sio_adapter_opts opts;

    sio_adapter_opts_init(&opts);
    opts.host = CHAT_HOST;
    opts.user = server;
    opts.base = server->base;
    sio_status status = sio_args_new(&server->args);
    if (status == SIO_OK)
        status = sio_target_new(&server->target);
    if (status == SIO_OK)
        status = sio_adapter_new(server->link, &opts, &server->adapter);
    if (status != SIO_OK)
        fprintf(stderr, "chat: %s\n", sio_status_text(status));
    return status == SIO_OK;
}

/* The clients read that it ends, the other servers hear that they leave. Then the loop has
 * nothing left. */
static void stop(struct server *server)
{
    struct client *client;

    server->is_stopping = true;
    listener_stop(server);
    event_del(server->interrupt); /* a second signal ends it at once */
    event_del(server->terminate);
    for (client = LIST_FIRST(&server->clients); client != NULL; client = LIST_NEXT(client, entry))
        client_end(client, "the server ends");
    sio_adapter_free(server->adapter);
    server->adapter = NULL;
    if (server->link != NULL)
        sio_link_close(server->link, GRACE_MS);
}

static void on_signal(evutil_socket_t sig, short what, void *user)
{
    (void)sig;
    (void)what;
    stop(user);
}

static bool catch_signals(struct server *server)
{
    server->interrupt = evsignal_new(server->base, SIGINT, on_signal, server);
    server->terminate = evsignal_new(server->base, SIGTERM, on_signal, server);
    if (server->interrupt != NULL && server->terminate != NULL &&
        event_add(server->interrupt, NULL) == 0 && event_add(server->terminate, NULL) == 0)
        return true;
    fprintf(stderr, "cannot catch signals\n");
    return false;
}

/* Also what was only begun. */
static void release(struct server *server)
{
    listener_stop(server);
    while (!LIST_EMPTY(&server->clients))
        client_free(LIST_FIRST(&server->clients));
    sio_adapter_free(server->adapter);
    sio_link_free(server->link);
    sio_target_free(server->target);
    sio_args_free(server->args);
    if (server->interrupt != NULL)
        event_free(server->interrupt);
    if (server->terminate != NULL)
        event_free(server->terminate);
    event_base_free(server->base);
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"listen", required_argument, NULL, 'l'},
        {"redis", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'l')
            options->listen = optarg;
        else if (option == 'r')
            options->redis = optarg;
        else
            return false;
    }
    return optind == argc;
}

int main(int argc, char **argv)
{
    struct options options = {"127.0.0.1:7000", getenv("REDIS_URL")};
    struct server server = {.clients = LIST_HEAD_INITIALIZER(server.clients)};

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: %s [--listen IPV4:PORT|[IPV6]:PORT|/PATH] [--redis URL]\n",
                argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* a client that has gone is an error of write() */
    setvbuf(stdout, NULL, _IOLBF, 0);
    server.base = event_base_new();
    if (server.base == NULL) {
        fprintf(stderr, "cannot make an event loop\n");
        return 1;
    }
    const bool ok = catch_signals(&server) && connect_redis(&server, options.redis) &&
                    open_chat(&server) && listener_start(&server, options.listen) &&
                    event_base_dispatch(server.base) >= 0;
    release(&server);
    return ok ? 0 : 1;
}
