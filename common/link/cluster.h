/* SPDX-License-Identifier: MIT */
/* A link's cluster: which nodes there are, which of them the link's home is (for channels,
 * which the cluster's bus carries everywhere), and whose each hash slot is.
 *
 *   cluster.c         the whole of it, and home    cluster_survey.c  asks nodes what they know
 *   cluster_lanes.c   publishing to slots          cluster_count.c   counting on all nodes
 *   cluster_feeds.c   subscribing to slots
 *
 * All of it is the I/O side's, but for what is said to be under the link's lock. */
#ifndef SIO_COMMON_LINK_CLUSTER_H
#define SIO_COMMON_LINK_CLUSTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "link/asker.h"
#include "link/feed.h"
#include "link/lane.h"
#include "link/slots.h"
#include "link/subscribe.h"

struct sio__cluster;
struct sio__count;
struct sio__inquiry;
struct sio__subscriber;

/* -- what the link asks of it -- */

/* SIO_OK or SIO_ENOMEM; after a failure free() is allowed. */
sio_status sio__cluster_new(sio_link *link, struct sio__cluster **out);
void sio__cluster_end(struct sio__cluster *cluster);        /* NULL allowed, as for the next two */
void sio__cluster_free(struct sio__cluster *cluster);       /* after lanes and feeds have ended */
void sio__cluster_after_fork(struct sio__cluster *cluster); /* closes descriptors */

void sio__cluster_service(struct sio__cluster *cluster, uint32_t now_ms);
/* Milliseconds until something is due. */
int64_t sio__cluster_due(const struct sio__cluster *cluster, uint32_t now_ms);

/* Where home is, for its sessions; see session.h. */
bool sio__cluster_locate(struct sio__cluster *cluster, struct sio__session *session,
                         struct sio__place *place);

/* Under the lock: where what is published to a shard channel goes. */
struct sio__lane *sio__cluster_lane(struct sio__cluster *cluster, sio_str channel);
/* Under the lock: have something counted. SIO_OK, or why it cannot be taken. */
sio_status sio__cluster_count(struct sio__cluster *cluster, enum sio__count_kind kind, sio_str name,
                              const struct sio__completion *completion, uint32_t now_ms);
/* Whether this is a part of a count: then it has been seen to. */
bool sio__cluster_counted(const struct sio__completion *completion,
                          const struct sio__publish_result *result);

/* A lane's answer to something of a shard channel: whether it is to be kept, and sent anew when
 * the lane is settled. false: `text` says why not, if it is not the answer itself. */
bool sio__cluster_keeps(struct sio__cluster *cluster, struct sio__lane *lane, const char *error,
                        const char **text);
/* Nothing of a lane is in flight: what is not its own any more goes where it belongs. Whether
 * something did. */
bool sio__cluster_settled(struct sio__cluster *cluster, struct sio__lane *lane);
/* The next answer of a lane is a good one. */
void sio__cluster_accepted(struct sio__cluster *cluster, struct sio__lane *lane);

/* When the first listener comes. SIO_OK or SIO_ENOMEM. */
sio_status sio__cluster_init_feeds(struct sio__cluster *cluster,
                                   struct sio__subscriber *subscriber);
/* Of a subscriber that is being freed. */
void sio__cluster_free_feeds(struct sio__cluster *cluster, struct sio__subscriber *subscriber);
/* Which feed's a shard channel is. */
struct sio__asker *sio__cluster_asker(struct sio__cluster *cluster, sio_str name);
/* One has been subscribed to. */
void sio__cluster_subscribed(struct sio__cluster *cluster);
/* See sio__subscriber_redirected(). */
bool sio__cluster_redirected(struct sio__cluster *cluster, struct sio__feed *feed,
                             const struct sio__name *name, const char *error);

/* -- inside -- */

enum { SIO__ASKED_MAX = 4, SIO__BAD_MAX = 8 };

/* What a survey came to. */
struct sio__finding {
    struct sio__place place;   /* who told; port 0: nobody has */
    char id[SIO__NODE_ID + 1]; /* and its name; empty: not known */
    struct sio__slot_map *map; /* NULL: it may not tell, see text */
    bool is_down;              /* it says that the cluster is */
    char text[SIO__REASON_MAX];
};

/* Some nodes are asked what they know, one after the other, until one tells. */
struct sio__survey {
    bool running;
    struct sio__place *candidates;
    unsigned count, next;
    uint32_t next_at_ms; /* one more is asked then, though others have not answered yet */
    struct sio__asked {
        struct sio__cluster *cluster;
        struct sio__inquiry *inquiry; /* NULL: not in use */
        struct sio__place place;
        uint32_t since_ms;
    } asked[SIO__ASKED_MAX];
    struct sio__finding second; /* of a node that says that the cluster is down */
    sio_status status;          /* of the last one that failed, */
    char text[SIO__REASON_MAX];
};

struct sio__node_lane {
    struct sio__lane lane; /* the first */
    struct sio__place place;
    unsigned index; /* in cluster->lanes */
    bool moving;    /* a slot of its own is another node's by now */
};

struct sio__node_feed {
    struct sio__feed feed; /* the first */
    struct sio__place place;
};

/* Under the lock; made when something has been published to a shard channel. */
struct sio__routes {
    uint16_t lane[SIO__SLOTS]; /* index; 0: nowhere */
    uint8_t hops[SIO__SLOTS];  /* the I/O side's: redirections since one was accepted, */
    bool hopped[SIO__SLOTS];   /* and whether this one has been counted */
};

struct sio__cluster {
    sio_link *link;
    bool ended;
    struct sio__slot_map *map;     /* NULL: none yet */
    uint32_t version;              /* of the map */
    char refused[SIO__REASON_MAX]; /* why there is no map though there is a node; empty: none */

    /* home */
    struct sio__place home; /* port 0: to be chosen */
    char home_id[SIO__NODE_ID + 1];
    struct sio__place witness; /* who has told last; port 0: ask before home is chosen */
    char witness_id[SIO__NODE_ID + 1];
    struct sio__session *locating[2]; /* who waits for a survey */
    struct sio__bad {
        struct sio__place place;
        uint32_t until_ms;
    } bad[SIO__BAD_MAX]; /* where a session could not connect */
    unsigned next_bad;
    bool leaving; /* home says that the cluster is down: is there a node that does not? */

    /* what nodes know */
    struct sio__survey survey;
    uint32_t survey_at_ms, survey_delay_ms; /* the next one */

    /* lanes */
    struct sio__routes *routes;
    struct sio__lane nowhere;      /* for slots whose lane is not known */
    struct sio__node_lane **lanes; /* by index; the first is nobody's; some are NULL */
    unsigned nlanes;
    uint32_t lanes_version; /* of the map, by which they were looked at */
    unsigned hopping;       /* slots with hops */

    /* counts */
    struct sio__count *counts, **counts_end; /* under the lock: not asked yet */
    _Atomic unsigned counting;               /* those that have not ended */

    /* feeds */
    struct sio__asker limbo; /* names whose feed is not known */
    uint32_t limbo_at_ms, limbo_delay_ms;
    uint32_t feeds_version;
    unsigned nfeeds;
};

static inline struct sio__node *sio__cluster_owner(const struct sio__cluster *cluster,
                                                   unsigned slot)
{
    uint16_t index = cluster->map != NULL ? cluster->map->owner[slot] : SIO__NO_NODE;

    return index != SIO__NO_NODE ? &cluster->map->nodes[index] : NULL;
}

/* -- cluster.c -- */

/* Something is wrong: ask soon what has changed. */
void sio__cluster_doubt(struct sio__cluster *cluster);
/* What Redis says about one slot. */
void sio__cluster_correct(struct sio__cluster *cluster, const struct sio__redirect *redirect);
/* A survey is over. The map is the callee's. */
void sio__cluster_found(struct sio__cluster *cluster, const struct sio__finding *finding);
void sio__cluster_not_found(struct sio__cluster *cluster, sio_status status, const char *text);

/* -- cluster_survey.c -- */

void sio__survey_start(struct sio__cluster *cluster, uint32_t now_ms);
void sio__survey_stop(struct sio__cluster *cluster);
void sio__survey_service(struct sio__cluster *cluster, uint32_t now_ms);

/* -- cluster_lanes.c -- */

sio_status sio__cluster_init_lanes(struct sio__cluster *cluster);
/* The lane to a node, made if there is none; NULL: out of memory. */
struct sio__node_lane *sio__cluster_lane_to(struct sio__cluster *cluster,
                                            const struct sio__place *place);
void sio__cluster_service_lanes(struct sio__cluster *cluster);
void sio__cluster_free_lanes(struct sio__cluster *cluster);
/* Whether something waits that has no connection. */
bool sio__cluster_lanes_suffer(const struct sio__cluster *cluster);

/* -- cluster_count.c -- */

void sio__cluster_service_counts(struct sio__cluster *cluster, uint32_t now_ms);
void sio__cluster_end_counts(struct sio__cluster *cluster);
void sio__cluster_free_counts(struct sio__cluster *cluster); /* ends none */
/* A node is not there: what it was to count is not waited for. */
void sio__cluster_skip_counts(struct sio__cluster *cluster, struct sio__lane *lane);

/* -- cluster_feeds.c -- */

void sio__cluster_service_feeds(struct sio__cluster *cluster, uint32_t now_ms);
bool sio__cluster_has_limbo(const struct sio__cluster *cluster); /* names there */
bool sio__cluster_feeds_suffer(const struct sio__cluster *cluster);

#endif
