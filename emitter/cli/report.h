/* SPDX-License-Identifier: MIT */
/* What sio-emit tells people: one line on stderr at a time. */
#ifndef SIO_CLI_REPORT_H
#define SIO_CLI_REPORT_H

#include <stdarg.h>

#include <sio/export.h>
#include <sio/str.h>

/* Write "sio-emit: ", the text and a newline in one go. Control characters, which may
 * come from input or from Redis, become '?'. */
void report(const char *fmt, ...) SIO_PRINTF(1, 2);

/* The same, and return the exit code, to end with. */
int report_exit(int code, const char *fmt, ...) SIO_PRINTF(2, 3);

/* Show a line that the next one replaces; NULL removes it. For terminals only. */
void report_progress(const char *text);

/* The start of a text for use with "%.*s": at most 64 bytes of it. */
#define REPORT_STR(str) ((int)((str).len < 64 ? (str).len : 64)), ((str).len > 0 ? (str).ptr : "")

#endif
