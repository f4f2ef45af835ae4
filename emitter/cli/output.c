/* SPDX-License-Identifier: MIT */
/* Writes to stdout, past stdio: nothing is left in a buffer when the program is ended. */
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "report.h"
#include "signals.h"

#define SLICE_MS 100 /* how often a wait looks for signals */

static int64_t limit_ns; /* longest wait after a signal */

void output_limit(int64_t ms)
{
    limit_ns = ms * CLOCK_MS;
}

/* Wait until stdout takes something. false: a signal came, and the time it leaves is over. */
static bool wait_writable(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    while (poll(&out, 1, SLICE_MS) <= 0) {
        if (signals_caught() != 0 && clock_now_ns() >= signals_caught_ns() + limit_ns)
            return false;
    }
    return true;
}

bool output_write(sio_str text)
{
    static bool failed;

    while (text.len > 0 && !failed) {
        if (!wait_writable()) {
            failed = true;
            break;
        }
        /* A pipe that can be written takes this much without blocking. */
        ssize_t n = write(STDOUT_FILENO, text.ptr, text.len < PIPE_BUF ? text.len : PIPE_BUF);
        if (n >= 0) {
            text.ptr += n;
            text.len -= (size_t)n;
        } else if (errno != EINTR && errno != EAGAIN) {
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
