/* SPDX-License-Identifier: MIT */
/* In the place of a link, for tests of what stands on it: keeps what is published and
 * subscribed to, and brings what a test wants to have come. A program that has it must not
 * use the real one. */
#ifndef SIO_TESTS_FAKE_LINK_H
#define SIO_TESTS_FAKE_LINK_H

#include <sio/buf.h>
#include <sio/link.h>

#include "link/publish.h"
#include "link/subscribe.h"

struct event_base;

/* One publish, or a count of subscribers or channels (payload.ptr NULL), in their order. */
struct fake_sent {
    sio_buf channel, payload;
    enum sio__publish_kind kind;
    bool is_count, is_census;
    struct sio__completion completion;
    bool ended;
};

/* Called with true before and false after what it allocates itself; NULL: nobody. */
extern void (*fake_link_own)(bool begins);

sio_link *fake_link_new(struct event_base *base);
void fake_link_free(sio_link *link); /* its listeners must be gone */

size_t fake_link_sent(const sio_link *link); /* so far */
const struct fake_sent *fake_link_at(const sio_link *link, size_t i);
/* Of the publishes only: the last one's payload. */
sio_str fake_link_last(const sio_link *link);

/* End the i-th with a status and number of receivers, or count. */
void fake_link_end(sio_link *link, size_t i, sio_status status, int64_t receivers);
/* End all counts that have not ended. */
void fake_link_count(sio_link *link, int64_t servers);
/* What publishing and counting return from now on. */
void fake_link_refuse(sio_link *link, sio_status status);

/* Bring a message to every listener that subscribed to its channel or, by a pattern that ends
 * in '*', to its beginning. Returns how many there were. */
unsigned fake_link_bring(sio_link *link, sio_str channel, sio_str payload);
/* The same for one listener's route, whatever it has subscribed to. */
void fake_link_bring_as(sio_link *link, int tag, sio_str channel, sio_str payload);
void fake_link_ready(sio_link *link);
void fake_link_lost(sio_link *link, const char *text);
void fake_link_gap(sio_link *link, int64_t from_ms, int64_t to_ms, const char *text);
bool fake_link_has(const sio_link *link, sio_str name); /* it is subscribed to */
size_t fake_link_names(const sio_link *link);           /* how many are */

#endif
