/* SPDX-License-Identifier: MIT */
/* Names and texts of the status table. */
#include <sio/status.h>

const char *sio_status_name(sio_status status)
{
    switch (status) {
#define NAME(name, text)                                                                           \
    case name:                                                                                     \
        return #name;
        SIO_STATUS_MAP(NAME)
#undef NAME
    case SIO_STATUS_COUNT:
        break;
    }
    return "SIO_?";
}

const char *sio_status_text(sio_status status)
{
    switch (status) {
#define TEXT(name, text)                                                                           \
    case name:                                                                                     \
        return text;
        SIO_STATUS_MAP(TEXT)
#undef TEXT
    case SIO_STATUS_COUNT:
        break;
    }
    return "unknown status";
}
