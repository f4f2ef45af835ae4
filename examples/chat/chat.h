/* SPDX-License-Identifier: MIT */
/* What the parts of the chat server know of each other. All of it runs on one event loop.
 *
 *   main.c      options, start, stop
 *   listener.c  the address, new clients
 *   client.c    a client's lines, in and out
 *   commands.c  what a client can say
 *   host.c      the adapter: what is told to other servers, and what they tell
 *   event.c     what is told, as values and as a line to read */
#ifndef CHAT_H
#define CHAT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <sio/adapter.h>
#include <sio/args.h>
#include <sio/rooms.h>
#include <sio/target.h>

enum {
    LINE_BYTES = 1024,         /* a client's line */
    NAME_BYTES = 64,           /* a nick or a room */
    ROOMS = 16,                /* that a client may be in */
    OUTPUT_BYTES = 256 * 1024, /* waiting for a slow reader: then it is disconnected */
    PRINT_BYTES = 2 * LINE_BYTES,
    SID_BYTES = 20,
    GRACE_MS = 2000 /* for a last line to be read, for Redis to take the last events */
};

struct server {
    struct event_base *base;
    sio_link *link; /* NULL: this process is alone */
    sio_adapter *adapter;
    sio_args *args;     /* the event that is being sent ... */
    sio_target *target; /* ... and who gets it */
    bool is_cut_off;    /* Redis is out of reach; the clients know */
    bool is_stopping;   /* its clients need not know who else leaves */
    struct evconnlistener *listener;
    struct event *resume; /* listens again */
    struct event *interrupt, *terminate;
    LIST_HEAD(, client) clients;
};

struct client {
    struct server *server;
    struct bufferevent *bev;
    sio_socket *socket; /* NULL: it has left the chat, and reads its last lines */
    char nick[NAME_BYTES + 1];
    char room[NAME_BYTES + 1]; /* where its text goes; empty: it is in no room */
    bool is_skipping;          /* the rest of a line that is too long */
    bool is_dropped;           /* it takes nothing more */
    struct event *deadline;    /* for its last lines */
    LIST_ENTRY(client) entry;
};

/* A line for people, safe for a terminal. */
struct line {
    size_t len;
    char bytes[PRINT_BYTES];
};

/* -- event.c -- */

/* What the servers tell each other, in C and in Node: an event with one object. The
 * strings are borrowed; those without ptr are absent. */
struct chat_event {
    sio_str name; /* message, joined, left, renamed */
    sio_str room, nick, via, text, was;
};

void event_write(const struct chat_event *event, sio_args *args);
/* data: the event's name and its object, packed. Whether it is one of these. */
bool event_read(sio_str data, struct chat_event *event);
/* The object alone, such as a socket's data. */
bool event_read_fields(sio_cursor *at, struct chat_event *event);
void event_print(const struct chat_event *event, struct line *line);

/* Printed and cut to its size, without control characters, with a newline. */
void line_print(struct line *line, const char *format, va_list values);
/* Whether it may be a nick or a room. */
bool is_name(sio_str text);

/* For "%.*s". */
#define STR(text) (int)(text).len, ((text).ptr != NULL ? (text).ptr : "")

/* -- listener.c -- */

/* Listen on HOST:PORT or on a path, and say so. */
bool listener_start(struct server *server, const char *address);
void listener_stop(struct server *server);

/* -- client.c -- */

void client_new(struct server *server, evutil_socket_t fd);
void client_write(struct client *client, const struct line *line);
void client_tell(struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* It leaves the chat, is told why, and is disconnected when it has read that. */
void client_end(struct client *client, const char *why);
void client_free(struct client *client);

/* -- commands.c -- */

void command_run(struct client *client, char *line, size_t len);

/* -- host.c -- */

extern const sio_host CHAT_HOST;

/* To the other members of event->room; without one, of all rooms that the client is in. The
 * client's nick is filled in. */
sio_status chat_send(struct client *client, struct chat_event *event, sio_adapter_done_cb *done,
                     void *user);
/* Tell the clients of this process. */
void chat_tell_all(struct server *server, const char *text);
/* The client that has this sid, if it is still there. */
struct client *chat_find(sio_adapter *adapter, sio_str sid);

/* A chat room is a Socket.IO room with a prefix: nobody can listen in by joining the room
 * that is named by another client's sid. */
#define ROOM_PREFIX "room:"
enum { ROOM_BYTES = NAME_BYTES + sizeof ROOM_PREFIX };
/* The room of this name, in `buf`. */
sio_str room_of(sio_str name, char buf[ROOM_BYTES]);
/* The other way round; ptr NULL: it is no chat room. */
sio_str name_of(sio_str room);

#endif
