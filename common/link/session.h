/* SPDX-License-Identifier: MIT */
/* One connection of a link over all its life: locate, dial, greet, up, lost, wait, and again.
 * Where it goes, and what is said on it when it is up, is its owner's business. */
#ifndef SIO_COMMON_LINK_SESSION_H
#define SIO_COMMON_LINK_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include <sio/link.h>
#include <sio/status.h>

#include "link/backoff.h"
#include "link/conn.h"
#include "link/connect.h"
#include "link/greeting.h"
#include "link/place.h"

struct event;
struct sio__sentinels;
struct sio__session;

enum sio__session_state {
    SIO__SESSION_NEW,      /* no attempt yet */
    SIO__SESSION_WAITING,  /* for the next attempt */
    SIO__SESSION_LOCATING, /* its owner does not know yet where to dial */
    SIO__SESSION_DIALING,
    SIO__SESSION_GREETING, /* connected, its first answers are awaited */
    SIO__SESSION_UP,
    SIO__SESSION_OVER
};

/* What an owner is told and asked. Any of them may bring about the end of the link, which
 * then lasts until the event has been seen to. */
struct sio__session_ops {
    /* An attempt begins: fill in where to dial. false: not known yet; then
     * sio__session_located() or sio__session_lose() must follow, and session->peer may be
     * filled in with who is asked meanwhile. */
    bool (*locate)(struct sio__session *session, struct sio__place *place);
    void (*connecting)(struct sio__session *session); /* an attempt has begun */
    void (*up)(struct sio__session *session);
    /* Up: take what has arrived, as sio__conn_read() does; SIO_ECLOSED: session->drop says
     * why the connection is of no use any more. */
    sio_status (*read)(struct sio__session *session);
    /* Up: an answer that sio__conn_read() found. false: it is not wanted, see drop. */
    bool (*answer)(struct sio__session *session, const struct sio__reply *reply);
    void (*pings)(struct sio__session *session); /* up: a PING is about to be sent; NULL allowed */
    bool (*awaits)(const struct sio__session *session); /* up: answers, but for a PING's */
    void (*lost)(struct sio__session *session);         /* it was up; what is in flight is gone */
    /* It was lost, or an attempt has failed; the next one begins in retry_in_ms. */
    void (*down)(struct sio__session *session, bool was_up, sio_status status, const char *text,
                 uint32_t retry_in_ms);
};

enum { SIO__REASON_MAX = 256 };

struct sio__session {
    sio_link *link;
    const struct sio__session_ops *ops;
    enum sio__session_state state;
    struct event *timer;     /* the end of an attempt, or of the wait for the next one */
    struct sio__place place; /* of this attempt, once it is located */
    struct sio__connect connect;
    struct sio__conn conn;
    struct sio__greeting greeting;
    struct sio__backoff backoff;
    unsigned attempt;
    char peer[SIO__PEER_MAX];
    sio_status drop; /* a handler of answers wants the connection dropped: why, */
    char drop_text[SIO__REASON_MAX];
    uint32_t heard_ms;    /* when bytes came last */
    uint32_t progress_ms; /* when the peer last showed that it takes or answers something */
    bool ping_unanswered;
    uint64_t up_in, up_out; /* bytes when it came up */
    unsigned mute_ends;     /* in a row: the peer was sent something and closed without a word */
    struct sio__sentinels *sentinels; /* it follows their master; NULL: it does not */
    struct sio__session *next;        /* that does */
};

/* It greets as the link's configuration says; owners may change session->greeting after this. */
void sio__session_init(struct sio__session *session, sio_link *link,
                       const struct sio__session_ops *ops);
sio_status sio__session_make_timer(struct sio__session *session); /* SIO_OK or SIO_ENOMEM */
void sio__session_fini(struct sio__session *session);

void sio__session_start(struct sio__session *session); /* no effect if it is not new */
void sio__session_end(struct sio__session *session);
/* In the child of a fork(): close what is open, touch nothing else. */
void sio__session_after_fork(struct sio__session *session);

/* LOCATING: this is where. No effect in any other state. */
void sio__session_located(struct sio__session *session, const struct sio__place *place);
/* WAITING: the next attempt begins now. No effect in any other state. */
void sio__session_retry(struct sio__session *session);
/* From outside of its handlers: the attempt has failed, or the connection is of no use any
 * more. No effect if there is neither. */
void sio__session_lose(struct sio__session *session, sio_status status, const char *text);

/* Where the link's URL says: its one server, or the master that its sentinels name. */
bool sio__session_locate(struct sio__session *session, struct sio__place *place);

/* Up: bytes are about to be written. */
void sio__session_begin_write(struct sio__session *session, uint32_t now_ms);
void sio__session_write_failed(struct sio__session *session);
void sio__session_read(struct sio__session *session);
/* For handlers of answers: have the connection dropped. Returns false. */
bool sio__session_drop(struct sio__session *session, sio_status status, const char *text);

/* PING a peer that is silent, drop one that does not answer. */
void sio__session_check_peer(struct sio__session *session, uint32_t now_ms);
/* Milliseconds, from now on, until that is due; only when it is up. */
int64_t sio__session_check_due(const struct sio__session *session, uint32_t now_ms);

#endif
