/* SPDX-License-Identifier: MIT */
/* The sentinels of a link: where the master is, and when it is elsewhere. */
#ifndef SIO_COMMON_LINK_SENTINEL_H
#define SIO_COMMON_LINK_SENTINEL_H

#include <stdbool.h>

#include <sio/link.h>
#include <sio/status.h>

#include "link/place.h"

struct sio__sentinels;
struct sio__session;

/* Those of the link's URL. Nothing happens before the first locate. SIO_OK or SIO_ENOMEM. */
sio_status sio__sentinels_new(sio_link *link, struct sio__sentinels **out);

/* As a session's locate(): all sentinels are asked. From then on the session is watched over:
 * it is lost, and comes back at once, when they name another master than where it is. */
bool sio__sentinels_locate(struct sio__sentinels *sentinels, struct sio__session *session,
                           struct sio__place *place);

void sio__session_unfollow(struct sio__session *session); /* it is being freed */

/* All of these: NULL allowed. */
void sio__sentinels_end(struct sio__sentinels *sentinels); /* say and ask nothing more */
void sio__sentinels_free(struct sio__sentinels *sentinels);
void sio__sentinels_after_fork(struct sio__sentinels *sentinels); /* closes descriptors */

#endif
