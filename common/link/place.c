/* SPDX-License-Identifier: MIT */
#include "link/place.h"

#include <stdio.h>
#include <string.h>

bool sio__place_set(struct sio__place *place, const char *host, int64_t port)
{
    size_t len = strlen(host);

    if (len == 0 || len >= sizeof place->name || port < 1 || port > UINT16_MAX)
        return false;
    memset(place, 0, sizeof *place);
    memcpy(place->name, host, len);
    place->port = (uint16_t)port;
    return true;
}

bool sio__place_same(const struct sio__place *a, const struct sio__place *b)
{
    return a->port == b->port && strcmp(a->name, b->name) == 0;
}

void sio__place_print(const struct sio__place *place, char *out, size_t size)
{
    if (place->port == 0)
        snprintf(out, size, "%s", place->name);
    else
        snprintf(out, size, strchr(place->name, ':') != NULL ? "[%s]:%u" : "%s:%u", place->name,
                 (unsigned)place->port);
}
