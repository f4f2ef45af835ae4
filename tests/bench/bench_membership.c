/* SPDX-License-Identifier: MIT */
/* bench_membership [--sockets N] [--rooms N] [--per N] [--namespaces N] [--repeat N]
 *                  [--bare 1] [--worst 1]
 * In each namespace sockets connect and join `per` rooms each; then all of them go; all that so
 * many times. Prints
 *   {"memberships","add_us","remove_us","bytes"}
 * CPU and resident memory of one membership, with its share of its socket, room and
 * namespace; the rooms of the sockets' own ids are there, but are not counted. --bare does it
 * with what is the least: two arrays, that of the socket's rooms and that of the room's
 * sockets, by number, each with the place in the other, so that nothing is searched for; no
 * names, no hooks. --worst prints
 *   {"worst_us"}
 * instead, the longest that a socket has taken to connect and join in one namespace. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapter/registry.h"

#include "bench.h"

enum { SID_LEN = 20, ROOM_MAX = 32, PER_MAX = 16 };

struct world {
    long namespaces, nsockets, nrooms, per; /* the latter three in each namespace */
    struct sio__registry **registries;
    sio_socket **sockets; /* of all namespaces */
    char (*sids)[SID_LEN + 1];
    uint32_t *picks; /* the rooms of each socket */
    long memberships, made;
    double added, removed; /* CPU seconds */
    long bytes;
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
    w->picks = allocate(w->nsockets * w->per, sizeof *w->picks);
    for (long i = 0; i < w->nsockets; i++)
        snprintf(w->sids[i], sizeof w->sids[i], "id%018ld", i * 7919);
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

/* A server has the name in a message that it has just read: made here, so that it is as near. */
static sio_str name_of(uint32_t room, char text[ROOM_MAX])
{
    static const char head[5] = "room:";
    char *at = text + ROOM_MAX;

    do {
        *--at = (char)('0' + room % 10);
        room /= 10;
    } while (room > 0);
    at -= sizeof head;
    memcpy(at, head, sizeof head);
    return sio_str_of(at, (size_t)(text + ROOM_MAX - at));
}

static sio_socket *add(struct world *w, struct sio__registry *registry, long i)
{
    sio_socket *socket;
    check(sio__registry_add(registry, sio_str_of(w->sids[i], SID_LEN), w, &socket));
    check(sio__registry_connect(registry, socket));
    char texts[PER_MAX][ROOM_MAX];
    sio_str names[PER_MAX];
    for (long j = 0; j < w->per; j++)
        names[j] = name_of(w->picks[i * w->per + j], texts[j]);
    sio__registry_prefetch(registry, names, (size_t)w->per);
    for (long j = 0; j < w->per; j++)
        check(sio__registry_join(registry, socket, names[j]));
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

/* Called before the first comes, when all are there, and when all have gone. Memory is that of
 * the first time. */
static void begin(struct world *w)
{
    if (w->made == 0)
        w->bytes = -resident_bytes();
    w->added -= cpu_seconds();
}

static void note_added(struct world *w, long memberships)
{
    w->added += cpu_seconds();
    if (w->made == 0)
        w->bytes += resident_bytes();
    w->made += memberships;
    w->removed -= cpu_seconds();
}

static void note_removed(struct world *w)
{
    w->removed += cpu_seconds();
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

/* -- the least there could be -- */

struct place {
    uint32_t pile, at;
};

struct pile {
    struct place *items;
    uint32_t count, cap;
};

static void push(struct pile *pile, uint32_t other, uint32_t at)
{
    if (pile->count == pile->cap) {
        pile->cap = pile->cap < 4 ? 4 : pile->cap + pile->cap / 2;
        pile->items = realloc(pile->items, pile->cap * sizeof *pile->items);
        if (pile->items == NULL)
            bench_die("realloc", "out of memory");
    }
    pile->items[pile->count++] = (struct place){other, at};
}

/* The last one takes the place, and its socket learns of it. */
static void pull(struct pile *room, uint32_t at, struct pile *sockets)
{
    struct place last = room->items[--room->count];
    if (at == room->count)
        return;
    room->items[at] = last;
    sockets[last.pile].items[last.at].at = at;
}

static void bare_add(struct world *w, struct pile *sockets, struct pile *rooms)
{
    for (long i = 0; i < w->nsockets; i++) {
        for (long j = 0; j < w->per; j++) {
            uint32_t number = w->picks[i * w->per + j];
            struct pile *room = &rooms[number];
            push(&sockets[i], number, room->count);
            push(room, (uint32_t)i, sockets[i].count - 1);
        }
    }
    w->memberships += w->nsockets * w->per;
}

static void bare_remove(struct world *w, struct pile *sockets, struct pile *rooms)
{
    for (long i = 0; i < w->nsockets; i++) {
        for (uint32_t j = 0; j < sockets[i].count; j++)
            pull(&rooms[sockets[i].items[j].pile], sockets[i].items[j].at, sockets);
        free(sockets[i].items);
    }
    for (long i = 0; i < w->nrooms; i++) {
        if (rooms[i].count != 0)
            bench_die("arrays", "memberships are left");
        free(rooms[i].items);
    }
    w->memberships -= w->nsockets * w->per;
}

/* -- measuring -- */

static struct pile *piles_new(long n)
{
    struct pile *piles = calloc((size_t)n, sizeof *piles);
    if (piles == NULL)
        bench_die("calloc", "out of memory");
    return piles;
}

static void measure_bare(struct world *w)
{
    struct pile **sockets = allocate(w->namespaces, sizeof(struct pile *));
    struct pile **rooms = allocate(w->namespaces, sizeof(struct pile *));
    begin(w);
    for (long n = 0; n < w->namespaces; n++) {
        sockets[n] = piles_new(w->nsockets);
        rooms[n] = piles_new(w->nrooms);
        bare_add(w, sockets[n], rooms[n]);
    }
    note_added(w, w->memberships);
    for (long n = 0; n < w->namespaces; n++) {
        bare_remove(w, sockets[n], rooms[n]);
        free(sockets[n]);
        free(rooms[n]);
    }
    note_removed(w);
    free(sockets);
    free(rooms);
}

static void measure(struct world *w)
{
    begin(w);
    add_all(w);
    note_added(w, w->memberships - w->namespaces * w->nsockets);
    remove_all(w);
    note_removed(w);
}

int main(int argc, char **argv)
{
    struct world w = {
        .namespaces = bench_number(argc, argv, "--namespaces", 1),
        .nsockets = bench_number(argc, argv, "--sockets", 100000),
        .nrooms = bench_number(argc, argv, "--rooms", 10000),
        .per = bench_number(argc, argv, "--per", 5),
    };
    long repeat = bench_number(argc, argv, "--repeat", 1);
    bool bare = bench_number(argc, argv, "--bare", 0) != 0;
    if (w.per > PER_MAX)
        bench_die("--per", "at most 16");
    prepare(&w);
    if (bench_number(argc, argv, "--worst", 0) != 0) {
        print_worst(&w);
        return 0;
    }
    for (long i = 0; i < repeat; i++)
        bare ? measure_bare(&w) : measure(&w);
    double n = (double)w.made;
    printf("{\"memberships\":%.0f,\"add_us\":%.4f,\"remove_us\":%.4f,\"bytes\":%.2f}\n", n,
           w.added / n * 1e6, w.removed / n * 1e6, (double)w.bytes / (n / (double)repeat));
    return 0;
}
