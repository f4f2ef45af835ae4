/* SPDX-License-Identifier: MIT */
/* sio-node: a scriptable host of libsio-adapter, so that any language can put a C node into
 * its test; sio-node.md has its options, operations and events. */
#include "sio_node.h"

#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLOSE_MS = 1000 };

void node_must(sio_status status)
{
    if (status == SIO_OK)
        return;
    fprintf(stderr, "sio-node: %s\n", sio_status_text(status));
    exit(1);
}

static void usage(const char *wrong)
{
    fprintf(stderr,
            "sio-node: %s\n"
            "usage: sio-node [--url URL] [--mode classic] [--prefix KEY] [--requests-timeout MS]\n"
            "                [--specific-response-channel] [--subscription pattern|rooms]\n",
            wrong);
    exit(2);
}

static unsigned milliseconds(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value == 0 || value > NODE_MAX_MS)
        usage("--requests-timeout takes milliseconds");
    return (unsigned)value;
}

static sio_subscription subscription(const char *text)
{
    if (strcmp(text, "pattern") != 0 && strcmp(text, "rooms") != 0)
        usage("--subscription is pattern or rooms");
    return strcmp(text, "rooms") == 0 ? SIO_SUBSCRIBE_ROOMS : SIO_SUBSCRIBE_PATTERN;
}

static void read_options(int argc, char **argv, struct node_options *out)
{
    static const struct option options[] = {
        {"url", required_argument, NULL, 'u'},
        {"mode", required_argument, NULL, 'm'},
        {"prefix", required_argument, NULL, 'p'},
        {"requests-timeout", required_argument, NULL, 't'},
        {"specific-response-channel", no_argument, NULL, 'r'},
        {"subscription", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    int option;
    opterr = 0; /* usage() tells */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'u':
            out->url = optarg;
            break;
        case 'm':
            if (strcmp(optarg, "classic") != 0)
                usage("--mode is classic");
            break;
        case 'p':
            out->prefix = optarg;
            break;
        case 't':
            out->requests_timeout_ms = milliseconds(optarg);
            break;
        case 'r':
            out->specific_response_channel = true;
            break;
        case 's':
            out->subscription = subscription(optarg);
            break;
        default:
            usage("unknown option, or its value is missing");
        }
    if (optind < argc)
        usage("it takes options only");
}

void node_quit(struct node *node)
{
    if (node->quitting)
        return;
    node->quitting = true;
    event_del(node->reading);
    while (node->spaces != NULL)
        space_close(node->spaces);
    if (sio_link_close(node->link, CLOSE_MS) != SIO_OK) /* else its last state ends the loop */
        event_base_loopbreak(node->base);
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    struct node *node = user;
    char bytes[65536];
    ssize_t n = read(fd, bytes, sizeof bytes);
    (void)what;
    if (n > 0)
        node_input(node, sio_str_of(bytes, (size_t)n));
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        node_quit(node);
}

static void on_writing(evutil_socket_t fd, short what, void *user)
{
    struct node *node = user;
    (void)fd;
    (void)what;
    if (!node_flush(node))
        exit(1);
}

/* stdin may be a file, which epoll does not take. */
static struct event_base *loop_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    if (config != NULL && event_config_require_features(config, EV_FEATURE_FDS) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    node_must(base != NULL ? SIO_OK : SIO_ESYS);
    return base;
}

static void start(struct node *node)
{
    sio_link_opts opts;
    struct space *root;
    char err[256];
    sio_link_opts_init(&opts);
    opts.url = node->options.url;
    opts.base = node->base;
    opts.on_state = node_link_state;
    opts.user = node;
    if (sio_link_new(&opts, &node->link, err, sizeof err) != SIO_OK)
        usage(err);
    node->reading = event_new(node->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_readable, node);
    node->writing = event_new(node->base, -1, 0, on_writing, node);
    if (node->reading == NULL || node->writing == NULL || event_add(node->reading, NULL) != 0)
        node_must(SIO_ESYS);
    node_must(space_open(node, SIO_STR("/"), &root)); /* a Socket.IO server always has it */
}

int main(int argc, char **argv)
{
    static struct node node;
    read_options(argc, argv, &node.options);
    signal(SIGPIPE, SIG_IGN);
    node.base = loop_new();
    start(&node);
    event_base_dispatch(node.base);
    sio_link_free(node.link);
    if (node.quit != NULL)
        call_ok(node.quit, sio_str_of(NULL, 0));
    bool heard = node_flush(&node);
    event_free(node.reading);
    event_free(node.writing);
    event_base_free(node.base);
    sio_buf_fini(&node.in);
    sio_buf_fini(&node.out);
    return heard ? 0 : 1;
}
