/* SPDX-License-Identifier: MIT */
/* The life of the connection: dial, greet, up, lost, wait, and again. */
#include "link/impl.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { MAX_FRAME = 1024 * 1024 /* no answer to PUBLISH, PING or ROLE is as long */ };

static void set_timer(sio_link *link, unsigned ms)
{
    struct timeval after = {ms / 1000, (ms % 1000) * 1000};

    evtimer_add(link->session_event, &after);
}

static void stop_connecting(sio_link *link)
{
    sio__dial_stop(&link->dial);
    sio__conn_close(&link->conn);
}

/* Wait for the next attempt. */
static void wait_for_retry(sio_link *link, sio_status status, const char *text)
{
    uint32_t random = 0, now_ms = sio__now_ms(), delay_ms;
    char copy[sizeof link->late_text];

    snprintf(copy, sizeof copy, "%s", text); /* it may be a field that is reused */
    memcpy(link->late_text, copy, sizeof copy);
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = now_ms; /* only spreads the load */
    delay_ms = sio__backoff_down(&link->backoff, now_ms, random, status == SIO_EAUTH);
    link->session = SIO__SESSION_WAITING;
    set_timer(link, delay_ms);
    sio__link_report(link, SIO_LINK_DOWN, status, copy, delay_ms);
}

static void attempt_failed(sio_link *link, sio_status status, const char *text)
{
    char copy[sizeof link->late_text];

    snprintf(copy, sizeof copy, "%s", text);
    stop_connecting(link);
    sio__link_lock(link);
    link->stats.attempts_failed++;
    sio__link_unlock(link);
    wait_for_retry(link, status, copy);
}

void sio__session_lost(sio_link *link, sio_status status, const char *text)
{
    char copy[sizeof link->late_text];

    snprintf(copy, sizeof copy, "%s (%s)", text, link->peer);
    if (link->session != SIO__SESSION_UP) {
        attempt_failed(link, status, copy);
        return;
    }
    link->session = SIO__SESSION_WAITING; /* callbacks below must not write to it */
    stop_connecting(link);
    sio__publisher_disconnected(link);
    sio__link_lock(link);
    link->stats.disconnects++;
    sio__link_unlock(link);
    wait_for_retry(link, status, copy);
}

static void up(sio_link *link)
{
    uint32_t now_ms = sio__now_ms();

    evtimer_del(link->session_event);
    link->session = SIO__SESSION_UP;
    link->heard_ms = link->progress_ms = now_ms;
    link->ping_unanswered = false;
    link->late_text[0] = '\0';
    link->tally.resent += sio__outbox_resent(link->outbox);
    sio__backoff_up(&link->backoff, now_ms);
    sio__link_lock(link);
    link->stats.connects++;
    sio__link_unlock(link);
    sio__link_report(link, SIO_LINK_UP, SIO_OK, link->peer, 0);
    link->attempt = 0;
}

static bool on_greeting_reply(sio_link *link, const struct sio__reply *reply)
{
    char text[sizeof link->drop_text];
    sio_status status = sio__greeting_answer(&link->greeting, reply, text, sizeof text);

    if (status != SIO_OK) {
        link->drop = status;
        memcpy(link->drop_text, text, sizeof text);
        return false;
    }
    if (text[0] != '\0')
        sio__link_log(link, SIO__LOG_GREETING, SIO_LOG_WARNING, "%s", text);
    if (link->greeting.answered_all)
        up(link);
    return true;
}

static bool on_reply(void *arg, const struct sio__reply *reply)
{
    sio_link *link = arg;

    if (link->session == SIO__SESSION_GREETING)
        return on_greeting_reply(link, reply);
    return sio__publisher_on_reply(link, reply);
}

/* Take the answers that are there, if any. After a failed write they say why it failed. */
void sio__session_read(sio_link *link)
{
    uint64_t before = link->conn.bytes_in;
    sio_status status = sio__conn_read(&link->conn, on_reply, link);

    if (status == SIO_OK) {
        if (link->conn.bytes_in != before)
            link->heard_ms = link->progress_ms = sio__now_ms();
        return;
    }
    if (status == SIO_ECLOSED)
        sio__session_lost(link, link->drop, link->drop_text);
    else
        sio__session_lost(link, SIO_ECONN, link->conn.text);
}

/* The peer may have said why before it closed. */
void sio__session_write_failed(sio_link *link)
{
    sio__session_read(link);
    if (link->conn.fd >= 0)
        sio__session_lost(link, SIO_ECONN, link->conn.text);
}

static void on_conn(void *arg, short what)
{
    sio_link *link = arg;

    sio__link_enter(link);
    if (what & EV_WRITE)
        link->progress_ms = sio__now_ms();
    if (what & EV_READ)
        sio__session_read(link);
    if (link->session == SIO__SESSION_GREETING && sio__conn_write(&link->conn, NULL) != SIO_OK)
        sio__session_write_failed(link);
    sio__link_service(link);
    sio__link_leave(link);
}

static void greet(sio_link *link, int fd)
{
    sio_status status = sio__conn_open(&link->conn, link->base, fd, MAX_FRAME, on_conn, link);

    if (status == SIO_OK)
        status = sio__greeting_write(&link->greeting, &link->conn.control);
    if (status != SIO_OK) {
        attempt_failed(link, status, "out of memory");
        return;
    }
    link->session = SIO__SESSION_GREETING;
    if (sio__conn_write(&link->conn, NULL) != SIO_OK)
        sio__session_write_failed(link);
}

static void on_dialed(void *arg, int fd, const char *text)
{
    sio_link *link = arg;

    sio__link_enter(link);
    if (fd < 0) {
        attempt_failed(link, SIO_ECONN, text);
    } else {
        snprintf(link->peer, sizeof link->peer, "%s", text);
        greet(link, fd);
    }
    sio__link_service(link);
    sio__link_leave(link);
}

static void attempt(sio_link *link)
{
    const struct sio__link_config *config = &link->config;
    struct sio__address to = {.path = config->url.path,
                              .host = config->url.host,
                              .port = config->url.port,
                              .family = config->family};
    sio_status status;

    link->attempt++;
    link->session = SIO__SESSION_DIALING;
    snprintf(link->peer, sizeof link->peer, "%.100s", to.path != NULL ? to.path : to.host);
    set_timer(link, config->connect_timeout_ms);
    status = sio__dial_start(&link->dial, link->base, &to, on_dialed, link);
    if (status == SIO_OK)
        sio__link_report(link, SIO_LINK_CONNECTING, SIO_OK, link->peer, 0);
    else
        attempt_failed(link, status, "no descriptor, thread or memory to connect with");
}

void sio__session_start(sio_link *link)
{
    if (link->session != SIO__SESSION_NEW)
        return;
    link->greeting = (struct sio__greeting){.user = link->config.url.user,
                                            .password = link->config.url.password,
                                            .client_name = link->config.client_name,
                                            .db = link->config.url.db};
    attempt(link);
}

void sio__session_on_timer(sio_link *link)
{
    char text[sizeof link->late_text];

    if (link->session == SIO__SESSION_WAITING) {
        attempt(link);
        return;
    }
    snprintf(text, sizeof text, "%s %s: no answer for %u ms",
             link->session == SIO__SESSION_DIALING ? "cannot connect to" : "greeting", link->peer,
             link->config.connect_timeout_ms);
    attempt_failed(link, SIO_ECONN, text);
}

void sio__session_end(sio_link *link)
{
    link->session = SIO__SESSION_OVER;
    evtimer_del(link->session_event);
    stop_connecting(link);
}
