/* SPDX-License-Identifier: MIT */
/* A small host of the adapter: its clients, named on the command line, share a room with the
 * clients of other such processes and of Node servers. Each line that is read is said to all
 * in there. example_host URL|- NAME...    -: this process alone, without Redis */
#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <sio/adapter.h>

struct host {
    struct event_base *base;
    sio_adapter *adapter;
    sio_target *room;
    sio_args *args;
    sio_buf line; /* of the broadcast under way */
};

/* Once for each broadcast: what the clients get, in the form in which they get it. */
static void encode(sio_adapter *adapter, sio_broadcast *b, void *user)
{
    struct host *host = user;
    (void)adapter;
    sio_buf_clear(&host->line);
    for (sio_cursor at = sio_cursor_at(b->data), next = at; !sio_cursor_done(&at); at = next) {
        sio_cursor_skip(&next);
        sio_buf_append(&host->line, " ", 1);
        sio_json_write(sio_str_of(at.at, (size_t)(next.at - at.at)), NULL, NULL, &host->line);
    }
    b->encoded = &host->line;
}

/* Once for each client that it is for: put it on the client's connection. */
static void deliver(sio_adapter *adapter, sio_socket *socket, void *name, const sio_broadcast *b,
                    void *user)
{
    const sio_buf *line = b->encoded;
    (void)adapter, (void)socket, (void)user;
    printf("%s gets%.*s\n", (const char *)name, (int)line->len, line->ptr);
}

static void on_input(evutil_socket_t fd, short what, void *user)
{
    struct host *host = user;
    char text[256];
    (void)what;
    if (fgets(text, sizeof text, stdin) != NULL) {
        sio_args_clear(host->args);
        sio_args_string(host->args, sio_str_of(text, strcspn(text, "\n")));
        sio_adapter_emit(host->adapter, host->room, SIO_STR("say"), host->args, NULL, NULL);
        event_base_once(host->base, fd, EV_READ, on_input, host, NULL);
    } else if (sio_adapter_link(host->adapter) != NULL) {
        sio_link_close(sio_adapter_link(host->adapter), 1000); /* flushed; then the loop ends */
    }
}

int main(int argc, char **argv)
{
    struct host host = {.base = event_base_new()};
    bool alone = argc < 2 || strcmp(argv[1], "-") == 0;
    sio_link *link = NULL;
    sio_link_opts link_opts;
    sio_adapter_opts opts;
    char err[160] = "out of memory";

    sio_link_opts_init(&link_opts);
    sio_adapter_opts_init(&opts);
    link_opts.base = host.base;
    link_opts.url = argv[1];
    opts.host = (sio_host){.broadcast = encode, .deliver = deliver};
    opts.user = &host;
    if (host.base == NULL ||
        (!alone && sio_link_new(&link_opts, &link, err, sizeof err) != SIO_OK) ||
        sio_adapter_new(link, &opts, &host.adapter) != SIO_OK ||
        sio_target_new(&host.room) != SIO_OK || sio_args_new(&host.args) != SIO_OK) {
        fprintf(stderr, "link: %s\n", err);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        sio_socket *socket;
        if (sio_socket_new(host.adapter, sio_str_c(argv[i]), argv[i], &socket) == SIO_OK &&
            sio_socket_connect(socket) == SIO_OK)
            sio_socket_join(socket, SIO_STR("lobby"));
    }
    sio_target_to(host.room, SIO_STR("lobby"));
    setvbuf(stdin, NULL, _IONBF, 0); /* so that the loop sees what has not been read */
    setvbuf(stdout, NULL, _IOLBF, 0);
    event_base_once(host.base, 0, EV_READ, on_input, &host, NULL);
    event_base_dispatch(host.base);

    sio_adapter_free(host.adapter);
    sio_link_free(link);
    sio_target_free(host.room);
    sio_args_free(host.args);
    sio_buf_fini(&host.line);
    event_base_free(host.base);
    return 0;
}
