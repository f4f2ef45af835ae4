/* SPDX-License-Identifier: MIT */
/* A host on the installed package: two sockets, one of them in the room. Given the URL of a
 * Redis, it broadcasts once its subscriptions are live there, and hears from Redis that it
 * has reached one server, itself; otherwise it is alone. */
#include <stdio.h>

#include <event2/event.h>
#include <sio/adapter.h>

struct host {
    struct event_base *base;
    sio_target *room;
    int delivered;
    int64_t receivers;
    sio_status told;
};

static void deliver(sio_adapter *adapter, sio_socket *socket, void *name, const sio_broadcast *b,
                    void *user)
{
    (void)adapter;
    printf("%s (%.*s): %u value(s)\n", (const char *)name, (int)sio_socket_sid(socket).len,
           sio_socket_sid(socket).ptr, (unsigned)b->count);
    ((struct host *)user)->delivered++;
}

static void on_done(sio_adapter *adapter, const sio_emit_result *result, void *user)
{
    struct host *host = user;

    (void)adapter;
    host->told = result->status;
    host->receivers = result->receivers;
    event_base_loopbreak(host->base);
}

static void on_live(sio_adapter *adapter, sio_status status, void *user)
{
    struct host *host = user;

    if (status == SIO_OK)
        sio_adapter_emit(adapter, host->room, SIO_STR("e"), NULL, on_done, host);
}

int main(int argc, char **argv)
{
    const struct timeval deadline = {10, 0};
    struct host host = {.base = event_base_new(), .receivers = -1, .told = SIO_EINVAL};
    sio_adapter *adapter = NULL;
    sio_socket *ann = NULL, *bob = NULL;
    sio_link *link = NULL;
    sio_link_opts link_opts;
    sio_adapter_opts opts;

    sio_link_opts_init(&link_opts);
    link_opts.base = host.base;
    link_opts.url = argv[1];
    sio_adapter_opts_init(&opts);
    opts.host.deliver = deliver;
    opts.user = &host;
    if ((argc > 1 && sio_link_new(&link_opts, &link, NULL, 0) != SIO_OK) ||
        sio_adapter_new(link, &opts, &adapter) != SIO_OK ||
        sio_socket_new(adapter, SIO_STR("1"), "ann", &ann) != SIO_OK ||
        sio_socket_new(adapter, SIO_STR("2"), "bob", &bob) != SIO_OK ||
        sio_socket_connect(ann) != SIO_OK || sio_socket_connect(bob) != SIO_OK ||
        sio_socket_join(bob, SIO_STR("news")) != SIO_OK || sio_target_new(&host.room) != SIO_OK ||
        sio_target_to(host.room, SIO_STR("news")) != SIO_OK ||
        sio_adapter_sync(adapter, on_live, &host) != SIO_OK)
        return 1;
    if (argc > 1) {
        event_base_loopexit(host.base, &deadline);
        event_base_dispatch(host.base);
    }
    sio_adapter_free(adapter);
    sio_link_free(link);
    sio_target_free(host.room);
    event_base_free(host.base);
    printf("%s, %d server(s)\n", sio_status_name(host.told), (int)host.receivers);
    return host.told == SIO_OK && host.delivered == 1 && host.receivers == (argc > 1) ? 0 : 1;
}
