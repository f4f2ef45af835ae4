/* SPDX-License-Identifier: MIT */
/* The exit codes and which status leads to which. */
#include "exit_codes.h"

const struct exit_meaning exit_meanings[] = {
    {EXIT_ACCEPTED, "0", "Redis has accepted everything."},
    {EXIT_INTERNAL, "1", "Internal failure: out of memory, or standard output cannot be written."},
    {EXIT_USAGE, "2",
     "Wrong usage, malformed JSON, a reserved event name, or a file that cannot be read."},
    {EXIT_CONNECT, "3", "No connection: unknown host, refused, or not up in time."},
    {EXIT_AUTH, "4", "Redis refused the user or password, or denies this user the channel."},
    {EXIT_REDIS, "5", "Redis answered with another error."},
    {EXIT_TIMEOUT, "6", "Redis did not answer in time."},
    {EXIT_PARTIAL, "7",
     "Part of the work was done: some lines were malformed or some emits failed, or "
     "--min-receivers was not met."},
    {EXIT_TOOBIG, "8", "Larger than the bound: the packet, a name, or the number of rooms."},
    {EXIT_SIGNAL, "128+N", "Ended by signal N, after flushing."},
};
const int exit_meaning_count = sizeof(exit_meanings) / sizeof(exit_meanings[0]);

int exit_code_of(sio_status status)
{
    switch (status) {
    case SIO_OK:
        return EXIT_ACCEPTED;
    case SIO_EINVAL:
        return EXIT_USAGE;
    case SIO_ETOOBIG:
        return EXIT_TOOBIG;
    case SIO_ECONN:
    case SIO_ECLOSED:
        return EXIT_CONNECT;
    case SIO_EAUTH:
    case SIO_ENOPERM:
        return EXIT_AUTH;
    case SIO_EREDIS:
        return EXIT_REDIS;
    case SIO_EFULL:
    case SIO_ETIMEDOUT:
    case SIO_EXPIRED:
        return EXIT_TIMEOUT;
    case SIO_ENOMEM:
    case SIO_EDEADLK:
    case SIO_EFORK:
    case SIO_ESYS:
    case SIO_STATUS_COUNT:
        break;
    }
    return EXIT_INTERNAL;
}
