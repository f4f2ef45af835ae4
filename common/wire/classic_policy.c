/* SPDX-License-Identifier: MIT */
/* How servers use the classic wire: what they subscribe to, whose an answer is before it is
 * decoded; and the wire's table. */
#include "wire/classic.h"

#include <sio/value.h>

#include "wire/usual.h"

static const sio_str none = {NULL, 0};

/* ---- subscriptions ---- */

/* The same text for Redis's glob matcher (util.c, stringmatchlen). The Node adapter does not
 * escape: a namespace with these characters makes its own pattern miss its own channel. */
static sio_status append_escaped(sio_str text, sio_buf *out)
{
    sio_status status = sio_buf_reserve(out, 2 * text.len);
    for (size_t i = 0; status == SIO_OK && i < text.len; i++) {
        if (text.ptr[i] != '\0' && strchr("*?[]\\", text.ptr[i]) != NULL)
            out->ptr[out->len++] = '\\';
        out->ptr[out->len++] = text.ptr[i];
    }
    return status;
}

/* KEY INFIX nsp SUFFIX */
static sio_status write_pattern(const struct sio__peer *peer, sio_str infix, sio_str suffix,
                                sio_buf *out)
{
    sio_status status = append_escaped(peer->key, out);
    if (status == SIO_OK)
        status = sio_buf_append(out, infix.ptr, infix.len);
    if (status == SIO_OK)
        status = append_escaped(peer->nsp, out);
    if (status == SIO_OK)
        status = sio_buf_append(out, suffix.ptr, suffix.len);
    return status;
}

/* A server listens on its own response channel whichever one it answers on. */
static sio_status subscription(const struct sio__peer *peer, sio_str uid, bool per_room, unsigned n,
                               struct sio__subscription_name *out)
{
    out->is_pattern = n == 0 && !per_room;
    switch (n) {
    case 0:
        out->route = SIO__ROUTE_BROADCASTS;
        if (out->is_pattern)
            return write_pattern(peer, SIO_STR("#"), SIO_STR("#*"), out->name);
        return sio__classic_channel_write(peer, CLASSIC_CHANNEL_BROADCAST, none, out->name);
    case 1:
        out->route = SIO__ROUTE_REQUESTS;
        return sio__classic_channel_write(peer, CLASSIC_CHANNEL_REQUEST, none, out->name);
    case 2:
    case 3:
        out->route = SIO__ROUTE_RESPONSES;
        return sio__classic_channel_write(peer, CLASSIC_CHANNEL_RESPONSE, n == 2 ? none : uid,
                                          out->name);
    default:
        return SIO_EINVAL;
    }
}

static sio_status room_channel(const struct sio__peer *peer, sio_str room, sio_buf *out)
{
    if (room.ptr == NULL)
        room = SIO_STR("");
    return sio__classic_channel_write(peer, CLASSIC_CHANNEL_BROADCAST, room, out);
}

static sio_status servers_channel(const struct sio__peer *peer, sio_buf *out)
{
    return sio__classic_channel_write(peer, CLASSIC_CHANNEL_REQUEST, none, out);
}

/* A uid is of six characters. */
static sio_status servers_pattern(const struct sio__peer *peer, sio_buf *out)
{
    return write_pattern(peer, SIO_STR("-response#"), SIO_STR("#??????#"), out);
}

/* ---- before decoding ---- */

/* The empty room counts as none, as in Node: what it names is left to the message. */
static bool room_of(const struct sio__peer *peer, sio_str channel, sio_str *room)
{
    if (sio__classic_channel_read(peer, channel, room) != CLASSIC_CHANNEL_BROADCAST)
        return false;
    if (room->len == 0)
        *room = none;
    return true;
}

static bool eat(const char **at, const char *end, sio_str text)
{
    if ((size_t)(end - *at) < text.len || memcmp(*at, text.ptr, text.len) != 0)
        return false;
    *at += text.len;
    return true;
}

/* {"requestId":"ID"  or  {"type":N,"requestId":"ID" */
static sio_str json_answers_to(sio_str payload)
{
    const char *at = payload.ptr, *end = at + payload.len;
    if (eat(&at, end, SIO_STR("{\"type\":"))) {
        if (at == end || *at < '0' || *at > '9')
            return none;
        at++;
        if (!eat(&at, end, SIO_STR(",\"requestId\":\"")))
            return none;
    } else if (!eat(&at, end, SIO_STR("{\"requestId\":\""))) {
        return none;
    }
    const char *id = at;
    while (at < end && *at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\')
        at++;
    return at < end && *at == '"' ? sio_str_of(id, (size_t)(at - id)) : none;
}

/* {requestId: ID  or  {type: N, requestId: ID */
static sio_str packed_answers_to(sio_str payload)
{
    sio_cursor c = sio_cursor_at(payload);
    sio_value map, key, value;
    if (sio_cursor_read(&c, &map) != SIO_OK || map.type != SIO_MAP)
        return none;
    for (uint32_t n = 0; n < 2 && n < map.v.count; n++) {
        if (sio_cursor_read(&c, &key) != SIO_OK || key.type != SIO_STRING ||
            sio_cursor_read(&c, &value) != SIO_OK)
            return none;
        if (sio_str_eq(key.v.text, SIO_STR("requestId")))
            return value.type == SIO_STRING ? value.v.text : none;
        if (value.type == SIO_ARRAY || value.type == SIO_MAP)
            return none;
    }
    return none;
}

static sio_str answers_to(sio_str payload)
{
    if (payload.len > 0 && payload.ptr[0] == '{')
        return json_answers_to(payload);
    return packed_answers_to(payload);
}

/* Of a broadcast: [uid, ... */
static sio_str sender(sio_str payload)
{
    sio_cursor c = sio_cursor_at(payload);
    sio_str uid = none;
    return SIO__EAT(&c, "\223") && sio__eat_text(&c, &uid) ? uid : none;
}

const struct sio__wire sio__wire_classic = {
    .name = "classic",
    /* uid2 of the npm adapter */
    .id_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    .uid_len = 6,
    .request_id_len = 6,
    .own_ops_by_echo = true,
    .asks_for_names = true,
    .takes_parser = true,
    .subscription = subscription,
    .room_channel = room_channel,
    .servers_channel = servers_channel,
    .servers_pattern = servers_pattern,
    .room_of = room_of,
    .answers_to = answers_to,
    .sender = sender,
    .encode = sio__classic_encode,
    .decode = sio__classic_decode,
};
