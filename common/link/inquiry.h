/* SPDX-License-Identifier: MIT */
/* One server is asked some questions on a short connection of its own. */
#ifndef SIO_COMMON_LINK_INQUIRY_H
#define SIO_COMMON_LINK_INQUIRY_H

#include <stdbool.h>
#include <stddef.h>

#include <sio/link.h>
#include <sio/status.h>

#include "link/answer.h"
#include "link/conn.h"
#include "link/place.h"

struct sio__inquiry;

enum { SIO__INQUIRY_MAX = 4 };

struct sio__inquiry_question {
    const struct sio__place *place;
    const char *commands[SIO__INQUIRY_MAX]; /* words with one space between them; NULL: no more */
    unsigned timeout_ms;                    /* for all of it, at most the connect timeout */
};

/* The inquiry is over and gone. SIO_OK: as many answers as commands, errors among them
 * perhaps, which may be taken over with their memory; else NULL, and text says why. */
typedef void sio__inquiry_cb(void *arg, sio_status status, struct sio__listing *answers,
                             const char *text);

/* Whatever role the server has it is asked, as the link's user. The callback comes once,
 * later, from the loop; *out, which must stay where it is, is NULL by then. SIO_OK, or
 * SIO_ENOMEM: then it does not come. */
sio_status sio__inquiry_start(sio_link *link, const struct sio__inquiry_question *question,
                              sio__inquiry_cb *cb, void *arg, struct sio__inquiry **out);

/* No callback any more. Not from within it; NULL allowed. */
void sio__inquiry_stop(struct sio__inquiry *inquiry);

void sio__inquiry_after_fork(struct sio__inquiry *inquiry); /* closes descriptors */

/* Take the answers that are there off a connection: cb is called for each, and gives its
 * memory back unless it takes it over. false: stop. Returns as sio__conn_read(). */
typedef bool sio__answers_cb(void *arg, struct sio__listing *answer);
sio_status sio__answers_read(struct sio__conn *conn, struct sio__answer_reader *reader,
                             sio__answers_cb *cb, void *arg);

#endif
