/* SPDX-License-Identifier: MIT */
/* The inside of an adapter, shared by the files that make it up:
 *
 *   adapter.c        making, freeing, what it is asked about itself
 *   sockets.c        sio/rooms.h: the registry, with the room channels
 *   subscriptions.c  what is subscribed to, gaps
 *   operations.c     public calls that publish: emit, join, leave, ...
 *   fetch.c, names.c, responses.c, count.c, acked.c   those that gather answers
 *   send.c           message -> wire -> link
 *   receive.c        link -> wire -> message -> the file that acts on it
 *   respond.c        answers to other nodes
 *   delivery.c       a message to the sockets here
 *   requests.c       own questions that are pending, see requests.h
 *   timer.c          what is due, and when
 *   awaited.c        clients' acknowledgements that are awaited
 *
 * One message in: link -> subscriptions.c -> receive.c (room known here? decode; own?)
 * -> delivery.c (select, host). One out: operations.c (check) -> send.c -> link, and
 * delivery.c for the sockets here. */
#ifndef SIO_ADAPTER_IMPL_H
#define SIO_ADAPTER_IMPL_H

#include <sio/adapter.h>

#include "adapter/registry.h"
#include "link/publish.h"
#include "link/subscribe.h"
#include "wire/id.h"
#include "wire/message.h"
#include "wire/outgoing.h"
#include "wire/wire.h"

struct event;
struct event_base;
struct sio__awaited;
struct sio__request;

enum { SIO__ID_MAX = 16, SIO__REQUEST_BUCKETS = 16 };

/* The clock tells no more than 24 days apart. */
enum { SIO__LONGEST_MS = 24 * 3600 * 1000 };

/* What one delivery works with; one for each nesting depth, reused. */
struct sio__level {
    struct sio__recipients recipients;
    sio_buf data; /* an own event and its arguments in a row */
};

struct sio_adapter {
    sio_link *link;          /* NULL: this process only */
    struct event_base *base; /* of the timer; NULL: none */
    sio_host host;
    void *user;
    sio_adapter_opts opts; /* its strings, host and user are not used: see peer */
    struct sio__bounds bounds;
    const struct sio__wire *wire;
    struct sio__peer peer; /* key and nsp are views of `names` */
    char *names;
    struct sio__ids ids;
    char uid[SIO__ID_MAX];
    unsigned uid_len;

    unsigned refs;  /* the owner's; one for each completion and answer still to come */
    unsigned depth; /* of entered calls, see sio__adapter_enter() */
    bool freeing, closed;
    bool unlinked; /* the link is closed, and perhaps gone */
    bool ready;    /* all subscriptions are live */

    struct sio__registry *registry;
    struct sio__listener *listener; /* NULL: none */
    sio_buf scratch, packed;        /* of the message being read */
    sio_buf name;                   /* a channel's name being written */

    size_t described; /* bytes of a socket's description, the last time */

    struct sio__level **levels;
    unsigned levels_room, nesting;

    struct sio__request *requests[SIO__REQUEST_BUCKETS];
    uintptr_t last_serial;
    uint32_t recount_at_ms; /* while requests are pending */
    bool recounting;
    struct event *tick; /* made when first needed */
    bool tick_armed;
    uint32_t tick_at_ms;

    struct sio__awaited *awaited;
    uint64_t next_packet_id;

    sio_adapter_stats stats;
};

/* -- adapter.c -- */

/* Every call that may call back runs between these two: an adapter that is freed meanwhile
 * lives until the outermost leave. */
void sio__adapter_enter(sio_adapter *adapter);
void sio__adapter_leave(sio_adapter *adapter); /* it may be gone afterwards */
void sio__adapter_ref(sio_adapter *adapter);
void sio__adapter_unref(sio_adapter *adapter); /* it may be gone afterwards */
/* SIO_OK, SIO_ECLOSED or SIO_EFORK. */
sio_status sio__adapter_check(const sio_adapter *adapter);

static inline sio_str sio__adapter_uid(const sio_adapter *adapter)
{
    return sio_str_of(adapter->uid, adapter->uid_len);
}

/* -- timer.c -- */

/* Make the timer: SIO_OK, SIO_ENOMEM, or SIO_EINVAL, there is no loop. Then have it run
 * when the next request or ack is due. */
sio_status sio__timer_prepare(sio_adapter *adapter);
void sio__timer_arm(sio_adapter *adapter);
void sio__timer_fini(sio_adapter *adapter);

/* -- subscriptions.c -- */

sio_status sio__subscriptions_open(sio_adapter *adapter);
void sio__subscriptions_close(sio_adapter *adapter);
/* A room is about to have its first socket here, or has lost its last. */
sio_status sio__subscriptions_room(sio_adapter *adapter, sio_str room);
void sio__subscriptions_room_gone(sio_adapter *adapter, sio_str room);

/* -- sockets.c -- */

void sio__sockets_on_change(void *adapter, sio_room_event event, sio_str room, sio_socket *socket);
sio_status sio__sockets_join(sio_adapter *adapter, sio_socket *socket, sio_str room);

/* -- operations.c -- */

/* Check a call that emits to clients, and make its message. */
sio_status sio__operation_event(sio_adapter *adapter, struct sio__outgoing *o, const sio_target *to,
                                sio_str event, const sio_args *args, struct sio__target_view *view);
/* Gather its recipients here, as sio__delivery_begin(), and what they get. */
struct sio__level *sio__operation_gather(sio_adapter *adapter, const struct sio_message *msg,
                                         sio_broadcast *b);

/* -- send.c -- */

/* A message with the adapter's own fields filled in. */
void sio__send_init(const sio_adapter *adapter, struct sio_message *msg,
                    enum sio_message_type type);
/* Append channel and payload to an empty frame; the custom parser has its turn. */
sio_status sio__send_encode(sio_adapter *adapter, const struct sio_message *msg, sio_str to_uid,
                            struct sio__frame *frame);
/* Publish a frame. done NULL: nobody is told. Never calls back before it returns. */
sio_status sio__send_frame(sio_adapter *adapter, const struct sio__frame *frame,
                           sio_adapter_done_cb *done, void *user);
/* Both. to_uid: whom an answer is for. */
sio_status sio__send_message(sio_adapter *adapter, const struct sio_message *msg, sio_str to_uid,
                             sio_adapter_done_cb *done, void *user);
/* Publish a frame that asks, for the request of this serial: a failure ends the request. */
sio_status sio__send_question(sio_adapter *adapter, const struct sio__frame *frame,
                              uintptr_t serial);
/* Have the servers counted, for the request of this serial; 0: once more for all. */
sio_status sio__send_count(sio_adapter *adapter, uintptr_t serial);
/* Count the servers by the channels that each has for itself alone. */
sio_status sio__send_census(sio_adapter *adapter);

/* -- receive.c -- */

void sio__receive(void *adapter, int route, sio_str channel, sio_str payload);
void sio__receive_drop(sio_adapter *adapter, sio_drop why, sio_str channel);

/* -- respond.c -- */

/* Execute and answer another node's request. */
void sio__respond(sio_adapter *adapter, const struct sio_message *msg);
/* Publish an answer for the server of this uid (ptr NULL: it gave none), and count it. */
sio_status sio__respond_send(sio_adapter *adapter, const struct sio_message *msg, sio_str to_uid);
/* Append descriptions {id, handshake, rooms, data} of the target's sockets here, as one
 * packed array; and to `noted`, unless NULL, the extents of the handshakes. */
sio_status sio__respond_describe(sio_adapter *adapter, sio_str rooms, sio_str except, sio_buf *out,
                                 sio_buf *noted);
/* Append the ids of the target's sockets here, or the rooms here, as one packed array. */
sio_status sio__respond_sids(sio_adapter *adapter, sio_str rooms, sio_str except, sio_buf *out);
sio_status sio__respond_rooms(sio_adapter *adapter, sio_buf *out);

/* -- delivery.c -- */

/* Gather the target's sockets here. NULL: no memory. Given back by sio__delivery_end(),
 * the last one first. */
struct sio__level *sio__delivery_begin(sio_adapter *adapter, sio_str rooms, sio_str except);
void sio__delivery_end(sio_adapter *adapter);
/* Hand a broadcast to those gathered. */
void sio__deliver(sio_adapter *adapter, struct sio__level *level, sio_broadcast *b);
/* Set what is derived of b->flags. */
void sio__delivery_flags(sio_broadcast *b);
/* A broadcast of another node's, no acknowledgement wanted. */
void sio__deliver_message(sio_adapter *adapter, const struct sio_message *msg);
/* Joins, leaves, disconnects the target's sockets here, or the one that the old form names.
 * Whether that one is here. */
bool sio__delivery_manage(sio_adapter *adapter, const struct sio_message *msg);

/* -- awaited.c -- */

/* Who waits for the acks: a request of our own, or another node's. */
struct sio__ack_owner {
    uintptr_t serial;   /* own request's; 0: another node's, that is */
    sio_str request_id; /* copied */
    sio_str uid;        /* copied; ptr NULL: not given */
};
/* Whether so many more acks may be awaited: SIO_OK or SIO_EFULL. */
sio_status sio__awaited_room(const sio_adapter *adapter, const struct sio__level *level);
/* Deliver to the gathered sockets with a new packet id and await their acks for
 * timeout_ms. The number of clients that were asked is told to `owner` before the first
 * delivery. SIO_OK or SIO_ENOMEM (nothing was delivered or told). */
sio_status sio__awaited_deliver(sio_adapter *adapter, struct sio__level *level, sio_broadcast *b,
                                const struct sio__ack_owner *owner, uint32_t timeout_ms);
void sio__awaited_forget(sio_adapter *adapter, sio_socket *socket);       /* it goes away */
void sio__awaited_forget_request(sio_adapter *adapter, uintptr_t serial); /* it has ended */
void sio__awaited_expire(sio_adapter *adapter, uint32_t now_ms);
int64_t sio__awaited_due(const sio_adapter *adapter, uint32_t now_ms); /* ms; -1: nothing */
void sio__awaited_fini(sio_adapter *adapter);

#endif
