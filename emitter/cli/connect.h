/* SPDX-License-Identifier: MIT */
/* From options and environment to a link that is up. */
#ifndef SIO_CLI_CONNECT_H
#define SIO_CLI_CONNECT_H

#include <sio/link.h>

#include "options.h"
#include "results.h"

/* What the environment says, or NULL. */
const char *connect_env_url(void);
const char *connect_env_password(void);

/* Where Redis is, as a URL; NULL: the link's default. `env` is a URL from the environment
 * or NULL: it counts only when no option says where. Yours to connect_url_free().
 * false: no memory. */
bool connect_url(const struct options *opts, const char *env, char **out);
void connect_url_free(char *url); /* NULL allowed */

/* Whether a URL brings its own user or password; or that, or the sentinels'. */
bool connect_url_has_password(const char *url);
bool connect_url_has_secret(const char *url);

/* Connect; the results hear about the link's state. 0, or the exit code after a report. */
int connect_open(const struct options *opts, struct results *results, sio_link **out);

#endif
