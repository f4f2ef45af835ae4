/* SPDX-License-Identifier: MIT */
/* Loopback ports that stay ours for as long as the deployment lives, also while the server
 * that listens on one is down. */
#include "redisd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static int bind_port(int family, int *port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr *addr = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
    int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4.sin_port = htons((uint16_t)*port);
    v6.sin6_port = htons((uint16_t)*port);
    /* With SO_REUSEADDR on both, Redis can bind beside us and be the one that listens. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, addr, len) < 0 || getsockname(fd, addr, &len) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

static void keep(struct server *s, int fd)
{
    for (int i = 0; i < MAX_HELD; i++)
        if (s->held[i] < 0) {
            s->held[i] = fd;
            return;
        }
}

int hold_port(struct server *s, bool both_families)
{
    for (int tries = 0; tries < 20; tries++) {
        int port = 0;
        int v4 = bind_port(AF_INET, &port);
        int v6 = v4 >= 0 && both_families ? bind_port(AF_INET6, &port) : -1;

        if (v4 < 0)
            return -1;
        if (v6 >= 0 || !both_families || errno != EADDRINUSE) { /* a machine may have no IPv6 */
            keep(s, v4);
            if (v6 >= 0)
                keep(s, v6);
            return port;
        }
        close(v4);
    }
    return -1;
}

void release_ports(struct server *s)
{
    for (int i = 0; i < MAX_HELD; i++)
        if (s->held[i] >= 0)
            close(s->held[i]);
}
