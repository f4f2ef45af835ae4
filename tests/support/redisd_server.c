/* SPDX-License-Identifier: MIT */
/* One server of a deployment: its configuration file, its process, and questions to it. */
#include "redisd.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_TIMEOUT_MS = 20000, PROBE_INTERVAL_MS = 2, ANSWER_TIMEOUT_S = 2 };

long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void nap(void)
{
    struct timespec ts = {0, PROBE_INTERVAL_MS * 1000000L};

    nanosleep(&ts, NULL);
}

struct server *server_add(struct deployment *d, const char *name)
{
    struct server *s = &d->servers[d->count];

    memset(s, 0, sizeof *s);
    for (int i = 0; i < MAX_HELD; i++)
        s->held[i] = -1;
    snprintf(s->name, sizeof s->name, "%s", name);
    snprintf(s->dir, sizeof s->dir, "%s/%s", d->dir, name);
    snprintf(s->socket_path, sizeof s->socket_path, "%s/%s/redis.sock", d->dir, name);
    if (d->count == MAX_SERVERS || mkdir(s->dir, 0755) < 0)
        return NULL;
    d->count++;
    return s;
}

FILE *server_configure(struct server *s)
{
    char path[128];
    FILE *conf;

    snprintf(path, sizeof path, "%s/redis.conf", s->dir);
    conf = fopen(path, "we");
    if (conf != NULL)
        fprintf(conf, "dir %s\nunixsocket %s\nlogfile %s/redis.log\n", s->dir, s->socket_path,
                s->dir);
    return conf;
}

/* As redis-server itself makes a configuration of its arguments: a line begins at "--". */
void server_extra(FILE *conf, const struct deployment *d)
{
    for (int i = 0; i < d->nextra; i++) {
        if (strncmp(d->extra[i], "--", 2) == 0) {
            fprintf(conf, "\n%s", d->extra[i] + 2);
            continue;
        }
        fputs(" \"", conf);
        for (const char *p = d->extra[i]; *p != '\0'; p++)
            fprintf(conf, strchr("\"\\", *p) != NULL ? "\\%c" : "%c", *p);
        fputc('"', conf);
    }
    fputc('\n', conf);
}

static void exec_server(const struct server *s)
{
    const char *program = getenv("SIO_REDIS_SERVER");
    char conf[128];

    if (program == NULL || program[0] == '\0')
        program = "redis-server";
    snprintf(conf, sizeof conf, "%s/redis.conf", s->dir);
    execlp(program, program, conf, s->sentinel ? "--sentinel" : (char *)NULL, (char *)NULL);
    fprintf(stderr, "sio-redisd: %s: %s\n", program, strerror(errno));
    _exit(127);
}

bool server_spawn(struct server *s)
{
    pid_t self = getpid();

    unlink(s->socket_path);
    s->pid = fork();
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self)
            _exit(127);
        signal(SIGINT, SIG_IGN); /* a terminal's Ctrl-C is for the test */
        dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        exec_server(s);
    }
    if (s->pid < 0)
        s->pid = 0;
    return s->pid != 0;
}

void server_copy_log(const struct server *s)
{
    char path[128], chunk[4096];
    size_t n;
    FILE *log;

    snprintf(path, sizeof path, "%s/redis.log", s->dir);
    log = fopen(path, "re");
    if (log == NULL)
        return;
    fprintf(stderr, "sio-redisd: the log of %s:\n", s->name);
    while ((n = fread(chunk, 1, sizeof chunk, log)) > 0)
        fwrite(chunk, 1, n, stderr);
    fclose(log);
}

void server_kill(struct server *s)
{
    if (s->pid == 0)
        return;
    kill(s->pid, SIGKILL);
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    s->pid = 0;
}

redisReply *server_ask(const struct server *s, const char *command)
{
    struct timeval limit = {.tv_sec = ANSWER_TIMEOUT_S};
    redisContext *context = redisConnectUnixWithTimeout(s->socket_path, limit);
    redisReply *reply = NULL;

    if (context != NULL && context->err == 0 && redisSetTimeout(context, limit) == REDIS_OK)
        reply = redisCommand(context, command);
    if (context != NULL)
        redisFree(context);
    return reply;
}

bool server_wait(struct server *s)
{
    long long limit = now_ms() + START_TIMEOUT_MS;
    redisReply *reply;

    /* It is there once it answers with anything, -NOAUTH included. */
    while ((reply = server_ask(s, "PING")) == NULL) {
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
            s->pid = 0;
            server_copy_log(s);
            return false;
        }
        if (ended || now_ms() > limit) {
            server_kill(s);
            return false;
        }
        nap();
    }
    freeReplyObject(reply);
    return true;
}

bool server_follows(const struct server *s)
{
    redisReply *role = server_ask(s, "ROLE");
    bool yes = role != NULL && role->type == REDIS_REPLY_ARRAY && role->elements == 5 &&
               role->element[3]->type == REDIS_REPLY_STRING &&
               strcmp(role->element[3]->str, "connected") == 0;

    freeReplyObject(role);
    return yes;
}

bool every_server(struct deployment *d, bool (*passes)(const struct server *))
{
    for (size_t i = 0; i < d->count; i++)
        if (!passes(&d->servers[i]))
            return false;
    return true;
}
