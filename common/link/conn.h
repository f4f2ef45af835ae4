/* SPDX-License-Identifier: MIT */
/* One connected socket, encrypted or not: moves bytes and reads answers. What the bytes mean
 * is its user's business. */
#ifndef SIO_COMMON_LINK_CONN_H
#define SIO_COMMON_LINK_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <sio/buf.h>
#include <sio/status.h>

#include "link/reply.h"
#include "link/speaks.h"

struct event;
struct event_base;
struct sio__tls;

/* what: EV_READ, EV_WRITE or both; then sio__conn_read(), sio__conn_write() are due. */
typedef void sio__conn_cb(void *arg, short what);

/* Where the bytes to be written come from. */
struct sio__conn_source {
    int (*gather)(void *arg, struct iovec *iov, int max); /* 0: nothing now */
    void (*wrote)(void *arg, size_t bytes);
    void *arg;
};

struct sio__conn {
    int fd; /* -1: not open */
    struct event *readable, *writable;
    struct sio__tls *tls; /* NULL: plaintext */
    struct event *more;   /* TLS: there are bytes of which the socket knows nothing any more */
    bool more_due;
    sio__conn_cb *cb;
    void *arg;
    struct sio__reply_reader *reader;
    sio_buf control; /* bytes that go before the source's */
    size_t control_sent;
    bool blocked; /* the socket takes nothing more, or its turn is over */
    bool paused;  /* what arrives is left where it is */
    bool ended;   /* the peer has closed it in order */
    int error;    /* errno of a failed write; 0: none */
    uint64_t bytes_in, bytes_out;
    char first[SIO__SPEAKS_BYTES]; /* that came, of what Redis is to say */
    unsigned nfirst;
    char text[224]; /* why it failed */
};

void sio__conn_init(struct sio__conn *conn);

/* Takes fd and tls (NULL: plaintext) over, also on failure. max_frame: see
 * sio__reply_reader_new(). With TLS what is written waits for the handshake, which goes on
 * whenever something is written or read. */
sio_status sio__conn_open(struct sio__conn *conn, struct event_base *base, int fd,
                          struct sio__tls *tls, size_t max_frame, sio__conn_cb *cb, void *arg);
void sio__conn_close(struct sio__conn *conn); /* no effect if not open */

/* Before it is closed in order: tell the peer, as TLS wants it. Never in the child of a
 * fork(). */
void sio__conn_goodbye(struct sio__conn *conn);

/* What it is at before its first answer, "greeting" or "TLS handshake with", and what may be
 * the matter if that gets no answer. */
const char *sio__conn_stage(const struct sio__conn *conn);
const char *sio__conn_hint(const struct sio__conn *conn);

/* Do not, or do again, call back for what arrives. */
void sio__conn_pause(struct sio__conn *conn);
void sio__conn_resume(struct sio__conn *conn);

/* Hand the answers that are there to cb, a bounded number of bytes at a time. SIO_OK;
 * SIO_ECLOSED: cb stopped it; else conn->text says what is wrong. */
sio_status sio__conn_read(struct sio__conn *conn, sio__reply_cb *cb, void *arg);

/* For those who read for themselves: at most room bytes, once. *len 0: none are there.
 * SIO_OK, or SIO_ECONN and conn->text. */
sio_status sio__conn_receive(struct sio__conn *conn, char *at, size_t room, size_t *len);

/* Write until all is written or the socket is full; source NULL: the control bytes only.
 * SIO_OK, or SIO_ECONN and conn->text, from then on for good. */
sio_status sio__conn_write(struct sio__conn *conn, const struct sio__conn_source *source);

#endif
