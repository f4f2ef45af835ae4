/* SPDX-License-Identifier: MIT */
/* A client: the lines that it sends, the lines that it gets, its end.
 *
 * It is freed by the loop only, never while its lines are read or an event is delivered:
 * those may find that it is too slow, or be asked to end it. */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <event2/buffer.h>

enum { INPUT_BYTES = LINE_BYTES + sizeof "\r\n" - 1 };

/* The other members of its rooms are told, see on_room() in host.c. */
static void leave_chat(struct client *client)
{
    sio_socket *socket = client->socket;

    client->socket = NULL;
    sio_socket_free(socket);
}

void client_free(struct client *client)
{
    leave_chat(client);
    if (client->deadline != NULL)
        event_free(client->deadline);
    bufferevent_free(client->bev);
    LIST_REMOVE(client, entry);
    free(client);
}

/* Soon, from the loop: on_event() frees it. */
static void drop(struct client *client)
{
    client->is_dropped = true;
    bufferevent_trigger_event(client->bev, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

void client_write(struct client *client, const struct line *line)
{
    struct evbuffer *output = bufferevent_get_output(client->bev);

    if (client->is_dropped)
        return;
    if (evbuffer_get_length(output) + line->len > OUTPUT_BYTES ||
        bufferevent_write(client->bev, line->bytes, line->len) != 0)
        drop(client);
}

void client_tell(struct client *client, const char *format, ...)
{
    struct line line;
    va_list values;

    va_start(values, format);
    line_print(&line, format, values);
    va_end(values);
    client_write(client, &line);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    client_free(user);
}

void client_end(struct client *client, const char *why)
{
    const struct timeval grace = {.tv_sec = GRACE_MS / 1000};

    if (client->socket == NULL)
        return;
    leave_chat(client);
    bufferevent_disable(client->bev, EV_READ);
    client_tell(client, "* %s", why);
    client->deadline = evtimer_new(client->server->base, on_deadline, client);
    if (client->deadline == NULL || evtimer_add(client->deadline, &grace) != 0)
        drop(client);
}

static void take_line(struct client *client, char *line, size_t len)
{
    if (!client->is_skipping && len > LINE_BYTES)
        client_tell(client, "* that line is longer than %d bytes", LINE_BYTES);
    else if (!client->is_skipping)
        command_run(client, line, len);
    client->is_skipping = false;
}

/* The watermark keeps the input to one full line: a client that floods waits for the others
 * in between. */
static void on_readable(struct bufferevent *bev, void *user)
{
    struct evbuffer *input = bufferevent_get_input(bev);
    struct client *client = user;
    size_t len;
    char *line;

    while (client->socket != NULL && !client->is_dropped &&
           (line = evbuffer_readln(input, &len, EVBUFFER_EOL_CRLF)) != NULL) {
        take_line(client, line, len);
        free(line);
    }
    if (evbuffer_get_length(input) < INPUT_BYTES)
        return;
    if (!client->is_skipping)
        client_tell(client, "* that line is longer than %d bytes", LINE_BYTES);
    client->is_skipping = true;
    evbuffer_drain(input, evbuffer_get_length(input));
}

/* All that was written has been sent. */
static void on_written(struct bufferevent *bev, void *user)
{
    struct client *client = user;
    (void)bev;
    if (client->socket == NULL)
        client_free(client);
}

/* What it sent last may have been a question: it gets what is on its way to it. */
static void on_event(struct bufferevent *bev, short what, void *user)
{
    struct client *client = user;
    (void)bev;
    if ((what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_READING) != 0 && !client->is_dropped)
        client_end(client, "bye");
    else
        client_free(client);
}

static bool random_sid(char sid[SID_BYTES + 1])
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[SID_BYTES];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return false;
    for (size_t i = 0; i < SID_BYTES; i++)
        sid[i] = digits[bytes[i] % 32];
    sid[SID_BYTES] = '\0';
    return true;
}

static bool enter_chat(struct client *client)
{
    char sid[SID_BYTES + 1];

    if (!random_sid(sid) ||
        sio_socket_new(client->server->adapter, sio_str_c(sid), client, &client->socket) != SIO_OK)
        return false;
    snprintf(client->nick, sizeof client->nick, "guest-%.4s", sid);
    return sio_socket_connect(client->socket) == SIO_OK;
}

void client_new(struct server *server, evutil_socket_t fd)
{
    struct client *client = calloc(1, sizeof *client);

    if (client != NULL)
        client->bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (client == NULL || client->bev == NULL) {
        free(client);
        evutil_closesocket(fd);
        return;
    }
    client->server = server;
    LIST_INSERT_HEAD(&server->clients, client, entry);
    bufferevent_setcb(client->bev, on_readable, on_written, on_event, client);
    bufferevent_setwatermark(client->bev, EV_READ, 0, INPUT_BYTES);
    if (!enter_chat(client) || bufferevent_enable(client->bev, EV_READ | EV_WRITE) != 0)
        client_free(client);
    else
        client_tell(client, "* you are %s; /help tells what you can do", client->nick);
}
