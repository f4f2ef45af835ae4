/* SPDX-License-Identifier: MIT */
/* What arrives on shard channels, as messages: JSON or MessagePack, whichever comes. Most are
 * broadcasts in the bytes that servers write, and are read in one pass; all else is brought
 * to one packed form and read by field. */
#include "wire/sharded.h"

#include "value/json.h"
#include "value/json_scan.h"
#include "wire/parts.h"
#include "wire/usual.h"

enum {
    DEPTH = SIO__CLUSTER_DEPTH,
    EVENT_DEPTH = DEPTH - 3, /* of `data` in packet in data in the message */
    FLAGS_DEPTH = DEPTH - 3, /* in opts in data in the message */
    HANDSHAKES = 4           /* in a description, in a list, in data, in the message */
};

/* ---- in any form ---- */

static bool is_answer(uint64_t type)
{
    return type == CLUSTER_FETCH_SOCKETS_RESPONSE ||
           (type >= CLUSTER_SERVER_SIDE_EMIT_RESPONSE && type <= CLUSTER_BROADCAST_ACK);
}

/* Answers are known by their request; servers before redis-adapter 8.3 wrote no nsp. All other
 * messages without one are ignored, as Node does. */
static bool is_ours(const struct sio__peer *peer, const struct sio__field *nsp, uint64_t type)
{
    sio_str name;
    if (nsp->packed.len == 0)
        return is_answer(type);
    return sio__field_text(nsp, &name) && sio_str_eq(name, peer->nsp);
}

static enum sio__verdict decode_any(const struct sio__peer *peer, sio_str payload, sio_buf *scratch,
                                    struct sio_message *out)
{
    enum { TYPE, DATA, UID, NSP, COUNT };
    struct sio__field f[COUNT] = {{.name = SIO_STR("type")},
                                  {.name = SIO_STR("data")},
                                  {.name = SIO_STR("uid")},
                                  {.name = SIO_STR("nsp")}};
    uint64_t type;
    sio_str packed;
    sio__part_none(peer, out);
    enum sio__verdict verdict =
        sio__part_payload(payload, DEPTH, HANDSHAKES, scratch, &packed, &out->extents);
    if (verdict != SIO__DECODED)
        return verdict;
    if (sio__fields_of(packed, f, COUNT) != SIO_OK)
        return SIO__MISSING_FIELD;
    (void)sio__field_text(&f[UID], &out->uid);
    if (!sio__field_number(&f[TYPE], &type))
        type = CLUSTER_NONE;
    return is_ours(peer, &f[NSP], type) ? sio__cluster_take(type, f[DATA].packed, out)
                                        : SIO__NOT_OURS;
}

/* ---- broadcasts in MessagePack, as write_packed() has them ---- */

static bool packed_usual(sio_str payload, struct sio_message *out, sio_str *nsp)
{
    sio_cursor c = sio_cursor_at(payload);
    if (!SIO__EAT(&c, "\204\244type\003\244data"))
        return false;
    bool acked = SIO__EAT(&c, "\203\246packet");
    if ((!acked && !SIO__EAT(&c, "\202\246packet")) || !SIO__EAT(&c, "\202\244type\002\244data") ||
        !sio__eat_event(&c, EVENT_DEPTH, out) ||
        (acked && (!SIO__EAT(&c, "\251requestId") || !sio__eat_text(&c, &out->request_id))) ||
        !SIO__EAT(&c, "\244opts\203\245rooms") || !sio__eat_names(&c, &out->rooms) ||
        !SIO__EAT(&c, "\246except") || !sio__eat_names(&c, &out->except) ||
        !SIO__EAT(&c, "\245flags") || !sio__eat_flags(&c, FLAGS_DEPTH, &out->flags) ||
        !SIO__EAT(&c, "\243uid") || !sio__eat_text(&c, &out->uid) || !SIO__EAT(&c, "\243nsp") ||
        !sio__eat_text(&c, nsp))
        return false;
    out->packet_type = CLUSTER_EVENT;
    return sio_cursor_done(&c);
}

/* ---- broadcasts in JSON, as write_json() has them ---- */

/* A text that is the same inside its quotes; a view. */
static inline bool json_text(sio_cursor *c, sio_str *text)
{
    const char *start = (const char *)c->at + 1, *end = (const char *)c->end;
    if (c->at == c->end || c->at[0] != '"')
        return false;
    const char *stop = sio__json_plain_run(start, end);
    if (stop == end || *stop != '"')
        return false;
    *text = sio_str_of(start, (size_t)(stop - start));
    c->at = (const unsigned char *)stop + 1;
    return true;
}

/* Where the packed form of a part begins and ends in scratch, which may still move. */
struct span {
    size_t at, len;
};

static sio_str view(const sio_buf *scratch, struct span span)
{
    return sio_str_of(scratch->ptr + span.at, span.len);
}

static bool json_value(sio_cursor *c, unsigned max_depth, sio_buf *scratch, struct span *span)
{
    size_t size;
    span->at = scratch->len;
    if (sio__json_read_first(sio_str_of(c->at, (size_t)(c->end - c->at)), max_depth, scratch,
                             &size) != SIO_OK)
        return false;
    span->len = scratch->len - span->at;
    c->at += size;
    return true;
}

/* [] or {}, mostly */
static bool json_empty(unsigned char packed, sio_buf *scratch, struct span *span)
{
    span->at = scratch->len;
    span->len = 1;
    return sio_buf_append(scratch, &packed, 1) == SIO_OK;
}

static bool json_names(sio_cursor *c, sio_buf *scratch, struct span *span)
{
    if (SIO__EAT(c, "[]"))
        return json_empty(0x90, scratch, span);
    return json_value(c, 1, scratch, span) && sio__part_is_names(view(scratch, *span));
}

static bool json_flags(sio_cursor *c, sio_buf *scratch, struct span *span)
{
    if (SIO__EAT(c, "{}"))
        return json_empty(0x80, scratch, span);
    if (c->at == c->end || c->at[0] != '{')
        return false;
    return json_value(c, FLAGS_DEPTH, scratch, span);
}

static bool json_event(sio_cursor *c, sio_buf *scratch, struct sio_message *out)
{
    struct sio__field event;
    struct span span;
    if (!json_value(c, EVENT_DEPTH, scratch, &span))
        return false;
    event.packed = view(scratch, span);
    return sio__part_event(&event, out);
}

static bool json_usual(sio_str payload, sio_buf *scratch, struct sio_message *out, sio_str *nsp)
{
    sio_cursor c = sio_cursor_at(payload);
    struct span rooms, except, flags;
    sio_buf_clear(scratch);
    if (!SIO__EAT(&c, "{\"type\":3,\"data\":{\"packet\":{\"type\":2,\"data\":") ||
        sio_buf_reserve(scratch, payload.len) != SIO_OK || !json_event(&c, scratch, out))
        return false;
    size_t args = out->args.len; /* they are the last in scratch so far */
    size_t args_at = scratch->len - args;
    if (!SIO__EAT(&c, "},") ||
        (SIO__EAT(&c, "\"requestId\":") &&
         (!json_text(&c, &out->request_id) || !SIO__EAT(&c, ","))) ||
        !SIO__EAT(&c, "\"opts\":{\"rooms\":") || !json_names(&c, scratch, &rooms) ||
        !SIO__EAT(&c, ",\"except\":") || !json_names(&c, scratch, &except) ||
        !SIO__EAT(&c, ",\"flags\":") || !json_flags(&c, scratch, &flags) ||
        !SIO__EAT(&c, "}},\"uid\":") || !json_text(&c, &out->uid) || !SIO__EAT(&c, ",\"nsp\":") ||
        !json_text(&c, nsp) || !SIO__EAT(&c, "}") || !sio_cursor_done(&c))
        return false;
    out->args = sio_str_of(scratch->ptr + args_at, args);
    out->rooms = view(scratch, rooms);
    out->except = view(scratch, except);
    out->flags = view(scratch, flags);
    out->packet_type = CLUSTER_EVENT;
    return true;
}

/* ---- whichever comes ---- */

/* {"type":N, with a number that no type has: what newer servers may say, to be passed by for
 * little. (Only a second "type" behind it could still mean one of ours; nobody writes that.) */
static bool is_unknown(sio_str payload)
{
    enum { DIGITS_MAX = 9 };
    sio_cursor c = sio_cursor_at(payload);
    unsigned type = 0, digits = 0;
    if (!SIO__EAT(&c, "{\"type\":"))
        return false;
    for (; digits < DIGITS_MAX && c.at < c.end && c.at[0] >= '0' && c.at[0] <= '9'; digits++)
        type = type * 10 + (*c.at++ - '0');
    return digits > 0 && SIO__EAT(&c, ",") &&
           (type == CLUSTER_NONE || type > CLUSTER_ADAPTER_CLOSE);
}

enum sio__verdict sio__sharded_decode(const struct sio__peer *peer, sio_str channel,
                                      sio_str payload, sio_buf *scratch, struct sio_message *out)
{
    sio_str suffix, uid, nsp;
    sio__part_none(peer, out);
    if (!sio__sharded_channel_read(peer, channel, &suffix))
        return SIO__NOT_OURS;
    bool is_json = payload.len > 0 && payload.ptr[0] == '{';
    if (is_json ? json_usual(payload, scratch, out, &nsp) : packed_usual(payload, out, &nsp))
        return sio_str_eq(nsp, peer->nsp) ? SIO__DECODED : SIO__NOT_OURS;
    if (is_json && is_unknown(payload) && sio__sharded_json_end(payload, &uid, &nsp))
        return sio_str_eq(nsp, peer->nsp) ? SIO__UNKNOWN_TYPE : SIO__NOT_OURS;
    return decode_any(peer, payload, scratch, out);
}
