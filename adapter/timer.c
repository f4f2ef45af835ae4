/* SPDX-License-Identifier: MIT */
/* One timer for all that an adapter waits for; it sleeps when nothing is pending. */
#include "adapter/requests.h"

#include <event2/event.h>

#include "link/clock.h"

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    sio_adapter *adapter = arg;
    uint32_t now_ms = sio__now_ms();

    (void)fd;
    (void)what;
    adapter->tick_armed = false;
    sio__adapter_enter(adapter);
    sio__requests_due(adapter, now_ms);
    sio__awaited_expire(adapter, now_ms);
    sio__timer_arm(adapter);
    sio__adapter_leave(adapter);
}

sio_status sio__timer_prepare(sio_adapter *adapter)
{
    static const struct timeval far = {3600, 0};

    if (adapter->tick != NULL)
        return SIO_OK;
    if (adapter->base == NULL)
        return SIO_EINVAL;
    adapter->tick = evtimer_new(adapter->base, on_tick, adapter);
    if (adapter->tick == NULL)
        return SIO_ENOMEM;
    if (evtimer_add(adapter->tick, &far) < 0) { /* the loop reserves memory for it now */
        sio__timer_fini(adapter);
        return SIO_ENOMEM;
    }
    evtimer_del(adapter->tick);
    return SIO_OK;
}

static int64_t sooner(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

void sio__timer_arm(sio_adapter *adapter)
{
    if (adapter->tick == NULL || adapter->freeing)
        return;
    uint32_t now_ms = sio__now_ms();
    int64_t next = sooner(sio__requests_next(adapter, now_ms), sio__awaited_due(adapter, now_ms));

    if (next < 0) {
        evtimer_del(adapter->tick);
        adapter->tick_armed = false;
        return;
    }
    if (adapter->tick_armed && sio__ms_until(adapter->tick_at_ms, now_ms + (uint32_t)next) <= 0)
        return; /* it runs earlier, and looks again then */
    struct timeval after = {next / 1000, (next % 1000) * 1000};
    evtimer_add(adapter->tick, &after);
    adapter->tick_at_ms = now_ms + (uint32_t)next;
    adapter->tick_armed = true;
}

void sio__timer_fini(sio_adapter *adapter)
{
    if (adapter->tick != NULL)
        event_free(adapter->tick);
    adapter->tick = NULL;
    adapter->tick_armed = false;
}
