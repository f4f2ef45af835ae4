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

void sio__error_explain(const char *error, const char *what, sio_str name,
                        char text[SIO__ERROR_TEXT_MAX])
{
    char shown[NAME_SHOWN + 1];

    sio__printable(shown, sizeof shown, name);
    if (name.len > 0 && sio__error_status(error) == SIO_ENOPERM)
        snprintf(text, SIO__ERROR_TEXT_MAX, "%.255s (%s %s)", error, what, shown);
    else
        snprintf(text, SIO__ERROR_TEXT_MAX, "%.255s", error);
}
