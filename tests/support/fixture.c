/* SPDX-License-Identifier: MIT */
/* Drives sio-redisd over its stdin and stdout. */
#include "fixture.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sio/link.h>

#include "unit.h"

enum { MAX_SERVERS = 6, LINE_SIZE = 4096 };

static const char *const topologies[] = {
    [REDIS_ANY] = "",    [REDIS_UNIX] = "unix",         [REDIS_TCP] = "tcp",
    [REDIS_TLS] = "tls", [REDIS_SENTINEL] = "sentinel", [REDIS_CLUSTER] = "cluster",
};

struct server {
    char name[16];
    int port;
    char socket_path[108];
};

struct redis_fixture {
    enum redis_topology topology;
    pid_t pid;
    FILE *to, *from;
    char url[256];
    char ca[128];
    struct server servers[MAX_SERVERS];
    size_t count;
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

/* What follows "ready": URL PID [ca=FILE] server=NAME,PORT,PID,SOCKET... */
static void read_ready(struct redis_fixture *redis, char *line)
{
    char *next, *word = strtok_r(line, " ", &next);

    assert_non_null(word);
    snprintf(redis->url, sizeof redis->url, "%s", word);
    redis->count = 0;
    while ((word = strtok_r(NULL, " ", &next)) != NULL) {
        struct server *s = &redis->servers[redis->count];

        if (strncmp(word, "ca=", 3) == 0)
            snprintf(redis->ca, sizeof redis->ca, "%s", word + 3);
        else if (strncmp(word, "server=", 7) == 0 && redis->count < MAX_SERVERS &&
                 sscanf(word + 7, "%15[^,],%d,%*d,%107s", s->name, &s->port, s->socket_path) == 3)
            redis->count++;
    }
    assert_true(redis->count > 0);
}

/* An answer that begins with `word`; what follows it is left in `line`. */
static void expect(const struct redis_fixture *redis, const char *word, char line[LINE_SIZE])
{
    if (fgets(line, LINE_SIZE, redis->from) == NULL)
        fail_msg("sio-redisd ended");
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, word, strlen(word)) != 0)
        fail_msg("sio-redisd: %s", line);
    memmove(line, line + strlen(word), strlen(line + strlen(word)) + 1);
}

void redis_fixture_order(struct redis_fixture *redis, const char *order)
{
    static const char *const answers[][2] = {
        {"kill", "killed"}, {"start", "ready "}, {"stop", "stopped"}, {"cont", "continued"}};
    size_t len = strcspn(order, " ");
    char line[LINE_SIZE];

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        if (strlen(answers[i][0]) != len || strncmp(order, answers[i][0], len) != 0)
            continue;
        fprintf(redis->to, "%s\n", order);
        fflush(redis->to);
        expect(redis, answers[i][1], line);
        if (strcmp(answers[i][1], "ready ") == 0)
            read_ready(redis, line);
        return;
    }
    fail_msg("unknown order: %s", order);
}

static void exec_redisd(const char *program, const struct redis_fixture_opts *opts)
{
    const char *argv[64] = {program};
    char failure[16];
    size_t n = 1;

    if (opts->topology != REDIS_ANY) {
        argv[n++] = "--topology";
        argv[n++] = topologies[opts->topology];
    }
    if (opts->failure_ms > 0) {
        snprintf(failure, sizeof failure, "%d", opts->failure_ms);
        argv[n++] = "--failure-ms";
        argv[n++] = failure;
    }
    argv[n++] = "--";
    for (size_t i = 0; opts->args != NULL && opts->args[i] != NULL && n < 63; i++)
        argv[n++] = opts->args[i];
    execv(program, (char **)(uintptr_t)argv);
    _exit(127);
}

static enum redis_topology chosen(enum redis_topology wanted)
{
    const char *name = getenv("SIO_TOPOLOGY");

    if (wanted != REDIS_ANY)
        return wanted;
    for (size_t i = REDIS_UNIX; name != NULL && i < sizeof topologies / sizeof topologies[0]; i++)
        if (strcmp(name, topologies[i]) == 0)
            return (enum redis_topology)i;
    return REDIS_UNIX;
}

struct redis_fixture *redis_fixture_new_with(const struct redis_fixture_opts *opts)
{
    struct redis_fixture *redis = calloc(1, sizeof *redis);
    const char *program = getenv("SIO_REDISD");
    char line[LINE_SIZE];
    int to[2], from[2];

    assert_non_null(redis);
    if (program == NULL)
        fail_msg("SIO_REDISD is not set: run the tests by ctest");
    redis->topology = chosen(opts->topology);
    assert_int_equal(pipe2(to, O_CLOEXEC), 0);
    assert_int_equal(pipe2(from, O_CLOEXEC), 0);
    redis->pid = fork();
    if (redis->pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        exec_redisd(program, opts);
    }
    assert_true(redis->pid > 0);
    close(to[0]);
    close(from[1]);
    redis->to = fdopen(to[1], "w");
    redis->from = fdopen(from[0], "r");
    assert_non_null(redis->to);
    assert_non_null(redis->from);
    expect(redis, "ready ", line);
    read_ready(redis, line);
    return redis;
}

struct redis_fixture *redis_fixture_new(enum redis_topology topology, const char *const *args)
{
    return redis_fixture_new_with(&(struct redis_fixture_opts){.topology = topology, .args = args});
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

void redis_fixture_link_opts(const struct redis_fixture *redis, sio_link_opts *opts)
{
    opts->url = redis->url;
    opts->tls.ca_file = redis_fixture_ca(redis);
}

const char *redis_fixture_url(const struct redis_fixture *redis)
{
    return redis->url;
}

const char *redis_fixture_ca(const struct redis_fixture *redis)
{
    return redis->ca[0] != '\0' ? redis->ca : NULL;
}

enum redis_topology redis_fixture_topology(const struct redis_fixture *redis)
{
    return redis->topology;
}

void redis_fixture_kill(struct redis_fixture *redis)
{
    redis_fixture_order(redis, "kill");
}

void redis_fixture_start(struct redis_fixture *redis)
{
    redis_fixture_order(redis, "start");
}

void redis_fixture_stop(struct redis_fixture *redis)
{
    redis_fixture_order(redis, "stop");
}

void redis_fixture_cont(struct redis_fixture *redis)
{
    redis_fixture_order(redis, "cont");
}

static const struct server *server_named(const struct redis_fixture *redis, const char *name)
{
    for (size_t i = 0; i < redis->count; i++)
        if (strcmp(redis->servers[i].name, name) == 0)
            return &redis->servers[i];
    fail_msg("no server \"%s\"", name);
    return NULL;
}

const char *redis_fixture_master(const struct redis_fixture *redis)
{
    char line[LINE_SIZE];

    if (redis->topology != REDIS_SENTINEL)
        return redis->servers[0].name;
    fprintf(redis->to, "master\n");
    fflush(redis->to);
    expect(redis, "master ", line);
    return server_named(redis, line)->name;
}

size_t redis_fixture_count(const struct redis_fixture *redis)
{
    return redis->topology == REDIS_SENTINEL ? redis->count / 2 : redis->count;
}

const char *redis_fixture_name(const struct redis_fixture *redis, size_t i)
{
    return redis->servers[i].name;
}

int redis_fixture_port(const struct redis_fixture *redis, const char *name)
{
    return server_named(redis, name)->port;
}

struct redisContext *redis_fixture_connect_to(const struct redis_fixture *redis, const char *name)
{
    struct redisContext *context = redisConnectUnix(server_named(redis, name)->socket_path);

    assert_non_null(context);
    assert_int_equal(context->err, 0);
    return context;
}

struct redisContext *redis_fixture_connect(const struct redis_fixture *redis)
{
    return redis_fixture_connect_to(redis, redis_fixture_master(redis));
}

static long long command_on(struct redisContext *context, const char *command)
{
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

long long redis_fixture_command(const struct redis_fixture *redis, const char *command)
{
    return command_on(redis_fixture_connect(redis), command);
}

long long redis_fixture_each(const struct redis_fixture *redis, const char *command)
{
    long long sum = 0;

    for (size_t i = 0; i < redis_fixture_count(redis); i++)
        sum += command_on(redis_fixture_connect_to(redis, redis->servers[i].name), command);
    return sum;
}
