/* SPDX-License-Identifier: MIT */
/* The fields of a request to sio-node. */
#include "sio_node.h"

#include <stdlib.h>

#include "tagged.h"

static bool scalar(sio_str packed, sio_value *out)
{
    sio_cursor c = sio_cursor_at(packed);
    return packed.len > 0 && sio_cursor_read(&c, out) == SIO_OK;
}

sio_str call_field(const struct call *call, const char *name)
{
    return tagged_field(sio_buf_str(&call->packed), name);
}

sio_str call_option(const struct call *call, const char *name)
{
    sio_str packed = call_field(call, name);
    sio_value v;
    return scalar(packed, &v) && v.type == SIO_NULL ? sio_str_of(NULL, 0) : packed;
}

bool call_true(const struct call *call, const char *name)
{
    return tagged_true(sio_buf_str(&call->packed), name);
}

uint64_t call_number(const struct call *call, const char *name, uint64_t otherwise)
{
    sio_value v;
    return scalar(call_field(call, name), &v) && v.type == SIO_UINT ? v.v.natural : otherwise;
}

bool milliseconds_of(const sio_value *v, unsigned *ms)
{
    double value;
    switch (v->type) {
    case SIO_INT:
        value = (double)v->v.integer;
        break;
    case SIO_UINT:
        value = (double)v->v.natural;
        break;
    case SIO_DOUBLE:
        value = v->v.real;
        break;
    default:
        return false;
    }
    if (!(value >= 1)) /* as timers of Node's */
        value = 1;
    *ms = value < NODE_MAX_MS ? (unsigned)value : NODE_MAX_MS;
    return true;
}

/* A string with lone surrogates or of many characters may come as a tag. */
static bool tagged_name(sio_str packed, sio_buf *memory)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_args *args;
    sio_value v;
    bool ok;
    node_must(sio_args_new(&args));
    ok = tagged_add(args, &c) && scalar(sio_args_packed(args), &v) && v.type == SIO_STRING;
    if (ok)
        node_must(sio_buf_append(memory, v.v.text.ptr, v.v.text.len));
    sio_args_free(args);
    return ok;
}

bool name_text(sio_str packed, sio_buf *memory)
{
    sio_value v;
    if (!scalar(packed, &v))
        return false;
    switch (v.type) {
    case SIO_STRING:
        node_must(sio_buf_append(memory, v.v.text.ptr, v.v.text.len));
        return true;
    case SIO_INT:
    case SIO_UINT:
    case SIO_DOUBLE:
        node_must(sio_json_write(packed, NULL, NULL, memory));
        return true;
    default:
        return tagged_name(packed, memory);
    }
}

static bool each_name(sio_str packed, uint32_t count, struct names *out)
{
    sio_cursor c = sio_cursor_at(packed);
    size_t *ends = calloc(count + 1, sizeof *ends);
    bool ok = ends != NULL;
    out->each = calloc(count + 1, sizeof *out->each);
    out->numbers = calloc(count + 1, sizeof *out->numbers);
    node_must(ok && out->each != NULL && out->numbers != NULL ? SIO_OK : SIO_ENOMEM);
    for (uint32_t i = 0; ok && i < count; i++) {
        const unsigned char *start = c.at;
        node_must(sio_cursor_skip(&c));
        ok = name_text(sio_str_of(start, (size_t)(c.at - start)), &out->memory);
        (void)scalar(sio_str_of(start, (size_t)(c.at - start)), &out->numbers[i]);
        ends[i + 1] = out->memory.len;
    }
    for (uint32_t i = 0; ok && i < count; i++)
        out->each[i] = sio_str_of(out->memory.ptr + ends[i], ends[i + 1] - ends[i]);
    out->count = ok ? count : 0;
    free(ends);
    return ok;
}

bool call_names(const struct call *call, const char *field, struct names *out)
{
    sio_str packed = call_option(call, field);
    sio_cursor c = sio_cursor_at(packed);
    sio_value v;
    memset(out, 0, sizeof *out);
    sio_buf_init(&out->memory);
    if (packed.len == 0)
        return true;
    if (sio_cursor_read(&c, &v) != SIO_OK || v.type != SIO_ARRAY)
        return each_name(packed, 1, out);
    return each_name(sio_str_of(c.at, (size_t)(c.end - c.at)), v.v.count, out);
}

void names_fini(struct names *names)
{
    free(names->each);
    free(names->numbers);
    sio_buf_fini(&names->memory);
}

/* Node tells rooms that were joined as numbers from those of their text. */
static bool is_integer(const sio_value *v, int64_t *number)
{
    *number = v->type == SIO_INT ? v->v.integer : (int64_t)v->v.natural;
    return v->type == SIO_INT || (v->type == SIO_UINT && v->v.natural <= INT64_MAX);
}

static sio_status add_room(const struct names *rooms, size_t i, sio_target *to)
{
    int64_t number;
    return is_integer(&rooms->numbers[i], &number) ? sio_target_to_number(to, number)
                                                   : sio_target_to(to, rooms->each[i]);
}

static sio_status add_except(const struct names *except, size_t i, sio_target *to)
{
    int64_t number;
    return is_integer(&except->numbers[i], &number) ? sio_target_except_number(to, number)
                                                    : sio_target_except(to, except->each[i]);
}

static sio_status add_rooms(const struct names *rooms, const struct names *except, bool single,
                            sio_target *to)
{
    sio_status status = SIO_OK;
    for (size_t i = 0; !single && status == SIO_OK && i < rooms->count; i++)
        status = add_room(rooms, i, to);
    for (size_t i = 0; status == SIO_OK && i < except->count; i++)
        status = add_except(except, i, to);
    return status;
}

static sio_status set_flag(sio_str name, const sio_value *v, const struct names *rooms,
                           sio_target *to)
{
    bool on = v->type == SIO_BOOL && v->v.boolean;
    unsigned ms;
    if (sio_str_eq(name, SIO_STR("volatile")) && on)
        sio_target_volatile(to);
    else if (sio_str_eq(name, SIO_STR("compress")) && v->type == SIO_BOOL)
        sio_target_compress(to, on);
    else if (sio_str_eq(name, SIO_STR("local")) && on)
        sio_target_local(to);
    else if (sio_str_eq(name, SIO_STR("timeout")) && milliseconds_of(v, &ms))
        sio_target_timeout(to, ms);
    else if (sio_str_eq(name, SIO_STR("expectSingleResponse")) && on)
        return sio_target_socket(to, rooms->each[0]);
    return SIO_OK;
}

/* In their order, which the wire keeps. */
static sio_status set_flags(sio_str flags, const struct names *rooms, sio_target *to)
{
    sio_cursor c = sio_cursor_at(flags);
    sio_value map, key, v;
    sio_status status = SIO_OK;
    if (flags.len == 0 || sio_cursor_read(&c, &map) != SIO_OK || map.type != SIO_MAP)
        return flags.len == 0 ? SIO_OK : SIO_EINVAL;
    for (uint32_t i = 0; status == SIO_OK && i < map.v.count; i++) {
        sio_cursor value;
        node_must(sio_cursor_read(&c, &key));
        value = c;
        node_must(sio_cursor_skip(&c));
        node_must(sio_cursor_read(&value, &v));
        status = set_flag(key.v.text, &v, rooms, to);
    }
    return status;
}

bool call_target(struct call *call, sio_target **out)
{
    struct names rooms, except;
    sio_str flags = call_option(call, "flags");
    bool names = call_names(call, "rooms", &rooms);
    names = call_names(call, "except", &except) && names;
    bool single = flags.len > 0 && tagged_true(flags, "expectSingleResponse");
    sio_status status = names && (!single || rooms.count == 1) ? SIO_OK : SIO_EINVAL;
    node_must(sio_target_new(out));
    if (status == SIO_OK)
        status = add_rooms(&rooms, &except, single, *out);
    if (status == SIO_OK)
        status = set_flags(flags, &rooms, *out);
    names_fini(&rooms);
    names_fini(&except);
    if (status == SIO_OK)
        return true;
    sio_target_free(*out);
    call_fail(call, status,
              single ? "expectSingleResponse takes exactly one room"
                     : "rooms and except are arrays of strings or numbers, flags an object");
    return false;
}

static bool add_values(struct call *call, sio_cursor *c, uint32_t count, sio_args *args)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < count; i++)
        ok = tagged_add(args, c);
    if (ok && sio_args_status(args) == SIO_OK)
        return true;
    sio_args_free(args);
    call_fail(call, SIO_EINVAL, "a value that C cannot say");
    return false;
}

bool call_event(struct call *call, sio_str *event, sio_args **args)
{
    sio_cursor c = sio_cursor_at(call_field(call, "args"));
    sio_value array, name;
    if (sio_cursor_done(&c) || sio_cursor_read(&c, &array) != SIO_OK || array.type != SIO_ARRAY ||
        array.v.count == 0 || sio_cursor_read(&c, &name) != SIO_OK) {
        call_fail(call, SIO_EINVAL, "args is an array, and args[0] the event's name");
        return false;
    }
    if (name.type != SIO_STRING) {
        call_fail(call, SIO_EINVAL,
                  "args[0], the event's name, must be a string: "
                  "only Node emits events that are named by a number");
        return false;
    }
    *event = name.v.text;
    node_must(sio_args_new(args));
    return add_values(call, &c, array.v.count - 1, *args);
}

bool call_values(struct call *call, const char *field, sio_args **args)
{
    sio_cursor c = sio_cursor_at(call_field(call, field)), inside = c;
    sio_value array = {.type = SIO_NULL};
    bool absent = sio_cursor_done(&c);
    node_must(sio_args_new(args));
    if (!absent)
        (void)sio_cursor_read(&inside, &array);
    if (array.type == SIO_ARRAY && strcmp(field, "args") == 0)
        return add_values(call, &inside, array.v.count, *args);
    return add_values(call, &c, absent ? 0 : 1, *args);
}
