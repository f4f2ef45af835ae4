/* SPDX-License-Identifier: MIT */
/* Tells the host: changes of state, and lines for its log. */
#include "link/impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINES_PER_SECOND = 10 };

void sio__link_log(sio_link *link, enum sio__log_kind kind, sio_log_level level, const char *format,
                   ...)
{
    struct sio__log_limit *limit = &link->logs[kind];
    uint32_t now_ms = sio__now_ms();
    char line[512];
    va_list args;
    int len;

    if (link->config.on_log == NULL)
        return;
    if (now_ms - limit->since_ms >= 1000) {
        limit->since_ms = now_ms;
        limit->lines = 0;
    }
    if (limit->lines == LINES_PER_SECOND) {
        limit->dropped++;
        return;
    }
    limit->lines++;
    va_start(args, format);
    len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (limit->dropped > 0 && len >= 0 && (size_t)len < sizeof line)
        snprintf(line + len, sizeof line - (size_t)len, " (%u lines like this left out)",
                 limit->dropped);
    limit->dropped = 0;
    link->config.on_log(link, level, line, link->config.user);
}

void sio__link_remark(sio_link *link, unsigned kind, const char *text)
{
    if (link->remarked & kind)
        return;
    link->remarked |= kind;
    sio__link_log(link, SIO__LOG_GREETING, SIO_LOG_WARNING, "%s", text);
}

static void log_state(sio_link *link, const sio_link_event *event)
{
    switch (event->state) {
    case SIO_LINK_UP:
        sio__link_log(link, SIO__LOG_STATE, SIO_LOG_INFO, "connected to %s", event->text);
        break;
    case SIO_LINK_DOWN:
        sio__link_log(
            link, SIO__LOG_STATE, event->status == SIO_EAUTH ? SIO_LOG_ERROR : SIO_LOG_WARNING,
            "%s; attempt %u in %u ms", event->text, event->attempt + 1, event->retry_in_ms);
        break;
    case SIO_LINK_CONNECTING:
    case SIO_LINK_CLOSED:
        sio__link_log(link, SIO__LOG_STATE, SIO_LOG_DEBUG, "%s", event->text);
        break;
    }
}

void sio__link_report(sio_link *link, sio_link_state state, sio_status status, const char *text,
                      unsigned retry_in_ms)
{
    sio_link_event event = {.state = state,
                            .status = status,
                            .text = text,
                            .attempt = link->home.session.attempt,
                            .retry_in_ms = retry_in_ms};
    char copy[256]; /* the callback may bring about what overwrites text */

    snprintf(copy, sizeof copy, "%s", text);
    event.text = copy;
    sio__link_lock(link);
    link->stats.state = state;
    if (state == SIO_LINK_DOWN) {
        link->failures++;
        link->failure = status;
        memcpy(link->failure_text, copy, sizeof copy);
    }
    if (link->threaded)
        pthread_cond_broadcast(&link->changed);
    sio__link_unlock(link);
    log_state(link, &event); /* first: nothing comes after SIO_LINK_CLOSED */
    if (link->config.on_state != NULL)
        link->config.on_state(link, &event, link->config.user);
}
