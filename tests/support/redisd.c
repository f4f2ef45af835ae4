/* SPDX-License-Identifier: MIT */
/* sio-redisd [--tcp] [-- REDIS-ARGUMENT...]: a private redis-server for one test.
 *
 * It prints "ready URL PID" when Redis answers, then obeys lines on its stdin, each
 * with a line in return:
 *     kill   SIGKILL                     -> killed
 *     start  again on the same address   -> ready URL PID
 *     stop   SIGSTOP                     -> stopped
 *     cont   SIGCONT                     -> continued
 *     quit   end, as the end of stdin does
 * At its end redis-server is killed and its directory removed. A line that cannot be
 * obeyed is answered "error TEXT". */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_TIMEOUT_MS = 20000, PROBE_INTERVAL_MS = 2 };

struct redisd {
    char dir[64];
    char socket_path[96];
    char url[128];
    int port;    /* 0: unix socket only */
    int held[2]; /* bound, never listening: keeps the port ours while Redis is down */
    pid_t pid;   /* 0: not running */
    char **extra;
    int nextra;
};

static volatile sig_atomic_t ended;

static void on_term(int sig)
{
    (void)sig;
    ended = 1;
}

static long long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void nap(void)
{
    struct timespec ts = {0, PROBE_INTERVAL_MS * 1000000L};

    nanosleep(&ts, NULL);
}

static int hold_port(int family, int *port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr *addr = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
    int on = 1;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v4.sin_port = htons((uint16_t)*port);
    v6.sin6_port = htons((uint16_t)*port);
    /* With SO_REUSEADDR on both, Redis can bind beside us and be the one that listens. */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, addr, len) < 0 || getsockname(fd, addr, &len) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
    return fd;
}

static void exec_redis(const struct redisd *d)
{
    char port[16], log[112];
    const char *fixed[] = {"redis-server", "--port",       port,        "--bind",
                           "127.0.0.1",    "-::1",         "--dir",     d->dir,
                           "--unixsocket", d->socket_path, "--save",    "",
                           "--appendonly", "no",           "--logfile", log};
    size_t nfixed = sizeof fixed / sizeof fixed[0];
    const char **argv = calloc(nfixed + (size_t)d->nextra + 1, sizeof *argv);

    if (argv == NULL)
        _exit(127);
    snprintf(port, sizeof port, "%d", d->port);
    snprintf(log, sizeof log, "%s/redis.log", d->dir);
    memcpy(argv, fixed, sizeof fixed);
    for (int i = 0; i < d->nextra; i++)
        argv[nfixed + (size_t)i] = d->extra[i];
    execvp(argv[0], (char **)(uintptr_t)argv);
    fprintf(stderr, "sio-redisd: redis-server: %s\n", strerror(errno));
    _exit(127);
}

/* Redis is there once it answers PING with anything, -NOAUTH included. */
static bool answers(const struct redisd *d)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = 2};
    char byte = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes;

    if (fd < 0)
        return false;
    memcpy(addr.sun_path, d->socket_path, strlen(d->socket_path) + 1);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    yes = connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0 &&
          send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 && recv(fd, &byte, 1, 0) == 1;
    close(fd);
    return yes;
}

static void copy_log(const struct redisd *d)
{
    char path[112], chunk[4096];
    size_t n;
    FILE *log;

    snprintf(path, sizeof path, "%s/redis.log", d->dir);
    log = fopen(path, "re");
    if (log == NULL)
        return;
    while ((n = fread(chunk, 1, sizeof chunk, log)) > 0)
        fwrite(chunk, 1, n, stderr);
    fclose(log);
}

static void kill_redis(struct redisd *d)
{
    if (d->pid == 0)
        return;
    kill(d->pid, SIGKILL);
    while (waitpid(d->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    d->pid = 0;
}

static bool start_redis(struct redisd *d)
{
    pid_t self = getpid();
    long long limit = now_ms() + START_TIMEOUT_MS;

    unlink(d->socket_path);
    d->pid = fork();
    if (d->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self)
            _exit(127);
        signal(SIGINT, SIG_IGN); /* a terminal's Ctrl-C is for the test */
        dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        exec_redis(d);
    }
    if (d->pid < 0) {
        d->pid = 0;
        return false;
    }
    while (!answers(d)) {
        if (waitpid(d->pid, NULL, WNOHANG) == d->pid) {
            d->pid = 0;
            copy_log(d);
            return false;
        }
        if (ended || now_ms() > limit) {
            kill_redis(d);
            return false;
        }
        nap();
    }
    return true;
}

static void say_ready(struct redisd *d)
{
    if (d->pid != 0)
        printf("error already running\n");
    else if (start_redis(d))
        printf("ready %s %ld\n", d->url, (long)d->pid);
    else
        printf("error redis-server did not start\n");
}

static void say_signal(struct redisd *d, int sig, const char *answer)
{
    if (d->pid == 0 || kill(d->pid, sig) < 0) {
        printf("error not running\n");
        return;
    }
    /* SIGSTOP takes effect later than kill() returns: wait until it has. */
    if (sig == SIGSTOP)
        waitpid(d->pid, NULL, WUNTRACED);
    printf("%s\n", answer);
}

static bool obey(struct redisd *d, const char *line)
{
    if (strcmp(line, "quit\n") == 0)
        return false;
    if (strcmp(line, "kill\n") == 0) {
        kill_redis(d);
        printf("killed\n");
    } else if (strcmp(line, "start\n") == 0) {
        say_ready(d);
    } else if (strcmp(line, "stop\n") == 0) {
        say_signal(d, SIGSTOP, "stopped");
    } else if (strcmp(line, "cont\n") == 0) {
        say_signal(d, SIGCONT, "continued");
    } else {
        printf("error unknown command\n");
    }
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

static bool prepare(struct redisd *d, bool tcp)
{
    const char *tmp = getenv("TMPDIR");
    int n;

    /* A long TMPDIR would not leave a unix socket's path room. */
    if (tmp == NULL || strlen(tmp) > sizeof d->dir - sizeof "/sio-redisd-XXXXXX")
        tmp = "/tmp";
    n = snprintf(d->dir, sizeof d->dir, "%s/sio-redisd-XXXXXX", tmp);
    if (n < 0 || mkdtemp(d->dir) == NULL)
        return false;
    snprintf(d->socket_path, sizeof d->socket_path, "%s/redis.sock", d->dir);
    snprintf(d->url, sizeof d->url, "unix://%s", d->socket_path);
    if (!tcp)
        return true;
    for (int tries = 0; tries < 20; tries++) {
        d->port = 0;
        d->held[0] = hold_port(AF_INET, &d->port);
        if (d->held[0] < 0)
            return false;
        d->held[1] = hold_port(AF_INET6, &d->port);
        if (d->held[1] >= 0 || errno != EADDRINUSE)
            break;
        close(d->held[0]);
    }
    snprintf(d->url, sizeof d->url, "redis://127.0.0.1:%d", d->port);
    return true;
}

int main(int argc, char **argv)
{
    struct redisd d = {.held = {-1, -1}};
    struct sigaction term = {.sa_handler = on_term}; /* no SA_RESTART: it ends fgets() */
    bool tcp = false;
    char line[64];
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--tcp") != 0) {
            fprintf(stderr, "usage: sio-redisd [--tcp] [-- REDIS-ARGUMENT...]\n");
            return 2;
        }
        tcp = true;
    }
    if (i < argc) {
        d.extra = argv + i + 1;
        d.nextra = argc - i - 1;
    }
    /* A signal to the group of a test that hangs is not for us: we clean up after it. */
    if (!isatty(STDIN_FILENO))
        setpgid(0, 0);
    sigaction(SIGTERM, &term, NULL);
    signal(SIGINT, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!prepare(&d, tcp)) {
        perror("sio-redisd");
        return 1;
    }
    say_ready(&d);
    for (;;) {
        if (ended || fgets(line, sizeof line, stdin) == NULL || !obey(&d, line))
            break;
    }
    kill_redis(&d);
    remove_dir(d.dir);
    return 0;
}
