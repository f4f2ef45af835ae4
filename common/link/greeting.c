/* SPDX-License-Identifier: MIT */
/* No HELLO: RESP2 is enough, and Redis before 6 does not know it. ROLE, because PUBLISH
 * on a replica is answered as usual and reaches nobody on its master. */
#include "link/greeting.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "link/errors.h"

enum step { AUTH, SETNAME, SELECT, ROLE /* or PING */, STEPS };

enum { SYNTAX_MAX = 512 }; /* all that is said, but for user, password and client name */

static bool is_said(const struct sio__greeting *greeting, enum step step)
{
    switch (step) {
    case AUTH:
        return greeting->password != NULL;
    case SETNAME:
        return greeting->client_name != NULL;
    case SELECT:
        return greeting->db > 0;
    default:
        return true;
    }
}

static sio_status append(sio_buf *out, int argc, const char **argv)
{
    size_t lens[3];
    char *command = NULL;
    long long len;
    sio_status status;

    for (int i = 0; i < argc; i++)
        lens[i] = strlen(argv[i]);
    len = redisFormatCommandArgv(&command, argc, argv, lens);
    if (len < 0)
        return SIO_ENOMEM;
    status = sio_buf_append(out, command, (size_t)len);
    explicit_bzero(command, (size_t)len);
    redisFreeCommand(command);
    return status;
}

static sio_status write_step(const struct sio__greeting *greeting, enum step step, sio_buf *out)
{
    char db[16];

    switch (step) {
    case AUTH:
        if (greeting->user == NULL)
            return append(out, 2, (const char *[]){"AUTH", greeting->password});
        return append(out, 3, (const char *[]){"AUTH", greeting->user, greeting->password});
    case SETNAME:
        return append(out, 3, (const char *[]){"CLIENT", "SETNAME", greeting->client_name});
    case SELECT:
        snprintf(db, sizeof db, "%u", greeting->db);
        return append(out, 2, (const char *[]){"SELECT", db});
    default:
        return append(out, 1, (const char *[]){greeting->any_role ? "PING" : "ROLE"});
    }
}

static size_t length(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

sio_status sio__greeting_write(struct sio__greeting *greeting, sio_buf *out)
{
    size_t most = SYNTAX_MAX + length(greeting->user) + length(greeting->password) +
                  length(greeting->client_name);
    /* At once, as memory that the buffer grew out of would keep the password. */
    sio_status status = sio_buf_reserve(out, most);

    greeting->answered = 0;
    greeting->answered_all = false;
    for (enum step step = AUTH; step < STEPS && status == SIO_OK; step++) {
        if (is_said(greeting, step))
            status = write_step(greeting, step, out);
    }
    return status;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Errors that come whatever was asked; SIO_OK: none of those. */
static sio_status general_error(const char *text)
{
    if (begins(text, "NOAUTH"))
        return SIO_EAUTH;
    /* Redis full, loading, behind its protected mode: it will not stay so. */
    if (begins(text, "ERR max number of clients") || begins(text, "LOADING") ||
        begins(text, "BUSY ") || begins(text, "MASTERDOWN") || begins(text, "DENIED"))
        return SIO_ECONN;
    return SIO_OK;
}

static sio_status judge_role(const struct sio__reply *reply, char *text, size_t size)
{
    if (reply->type == SIO__REPLY_ARRAY && strcmp(reply->text, "master") == 0)
        return SIO_OK;
    if (reply->type == SIO__REPLY_ARRAY)
        snprintf(text, size, "the server is a %s, not a master; what is published there gets lost",
                 strcmp(reply->text, "slave") == 0 ? "replica" : reply->text);
    else
        snprintf(text, size, "unexpected answer to ROLE");
    return SIO_EREDIS;
}

static sio_status judge_last(const struct sio__greeting *greeting, const struct sio__reply *reply,
                             char *text, size_t size)
{
    if (!greeting->any_role)
        return judge_role(reply, text, size);
    if (reply->type == SIO__REPLY_STATUS)
        return SIO_OK;
    snprintf(text, size, "unexpected answer to PING");
    return SIO_EREDIS;
}

static sio_status judge_error(struct sio__greeting *greeting, enum step step, const char *error,
                              char *text, size_t size)
{
    sio_status status = general_error(error);
    char explained[SIO__ERROR_TEXT_MAX];

    sio__error_explain(error, "", (sio_str){NULL, 0}, explained);
    snprintf(text, size, "%s", explained);
    if (status != SIO_OK)
        return status;
    switch (step) {
    case AUTH:
        return SIO_EAUTH;
    case SELECT:
        return begins(error, "NOPERM") ? SIO_ENOPERM : SIO_EREDIS;
    case SETNAME:
        greeting->remark = 1U << step;
        snprintf(text, size, "CLIENT SETNAME was refused: %s", explained);
        return SIO_OK;
    default: /* denied by an ACL, or a proxy that has no ROLE */
        greeting->remark = 1U << step;
        if (greeting->any_role)
            text[0] = '\0';
        else
            snprintf(text, size, "ROLE was refused, cannot tell a replica: %s", explained);
        return SIO_OK;
    }
}

sio_status sio__greeting_answer(struct sio__greeting *greeting, const struct sio__reply *reply,
                                char *text, size_t size)
{
    enum step step = AUTH;
    unsigned left = greeting->answered++;

    while (!is_said(greeting, step) || left-- > 0)
        step++;
    greeting->answered_all = step == ROLE;
    greeting->remark = 0;
    text[0] = '\0';
    if (reply->type == SIO__REPLY_ERROR)
        return judge_error(greeting, step, reply->text, text, size);
    return step == ROLE ? judge_last(greeting, reply, text, size) : SIO_OK;
}
