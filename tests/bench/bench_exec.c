/* SPDX-License-Identifier: MIT */
/* bench_exec RUNS STDIN PROGRAM [ARG...]: run a program again and again, its stdin from a
 * file and its stdout dropped, and print what each run took from exec to exit:
 *   {"ms":[...],"cpu_ms":[...],"rss_kib":[...]}
 * A small program because a child's peak RSS begins with that of whoever starts it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { MAX_RUNS = 1000 };

struct run {
    double ms, cpu_ms, rss_kib;
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void child(const char *input, char **argv)
{
    int in = open(input, O_RDONLY), out = open("/dev/null", O_WRONLY);
    if (in >= 0 && out >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
        execvp(argv[0], argv);
    _exit(127);
}

static void run_once(const char *input, char **argv, struct run *out)
{
    struct timespec start, end;
    struct rusage usage;
    int status;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t pid = fork();
    if (pid == 0)
        child(input, argv);
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
        bench_die(argv[0], "cannot be started");
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        bench_die(argv[0], "has failed");
    out->ms =
        (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) * 1e-6;
    out->cpu_ms = (seconds(usage.ru_utime) + seconds(usage.ru_stime)) * 1e3;
    out->rss_kib = (double)usage.ru_maxrss;
}

static void print(const char *name, const struct run *runs, int n, size_t offset)
{
    printf("\"%s\":[", name);
    for (int i = 0; i < n; i++) {
        double value;
        memcpy(&value, (const char *)&runs[i] + offset, sizeof value);
        printf("%s%.4f", i > 0 ? "," : "", value);
    }
    printf("]");
}

int main(int argc, char **argv)
{
    static struct run runs[MAX_RUNS];
    int n = argc > 3 ? atoi(argv[1]) : 0;
    if (n < 1 || n > MAX_RUNS)
        bench_die("usage", "bench_exec RUNS STDIN PROGRAM [ARG...]");
    for (int i = 0; i < n; i++)
        run_once(argv[2], argv + 3, &runs[i]);
    printf("{");
    print("ms", runs, n, offsetof(struct run, ms));
    printf(",");
    print("cpu_ms", runs, n, offsetof(struct run, cpu_ms));
    printf(",");
    print("rss_kib", runs, n, offsetof(struct run, rss_kib));
    printf("}\n");
    return 0;
}
