/* SPDX-License-Identifier: MIT */
/* Puts containers and object members in their final form. The work is linear in the
 * document but for sorting: keys of objects with many, members of mended objects, and
 * containers to mend; each member is moved once, however deep it is nested. */
#include "value/json_order.h"

#include <stdlib.h>

#include "value/pack.h"

enum { ARRAY_INDEX_DIGITS = 10, HEADER_GROWTH = 4 };

#define ARRAY_INDEX_MAX INT64_C(4294967294) /* ECMA-262: below 2^32 - 1 */
#define DROPPED         UINT32_MAX

/* A member's bytes, or any others, in the document as it was read. */
struct span {
    uint32_t at;
    uint32_t end;
};

/* One level of writing the document anew: a span, then the members that follow. */
struct level {
    struct span span;
    uint32_t next;
    uint32_t stop;
};

void sio__json_order_init(struct sio__json_order *order, sio_buf *out)
{
    order->out = out;
    order->base = out->len;
    sio_buf_init_on(&order->keys, order->key_memory, sizeof order->key_memory);
    sio_buf_init_on(&order->fixes, order->fix_memory, sizeof order->fix_memory);
    sio_buf_init(&order->members);
    sio_buf_init(&order->extents);
}

void sio__json_order_fini(struct sio__json_order *order)
{
    sio_buf_fini(&order->keys);
    sio_buf_fini(&order->fixes);
    sio_buf_fini(&order->members);
    sio_buf_fini(&order->extents);
}

static const struct sio__json_key *keys_of(const struct sio__json_order *order,
                                           const struct sio__json_object *object)
{
    return (const struct sio__json_key *)(const void *)order->keys.ptr + object->first;
}

static const char *document(const struct sio__json_order *order)
{
    return order->out->ptr + order->base;
}

bool sio__json_order_repeats(const struct sio__json_order *order,
                             const struct sio__json_object *object, const struct sio__json_key *key)
{
    const struct sio__json_key *keys = keys_of(order, object);
    size_t count = sio__json_key_count(order) - object->first;

    if (count > SIO__JSON_SCAN_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (keys[i].tag == key->tag && keys[i].size == key->size &&
            memcmp(document(order) + keys[i].at, document(order) + key->at, key->size) == 0)
            return true;
    }
    return false;
}

int64_t sio__json_array_index(const char *token, size_t size)
{
    int64_t index = 0;

    if (size < 2 || size > 1 + ARRAY_INDEX_DIGITS || (token[1] == '0' && size > 2))
        return -1;
    for (size_t i = 1; i < size; i++) {
        if (token[i] < '0' || token[i] > '9')
            return -1;
        index = index * 10 + (token[i] - '0');
    }
    return index <= ARRAY_INDEX_MAX ? index : -1;
}

static sio_status add_fix(struct sio__json_order *order, uint32_t at, uint32_t count,
                          uint32_t members)
{
    struct sio__json_fix fix = {.at = at, .count = count, .members = members};
    fix.end = (uint32_t)(order->out->len - order->base);
    return sio_buf_append(&order->fixes, &fix, sizeof fix);
}

sio_status sio__json_close_array(struct sio__json_order *order, uint32_t at, uint32_t count)
{
    return add_fix(order, at, count, SIO__JSON_IN_PLACE);
}

/* Keys to sort are numbers: the tag above the key's place in its object. */
struct key_order {
    const struct sio__json_key *keys;
    const char *document;
};

static int compare_numbers(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int compare_text(const struct key_order *by, uint64_t a, uint64_t b)
{
    const struct sio__json_key *x = &by->keys[(uint32_t)a];
    const struct sio__json_key *y = &by->keys[(uint32_t)b];
    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return memcmp(by->document + x->at, by->document + y->at, x->size);
}

static int compare_keys(const void *a, const void *b, void *by)
{
    int order = compare_text(by, *(const uint64_t *)a, *(const uint64_t *)b);
    return order != 0 ? order : compare_numbers(a, b);
}

/* Equal keys become neighbours, in the order they came. */
static bool sort_keys(struct key_order *by, uint64_t *sorted, uint32_t count)
{
    bool repeats = false;

    for (uint32_t i = 0; i < count; i++)
        sorted[i] = (uint64_t)by->keys[i].tag << 32 | i;
    qsort_r(sorted, count, sizeof *sorted, compare_keys, by);
    for (uint32_t i = 1; i < count && !repeats; i++)
        repeats = compare_text(by, sorted[i - 1], sorted[i]) == 0;
    return repeats;
}

/* For each key: the place of the last one equal to it, or DROPPED if it is not the first. */
static void find_values(const struct key_order *by, const uint64_t *sorted, uint32_t count,
                        uint32_t *values)
{
    uint32_t first = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = (uint32_t)sorted[i];
        if (i > 0 && compare_text(by, sorted[i - 1], sorted[i]) == 0) {
            values[place] = DROPPED;
            values[first] = place;
        } else {
            values[place] = place;
            first = place;
        }
    }
}

static sio_status add_member(struct sio__json_order *order, const struct key_order *by,
                             uint32_t count, uint32_t place)
{
    struct span member = {.at = by->keys[place].at};
    member.end =
        place + 1 < count ? by->keys[place + 1].at : (uint32_t)(order->out->len - order->base);
    return sio_buf_append(&order->members, &member, sizeof member);
}

/* Note the members' final order. `indices` has room for a number for each key. */
static sio_status order_members(struct sio__json_order *order, const struct key_order *by,
                                uint32_t count, uint32_t *values, uint64_t *indices)
{
    sio_status status = SIO_OK;
    size_t found = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (values[i] == DROPPED)
            continue;
        const struct sio__json_key *key = &by->keys[i];
        int64_t index = sio__json_array_index(by->document + key->at, key->size);
        if (index >= 0)
            indices[found++] = (uint64_t)index << 32 | i;
    }
    qsort(indices, found, sizeof *indices, compare_numbers);
    for (size_t i = 0; i < found && status == SIO_OK; i++) {
        uint32_t *value = &values[(uint32_t)indices[i]];
        status = add_member(order, by, count, *value);
        *value = DROPPED;
    }
    for (uint32_t i = 0; i < count && status == SIO_OK; i++) {
        if (values[i] != DROPPED)
            status = add_member(order, by, count, values[i]);
    }
    return status;
}

sio_status sio__json_close_object(struct sio__json_order *order, struct sio__json_object *object,
                                  uint32_t at, uint32_t count)
{
    if (!object->mended && count <= SIO__JSON_SCAN_MAX)
        return add_fix(order, at, count, SIO__JSON_IN_PLACE);

    struct key_order by = {.keys = keys_of(order, object), .document = document(order)};
    uint64_t *sorted = malloc(count * (sizeof(uint64_t) + sizeof(uint32_t)));
    if (sorted == NULL)
        return SIO_ENOMEM;
    uint32_t *values = (uint32_t *)(void *)(sorted + count);
    sio_status status;
    if (sort_keys(&by, sorted, count) || object->mended) {
        size_t members = order->members.len / sizeof(struct span);
        find_values(&by, sorted, count, values);
        status = order_members(order, &by, count, values, sorted);
        size_t kept = order->members.len / sizeof(struct span) - members;
        if (status == SIO_OK)
            status = add_fix(order, at, (uint32_t)kept, (uint32_t)members);
    } else {
        status = add_fix(order, at, count, SIO__JSON_IN_PLACE);
    }
    free(sorted);
    return status;
}

static int compare_fixes(const void *a, const void *b)
{
    const struct sio__json_fix *x = a;
    const struct sio__json_fix *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* `lead` is the byte that stands for the header: 80 for a map, 90 for an array. */
static sio_status pack_header(sio_buf *out, char lead, uint32_t count)
{
    return lead == (char)0x80 ? sio__pack_map(out, count) : sio__pack_array(out, count);
}

/* Nothing was mended, so every fix is of a container that a one-byte header cannot count. */
static size_t header_growth(const struct sio__json_fix *fix)
{
    return fix->count <= UINT16_MAX ? 2 : 4;
}

/* What grows before an extent moves it, what grows in it makes it longer. */
static void move_extents(struct sio__json_order *order)
{
    const struct sio__json_fix *fix = (const struct sio__json_fix *)(void *)order->fixes.ptr;
    const struct sio__json_fix *end = fix + order->fixes.len / sizeof *fix;
    struct sio__extent *extents = (struct sio__extent *)(void *)order->extents.ptr;
    uint32_t growth = 0;

    for (size_t i = 0; i < order->extents.len / sizeof *extents; i++) {
        for (; fix < end && fix->at < extents[i].at; fix++)
            growth += (uint32_t)header_growth(fix);
        extents[i].at += growth;
        for (; fix < end && fix->at < extents[i].end; fix++)
            growth += (uint32_t)header_growth(fix);
        extents[i].end += growth;
    }
}

/* Only headers grow: from the last one on, move what is behind each to its final place. */
static sio_status widen_headers(struct sio__json_order *order)
{
    const struct sio__json_fix *fixes = (const struct sio__json_fix *)(void *)order->fixes.ptr;
    size_t count = order->fixes.len / sizeof *fixes;
    char memory[HEADER_GROWTH + 1];
    sio_buf header;
    size_t growth = 0;

    for (size_t i = 0; i < count; i++)
        growth += header_growth(&fixes[i]);
    if (!sio__json_room(order->out, growth))
        return SIO_ENOMEM;
    char *bytes = order->out->ptr + order->base;
    size_t end = order->out->len - order->base;
    order->out->len += growth;
    sio_buf_init_on(&header, memory, sizeof memory);
    for (size_t i = count; i-- > 0;) {
        size_t body = (size_t)fixes[i].at + 1;
        memmove(bytes + body + growth, bytes + body, end - body);
        sio_buf_clear(&header);
        (void)pack_header(&header, bytes[fixes[i].at], fixes[i].count); /* fits its memory */
        growth -= header.len - 1;
        memcpy(bytes + fixes[i].at + growth, header.ptr, header.len);
        end = fixes[i].at;
    }
    return SIO_OK;
}

/* The first container to mend at `at` or behind it, or NULL. */
static const struct sio__json_fix *fix_from(const struct sio__json_order *order, uint32_t at)
{
    const struct sio__json_fix *fixes = (const struct sio__json_fix *)(void *)order->fixes.ptr;
    size_t low = 0;
    size_t count = order->fixes.len / sizeof *fixes;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fixes[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count ? &fixes[low] : NULL;
}

/* Write the level's span up to and with the next header to mend in it, and step behind
 * it; *inner: the members that come next, if that is a mended object. */
static sio_status write_span(struct sio__json_order *order, const char *bytes, struct level *level,
                             struct level *inner)
{
    struct span *span = &level->span;
    const struct sio__json_fix *fix = fix_from(order, span->at);
    uint32_t stop = fix != NULL && fix->at < span->end ? fix->at : span->end;
    sio_status status = sio_buf_append(order->out, bytes + span->at, stop - span->at);

    span->at = stop;
    if (status != SIO_OK || stop == span->end)
        return status;
    span->at = stop + 1;
    if (fix->members != SIO__JSON_IN_PLACE) {
        inner->next = fix->members;
        inner->stop = fix->members + fix->count;
        span->at = fix->end;
    }
    return pack_header(order->out, bytes[stop], fix->count);
}

/* Write the document anew, members in their order. */
static sio_status write_levels(struct sio__json_order *order, sio_str old, sio_buf *levels)
{
    const struct span *members = (const struct span *)(void *)order->members.ptr;
    struct level first = {.span = {0, (uint32_t)old.len}};
    sio_status status = sio_buf_append(levels, &first, sizeof first);

    while (status == SIO_OK && levels->len > 0) {
        struct level *level = (struct level *)(void *)(levels->ptr + levels->len) - 1;
        struct level inner = {.next = 0};
        if (level->span.at < level->span.end) {
            status = write_span(order, old.ptr, level, &inner);
            if (status == SIO_OK && inner.stop > inner.next)
                status = sio_buf_append(levels, &inner, sizeof inner);
        } else if (level->next < level->stop) {
            level->span = members[level->next++];
        } else {
            levels->len -= sizeof *level;
        }
    }
    return status;
}

static sio_status move_members(struct sio__json_order *order)
{
    sio_buf old;
    sio_buf levels;
    size_t len = order->out->len - order->base;

    sio_buf_init(&old);
    sio_buf_init(&levels);
    sio_status status = sio_buf_append(&old, document(order), len);
    if (status == SIO_OK) {
        order->out->len = order->base;
        status = write_levels(order, sio_buf_str(&old), &levels);
    }
    sio_buf_fini(&levels);
    sio_buf_fini(&old);
    return status;
}

sio_status sio__json_order_finish(struct sio__json_order *order)
{
    size_t count = order->fixes.len / sizeof(struct sio__json_fix);

    if (count == 0)
        return SIO_OK;
    qsort(order->fixes.ptr, count, sizeof(struct sio__json_fix), compare_fixes);
    if (order->members.len > 0) {
        sio_buf_clear(&order->extents);
        return move_members(order);
    }
    move_extents(order);
    return widen_headers(order);
}
