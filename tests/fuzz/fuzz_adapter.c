/* SPDX-License-Identifier: MIT */
/* The whole receive path of an adapter: "<options><channel>\n<payload>" again and again,
 * divided by the bytes ff ff, any bytes on any channel, with questions pending and sockets
 * that answer; after each the registry fits together. */
#include "fuzz.h"

#include <event2/event.h>
#include <sio/adapter.h>

#include "adapter/registry.h"
#include "adapter/requests.h"
#include "fake_link.h"

/* Bits of the first byte: the route that the message comes by, and what the host does. */
enum { ROUTE = 3, ACKS = 4, ASKS = 8, LEAVES = 16, BY_CHANNEL = 32, PER_ROOM = 64 };

static unsigned how;

/* Whether the first of some packed values could be an argument. */
static bool is_sendable(sio_str packed)
{
    sio_cursor c = sio_cursor_at(packed);
    sio_args *args;

    CHECK(sio_cursor_skip(&c) == SIO_OK && sio_args_new(&args) == SIO_OK);
    sio_status status =
        sio_args_msgpack(args, sio_str_of(packed.ptr, (size_t)((const char *)c.at - packed.ptr)));
    sio_args_free(args);
    return status == SIO_OK;
}

static void on_deliver(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                       const sio_broadcast *b, void *user)
{
    sio_cursor c = sio_cursor_at(b->data);

    (void)adapter;
    (void)socket_user;
    (void)user;
    for (uint32_t i = 0; i < b->count; i++)
        CHECK(sio_cursor_skip(&c) == SIO_OK);
    if (how & LEAVES)
        (void)sio_socket_leave(socket, SIO_STR("r"));
    if (b->id >= 0 && (how & ACKS)) {
        bool is_value = is_sendable(b->data); /* a peer's text may be no UTF-8 */
        sio_status status = sio_socket_ack(socket, (uint64_t)b->id, b->data);
        CHECK(status == (is_value ? SIO_OK : SIO_EINVAL));
    }
}

static void on_disconnect(sio_adapter *adapter, sio_socket *socket, void *socket_user, bool close,
                          void *user)
{
    (void)adapter;
    (void)socket_user;
    (void)close;
    (void)user;
    sio_socket_free(socket);
}

static void on_event(sio_adapter *adapter, sio_str data, uint32_t count, sio_answer *answer,
                     void *user)
{
    (void)adapter;
    (void)data;
    (void)user;
    CHECK(count > 0);
    if (answer == NULL)
        return;
    if (how & ACKS)
        CHECK(sio_answer_send(answer, NULL) == SIO_OK);
    else
        sio_answer_drop(answer);
}

static void on_fetched(sio_adapter *adapter, const sio_answers *answers, sio_fetched *fetched,
                       void *user)
{
    sio_remote_socket s;

    (void)adapter;
    (void)answers;
    (void)user;
    while (sio_fetched_next(fetched, &s)) {
        sio_cursor c = sio_cursor_at(s.rooms);
        CHECK(sio_cursor_skip(&c) == SIO_OK);
    }
}

static void on_names(sio_adapter *adapter, const sio_answers *answers, sio_str names, size_t count,
                     void *user)
{
    sio_cursor c = sio_cursor_at(names);

    (void)adapter;
    (void)answers;
    (void)count;
    (void)user;
    CHECK(sio_cursor_skip(&c) == SIO_OK && sio_cursor_done(&c));
}

static void on_responses(sio_adapter *adapter, const sio_answers *answers, sio_str responses,
                         size_t count, void *user)
{
    sio_cursor c = sio_cursor_at(responses);

    (void)adapter;
    (void)answers;
    (void)user;
    for (size_t i = 0; i < count; i++)
        CHECK(sio_cursor_skip(&c) == SIO_OK);
}

/* The ids of own questions are known to the fuzzer: "000001" and so on. */
static void rename_requests(sio_adapter *adapter, const char **ids)
{
    struct sio__request *all[8];
    size_t n = 0;

    for (unsigned i = 0; i < SIO__REQUEST_BUCKETS; i++) {
        while (adapter->requests[i] != NULL && n < 8) {
            all[n] = adapter->requests[i];
            adapter->requests[i] = all[n++]->next;
        }
    }
    for (size_t i = 0; i < n; i++) {
        sio_str id = sio_str_of(ids[all[i]->serial % 4], 6);
        unsigned sum = 0;

        memcpy(all[i]->id, id.ptr, 6);
        for (size_t k = 0; k < 6; k++)
            sum = sum * 31 + (unsigned char)id.ptr[k];
        all[i]->next = adapter->requests[sum % SIO__REQUEST_BUCKETS];
        adapter->requests[sum % SIO__REQUEST_BUCKETS] = all[i];
    }
}

static void ask(sio_adapter *adapter, sio_link *link)
{
    static const char *ids[] = {"000000", "000001", "000002", "000003"};

    if (adapter->stats.requests + adapter->stats.ack_requests > 0)
        return;
    CHECK(sio_adapter_fetch_sockets(adapter, NULL, on_fetched, NULL) == SIO_OK);
    CHECK(sio_adapter_all_rooms(adapter, on_names, NULL) == SIO_OK);
    CHECK(sio_adapter_server_side_emit_with_ack(adapter, SIO_STR("e"), NULL, on_responses, NULL) ==
          SIO_OK);
    CHECK(sio_adapter_emit_with_ack(adapter, NULL, SIO_STR("e"), NULL, NULL, NULL, NULL) == SIO_OK);
    rename_requests(adapter, ids);
    fake_link_count(link, 3);
}

static void one(sio_adapter *adapter, sio_link *link, sio_str input)
{
    if (input.len == 0)
        return;
    how = (unsigned char)input.ptr[0];
    const char *channel = input.ptr + 1;
    const char *end = memchr(channel, '\n', input.len - 1);
    if (end == NULL)
        return;
    sio_str payload = sio_str_of(end + 1, (size_t)(input.ptr + input.len - end - 1));
    sio_str name = sio_str_of(channel, (size_t)(end - channel));
    if (how & ASKS)
        ask(adapter, link);
    if (how & BY_CHANNEL)
        (void)fake_link_bring(link, name, payload);
    else
        fake_link_bring_as(link, (int)(how & ROUTE), name, payload);
    const char *flaw = sio__registry_flaw(adapter->registry);
    if (flaw != NULL)
        fprintf(stderr, "%s\n", flaw);
    CHECK(flaw == NULL);
}

static void add(sio_adapter *adapter, const char *sid, const char *room)
{
    sio_socket *socket;

    CHECK(sio_socket_new(adapter, sio_str_c(sid), NULL, &socket) == SIO_OK);
    CHECK(sio_socket_join(socket, sio_str_c(room)) == SIO_OK);
    if (*sid != 'n')
        CHECK(sio_socket_connect(socket) == SIO_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct event_base *base = event_base_new();
    sio_link *link = fake_link_new(base);
    sio_adapter_opts opts;
    sio_adapter *adapter;

    sio_adapter_opts_init(&opts);
    opts.host = (sio_host){
        .deliver = on_deliver, .disconnect = on_disconnect, .server_side_emit = on_event};
    if (len > 0 && (bytes[0] & PER_ROOM))
        opts.subscription = SIO_SUBSCRIBE_ROOMS;
    CHECK(sio_adapter_new(link, &opts, &adapter) == SIO_OK);
    memcpy(adapter->uid, "uiduid", 6);
    fake_link_ready(link);
    add(adapter, "a", "r");
    add(adapter, "b", "r");
    add(adapter, "c", "7");
    add(adapter, "not yet", "r");

    sio_str rest = sio_str_of(bytes, len);
    while (rest.len > 0) {
        const char *cut = memmem(rest.ptr, rest.len, "\xff\xff", 2);
        size_t n = cut != NULL ? (size_t)(cut - rest.ptr) : rest.len;

        one(adapter, link, sio_str_of(rest.ptr, n));
        n += cut != NULL ? 2 : 0;
        rest = sio_str_of(rest.ptr + n, rest.len - n);
    }
    sio_adapter_free(adapter);
    fake_link_free(link);
    event_base_free(base);
    return 0;
}
