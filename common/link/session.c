/* SPDX-License-Identifier: MIT */
/* A connection's states, and its peer's liveness. */
#include "link/cluster.h"
#include "link/impl.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "link/sentinel.h"
#include "link/tls.h"

enum {
    MAX_FRAME = 1024 * 1024, /* no answer to PUBLISH, PING or ROLE is as long */
    MUTE_ENDS = 3
};

static void set_timer(struct sio__session *session, unsigned ms)
{
    struct timeval after = {ms / 1000, (ms % 1000) * 1000};

    evtimer_add(session->timer, &after);
}

static void stop_connecting(struct sio__session *session)
{
    sio__connect_stop(&session->connect);
    sio__conn_close(&session->conn);
}

/* Wait for the next attempt. */
static void wait_for_retry(struct sio__session *session, bool was_up, sio_status status,
                           const char *text)
{
    uint32_t random = 0, now_ms = sio__now_ms(), delay_ms;

    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = now_ms; /* only spreads the load */
    delay_ms = sio__backoff_down(&session->backoff, now_ms, random, status == SIO_EAUTH);
    session->state = SIO__SESSION_WAITING;
    set_timer(session, delay_ms);
    session->ops->down(session, was_up, status, text, delay_ms);
}

static void attempt_failed(struct sio__session *session, sio_status status, const char *text)
{
    char copy[SIO__REASON_MAX]; /* it may be a field that is reused */

    snprintf(copy, sizeof copy, "%s", text);
    stop_connecting(session);
    wait_for_retry(session, false, status, copy);
}

static void lost(struct sio__session *session, sio_status status, const char *text)
{
    char copy[SIO__REASON_MAX];

    snprintf(copy, sizeof copy, "%s (%s)", text, session->peer);
    if (session->state != SIO__SESSION_UP) {
        attempt_failed(session, status, copy);
        return;
    }
    session->state = SIO__SESSION_WAITING; /* callbacks below must not write to it */
    stop_connecting(session);
    session->ping_unanswered = false;
    session->ops->lost(session);
    wait_for_retry(session, true, status, copy);
}

/* The peer has closed the connection. Proxies that do not know a command do so, each time. */
static void broke(struct sio__session *session)
{
    const struct sio__conn *conn = &session->conn;
    char text[SIO__REASON_MAX];
    bool mute = session->state == SIO__SESSION_UP && conn->bytes_in == session->up_in &&
                conn->bytes_out != session->up_out;

    session->mute_ends = mute ? session->mute_ends + 1 : 0;
    snprintf(text, sizeof text, "%.200s%s", conn->text,
             session->mute_ends >= MUTE_ENDS ? " without an answer, again: a proxy without pub/sub?"
                                             : "");
    lost(session, SIO_ECONN, text);
}

static void up(struct sio__session *session)
{
    uint32_t now_ms = sio__now_ms();

    evtimer_del(session->timer);
    session->state = SIO__SESSION_UP;
    session->up_in = session->conn.bytes_in;
    session->up_out = session->conn.bytes_out;
    session->heard_ms = session->progress_ms = now_ms;
    session->ping_unanswered = false;
    sio__backoff_up(&session->backoff, now_ms);
    session->ops->up(session);
    session->attempt = 0;
}

bool sio__session_drop(struct sio__session *session, sio_status status, const char *text)
{
    session->drop = status;
    snprintf(session->drop_text, sizeof session->drop_text, "%s", text);
    return false;
}

static bool on_greeting_reply(struct sio__session *session, const struct sio__reply *reply)
{
    char text[sizeof session->drop_text];
    sio_status status = sio__greeting_answer(&session->greeting, reply, text, sizeof text);

    if (status != SIO_OK)
        return sio__session_drop(session, status, text);
    if (text[0] != '\0')
        sio__link_remark(session->link, session->greeting.remark, text);
    if (session->greeting.answered_all)
        up(session);
    return true;
}

static bool on_reply(void *arg, const struct sio__reply *reply)
{
    struct sio__session *session = arg;

    if (session->state == SIO__SESSION_GREETING)
        return on_greeting_reply(session, reply);
    return session->ops->answer(session, reply);
}

/* Take the answers that are there, if any. After a failed write they say why it failed. */
void sio__session_read(struct sio__session *session)
{
    uint64_t before = session->conn.bytes_in;
    sio_status status;

    if (session->state == SIO__SESSION_UP && session->ops->read != NULL)
        status = session->ops->read(session);
    else
        status = sio__conn_read(&session->conn, on_reply, session);
    if (status == SIO_OK) {
        if (session->conn.bytes_in != before)
            session->heard_ms = session->progress_ms = sio__now_ms();
        return;
    }
    if (status == SIO_ECLOSED)
        lost(session, session->drop, session->drop_text);
    else
        broke(session);
}

/* The peer may have said why before it closed. */
void sio__session_write_failed(struct sio__session *session)
{
    sio__session_read(session);
    if (session->conn.fd >= 0)
        broke(session);
}

/* The greeting, what an owner has put into control when it came up, what TLS has to say. */
static bool writes_by_itself(const struct sio__session *session)
{
    return session->state == SIO__SESSION_GREETING ||
           (session->state == SIO__SESSION_UP &&
            (session->conn.control_sent < session->conn.control.len ||
             (session->conn.tls != NULL && sio__tls_unsent(session->conn.tls))));
}

static void on_conn(void *arg, short what)
{
    struct sio__session *session = arg;
    sio_link *link = session->link;

    sio__link_enter(link);
    if (what & EV_WRITE)
        session->progress_ms = sio__now_ms();
    if (what & EV_READ)
        sio__session_read(session);
    if (writes_by_itself(session) && sio__conn_write(&session->conn, NULL) != SIO_OK)
        sio__session_write_failed(session);
    sio__link_service(link);
    sio__link_leave(link);
}

static void greet(struct sio__session *session, int fd, struct sio__tls *tls)
{
    sio_status status =
        sio__conn_open(&session->conn, session->link->base, fd, tls, MAX_FRAME, on_conn, session);

    if (status == SIO_OK)
        status = sio__greeting_write(&session->greeting, &session->conn.control);
    if (status != SIO_OK) {
        attempt_failed(session, status, "out of memory");
        return;
    }
    session->state = SIO__SESSION_GREETING;
    if (sio__conn_write(&session->conn, NULL) != SIO_OK)
        sio__session_write_failed(session);
}

static void on_dialed(void *arg, int fd, struct sio__tls *tls, const char *text)
{
    struct sio__session *session = arg;
    sio_link *link = session->link;

    sio__link_enter(link);
    if (fd < 0) {
        attempt_failed(session, SIO_ECONN, text);
    } else {
        snprintf(session->peer, sizeof session->peer, "%s", text);
        greet(session, fd, tls);
    }
    sio__link_service(link);
    sio__link_leave(link);
}

/* Once for each link. */
static void warn_of_insecurity(struct sio__session *session)
{
    struct sio__tls_config *tls = session->link->config.tls;

    if (tls == NULL || !tls->insecure || tls->warned)
        return;
    tls->warned = true;
    sio__link_log(session->link, SIO__LOG_STATE, SIO_LOG_WARNING,
                  "TLS: insecure: nobody verifies who the server is");
}

static void dial(struct sio__session *session)
{
    const struct sio__place *place = &session->place;
    struct sio__address to = {.path = place->port == 0 ? place->name : NULL,
                              .host = place->port != 0 ? place->name : NULL,
                              .port = place->port,
                              .family = session->link->config.family};
    bool is_begin = session->state != SIO__SESSION_LOCATING;
    sio_status status;

    session->state = SIO__SESSION_DIALING;
    snprintf(session->peer, sizeof session->peer, "%.100s", place->name);
    warn_of_insecurity(session);
    status = sio__connect_start(&session->connect, session->link->base, &to,
                                session->link->config.tls, on_dialed, session);
    if (status != SIO_OK)
        attempt_failed(session, status, "no descriptor, thread or memory to connect with");
    else if (is_begin)
        session->ops->connecting(session);
}

bool sio__session_locate(struct sio__session *session, struct sio__place *place)
{
    const struct sio__url *url = &session->link->config.url;

    if (url->topology == SIO__SENTINEL)
        return sio__sentinels_locate(session->link->sentinels, session, place);
    if (url->topology == SIO__CLUSTER)
        return sio__cluster_locate(session->link->cluster, session, place);
    snprintf(place->name, sizeof place->name, "%s", url->path != NULL ? url->path : url->host);
    place->port = url->port;
    return true;
}

static void attempt(struct sio__session *session)
{
    struct sio__place place;

    session->attempt++;
    set_timer(session, session->link->config.connect_timeout_ms);
    if (session->ops->locate(session, &place)) {
        session->place = place;
        dial(session);
        return;
    }
    session->state = SIO__SESSION_LOCATING;
    session->ops->connecting(session);
}

void sio__session_located(struct sio__session *session, const struct sio__place *place)
{
    if (session->state != SIO__SESSION_LOCATING)
        return;
    session->place = *place;
    dial(session);
}

void sio__session_retry(struct sio__session *session)
{
    if (session->state == SIO__SESSION_WAITING)
        attempt(session);
}

void sio__session_lose(struct sio__session *session, sio_status status, const char *text)
{
    if (session->state == SIO__SESSION_UP)
        lost(session, status, text);
    else if (session->state == SIO__SESSION_LOCATING || session->state == SIO__SESSION_DIALING ||
             session->state == SIO__SESSION_GREETING)
        attempt_failed(session, status, text);
}

void sio__session_start(struct sio__session *session)
{
    if (session->state == SIO__SESSION_NEW)
        attempt(session);
}

static void on_deadline(struct sio__session *session)
{
    char text[SIO__REASON_MAX];

    if (session->state == SIO__SESSION_WAITING) {
        attempt(session);
        return;
    }
    snprintf(text, sizeof text, "%s %s: no answer for %u ms%s",
             session->state == SIO__SESSION_LOCATING  ? "asking"
             : session->state == SIO__SESSION_DIALING ? "cannot connect to"
                                                      : sio__conn_stage(&session->conn),
             session->peer, session->link->config.connect_timeout_ms,
             sio__conn_hint(&session->conn));
    attempt_failed(session, SIO_ECONN, text);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct sio__session *session = arg;
    sio_link *link = session->link;

    (void)fd;
    (void)what;
    sio__link_enter(link);
    on_deadline(session);
    sio__link_service(link);
    sio__link_leave(link);
}

/* -- liveness -- */

/* Something is due from the peer, or not a moment to ask. */
static bool awaits_peer(const struct sio__session *session)
{
    return session->ping_unanswered || session->conn.blocked || session->ops->awaits(session);
}

void sio__session_begin_write(struct sio__session *session, uint32_t now_ms)
{
    if (!awaits_peer(session))
        session->progress_ms = now_ms;
}

static void ping(struct sio__session *session)
{
    static const char command[] = "*1\r\n$4\r\nPING\r\n";

    /* Nothing is unanswered or half written now. Without memory: next time. */
    if (sio_buf_append(&session->conn.control, command, sizeof command - 1) != SIO_OK)
        return;
    session->ping_unanswered = true;
    if (session->ops->pings != NULL)
        session->ops->pings(session);
}

void sio__session_check_peer(struct sio__session *session, uint32_t now_ms)
{
    const struct sio__link_config *config = &session->link->config;
    char text[64];

    if (session->state != SIO__SESSION_UP)
        return;
    if (!awaits_peer(session)) {
        if (now_ms - session->heard_ms >= config->ping_interval_ms) {
            session->progress_ms = now_ms;
            ping(session);
        }
    } else if (now_ms - session->progress_ms >= config->command_timeout_ms) {
        snprintf(text, sizeof text, "no answer for %u ms", config->command_timeout_ms);
        lost(session, SIO_ECONN, text);
    }
}

int64_t sio__session_check_due(const struct sio__session *session, uint32_t now_ms)
{
    const struct sio__link_config *config = &session->link->config;

    if (awaits_peer(session))
        return sio__ms_until(session->progress_ms + config->command_timeout_ms, now_ms);
    return sio__ms_until(session->heard_ms + config->ping_interval_ms, now_ms);
}

/* -- begin and end -- */

void sio__session_after_fork(struct sio__session *session)
{
    if (session->conn.fd >= 0)
        close(session->conn.fd);
    sio__connect_after_fork(&session->connect);
}

void sio__session_init(struct sio__session *session, sio_link *link,
                       const struct sio__session_ops *ops)
{
    const struct sio__link_config *config = &link->config;

    session->link = link;
    session->ops = ops;
    session->greeting = (struct sio__greeting){.user = config->url.user,
                                               .password = config->url.password,
                                               .client_name = config->client_name,
                                               .db = config->url.db};
    sio__connect_init(&session->connect);
    sio__conn_init(&session->conn);
}

sio_status sio__session_make_timer(struct sio__session *session)
{
    session->timer = evtimer_new(session->link->base, on_timer, session);
    return session->timer != NULL ? SIO_OK : SIO_ENOMEM;
}

void sio__session_end(struct sio__session *session)
{
    session->state = SIO__SESSION_OVER;
    evtimer_del(session->timer);
    sio__conn_goodbye(&session->conn);
    stop_connecting(session);
}

void sio__session_fini(struct sio__session *session)
{
    sio__session_unfollow(session);
    stop_connecting(session);
    if (session->timer != NULL)
        event_free(session->timer);
    session->timer = NULL;
}
