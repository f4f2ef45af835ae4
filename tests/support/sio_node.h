/* SPDX-License-Identifier: MIT */
/* sio-node, a scriptable host of libsio-adapter: what its files share. */
#ifndef SIO_TESTS_NODE_H
#define SIO_TESTS_NODE_H

#include <stdbool.h>

#include <sio/adapter.h>
#include <sio/buf.h>

struct event;
struct event_base;

enum { NODE_MAX_MS = 1000000000 }; /* over eleven days; deadlines are half of 32 bits */

struct node_options {
    const char *url, *prefix;
    unsigned requests_timeout_ms;
    bool specific_response_channel;
    sio_subscription subscription;
};

/* A virtual client of a namespace. */
struct client {
    struct client *next;
    sio_socket *socket;
    sio_buf handshake, data; /* packed */
};

/* A server-side event that waits for its serverSideAck. */
struct token {
    struct token *next;
    unsigned long number;
    sio_answer *answer;
};

/* An open namespace. */
struct space {
    struct space *next;
    struct node *node;
    sio_adapter *adapter;
    bool ready; /* has been once */
    struct client *clients;
    struct token *tokens;
};

/* The process. */
struct node {
    struct node_options options;
    struct event_base *base;
    sio_link *link;
    bool connected, quitting;
    struct call *quit; /* is answered last */
    struct space *spaces;
    unsigned long last_token;
    struct event *reading, *writing;
    sio_buf in, out; /* bytes of stdin without their newline so far; lines for stdout */
};

/* One request, until it is answered. */
struct call {
    struct node *node;
    struct space *space;
    sio_buf packed;    /* the request, a map */
    sio_buf id;        /* JSON text */
    sio_buf responses; /* of acknowledgements so far, JSON text without brackets */
};

/* -- sio_node.c -- */

/* Ends the process with a message if status is a failure: for what has no request to blame,
 * such as memory. */
void node_must(sio_status status);
/* Close all namespaces and the link; the process ends when that is done. */
void node_quit(struct node *node);

/* -- sio_node_in.c: requests -- */

/* Take bytes of stdin and carry out the lines that are complete. */
void node_input(struct node *node, sio_str bytes);

/* -- sio_node_space.c: namespaces and virtual clients -- */

/* The namespace, opened if it was not yet. */
sio_status space_open(struct node *node, sio_str nsp, struct space **out);
/* With all its clients; what is pending is answered. */
void space_close(struct space *space);
sio_status client_new(struct space *space, sio_str sid, struct client **out);
void client_free(struct space *space, struct client *client);
/* NULL: there is none. */
struct client *client_find(struct space *space, sio_str sid);
unsigned long token_new(struct space *space, sio_answer *answer);
/* The answer, which is the caller's now; NULL: no such token. */
sio_answer *token_take(struct space *space, unsigned long number);

/* -- sio_node_events.c: events -- */

extern const sio_host node_host; /* its user is the space */
void node_link_state(sio_link *link, const sio_link_event *event, void *user);

/* -- sio_node_sockets.c, sio_node_cluster.c: operations. Each answers its call, now or later. -- */

void op_connect(struct call *call);
void op_data(struct call *call);
void op_join(struct call *call);
void op_leave(struct call *call);
void op_close(struct call *call);
void op_socket_rooms(struct call *call);
void op_ack(struct call *call);

void op_emit(struct call *call);
void op_emit_with_ack(struct call *call);
void op_fetch_sockets(struct call *call);
void op_sockets(struct call *call);
void op_all_rooms(struct call *call);
void op_server_count(struct call *call);
void op_sockets_join(struct call *call);
void op_sockets_leave(struct call *call);
void op_disconnect_sockets(struct call *call);
void op_server_side_emit(struct call *call);
void op_server_side_emit_with_ack(struct call *call);
void op_server_side_ack(struct call *call);
void op_stats(struct call *call);

/* -- sio_node_fields.c: the fields of a request -- */

/* A field's packed value; len 0: absent. */
sio_str call_field(const struct call *call, const char *name);
/* The same where null means absent, too. */
sio_str call_option(const struct call *call, const char *name);
bool call_true(const struct call *call, const char *name);
/* Its natural number, or the default. */
uint64_t call_number(const struct call *call, const char *name, uint64_t otherwise);
/* A number of milliseconds: at least 1, at most NODE_MAX_MS. False: it is no number. */
bool milliseconds_of(const sio_value *v, unsigned *ms);
/* A string, or a number as JavaScript prints it, appended to `memory`; false: neither. */
bool name_text(sio_str packed, sio_buf *memory);

/* Names in memory of their own. */
struct names {
    sio_str *each;      /* a number: its text */
    sio_value *numbers; /* of type SIO_INT or SIO_UINT where it was an integer */
    size_t count;
    sio_buf memory;
};
/* A field that is a name or an array of names; absent or null: none. False: something else. */
bool call_names(const struct call *call, const char *field, struct names *out);
void names_fini(struct names *names);

/* Rooms, except and flags of a request. False: answered with what is wrong. */
bool call_target(struct call *call, sio_target **out);
/* `args` of a request: the event's name and the rest. False: answered. */
bool call_event(struct call *call, sio_str *event, sio_args **args);
/* The tagged values of an array, or of one value, as arguments. False: answered. */
bool call_values(struct call *call, const char *field, sio_args **args);

/* -- sio_node_out.c: lines of JSON -- */

void put_text(sio_buf *out, const char *text);
void put_number(sio_buf *out, int64_t number);
void put_string(sio_buf *out, sio_str text); /* quoted */
void put_tagged(sio_buf *out, sio_str packed);
/* Values in a row, with commas between them. */
void put_row(sio_buf *out, sio_str packed);
/* A line for stdout, which takes its content. */
void node_send(struct node *node, sio_buf *line);
/* Write out what waits; false: nobody reads any more. */
bool node_flush(struct node *node);

/* Answer and free the call. result: JSON text; len 0: null. */
void call_ok(struct call *call, sio_str result);
void call_fail(struct call *call, sio_status status, const char *error);
/* With a result, whole or partial, and how many servers have told it: ok if the answers are, or
 * if `ok` says so. */
void call_answer(struct call *call, const sio_answers *answers, bool ok, sio_str result);
void call_free(struct call *call);

#endif
