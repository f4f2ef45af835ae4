/* SPDX-License-Identifier: MIT */
/* What the options about TLS come to. */
#ifndef SIO_CLI_TLS_H
#define SIO_CLI_TLS_H

#include <sio/tls.h>

#include "options.h"

/* url: what the link will be given; NULL: the default. The options are borrowed while the
 * link lives. 0, or the exit code after a report. */
int tls_fill(const struct options *opts, const char *url, sio_tls_opts *out);

#endif
