/* SPDX-License-Identifier: MIT */
/* A thread that interprets the script, one step after the other. */
#include "fake_script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_script {
    char *text, url[64], error[256];
    int listener, fd, stop[2];
    bool broken; /* error is set */
    char in[4096];
    size_t in_len;
    _Atomic int step;
    _Atomic bool failed;
    pthread_t thread;
};

static bool fail(struct fake_script *fake, const char *what)
{
    if (!fake->broken)
        snprintf(fake->error, sizeof fake->error, "step %d: %s", fake->step, what);
    fake->broken = true;
    return false;
}

/* Wait for fd or, with fd -1, for the time. False: the script is being freed. */
static bool wait_for(struct fake_script *fake, int fd, int ms)
{
    struct pollfd fds[2] = {{.fd = fake->stop[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    poll(fds, 2, ms);
    return fds[0].revents == 0 || fail(fake, "freed before its end");
}

/* More bytes into `in`. */
static bool receive(struct fake_script *fake)
{
    ssize_t n;

    if (fake->in_len == sizeof fake->in)
        return fail(fake, "too many bytes");
    if (!wait_for(fake, fake->fd, -1))
        return false;
    n = recv(fake->fd, fake->in + fake->in_len, sizeof fake->in - fake->in_len, 0);
    if (n <= 0)
        return fail(fake, "the other side closed");
    fake->in_len += (size_t)n;
    return true;
}

static void drop(struct fake_script *fake, size_t len)
{
    fake->in_len -= len;
    memmove(fake->in, fake->in + len, fake->in_len);
}

static bool read_number(const char *at, const char *end, char type, long *number, const char **next)
{
    const char *eol = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;

    if (eol == NULL || *at != type)
        return false;
    *number = strtol(at + 1, NULL, 10);
    *next = eol + 1;
    return true;
}

/* The bytes of the command at the start of `in`, and where its name is; 0: not whole. */
static size_t command(const struct fake_script *fake, const char **name)
{
    const char *at = fake->in, *end = fake->in + fake->in_len;
    long parts, len;

    if (!read_number(at, end, '*', &parts, &at))
        return 0;
    for (long i = 0; i < parts; i++) {
        if (!read_number(at, end, '$', &len, &at) || end - at < len + 2)
            return 0;
        if (i == 0)
            *name = at;
        at += len + 2;
    }
    return (size_t)(at - fake->in);
}

static bool send_all(struct fake_script *fake, const char *bytes, size_t len)
{
    return send(fake->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len || fail(fake, "cannot send");
}

/* Take one whole command, and the begin of its name. */
static bool next_command(struct fake_script *fake, char name[8])
{
    const char *at = "";
    size_t len;

    while ((len = command(fake, &at)) == 0) {
        if (!receive(fake))
            return false;
    }
    snprintf(name, 8, "%.7s", at);
    drop(fake, len);
    return true;
}

static bool greet(struct fake_script *fake)
{
    static const char role[] = "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
    char name[8];

    while (next_command(fake, name)) {
        if (strncmp(name, "ROLE", 4) == 0)
            return send_all(fake, role, sizeof role - 1);
        if (!send_all(fake, "+OK\r\n", 5))
            return false;
    }
    return false;
}

static bool take_publishes(struct fake_script *fake, int n)
{
    char name[8];

    for (; n > 0; n--) {
        if (!next_command(fake, name))
            return false;
        if (strcmp(name, "PUBLISH") != 0)
            return fail(fake, "not a PUBLISH");
    }
    return true;
}

/* The bytes that `text` writes with escapes, up to the line's end. */
static size_t unescape(const char *text, char *out)
{
    size_t n = 0;

    for (; *text != '\0' && *text != '\n'; text++) {
        unsigned byte = (unsigned char)*text;

        if (*text == '\\') {
            text++;
            byte = *text == 'r'   ? '\r'
                   : *text == 'n' ? '\n'
                   : *text == 't' ? '\t'
                                  : (unsigned char)*text;
            if (*text == 'x' && sscanf(text + 1, "%2x", &byte) == 1)
                text += 2;
        }
        out[n++] = (char)byte;
    }
    return n;
}

static bool expect(struct fake_script *fake, const char *bytes, size_t len)
{
    while (fake->in_len < len) {
        if (memcmp(fake->in, bytes, fake->in_len) != 0)
            return fail(fake, "other bytes came");
        if (!receive(fake))
            return false;
    }
    if (memcmp(fake->in, bytes, len) != 0)
        return fail(fake, "other bytes came");
    drop(fake, len);
    return true;
}

static void close_client(struct fake_script *fake, bool reset)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    if (fake->fd < 0)
        return;
    if (reset)
        setsockopt(fake->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fake->fd);
    fake->fd = -1;
    fake->in_len = 0;
}

static bool hang(struct fake_script *fake)
{
    char bytes[4096];

    for (;;) {
        if (!wait_for(fake, fake->fd, -1)) {
            fake->broken = false; /* that is how it may end */
            return true;
        }
        if (recv(fake->fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    }
}

static bool obey(struct fake_script *fake, const char *line)
{
    char word[16] = "", bytes[4096];
    int skip = 0;
    size_t len;

    sscanf(line, "%15s%n", word, &skip);
    line += skip + (line[skip] == ' ');
    if (strcmp(word, "accept") == 0) {
        close_client(fake, false);
        if (!wait_for(fake, fake->listener, -1))
            return false;
        fake->fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
        return fake->fd >= 0 || fail(fake, "cannot accept");
    }
    if (strcmp(word, "sleep") == 0)
        return wait_for(fake, -1, atoi(line));
    if (strcmp(word, "close") == 0 || strcmp(word, "reset") == 0) {
        close_client(fake, word[0] == 'r');
        return true;
    }
    if (fake->fd < 0)
        return fail(fake, "no connection");
    if (strcmp(word, "greet") == 0)
        return greet(fake);
    if (strcmp(word, "publish") == 0)
        return take_publishes(fake, atoi(line));
    if (strcmp(word, "hang") == 0)
        return hang(fake);
    len = unescape(line, bytes);
    if (strcmp(word, "send") == 0)
        return send_all(fake, bytes, len);
    if (strcmp(word, "expect") == 0)
        return expect(fake, bytes, len);
    return fail(fake, "no such step");
}

static void *run(void *arg)
{
    struct fake_script *fake = arg;
    const char *line = fake->text;

    for (;;) {
        const char *end = strchr(line, '\n');

        while (*line == ' ')
            line++;
        if (*line != '\0' && *line != '\n') {
            if (!obey(fake, line))
                break;
            fake->step++;
        }
        if (end == NULL)
            break;
        line = end + 1;
    }
    if (fake->broken)
        fake->failed = true;
    else
        fake->step = -1;
    return NULL;
}

struct fake_script *fake_script_new(const char *script)
{
    struct fake_script *fake = calloc(1, sizeof *fake);
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof any;

    if (fake == NULL || (fake->text = strdup(script)) == NULL)
        abort();
    fake->fd = -1;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fake->listener, (struct sockaddr *)&any, sizeof any) < 0 ||
        listen(fake->listener, 16) < 0 ||
        getsockname(fake->listener, (struct sockaddr *)&any, &len) < 0 || pipe(fake->stop) < 0 ||
        pthread_create(&fake->thread, NULL, run, fake) != 0)
        abort();
    snprintf(fake->url, sizeof fake->url, "redis://127.0.0.1:%d", ntohs(any.sin_port));
    return fake;
}

const char *fake_script_url(const struct fake_script *fake)
{
    return fake->url;
}

int fake_script_step(struct fake_script *fake)
{
    return fake->step;
}

const char *fake_script_error(struct fake_script *fake)
{
    return fake->failed ? fake->error : NULL;
}

void fake_script_free(struct fake_script *fake)
{
    close(fake->stop[1]);
    pthread_join(fake->thread, NULL);
    close(fake->stop[0]);
    close_client(fake, false);
    close(fake->listener);
    free(fake->text);
    free(fake);
}
