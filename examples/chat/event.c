/* SPDX-License-Identifier: MIT */
/* Chat events: as values for other servers, as lines for people. */
#include "chat.h"

#include <stdio.h>

enum { MAX_FIELDS = 5 };

struct field {
    const char *key;
    sio_str *value;
};

static void list_fields(struct chat_event *event, struct field fields[MAX_FIELDS])
{
    fields[0] = (struct field){"room", &event->room};
    fields[1] = (struct field){"nick", &event->nick};
    fields[2] = (struct field){"via", &event->via};
    fields[3] = (struct field){"text", &event->text};
    fields[4] = (struct field){"was", &event->was};
}

/* A failure is remembered: emitting the arguments tells it. */
void event_write(const struct chat_event *event, sio_args *args)
{
    struct chat_event copy = *event;
    struct field fields[MAX_FIELDS];

    list_fields(&copy, fields);
    sio_args_clear(args);
    sio_args_map_begin(args);
    for (size_t i = 0; i < MAX_FIELDS; i++)
        if (fields[i].value->ptr != NULL) {
            sio_args_key(args, sio_str_c(fields[i].key));
            sio_args_string(args, *fields[i].value);
        }
    sio_args_map_end(args);
}

static bool read_string(sio_cursor *at, sio_str *out)
{
    sio_value value;

    if (sio_cursor_read(at, &value) != SIO_OK || value.type != SIO_STRING)
        return false;
    *out = value.v.text;
    return true;
}

bool event_read_fields(sio_cursor *at, struct chat_event *event)
{
    struct field fields[MAX_FIELDS];
    sio_value map;

    list_fields(event, fields);
    if (sio_cursor_read(at, &map) != SIO_OK || map.type != SIO_MAP)
        return false;
    for (uint32_t n = 0; n < map.v.count; n++) {
        sio_str *value = NULL;
        sio_str key;

        if (!read_string(at, &key))
            return false;
        for (size_t i = 0; i < MAX_FIELDS; i++)
            if (sio_str_eq(key, sio_str_c(fields[i].key)))
                value = fields[i].value;
        if (value != NULL ? !read_string(at, value) : sio_cursor_skip(at) != SIO_OK)
            return false;
    }
    return true;
}

static bool is_known(sio_str name)
{
    static const char *const names[] = {"message", "joined", "left", "renamed"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sio_str_eq(name, sio_str_c(names[i])))
            return true;
    return false;
}

bool event_read(sio_str data, struct chat_event *event)
{
    sio_cursor at = sio_cursor_at(data);

    *event = (struct chat_event){0};
    return read_string(&at, &event->name) && is_known(event->name) && event_read_fields(&at, event);
}

/* The bytes of a control character there: C0 and DEL are one, C1 are two in UTF-8. Else 0. */
static size_t control_at(const char *text, size_t left)
{
    const unsigned char *at = (const unsigned char *)text;

    if (at[0] < 0x20 || at[0] == 0x7f)
        return 1;
    return left >= 2 && at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f ? 2 : 0;
}

/* Somebody's text must neither forge another's line nor move the cursor. */
static void finish(struct line *line, int printed)
{
    const size_t most = sizeof line->bytes - 1;
    size_t i = 0;

    line->len = printed < 0 ? 0 : (size_t)printed < most ? (size_t)printed : most - 1;
    while (i < line->len) {
        size_t control = control_at(&line->bytes[i], line->len - i);

        memset(&line->bytes[i], ' ', control);
        i += control != 0 ? control : 1;
    }
    line->bytes[line->len++] = '\n';
}

void line_print(struct line *line, const char *format, va_list values)
{
    finish(line, vsnprintf(line->bytes, sizeof line->bytes - 1, format, values));
}

void event_print(const struct chat_event *event, struct line *line)
{
    const size_t size = sizeof line->bytes - 1;
    int printed;

    if (sio_str_eq(event->name, SIO_STR("message")))
        printed = snprintf(line->bytes, size, "[%.*s] %.*s (%.*s): %.*s", STR(event->room),
                           STR(event->nick), STR(event->via), STR(event->text));
    else if (sio_str_eq(event->name, SIO_STR("renamed")))
        printed = snprintf(line->bytes, size, "* %.*s (%.*s) is now %.*s", STR(event->was),
                           STR(event->via), STR(event->nick));
    else
        printed = snprintf(line->bytes, size, "[%.*s] * %.*s (%.*s) has %.*s", STR(event->room),
                           STR(event->nick), STR(event->via), STR(event->name));
    finish(line, printed);
}

bool is_name(sio_str text)
{
    if (text.len == 0 || text.len > NAME_BYTES)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == ' ' || control_at(&text.ptr[i], text.len - i) != 0)
            return false;
    return true;
}
