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

/* Which rooms have channels of their own, for broadcasts to them alone, where the nodes of a
 * cluster have to agree on that (rooms_agreed); a Node adapter's subscriptionMode. */
enum sio__rooms_mode {
    SIO__ROOMS_STATIC,         /* none */
    SIO__ROOMS_DYNAMIC,        /* all whose names do not look like socket ids */
    SIO__ROOMS_DYNAMIC_PRIVATE /* all */
};

/* The endpoint's fixed circumstances. Borrowed strings. */
struct sio__peer {
    enum sio__role role;
    sio_str key; /* channel prefix, "socket.io" by default */
    sio_str nsp;
    sio_str uid;         /* a server's own; ptr NULL: not known */
    bool answers_to_uid; /* answers go to the requester's own channel */
    enum sio__rooms_mode rooms_mode;
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
    SIO__ROUTE_REQUESTS,   /* also of all the rest, where one channel brings it: a message's type
                              tells */
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
    const char *id_alphabet; /* of uids and request ids */
    unsigned uid_len, request_id_len;
    bool own_ops_by_echo;  /* a server's own join, leave and disconnect take effect when
                              Redis brings them back; else after publishing */
    bool acked_flags;      /* flags of acknowledged broadcasts hold for other servers too */
    bool awaits_publish;   /* what a server sends takes effect there when Redis has answered,
                              even if it refused; else at once */
    bool answers_have_uid; /* answers tell whose they are: each server's counts once */
    bool asks_for_names;   /* SOCKETS and ALL_ROOMS can be said; else FETCH_SOCKETS has to do */
    bool takes_parser;     /* a custom parser may stand in for its codec */
    bool shard_channels;   /* its names are shard channels: SPUBLISH, SSUBSCRIBE and PUBSUB
                              SHARDNUMSUB instead of PUBLISH, SUBSCRIBE and NUMSUB */
    bool rooms_agreed;     /* which rooms have channels is told by the peer's rooms_mode, for
                              publishing too; else each server subscribes as it likes */

    /* -- channels -- */
    /* The n-th subscription of a server (from 0). per_room: broadcasts by the namespace's
     * channel instead of by pattern, where a server has the choice. SIO_OK, SIO_ENOMEM, or
     * SIO_EINVAL: there is no n-th. */
    sio_status (*subscription)(const struct sio__peer *peer, sio_str uid, bool per_room, unsigned n,
                               struct sio__subscription_name *out);
    /* Append the channel of a room of its own. SIO_OK, SIO_ENOMEM, or SIO_EINVAL: this room has
     * none, its messages come by the server's other subscriptions. */
    sio_status (*room_channel)(const struct sio__peer *peer, sio_str room, sio_buf *out);
    /* Append the channel whose subscribers are the servers. */
    sio_status (*servers_channel)(const struct sio__peer *peer, sio_buf *out);
    /* Append a pattern (Redis's glob) of the channels that each live server alone listens on. */
    sio_status (*servers_pattern)(const struct sio__peer *peer, sio_buf *out);

    /* -- before decoding -- */
    /* The room that a broadcast's channel names; false: the channel is not this namespace's.
     * ptr NULL: none, it may be for any. The channel came by a subscription of ours. */
    bool (*room_of)(const struct sio__peer *peer, sio_str channel, sio_str *room);
    /* The request id of an answer, if it stands where Node writes it, else ptr NULL; spares
     * the decoding of answers to others. */
    sio_str (*answers_to)(sio_str payload);
    /* The uid of a message's sender, if it stands where Node writes it and can be had for little,
     * else ptr NULL; spares the decoding of what a server sent itself. */
    sio_str (*sender)(sio_str payload);

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

SIO_API extern const struct sio__wire sio__wire_classic, sio__wire_sharded;

#endif
