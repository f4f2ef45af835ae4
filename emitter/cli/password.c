/* SPDX-License-Identifier: MIT */
/* Reads a password without showing it and without leaving copies of it. */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "exit_codes.h"
#include "file.h"
#include "report.h"

#define PASSWORD_MAX 4096

static struct termios terminal_before;
static volatile sig_atomic_t terminal_fd = -1; /* -1: its echo is as it was */

void password_restore_terminal(void)
{
    if (terminal_fd >= 0)
        tcsetattr(terminal_fd, TCSANOW, &terminal_before);
    terminal_fd = -1;
}

/* Read up to a newline or the end. The length, or -1 with errno set (EMSGSIZE: too long). */
static ssize_t read_line(int fd, char *line, size_t size)
{
    size_t len = 0;

    while (len < size) {
        ssize_t n = read(fd, line + len, 1); /* nothing behind the newline is taken */
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0 || line[len] == '\n') {
            if (len > 0 && line[len - 1] == '\r')
                len--;
            return (ssize_t)len;
        }
        len++;
    }
    errno = EMSGSIZE;
    return -1;
}

static int keep(char **password, char *line, ssize_t len, const char *from)
{
    if (len < 0)
        return report_exit(EXIT_USAGE, "cannot read the password from %s: %s", from,
                           strerror(errno));
    if (len == 0)
        return report_exit(EXIT_USAGE, "the password from %s is empty", from);
    *password = strndup(line, (size_t)len);
    if (*password == NULL)
        return report_exit(EXIT_INTERNAL, "out of memory");
    return EXIT_ACCEPTED;
}

static int read_file(const char *path, const char *option, char **password)
{
    char line[PASSWORD_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return report_exit(EXIT_USAGE, "--%s: cannot open %s: %s", option, path, strerror(errno));
    int code = file_check_private(fd, path);
    if (code == EXIT_ACCEPTED) {
        ssize_t len = read_line(fd, line, sizeof(line));
        code = keep(password, line, len, path);
    }
    close(fd);
    explicit_bzero(line, sizeof(line));
    return code;
}

static int ask(struct options *opts)
{
    static const char prompt[] = "Redis password: ";
    char line[PASSWORD_MAX];
    struct termios quiet;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

    if (fd < 0 || tcgetattr(fd, &terminal_before) != 0) {
        if (fd >= 0)
            close(fd);
        return report_exit(EXIT_USAGE, "--askpass needs a terminal; --pass-file reads a file");
    }
    quiet = terminal_before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    terminal_fd = fd;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    ssize_t len = write(fd, prompt, sizeof(prompt) - 1);
    if (len >= 0)
        len = read_line(fd, line, sizeof(line));
    password_restore_terminal();
    if (write(fd, "\n", 1) < 0 && len >= 0)
        len = -1;
    int code = keep(&opts->password, line, len, "the terminal");
    close(fd);
    explicit_bzero(line, sizeof(line));
    return code;
}

int password_read(struct options *opts)
{
    int code = EXIT_ACCEPTED;

    if (opts->pass_file != NULL)
        code = read_file(opts->pass_file, "pass-file", &opts->password);
    else if (opts->askpass)
        code = ask(opts);
    if (code == EXIT_ACCEPTED && opts->key_pass_file != NULL)
        code = read_file(opts->key_pass_file, "key-pass-file", &opts->key_passphrase);
    return code;
}
