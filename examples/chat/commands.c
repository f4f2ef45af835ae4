/* SPDX-License-Identifier: MIT */
/* What a client can say: commands, and text for its room. */
#include "chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The server's builder judges text, as it will when the text is sent. */
static bool is_utf8(struct client *client, sio_str text)
{
    sio_args_clear(client->server->args);
    return sio_args_string(client->server->args, text) == SIO_OK;
}

static void run_nick(struct client *client, const char *name)
{
    char was[sizeof client->nick];
    struct chat_event event = {.name = SIO_STR("renamed")};

    memcpy(was, client->nick, sizeof was);
    snprintf(client->nick, sizeof client->nick, "%s", name);
    client_tell(client, "* you are %s", client->nick);
    event.was = sio_str_c(was);
    chat_send(client, &event, NULL, NULL);
}

static bool count_room(sio_str room, void *user)
{
    (void)room;
    ++*(unsigned *)user;
    return true;
}

static void run_join(struct client *client, const char *name)
{
    char buf[ROOM_BYTES];
    const sio_str room = room_of(sio_str_c(name), buf);
    unsigned rooms = 0;

    if (sio_socket_is_in(client->socket, room)) {
        snprintf(client->room, sizeof client->room, "%s", name);
        client_tell(client, "* you talk in %s", client->room);
        return;
    }
    sio_socket_each_room(client->socket, count_room, &rooms);
    if (rooms > ROOMS) { /* one of them is named by its sid */
        client_tell(client, "* nobody can be in more than %d rooms", ROOMS);
        return;
    }
    /* on_room() in host.c tells the client and the others. */
    sio_status status = sio_socket_join(client->socket, room);
    if (status != SIO_OK)
        client_tell(client, "* cannot join %s: %s", name, sio_status_text(status));
}

static void run_leave(struct client *client, const char *name)
{
    char buf[ROOM_BYTES];

    if (sio_socket_leave(client->socket, room_of(sio_str_c(name), buf)) != SIO_OK)
        client_tell(client, "* you are not in %s", name);
}

/* Who has asked, by sid: the client may be gone when the answer comes. */
struct question {
    char sid[SID_BYTES + 1];
    char room[NAME_BYTES + 1];
};

enum { SHOWN = 200 };

static void on_who(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                   void *user)
{
    struct question *question = user;
    struct client *client = chat_find(adapter, sio_str_c(question->sid));
    sio_remote_socket socket;
    unsigned members = 0;

    while (client != NULL && sio_fetched_next(fetched, &socket)) {
        sio_cursor at = sio_cursor_at(socket.data);
        struct chat_event member = {.nick = SIO_STR("?"), .via = SIO_STR("?")};

        event_read_fields(&at, &member);
        if (members++ < SHOWN)
            client_tell(client, "*   %.*s (%.*s)", STR(member.nick), STR(member.via));
    }
    if (members > SHOWN)
        client_tell(client, "*   and others");
    if (client != NULL && answers->status == SIO_OK)
        client_tell(client, "* %u in %s", members, question->room);
    else if (client != NULL)
        client_tell(client, "* %u in %s, but only %u of %u other servers have answered: %s",
                    members, question->room, answers->answered, answers->expected, answers->text);
    free(question);
}

static void run_who(struct client *client, const char *name)
{
    struct server *server = client->server;
    struct question *question = calloc(1, sizeof *question);
    sio_status status = SIO_ENOMEM;
    char buf[ROOM_BYTES];

    if (question != NULL) {
        const sio_str sid = sio_socket_sid(client->socket);

        snprintf(question->sid, sizeof question->sid, "%.*s", STR(sid));
        snprintf(question->room, sizeof question->room, "%s", name);
        sio_target_clear(server->target);
        sio_target_to(server->target, room_of(sio_str_c(name), buf));
        status = sio_adapter_fetch_sockets(server->adapter, server->target, on_who, question);
    }
    if (status == SIO_OK)
        return;
    free(question);
    client_tell(client, "* cannot ask: %s", sio_status_text(status));
}

static void run_quit(struct client *client, const char *name)
{
    (void)name;
    client_end(client, "bye");
}

static void run_help(struct client *client, const char *name);

enum argument { NONE, NAME, NAME_OR_ROOM };

static const struct command {
    const char *word;
    enum argument argument;
    void (*run)(struct client *client, const char *name);
    const char *help;
} COMMANDS[] = {
    {"/nick", NAME, run_nick, "/nick NAME: be called so"},
    {"/join", NAME, run_join, "/join ROOM: enter a room, and talk in it from now on"},
    {"/leave", NAME_OR_ROOM, run_leave, "/leave [ROOM]: leave it, or the one you talk in"},
    {"/who", NAME_OR_ROOM, run_who, "/who [ROOM]: who is in it, on all servers"},
    {"/quit", NONE, run_quit, "/quit: leave the chat"},
    {"/help", NONE, run_help, "/help: this; anything else is said in the room"},
};

static void run_help(struct client *client, const char *name)
{
    (void)name;
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        client_tell(client, "* %s", COMMANDS[i].help);
}

/* `name` is what stands behind the command. */
static void run(struct client *client, const struct command *command, const char *name)
{
    if (name[0] == '\0' && command->argument == NAME_OR_ROOM)
        name = client->room;
    if (command->argument == NONE ? name[0] != '\0' : !is_name(sio_str_c(name)))
        client_tell(client, "* %s; a name has up to %d bytes and no spaces", command->help,
                    NAME_BYTES);
    else
        command->run(client, name);
}

/* What was said has not reached the other servers: its author is told. */
static void on_said(sio_adapter *adapter, const sio_emit_result *result, void *user)
{
    char *sid = user;
    struct client *client = NULL;

    if (result->status != SIO_OK)
        client = chat_find(adapter, sio_str_c(sid));
    if (client != NULL)
        client_tell(client, "* other servers have missed what you said: %s", result->text);
    free(sid);
}

static void say(struct client *client, sio_str text)
{
    const sio_str sid = sio_socket_sid(client->socket);
    struct chat_event event = {.name = SIO_STR("message"), .text = text};
    sio_status status = SIO_ENOMEM;

    if (client->room[0] == '\0') {
        client_tell(client, "* nobody hears you: /join a room first");
        return;
    }
    event.room = sio_str_c(client->room);
    char *author = strndup(sid.ptr, sid.len);
    if (author != NULL)
        status = chat_send(client, &event, on_said, author);
    if (status == SIO_OK)
        return;
    free(author);
    client_tell(client, "* not sent: %s", sio_status_text(status));
}

void command_run(struct client *client, char *line, size_t len)
{
    if (len == 0)
        return;
    if (memchr(line, '\0', len) != NULL || !is_utf8(client, sio_str_of(line, len))) {
        client_tell(client, "* that is not UTF-8 text");
        return;
    }
    if (line[0] != '/') {
        say(client, sio_str_of(line, len));
        return;
    }
    const size_t word = strcspn(line, " ");
    const char *name = &line[word] + strspn(&line[word], " ");
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++)
        if (sio_str_eq(sio_str_of(line, word), sio_str_c(COMMANDS[i].word))) {
            run(client, &COMMANDS[i], name);
            return;
        }
    client_tell(client, "* no such command; /help tells them");
}
