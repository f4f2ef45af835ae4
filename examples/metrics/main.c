/* SPDX-License-Identifier: MIT */
/* A backend that can be watched: link, emitter and an HTTP server share one libevent loop. It
 * emits a tick ten times a second; GET /metrics is for Prometheus, GET /stats the same as
 * JSON. SIGINT or SIGTERM ends it.
 * example_metrics [URL [PORT]]; it prints where it listens, on a free port unless told. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <sio/emitter.h>

#include "prometheus.h"

struct backend {
    struct event_base *base;
    sio_link *link;
    sio_emitter *em;
    struct evhttp *http;
    struct event *timer, *signals[2];
};

/* ---- what the backend is for ---- */

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    struct backend *backend = user;

    (void)fd;
    (void)what;
    /* SIO_EFULL: Redis has been away for long. It is counted, see sio_publishes_refused_total. */
    (void)sio_emitter_emit(backend->em, NULL, SIO_STR("tick"), NULL, NULL, NULL);
}

/* ---- HTTP ---- */

static void answer(struct evhttp_request *request, struct evbuffer *body, const char *type)
{
    if (type != NULL)
        evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    evhttp_send_reply(request, type != NULL ? HTTP_OK : HTTP_INTERNAL, NULL, body);
    if (body != NULL)
        evbuffer_free(body);
}

static void on_metrics(struct evhttp_request *request, void *user)
{
    struct backend *backend = user;
    struct evbuffer *body = evbuffer_new();
    sio_link_stats stats;
    int ok = body != NULL && sio_link_get_stats(backend->link, &stats) == SIO_OK &&
             prometheus_write(&stats, body) == 0;

    answer(request, body, ok ? PROMETHEUS_TYPE : NULL);
}

static void on_stats(struct evhttp_request *request, void *user)
{
    struct backend *backend = user;
    struct evbuffer *body = evbuffer_new();
    sio_link_stats stats;
    sio_buf text;
    int ok;

    sio_buf_init(&text);
    ok = body != NULL && sio_link_get_stats(backend->link, &stats) == SIO_OK &&
         sio_link_stats_json(&stats, &text) == SIO_OK &&
         evbuffer_add(body, text.ptr, text.len) == 0;
    sio_buf_fini(&text);
    answer(request, body, ok ? "application/json" : NULL);
}

/* Only this machine may ask, and only with GET. @return the port, 0: refused */
static int listen_on(struct backend *backend, int port)
{
    struct evhttp_bound_socket *bound;
    struct sockaddr_in addr = {.sin_port = 0};
    socklen_t len = sizeof addr;

    evhttp_set_allowed_methods(backend->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_timeout(backend->http, 5);
    evhttp_set_cb(backend->http, "/metrics", on_metrics, backend);
    evhttp_set_cb(backend->http, "/stats", on_stats, backend);
    bound = evhttp_bind_socket_with_handle(backend->http, "127.0.0.1", (ev_uint16_t)port);
    if (bound == NULL ||
        getsockname(evhttp_bound_socket_get_fd(bound), (struct sockaddr *)&addr, &len) < 0)
        return 0;
    return ntohs(addr.sin_port);
}

/* ---- begin and end ---- */

static void on_state(sio_link *link, const sio_link_event *event, void *user)
{
    (void)link;
    (void)user;
    if (event->state == SIO_LINK_DOWN)
        fprintf(stderr, "Redis: %s, again in %u ms\n", event->text, event->retry_in_ms);
}

static void on_signal(evutil_socket_t sig, short what, void *user)
{
    (void)sig;
    (void)what;
    event_base_loopbreak(user);
}

static int open_link(struct backend *backend, const char *url)
{
    char err[160] = "out of memory";
    sio_link_opts opts;

    sio_link_opts_init(&opts);
    opts.base = backend->base;
    opts.on_state = on_state;
    if (url != NULL)
        opts.url = url;
    if (sio_link_new(&opts, &backend->link, err, sizeof err) == SIO_OK &&
        sio_emitter_new(backend->link, NULL, &backend->em) == SIO_OK)
        return 0;
    fprintf(stderr, "link: %s\n", err);
    return -1;
}

static int start(struct backend *backend, const char *url, int port)
{
    const struct timeval period = {.tv_usec = 100000};

    signal(SIGPIPE, SIG_IGN); /* evhttp's doing: the link itself never raises it */
    backend->base = event_base_new();
    backend->http = backend->base != NULL ? evhttp_new(backend->base) : NULL;
    if (backend->http == NULL || open_link(backend, url) < 0)
        return -1;
    port = listen_on(backend, port);
    if (port == 0) {
        perror("listen");
        return -1;
    }
    backend->timer = event_new(backend->base, -1, EV_PERSIST, on_timer, backend);
    backend->signals[0] = evsignal_new(backend->base, SIGINT, on_signal, backend->base);
    backend->signals[1] = evsignal_new(backend->base, SIGTERM, on_signal, backend->base);
    event_add(backend->timer, &period);
    event_add(backend->signals[0], NULL);
    event_add(backend->signals[1], NULL);
    printf("http://127.0.0.1:%d/metrics\n", port);
    fflush(stdout);
    return 0;
}

static void stop(struct backend *backend)
{
    struct event *events[] = {backend->timer, backend->signals[0], backend->signals[1]};

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i] != NULL)
            event_free(events[i]);
    }
    if (backend->http != NULL)
        evhttp_free(backend->http);
    sio_emitter_free(backend->em);
    sio_link_free(backend->link);
    if (backend->base != NULL)
        event_base_free(backend->base);
}

int main(int argc, char **argv)
{
    struct backend backend = {.base = NULL};
    const char *url = argc > 1 ? argv[1] : getenv("REDIS_URL");
    int failed = start(&backend, url, argc > 2 ? atoi(argv[2]) : 0);

    if (failed == 0)
        event_base_dispatch(backend.base);
    stop(&backend);
    return failed == 0 ? 0 : 1;
}
