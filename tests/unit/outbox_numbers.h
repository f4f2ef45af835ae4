/* SPDX-License-Identifier: MIT */
/* An outbox under test, whose publishes are known by a number: it is their payload, padded, and
 * their `user`. */
#ifndef SIO_TESTS_OUTBOX_NUMBERS_H
#define SIO_TESTS_OUTBOX_NUMBERS_H

#include "unit.h"

#include "link/outbox.h"

struct box_seen {
    unsigned ends[4096];
    int count;
};

extern struct sio__outbox_room box_room; /* of the case's outbox */
extern char box_big[300 * 1024];         /* for a payload */

void box_on_end(void *arg, const struct sio__completion *completion); /* arg: struct box_seen */
struct sio__outbox *box_make(size_t bytes, uint32_t publishes, uint32_t ttl_ms);
/* The payload is the number, padded with dots to `len` bytes. */
size_t box_payload(unsigned number, char *out, size_t len);
sio_status box_add(struct sio__outbox *box, unsigned number, size_t len, uint32_t now_ms);
size_t box_encode(unsigned number, size_t len, char *out); /* as a command */
/* Write at most `max` bytes; they are appended to out. */
size_t box_write(struct sio__outbox *box, char *out, size_t max);
unsigned box_answer(struct sio__outbox *box, bool keep);

#endif
