/* SPDX-License-Identifier: MIT */
/* Counting in a cluster: every node is asked for its own number, as each knows only of those who
 * are connected to it. A node that cannot be reached has nobody who could be reached there. */
#include "link/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/impl.h"

struct sio__count {
    struct sio__count *next;
    sio_link *link;
    enum sio__count_kind kind;
    struct sio__completion completion;
    uint32_t added_ms;
    unsigned parts; /* not ended */
    int64_t sum;
    sio_status status; /* of a part that failed */
    char text[SIO__REASON_MAX];
    uint32_t len;
    char name[];
};

/* -- parts -- */

/* What it takes of the outbox's bounds, beside its parts. */
static size_t size_of(const struct sio__count *count)
{
    return sizeof *count + count->len;
}

static void end_count(struct sio__count *count)
{
    struct sio__publish_result result = {count->status, count->sum, count->text};
    struct sio__completion completion = count->completion;
    sio_link *link = count->link;

    if (result.status != SIO_OK)
        result.receivers = -1;
    sio__link_lock(link);
    link->space.bytes -= size_of(count);
    link->space.publishes--;
    link->cluster->counting--;
    sio__link_unlock(link);
    sio__publisher_end(link, &completion, &result);
    free(count);
}

static void fail(struct sio__count *count, sio_status status, const char *text)
{
    if (count->status != SIO_OK)
        return;
    count->status = status;
    snprintf(count->text, sizeof count->text, "%s", text);
}

static void end_part(struct sio__count *count, const struct sio__publish_result *result)
{
    if (result->status == SIO_OK)
        count->sum += result->receivers;
    else
        fail(count, result->status, result->text);
    if (--count->parts == 0)
        end_count(count);
}

/* Never called: it marks what is a part of a count. */
static void part_done(const struct sio__publish_result *result, void *owner, void (*fn)(void),
                      void *user)
{
    (void)fn;
    (void)user;
    end_part(owner, result);
}

bool sio__cluster_counted(const struct sio__completion *completion,
                          const struct sio__publish_result *result)
{
    if (completion->done != part_done)
        return false;
    part_done(result, completion->owner, completion->fn, completion->user);
    return true;
}

static void skip_part(void *arg, const struct sio__completion *completion)
{
    struct sio__publish_result nobody = {SIO_OK, 0, ""};

    (void)arg;
    end_part(completion->owner, &nobody);
}

void sio__cluster_skip_counts(struct sio__cluster *cluster, struct sio__lane *lane)
{
    cluster->link->iterating = true;
    sio__outbox_end_counts(lane->outbox, skip_part, NULL);
    cluster->link->iterating = false;
}

/* -- asking -- */

/* Under the lock. */
static sio_status add_part(struct sio__count *count, struct sio__lane *lane)
{
    struct sio__completion completion = {.done = part_done, .owner = count};
    sio_status status =
        sio__outbox_add_count(lane->outbox, count->kind, sio_str_of(count->name, count->len),
                              &completion, count->added_ms);

    if (status == SIO_OK)
        count->parts++;
    return status;
}

static void ask(struct sio__count *count, struct sio__lane *lane)
{
    sio_status status;

    sio__link_lock(count->link);
    status = add_part(count, lane);
    sio__outbox_take(lane->outbox);
    sio__link_unlock(count->link);
    if (status != SIO_OK)
        fail(count, status, sio_status_text(status));
}

/* Not one that has been tried in vain. */
static bool may_answer(const struct sio__node *node, const struct sio__lane *lane)
{
    return sio__lane_is_up(lane) || (!node->failed && lane->session.attempt <= 1 &&
                                     lane->session.state != SIO__SESSION_WAITING);
}

static bool is_home(const struct sio__cluster *cluster, const struct sio__node *node)
{
    const struct sio__place *home = &cluster->link->home.session.place;

    return sio__place_same(&node->place, home) ||
           (sio__place_same(home, &cluster->home) && node->id[0] != '\0' &&
            strcmp(node->id, cluster->home_id) == 0);
}

/* A shard channel is known to the nodes of its slot's shard alone. */
static bool concerns(const struct sio__cluster *cluster, const struct sio__count *count,
                     const struct sio__node *node)
{
    const struct sio__node *owner;

    if (count->kind != SIO__COUNT_SHARD_SUBSCRIBERS)
        return !is_home(cluster, node);
    owner = sio__cluster_owner(cluster, sio__slot_of(sio_str_of(count->name, count->len)));
    return owner != NULL && (node == owner || (node->shard != 0 && node->shard == owner->shard));
}

/* All nodes but home, which has been asked. */
static void ask_all(struct sio__cluster *cluster, struct sio__count *count)
{
    static const struct sio__publish_result asked = {SIO_OK, 0, ""};
    unsigned nodes = cluster->map != NULL ? cluster->map->count : 0;

    if (cluster->map == NULL)
        fail(count, SIO_ENOPERM, cluster->refused);
    for (unsigned i = 0; i < nodes; i++) {
        const struct sio__node *node = &cluster->map->nodes[i];
        struct sio__node_lane *lane;

        if (!concerns(cluster, count, node))
            continue;
        lane = sio__cluster_lane_to(cluster, &node->place);
        if (lane != NULL && may_answer(node, &lane->lane))
            ask(count, &lane->lane);
    }
    end_part(count, &asked);
}

/* -- counts -- */

sio_status sio__cluster_count(struct sio__cluster *cluster, enum sio__count_kind kind, sio_str name,
                              const struct sio__completion *completion, uint32_t now_ms)
{
    sio_status status = SIO_OK;
    struct sio__count *count;

    if (name.len > UINT32_MAX / 2 || sizeof *count + name.len > cluster->link->space.bounds.bytes)
        return SIO_ETOOBIG;
    if (!sio__outbox_fits(&cluster->link->space, sizeof *count + name.len))
        return SIO_EFULL;
    count = calloc(1, sizeof *count + name.len);
    if (count == NULL)
        return SIO_ENOMEM;
    count->link = cluster->link;
    count->kind = kind;
    count->completion = *completion;
    count->added_ms = now_ms;
    count->len = (uint32_t)name.len;
    if (name.len > 0)
        memcpy(count->name, name.ptr, name.len);
    count->parts = 1; /* until all are asked */
    if (kind != SIO__COUNT_SHARD_SUBSCRIBERS)
        status = add_part(count, &cluster->link->home);
    if (status != SIO_OK) {
        free(count);
        return status;
    }
    cluster->link->space.bytes += size_of(count);
    cluster->link->space.publishes++;
    cluster->counting++;
    *cluster->counts_end = count;
    cluster->counts_end = &count->next;
    return SIO_OK;
}

/* The first that is not asked yet, taken out; NULL: none. ttl_ms: only if it is as old. */
static struct sio__count *pop(struct sio__cluster *cluster, uint32_t now_ms, uint32_t ttl_ms)
{
    struct sio__count *count;

    sio__link_lock(cluster->link);
    count = cluster->counts;
    if (count != NULL && sio__ms_until(count->added_ms + ttl_ms, now_ms) > 0)
        count = NULL;
    if (count != NULL)
        cluster->counts = count->next;
    if (cluster->counts == NULL)
        cluster->counts_end = &cluster->counts;
    sio__link_unlock(cluster->link);
    return count;
}

void sio__cluster_service_counts(struct sio__cluster *cluster, uint32_t now_ms)
{
    uint32_t ttl_ms = cluster->link->config.bounds.ttl_ms;
    struct sio__publish_result late = {SIO_EXPIRED, -1, cluster->link->home.late_text};
    struct sio__count *count;

    if (sio__lane_is_up(&cluster->link->home) &&
        (cluster->map != NULL || cluster->refused[0] != '\0')) {
        while ((count = pop(cluster, now_ms, 0)) != NULL)
            ask_all(cluster, count);
    } else if (ttl_ms > 0) {
        while ((count = pop(cluster, now_ms, ttl_ms)) != NULL)
            end_part(count, &late);
    }
}

void sio__cluster_end_counts(struct sio__cluster *cluster)
{
    static const struct sio__publish_result closed = {SIO_ECLOSED, -1, "the link was closed"};
    struct sio__count *count;

    while ((count = pop(cluster, sio__now_ms(), 0)) != NULL)
        end_part(count, &closed);
}

void sio__cluster_free_counts(struct sio__cluster *cluster)
{
    while (cluster->counts != NULL) {
        struct sio__count *next = cluster->counts->next;

        free(cluster->counts);
        cluster->counts = next;
    }
}
