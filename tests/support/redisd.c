/* SPDX-License-Identifier: MIT */
/* sio-redisd [--topology NAME] [--failure-ms MS] [-- REDIS-ARGUMENT...]: a private Redis for
 * one test. NAME, by default what the environment variable SIO_TOPOLOGY says, is one of
 *     unix      redis-server on a unix socket; also if nothing is said
 *     tcp       on a loopback port
 *     tls       on a loopback port that speaks TLS alone
 *     sentinel  a master server1, replicas server2 and server3, and sentinel1 to sentinel3
 *     cluster   masters node1, node2, node3 and their replicas node4, node5, node6
 * --tcp is --topology tcp. The program that is run is redis-server, or what SIO_REDIS_SERVER
 * says. A server that is silent for MS (default 5000) is taken for dead by the others.
 *
 * When all servers answer and work together it prints
 *     ready URL PID [ca=FILE] server=NAME,PORT,PID,SOCKET...
 * with one `server` for each: its unix socket takes plaintext in any topology. Then it obeys
 * lines on its stdin, each with a line in return. WHO is a server's name, its port, or
 * `master`, which is the one that takes writes now (sentinel); without it all are meant.
 *     kill [WHO]   SIGKILL                      -> killed
 *     start [WHO]  again on the same address    -> ready ...
 *     stop [WHO]   SIGSTOP                      -> stopped
 *     cont [WHO]   SIGCONT                      -> continued
 *     master                                    -> master NAME
 *     quit         end, as the end of stdin does
 * At its end the servers are killed and their directory removed. A line that cannot be
 * obeyed is answered "error TEXT". */
#include "redisd.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SETTLE_TIMEOUT_MS = 30000, DEFAULT_FAILURE_MS = 5000 };

volatile sig_atomic_t ended;

static void on_term(int sig)
{
    (void)sig;
    ended = 1;
}

static bool wait_settled(struct deployment *d)
{
    long long limit = now_ms() + SETTLE_TIMEOUT_MS;

    while (d->topology->settled != NULL && !d->topology->settled(d)) {
        if (ended || now_ms() > limit) {
            for (size_t i = 0; i < d->count; i++)
                server_copy_log(&d->servers[i]);
            return false;
        }
        nap();
    }
    return true;
}

static struct server *master_of(struct deployment *d)
{
    return d->topology->master != NULL ? d->topology->master(d) : &d->servers[0];
}

/* [*from, *to) of the servers that are meant; false: there is no such server. */
static bool find(struct deployment *d, const char *who, struct server **from, struct server **to)
{
    int port = atoi(who);

    *from = d->servers;
    *to = d->servers + d->count;
    if (who[0] == '\0')
        return true;
    if (strcmp(who, "master") == 0)
        *from = master_of(d);
    else
        while (*from < *to && strcmp((*from)->name, who) != 0 &&
               (port == 0 || (*from)->port != port))
            ++*from;
    if (*from == *to)
        return false;
    *to = *from + 1;
    return true;
}

static void print_ready(const struct deployment *d)
{
    printf("ready %s %ld", d->url, (long)d->servers[0].pid);
    if (d->ca[0] != '\0')
        printf(" ca=%s", d->ca);
    for (size_t i = 0; i < d->count; i++) {
        const struct server *s = &d->servers[i];

        printf(" server=%s,%d,%ld,%s", s->name, s->port, (long)s->pid, s->socket_path);
    }
    putchar('\n');
}

static void say_ready(struct deployment *d, const char *who)
{
    struct server *from, *to;
    bool ok = find(d, who, &from, &to);

    for (struct server *s = from; ok && s < to; s++)
        if (s->pid != 0) {
            printf("error already running\n");
            return;
        }
    for (struct server *s = from; ok && s < to; s++)
        ok = server_spawn(s);
    for (struct server *s = from; ok && s < to; s++)
        ok = server_wait(s);
    if (ok && who[0] == '\0')
        ok = wait_settled(d);
    if (ok)
        print_ready(d);
    else
        printf("error Redis did not start\n");
}

static void say_signal(struct deployment *d, const char *who, int sig, const char *answer)
{
    struct server *from, *to;
    bool ok = find(d, who, &from, &to);

    for (struct server *s = from; ok && s < to; s++) {
        ok = s->pid != 0 && kill(s->pid, sig) == 0;
        /* SIGSTOP takes effect later than kill() returns: wait until it has. */
        if (ok && sig == SIGSTOP)
            waitpid(s->pid, NULL, WUNTRACED);
    }
    printf("%s\n", ok ? answer : "error not running");
}

static void say_killed(struct deployment *d, const char *who)
{
    struct server *from, *to;

    if (!find(d, who, &from, &to)) {
        printf("error no such server\n");
        return;
    }
    for (struct server *s = from; s < to; s++)
        server_kill(s);
    printf("killed\n");
}

static bool obey(struct deployment *d, char *line)
{
    char *word = strtok(line, " \n");
    const char *who = word != NULL ? strtok(NULL, " \n") : NULL;

    if (word == NULL)
        word = line;
    if (who == NULL)
        who = "";
    if (strcmp(word, "quit") == 0)
        return false;
    if (strcmp(word, "kill") == 0)
        say_killed(d, who);
    else if (strcmp(word, "start") == 0)
        say_ready(d, who);
    else if (strcmp(word, "stop") == 0)
        say_signal(d, who, SIGSTOP, "stopped");
    else if (strcmp(word, "cont") == 0)
        say_signal(d, who, SIGCONT, "continued");
    else if (strcmp(word, "master") == 0)
        printf("master %s\n", master_of(d)->name);
    else
        printf("error unknown command\n");
    return true;
}

static void remove_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno == EISDIR) {
            char below[512];

            snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            remove_dir(below);
        }
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}

static bool make_dir(struct deployment *d)
{
    const char *tmp = getenv("TMPDIR");

    /* A long TMPDIR would not leave a unix socket's path room. */
    if (tmp == NULL || strlen(tmp) > sizeof d->dir - sizeof "/sio-redisd-XXXXXX")
        tmp = "/tmp";
    snprintf(d->dir, sizeof d->dir, "%s/sio-redisd-XXXXXX", tmp);
    return mkdtemp(d->dir) != NULL;
}

static const struct topology *topology_named(const char *name)
{
    static const struct topology *const all[] = {&topology_unix, &topology_tcp, &topology_tls,
                                                 &topology_sentinel, &topology_cluster};

    if (name == NULL || name[0] == '\0')
        return &topology_unix;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    fprintf(stderr, "sio-redisd: there is no topology \"%s\"\n", name);
    exit(2);
}

static void read_arguments(struct deployment *d, int argc, char **argv)
{
    const char *topology = getenv("SIO_TOPOLOGY");
    int i = 1;

    d->failure_ms = DEFAULT_FAILURE_MS;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--tcp") == 0) {
            topology = "tcp";
        } else if (i + 1 < argc && strcmp(argv[i], "--topology") == 0) {
            topology = argv[++i];
        } else if (i + 1 < argc && strcmp(argv[i], "--failure-ms") == 0) {
            d->failure_ms = atoi(argv[++i]);
        } else {
            fprintf(stderr, "usage: sio-redisd [--topology unix|tcp|tls|sentinel|cluster] "
                            "[--failure-ms MS] [-- REDIS-ARGUMENT...]\n");
            exit(2);
        }
    }
    if (i < argc) {
        d->extra = argv + i + 1;
        d->nextra = argc - i - 1;
    }
    d->topology = topology_named(topology);
}

static void finish(struct deployment *d)
{
    for (size_t i = 0; i < d->count; i++)
        server_kill(&d->servers[i]);
    for (size_t i = 0; i < d->count; i++)
        release_ports(&d->servers[i]);
    remove_dir(d->dir);
}

int main(int argc, char **argv)
{
    static struct deployment d;
    struct sigaction term = {.sa_handler = on_term}; /* no SA_RESTART: it ends fgets() */
    char line[64];
    int status = 0;

    read_arguments(&d, argc, argv);
    /* A signal to the group of a test that hangs is not for us: we clean up after it. */
    if (!isatty(STDIN_FILENO))
        setpgid(0, 0);
    sigaction(SIGTERM, &term, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!make_dir(&d) || !d.topology->prepare(&d)) {
        perror("sio-redisd");
        status = 1;
    } else {
        say_ready(&d, "");
        while (!ended && fgets(line, sizeof line, stdin) != NULL && obey(&d, line))
            ;
    }
    finish(&d);
    return status;
}
