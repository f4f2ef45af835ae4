/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

enum { MAX_PUBLISHES = 4096, COMMANDS = 8 };

struct fake_redis {
    fake_redis_answer *answer;
    void *arg;
    char dir[64], url[128];
    int listener, stop[2];
    pthread_t thread;
    _Atomic int publishes, connections;
    int numbers[MAX_PUBLISHES];
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
    if (strcmp(name, "PUBLISH") == 0)
        return ":1\r\n";
    if (strcmp(name, "PING") == 0)
        return "+PONG\r\n";
    return "+OK\r\n";
}

/* 0: the connection is to be closed. */
static int obey(struct fake_redis *fake, int fd, const redisReply *command)
{
    const char *name = command->element[0]->str, *answer;

    if (strcmp(name, "PUBLISH") == 0 && fake->publishes < MAX_PUBLISHES) {
        fake->numbers[fake->publishes] = atoi(command->element[2]->str);
        fake->publishes++;
    }
    answer = fake->answer(fake->arg, name, count(fake, name));
    if (answer == FAKE_USUAL)
        answer = usual(name);
    return answer != NULL && send(fd, answer, strlen(answer), MSG_NOSIGNAL) >= 0;
}

/* Wait for fd; 0: the fake is to end. */
static int wait_for(struct fake_redis *fake, int fd)
{
    struct pollfd fds[2] = {{.fd = fake->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    poll(fds, 2, -1);
    return fds[0].revents == 0;
}

static void serve(struct fake_redis *fake, int fd)
{
    redisReader *reader = redisReaderCreate();
    char bytes[4096];
    int open = 1;

    while (open && wait_for(fake, fd)) {
        redisReply *command = NULL;
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);

        if (n <= 0)
            break;
        redisReaderFeed(reader, bytes, (size_t)n);
        while (open && redisReaderGetReply(reader, (void **)&command) == REDIS_OK &&
               command != NULL) {
            open = obey(fake, fd, command);
            freeReplyObject(command);
        }
    }
    redisReaderFree(reader);
}

static void *run(void *arg)
{
    struct fake_redis *fake = arg;

    while (wait_for(fake, fake->listener)) {
        int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0)
            continue;
        fake->connections++;
        serve(fake, fd);
        close(fd);
    }
    return NULL;
}

struct fake_redis *fake_redis_new(fake_redis_answer *answer, void *arg)
{
    struct fake_redis *fake = calloc(1, sizeof *fake);
    struct sockaddr_un path = {.sun_family = AF_UNIX};

    assert_non_null(fake);
    fake->answer = answer;
    fake->arg = arg;
    strcpy(fake->dir, "/tmp/sio-fake-XXXXXX");
    assert_non_null(mkdtemp(fake->dir));
    snprintf(path.sun_path, sizeof path.sun_path, "%s/s", fake->dir);
    snprintf(fake->url, sizeof fake->url, "unix://%s", path.sun_path);
    fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fake->listener, (struct sockaddr *)&path, sizeof path), 0);
    assert_int_equal(listen(fake->listener, 16), 0);
    assert_int_equal(pipe(fake->stop), 0);
    assert_int_equal(pthread_create(&fake->thread, NULL, run, fake), 0);
    return fake;
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
    unlink(fake->url + strlen("unix://"));
    rmdir(fake->dir);
    free(fake);
}
