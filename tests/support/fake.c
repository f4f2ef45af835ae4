/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <ctype.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

enum { MAX_PUBLISHES = 4096, COMMANDS = 16, CONNECTIONS = 8 };

struct connection {
    int fd; /* -1: none */
    redisReader *reader;
    bool subscribed;
};

struct fake_redis {
    fake_redis_answer *answer;
    void *arg;
    char dir[64], url[128];
    int listener, stop[2];
    int port; /* 0: a unix socket */
    pthread_t thread;
    _Atomic int publishes, connections;
    int numbers[MAX_PUBLISHES];
    struct connection conns[CONNECTIONS];
    pthread_mutex_t lock;
    pthread_cond_t pushed;
    char *push;
    size_t push_len;
    struct {
        char name[16];
        int n;
    } counts[COMMANDS];
};

static int count(struct fake_redis *fake, const char *name)
{
    for (int i = 0; i < COMMANDS; i++) {
        if (fake->counts[i].name[0] == '\0')
            snprintf(fake->counts[i].name, sizeof fake->counts[i].name, "%s", name);
        if (strcmp(fake->counts[i].name, name) == 0)
            return fake->counts[i].n++;
    }
    return -1;
}

static const char *usual(const char *name)
{
    if (strcmp(name, "ROLE") == 0)
        return "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
    if (strcmp(name, "PUBLISH") == 0 || strcmp(name, "SPUBLISH") == 0)
        return ":1\r\n";
    if (strcmp(name, "PING") == 0)
        return "+PONG\r\n";
    return "+OK\r\n";
}

/* How Redis confirms; the name is the command's. */
static bool confirm(int fd, const redisReply *command)
{
    const redisReply *name = command->element[1];
    char head[64], verb[16];
    char tail[] = "\r\n:1\r\n";
    struct iovec iov[3] = {
        {.iov_base = head}, {name->str, (size_t)name->len}, {tail, sizeof tail - 1}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 3};

    snprintf(verb, sizeof verb, "%s", command->element[0]->str);
    for (char *c = verb; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    iov[0].iov_len = (size_t)snprintf(head, sizeof head, "*3\r\n$%zu\r\n%s\r\n$%zu\r\n",
                                      strlen(verb), verb, (size_t)name->len);
    return sendmsg(fd, &msg, MSG_NOSIGNAL) >= 0;
}

/* false: the connection is to be closed. */
static bool obey(struct fake_redis *fake, struct connection *conn, const redisReply *command)
{
    const char *name = command->element[0]->str, *answer;

    if (strstr(name, "PUBLISH") != NULL && fake->publishes < MAX_PUBLISHES) {
        fake->numbers[fake->publishes] = atoi(command->element[2]->str);
        fake->publishes++;
    }
    answer = fake->answer(fake->arg, name, count(fake, name));
    if (strstr(name, "SUBSCRIBE") != NULL) {
        conn->subscribed = true;
        if (answer == FAKE_USUAL)
            return confirm(conn->fd, command);
    }
    if (answer == FAKE_USUAL)
        answer = usual(name);
    return answer != NULL && send(conn->fd, answer, strlen(answer), MSG_NOSIGNAL) >= 0;
}

static void drop(struct connection *conn)
{
    redisReaderFree(conn->reader);
    close(conn->fd);
    *conn = (struct connection){.fd = -1};
}

static void serve(struct fake_redis *fake, struct connection *conn)
{
    char bytes[4096];
    ssize_t n = recv(conn->fd, bytes, sizeof bytes, 0);
    redisReply *command = NULL;
    bool open = n > 0;

    if (open)
        redisReaderFeed(conn->reader, bytes, (size_t)n);
    while (open && redisReaderGetReply(conn->reader, (void **)&command) == REDIS_OK &&
           command != NULL) {
        open = obey(fake, conn, command);
        freeReplyObject(command);
    }
    if (!open)
        drop(conn);
}

static void welcome(struct fake_redis *fake)
{
    int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);

    for (int i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        if (fake->conns[i].fd < 0) {
            fake->conns[i] = (struct connection){.fd = fd, .reader = redisReaderCreate()};
            fake->connections++;
            return;
        }
    }
    if (fd >= 0)
        close(fd);
}

static void push(struct fake_redis *fake)
{
    pthread_mutex_lock(&fake->lock);
    for (int i = 0; i < CONNECTIONS; i++) {
        if (fake->conns[i].fd >= 0 && fake->conns[i].subscribed)
            send(fake->conns[i].fd, fake->push, fake->push_len, MSG_NOSIGNAL);
    }
    free(fake->push);
    fake->push = NULL;
    pthread_cond_signal(&fake->pushed);
    pthread_mutex_unlock(&fake->lock);
}

static void *run(void *arg)
{
    struct fake_redis *fake = arg;

    for (;;) {
        struct pollfd fds[CONNECTIONS + 2] = {{.fd = fake->stop[0], .events = POLLIN},
                                              {.fd = fake->listener, .events = POLLIN}};
        char word;

        for (int i = 0; i < CONNECTIONS; i++)
            fds[i + 2] = (struct pollfd){.fd = fake->conns[i].fd, .events = POLLIN};
        poll(fds, CONNECTIONS + 2, -1);
        if (fds[0].revents != 0 && (read(fake->stop[0], &word, 1) != 1 || word != 'p'))
            break;
        if (fds[0].revents != 0)
            push(fake);
        if (fds[1].revents != 0)
            welcome(fake);
        for (int i = 0; i < CONNECTIONS; i++) {
            if (fds[i + 2].revents != 0 && fds[i + 2].fd == fake->conns[i].fd)
                serve(fake, &fake->conns[i]);
        }
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        if (fake->conns[i].fd >= 0)
            drop(&fake->conns[i]);
    }
    return NULL;
}

void fake_redis_push(struct fake_redis *fake, const char *bytes, size_t len)
{
    pthread_mutex_lock(&fake->lock);
    fake->push = malloc(len);
    assert_non_null(fake->push);
    memcpy(fake->push, bytes, len);
    fake->push_len = len;
    assert_int_equal(write(fake->stop[1], "p", 1), 1);
    while (fake->push != NULL)
        pthread_cond_wait(&fake->pushed, &fake->lock);
    pthread_mutex_unlock(&fake->lock);
}

static void listen_on_path(struct fake_redis *fake)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};

    strcpy(fake->dir, "/tmp/sio-fake-XXXXXX");
    assert_non_null(mkdtemp(fake->dir));
    snprintf(path.sun_path, sizeof path.sun_path, "%s/s", fake->dir);
    snprintf(fake->url, sizeof fake->url, "unix://%s", path.sun_path);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&path, sizeof path), 0);
}

static void listen_on_port(struct fake_redis *fake)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;

    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(getsockname(fake->listener, (struct sockaddr *)&any, &len), 0);
    fake->port = ntohs(any.sin_port);
    snprintf(fake->url, sizeof fake->url, "redis://127.0.0.1:%d", fake->port);
}

static struct fake_redis *make(fake_redis_answer *answer, void *arg,
                               void (*open)(struct fake_redis *fake))
{
    struct fake_redis *fake = calloc(1, sizeof *fake);

    assert_non_null(fake);
    fake->answer = answer;
    fake->arg = arg;
    pthread_mutex_init(&fake->lock, NULL);
    pthread_cond_init(&fake->pushed, NULL);
    for (int i = 0; i < CONNECTIONS; i++)
        fake->conns[i].fd = -1;
    open(fake);
    assert_int_equal(listen(fake->listener, 16), 0);
    assert_int_equal(pipe(fake->stop), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, run, fake), 0);
    return fake;
}

struct fake_redis *fake_redis_new(fake_redis_answer *answer, void *arg)
{
    return make(answer, arg, listen_on_path);
}

struct fake_redis *fake_redis_new_tcp(fake_redis_answer *answer, void *arg)
{
    return make(answer, arg, listen_on_port);
}

int fake_redis_port(const struct fake_redis *fake)
{
    return fake->port;
}

const char *fake_redis_url(const struct fake_redis *fake)
{
    return fake->url;
}

int fake_redis_publishes(struct fake_redis *fake)
{
    return fake->publishes;
}

int fake_redis_publish(struct fake_redis *fake, int at)
{
    return fake->numbers[at];
}

int fake_redis_connections(struct fake_redis *fake)
{
    return fake->connections;
}

void fake_redis_free(struct fake_redis *fake)
{
    close(fake->stop[1]);
    pthread_join(fake->thread, NULL);
    close(fake->stop[0]);
    close(fake->listener);
    if (fake->port == 0) {
        unlink(fake->url + strlen("unix://"));
        rmdir(fake->dir);
    }
    free(fake);
}
