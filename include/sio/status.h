/* SPDX-License-Identifier: MIT */
/** @file sio/status.h
 *  What a call or an emit came to. One table gives each status its number, its
 *  name and its text, so that none of them drifts. Threads: any. */
#ifndef SIO_STATUS_H
#define SIO_STATUS_H

#include <sio/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** X(name, text), in the order of their numbers. */
#define SIO_STATUS_MAP(X)                                                                          \
    X(SIO_OK, "success")                                                                           \
    X(SIO_EINVAL, "invalid argument or malformed data")                                            \
    X(SIO_ENOMEM, "out of memory")                                                                 \
    X(SIO_ETOOBIG, "larger than the bound set for it")                                             \
    X(SIO_EFULL, "the outbox is full")                                                             \
    X(SIO_ECLOSED, "closed")                                                                       \
    X(SIO_ETIMEDOUT, "timed out")                                                                  \
    X(SIO_ECONN, "no connection to Redis")                                                         \
    X(SIO_EAUTH, "Redis refused the user or password")                                             \
    X(SIO_ENOPERM, "Redis denies this user the command or channel")                                \
    X(SIO_EREDIS, "Redis answered with an error")                                                  \
    X(SIO_EXPIRED, "waited in the outbox for too long")                                            \
    X(SIO_EDEADLK, "would wait for its own thread")                                                \
    X(SIO_EFORK, "created before fork(), used after it in the child")                              \
    X(SIO_ESYS, "the operating system refused a resource")

/** The result of a call, and of an emit. SIO_OK is 0, everything else a failure. */
typedef enum sio_status {
#define SIO_STATUS_ENUM(name, text) name,
    SIO_STATUS_MAP(SIO_STATUS_ENUM)
#undef SIO_STATUS_ENUM
        SIO_STATUS_COUNT /**< how many there are; never returned */
} sio_status;

/** @return The status's name, such as "SIO_EINVAL"; "SIO_?" for a number that
 *          is none. Static storage. */
SIO_API const char *sio_status_name(sio_status status);

/** @return What it means, in a few lowercase English words. Static storage. */
SIO_API const char *sio_status_text(sio_status status);

#ifdef __cplusplus
}
#endif

#endif
