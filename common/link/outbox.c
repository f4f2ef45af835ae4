/* SPDX-License-Identifier: MIT */
/* A FIFO of blocks. In each, encoded commands grow from the front and their records
 * from the back, so that handing over is noting how far the last block is filled, and
 * writing is one iovec a block, however small the commands are.
 *
 * The consumer keeps two places: `ack`, the first record not answered, and `write`, the
 * first byte not written. After a disconnection `write` goes back to `ack`. A record
 * that ended out of turn stays as a hole, which writing and answers skip. */
#include "link/outbox_blocks.h"

#include <stdlib.h>
#include <string.h>

struct sio__outbox *sio__outbox_new(struct sio__outbox_room *room)
{
    struct sio__outbox *box = calloc(1, sizeof *box);

    if (box != NULL)
        box->room = room;
    return box;
}

static void free_chain(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;

        free(block);
        block = next;
    }
}

void sio__outbox_free(struct sio__outbox *box)
{
    if (box == NULL)
        return;
    free_chain(box->first);
    free_chain(box->spare);
    free(box);
}

/* -- the producer -- */

static struct block *new_block(struct sio__outbox *box, size_t room)
{
    struct block *block = box->spare;
    size_t size = BLOCK_BYTES;

    if (room <= BLOCK_BYTES && block != NULL) {
        box->spare = block->next;
    } else {
        if (room > BLOCK_BYTES) /* one command alone; records need its alignment */
            size = (room + _Alignof(struct record) - 1) & ~(_Alignof(struct record) - 1);
        block = malloc(sizeof *block + size);
        if (block == NULL)
            return NULL;
        block->size = (uint32_t)size;
    }
    block->next = NULL;
    block->used = 0;
    block->count = 0;
    return block;
}

static size_t digits(size_t number)
{
    size_t n = 1;

    while (number > 9) {
        number /= 10;
        n++;
    }
    return n;
}

/* What a command begins with; its arguments follow. */
static const sio_str publish_heads[] = {[SIO__PUBLISH] = SIO_STR_INIT("*3\r\n$7\r\nPUBLISH\r\n"),
                                        [SIO__SPUBLISH] = SIO_STR_INIT("*3\r\n$8\r\nSPUBLISH\r\n")};
static const sio_str count_heads[] = {
    [SIO__COUNT_SUBSCRIBERS] = SIO_STR_INIT("*3\r\n$6\r\nPUBSUB\r\n$6\r\nNUMSUB\r\n"),
    [SIO__COUNT_SHARD_SUBSCRIBERS] = SIO_STR_INIT("*3\r\n$6\r\nPUBSUB\r\n$11\r\nSHARDNUMSUB\r\n"),
    [SIO__COUNT_CHANNELS] = SIO_STR_INIT("*3\r\n$6\r\nPUBSUB\r\n$8\r\nCHANNELS\r\n")};

static size_t bulk_size(sio_str text)
{
    return sizeof "$\r\n\r\n" - 1 + digits(text.len) + text.len;
}

size_t sio__publish_size(enum sio__publish_kind kind, sio_str channel, sio_str payload)
{
    return publish_heads[kind].len + bulk_size(channel) + bulk_size(payload);
}

static char *put_bulk(char *at, sio_str text)
{
    size_t len = text.len, n = digits(len);

    *at++ = '$';
    for (char *digit = at + n; digit > at; len /= 10)
        *--digit = (char)('0' + len % 10);
    at += n;
    *at++ = '\r';
    *at++ = '\n';
    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    at += text.len;
    *at++ = '\r';
    *at++ = '\n';
    return at;
}

bool sio__outbox_fits(const struct sio__outbox_room *room, size_t bytes)
{
    return bytes <= room->bounds.bytes - room->bytes && room->publishes < room->bounds.publishes;
}

struct block *sio__outbox_block(struct sio__outbox *box, size_t len)
{
    struct block *block = box->tail;

    if (block != NULL &&
        block->size - block->used >= len + (block->count + 1) * sizeof(struct record))
        return block;
    block = new_block(box, len + sizeof(struct record));
    if (block == NULL)
        return NULL;
    if (box->tail != NULL)
        box->tail->next = block;
    else
        box->first = block;
    box->tail = block;
    return block;
}

/* Room for a command of so many bytes; NULL: see *status. */
static struct block *block_for(struct sio__outbox *box, size_t len, sio_status *status)
{
    *status = SIO_ETOOBIG;
    if (len >= MAX_COMMAND || len > box->room->bounds.bytes)
        return NULL;
    *status = SIO_EFULL;
    if (!sio__outbox_fits(box->room, len))
        return NULL;
    *status = SIO_ENOMEM;
    return sio__outbox_block(box, len);
}

void sio__outbox_note(struct sio__outbox *box, struct block *block, const struct record *record)
{
    *record_at(block, block->count) = *record;
    block->used += record->len;
    block->count++;
    box->staged += record->len;
    box->room->bytes += record->len;
    box->room->publishes++;
}

static void note(struct sio__outbox *box, struct block *block, size_t len, bool is_count,
                 const struct sio__completion *completion, uint32_t now_ms)
{
    struct record record = {.completion = *completion,
                            .added_ms = now_ms,
                            .len = (uint32_t)len & (MAX_COMMAND - 1),
                            .is_count = is_count,
                            .state = PENDING};

    sio__outbox_note(box, block, &record);
}

/* Commands are written by hand, because redisFormatCommandArgv() allocates each, of which
 * this would then be a copy. */
sio_status sio__outbox_add(struct sio__outbox *box, enum sio__publish_kind kind, sio_str channel,
                           sio_str payload, const struct sio__completion *completion,
                           uint32_t now_ms)
{
    sio_str head = publish_heads[kind];
    sio_status status;

    if (channel.len > MAX_COMMAND || payload.len > MAX_COMMAND)
        return SIO_ETOOBIG;
    size_t len = sio__publish_size(kind, channel, payload);
    struct block *block = block_for(box, len, &status);
    if (block == NULL)
        return status;
    char *at = block->data + block->used;
    memcpy(at, head.ptr, head.len);
    put_bulk(put_bulk(at + head.len, channel), payload);
    note(box, block, len, false, completion, now_ms);
    return SIO_OK;
}

sio_status sio__outbox_add_count(struct sio__outbox *box, enum sio__count_kind kind, sio_str name,
                                 const struct sio__completion *completion, uint32_t now_ms)
{
    sio_str head = count_heads[kind];
    sio_status status;

    if (name.len > MAX_COMMAND)
        return SIO_ETOOBIG;
    size_t len = head.len + bulk_size(name);
    struct block *block = block_for(box, len, &status);
    if (block == NULL)
        return status;
    memcpy(block->data + block->used, head.ptr, head.len);
    put_bulk(block->data + block->used + head.len, name);
    note(box, block, len, true, completion, now_ms);
    return SIO_OK;
}

size_t sio__outbox_staged(const struct sio__outbox *box)
{
    return box->staged;
}

/* -- handing over -- */

static void recycle(struct sio__outbox *box, struct block *block)
{
    if (block->size != BLOCK_BYTES) {
        free(block);
        return;
    }
    block->next = box->spare;
    box->spare = block;
}

static void see(struct sio__outbox *box)
{
    box->seen = box->tail;
    box->seen_used = box->tail != NULL ? box->tail->used : 0;
    box->seen_count = box->tail != NULL ? box->tail->count : 0;
}

/* All is answered: begin the last block again rather than touching new memory. */
static void reuse_tail(struct sio__outbox *box)
{
    struct block *tail = box->tail;

    if (tail->size != BLOCK_BYTES) {
        box->first = box->tail = NULL;
        free(tail);
    } else {
        tail->used = tail->count = 0;
    }
    box->ack = box->write = (struct place){.block = box->tail};
}

void sio__outbox_take(struct sio__outbox *box)
{
    struct block *limit;

    see(box);
    if (box->ack.block == NULL)
        box->ack = box->write = (struct place){.block = box->first};
    settle(box, &box->ack);
    settle(box, &box->write);
    limit = box->kept.block != NULL ? box->kept.block : box->ack.block;
    while (box->first != limit) {
        struct block *next = box->first->next;

        recycle(box, box->first);
        box->first = next;
    }
    if (box->tail != NULL && box->kept.block == NULL && same(&box->ack, &box->write) &&
        look(box, &box->ack) == NULL)
        reuse_tail(box);
    see(box);
    box->room->bytes -= box->ended_bytes;
    box->room->publishes -= box->ended_publishes;
    box->ended_bytes = 0;
    box->ended_publishes = 0;
    box->staged = 0;
}

void sio__outbox_trim(struct sio__outbox *box)
{
    free_chain(box->spare);
    box->spare = NULL;
    if (box->tail == NULL || box->first != box->tail || box->tail->count > 0)
        return;
    free(box->tail);
    box->first = box->tail = box->seen = NULL;
    box->ack = box->write = (struct place){.block = NULL};
}

/* -- answers -- */

bool sio__outbox_unanswered(const struct sio__outbox *box)
{
    struct place ack = box->ack, write = box->write;

    settle(box, &ack);
    settle(box, &write);
    while (!same(&ack, &write) && look(box, &ack)->state == ENDED)
        step(box, &ack);
    return !same(&ack, &write);
}

/* The command that the next answer is for; NULL: it is for none. */
static const char *answered(struct sio__outbox *box)
{
    pass_holes(box);
    if (same(&box->ack, &box->write))
        return NULL;
    return box->ack.block->data + box->ack.offset;
}

static bool begins(const char *command, sio_str head)
{
    return memcmp(command, head.ptr, head.len) == 0;
}

/* The first head that fits: no other one begins so. */
static sio_str head_of(const char *command, const sio_str *heads, unsigned count)
{
    for (unsigned i = 0; i < count - 1; i++) {
        if (begins(command, heads[i]))
            return heads[i];
    }
    return heads[count - 1];
}

sio_str sio__outbox_channel_of(const char *command, bool is_count, bool *is_shard)
{
    sio_str head = is_count ? head_of(command, count_heads, 3) : head_of(command, publish_heads, 2);
    char *end;
    size_t len = strtoul(command + head.len + 1 /* behind the '$' */, &end, 10);

    *is_shard = head.ptr == publish_heads[SIO__SPUBLISH].ptr ||
                head.ptr == count_heads[SIO__COUNT_SHARD_SUBSCRIBERS].ptr;
    return sio_str_of(end + 2, len);
}

sio_str sio__outbox_answered_channel(struct sio__outbox *box, bool *is_shard)
{
    const char *command = answered(box);

    *is_shard = false;
    if (command == NULL)
        return (sio_str){NULL, 0};
    return sio__outbox_channel_of(command, look(box, &box->ack)->is_count, is_shard);
}

enum sio__answered sio__outbox_answered(struct sio__outbox *box)
{
    const char *command = answered(box);

    if (command == NULL)
        return SIO__ANSWERED_NONE;
    if (!look(box, &box->ack)->is_count)
        return SIO__ANSWERED_PUBLISH;
    return begins(command, count_heads[SIO__COUNT_CHANNELS]) ? SIO__ANSWERED_NAMES
                                                             : SIO__ANSWERED_NUMBER;
}

uint64_t sio__outbox_bytes_written(const struct sio__outbox *box)
{
    return box->bytes_written;
}

uint64_t sio__outbox_bytes_answered(const struct sio__outbox *box)
{
    return box->bytes_answered;
}

enum sio__answer sio__outbox_answer(struct sio__outbox *box, bool keep,
                                    struct sio__completion *completion)
{
    struct record *record;
    bool late, early;

    pass_holes(box);
    if (same(&box->ack, &box->write))
        return SIO__ANSWER_STRAY;
    record = look(box, &box->ack);
    *completion = record->completion;
    box->bytes_answered += record->len;
    late = record->state == OWED;
    early = box->ack.block == box->write.block && box->ack.offset + record->len > box->write.offset;
    if (keep && !late && !early) {
        if (box->kept.block == NULL)
            box->kept = box->ack;
    } else {
        close_record(box, record);
    }
    step(box, &box->ack);
    if (early)
        box->write = box->ack;
    if (late)
        return early ? SIO__ANSWER_STRAY : SIO__ANSWER_LATE;
    return early ? SIO__ANSWER_EARLY : SIO__ANSWER_TAKEN;
}

bool sio__outbox_empty(const struct sio__outbox *box)
{
    return box->kept.block == NULL && look(box, &box->ack) == NULL;
}

/* -- writing -- */

size_t sio__outbox_cut(const struct sio__outbox *box)
{
    struct place at = find_write(box);

    if (same(&at, &box->write))
        return 0;
    return at.offset + look(box, &at)->len - box->write.offset;
}

/* With holes about: one run of records between two of them. */
static int gather_run(struct sio__outbox *box, struct iovec *iov, size_t limit)
{
    struct place at = find_write(box);
    struct record *record = look(box, &at);
    struct block *block;
    uint32_t end;

    while (record != NULL && record->state == ENDED) {
        step(box, &at);
        box->write = at;
        record = look(box, &at);
    }
    if (record == NULL)
        return 0;
    block = at.block;
    end = at.offset;
    while (record != NULL && at.block == block && record->state != ENDED) {
        end = at.offset + record->len;
        step(box, &at);
        record = look(box, &at);
    }
    iov->iov_base = block->data + box->write.offset;
    iov->iov_len = end - box->write.offset;
    if (iov->iov_len > limit)
        iov->iov_len = limit;
    return 1;
}

int sio__outbox_gather(struct sio__outbox *box, struct iovec *iov, int max, size_t limit)
{
    struct block *block;
    uint32_t offset;
    int n = 0;

    settle(box, &box->write);
    if (box->holes > 0)
        return gather_run(box, iov, limit);
    block = box->write.block;
    offset = box->write.offset;
    while (block != NULL && n < max && limit > 0) {
        size_t len = used(box, block) - offset;

        if (len > limit)
            len = limit;
        if (len > 0) {
            iov[n].iov_base = block->data + offset;
            iov[n++].iov_len = len;
            limit -= len;
        }
        block = block != box->seen ? block->next : NULL;
        offset = 0;
    }
    return n;
}

void sio__outbox_wrote(struct sio__outbox *box, size_t bytes)
{
    box->bytes_written += bytes;
    while (bytes > 0) {
        size_t left;

        settle(box, &box->write);
        left = used(box, box->write.block) - box->write.offset;
        if (left > bytes)
            left = bytes;
        box->write.offset += (uint32_t)left;
        bytes -= left;
    }
    settle(box, &box->write);
}
