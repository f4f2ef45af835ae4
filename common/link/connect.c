/* SPDX-License-Identifier: MIT */
#include "link/connect.h"

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "link/tls.h"
#include "link/tls_files.h"

void sio__connect_init(struct sio__connect *connect)
{
    memset(connect, 0, sizeof *connect);
    sio__dial_init(&connect->dial);
    connect->fd = -1;
}

static void drop_files(struct sio__connect *connect)
{
    struct sio__tls_files *files = connect->files;

    if (connect->read != NULL)
        event_free(connect->read);
    connect->read = NULL;
    connect->files = NULL; /* first: a child may be forked in between */
    sio__tls_files_drop(files);
}

void sio__connect_stop(struct sio__connect *connect)
{
    int fd = connect->fd;

    sio__dial_stop(&connect->dial);
    drop_files(connect);
    sio__tls_free(connect->tls);
    connect->tls = NULL;
    connect->fd = -1;
    if (fd >= 0)
        close(fd);
}

void sio__connect_after_fork(struct sio__connect *connect)
{
    sio__dial_after_fork(&connect->dial);
    if (connect->files != NULL)
        close(sio__tls_files_fd(connect->files));
    if (connect->fd >= 0)
        close(connect->fd);
}

static void fail(struct sio__connect *connect, const char *text)
{
    char copy[sizeof connect->dial.error];

    snprintf(copy, sizeof copy, "%s", text);
    sio__connect_stop(connect);
    connect->cb(connect->arg, -1, NULL, copy);
}

/* The socket or the files are there: are both? */
static void finish(struct sio__connect *connect)
{
    struct sio__tls *tls = connect->tls;
    int fd = connect->fd;

    if (fd < 0 || (connect->config != NULL && tls == NULL))
        return;
    connect->tls = NULL;
    connect->fd = -1;
    connect->cb(connect->arg, fd, tls, connect->peer);
}

static void on_dialed(void *arg, int fd, const char *text)
{
    struct sio__connect *connect = arg;

    if (fd < 0) {
        fail(connect, text);
        return;
    }
    connect->fd = fd;
    snprintf(connect->peer, sizeof connect->peer, "%s", text);
    finish(connect);
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
    struct sio__connect *connect = arg;
    struct ssl_ctx_st *context;
    const char *error;

    (void)fd;
    (void)what;
    if (!sio__tls_files_done(connect->files)) { /* a wake-up without reason */
        event_add(connect->read, NULL);
        return;
    }
    context = sio__tls_files_take(connect->files, &error);
    if (context == NULL) {
        fail(connect, error);
        return;
    }
    drop_files(connect);
    if (sio__tls_new(context, connect->config, connect->host, &connect->tls) != SIO_OK)
        fail(connect, "out of memory");
    else
        finish(connect);
}

static sio_status read_files(struct sio__connect *connect, struct event_base *base)
{
    sio_status status = sio__tls_files_read(connect->config, &connect->files);

    if (status != SIO_OK)
        return status;
    connect->read = event_new(base, sio__tls_files_fd(connect->files), EV_READ, on_read, connect);
    return connect->read != NULL && event_add(connect->read, NULL) == 0 ? SIO_OK : SIO_ENOMEM;
}

sio_status sio__connect_start(struct sio__connect *connect, struct event_base *base,
                              const struct sio__address *to, struct sio__tls_config *tls,
                              sio__connect_cb *cb, void *arg)
{
    sio_status status = SIO_OK;

    connect->config = tls;
    connect->cb = cb;
    connect->arg = arg;
    if (tls != NULL) {
        snprintf(connect->host, sizeof connect->host, "%s", to->host);
        status = read_files(connect, base);
    }
    if (status == SIO_OK)
        status = sio__dial_start(&connect->dial, base, to, on_dialed, connect);
    if (status != SIO_OK)
        sio__connect_stop(connect);
    return status;
}
