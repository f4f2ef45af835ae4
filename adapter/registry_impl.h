/* SPDX-License-Identifier: MIT */
/* The inside of a registry, shared by the files that make it up:
 *
 *   registry.c         sockets come, connect, go
 *   registry_rooms.c   join, leave, rooms that begin and end, with their hooks
 *   registry_links.c   the two halves of a membership
 *   registry_names.c   sid -> socket, name -> room
 *   registry_select.c  who receives
 *   registry_each.c    what a registry is asked
 *   registry_flaw.c    whether it fits together
 *
 * Sockets and rooms have numbers. A membership is an entry in the socket's list and one in
 * the room's array, each eight bytes, each knowing where the other stands. The array is
 * swapped, the list is shifted, because the order of a socket's rooms is Node's; so where an
 * entry stands in a list is a hint, from which it is found in a few steps.
 *
 * The room of a socket's own id is a flag of the socket and its place among the socket's
 * rooms, until another socket joins it. */
#ifndef SIO_ADAPTER_REGISTRY_IMPL_H
#define SIO_ADAPTER_REGISTRY_IMPL_H

#include "adapter/registry.h"
#include "adapter/registry_pool.h"
#include "index.h"

/* A socket is in a room: the socket's half ... */
struct sio__entry {
    uint32_t room;
    uint32_t place; /* among the room's members */
};

/* ... and the room's. */
struct sio__member {
    uint32_t socket;
    uint32_t place; /* hint: which of the list's slots it stands in */
};

/* A socket's rooms, in the order it joined them. Leaving the first ones moves `first`. */
struct sio__list {
    uint32_t first, count, cap;
    uint32_t promised; /* slots for joins that are under way */
    struct sio__entry slots[];
};

enum { SIO__SID_INLINE = 20 /* as long as Node's */, SIO__NAME_INLINE = 34 };

struct sio_socket {
    union {
        struct sio__pool_link link;
        uint32_t mark; /* the selection that has met it last */
    };
    uint32_t number : 27;
    uint32_t registered : 1;
    uint32_t connected : 1;
    uint32_t leaving : 1;  /* being removed */
    uint32_t own_in : 1;   /* is in the room of its own id, which is a flag */
    uint32_t own_kept : 1; /* that room is there, even if empty: a hook of it is being told */
    void *user, *slot;
    struct sio__list *list; /* NULL: no memory yet */
    uint32_t at;            /* among the connected ones */
    uint32_t own_at;        /* the own room stands before this one of the list, from 0 */
    uint32_t sid_len;
    char sid[SIO__SID_INLINE]; /* or a pointer to it */
};

struct sio__room {
    struct sio__pool_link link;
    uint32_t count, cap;
    uint32_t unconnected; /* members that are not connected */
    struct sio__member *members;
    uint32_t name_len;
    bool live;
    bool kept;                   /* it is there, even if empty: a hook of it is being told */
    char name[SIO__NAME_INLINE]; /* or a pointer to it */
};

_Static_assert(sizeof(struct sio_socket) == SIO__POOL_ITEM, "a socket is a pool's item");
_Static_assert(sizeof(struct sio__room) == SIO__POOL_ITEM, "a room is a pool's item");

struct sio__registry {
    sio__registry_cb *cb;
    void *owner;
    struct sio__pool sockets, rooms;
    struct sio__index sids, names; /* -> sockets, rooms */
    uint64_t key[2];
    sio_socket **connected; /* those that receive */
    uint32_t nconnected, connected_cap;
    uint32_t own_rooms; /* rooms that are flags */
    uint32_t leaving;   /* connected sockets that are being removed */
    uint32_t selection; /* number of the last one; 0: none has marked yet */
    uint32_t holds;
    bool closing;
};

static inline sio_socket *sio__socket_at(const struct sio__registry *registry, uint32_t number)
{
    return sio__pool_at(&registry->sockets, number);
}

static inline struct sio__room *sio__room_at(const struct sio__registry *registry, uint32_t number)
{
    return sio__pool_at(&registry->rooms, number);
}

static inline bool sio__is_staying(const sio_socket *socket)
{
    return socket->registered && !socket->leaving;
}

static inline bool sio__is_receiving(const sio_socket *socket)
{
    return socket->registered && socket->connected && !socket->leaving;
}

static inline void sio__tell(const struct sio__registry *registry, sio_room_event event,
                             sio_str room, sio_socket *socket)
{
    if (registry->cb != NULL)
        registry->cb(registry->owner, event, room, socket);
}

/* -- registry_names.c -- */

/* Text of an item: inside it if it fits, else allocated. false: no memory, or beyond 4 GiB. */
bool sio__text_keep(char *inside, size_t room, sio_str text);
void sio__text_drop(char *inside, size_t room, size_t len);
sio_str sio__room_text(const struct sio__room *room);

uint32_t sio__name_hash(const struct sio__registry *registry, sio_str name);

/* What a name stands for among rooms. */
struct sio__found {
    uint32_t room;     /* SIO__NONE: not stored */
    sio_socket *owner; /* whose own room it is then; NULL: there is no such room */
};
struct sio__found sio__find_room(const struct sio__registry *registry, sio_str name, uint32_t hash);
/* The same for a name that is often none here. */
static inline struct sio__found sio__find_any(const struct sio__registry *registry, sio_str name)
{
    uint32_t hash = sio__name_hash(registry, name);

    if (registry->own_rooms > 0) /* if it is no stored room, this is looked at next */
        sio__index_prefetch(&registry->sids, hash);
    return sio__find_room(registry, name, hash);
}
sio_socket *sio__find_socket(const struct sio__registry *registry, sio_str sid, uint32_t hash);

/* -- registry_links.c -- */

/* The next capacity: allocations of entries that leave nothing of malloc's 16 bytes unused. */
static inline uint32_t sio__grown(uint32_t cap)
{
    return cap < 3 ? 3 : (cap + cap / 2) | 1;
}

/* Room for more memberships; `room`: for one more. false: no memory. */
bool sio__list_reserve(sio_socket *socket, uint32_t more);
bool sio__members_reserve(struct sio__room *room);

/* Which slot of the socket's list the room stands in. SIO__NONE: it is not in there. */
uint32_t sio__membership(const struct sio__registry *registry, const sio_socket *socket,
                         uint32_t room);
/* Both halves at the ends, reserved before. */
void sio__attach(struct sio__registry *registry, sio_socket *socket, uint32_t room);
/* As the n-th of the socket's rooms. */
void sio__attach_at(struct sio__registry *registry, sio_socket *socket, uint32_t room, uint32_t n);
void sio__detach(struct sio__registry *registry, sio_socket *socket, uint32_t slot);
/* Have the memory at hand that leaving the socket's first rooms will touch. */
enum { SIO__AHEAD = 16 /* rooms */ };
void sio__prefetch_detach(const struct sio__registry *registry, const sio_socket *socket);

/* -- registry_rooms.c -- */

/* For connecting: the own room will not lack memory. false: no memory. */
bool sio__own_reserve(sio_socket *socket, const struct sio__registry *registry, uint32_t hash);

/* The registry is held by the caller of these. */
sio_status sio__join_held(struct sio__registry *registry, sio_socket *socket, sio_str name,
                          uint32_t hash);
void sio__leave_slot(struct sio__registry *registry, sio_socket *socket, uint32_t slot);
void sio__leave_own(struct sio__registry *registry, sio_socket *socket);
/* The socket is about to be forgotten while a hook of its own room is being told: end it. */
void sio__abandon_own(struct sio__registry *registry, sio_socket *socket);

#endif
