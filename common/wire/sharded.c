/* SPDX-License-Identifier: MIT */
/* How the sharded wire is used: its channels, what can be told of a message before it is
 * decoded; and the wire's table. */
#include "wire/sharded.h"

#include "value/json_scan.h"
#include "wire/channel_name.h"
#include "wire/usual.h"

static const sio_str none = {NULL, 0};

/* ---- channels ---- */

sio_status sio__sharded_channel_write(const struct sio__peer *peer, sio_str suffix, sio_buf *out)
{
    return sio__channel_write(peer, SIO_STR("#"), suffix, out);
}

bool sio__sharded_channel_read(const struct sio__peer *peer, sio_str channel, sio_str *suffix)
{
    *suffix = none;
    return sio__channel_eat(&channel, peer->key) && sio__channel_eat(&channel, SIO_STR("#")) &&
           sio__channel_suffix(peer, channel, suffix);
}

/* String.prototype.length of valid UTF-8: characters, and one more for each that takes a pair
 * of surrogates. */
static size_t utf16_units(sio_str text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        units += (byte & 0xc0) != 0x80 ? 1 : 0;
        units += byte >= 0xf0 ? 1 : 0;
    }
    return units;
}

/* By its length, as the Node adapter does. */
static bool looks_like_sid(sio_str room)
{
    enum { SID_UNITS = 20, UNIT_BYTES_MAX = 3 };
    return room.len >= SID_UNITS && room.len <= (size_t)SID_UNITS * UNIT_BYTES_MAX &&
           utf16_units(room) == SID_UNITS;
}

bool sio__sharded_has_channel(const struct sio__peer *peer, sio_str room)
{
    switch (peer->rooms_mode) {
    case SIO__ROOMS_STATIC:
        break;
    case SIO__ROOMS_DYNAMIC:
        return !looks_like_sid(room);
    case SIO__ROOMS_DYNAMIC_PRIVATE:
        return true;
    }
    return false;
}

/* The namespace's channel brings broadcasts and requests alike, and in some hands answers. */
static sio_status subscription(const struct sio__peer *peer, sio_str uid, bool per_room, unsigned n,
                               struct sio__subscription_name *out)
{
    (void)per_room; /* not a server's choice */
    out->is_pattern = false;
    switch (n) {
    case 0:
        out->route = SIO__ROUTE_REQUESTS;
        return sio__sharded_channel_write(peer, none, out->name);
    case 1:
        out->route = SIO__ROUTE_RESPONSES;
        return sio__sharded_channel_write(peer, uid, out->name);
    default:
        return SIO_EINVAL;
    }
}

/* A server subscribes to what is published to, sids included: Node's keeps to sids by looking
 * them up, and so is deaf to those that do not have their usual length. The room that is
 * named like the server's uid comes by the channel of its answers. */
static sio_status room_channel(const struct sio__peer *peer, sio_str room, sio_buf *out)
{
    if (room.ptr == NULL)
        room = SIO_STR("");
    if (!sio__sharded_has_channel(peer, room) || sio_str_eq(room, peer->uid))
        return SIO_EINVAL;
    return sio__sharded_channel_write(peer, room, out);
}

static sio_status servers_channel(const struct sio__peer *peer, sio_buf *out)
{
    return sio__sharded_channel_write(peer, none, out);
}

/* ---- before decoding ---- */

static bool room_of(const struct sio__peer *peer, sio_str channel, sio_str *room)
{
    if (!sio__sharded_channel_read(peer, channel, room))
        return false;
    if (room->len == 0)
        *room = none;
    return true;
}

/* {"type":N,"data":{"requestId":"ID" */
static sio_str json_answers_to(sio_str payload)
{
    sio_cursor c = sio_cursor_at(payload);
    if (!SIO__EAT(&c, "{\"type\":"))
        return none;
    if (!SIO__EAT(&c, "8,") && !SIO__EAT(&c, "10,") && !SIO__EAT(&c, "11,") && !SIO__EAT(&c, "12,"))
        return none;
    if (!SIO__EAT(&c, "\"data\":{\"requestId\":\""))
        return none;
    const char *id = (const char *)c.at, *end = (const char *)c.end;
    const char *stop = sio__json_plain_run(id, end);
    return stop < end && *stop == '"' ? sio_str_of(id, (size_t)(stop - id)) : none;
}

/* {type: N, data: {requestId: ID */
static sio_str packed_answers_to(sio_str payload)
{
    sio_cursor c = sio_cursor_at(payload);
    sio_str id = none;
    if (!SIO__EAT(&c, "\204\244type"))
        return none;
    if (!SIO__EAT(&c, "\010") && !SIO__EAT(&c, "\012") && !SIO__EAT(&c, "\014"))
        return none;
    if (!SIO__EAT(&c, "\244data\202\251requestId") || !sio__eat_text(&c, &id))
        return none;
    return id;
}

static sio_str answers_to(sio_str payload)
{
    if (payload.len > 0 && payload.ptr[0] == '{')
        return json_answers_to(payload);
    return packed_answers_to(payload);
}

/* Step back over bytes that are expected. */
static bool back_over(const char *start, const char **end, sio_str text)
{
    if ((size_t)(*end - start) < text.len || memcmp(*end - text.len, text.ptr, text.len) != 0)
        return false;
    *end -= text.len;
    return true;
}

/* Step back over a string that is the same inside its quotes. */
static bool back_over_text(const char *start, const char **end, sio_str *text)
{
    if (!back_over(start, end, SIO_STR("\"")))
        return false;
    const char *quote = memrchr(start, '"', (size_t)(*end - start));
    if (quote == NULL || sio__json_plain_run(quote + 1, *end) != *end)
        return false;
    *text = sio_str_of(quote + 1, (size_t)(*end - quote - 1));
    *end = quote;
    return true;
}

bool sio__sharded_json_end(sio_str payload, sio_str *uid, sio_str *nsp)
{
    const char *start = payload.ptr, *end = start + payload.len;
    return back_over(start, &end, SIO_STR("}")) && back_over_text(start, &end, nsp) &&
           back_over(start, &end, SIO_STR(",\"nsp\":")) && back_over_text(start, &end, uid) &&
           back_over(start, &end, SIO_STR(",\"uid\":"));
}

/* MessagePack cannot be read backwards. */
static sio_str sender(sio_str payload)
{
    sio_str nsp, uid;
    if (payload.len == 0 || payload.ptr[0] != '{' || !sio__sharded_json_end(payload, &uid, &nsp))
        return none;
    return uid;
}

const struct sio__wire sio__wire_sharded = {
    .name = "sharded",
    /* randomBytes(8).toString("hex") */
    .id_alphabet = "0123456789abcdef",
    .uid_len = 16,
    .request_id_len = 16,
    .acked_flags = true,
    .awaits_publish = true,
    .answers_have_uid = true,
    .shard_channels = true,
    .rooms_agreed = true,
    .subscription = subscription,
    .room_channel = room_channel,
    .servers_channel = servers_channel,
    .room_of = room_of,
    .answers_to = answers_to,
    .sender = sender,
    .encode = sio__sharded_encode,
    .decode = sio__sharded_decode,
};
