/* SPDX-License-Identifier: MIT */
/* Targets: rooms, exceptions and flags, kept as the wires want them, packed. */
#include "wire/target.h"

#include <stdlib.h>

#include <sio/value.h>

#include "value/pack.h"
#include "wire/names.h"

/* Flags in the order they were first set, as JavaScript objects keep their keys; the
 * npm emitter merges each new flag into a copy of the object before. */
enum flag { NO_FLAG, FLAG_VOLATILE, FLAG_COMPRESS };

enum { FLAGS_MAX = 32 }; /* both flags packed take 22 bytes */

struct sio_target {
    struct sio__names rooms, except;
    enum flag order[2];
    bool compress;
    char flags_memory[FLAGS_MAX];
    sio_buf flags;
};

/* The target's own memory holds every combination, so that packing cannot fail. */
static void pack_flags(sio_target *target)
{
    unsigned count = 0;
    while (count < 2 && target->order[count] != NO_FLAG)
        count++;
    sio_buf_clear(&target->flags);
    (void)sio__pack_map(&target->flags, count);
    for (unsigned i = 0; i < count; i++) {
        bool is_volatile = target->order[i] == FLAG_VOLATILE;
        sio_str name = is_volatile ? SIO_STR("volatile") : SIO_STR("compress");
        (void)sio__pack_str(&target->flags, name);
        (void)sio__pack_bool(&target->flags, is_volatile || target->compress);
    }
}

sio_status sio_target_new(sio_target **out)
{
    sio_target *target = calloc(1, sizeof *target);
    *out = target;
    if (target == NULL)
        return SIO_ENOMEM;
    sio__names_init(&target->rooms);
    sio__names_init(&target->except);
    sio_buf_init_on(&target->flags, target->flags_memory, sizeof target->flags_memory);
    pack_flags(target);
    return SIO_OK;
}

void sio_target_free(sio_target *target)
{
    if (target == NULL)
        return;
    sio__names_fini(&target->rooms);
    sio__names_fini(&target->except);
    free(target);
}

void sio_target_clear(sio_target *target)
{
    sio__names_clear(&target->rooms);
    sio__names_clear(&target->except);
    target->order[0] = target->order[1] = NO_FLAG;
    pack_flags(target);
}

sio_status sio_target_to(sio_target *target, sio_str room)
{
    return sio__names_add(&target->rooms, room);
}

sio_status sio_target_except(sio_target *target, sio_str room)
{
    return sio__names_add(&target->except, room);
}

static void set_flag(sio_target *target, enum flag flag)
{
    if (target->order[0] == NO_FLAG)
        target->order[0] = flag;
    else if (target->order[0] != flag)
        target->order[1] = flag;
    pack_flags(target);
}

void sio_target_volatile(sio_target *target)
{
    set_flag(target, FLAG_VOLATILE);
}

void sio_target_compress(sio_target *target, bool compress)
{
    target->compress = compress;
    set_flag(target, FLAG_COMPRESS);
}

size_t sio_target_rooms(const sio_target *target)
{
    return target->rooms.count;
}

size_t sio_target_excepts(const sio_target *target)
{
    return target->except.count;
}

void sio__target_view(const sio_target *target, struct sio__target_view *out)
{
    memset(out, 0, sizeof *out);
    if (target == NULL)
        return;
    out->rooms = sio__names_packed(&target->rooms);
    out->except = sio__names_packed(&target->except);
    out->flags = sio_buf_str(&target->flags);
    out->names = (size_t)target->rooms.count + target->except.count;
    out->longest = target->rooms.longest > target->except.longest ? target->rooms.longest
                                                                  : target->except.longest;
}
