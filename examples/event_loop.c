/* SPDX-License-Identifier: MIT */
/* A backend on a libevent loop: the link lives on the loop as well, a timer emits, and
 * nothing blocks. After TICKS events, or at SIGINT, it drains and ends.
 * example_event_loop [URL [TICKS]] */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <event2/event.h>
#include <sio/emitter.h>

struct backend {
    struct event *timer, *interrupt;
    sio_emitter *em;
    sio_args *args;
    int ticks, sent;
    sio_status end;
};

/* All that was emitted has ended. With the link closed too, the loop has nothing left. */
static void drained(sio_link *link, sio_status status, void *user)
{
    struct backend *backend = user;
    backend->end = status;
    sio_link_close(link, 0);
}

static void finish(struct backend *backend)
{
    event_del(backend->timer);
    event_del(backend->interrupt);
    sio_link_drain(sio_emitter_link(backend->em), drained, backend);
}

static void on_signal(evutil_socket_t sig, short what, void *user)
{
    (void)sig;
    (void)what;
    finish(user);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct backend *backend = user;
    (void)fd;
    (void)what;
    sio_args_clear(backend->args);
    sio_args_int(backend->args, backend->sent + 1);
    /* SIO_EFULL: Redis has been away for long; this tick is lost, on_state() says why. */
    if (sio_emitter_emit(backend->em, NULL, SIO_STR("tick"), backend->args, NULL, NULL) == SIO_OK)
        backend->sent++;
    if (backend->sent >= backend->ticks)
        finish(backend);
}

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    (void)link;
    (void)user;
    if (event->state == SIO_LINK_DOWN)
        fprintf(stderr, "Redis: %s, again in %u ms\n", event->text, event->retry_in_ms);
}

int main(int argc, char **argv)
{
    struct backend backend = {.ticks = argc > 2 ? atoi(argv[2]) : 5, .end = SIO_ESYS};
    const struct timeval period = {.tv_usec = 20000};
    const char *url = argc > 1 ? argv[1] : getenv("REDIS_URL");
    struct event_base *base = event_base_new();
    sio_link *link = NULL;
    char err[160] = "out of memory";

    sio_link_opts opts;
    sio_link_opts_init(&opts);
    opts.base = base;
    opts.on_state = on_state;
    if (url != NULL)
        opts.url = url;
    if (base == NULL || sio_link_new(&opts, &link, err, sizeof err) != SIO_OK ||
        sio_emitter_new(link, NULL, &backend.em) != SIO_OK ||
        sio_args_new(&backend.args) != SIO_OK) {
        fprintf(stderr, "link: %s\n", err);
        return 1;
    }
    backend.timer = event_new(base, -1, EV_PERSIST, on_timer, &backend);
    backend.interrupt = evsignal_new(base, SIGINT, on_signal, &backend);
    event_add(backend.timer, &period);
    event_add(backend.interrupt, NULL);
    event_base_dispatch(base);

    printf("sent %d: %s\n", backend.sent, sio_status_text(backend.end));
    sio_args_free(backend.args);
    sio_emitter_free(backend.em);
    sio_link_free(link);
    event_free(backend.timer);
    event_free(backend.interrupt);
    event_base_free(base);
    return backend.end == SIO_OK ? 0 : 1;
}
