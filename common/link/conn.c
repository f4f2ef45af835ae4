/* SPDX-License-Identifier: MIT */
/* sendmsg() rather than writev() or bufferevents, which would raise SIGPIPE in a host
 * that left it alone. */
#include "link/conn.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link/tls.h"

enum {
    READ_BYTES = 16 * 1024, /* at a time: larger feeds make hiredis slow */
    READ_ROUNDS = 8,        /* then others have their turn */
    WRITE_PIECES = 32,
    WRITE_ROUNDS = 8
};

void sio__conn_init(struct sio__conn *conn)
{
    memset(conn, 0, sizeof *conn);
    conn->fd = -1;
    sio_buf_init(&conn->control);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct sio__conn *conn = arg;

    (void)fd;
    if (what & EV_WRITE)
        conn->blocked = false;
    conn->cb(conn->arg, what);
}

static void on_more(evutil_socket_t fd, short what, void *arg)
{
    struct sio__conn *conn = arg;

    (void)fd;
    (void)what;
    conn->more_due = false;
    conn->cb(conn->arg, EV_READ);
}

static sio_status open_tls(struct sio__conn *conn, struct event_base *base, struct sio__tls *tls)
{
    conn->tls = tls;
    if (tls == NULL)
        return SIO_OK;
    sio__tls_attach(tls, conn->fd);
    conn->more = evtimer_new(base, on_more, conn);
    return conn->more != NULL ? SIO_OK : SIO_ENOMEM;
}

sio_status sio__conn_open(struct sio__conn *conn, struct event_base *base, int fd,
                          struct sio__tls *tls, size_t max_frame, sio__conn_cb *cb, void *arg)
{
    conn->fd = fd;
    conn->ended = false;
    conn->nfirst = 0;
    conn->cb = cb;
    conn->arg = arg;
    conn->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_event, conn);
    conn->writable = event_new(base, fd, EV_WRITE, on_event, conn);
    conn->reader = sio__reply_reader_new(max_frame);
    if (open_tls(conn, base, tls) != SIO_OK || conn->readable == NULL || conn->writable == NULL ||
        conn->reader == NULL || event_add(conn->readable, NULL) < 0) {
        sio__conn_close(conn);
        return SIO_ENOMEM;
    }
    return SIO_OK;
}

static void release_event(struct event **event)
{
    if (*event != NULL)
        event_free(*event);
    *event = NULL;
}

void sio__conn_close(struct sio__conn *conn)
{
    int fd = conn->fd;

    release_event(&conn->readable);
    release_event(&conn->writable);
    release_event(&conn->more);
    conn->more_due = false;
    sio__tls_free(conn->tls);
    conn->tls = NULL;
    conn->fd = -1;
    if (fd >= 0)
        close(fd);
    sio__reply_reader_free(conn->reader);
    conn->reader = NULL;
    if (conn->control.ptr != NULL)
        explicit_bzero(conn->control.ptr, conn->control.cap); /* it held a password */
    sio_buf_fini(&conn->control);
    conn->control_sent = 0;
    conn->blocked = conn->paused = false;
    conn->error = 0;
}

void sio__conn_goodbye(struct sio__conn *conn)
{
    if (conn->tls == NULL || conn->error != 0 || sio__tls_unsent(conn->tls))
        return;
    sio__tls_goodbye(conn->tls);
    if (sio__tls_unsent(conn->tls))
        (void)sio__tls_send(conn->tls); /* it does not matter enough to wait for */
}

const char *sio__conn_stage(const struct sio__conn *conn)
{
    return conn->tls != NULL && !sio__tls_is_up(conn->tls) ? "TLS handshake with" : "greeting";
}

const char *sio__conn_hint(const struct sio__conn *conn)
{
    return conn->tls != NULL && sio__tls_silent(conn->tls) ? "; is this a port without TLS?" : "";
}

/* There may be, or is not, more to be read than the socket will tell of. */
static void expect_more(struct sio__conn *conn, bool more)
{
    static const struct timeval now = {0, 0};

    if (more && !conn->more_due && !conn->paused)
        evtimer_add(conn->more, &now);
    else if (!more && conn->more_due && !conn->paused)
        evtimer_del(conn->more);
    conn->more_due = more;
}

void sio__conn_pause(struct sio__conn *conn)
{
    if (!conn->paused) {
        event_del(conn->readable);
        if (conn->more_due)
            evtimer_del(conn->more);
    }
    conn->paused = true;
}

void sio__conn_resume(struct sio__conn *conn)
{
    bool more = conn->more_due;

    if (!conn->paused)
        return;
    event_add(conn->readable, NULL);
    conn->paused = conn->more_due = false;
    if (more)
        expect_more(conn, true);
}

static sio_status failed(struct sio__conn *conn, const char *what, int error)
{
    snprintf(conn->text, sizeof conn->text, "%s: %s", what, strerror(error));
    return SIO_ECONN;
}

/* A server that wants TLS closes without a word when it is spoken to in plaintext. */
static sio_status ended(struct sio__conn *conn)
{
    size_t len = strlen(conn->text);

    if (conn->nfirst == 0)
        snprintf(conn->text + len, sizeof conn->text - len,
                 ", before a word; does this port want TLS (rediss://), or "
                 "is it a proxy without pub/sub?");
    return SIO_ECONN;
}

static sio_status receive_plain(struct sio__conn *conn, char *at, size_t room, size_t *len)
{
    ssize_t n = recv(conn->fd, at, room, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return SIO_OK;
    if (n < 0) {
        failed(conn, "connection lost", errno);
        return ended(conn);
    }
    if (n == 0) {
        conn->ended = true;
        snprintf(conn->text, sizeof conn->text, "Redis closed the connection");
        return ended(conn);
    }
    *len = (size_t)n;
    conn->bytes_in += (size_t)n;
    return SIO_OK;
}

static sio_status failed_tls(struct sio__conn *conn)
{
    conn->ended = sio__tls_ended(conn->tls);
    snprintf(conn->text, sizeof conn->text, "%s", sio__tls_text(conn->tls));
    if (sio__tls_unsent(conn->tls))
        (void)sio__tls_send(conn->tls); /* an alert: why it is refused */
    conn->error = EPROTO;
    return SIO_ECONN;
}

static sio_status receive_tls(struct sio__conn *conn, char *at, size_t room, size_t *len)
{
    uint64_t before = sio__tls_bytes_in(conn->tls);
    bool was_up = sio__tls_is_up(conn->tls), more = false;
    sio_status status = sio__tls_handshake(conn->tls), wrote = SIO_OK;

    if (status == SIO_OK && sio__tls_is_up(conn->tls))
        status = sio__tls_receive(conn->tls, at, room, len, &more);
    /* The handshake's next words, or what has waited for its end; a change of keys. */
    if (status == SIO_OK && (!was_up || sio__tls_unsent(conn->tls)))
        wrote = sio__conn_write(conn, NULL);
    if (wrote != SIO_OK && *len == 0) /* the peer may have said why before it closed */
        status = sio__tls_receive(conn->tls, at, room, len, &more);
    conn->bytes_in += sio__tls_bytes_in(conn->tls) - before;
    if (status != SIO_OK)
        return failed_tls(conn);
    expect_more(conn, more);
    return *len > 0 ? SIO_OK : wrote;
}

static void note_first(struct sio__conn *conn, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && conn->nfirst < SIO__SPEAKS_BYTES; i++)
        conn->first[conn->nfirst++] = bytes[i];
}

sio_status sio__conn_receive(struct sio__conn *conn, char *at, size_t room, size_t *len)
{
    sio_status status;

    *len = 0;
    if (conn->tls != NULL)
        status = receive_tls(conn, at, room, len);
    else
        status = receive_plain(conn, at, room, len);
    if (conn->nfirst < SIO__SPEAKS_BYTES)
        note_first(conn, at, *len);
    return status;
}

/* Bytes have come that no Redis says. */
static void name_stranger(struct sio__conn *conn)
{
    switch (sio__speaks(conn->first, conn->nfirst)) {
    case SIO__SPEAKS_TLS:
        snprintf(conn->text, sizeof conn->text,
                 "the server speaks TLS: rediss:// is wanted, not redis://");
        break;
    case SIO__SPEAKS_HTTP:
        snprintf(conn->text, sizeof conn->text, "what answers is an HTTP server, not Redis");
        break;
    default:
        snprintf(conn->text, sizeof conn->text, "not a Redis server's answer: %s",
                 sio__reply_reader_error(conn->reader));
    }
}

sio_status sio__conn_read(struct sio__conn *conn, sio__reply_cb *cb, void *arg)
{
    char bytes[READ_BYTES];

    for (int round = 0; round < READ_ROUNDS; round++) {
        size_t len;
        sio_status status = sio__conn_receive(conn, bytes, sizeof bytes, &len);

        if (status != SIO_OK || len == 0)
            return status;
        status = sio__reply_feed(conn->reader, bytes, len, cb, arg);
        if (status == SIO_EREDIS)
            name_stranger(conn);
        else if (status == SIO_ENOMEM)
            snprintf(conn->text, sizeof conn->text, "out of memory");
        if (status != SIO_OK)
            return status;
        if (len < sizeof bytes)
            return SIO_OK;
    }
    return SIO_OK; /* EV_READ is level-triggered and comes again */
}

static void wait_writable(struct sio__conn *conn)
{
    conn->blocked = true;
    event_add(conn->writable, NULL);
}

/* So many of the bytes to be written are on their way. */
static void advance(struct sio__conn *conn, const struct sio__conn_source *source, size_t bytes)
{
    if (source != NULL && conn->control_sent == conn->control.len) {
        source->wrote(source->arg, bytes);
        return;
    }
    conn->control_sent += bytes;
    if (conn->control_sent == conn->control.len) {
        explicit_bzero(conn->control.ptr, conn->control.len);
        sio_buf_clear(&conn->control);
        conn->control_sent = 0;
    }
}

static int gather(const struct sio__conn *conn, const struct sio__conn_source *source,
                  struct iovec *iov)
{
    if (conn->control_sent < conn->control.len) {
        iov[0].iov_base = conn->control.ptr + conn->control_sent;
        iov[0].iov_len = conn->control.len - conn->control_sent;
        return 1;
    }
    return source != NULL ? source->gather(source->arg, iov, WRITE_PIECES) : 0;
}

/* What sendmsg() has returned: the bytes that went. */
static sio_status sent(struct sio__conn *conn, ssize_t n, size_t *bytes)
{
    *bytes = n > 0 ? (size_t)n : 0;
    conn->bytes_out += *bytes;
    if (n >= 0 || errno == EINTR)
        return SIO_OK;
    if (errno == EAGAIN) {
        wait_writable(conn);
        return SIO_OK;
    }
    conn->error = errno;
    return failed(conn, "connection lost", conn->error);
}

/* Send what is encrypted. */
static sio_status flush(struct sio__conn *conn)
{
    sio_status status = SIO_OK;
    size_t bytes;

    while (status == SIO_OK && !conn->blocked && sio__tls_unsent(conn->tls))
        status = sent(conn, sio__tls_send(conn->tls), &bytes);
    return status;
}

static sio_status shake_hands(struct sio__conn *conn)
{
    if (sio__tls_handshake(conn->tls) != SIO_OK)
        return failed_tls(conn);
    return flush(conn);
}

/* *bytes: of those to be written, that are on their way. */
static sio_status put(struct sio__conn *conn, struct iovec *iov, int pieces, size_t *bytes)
{
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = (size_t)pieces};

    if (conn->tls == NULL)
        return sent(conn, sendmsg(conn->fd, &msg, MSG_NOSIGNAL), bytes);
    if (sio__tls_encrypt(conn->tls, iov, pieces, bytes) != SIO_OK)
        return failed_tls(conn);
    return flush(conn);
}

static bool is_ready(const struct sio__conn *conn)
{
    return !conn->blocked && (conn->tls == NULL || sio__tls_is_up(conn->tls));
}

sio_status sio__conn_write(struct sio__conn *conn, const struct sio__conn_source *source)
{
    struct iovec iov[WRITE_PIECES];
    sio_status status = SIO_OK;

    if (conn->error != 0)
        return SIO_ECONN;
    if (conn->tls != NULL)
        status = shake_hands(conn);
    for (int round = 0; status == SIO_OK && is_ready(conn); round++) {
        int pieces = gather(conn, source, iov);
        size_t bytes = 0;

        if (pieces == 0)
            break;
        if (round == WRITE_ROUNDS) {
            wait_writable(conn);
            break;
        }
        status = put(conn, iov, pieces, &bytes);
        if (bytes > 0)
            advance(conn, source, bytes);
    }
    return status;
}
