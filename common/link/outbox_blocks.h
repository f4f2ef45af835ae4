/* SPDX-License-Identifier: MIT */
/* How an outbox is laid out, for outbox.c (the usual path) and outbox_end.c (ends
 * without an answer, new connections). */
#ifndef SIO_COMMON_LINK_OUTBOX_BLOCKS_H
#define SIO_COMMON_LINK_OUTBOX_BLOCKS_H

#include "link/outbox.h"

enum { BLOCK_BYTES = 64 * 1024 - 64, MAX_COMMAND = 1 << 29 };

enum state {
    PENDING,
    OWED, /* ended, but Redis still owes the answer: the next one is not for others */
    ENDED
};

struct record {
    struct sio__completion completion;
    uint32_t added_ms;
    uint32_t len : 29;     /* bytes of its command */
    uint32_t is_count : 1; /* of subscribers; else a publish */
    uint32_t state : 2;
};

struct block {
    struct block *next;
    uint32_t size;  /* of data */
    uint32_t used;  /* bytes of commands, from data[0] */
    uint32_t count; /* records, from the end of data down */
    _Alignas(struct record) char data[];
};

struct place {
    struct block *block;
    uint32_t offset; /* into its commands */
    uint32_t index;  /* of its records; meaningless in `write` */
};

struct sio__outbox {
    struct sio__outbox_room *room;
    /* shared */
    size_t staged;
    struct block *first, *tail, *spare;
    /* the consumer's */
    struct block *seen; /* the last block at the last take(), filled up to: */
    uint32_t seen_used, seen_count;
    struct place ack, write, kept; /* kept.block: NULL unless a kept record is before ack */
    uint32_t holes;                /* ENDED records at or behind ack */
    size_t ended_bytes;            /* room to be released */
    uint32_t ended_publishes;
    uint64_t again; /* PENDING records at ack that were written on an earlier connection */
    uint64_t bytes_written, bytes_answered; /* on this connection */
};

/* Room for a command of so many bytes and its record, bounds aside; NULL: out of memory. */
struct block *sio__outbox_block(struct sio__outbox *box, size_t len);
/* What a command is about. */
sio_str sio__outbox_channel_of(const char *command, bool is_count, bool *is_shard);
/* It has been put behind the block's commands: it is in the outbox. */
void sio__outbox_note(struct sio__outbox *box, struct block *block, const struct record *record);

static inline struct record *record_at(const struct block *block, uint32_t index)
{
    return (struct record *)(uintptr_t)(block->data + block->size) - 1 - index;
}

static inline uint32_t used(const struct sio__outbox *box, const struct block *block)
{
    return block == box->seen ? box->seen_used : block->used;
}

static inline uint32_t count(const struct sio__outbox *box, const struct block *block)
{
    return block == box->seen ? box->seen_count : block->count;
}

/* The end of a block and the beginning of the next are the same place: use the latter. */
static inline void settle(const struct sio__outbox *box, struct place *at)
{
    while (at->block != NULL && at->block != box->seen && at->offset == at->block->used) {
        at->block = at->block->next;
        at->offset = 0;
        at->index = 0;
    }
}

static inline bool same(const struct place *a, const struct place *b)
{
    return a->block == b->block && a->offset == b->offset;
}

/* The record at a settled place; NULL at the end of what was seen. */
static inline struct record *look(const struct sio__outbox *box, const struct place *at)
{
    if (at->block == NULL || at->index == count(box, at->block))
        return NULL;
    return record_at(at->block, at->index);
}

static inline void step(const struct sio__outbox *box, struct place *at)
{
    at->offset += record_at(at->block, at->index)->len;
    at->index++;
    settle(box, at);
}

/* The record's room may be released. */
static inline void close_record(struct sio__outbox *box, struct record *record)
{
    record->state = ENDED;
    box->ended_bytes += record->len;
    box->ended_publishes++;
}

/* Pass holes, but not beyond what was written. */
static inline void pass_holes(struct sio__outbox *box)
{
    settle(box, &box->ack);
    settle(box, &box->write);
    while (box->holes > 0 && !same(&box->ack, &box->write) &&
           look(box, &box->ack)->state == ENDED) {
        box->holes--;
        step(box, &box->ack);
    }
}

/* The place of the record that `write` is in or before. */
static inline struct place find_write(const struct sio__outbox *box)
{
    struct place at = box->ack;

    settle(box, &at);
    while (!same(&at, &box->write)) {
        uint32_t len = record_at(at.block, at.index)->len;

        if (at.block == box->write.block && at.offset + len > box->write.offset)
            break;
        step(box, &at);
    }
    return at;
}

#endif
