/* SPDX-License-Identifier: MIT */
/* What the benchmark programs share: options, files and the measured stretch of time. */
#ifndef SIO_BENCH_H
#define SIO_BENCH_H

#include <stddef.h>

#include <sio/buf.h>

/* Say why on stderr and exit with 1. */
_Noreturn void bench_die(const char *what, const char *why);

/* The value behind "--name" in argv; `fallback` if it is not there. */
const char *bench_option(int argc, char **argv, const char *name, const char *fallback);
long bench_number(int argc, char **argv, const char *name, long fallback);

/* The whole file; yours to sio_buf_fini(). */
sio_buf bench_file(const char *path);

/* Wall time, CPU time of this process (all its threads), CPU time of redis-server. */
struct bench_span {
    const char *redis_pid; /* NULL: not watched */
    double wall, cpu, redis;
};

void bench_begin(struct bench_span *span);
/* Print {"n","wall_s","cpu_s","redis_s"} of the n messages since bench_begin(). */
void bench_end(const struct bench_span *span, long n);

#endif
