// SPDX-License-Identifier: MIT
// What consumer.c does, in C++17.
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <sio/emitter.h>

int main(int argc, char **argv)
{
    const sio_status expected = argc > 1 ? SIO_OK : SIO_ECLOSED;
    sio_status told = SIO_EINVAL;
    std::string err(256, '\0');

    sio_link_opts opts;
    sio_link_opts_init(&opts);
    opts.url = argc > 1 ? argv[1] : "unix:///nonexistent/redis.sock";
    opts.close_timeout_ms = 0;

    sio_link *opened = nullptr;
    if (sio_link_new(&opts, &opened, err.data(), err.size()) != SIO_OK) {
        std::cerr << err.c_str() << '\n';
        return 1;
    }
    {
        std::unique_ptr<sio_link, decltype(&sio_link_free)> link(opened, sio_link_free);
        sio_emitter *created = nullptr;
        if (sio_emitter_new(link.get(), nullptr, &created) != SIO_OK)
            return 1;
        std::unique_ptr<sio_emitter, decltype(&sio_emitter_free)> em(created, sio_emitter_free);

        constexpr std::string_view event = "e";
        const auto on_done = [](sio_emitter *, const sio_emit_result *result, void *user) {
            *static_cast<sio_status *>(user) = result->status;
        };
        if (sio_emitter_emit(em.get(), nullptr, sio_str{event.data(), event.size()}, nullptr,
                             on_done, &told) != SIO_OK)
            return 1;
        if (argc > 1)
            sio_link_flush(link.get(), 10000);
    }
    std::cout << sio_status_name(told) << '\n';
    return told == expected ? 0 : 1;
}
