/* SPDX-License-Identifier: MIT */
/* What Redis's error answers mean, and what of them may be shown. */
#ifndef SIO_COMMON_LINK_ERRORS_H
#define SIO_COMMON_LINK_ERRORS_H

#include <stdbool.h>
#include <stddef.h>

#include <sio/status.h>
#include <sio/str.h>

enum { SIO__ERROR_TEXT_MAX = 896 };

/* Cut and terminated, without control characters. */
void sio__printable(char *to, size_t size, sio_str text);

/* Redis cannot now, but will. */
bool sio__error_is_passing(const char *error);
sio_status sio__error_status(const char *error);

/* The error for people; what an ACL denies with the channel, which Redis does not name, and
 * the right that is missing. what: "channel" or "pattern"; name: empty if it is neither. */
void sio__error_explain(const char *error, const char *what, sio_str name,
                        char text[SIO__ERROR_TEXT_MAX]);

#endif
