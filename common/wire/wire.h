/* SPDX-License-Identifier: MIT */
/* A wire turns messages into (channel, payload) and back. Emitter and adapter are
 * written against messages; a new wire is a new table. */
#ifndef SIO_COMMON_WIRE_WIRE_H
#define SIO_COMMON_WIRE_WIRE_H

#include <sio/buf.h>
#include <sio/export.h>
#include <sio/status.h>

#include "wire/message.h"

/* Who speaks: emitters order and omit some fields differently from servers. */
enum sio__role { SIO__EMITTER, SIO__SERVER };

/* The endpoint's fixed circumstances. Borrowed strings. */
struct sio__peer {
    enum sio__role role;
    sio_str key; /* channel prefix, "socket.io" by default */
    sio_str nsp;
    bool answers_to_uid; /* answers go to the requester's own channel */
};

/* An encoded message: one buffer that holds the channel and behind it the payload. */
struct sio__frame {
    sio_buf buf;
    size_t channel_len;
};

static inline sio_str sio__frame_channel(const struct sio__frame *frame)
{
    return sio_str_of(frame->buf.ptr, frame->channel_len);
}

static inline sio_str sio__frame_payload(const struct sio__frame *frame)
{
    return sio_str_of(frame->buf.ptr + frame->channel_len, frame->buf.len - frame->channel_len);
}

/* Why received bytes were dropped. */
enum sio__verdict {
    SIO__DECODED,
    SIO__NOT_OURS,      /* another channel or namespace */
    SIO__MALFORMED,     /* neither JSON nor MessagePack, or cut */
    SIO__MISSING_FIELD, /* decodes, but a field it needs is absent or of a wrong type */
    SIO__UNKNOWN_TYPE,  /* a message type this wire does not know */
    SIO__DECODE_NOMEM
};

/* What a subscription of a server brings; the tag its messages come back with. */
enum sio__route {
    SIO__ROUTE_BROADCASTS, /* the namespace's pattern, or its own channel */
    SIO__ROUTE_ROOM,       /* one room's channel, in per-room mode */
    SIO__ROUTE_REQUESTS,
    SIO__ROUTE_RESPONSES
};

/* A name to subscribe to, appended to an empty buffer. */
struct sio__subscription_name {
    enum sio__route route;
    bool is_pattern;
    sio_buf *name;
};

struct sio__wire {
    const char *name;

    /* -- policy -- */
    const char *id_alphabet;       /* of uids and request ids */
    unsigned uid_len, request_id_len;
    bool own_ops_by_echo;          /* a server's own join, leave and disconnect take effect when
                                      Redis brings them back; else after publishing */
    bool acked_flags;              /* flags of acknowledged broadcasts hold for other servers too */

    /* -- channels -- */
    /* The n-th subscription of a server (from 0). per_room: broadcasts by the namespace's
     * channel instead of by pattern. SIO_OK, SIO_ENOMEM, or SIO_EINVAL: there is no n-th. */
    sio_status (*subscription)(const struct sio__peer *peer, sio_str uid, bool per_room,
                               unsigned n, struct sio__subscription_name *out);
    /* Append the channel of a room of its own. */
    sio_status (*room_channel)(const struct sio__peer *peer, sio_str room, sio_buf *out);
    /* Append the channel whose subscribers are the servers. */
    sio_status (*servers_channel)(const struct sio__peer *peer, sio_buf *out);

    /* -- before decoding -- */
    /* The room that a broadcast's channel names; false: the channel is not this namespace's.
     * ptr NULL: none, it may be for any. The channel came by a subscription of ours. */
    bool (*room_of)(const struct sio__peer *peer, sio_str channel, sio_str *room);
    /* The request id of an answer, if it stands where Node writes it, else ptr NULL; spares
     * the decoding of answers to others. */
    sio_str (*answers_to)(sio_str payload);

    /* -- messages -- */
    /* Append the channel and payload of a message to an empty frame.
     * to_uid: whom an answer is for (the request's uid); ignored otherwise.
     * SIO_OK, SIO_ENOMEM, or SIO_EINVAL: this wire cannot say it. */
    sio_status (*encode)(const struct sio__peer *peer, const struct sio_message *msg,
                         sio_str to_uid, struct sio__frame *frame);
    /* Fill `out` with views into `payload` and `scratch` (which a JSON payload is
     * transcoded into; cleared first). Trusts nothing. */
    enum sio__verdict (*decode)(const struct sio__peer *peer, sio_str channel, sio_str payload,
                                sio_buf *scratch, struct sio_message *out);
};

SIO_API extern const struct sio__wire sio__wire_classic;

#endif
