/* SPDX-License-Identifier: MIT */
/* Writes to stdout, past stdio: nothing is left in a buffer when the program is ended. */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

bool output_write(sio_str text)
{
    static bool failed;

    while (text.len > 0 && !failed) {
        ssize_t n = write(STDOUT_FILENO, text.ptr, text.len);
        if (n >= 0) {
            text.ptr += n;
            text.len -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
            poll(&out, 1, -1);
        } else if (errno != EINTR) {
            failed = true;
            report("cannot write to standard output: %s", strerror(errno));
        }
    }
    return !failed;
}

bool output_print(const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n < 0)
        return false;
    return output_write(sio_str_of(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1));
}
