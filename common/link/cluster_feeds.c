/* SPDX-License-Identifier: MIT */
/* Subscribing to shard channels: each is its slot's master's. Names whose feed is not known are
 * in limbo; when the map changes all names are looked at, a bounded number each turn. */
#include "link/cluster.h"

#include <stdlib.h>

#include "link/errors.h"
#include "link/impl.h"
#include "link/subscriber.h"

enum {
    STEPS = 1024, /* names looked at in a turn */
    LIMBO_FIRST_MS = 10,
    LIMBO_MAX_MS = 1000 /* before one that was sent elsewhere is tried again */
};

/* -- feeds -- */

static bool locate(struct sio__session *session, struct sio__place *place)
{
    *place = ((struct sio__node_feed *)session)->place; /* it comes first */
    return true;
}

static void on_down(struct sio__session *session, bool was_up, sio_status status, const char *text,
                    uint32_t retry_in_ms)
{
    sio__feed_on_down(session, was_up, status, text, retry_in_ms);
    sio__cluster_doubt(session->link->cluster);
}

static const struct sio__session_ops ops = {.locate = locate,
                                            .connecting = sio__feed_on_connecting,
                                            .up = sio__feed_on_up,
                                            .read = sio__feed_on_read,
                                            .answer = sio__feed_on_answer,
                                            .awaits = sio__feed_awaits,
                                            .lost = sio__feed_on_lost,
                                            .down = on_down};

static struct sio__node_feed *find(const struct sio__subscriber *subscriber,
                                   const struct sio__place *place)
{
    for (struct sio__feed *feed = subscriber->feeds; feed != &subscriber->home; feed = feed->next) {
        struct sio__node_feed *node = (struct sio__node_feed *)feed;

        if (sio__place_same(&node->place, place))
            return node;
    }
    return NULL;
}

static struct sio__node_feed *feed_to(struct sio__cluster *cluster, const struct sio__place *place)
{
    struct sio__subscriber *subscriber = cluster->link->subscriber;
    struct sio__node_feed *node = find(subscriber, place);

    if (node != NULL || cluster->nfeeds == SIO__NODES_MAX)
        return node;
    node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->place = *place;
    if (sio__feed_init(&node->feed, subscriber, &ops) != SIO_OK) {
        sio__feed_fini(&node->feed);
        free(node);
        return NULL;
    }
    node->feed.session.greeting.any_role = true;
    node->feed.session.greeting.db = 0;
    node->feed.next = subscriber->feeds;
    subscriber->feeds = &node->feed;
    cluster->nfeeds++;
    sio__session_start(&node->feed.session);
    return node;
}

/* -- names -- */

/* Whose it is by the map, made if need be; NULL: not known. */
static struct sio__asker *owner_of(struct sio__cluster *cluster, const struct sio__name *name)
{
    const struct sio__node *owner = sio__cluster_owner(cluster, name->slot);
    struct sio__node_feed *node = owner != NULL ? feed_to(cluster, &owner->place) : NULL;

    return node != NULL ? &node->feed.asker : NULL;
}

struct sio__asker *sio__cluster_asker(struct sio__cluster *cluster, sio_str name)
{
    const struct sio__node *owner = sio__cluster_owner(cluster, sio__slot_of(name));
    struct sio__node_feed *node =
        owner != NULL ? find(cluster->link->subscriber, &owner->place) : NULL;

    return node != NULL ? &node->feed.asker : &cluster->limbo;
}

sio_status sio__cluster_init_feeds(struct sio__cluster *cluster, struct sio__subscriber *subscriber)
{
    return sio__asker_init(&cluster->limbo, &subscriber->subs);
}

/* Look at some names of an asker. Whether all of them have been looked at. */
static bool sort(struct sio__cluster *cluster, struct sio__asker *asker)
{
    struct sio__subscriber *subscriber = cluster->link->subscriber;

    for (int step = 0; step < STEPS; step++) {
        struct sio__name *name = sio__asker_next_unsorted(asker);
        struct sio__asker *owner;

        if (name == NULL)
            return true;
        owner = name->kind == SIO__SHARD_CHANNEL ? owner_of(cluster, name) : asker;
        if (owner == NULL || owner == asker)
            continue;
        sio__name_refresh(name);
        if (name->unanswered > 0)
            continue; /* its answer will say where it is to go */
        sio__listeners_moved(subscriber, name, "the channel's slot is another node's now");
        (void)sio__asker_pass(name, owner);
    }
    return sio__queue_is_empty(&asker->unsorted);
}

bool sio__cluster_has_limbo(const struct sio__cluster *cluster)
{
    return cluster->link->subscriber != NULL && (!sio__queue_is_empty(&cluster->limbo.due) ||
                                                 !sio__queue_is_empty(&cluster->limbo.unsorted));
}

static void sort_limbo(struct sio__cluster *cluster, uint32_t now_ms)
{
    struct sio__asker *limbo = &cluster->limbo;

    if (!sio__cluster_has_limbo(cluster) || sio__ms_until(cluster->limbo_at_ms, now_ms) > 0)
        return;
    if (sio__queue_is_empty(&limbo->unsorted))
        sio__asker_unsort(limbo);
    if (!sort(cluster, limbo))
        sio__link_wake(cluster->link);
    else if (!sio__queue_is_empty(&limbo->due)) /* nobody's: until the next survey */
        cluster->limbo_at_ms = now_ms + LIMBO_MAX_MS;
}

void sio__cluster_service_feeds(struct sio__cluster *cluster, uint32_t now_ms)
{
    struct sio__subscriber *subscriber = cluster->link->subscriber;
    bool changed = cluster->feeds_version != cluster->version;

    cluster->feeds_version = cluster->version;
    for (struct sio__feed *feed = subscriber->feeds; feed != &subscriber->home; feed = feed->next) {
        if (changed)
            sio__asker_unsort(&feed->asker);
        if (!sio__queue_is_empty(&feed->asker.unsorted) && !sort(cluster, &feed->asker))
            sio__link_wake(cluster->link); /* a piece each turn */
    }
    sort_limbo(cluster, now_ms);
}

bool sio__cluster_feeds_suffer(const struct sio__cluster *cluster)
{
    const struct sio__subscriber *subscriber = cluster->link->subscriber;

    if (subscriber == NULL)
        return false;
    if (sio__cluster_has_limbo(cluster))
        return true;
    for (const struct sio__feed *feed = subscriber->feeds; feed != &subscriber->home;
         feed = feed->next) {
        if (feed->session.state != SIO__SESSION_UP && !sio__queue_is_empty(&feed->asker.due))
            return true;
    }
    return false;
}

/* -- redirections -- */

/* Nobody's for now: it is sorted soon, and later and later if that is in vain. */
static void to_limbo(struct sio__cluster *cluster, struct sio__name *name)
{
    uint32_t now_ms = sio__now_ms();

    if (!sio__asker_pass(name, &cluster->limbo))
        return; /* asked for here again, and sent elsewhere again */
    if (cluster->limbo_delay_ms == 0)
        cluster->limbo_delay_ms = LIMBO_FIRST_MS;
    else if (cluster->limbo_delay_ms < LIMBO_MAX_MS)
        cluster->limbo_delay_ms *= 2;
    cluster->limbo_at_ms = now_ms + cluster->limbo_delay_ms;
}

void sio__cluster_subscribed(struct sio__cluster *cluster)
{
    cluster->limbo_delay_ms = 0;
}

bool sio__cluster_redirected(struct sio__cluster *cluster, struct sio__feed *feed,
                             const struct sio__name *awaited, const char *error)
{
    bool is_shard = awaited != NULL && awaited->kind == SIO__SHARD_CHANNEL;
    struct sio__name *name = (struct sio__name *)awaited;
    struct sio__redirect redirect;

    if (sio__redirect_read(error, feed->session.place.name, &redirect)) {
        /* A slot that leaves ends subscriptions by itself: the answer to a command to end one
         * may then come in addition. */
        if (!is_shard || redirect.slot != awaited->slot)
            return true;
        sio__cluster_correct(cluster, &redirect);
    } else if (is_shard && sio__error_is_passing(error)) {
        sio__cluster_doubt(cluster);
    } else {
        return false;
    }
    name->held = true; /* the answer might have it forgotten */
    (void)sio__asker_answer(&feed->asker, SIO__ASKER_AGAIN);
    name->held = false;
    if (name->subscriptions == 0 && name->unanswered == 0 && !name->subscribed)
        sio__subscriptions_release(&cluster->link->subscriber->subs, name);
    else
        to_limbo(cluster, name);
    return true;
}

/* -- the end -- */

void sio__cluster_free_feeds(struct sio__cluster *cluster, struct sio__subscriber *subscriber)
{
    while (subscriber->feeds != &subscriber->home) {
        struct sio__feed *feed = subscriber->feeds;

        subscriber->feeds = feed->next;
        sio__feed_fini(feed);
        free(feed);
    }
    sio__asker_fini(&cluster->limbo);
}
