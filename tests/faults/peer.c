/* SPDX-License-Identifier: MIT */
#include "peer.h"

static void on_deliver(sio_adapter *adapter, sio_socket *socket, void *socket_user,
                       const sio_broadcast *b, void *user)
{
    struct peer *peer = user;
    sio_cursor c = sio_cursor_at(b->data);
    sio_value v;

    (void)adapter;
    (void)socket;
    (void)socket_user;
    assert_int_equal(sio_cursor_skip(&c), SIO_OK); /* the event's name */
    assert_int_equal(sio_cursor_read(&c, &v), SIO_OK);
    assert_int_equal(v.type, SIO_UINT);
    peer->bytes = b->data.len;
    if (peer->count < peer->size)
        peer->numbers[peer->count] = (int)v.v.natural;
    peer->count++;
}

static void on_ready(sio_adapter *adapter, void *user)
{
    (void)adapter;
    ((struct peer *)user)->readies++;
}

static void on_gap(sio_adapter *adapter, const sio_gap *gap, void *user)
{
    struct peer *peer = user;

    (void)adapter;
    peer->gaps++;
    peer->gap_ms = gap->to_ms - gap->from_ms;
    snprintf(peer->gap_text, sizeof peer->gap_text, "%s", gap->text);
}

static void on_denied(sio_adapter *adapter, sio_status status, const char *text, void *user)
{
    struct peer *peer = user;

    (void)adapter;
    assert_int_equal(status, SIO_ENOPERM);
    peer->denials++;
    snprintf(peer->denial, sizeof peer->denial, "%s", text);
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

void peers_init(struct peers *peers, struct peers_opts *opts)
{
    memset(peers, 0, sizeof *peers);
    peers->base = event_base_new();
    assert_non_null(peers->base);
    assert_int_equal(sio_target_new(&peers->to), SIO_OK);
    assert_int_equal(sio_target_to(peers->to, SIO_STR("room")), SIO_OK);
    assert_int_equal(sio_args_new(&peers->args), SIO_OK);
    sio_link_opts_init(&opts->link);
    opts->link.base = peers->base;
    opts->link.close_timeout_ms = 0;
    sio_adapter_opts_init(&opts->adapter);
    opts->adapter.host = (sio_host){.deliver = on_deliver,
                                    .disconnect = on_disconnect,
                                    .ready = on_ready,
                                    .gap = on_gap,
                                    .denied = on_denied};
}

void peer_start(struct peers *peers, int i, const struct peers_opts *opts, const char *url,
                int size)
{
    struct peer *peer = &peers->peer[i];
    struct peers_opts own = *opts;
    char err[256], sid[2] = {(char)('a' + i), '\0'};

    free(peer->numbers);
    *peer = (struct peer){.peers = peers, .size = size};
    peer->numbers = calloc((size_t)size + 1, sizeof *peer->numbers);
    assert_non_null(peer->numbers);
    own.link.url = url;
    own.adapter.user = peer;
    assert_int_equal(sio_link_new(&own.link, &peer->link, err, sizeof err), SIO_OK);
    assert_int_equal(sio_adapter_new(peer->link, &own.adapter, &peer->adapter), SIO_OK);
    assert_int_equal(sio_socket_new(peer->adapter, sio_str_c(sid), peer, &peer->socket), SIO_OK);
    assert_int_equal(sio_socket_connect(peer->socket), SIO_OK);
    assert_int_equal(sio_socket_join(peer->socket, SIO_STR("room")), SIO_OK);
}

void peer_open(struct peers *peers, int i, const struct peers_opts *opts, const char *url, int size)
{
    peer_start(peers, i, opts, url, size);
    PEERS_WAIT(peers, peers->peer[i].readies == 1);
}

void peer_close(struct peer *peer)
{
    sio_adapter_free(peer->adapter);
    sio_link_free(peer->link);
    peer->adapter = NULL;
    peer->link = NULL;
}

void peers_fini(struct peers *peers)
{
    for (int i = 0; i < PEERS; i++) {
        peer_close(&peers->peer[i]);
        free(peers->peer[i].numbers);
    }
    sio_args_free(peers->args);
    sio_target_free(peers->to);
    event_base_free(peers->base);
}

static void on_emitted(sio_adapter *adapter, const sio_emit_result *result, void *user)
{
    struct peers *peers = user;

    (void)adapter;
    if (result->status == SIO_OK)
        peers->accepted++;
    else
        peers->failed++;
}

sio_status peer_emit(struct peer *peer, int number, size_t padding)
{
    struct peers *peers = peer->peers;

    sio_args_clear(peers->args);
    sio_args_int(peers->args, number);
    if (padding > 0) {
        char *bytes = calloc(1, padding);

        assert_non_null(bytes);
        sio_args_binary(peers->args, bytes, padding);
        free(bytes);
    }
    return sio_adapter_emit(peer->adapter, peers->to, SIO_STR("n"), peers->args, on_emitted, peers);
}

int peer_missing(const struct peer *peer)
{
    int missing = 0;

    assert_true(peer->count <= peer->size);
    for (int i = 1; i < peer->count; i++) {
        assert_true(peer->numbers[i] > peer->numbers[i - 1]);
        missing += peer->numbers[i] - peer->numbers[i - 1] - 1;
    }
    return missing;
}

static void on_sync(sio_adapter *adapter, sio_status status, void *user)
{
    (void)adapter;
    assert_int_equal(status, SIO_OK);
    *(bool *)user = true;
}

void peer_sync(struct peer *peer)
{
    bool live = false;

    assert_int_equal(sio_adapter_sync(peer->adapter, on_sync, &live), SIO_OK);
    PEERS_WAIT(peer->peers, live);
}

void peers_turn(struct peers *peers)
{
    static const struct timeval soon = {0, 5000};

    event_base_loopexit(peers->base, &soon);
    event_base_loop(peers->base, EVLOOP_ONCE);
}
