/* SPDX-License-Identifier: MIT */
/* Targets: rooms, exceptions and flags, kept as the wires want them, packed. */
#include "wire/target.h"

#include <stdlib.h>

#include <sio/value.h>

#include "value/pack.h"
#include "wire/names.h"

/* Flags in the order they were first set, as JavaScript objects keep their keys; the npm
 * packages merge each new flag into a copy of the object before. */
enum flag { NO_FLAG, FLAG_VOLATILE, FLAG_COMPRESS, FLAG_LOCAL, FLAG_TIMEOUT, FLAG_SINGLE, FLAGS };

enum { PACKED_MAX = 64 }; /* all flags packed take 63 bytes */

struct sio_target {
    struct sio__names rooms, except;
    enum flag order[FLAGS - 1]; /* NO_FLAG behind the last */
    bool compress, local, single;
    unsigned timeout_ms; /* 0: not set */
    char flags_memory[PACKED_MAX];
    sio_buf flags;
};

static void pack_flag(sio_target *target, enum flag flag)
{
    static const sio_str names[FLAGS] = {
        [FLAG_VOLATILE] = SIO_STR_INIT("volatile"),
        [FLAG_COMPRESS] = SIO_STR_INIT("compress"),
        [FLAG_LOCAL] = SIO_STR_INIT("local"),
        [FLAG_TIMEOUT] = SIO_STR_INIT("timeout"),
        [FLAG_SINGLE] = SIO_STR_INIT("expectSingleResponse"),
    };
    (void)sio__pack_str(&target->flags, names[flag]);
    if (flag == FLAG_TIMEOUT)
        (void)sio__pack_uint(&target->flags, target->timeout_ms);
    else
        (void)sio__pack_bool(&target->flags, flag != FLAG_COMPRESS || target->compress);
}

/* The target's own memory holds every combination, so that packing cannot fail. */
static void pack_flags(sio_target *target)
{
    unsigned count = 0;
    while (count < FLAGS - 1 && target->order[count] != NO_FLAG)
        count++;
    sio_buf_clear(&target->flags);
    (void)sio__pack_map(&target->flags, count);
    for (unsigned i = 0; i < count; i++)
        pack_flag(target, target->order[i]);
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
    memset(target->order, 0, sizeof target->order);
    target->local = target->single = false;
    target->timeout_ms = 0;
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

sio_status sio_target_to_number(sio_target *target, int64_t room)
{
    return sio__names_add_number(&target->rooms, room);
}

sio_status sio_target_except_number(sio_target *target, int64_t room)
{
    return sio__names_add_number(&target->except, room);
}

static void set_flag(sio_target *target, enum flag flag)
{
    size_t at = 0;
    while (target->order[at] != NO_FLAG && target->order[at] != flag)
        at++; /* there is a place for each */
    target->order[at] = flag;
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

void sio_target_local(sio_target *target)
{
    target->local = true;
    set_flag(target, FLAG_LOCAL);
}

void sio_target_timeout(sio_target *target, unsigned ms)
{
    target->timeout_ms = ms > 0 ? ms : 1;
    set_flag(target, FLAG_TIMEOUT);
}

sio_status sio_target_socket(sio_target *target, sio_str sid)
{
    if (target->rooms.count > 0)
        return SIO_EINVAL;
    sio_status status = sio__names_append(&target->rooms, sid);
    if (status != SIO_OK)
        return status;
    target->single = true;
    set_flag(target, FLAG_SINGLE);
    return SIO_OK;
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
    out->local = target->local;
    out->single = target->single;
    out->timeout_ms = target->timeout_ms;
}
