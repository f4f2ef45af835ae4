/* SPDX-License-Identifier: MIT */
/* What happens to publishes that Redis has not answered: expiry, a lost connection, the
 * end of the link. */
#include "link/outbox_blocks.h"

#include <string.h>

/* -- after a connection -- */

void sio__outbox_rewind(struct sio__outbox *box)
{
    struct place from = box->kept.block != NULL ? box->kept : box->ack;
    struct place at = from;
    bool written = true;
    struct record *record;

    settle(box, &box->write);
    settle(box, &at);
    box->holes = 0;
    box->again = 0;
    for (; (record = look(box, &at)) != NULL; step(box, &at)) {
        /* Whole or not at all: Redis cannot have obeyed a part of a command. */
        if (same(&at, &box->write) ||
            (at.block == box->write.block && at.offset + record->len > box->write.offset))
            written = false;
        if (record->state == OWED)
            close_record(box, record);
        if (record->state == ENDED)
            box->holes++;
        else if (written)
            box->again++;
    }
    box->ack = box->write = from;
    box->kept.block = NULL;
    box->bytes_written = box->bytes_answered = 0;
    sio__outbox_take(box);
}

uint64_t sio__outbox_resent(struct sio__outbox *box)
{
    uint64_t again = box->again;

    box->again = 0;
    return again;
}

void sio__outbox_give_up(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg)
{
    struct place last = find_write(box), at = box->ack;

    settle(box, &at);
    for (; !same(&at, &last); step(box, &at)) {
        struct record *record = look(box, &at);

        if (record->state != PENDING)
            continue;
        close_record(box, record);
        end(arg, &record->completion);
    }
}

/* -- ends without an answer -- */

/* End the unwritten record at `at`, which is `write`, and go on behind it. */
static void end_unwritten(struct sio__outbox *box, struct place *at, sio__outbox_end_cb *end,
                          void *arg)
{
    struct record *record = look(box, at);
    bool first = same(at, &box->ack), was_pending = record->state == PENDING;

    if (was_pending)
        close_record(box, record);
    step(box, at);
    box->write = *at;
    if (first)
        box->ack = *at;
    if (was_pending && box->again > 0)
        box->again--;
    if (first && !was_pending)
        box->holes--;
    else if (!first && was_pending)
        box->holes++;
    if (was_pending)
        end(arg, &record->completion);
}

void sio__outbox_end_counts(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg)
{
    struct place at = find_write(box);
    struct record *record;

    if (!same(&at, &box->write)) /* one that was written in part will be answered */
        step(box, &at);
    while ((record = look(box, &at)) != NULL) {
        if (record->state == PENDING && record->is_count && same(&at, &box->write)) {
            end_unwritten(box, &at, end, arg);
        } else if (record->state == PENDING && record->is_count) {
            box->holes++;
            close_record(box, record);
            end(arg, &record->completion);
            step(box, &at);
        } else {
            step(box, &at);
        }
    }
}

static bool expired(const struct sio__outbox *box, const struct record *record, uint32_t now_ms)
{
    return (int32_t)(now_ms - record->added_ms) >= (int32_t)box->room->bounds.ttl_ms;
}

void sio__outbox_expire(struct sio__outbox *box, uint32_t now_ms, sio__outbox_end_cb *end,
                        void *arg)
{
    struct place at;
    struct record *record;

    if (box->room->bounds.ttl_ms == 0)
        return;
    pass_holes(box);
    at = box->ack;
    while ((record = look(box, &at)) != NULL &&
           (record->state != PENDING || expired(box, record, now_ms))) {
        bool partly = at.block == box->write.block && at.offset < box->write.offset &&
                      at.offset + record->len > box->write.offset;

        if (same(&at, &box->write)) {
            end_unwritten(box, &at, end, arg);
            continue;
        }
        step(box, &at);
        if (record->state == PENDING) {
            record->state = OWED;
            end(arg, &record->completion);
        }
        if (partly)
            break;
    }
}

int64_t sio__outbox_expiry(struct sio__outbox *box, uint32_t now_ms)
{
    struct place at = box->ack;
    struct record *record;
    int32_t left;

    if (box->room->bounds.ttl_ms == 0)
        return -1;
    settle(box, &at);
    while ((record = look(box, &at)) != NULL && record->state != PENDING)
        step(box, &at);
    if (record == NULL)
        return -1;
    left = (int32_t)(box->room->bounds.ttl_ms - (now_ms - record->added_ms));
    return left > 0 ? left : 0;
}

/* One that is not written has been passed on. */
static void take_out(struct sio__outbox *box, struct place *at)
{
    bool first = same(at, &box->ack);

    close_record(box, look(box, at));
    step(box, at);
    if (first)
        box->ack = box->write = *at;
    else
        box->holes++;
}

void sio__outbox_each_shard(const struct sio__outbox *box, sio__outbox_visit *visit, void *arg)
{
    struct place at = box->ack;
    const struct record *record;

    settle(box, &at);
    for (; (record = look(box, &at)) != NULL; step(box, &at)) {
        bool is_shard;
        sio_str channel =
            sio__outbox_channel_of(at.block->data + at.offset, record->is_count, &is_shard);

        if (is_shard && record->state == PENDING && !record->is_count)
            visit(arg, channel);
    }
}

static bool append(struct sio__outbox *to, const char *command, const struct record *record)
{
    struct block *block = sio__outbox_block(to, record->len);

    if (block == NULL)
        return false;
    memcpy(block->data + block->used, command, record->len);
    sio__outbox_note(to, block, record);
    return true;
}

bool sio__outbox_pass(struct sio__outbox *box, sio__outbox_route *to, void *arg, uint64_t *sent)
{
    uint64_t again = box->again; /* of what is at `at` and behind it */
    struct place at;
    struct record *record;
    bool ok = true;

    *sent = 0;
    sio__outbox_take(box); /* also what was added since */
    at = box->ack;
    while (ok && (record = look(box, &at)) != NULL) {
        const char *command = at.block->data + at.offset;
        bool is_pending = record->state == PENDING, is_shard, was_sent = is_pending && again > 0;
        sio_str channel = sio__outbox_channel_of(command, record->is_count, &is_shard);
        bool may_pass = is_pending && is_shard && !record->is_count; /* counts ask one node */
        struct sio__outbox *other = may_pass ? to(arg, channel) : NULL;

        if (other == NULL) {
            step(box, &at);
        } else if (append(other, command, record)) {
            take_out(box, &at);
            *sent += was_sent;
            box->again -= was_sent;
        } else {
            ok = false;
        }
        again -= was_sent;
    }
    sio__outbox_take(box);
    return ok;
}

void sio__outbox_fail(struct sio__outbox *box, sio__outbox_end_cb *end, void *arg)
{
    struct place at;

    settle(box, &box->ack);
    at = box->ack;
    while (look(box, &at) != NULL)
        end_unwritten(box, &at, end, arg);
}
