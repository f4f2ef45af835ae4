/* SPDX-License-Identifier: MIT */
/* Shared by the benchmark programs. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

void bench_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

const char *bench_option(int argc, char **argv, const char *name, const char *fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return fallback;
}

long bench_number(int argc, char **argv, const char *name, long fallback)
{
    const char *text = bench_option(argc, argv, name, NULL);
    return text != NULL ? strtol(text, NULL, 10) : fallback;
}

sio_buf bench_file(const char *path)
{
    static char chunk[65536];
    size_t n;
    sio_buf buf;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        bench_die(path, "cannot be opened");
    sio_buf_init(&buf);
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        if (sio_buf_append(&buf, chunk, n) != SIO_OK)
            bench_die(path, "out of memory");
    fclose(file);
    return buf;
}

/* The main thread, which is where redis-server publishes: nanoseconds on a CPU. */
static double redis_seconds(const char *pid)
{
    char path[64];
    unsigned long long ns = 0;
    if (pid == NULL)
        return 0;
    snprintf(path, sizeof path, "/proc/%s/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%llu", &ns) != 1)
        bench_die(path, "cannot be read");
    fclose(file);
    return (double)ns * 1e-9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void now(const char *redis_pid, struct bench_span *out)
{
    struct timespec t;
    struct rusage usage;
    clock_gettime(CLOCK_MONOTONIC, &t);
    getrusage(RUSAGE_SELF, &usage);
    out->wall = (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
    out->cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    out->redis = redis_seconds(redis_pid);
}

void bench_begin(struct bench_span *span)
{
    now(span->redis_pid, span);
}

void bench_end(const struct bench_span *span, long n)
{
    struct bench_span end;
    now(span->redis_pid, &end);
    printf("{\"n\":%ld,\"wall_s\":%.6f,\"cpu_s\":%.6f,\"redis_s\":%.6f}\n", n,
           end.wall - span->wall, end.cpu - span->cpu, end.redis - span->redis);
}
