/* SPDX-License-Identifier: MIT */
/* Names and texts of the status table. */
#include <sio/status.h>

static const struct {
    const char *name, *text;
} table[SIO_STATUS_COUNT] = {
#define ROW(status, text) [status] = {#status, text},
    SIO_STATUS_MAP(ROW)
#undef ROW
};

const char *sio_status_name(sio_status status)
{
    return (unsigned)status < SIO_STATUS_COUNT ? table[status].name : "SIO_?";
}

const char *sio_status_text(sio_status status)
{
    return (unsigned)status < SIO_STATUS_COUNT ? table[status].text : "unknown status";
}
