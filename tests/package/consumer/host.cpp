// SPDX-License-Identifier: MIT
// What host.c does, in C++17.
#include <iostream>
#include <memory>
#include <string_view>

#include <event2/event.h>
#include <sio/adapter.h>

namespace
{

template <class T, void (*release)(T *)> struct Release {
    void operator()(T *it) const
    {
        release(it);
    }
};
template <class T, void (*release)(T *)> using Owned = std::unique_ptr<T, Release<T, release>>;

sio_str view(std::string_view text)
{
    return sio_str{text.data(), text.size()};
}

struct Host {
    Owned<event_base, event_base_free> base{event_base_new()};
    Owned<sio_target, sio_target_free> room;
    int delivered = 0;
    int64_t receivers = -1;
    sio_status told = SIO_EINVAL;
};

void deliver(sio_adapter *, sio_socket *socket, void *name, const sio_broadcast *b, void *user)
{
    const sio_str sid = sio_socket_sid(socket);
    std::cout << static_cast<const char *>(name) << " (" << std::string_view(sid.ptr, sid.len)
              << "): " << b->count << " value(s)\n";
    static_cast<Host *>(user)->delivered++;
}

void on_live(sio_adapter *adapter, sio_status status, void *user)
{
    const auto on_done = [](sio_adapter *, const sio_emit_result *result, void *told) {
        auto &host = *static_cast<Host *>(told);
        host.told = result->status;
        host.receivers = result->receivers;
        event_base_loopbreak(host.base.get());
    };
    if (status == SIO_OK)
        sio_adapter_emit(adapter, static_cast<Host *>(user)->room.get(), view("e"), nullptr,
                         on_done, user);
}

bool join(sio_adapter *adapter, const char *sid, const char *name, std::string_view room)
{
    sio_socket *socket = nullptr;
    return sio_socket_new(adapter, sio_str_c(sid), const_cast<char *>(name), &socket) == SIO_OK &&
           sio_socket_connect(socket) == SIO_OK &&
           (room.empty() || sio_socket_join(socket, view(room)) == SIO_OK);
}

} // namespace

int main(int argc, char **argv)
{
    const bool with_redis = argc > 1;
    Host host;
    sio_link *opened = nullptr;
    sio_adapter *created = nullptr;
    sio_target *room = nullptr;

    sio_link_opts link_opts;
    sio_link_opts_init(&link_opts);
    link_opts.base = host.base.get();
    link_opts.url = argv[1];
    if (with_redis && sio_link_new(&link_opts, &opened, nullptr, 0) != SIO_OK)
        return 1;
    const Owned<sio_link, sio_link_free> link(opened);

    sio_adapter_opts opts;
    sio_adapter_opts_init(&opts);
    opts.host.deliver = deliver;
    opts.user = &host;
    if (sio_adapter_new(link.get(), &opts, &created) != SIO_OK || sio_target_new(&room) != SIO_OK)
        return 1;
    Owned<sio_adapter, sio_adapter_free> adapter(created);
    host.room.reset(room);

    constexpr std::string_view news = "news";
    if (sio_target_to(room, view(news)) != SIO_OK || !join(created, "1", "ann", {}) ||
        !join(created, "2", "bob", news) || sio_adapter_sync(created, on_live, &host) != SIO_OK)
        return 1;
    if (with_redis) {
        const timeval deadline{10, 0};
        event_base_loopexit(host.base.get(), &deadline);
        event_base_dispatch(host.base.get());
    }
    adapter.reset();
    std::cout << sio_status_name(host.told) << ", " << host.receivers << " server(s)\n";
    return host.told == SIO_OK && host.delivered == 1 && host.receivers == (with_redis ? 1 : 0) ? 0
                                                                                                : 1;
}
