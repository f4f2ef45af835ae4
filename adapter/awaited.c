/* SPDX-License-Identifier: MIT */
/* Clients' acknowledgements that are awaited: for each packet with an id, the sockets it
 * went to. An entry goes when all have answered or gone, or its time is over: Node keeps
 * those of silent clients for as long as the client lives. */
#include "adapter/requests.h"

#include <stdlib.h>

#include <sio/value.h>

#include "link/clock.h"

enum { BUCKETS = 256, MAX_ENTRIES = 16384 };

struct entry {
    struct entry *next;
    uint64_t id; /* the packet's */
    uint32_t deadline_ms;
    size_t count, left;
    bool *acked;          /* by socket, answered or gone */
    sio_socket **sockets; /* sorted by address */
    struct sio__ack_owner owner;
};

struct sio__awaited {
    struct entry *buckets[BUCKETS];
    size_t entries;
    uint32_t due_ms; /* no deadline is earlier */
};

static int compare(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (sio_socket *const *)a, y = (uintptr_t) * (sio_socket *const *)b;

    return (x > y) - (x < y);
}

/* How many entries await a socket. */
static void count_for(sio_socket *socket, int more)
{
    void **slot = sio__socket_slot(socket);

    *slot = (void *)((uintptr_t)*slot + (uintptr_t)more);
}

/* -- entries -- */

static sio_str copy_into(char **at, sio_str text)
{
    sio_str copy = {text.ptr != NULL ? *at : NULL, text.len};

    if (text.len > 0)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return copy;
}

/* Who is still there of those that were gathered: the host was called since. */
static size_t keep_connected(struct sio__recipients *to)
{
    size_t kept = 0;

    for (size_t i = 0; i < to->count; i++) {
        to->sockets[kept] = to->sockets[i];
        kept += sio__socket_connected(to->sockets[i]);
    }
    to->count = kept;
    return kept;
}

/* One piece of memory: the entry, its sockets, their marks, the owner's texts. */
static struct entry *new_entry(const struct sio__recipients *to, const struct sio__ack_owner *owner)
{
    size_t n = to->count;
    struct entry *entry = malloc(sizeof *entry + n * sizeof(sio_socket *) + n * sizeof(bool) +
                                 owner->request_id.len + owner->uid.len);

    if (entry == NULL)
        return NULL;
    entry->sockets = (sio_socket **)(entry + 1);
    entry->acked = (bool *)(entry->sockets + n);
    char *texts = (char *)(entry->acked + n);
    entry->owner = *owner;
    entry->owner.request_id = copy_into(&texts, owner->request_id);
    entry->owner.uid = copy_into(&texts, owner->uid);
    entry->count = entry->left = n;
    memcpy(entry->sockets, to->sockets, n * sizeof(sio_socket *));
    qsort(entry->sockets, n, sizeof(sio_socket *), compare);
    memset(entry->acked, 0, n * sizeof(bool));
    return entry;
}

static struct entry **bucket(struct sio__awaited *awaited, uint64_t id)
{
    return &awaited->buckets[id % BUCKETS];
}

static void insert(sio_adapter *adapter, struct entry *entry)
{
    struct sio__awaited *awaited = adapter->awaited;
    struct entry **head = bucket(awaited, entry->id);

    entry->next = *head;
    *head = entry;
    if (awaited->entries++ == 0 || sio__ms_until(awaited->due_ms, entry->deadline_ms) > 0)
        awaited->due_ms = entry->deadline_ms;
    adapter->stats.acks_awaited += entry->left;
    for (size_t i = 0; i < entry->count; i++)
        count_for(entry->sockets[i], 1);
}

/* Nothing is awaited from its i-th socket any more. */
static void settle(sio_adapter *adapter, struct entry *entry, size_t i)
{
    entry->acked[i] = true;
    entry->left--;
    adapter->stats.acks_awaited--;
    count_for(entry->sockets[i], -1);
}

static void remove_entry(sio_adapter *adapter, struct entry **at)
{
    struct entry *entry = *at;

    *at = entry->next;
    adapter->awaited->entries--;
    for (size_t i = 0; i < entry->count; i++) {
        if (!entry->acked[i])
            settle(adapter, entry, i);
    }
    free(entry);
}

/* Where a socket that is still awaited stands in the entry; -1: nowhere. */
static ptrdiff_t place_of(const struct entry *entry, sio_socket *socket)
{
    sio_socket **found =
        bsearch(&socket, entry->sockets, entry->count, sizeof(sio_socket *), compare);

    if (found == NULL || entry->acked[found - entry->sockets])
        return -1;
    return found - entry->sockets;
}

/* Walk all entries; remove those that `drop` says. */
typedef bool drop_fn(sio_adapter *adapter, struct entry *entry, void *arg);

static void sweep(sio_adapter *adapter, drop_fn *drop, void *arg)
{
    if (adapter->awaited == NULL || adapter->awaited->entries == 0)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        struct entry **at = &adapter->awaited->buckets[i];

        while (*at != NULL) {
            if (drop(adapter, *at, arg))
                remove_entry(adapter, at);
            else
                at = &(*at)->next;
        }
    }
}

/* -- delivering -- */

static uint64_t draw_id(sio_adapter *adapter)
{
    if (adapter->host.packet_id != NULL)
        return adapter->host.packet_id(adapter, adapter->user);
    return adapter->next_packet_id++;
}

static void tell_count(sio_adapter *adapter, const struct sio__ack_owner *owner, uint32_t clients)
{
    struct sio_message msg;

    if (owner->serial != 0) {
        sio__acked_clients(adapter, owner->serial, clients);
        return;
    }
    sio__send_init(adapter, &msg, SIO_MSG_CLIENT_COUNT);
    msg.request_id = owner->request_id;
    msg.client_count = clients;
    sio__respond_send(adapter, &msg, owner->uid);
}

sio_status sio__awaited_room(const sio_adapter *adapter, const struct sio__level *level)
{
    uint64_t most = adapter->opts.max_acks;
    uint64_t now = adapter->stats.acks_awaited;

    if (adapter->awaited != NULL && adapter->awaited->entries >= MAX_ENTRIES)
        return SIO_EFULL;
    return most == 0 || level->recipients.count + now <= most ? SIO_OK : SIO_EFULL;
}

sio_status sio__awaited_deliver(sio_adapter *adapter, struct sio__level *level, sio_broadcast *b,
                                const struct sio__ack_owner *owner, uint32_t timeout_ms)
{
    struct entry *entry = NULL;

    if (adapter->awaited == NULL)
        adapter->awaited = calloc(1, sizeof *adapter->awaited);
    if (adapter->awaited == NULL)
        return SIO_ENOMEM;
    b->id = (int64_t)draw_id(adapter);
    size_t count = keep_connected(&level->recipients);
    if (count > 0) {
        entry = new_entry(&level->recipients, owner);
        if (entry == NULL)
            return SIO_ENOMEM;
    }
    if (entry != NULL) {
        entry->id = (uint64_t)b->id;
        entry->deadline_ms = sio__now_ms() + timeout_ms;
        insert(adapter, entry);
        sio__timer_arm(adapter);
    }
    tell_count(adapter, owner, (uint32_t)count);
    sio__deliver(adapter, level, b);
    return SIO_OK;
}

/* -- answers -- */

static struct entry **find(sio_adapter *adapter, sio_socket *socket, uint64_t id, size_t *place)
{
    struct entry **at = bucket(adapter->awaited, id);

    for (; *at != NULL; at = &(*at)->next) {
        ptrdiff_t i = (*at)->id == id ? place_of(*at, socket) : -1;

        if (i >= 0) {
            *place = (size_t)i;
            return at;
        }
    }
    return NULL;
}

static sio_status take_ack(sio_adapter *adapter, sio_socket *socket, uint64_t id,
                           const struct sio_message *ack)
{
    size_t place = 0;
    struct entry **at = adapter->awaited != NULL ? find(adapter, socket, id, &place) : NULL;
    uintptr_t serial;

    if (at == NULL)
        return SIO_EINVAL;
    serial = (*at)->owner.serial;
    if (serial == 0) {
        struct sio_message msg = *ack;

        msg.request_id = (*at)->owner.request_id;
        sio_status status = sio__respond_send(adapter, &msg, (*at)->owner.uid);
        if (status != SIO_OK)
            return status;
    }
    settle(adapter, *at, place);
    if ((*at)->left == 0)
        remove_entry(adapter, at);
    if (serial != 0)
        sio__acked_take(adapter, serial, ack->value);
    return SIO_OK;
}

sio_status sio_socket_ack(sio_socket *socket, uint64_t id, sio_str value)
{
    sio_adapter *adapter = sio_socket_adapter(socket);
    struct sio__outgoing o = {.bounds = &adapter->bounds};
    sio_status status = sio__adapter_check(adapter);

    if (status != SIO_OK)
        return status;
    sio__send_init(adapter, &o.msg, SIO_MSG_BROADCAST_ACK);
    status = sio__outgoing_value(&o, value);
    if (status != SIO_OK)
        return status;
    sio__adapter_enter(adapter);
    status = take_ack(adapter, socket, id, &o.msg);
    sio__adapter_leave(adapter);
    return status;
}

/* -- no more answers -- */

static bool drop_socket(sio_adapter *adapter, struct entry *entry, void *socket)
{
    ptrdiff_t place = place_of(entry, socket);

    if (place >= 0)
        settle(adapter, entry, (size_t)place);
    return entry->left == 0;
}

void sio__awaited_forget(sio_adapter *adapter, sio_socket *socket)
{
    if (*sio__socket_slot(socket) != NULL)
        sweep(adapter, drop_socket, socket);
}

static bool drop_request(sio_adapter *adapter, struct entry *entry, void *serial)
{
    (void)adapter;
    return entry->owner.serial == *(uintptr_t *)serial;
}

void sio__awaited_forget_request(sio_adapter *adapter, uintptr_t serial)
{
    sweep(adapter, drop_request, &serial);
}

static bool drop_late(sio_adapter *adapter, struct entry *entry, void *now_ms)
{
    struct sio__awaited *awaited = adapter->awaited;
    int32_t rest = sio__ms_until(entry->deadline_ms, *(uint32_t *)now_ms);

    if (rest > 0 && rest < sio__ms_until(awaited->due_ms, *(uint32_t *)now_ms))
        awaited->due_ms = entry->deadline_ms;
    return rest <= 0;
}

void sio__awaited_expire(sio_adapter *adapter, uint32_t now_ms)
{
    enum { FAR_MS = 3600 * 1000 };

    if (sio__awaited_due(adapter, now_ms) > 0)
        return;
    if (adapter->awaited != NULL)
        adapter->awaited->due_ms = now_ms + FAR_MS;
    sweep(adapter, drop_late, &now_ms);
}

int64_t sio__awaited_due(const sio_adapter *adapter, uint32_t now_ms)
{
    if (adapter->awaited == NULL || adapter->awaited->entries == 0)
        return -1;
    int32_t rest = sio__ms_until(adapter->awaited->due_ms, now_ms);
    return rest > 0 ? rest : 0;
}

static bool drop_any(sio_adapter *adapter, struct entry *entry, void *unused)
{
    (void)adapter;
    (void)entry;
    (void)unused;
    return true;
}

void sio__awaited_fini(sio_adapter *adapter)
{
    sweep(adapter, drop_any, NULL);
    free(adapter->awaited);
    adapter->awaited = NULL;
}
