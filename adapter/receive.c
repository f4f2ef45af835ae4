/* SPDX-License-Identifier: MIT */
/* From a message of Redis's to the file that acts on it. What is of no use here is left as
 * early as possible; what makes no sense is counted by reason and dropped. */
#include "adapter/requests.h"

void sio__receive_drop(sio_adapter *adapter, sio_drop why, sio_str channel)
{
    adapter->stats.dropped[why]++;
    if (adapter->host.dropped != NULL)
        adapter->host.dropped(adapter, why, channel, adapter->user);
}

static sio_drop drop_of(enum sio__verdict verdict)
{
    switch (verdict) {
    case SIO__NOT_OURS:
        return SIO_DROP_NOT_OURS;
    case SIO__MISSING_FIELD:
        return SIO_DROP_MISSING_FIELD;
    case SIO__UNKNOWN_TYPE:
        return SIO_DROP_UNKNOWN_TYPE;
    case SIO__DECODE_NOMEM:
        return SIO_DROP_NO_MEMORY;
    case SIO__DECODED:
    case SIO__MALFORMED:
        break;
    }
    return SIO_DROP_MALFORMED;
}

/* One message being read; no other comes before it is through, for a loop does not run inside
 * itself. */
struct reading {
    sio_adapter *adapter;
    enum sio__route route;
    sio_str channel, payload;
    struct sio_message msg;
};

/* Nobody is in the room that the channel names: not even decoded. */
static bool is_for_nobody(const struct reading *r)
{
    sio_str room;

    return r->adapter->wire->room_of(&r->adapter->peer, r->channel, &room) && room.ptr != NULL &&
           !sio__registry_has_room(r->adapter->registry, room);
}

/* An answer that nobody here waits for: to another server, late, doubled or forged. */
static bool is_unwanted_answer(const struct reading *r)
{
    sio_str id = r->adapter->wire->answers_to(r->payload);

    return id.ptr != NULL && sio__request_by_id(r->adapter, id) == NULL;
}

static bool is_early_ignored(const struct reading *r)
{
    switch (r->route) {
    case SIO__ROUTE_BROADCASTS:
    case SIO__ROUTE_ROOM:
        return is_for_nobody(r);
    case SIO__ROUTE_RESPONSES:
        return r->adapter->opts.decode == NULL && is_unwanted_answer(r);
    case SIO__ROUTE_REQUESTS:
        break;
    }
    return false;
}

/* JSON is told by its first byte; all else is the custom parser's. */
static enum sio__verdict parse(struct reading *r)
{
    const sio_adapter_opts *opts = &r->adapter->opts;
    bool is_broadcast = r->route == SIO__ROUTE_BROADCASTS || r->route == SIO__ROUTE_ROOM;

    if (opts->decode == NULL || (!is_broadcast && r->payload.len > 0 && r->payload.ptr[0] == '{'))
        return SIO__DECODED;
    sio_buf *packed = &r->adapter->packed;
    sio_buf_clear(packed);
    sio_status status = opts->decode(r->payload, packed, opts->parser_user);
    if (status != SIO_OK)
        return status == SIO_ENOMEM ? SIO__DECODE_NOMEM : SIO__MALFORMED;
    r->payload = sio_buf_str(packed);
    return SIO__DECODED;
}

static bool is_own(const sio_adapter *adapter, const struct sio_message *msg)
{
    return msg->uid.ptr != NULL && sio_str_eq(msg->uid, sio__adapter_uid(adapter));
}

/* An event for clients: 2, or as old peers send it with binary, 5. Others are not for
 * broadcasting; Node passes them on and so has clients disconnect. */
static bool is_event(const struct sio_message *msg)
{
    enum { EVENT = 2, BINARY_EVENT = 5 };

    return msg->packet_type == EVENT || msg->packet_type == BINARY_EVENT;
}

/* Clients disconnect with "parse error" when they get one; Node passes it on. */
static bool is_reserved(const struct sio_message *msg)
{
    sio_cursor c = sio_cursor_at(msg->args);
    sio_value event;

    return sio_cursor_read(&c, &event) == SIO_OK && event.type == SIO_STRING &&
           sio__outgoing_is_reserved(SIO__FOR_CLIENTS, event.v.text);
}

static void act_on_broadcast(struct reading *r)
{
    if (is_own(r->adapter, &r->msg))
        r->adapter->stats.ignored++;
    else if (!is_event(&r->msg))
        sio__receive_drop(r->adapter, SIO_DROP_UNKNOWN_TYPE, r->channel);
    else if (is_reserved(&r->msg))
        sio__receive_drop(r->adapter, SIO_DROP_RESERVED, r->channel);
    else if (r->msg.request_id.ptr == NULL)
        sio__deliver_message(r->adapter, &r->msg);
    else
        sio__respond(r->adapter, &r->msg);
}

/* Own questions are known by their ids, as Node does; own server-side events by the uid. */
static bool is_own_request(const struct reading *r)
{
    return is_own(r->adapter, &r->msg) ||
           (r->msg.request_id.ptr != NULL &&
            sio__request_by_id(r->adapter, r->msg.request_id) != NULL);
}

static void act_on_request(struct reading *r)
{
    switch (r->msg.type) {
    case SIO_MSG_SOCKETS_JOIN:
    case SIO_MSG_SOCKETS_LEAVE:
    case SIO_MSG_DISCONNECT_SOCKETS:
        if (is_own(r->adapter, &r->msg) && !r->adapter->wire->own_ops_by_echo)
            r->adapter->stats.ignored++;
        else
            sio__respond(r->adapter, &r->msg);
        break;
    case SIO_MSG_BROADCAST:
        if (is_own_request(r))
            r->adapter->stats.ignored++;
        else
            act_on_broadcast(r);
        break;
    default:
        if (is_own_request(r))
            r->adapter->stats.ignored++;
        else
            sio__respond(r->adapter, &r->msg);
    }
}

static void act_on_answer(struct reading *r)
{
    struct sio__request *request = sio__request_by_id(r->adapter, r->msg.request_id);

    if (request == NULL || !request->asked)
        r->adapter->stats.ignored++;
    else
        sio__request_answered(r->adapter, request, &r->msg, r->channel);
}

static void read_message(struct reading *r)
{
    sio_adapter *adapter = r->adapter;

    adapter->stats.received++;
    if (is_early_ignored(r)) {
        adapter->stats.ignored++;
        return;
    }
    enum sio__verdict verdict = parse(r);
    if (verdict == SIO__DECODED)
        verdict = adapter->wire->decode(&adapter->peer, r->channel, r->payload, &adapter->scratch,
                                        &r->msg);
    if (verdict != SIO__DECODED) {
        sio__receive_drop(adapter, drop_of(verdict), r->channel);
        return;
    }
    switch (r->route) {
    case SIO__ROUTE_BROADCASTS:
    case SIO__ROUTE_ROOM:
        act_on_broadcast(r);
        break;
    case SIO__ROUTE_REQUESTS:
        act_on_request(r);
        break;
    case SIO__ROUTE_RESPONSES:
        act_on_answer(r);
        break;
    }
}

/* One large answer is no reason to keep its size. */
static void trim(sio_buf *buf)
{
    enum { KEPT = 256 * 1024 };

    if (buf->cap > KEPT)
        sio_buf_fini(buf);
}

void sio__receive(void *owner, int route, sio_str channel, sio_str payload)
{
    sio_adapter *adapter = owner;
    struct reading r; /* its message is large, and most messages are for nobody here */

    if (adapter->freeing)
        return;
    r.adapter = adapter;
    r.route = (enum sio__route)route;
    r.channel = channel;
    r.payload = payload;
    sio__adapter_enter(adapter);
    read_message(&r);
    trim(&adapter->scratch);
    trim(&adapter->packed);
    sio__adapter_leave(adapter);
}
