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

sio_status sio__conn_open(struct sio__conn *conn, struct event_base *base, int fd, size_t max_frame,
                          sio__conn_cb *cb, void *arg)
{
    conn->fd = fd;
    conn->ended = false;
    conn->cb = cb;
    conn->arg = arg;
    conn->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_event, conn);
    conn->writable = event_new(base, fd, EV_WRITE, on_event, conn);
    conn->reader = sio__reply_reader_new(max_frame);
    if (conn->readable == NULL || conn->writable == NULL || conn->reader == NULL ||
        event_add(conn->readable, NULL) < 0) {
        sio__conn_close(conn);
        return SIO_ENOMEM;
    }
    return SIO_OK;
}

void sio__conn_close(struct sio__conn *conn)
{
    int fd = conn->fd;

    if (conn->readable != NULL)
        event_free(conn->readable);
    if (conn->writable != NULL)
        event_free(conn->writable);
    conn->readable = conn->writable = NULL;
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

void sio__conn_pause(struct sio__conn *conn)
{
    if (!conn->paused)
        event_del(conn->readable);
    conn->paused = true;
}

void sio__conn_resume(struct sio__conn *conn)
{
    if (conn->paused)
        event_add(conn->readable, NULL);
    conn->paused = false;
}

static sio_status failed(struct sio__conn *conn, const char *what, int error)
{
    snprintf(conn->text, sizeof conn->text, "%s: %s", what, strerror(error));
    return SIO_ECONN;
}

sio_status sio__conn_receive(struct sio__conn *conn, char *at, size_t room, size_t *len)
{
    ssize_t n = recv(conn->fd, at, room, 0);

    *len = 0;
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return SIO_OK;
    if (n < 0)
        return failed(conn, "connection lost", errno);
    if (n == 0) {
        conn->ended = true;
        snprintf(conn->text, sizeof conn->text, "Redis closed the connection");
        return SIO_ECONN;
    }
    *len = (size_t)n;
    conn->bytes_in += (size_t)n;
    return SIO_OK;
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
            snprintf(conn->text, sizeof conn->text, "not a Redis server's answer: %s",
                     sio__reply_reader_error(conn->reader));
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

static void advance(struct sio__conn *conn, const struct sio__conn_source *source, size_t bytes)
{
    conn->bytes_out += bytes;
    if (conn->control_sent == conn->control.len) {
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

sio_status sio__conn_write(struct sio__conn *conn, const struct sio__conn_source *source)
{
    struct iovec iov[WRITE_PIECES];
    struct msghdr msg = {.msg_iov = iov};

    if (conn->error != 0)
        return SIO_ECONN;
    for (int round = 0; !conn->blocked; round++) {
        int pieces = 0;
        ssize_t n;

        if (conn->control_sent < conn->control.len) {
            iov[0].iov_base = conn->control.ptr + conn->control_sent;
            iov[0].iov_len = conn->control.len - conn->control_sent;
            pieces = 1;
        } else if (source != NULL) {
            pieces = source->gather(source->arg, iov, WRITE_PIECES);
        }
        if (pieces == 0)
            break;
        if (round == WRITE_ROUNDS) {
            wait_writable(conn);
            break;
        }
        msg.msg_iovlen = (size_t)pieces;
        n = sendmsg(conn->fd, &msg, MSG_NOSIGNAL);
        if (n >= 0) {
            advance(conn, source, (size_t)n);
        } else if (errno == EAGAIN) {
            wait_writable(conn);
        } else if (errno != EINTR) {
            conn->error = errno;
            return failed(conn, "connection lost", conn->error);
        }
    }
    return SIO_OK;
}
