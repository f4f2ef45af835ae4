/* SPDX-License-Identifier: MIT */
#include "link/errors.h"

#include <stdio.h>
#include <string.h>

enum { NAME_SHOWN = 200 /* bytes of a channel's name in a text */ };

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

void sio__printable(char *to, size_t size, sio_str text)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        to[i] = c < 0x20 || c == 0x7f ? '?' : (char)c;
    }
    to[len] = '\0';
}

bool sio__error_is_passing(const char *error)
{
    static const char *const passing[] = {"LOADING", "BUSY ",      "MASTERDOWN", "MISCONF",
                                          "OOM ",    "NOREPLICAS", "TRYAGAIN",   "CLUSTERDOWN"};

    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (begins(error, passing[i]))
            return true;
    }
    return false;
}

sio_status sio__error_status(const char *error)
{
    if (begins(error, "NOPERM"))
        return SIO_ENOPERM;
    if (begins(error, "NOAUTH"))
        return SIO_EAUTH;
    return SIO_EREDIS;
}

/* -- which right is missing -- */

/* As ACL SETUSER takes it: a channel is matched as a glob, in which '?' is any byte; a pattern
 * is compared as it is. */
static void put_channel_right(sio_str name, bool is_pattern, char *to)
{
    size_t len = name.len < NAME_SHOWN ? name.len : NAME_SHOWN;

    *to++ = '&';
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool shown = c >= 0x20 && c != 0x7f;

        if (shown && !is_pattern && strchr("*?[]\\", c) != NULL)
            *to++ = '\\';
        *to++ = shown ? (char)c : '?';
    }
    if (name.len > NAME_SHOWN)
        *to++ = '*';
    *to = '\0';
}

/* Redis names the command ("... run the 'publish' command", before 7.0 "... or its
 * subcommand" behind it) but not the channel ("... access one of the channels used as
 * arguments", since 7.2 "No permissions to access a channel"). */
static void put_right(const char *error, sio_str name, bool is_pattern, char *to)
{
    static const char before[] = " run the '";
    const char *command = strstr(error, before);

    to[0] = '\0';
    if (command != NULL) {
        command += sizeof before - 1;
        snprintf(to, NAME_SHOWN, "+%.*s", (int)strcspn(command, "'"), command);
    } else if (name.len > 0 && strstr(error, "channel") != NULL) {
        put_channel_right(name, is_pattern, to);
    }
}

/* Redis's words, then those of Envoy's filter in different versions. */
static bool is_unknown(const char *error)
{
    return strstr(error, "unknown command") != NULL ||
           strstr(error, "unsupported command") != NULL || strstr(error, "invalid request") != NULL;
}

static const char *hint(const char *error, const char *what)
{
    if (strcmp(what, "shard channel") == 0 &&
        (is_unknown(error) || strstr(error, "Unknown subcommand") != NULL))
        return "; shard channels need Redis 7";
    if (begins(error, "MOVED "))
        return "; it is a node of a cluster: redis-cluster://";
    return is_unknown(error) ? "; a proxy without pub/sub, or a renamed command?" : "";
}

void sio__error_explain(const char *error, const char *what, sio_str name,
                        char text[SIO__ERROR_TEXT_MAX])
{
    char shown[NAME_SHOWN + 1], right[2 * NAME_SHOWN + 3];
    size_t len;

    snprintf(text, SIO__ERROR_TEXT_MAX, "%.255s%s", error, hint(error, what));
    if (sio__error_status(error) != SIO_ENOPERM)
        return;
    len = strlen(text);
    if (name.len > 0) {
        sio__printable(shown, sizeof shown, name);
        snprintf(text + len, SIO__ERROR_TEXT_MAX - len, " (%s %s)", what, shown);
        len += strlen(text + len);
    }
    put_right(error, name, strcmp(what, "pattern") == 0, right);
    if (right[0] != '\0')
        snprintf(text + len, SIO__ERROR_TEXT_MAX - len, "; missing right: %s", right);
}
