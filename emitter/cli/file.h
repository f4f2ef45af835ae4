/* SPDX-License-Identifier: MIT */
/* Whole files into memory, up to a bound; files that hold passwords. */
#ifndef SIO_CLI_FILE_H
#define SIO_CLI_FILE_H

#include <stddef.h>

#include <sio/buf.h>

/* Append what a file holds; "-" is stdin. 0, or the exit code after a report (a file over
 * `max` bytes is too large). `option` names the option in the report. */
int file_read(const char *path, const char *option, size_t max, sio_buf *out);

/* Refuse an open file that holds a password but that group or others can read or write, or
 * that belongs to somebody else than the user or root. 0, or the exit code after a report. */
int file_check_private(int fd, const char *name);

/* The same for a private key, which may be root's and its group's to read, too. */
int file_check_key(int fd, const char *name);

#endif
