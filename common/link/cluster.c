/* SPDX-License-Identifier: MIT */
/* The cluster as a whole: its map, and where the link is at home. */
#include "link/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "link/impl.h"
#include "link/inquiry.h"
#include "link/subscriber.h"

enum {
    CALM_MS = 10000, /* between surveys */
    DOUBT_FIRST_MS = 50,
    DOUBT_MAX_MS = 1000, /* while something is wrong: a replica may be promoted any time */
    BAD_MS = 5000        /* where nobody could connect it is not tried again before */
};

/* -- surveys: what comes of them -- */

void sio__cluster_doubt(struct sio__cluster *cluster)
{
    uint32_t now_ms = sio__now_ms();

    if (cluster->survey_delay_ms >= CALM_MS)
        cluster->survey_delay_ms = DOUBT_FIRST_MS;
    if (sio__ms_until(cluster->survey_at_ms, now_ms) > (int32_t)cluster->survey_delay_ms)
        cluster->survey_at_ms = now_ms + cluster->survey_delay_ms;
}

static void schedule(struct sio__cluster *cluster)
{
    bool suffers = sio__cluster_lanes_suffer(cluster) || sio__cluster_feeds_suffer(cluster);

    if (!suffers)
        cluster->survey_delay_ms = CALM_MS;
    else if (cluster->survey_delay_ms >= CALM_MS)
        cluster->survey_delay_ms = DOUBT_FIRST_MS;
    else if (cluster->survey_delay_ms < DOUBT_MAX_MS)
        cluster->survey_delay_ms *= 2;
    cluster->survey_at_ms = sio__now_ms() + cluster->survey_delay_ms;
}

static bool same_owners(const struct sio__slot_map *a, const struct sio__slot_map *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    for (unsigned slot = 0; slot < SIO__SLOTS; slot++) {
        unsigned i = a->owner[slot], j = b->owner[slot];

        if ((i == SIO__NO_NODE) != (j == SIO__NO_NODE))
            return false;
        if (i != SIO__NO_NODE && !sio__place_same(&a->nodes[i].place, &b->nodes[j].place))
            return false;
    }
    return true;
}

static void leave_home(struct sio__cluster *cluster, const char *why)
{
    sio_link *link = cluster->link;

    cluster->home.port = 0;
    sio__session_lose(&link->home.session, SIO_ECONN, why);
    if (link->subscriber != NULL && !link->free_requested)
        sio__session_lose(&link->subscriber->home.session, SIO_ECONN, why);
}

static void tell_located(struct sio__cluster *cluster)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sio__session *session = cluster->locating[i];
        struct sio__place place;

        cluster->locating[i] = NULL;
        if (session != NULL && sio__cluster_locate(cluster, session, &place))
            sio__session_located(session, &place);
    }
}

void sio__cluster_found(struct sio__cluster *cluster, const struct sio__finding *finding)
{
    bool is_home = sio__place_same(&finding->place, &cluster->home), leave;

    if (finding->map == NULL && cluster->refused[0] == '\0')
        sio__link_log(cluster->link, SIO__LOG_ANSWER, SIO_LOG_WARNING,
                      "no map of the cluster's slots: %s", finding->text);
    snprintf(cluster->refused, sizeof cluster->refused, "%s", finding->text);
    if (finding->map != NULL) {
        if (!same_owners(cluster->map, finding->map))
            cluster->version++;
        sio__slot_map_free(cluster->map);
        cluster->map = finding->map;
    }
    if (is_home)
        memcpy(cluster->home_id, finding->id, sizeof finding->id);
    leave = cluster->leaving && !finding->is_down && !is_home;
    cluster->witness = finding->place;
    memcpy(cluster->witness_id, finding->id, sizeof finding->id);
    schedule(cluster);
    if (is_home && finding->is_down && !cluster->leaving) {
        cluster->leaving = true; /* if there is one that is better off */
        cluster->survey_at_ms = sio__now_ms();
    } else {
        cluster->leaving = false;
    }
    if (leave)
        leave_home(cluster, "the cluster is down, says this node");
    tell_located(cluster);
}

void sio__cluster_not_found(struct sio__cluster *cluster, sio_status status, const char *text)
{
    cluster->leaving = false;
    schedule(cluster);
    for (unsigned i = 0; i < 2; i++) {
        struct sio__session *session = cluster->locating[i];

        cluster->locating[i] = NULL;
        if (session != NULL)
            sio__session_lose(session, status, text);
    }
}

void sio__cluster_correct(struct sio__cluster *cluster, const struct sio__redirect *redirect)
{
    unsigned node;

    sio__cluster_doubt(cluster);
    if (redirect->ask || redirect->place.port == 0 || cluster->map == NULL)
        return;
    node = sio__slot_map_add(cluster->map, &redirect->place);
    if (node == SIO__NO_NODE || cluster->map->owner[redirect->slot] == node)
        return;
    cluster->map->owner[redirect->slot] = (uint16_t)node;
    cluster->map->nodes[node].is_master = true;
    cluster->version++;
}

/* -- home -- */

static bool is_bad(const struct sio__cluster *cluster, const struct sio__place *place)
{
    uint32_t now_ms = sio__now_ms();

    for (unsigned i = 0; i < SIO__BAD_MAX; i++) {
        if (sio__place_same(&cluster->bad[i].place, place) && cluster->bad[i].place.port != 0 &&
            sio__ms_until(cluster->bad[i].until_ms, now_ms) > 0)
            return true;
    }
    return false;
}

static void choose(struct sio__cluster *cluster, const struct sio__place *place, const char *id)
{
    cluster->home = *place;
    memcpy(cluster->home_id, id, sizeof cluster->home_id);
}

/* One of the nodes that seem well, the first of them from one picked at random on. */
static bool choose_among(struct sio__cluster *cluster, bool masters)
{
    const struct sio__slot_map *map = cluster->map;
    uint32_t from = 0;

    if (map == NULL || getrandom(&from, sizeof from, GRND_NONBLOCK) < 0)
        from = 0;
    for (unsigned i = 0; map != NULL && i < map->count; i++) {
        const struct sio__node *node = &map->nodes[(from % map->count + i) % map->count];

        if (node->is_master != masters || node->failed || is_bad(cluster, &node->place))
            continue;
        choose(cluster, &node->place, node->id);
        return true;
    }
    return false;
}

/* A master if there is one: Node's clients count subscribers on masters alone. At last who has
 * answered: the addresses that the cluster announces may not be reachable from here. */
static void choose_home(struct sio__cluster *cluster)
{
    if (!choose_among(cluster, true) && !choose_among(cluster, false))
        choose(cluster, &cluster->witness, cluster->witness_id);
}

static void note_bad(struct sio__cluster *cluster, const struct sio__place *place)
{
    struct sio__bad *bad = &cluster->bad[cluster->next_bad++ % SIO__BAD_MAX];

    bad->place = *place;
    bad->until_ms = sio__now_ms() + BAD_MS;
}

/* An attempt follows one that has failed, or a connection that was lost there. */
bool sio__cluster_locate(struct sio__cluster *cluster, struct sio__session *session,
                         struct sio__place *place)
{
    unsigned index = session == &cluster->link->home.session ? 0 : 1;

    session->greeting.any_role = true; /* the bus carries what is published to any node */
    session->greeting.db = 0;
    if (cluster->home.port != 0 && sio__place_same(&session->place, &cluster->home) &&
        session->attempt > 1) {
        note_bad(cluster, &cluster->home);
        cluster->home.port = 0;
        cluster->witness.port = 0; /* ask anew */
    }
    if (cluster->home.port == 0 && cluster->witness.port != 0)
        choose_home(cluster);
    if (cluster->home.port != 0) {
        *place = cluster->home;
        return true;
    }
    snprintf(session->peer, sizeof session->peer, "the cluster's nodes");
    cluster->locating[index] = session;
    sio__survey_start(cluster, sio__now_ms());
    return false;
}

/* -- what is due -- */

void sio__cluster_service(struct sio__cluster *cluster, uint32_t now_ms)
{
    if (cluster->ended)
        return;
    if (sio__ms_until(cluster->survey_at_ms, now_ms) <= 0) {
        cluster->survey_at_ms = now_ms + CALM_MS; /* set anew when it is over */
        sio__survey_start(cluster, now_ms);
    }
    sio__survey_service(cluster, now_ms);
    sio__cluster_service_lanes(cluster);
    sio__cluster_service_counts(cluster, now_ms);
    if (cluster->link->subscriber != NULL)
        sio__cluster_service_feeds(cluster, now_ms);
}

int64_t sio__cluster_due(const struct sio__cluster *cluster, uint32_t now_ms)
{
    int64_t due = sio__ms_until(cluster->survey_at_ms, now_ms), more = due;

    if (cluster->survey.running)
        more = sio__ms_until(cluster->survey.next_at_ms, now_ms);
    if (more < due)
        due = more;
    if (sio__cluster_has_limbo(cluster))
        more = sio__ms_until(cluster->limbo_at_ms, now_ms);
    return more < due ? more : due;
}

/* -- begin and end -- */

sio_status sio__cluster_new(sio_link *link, struct sio__cluster **out)
{
    struct sio__cluster *cluster = calloc(1, sizeof *cluster);

    *out = cluster;
    if (cluster == NULL)
        return SIO_ENOMEM;
    cluster->link = link;
    cluster->counts_end = &cluster->counts;
    cluster->survey_delay_ms = CALM_MS;
    cluster->survey_at_ms = sio__now_ms() + CALM_MS; /* home is looked for before */
    return sio__cluster_init_lanes(cluster);
}

void sio__cluster_end(struct sio__cluster *cluster)
{
    if (cluster == NULL)
        return;
    cluster->ended = true;
    sio__survey_stop(cluster);
    sio__cluster_end_counts(cluster);
}

void sio__cluster_free(struct sio__cluster *cluster)
{
    if (cluster == NULL)
        return;
    sio__survey_stop(cluster);
    free(cluster->survey.candidates);
    sio__cluster_free_counts(cluster);
    sio__cluster_free_lanes(cluster);
    sio__slot_map_free(cluster->map);
    free(cluster);
}

void sio__cluster_after_fork(struct sio__cluster *cluster)
{
    for (unsigned i = 0; cluster != NULL && i < SIO__ASKED_MAX; i++)
        sio__inquiry_after_fork(cluster->survey.asked[i].inquiry);
}
