/* SPDX-License-Identifier: MIT */
/* The address that the chat server listens on, and its new clients. */
#include "chat.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un path;
    struct sockaddr_storage storage;
};

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
                      int len, void *user)
{
    const int on = 1;
    (void)listener;
    (void)from;
    (void)len;
    /* A client whose machine has vanished is noticed, some day; without effect on a path. */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    client_new(user, fd);
}

/* Out of descriptors, usually: trying again at once would only burn the CPU. */
static void on_accept_error(struct evconnlistener *listener, void *user)
{
    const struct timeval pause = {.tv_sec = 1};
    struct server *server = user;

    fprintf(stderr, "accept: %s\n", strerror(errno));
    evconnlistener_disable(listener);
    event_add(server->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *user)
{
    struct server *server = user;
    (void)fd;
    (void)what;
    evconnlistener_enable(server->listener);
}

static bool parse_path(const char *text, union address *address, int *len)
{
    if (strlen(text) >= sizeof address->path.sun_path)
        return false;
    address->path.sun_family = AF_UNIX;
    memcpy(address->path.sun_path, text, strlen(text));
    *len = (int)sizeof address->path;
    return true;
}

/* Not evutil_parse_sockaddr_port(): it does not know port 0. */
static bool parse_host_port(const char *text, union address *address, int *len)
{
    char host[INET6_ADDRSTRLEN], rest;
    unsigned port;

    if (sscanf(text, "[%45[0-9a-fA-F:.]]:%5u%c", host, &port, &rest) == 2) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons((uint16_t)port);
        *len = (int)sizeof address->v6;
        return port <= UINT16_MAX && evutil_inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1;
    }
    address->v4.sin_family = AF_INET;
    *len = (int)sizeof address->v4;
    if (sscanf(text, "%45[0-9.]:%5u%c", host, &port, &rest) != 2)
        return false;
    address->v4.sin_port = htons((uint16_t)port);
    return port <= UINT16_MAX && evutil_inet_pton(AF_INET, host, &address->v4.sin_addr) == 1;
}

static bool parse_address(const char *text, union address *address, int *len)
{
    memset(address, 0, sizeof *address);
    return strchr(text, '/') != NULL ? parse_path(text, address, len)
                                     : parse_host_port(text, address, len);
}

/* Port 0 has become a free one. */
static bool bound_to(const struct server *server, union address *address)
{
    socklen_t len = sizeof *address;

    memset(address, 0, sizeof *address);
    return getsockname(evconnlistener_get_fd(server->listener), &address->any, &len) == 0;
}

static void say_address(const struct server *server)
{
    union address address;
    char host[INET6_ADDRSTRLEN] = "";

    if (!bound_to(server, &address))
        return;
    if (address.any.sa_family == AF_UNIX) {
        printf("listening on %s\n", address.path.sun_path);
    } else if (address.any.sa_family == AF_INET6) {
        evutil_inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
        printf("listening on [%s]:%d\n", host, ntohs(address.v6.sin6_port));
    } else {
        evutil_inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
        printf("listening on %s:%d\n", host, ntohs(address.v4.sin_port));
    }
}

bool listener_start(struct server *server, const char *text)
{
    const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE;
    union address address;
    int len;

    if (!parse_address(text, &address, &len)) {
        fprintf(stderr, "--listen %s: not IPV4:PORT, [IPV6]:PORT or /PATH\n", text);
        return false;
    }
    server->resume = evtimer_new(server->base, on_resume, server);
    if (server->resume != NULL)
        server->listener = evconnlistener_new_bind(server->base, on_accept, server, flags,
                                                   SOMAXCONN, &address.any, len);
    if (server->listener == NULL) {
        fprintf(stderr, "--listen %s: %s\n", text, strerror(errno));
        return false;
    }
    evconnlistener_set_error_cb(server->listener, on_accept_error);
    say_address(server);
    return true;
}

void listener_stop(struct server *server)
{
    union address address;

    if (server->listener != NULL) {
        if (bound_to(server, &address) && address.any.sa_family == AF_UNIX)
            unlink(address.path.sun_path);
        evconnlistener_free(server->listener);
    }
    if (server->resume != NULL)
        event_free(server->resume);
    server->listener = NULL;
    server->resume = NULL;
}
