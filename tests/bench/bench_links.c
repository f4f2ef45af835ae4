/* SPDX-License-Identifier: MIT */
/* bench_links --url URL [--links N] [--mode loop|thread] [--idle SECONDS] [--subscribe 1]
 * What links cost that do nothing: N of them in one process, on one loop or with a thread
 * each, all connected, each used once and then left alone. Prints memory and descriptors a
 * link, and the CPU time that they all take while idle, in percent of one CPU. */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <sio/link.h>

#include "bench.h"
#include "link/publish.h"
#include "link/subscribe.h"

enum { SETTLE_S = 3 /* spare memory is given back after a second */ };

struct counts {
    double resident, allocated;
    int fds;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static void count(struct counts *out)
{
    struct mallinfo2 info = mallinfo2(); /* of the main arena only: threads have their own */
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    DIR *folder = opendir("/proc/self/fd");

    if (file == NULL || folder == NULL || fscanf(file, "%*s %ld", &pages) != 1)
        bench_die("/proc/self", "cannot be read");
    fclose(file);
    out->resident = (double)pages * (double)sysconf(_SC_PAGESIZE);
    out->allocated = (double)(info.uordblks + info.hblkhd);
    out->fds = 0;
    while (readdir(folder) != NULL)
        out->fds++;
    closedir(folder);
}

/* Let so much time pass, with the loop running if there is one. */
static void pass(struct event_base *base, double seconds)
{
    struct timeval after = {(time_t)seconds,
                            (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)};
    struct timespec nap = {after.tv_sec, after.tv_usec * 1000L};

    if (base == NULL) {
        nanosleep(&nap, NULL);
        return;
    }
    event_base_loopexit(base, &after);
    event_base_dispatch(base);
}

static bool is_up(const sio_link_stats *stats)
{
    return stats->state == SIO_LINK_UP;
}

static bool has_answers(const sio_link_stats *stats)
{
    return stats->accepted == stats->published;
}

/* Until it is so of all links. */
static void wait_for(struct event_base *base, sio_link **links, long n,
                     bool (*is_so)(const sio_link_stats *stats))
{
    double until = now_s() + 60;

    for (long i = 0; i < n;) {
        sio_link_stats stats;

        sio_link_get_stats(links[i], &stats);
        if (is_so(&stats))
            i++;
        else if (now_s() > until)
            bench_die("links", "not all are up and answered");
        else
            pass(base, 0.01);
    }
}

static void ignore(void *owner)
{
    (void)owner;
}

static void ignore_text(void *owner, const char *text)
{
    (void)owner;
    (void)text;
}

static void ignore_gap(void *owner, int64_t from_ms, int64_t to_ms, const char *text)
{
    (void)owner;
    (void)from_ms;
    (void)to_ms;
    (void)text;
}

static void ignore_denied(void *owner, sio_str name, sio_status status, const char *text)
{
    (void)owner;
    (void)name;
    (void)status;
    bench_die("subscribe", text);
}

static void ignore_message(void *owner, int tag, sio_str channel, sio_str payload)
{
    (void)owner;
    (void)tag;
    (void)channel;
    (void)payload;
}

static void subscribe(sio_link *link, struct sio__listener **out)
{
    static const struct sio__listener_ops ops = {.message = ignore_message,
                                                 .ready = ignore,
                                                 .lost = ignore_text,
                                                 .gap = ignore_gap,
                                                 .denied = ignore_denied};

    if (sio__listener_new(link, &ops, NULL, out) != SIO_OK ||
        sio__listener_subscribe(*out, SIO__PATTERN, SIO_STR("socket.io#/#*"), 0) != SIO_OK ||
        sio__listener_subscribe(*out, SIO__CHANNEL, SIO_STR("socket.io-request#/#"), 0) != SIO_OK)
        bench_die("subscribe", "refused");
}

static void allow_descriptors(void)
{
    struct rlimit descriptors;

    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
}

struct bench {
    long n, idle_s;
    struct event_base *base; /* NULL: a thread each */
    sio_link **links;
    struct sio__listener **listeners; /* NULL: none subscribes */
};

static void open_links(struct bench *b, const char *url)
{
    char err[160] = "out of memory";
    sio_link_opts opts;

    sio_link_opts_init(&opts);
    opts.url = url;
    opts.base = b->base;
    for (long i = 0; i < b->n; i++) {
        if (sio_link_new(&opts, &b->links[i], err, sizeof err) != SIO_OK)
            bench_die("link", err);
        if (b->listeners != NULL)
            subscribe(b->links[i], &b->listeners[i]);
    }
    wait_for(b->base, b->links, b->n, is_up);
    pass(b->base, 0.5);
}

static void use_links(struct bench *b)
{
    for (long i = 0; i < b->n; i++)
        if (sio__link_publish(b->links[i], SIO__PUBLISH, SIO_STR("nobody"), SIO_STR("x"), NULL) !=
            SIO_OK)
            bench_die("publish", "refused");
    wait_for(b->base, b->links, b->n, has_answers);
    pass(b->base, SETTLE_S);
}

static void close_links(struct bench *b)
{
    for (long i = 0; i < b->n; i++) {
        if (b->listeners != NULL)
            sio__listener_free(b->listeners[i]);
        sio_link_free(b->links[i]);
    }
}

static void measure(struct bench *b, const char *url)
{
    struct counts before, connected, idle;
    double cpu, n = (double)b->n;

    count(&before);
    open_links(b, url);
    count(&connected);
    use_links(b);
    count(&idle);
    cpu = cpu_s();
    pass(b->base, (double)b->idle_s);
    cpu = 100 * (cpu_s() - cpu) / (double)b->idle_s;
    printf("{\"links\":%ld,\"fds\":%.2f,\"connected_bytes\":%.0f,\"connected_resident\":%.0f,"
           "\"idle_bytes\":%.0f,\"idle_resident\":%.0f,\"idle_cpu_percent\":%.5f,"
           "\"idle_cpu_percent_per_link\":%.6f}\n",
           b->n, (double)(idle.fds - before.fds) / n, (connected.allocated - before.allocated) / n,
           (connected.resident - before.resident) / n, (idle.allocated - before.allocated) / n,
           (idle.resident - before.resident) / n, cpu, cpu / n);
    close_links(b);
}

int main(int argc, char **argv)
{
    struct bench b = {.n = bench_number(argc, argv, "--links", 1000),
                      .idle_s = bench_number(argc, argv, "--idle", 10)};

    allow_descriptors();
    b.links = calloc((size_t)b.n, sizeof *b.links);
    if (bench_number(argc, argv, "--subscribe", 0) != 0)
        b.listeners = calloc((size_t)b.n, sizeof *b.listeners);
    if (bench_option(argc, argv, "--mode", "loop")[0] == 'l')
        b.base = event_base_new();
    measure(&b, bench_option(argc, argv, "--url", "redis://127.0.0.1:6379"));
    free(b.links);
    free(b.listeners);
    if (b.base != NULL)
        event_base_free(b.base);
    return 0;
}
