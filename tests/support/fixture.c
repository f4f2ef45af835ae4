/* SPDX-License-Identifier: MIT */
/* Drives sio-redisd over its stdin and stdout. */
#include "fixture.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

struct redis_fixture {
    pid_t pid;
    FILE *to, *from;
    char url[160];
};

int64_t fixture_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void fixture_nap(void)
{
    struct timespec ts = {0, 1000000};

    nanosleep(&ts, NULL);
}

static void expect(struct redis_fixture *redis, const char *word)
{
    char line[256];

    if (fgets(line, sizeof line, redis->from) == NULL)
        fail_msg("sio-redisd ended");
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, word, strlen(word)) != 0)
        fail_msg("sio-redisd: %s", line);
    if (strcmp(word, "ready ") == 0) {
        snprintf(redis->url, sizeof redis->url, "%s", line + strlen(word));
        redis->url[strcspn(redis->url, " ")] = '\0';
    }
}

static void order(struct redis_fixture *redis, const char *command, const char *answer)
{
    fprintf(redis->to, "%s\n", command);
    fflush(redis->to);
    expect(redis, answer);
}

static void exec_redisd(const char *program, enum redis_transport transport,
                        const char *const *args)
{
    const char *argv[64] = {program};
    size_t n = 1;

    if (transport == REDIS_TCP)
        argv[n++] = "--tcp";
    argv[n++] = "--";
    for (size_t i = 0; args != NULL && args[i] != NULL && n < 63; i++)
        argv[n++] = args[i];
    execv(program, (char **)(uintptr_t)argv);
    _exit(127);
}

struct redis_fixture *redis_fixture_new(enum redis_transport transport, const char *const *args)
{
    struct redis_fixture *redis = calloc(1, sizeof *redis);
    const char *program = getenv("SIO_REDISD");
    int to[2], from[2];

    assert_non_null(redis);
    if (program == NULL)
        fail_msg("SIO_REDISD is not set: run the tests by ctest");
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    redis->pid = fork();
    if (redis->pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        exec_redisd(program, transport, args);
    }
    assert_true(redis->pid > 0);
    close(to[0]);
    close(from[1]);
    redis->to = fdopen(to[1], "w");
    redis->from = fdopen(from[0], "r");
    assert_non_null(redis->to);
    assert_non_null(redis->from);
    expect(redis, "ready ");
    return redis;
}

void redis_fixture_free(struct redis_fixture *redis)
{
    if (redis == NULL)
        return;
    fclose(redis->to);
    waitpid(redis->pid, NULL, 0);
    fclose(redis->from);
    free(redis);
}

const char *redis_fixture_url(const struct redis_fixture *redis)
{
    return redis->url;
}

void redis_fixture_kill(struct redis_fixture *redis)
{
    order(redis, "kill", "killed");
}

void redis_fixture_start(struct redis_fixture *redis)
{
    order(redis, "start", "ready ");
}

void redis_fixture_stop(struct redis_fixture *redis)
{
    order(redis, "stop", "stopped");
}

void redis_fixture_cont(struct redis_fixture *redis)
{
    order(redis, "cont", "continued");
}

struct redisContext *redis_fixture_connect(const struct redis_fixture *redis)
{
    struct redisContext *context;
    int port;

    if (strncmp(redis->url, "unix://", 7) == 0)
        context = redisConnectUnix(redis->url + 7);
    else if (sscanf(redis->url, "redis://127.0.0.1:%d", &port) == 1)
        context = redisConnect("127.0.0.1", port);
    else
        context = NULL;
    assert_non_null(context);
    assert_int_equal(context->err, 0);
    return context;
}

long long redis_fixture_command(const struct redis_fixture *redis, const char *command)
{
    struct redisContext *context = redis_fixture_connect(redis);
    redisReply *reply = redisCommand(context, command);
    long long number;

    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, reply->str);
    number = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
    freeReplyObject(reply);
    redisFree(context);
    return number;
}
