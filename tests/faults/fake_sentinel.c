/* SPDX-License-Identifier: MIT */
#include "fake_sentinel.h"

#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

enum { CONNECTIONS = 16, ANSWER_MAX = 512 };

struct connection {
    int fd; /* -1: none */
    redisReader *reader;
    bool authenticated;
};

struct fake_sentinel {
    struct fake_sentinel_opts opts;
    int listener, port, stop[2];
    pthread_t thread;
    _Atomic int master, asked;
    struct connection conns[CONNECTIONS];
};

static void sentinel(struct fake_sentinel *fake, const char *verb, char *out)
{
    char port[8];

    if (strcasecmp(verb, "GET-MASTER-ADDR-BY-NAME") == 0) {
        fake->asked++;
        snprintf(port, sizeof port, "%d", fake->master);
        if (fake->master == 0)
            strcpy(out, "*-1\r\n");
        else
            snprintf(out, ANSWER_MAX, "*2\r\n$9\r\n127.0.0.1\r\n$%zu\r\n%s\r\n", strlen(port),
                     port);
    } else if (fake->opts.terse) {
        strcpy(out, "-NOPERM this user has no permissions to run this command\r\n");
    } else if (strcasecmp(verb, "MASTER") == 0) {
        strcpy(out, "*2\r\n$12\r\nconfig-epoch\r\n$1\r\n1\r\n");
    } else if (strcasecmp(verb, "MYID") == 0) {
        snprintf(out, ANSWER_MAX, "$7\r\nid%05d\r\n", fake->port);
    } else {
        strcpy(out, "*0\r\n");
    }
}

static void confirm(const redisReply *command, const char *verb, char *out)
{
    size_t len = 0;

    for (size_t i = 1; i < command->elements; i++)
        len += (size_t)snprintf(out + len, ANSWER_MAX - len,
                                "*3\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n:1\r\n", strlen(verb), verb,
                                strlen(command->element[i]->str), command->element[i]->str);
}

static void answer(struct fake_sentinel *fake, struct connection *conn, const redisReply *command,
                   char *out)
{
    const char *name = command->element[0]->str;
    const char *last = command->element[command->elements - 1]->str;

    if (strcmp(name, "AUTH") == 0) {
        conn->authenticated = fake->opts.password != NULL && strcmp(last, fake->opts.password) == 0;
        strcpy(out, conn->authenticated ? "+OK\r\n" : "-WRONGPASS invalid username-password\r\n");
    } else if (fake->opts.password != NULL && !conn->authenticated) {
        strcpy(out, "-NOAUTH Authentication required.\r\n");
    } else if (strcmp(name, "PING") == 0) {
        strcpy(out, "+PONG\r\n");
    } else if (strcmp(name, "SENTINEL") == 0) {
        sentinel(fake, command->element[1]->str, out);
    } else if (strcmp(name, "SUBSCRIBE") == 0) {
        if (fake->opts.terse)
            strcpy(out, "-NOPERM this user has no permissions to run this command\r\n");
        else
            confirm(command, "subscribe", out);
    } else if (strcmp(name, "UNSUBSCRIBE") == 0) {
        confirm(command, "unsubscribe", out);
    } else {
        strcpy(out, "-ERR unknown command\r\n");
    }
}

static void drop(struct connection *conn)
{
    redisReaderFree(conn->reader);
    close(conn->fd);
    *conn = (struct connection){.fd = -1};
}

static void serve(struct fake_sentinel *fake, struct connection *conn)
{
    char bytes[4096], out[ANSWER_MAX];
    ssize_t n = recv(conn->fd, bytes, sizeof bytes, 0);
    redisReply *command = NULL;
    bool open = n > 0;

    if (open)
        redisReaderFeed(conn->reader, bytes, (size_t)n);
    while (open && redisReaderGetReply(conn->reader, (void **)&command) == REDIS_OK &&
           command != NULL) {
        answer(fake, conn, command, out);
        freeReplyObject(command);
        open = fake->opts.mute || send(conn->fd, out, strlen(out), MSG_NOSIGNAL) >= 0;
    }
    if (!open)
        drop(conn);
}

static void welcome(struct fake_sentinel *fake)
{
    int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);

    for (int i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        if (fake->conns[i].fd < 0) {
            fake->conns[i] = (struct connection){.fd = fd, .reader = redisReaderCreate()};
            return;
        }
    }
    if (fd >= 0)
        close(fd);
}

static void *run(void *arg)
{
    struct fake_sentinel *fake = arg;
    struct pollfd fds[2 + CONNECTIONS];

    for (;;) {
        fds[0] = (struct pollfd){.fd = fake->stop[0], .events = POLLIN};
        fds[1] = (struct pollfd){.fd = fake->listener, .events = POLLIN};
        for (int i = 0; i < CONNECTIONS; i++)
            fds[2 + i] = (struct pollfd){.fd = fake->conns[i].fd, .events = POLLIN};
        if (poll(fds, 2 + CONNECTIONS, -1) < 0)
            continue;
        if (fds[0].revents != 0)
            return NULL;
        for (int i = 0; i < CONNECTIONS; i++) {
            if (fake->conns[i].fd >= 0 && fds[2 + i].revents != 0)
                serve(fake, &fake->conns[i]);
        }
        if (fds[1].revents != 0)
            welcome(fake);
    }
}

struct fake_sentinel *fake_sentinel_new(const struct fake_sentinel_opts *opts)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct fake_sentinel *fake = calloc(1, sizeof *fake);
    socklen_t len = sizeof at;

    assert_non_null(fake);
    if (opts != NULL)
        fake->opts = *opts;
    for (int i = 0; i < CONNECTIONS; i++)
        fake->conns[i].fd = -1;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fake->listener, 16), 0);
    assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&at, &len), 0);
    fake->port = ntohs(at.sin_port);
    assert_int_equal(pipe(fake->stop), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, run, fake), 0);
    return fake;
}

int fake_sentinel_port(const struct fake_sentinel *fake)
{
    return fake->port;
}

void fake_sentinel_name(struct fake_sentinel *fake, int port)
{
    fake->master = port;
}

int fake_sentinel_asked(struct fake_sentinel *fake)
{
    return fake->asked;
}

void fake_sentinel_free(struct fake_sentinel *fake)
{
    close(fake->stop[1]);
    pthread_join(fake->thread, NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        if (fake->conns[i].fd >= 0)
            drop(&fake->conns[i]);
    }
    close(fake->listener);
    close(fake->stop[0]);
    free(fake);
}
