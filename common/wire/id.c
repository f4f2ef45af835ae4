/* SPDX-License-Identifier: MIT */
/* Ids out of the kernel's random numbers, so that nobody can foretell or repeat them. */
#include "wire/id.h"

#include <string.h>
#include <sys/random.h>

/* Up to 256 bytes come whole and uninterrupted; see getrandom(2). */
static sio_status refill(struct sio__ids *ids)
{
    if (getrandom(ids->bytes, sizeof ids->bytes, GRND_NONBLOCK) != (ssize_t)sizeof ids->bytes)
        return SIO_ESYS;
    ids->left = sizeof ids->bytes;
    return SIO_OK;
}

sio_status sio__ids_draw(struct sio__ids *ids, const char *alphabet, size_t len, char *out)
{
    unsigned count = (unsigned)strlen(alphabet);
    unsigned fair = 256 - 256 % count; /* bytes from here on would favour the first letters */
    for (size_t n = 0; n < len;) {
        if (ids->left == 0 && refill(ids) != SIO_OK)
            return SIO_ESYS;
        unsigned byte = ids->bytes[sizeof ids->bytes - ids->left--];
        if (byte < fair)
            out[n++] = alphabet[byte % count];
    }
    return SIO_OK;
}
