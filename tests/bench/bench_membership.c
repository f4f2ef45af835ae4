/* SPDX-License-Identifier: MIT */
/* bench_membership [--sockets N] [--rooms N] [--per N] [--namespaces N] [--worst 1]: in each
 * namespace sockets connect and join `per` rooms each; then all of them go. Prints
 *   {"memberships","add_us","remove_us","bytes"}
 * CPU and resident memory of one membership, with its share of its socket, room and
 * namespace; the rooms of the sockets' own ids are there, but are not counted. --worst prints
 *   {"worst_us"}
 * instead, the longest that a socket has taken to connect and join in one namespace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapter/registry.h"

#include "bench.h"

enum { SID_LEN = 20, ROOM_MAX = 32 };

struct world {
    long namespaces, nsockets, nrooms, per; /* the latter three in each namespace */
    struct sio__registry **registries;
    sio_socket **sockets; /* of all namespaces */
    char (*sids)[SID_LEN + 1];
    char (*rooms)[ROOM_MAX];
    uint32_t *picks; /* the rooms of each socket */
    long memberships;
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static long resident_bytes(void)
{
    long all, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &all, &resident) != 2)
        bench_die("/proc/self/statm", "cannot be read");
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

/* Resident before the measurement begins. */
static void *allocate(long n, size_t size)
{
    void *memory = malloc((size_t)n * size);
    if (memory == NULL)
        bench_die("malloc", "out of memory");
    return memset(memory, 1, (size_t)n * size);
}

/* The same memberships as membership-node.mjs makes. */
static void prepare(struct world *w)
{
    uint32_t seed = 12345;
    w->registries = allocate(w->namespaces, sizeof(struct sio__registry *));
    w->sockets = allocate(w->namespaces * w->nsockets, sizeof(sio_socket *));
    w->sids = allocate(w->nsockets, sizeof *w->sids);
    w->rooms = allocate(w->nrooms, sizeof *w->rooms);
    w->picks = allocate(w->nsockets * w->per, sizeof *w->picks);
    for (long i = 0; i < w->nsockets; i++)
        snprintf(w->sids[i], sizeof w->sids[i], "id%018ld", i * 7919);
    for (long i = 0; i < w->nrooms; i++)
        snprintf(w->rooms[i], sizeof w->rooms[i], "room:%ld", i);
    for (long i = 0; i < w->nsockets * w->per; i++) {
        seed = (seed * 1103515245U + 12345U) & 0x7fffffffU;
        w->picks[i] = (seed >> 8) % (uint32_t)w->nrooms;
    }
}

static void check(sio_status status)
{
    if (status != SIO_OK)
        bench_die("registry", sio_status_text(status));
}

/* An adapter is told of each change, too. */
static void on_change(void *owner, sio_room_event event, sio_str room, sio_socket *socket)
{
    struct world *w = owner;
    (void)room;
    (void)socket;
    w->memberships += (event == SIO_ROOM_JOIN) - (event == SIO_ROOM_LEAVE);
}

static sio_socket *add(struct world *w, struct sio__registry *registry, long i)
{
    sio_socket *socket;
    check(sio__registry_add(registry, sio_str_of(w->sids[i], SID_LEN), w, &socket));
    check(sio__registry_connect(registry, socket));
    for (long j = 0; j < w->per; j++)
        check(sio__registry_join(registry, socket, sio_str_c(w->rooms[w->picks[i * w->per + j]])));
    return socket;
}

static void add_all(struct world *w)
{
    for (long n = 0; n < w->namespaces; n++) {
        w->registries[n] = sio__registry_new(on_change, w);
        if (w->registries[n] == NULL)
            bench_die("registry", "out of memory");
        for (long i = 0; i < w->nsockets; i++)
            w->sockets[n * w->nsockets + i] = add(w, w->registries[n], i);
    }
}

static void remove_all(struct world *w)
{
    for (long n = 0; n < w->namespaces; n++) {
        for (long i = 0; i < w->nsockets; i++)
            sio__registry_remove(w->registries[n], w->sockets[n * w->nsockets + i]);
        sio__registry_free(w->registries[n]);
    }
    if (w->memberships != 0)
        bench_die("registry", "memberships are left");
}

static void print_worst(struct world *w)
{
    double worst = 0;
    struct sio__registry *registry = sio__registry_new(on_change, w);
    for (long i = 0; i < w->nsockets; i++) {
        double start = cpu_seconds();
        add(w, registry, i);
        double took = cpu_seconds() - start;
        worst = took > worst ? took : worst;
    }
    sio__registry_free(registry);
    printf("{\"worst_us\":%.1f}\n", worst * 1e6);
}

int main(int argc, char **argv)
{
    struct world w = {
        .namespaces = bench_number(argc, argv, "--namespaces", 1),
        .nsockets = bench_number(argc, argv, "--sockets", 100000),
        .nrooms = bench_number(argc, argv, "--rooms", 10000),
        .per = bench_number(argc, argv, "--per", 5),
    };
    prepare(&w);
    if (bench_number(argc, argv, "--worst", 0) != 0) {
        print_worst(&w);
        return 0;
    }

    long resident = resident_bytes();
    double start = cpu_seconds();
    add_all(&w);
    double added = cpu_seconds() - start;
    resident = resident_bytes() - resident;
    double n = (double)(w.memberships - w.namespaces * w.nsockets);

    start = cpu_seconds();
    remove_all(&w);
    double removed = cpu_seconds() - start;

    printf("{\"memberships\":%.0f,\"add_us\":%.4f,\"remove_us\":%.4f,\"bytes\":%.2f}\n", n,
           added / n * 1e6, removed / n * 1e6, (double)resident / n);
    return 0;
}
