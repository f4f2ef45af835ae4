/* SPDX-License-Identifier: MIT */
/* What is said first on a connection: AUTH, CLIENT SETNAME, SELECT, and ROLE or PING, in one
 * write. */
#ifndef SIO_COMMON_LINK_GREETING_H
#define SIO_COMMON_LINK_GREETING_H

#include <stdbool.h>
#include <stddef.h>

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>

#include "link/reply.h"

struct sio__greeting {
    const char *user, *password, *client_name; /* NULL: not said */
    unsigned db;
    bool any_role;     /* a replica, or a sentinel, is as welcome as a master: PING, not ROLE */
    unsigned answered; /* commands */
    unsigned remark;   /* which of them the last remark is about: one bit; 0: it was none */
    bool answered_all;
};

/* Append the commands. SIO_OK or SIO_ENOMEM. */
SIO_API sio_status sio__greeting_write(struct sio__greeting *greeting, sio_buf *out);

/* Take one answer. SIO_OK: go on; text is then empty, or a remark for the log. Else the
 * connection is not usable, and text says why. */
SIO_API sio_status sio__greeting_answer(struct sio__greeting *greeting,
                                        const struct sio__reply *reply, char *text, size_t size);

#endif
