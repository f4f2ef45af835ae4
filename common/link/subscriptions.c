/* SPDX-License-Identifier: MIT */
/* One command a name, pipelined: an error then says which name it is about. Redis executes
 * in order, so what was asked last is what holds, whatever is still unanswered. */
#include "link/subscriptions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE = 16 * 1024, /* bytes of commands */
    STEPS = 1024,      /* names looked at for a piece */
    SYNTAX_MAX = 64    /* of a command, without the name */
};

/* -- queues -- */

static void empty_queue(struct sio__queued *queue)
{
    queue->next = queue->prev = queue;
}

static bool is_empty(const struct sio__queued *queue)
{
    return queue->next == queue;
}

static void take_out(struct sio__queued *queued)
{
    queued->prev->next = queued->next;
    queued->next->prev = queued->prev;
}

static void put_last(struct sio__queued *queue, struct sio__queued *queued)
{
    queued->next = queue;
    queued->prev = queue->prev;
    queue->prev->next = queued;
    queue->prev = queued;
}

/* All of `from`, in order, before what is in `queue`. */
static void put_all_first(struct sio__queued *queue, struct sio__queued *from)
{
    if (is_empty(from))
        return;
    from->prev->next = queue->next;
    queue->next->prev = from->prev;
    from->next->prev = queue;
    queue->next = from->next;
    empty_queue(from);
}

/* -- begin and end -- */

static sio_str text_of(const void *item)
{
    const struct sio__name *name = item;

    return (sio_str){name->text, name->len};
}

sio_status sio__subscriptions_init(struct sio__subscriptions *subs)
{
    sio_status status;

    *subs = (struct sio__subscriptions){.connection = 1};
    empty_queue(&subs->due);
    empty_queue(&subs->asked);
    empty_queue(&subs->syncs);
    sio_buf_init(&subs->commands);
    status = sio__table_init(&subs->tables[SIO__CHANNEL], text_of);
    if (status == SIO_OK)
        status = sio__table_init(&subs->tables[SIO__PATTERN], text_of);
    if (status != SIO_OK)
        return status;
    subs->unanswered = malloc(SIO__UNANSWERED_MAX * sizeof(struct sio__name *));
    return subs->unanswered != NULL ? SIO_OK : SIO_ENOMEM;
}

static void free_name(struct sio__name *name)
{
    struct sio__subscription *sub = name->first.next;

    while (sub != NULL) {
        struct sio__subscription *next = sub->next;

        free(sub);
        sub = next;
    }
    free(name);
}

static void free_queue(struct sio__queued *queue)
{
    struct sio__queued *next;

    for (struct sio__queued *at = queue->next; at != queue; at = next) {
        next = at->next;
        if (at->is_sync)
            free(at);
        else
            free_name((struct sio__name *)at);
    }
}

void sio__subscriptions_fini(struct sio__subscriptions *subs)
{
    free_queue(&subs->due);
    free_queue(&subs->asked);
    free_queue(&subs->syncs);
    sio__table_fini(&subs->tables[SIO__CHANNEL]);
    sio__table_fini(&subs->tables[SIO__PATTERN]);
    sio_buf_fini(&subs->commands);
    free(subs->unanswered);
}

/* -- names -- */

static enum sio__subscribe_kind kind_of(const struct sio__name *name)
{
    return name->is_pattern ? SIO__PATTERN : SIO__CHANNEL;
}

/* What was noted for an earlier connection holds no more. */
static void refresh(const struct sio__subscriptions *subs, struct sio__name *name)
{
    if (name->connection == subs->connection)
        return;
    name->connection = subs->connection;
    name->unanswered = 0;
    name->subscribed = name->denied = false;
}

static void make_due(struct sio__subscriptions *subs, struct sio__name *name)
{
    if (name->asked_on != subs->connection)
        return;
    name->asked_on = 0;
    take_out(&name->queued);
    put_last(&subs->due, &name->queued);
}

/* Forget it, if there is no more to it. */
static void release(struct sio__subscriptions *subs, struct sio__name *name)
{
    enum sio__subscribe_kind kind = kind_of(name);

    if (name->subscriptions > 0 || name->subscribed || name->unanswered > 0 || name->held)
        return;
    if (subs->last[kind] == name)
        subs->last[kind] = NULL;
    sio__table_remove(&subs->tables[kind], name, name->hash);
    take_out(&name->queued);
    free_name(name);
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

static sio_status new_name(struct sio__subscriptions *subs, enum sio__subscribe_kind kind,
                           sio_str text, struct sio__name **out)
{
    struct sio__table *table = &subs->tables[kind];
    struct sio__name *name = calloc(1, sizeof *name + text.len);
    sio_status status;

    if (name == NULL)
        return SIO_ENOMEM;
    name->is_pattern = kind == SIO__PATTERN;
    name->len = (uint32_t)text.len;
    if (text.len > 0)
        memcpy(name->text, text.ptr, text.len);
    name->hash = sio__table_hash(table, text);
    status = sio__table_insert(table, name, name->hash);
    if (status != SIO_OK) {
        free(name);
        return status;
    }
    put_last(&subs->due, &name->queued);
    *out = name;
    return SIO_OK;
}

/* Room for a piece of commands and one that goes beyond it. */
static sio_status reserve(struct sio__subscriptions *subs, size_t len)
{
    size_t need = PIECE + SYNTAX_MAX + len;

    if (subs->commands.cap >= need)
        return SIO_OK;
    return sio_buf_reserve(&subs->commands, need - subs->commands.len);
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

sio_status sio__subscriptions_add(struct sio__subscriptions *subs, enum sio__subscribe_kind kind,
                                  sio_str text, void *listener, int tag,
                                  struct sio__subscription **out)
{
    struct sio__name *name = sio__subscriptions_find(subs, kind, text);
    struct sio__subscription *sub;
    sio_status status = reserve(subs, text.len);

    if (status == SIO_OK && name == NULL)
        status = new_name(subs, kind, text, &name);
    if (status != SIO_OK)
        return status;
    sub = new_subscription(name);
    if (sub == NULL)
        return SIO_ENOMEM; /* the name was there before */
    sub->listener = listener;
    sub->name = name;
    sub->tag = tag;
    sub->denied_on = 0;
    name->subscriptions++;
    refresh(subs, name);
    if (!name->subscribed) {
        name->denied = false; /* to be tried once more */
        make_due(subs, name);
    }
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
    refresh(subs, name);
    if (--name->subscriptions > 0)
        return;
    if (name->subscribed)
        make_due(subs, name);
    release(subs, name);
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

/* -- commands -- */

static void write_command(struct sio__subscriptions *subs, const struct sio__name *name,
                          bool subscribe)
{
    static const char *const verbs[2][2] = {
        {"*2\r\n$11\r\nUNSUBSCRIBE\r\n$", "*2\r\n$9\r\nSUBSCRIBE\r\n$"},
        {"*2\r\n$12\r\nPUNSUBSCRIBE\r\n$", "*2\r\n$10\r\nPSUBSCRIBE\r\n$"}};
    char head[SYNTAX_MAX];
    int len =
        snprintf(head, sizeof head, "%s%u\r\n", verbs[name->is_pattern][subscribe], name->len);

    /* There is room for all of it, see reserve(). */
    sio_buf_append(&subs->commands, head, (size_t)len);
    sio_buf_append(&subs->commands, name->text, name->len);
    sio_buf_append(&subs->commands, "\r\n", 2);
}

static void ask(struct sio__subscriptions *subs, struct sio__name *name, bool subscribe)
{
    write_command(subs, name, subscribe);
    name->subscribed = subscribe;
    name->unanswered++;
    subs->unanswered[subs->written++ % SIO__UNANSWERED_MAX] = name;
}

static void see_to(struct sio__subscriptions *subs, struct sio__name *name)
{
    bool wanted = name->subscriptions > 0;

    refresh(subs, name);
    name->asked_on = subs->connection;
    take_out(&name->queued);
    put_last(&subs->asked, &name->queued);
    if (wanted != name->subscribed && !name->denied)
        ask(subs, name, wanted);
    release(subs, name);
}

static bool has_room(const struct sio__subscriptions *subs)
{
    return subs->written - subs->answered < SIO__UNANSWERED_MAX;
}

bool sio__subscriptions_can_write(const struct sio__subscriptions *subs)
{
    return !is_empty(&subs->due) && has_room(subs);
}

void sio__subscriptions_write(struct sio__subscriptions *subs)
{
    sio_buf_clear(&subs->commands);
    for (int step = 0; step < STEPS; step++) {
        struct sio__queued *queued = subs->due.next;

        if (is_empty(&subs->due) || !has_room(subs) || subs->commands.len >= PIECE)
            break;
        if (queued->is_sync) {
            struct sio__sync *sync = (struct sio__sync *)queued;

            sync->target = subs->written;
            take_out(queued);
            put_last(&subs->syncs, queued);
        } else {
            see_to(subs, (struct sio__name *)queued);
        }
    }
}

/* -- answers -- */

/* The commands of one name alternate, and the last asked for what it will be in the end. */
struct sio__name *sio__subscriptions_awaited(const struct sio__subscriptions *subs, bool *subscribe)
{
    struct sio__name *name;

    if (subs->written == subs->answered)
        return NULL;
    name = subs->unanswered[subs->answered % SIO__UNANSWERED_MAX];
    *subscribe = name->subscribed == (name->unanswered % 2 == 1);
    return name;
}

struct sio__name *sio__subscriptions_answer(struct sio__subscriptions *subs, bool denied)
{
    struct sio__name *name = subs->unanswered[subs->answered++ % SIO__UNANSWERED_MAX];

    if (--name->unanswered > 0)
        return NULL; /* the last answer counts */
    if (denied && name->subscribed) {
        name->subscribed = false;
        name->denied = true;
    }
    if (name->subscriptions > 0 && (name->subscribed || name->denied)) {
        name->held = true;
        return name;
    }
    release(subs, name);
    return NULL;
}

void sio__subscriptions_release(struct sio__subscriptions *subs, struct sio__name *name)
{
    name->held = false;
    release(subs, name);
}

void sio__subscriptions_disconnected(struct sio__subscriptions *subs)
{
    put_all_first(&subs->due, &subs->syncs);
    put_all_first(&subs->due, &subs->asked);
    subs->connection++;
    subs->written = subs->answered = 0;
    sio_buf_clear(&subs->commands);
}

/* -- syncs -- */

void sio__subscriptions_sync(struct sio__subscriptions *subs, struct sio__sync *sync)
{
    sync->queued.is_sync = true;
    put_last(&subs->due, &sync->queued);
}

void sio__subscriptions_unsync(struct sio__sync *sync)
{
    take_out(&sync->queued);
}

struct sio__sync *sio__subscriptions_synced(struct sio__subscriptions *subs)
{
    struct sio__sync *sync = (struct sio__sync *)subs->syncs.next;

    if (is_empty(&subs->syncs) || subs->answered < sync->target)
        return NULL;
    take_out(&sync->queued);
    return sync;
}
