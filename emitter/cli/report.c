/* SPDX-License-Identifier: MIT */
/* Messages and the progress line. Called by the main thread only. */
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static size_t progress_width; /* characters of the progress line that is shown */

/* Nothing is left to do about a stderr that cannot be written. */
static void put(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, text, len);
        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static void report_va(const char *fmt, va_list ap)
{
    static const char prefix[] = "sio-emit: ";
    char line[LINE_MAX_BYTES];
    size_t len = sizeof(prefix) - 1;

    report_progress(NULL);
    memcpy(line, prefix, len);
    int n = vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
    if (n > 0)
        len += (size_t)n < sizeof(line) - 1 - len ? (size_t)n : sizeof(line) - 2 - len;
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
    line[len++] = '\n';
    put(line, len);
}

void report(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report_va(fmt, ap);
    va_end(ap);
}

int report_exit(int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    report_va(fmt, ap);
    va_end(ap);
    return code;
}

void report_progress(const char *text)
{
    char line[LINE_MAX_BYTES];

    if (text == NULL && progress_width == 0)
        return;
    size_t width = text != NULL ? strlen(text) : 0;
    if (width > 200)
        width = 200;
    /* Blanks instead of an escape sequence: there may be no TERM to ask. */
    size_t pad = progress_width > width ? progress_width - width : 0;
    int n = snprintf(line, sizeof(line), "\r%.*s%*s%s", (int)width, text != NULL ? text : "",
                     (int)pad, "", text != NULL ? "" : "\r");
    if (n > 0)
        put(line, (size_t)n);
    progress_width = width;
}
