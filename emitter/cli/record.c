/* SPDX-License-Identifier: MIT */
/* Reads a line's JSON into packed values once and walks them with a cursor. Arguments are
 * copied as they are packed; a target or namespace like the last line's is used again. */
#include "record.h"

#include <stdio.h>
#include <string.h>

#include <sio/value.h>

#include "targets.h"

/* What a line says; slices of the packed values, len 0 where it says nothing. */
struct fields {
    sio_str event, args, to, except, of;
    bool has_event, has_of;
    struct flags flags;
};

struct why {
    char *text;
    size_t len;
};

static sio_status bad(const struct why *why, const char *text)
{
    snprintf(why->text, why->len, "%s", text);
    return SIO_EINVAL;
}

sio_status record_init(struct record_reader *reader, const struct request *base,
                       const struct sender *sender)
{
    memset(reader, 0, sizeof(*reader));
    reader->base = *base;
    reader->opts = sender->opts;
    reader->max_name = sender->bounds.max_name_bytes;
    sio_buf_init(&reader->packed);
    sio_buf_init(&reader->target_key);
    for (size_t i = 0; i < RECORD_EMITTERS; i++)
        sio_buf_init(&reader->emitters[i].nsp);
    sio_status status = sio_args_new(&reader->args);
    return status == SIO_OK ? sio_target_new(&reader->target) : status;
}

void record_fini(struct record_reader *reader)
{
    for (size_t i = 0; i < RECORD_EMITTERS; i++) {
        sio_emitter_free(reader->emitters[i].em);
        sio_buf_fini(&reader->emitters[i].nsp);
    }
    sio_buf_fini(&reader->packed);
    sio_buf_fini(&reader->target_key);
    sio_args_free(reader->args);
    sio_target_free(reader->target);
}

/* A field's value: its first token, and all its bytes. */
struct field {
    sio_value token;
    sio_str packed;
};

static sio_str behind_header(const struct field *field, const unsigned char *at)
{
    const unsigned char *end = (const unsigned char *)field->packed.ptr + field->packed.len;
    return sio_str_of(at, (size_t)(end - at));
}

/* A room or a list of rooms, kept packed. */
static sio_status take_rooms(const struct field *field, sio_str *out, const struct why *why,
                             const char *text)
{
    sio_cursor cursor = sio_cursor_at(field->packed);
    sio_value room;

    *out = field->packed;
    if (field->token.type == SIO_STRING)
        return SIO_OK;
    if (field->token.type != SIO_ARRAY || sio_cursor_read(&cursor, &room) != SIO_OK)
        return bad(why, text);
    while (!sio_cursor_done(&cursor)) {
        if (sio_cursor_read(&cursor, &room) != SIO_OK || room.type != SIO_STRING)
            return bad(why, text);
    }
    return SIO_OK;
}

/* The elements of an array, without its header. */
static sio_status take_args(const struct field *field, sio_str *out, const struct why *why)
{
    sio_cursor cursor = sio_cursor_at(field->packed);
    sio_value array;

    if (field->token.type != SIO_ARRAY || sio_cursor_read(&cursor, &array) != SIO_OK)
        return bad(why, "\"args\" has to be an array");
    *out = behind_header(field, cursor.at);
    return SIO_OK;
}

static sio_status take_text(const struct field *field, sio_str *out, bool *has,
                            const struct why *why, const char *text)
{
    if (field->token.type != SIO_STRING)
        return bad(why, text);
    *out = field->token.v.text;
    *has = true;
    return SIO_OK;
}

static sio_status take_field(struct fields *fields, sio_str key, const struct field *field,
                             const struct why *why)
{
    bool is_bool = field->token.type == SIO_BOOL;

    if (sio_str_eq(key, SIO_STR("event")))
        return take_text(field, &fields->event, &fields->has_event, why,
                         "\"event\" has to be a string");
    if (sio_str_eq(key, SIO_STR("args")))
        return take_args(field, &fields->args, why);
    if (sio_str_eq(key, SIO_STR("to")))
        return take_rooms(field, &fields->to, why,
                          "\"to\" has to be a room, a string, or an array of them");
    if (sio_str_eq(key, SIO_STR("except")))
        return take_rooms(field, &fields->except, why,
                          "\"except\" has to be a room, a string, or an array of them");
    if (sio_str_eq(key, SIO_STR("of")))
        return take_text(field, &fields->of, &fields->has_of, why, "\"of\" has to be a string");
    if (sio_str_eq(key, SIO_STR("volatile"))) {
        flags_volatile(&fields->flags, is_bool && field->token.v.boolean);
        return is_bool ? SIO_OK : bad(why, "\"volatile\" has to be true or false");
    }
    if (sio_str_eq(key, SIO_STR("compress"))) {
        flags_compress(&fields->flags, is_bool && field->token.v.boolean);
        return is_bool ? SIO_OK : bad(why, "\"compress\" has to be true or false");
    }
    snprintf(why->text, why->len,
             "has the field \"%.*s\"; known are event, args, to, except, of, volatile, compress",
             (int)(key.len < 32 ? key.len : 32), key.ptr);
    return SIO_EINVAL;
}

/* Read a value and stand behind all of it. */
static sio_status read_field(sio_cursor *cursor, struct field *field, bool last)
{
    const unsigned char *start = cursor->at;

    sio_status status = sio_cursor_read(cursor, &field->token);
    if (status == SIO_OK && (field->token.type == SIO_ARRAY || field->token.type == SIO_MAP)) {
        /* The last one reaches to the end of the line's bytes: no need to walk it. */
        sio_cursor whole = {.at = start, .end = cursor->end};
        status = last ? SIO_OK : sio_cursor_skip(&whole);
        cursor->at = last ? cursor->end : whole.at;
    }
    field->packed = sio_str_of(start, (size_t)(cursor->at - start));
    return status;
}

static sio_status take_object(sio_cursor *cursor, uint32_t pairs, struct fields *fields,
                              const struct why *why)
{
    sio_status status = SIO_OK;
    struct field field;
    sio_value key;

    for (; pairs > 0 && status == SIO_OK; pairs--) {
        if (sio_cursor_read(cursor, &key) != SIO_OK || key.type != SIO_STRING ||
            read_field(cursor, &field, pairs == 1) != SIO_OK)
            return bad(why, "is not valid");
        status = take_field(fields, key.v.text, &field, why);
    }
    if (status == SIO_OK && !fields->has_event)
        return bad(why, "has no \"event\"");
    return status;
}

static sio_status take_array(sio_cursor *cursor, struct fields *fields, const struct why *why)
{
    sio_value event;

    if (sio_cursor_read(cursor, &event) != SIO_OK || event.type != SIO_STRING)
        return bad(why, "has to begin with the event's name, a string");
    fields->event = event.v.text;
    fields->args = sio_str_of(cursor->at, (size_t)(cursor->end - cursor->at));
    return SIO_OK;
}

static sio_status parse(struct record_reader *reader, sio_str line, struct fields *fields,
                        const struct why *why)
{
    sio_json_error err = {.what = NULL};
    sio_value value;

    sio_buf_clear(&reader->packed);
    sio_status status = sio_json_read(line, 0, &reader->packed, &err);
    if (status == SIO_EINVAL)
        snprintf(why->text, why->len, "is not valid JSON at column %u: %s", err.column,
                 err.what != NULL ? err.what : sio_status_text(status));
    if (status != SIO_OK)
        return status;
    sio_cursor cursor = sio_cursor_at(sio_buf_str(&reader->packed));
    if (sio_cursor_read(&cursor, &value) == SIO_OK && value.type == SIO_MAP)
        return take_object(&cursor, value.v.count, fields, why);
    if (value.type == SIO_ARRAY)
        return take_array(&cursor, fields, why);
    return bad(why, "is neither an object nor an array");
}

/* The command line's flags, then the line's. */
static struct flags merge_flags(const struct flags *base, const struct flags *line)
{
    struct flags flags = *base;

    if (line->compress >= 0 && line->compress_first)
        flags_compress(&flags, line->compress != 0);
    if (line->volatile_ >= 0)
        flags_volatile(&flags, line->volatile_ != 0);
    if (line->compress >= 0 && !line->compress_first)
        flags_compress(&flags, line->compress != 0);
    return flags;
}

/* What, with the bytes of `to` and `except` behind it, tells two targets apart. */
struct key_head {
    size_t to_len, except_len;
    int volatile_, compress, compress_first;
};

static bool same_head(const struct key_head *a, const struct key_head *b)
{
    return a->to_len == b->to_len && a->except_len == b->except_len &&
           a->volatile_ == b->volatile_ && a->compress == b->compress &&
           a->compress_first == b->compress_first;
}

static bool is_last_target(const struct record_reader *reader, const struct key_head *head,
                           const struct fields *fields)
{
    struct key_head last;

    if (!reader->target_built)
        return false;
    memcpy(&last, reader->target_key.ptr, sizeof(last));
    if (!same_head(&last, head))
        return false;
    const char *at = reader->target_key.ptr + sizeof(last);
    return sio_str_eq(sio_str_of(at, fields->to.len), fields->to) &&
           sio_str_eq(sio_str_of(at + fields->to.len, fields->except.len), fields->except);
}

/* The emitter would refuse such a room too, but not say which. */
static sio_status check_lengths(const struct record_reader *reader, sio_str packed,
                                const struct why *why)
{
    sio_cursor cursor = sio_cursor_at(packed);
    sio_value room;

    while (!sio_cursor_done(&cursor) && sio_cursor_read(&cursor, &room) == SIO_OK) {
        if (room.type != SIO_STRING || room.v.text.len <= reader->max_name)
            continue;
        snprintf(why->text, why->len, "names a room of %zu bytes, more than %zu: %.24s...",
                 room.v.text.len, reader->max_name, room.v.text.ptr);
        return SIO_ETOOBIG;
    }
    return SIO_OK;
}

static sio_status build_target(struct record_reader *reader, const struct options *opts,
                               const struct fields *fields, const struct flags *flags)
{
    sio_target *target = reader->target;
    sio_status status;

    sio_target_clear(target);
    status = fields->to.len > 0 ? target_add_packed(target, fields->to, sio_target_to)
                                : target_add_list(target, &opts->to, sio_target_to);
    if (status == SIO_OK)
        status = fields->except.len > 0
                     ? target_add_packed(target, fields->except, sio_target_except)
                     : target_add_list(target, &opts->except, sio_target_except);
    target_add_flags(target, flags);
    return status;
}

static sio_status set_target(struct record_reader *reader, const struct fields *fields,
                             struct request *out, const struct why *why)
{
    bool flagged = fields->flags.volatile_ >= 0 || fields->flags.compress >= 0;

    if (fields->to.len == 0 && fields->except.len == 0 && !flagged)
        return SIO_OK;
    if (out->op == OP_SERVER_EMIT)
        return bad(why,
                   "has fields that --server-emit cannot serve: to, except, volatile, compress");
    struct flags flags = merge_flags(&reader->opts->flags, &fields->flags);
    struct key_head head;
    memset(&head, 0, sizeof(head));
    head.to_len = fields->to.len;
    head.except_len = fields->except.len;
    head.volatile_ = flags.volatile_;
    head.compress = flags.compress;
    head.compress_first = flags.compress_first;
    out->to = reader->target;
    if (is_last_target(reader, &head, fields))
        return SIO_OK;

    reader->target_built = false;
    sio_status status = check_lengths(reader, fields->to, why);
    if (status == SIO_OK)
        status = check_lengths(reader, fields->except, why);
    if (status == SIO_OK)
        status = build_target(reader, reader->opts, fields, &flags);
    if (status == SIO_EINVAL)
        return bad(why, "names a room with a lone surrogate, which no server can have");
    sio_buf_clear(&reader->target_key);
    if (status == SIO_OK)
        status = sio_buf_append(&reader->target_key, &head, sizeof(head));
    if (status == SIO_OK)
        status = sio_buf_append(&reader->target_key, fields->to.ptr, fields->to.len);
    if (status == SIO_OK)
        status = sio_buf_append(&reader->target_key, fields->except.ptr, fields->except.len);
    reader->target_built = status == SIO_OK;
    return status;
}

/* The emitter of a namespace: one of the last that were met, or a new one in the place of
 * the oldest. */
static sio_status set_emitter(struct record_reader *reader, sio_str nsp, struct request *out,
                              const struct why *why)
{
    for (size_t i = 0; i < RECORD_EMITTERS; i++) {
        struct record_emitter *slot = &reader->emitters[i];
        if (slot->em != NULL && sio_str_eq(sio_buf_str(&slot->nsp), nsp)) {
            out->em = slot->em;
            return SIO_OK;
        }
    }
    sio_emitter *em;
    sio_status status = sio_emitter_of(reader->base.em, nsp, &em);
    if (status == SIO_EINVAL)
        return bad(why, "names a namespace that is not UTF-8");
    if (status == SIO_ETOOBIG)
        snprintf(why->text, why->len, "names a namespace of %zu bytes, more than %zu", nsp.len,
                 reader->max_name);
    if (status != SIO_OK)
        return status;
    struct record_emitter *slot = &reader->emitters[reader->next_emitter];
    sio_emitter_free(slot->em);
    slot->em = NULL;
    sio_buf_clear(&slot->nsp);
    status = sio_buf_append(&slot->nsp, nsp.ptr, nsp.len);
    if (status != SIO_OK) {
        sio_emitter_free(em);
        return status;
    }
    slot->em = em;
    out->em = em;
    reader->next_emitter = (reader->next_emitter + 1) % RECORD_EMITTERS;
    return SIO_OK;
}

sio_status record_read(struct record_reader *reader, sio_str line, struct request *out, char *text,
                       size_t len)
{
    struct fields fields = {.flags = {.volatile_ = -1, .compress = -1}};
    const struct why why = {text, len};

    text[0] = '\0';
    *out = reader->base;
    sio_status status = parse(reader, line, &fields, &why);
    if (status == SIO_OK)
        status = set_target(reader, &fields, out, &why);
    if (status == SIO_OK && fields.has_of)
        status = set_emitter(reader, fields.of, out, &why);
    if (status == SIO_OK) {
        sio_args_clear(reader->args);
        if (fields.args.len > 0)
            status = sio_args_msgpack(reader->args, fields.args);
    }
    if (status != SIO_OK && text[0] == '\0')
        snprintf(text, len, "could not be taken: %s", sio_status_text(status));
    out->event = fields.event;
    out->args = reader->args;
    return status;
}
