/* SPDX-License-Identifier: MIT */
/* A link's subscribing side as a whole: its feeds, and which of them a name belongs to. */
#include "link/subscriber.h"

#include <stdlib.h>

#include "link/cluster.h"

static const struct sio__session_ops home_ops = {.locate = sio__session_locate,
                                                 .connecting = sio__feed_on_connecting,
                                                 .up = sio__feed_on_up,
                                                 .read = sio__feed_on_read,
                                                 .answer = sio__feed_on_answer,
                                                 .awaits = sio__feed_awaits,
                                                 .lost = sio__feed_on_lost,
                                                 .down = sio__feed_on_down};

struct sio__asker *sio__subscriber_asker(struct sio__subscriber *subscriber,
                                         enum sio__subscribe_kind kind, sio_str name)
{
    if (kind == SIO__SHARD_CHANNEL && subscriber->link->cluster != NULL)
        return sio__cluster_asker(subscriber->link->cluster, name);
    return &subscriber->home.asker;
}

void sio__subscriber_ended(struct sio__feed *feed, sio_str text)
{
    struct sio__subscriber *subscriber = feed->subscriber;
    struct sio__name *name = sio__subscriptions_find(&subscriber->subs, SIO__SHARD_CHANNEL, text);

    if (name == NULL || name->asker != &feed->asker)
        return;
    sio__listeners_moved(subscriber, name, "Redis has ended the subscription");
    sio__asker_ended(&feed->asker, name);
}

bool sio__subscriber_redirected(struct sio__feed *feed, const struct sio__name *name,
                                const char *error)
{
    struct sio__cluster *cluster = feed->session.link->cluster;

    return cluster != NULL && sio__cluster_redirected(cluster, feed, name, error);
}

/* -- what is due -- */

void sio__subscriber_start(struct sio__subscriber *subscriber)
{
    sio__session_start(&subscriber->home.session);
}

void sio__subscriber_service(struct sio__subscriber *subscriber, uint32_t now_ms)
{
    subscriber->turn++;
    for (struct sio__feed *feed = subscriber->feeds; feed != NULL; feed = feed->next)
        sio__feed_service(feed, now_ms);
    sio__listeners_run_syncs(subscriber);
}

void sio__subscriber_check_peers(struct sio__subscriber *subscriber, uint32_t now_ms)
{
    for (struct sio__feed *feed = subscriber->feeds; feed != NULL; feed = feed->next)
        sio__session_check_peer(&feed->session, now_ms);
}

void sio__subscriber_trim(struct sio__subscriber *subscriber)
{
    for (struct sio__feed *feed = subscriber->feeds; feed != NULL; feed = feed->next)
        sio__pushes_trim(feed->pushes);
}

int64_t sio__subscriber_check_due(const struct sio__subscriber *subscriber, uint32_t now_ms)
{
    int64_t first = INT32_MAX;

    for (const struct sio__feed *feed = subscriber->feeds; feed != NULL; feed = feed->next) {
        int64_t due = first;

        if (feed->session.state == SIO__SESSION_UP)
            due = sio__session_check_due(&feed->session, now_ms);
        if (due < first)
            first = due;
    }
    return first;
}

void sio__subscriber_add_stats(const struct sio__subscriber *subscriber, sio_link_stats *stats)
{
    for (const struct sio__feed *feed = subscriber->feeds; feed != NULL; feed = feed->next) {
        stats->bytes_in += feed->session.conn.bytes_in;
        stats->bytes_out += feed->session.conn.bytes_out;
    }
    stats->messages = subscriber->messages;
    stats->subscriber_disconnects = subscriber->losses;
}

/* -- begin and end -- */

static struct sio__subscriber *new_subscriber(sio_link *link)
{
    struct sio__subscriber *subscriber = calloc(1, sizeof *subscriber);
    bool ok;

    if (subscriber == NULL)
        return NULL;
    subscriber->link = link;
    subscriber->feeds = &subscriber->home;
    ok = sio__subscriptions_init(&subscriber->subs) == SIO_OK;
    ok = sio__feed_init(&subscriber->home, subscriber, &home_ops) == SIO_OK && ok;
    if (ok && link->cluster != NULL)
        ok = sio__cluster_init_feeds(link->cluster, subscriber) == SIO_OK;
    if (ok)
        return subscriber;
    sio__subscriber_free(subscriber);
    return NULL;
}

sio_status sio__subscriber_get(sio_link *link, struct sio__subscriber **out)
{
    if (link->subscriber == NULL) {
        link->subscriber = new_subscriber(link);
        if (link->subscriber == NULL)
            return SIO_ENOMEM;
        sio__link_wake(link); /* connects from there */
    }
    *out = link->subscriber;
    return SIO_OK;
}

void sio__subscriber_end(struct sio__subscriber *subscriber)
{
    for (struct sio__feed *feed = subscriber->feeds; feed != NULL; feed = feed->next)
        sio__session_end(&feed->session);
    sio__listeners_close(subscriber);
}

void sio__subscriber_free(struct sio__subscriber *subscriber)
{
    if (subscriber == NULL)
        return;
    sio__listeners_forget(subscriber);
    if (subscriber->link->cluster != NULL)
        sio__cluster_free_feeds(subscriber->link->cluster, subscriber);
    sio__feed_fini(&subscriber->home);
    sio__subscriptions_fini(&subscriber->subs);
    free(subscriber);
}
