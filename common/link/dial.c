/* SPDX-License-Identifier: MIT */
/* Tries the addresses of a name one after the other, the next one when one has failed
 * or has not answered for 250 ms (RFC 8305, section 5); the first that connects wins. */
#include "link/dial.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "link/resolve.h"

static const struct timeval stagger = {0, 250000};

void sio__dial_init(struct sio__dial *dial)
{
    memset(dial, 0, sizeof *dial);
    for (int i = 0; i < SIO__DIAL_ADDRESSES; i++)
        dial->attempts[i].fd = -1;
}

static void release_event(struct event **event)
{
    if (*event != NULL)
        event_free(*event);
    *event = NULL;
}

static void close_attempt(struct sio__dial_attempt *attempt)
{
    int fd = attempt->fd;

    release_event(&attempt->writable);
    attempt->fd = -1;
    if (fd >= 0)
        close(fd);
}

void sio__dial_stop(struct sio__dial *dial)
{
    struct sio__resolve *resolve = dial->resolve;

    release_event(&dial->resolved);
    release_event(&dial->next);
    for (unsigned i = 0; i < dial->tried; i++)
        close_attempt(&dial->attempts[i]);
    dial->resolve = NULL; /* first: a child may be forked in between */
    sio__resolve_free(resolve);
    dial->tried = dial->addresses = 0;
}

void sio__dial_after_fork(struct sio__dial *dial)
{
    for (int i = 0; i < SIO__DIAL_ADDRESSES; i++) {
        if (dial->attempts[i].fd >= 0)
            close(dial->attempts[i].fd);
    }
    if (dial->resolve != NULL)
        close(sio__resolve_fd(dial->resolve));
}

static void finish(struct sio__dial *dial, int fd, const char *text)
{
    sio__dial_cb *cb = dial->cb;
    char copy[sizeof dial->error];

    snprintf(copy, sizeof copy, "%s", text);
    sio__dial_stop(dial);
    cb(dial->arg, fd, copy);
}

/* "127.0.0.1:6379", "[::1]:6379", and before it a name that was looked up. */
static void print_peer(const struct sio__dial *dial, const struct addrinfo *address, char *out,
                       size_t size)
{
    char host[64], port[8];

    if (dial->to.path != NULL) {
        snprintf(out, size, "%s", dial->to.path);
        return;
    }
    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(host, sizeof host, "?");
    if (strcmp(host, dial->to.host) == 0)
        snprintf(out, size, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, dial->to.port);
    else
        snprintf(out, size, strchr(host, ':') != NULL ? "%.80s ([%s]:%u)" : "%.80s (%s:%u)",
                 dial->to.host, host, dial->to.port);
}

static void note_error(struct sio__dial *dial, const struct addrinfo *address, int error)
{
    char peer[SIO__PEER_MAX];

    print_peer(dial, address, peer, sizeof peer);
    snprintf(dial->error, sizeof dial->error, "cannot connect to %s: %s", peer, strerror(error));
}

/* Connecting to a free port of one's own machine can, by chance of the port it is given,
 * connect a socket to itself. */
static bool is_self(int fd)
{
    struct sockaddr_storage own, peer;
    socklen_t own_len = sizeof own, peer_len = sizeof peer;

    memset(&own, 0, sizeof own);
    memset(&peer, 0, sizeof peer);
    return getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 && own.ss_family != AF_UNIX &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_len) == 0 &&
           memcmp(&own, &peer, sizeof own) == 0;
}

static void try_next(struct sio__dial *dial);

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct sio__dial_attempt *attempt = arg;
    struct sio__dial *dial = attempt->dial;
    char peer[SIO__PEER_MAX];
    int error = 0;
    socklen_t len = sizeof error;

    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    if (error == 0 && is_self(fd))
        error = ECONNREFUSED;
    if (error != 0) {
        note_error(dial, attempt->address, error);
        close_attempt(attempt);
        try_next(dial);
        return;
    }
    print_peer(dial, attempt->address, peer, sizeof peer);
    attempt->fd = -1;
    finish(dial, fd, peer);
}

static void set_tcp_options(int fd)
{
    int on = 1;

    /* Batches are made by the outbox. Failing leaves a slower but working socket. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/* 0, or the error. */
static int connect_attempt(struct sio__dial_attempt *attempt, int family,
                           const struct sockaddr *address, socklen_t len)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return errno;
    if (family != AF_UNIX)
        set_tcp_options(fd);
    attempt->fd = fd;
    /* EAGAIN, a unix socket's when its backlog is full, is a failure: the socket is then not
     * on its way to anywhere, and trying again is for the pauses between attempts. */
    if (connect(fd, address, len) < 0 && errno != EINPROGRESS && errno != EINTR)
        return errno;
    attempt->writable = event_new(attempt->dial->base, fd, EV_WRITE, on_writable, attempt);
    if (attempt->writable == NULL || event_add(attempt->writable, NULL) < 0)
        return ENOMEM;
    return 0;
}

static int start_attempt(struct sio__dial *dial, struct sio__dial_attempt *attempt)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};

    attempt->dial = dial;
    if (dial->to.path == NULL) {
        attempt->address = dial->order[attempt - dial->attempts];
        return connect_attempt(attempt, attempt->address->ai_family, attempt->address->ai_addr,
                               attempt->address->ai_addrlen);
    }
    snprintf(path.sun_path, sizeof path.sun_path, "%s", dial->to.path);
    return connect_attempt(attempt, AF_UNIX, (struct sockaddr *)&path, sizeof path);
}

static void try_next(struct sio__dial *dial)
{
    bool open = false;

    while (dial->tried < dial->addresses) {
        struct sio__dial_attempt *attempt = &dial->attempts[dial->tried++];
        int error = start_attempt(dial, attempt);

        if (error == 0) {
            if (dial->tried < dial->addresses)
                evtimer_add(dial->next, &stagger);
            return;
        }
        note_error(dial, attempt->address, error);
        close_attempt(attempt);
    }
    for (unsigned i = 0; i < dial->tried; i++)
        open = open || dial->attempts[i].fd >= 0;
    if (!open)
        finish(dial, -1, dial->error);
}

static void on_next(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    try_next(arg);
}

/* RFC 8305, section 4: the families in turn, beginning with getaddrinfo()'s choice. */
static void interleave(struct sio__dial *dial, const struct addrinfo *list)
{
    const struct addrinfo *same = list, *other = list;
    bool first = true;

    while (dial->addresses < SIO__DIAL_ADDRESSES) {
        while (same != NULL && same->ai_family != list->ai_family)
            same = same->ai_next;
        while (other != NULL && other->ai_family == list->ai_family)
            other = other->ai_next;
        if (same == NULL && other == NULL)
            break;
        if (other == NULL || (first && same != NULL)) {
            dial->order[dial->addresses++] = same;
            same = same->ai_next;
        } else {
            dial->order[dial->addresses++] = other;
            other = other->ai_next;
        }
        first = !first;
    }
}

static void on_resolved(evutil_socket_t fd, short what, void *arg)
{
    struct sio__dial *dial = arg;
    const struct addrinfo *list;
    bool done;
    int code = sio__resolve_result(dial->resolve, &list, &done);

    (void)fd;
    (void)what;
    if (!done) { /* a wake-up without reason */
        event_add(dial->resolved, NULL);
        return;
    }
    if (code != 0) {
        snprintf(dial->error, sizeof dial->error, "cannot resolve %.80s: %s", dial->to.host,
                 code == EAI_SYSTEM ? "the system's resolver failed" : gai_strerror(code));
        finish(dial, -1, dial->error);
        return;
    }
    interleave(dial, list);
    try_next(dial);
}

sio_status sio__dial_start(struct sio__dial *dial, struct event_base *base,
                           const struct sio__address *to, sio__dial_cb *cb, void *arg)
{
    static const struct timeval now = {0, 0};
    sio_status status = SIO_ENOMEM;

    dial->base = base;
    dial->to = *to;
    dial->cb = cb;
    dial->arg = arg;
    dial->error[0] = '\0';
    dial->next = evtimer_new(base, on_next, dial);
    if (dial->next == NULL)
        return SIO_ENOMEM;
    if (to->path != NULL) {
        dial->addresses = 1;
        if (evtimer_add(dial->next, &now) < 0)
            goto fail;
        return SIO_OK;
    }
    status = sio__resolve_start(to->host, to->port, to->family, &dial->resolve);
    if (status != SIO_OK)
        goto fail;
    status = SIO_ENOMEM;
    dial->resolved = event_new(base, sio__resolve_fd(dial->resolve), EV_READ, on_resolved, dial);
    if (dial->resolved == NULL || event_add(dial->resolved, NULL) < 0)
        goto fail;
    return SIO_OK;
fail:
    sio__dial_stop(dial);
    return status;
}
