/* SPDX-License-Identifier: MIT */
/* The judge of what is published to shard channels: numbers, ascending on each channel, what
 * became of each publish, and what a listener of another link was brought. */
#ifndef SIO_TESTS_SHARDS_H
#define SIO_TESTS_SHARDS_H

#include "client.h"
#include "link/publish.h"
#include "link/subscribe.h"

enum { SHARDS_CHANNELS = 30 };

struct shards_channel {
    struct shards *shards;
    char name[32];
    unsigned slot;
    int sent;             /* numbers 1 to sent have been taken */
    _Atomic int ended;    /* the last one that has; they end in order */
    int brought, repeats; /* the last number that came; numbers that came again */
    int missing;
    int64_t brought_ms; /* when */
};

struct shards {
    struct client client; /* publishes */
    struct client other;  /* listens, on a loop */
    struct sio__listener *listener;
    struct shards_channel channels[SHARDS_CHANNELS];
    _Atomic int unordered, ended, ends[SIO_STATUS_COUNT];
    char text[256]; /* of the last failure */
    int sent, readies, gaps, losses, denials;
    char gap_text[256];
};

/* Up, and subscribed to all channels, when it returns; they lie in all parts of the slots. */
void shards_begin(struct shards *s, enum client_mode mode, const char *url);
/* So many numbers to each channel. */
void shards_publish(struct shards *s, int numbers);
void shards_turn(struct shards *s);
/* Every publish has ended once, in order on its channel, and successfully; what came ascends
 * but for repeats. Frees all of it. */
void shards_end(struct shards *s);

#define SHARDS_WAIT(s, condition)                                                                  \
    do {                                                                                           \
        int64_t shards_limit = fixture_now_ms() + 30000;                                           \
        while (!(condition)) {                                                                     \
            if (fixture_now_ms() > shards_limit) {                                                 \
                print_error("%s:%d: waited in vain for %s\n", __FILE__, __LINE__, #condition);     \
                fail();                                                                            \
            }                                                                                      \
            shards_turn(s);                                                                        \
        }                                                                                          \
    } while (0)

#endif
