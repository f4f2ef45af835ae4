/* SPDX-License-Identifier: MIT */
/* The namespaces of sio-node, their virtual clients, and the server-side events that wait
 * for an answer. */
#include "sio_node.h"

#include <stdlib.h>

/* As Node's io.of(): "" is "/", and a missing '/' is added. */
static void normalise(sio_str nsp, sio_buf *out)
{
    if (nsp.len == 0 || nsp.ptr[0] != '/')
        put_text(out, "/");
    node_must(sio_buf_append(out, nsp.ptr, nsp.len));
}

static struct space *find(struct node *node, sio_str nsp)
{
    struct space *space = node->spaces;
    while (space != NULL && !sio_str_eq(sio_adapter_nsp(space->adapter), nsp))
        space = space->next;
    return space;
}

static sio_status open_new(struct node *node, sio_str nsp, struct space **out)
{
    sio_adapter_opts opts;
    struct space *space = calloc(1, sizeof *space);
    *out = space;
    if (space == NULL)
        return SIO_ENOMEM;
    sio_adapter_opts_init(&opts);
    if (node->options.prefix != NULL)
        opts.key = node->options.prefix;
    opts.nsp = nsp;
    opts.host = node_host;
    opts.user = space;
    opts.subscription = node->options.subscription;
    opts.specific_response_channel = node->options.specific_response_channel;
    if (node->options.requests_timeout_ms > 0)
        opts.requests_timeout_ms = node->options.requests_timeout_ms;
    space->node = node;
    sio_status status = sio_adapter_new(node->link, &opts, &space->adapter);
    if (status != SIO_OK) {
        free(space);
        *out = NULL;
        return status;
    }
    space->next = node->spaces;
    node->spaces = space;
    return SIO_OK;
}

sio_status space_open(struct node *node, sio_str nsp, struct space **out)
{
    sio_buf name;
    sio_status status = SIO_OK;
    sio_buf_init(&name);
    normalise(nsp, &name);
    *out = find(node, sio_buf_str(&name));
    if (*out == NULL)
        status = open_new(node, sio_buf_str(&name), out);
    sio_buf_fini(&name);
    return status;
}

static void client_fini(struct client *client)
{
    sio_buf_fini(&client->handshake);
    sio_buf_fini(&client->data);
    free(client);
}

void space_close(struct space *space)
{
    struct space **at = &space->node->spaces;
    while (space->tokens != NULL)
        sio_answer_drop(token_take(space, space->tokens->number));
    sio_adapter_free(space->adapter);
    while (space->clients != NULL) {
        struct client *client = space->clients;
        space->clients = client->next;
        client_fini(client);
    }
    while (*at != space)
        at = &(*at)->next;
    *at = space->next;
    free(space);
}

sio_status client_new(struct space *space, sio_str sid, struct client **out)
{
    struct client *client = calloc(1, sizeof *client);
    *out = client;
    if (client == NULL)
        return SIO_ENOMEM;
    sio_status status = sio_socket_new(space->adapter, sid, client, &client->socket);
    if (status != SIO_OK) {
        free(client);
        *out = NULL;
        return status;
    }
    client->next = space->clients;
    space->clients = client;
    return SIO_OK;
}

void client_free(struct space *space, struct client *client)
{
    struct client **at = &space->clients;
    sio_socket_free(client->socket);
    while (*at != client)
        at = &(*at)->next;
    *at = client->next;
    client_fini(client);
}

struct client *client_find(struct space *space, sio_str sid)
{
    sio_socket *socket = sio_adapter_find(space->adapter, sid);
    return socket != NULL ? sio_socket_user(socket) : NULL;
}

unsigned long token_new(struct space *space, sio_answer *answer)
{
    struct token *token = calloc(1, sizeof *token);
    node_must(token != NULL ? SIO_OK : SIO_ENOMEM);
    token->number = ++space->node->last_token;
    token->answer = answer;
    token->next = space->tokens;
    space->tokens = token;
    return token->number;
}

sio_answer *token_take(struct space *space, unsigned long number)
{
    struct token **at = &space->tokens;
    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next;
    if (*at == NULL)
        return NULL;
    struct token *token = *at;
    sio_answer *answer = token->answer;
    *at = token->next;
    free(token);
    return answer;
}
