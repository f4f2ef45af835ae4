/* SPDX-License-Identifier: MIT */
/* One command a name, pipelined: an error then says which name it is about, and no command has
 * names of two hash slots. Redis executes in order, so what was asked last is what holds,
 * whatever is still unanswered. */
#include "link/asker.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    PIECE = 3584,         /* bytes of commands; with one that goes beyond it most fit in 4 KiB */
    STEPS = 1024,         /* names looked at for a piece */
    SYNTAX_MAX = 64,      /* of a command, without the name */
    UNANSWERED_FIRST = 64 /* room in the ring at first */
};

sio_status sio__asker_init(struct sio__asker *asker, struct sio__subscriptions *subs)
{
    *asker = (struct sio__asker){.subs = subs, .connection = ++subs->connections};
    sio__queue_init(&asker->due);
    sio__queue_init(&asker->asked);
    sio__queue_init(&asker->unsorted);
    sio__queue_init(&asker->settled);
    sio_buf_init(&asker->commands);
    asker->unanswered = malloc(UNANSWERED_FIRST * sizeof(struct sio__name *));
    asker->unanswered_max = UNANSWERED_FIRST;
    return asker->unanswered != NULL ? SIO_OK : SIO_ENOMEM;
}

static void free_names(struct sio__queued *queue)
{
    while (!sio__queue_is_empty(queue)) {
        struct sio__name *name = (struct sio__name *)queue->next;

        sio__queue_take_out(&name->queued);
        sio__name_free(name);
    }
}

void sio__asker_fini(struct sio__asker *asker)
{
    if (asker->subs == NULL)
        return;
    free_names(&asker->due);
    free_names(&asker->asked);
    free_names(&asker->unsorted);
    sio_buf_fini(&asker->commands);
    free(asker->unanswered);
    asker->unanswered = NULL;
    asker->subs = NULL;
}

/* A piece of commands and one that goes beyond it. */
sio_status sio__asker_reserve(struct sio__asker *asker, size_t len)
{
    size_t need = PIECE + SYNTAX_MAX + len;

    if (asker->commands.cap >= need)
        return SIO_OK;
    return sio_buf_reserve(&asker->commands, need - asker->commands.len);
}

void sio__asker_take(struct sio__asker *asker, struct sio__name *name)
{
    name->asker = asker;
    name->asked_on = name->connection = name->settled_on = 0;
    sio__queue_put_last(&asker->due, &name->queued);
}

void sio__asker_make_due(struct sio__asker *asker, struct sio__name *name)
{
    if (name->asked_on != asker->connection)
        return;
    name->asked_on = 0;
    sio__queue_take_out(&name->queued);
    sio__queue_put_last(&asker->due, &name->queued);
}

/* -- commands -- */

static void write_command(struct sio__asker *asker, const struct sio__name *name, bool subscribe)
{
    static const char *const verbs[SIO__SUBSCRIBE_KINDS][2] = {
        [SIO__CHANNEL] = {"*2\r\n$11\r\nUNSUBSCRIBE\r\n$", "*2\r\n$9\r\nSUBSCRIBE\r\n$"},
        [SIO__PATTERN] = {"*2\r\n$12\r\nPUNSUBSCRIBE\r\n$", "*2\r\n$10\r\nPSUBSCRIBE\r\n$"},
        [SIO__SHARD_CHANNEL] = {"*2\r\n$12\r\nSUNSUBSCRIBE\r\n$", "*2\r\n$10\r\nSSUBSCRIBE\r\n$"}};
    char head[SYNTAX_MAX];
    int len = snprintf(head, sizeof head, "%s%u\r\n", verbs[name->kind][subscribe], name->len);

    /* There is room for all of it, see reserve(). */
    sio_buf_append(&asker->commands, head, (size_t)len);
    sio_buf_append(&asker->commands, name->text, name->len);
    sio_buf_append(&asker->commands, "\r\n", 2);
}

static void ask(struct sio__asker *asker, struct sio__name *name, bool subscribe)
{
    write_command(asker, name, subscribe);
    name->subscribed = subscribe;
    name->unanswered++;
    asker->unanswered[asker->written++ % asker->unanswered_max] = name;
}

static void see_to(struct sio__asker *asker, struct sio__name *name)
{
    bool wanted = name->subscriptions > 0;

    sio__name_refresh(name);
    name->asked_on = asker->connection;
    sio__queue_take_out(&name->queued);
    sio__queue_put_last(&asker->asked, &name->queued);
    if (wanted != name->subscribed && !name->denied)
        ask(asker, name, wanted);
    if (name->unanswered == 0)
        sio__name_settle(name);
    sio__name_release(asker->subs, name);
}

static bool is_full(const struct sio__asker *asker)
{
    return asker->written - asker->answered == asker->unanswered_max;
}

/* More may be unanswered at a time. Without memory for that it takes longer. */
static void widen(struct sio__asker *asker)
{
    size_t max = asker->unanswered_max * 2;
    struct sio__name **ring;

    if (max > SIO__UNANSWERED_MAX)
        return;
    ring = malloc(max * sizeof(struct sio__name *));
    if (ring == NULL)
        return;
    for (uint64_t i = asker->answered; i < asker->written; i++)
        ring[i % max] = asker->unanswered[i % asker->unanswered_max];
    free(asker->unanswered);
    asker->unanswered = ring;
    asker->unanswered_max = max;
}

bool sio__asker_can_write(const struct sio__asker *asker)
{
    return !sio__queue_is_empty(&asker->due) && !is_full(asker);
}

void sio__asker_write(struct sio__asker *asker)
{
    sio_buf_clear(&asker->commands);
    for (int step = 0; step < STEPS; step++) {
        if (is_full(asker))
            widen(asker);
        if (!sio__asker_can_write(asker) || asker->commands.len >= PIECE)
            break;
        see_to(asker, (struct sio__name *)asker->due.next);
    }
}

/* -- answers -- */

/* The commands of one name alternate, and the last asked for what it will be in the end. */
struct sio__name *sio__asker_awaited(const struct sio__asker *asker, bool *subscribe)
{
    struct sio__name *name;

    if (asker->written == asker->answered)
        return NULL;
    name = asker->unanswered[asker->answered % asker->unanswered_max];
    *subscribe = name->subscribed == (name->unanswered % 2 == 1);
    return name;
}

struct sio__name *sio__asker_answer(struct sio__asker *asker, enum sio__asker_answer answer)
{
    struct sio__name *name = asker->unanswered[asker->answered++ % asker->unanswered_max];

    if (--name->unanswered > 0)
        return NULL; /* the last answer counts */
    if (answer != SIO__ASKER_OBEYED && name->subscribed) {
        name->subscribed = false;
        name->denied = answer == SIO__ASKER_DENIED;
        if (!name->denied)
            sio__asker_make_due(asker, name);
    }
    if (name->asked_on == asker->connection)
        sio__name_settle(name); /* else there is more to be asked */
    if (name->subscriptions > 0 && (name->subscribed || name->denied)) {
        name->held = true;
        return name;
    }
    sio__name_release(asker->subs, name);
    return NULL;
}

void sio__asker_ended(struct sio__asker *asker, struct sio__name *name)
{
    sio__name_refresh(name);
    if (name->unanswered > 0 || !name->subscribed)
        return; /* an answer that is to come says what holds */
    name->subscribed = false;
    sio__name_unsettle(asker->subs, name);
    sio__asker_make_due(asker, name);
}

void sio__asker_disconnected(struct sio__asker *asker)
{
    sio__queue_put_all_first(&asker->due, &asker->asked);
    sio__queue_put_all_first(&asker->subs->unsettled, &asker->settled);
    asker->connection = ++asker->subs->connections;
    asker->written = asker->answered = 0;
    sio_buf_clear(&asker->commands);
}

/* -- from one connection to another -- */

void sio__asker_unsort(struct sio__asker *asker)
{
    sio__queue_put_all_first(&asker->unsorted, &asker->due);
    sio__queue_put_all_first(&asker->unsorted, &asker->asked);
}

struct sio__name *sio__asker_next_unsorted(struct sio__asker *asker)
{
    struct sio__name *name = (struct sio__name *)asker->unsorted.next;

    if (sio__queue_is_empty(&asker->unsorted))
        return NULL;
    sio__queue_take_out(&name->queued);
    sio__queue_put_last(name->asked_on == asker->connection ? &asker->asked : &asker->due,
                        &name->queued);
    return name;
}

bool sio__asker_pass(struct sio__name *name, struct sio__asker *to)
{
    sio__name_refresh(name);
    if (name->unanswered > 0 || sio__asker_reserve(to, name->len) != SIO_OK)
        return false;
    sio__name_unsettle(to->subs, name);
    sio__queue_take_out(&name->queued);
    sio__asker_take(to, name);
    return true;
}
