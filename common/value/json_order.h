/* SPDX-License-Identifier: MIT */
/* The order of JSON objects, and the headers of containers. A container's count is
 * known only when it closes, and JSON.parse moves members: array indices come first,
 * ascending, and a repeated key keeps its first place and its last value. The reader
 * writes what it reads in one go, with one byte for each container's header; here is
 * noted what has to be mended, and sio__json_order_finish() mends it, all in one pass. */
#ifndef SIO_COMMON_VALUE_JSON_ORDER_H
#define SIO_COMMON_VALUE_JSON_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/buf.h>
#include <sio/status.h>

#include "value/extents.h"
#include "value/json_scan.h"

enum {
    SIO__JSON_FIXED_MAX = 15, /* elements that a one-byte header can count */
    /* Keys compared one by one as they come; beyond that an object is sorted as it closes. */
    SIO__JSON_SCAN_MAX = 32,
    SIO__JSON_KEY_ROOM = 8 /* readable bytes there must be from the start of a key's text */
};

/* A key as it is packed. Offsets count from the start of the document. */
struct sio__json_key {
    uint32_t at;
    uint32_t size; /* header included */
    uint32_t tag;  /* differs for most keys that differ */
};

/* What is known of an open object's keys. Zeroed, but for `first`, when it opens. */
struct sio__json_object {
    uint64_t seen;       /* a bit for each tag that has come */
    uint32_t first;      /* its first key among all that are open */
    uint32_t next_index; /* above all array indices that have come */
    bool named;          /* a key that is no array index has come */
    bool mended;         /* its members cannot stay as they come */
};

/* The container with its header at `at`. */
struct sio__json_fix {
    uint32_t at;
    uint32_t end;
    uint32_t count;
    uint32_t members; /* where its members' order begins, or SIO__JSON_IN_PLACE */
};
#define SIO__JSON_IN_PLACE UINT32_MAX

struct sio__json_order {
    sio_buf *out;
    size_t base;     /* where the document starts in out */
    sio_buf keys;    /* struct sio__json_key, of all open objects, the innermost last */
    sio_buf fixes;   /* struct sio__json_fix, in the order of their ends */
    sio_buf members; /* pairs of offsets: members of mended objects, in their final order */
    sio_buf extents; /* struct sio__extent, see sio__json_read_noting() */
    struct sio__json_key key_memory[64];
    struct sio__json_fix fix_memory[8];
};

/* Lives where it is initialised; borrows out, where the document will begin at its end. */
void sio__json_order_init(struct sio__json_order *order, sio_buf *out);
void sio__json_order_fini(struct sio__json_order *order);

/* Is there such a key in the object already? */
bool sio__json_order_repeats(const struct sio__json_order *order,
                             const struct sio__json_object *object,
                             const struct sio__json_key *key);

/* The number that an array index stands for ("0" to "4294967294", no leading zero; V8
 * keeps all other keys, larger integers too, in the order they came), or -1. */
int64_t sio__json_array_index(const char *token, size_t size);

/* Close a container that a one-byte header cannot count, or whose members have to be
 * mended. SIO_OK or SIO_ENOMEM. */
sio_status sio__json_close_array(struct sio__json_order *order, uint32_t at, uint32_t count);
sio_status sio__json_close_object(struct sio__json_order *order, struct sio__json_object *object,
                                  uint32_t at, uint32_t count);

/* Bring the document into its final form, and the extents with it. SIO_OK or SIO_ENOMEM. */
sio_status sio__json_order_finish(struct sio__json_order *order);

static inline size_t sio__json_key_count(const struct sio__json_order *order)
{
    return order->keys.len / sizeof(struct sio__json_key);
}

/* Of a key's text, of which SIO__JSON_KEY_ROOM bytes can be read, however short it is. */
static inline uint32_t sio__json_tag(const char *text, size_t len)
{
    uint64_t mask = len < 8 ? (UINT64_C(1) << (8 * len)) - 1 : UINT64_MAX;
    uint64_t head = sio__load8(text) & mask;
    uint64_t tail = sio__load8(text + (len > 8 ? len - 8 : 0)) & mask;
    uint64_t mixed =
        (head + len) * UINT64_C(0x9e3779b97f4a7c15) + tail * UINT64_C(0xc2b2ae3d27d4eb4f);
    return (uint32_t)(mixed >> 32);
}

/* Note the key just packed, with its tag. SIO_OK or SIO_ENOMEM. */
static inline sio_status sio__json_note_key(struct sio__json_order *order,
                                            struct sio__json_object *object, uint32_t at,
                                            uint32_t size, uint32_t tag)
{
    const char *token = order->out->ptr + order->base + at;
    uint64_t bit = UINT64_C(1) << (tag >> 26);
    int64_t index;

    if (!sio__json_room(&order->keys, sizeof(struct sio__json_key)))
        return SIO_ENOMEM;
    struct sio__json_key *key = (void *)(order->keys.ptr + order->keys.len);
    key->at = at;
    key->size = size;
    key->tag = tag;
    if ((object->seen & bit) != 0 && sio__json_order_repeats(order, object, key))
        object->mended = true;
    object->seen |= bit;
    if (size > 1 && token[1] <= '9' && (index = sio__json_array_index(token, size)) >= 0) {
        if (object->named || index < object->next_index)
            object->mended = true;
        else
            object->next_index = (uint32_t)index + 1;
    } else {
        object->named = true;
    }
    order->keys.len += sizeof *key;
    return SIO_OK;
}

#endif
