/* SPDX-License-Identifier: MIT */
/* What a peer seems to speak, by the first bytes that came from it. */
#ifndef SIO_COMMON_LINK_SPEAKS_H
#define SIO_COMMON_LINK_SPEAKS_H

#include <stddef.h>
#include <string.h>

enum sio__speaks { SIO__SPEAKS_UNKNOWN, SIO__SPEAKS_RESP, SIO__SPEAKS_TLS, SIO__SPEAKS_HTTP };

enum { SIO__SPEAKS_BYTES = 5 }; /* that tell */

static inline enum sio__speaks sio__speaks(const char *bytes, size_t len)
{
    if ((len >= 5 && memcmp(bytes, "HTTP/", 5) == 0) || (len >= 1 && bytes[0] == '<'))
        return SIO__SPEAKS_HTTP;
    /* Records begin with their kind, from 20 to 23, and a version, which is 3 and something. */
    if (len >= 2 && bytes[0] >= 20 && bytes[0] <= 23 && bytes[1] == 3)
        return SIO__SPEAKS_TLS;
    if (len >= 1 && memchr("+-:$*", bytes[0], 5) != NULL)
        return SIO__SPEAKS_RESP;
    return SIO__SPEAKS_UNKNOWN;
}

#endif
