/* SPDX-License-Identifier: MIT */
/* 50 ms doubling to 1 s during the first minute of an outage, to 10 s after it; each
 * delay is drawn from the whole range below that (full jitter), so that the clients of
 * a restarted Redis do not come back all at once. */
#include "link/backoff.h"

enum {
    FIRST_MS = 50,
    EARLY_MAX_MS = 1000,
    MAX_MS = 10000,
    EARLY_MS = 60000,
    HEALTHY_MS = 10000 /* up for so long: the next outage is a new one */
};

void sio__backoff_up(struct sio__backoff *backoff, uint32_t now_ms)
{
    backoff->up_ms = now_ms;
    backoff->out = false;
}

uint32_t sio__backoff_down(struct sio__backoff *backoff, uint32_t now_ms, uint32_t random,
                           bool final)
{
    uint32_t max;

    if (!backoff->out) {
        /* An outage goes on if the link was up only briefly in between. */
        if (backoff->ceiling_ms == 0 || now_ms - backoff->up_ms >= HEALTHY_MS) {
            backoff->since_ms = now_ms;
            backoff->ceiling_ms = 0;
        }
        backoff->out = true;
    }
    max = now_ms - backoff->since_ms < EARLY_MS ? EARLY_MAX_MS : MAX_MS;
    if (backoff->ceiling_ms == 0)
        backoff->ceiling_ms = FIRST_MS;
    else if (backoff->ceiling_ms < max)
        backoff->ceiling_ms = backoff->ceiling_ms * 2 < max ? backoff->ceiling_ms * 2 : max;
    if (final)
        return MAX_MS / 2 + random % (MAX_MS / 2) + 1;
    return random % backoff->ceiling_ms + 1;
}
