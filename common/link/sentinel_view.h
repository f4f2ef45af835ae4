/* SPDX-License-Identifier: MIT */
/* What sentinels say, and which of them is right. Knows no connection and no clock. */
#ifndef SIO_COMMON_LINK_SENTINEL_VIEW_H
#define SIO_COMMON_LINK_SENTINEL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sio/export.h>

#include "link/answer.h"
#include "link/place.h"

/* Where one sentinel sees the master. */
struct sio__sentinel_view {
    bool valid;
    struct sio__place master;
    int64_t epoch; /* of that configuration: the higher the newer; 0: it does not say */
};

/* What to ask, as RESP, NAME being what they know the master by; each has one answer.
 *     SENTINEL GET-MASTER-ADDR-BY-NAME name    where: during a failover earlier right than:
 *     SENTINEL MASTER name                     its configuration's epoch
 *     SENTINEL MYID                            Redis 6.2 and later
 *     SENTINEL SENTINELS name                  the others it knows */

enum sio__sentinel_answer { SIO__SENTINEL_KNOWN, SIO__SENTINEL_UNKNOWN, SIO__SENTINEL_STRANGE };

/* GET-MASTER-ADDR-BY-NAME: UNKNOWN: no master of this name. */
SIO_API enum sio__sentinel_answer sio__sentinel_read_address(const struct sio__listing *answer,
                                                             struct sio__place *place);
/* MASTER: its config-epoch; 0 if there is none to be found. */
SIO_API int64_t sio__sentinel_read_epoch(const struct sio__listing *answer);

enum { SIO__SENTINEL_ID_MAX = 64 };

struct sio__sentinel_other {
    struct sio__place place;
    char id[SIO__SENTINEL_ID_MAX]; /* empty: not said */
};

/* SENTINELS: one more, beginning at *index 0. false: there are no more. */
SIO_API bool sio__sentinel_read_other(const struct sio__listing *answer, size_t *index,
                                      struct sio__sentinel_other *other);

/* Whether what is announced concerns this master. +switch-master: "name old-ip old-port new-ip
 * new-port"; +promoted-slave: "slave name ip port @ name ip port". */
SIO_API bool sio__sentinel_is_about(const char *message, const char *name);

/* The views' best: of the highest epoch, and among those the one that most share; of two
 * with as many the first. -1: there is none. *votes: how many see the master there. */
SIO_API int sio__sentinel_choose(const struct sio__sentinel_view *views, unsigned count,
                                 unsigned *votes);

/* Whether to leave a master that works for the one that was chosen. An epoch that is
 * lower than what has been seen is that of sentinels which are cut off, unless most say so:
 * then they have been set up anew. */
SIO_API bool sio__sentinel_convinces(int64_t epoch, unsigned votes, unsigned sentinels,
                                     int64_t seen_epoch);

#endif
