/* SPDX-License-Identifier: MIT */
/* --dry-run: what would be published. */
#ifndef SIO_CLI_DRY_RUN_H
#define SIO_CLI_DRY_RUN_H

#include "sender.h"

/* Print the channel, the decoded packet and its bytes: a line each, or with `json` one
 * object. *failed is set when stdout cannot be written. Statuses as the emitter's. */
sio_status dry_run_show(const struct request *request, uint64_t number, bool json, bool *failed);

/* Whether the emitter would take the request. Statuses as the emitter's. */
sio_status dry_run_check(const struct request *request);

#endif
