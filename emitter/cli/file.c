/* SPDX-License-Identifier: MIT */
/* Reads the files that options name. Bounded, so that a device without an end is refused
 * instead of filling the memory. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_codes.h"
#include "report.h"

#define READ_BYTES 65536

static int read_all(int fd, const char *name, const char *option, size_t max, sio_buf *out)
{
    char block[READ_BYTES];
    size_t total = 0;

    for (;;) {
        ssize_t n = read(fd, block, sizeof(block));
        if (n == 0)
            return EXIT_ACCEPTED;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return report_exit(EXIT_USAGE, "%s: cannot read %s: %s", option, name, strerror(errno));
        total += (size_t)n;
        if (total > max)
            return report_exit(EXIT_TOOBIG,
                               "%s: %s is larger than %zu bytes, the bound of a packet", option,
                               name, max);
        if (sio_buf_append(out, block, (size_t)n) != SIO_OK)
            return report_exit(EXIT_INTERNAL, "out of memory");
    }
}

int file_read(const char *path, const char *option, size_t max, sio_buf *out)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", option, max, out);

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return report_exit(EXIT_USAGE, "%s: cannot open %s: %s", option, path, strerror(errno));
    int code = read_all(fd, path, option, max, out);
    close(fd);
    return code;
}

static int check_owner(int fd, const char *name, const char *what, struct stat *file)
{
    if (fstat(fd, file) != 0)
        return report_exit(EXIT_USAGE, "cannot look at %s: %s", name, strerror(errno));
    if (file->st_uid != geteuid() && file->st_uid != 0)
        return report_exit(EXIT_USAGE, "%s holds a %s but belongs to user %u, neither you nor root",
                           name, what, (unsigned)file->st_uid);
    return EXIT_ACCEPTED;
}

static int check_mode(const struct stat *file, const char *name, const char *what, mode_t refused)
{
    if ((file->st_mode & refused) != 0)
        return report_exit(EXIT_USAGE,
                           "%s holds a %s but group or others can read or write it (mode %04o): "
                           "chmod 600 makes it private",
                           name, what, (unsigned)file->st_mode & 07777);
    return EXIT_ACCEPTED;
}

/* As ssh does for keys and libpq for .pgpass. */
int file_check_private(int fd, const char *name)
{
    struct stat file;
    int code = check_owner(fd, name, "password", &file);

    if (code == EXIT_ACCEPTED)
        code = check_mode(&file, name, "password", S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH);
    return code;
}

/* As libpq does: system accounts share keys of root's by a group. */
int file_check_key(int fd, const char *name)
{
    struct stat file;
    int code = check_owner(fd, name, "private key", &file);
    mode_t refused = S_IWGRP | S_IROTH | S_IWOTH;

    if (code == EXIT_ACCEPTED)
        code =
            check_mode(&file, name, "private key", file.st_uid == 0 ? refused : refused | S_IRGRP);
    return code;
}
