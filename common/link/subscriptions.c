/* SPDX-License-Identifier: MIT */
#include "link/subscriptions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "link/asker.h"
#include "link/slots.h"

/* -- begin and end -- */

static sio_str text_of(const void *item)
{
    return sio__name_text(item);
}

sio_status sio__subscriptions_init(struct sio__subscriptions *subs)
{
    sio_status status = SIO_OK;

    *subs = (struct sio__subscriptions){.cursor = NULL};
    sio__queue_init(&subs->unsettled);
    for (int kind = 0; kind < SIO__SUBSCRIBE_KINDS && status == SIO_OK; kind++)
        status = sio__table_init(&subs->tables[kind], text_of);
    return status;
}

void sio__subscriptions_fini(struct sio__subscriptions *subs)
{
    struct sio__queued *at = subs->unsettled.next, *next;

    for (; at != &subs->unsettled; at = next) {
        struct sio__sync *sync = (struct sio__sync *)at;

        next = at->next;
        assert(sync->unsettled.is_sync);
        free(sync);
    }
    sio__queue_init(&subs->unsettled);
    for (int kind = 0; kind < SIO__SUBSCRIBE_KINDS; kind++)
        sio__table_fini(&subs->tables[kind]);
}

/* -- names -- */

static bool is_settled(const struct sio__name *name)
{
    return name->settled_on == name->asker->connection;
}

void sio__name_settle(struct sio__name *name)
{
    if (is_settled(name))
        return;
    name->settled_on = name->asker->connection;
    sio__queue_take_out(&name->unsettled.queued);
    sio__queue_put_last(&name->asker->settled, &name->unsettled.queued);
}

/* By a wish: syncs that were asked for before do not wait for it. */
static void unsettle(struct sio__subscriptions *subs, struct sio__name *name)
{
    name->settled_on = 0;
    sio__queue_take_out(&name->unsettled.queued);
    sio__queue_put_last(&subs->unsettled, &name->unsettled.queued);
}

void sio__name_unsettle(struct sio__subscriptions *subs, struct sio__name *name)
{
    if (!is_settled(name))
        return;
    name->settled_on = 0;
    sio__queue_take_out(&name->unsettled.queued);
    sio__queue_put_last(subs->unsettled.next, &name->unsettled.queued);
}

void sio__name_refresh(struct sio__name *name)
{
    if (name->connection == name->asker->connection)
        return;
    name->connection = name->asker->connection;
    name->unanswered = 0;
    name->subscribed = name->denied = false;
}

void sio__name_free(struct sio__name *name)
{
    struct sio__subscription *sub = name->first.next;

    while (sub != NULL) {
        struct sio__subscription *next = sub->next;

        free(sub);
        sub = next;
    }
    sio__queue_take_out(&name->unsettled.queued);
    free(name);
}

void sio__name_release(struct sio__subscriptions *subs, struct sio__name *name)
{
    if (name->subscriptions > 0 || name->subscribed || name->unanswered > 0 || name->held)
        return;
    if (subs->last[name->kind] == name)
        subs->last[name->kind] = NULL;
    sio__table_remove(&subs->tables[name->kind], name, name->hash);
    sio__queue_take_out(&name->queued);
    sio__name_free(name);
}

void sio__subscriptions_release(struct sio__subscriptions *subs, struct sio__name *name)
{
    name->held = false;
    sio__name_release(subs, name);
}

struct sio__name *sio__subscriptions_find(struct sio__subscriptions *subs,
                                          enum sio__subscribe_kind kind, sio_str text)
{
    struct sio__table *table = &subs->tables[kind];
    struct sio__name *name = subs->last[kind];

    if (name != NULL && sio_str_eq(text, text_of(name)))
        return name;
    name = sio__table_find(table, text, sio__table_hash(table, text));
    if (name != NULL)
        subs->last[kind] = name;
    return name;
}

static sio_status new_name(struct sio__subscriptions *subs, struct sio__asker *asker,
                           enum sio__subscribe_kind kind, sio_str text, struct sio__name **out)
{
    struct sio__table *table = &subs->tables[kind];
    struct sio__name *name = calloc(1, sizeof *name + text.len);
    sio_status status;

    if (name == NULL)
        return SIO_ENOMEM;
    name->kind = (uint8_t)kind;
    name->slot = kind == SIO__SHARD_CHANNEL ? (uint16_t)sio__slot_of(text) : 0;
    name->len = (uint32_t)text.len;
    if (text.len > 0)
        memcpy(name->text, text.ptr, text.len);
    name->hash = sio__table_hash(table, text);
    status = sio__table_insert(table, name, name->hash);
    if (status != SIO_OK) {
        free(name);
        return status;
    }
    sio__queue_put_last(&subs->unsettled, &name->unsettled.queued);
    sio__asker_take(asker, name);
    *out = name;
    return SIO_OK;
}

static struct sio__subscription *new_subscription(struct sio__name *name)
{
    struct sio__subscription *sub = &name->first;

    if (sub->listener == NULL)
        return sub;
    sub = calloc(1, sizeof *sub);
    if (sub == NULL)
        return NULL;
    sub->next = name->first.next;
    name->first.next = sub;
    return sub;
}

sio_status sio__subscriptions_add(struct sio__subscriptions *subs, struct sio__asker *asker,
                                  enum sio__subscribe_kind kind, sio_str text, void *listener,
                                  int tag, struct sio__subscription **out)
{
    struct sio__name *name = sio__subscriptions_find(subs, kind, text);
    struct sio__subscription *sub;
    sio_status status = sio__asker_reserve(name != NULL ? name->asker : asker, text.len);

    if (status == SIO_OK && name == NULL)
        status = new_name(subs, asker, kind, text, &name);
    if (status != SIO_OK)
        return status;
    sub = new_subscription(name);
    if (sub == NULL)
        return SIO_ENOMEM; /* the name was there before */
    sub->listener = listener;
    sub->name = name;
    sub->tag = tag;
    sub->denied_on = 0;
    sio__name_refresh(name);
    if (!name->subscribed) {
        if (name->subscriptions == 0 || name->denied)
            unsettle(subs, name);
        name->denied = false; /* to be tried once more */
        sio__asker_make_due(name->asker, name);
    }
    name->subscriptions++;
    *out = sub;
    return SIO_OK;
}

static void unlink_subscription(struct sio__subscriptions *subs, struct sio__subscription *sub)
{
    struct sio__name *name = sub->name;
    struct sio__subscription **at = &name->first.next;

    if (subs->cursor == sub)
        subs->cursor = sub->next;
    if (sub == &name->first) {
        sub->listener = NULL;
        return;
    }
    while (*at != sub)
        at = &(*at)->next;
    *at = sub->next;
    free(sub);
}

void sio__subscriptions_remove(struct sio__subscriptions *subs, struct sio__subscription *sub)
{
    struct sio__name *name = sub->name;

    unlink_subscription(subs, sub);
    sio__name_refresh(name);
    if (--name->subscriptions > 0)
        return;
    if (name->subscribed) {
        unsettle(subs, name);
        sio__asker_make_due(name->asker, name);
    }
    sio__name_release(subs, name);
}

struct sio__subscription *sio__subscriptions_of(struct sio__name *name, const void *listener)
{
    struct sio__subscription *sub = &name->first;

    while (sub != NULL && sub->listener != listener)
        sub = sub->next;
    return sub;
}

struct sio__subscription *sio__subscriptions_first(struct sio__subscriptions *subs,
                                                   struct sio__name *name)
{
    subs->cursor = &name->first;
    return sio__subscriptions_next(subs);
}

struct sio__subscription *sio__subscriptions_next(struct sio__subscriptions *subs)
{
    struct sio__subscription *sub = subs->cursor;

    if (sub != NULL && sub->listener == NULL) /* only the first may be unused */
        sub = sub->next;
    subs->cursor = sub != NULL ? sub->next : NULL;
    return sub;
}

/* -- syncs -- */

void sio__subscriptions_sync(struct sio__subscriptions *subs, struct sio__sync *sync)
{
    sync->unsettled.is_sync = true;
    sio__queue_put_last(&subs->unsettled, &sync->unsettled.queued);
}

void sio__subscriptions_unsync(struct sio__sync *sync)
{
    sio__queue_take_out(&sync->unsettled.queued);
}

struct sio__sync *sio__subscriptions_synced(struct sio__subscriptions *subs)
{
    struct sio__unsettled *first = (struct sio__unsettled *)subs->unsettled.next;

    if (sio__queue_is_empty(&subs->unsettled) || !first->is_sync)
        return NULL;
    sio__queue_take_out(&first->queued);
    return (struct sio__sync *)first;
}
