/* SPDX-License-Identifier: MIT */
/* Publishing to hash slots. What is published to a slot is in one lane at any time: the route
 * of a slot changes under the lock, at a moment when its old lane has nothing in flight, and
 * together with what waits there for it. So whatever the slot's ways, what is published to a
 * channel stays in order. */
#include "link/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/errors.h"
#include "link/impl.h"

enum { HOPS_MAX = 5 };

/* -- lanes -- */

static struct sio__node_lane *of(const struct sio__session *session)
{
    return (struct sio__node_lane *)session; /* it comes first */
}

static bool locate(struct sio__session *session, struct sio__place *place)
{
    *place = of(session)->place;
    return true;
}

static void on_connecting(struct sio__session *session)
{
    sio__link_log(session->link, SIO__LOG_STATE, SIO_LOG_DEBUG, "node: %s", session->peer);
}

static void on_up(struct sio__session *session)
{
    sio__lane_on_up(session);
    sio__link_log(session->link, SIO__LOG_STATE, SIO_LOG_INFO, "connected to the node %s",
                  session->peer);
}

static void on_down(struct sio__session *session, bool was_up, sio_status status, const char *text,
                    uint32_t retry_in_ms)
{
    struct sio__cluster *cluster = session->link->cluster;

    sio__lane_on_down(session, was_up, status, text, retry_in_ms);
    sio__link_log(session->link, SIO__LOG_STATE, SIO_LOG_WARNING, "node: %s; attempt %u in %u ms",
                  text, session->attempt + 1, retry_in_ms);
    sio__cluster_skip_counts(cluster, &of(session)->lane);
    cluster->lanes_version--; /* what waits there may have another way by now */
    sio__cluster_doubt(cluster);
}

static const struct sio__session_ops ops = {.locate = locate,
                                            .connecting = on_connecting,
                                            .up = on_up,
                                            .answer = sio__lane_on_answer,
                                            .pings = sio__lane_on_ping,
                                            .awaits = sio__lane_awaits,
                                            .lost = sio__lane_on_lost,
                                            .down = on_down};

static struct sio__node_lane *find(const struct sio__cluster *cluster,
                                   const struct sio__place *place)
{
    for (unsigned i = 1; i < cluster->nlanes; i++) {
        if (sio__place_same(&cluster->lanes[i]->place, place))
            return cluster->lanes[i];
    }
    return NULL;
}

/* Callers use the array, under the lock. NULL: out of memory. */
static struct sio__node_lane **grown(const struct sio__cluster *cluster)
{
    struct sio__node_lane **lanes = calloc(cluster->nlanes + 1, sizeof(struct sio__node_lane *));

    for (unsigned i = 0; lanes != NULL && i < cluster->nlanes; i++)
        lanes[i] = cluster->lanes[i];
    return lanes;
}

static struct sio__node_lane *new_lane(struct sio__cluster *cluster, const struct sio__place *place)
{
    struct sio__node_lane *node = calloc(1, sizeof *node);

    if (node == NULL)
        return NULL;
    node->place = *place;
    if (sio__lane_init(&node->lane, cluster->link, &ops) == SIO_OK &&
        sio__session_make_timer(&node->lane.session) == SIO_OK)
        return node;
    sio__lane_fini(&node->lane);
    free(node);
    return NULL;
}

struct sio__node_lane *sio__cluster_lane_to(struct sio__cluster *cluster,
                                            const struct sio__place *place)
{
    struct sio__node_lane *node = find(cluster, place), **lanes, **before = cluster->lanes;
    sio_link *link = cluster->link;

    if (node != NULL || cluster->nlanes > SIO__NODES_MAX)
        return node;
    lanes = grown(cluster);
    node = lanes != NULL ? new_lane(cluster, place) : NULL;
    if (node == NULL) {
        free(lanes);
        return NULL;
    }
    node->lane.session.greeting.any_role = true;
    node->lane.session.greeting.db = 0;
    node->index = cluster->nlanes;
    lanes[node->index] = node;
    sio__link_lock(link);
    cluster->lanes = lanes;
    cluster->nlanes++;
    node->lane.next = link->lanes;
    link->lanes = &node->lane;
    sio__link_unlock(link);
    free(before);
    sio__session_start(&node->lane.session);
    return node;
}

/* -- routes -- */

struct sio__lane *sio__cluster_lane(struct sio__cluster *cluster, sio_str channel)
{
    unsigned index = 0;

    if (cluster->routes != NULL)
        index = cluster->routes->lane[sio__slot_of(channel)];
    return index > 0 ? &cluster->lanes[index]->lane : &cluster->nowhere;
}

static bool make_routes(struct sio__cluster *cluster)
{
    struct sio__routes *routes;

    if (cluster->routes != NULL)
        return true;
    routes = calloc(1, sizeof *routes);
    sio__link_lock(cluster->link);
    cluster->routes = routes;
    sio__link_unlock(cluster->link);
    return routes != NULL;
}

/* A lane whose publishes are being looked at. */
struct move {
    struct sio__cluster *cluster;
    const struct sio__lane *from;
};

static struct sio__lane *owners_lane(const struct sio__cluster *cluster, unsigned slot)
{
    const struct sio__node *owner = sio__cluster_owner(cluster, slot);
    struct sio__node_lane *node = owner != NULL ? find(cluster, &owner->place) : NULL;

    return node != NULL ? &node->lane : NULL;
}

static struct sio__outbox *route(void *arg, sio_str channel)
{
    const struct move *move = arg;
    struct sio__lane *lane = owners_lane(move->cluster, sio__slot_of(channel));

    return lane != NULL && lane != move->from ? lane->outbox : NULL;
}

/* Make the lanes that what waits nowhere needs. */
static void prepare(void *arg, sio_str channel)
{
    struct sio__cluster *cluster = arg;
    const struct sio__node *owner = sio__cluster_owner(cluster, sio__slot_of(channel));

    if (owner != NULL)
        (void)sio__cluster_lane_to(cluster, &owner->place);
}

static unsigned index_of(const struct sio__cluster *cluster, const struct sio__lane *lane)
{
    return lane == &cluster->nowhere ? 0 : ((const struct sio__node_lane *)lane)->index;
}

/* The slots of a lane, with what is published to them, to those that own them now. */
static bool reroute(struct sio__cluster *cluster, struct sio__lane *lane)
{
    struct move move = {cluster, lane};
    unsigned from = index_of(cluster, lane);
    sio_link *link = cluster->link;
    bool moved = false;
    uint64_t sent = 0;

    sio__link_lock(link);
    if (sio__outbox_pass(lane->outbox, route, &move, &sent)) {
        for (unsigned slot = 0; slot < SIO__SLOTS; slot++) {
            struct sio__lane *to =
                cluster->routes->lane[slot] == from ? owners_lane(cluster, slot) : NULL;

            if (to == NULL || to == lane)
                continue;
            cluster->routes->lane[slot] = (uint16_t)index_of(cluster, to);
            moved = true;
        }
    }
    for (struct sio__lane *at = link->lanes; at != NULL; at = at->next)
        sio__outbox_take(at->outbox); /* what has been passed on to it is to be written now */
    sio__link_unlock(link);
    link->tally.resent += sent;
    return moved;
}

/* Lanes to all who own a slot of this one's. */
static void make_lanes(struct sio__cluster *cluster, struct sio__lane *lane)
{
    unsigned from = index_of(cluster, lane);

    if (from == 0) { /* only for what waits, or all nodes would be connected to */
        sio__outbox_each_shard(lane->outbox, prepare, cluster);
        return;
    }
    for (unsigned slot = 0; slot < SIO__SLOTS; slot++) {
        const struct sio__node *owner = sio__cluster_owner(cluster, slot);

        if (cluster->routes->lane[slot] == from && owner != NULL)
            (void)sio__cluster_lane_to(cluster, &owner->place);
    }
}

bool sio__cluster_settled(struct sio__cluster *cluster, struct sio__lane *lane)
{
    if (cluster->routes == NULL || cluster->map == NULL)
        return false;
    memset(cluster->routes->hopped, 0, sizeof cluster->routes->hopped);
    make_lanes(cluster, lane);
    return reroute(cluster, lane);
}

/* Whether another node owns a slot of its own. */
static void look_for_moves(struct sio__cluster *cluster)
{
    for (unsigned i = 1; i < cluster->nlanes; i++)
        cluster->lanes[i]->moving = false;
    for (unsigned slot = 0; slot < SIO__SLOTS; slot++) {
        const struct sio__node *owner = sio__cluster_owner(cluster, slot);
        unsigned index = cluster->routes->lane[slot];

        if (index > 0 && owner != NULL && !cluster->lanes[index]->moving)
            cluster->lanes[index]->moving =
                !sio__place_same(&cluster->lanes[index]->place, &owner->place);
    }
}

static void move_slots(struct sio__cluster *cluster)
{
    cluster->lanes_version = cluster->version;
    look_for_moves(cluster);
    for (unsigned i = 1; i < cluster->nlanes; i++) {
        struct sio__lane *lane = &cluster->lanes[i]->lane;

        if (!cluster->lanes[i]->moving)
            continue;
        /* One that is holding may have kept some, which go first: it settles by itself. */
        if (sio__lane_is_up(lane) && (lane->holding || sio__outbox_unanswered(lane->outbox)))
            sio__publisher_start_holding(lane, "slots have moved", true);
        else
            (void)sio__cluster_settled(cluster, lane);
    }
}

/* -- hops -- */

/* Counted once for all that is in flight: they hop together. */
static bool hop(struct sio__cluster *cluster, unsigned slot)
{
    struct sio__routes *routes = cluster->routes;

    if (routes->hopped[slot])
        return routes->hops[slot] <= HOPS_MAX;
    routes->hopped[slot] = true;
    if (routes->hops[slot] == 0)
        cluster->hopping++;
    if (routes->hops[slot] <= HOPS_MAX)
        routes->hops[slot]++;
    return routes->hops[slot] <= HOPS_MAX;
}

static void forget_hops(struct sio__cluster *cluster, unsigned slot)
{
    if (cluster->routes->hops[slot] == 0)
        return;
    cluster->routes->hops[slot] = 0;
    cluster->hopping--;
}

/* What went in a circle has failed, all of it: what is published now may try again. */
static void forget_circles(struct sio__cluster *cluster)
{
    struct sio__routes *routes = cluster->routes;

    for (unsigned slot = 0; slot < SIO__SLOTS && cluster->hopping > 0; slot++) {
        unsigned index = routes->lane[slot];

        if (routes->hops[slot] <= HOPS_MAX ||
            (index > 0 && sio__outbox_unanswered(cluster->lanes[index]->lane.outbox)))
            continue;
        routes->hopped[slot] = false;
        forget_hops(cluster, slot);
    }
}

/* -- what is due -- */

void sio__cluster_service_lanes(struct sio__cluster *cluster)
{
    struct sio__lane *nowhere = &cluster->nowhere;
    const char *why = "no node has the channel's slot";

    if (cluster->routes == NULL && sio__outbox_empty(nowhere->outbox))
        return; /* nobody publishes to shard channels */
    if (cluster->map == NULL)
        why = cluster->refused[0] != '\0' ? cluster->refused : "no node of the cluster answers";
    snprintf(nowhere->late_text, sizeof nowhere->late_text, "%s", why);
    if (cluster->map == NULL || !make_routes(cluster))
        return;
    if (cluster->hopping > 0)
        forget_circles(cluster);
    if (!sio__outbox_empty(nowhere->outbox))
        (void)sio__cluster_settled(cluster, nowhere);
    if (cluster->lanes_version != cluster->version)
        move_slots(cluster);
}

bool sio__cluster_lanes_suffer(const struct sio__cluster *cluster)
{
    if (!sio__outbox_empty(cluster->nowhere.outbox))
        return true;
    for (unsigned i = 1; i < cluster->nlanes; i++) {
        const struct sio__lane *lane = &cluster->lanes[i]->lane;

        if (!sio__outbox_empty(lane->outbox) && (!sio__lane_is_up(lane) || lane->holding))
            return true;
    }
    return false;
}

/* -- answers -- */

void sio__cluster_accepted(struct sio__cluster *cluster, struct sio__lane *lane)
{
    sio_str channel;
    bool is_shard;

    if (cluster->hopping == 0)
        return;
    channel = sio__outbox_answered_channel(lane->outbox, &is_shard);
    if (is_shard)
        forget_hops(cluster, sio__slot_of(channel));
}

bool sio__cluster_keeps(struct sio__cluster *cluster, struct sio__lane *lane, const char *error,
                        const char **text)
{
    struct sio__redirect redirect;

    if (sio__error_is_passing(error)) {
        sio__cluster_doubt(cluster);
        sio__publisher_start_holding(lane, error, true);
        return true;
    }
    if (!sio__redirect_read(error, lane->session.place.name, &redirect))
        return false;
    sio__cluster_correct(cluster, &redirect);
    if (!hop(cluster, redirect.slot)) {
        *text = "sent on from node to node, again and again (MOVED loop)";
        return false;
    }
    sio__publisher_start_holding(lane, error, true);
    return true;
}

/* -- begin and end -- */

sio_status sio__cluster_init_lanes(struct sio__cluster *cluster)
{
    sio_link *link = cluster->link;
    sio_status status = sio__lane_init(&cluster->nowhere, link, &ops);

    if (status == SIO_OK)
        status = sio__session_make_timer(&cluster->nowhere.session);
    if (status != SIO_OK)
        return status;
    cluster->lanes = grown(cluster); /* the first is nobody's */
    if (cluster->lanes == NULL)
        return SIO_ENOMEM;
    cluster->nlanes = 1;
    cluster->nowhere.next = link->lanes;
    link->lanes = &cluster->nowhere;
    return SIO_OK;
}

void sio__cluster_free_lanes(struct sio__cluster *cluster)
{
    cluster->link->lanes = &cluster->link->home;
    for (unsigned i = 1; i < cluster->nlanes; i++) {
        sio__lane_fini(&cluster->lanes[i]->lane);
        free(cluster->lanes[i]);
    }
    free(cluster->lanes);
    free(cluster->routes);
    sio__lane_fini(&cluster->nowhere);
}
